"""The result of a check, with all that it rests on."""

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from spfengine.evaluation.session import Session
from spfengine.frozen import Frozen, fill
from spfengine.problems import Problem
from spfengine.record.model import Directive, Term
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from spfengine.evaluation.headers import SMTPReply
    from spfengine.evaluation.trace import Trace

SCHEMA = "spfengine.check/1"
"""The version of the JSON form of a result; it changes when a key changes its meaning or goes."""


class Result(StrEnum):
    """The results of check_host() (RFC 7208 §2.6)."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class Verdict(NamedTuple):
    """What check_host() came to.

    Attributes:
        result: the result.
        problem: why it is none, temperror or permerror; otherwise None.
        directive: the directive whose qualifier gave the result; None for the default result, and with a problem.
        record_domain: the domain whose record decided; for a problem, the domain at fault.
        path: the terms that lead from the domain checked to the end, each with the domain of its record.
        explanation: with fail, the domain's explanation, if it has a usable one.
        explanation_problem: with fail, why there is no explanation.
    """

    result: Result
    problem: Problem | None
    directive: Directive | None
    record_domain: str | None
    path: tuple[tuple[str, Term], ...]
    explanation: str | None
    explanation_problem: Problem | None


class CheckResult(Frozen):
    """The result of a check: immutable, and kept with the answers it was made from.

    Attributes:
        result: a `Result`; compare it as text (`r.result == "pass"`).
        problem: why it is none, temperror or permerror; otherwise None.
        explanation: with fail, the text that the domain gives for its refusal (RFC 7208 §6.2); otherwise None. It was
            written by the domain's owner, is US-ASCII, and has no control characters.
        explanation_problem: with fail, why there is no explanation; otherwise None.
    """

    __slots__ = ("_session", "_trace", "_verdict", "explanation", "explanation_problem", "problem", "result")
    fields = ("_session", "_verdict")
    compared = ("result", "problem", "directive", "record_domain", "path", "domain", "identity", "ip", "sender", "helo",
                "explanation", "lookups", "void_lookups", "questions")  # fmt: skip
    result: Result
    problem: Problem | None
    explanation: str | None
    explanation_problem: Problem | None
    _session: Session
    _verdict: Verdict
    _trace: "Trace | None"

    def __init__(self, session: Session, verdict: Verdict) -> None:
        fill(self, "_session", session)
        fill(self, "_verdict", verdict)
        fill(self, "result", verdict.result)
        fill(self, "problem", verdict.problem)
        fill(self, "explanation", verdict.explanation)
        fill(self, "explanation_problem", verdict.explanation_problem)
        fill(self, "_trace", None)

    def __repr__(self) -> str:
        decided = f" by {self.directive!r}" if self.directive else f" ({self.problem.code})" if self.problem else ""
        return f"<CheckResult {self.result}{decided}: {self.ip} for {visible(self.domain)} ({self.identity})>"

    @property
    def directive(self) -> str | None:
        """The directive whose qualifier gave the result, as written; None where none matched, and with a problem."""
        directive = self._verdict.directive
        return None if directive is None else directive.text

    @property
    def directive_span(self) -> tuple[int, int] | None:
        """Where that directive stands in the record of `record_domain`: (start, end) offsets; or None."""
        directive = self._verdict.directive
        return None if directive is None else directive.span

    @property
    def record_domain(self) -> str | None:
        """The domain whose record gave the result (after a redirect: the target's); with a problem, the one at fault."""
        return self._verdict.record_domain

    @property
    def path(self) -> tuple[tuple[str, str], ...]:
        """(domain, term) from the domain checked down to what matched, or to the fault; redirects included."""
        return tuple([(domain, term.text) for domain, term in self._verdict.path])

    @property
    def domain(self) -> str:
        """The domain that was checked."""
        return self._session.domain

    @property
    def identity(self) -> str:
        """Which identity was checked: "mailfrom" or "helo" (RFC 7208 §2.3, §2.4)."""
        return self._session.identity

    @property
    def ip(self) -> str:
        """The client's address as text; an IPv4-mapped IPv6 address as the IPv4 address that it is."""
        return self._session.ip_text

    @property
    def sender(self) -> str:
        """The sender as it was checked: with `postmaster` where it had no local part (RFC 7208 §4.3)."""
        return self._session.sender

    @property
    def helo(self) -> str:
        """What the client said in HELO or EHLO; "" where that was not given."""
        return self._session.helo

    @property
    def lookups(self) -> int:
        """Terms that asked DNS (RFC 7208 §4.6.4)."""
        return self._session.lookups

    @property
    def void_lookups(self) -> int:
        """Void lookups, as `Limits.void_rule` counts them (RFC 7208 §4.6.4)."""
        return self._session.voids

    @property
    def questions(self) -> int:
        """DNS questions that were asked, each once; those for the explanation too."""
        return len(self._session.answers)

    @property
    def trace(self) -> "Trace":
        """Every term with what was asked, what came back and why it matched or did not.

        Made by running check_host() again over the answers that the result kept; so no check ever pays for it.
        """
        if self._trace is None:
            from spfengine.evaluation.trace import replay

            fill(self, "_trace", replay(self._session))
        assert self._trace is not None, "just made"
        return self._trace

    def as_identity(self, identity: str) -> "CheckResult":
        """Return this result for the other identity: for a null sender one evaluation serves both."""
        session = self._session.again()
        session.identity = identity
        session.answers = self._session.answers
        session.lookups = self._session.lookups
        session.voids = self._session.voids
        return CheckResult(session, self._verdict)

    def received_spf(self, receiver: str | None = None, *, utf8: bool = False) -> str:
        """Return the Received-SPF header field, its name included, folded with CRLF (RFC 7208 §9.1, eid5436).

        Args:
            receiver: the name of the receiving host; that of the check where it is not given.
            utf8: whether characters outside US-ASCII may stand in it (RFC 8616, RFC 6532); otherwise they are escaped.
        """
        from spfengine.evaluation.headers import received_spf

        return received_spf(self, receiver, utf8=utf8)

    def authentication_results(self, authserv_id: str, *, utf8: bool = False) -> str:
        """Return the Authentication-Results header field, its name included, folded with CRLF (RFC 8601 §2.2).

        Args:
            authserv_id: the name under which the receiver gives its results.
            utf8: whether characters outside US-ASCII may stand in it; otherwise they are escaped.

        Raises:
            ArgumentError: `authserv_id` can't stand in a header field.
        """
        from spfengine.evaluation.headers import authentication_results

        return authentication_results(self, authserv_id, utf8=utf8)

    def smtp_reply(self) -> "SMTPReply | None":
        """Return (code, enhanced code, text) for fail, temperror and permerror; None for the others (RFC 7372)."""
        from spfengine.evaluation.headers import smtp_reply

        return smtp_reply(self)

    def to_dict(self) -> dict[str, object]:
        """Return the result as JSON-safe values; key "schema" names their version."""
        return {
            "schema": SCHEMA,
            "result": str(self.result),
            "problem": None if self.problem is None else self.problem.to_dict(),
            "directive": self.directive,
            "directive_span": None if self.directive_span is None else list(self.directive_span),
            "record_domain": None if self.record_domain is None else visible_name(self.record_domain),
            "path": [[visible_name(domain), term] for domain, term in self.path],
            "explanation": self.explanation,
            "explanation_problem": None if self.explanation_problem is None else self.explanation_problem.to_dict(),
            "identity": self.identity,
            "ip": self.ip,
            "sender": visible(self.sender),
            "helo": visible(self.helo),
            "domain": visible_name(self.domain),
            "lookups": self.lookups,
            "void_lookups": self.void_lookups,
            "questions": self.questions,
        }
