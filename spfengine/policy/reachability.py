"""Which directives of a record can decide at all, and which say what others say already.

Each directive is compiled alone, as a record of its own, to the addresses that it matches; what covers what is then
arithmetic on sets of addresses. Directives that depend on more than the address are left out of it.
"""

from bisect import bisect_right
from collections.abc import Generator, Iterator
from enum import StrEnum
from typing import NamedTuple

from spfengine.addresses import V4, V6
from spfengine.answers import Answer, Question, RRType
from spfengine.evaluation.limits import Limits
from spfengine.evaluation.session import Answers
from spfengine.policy.budget import LIFTED
from spfengine.policy.compile import Inputs, Tiles, tile, tile_range
from spfengine.policy.include_tree import redirect_chain
from spfengine.policy.ranges import Spans, difference, intersection, size, union
from spfengine.problems import Result
from spfengine.record import grammar
from spfengine.record.model import All, Directive, Record, same_term


class Reason(StrEnum):
    """Why a directive can never decide."""

    AFTER_ALL = "after-all"
    COVERED = "covered"
    """Directives before it match every address that it would match."""
    EMPTY = "empty"
    """It matches no address: its names lead nowhere, or its include never gives pass."""


class Unreachable(NamedTuple):
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


class Covered(NamedTuple):
    """A directive that could be left out: every client would get the same result from others of its qualifier.

    Attributes:
        domain: the domain whose record holds it.
        directive: the directive.
        by: the others that together cover it.
    """

    domain: str
    directive: Directive
    by: tuple[Directive, ...]


class Overlap(NamedTuple):
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


class Reachability(NamedTuple):
    """What is known of the directives of a domain's record, and of those that it redirects to.

    Attributes:
        unreachable: directives that can never decide.
        covered: directives that can decide, but could be left out for what others say.
        overlaps: pairs that match some of the same addresses, one not covering the other.
        unknown: directives that depend on more than the address, or that DNS could not answer for.
    """

    unreachable: tuple[Unreachable, ...]
    covered: tuple[Covered, ...]
    overlaps: tuple[Overlap, ...]
    unknown: tuple[tuple[str, Directive], ...]


class _Matched(NamedTuple):
    """A directive, and the addresses of each family that it matches; none if that is not known, and `is_known` false.

    `decides` is whether it can decide at all: it matches addresses that no directive before it matches.
    """

    directive: Directive
    spans: tuple[Spans, Spans]
    is_known: bool = True
    decides: bool = True


def reachability(inputs: Inputs, answers: Answers) -> Generator[Question, Answer, Reachability]:
    """Return what is known of the directives of a domain's record, and of those that it redirects to.

    Args:
        answers: what DNS said so far; what is asked is added.
    """
    unreachable: list[Unreachable] = []
    covered: list[Covered] = []
    overlaps: list[Overlap] = []
    unknown: list[tuple[str, Directive]] = []
    for domain, record in (yield from redirect_chain(inputs.domain, answers)):
        directives = list(record.directives)
        end = next((index for index, term in enumerate(directives) if isinstance(term, All)), len(directives))
        unreachable += [Unreachable(domain, term, Reason.AFTER_ALL, ()) for term in directives[end + 1 :]]
        matched: list[_Matched] = []
        for directive in directives[:end]:
            spans = yield from matched_alone(inputs, domain, directive, answers)
            if spans is None:
                unknown.append((domain, directive))
            matched.append(_Matched(directive, spans or ([], []), is_known=spans is not None))
        found, matched = _unreachable(domain, matched)
        unreachable += found
        for each in _covered(domain, matched):
            can_go = yield from _can_go(inputs, record, each, matched, answers)
            if can_go:
                covered.append(each)
        overlaps += _overlaps(domain, [each for each in matched if each.decides])
    return Reachability(tuple(unreachable), tuple(covered), tuple(overlaps), tuple(unknown))


