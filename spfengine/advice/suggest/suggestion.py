"""What a suggestion says: the record to publish, why, and what was compared."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple

from spfengine.advice.identify.identification import Identification
from spfengine.advice.suggest.candidates import Rejected
from spfengine.advice.suggest.search import Shortfall
from spfengine.dmarc.alignment import Alignment
from spfengine.frozen import Frozen, fill
from spfengine.linting.finding import Finding
from spfengine.policy.outcome import Input
from spfengine.problems import Problem, Result
from spfengine.senders import Sender, sender_dict
from spfengine.simulation.records import Standing
from spfengine.simulation.simulation import Simulation
from spfengine.visible import visible, visible_name

SCHEMA = "spfengine.suggestion/1"
"""The version of the JSON form of a suggestion."""
_LONG = 1 << 16


class Advice(StrEnum):
    """What a suggestion comes to."""

    CHANGE = "change"
    """Publish another record."""
    KEEP = "keep"
    """The record that stands there is the one to have."""
    NONE_FITS = "none-fits"
    """No record was found that keeps every promise."""
    BROKEN = "broken"
    """What stands there can't be built on: it has to be mended first."""
    UNKNOWN = "unknown"
    """DNS could not answer."""


class SenderStanding(StrEnum):
    """What a suggestion does for a sender."""

    PASSING = "passing"
    """It passes now, and goes on to."""
    SERVED = "served"
    """It will pass."""
    UNNAMED = "unnamed"
    """It does not pass, and nobody could name it: it is left out until somebody says that it is wanted."""
    REFUSED = "refused"
    """The record refuses it by a term of its own, with "-"."""
    UNSERVED = "unserved"
    """It is wanted, and will not pass."""
    STOPPED = "stopped"
    """It passes now and will not, as was told."""
    IGNORED = "ignored"
    """Whoever asks does not want it."""
    ELSEWHERE = "elsewhere"
    """Its MAIL FROM is of another domain, whose record decides."""
    UNKNOWN = "unknown"
    """DNS could not answer."""


class SenderAdvice(NamedTuple):
    """A sender, and what the suggestion does for it.

    Attributes:
        sender: the sender.
        standing: what the suggestion does for it.
        before, after: its results; None where it is of another domain, or nothing is proposed.
        by_before, by_after: the terms that decide, as written in the domain's own record; None for none.
        identification: whose the address is; None where that was not asked.
        why: the reason why it is not served, or None.
        differs: whether somebody saw another result than the record gives now.
        rests_on: what is not known of the sender, and the results rest on.
        alignment: whether SPF will be aligned with the header field From; None where that field is not known.
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

    @property
    def who(self) -> str | None:
        """Whose the address is, in a word; None where that is not known."""
        best = None if self.identification is None else self.identification.best
        return None if best is None else best.name

    def to_dict(self) -> dict[str, object]:
        """Return the sender as JSON-safe values."""
        return {
            **sender_dict(self.sender),
            "standing": str(self.standing),
            "before": None if self.before is None else str(self.before),
            "after": None if self.after is None else str(self.after),
            "by_before": _shown(self.by_before, _LONG),
            "by_after": _shown(self.by_after, _LONG),
            "identification": None if self.identification is None else self.identification.to_dict(),
            "why": self.why,
            "disagrees": self.differs,
            "differs": self.differs,
            "rests_on": [str(each) for each in self.rests_on],
            "alignment": None if self.alignment is None else self.alignment.to_dict(),
            "aligned": None if self.alignment is None else self.alignment.aligned,
        }


class TermAdvice(NamedTuple):
    """A term of the record, and the reason why it comes, goes or stays.

    Attributes:
        sign: "+" where it comes, "-" where it goes, "=" where it stays.
        term: as written.
        why: the reason, in words.
        addresses: how many addresses it leads to; None where that is not known, or has no meaning.
        by: the terms that lead to its addresses as well.
        messages: how many of the messages given it decides: those of the new record where it comes or stays.
        names: the names in reverse DNS of the address that it is.
        is_unused: whether it is an address that stays, that no message used and that nothing else leads to.
    """

    sign: str
    term: str
    why: str
    addresses: int | None
    by: tuple[str, ...]
    messages: int
    names: tuple[str, ...]
    is_unused: bool = False

    def to_dict(self) -> dict[str, object]:
        """Return the term as JSON-safe values."""
        return {
            "sign": self.sign,
            "term": visible(self.term, _LONG),
            "why": self.why,
            "addresses": self.addresses,
            "by": [visible(term, _LONG) for term in self.by],
            "messages": self.messages,
            "names": [visible_name(name) for name in self.names],
            "unused": self.is_unused,
        }


class CaveatCode(StrEnum):
    """What has to be known beside a suggestion."""

    SHARED_SERVICE = "shared-service"
    """Every customer of a service passes for the domain."""
    LOCKDOWN = "lockdown"
    """The service has a way of its own to tell its customers apart."""
    VARYING_ADDRESS = "varying-address"
    """A term names an address of a service whose addresses change."""
    RETURN_PATH = "return-path"
    """The service mostly sends from a domain of its own."""
    SUPERSEDED = "superseded"
    """Another include has taken this one's place."""
    CUSTOMER_INCLUDE = "customer-include"
    """Customers of the service have an include of their own."""
    YOURS = "yours"
    """A service was found by its addresses only: a forwarder looks the same."""
    UNNAMED = "unnamed"
    """Nobody could name an address."""
    UNNAMED_ADDED = "unnamed-added"
    """A term names an address that nobody could name, as was told."""
    REPORT_DIFFERS = "report-differs"
    """A report saw another result than the record gives now."""
    RESTS_ON_MORE = "rests-on-more"
    """Results rest on more than the address, and what a sender said is not known."""
    BEFORE_REFUSAL = "before-refusal"
    """New terms stand before one that decides otherwise."""
    UNUSED = "unused"
    """Terms stay that no message used, and that nothing else covers."""
    STOPS = "stops"
    """Something that passes stops, as was told."""
    MENDED = "mended"
    """The record that stands there is broken, and was mended first."""
    LARGE = "large"
    """The DNS answer is larger than old software takes."""
    REDIRECT = "redirect"
    """What the record does not decide, another one does, to which it redirects."""
    FIRST_RECORD = "first-record"
    """The domain had no record."""
    NOT_SMALLEST = "not-smallest"
    """Not everything smaller was looked at."""
    NOT_IDENTIFIED = "not-identified"
    """There are more addresses than are looked up."""


