"""The search for the smallest change: every set of new terms that serves the wanted senders, with every set of terms
that can be left out, the smaller ones first, until one keeps every promise.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import combinations
from typing import NamedTuple

from spfengine.advice.suggest.candidates import Candidate, Matched, Places, Slot, draft_text, is_harmless
from spfengine.advice.suggest.request import Case, Steps
from spfengine.answers import Answer
from spfengine.linting.limits import answer_size
from spfengine.names import fold
from spfengine.policy.budget import Budget, budget
from spfengine.policy.diff import Change, result_changes
from spfengine.policy.outcome import Outcome
from spfengine.policy.policy import Policy, compiling
from spfengine.problems import Result
from spfengine.senders import Sender
from spfengine.simulation.drafts import Drafted
from spfengine.simulation.simulation import change_is_worse

# Whether a draft keeps what a suggestion promises: it is compiled, and compared for every address there is.


class Limit(StrEnum):
    """What a draft may fail by."""

    LOOKUPS = "lookups"
    """More lookups than RFC 7208 §4.6.4 allows, for some address."""
    VOID_LOOKUPS = "void-lookups"
    SIZE = "size"
    """The DNS answer with the TXT records of the name is too large."""
    PASSING = "passing"
    """Addresses that pass would stop, or newly get permerror."""
    SENDERS = "senders"
    """Senders that are wanted do not pass."""


class Shortfall(NamedTuple):
    """A limit that a draft is over.

    Attributes:
        limit: which.
        needed: how much the draft needs: lookups, void lookups or octets; or how many networks stop, or senders fail.
        allowed: how much there may be.
    """

    limit: Limit
    needed: int
    allowed: int


class Verdict(NamedTuple):
    """What a draft comes to.

    Attributes:
        text: the draft.
        after: its policy.
        need: what its worst addresses cost.
        size: octets of the DNS answer with the TXT records of the name.
        lost: the changes that are worse, and that nobody told.
        failing: the wanted senders that do not pass.
        shortfalls: what it fails by; empty for a draft that keeps every promise.
    """

    text: str
    after: Policy
    need: Budget
    size: int
    lost: tuple[Change, ...]
    failing: tuple[Sender, ...]
    shortfalls: tuple[Shortfall, ...]

    @property
    def lookups(self) -> int:
        """What the worst address costs in lookups."""
        return self.need.worst_lookups


def judged(case: Case, text: str, wanted: Sequence[Sender], going: Collection[str], max_size: int) -> Steps[Verdict]:
    """Return whether a draft keeps what is promised.

    Args:
        wanted: the senders that must pass, the first of each kind.
        going: texts of the directives that go because that was told: what passes by them may stop.
    """
    inputs = case.inputs
    drafts = {inputs.domain.encode("latin-1"): {"TXT": [text, *case.base.siblings]}}
    layer = Drafted(drafts, {fold(inputs.domain)})
    after = yield from case.once(layer.through(compiling(inputs)))
    failing = []
    for sender in wanted:
        result, _ = yield from case.result(sender, after, layer)
        if result is not Result.PASS:
            failing.append(sender)
    lost = _lost(case, after, going)
    size = answer_size(inputs.domain, Answer.txt(text, *case.base.siblings))
    need = yield from case.once(layer.through(budget(inputs, dict(after.answers))))
    shortfalls = [
        Shortfall(limit, needed, allowed)
        for limit, needed, allowed in (
            (Limit.LOOKUPS, need.worst_lookups, inputs.limits.lookups),
            (Limit.VOID_LOOKUPS, need.worst_voids(inputs.limits.void_rule), inputs.limits.voids),
            (Limit.SIZE, size, max_size),
            (Limit.PASSING, len(lost), 0),
            (Limit.SENDERS, len(failing), 0),
        )
        if needed > allowed
    ]
    if any(each.limit in (Limit.LOOKUPS, Limit.VOID_LOOKUPS) for each in shortfalls):
        consequences = (Limit.PASSING, Limit.SENDERS)  # of permerror
        shortfalls = [each for each in shortfalls if each.limit not in consequences]
    return Verdict(text, after, need, size, tuple(lost), tuple(failing), tuple(shortfalls))


def _lost(case: Case, after: Policy, going: Collection[str]) -> list[Change]:
    """Return the changes that are worse, but for those of addresses that passed by what was told to go."""
    return [
        change
        for change in result_changes(case.before, after)
        if change_is_worse(change.before, change.after) and not _is_told(change, case.inputs.domain, going)
    ]


def _is_told(change: Change, domain: str, going: Collection[str]) -> bool:
    if Result.PERMERROR in change.after.results and Result.PERMERROR not in change.before.results:
        return False
    return bool(_terms(change.before, domain) & set(going))


def _terms(outcome: Outcome, domain: str) -> set[str]:
    """Return the terms of the domain's own record that an outcome comes from."""
    found = {each.term for each in outcome.depends_on if fold(each.domain) == fold(domain)}
    if outcome.path and fold(outcome.path[0][0]) == fold(domain):
        found.add(outcome.path[0][1])
    return found