def matched_alone(
    inputs: Inputs, domain: str, directive: Directive, answers: Answers
) -> Generator[Question, Answer, tuple[Spans, Spans] | None]:
    """Return the addresses that a directive matches when it is alone in a record; None if that is not known."""
    alone = "v=spf1 " + directive.text.lstrip("+-?~")
    lifted = inputs.at(domain).with_limits(Limits(LIFTED, LIFTED, inputs.limits.void_rule, inputs.limits.names, None))
    known = {**answers, Question(domain, RRType.TXT).key: Answer.txt(alone)}
    found: list[Spans] = []
    for family in (V4, V6):
        # No step for conditional ranges: with one of them the answer is None, whatever its tree is.
        starts, outcomes, _ = yield from tile(lifted, family, known, max_steps=0)
        answers.update({key: answer for key, answer in known.items() if key not in answers})
        if any(outcome.result in (None, Result.TEMPERROR) for outcome in outcomes):
            return None
        lasts = [start - 1 for start in starts[1:]] + [family.last]
        found.append([(s, e) for s, e, o in zip(starts, lasts, outcomes, strict=True) if o.result is Result.PASS])
    return union(found[0]), union(found[1])


def _unreachable(domain: str, matched: list[_Matched]) -> tuple[list[Unreachable], list[_Matched]]:
    """Return the directives that can't decide, and all directives, each with whether it can."""
    found = []
    marked: list[_Matched] = []
    before: list[_Matched] = []
    taken: tuple[Spans, Spans] = ([], [])
    for each in matched:
        if not each.is_known:
            marked.append(each)
        elif not (each.spans[0] or each.spans[1]):
            found.append(Unreachable(domain, each.directive, Reason.EMPTY, ()))
            marked.append(each._replace(decides=False))
        elif not (difference(each.spans[0], taken[0]) or difference(each.spans[1], taken[1])):
            found.append(Unreachable(domain, each.directive, Reason.COVERED, _touching(each, before)))
            marked.append(each._replace(decides=False))
        else:
            before.append(each)
            taken = (union(taken[0], each.spans[0]), union(taken[1], each.spans[1]))
            marked.append(each)
    return found, marked


def _covered(domain: str, matched: list[_Matched]) -> Iterator[Covered]:
    """Yield the directives whose addresses others after them match, and all with the same qualifier."""
    for index, each in enumerate(matched):
        if each.is_known and each.decides:
            by = _until_covered(each, matched[index + 1 :])
            if by is not None:
                yield Covered(domain, each.directive, by)


def _until_covered(each: _Matched, after: list[_Matched]) -> tuple[Directive, ...] | None:
    """Return the directives that would decide for the addresses of one if it were left out.

    None if one of them has another qualifier, or is not known, or if some addresses would be left.
    """
    left = each.spans
    by = []
    for other in after:
        if same_term(other.directive, each.directive):
            continue  # it would be left out too
        if not other.is_known:
            return None
        if intersection(left[0], other.spans[0]) or intersection(left[1], other.spans[1]):
            if other.directive.qualifier != each.directive.qualifier:
                return None  # also if it decides nothing today: it would then
            if not other.decides:
                continue  # nothing should be left out for a term that is itself to be taken out
            by.append(other.directive)
            left = (difference(left[0], other.spans[0]), difference(left[1], other.spans[1]))
            if not (left[0] or left[1]):
                return tuple(by)
    return None


def _can_go(
    inputs: Inputs, record: Record, covered: Covered, matched: list[_Matched], answers: Answers
) -> Generator[Question, Answer, bool]:
    """Return whether every client of a covered directive gets the same result without it.

    What it matches is what decides that, but not alone: the way to the directives that cover it may be over a limit, or
    end in an error of DNS. So both records are evaluated for these addresses.
    """
    spans = next(each.spans for each in matched if each.directive is covered.directive)
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
        old = before.outcomes[bisect_right(before.starts, start) - 1]
        new = after.outcomes[bisect_right(after.starts, start) - 1]
        if old.is_incomplete or new.is_incomplete:
            return False
        if old.result is not Result.PERMERROR and old.meaning() != new.meaning():
            return False
    return True


def _touching(each: _Matched, others: list[_Matched]) -> tuple[Directive, ...]:
    return tuple(other.directive for other in others if _common(each, other))


def _common(left: _Matched, right: _Matched) -> int:
    """Return how many addresses two directives both match."""
    return sum(size(intersection(left.spans[family], right.spans[family])) for family in (0, 1))


_MOST_PAIRED = 300  # directives of one record that are compared pair by pair


def _overlaps(domain: str, matched: list[_Matched]) -> list[Overlap]:
    found = []
    for place, first in enumerate(matched[:_MOST_PAIRED]):
        for second in matched[place + 1 : _MOST_PAIRED]:
            common = _common(first, second)
            if common:
                found.append(Overlap(domain, first.directive, second.directive, common))
    return found
