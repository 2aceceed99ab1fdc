"""Which directives of a record can decide at all, and which could be left out.

Each directive is compiled alone, as the only one of a record, to the addresses that it matches. What covers what is
then arithmetic on sets of addresses. Directives that depend on more than the address are left out of it.
"""

from bisect import bisect_right
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from itertools import accumulate

from spfengine.addresses import V4, V6, locate, network_range
from spfengine.answers import Answer, Question, RRType
from spfengine.evaluation.check_host import answer_with
from spfengine.evaluation.limits import lifted
from spfengine.evaluation.session import Answers
from spfengine.policy.compile import Tiles, tile, tile_range
from spfengine.policy.include_tree import redirect_chain
from spfengine.policy.inputs import Inputs
from spfengine.policy.outcome import Outcome
from spfengine.policy.ranges import (
    MAPPED_FIRST,
    MAPPED_LAST,
    SpanIndex,
    Spans,
    SpanSet,
    common_sizes,
    difference,
    intersection,
)
from spfengine.problems import ProblemCode, Result
from spfengine.record import grammar
from spfengine.record.model import IP4, All, Directive, Include, Network, Record, Term, same_term
from spfengine.record.parser import parse_term
from spfengine.visible import short_repr


class Reason(StrEnum):
    """Why a directive can never decide."""

    AFTER_ALL = "after-all"
    COVERED = "covered"
    """Directives before it match every address that it would match."""
    EMPTY = "empty"
    """It matches no address: its names lead nowhere, or its include never gives pass."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A directive that can never decide.

    Attributes:
        domain: the domain whose record holds it.
        directive: the directive.
        reason: why.
        by: the directives before it that cover it.
    """

    domain: str
    directive: Directive
    reason: Reason
    by: tuple[Directive, ...]

    def __repr__(self) -> str:
        return short_repr(self, ("domain", "directive", "reason", "by"))


