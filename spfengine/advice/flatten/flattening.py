"""What came of flattening a record."""

from collections.abc import Generator, Iterable
from typing import NamedTuple

from spfengine.addresses import V4, V6
from spfengine.advice.flatten.choosing import Kept, Replaced, lifted
from spfengine.advice.forms import forms
from spfengine.answers import Answer, Question
from spfengine.drivers import once
from spfengine.evaluation.session import Answers
from spfengine.frozen import Frozen, fill
from spfengine.linting.finding import Finding
from spfengine.policy.budget import Budget, budget, over_limits
from spfengine.policy.compile import Inputs, tile
from spfengine.policy.diff import Change, result_changes
from spfengine.policy.outcome import Choice, Outcome
from spfengine.policy.policy import Policy, compiling
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.resolvers.overlay import Drafts
from spfengine.simulation.drafts import Layer
from spfengine.visible import visible, visible_name

# The proof that a flattened record says the same: computed, for every address there is.

_MAX_STEPS = 1 << 19
"""Work for the conditional ranges of a family, where there are no limits."""

_OVER = (ProblemCode.TOO_MANY_LOOKUPS, ProblemCode.TOO_MANY_VOID_LOOKUPS)


class Before(NamedTuple):
    """A record as it is.

    Attributes:
        policy: what it means.
        meant: what it would mean if there were no limits.
        budget: what the worst addresses cost.
    """

    policy: Policy
    meant: Policy
    budget: Budget


class Proof(NamedTuple):
    """What was proved of a flattened record.

    Attributes:
        before, after: the policies.
        before_budget, after_budget: what the worst addresses cost.
        mended: the networks whose result changes: those that are over a limit of RFC 7208 §4.6.4 now, and get
            permerror. After it they get what the record would have given them without that limit.
    """

    before: Policy
    after: Policy
    before_budget: Budget
    after_budget: Budget
    mended: tuple[Change, ...]

    @property
    def is_equivalent(self) -> bool:
        """Whether every client gets the same result: `before.equivalent(after)`."""
        return not self.mended


def measuring(inputs: Inputs, known: Answers) -> Generator[Question, Answer, Before | Problem]:
    """Return what a record means and costs as it is; or the problem that it leads in a circle."""
    policy = yield from once(compiling(inputs), known)
    need = yield from once(budget(inputs, dict(policy.answers)), known)
    if need.endless:
        return next(over_limits(need, inputs.limits))
    return Before(policy, (yield from once(_without_limits(inputs), known)), need)


def _without_limits(inputs: Inputs) -> Generator[Question, Answer, Policy]:
    """Return what a record would mean if there were no limits. Terms that rest on more may grow without them, so how
    far they are followed is limited in its place.
    """
    answers: Answers = {}
    without = lifted(inputs)
    starts4, outcomes4, _ = yield from tile(without, V4, answers, max_steps=_MAX_STEPS)
    starts6, outcomes6, _ = yield from tile(without, V6, answers, max_steps=_MAX_STEPS)
    ranges = (tuple(starts4), tuple(outcomes4)), (tuple(starts6), tuple(outcomes6))
    return Policy(inputs.domain, None, None, without.limits, *ranges, answers, None)


def proving(
    inputs: Inputs, before: Before, layer: Layer, known: Answers
) -> Generator[Question, Answer, Proof | Problem]:
    """Return the proof that the records in `layer` say the same; or what differs.

    Without limits, every client gets the same result by both; under the limits, only clients that are over one before
    get another result.
    """
    after = yield from once(layer.through(compiling(inputs)), known)
    meant = yield from once(layer.through(_without_limits(inputs)), known)
    need = yield from once(layer.through(budget(inputs, dict(after.answers))), known)
    if need.worst_lookups > inputs.limits.lookups:
        names = len(layer.names) - 1
        told = f"{need.worst_lookups} lookups are needed, and {inputs.limits.lookups} are allowed"
        if not names:
            return too_large(f"{told}: the terms that stay need them", "flatten more includes, or hosts too")
        return too_large(f"{told}; {names} of them are for names that hold the networks")
    compared = _Comparison()
    changes = result_changes(before.policy, after)
    wrong = [each for each in changes if not compared.differ_by_limits(each.before, each.after)]
    wrong += before.meant.diff(meant)
    if wrong or after.incomplete or meant.incomplete:
        first = next((each.network for each in wrong), None) or [*after.incomplete, *meant.incomplete][0]
        text = f"the flattened record does not say the same, for {first} among others: it must not be published"
        hint = "did DNS change meanwhile? if it did not, this is a fault of this program: please report it"
        return Problem(ProblemCode.FLATTEN_NOT_EQUIVALENT, text, inputs.domain, None, "", hint)
    return Proof(before.policy, after, before.budget, need, tuple(changes))


