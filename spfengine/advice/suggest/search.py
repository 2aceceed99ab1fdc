"""The search for the smallest change.

Every set of new terms that serves the wanted senders is combined with every set of terms that can be left out. Smaller
changes are tried first, until a draft keeps every promise.
"""

from collections.abc import Iterable, Iterator, Sequence, Set as AbstractSet
from dataclasses import dataclass
from itertools import combinations

from spfengine.advice.suggest.candidates import Candidate
from spfengine.advice.suggest.coverage import Coverage, Removable, is_harmless
from spfengine.advice.suggest.draft import DraftCheck, Slot, check_draft, draft_text
from spfengine.advice.suggest.request import Situation, Steps
from spfengine.advice.suggest.suggestion import Limit
from spfengine.senders import Sender

MAX_SETS = 5_000
"""How many sets of terms are examined; if there are more, the search is not exhaustive."""
_MAX_LOOSE = 12  # terms that can be left out for one another, up to which all their subsets are examined
_MAX_GREEDY = 3  # sets of new terms that are tried if there are too many to try all
_LIMITS = {Limit.LOOKUPS, Limit.VOID_LOOKUPS, Limit.SIZE}

Group = frozenset[int]
"""The candidates, by their indexes, that serve one sender."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A draft, before its text is written.

    Attributes:
        coming: indexes of the candidates that are added, in order.
        going: indexes of the directives that are removed.
        by_name: those of them that refer to a name, and are removed only to stay within the limits.
    """

    coming: tuple[int, ...]
    going: frozenset[int]
    by_name: frozenset[int] = frozenset()

    @property
    def changes(self) -> int:
        """How many terms are added and removed."""
        return len(self.coming) + len(self.going)


