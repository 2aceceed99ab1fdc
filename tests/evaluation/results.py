"""Results to write headers of: a resolver that is a mapping, with one domain for each result."""

from spfengine.answers import Answer, Question, RRType, Status
from spfengine.checks import check, check_helo
from spfengine.evaluation.check_result import CheckResult

NAMES = {
    "pass.example": Answer.txt("v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"),
    "fail.example": Answer.txt("v=spf1 -all"),
    "explained.example": Answer.txt("v=spf1 -all exp=why.example"),
    "redirected.example": Answer.txt("v=spf1 redirect=explained.example"),
    "verbose.example": Answer.txt("v=spf1 -all exp=long.example"),
    "softfail.example": Answer.txt("v=spf1 ~all"),
    "neutral.example": Answer.txt("v=spf1"),
    "temperror.example": Answer.failed(Status.SERVFAIL),
    "permerror.example": Answer.txt(b"v=spf1 ipv4:192.0.2.1 \xff\x00 -all"),
    "long.example": Answer.txt("words " * 200),
    "why.example": Answer.txt("See http://explained.example/?s=%{S} (or ask)"),
}
RESULTS = ("none", "neutral", "pass", "fail", "softfail", "temperror", "permerror")


class Names:
    def resolve(self, question: Question) -> Answer:
        found = NAMES.get(question.name.lower(), Answer.nxdomain())
        return found if question.type is RRType.TXT else Answer.nxdomain()


def checked(domain: str, local_part: str = "alice", helo: str = "mx.example.com", ip: str = "192.0.2.1") -> CheckResult:
    return check(ip, f"{local_part}@{domain}", helo, resolver=Names(), now=0)


def checked_sender(sender: str, helo: str = "mx.example.com", ip: str = "192.0.2.1") -> CheckResult:
    return check(ip, sender, helo, resolver=Names(), now=0)


def checked_helo(helo: str, ip: str = "192.0.2.1") -> CheckResult:
    return check_helo(ip, helo, resolver=Names(), now=0)
