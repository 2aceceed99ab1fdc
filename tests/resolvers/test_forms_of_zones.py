"""Zones as people have them: names that DNS can't have, octoDNS's forms, the domain in a file's name."""

import json
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

import spfengine
from spfengine.answers import Answer, Question, RRType, Status
from spfengine.errors import ZoneError
from spfengine.names import is_askable
from spfengine.resolvers.recording import Recording
from spfengine.resolvers.rrsets import PROXIED
from spfengine.resolvers.zone import Zone
from spfengine.resolvers.zone_files import octodns
from spfengine.resolvers.zone_files.file_names import domain_in
from spfengine.resolvers.zone_files.files import read_octets, read_zone
from spfengine.resolvers.zone_files.yaml_files import load_yaml
from spfengine.testing.exporters import export

IMPOSSIBLE = ["a..x.example", ".x.example", "b" * 64 + ".x.example", ".".join(["c" * 60] * 5), "d.x.example.."]


def ask(zone: Zone | Recording, name: str, type: RRType = RRType.TXT) -> Answer:
    return zone.resolve(Question(name, type))


def read_octodns(tmp_path: Path, text: str, name: str = "x.example.yaml") -> Zone:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    zone = read_zone(path)
    assert isinstance(zone, Zone)
    return zone


def forms_with(name: str) -> dict[str, Zone]:
    sets = [
        {"Name": owner, "Type": "TXT", "ResourceRecords": [{"Value": '"t"'}]}
        for owner in (name, "x.example", "*.x.example")
    ]
    octo = f"'': {{type: TXT, value: t}}\n'*': {{type: TXT, value: t}}\n{json.dumps(name)}: {{type: TXT, value: t}}\n"

    return {
        "mapping": Zone({name: {"TXT": "t"}, "x.example": {"TXT": "t"}, "*.x.example": {"TXT": "t"}}),
        "openspf": Zone.from_openspf(
            {name: [{"TXT": "t"}], "x.example": [{"TXT": "t"}], "*.x.example": [{"TXT": "t"}]}
        ),
        "master file": Zone.from_text(f"{name}. TXT t\nx.example. TXT t\n*.x.example. TXT t\n"),
        "route 53": read_octets(json.dumps(sets).encode()),  # type: ignore[dict-item]  # a Zone, by its content
        "octodns": Zone.from_rrsets(*octodns.read_document(load_yaml(octo)[0], "x.example")),
    }


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_a_name_that_dns_cannot_have_is_loaded_and_never_answers(name: str) -> None:
    for form, zone in forms_with(name).items():
        assert any(not is_askable(each) for each in zone.names), form
        assert not ask(zone, name).records, form
        assert ask(zone, "x.example").records == (b"t",), form
        assert ask(zone, "other.x.example").records == (b"t",), form


@pytest.mark.parametrize("name", ["", *IMPOSSIBLE])
def test_such_a_name_may_be_where_a_record_leads(name: str) -> None:
    zone = Zone(
        {
            "x.example": {"TXT": "v=spf1 a:www.x.example mx ptr -all", "MX": [(10, name), (20, "m.x.example")]},
            "www.x.example": {"CNAME": name},
            "m.x.example": {"A": "192.0.2.1"},
            "9.2.0.192.in-addr.arpa": {"PTR": [name, "m.x.example"]},
        }
    )
    assert ask(zone, "www.x.example", RRType.A).is_void
    assert spfengine.check("192.0.2.1", "x.example", resolver=zone).result == "pass"
    assert spfengine.check("192.0.2.9", "x.example", resolver=zone).result == "fail"
    assert Zone.from_openspf({"a.example": [{"CNAME": name}]}).rrsets[0].records == (name.removesuffix("."),)


def test_no_name_exists_because_of_one_that_dns_cannot_have() -> None:
    zone = Zone({"a..ent.example": {"TXT": "t"}, "*.example": {"A": "192.0.2.1"}})
    assert ask(zone, "ent.example", RRType.A).texts() == ["192.0.2.1"]


