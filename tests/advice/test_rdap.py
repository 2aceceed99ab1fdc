"""Who holds a network: asked of registries on loopback, which say whatever the test has them say."""

import asyncio
import gzip
import sys
import threading
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest

import spfengine
from spfengine import RDAP, Zone
from spfengine.advice.identify import Match, Missing
from spfengine.advice.rdap.client import MAX_QUESTIONS
from spfengine.advice.rdap.fetching import MAX_OCTETS, RegistryError
from spfengine.advice.rdap.reading import Registries, _bounded
from tests.advice.providers import catalogue
from tests.advice.registry import IP, Handler, Registry, Reply, entity, network, running
from tests.counting import cpu_seconds_at_most
from tests.examples import mostly_full


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with running() as server:
        yield server


def holder(registry: Registry, ip: str = IP, seconds: float = 5.0) -> Match | Missing:
    return RDAP(registry.url, seconds=seconds).holders([ip])[ip]


def unheld(registry: Registry, ip: str = IP, seconds: float = 5.0) -> str:
    """Why there is no answer; it never has more than one line of printable characters."""
    found = holder(registry, ip, seconds)
    assert isinstance(found, Missing), found
    assert found.why.startswith("the holder of the network is not known: ")
    assert found.why.isprintable()
    assert len(found.why) < 300
    return found.why


def test_who_holds_the_network(registry: Registry) -> None:
    found = holder(registry)
    assert isinstance(found, Match)
    assert (found.provider, found.name, found.how, found.confidence) == (
        None,
        "MailChannels Corporation",
        "rdap",
        "low",
    )
    assert found.evidence == (
        "the registry at 127.0.0.1 says that 23.83.208.0 to 23.83.223.255 (MAILCHANNELS) is held by "
        "MailChannels Corporation, CA"
    )


def test_identify_asks_a_registry_only_if_given_one(registry: Registry) -> None:
    zone, none = Zone({}), catalogue()
    assert spfengine.identify(IP, resolver=zone, catalogue=none).best is None
    assert registry.asked == []
    rdap = RDAP(registry.url)
    found = spfengine.identify(IP, resolver=zone, catalogue=none, rdap=rdap)
    assert [(match.name, match.how) for match in found.matches] == [("MailChannels Corporation", "rdap")]
    assert registry.asked == ["/ipv4.json", f"/registry/ip/{IP}"]


def test_it_works_where_an_event_loop_runs_and_in_asyncio(registry: Registry) -> None:
    rdap = RDAP(registry.url)

    async def both() -> tuple[Any, Any]:
        return rdap.holders([IP]), await spfengine.aidentify(IP, resolver=Zone({}), catalogue=catalogue(), rdap=rdap)

    holders, found = asyncio.run(both())
    assert found.matches == (holders[IP],)


def test_it_comes_after_what_dns_tells(registry: Registry) -> None:
    zone = Zone({"spf.a.example": {"TXT": "v=spf1 ip4:23.83.208.0/20 -all"}})
    rdap = RDAP(registry.url)
    found = spfengine.identify(IP, resolver=zone, catalogue=catalogue("spf.a.example"), rdap=rdap)
    assert [match.how for match in found.matches] == ["spf", "rdap"]
    registry.says(f"/registry/ip/{IP}", b"", 500)
    found = spfengine.identify(IP, resolver=zone, catalogue=catalogue("spf.a.example"), rdap=rdap)
    assert [match.how for match in found.matches] == ["spf"]
    assert found.is_incomplete


@pytest.mark.parametrize(
    ("changed", "name", "evidence"),
    [
        ({"entities": []}, "MAILCHANNELS", "(MAILCHANNELS)? is called MAILCHANNELS, CA"),
        ({"entities": [], "name": "", "country": ""}, "NET-23-83-208-0-1", "is called NET-23-83-208-0-1"),
        ({"entities": [entity("abuse", "Abuse desk")]}, "MAILCHANNELS", "is called MAILCHANNELS"),
        ({"entities": [entity("administrative", "Somebody")]}, "Somebody", "is held by Somebody, CA"),
        (
            {"entities": [entity("registrant", "Evil\x1b[2J\r\n\u202ename")]},
            "Evil\\x1b[2J \\u202ename",
            "is held by Evil",
        ),
        ({"name": "a" * 10_000}, "MailChannels Corporation", "a" * 200),
    ],
)
def test_what_an_answer_may_hold(registry: Registry, changed: dict[str, Any], name: str, evidence: str) -> None:
    registry.says(f"/registry/ip/{IP}", network(**changed))
    found = holder(registry)
    assert isinstance(found, Match), found
    assert found.name == name
    assert found.evidence.isprintable()
    assert len(found.evidence) < 800
    assert evidence.replace("(MAILCHANNELS)? ", "") in found.evidence