_Checked = tuple[Plan, DraftCheck]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The result of a search.

    Attributes:
        best: the smallest change that keeps every promise; None if there is none.
        closest: the draft that is closest to that, if none keeps every promise.
        others: drafts that were compiled and compared, and not chosen.
        drafts: how many drafts were compiled and compared.
        is_exhaustive: whether everything smaller was examined.
    """

    best: _Checked | None
    closest: _Checked | None
    others: tuple[_Checked, ...]
    drafts: int
    is_exhaustive: bool

    @property
    def loses(self) -> bool:
        """Whether the closest draft fails because addresses would stop passing."""
        return self.closest is not None and Limit.PASSING in self.closest[1].exceeded


class Search:
    """One search."""

    def __init__(
        self,
        situation: Situation,
        terms: Sequence[Coverage],
        removable: Removable,
        candidates: Sequence[Candidate],
        requested: tuple[int, ...],
        groups: Iterable[Group],
        spare_groups: Iterable[Group],
        wanted: Sequence[Sender],
        slot: Slot,
    ) -> None:
        """Prepare a search.

        Args:
            situation: the published record.
            terms: the directives of the record before its first `all`.
            removable: which of them may be left out.
            candidates: the terms that may be added.
            requested: indexes of the candidates that must be added.
            groups: for each sender that needs a new term, the candidates that serve it.
            spare_groups: the same for senders that an existing term matches, so that they may pass without a new one.
            wanted: the senders that must pass.
            slot: the position of new terms.
        """
        self.situation = situation
        self.terms = terms
        self.candidates = candidates
        self._removable = removable
        self._requested = requested
        self._groups = list(dict.fromkeys(groups))
        self._spare = [group for group in dict.fromkeys(spare_groups) if group not in self._groups]
        self._wanted = wanted
        self._slot = slot
        self._is_exhaustive = True
        self._checked: list[_Checked] = []

    def run(self, max_size: int) -> Steps[SearchResult]:
        """Return the smallest change, each draft compiled and compared."""
        covers: list[tuple[int, ...]] = []
        best = yield from self._with_new_terms(self._groups, covers, max_size)
        if best is None and self._spare:
            best = yield from self._with_new_terms(self._groups + self._spare, covers, max_size)
        if best is None and self._can_be_lightened():
            best = yield from self._best(self._lightened(covers), max_size)
            if best is None and not self._is_exhaustive:
                best = yield from self._lightest(covers, max_size)
        others = tuple([checked for checked in self._checked if checked is not best])
        closest = None if best is not None or not self._checked else min(self._checked, key=_distance)
        return SearchResult(best, closest, others, len(self._checked), self._is_exhaustive)

    def _with_new_terms(
        self, groups: list[Group], covers: list[tuple[int, ...]], max_size: int
    ) -> Steps[_Checked | None]:
        """Return the best plan that serves these groups; the sets of new terms that it tries are added to `covers`."""
        more = [cover for cover in self._covers(groups) if cover not in covers]
        covers += more
        plans = [plan for cover in more for plan in self._plans(cover, frozenset())]
        return (yield from self._best(plans, max_size))

    def text(self, plan: Plan) -> str:
        """Return the record of a plan."""
        record = self.situation.record
        going = [record.directives[index] for index in plan.going]
        return draft_text(record, going, [self.candidates[index].term for index in plan.coming], self._slot)

    def _covers(self, groups: list[Group]) -> list[tuple[int, ...]]:
        """Return the sets of candidates that serve these groups and have no needless member, small ones first."""
        covers: dict[frozenset[int], None] = {}
        pending: list[frozenset[int]] = [frozenset()]
        while pending:
            if len(covers) + len(pending) > MAX_SETS:
                self._is_exhaustive = False
                pending = pending[-1:]
            chosen = pending.pop()
            open_group = next((group for group in groups if not group & chosen), None)
            if open_group is None:
                if not any(_is_needless(index, chosen, groups) for index in chosen):
                    covers[chosen] = None
                continue
            pending += [chosen | {index} for index in sorted(open_group, reverse=True)]
            if len(covers) >= MAX_SETS:
                self._is_exhaustive = False
                break
        if not covers:
            covers[_some_cover(groups)] = None
        return sorted([(*self._requested, *sorted(cover)) for cover in covers], key=lambda cover: (len(cover), cover))

    def _plans(self, cover: tuple[int, ...], by_name: frozenset[int]) -> Iterator[Plan]:
        """Yield what can be removed along with adding a set of new terms.

        These are the smallest sets of stale addresses after whose removal no address is stale.
        """
        removable = self._removable
        split = self._slot.directives
        shift = len(cover)
        terms = [*self.terms[:split], *[self.candidates[index].coverage for index in cover], *self.terms[split:]]
        new_index = {index: index if index < split else index + shift for index in range(len(self.terms))}
        old_index = {new: old for old, new in new_index.items()}
        gone = {new_index[index] for index in removable.leaving if index in new_index}
        named = {new_index[index] for index in by_name}
        if named and not is_harmless(terms, named, gone):
            return
        addresses = [new_index[index] for index in removable.addresses]
        for stale in self._stale(terms, gone | named, addresses):
            going = removable.leaving | by_name | {old_index[index] for index in stale}
            yield Plan(cover, going, by_name)

    def _stale(self, terms: Sequence[Coverage], gone: set[int], addresses: list[int]) -> list[frozenset[int]]:
        """Return the smallest sets of addresses that can be removed so that no more of them can."""
        loose = [index for index in addresses if _can_go(terms, {index}, gone)]
        certain = {index for index in loose if _can_go(terms, {index}, gone.union(loose) - {index})}
        rest = [index for index in loose if index not in certain]
        gone = gone | certain
        if len(rest) > _MAX_LOOSE:
            self._is_exhaustive = False
            narrow = sorted(rest, key=lambda index: terms[index].count or 0)
            fewest = min([_removed_in_order(terms, order, gone) for order in (narrow, narrow[::-1])], key=len)
            return [frozenset(certain | fewest)]
        for size in range(len(rest) + 1):
            smallest = [
                frozenset(certain | going)
                for going in map(set, combinations(rest, size))
                if _can_go(terms, going, gone) and not _can_more_go(terms, going, gone, rest)
            ]
            if smallest:
                return smallest
        return [frozenset(certain)]

    def _lightened(self, covers: list[tuple[int, ...]]) -> list[Plan]:
        """Return plans that also leave out terms that refer to a name and that others cover."""
        plans: list[Plan] = []
        examined = 0
        by_name = self._removable.by_name
        for size in range(1, len(by_name) + 1):
            for cover in covers:
                for named in combinations(by_name, size):
                    examined += 1
                    if examined > MAX_SETS:
                        self._is_exhaustive = False
                        return plans
                    plans += self._plans(cover, frozenset(named))
        return plans

    def _lightest(self, covers: list[tuple[int, ...]], max_size: int) -> Steps[_Checked | None]:
        """Return a plan if there are too many to try: terms are removed one by one from the end, as few as needed."""
        for cover in covers[:_MAX_GREEDY]:
            chain: list[Plan] = []
            named: frozenset[int] = frozenset()
            for index in reversed(self._removable.by_name):
                plan = next(self._plans(cover, named | {index}), None)
                if plan is not None:
                    named |= {index}
                    chain.append(plan)
            best: _Checked | None = None
            low, high = 0, len(chain)
            while low < high:
                middle = (low + high) // 2
                check = yield from self._check(chain[middle], max_size)
                if check.shortfalls:
                    low = middle + 1
                else:
                    best, high = self._checked[-1], middle
            if best is not None:
                return best
        return None

    def _can_be_lightened(self) -> bool:
        """Whether some draft only exceeds limits that removing more terms may help with."""
        return any(check.exceeded <= _LIMITS for _, check in self._checked)

    def _best(self, plans: Iterable[Plan], max_size: int) -> Steps[_Checked | None]:
        """Return the best of the smallest plans that keep every promise."""
        best: _Checked | None = None
        for plan in sorted(plans, key=lambda plan: plan.changes):
            if best is not None and plan.changes > best[0].changes:
                break
            if len(self._checked) >= self.situation.request.max_drafts:
                self._is_exhaustive = False
                break
            check = yield from self._check(plan, max_size)
            if not check.shortfalls and (best is None or _cost(plan, check) < _cost(*best)):
                best = self._checked[-1]
        return best

    def _check(self, plan: Plan, max_size: int) -> Steps[DraftCheck]:
        directives = self.situation.record.directives
        dropped = {directives[index].text for index in self._removable.dropped}
        check = yield from check_draft(self.situation, self.text(plan), self._wanted, dropped, max_size)
        self._checked.append((plan, check))
        return check


def _some_cover(groups: Sequence[Group]) -> frozenset[int]:
    """Return candidates that serve every group, none of them needless, though not necessarily as few as possible."""
    chosen: set[int] = set()
    for group in groups:
        if not group & chosen:
            chosen.add(min(group))
    for index in sorted(chosen, reverse=True):
        if _is_needless(index, chosen, groups):
            chosen.discard(index)
    return frozenset(chosen)


def _is_needless(index: int, chosen: AbstractSet[int], groups: Iterable[Group]) -> bool:
    """Whether the other chosen candidates serve every group too."""
    return all(group & chosen != {index} for group in groups)


def _removed_in_order(terms: Sequence[Coverage], order: Iterable[int], gone: set[int]) -> set[int]:
    """Return terms that can be removed together, chosen greedily in this order."""
    going: set[int] = set()
    for index in order:
        if _can_go(terms, going | {index}, gone):
            going.add(index)
    return going


def _can_go(terms: Sequence[Coverage], going: set[int], gone: set[int]) -> bool:
    """Whether addresses can be removed together, because terms whose owner is known cover them."""
    return is_harmless(terms, going, gone, going)


def _can_more_go(terms: Sequence[Coverage], going: set[int], gone: set[int], rest: Iterable[int]) -> bool:
    return any(_can_go(terms, going | {index}, gone) for index in rest if index not in going)


def _cost(plan: Plan, check: DraftCheck) -> tuple[int, int, int, int]:
    """Return the key by which one change is smaller than another; the last criterion is that fewer addresses pass."""
    return plan.changes, check.lookups, len(check.text), check.after.address_count("pass")


def _distance(checked: _Checked) -> tuple[int, int, int]:
    """Return how far a draft is from keeping every promise."""
    plan, check = checked
    worst = {Limit.PASSING, Limit.SENDERS} & check.exceeded
    over = sum(shortfall.needed - shortfall.allowed for shortfall in check.shortfalls)
    return len(worst), over, plan.changes
