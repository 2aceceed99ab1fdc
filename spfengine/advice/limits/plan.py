"""`LimitPlan`: what `limit_plan` returns."""

from dataclasses import dataclass
from enum import StrEnum

from spfengine.advice.flatten.flattening import FlatRecord
from spfengine.policy.ranges import IPNetwork
from spfengine.problems import Problem
from spfengine.visible import short_repr, visible, visible_name

SCHEMA = "spfengine.limit-plan/1"
"""The version of the JSON form of a plan."""

_MAX_TERM = 1 << 16


class StepKind(StrEnum):
    """What a step does with its terms."""

    DROP = "drop"
    """Take a term out that changes no client's result."""
    DROP_UNUSED = "drop-unused"
    """Take an include out whose service sends with no MAIL FROM of the domain. Its networks stop passing."""
    REPLACE = "replace"
    """Write the networks that a term matches in its place."""
    FLATTEN = "flatten"
    """Replace includes by their networks, as `flatten` does."""


@dataclass(frozen=True, slots=True)
class Need:
    """What the most expensive addresses cost.

    Attributes:
        lookups: terms that ask DNS.
        voids: void lookups.
    """

    lookups: int
    voids: int

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {"lookups": self.lookups, "void_lookups": self.voids}


@dataclass(frozen=True, slots=True, repr=False)
class PlanStep:
    """One step of a plan.

    Attributes:
        kind: what to do.
        terms: with these terms of the domain's own record, as written.
        why: why, in words that are safe to print.
        before, after: what is needed before the step and after it.
        record: the domain's own record after the step. After a flattening, `LimitPlan.records` has others too.
        stops: the networks that pass by the terms, apart from the limits, and no longer would; empty for most steps.
        includes: for a flattening, the names of the includes; empty if it is of all.
    """

    kind: StepKind
    terms: tuple[str, ...]
    why: str
    before: Need
    after: Need
    record: str
    stops: tuple[IPNetwork, ...] = ()
    includes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return short_repr(self, ("kind", "terms", "before", "after"))

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {
            "kind": str(self.kind),
            "terms": [visible(term, _MAX_TERM) for term in self.terms],
            "why": self.why,
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
            "record": visible(self.record, _MAX_TERM),
            "stops": [str(network) for network in self.stops],
            "includes": [visible_name(name) for name in self.includes],
        }


@dataclass(frozen=True, slots=True, repr=False)
class LimitPlan:
    """How a record that exceeds a limit of RFC 7208 §4.6.4 gets within the limits.

    Attributes:
        domain: the domain.
        need: what its record needs now.
        allowed: what is allowed.
        before: the text of its record.
        steps: what to do, in this order.
        records: what to publish after all steps, in this order: other names first, the domain's own record last. Empty
            if the plan does not get within the limits.
        alternative: if steps make something stop passing, a plan without them; or None.
        by_messages: a plan without a flattening, if the messages of the senders given are all that is sent: it takes
            out includes that none of them passes by; or None.
        unused: further includes that seem to do nothing, though the plan leaves them: (term, why).
        used: of the includes that messages of the senders given pass by: (term, messages).
        refusal: why the plan does not get within the limits; None if it does.
        unknown: what is not known, in words; "" if all is. Then `need` and what steps bring are lower bounds, and
            nothing is said of the parts that are not known.
    """

    domain: str
    need: Need
    allowed: Need
    before: str | None = None
    steps: tuple[PlanStep, ...] = ()
    records: tuple[FlatRecord, ...] = ()
    alternative: "LimitPlan | None" = None
    by_messages: "LimitPlan | None" = None
    unused: tuple[tuple[str, str], ...] = ()
    used: tuple[tuple[str, int], ...] = ()
    refusal: Problem | None = None
    unknown: str = ""

    def __repr__(self) -> str:
        return short_repr(self, ("domain", "need", "steps", "refusal"))

    @property
    def is_complete(self) -> bool:
        """Whether the steps get within the limits, which is proved for every address."""
        return self.refusal is None and not self.unknown

    @property
    def after(self) -> Need:
        """What is needed after the last step."""
        return self.steps[-1].after if self.steps else self.need

    @property
    def stops(self) -> tuple[IPNetwork, ...]:
        """The networks that no longer pass, apart from the limits; empty if nothing passes less."""
        return tuple(dict.fromkeys([network for step in self.steps for network in step.stops]))

    def render(self, *, width: int | None = 80) -> str:
        """Return the text that `lint`, `check`, `tree` and `suggest` end in; their commands name the zone files too.

        Args:
            width: columns to which lines are wrapped; None: not wrapped.
        """
        from spfengine.text.limit_plan import render_limit_plan

        return render_limit_plan(self, width)

    def to_dict(self) -> dict[str, object]:
        """Return the plan as JSON-safe values; key "schema" names their version."""
        return {
            "schema": SCHEMA,
            "domain": visible_name(self.domain),
            "complete": self.is_complete,
            "need": self.need.to_dict(),
            "after": self.after.to_dict(),
            "allowed": self.allowed.to_dict(),
            "before": None if self.before is None else visible(self.before, _MAX_TERM),
            "steps": [step.to_dict() for step in self.steps],
            "records": [record.to_dict() for record in self.records],
            "stops": [str(network) for network in self.stops],
            "unused": [{"term": visible(term, _MAX_TERM), "why": why} for term, why in self.unused],
            "used": [{"term": visible(term, _MAX_TERM), "messages": count} for term, count in self.used],
            "alternative": None if self.alternative is None else self.alternative.to_dict(),
            "by_messages": None if self.by_messages is None else self.by_messages.to_dict(),
            "refusal": None if self.refusal is None else self.refusal.to_dict(),
            "unknown": self.unknown,
        }