@dataclass(frozen=True, slots=True)
class Covered:
    """A directive that could be left out: every client would get the same result from others of its qualifier.

    Attributes:
        domain: the domain whose record holds it.
        directive: the directive.
        by: the others that together cover it.
    """

    domain: str
    directive: Directive
    by: tuple[Directive, ...]

    def __repr__(self) -> str:
        return short_repr(self, ("domain", "directive", "by"))


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two directives of one record that match some of the same addresses.

    Attributes:
        domain: the domain whose record holds them.
        first, second: the directives, in order.
        addresses: how many addresses both match.
    """

    domain: str
    first: Directive
    second: Directive
    addresses: int

    def __repr__(self) -> str:
        return short_repr(self, ("domain", "first", "second", "addresses"))


@dataclass(frozen=True, slots=True)
class Reachability:
    """What is known of the directives of a domain's record, and of the records that it redirects to.

    Attributes:
        unreachable: directives that can never decide.
        covered: directives that can decide, but could be left out, because others decide the same. They are not looked
            for to the end of a record that matches tens of thousands of ranges again and again.
        overlaps: pairs that match some of the same addresses, where neither covers the other; of the first 300
            directives of a record, and of fewer if they match tens of thousands of ranges.
        unknown: directives that depend on more than the address, or that DNS could not answer for; with their domains.
    """

    unreachable: tuple[Unreachable, ...]
    covered: tuple[Covered, ...]
    overlaps: tuple[Overlap, ...]
    unknown: tuple[tuple[str, Directive], ...]

    def __repr__(self) -> str:
        return (
            f"<Reachability: {len(self.unreachable)} unreachable, {len(self.covered)} covered, "
            f"{len(self.overlaps)} overlaps, {len(self.unknown)} unknown>"
        )


_MOST_PAIRED = 300  # directives of one record that are compared pair by pair
_MOST_STEPS = 1 << 21  # of comparing directives: for each range of addresses of one, one for each of the others


@dataclass(frozen=True, slots=True)
class _Matched:
    """A directive, and the addresses of each family that it matches; none if that is not known, and `is_known` false.

    `decides` is whether it can decide at all: it matches addresses that no directive before it matches.
    """

    directive: Directive
    spans: tuple[Spans, Spans]
    is_known: bool = True
    decides: bool = True


class _Index:
    """Finds the directives of a record that match some of the same addresses as one of them.

    Those that match the same addresses are one group, of which only the first can decide: a record may repeat a
    directive thousands of times.
    """

    def __init__(self, matched: list[_Matched]) -> None:
        self._matched = matched
        self._deciding: dict[int, list[int]] = {}

    @cached_property
    def is_disjoint(self) -> bool:
        """Whether no two of them match some of the same addresses; False if a directive is repeated."""
        sets = {id(each.spans): each.spans for each in self._matched}
        if len(sets) < len(self._matched):
            return False
        return len(sets) < 2 or all(
            SpanIndex([each[family] for each in sets.values()]).is_disjoint for family in (0, 1)
        )

    @cached_property
    def _groups(self) -> list[dict[str, list[int]]]:
        """The numbers of the directives of each group, by their qualifier."""
        groups: list[dict[str, list[int]]] = [{} for _ in self._firsts]
        for number, each in enumerate(self._matched):
            groups[self._group_of[number]].setdefault(each.directive.qualifier, []).append(number)
        return groups

    @cached_property
    def _group_of(self) -> list[int]:
        """The group of each directive."""
        by_spans: dict[tuple[tuple[tuple[int, int], ...], ...], int] = {}
        known: dict[int, int] = {}  # by the object, which a directive that is written again shares
        for each in self._matched:
            if id(each.spans) not in known:
                key = tuple(each.spans[0]), tuple(each.spans[1])
                known[id(each.spans)] = by_spans.setdefault(key, len(by_spans))
        return [known[id(each.spans)] for each in self._matched]

    @cached_property
    def _firsts(self) -> list[int]:
        """The number of the first directive of each group."""
        firsts: dict[int, int] = {}
        for number, group in enumerate(self._group_of):
            firsts.setdefault(group, number)
        return list(firsts.values())

    @cached_property
    def _families(self) -> list[SpanIndex]:
        spans = [self._matched[first].spans for first in self._firsts]
        return [SpanIndex([each[family] for each in spans]) for family in (0, 1)]

    def deciding(self, number: int) -> list[int]:
        """Return the numbers, in order, of those that may decide what one matches: the first of each group."""
        group = self._group_of[number]
        if group not in self._deciding:
            self._deciding[group] = sorted(self._firsts[other] for other in self._touching(group))
        return self._deciding[group]

    def after(self, number: int) -> list[int]:
        """Return the numbers of the next ones of each group with addresses in common, one for each qualifier."""
        after = (
            _first_after(number, numbers, -1)
            for group in self._touching(self._group_of[number])
            for numbers in self._groups[group].values()
        )
        return sorted(found for found in after if found >= 0)

    def _touching(self, group: int) -> set[int]:
        spans = self._matched[self._firsts[group]].spans
        return self._families[0].touching(spans[0]) | self._families[1].touching(spans[1])


def reachability(
    inputs: Inputs, answers: Answers, kept: "KeptAlone | None" = None, *, overlapping: bool = True
) -> Generator[Question, Answer, Reachability]:
    """Return what is known of the directives of a domain's record, and of the records that it redirects to.

    Args:
        answers: what DNS has answered so far; new answers are added.
        kept: what directives match alone, as far as that is known; new ones are added.
        overlapping: whether to compare directives pair by pair; if not, `overlaps` is left empty.
    """
    kept = {} if kept is None else kept
    unreachable: list[Unreachable] = []
    covered: list[Covered] = []
    overlaps: list[Overlap] = []
    unknown: list[tuple[str, Directive]] = []
    for domain, record in (yield from redirect_chain(inputs.domain, answers)):
        reached, after_all = _split_at_all(record)
        matched = yield from _matched(inputs, domain, reached, answers, kept)
        unknown += [(domain, each.directive) for each in matched if not each.is_known]
        index = _Index(matched)
        found, matched = _unreachable(domain, matched, index)
        unreachable += [Unreachable(domain, directive, Reason.AFTER_ALL, ()) for directive in after_all]
        unreachable += found
        covered += yield from _covered(inputs, domain, record, matched, index, answers)
        if overlapping:
            overlaps += _overlaps(domain, [each for each in matched if each.decides])
    return Reachability(tuple(unreachable), tuple(covered), tuple(overlaps), tuple(unknown))


def _matched(
    inputs: Inputs, domain: str, directives: list[Directive], answers: Answers, kept: "KeptAlone"
) -> Generator[Question, Answer, list[_Matched]]:
    matched: list[_Matched] = []
    for directive in directives:
        if isinstance(directive, Network):
            matched.append(_Matched(directive, network_spans(directive)))
        else:
            alone = yield from _kept_alone(inputs, domain, directive, answers, kept)
            matched.append(_Matched(directive, alone.spans, alone.is_known))
    return matched


def _split_at_all(record: Record) -> tuple[list[Directive], list[Directive]]:
    """Return the directives of a record before its first `all`, and those after it."""
    directives = list(record.directives)
    index = next((i for i, directive in enumerate(directives) if isinstance(directive, All)), len(directives))
    return directives[:index], directives[index + 1 :]


@dataclass(frozen=True, slots=True)
class Alone:
    """What a directive matches if it is the only one of a record, under limits that it can't exceed.

    Attributes:
        spans: the addresses that it matches, of IPv4 and of IPv6; empty if `is_known` is false.
        outcomes: the outcomes of that record; none for `ip4` and `ip6`, and for an include of which the survey knows
            what it matches: these are not evaluated.
        is_known: whether all outcomes are certain, and DNS answered everything.
    """

    spans: tuple[Spans, Spans]
    outcomes: tuple[Outcome, ...]
    is_known: bool

    @property
    def outside(self) -> str | None:
        """Why the addresses are not known, in words, if a name is not in the files given, or if an mx leads to too many
        hosts; else None.
        """
        problems = [outcome.problem for outcome in self.outcomes if outcome.is_unknown or _has_too_many_hosts(outcome)]
        return problems[0].text if problems and problems[0] is not None else None


def network_spans(term: Network) -> tuple[Spans, Spans]:
    """Return the addresses of both families that an ip4 or ip6 matches; no client has a mapped one (RFC 7208 §5)."""
    first, last = network_range(term.family, term.network, term.prefix)
    if isinstance(term, IP4):
        return [(first, last)], []
    is_mapped = first >= MAPPED_FIRST and last <= MAPPED_LAST
    return [], ([] if is_mapped else [(first, last)])


def evaluate_alone(inputs: Inputs, domain: str, term: Term, answers: Answers) -> Generator[Question, Answer, Alone]:
    """Return what a directive of the record of a domain matches alone.

    Args:
        answers: what DNS has answered so far; new answers are added. The record of the domain is not asked for.
    """
    if isinstance(term, Network):  # as compiling would say
        return Alone(network_spans(term), (), is_known=True)
    if isinstance(term, Include) and term.domain_spec.target and inputs.includes is not None:
        shared = yield from inputs.includes.matched(inputs, term.domain_spec.target, answers)
        if shared is not None:
            return Alone(shared, (), is_known=True)
    alone = inputs.at(domain).with_limits(lifted(inputs.limits))
    key = Question(domain, RRType.TXT).key
    own = answers.get(key)
    answers[key] = answer_with(_record_of(term))  # put back below: a copy costs more
    spans: list[Spans] = []
    outcomes: list[Outcome] = []
    is_known = True
    try:
        for family in (V4, V6):
            # Conditional ranges get no steps: that there is one says enough, whatever its tree is.
            tiles = yield from tile(alone, family, answers, max_steps=0, paths=False)
            spans.append(tiles.spans(family, Result.PASS))
            outcomes += tiles.outcomes
            is_known = not any(map(_is_open, outcomes))
            if not is_known:
                break
    finally:
        if own is None:
            del answers[key]
        else:
            answers[key] = own
    return Alone((spans[0], spans[1]) if is_known else ([], []), tuple(outcomes), is_known)


def _record_of(term: Term) -> Record:
    """Return the record of one term, without its qualifier."""
    if isinstance(term, Directive) and term.qualifier != "+":
        plain = parse_term(term.text[1:])
        assert plain is not None, "a term is valid without its qualifier"
        term = plain
    return Record(f"{grammar.VERSION} {term.text}", (term,))


KeptAlone = dict[tuple[str, str], Alone]
"""What directives match alone, by the domain of the record and by the directive without its qualifier.