def test_a_label_that_is_too_long_in_u_labels_is_loaded_too() -> None:
    assert Zone({"ü" * 64 + ".example": {"TXT": "t"}, "x.example": {}}).names[1] == "x.example"
    with pytest.raises(ZoneError, match="IDNA2008"):
        Zone({"\N{SNOWMAN}.example": {}})


@pytest.mark.parametrize("format", ["bind", "exim", "minidns", "mockdns", "rspamd"])
def test_other_programs_get_no_such_name(format: str) -> None:
    with pytest.raises(ZoneError, match=r"a\.\.b"):
        export(Zone({"a..b": {"TXT": "t"}}), format)
    with pytest.raises(ZoneError, match=r"a\.\.b"):
        export(Zone({"x.example": {"CNAME": "a..b"}}), format)
    assert "a..b" in export(Zone({"a..b": {"TXT": "t"}}), "openspf")


@given(st.text(alphabet="ab.\\\0é☃-*" + "x" * 70, max_size=300))
def test_no_name_costs_a_zone_anything_but_a_zone_error(name: str) -> None:
    for text in (name, name * 64):
        try:
            zone = Zone({text: {"TXT": "t"}, "x.example": {"TXT": "v=spf1 -all"}})
        except ZoneError:  # two keys of one name; no U-label
            continue
        assert ask(zone, "x.example").records == (b"v=spf1 -all",)


SPF = "{type: TXT, value: v=spf1 -all}"


@pytest.mark.parametrize(
    ("text", "name", "type", "records"),
    [
        (f"'': {SPF}\n---\nwww: {{type: A, value: 192.0.2.1}}\n", "www.x.example", "A", ["192.0.2.1"]),
        (f"'': {SPF}\n---\n'': {SPF}\n---\n", "x.example", "TXT", ["v=spf1 -all"]),
        (f"---\n'': {SPF}\n---\n'': {{type: A, value: 192.0.2.1}}\n...\n", "x.example", "A", ["192.0.2.1"]),
        ("12: {type: A, value: 192.0.2.1}\n", "12.x.example", "A", ["192.0.2.1"]),
        ("1.5: {type: A, value: 192.0.2.1}\n", "1.5.x.example", "A", ["192.0.2.1"]),
        ("~: {type: A, value: 192.0.2.1}\n", "x.example", "A", ["192.0.2.1"]),
        ("null: {type: A, value: 192.0.2.1}\n", "x.example", "A", ["192.0.2.1"]),
        ("'': {type: A, value: [192.0.2.1, 192.0.2.2]}\n", "x.example", "A", ["192.0.2.1", "192.0.2.2"]),
        ("'': {type: A, values: 192.0.2.1}\n", "x.example", "A", ["192.0.2.1"]),
        ("'': {type: A, value: 192.0.2.1, values: [192.0.2.2]}\n", "x.example", "A", ["192.0.2.2"]),
        ("'': {type: AAAA, value: 1:2:3:4:5:6:7:8}\n", "x.example", "AAAA", ["1:2:3:4:5:6:7:8"]),
        ("'': {type: MX, value: {preference: '10', exchange: m.x.example}}\n", "x.example", "MX", ["10 m.x.example"]),
        ("'': {type: MX, values: [10 m.x.example.]}\n", "x.example", "MX", ["10 m.x.example"]),
        ("'': {type: TXT, value: 12345}\n", "x.example", "TXT", ["12345"]),
        ("'': {type: TXT, value: yes}\n", "x.example", "TXT", ["yes"]),
        ("'': {type: TXT, value: 'v=DKIM1\\; k=rsa\\;'}\n", "x.example", "TXT", ["v=DKIM1; k=rsa;"]),
        ("'': {type: TXT, value: '\"v=spf1 a\" \" -all\"'}\n", "x.example", "TXT", ["v=spf1 a -all"]),
        ("'': {type: TXT, value: 'v=spf1 a\" \" -all'}\n", "x.example", "TXT", ["v=spf1 a -all"]),
        ("'': {type: TXT, value: 'a\"  \"b'}\n", "x.example", "TXT", ['a"  "b']),
        ("'':\n  type: TXT\n  value: >-\n    \"v=spf1 a\"\n    \" -all\"\n", "x.example", "TXT", ["v=spf1 a -all"]),
        ("'': {type: TXT, value: 'a\\;b\\'}\n", "x.example", "TXT", ["a;b\\"]),
        ("'': {type: TXT, value: '\\300'}\n", "x.example", "TXT", ["\\300"]),
        ("'': {ttl: '60', type: TXT, value: a}\n", "x.example", "TXT", ["a"]),
        ("'': {ttl: 60.0, type: TXT, value: a}\n", "x.example", "TXT", ["a"]),
        ("d: &d {type: A, value: 192.0.2.1}\n'': *d\n", "x.example", "A", ["192.0.2.1"]),
        ("d: &d {type: A, value: 192.0.2.1}\n'': {<<: *d, value: 192.0.2.9}\n", "x.example", "A", ["192.0.2.9"]),
        (f"'': {SPF}\nu: {{type: N/URLFWD, values: [{{code: 302}}]}}\n", "x.example", "TXT", ["v=spf1 -all"]),
        (f"'': {SPF}\nq: {{type: CAA, value: {{tag: issue}}}}\n", "x.example", "TXT", ["v=spf1 -all"]),
    ],
)  # fmt: skip
def test_forms_of_octodns(tmp_path: Path, text: str, name: str, type: str, records: list[str]) -> None:
    answer = ask(read_octodns(tmp_path, text), name, RRType(type))
    assert answer.texts() == records
    assert "ttl" not in text or answer.ttl == 60


