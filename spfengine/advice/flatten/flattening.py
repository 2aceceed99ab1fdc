"""`Flattening`: what `flatten` returns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from warnings import warn

from spfengine.advice.forms import forms
from spfengine.linting.finding import Finding
from spfengine.policy.budget import Budget
from spfengine.policy.diff import Change
from spfengine.policy.outcome import OutcomeTable
from spfengine.policy.policy import Policy
from spfengine.policy.ranges import IPNetwork
from spfengine.problems import Problem, ProblemCode
from spfengine.reportable import Reportable
from spfengine.resolvers.overlay import Drafts
from spfengine.resolvers.rrsets import Records
from spfengine.simulation.drafts import record_draft
from spfengine.visible import short_repr, visible, visible_name

SCHEMA = "spfengine.flatten/1"
"""The version of the JSON form of a flattening."""

_MAX_TERM = 1 << 16
_INCOMPLETE = (ProblemCode.DNS_INCOMPLETE, ProblemCode.OUTSIDE_ZONE, ProblemCode.WORK_LIMIT)
_OWN_REFUSALS = (
    *_INCOMPLETE,
    ProblemCode.FLATTEN_CONDITIONAL,
    ProblemCode.FLATTEN_ALIAS,
    ProblemCode.FLATTEN_TOO_LARGE,
    ProblemCode.FLATTEN_NO_FREE_NAME,
    ProblemCode.FLATTEN_NOT_EQUIVALENT,
)
"""Refusals that are not caused by a fault in a record."""


@dataclass(frozen=True, slots=True, repr=False)
class ReplacedTerm:
    """A term that networks replace.

    Attributes:
        term: the term, as written.
        source: for an include or redirect, the name of the record that it refers to; else None.
        networks: the networks that it matches, as few as possible. Empty for a redirect, whose terms are copied into
            the record instead.
        names: the names whose DNS records these networks come from, in the order in which they were queried.
        ttl: seconds for which all of these DNS records may be cached; None if that is not known.
    """

    term: str
    source: str | None
    networks: tuple[IPNetwork, ...]
    names: tuple[str, ...]
    ttl: int | None

    def __repr__(self) -> str:
        return short_repr(self, ("term", "source", "ttl"))

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {
            "term": visible(self.term, _MAX_TERM),
            "source": None if self.source is None else visible_name(self.source),
            "networks": [str(network) for network in self.networks],
            "names": [visible_name(name) for name in self.names],
            "ttl": self.ttl,
        }


@dataclass(frozen=True, slots=True, repr=False)
class KeptTerm:
    """A term that was to be replaced, but can't be.

    Attributes:
        term: the term, as written.
        problem: why.
    """

    term: str
    problem: Problem

    def __repr__(self) -> str:
        return short_repr(self, ("term", "problem"))


@dataclass(frozen=True, slots=True, repr=False)
class Proof:
    """What was proved about a flattened record.

    Attributes:
        before, after: the policies.
        before_budget, after_budget: what the most expensive addresses cost.
        mended: the networks whose result changes: those that exceed a limit of RFC 7208 §4.6.4 now, and get
            permerror. With the flattened record they get the result that the original would give without that limit.
    """

    before: Policy
    after: Policy
    before_budget: Budget
    after_budget: Budget
    mended: tuple[Change, ...]

    def __repr__(self) -> str:
        return short_repr(self, ("before", "after", "is_equivalent"))

    @property
    def is_equivalent(self) -> bool:
        """Whether every client gets the same result: `before.equivalent(after)`."""
        return not self.mended


@dataclass(frozen=True, slots=True, repr=False)
class FlatRecord:
    """A record to publish.

    Attributes:
        name: the name of the TXT record.
        record: its text.
        siblings: the strings of the other TXT records of the name, which stay.
        size: octets of a DNS answer with all TXT records of the name.
    """

    name: str
    record: str
    siblings: tuple[tuple[bytes, ...], ...]
    size: int

    def __repr__(self) -> str:
        return short_repr(self, ("name", "record", "size"))

    def forms(self, ttl: int | None = None) -> dict[str, str]:
        """Return the record ready to paste: "cpanel", "cpanel-split", "bind", "route53", "octodns".

        Args:
            ttl: seconds for which resolvers may cache it; None for the default of the zone.
        """
        return forms(self.name, self.record, ttl, siblings=self.siblings)

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {
            "name": visible_name(self.name),
            "record": visible(self.record, len(self.record)),
            "size": self.size,
            "forms": self.forms(),
        }


@dataclass(frozen=True, slots=True, repr=False)
class Flattening(Reportable):
    """A flattened record with the proof that every client gets the same result, or the reason why there is none.

    Attributes:
        domain: the domain.
        before: the text of its record; None if it has none that can be read.
        replaced: the terms that networks replace.
        kept: the terms that can't be replaced, with the reason.
        records: what to publish, in this order: other names first, the domain's own record last. Empty if there is
            nothing to change, and if flattening is refused.
        max_size: octets that DNS answers should not exceed; 0 if there are no records. Only the answer for the domain
            itself may be larger, if its other TXT records already make it so.
        proof: what was proved; None if there are no records.
        refusal: why there are no records; None if there are some, and if there is nothing to replace.
        warnings: what lint finds in the domain's own new record.
    """

    domain: str
    before: str | None
    replaced: tuple[ReplacedTerm, ...] = ()
    kept: tuple[KeptTerm, ...] = ()
    records: tuple[FlatRecord, ...] = ()
    max_size: int = 0
    proof: Proof | None = None
    refusal: Problem | None = None
    warnings: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        if self.refusal is not None:
            return short_repr(self, ("domain", "refusal"))
        return short_repr(self, ("domain", "records", "is_equivalent"))

    @property
    def is_equivalent(self) -> bool:
        """Whether there are records, and every client gets the same result from them."""
        return self.proof is not None and self.proof.is_equivalent

    @property
    def mended(self) -> tuple[Change, ...]:
        """The networks whose result changes: they exceed a limit now, and get permerror."""
        return () if self.proof is None else self.proof.mended

    @property
    def size(self) -> int:
        """The former name of `max_size`, deprecated."""
        warn("size is now max_size", DeprecationWarning, stacklevel=2)
        return self.max_size

    @property
    def is_incomplete(self) -> bool:
        """Whether flattening is refused because something was not answered, or takes too much work."""
        return self.refusal is not None and self.refusal.code in _INCOMPLETE

    @property
    def is_broken(self) -> bool:
        """Whether flattening is refused because a record is missing or broken."""
        return self.refusal is not None and self.refusal.code not in _OWN_REFUSALS

    @property
    def drafts(self) -> Drafts:
        """The records as drafts for `Overlay` and `simulate`."""
        return drafts_of(self.records)

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of replaced includes and redirects. The flattened record no longer follows changes there."""
        return tuple(dict.fromkeys([term.source for term in self.replaced if term.source is not None]))

    def render(self, *, form: str = "cpanel", width: int | None = 80) -> str:
        """Return the text that `spfengine flatten` prints.

        Args:
            form: the format of `spfengine.advice.forms` in which to print the records.
            width: columns to which lines are wrapped; None: not wrapped.
        """
        from spfengine.text.flatten import render_flattening

        return render_flattening(self, width, form)

    def to_dict(self) -> dict[str, object]:
        """Return the flattening as JSON-safe values; key "schema" names their version."""
        proof = self.proof
        table = OutcomeTable()
        return {
            "schema": SCHEMA,
            "domain": visible_name(self.domain),
            "before": None if self.before is None else visible(self.before, _MAX_TERM),
            "equivalent": self.is_equivalent,
            "refusal": None if self.refusal is None else self.refusal.to_dict(),
            "replaced": [term.to_dict() for term in self.replaced],
            "kept": [{"term": visible(kept.term, _MAX_TERM), "problem": kept.problem.to_dict()} for kept in self.kept],
            "records": [record.to_dict() for record in self.records],
            "size": self.max_size,
            "mended": [
                {
                    "network": str(change.network),
                    "before": table.to_dict(change.before),
                    "after": table.to_dict(change.after),
                }
                for change in self.mended
            ],
            "outcomes": table.rows,
            "lookups": None
            if proof is None
            else {"before": proof.before_budget.worst_lookups, "after": proof.after_budget.worst_lookups},
            "sources": [visible_name(name) for name in self.sources],
            "warnings": [warning.to_dict() for warning in self.warnings],
        }


def drafts_of(records: Iterable[FlatRecord]) -> Drafts:
    """Return records as drafts for `Overlay` and `simulate`."""
    drafts: dict[bytes, Mapping[str, Records | None]] = {}
    for record in records:
        drafts.update(record_draft(record.name, record.record, record.siblings))
    return drafts
