"""The catalogue: every entry is valid, and a fault in a user's file is reported with its line."""

import os
from pathlib import Path

import pytest

import spfengine
from spfengine.catalogue import Attested, Confidence, Provider, ProviderKind
from spfengine.catalogue.reading import MAX_OCTETS
from spfengine.errors import CatalogueError
from spfengine.names import domain_fault, fold, is_same_or_under
from tests.conftest import shared_folder
from tests.counting import cpu_seconds_at_most
from tests.examples import mostly_full

OWN = spfengine.Catalogue.load()

ENTRY = '[[provider]]\nname = "A"\ninclude = "spf.a.example"\nkind = "esp"\nattested = { records = 1 }\n'


def entry(**changed: str | None) -> str:
    """An entry, with keys changed, added (TOML text), or left out (None)."""
    keys = {"name": '"A"', "include": '"spf.a.example"', "kind": '"esp"', "attested": "{ records = 1 }", **changed}
    return "[[provider]]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items() if value is not None)


@pytest.mark.parametrize("provider", OWN.providers, ids=[provider.include for provider in OWN.providers])
def test_each_entry_is_sound(provider: Provider) -> None:
    assert provider.name.strip() == provider.name
    assert provider.name.isprintable()
    assert provider.kind in list(ProviderKind)
    assert str(provider.attested), "an entry says how it is attested"
    names = [provider.include, *provider.reverse_dns, *provider.reverse_dns_unverified, *provider.mx]
    for name in names:
        assert domain_fault(name) is None
        assert name == fold(name)
    assert not set(provider.reverse_dns) & set(provider.reverse_dns_unverified)
    for text in (provider.note, provider.lockdown, provider.customer_include):
        assert text is None or (text.isprintable() and len(text) <= 400)
    for text in (provider.note, provider.lockdown):
        assert text is None or text.endswith(".")
    if provider.superseded_by is not None:
        newer = OWN.by_include(provider.superseded_by)
        assert newer is not None, "what took its place is in the catalogue"
        assert newer.superseded_by is None


def test_include_names_and_names_of_people_are_unique() -> None:
    assert len({fold(provider.include) for provider in OWN.providers}) == len(OWN.providers)
    assert len({provider.name for provider in OWN.providers}) == len(OWN.providers)
    assert len(OWN.providers) >= 121


@pytest.mark.parametrize(
    ("host", "include"),
    [
        ("aspmx.l.google.com", "_spf.google.com"),
        ("ALT3.ASPMX.L.GOOGLE.COM.", "_spf.google.com"),
        ("aspmx2.googlemail.com", "_spf.google.com"),
        ("example-com.mail.protection.outlook.com", "spf.protection.outlook.com"),
        ("example-com.p-v1.mx.microsoft", "spf.protection.outlook.com"),
        ("in1-smtp.messagingengine.com", "spf.messagingengine.com"),
        ("notgoogle.com", None),
        ("outlook.com", None),
    ],
)
def test_the_service_of_a_host_in_an_mx_record(host: str, include: str | None) -> None:
    provider = OWN.by_mx(host)
    assert (None if provider is None else provider.include) == include


def test_every_kind_is_there() -> None:
    assert {provider.kind for provider in OWN.providers} == set(ProviderKind)


@pytest.mark.parametrize(
    ("attested", "confidence"),
    [
        (Attested(vendor="docs.a.example"), "high"),
        (Attested(own="we run it"), "high"),
        (Attested(templates=1), "high"),
        (Attested(records=10), "high"),
        (Attested(records=1, lists=1), "high"),
        (Attested(records=9), "medium"),
        (Attested(records=1), "medium"),
        (Attested(lists=2), "medium"),
        (Attested(lists=1), "low"),
    ],
)
def test_confidence_is_no_more_than_what_is_attested(attested: Attested, confidence: str) -> None:
    assert attested.confidence == confidence
    provider = Provider("A", "spf.a.example", ProviderKind.ESP, attested)
    assert provider.confidence == confidence
    assert provider.to_dict()["confidence"] == confidence


def test_how_it_is_attested_in_words() -> None:
    attested = Attested("docs.a.example", "seen in our logs", 1, 2, 1)
    assert str(attested) == (
        "the provider itself (docs.a.example), seen in our logs, 1 Domain Connect template, 2 published records, "
        "1 list of others"
    )
    assert str(Attested(lists=2)) == "2 lists of others"


def test_what_mailchannels_says_itself() -> None:
    provider = OWN.by_include("Relay.MailChannels.Net")
    assert provider is not None
    assert (provider.name, provider.kind, provider.shared) == ("MailChannels", "relay", True)
    assert provider.lockdown is not None
    assert "_mailchannels" in provider.lockdown
    assert "can't distinguish its customers" in provider.lockdown
    assert provider.apex_include_useful


