"""Security faults of other SPF software: a test for each, with its CVE, issue or paper."""

import asyncio

import pytest

from spfengine import Answer, Question, RRType, Status, acheck, check
from spfengine.addresses import V4
from spfengine.names import reverse_name
from spfengine.resolvers.zone import Zone
from tests.listening import Listening

pytestmark = pytest.mark.cases

CLIENT = "192.0.2.1"
REVERSE = reverse_name(V4, 0xC0000201)


def explained(text: str | bytes, sender: str = "u@a.example", helo: str = "h.example") -> str | None:
    zone = Zone({"a.example": {"TXT": "v=spf1 -all exp=e.example"}, "e.example": {"TXT": text}})
    return check(CLIENT, sender, helo, resolver=zone).explanation


def test_macros_that_expand_to_more_than_they_are() -> None:
    """libspf2 CVE-2021-20314: a stack overflow in the expansion of explanations, whose size was computed too small."""
    assert explained("%{l}%{S}" * 20, "!" * 64 + "@a.example") == ("!" * 64 + "%21" * 64 + "%40a.example") * 20


def test_url_escapes_of_octets_over_127() -> None:
    """libspf2 CVE-2021-33912: an octet over 127, taken as a negative number, was escaped in eight digits, not two."""
    assert explained("%{L}", "\u00ff\udcff@a.example") == "%C3%BF%FF"


def test_reversal_and_digits_over_many_parts() -> None:
    """libspf2 CVE-2021-33913: the size of a reversed value was computed from another value."""
    assert explained("%{l1r-}|%{lr-}|%{l2-}|%{l99r-}", "a-b-c-d@a.example") == "a|d.c.b.a|c.d|d.c.b.a"


@pytest.mark.parametrize(
    "macro", ["%{", "%{d", "%{d1", "%{d1r", "%{d1r-", "%", "%{}", "%{d1r-x}", "%{%{d}}", "%{d" + "9" * 300]
)
def test_macros_that_end_too_soon(macro: str) -> None:
    """libspf2 CVE-2023-42118: a macro cut off at the end of the text let a length go below zero."""
    zone = Zone({"a.example": {"TXT": f"v=spf1 exists:{macro}"}})
    assert check(CLIENT, "u@a.example", resolver=zone).result == "permerror"
    assert explained(f"text {macro}") is None


@pytest.mark.parametrize(
    "attack", ["x\r\n dkim=pass", "x; dkim=pass header.d=bank.example", "x (a) b", 'x"y', "x\ndkim=pass"]
)
def test_no_header_is_injected(attack: str) -> None:
    """mail-auth 0.9.1: the sender was not quoted in Authentication-Results, so it could add results of its own."""
    zone = Zone({"a.example": {"TXT": "v=spf1 -all"}})
    for sender, helo in ((f"{attack}@a.example", "h.example"), ("u@a.example", attack), (f"u@{attack}", attack)):
        result = check(CLIENT, sender, helo, resolver=zone)
        for header in (result.authentication_results("mx.example.net"), result.received_spf("mx.example.net")):
            lines = header.removesuffix("\r\n").split("\r\n")
            assert all(line[0] in " \t" for line in lines[1:])
            assert all(line.isprintable() or "\t" in line for line in lines)
            unquoted = "".join(
                part for index, part in enumerate(header.replace('\\"', "").split('"')) if index % 2 == 0
            )
            assert "dkim=pass" not in unquoted.partition("(")[0] + unquoted.rpartition(")")[2]


def test_a_reverse_name_alone_proves_nothing() -> None:
    """Spoofable ptr: the owner of an address can give it any name; the forward lookup decides (RFC 7208 §5.5)."""
    zone = Zone(
        {
            "a.example": {"TXT": "v=spf1 ptr -all"},
            REVERSE: {"PTR": ["mail.a.example", "a.example"]},
            "mail.a.example": {"A": "198.51.100.1"},
        }
    )
    assert check(CLIENT, "u@a.example", resolver=zone).result == "fail"


@pytest.mark.parametrize("name", ["evila.example", "a.example.evil.example", "xa.example", "a.exampleevil"])
def test_a_suffix_is_not_a_subdomain(name: str) -> None:
    """Spoofable ptr: names were compared as text, without regard to where a label ends."""
    zone = Zone({"a.example": {"TXT": "v=spf1 ptr -all"}, REVERSE: {"PTR": name}, name: {"A": CLIENT}})
    assert check(CLIENT, "u@a.example", resolver=zone).result == "fail"


@pytest.mark.parametrize("where", ["a", "mx", "include:b.example", "exists:b.example", "redirect=b.example"])
def test_a_dns_failure_never_passes(where: str) -> None:
    """Fail-open: SERVFAIL below an include was taken as "no match", so that a later `?all` or `+all` decided."""
    zone = Zone(
        {
            "a.example": {"TXT": f"v=spf1 {where} {'' if '=' in where else '+all'}", "*": Status.SERVFAIL},
            "b.example": {"*": Status.SERVFAIL},
        }
    )
    assert check(CLIENT, "u@a.example", resolver=zone).result == "temperror"