def test_ipv6(registry: Registry) -> None:
    v6 = network(startAddress="2600:1f00::", endAddress="2600:1fff:ffff:ffff:ffff:ffff:ffff:ffff", ipVersion="v6")
    registry.says("/registry/ip/2600:1f01::5", v6)
    found = holder(registry, "2600:1f01::5")
    assert isinstance(found, Match), found
    assert "2600:1f00:: to 2600:1fff" in found.evidence
    assert registry.asked == ["/ipv6.json", "/registry/ip/2600:1f01::5"]


def test_neighbours_cost_one_question_and_lists_are_read_once(registry: Registry) -> None:
    for third in range(3):
        registry.says(f"/registry/ip/23.83.21{third}.1", network())
    ips = [f"23.83.21{third}.{last}" for third in range(3) for last in range(1, 50)]
    found = RDAP(registry.url).holders(ips)
    assert all(isinstance(each, Match) for each in found.values())
    assert len(registry.asked) == 1 + 3


@pytest.mark.full
def test_the_questions_of_one_call_are_bounded(registry: Registry) -> None:
    ips = [f"23.{second}.0.1" for second in range(MAX_QUESTIONS + 5)]
    found = RDAP(registry.url).holders(ips)
    assert len(registry.asked) == 1 + MAX_QUESTIONS
    last = found[ips[-1]]
    assert isinstance(last, Missing)
    assert f"the limit of {MAX_QUESTIONS} queries in one call is reached" in last.why


@pytest.mark.parametrize(
    ("ip", "why", "is_failure"),
    [
        ("10.1.2.3", "private addresses are in no registry", False),
        ("192.0.2.1", "private addresses are in no registry", False),
        ("150.95.55.137", "no registry is known for it", False),
        ("23.1.2.3", "127.0.0.1 has no entry for it", False),
    ],
)
def test_addresses_that_no_registry_tells_of(registry: Registry, ip: str, why: str, is_failure: bool) -> None:
    found = holder(registry, ip)
    assert found == Missing(None, f"the holder of the network is not known: {why}", is_failure)


def _redirect(where: str) -> Reply:
    return 302, {"Location": where}, b""


def test_a_redirect_to_another_known_registry_is_followed(registry: Registry) -> None:
    registry.replies[f"/registry/ip/{IP}"] = _redirect("../../other/x")
    registry.says("/other/x", network())
    assert isinstance(holder(registry), Match)


@pytest.mark.parametrize(
    ("where", "why"),
    mostly_full(
        [
            ("https://evil.example/x", "it redirects to evil.example, which is not a known registry"),
            ("http://127.0.0.1:1/x", "it redirects to 127.0.0.1:1, which is not a known registry"),
            ("//localhost/x", "it redirects to localhost"),
            ("file:///etc/passwd", "is not queried over file; expected https"),
            ("gopher://127.0.0.1/", "is not queried over gopher"),
            ("http://user:pw@127.0.0.1/", "it redirects to 127.0.0.1"),
            ("http://[::", "127.0.0.1 could not be reached"),
            ("http://\x01\x02/", ""),
            ("", "redirects more than 3 times"),
            (f"/registry/ip/{IP}", "redirects more than 3 times"),
        ],
        3,
    ),
)
def test_other_redirects_are_not(registry: Registry, where: str, why: str) -> None:
    registry.replies[f"/registry/ip/{IP}"] = _redirect(where)
    assert why in unheld(registry)
    assert len(registry.asked) <= 1 + 4