MAX_SETS = 5_000
"""Sets of terms that are looked at; of more the search is not exhaustive."""
_MAX_LOOSE = 12  # addresses that can be left out for one another, up to which all their subsets are looked at
_MAX_GREEDY = 3  # sets of new terms that are tried where there are too many to try all
_LIMITS = {Limit.LOOKUPS, Limit.VOID_LOOKUPS, Limit.SIZE}

Group = frozenset[int]
"""The candidates, by their places, that serve one sender."""


class Plan(NamedTuple):
    """A draft, before it is written out.

    Attributes:
        coming: places of the candidates that come, in order.
        going: places of the directives that go.
        by_name: those of them that lead somewhere by name, and go only to keep the limits.
    """

    coming: tuple[int, ...]
    going: frozenset[int]
    by_name: frozenset[int] = frozenset()

    @property
    def changes(self) -> int:
        """How many terms come and go."""
        return len(self.coming) + len(self.going)


class Found(NamedTuple):
    """What a search came to.

    Attributes:
        plan, verdict: the smallest change that keeps every promise; None where there is none.
        closest: the draft that comes closest, where none keeps every promise.
        others: drafts that were compiled and compared, and not taken.
        drafts: how many drafts were compiled and compared.
        is_exhaustive: whether everything smaller was looked at.
    """

    plan: Plan | None
    verdict: Verdict | None
    closest: tuple[Plan, Verdict] | None
    others: tuple[tuple[Plan, Verdict], ...]
    drafts: int
    is_exhaustive: bool

    @property
    def loses(self) -> bool:
        """Whether the closest draft fails by addresses that would stop passing."""
        return self.closest is not None and Limit.PASSING in {each.limit for each in self.closest[1].shortfalls}