def too_large(text: str, hint: str = "flatten fewer includes, those with the fewest networks") -> Problem:
    """Return the problem that a flattened record does not fit, and why."""
    return Problem(ProblemCode.FLATTEN_TOO_LARGE, f"the record can't be made to fit: {text}", None, None, "4.6.4", hint)


class _Comparison:
    """Compares outcomes. Trees share their branches, so what was compared is remembered."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], bool] = {}

    def differ_by_limits(self, before: Outcome, after: Outcome) -> bool:
        """Whether an outcome is another one at most where the first is over a limit."""
        key = (id(before), id(after))
        if key not in self._known:
            self._known[key] = self._differ_by_limits(before, after)
        return self._known[key]

    def _differ_by_limits(self, before: Outcome, after: Outcome) -> bool:
        if before.result is Result.PERMERROR and before.problem is not None and before.problem.code in _OVER:
            return True
        if before.tree is None or after.tree is None or before.tree.dependency != after.tree.dependency:
            return before.meaning() == after.meaning()
        was, will_be = dict(before.tree.branches), dict(after.tree.branches)
        # A choice that comes is a match behind void lookups: now there are too many of them for it.
        return was.keys() <= will_be.keys() <= was.keys() | {Choice.MATCH_VOID} and all(
            self.differ_by_limits(outcome, will_be[choice]) for choice, outcome in was.items()
        )


SCHEMA = "spfengine.flatten/1"
"""The version of the JSON form of a flattening."""


class FlatRecord(Frozen):
    """A record to publish.

    Attributes:
        name: where, as a TXT record.
        record: its text.
        siblings: the strings of the other TXT records of the name, which stay.
        size: the octets of a DNS answer with all TXT records of the name.
    """

    __slots__ = fields = ("name", "record", "siblings", "size")
    name: str
    record: str
    siblings: tuple[tuple[bytes, ...], ...]
    size: int

    def __init__(self, name: str, record: str, siblings: tuple[tuple[bytes, ...], ...], size: int) -> None:
        fill(self, "name", name)
        fill(self, "record", record)
        fill(self, "siblings", siblings)
        fill(self, "size", size)

    def forms(self, ttl: int | None = None) -> dict[str, str]:
        """Return the record ready to paste: "cpanel", "cpanel-split", "bind", "route53", "octodns".

        Args:
            ttl: seconds for which resolvers may keep it; None: what the zone says.
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


