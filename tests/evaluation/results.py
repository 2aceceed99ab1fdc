"""Results from which the tests write headers: a zone with one domain for each result."""

from spfengine.answers import Status
from spfengine.checks import check, check_helo
from spfengine.evaluation.check_result import CheckResult
from spfengine.resolvers.zone import Zone

ZONE = Zone(
    {
        "pass.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 +all"},
        "fail.example": {"TXT": "v=spf1 -all"},
        "softfail.example": {"TXT": "v=spf1 ~all"},
        "neutral.example": {"TXT": "v=spf1"},
        "temperror.example": {"TXT": Status.SERVFAIL},
        "permerror.example": {"TXT": b"v=spf1 ipv4:192.0.2.1 \xff\x00 -all"},
        "explained.example": {"TXT": "v=spf1 -all exp=why.example"},
        "redirected.example": {"TXT": "v=spf1 redirect=explained.example"},
        "verbose.example": {"TXT": "v=spf1 -all exp=long.example"},
        "*.odd.example": {"TXT": "v=spf1 -all exp=why.example"},
        "several.example": {"TXT": ["v=spf1 -all", "v=spf1 " + "a " * 100]},
        "exists.example": {"TXT": f"v=spf1 -exists:%{{i}}.{'y.' * 2000}found.example"},
        "*.found.example": {"A": "127.0.0.2"},
        "why.example": {"TXT": "See http://explained.example/?s=%{S} (or ask)"},
        "long.example": {"TXT": "words " * 200},
    }
)
RESULTS = ("none", "neutral", "pass", "fail", "softfail", "temperror", "permerror")


def checked(domain: str, local_part: str = "alice", helo: str = "mx.example.com", ip: str = "192.0.2.1") -> CheckResult:
    return checked_sender(f"{local_part}@{domain}", helo, ip)


def checked_sender(sender: str, helo: str = "mx.example.com", ip: str = "192.0.2.1") -> CheckResult:
    return check(ip, sender, helo, resolver=ZONE, now=0)


def checked_helo(helo: str, ip: str = "192.0.2.1") -> CheckResult:
    return check_helo(ip, helo, resolver=ZONE, now=0)