def test_records_that_include_each_other_end() -> None:
    """OpenSMTPD#842: a record that includes itself never ended."""
    zone = Zone(
        {
            "a.example": {"TXT": "v=spf1 include:a.example include:b.example"},
            "b.example": {"TXT": "v=spf1 include:a.example"},
        }
    )
    listening = Listening(zone)
    assert check(CLIENT, "u@a.example", resolver=listening).result == "permerror"
    assert len(listening.asked) == 1


@pytest.mark.parametrize(
    "term", ["ip4:0.0.0.0;reboot", "ip4:$(id)", "ip4:192.0.2.1\u0085", "a:`id`.example", "ip6:::1|sh"]
)
def test_an_invalid_network_is_never_used(term: str) -> None:
    """OpenSMTPD#844: text from records was added to firewall tables without validation."""
    zone = Zone({"a.example": {"TXT": f"v=spf1 {term} +all"}})
    result = check(CLIENT, "u@a.example", resolver=zone)
    if term.startswith("a:"):
        assert result.result == "pass"  # valid: the name is queried as it is
    else:
        assert result.result == "permerror"
    assert result.directive in (None, "+all")


def test_one_message_costs_111_questions_at_most() -> None:
    """Amplification: some engines query both families of each host, or go on after the limit: 211 and more."""

    class Generous:
        def resolve(self, question: Question, /) -> Answer:
            match question.type:
                case RRType.TXT:
                    return Answer.txt("v=spf1 " + " ".join(f"mx:m{i}.a.example" for i in range(100)))
                case RRType.MX:
                    return Answer.mx(*((i, f"h{i}.{question.name}") for i in range(10)))
                case _:
                    return Answer.a("198.51.100.1") if question.type is RRType.A else Answer.nodata()

    listening = Listening(Generous())
    assert check(CLIENT, "u@a.example", resolver=listening).result == "permerror"
    assert len(listening.asked) == 111


def test_a_pass_through_shared_ranges_says_whose_they_are() -> None:
    """BreakSPF (NDSS 2024): a pass from the range of a shared service; the result names the service and the network."""
    zone = Zone(
        {
            "a.example": {"TXT": "v=spf1 include:cloud.example -all"},
            "cloud.example": {"TXT": "v=spf1 ip4:192.0.0.0/10 ~all"},
        }
    )
    result = check(CLIENT, "u@a.example", resolver=zone)
    assert result.path == (("a.example", "include:cloud.example"), ("cloud.example", "ip4:192.0.0.0/10"))


@pytest.mark.parametrize(
    "network", ["ip4:0.0.0.0/0", "ip4:0.0.0.0/1 ip4:128.0.0.0/1", "a:any.example/0", "mx:any.example/0"]
)
def test_the_widest_networks_match_one_family_only(network: str) -> None:
    """Lazy Gatekeepers (IMC 2023): some domains publish networks of a whole family, which match only that family."""
    zone = Zone(
        {
            "a.example": {"TXT": f"v=spf1 {network} -all"},
            "any.example": {"A": "203.0.113.9", "AAAA": "::1", "MX": (1, "any.example")},
        }
    )
    for client, expected in (
        (CLIENT, "pass"),
        ("0.0.0.0", "pass"),
        ("255.255.255.255", "pass"),
        ("2001:db8::1", "fail"),
    ):
        assert check(client, "u@a.example", resolver=zone).result == expected


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ("v=spf1 ipv4:192.0.2.1 +all", "unknown-mechanism"),
        ("v=spf1 ip4:192.0.2.1/33 +all", "invalid-cidr-length"),
        ("v=spf1 include:gone.example +all", "include-domain-not-found"),
        ("v=spf1 a:n1.example a:n2.example a:n3.example +all", "too-many-void-lookups"),
        ("v=spf1 " + "a " * 11 + "+all", "too-many-lookups"),
        (["v=spf1 +all", "v=spf1 +all"], "multiple-records"),
    ],
)
def test_records_with_errors_never_pass(record: str | list[str], code: str) -> None:
    """SPF Beyond the Standard (USENIX Security 2024): one published record in thirteen has an error."""
    result = check(CLIENT, "u@a.example", resolver=Zone({"a.example": {"TXT": record, "A": "10.0.0.1"}}))
    assert result.result == "permerror"
    assert result.problem is not None
    assert result.problem.code == code


def test_a_reversed_domain_expands_once() -> None:
    """SPFail (IMC 2022): vulnerable libspf2 gave itself away by expanding `%{d1r}` to more than one label."""
    zone = Zone({"user.a.example": {"TXT": "v=spf1 exists:%{d1r}.x.a.example -all"}})
    listening = Listening(zone)
    check(CLIENT, "u@user.a.example", resolver=listening)
    assert listening.questions[1] == Question("user.x.a.example", RRType.A)


def test_asyncio_gives_the_same_result() -> None:
    """So the tests above hold in asyncio too."""
    zone = Zone({"a.example": {"TXT": "v=spf1 include:a.example"}})
    assert asyncio.run(acheck(CLIENT, "u@a.example", resolver=zone)) == check(CLIENT, "u@a.example", resolver=zone)
