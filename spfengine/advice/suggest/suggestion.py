"""`Suggestion`: the record to publish, the reasons for it, and what was compared."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from spfengine.advice.forms import forms
from spfengine.advice.identify.identification import Identification
from spfengine.dmarc.alignment import Alignment
from spfengine.linting.finding import Finding
from spfengine.policy.outcome import Input, Outcome
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.reportable import Reportable
from spfengine.senders import Sender, sender_dict
from spfengine.simulation.records import Standing
from spfengine.simulation.simulation import Simulation
from spfengine.visible import short_repr, visible, visible_name

SCHEMA = "spfengine.suggestion/1"
"""The version of the JSON form of a suggestion."""
_MAX_RECORD = 1 << 16


class Advice(StrEnum):
    """What a suggestion advises."""

    CHANGE = "change"
    """Publish another record; only consider it, if `Suggestion.knows_senders` is False."""
    NEEDS_SENDERS = "needs-senders"
    """The domain has no record, and who sends is not known, so there is nothing to prove a record by."""
    KEEP = "keep"
    """Keep the published record."""
    NONE_FITS = "none-fits"
    """No record was found that keeps every promise."""
    BROKEN = "broken"
    """What is published is broken, and has to be corrected first."""
    UNKNOWN = "unknown"
    """DNS could not answer, or nobody was asked."""


class SenderStanding(StrEnum):
    """What a suggestion does for a sender."""

    PASSING = "passing"
    """It passes now, and will pass."""
    SERVED = "served"
    """It does not pass now, but will."""
    UNNAMED = "unnamed"
    """It does not pass, and could not be identified. It is left out unless somebody says that it is wanted."""
    REFUSED = "refused"
    """The record refuses it by a term of its own, with "-"."""
    UNSERVED = "unserved"
    """It is wanted, and will not pass."""
    STOPPED = "stopped"
    """It passes now and will not, as requested."""
    IGNORED = "ignored"
    """The caller does not want it."""
    DKIM = "dkim"
    """It does not pass SPF, and by the reports its mail passes DMARC by DKIM: no reason to add its address."""
    FORWARDED = "forwarded"
    """By a receiver's report it is a forwarder or a mailing list, and no sender of the domain."""
    ELSEWHERE = "elsewhere"
    """Its MAIL FROM is of another domain, whose record decides."""
    UNKNOWN = "unknown"
    """DNS could not answer, or nobody was asked."""


_NOT_MEANT = (
    SenderStanding.IGNORED, SenderStanding.ELSEWHERE, SenderStanding.UNKNOWN, SenderStanding.STOPPED,
    SenderStanding.DKIM, SenderStanding.FORWARDED,
)  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class SenderAdvice:
    """A sender, and what the suggestion does for it.

    Attributes:
        sender: the sender.
        standing: what the suggestion does for it.
        before, after: its results; None if it is of another domain, or nothing is proposed.
        by_before, by_after: the terms that decide, as written in the domain's own record, or None.
        identification: whose the address is; None if that was not looked up.
        why: the reason why it is not served, or None.
        differs: whether somebody saw another result than the record gives now.
        rests_on: what is not known about the sender, though the results depend on it.
        alignment: whether SPF will be aligned with the header field From; None if that field is not known.
        beyond: if its check exceeds a limit now, the term that would decide without it, and the result; or None.
    """

    sender: Sender
    standing: SenderStanding
    before: Result | None
    after: Result | None
    by_before: str | None
    by_after: str | None
    identification: Identification | None
    why: str | None
    differs: bool = False
    rests_on: tuple[Input, ...] = ()
    alignment: Alignment | None = None
    beyond: tuple[str, Result] | None = None

    def __repr__(self) -> str:
        return short_repr(self, ("sender", "standing", "before", "after"))

    @property
    def who(self) -> str | None:
        """The name of the owner of the address; None if it is not known."""
        best = None if self.identification is None else self.identification.best
        return None if best is None else best.name

    def to_dict(self) -> dict[str, object]:
        """Return the sender as JSON-safe values."""
        return {
            **sender_dict(self.sender),
            "standing": str(self.standing),
            "before": None if self.before is None else str(self.before),
            "after": None if self.after is None else str(self.after),
            "by_before": _visible(self.by_before, _MAX_RECORD),
            "by_after": _visible(self.by_after, _MAX_RECORD),
            "identification": None if self.identification is None else self.identification.to_dict(),
            "why": self.why,
            "disagrees": self.differs,
            "differs": self.differs,
            "rests_on": [str(fact) for fact in self.rests_on],
            "alignment": None if self.alignment is None else self.alignment.to_dict(),
            "aligned": None if self.alignment is None else self.alignment.aligned,
            "beyond": self.beyond and {"term": visible(self.beyond[0], _MAX_RECORD), "result": str(self.beyond[1])},
        }