class Flattening(Frozen):
    """A record flattened, with the proof that it says the same; or why it is not.

    Attributes:
        domain: the domain.
        before: the text of its record; None where it has none that can be read.
        replaced: the terms that networks take the place of.
        kept: the terms that can't be replaced, with the reason.
        records: what to publish, in this order: other names first, the domain's own record last. Empty where nothing
            is to be changed, and where flattening is refused.
        size: the octets that DNS answers were to stay within; 0 where there are no records. Only the domain's own may
            be larger, where it is that already for its other TXT records.
        proof: what was proved; None where there are no records.
        refusal: why there are no records; None where there are, and where there is nothing to replace.
        warnings: what receivers may make of the domain's own record.
    """

    __slots__ = fields = (
        "domain",
        "before",
        "replaced",
        "kept",
        "records",
        "size",
        "proof",
        "refusal",
        "warnings",
    )
    domain: str
    before: str | None
    replaced: tuple[Replaced, ...]
    kept: tuple[Kept, ...]
    records: tuple[FlatRecord, ...]
    size: int
    proof: Proof | None
    refusal: Problem | None
    warnings: tuple[Finding, ...]

    def __init__(
        self,
        domain: str,
        before: str | None,
        replaced: tuple[Replaced, ...] = (),
        kept: tuple[Kept, ...] = (),
        records: tuple[FlatRecord, ...] = (),
        size: int = 0,
        proof: Proof | None = None,
        refusal: Problem | None = None,
        warnings: tuple[Finding, ...] = (),
    ) -> None:
        fill(self, "domain", domain)
        fill(self, "before", before)
        fill(self, "replaced", replaced)
        fill(self, "kept", kept)
        fill(self, "records", records)
        fill(self, "size", size)
        fill(self, "proof", proof)
        fill(self, "refusal", refusal)
        fill(self, "warnings", warnings)

    @property
    def is_equivalent(self) -> bool:
        """Whether there are records, and every client gets the same result by them."""
        return self.proof is not None and self.proof.is_equivalent

    @property
    def mended(self) -> tuple[Change, ...]:
        """The networks whose result changes: they are over a limit now, and get permerror."""
        return () if self.proof is None else self.proof.mended

    @property
    def is_incomplete(self) -> bool:
        """Whether it is refused since DNS could not answer."""
        return self.refusal is not None and self.refusal.code is ProblemCode.DNS_INCOMPLETE

    @property
    def is_broken(self) -> bool:
        """Whether it is refused since the domain's record, or one that it leads to, is broken or is not there."""
        return self.refusal is not None and self.refusal.code not in _OWN_REFUSALS

    @property
    def drafts(self) -> Drafts:
        """The records as drafts for `Overlay` and `simulate`."""
        return drafts_of(self.records)

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of replaced includes and redirects: whose changes the flattened record does not follow."""
        return tuple(dict.fromkeys([each.source for each in self.replaced if each.source is not None]))

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
        return {
            "schema": SCHEMA,
            "domain": visible_name(self.domain),
            "before": None if self.before is None else visible(self.before, 1 << 16),
            "equivalent": self.is_equivalent,
            "refusal": None if self.refusal is None else self.refusal.to_dict(),
            "replaced": [_replaced_dict(each) for each in self.replaced],
            "kept": [{"term": visible(each.term, 1 << 16), "problem": each.problem.to_dict()} for each in self.kept],
            "records": [record.to_dict() for record in self.records],
            "size": self.size,
            "mended": [
                {"network": str(each.network), "before": each.before.to_dict(), "after": each.after.to_dict()}
                for each in self.mended
            ],
            "lookups": None
            if proof is None
            else {"before": proof.before_budget.worst_lookups, "after": proof.after_budget.worst_lookups},
            "sources": [visible_name(name) for name in self.sources],
            "warnings": [warning.to_dict() for warning in self.warnings],
        }


def drafts_of(records: Iterable[FlatRecord]) -> Drafts:
    """Return records as drafts for `Overlay` and `simulate`."""
    return {
        record.name.encode("latin-1"): {"TXT": [record.record.encode("latin-1"), *record.siblings]}
        for record in records
    }


_OWN_REFUSALS = (
    ProblemCode.DNS_INCOMPLETE,
    ProblemCode.FLATTEN_CONDITIONAL,
    ProblemCode.FLATTEN_ALIAS,
    ProblemCode.FLATTEN_TOO_LARGE,
    ProblemCode.FLATTEN_NO_FREE_NAME,
    ProblemCode.FLATTEN_NOT_EQUIVALENT,
)


def _replaced_dict(each: Replaced) -> dict[str, object]:
    return {
        "term": visible(each.term, 1 << 16),
        "source": None if each.source is None else visible_name(each.source),
        "networks": [str(network) for network in each.networks],
        "names": [visible_name(name) for name in each.names],
        "ttl": each.ttl,
    }
