"""Which directives of a record can decide at all, and which say what others say already.

Each directive is compiled alone, as a record of its own, to the addresses that it matches; what covers what is then
arithmetic on sets of addresses. Directives that rest on more than the address are left out of it.
"""

from collections.abc import Generator
from enum import StrEnum
from typing import NamedTuple

from spfengine.addresses import V4, V6
from spfengine.answers import Answer, Question, RRType
from spfengine.evaluation.check_host import select_record
from spfengine.evaluation.limits import Limits
from spfengine.evaluation.session import Answers
from spfengine.policy.budget import LIFTED
from spfengine.policy.compile import Inputs, tile
from spfengine.policy.ranges import Spans, difference, intersection, size, union
from spfengine.problems import Result
from spfengine.record.model import All, Directive, Record


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
    """A directive that says nothing that others of the same qualifier, before or behind it, do not say.

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
        unknown: directives that rest on more than the address, or that DNS could not answer for.
    """

    unreachable: tuple[Unreachable, ...]
    covered: tuple[Covered, ...]
    overlaps: tuple[Overlap, ...]
    unknown: tuple[tuple[str, Directive], ...]


class _Matched(NamedTuple):
    directive: Directive
    spans: tuple[Spans, Spans]  # IPv4, IPv6


def reachability(inputs: Inputs, answers: Answers) -> Generator[Question, Answer, Reachability]:
    """Return what is known of the directives of a domain's record, and of those that it redirects to.

    Args:
        answers: what DNS said so far; what is asked is added.
    """
    unreachable: list[Unreachable] = []
    covered: list[Covered] = []
    overlaps: list[Overlap] = []
    unknown: list[tuple[str, Directive]] = []
    domain = inputs.domain
    seen: set[str] = set()
    while domain not in seen:
        seen.add(domain)
        record = yield from _record(domain, answers)
        if record is None:
            break
        matched: list[_Matched] = []
        after_all = False
        for directive in record.directives:
            if after_all:
                unreachable.append(Unreachable(domain, directive, Reason.AFTER_ALL, ()))
                continue
            if isinstance(directive, All):
                after_all = True
                continue
            spans = yield from matched_alone(inputs, domain, directive, answers)
            if spans is None:
                unknown.append((domain, directive))
            else:
                matched.append(_Matched(directive, spans))
        unreachable += _unreachable(domain, matched)
        alive = [each for each in matched if each.directive not in [found.directive for found in unreachable]]
        covered += _covered(domain, alive)
        overlaps += _overlaps(domain, alive)
        if record.redirect is None or record.redirect.value.target is None:
            break
        domain = record.redirect.value.target
    return Reachability(tuple(unreachable), tuple(covered), tuple(overlaps), tuple(unknown))


def _record(domain: str, answers: Answers) -> Generator[Question, Answer, Record | None]:
    question = Question(domain, RRType.TXT)
    key = question.key
    if key not in answers:
        answers[key] = yield question
    record = select_record(answers[key])
    return record if isinstance(record, Record) else None


def matched_alone(
    inputs: Inputs, domain: str, directive: Directive, answers: Answers
) -> Generator[Question, Answer, tuple[Spans, Spans] | None]:
    """Return the addresses that a directive matches when it stands alone; None where that is not known."""
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


def _unreachable(domain: str, matched: list[_Matched]) -> list[Unreachable]:
    found = []
    before: list[_Matched] = []
    taken: tuple[Spans, Spans] = ([], [])
    for each in matched:
        if not (each.spans[0] or each.spans[1]):
            found.append(Unreachable(domain, each.directive, Reason.EMPTY, ()))
        elif not (difference(each.spans[0], taken[0]) or difference(each.spans[1], taken[1])):
            found.append(Unreachable(domain, each.directive, Reason.COVERED, _touching(each, before)))
        else:
            before.append(each)
            taken = (union(taken[0], each.spans[0]), union(taken[1], each.spans[1]))
    return found


def _covered(domain: str, matched: list[_Matched]) -> list[Covered]:
    found = []
    for place, each in enumerate(matched):
        behind = matched[place + 1 :]
        same = [other for other in behind if other.directive.qualifier == each.directive.qualifier]
        # A directive of another qualifier in between would decide first, were this one left out.
        between = _until_covered(each, behind)
        if between is not None and all(other in same for other in between):
            found.append(Covered(domain, each.directive, _touching(each, between)))
    return found


def _until_covered(each: _Matched, behind: list[_Matched]) -> list[_Matched] | None:
    """Return the directives behind this one that meet its addresses, until all are met; None where not all are."""
    left = each.spans
    met = []
    for other in behind:
        if _common(each, other):
            met.append(other)
            left = (difference(left[0], other.spans[0]), difference(left[1], other.spans[1]))
            if not (left[0] or left[1]):
                return met
    return None


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