It is true of one set of inputs and answers only."""


def _kept_alone(
    inputs: Inputs, domain: str, directive: Directive, answers: Answers, kept: KeptAlone
) -> Generator[Question, Answer, Alone]:
    """Return what `evaluate_alone` returns, evaluated once."""
    key = domain, directive.text.lstrip("+-?~")
    if key not in kept:
        kept[key] = yield from evaluate_alone(inputs, domain, directive, answers)
    return kept[key]


def _is_open(outcome: Outcome) -> bool:
    """Whether an outcome does not say what a directive matches. An mx with too many hosts was meant to match them."""
    return _has_too_many_hosts(outcome) or outcome.result in (None, Result.TEMPERROR)


def _has_too_many_hosts(outcome: Outcome) -> bool:
    return outcome.problem is not None and outcome.problem.code is ProblemCode.TOO_MANY_MX


def matched_alone(
    inputs: Inputs, domain: str, directive: Directive, answers: Answers, kept: KeptAlone | None = None
) -> Generator[Question, Answer, tuple[Spans, Spans] | None]:
    """Return the addresses that a directive matches alone; None if that depends on more, or DNS could not answer.

    Args:
        answers, kept: as for `reachability`.
    """
    alone = yield from _kept_alone(inputs, domain, directive, answers, {} if kept is None else kept)
    return alone.spans if alone.is_known else None


def _unreachable(domain: str, matched: list[_Matched], index: _Index) -> tuple[list[Unreachable], list[_Matched]]:
    """Return the directives that can't decide, and all directives, each with whether it can."""
    found = []
    marked: list[_Matched] = []
    taken = SpanSet(), SpanSet()
    seen: set[int] = set()  # the spans that are taken as a whole, which a directive that is written again shares
    for number, each in enumerate(matched):
        if not each.is_known:
            marked.append(each)
        elif not (each.spans[0] or each.spans[1]):
            found.append(Unreachable(domain, each.directive, Reason.EMPTY, ()))
            marked.append(replace(each, decides=False))
        elif id(each.spans) in seen or all(map(SpanSet.has_all, taken, each.spans)):
            by = tuple([matched[i].directive for i in index.deciding(number) if i < number and marked[i].decides])
            found.append(Unreachable(domain, each.directive, Reason.COVERED, by))
            marked.append(replace(each, decides=False))
        else:
            taken[0].add(each.spans[0])
            taken[1].add(each.spans[1])
            seen.add(id(each.spans))
            marked.append(each)
    return found, marked