class Caveat(NamedTuple):
    """Something that has to be known beside a suggestion.

    Attributes:
        code: which kind.
        text: it, in words that are safe to print.
    """

    code: CaveatCode
    text: str


class Alternative(NamedTuple):
    """A record that is shorter, if something is so that only people can know.

    Attributes:
        record: its text.
        drop: the terms that it leaves out beside those of the suggestion.
    """

    record: str
    drop: tuple[str, ...]


class Suggestion(Frozen):
    """What to write, and the proof.

    Attributes:
        domain: the domain.
        advice: what it comes to.
        record: the record to have; None where there is none to propose.
        published: the texts of the SPF records that stand there.
        standing: what stands there.
        terms: the terms of the record that stands there and of the new one, in order, each with its reason.
        senders: the senders, each with what is done for it.
        simulation: what the record would change, for every address; where none fits, that of the closest draft.
        size_before, size_after: octets of the DNS answer with the TXT records of the name.
        max_size: how many octets it may have.
        shortfalls: what the closest draft fails by; empty where a record is proposed.
        closest: where none fits, the draft that comes closest.
        alternative: a shorter record, if what looks unused is unused; or None.
        rejected: terms that were thought of, each with why it is not proposed.
        caveats: what has to be known.
        findings: what linting finds in the record that it does not find in what stands there.
        faults: what is wrong with the record that stands there.
        refusal: why nothing is proposed, or None.
        siblings: the other TXT records of the name, which stay.
        drafts: how many drafts were compiled and compared.
        is_smallest: whether it is proved that no smaller change keeps every promise.
    """

    __slots__ = fields = (
        "domain",
        "advice",
        "record",
        "published",
        "standing",
        "terms",
        "senders",
        "simulation",
        "size_before",
        "size_after",
        "max_size",
        "shortfalls",
        "closest",
        "alternative",
        "rejected",
        "caveats",
        "findings",
        "faults",
        "refusal",
        "siblings",
        "drafts",
        "is_smallest",
    )
    domain: str
    advice: Advice
    record: str | None
    published: tuple[str, ...]
    standing: Standing
    terms: tuple[TermAdvice, ...]
    senders: tuple[SenderAdvice, ...]
    simulation: Simulation | None
    size_before: int
    size_after: int
    max_size: int
    shortfalls: tuple[Shortfall, ...]
    closest: str | None
    alternative: Alternative | None
    rejected: tuple[Rejected, ...]
    caveats: tuple[Caveat, ...]
    findings: tuple[Finding, ...]
    faults: tuple[Problem, ...]
    refusal: str | None
    siblings: tuple[tuple[bytes, ...], ...]
    drafts: int
    is_smallest: bool

    def __init__(self, **values: Any) -> None:
        for name in self.fields:
            fill(self, name, values[name])

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (tuple(getattr(self, name) for name in self.fields),)

    @property
    def unserved(self) -> tuple[SenderAdvice, ...]:
        """The senders of the domain that do not pass with the record, those apart that nobody wants."""
        left_out = (SenderStanding.IGNORED, SenderStanding.ELSEWHERE, SenderStanding.UNKNOWN, SenderStanding.STOPPED)
        return tuple([each for each in self.senders if each.after is not Result.PASS and each.standing not in left_out])

    @property
    def is_worse(self) -> bool:
        """Whether anything that passes stops, or newly gets an error: only ever where that was told."""
        return self.simulation is not None and self.simulation.is_worse

    @property
    def is_incomplete(self) -> bool:
        """Whether DNS could not answer something, so that a part is not known."""
        return self.advice is Advice.UNKNOWN or (self.simulation is not None and self.simulation.is_incomplete)

    def forms(self) -> dict[str, str]:
        """Return the record ready to paste, in the forms that `spfengine.advice.forms` has; empty without a record."""
        if self.record is None:
            return {}
        from spfengine.advice.forms import forms

        ttl = next((change.ttl for change in self.simulation.records), None) if self.simulation is not None else None
        return forms(self.domain, self.record, ttl, siblings=self.siblings)

    def render(self, *, own: Iterable[str] = (), formats: Iterable[str] = (), width: int | None = 80) -> str:
        """Return the text that `spfengine suggest` prints.

        Args:
            own: names whose records you can edit, in addition to the domain.
            formats: the formats of `spfengine.advice.forms` in which to print the record; none: all of them.
            width: columns to which lines are wrapped; None: not wrapped.
        """
        from spfengine.text.suggest import render_suggestion

        return render_suggestion(self, width, own, formats)

    def to_dict(self) -> dict[str, object]:
        """Return the suggestion as JSON-safe values; key "schema" names their version."""
        return {
            "schema": SCHEMA,
            "domain": visible_name(self.domain),
            "advice": str(self.advice),
            "record": _shown(self.record, _LONG),
            "published": [visible(text, _LONG) for text in self.published],
            "standing": str(self.standing),
            "serves_everyone": self.record is not None and not self.unserved,
            "worse": self.is_worse,
            "incomplete": self.is_incomplete,
            "terms": [each.to_dict() for each in self.terms],
            "senders": [each.to_dict() for each in self.senders],
            "size": {"before": self.size_before, "after": self.size_after, "allowed": self.max_size},
            "shortfalls": [
                {"limit": str(each.limit), "needed": each.needed, "allowed": each.allowed} for each in self.shortfalls
            ],
            "closest": _shown(self.closest, _LONG),
            "alternative": None
            if self.alternative is None
            else {
                "record": visible(self.alternative.record, _LONG),
                "drop": [visible(term, _LONG) for term in self.alternative.drop],
            },
            "rejected": [{"term": visible(each.term, _LONG), "why": each.why} for each in self.rejected],
            "caveats": [{"code": str(each.code), "text": each.text} for each in self.caveats],
            "findings": [finding.to_dict() for finding in self.findings],
            "faults": [fault.to_dict() for fault in self.faults],
            "refusal": self.refusal,
            "drafts": self.drafts,
            "smallest": self.is_smallest,
            "forms": self.forms(),
            "simulation": None if self.simulation is None else self.simulation.to_dict(),
        }


def _remade(values: tuple[Any, ...]) -> Suggestion:
    return Suggestion(**dict(zip(Suggestion.fields, values, strict=True)))


def _shown(text: str | None, at_most: int = 400) -> str | None:
    return None if text is None else visible(text, at_most)
