"""What a survey says of one domain."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from spfengine.linting.codes import LintCode, Severity
from spfengine.problems import Problem, Result
from spfengine.visible import visible, visible_name

SCHEMA = "spfengine.survey/1"
"""The version of the JSON form of a line."""

_EXACT = 1 << 53
"""What every reader of JSON takes as it is; above, many read no integers."""


class DomainState(StrEnum):
    """How a domain stands, in one word. Where several hold, it is the first of them."""

    NO_DOMAIN = "no-domain"
    """What was given is no domain, so nothing was asked."""
    NONE = "none"
    """Every client gets none: there is no record, or no such domain."""
    UNKNOWN = "unknown"
    """Some client gets temperror: DNS could not answer."""
    OVER_LIMIT = "over-limit"
    """Some client gets permerror: its check needs more lookups, or void lookups, than are allowed."""
    PERMERROR = "permerror"
    """Some client gets permerror: the record, or one that it leads to, is broken or not there."""
    WORKS = "works"
    """Every client gets pass, fail, softfail or neutral."""


class SurveyedDomain(NamedTuple):
    """What the record of a domain comes to, for all clients.

    Attributes:
        domain: the domain: in lower case, U-labels as A-labels; what was given where that is no domain.
        state: how it stands, in one word.
        fault: why what was given is no domain, or None. Where it is none, nothing was asked, and all else is empty.
        result: none, permerror or temperror where every client gets it; otherwise None.
        results: the results that clients get, each once.
        problem: why some client gets none, permerror or temperror; otherwise None.
        record: the text of its record, each octet as one character; None where there is none, or not one.
        all: the result that `all` gives, in its record or in one that it redirects to; None where there is no `all`.
        redirect: the target of its redirect modifier, as written; None where there is none, or it is ignored.
        includes: the targets of its include mechanisms, as written, each once.
        leads_to: the domains whose records evaluation comes to besides its own, in the order in which it asks for them.
        lookups: the most terms that ask DNS for any client, of IPv4 and of IPv6: the true need, also over the limit.
        void_lookups: the same of void lookups, counted by the rule of the limits.
        endless: whether the records lead in a circle, so that no number of lookups is enough.
        passing: how many addresses pass, of IPv4 and of IPv6, whatever else is known of the client.
        conditional: whether some results rest on more than the client's address (macros, ptr).
        incomplete: whether DNS could not answer something.
        lint: the codes of what lint finds, by severity; None where that was not wanted.
        ttl: seconds for which the answers may be kept (the smallest of their TTLs), or None where not known.
        live: whether DNS was asked; else answers came from files.
        questions: on how many answers of DNS this rests.
        asked: when it was begun, in seconds since the epoch.
        seconds: how long it took.
    """

    domain: str
    state: DomainState
    fault: str | None = None
    result: Result | None = None
    results: tuple[Result, ...] = ()
    problem: Problem | None = None
    record: str | None = None
    all: Result | None = None
    redirect: str | None = None
    includes: tuple[str, ...] = ()
    leads_to: tuple[str, ...] = ()
    lookups: tuple[int, int] = (0, 0)
    void_lookups: tuple[int, int] = (0, 0)
    endless: bool = False
    passing: tuple[int, int] = (0, 0)
    conditional: bool = False
    incomplete: bool = False
    lint: Mapping[Severity, tuple[LintCode, ...]] | None = None
    ttl: int | None = None
    live: bool = False
    questions: int = 0
    asked: float = 0.0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values; key "schema" names their version."""
        return {
            "schema": SCHEMA,
            "domain": shown(self.domain),
            "state": str(self.state),
            "fault": self.fault,
            "result": None if self.result is None else str(self.result),
            "results": [str(each) for each in self.results],
            "problem": None if self.problem is None else self.problem.to_dict(),
            "record": None if self.record is None else visible(self.record, 1 << 16),
            "all": None if self.all is None else str(self.all),
            "redirect": None if self.redirect is None else visible(self.redirect),
            "includes": [visible(each) for each in self.includes],
            "leads_to": [visible_name(each) for each in self.leads_to],
            "lookups": _by_version(self.lookups),
            "void_lookups": _by_version(self.void_lookups),
            "endless": self.endless,
            "passing": _by_version(self.passing),
            "conditional": self.conditional,
            "incomplete": self.incomplete,
            "lint": None if self.lint is None else {str(s): [str(c) for c in codes] for s, codes in self.lint.items()},
            "ttl": self.ttl,
            "live": self.live,
            "questions": self.questions,
            "asked": datetime.fromtimestamp(self.asked, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "seconds": round(self.seconds, 3),
        }


def shown(domain: str) -> str:
    """Return what was given as a domain, as a line shows it."""
    return visible(domain)


def _by_version(counts: tuple[int, int]) -> dict[str, int | float]:
    return {version: each if each <= _EXACT else float(each) for version, each in zip("46", counts, strict=True)}