def _covered(
    inputs: Inputs, domain: str, record: Record, matched: list[_Matched], index: _Index, answers: Answers
) -> Generator[Question, Answer, list[Covered]]:
    """Return the directives that others after them, all of the same qualifier, make superfluous."""
    covered: list[Covered] = []
    if index.is_disjoint:
        return covered
    asking = [number for number, each in enumerate(matched) if not isinstance(each.directive, Network)]
    for number, by in _covering(matched, index):
        found = Covered(domain, matched[number].directive, tuple([matched[i].directive for i in by]))
        # With nothing but networks between the two, no lookup can exceed a limit or fail.
        only_networks = by[-1] < _first_after(number, asking, len(matched))
        if only_networks or (yield from _can_be_left_out(inputs, record, found, matched[number].spans, answers)):
            covered.append(found)
    return covered


def _covering(matched: list[_Matched], index: _Index) -> Iterator[tuple[int, list[int]]]:
    """Yield the number of each directive whose addresses others after it match, with the numbers of those."""
    unknown = [number for number, each in enumerate(matched) if not each.is_known]
    steps = 0
    for number in _matched_later(matched):
        end = _first_after(number, unknown, len(matched))  # what an unknown one matches is not known
        after = index.after(number)
        steps += len(after) * sum(map(len, matched[number].spans))
        if steps > _MOST_STEPS:
            return
        by = _until_covered(matched, number, [i for i in after if i < end])
        if by is not None:
            yield number, by