class Search:
    """One search.

    Attributes:
        terms: the directives of the record, in order, as far as its first `all`.
        candidates: the terms that may come.

    Groups that are spare are of senders to which a term of the record leads already, so that they may come to pass
    without a new one.
    """

    def __init__(
        self,
        case: Case,
        terms: Sequence[Matched],
        places: Places,
        candidates: Sequence[Candidate],
        groups: Iterable[Group],
        spare: Iterable[Group],
        wanted: Sequence[Sender],
        slot: Slot,
    ) -> None:
        self.case = case
        self.terms = terms
        self.candidates = candidates
        self._places = places
        self._groups = list(dict.fromkeys(groups))
        self._spare = [group for group in dict.fromkeys(spare) if group not in self._groups]
        self._wanted = wanted
        self._slot = slot
        self._is_exhaustive = True
        self._judged: list[tuple[Plan, Verdict]] = []

    def run(self, max_size: int) -> Steps[Found]:
        """Return the smallest change, each draft compiled and compared."""
        covers: list[tuple[int, ...]] = []
        found = None
        for groups in (self._groups, self._groups + self._spare)[: 2 if self._spare else 1]:
            if found is None:
                more = [cover for cover in self._covers(groups) if cover not in covers]
                covers += more
                plans = [plan for cover in more for plan in self._plans(cover, frozenset())]
                found = yield from self._best(plans, max_size)
        if found is None and self._can_be_lightened():
            found = yield from self._best(self._lightened(covers), max_size)
            if found is None and not self._is_exhaustive:
                found = yield from self._lightest(covers, max_size)
        others = tuple([each for each in self._judged if each is not found])
        closest = None if found is not None or not self._judged else min(self._judged, key=_distance)
        plan, verdict = (None, None) if found is None else found
        return Found(plan, verdict, closest, others, len(self._judged), self._is_exhaustive)

    def text(self, plan: Plan) -> str:
        """Return the record of a plan."""
        assert self.case.base.record is not None, "a record is searched for from one"
        directives = self.case.base.record.directives
        going = [directives[place] for place in plan.going]
        return draft_text(
            self.case.base.record, going, [self.candidates[each].term for each in plan.coming], self._slot
        )

    def _covers(self, groups: list[Group]) -> list[tuple[int, ...]]:
        """Return the sets of candidates that serve these groups, and of which none is needless; the smaller first."""
        found: dict[frozenset[int], None] = {}
        pending: list[frozenset[int]] = [frozenset()]
        while pending:
            if len(found) + len(pending) > MAX_SETS:
                self._is_exhaustive = False
                pending = pending[-1:]
            chosen = pending.pop()
            open_group = next((group for group in groups if not group & chosen), None)
            if open_group is None:
                if all(any(group & chosen == {each} for group in groups) for each in chosen):
                    found[chosen] = None
                continue
            pending += [chosen | {each} for each in sorted(open_group, reverse=True)]
            if len(found) >= MAX_SETS:
                self._is_exhaustive = False
                break
        if not found:
            found[_some_cover(groups)] = None
        told = self._places.told_to_come
        return sorted([(*told, *sorted(cover)) for cover in found], key=lambda cover: (len(cover), cover))

    def _plans(self, cover: tuple[int, ...], by_name: frozenset[int]) -> Iterator[Plan]:
        """Yield what can go beside a set of new terms: the fewest of the stale addresses after which none is stale."""
        places = self._places
        split = self._slot.directives
        shift = len(cover)
        terms = [*self.terms[:split], *[self.candidates[each].matched for each in cover], *self.terms[split:]]
        there = {place: place if place < split else place + shift for place in range(len(self.terms))}
        back = {value: key for key, value in there.items()}
        gone = {there[place] for place in places.leaving if place in there}
        named = {there[place] for place in by_name}
        if named and not is_harmless(terms, named, gone):
            return
        fixed = [there[place] for place in places.fixed]
        for stale in self._stale(terms, gone | named, fixed):
            if named and not is_harmless(terms, named | stale, gone, stale):
                continue
            going = places.leaving | by_name | {back[place] for place in stale}
            yield Plan(cover, going, by_name)

    def _stale(self, terms: Sequence[Matched], gone: set[int], fixed: list[int]) -> list[frozenset[int]]:
        """Return the smallest sets of addresses that can go, after which no more of them can."""
        loose = [place for place in fixed if is_harmless(terms, {place}, gone, {place})]
        sure = {place for place in loose if is_harmless(terms, {place}, gone.union(loose) - {place}, {place})}
        rest = [place for place in loose if place not in sure]
        gone = gone | sure
        if len(rest) > _MAX_LOOSE:
            self._is_exhaustive = False
            narrow = sorted(rest, key=lambda place: _width(terms[place]))
            fewest = min([_taken_out(terms, order, gone) for order in (narrow, narrow[::-1])], key=len)
            return [frozenset(sure | fewest)]
        for size in range(len(rest) + 1):
            found = [
                frozenset(sure | going)
                for going in map(set, combinations(rest, size))
                if is_harmless(terms, going, gone, going)
                and not any(
                    is_harmless(terms, going | {more}, gone, going | {more}) for more in rest if more not in going
                )
            ]
            if found:
                return found
        return [frozenset(sure)]

    def _lightened(self, covers: list[tuple[int, ...]]) -> list[Plan]:
        """Return plans that leave out terms by name as well, which others cover."""
        found: list[Plan] = []
        looked_at = 0
        by_name = self._places.by_name
        for size in range(1, len(by_name) + 1):
            for cover in covers:
                for named in combinations(by_name, size):
                    looked_at += 1
                    if looked_at > MAX_SETS:
                        self._is_exhaustive = False
                        return found
                    found += self._plans(cover, frozenset(named))
        return found

    def _lightest(self, covers: list[tuple[int, ...]], max_size: int) -> Steps[tuple[Plan, Verdict] | None]:
        """Return a plan where there are too many to try: terms go one by one, the last ones first, as far as needed."""
        for cover in covers[:_MAX_GREEDY]:
            chain: list[Plan] = []
            named: frozenset[int] = frozenset()
            for place in reversed(self._places.by_name):
                more = next(self._plans(cover, named | {place}), None)
                if more is not None:
                    named |= {place}
                    chain.append(more)
            best: tuple[Plan, Verdict] | None = None
            low, high = 0, len(chain)
            while low < high:
                middle = (low + high) // 2
                verdict = yield from self._judge(chain[middle], max_size)
                if verdict.shortfalls:
                    low = middle + 1
                else:
                    best, high = self._judged[-1], middle
            if best is not None:
                return best
        return None

    def _can_be_lightened(self) -> bool:
        """Whether some draft only fails by limits that leaving out more terms may help with."""
        return any({each.limit for each in verdict.shortfalls} <= _LIMITS for _, verdict in self._judged)

    def _best(self, plans: Iterable[Plan], max_size: int) -> Steps[tuple[Plan, Verdict] | None]:
        """Return the best of the smallest plans that keep every promise."""
        best: tuple[Plan, Verdict] | None = None
        for plan in sorted(plans, key=lambda plan: plan.changes):
            if best is not None and plan.changes > best[0].changes:
                break
            if len(self._judged) >= self.case.told.max_drafts:
                self._is_exhaustive = False
                break
            verdict = yield from self._judge(plan, max_size)
            if not verdict.shortfalls and (best is None or _cost(plan, verdict) < _cost(*best)):
                best = self._judged[-1]
        return best

    def _judge(self, plan: Plan, max_size: int) -> Steps[Verdict]:
        assert self.case.base.record is not None, "a record is searched for from one"
        directives = self.case.base.record.directives
        told = {directives[place].text for place in self._places.told_to_go}
        verdict = yield from judged(self.case, self.text(plan), self._wanted, told, max_size)
        self._judged.append((plan, verdict))
        return verdict


