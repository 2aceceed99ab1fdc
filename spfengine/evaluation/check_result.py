"""`CheckResult`: the result of a check, and everything that it was made from."""

from typing import TYPE_CHECKING, ClassVar

from spfengine.addresses import IPAddress
from spfengine.evaluation.session import Session, SharedVerdict
from spfengine.frozen import Frozen, fill
from spfengine.problems import Problem, Result
from spfengine.reportable import Reportable
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from spfengine.evaluation.headers import SMTPReply
    from spfengine.evaluation.trace import Trace

SCHEMA = "spfengine.check/1"
"""The version of the JSON form of a result; it changes if a key changes its meaning or is removed."""


class CheckResult(Reportable, Frozen):
    """The result of a check: immutable, with the answers that it was made from.

    Returned by `check` and its variants. Results are equal if all their public attributes are.
    """

    __slots__ = ("_client", "_session", "_trace")
    fields: ClassVar[tuple[str, ...]] = ("_session",)
    compared: ClassVar[tuple[str, ...] | None] = (
        "result", "problem", "directive", "record_domain", "path", "domain", "identity", "ip", "sender", "helo",
        "explanation", "explanation_problem", "lookups", "void_lookups", "questions",
    )  # fmt: skip
    _session: Session | SharedVerdict  # the verdict alone if it was known before the check; see `_whole`
    _client: tuple[IPAddress, str, str | None, str]  # for a SharedVerdict: ip, sender, helo and identity, as given
    _trace: "Trace"  # set when it is first read

    def __init__(self, session: Session) -> None:
        _set_session(self, session)

    def __reduce__(self) -> tuple[object, ...]:
        return CheckResult, (self._whole,)

    @property
    def _whole(self) -> Session:
        """The session of this client; made now if only a shared verdict was kept."""
        session = self._session
        if isinstance(session, SharedVerdict):
            session = session.session(*self._client)
            fill(self, "_session", session)
        return session

    def __repr__(self) -> str:
        decided = f" by {self.directive!r}" if self.directive else f" ({self.problem.code})" if self.problem else ""
        return f"<CheckResult {self.result}{decided}: {self.ip} for {visible(self.domain)} ({self.identity})>"

    @property
    def result(self) -> Result:
        """The result; compare it as text (`r.result == "pass"`)."""
        return self._session.result

    @property
    def problem(self) -> Problem | None:
        """Why it is none, temperror or permerror; otherwise None."""
        return self._session.problem

    @property
    def explanation(self) -> str | None:
        """With fail, the text that the domain gives for its refusal (RFC 7208 §6.2); otherwise None.

        The domain's owner wrote it. It is US-ASCII without control characters.
        """
        return self._session.explanation

    @property
    def explanation_problem(self) -> Problem | None:
        """With fail, why there is no explanation; otherwise None."""
        return self._session.explanation_problem

    @property
    def directive(self) -> str | None:
        """The directive whose qualifier gave the result, as written; None if none matched, and with a problem."""
        directive = self._session.directive
        return None if directive is None else directive.text

    @property
    def directive_span(self) -> tuple[int, int] | None:
        """The place of that directive in the record of `record_domain`: (start, end) offsets; or None."""
        directive = self._session.directive
        return None if directive is None else directive.span

    @property
    def record_domain(self) -> str | None:
        """The domain whose record gave the result (after a redirect: its target); with a problem, the one at fault."""
        return self._session.record_domain

    @property
    def path(self) -> tuple[tuple[str, str], ...]:
        """(domain, term) from the domain checked down to the term that matched or failed, with redirects."""
        return tuple([(domain, term.text) for domain, term in self._session.path])

    @property
    def domain(self) -> str:
        """The domain that was checked."""
        return self._whole.domain

    @property
    def identity(self) -> str:
        """Which identity was checked: "mailfrom" or "helo" (RFC 7208 §2.3, §2.4)."""
        return self._whole.identity

    @property
    def ip(self) -> str:
        """The client's address as text; an IPv4-mapped IPv6 address as an IPv4 address."""
        return self._whole.ip_text

    @property
    def sender(self) -> str:
        """The sender that was checked; its local part is `postmaster` if none was given (RFC 7208 §4.3)."""
        return self._whole.sender

    @property
    def helo(self) -> str:
        """What the client said in HELO or EHLO; "" if it said nothing, or if that was not given."""
        return self._whole.helo

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
        """How many DNS questions were asked, each once, also for the explanation."""
        return len(self._session.answers)

    @property
    def questions_ahead(self) -> int:
        """With live DNS: how many questions were asked before the check needed them. It may differ from run to run."""
        return self._session.asked_ahead

    @property
    def questions_unneeded(self) -> int:
        """How many of those the check never needed; `questions` does not count them."""
        return self._session.unneeded

    @property
    def trace(self) -> "Trace":
        """Every term, with what it asked, what DNS answered, and why it matched or did not.

        It is made when it is first read, by running check_host() again over the answers that the result kept.
        """
        try:
            return self._trace
        except AttributeError:
            from spfengine.evaluation.trace import replay

            fill(self, "_trace", replay(self._whole))
            return self._trace

    def as_identity(self, identity: str) -> "CheckResult":
        """Return this result for the other identity. For a null sender, one evaluation gives both results."""
        from copy import copy

        session = copy(self._whole)
        session.identity = identity
        return CheckResult(session)

    def received_spf(self, receiver: str | None = None, *, utf8: bool = False) -> str:
        """Return the Received-SPF header field, its name included, folded with CRLF but with none at its end
        (RFC 7208 §9.1, eid5436).

        Args:
            receiver: the name of the receiving host; that of the check if it is not given.
            utf8: whether to write characters outside US-ASCII as they are (RFC 8616, RFC 6532) rather than escaped.
        """
        from spfengine.evaluation.headers import received_spf

        return received_spf(self, receiver or self._whole.receiver, utf8=utf8)

    def authentication_results(self, authserv_id: str, *, utf8: bool = False) -> str:
        """Return the Authentication-Results header field, its name included, folded with CRLF but with none at its end
        (RFC 8601 §2.2).

        Args:
            authserv_id: the name under which the receiver gives its results.
            utf8: whether to write characters outside US-ASCII as they are rather than escaped.

        Raises:
            ArgumentError: `authserv_id` is not allowed in a header field.
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


_new = object.__new__
_set_session = vars(CheckResult)["_session"].__set__
_set_client = vars(CheckResult)["_client"].__set__


def known_result(verdict: SharedVerdict, client: tuple[IPAddress, str, str | None, str]) -> CheckResult:
    """Return the result of a client, (ip, sender, helo, identity), whose verdict is already known."""
    result: CheckResult = _new(CheckResult)
    _set_session(result, verdict)
    _set_client(result, client)
    return result