def _matched_later(matched: list[_Matched]) -> list[int]:
    """Return the numbers of directives that decide, and whose addresses those after them match: it takes less than to
    find out which ones do.
    """
    later = SpanSet(), SpanSet()
    found = []
    for number, each in reversed(list(enumerate(matched))):
        if each.is_known and each.decides and all(map(SpanSet.has_all, later, each.spans)):
            found.append(number)
        for family in (0, 1):
            later[family].add(each.spans[family])
    return found[::-1]


def _first_after(number: int, numbers: list[int], otherwise: int) -> int:
    """Return the first of these sorted numbers that is greater than one."""
    index = bisect_right(numbers, number)
    return numbers[index] if index < len(numbers) else otherwise


def _until_covered(matched: list[_Matched], number: int, after: list[int]) -> list[int] | None:
    """Return the numbers of the directives that would decide for the addresses of one if it were left out.

    None if one of them has another qualifier, or if some addresses would be left.

    Args:
        after: the numbers of the directives after it that match some of its addresses.
    """
    each = matched[number]
    left = each.spans
    by = []
    for other_number in after:
        other = matched[other_number]
        if same_term(other.directive, each.directive):
            continue  # it would be left out too
        if intersection(left[0], other.spans[0]) or intersection(left[1], other.spans[1]):
            if other.directive.qualifier != each.directive.qualifier:
                return None  # also if it decides nothing today: it would then
            if not other.decides:
                continue  # nothing should be left out for a term that is itself to be taken out
            by.append(other_number)
            left = (difference(left[0], other.spans[0]), difference(left[1], other.spans[1]))
            if not (left[0] or left[1]):
                return by
    return None


def _can_be_left_out(
    inputs: Inputs, record: Record, covered: Covered, spans: tuple[Spans, Spans], answers: Answers
) -> Generator[Question, Answer, bool]:
    """Return whether every client of a covered directive gets the same result without it.

    What the directives match is not enough to know that: evaluating those that cover it may exceed a limit, or end in a
    DNS error. So both records are evaluated for its addresses.
    """
    kept = [term.text for term in record.terms if not same_term(term, covered.directive)]
    without = {**answers, Question(covered.domain, RRType.TXT).key: Answer.txt(" ".join([grammar.VERSION, *kept]))}
    for family, own in zip((V4, V6), spans, strict=True):
        for first, last in own:
            before = yield from tile_range(inputs, family, answers, first, last)
            after = yield from tile_range(inputs, family, without, first, last)
            answers.update({key: answer for key, answer in without.items() if key not in answers})
            if not _is_same(before, after):
                return False
    return True


def _is_same(before: Tiles, after: Tiles) -> bool:
    """Whether each address has the same result in both, but for those that have permerror before."""
    if not (before.is_whole and after.is_whole):
        return False
    for start in sorted({*before.starts, *after.starts}):
        old = before.outcomes[locate(before.starts, start) - 1]
        new = after.outcomes[locate(after.starts, start) - 1]
        if old.is_incomplete or new.is_incomplete:
            return False
        if old.result is not Result.PERMERROR and old.meaning() != new.meaning():
            return False
    return True


def _overlaps(domain: str, matched: list[_Matched]) -> list[Overlap]:
    ranges = accumulate(len(each.spans[0]) + len(each.spans[1]) for each in matched[:_MOST_PAIRED])
    paired = [
        each for number, (each, total) in enumerate(zip(matched, ranges, strict=False)) if number * total <= _MOST_STEPS
    ]
    sizes = common_sizes([each.spans[0] for each in paired])
    for pair, common in common_sizes([each.spans[1] for each in paired]).items():
        sizes[pair] = sizes.get(pair, 0) + common
    return [
        Overlap(domain, paired[first].directive, paired[second].directive, common)
        for (first, second), common in sorted(sizes.items())
    ]