def _some_cover(groups: Iterable[Group]) -> frozenset[int]:
    """Return candidates that serve every group, and of which none is needless; they need not be the fewest."""
    chosen: set[int] = set()
    for group in groups:
        if not group & chosen:
            chosen.add(min(group))
    for each in sorted(chosen, reverse=True):
        if all(group & chosen != {each} for group in groups):
            chosen.discard(each)
    return frozenset(chosen)


def _taken_out(terms: Sequence[Matched], order: Iterable[int], gone: set[int]) -> set[int]:
    """Return the terms that can go together, those first in this order taken first."""
    going: set[int] = set()
    for place in order:
        if is_harmless(terms, going | {place}, gone, going | {place}):
            going.add(place)
    return going


def _cost(plan: Plan, verdict: Verdict) -> tuple[int, int, int, int]:
    """Return what one change is smaller than another by; where all is equal, fewer newly pass."""
    return plan.changes, verdict.lookups, len(verdict.text), verdict.after.address_count("pass")


def _distance(judged: tuple[Plan, Verdict]) -> tuple[int, int, int]:
    plan, verdict = judged
    worst = {Limit.PASSING, Limit.SENDERS} & {each.limit for each in verdict.shortfalls}
    over = sum(each.needed - each.allowed for each in verdict.shortfalls)
    return len(worst), over, plan.changes


def _width(each: Matched) -> int:
    """Return how many addresses a term matches."""
    return sum(last - first + 1 for spans in each.spans or ((), ()) for first, last in spans)
