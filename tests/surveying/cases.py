"""A zone with domains of every kind, for surveys."""

from typing import Any

from spfengine import Status, Zone

MANY_NAMES = [(10, f"mx{i}.wide.example") for i in range(12)]

RECORDS: dict[str, Any] = {
    "plain.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"},
    "soft.example": {"TXT": "v=spf1 include:plain.example a ~all", "A": "198.51.100.1"},
    "open.example": {"TXT": "v=spf1 +all"},
    "endless.example": {"TXT": "v=spf1 include:endless.example -all"},
    "round.example": {"TXT": "v=spf1 redirect=Round.Example"},
    "lead.example": {"TXT": "v=spf1 redirect=soft.example"},
    "no-all.example": {"TXT": "v=spf1 ip4:192.0.2.1"},
    "behind.example": {"TXT": "v=spf1 -all include:plain.example"},
    "absent.example": {"TXT": "some text", "A": "192.0.2.1"},
    "typo.example": {"TXT": "v=spf1 ipv4:192.0.2.1 -all"},
    "two.example": {"TXT": ["v=spf1 -all", "v=spf1 ~all"]},
    "dangling.example": {"TXT": "v=spf1 ip4:192.0.2.1 include:nowhere.example -all"},
    "dead.example": {"*": Status.SERVFAIL},
    "half.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 include:dead.example -all"},
    "many.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 " + " ".join(f"a:h{i}.example" for i in range(12)) + " -all"},
    "voids.example": {"TXT": "v=spf1 a:v1.example a:v2.example a:v3.example ~all"},
    "wide.example": {"TXT": "v=spf1 mx -all", "MX": MANY_NAMES},
    "asks.example": {"TXT": "v=spf1 exists:%{i}.asks.example include:%{d1}.other.example mx:%{l}.asks.example -all"},
    "chance.example": {"TXT": "v=spf1 " + " ".join(f"exists:%{{i}}.e{i}.example" for i in range(3)) + " -all"},
    "hostile.example": {"TXT": b"v=spf1 include:\x1b[31m.example a:\xff\x00 -all"},
    **{f"h{i}.example": {"A": f"198.51.100.{i}"} for i in range(12)},
}
ZONE = Zone(RECORDS)

NOWHERE = "nowhere.example"
DOMAINS = [*[name for name in RECORDS if not name.startswith("h1")], NOWHERE]