@dataclass(frozen=True, slots=True, repr=False)
class TermAdvice:
    """A term of the record, and the reason why it is added, removed or kept.

    Attributes:
        sign: "+" for added, "-" for removed, "=" for kept.
        term: as written.
        why: the reason, in words.
        addresses: how many addresses it matches; None if that is not known, or has no meaning.
        by: the terms that match some of its addresses too.
        messages: how many of the given messages it decides, by the new record if it is added or kept.
        names: the names in reverse DNS of the address that it is.
        is_unused: whether it is an address that is kept, though no message used it and no other term matches it.
    """

    sign: str
    term: str
    why: str
    addresses: int | None
    by: tuple[str, ...]
    messages: int
    names: tuple[str, ...]
    is_unused: bool = False

    def __repr__(self) -> str:
        return short_repr(self, ("sign", "term", "why"))

    def to_dict(self) -> dict[str, object]:
        """Return the term as JSON-safe values."""
        return {
            "sign": self.sign,
            "term": visible(self.term, _MAX_RECORD),
            "why": self.why,
            "addresses": self.addresses,
            "by": [visible(term, _MAX_RECORD) for term in self.by],
            "messages": self.messages,
            "names": [visible_name(name) for name in self.names],
            "unused": self.is_unused,
        }


class CaveatCode(StrEnum):
    """The kinds of warnings that accompany a suggestion."""

    SHARED_SERVICE = "shared-service"
    """Every customer of a service passes for the domain."""
    LOCKDOWN = "lockdown"
    """The service has its own means to keep its customers apart."""
    VARYING_ADDRESS = "varying-address"
    """A term names an address of a service whose addresses change."""
    RETURN_PATH = "return-path"
    """The service mostly sends from a domain of its own."""
    SUPERSEDED = "superseded"
    """The service has replaced this include by another."""
    CUSTOMER_INCLUDE = "customer-include"
    """Customers of the service have an include of their own."""
    YOURS = "yours"
    """A service was identified by its addresses only: a forwarder looks the same."""
    UNNAMED = "unnamed"
    """An address could not be identified."""
    UNNAMED_ADDED = "unnamed-added"
    """A term names an address that could not be identified, as requested."""
    SPECIAL_PURPOSE = "special-purpose"
    """An address is private, or otherwise one that no client on the Internet has."""
    REPORT_DIFFERS = "report-differs"
    """A report saw another result than the record gives now."""
    RESTS_ON_MORE = "rests-on-more"
    """Results depend on more than the address, and what a sender said is not known."""
    BEFORE_REFUSAL = "before-refusal"
    """New terms are before one that decides otherwise."""
    UNUSED = "unused"
    """Terms are kept though no message used them, because no other term covers them."""
    STOPS = "stops"
    """Something that passes stops, as requested."""
    MENDED = "mended"
    """The published record is broken, and was corrected first."""
    LARGE = "large"
    """The DNS answer is larger than old software accepts."""
    REDIRECT = "redirect"
    """What the record does not decide, the record that it redirects to does."""
    FIRST_RECORD = "first-record"
    """The domain had no record."""
    NOT_SMALLEST = "not-smallest"
    """Not every smaller change was examined."""
    SENT_ON = "sent-on"
    """Senders are left out because DKIM carries their mail, or because they only sent it on."""
    SPF_ALONE = "spf-alone"
    """Mail passes DMARC by SPF alone, so that it fails once it is forwarded."""
    NOT_IDENTIFIED = "not-identified"
    """There are more addresses than are looked up."""


@dataclass(frozen=True, slots=True, repr=False)
class Caveat:
    """A warning that accompanies a suggestion.

    Attributes:
        code: its kind.
        text: the warning in words, safe to print.
    """

    code: CaveatCode
    text: str

    def __repr__(self) -> str:
        return short_repr(self, ("code", "text"))

    def to_dict(self) -> dict[str, object]:
        """Return the warning as JSON-safe values."""
        return {"code": str(self.code), "text": self.text}


