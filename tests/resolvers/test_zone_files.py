"""Zones as providers export them, recognised by their content; faults are reported with their place."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from spfengine.advice.forms import forms
from spfengine.answers import Answer, Question, RRType, Status
from spfengine.errors import RecordingError, ZoneError
from spfengine.resolvers.recording import Recording
from spfengine.resolvers.rrsets import PROXIED
from spfengine.resolvers.zone import Zone
from spfengine.resolvers.zone_files import files, octodns, route53
from spfengine.resolvers.zone_files.files import read_octets, read_zone
from spfengine.resolvers.zone_files.pasted import read_pasted
from spfengine.resolvers.zone_files.yaml_files import load_yaml
from tests.advice.test_forms import LONG, NAME, records

SAMPLES = Path(__file__).parent / "samples"
SPF = b"v=spf1 a mx include:relay.example.net ~all"


def ask(zone: Zone | Recording, name: str, type: RRType = RRType.TXT) -> Answer:
    return zone.resolve(Question(name, type))


def note(zone: Any, name: str, type: str) -> str | None:
    result: str | None = next(rrset.note for rrset in zone.rrsets if (rrset.name, rrset.type) == (name, type))
    return result


@pytest.mark.parametrize("sample", ["cpanel.db", "cloudflare.txt", "route53.json", "example.com.yaml"])
def test_the_same_zone_from_each_provider(sample: str) -> None:
    zone = read_zone(SAMPLES / sample)
    assert SPF in ask(zone, "example.com").records
    assert ask(zone, "example.com", RRType.A).texts() == ["203.0.113.80"]
    assert ask(zone, "example.com", RRType.MX).texts() == ["10 mail.example.com"]
    assert ask(zone, "mail.example.com", RRType.A).texts() == ["203.0.113.25"]
    assert ask(zone, "www.example.com", RRType.A).texts() == ["203.0.113.80"]
    key = b"v=DKIM1; k=rsa; p=" + b"A" * 300
    assert ask(zone, "default._domainkey.example.com").records == (key,)
    assert ask(zone, "nothing.example.com").status is Status.NXDOMAIN


def test_cloudflare_marks_what_is_proxied_and_means_300_by_a_ttl_of_1() -> None:
    zone = read_zone(SAMPLES / "cloudflare.txt")
    assert note(zone, "example.com", "A") == PROXIED
    assert note(zone, "mail.example.com", "A") is None
    assert ask(zone, "example.com").ttl == 300
    assert ask(read_octets(b"a.example. 1 IN TXT x\n"), "a.example").ttl == 1  # nothing says that it is Cloudflare's


def test_octodns_marks_what_is_proxied() -> None:
    zone = read_zone(SAMPLES / "example.com.yaml")
    assert note(zone, "example.com", "A") == PROXIED
    assert note(zone, "mail.example.com", "A") is None


@pytest.mark.parametrize(
    ("sample", "name", "why"),
    [
        ("route53.json", "cdn.example.com", "an alias of d111.cloudfront.example, of which the file has no A records"),
        ("route53.json", "split.example.com", "2 record sets by weight, place or health"),
        ("example.com.yaml", "cdn.example.com", "an alias of d111.cloudfront.example, of which the file has no A"),
        ("example.com.yaml", "split.example.com", "dynamic records: DNS returns one of them, which one is not known"),
    ],
)
def test_what_is_not_in_a_file_is_not_absent(sample: str, name: str, why: str) -> None:
    zone = read_zone(SAMPLES / sample)
    assert ask(zone, name, RRType.A) == Answer.failed(Status.UNKNOWN)
    assert why in (note(zone, name, "A") or "")


def test_a_name_has_octal_escapes_in_route_53() -> None:
    zone = read_zone(SAMPLES / "route53.json")
    assert ask(zone, "anything.wild.example.com", RRType.A).texts() == ["203.0.113.7"]
    assert isinstance(zone, Zone)
    assert "*.wild.example.com" in zone.names


def test_a_change_batch_is_read_and_what_it_deletes_is_not() -> None:
    batch = json.loads(forms("new.example", "v=spf1 -all", siblings=())["route53"])
    gone = {"Action": "DELETE", "ResourceRecordSet": {"Name": "old.example."}}
    for document in (batch, {"HostedZoneId": "Z1", "ChangeBatch": batch}):
        batch["Changes"].append(gone)
        zone = read_octets(json.dumps(document).encode())
        assert isinstance(zone, Zone)
        assert zone.names == ("new.example",)


def test_route_53_values_of_all_types() -> None:
    sets = [
        {"Name": "a.example.", "Type": "CNAME", "ResourceRecords": [{"Value": "b.example."}]},
        {"Name": "1.2.0.192.in-addr.arpa", "Type": "PTR", "ResourceRecords": [{"Value": "b.example"}]},
        {"Name": "n.example", "Type": "MX", "ResourceRecords": [{"Value": "0 ."}]},
        {"Name": "n.example", "Type": "CAA", "ResourceRecords": [{"Value": '0 issue "ca.example"'}]},
        *[{"Name": "b.example", "Type": "A", "SetIdentifier": n, "MultiValueAnswer": True,
           "ResourceRecords": [{"Value": f"192.0.2.{n}"}]} for n in "12"],
    ]  # fmt: skip
    zone = read_octets(json.dumps(sets).encode())
    assert ask(zone, "a.example", RRType.A).texts() == ["192.0.2.1", "192.0.2.2"]
    assert ask(zone, "1.2.0.192.in-addr.arpa", RRType.PTR).texts() == ["b.example"]
    assert ask(zone, "n.example", RRType.MX).texts() == ["0 ."]


def test_an_alias_that_leads_in_a_circle_ends() -> None:
    sets = [
        {"Name": name, "Type": "A", "AliasTarget": {"DNSName": target}}
        for name, target in (("a.example", "b.example"), ("b.example", "a.example"), ("c.example", "c.example"))
    ]
    zone = read_octets(json.dumps({"ResourceRecordSets": sets}).encode())
    assert all(ask(zone, name, RRType.A).is_failure for name in ("a.example", "b.example", "c.example"))


@given(records)
@example("")
@example(LONG)
@example('"quoted" "twice"')
@example("\\;\\034;")
def test_every_form_is_read_back_as_the_record_it_was_made_of(record: str) -> None:
    """Whatever octets a record holds: quotes, backslashes, semicolons, controls, more than 255 of them."""
    wanted = record.encode("latin-1")
    siblings: list[Any] = ["other; text", ("two ", "strings")]
    made = forms(NAME, record, 3600, siblings=siblings)
    for form in ("cpanel", "cpanel-split"):
        assert read_pasted(made[form]).text.encode("utf-8", "surrogateescape") == wanted
    aws = ask(Zone.from_rrsets(*route53.read_document(json.loads(made["route53"]))), NAME)
    assert aws.records == (wanted, b"other; text", b"two strings")
    assert all(len(string) <= 255 for strings in aws.strings for string in strings)
    octo = ask(Zone.from_rrsets(*octodns.read_document(load_yaml(made["octodns"])[0], NAME)), NAME)
    assert octo.records == (wanted, b"other; text", b"two strings")
    assert aws.ttl == octo.ttl == 3600


@given(st.binary(min_size=1, max_size=20).filter(lambda label: b"." not in label))
def test_any_name_is_read_back(label: bytes) -> None:
    name = label.decode("latin-1") + ".example.com"
    made = forms(name.encode("latin-1"), "v=spf1 -all", zone="example.com")
    for zone in (
        Zone.from_text(made["bind"]),
        Zone.from_rrsets(*route53.read_document(json.loads(made["route53"]))),
        Zone.from_rrsets(*octodns.read_document(load_yaml(made["octodns"])[0], "example.com")),
    ):
        assert ask(zone, name).records == (b"v=spf1 -all",)


def one_set(**more: Any) -> dict[str, Any]:
    return {"ResourceRecordSets": [{"Name": "a.example.", "Type": "A", **more}]}


def value(type: str, text: Any) -> dict[str, Any]:
    return one_set(Type=type, ResourceRecords=[{"Value": text}])


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"ResourceRecordSets": {}}, "ResourceRecordSets: '{}' can't be used; expected a list"),
        ({"ResourceRecordSets": [1]}, r"ResourceRecordSets\[0\]: '1' can't be used; expected a record set"),
        ([{"Type": "A"}], r"record set \[0\]: Name: 'null' can't be used; expected a domain name"),
        (one_set(Name="\\400x"), "can't be used; expected the form that Route 53 writes"),
        (one_set(Name="a\\056..b\\"), "can't be used; expected the form that Route 53 writes .a backslash at the end"),
        (one_set(Type="A B"), r"ResourceRecordSets\[0\]: type: 'A B' can't be used"),
        (one_set(Type="*", ResourceRecords=[]), "expected a Status"),
        (one_set(), r"ResourceRecordSets\[0\]: 'null' can't be used; expected a list"),
        (one_set(ResourceRecords=["x"]), r"ResourceRecords: 'x' can't be used; expected objects"),
        (value("A", 1), r"expected objects {\"Value\": text}"),
        (value("A", "192.0.2.256"), r"ResourceRecordSets\[0\]: a.example A: '192.0.2.256' can't be used"),
        (value("A", "\x1b[31m"), r"'\\x1b\[31m' can't be used; expected an IPv4 address"),
        (value("TXT", "v=spf1 -all"), "the form that Route 53 writes .expected strings in quotes, not 'v=spf1 -all'"),
        (value("TXT", ""), "expected at least one string in quotes"),
        (value("TXT", '"\\777"'), "the escape .777 is not an octet"),
        (value("MX", "mail.example"), "expected a preference and a name, such as 10 mx.example.com."),
        (value("MX", "70000 mail.example"), "can't be used"),
        (one_set(TTL="x", ResourceRecords=[]), "ttl: 'x' can't be used"),
        (one_set(AliasTarget={}), "AliasTarget: '{}' can't be used; expected an object with DNSName"),
        ({"ResourceRecordSets": one_set(ResourceRecords=[])["ResourceRecordSets"] * 2}, "a.example A is listed twice"),
        ({"Changes": [{}]}, r"Changes\[0\]: '{}' can't be used; expected an object with an Action"),
        ({"Changes": 1}, "Changes: '1' can't be used; expected a list"),
        ({"ChangeBatch": 1}, "ChangeBatch: '1' can't be used; expected an object"),
        ({"other": 1}, "neither a recording .spfengine.recording/1., nor a zone of an OpenSPF suite"),
        ("text", "neither a recording"),
    ],
)  # fmt: skip
def test_json_that_cannot_be_used_says_where_and_what_was_expected(tmp_path: Path, document: Any, message: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(document), encoding="ascii")
    with pytest.raises(ZoneError, match=message):
        read_zone(path)


texts = st.sampled_from(
    [
        "a.example",
        "*",
        "A",
        "TXT",
        "MX",
        "CNAME",
        "ALIAS",
        "192.0.2.1",
        '"v=spf1 -all"',
        "10 m.example",
        "\\052",
        "\x00",
        "",
    ]
)
leaves = st.one_of(texts, st.none(), st.booleans(), st.integers(-1, 70000), st.text(max_size=5))
keys = st.sampled_from(
    ["Name", "Type", "TTL", "ResourceRecords", "Value", "AliasTarget", "DNSName", "SetIdentifier", "MultiValueAnswer",
     "Changes", "ChangeBatch", "ResourceRecordSets", "ResourceRecordSet", "Action", "type", "value", "values", "ttl",
     "exchange", "preference", "octodns", "cloudflare", "proxied", "geo", "dynamic", "www", ""]
)  # fmt: skip
documents = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=5)),
    max_leaves=20,
)
sets = st.lists(
    st.dictionaries(keys, st.one_of(documents, st.just([{"Value": "192.0.2.1"}])), max_size=6).map(
        lambda result: {"Name": "a.example", "Type": "A", **result}
    ),
    max_size=4,
)


@given(st.one_of(documents, sets, sets.map(lambda result: {"ResourceRecordSets": result})))
def test_any_json_is_a_zone_or_an_error_of_ours(document: Any) -> None:
    try:
        read_octets(json.dumps(document).encode())
    except (ZoneError, RecordingError) as error:
        assert str(error)


@given(st.dictionaries(st.one_of(keys, leaves), st.one_of(documents, sets), max_size=4))
def test_any_yaml_is_a_zone_or_an_error_of_ours(document: Any) -> None:
    try:
        octodns.read_document(document, "example.com")
    except ZoneError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"ResourceRecordSets": [], "ResourceRecordSets": []}', "the key 'ResourceRecordSets' occurs twice"),
        (b'{"ResourceRecordSets": [{"Name": "a", "Name": "b"}]}', "the key 'Name' occurs twice"),
        (b"[" * 200_000, "this JSON can't be used"),
        (b"{", "this JSON can't be used"),
        (b'{"ResourceRecordSets": [' + b"[" * 5000 + b"]" * 5000 + b"]}", "can't be used|not JSON"),
    ],
)
def test_json_made_to_harm_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ZoneError, match=message):
        read_octets(data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("'':\n  type: TXT\n", "example.com TXT: expected value or values"),
        ("'':\n  type: TXT\n  values: null\n", "example.com TXT: expected value or values"),
        ("'':\n  type: TXT\n  value: {text: x}\n", "expected text"),
        ("'':\n- type: A\n  value: x\n", "example.com A: 'x' can't be used; expected an IPv4 address"),
        ("'':\n- type: A\n  value: 192.0.2.1\n- type: A\n  value: 192.0.2.2\n", "example.com A is listed twice"),
        ("'':\n- type: A\n  value: 192.0.2.1\n- x\n", "expected a record: a mapping with type"),
        ("'':\n  type: MX\n  value: [[10, x]]\n", "expected a mapping with preference and exchange"),
        ("'':\n  type: MX\n  value: x\n", r"expected \(preference, exchange\)"),
        ("'':\n  type: ALIAS\n  values: [a.example, b.example]\n", "expected one value"),
        ("'':\n  type: A\n  ttl: x\n  value: 192.0.2.1\n", "ttl: 'x' can't be used"),
        ("2001-01-01:\n  type: A\n  value: 192.0.2.1\n", "can't be used; expected text relative to the zone"),
        ("'':\n  type: A\n  value: !include a.yaml\n", "line 3: !include is not read, .*octodns-dump"),
        ("'': !include a.yaml\nwww: {type: A, value: 192.0.2.1}\n", "line 1: !include is not read"),
        ("'':\n  type: A\n  value: !env A\n", "line 3: !env is not read; expected values without tags"),
        ("'a\\300':\n  type: A\n  value: 192.0.2.1\n", "expected a name relative to the zone"),
        ("'':\n  type: A\n  value: 192.0.2.1\n'':\n  type: TXT\n  value: x\n", "line 4: the key '' occurs twice"),
        ("'': &x\n  type: A\n  value: *x\n", "line 1: an alias leads back to what it is part of"),
        (
            "a: &a [[1, 2, 3]]\n" + "".join([f"{b}: &{b} [{f'*{a}, ' * 99}]\n" for a, b in ("ab", "bc", "cd", "de")]),
            "line 4: its aliases make this too large",
        ),
        ("'':\n  type: A\n  value: " + "[" * 30 + "]" * 30, "line 3: this is nested too deep"),
        ("'':\n  type: \x1b\n  value: x\n", "not YAML"),
    ],
)
def test_octodns_that_cannot_be_used_says_where_and_what_was_expected(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "example.com.yaml"
    path.write_text(text, encoding="ascii")
    with pytest.raises(ZoneError, match=message):
        read_zone(path)


def test_octodns_names_are_relative_to_the_name_of_the_file(tmp_path: Path) -> None:
    text = "www:\n  type: A\n  value: 192.0.2.1\n"
    for name in ("zone.yaml", "1.2.yaml", ".yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="ascii")
        with pytest.raises(ZoneError, match=r"expected a file name such as example\.com\.yaml"):
            read_zone(path)
    path = tmp_path / "Example.com..yml"
    path.write_text(text, encoding="ascii")
    zone = read_zone(path)
    assert isinstance(zone, Zone)
    assert zone.names == ("www.Example.com",)


def test_octodns_older_words_and_types_that_spf_never_asks_for(tmp_path: Path) -> None:
    path = tmp_path / "example.com.yml"
    path.write_text(
        "'':\n- type: MX\n  values:\n  - {priority: 5, value: mx.example.com.}\n- type: CAA\n  value: {tag: issue}\n"
        'geo:\n  type: A\n  geo: {NA: [192.0.2.9]}\n  value: 192.0.2.1\nq:\n  type: TXT\n  value: \'"a" "b"\'\n',
        encoding="ascii",
    )
    zone = read_zone(path)
    assert ask(zone, "example.com", RRType.MX).texts() == ["5 mx.example.com"]
    assert ask(zone, "geo.example.com", RRType.A).is_failure
    assert ask(zone, "q.example.com").records == (b"ab",)


def test_a_recording_and_a_suite_are_distinguished(tmp_path: Path) -> None:
    assert isinstance(read_octets(b'{"schema": "spfengine.recording/1", "answers": []}'), Recording)
    assert ask(read_octets(b'{"zonedata": {"a.example": [{"TXT": "x"}]}}'), "a.example").records == (b"x",)
    with pytest.raises(RecordingError):
        read_octets(b'{"schema": "other"}')
    path = tmp_path / "example.com.yml"
    path.write_text("zonedata:\n  a.example:\n  - TXT: x\n", encoding="ascii")
    assert ask(read_zone(path), "a.example").records == (b"x",)
    path.write_text("a.example:\n- TXT: x\n", encoding="ascii")
    assert ask(read_zone(path), "a.example").records == (b"x",)
    path.write_text("- x\n", encoding="ascii")
    with pytest.raises(ZoneError, match="expected a mapping with the key zonedata, not a list"):
        read_zone(path)


ORIGINLESS = "example.com{dot} 3600 IN SOA ns.example.net. root.example.net. 1 2 3 4 5\n"


@pytest.mark.parametrize("dot", [".", ""])
def test_without_an_origin_the_owner_of_the_soa_record_is_taken_for_it(dot: str) -> None:
    zone = Zone.from_text(ORIGINLESS.format(dot=dot) + "mail A 192.0.2.1\nexample.com MX 1 mail\n@ TXT x\n")
    assert ask(zone, "mail.example.com", RRType.A).texts() == ["192.0.2.1"]
    assert ask(zone, "example.com", RRType.MX).texts() == ["1 mail.example.com"]
    assert ask(zone, "example.com").records == (b"x",)


def test_a_stated_origin_counts_more() -> None:
    zone = Zone.from_text("$ORIGIN sub.example.com.\n" + ORIGINLESS.format(dot=".") + "example.com TXT x\n")
    assert ask(zone, "example.com.sub.example.com").records == (b"x",)
    zone = Zone.from_text(ORIGINLESS.format(dot=".") + "example.com TXT x\n", "other.example")
    assert ask(zone, "example.com.other.example").records == (b"x",)


@pytest.mark.parametrize("head", [";; Domain:  a..b\n;; Exported: x\n", ";; Domain: \xe9.example\n;; Exported: x\n"])
def test_a_head_that_is_no_domain_is_no_origin(head: str) -> None:
    with pytest.raises(ZoneError, match="line 3: the name www is relative"):
        Zone.from_text(head.encode("latin-1") + b"www TXT x\n")


def test_a_relative_name_that_gets_too_long_never_answers() -> None:
    long = ".".join(["a" * 60] * 4)
    zone = Zone.from_text(ORIGINLESS.format(dot=".") + f"{long} TXT x\nwww TXT y\n")
    assert ask(zone, f"{long}.example.com").status is Status.NXDOMAIN
    assert ask(zone, "www.example.com").records == (b"y",)


RECORD = "'':\n  type: TXT\n  value: v=spf1 -all\n"


@pytest.mark.parametrize(
    "text", [f"{RECORD}---\n", f"---\n{RECORD}---\n---\n", f"{RECORD}...\n", f"---\n---\n{RECORD}"]
)
def test_empty_documents_of_octodns_are_passed_over(tmp_path: Path, text: str) -> None:
    path = tmp_path / "example.com.yaml"
    path.write_text(text, encoding="ascii")
    zone = read_zone(path)
    assert isinstance(zone, Zone)
    assert [rrset.type for rrset in zone.rrsets] == ["TXT"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{RECORD}---\n{RECORD}".replace("-all", "+all", 1), "example.com TXT is listed twice"),
        ("a.example: []\n---\nb.example: []\n", "the file has 2 documents, each a zone of its own; expected one"),
        (f"{RECORD}---\na.example: []\n", "the file has 2 documents"),
        ("'': {type: A, ttl: !!int '', value: x}", "a value does not fit its tag"),
        ("'': {type: A, ttl: !!float '', value: x}", "a value does not fit its tag"),
        ("'': {type: A, ttl: !!bool x, value: x}", "a value does not fit its tag"),
        ("'': {type: A, ttl: !!timestamp x, value: x}", "a value does not fit its tag"),
        ("? !!str {=: a}\n: {type: A, value: 192.0.2.1}", "line 1: a key is a mapping or a list; expected text"),
        ("? [a]\n: {type: A, value: 192.0.2.1}", "line 1: a key is a mapping or a list"),
    ],
)
def test_yaml_made_to_harm_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "example.com.yaml"
    path.write_text(text, encoding="ascii")
    with pytest.raises(ZoneError, match=message):
        read_zone(path)


TAGS = ("int", "float", "bool", "timestamp", "binary", "set", "omap", "pairs", "null", "str")
TOKENS = [*"'\"\n -:?[]{},&*!|>%=<@", "\n  ", "---\n", "...\n", "<<: ", *[f"!!{tag} " for tag in TAGS]]
TOKENS += ["type: A", "value: ", "192.0.2.1", "2001-01-01 00:00:00 ", "1e9", "0x"]
YAML = st.lists(st.sampled_from(TOKENS), max_size=12).map("".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=YAML, start=st.sampled_from(["", RECORD, f"{RECORD}www:\n  type: A\n  value: "]))
def test_no_yaml_raises_anything_else(tmp_path: Path, text: str, start: str) -> None:
    path = tmp_path / "example.com.yaml"
    path.write_text(start + text, encoding="ascii")
    with suppress(ZoneError):
        read_zone(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    sample=st.sampled_from(["route53.json", "example.com.yaml", "cpanel.db", "cloudflare.txt"]),
    cuts=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 20), st.binary(max_size=8)), min_size=1, max_size=3),
)
def test_no_damage_to_a_zone_raises_anything_else(
    tmp_path: Path, sample: str, cuts: list[tuple[int, int, bytes]]
) -> None:
    content = bytearray((SAMPLES / sample).read_bytes())
    for at, size, damage in cuts:
        content[at : at + size] = damage
    path = tmp_path / sample
    path.write_bytes(content)
    with suppress(ZoneError, RecordingError):
        read_zone(path)


class CountedKey(str):
    """A key that counts how often it is compared."""

    __slots__ = ()
    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        CountedKey.compared += 1
        return str.__eq__(self, other)


def test_no_key_is_compared_with_all_others_to_find_one_that_occurs_twice() -> None:
    pairs: list[tuple[str, None]] = [(CountedKey(number), None) for number in [*range(1000), 999]]
    with pytest.raises(ValueError, match="the key '999' occurs twice"):
        files._without_duplicates(pairs)
    assert CountedKey.compared < 100  # only keys of one hash are compared