@pytest.mark.parametrize(
    ("record", "unknown", "known"),
    [
        ("type: ALIAS\n  value: other.example.", ["A", "AAAA"], ["TXT"]),
        ("type: URLFWD\n  values: [{code: 302}]", ["A", "AAAA"], ["TXT"]),
        ("type: Route53Provider/ALIAS\n  values: [{name: x, type: A}]", ["A", "AAAA"], ["TXT", "MX"]),
        ("type: CloudflareProvider/PAGERULE\n  value: x", ["A", "AAAA"], ["TXT", "MX"]),
        ("type: PowerDnsProvider/LUA\n  values: [{type: TXT, script: x}]", ["TXT"], ["A", "AAAA"]),
        ("type: PowerDnsProvider/LUA\n  value: x", ["TXT", "A", "AAAA", "MX"], []),
        ("type: A\n  value: 192.0.2.1\n  octodns: {ignored: true}", ["A"], ["TXT", "AAAA"]),
        ("type: CNAME\n  value: x.example.\n  dynamic: {pools: {a: {values: [y]}}}", ["A", "TXT"], []),
        ("type: A\n  values: [192.0.2.1]\n  geo: {NA-US: [192.0.2.2]}", ["A"], ["TXT", "AAAA"]),
    ],
)  # fmt: skip
def test_what_octodns_leaves_to_a_provider_is_not_known(
    tmp_path: Path, record: str, unknown: list[str], known: list[str]
) -> None:
    zone = read_octodns(tmp_path, f"'': {SPF}\nwww:\n  {record}\n")
    assert all(ask(zone, "www.x.example", RRType(type)).is_failure for type in unknown)
    assert all(ask(zone, "www.x.example", RRType(type)).is_void for type in known)
    assert ask(zone, "x.example").records == (b"v=spf1 -all",)