class Limit(StrEnum):
    """What a draft may not keep."""

    LOOKUPS = "lookups"
    """Some address needs more lookups than RFC 7208 §4.6.4 allows."""
    VOID_LOOKUPS = "void-lookups"
    """Some address causes more void lookups than RFC 7208 §4.6.4 allows."""
    SIZE = "size"
    """The DNS answer with the TXT records of the name is too large."""
    PASSING = "passing"
    """Addresses that pass would stop, or newly get permerror."""
    SENDERS = "senders"
    """Senders that are wanted do not pass."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A limit that a draft exceeds.

    Attributes:
        limit: which.
        needed: how much the draft needs: lookups, void lookups or octets, networks that stop, or senders that fail.
        allowed: how much there may be.
    """

    limit: Limit
    needed: int
    allowed: int

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {"limit": str(self.limit), "needed": self.needed, "allowed": self.allowed}


@dataclass(frozen=True, slots=True, repr=False)
class Rejected:
    """A term that was considered, but is not proposed.

    Attributes:
        term: its text.
        why: the reason, in words.
    """

    term: str
    why: str

    def __repr__(self) -> str:
        return short_repr(self, ("term", "why"))

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {"term": visible(self.term, _MAX_RECORD), "why": self.why}


@dataclass(frozen=True, slots=True, repr=False)
class Alternative:
    """A shorter record, if terms that look unused are unused.

    Attributes:
        record: its text.
        drop: the terms that it leaves out in addition to those of the suggestion.
    """

    record: str
    drop: tuple[str, ...]

    def __repr__(self) -> str:
        return short_repr(self, ("record", "drop"))

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {
            "record": visible(self.record, _MAX_RECORD),
            "drop": [visible(term, _MAX_RECORD) for term in self.drop],
        }


@dataclass(frozen=True, slots=True)
class Shown:
    """A term that the zone suggests: mail probably leaves through the hosts that take it.

    Attributes:
        term: its text.
        why: what the zone shows, in words.
    """

    term: str
    why: str

    def __repr__(self) -> str:
        return short_repr(self, ("term", "why"))

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {"term": visible(self.term, _MAX_RECORD), "why": self.why}


