"""Which addresses each directive of a record matches, and what follows for leaving some of them out.

What is worked out here by sets of addresses only sorts drafts; each one that is proposed is compiled and compared.
"""

from collections.abc import Collection, Generator, Sequence
from typing import NamedTuple

from spfengine.addresses import V4, network_range
from spfengine.answers import Answer, Question
from spfengine.evaluation.session import Answers
from spfengine.policy.inputs import Inputs
from spfengine.policy.ranges import Spans, difference, intersection
from spfengine.policy.reachability import matched_alone
from spfengine.record.model import IP4, Directive

Both = tuple[Spans, Spans]
"""Sets of IPv4 and of IPv6 addresses."""


class Matched(NamedTuple):
    """A directive, and the addresses that it matches when it stands alone.

    Attributes:
        directive: the directive.
        spans: the addresses; None where that rests on more than the address, or DNS could not answer.
        is_vouched: whether it leads only where the admin, or a service that is known, has put it: what it covers may
            then be left out for it.
    """

    directive: Directive
    spans: Both | None
    is_vouched: bool = True

    @property
    def passes(self) -> bool:
        """Whether who matches passes."""
        return self.directive.qualifier == "+"

    @property
    def is_empty(self) -> bool:
        """Whether it matches nobody."""
        return self.spans is not None and not (self.spans[0] or self.spans[1])


def matching(
    inputs: Inputs, directive: Directive, answers: Answers, is_vouched: bool = True
) -> Generator[Question, Answer, Matched]:
    """Return what a directive of the domain's own record matches."""
    if isinstance(directive, IP4):  # as matched_alone has it, without compiling each one
        return Matched(directive, ([network_range(V4, directive.network, directive.prefix)], []), is_vouched)
    spans = yield from matched_alone(inputs, inputs.domain, directive, answers)
    return Matched(directive, spans, is_vouched)


def is_harmless(
    terms: Sequence[Matched],
    going: Collection[int],
    gone: Collection[int] = (),
    strictly: Collection[int] = (),
) -> bool:
    """Whether nobody who passes by these terms stops when some of them go: others before or behind lead there too.

    Args:
        terms: the directives in order, without `all`.
        going: places of those that go.
        gone: places of those that are not there any more.
        strictly: places of those that go only for others that are vouched for.
    """
    left_out = {*going, *gone}
    return all(_is_replaced(terms, place, left_out, place in strictly) for place in going)


def _is_replaced(terms: Sequence[Matched], place: int, going: Collection[int], strictly: bool) -> bool:
    each = terms[place]
    if each.is_empty:
        return True
    if each.spans is None:
        return False
    left = each.spans
    for other_place, other in enumerate(terms):
        if other_place == place or other_place in going:
            continue
        if other.spans is None:
            if other_place > place:
                return False  # who comes to it may end there
            continue
        if other.directive.qualifier != each.directive.qualifier:
            if other_place > place and _meets(left, other.spans):
                return False
            left = difference(left[0], other.spans[0]), difference(left[1], other.spans[1])
        elif other.is_vouched or not strictly:
            left = difference(left[0], other.spans[0]), difference(left[1], other.spans[1])
        if not (left[0] or left[1]):
            return True
    return False


def covering(terms: Sequence[Matched], place: int, going: Collection[int] = ()) -> tuple[Directive, ...]:
    """Return which of the terms that stay lead to addresses of one of them."""
    spans = terms[place].spans
    if spans is None:
        return ()
    return tuple(
        other.directive
        for other_place, other in enumerate(terms)
        if other_place != place
        and other_place not in going
        and other.directive.qualifier == terms[place].directive.qualifier
        and other.spans is not None
        and _meets(spans, other.spans)
    )


def _meets(left: Both, right: Both) -> bool:
    return bool(intersection(left[0], right[0]) or intersection(left[1], right[1]))


def holds(spans: Both | None, version: int, address: int) -> bool:
    """Whether an address is in the set; False where the set is not known."""
    if spans is None:
        return False
    table = spans[0] if version == 4 else spans[1]
    low, high = 0, len(table)
    while low < high:
        middle = (low + high) // 2
        first, last = table[middle]
        if address < first:
            high = middle
        elif address > last:
            low = middle + 1
        else:
            return True
    return False