def test_the_facts_are_all_there() -> None:
    """Facts, not words: names, includes and suffixes of the list that the catalogue was made from."""
    shared = shared_folder()
    if shared is None:
        pytest.skip("the list of facts is in the shared folder, which is not here")
    yaml = pytest.importorskip("yaml")
    facts = yaml.safe_load((shared / "data" / "providers.yml").read_text(encoding="utf-8"))
    assert {fact["include"] for fact in facts} <= {provider.include for provider in OWN.providers}
    for fact in facts:
        provider = OWN.by_include(fact["include"])
        assert provider is not None
        assert provider.name == fact["name"]
        assert provider.shared == fact.get("shared_tenants", False)
        assert provider.apex_include_useful == fact.get("apex_include_useful", True)
        assert {f".{name}" for name in provider.reverse_dns} <= set(fact.get("rdns", ())), "no more than is verified"
        unverified = set(fact.get("rdns_unverified", ()))
        assert {f".{name}" for name in provider.reverse_dns_unverified} <= unverified
        hint = fact.get("hint")
        assert hint is None or provider.note is None or hint.lower() not in provider.note.lower() or len(hint) < 12


@pytest.mark.live
@pytest.mark.parametrize("provider", OWN.providers, ids=[provider.include for provider in OWN.providers])
def test_the_include_name_has_a_record_today(provider: Provider) -> None:
    if provider.customer_include is not None:
        pytest.skip("each customer has an include name of their own; this one may have no record")
    tree = spfengine.include_tree(provider.include)
    assert tree.root.record is not None, f"{provider.name} has no SPF record at {provider.include} any more"


def test_it_is_read_once_and_quickly() -> None:
    assert spfengine.Catalogue.load() is OWN


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("relay.mailchannels.net", "mailchannels.net"),
        ("mailchannels.net", "mailchannels.net"),
        ("Inbound.Egress.MAILCHANNELS.net", "mailchannels.net"),
        ("xmailchannels.net", None),
        ("mailchannels.net.example", None),
        ("net", None),
        ("", None),
        ("a..mailchannels.net", "mailchannels.net"),
        (".", None),
    ],
)
def test_names_compare_label_by_label(name: str, domain: str | None) -> None:
    suffix = OWN.by_name(name)
    assert (suffix and suffix.domain) == domain
    assert suffix is None or is_same_or_under(name, suffix.domain)


def test_the_longest_suffix_is_the_one_that_counts() -> None:
    text = entry(reverse_dns='["a.example"]') + entry(
        name='"B"', include='"spf.b.example"', reverse_dns_unverified='["out.a.example"]'
    )
    catalogue = spfengine.Catalogue.from_text(text)
    found = catalogue.by_name("x.out.a.example")
    assert found is not None
    assert [(provider.name, verified) for provider, verified in found.providers] == [("B", False)]
    other = catalogue.by_name("x.a.example")
    assert other is not None
    assert [(provider.name, verified) for provider, verified in other.providers] == [("A", True)]