def test_a_cname_record_of_route_53_by_weight_or_to_what_is_elsewhere_is_not_known() -> None:
    sets = [
        {
            "Name": "w.example",
            "Type": "CNAME",
            "SetIdentifier": n,
            "Weight": 1,
            "ResourceRecords": [{"Value": "a.example"}],
        }
        for n in "12"
    ]
    sets.append({"Name": "v.example", "Type": "CNAME", "AliasTarget": {"DNSName": "elsewhere.example"}})
    sets.append({"Name": "u.example", "Type": "CNAME", "AliasTarget": {"DNSName": "t.example"}})
    sets.append({"Name": "t.example", "Type": "CNAME", "ResourceRecords": [{"Value": "s.example"}]})
    sets.append({"Name": "s.example", "Type": "TXT", "ResourceRecords": [{"Value": '"x"'}]})
    zone = read_octets(json.dumps(sets).encode())
    assert ask(zone, "w.example").is_failure
    assert ask(zone, "v.example").is_failure
    assert ask(zone, "u.example").records == (b"x",)


def test_octodns_splits_a_zone_into_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "x.example."
    folder.mkdir()
    assert ask(read_octodns(folder, f"'': {SPF}\n", "$x.example.yaml"), "x.example").records == (b"v=spf1 -all",)
    assert read_octodns(folder, f"www: {SPF}\n", "www.yaml").names == ("www.x.example",)
    assert read_octodns(tmp_path, f"'': {SPF}\n", "$y.example.yaml").names == ("y.example",)


@pytest.mark.parametrize(
    "text",
    [
        f"'': {SPF}\n",
        f"---\n'': {SPF}\n",
        f"\n# octoDNS\n\n? ''\n: {SPF}\n",
        f'"": {SPF}\n',
        f"www: {{type: A, value: 192.0.2.1}}\n'': {SPF}\n",
        "zonedata:\n  x.example:\n  - TXT: v=spf1 -all\n",
    ],
)
def test_yaml_on_standard_input_is_known_by_how_it_begins(text: str) -> None:
    zone = read_octets(text.encode(), None if "zonedata" in text else "x.example")
    assert isinstance(zone, Zone)
    assert ask(zone, "x.example").records == (b"v=spf1 -all",)


@pytest.mark.parametrize("begin", ["", "; x:\n", "\n", "$ORIGIN x.example.\n", "$TTL 60\n", "x\\:y.example. TXT y\n"])
def test_a_master_file_on_standard_input_is_no_yaml(begin: str) -> None:
    zone = read_octets(f'{begin}x.example. IN TXT "v=spf1 -all" ; a: b\n'.encode())
    assert isinstance(zone, Zone)
    assert ask(zone, "x.example").records == (b"v=spf1 -all",)


@pytest.mark.parametrize(
    ("path", "domain"),
    [
        ("/etc/bind/db.example.com", "example.com"),
        ("zones/example.com.zone", "example.com"),
        ("C:\\dns\\example.com.dns", "example.com"),
        ("/var/named/example.com.db", "example.com"),
        ("/var/lib/bind/example.com.hosts", "example.com"),
        ("pri.example.com", "example.com"),
        ("example.com.yaml", "example.com"),
        ("example.com.txt", "example.com"),
        ("Example.COM", "Example.COM"),
        ("example.com.", "example.com"),
        ("müller.example.zone", "xn--mller-kva.example"),
        ("2.0.192.in-addr.arpa.zone", "2.0.192.in-addr.arpa"),
        ("db.192.0.2", None),
        ("zone.txt", None),
        ("seed.zone", None),
        ("db.local", None),
        ("named.zone.bak", None),
        ("example.com.bak", None),
        ("zone", None),
        ("", None),
        ("a..b.zone", None),
        ("v1.2.zone", None),
        ("my zone.example.com", None),
    ],
)
def test_the_domain_in_the_name_of_a_file(path: str, domain: str | None) -> None:
    assert domain_in(path) == domain


DEBIAN = """\
$TTL 604800
@       IN      SOA     localhost. root.localhost. (
                              2         ; Serial
                         604800 86400 2419200 604800 )
;
@       IN      NS      ns
@       IN      TXT     "v=spf1 mx -all"
@       IN      MX      10 mail
ns      [AGE:3611822] 3600 A 192.0.2.53
mail    IN      A       192.0.2.25
"""