@dataclass(frozen=True, slots=True, repr=False)
class Proposal:
    """A record that the zone suggests. Nothing proves that its terms are those of the domain's senders.

    Attributes:
        record: its text.
        terms: the terms that it adds.
        doubts: why it may not work as it is: what could not be looked up, and which limits it exceeds.
    """

    record: str
    terms: tuple[Shown, ...]
    doubts: tuple[str, ...]

    def __repr__(self) -> str:
        return short_repr(self, ("record",))

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {
            "record": visible(self.record, _MAX_RECORD),
            "terms": _dicts(self.terms),
            "doubts": list(self.doubts),
        }


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Suggestion(Reportable):
    """What to publish, and the proof.

    Attributes:
        domain: the domain.
        advice: what to do.
        record: the record to publish; None if none is proposed.
        published: the texts of the published SPF records.
        standing: what is published.
        terms: the terms of the published record and of the new one, in order, each with its reason.
        senders: the senders, each with what is done for it.
        simulation: what the record would change, for every address; if none fits, what the closest draft would change.
        size_before, size_after: octets of the DNS answer with the TXT records of the name.
        max_size: how many octets it may have.
        shortfalls: the limits that the closest draft exceeds; empty if a record is proposed.
        closest: if no record fits, the draft that is closest to it.
        alternative: a shorter record, if what looks unused is unused; or None.
        rejected: terms that were considered, each with the reason why it is not proposed.
        caveats: what to know before publishing.
        findings: what lint finds in the new record and does not find in the published one.
        faults: the faults of the published record.
        refusal: why nothing is proposed, or None.
        siblings: the other TXT records of the name, which stay.
        drafts: how many drafts were compiled and compared.
        is_smallest: whether it is proved that no smaller change keeps every promise; never if a part is not known.
        proposal: if who sends is not known, a record that the zone suggests; or None.
    """

    domain: str
    advice: Advice
    record: str | None = None
    published: tuple[str, ...]
    standing: Standing
    terms: tuple[TermAdvice, ...] = ()
    senders: tuple[SenderAdvice, ...] = ()
    simulation: Simulation | None = None
    size_before: int
    size_after: int = 0
    max_size: int
    shortfalls: tuple[Shortfall, ...] = ()
    closest: str | None = None
    alternative: Alternative | None = None
    rejected: tuple[Rejected, ...] = ()
    caveats: tuple[Caveat, ...] = ()
    findings: tuple[Finding, ...] = ()
    faults: tuple[Problem, ...] = ()
    refusal: str | None = None
    siblings: tuple[tuple[bytes, ...], ...] = ()
    drafts: int = 0
    is_smallest: bool = False
    proposal: Proposal | None = None

    def __repr__(self) -> str:
        return short_repr(self, ("domain", "advice", "record"))

    @property
    def knows_senders(self) -> bool:
        """Whether any sender of the domain was given. Without one, nobody can say that a record serves all."""
        return any(advice.standing is not SenderStanding.ELSEWHERE for advice in self.senders)

    @property
    def unserved(self) -> tuple[SenderAdvice, ...]:
        """The senders of the domain that do not pass with the record, except those that need not or are not wanted."""
        return tuple(
            [advice for advice in self.senders if advice.after is not Result.PASS and advice.standing not in _NOT_MEANT]
        )

    @property
    def is_worse(self) -> bool:
        """Whether anything that passes stops, or newly gets an error. Only if the caller requested it."""
        return self.simulation is not None and self.simulation.loses

    @property
    def is_over_limit(self) -> bool:
        """Whether the published record, or the draft that comes closest, exceeds a limit of RFC 7208 §4.6.4."""
        if self.simulation is None:
            return False
        before = self.simulation.before
        if any(_leads_to_too_many_hosts(outcome) for version in (4, 6) for _, _, outcome in before.ranges(version)):
            return True
        limits = self.simulation.after.limits
        needs = [self.simulation.before_budget]
        needs += [self.simulation.after_budget] if self.advice is Advice.NONE_FITS else []
        return any(
            need.worst_lookups > limits.lookups or need.worst_voids(limits.void_rule) > limits.voids for need in needs
        )

    @property
    def is_incomplete(self) -> bool:
        """Whether something was not answered, so that a part is not known."""
        return self.advice is Advice.UNKNOWN or (self.simulation is not None and self.simulation.is_incomplete)

    @property
    def serves_everyone(self) -> bool:
        """Whether every sender that is wanted is known to pass with the record."""
        unknown = any(advice.standing is SenderStanding.UNKNOWN for advice in self.senders)
        return self.record is not None and self.knows_senders and not (self.unserved or unknown)

    def forms(self) -> dict[str, str]:
        """Return the record ready to paste, in the forms of `spfengine.advice.forms`; empty without a record."""
        if self.record is None:
            return {}
        ttl = next((change.ttl for change in self.simulation.records), None) if self.simulation is not None else None
        return forms(self.domain, self.record, ttl, siblings=self.siblings)

    def render(
        self,
        *,
        own: Iterable[str] = (),
        formats: Iterable[str] = (),
        width: int | None = 80,
        everything: bool = False,
    ) -> str:
        """Return the text that `spfengine suggest` prints.

        Args:
            own: names whose records you can edit, in addition to the domain.
            formats: the formats of `spfengine.advice.forms` in which to print the record; none: all of them.
            width: columns to which lines are wrapped; None: not wrapped.
            everything: whether all terms, senders and networks are listed, however many.
        """
        from spfengine.text.suggest import render_suggestion

        return render_suggestion(self, width, own, formats, everything=everything)

    def to_dict(self) -> dict[str, object]:
        """Return the suggestion as JSON-safe values; key "schema" names their version."""
        return {
            "schema": SCHEMA,
            "domain": visible_name(self.domain),
            "advice": str(self.advice),
            "record": _visible(self.record, _MAX_RECORD),
            "published": [visible(text, _MAX_RECORD) for text in self.published],
            "standing": str(self.standing),
            "serves_everyone": self.serves_everyone,
            "knows_senders": self.knows_senders,
            "worse": self.is_worse,
            "incomplete": self.is_incomplete,
            "terms": _dicts(self.terms),
            "senders": _dicts(self.senders),
            "size": {"before": self.size_before, "after": self.size_after, "allowed": self.max_size},
            "shortfalls": _dicts(self.shortfalls),
            "closest": _visible(self.closest, _MAX_RECORD),
            "proposal": None if self.proposal is None else self.proposal.to_dict(),
            "alternative": None if self.alternative is None else self.alternative.to_dict(),
            "rejected": _dicts(self.rejected),
            "caveats": _dicts(self.caveats),
            "findings": _dicts(self.findings),
            "faults": _dicts(self.faults),
            "refusal": self.refusal,
            "drafts": self.drafts,
            "smallest": self.is_smallest,
            "forms": self.forms(),
            "simulation": None if self.simulation is None else self.simulation.to_dict(),
        }


def _leads_to_too_many_hosts(outcome: Outcome) -> bool:
    return outcome.problem is not None and outcome.problem.code is ProblemCode.TOO_MANY_MX


class _ToDict(Protocol):
    def to_dict(self) -> dict[str, object]: ...


def _dicts(values: Iterable[_ToDict]) -> list[dict[str, object]]:
    return [value.to_dict() for value in values]


def _visible(text: str | None, at_most: int = 400) -> str | None:
    return None if text is None else visible(text, at_most)