def test_a_users_file_is_added_and_replaces_by_include_name(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    ours = entry(
        name='"Our relay"',
        include='"spf.corp.example"',
        kind='"relay"',
        shared="true",
        apex_include_useful="false",
        reverse_dns='["corp.example"]',
        reverse_dns_unverified='["corp-mail.example"]',
        note='"Ask the mail team."',
        lockdown='"None."',
        superseded_by='"spf2.corp.example"',
        customer_include='"<team>.spf.corp.example"',
        attested='{ own = "we run it" }',
    ) + entry(name='"Renamed"', include='"RELAY.mailchannels.net"')
    path.write_bytes(b"\xef\xbb\xbf" + ours.replace("\n", "\r\n").encode())
    catalogue = spfengine.Catalogue.load(path)
    assert len(catalogue.providers) == len(OWN.providers) + 1
    first = catalogue.providers[0]
    assert first == Provider(
        "Our relay",
        "spf.corp.example",
        ProviderKind.RELAY,
        Attested(own="we run it"),
        shared=True,
        apex_include_useful=False,
        reverse_dns=("corp.example",),
        reverse_dns_unverified=("corp-mail.example",),
        note="Ask the mail team.",
        lockdown="None.",
        superseded_by="spf2.corp.example",
        customer_include="<team>.spf.corp.example",
    )
    assert first.confidence is Confidence.HIGH
    renamed = catalogue.by_include("relay.mailchannels.net")
    assert renamed is not None
    assert renamed.name == "Renamed"


def test_a_file_that_is_not_there_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"none\.toml"):
        spfengine.Catalogue.load(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "there is no entry; expected a block that begins with [[provider]]"),
        ("# nothing\n", "there is no entry"),
        ("[provider]\nname = 'A'\n", "there is no entry"),
        ("provider = [1]\n", "there is no entry"),
        ("[[provider]\n", "this is not TOML: "),
        ("[[provider]]\nname = \x1b[2J\n", "this is not TOML: "),
        (ENTRY + "[other]\na = 1\n", "'other' is outside of an entry; expected [[provider]] blocks only"),
        (entry(name=None), "line 1: entry 1: name is missing; expected a text in quotes"),
        (entry(include=None), "line 1: entry 1 (A): include is missing; expected a domain name"),
        (entry(kind=None), 'kind is missing; expected one of "relay", "esp", "saas", "host"'),
        (entry(attested=None), 'attested is missing; expected { vendor = "where" }'),
        (entry(name="1"), "name is 1; expected a text in quotes"),
        (entry(name='""'), "name is ''; expected a text in quotes"),
        (entry(name='"  "'), "name is '  '; expected a text in quotes"),
        (entry(name='"a\\u001b[31m"'), "name is 'a\\x1b[31m'; expected printable characters in one line"),
        (entry(name='"a\\nb"'), "expected printable characters in one line"),
        (entry(name='"' + "a" * 401 + '"'), "name has 401 characters; expected 400 at most"),
        (entry(include='"localhost"'), "include is 'localhost'; expected a domain name"),
        (entry(include='"a..example"'), "(a..example has an empty label"),
        (entry(include='"spf.a.example."'), "include is 'spf.a.example.'"),
        (entry(include='"b\u00fccher.example"'), "it has characters that host names don't have"),
        (entry(include='"a b.example"'), "it has characters that host names don't have"),
        (entry(include="true"), "include is True; expected a domain name"),
        (entry(kind='"other"'), "kind is 'other'; expected one of"),
        (entry(kind="[1]"), "kind is a list of 1; expected one of"),
        (entry(shared='"yes"'), "shared is 'yes'; expected true or false"),
        (entry(shared="1"), "shared is 1; expected true or false"),
        (entry(reverse_dns='"a.example"'), "reverse_dns is 'a.example'; expected a list of domain names"),
        (entry(reverse_dns='[".a.example"]'), "reverse_dns is '.a.example'; expected a list of domain names"),
        (entry(reverse_dns='["com"]'), "com is a single label"),
        (entry(reverse_dns='["a.example", "A.example"]'), "reverse_dns names a domain twice"),
        (entry(reverse_dns=str([f"a{i}.example" for i in range(51)])), "50 at most"),
        (entry(attested="1"), "attested is 1; expected {"),
        (entry(attested="{}"), "attested names no source; expected {"),
        (entry(attested="{ records = 0 }"), "attested names no source"),
        (entry(attested="{ records = -1 }"), "attested: records is -1; expected a whole number"),
        (entry(attested="{ records = true }"), "attested: records is True; expected a whole number"),
        (entry(attested="{ seen = 1 }"), "attested: there is no key 'seen'; expected one of vendor, own, templates"),
        (entry(rdns='["a.example"]'), "there is no key 'rdns'; expected one of name, include, kind, attested"),
        (entry(shared="{ a = 1 }"), "shared is a table; expected true or false"),
        (entry(note="1979-05-27"), "expected a text in quotes"),
        (ENTRY + "\n# more\n" + ENTRY, "line 8: entry 2 (A): the include 'spf.a.example' is already that of entry 1"),
        (ENTRY + entry(include='"SPF.a.example"'), "is already that of entry 1"),
        ('a = """\n[[provider]]\n"""\n' + ENTRY, "'a' is outside of an entry"),
        ("[[provider]]\nname = '''\n[[provider]]'''\n", "ours.toml: entry 1 ([[provider]]): include is missing"),
        ("a" * 5000, "line 1: this line is too long; expected 4096 characters at most"),
        ("\n" + ".".join("a" * 600) + " = 1", "line 2: this line is too long"),
        ("[[provider]]\n" * 2001, "there are 2001 entries; expected 2000 at most"),
        ("#" * 80 + "\n" + "#\n" * (MAX_OCTETS // 2), "it is larger than 1 MiB"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_reported_with_its_place(text: str, expected: str) -> None:
    with pytest.raises(CatalogueError) as raised:
        spfengine.Catalogue.from_text(text, "ours.toml")
    message = str(raised.value)
    assert message.startswith("ours.toml: ")
    assert expected in message
    assert message.isprintable()
    assert isinstance(raised.value, ValueError)


def test_what_is_no_utf8_is_reported_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_bytes(b"\n\n# caf\xe9\n")
    with pytest.raises(CatalogueError, match=r"ours\.toml: line 3: this is not UTF-8"):
        spfengine.Catalogue.load(os.fspath(path))


@pytest.mark.parametrize(
    "text",
    mostly_full(
        [
            "[[provider]]\na = " + "[\n" * 100_000,
            "a = " + "{a=" * 1300,
            "".join(f"{'.'.join(['a'] * 400)}.b{i} = 1\n" for i in range(300)),
            "".join(f"[[{'.'.join(['a'] * 250)}]]\n" for _ in range(1000)),
            f"[provider.{'.'.join(['a'] * 400)}]\n{'.'.join(['b'] * 400)} = 1\n",
            f"[[provider]]\nname.{'.'.join(['b'] * 400)} = 1\n",
            'a = """' + "\\\n" * 300_000,
            "a = " + "9" * 4000,
            '[[provider]]\nname = "\\ud800"',
            "\0" * 1000,
            "\udcff",
        ],
        3,
    ),
    ids=lambda text: f"{text[:8]!r} {len(text)}",
)
def test_hostile_files_are_refused_in_bounded_time(text: str) -> None:
    with cpu_seconds_at_most(50), pytest.raises(CatalogueError) as raised:
        spfengine.Catalogue.from_text(text)
    assert len(str(raised.value)) < 600
