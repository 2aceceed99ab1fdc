"""Live DNS against a real server: NSD's answers over the wire are the Zone's own."""

from collections.abc import Callable

import pytest

import spfengine
from spfengine.answers import Answer, Question, RRType, Status
from spfengine.names import fold
from spfengine.resolvers.live import LiveResolver
from spfengine.resolvers.zone import Zone
from spfengine.testing.exporters import DEFAULT_TTL as TTL
from tests.wire.conftest import Ask

pytestmark = pytest.mark.debian
MX = RRType.MX
LONG = ("v=spf1 ", *(f"ip4:192.0.2.{number} " * 14 for number in range(200)), "-all")
ZONE = Zone(
    {
        "example.com": {
            "TXT": ["v=spf1 mx include:long.example -all", ("two ", "strings"), b'\xff\x00"\\;\n', "x" * 600],
            "A": ["192.0.2.2", "192.0.2.1"],
            "AAAA": ["2001:db8::1", "::ffff:192.0.2.1"],
            "MX": [(10, "mx.example.com"), (5, "mx2.example.com")],
        },
        "mx.example.com": {"A": "192.0.2.3"},
        "null-mx.example": {"MX": (0, ".")},
        "long.example": {"TXT": LONG},
        "many.example": {"TXT": [f"record {number}" for number in range(400)]},
        "1.2.0.192.in-addr.arpa": {"PTR": ["host.example.com", "other.example"]},
        "alias.example": {"CNAME": "second.example"},
        "second.example": {"CNAME": "example.com"},
        "dangling.example": {"CNAME": "nothing.example"},
        "loop.example": {"CNAME": "pool.example"},
        "pool.example": {"CNAME": "loop.example"},
        "*.wild.example": {"TXT": "wild", "MX": (1, "mx.example.com")},
        "deep.below.ent.example": {"A": "192.0.2.9"},
        b"\xff a@b\\065.odd.example": {"TXT": "odd", "MX": (1, b"sp ace\xe9.example")},
    }
)
NAMES = [
    *(name for name in ZONE.names if not name.startswith("*")),
    "EXAMPLE.com",
    "any.wild.example",
    "deeper.any.wild.example",
    "wild.example",
    "ent.example",
    "below.ent.example",
    "nothing.example",
    "nothing.test",
]


@pytest.fixture(scope="module")
def nameserver(real_dns: Callable[[Zone], str]) -> str:
    return real_dns(ZONE)


@pytest.mark.parametrize("type", RRType)
@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_real_servers_answer_is_the_zones_own(nameserver: str, ask: Ask, name: str, type: RRType) -> None:
    expected = ZONE.resolve(Question(name, type))
    answer = ask(LiveResolver(nameserver, timeout=2), name, type)
    assert content(answer) == content(expected)
    assert answer.ttl == (None if expected.is_failure else TTL)


def content(answer: Answer) -> tuple[object, ...]:
    """Return what servers may not change: not the order of records, nor the case of letters in names."""
    records = [fold(record) if isinstance(record, str) else record for record in answer.records]
    if answer.type is MX:
        records = [(preference, fold(exchange)) for preference, exchange in answer.records]
    strings = sorted(b"".join(parts) for parts in answer.strings)
    return answer.status, answer.type, sorted(records), [fold(name) for name in answer.chain], strings


def test_a_zone_that_is_not_served_is_refused_or_not_there(nameserver: str) -> None:
    resolver = LiveResolver(nameserver, timeout=2)
    assert resolver.resolve(Question("nobody.invalid", RRType.A)).status is Status.NXDOMAIN


@pytest.mark.parametrize(
    ("ip", "result"),
    [("192.0.2.3", "pass"), ("192.0.2.199", "pass"), ("192.0.2.201", "fail"), ("2001:db8::1", "fail")],
)
def test_a_check_through_a_real_server(nameserver: str, ip: str, result: str) -> None:
    checked = spfengine.check(ip, "alice@example.com", resolver=LiveResolver(nameserver, timeout=2))
    assert checked.result == result