HOSTILE: list[tuple[Any, str]] = [
    (b"", "sent something that is not JSON"),
    (b"<html>", "sent something that is not JSON"),
    (b"\xff\xfe\x00", "sent something that is not JSON"),
    (b"[" * 200_000, "sent something that is not JSON"),
    (b'{"handle":' * 50_000, "sent something that is not JSON"),
    (b'{"handle": ' + b"9" * 10_000 + b"}", "sent something that is not JSON"),
    (b"[" * 900 + b"]" * 900, "expected an object"),
    (b" " * (MAX_OCTETS + 1), "sent more than 1 MiB"),
    (b"null", "expected an object"),
    (b'"text"', "expected an object"),
    ([], "expected an object"),
    ({}, "can't be understood"),
    ({"errorCode": 404, "title": "gone"}, "can't be understood"),
    (network(objectClassName="domain"), "can't be understood"),
    (network(objectClassName=["ip network"]), "can't be understood"),
    (network(startAddress=None), "can't be understood"),
    (network(startAddress=["23.83.208.0"]), "can't be understood"),
    (network(startAddress="2001:db8::"), ""),
    (network(endAddress="x" * 100_000), "can't be understood"),
    (network(startAddress="23.83.223.255", endAddress="23.83.208.0"), ""),
    (network(startAddress="8.8.8.0", endAddress="8.8.8.255"), "answered about another network"),
    (network(startAddress="2600::", endAddress="2600::1"), "answered about another network"),
    (network(entities=5), "can't be understood"),
    (network(entities=[5, None, "x", {"roles": 5}]), "can't be understood"),
    (network(entities=[{"roles": [{}]}]), ""),
]


@pytest.mark.parametrize(("document", "why"), mostly_full(HOSTILE, 6), ids=lambda each: str(each)[:40])
def test_hostile_answers_are_reported_in_bounded_time(registry: Registry, document: Any, why: str) -> None:
    registry.says(f"/registry/ip/{IP}", document)
    with cpu_seconds_at_most(40):
        if why:
            assert why in unheld(registry)
        else:
            assert isinstance(holder(registry), Match | Missing)


@pytest.mark.parametrize(
    "odd",
    mostly_full([
        {"handle": 5}, {"name": {"a": 1}}, {"name": ["x"]}, {"country": None}, {"country": "\x00\x1b"},
        {"entities": [{}] * 5000}, {"entities": [entity("registrant", ["a", {"b": 1}])]},
        {"entities": [entity("registrant", "x" * 100_000)]}, {"entities": [entity(["a"], "x")]},
        {"entities": [{"roles": ["registrant"], "vcardArray": ["vcard", [[1, 2, 3]]]}]},
        {"entities": [{"roles": ["registrant"], "entities": [{"roles": ["registrant"]}]}]},
        {"events": "x"}, {"links": 5}, {"remarks": [[[]]]}, {"notices": None}, {"unknown": [[[[[[]]]]]]},
    ], 3),
    ids=lambda odd: str(odd)[:60],
)  # fmt: skip
def test_odd_values_do_no_harm(registry: Registry, odd: dict[str, Any]) -> None:
    registry.says(f"/registry/ip/{IP}", network(**odd))
    found = holder(registry)
    text = found.evidence + found.name if isinstance(found, Match) else found.why
    assert text.isprintable()
    assert len(text) < 1000


@pytest.mark.parametrize(
    ("status", "why"), [(429, "with status 429"), (500, "with status 500"), (204, "with status 204")]
)
def test_other_statuses(registry: Registry, status: int, why: str) -> None:
    registry.says(f"/registry/ip/{IP}", b"" if status == 204 else network(), status)
    assert why in unheld(registry)


def test_what_is_compressed_is_not_unpacked(registry: Registry) -> None:
    registry.says(f"/registry/ip/{IP}", gzip.compress(b" " * 10_000_000), Content_Encoding="gzip")
    assert "sent a compressed answer" in unheld(registry)


def test_an_answer_without_end_is_cut_off(registry: Registry) -> None:
    def endless(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b" " * 65536)

    registry.replies[f"/registry/ip/{IP}"] = endless
    assert "sent more than 1 MiB" in unheld(registry)


@pytest.mark.parametrize("piece", mostly_full([b" ", b"H", b"X-A: b\r\n"]), ids=["body", "status line", "header"])
def test_an_answer_that_drips_is_cut_off(registry: Registry, piece: bytes) -> None:
    def dripping(handler: Handler) -> None:
        if piece != b"H":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"\r\n" if piece == b" " else b""))
        while not cut_off.wait(0.05):
            handler.wfile.write(piece)
            handler.wfile.flush()

    cut_off = threading.Event()
    registry.replies[f"/registry/ip/{IP}"] = dripping
    try:
        message = unheld(registry, seconds=0.5)
    finally:
        cut_off.set()
    assert "within 0.5 seconds" in message or "could not be asked" in message