def test_a_file_without_an_origin_belongs_to_the_domain_it_is_named_after(tmp_path: Path) -> None:
    path = tmp_path / "db.example.com"
    path.write_text(DEBIAN)
    for zone in (read_zone(path), Zone.from_file(path)):
        assert isinstance(zone, Zone)
        assert spfengine.check("192.0.2.25", "example.com", resolver=zone).result == "pass"
        [note] = zone.notes
        assert note.startswith("the file has no $ORIGIN; after its name, its names belong to example.com (for another")
        assert zone.apexes == ("example.com",)


def test_what_a_caller_says_counts_more_than_the_name_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "db.example.com"
    path.write_text(DEBIAN)
    zone = read_zone(path, "example.org")
    assert isinstance(zone, Zone)
    assert "mail.example.org" in zone.names
    assert zone.notes == ()
    path = tmp_path / "records.yaml"
    path.write_text(f"www: {SPF}\n")
    zone = read_zone(path, "example.org")
    assert isinstance(zone, Zone)
    assert zone.names == ("www.example.org",)
    with pytest.raises(ZoneError, match="expected a domain name"):
        read_zone(path, "a..b")


def test_a_file_that_says_its_origin_needs_no_note(tmp_path: Path) -> None:
    path = tmp_path / "db.example.com"
    for text in (f"$ORIGIN example.org.\n{DEBIAN}", DEBIAN.replace("@       IN      SOA", "example.org. IN SOA")):
        path.write_text(text)
        zone = read_zone(path)
        assert isinstance(zone, Zone)
        assert zone.notes == ()
        assert "mail.example.org" in zone.names
        assert "\nexample.org. IN SOA" not in text or read_zone(path, "example.org") == zone


def test_names_that_are_complete_take_no_origin(tmp_path: Path) -> None:
    path = tmp_path / "suite.json"
    path.write_text('{"zonedata": {"a.example": []}}')
    with pytest.raises(ZoneError, match="the names in this file are complete; expected FILE alone"):
        read_zone(path, "example.org")


def test_cloudflare_has_addresses_in_place_of_a_cname_record_at_the_apex() -> None:
    head = ";; Domain:  x.example.\n;; Exported: now\n"
    tagged = "x.example. 1 IN CNAME y.x.example. ; cf_tags=cf-proxied:true\n"
    text = (
        head + tagged + "x.example. 1 IN TXT v=x\ny.x.example. 1 IN A 192.0.2.1\nw.x.example. 1 IN CNAME x.example.\n"
    )
    zone = Zone.from_text(text)
    assert ask(zone, "x.example").records == (b"v=x",)
    assert ask(zone, "x.example", RRType.A).texts() == ["192.0.2.1"]
    assert ask(zone, "x.example", RRType.AAAA).is_void  # the zone has its target, without AAAA
    assert [rrset.note for rrset in zone.rrsets if (rrset.name, rrset.type) == ("x.example", "A")] == [PROXIED]
    assert [rrset.name for rrset in zone.rrsets if rrset.type == "CNAME"] == ["w.x.example"]


def test_a_zone_of_octodns_may_be_empty(tmp_path: Path) -> None:
    for text in ("---\n", "# nothing yet\n", "{}\n", ""):
        path = tmp_path / "example.com.yaml"
        path.write_text(text)
        zone = read_zone(path)
        assert zone.resolve(Question("example.com", RRType.TXT)).status is Status.NXDOMAIN
        assert zone.resolve(Question("example.net", RRType.TXT)).status is Status.UNKNOWN
    path = tmp_path / "records.yaml"
    path.write_text("---\n")
    with pytest.raises(ZoneError, match="the file is empty"):
        read_zone(path)


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("x.yaml", "kind: dns#resourceRecordSet\nrrdatas: ['\"x\"']\n---\nrrdatas: []\n", "--zone-file-format"),
        ("x.json", '{"name": "example.com.", "rrsets": []}', "pdnsutil list-zone"),
    ],
)
def test_what_other_programs_write_is_refused_with_the_way_out(tmp_path: Path, name: str, text: str, hint: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ZoneError, match=hint):
        read_zone(path)