LISTS: list[tuple[Any, str]] = [
    (b"no JSON", "sent something that is not JSON"),
    ([], "the list of registries can't be understood"),
    ({}, "the list of registries can't be understood"),
    ({"services": None}, "the list of registries can't be understood"),
    ({"services": []}, "the list of registries can't be understood"),
    ({"services": [[5, 5]]}, "the list of registries can't be understood"),
    ({"services": [[["23.0.0.0/99"], ["http://127.0.0.1/"]]]}, "the list of registries can't be understood"),
    ({"services": [[["23.0.0.0/8"], ["http://[::"]]]}, ""),
    (
        {"services": [[["23.0.0.0/8"], ["http://127.0.0.1:x/"]]]},
        "the registry redirects to something that is not a URL",
    ),
    ({"services": [[["23.0.0.0/8"], ["ftp://127.0.0.1/"]]]}, "no registry is known for it"),
    ({"services": [[[], []]] * 1001}, "longer than expected"),
    ({"services": [[["23.0.0.0/8"] * 5001, ["http://127.0.0.1/"]]]}, "longer than expected"),
    ({"services": [[["23.0.0.0/8"], ["http://127.0.0.1:1/"]]]}, "127.0.0.1 could not be reached"),
]


@pytest.mark.parametrize(("document", "why"), mostly_full(LISTS, 3), ids=lambda each: str(each)[:40])
def test_lists_of_registries_that_are_none(registry: Registry, document: Any, why: str) -> None:
    registry.says("/ipv4.json", document)
    assert why in unheld(registry)
    assert registry.asked == ["/ipv4.json"]


def test_a_list_that_cannot_be_had_is_asked_for_once(registry: Registry) -> None:
    registry.replies["/ipv4.json"] = _redirect("https://evil.example/")
    found = RDAP(registry.url).holders([IP, "23.1.2.3", "23.1.3.3"])
    assert all(isinstance(each, Missing) and "evil.example" in each.why for each in found.values())
    assert registry.asked == ["/ipv4.json"]


def test_registries_are_asked_by_https_only() -> None:
    """With a list that came by https, one that names http: is not asked."""

    services = {"services": [[["23.0.0.0/8"], ["http://127.0.0.1/"]], [["24.0.0.0/8"], ["https://r.example/"]]]}
    registries = Registries(4, services, plain=False)
    assert registries.hosts == {"r.example"}
    assert registries.url(ip_address("24.0.0.1")) == "https://r.example/ip/24.0.0.1"
    with pytest.raises(RegistryError, match="no registry is known"):
        registries.url(ip_address("23.0.0.1"))


def test_a_url_in_the_list_that_is_none_costs_no_other_registry() -> None:
    services = {"services": [[["23.0.0.0/8"], ["https://r.example:x/"]], [["24.0.0.0/8"], ["https://r.example/"]]]}
    registries = Registries(4, services, plain=False)
    assert registries.hosts == {"r.example"}
    assert registries.url(ip_address("24.0.0.1")) == "https://r.example/ip/24.0.0.1"


@pytest.mark.parametrize("url", ["", "x", "ftp://a.example/", "http://", "https://[::", None, 5, "\x1b://"])
def test_what_is_no_url_is_an_argument_error(url: Any) -> None:
    with pytest.raises(spfengine.ArgumentError, match=r"expected one like https://data\.iana\.org/rdap/"):
        RDAP(url)


def test_seconds_are_above_zero() -> None:
    with pytest.raises(spfengine.ArgumentError, match="seconds must be above 0"):
        RDAP(seconds=0)


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "whoisit", None)
    with pytest.raises(spfengine.MissingExtraError, match=r"pip install whoisit \(the extra spfengine\[rdap\]\)"):
        RDAP()


def test_what_a_registry_nests_deeply_is_cut_off() -> None:
    objects: Any = "x"
    lists: Any = "x"
    for _ in range(100):
        objects, lists = {"a": objects}, [lists]
    assert _depth(_bounded(objects, 8)) == _depth(_bounded(lists, 8)) == 9


def _depth(value: Any) -> int:
    depth = 0
    while value and isinstance(value, (dict, list)):
        value = value["a"] if isinstance(value, dict) else value[0]
        depth += 1
    return depth + isinstance(value, (dict, list))
