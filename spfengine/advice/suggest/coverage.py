"""Which addresses each directive of a record matches, and which directives may therefore be left out."""

from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass, replace

from spfengine.answers import Answer, Question
from spfengine.evaluation.session import Answers
from spfengine.policy.inputs import Inputs
from spfengine.policy.ranges import Spans, difference, intersection, size
from spfengine.policy.reachability import evaluate_alone
from spfengine.record.model import All, Directive, Network, Record, term_key

MAX_DIRECTIVES = 300
"""In a record with more directives, none is left out except those that the caller names."""

AddressSets = tuple[Spans, Spans]
"""Sets of IPv4 and of IPv6 addresses."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """A directive, and the addresses that it matches on its own.

    Attributes:
        directive: the directive.
        spans: the addresses; None if that depends on more than the address, or DNS could not answer.
        has_known_owner: whether it refers only to names that the admin, or a known service, manages. Other terms may
            then be left out because this one covers them.
        outside: which name is not in the files given, so that the addresses are not known, in words; or None.
    """

    directive: Directive
    spans: AddressSets | None
    has_known_owner: bool = True
    outside: str | None = None

    @property
    def passes(self) -> bool:
        """Whether its clients pass."""
        return self.directive.qualifier == "+"

    @property
    def is_empty(self) -> bool:
        """Whether it matches no client."""
        return self.spans is not None and not (self.spans[0] or self.spans[1])

    @property
    def count(self) -> int | None:
        """How many addresses it matches; None if that is not known."""
        return None if self.spans is None else size(self.spans[0]) + size(self.spans[1])

    def contains(self, version: int, address: int) -> bool:
        """Whether it matches an address; False if that is not known."""
        if self.spans is None:
            return False
        table = self.spans[0] if version == 4 else self.spans[1]
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

    def for_directive(self, directive: Directive) -> "Coverage":
        """Return the coverage of another directive that means the same."""
        return replace(self, directive=directive)


def matching(
    inputs: Inputs, directive: Directive, answers: Answers, has_known_owner: bool = True
) -> Generator[Question, Answer, Coverage]:
    """Return which addresses a directive of the domain's own record matches."""
    alone = yield from evaluate_alone(inputs, inputs.domain, directive, answers)
    return Coverage(directive, alone.spans if alone.is_known else None, has_known_owner, alone.outside)


def is_harmless(
    terms: Sequence[Coverage],
    going: Collection[int],
    gone: Collection[int] = (),
    strictly: Collection[int] = (),
) -> bool:
    """Whether every client that passes by these terms still passes without some of them, by the others.

    Args:
        terms: the directives in order, without `all`.
        going: indexes of the terms to leave out.
        gone: indexes of the terms that are left out already.
        strictly: indexes of the terms that may only be left out because of others whose owner is known.
    """
    left_out = {*going, *gone}
    return all(_is_replaced(terms, index, left_out, index in strictly) for index in going)


def _is_replaced(terms: Sequence[Coverage], index: int, left_out: set[int], strictly: bool) -> bool:
    term = terms[index]
    if term.is_empty:
        return True
    if term.spans is None:
        return False
    left = term.spans
    for other_index, other in enumerate(terms):
        if other_index == index or other_index in left_out:
            continue
        if other_index > index and _may_decide_otherwise(other, term.directive.qualifier, left):
            return False
        is_same = other.directive.qualifier == term.directive.qualifier
        if other.spans is not None and (not is_same or other.has_known_owner or not strictly):
            left = difference(left[0], other.spans[0]), difference(left[1], other.spans[1])
            if not (left[0] or left[1]):
                return True
    return False


def _may_decide_otherwise(term: Coverage, qualifier: str, spans: AddressSets) -> bool:
    """Whether a term may give clients with these addresses another result than a term with this qualifier."""
    return term.spans is None or (term.directive.qualifier != qualifier and _overlap(spans, term.spans))


def covering(terms: Sequence[Coverage], index: int, going: Collection[int] = ()) -> tuple[Directive, ...]:
    """Return the terms that stay, have the qualifier of the given one, and match some of its addresses."""
    spans = terms[index].spans
    if spans is None:
        return ()
    return tuple(
        other.directive
        for other_index, other in enumerate(terms)
        if other_index != index
        and other_index not in going
        and other.directive.qualifier == terms[index].directive.qualifier
        and other.spans is not None
        and _overlap(spans, other.spans)
    )


def _overlap(left: AddressSets, right: AddressSets) -> bool:
    return bool(intersection(left[0], right[0]) or intersection(left[1], right[1]))


@dataclass(frozen=True, slots=True)
class Removable:
    """Which directives of a record may be left out, by their indexes.

    Attributes:
        dropped: those that the caller wants to remove.
        idle: those that can't decide: they are after `all`, repeated, or match no client.
        addresses: addresses and networks, removed if other terms whose owner is known cover them.
        by_name: terms that refer to a name, removed only to stay within the limits, if other terms cover them.
    """

    dropped: frozenset[int]
    idle: frozenset[int]
    addresses: tuple[int, ...]
    by_name: tuple[int, ...]

    @property
    def leaving(self) -> frozenset[int]:
        """Those that are removed in any case."""
        return self.dropped | self.idle


def removable_terms(
    record: Record, coverage: Sequence[Coverage], drop: Sequence[Directive], keep: Sequence[Directive], keep_all: bool
) -> Removable:
    """Return which directives of a record may be left out.

    Args:
        record: the record.
        coverage: the directives before its first `all`.
        drop, keep: the directives that the caller wants to remove, and to keep.
        keep_all: whether only `drop` is removed.
    """
    drop_keys, keep_keys = set(map(term_key, drop)), set(map(term_key, keep))
    dropped: set[int] = set()
    idle: set[int] = set()
    addresses: list[int] = []
    by_name: list[int] = []
    seen: set[object] = set()
    for index, directive in enumerate(record.directives):
        key = term_key(directive)
        is_repeated = key in seen
        seen.add(key)
        if key in drop_keys:
            dropped.add(index)
        elif keep_all or key in keep_keys:
            continue
        elif index >= len(coverage):
            if index > len(coverage):  # at this index is `all` itself
                idle.add(index)
        elif coverage[index].spans is not None:
            term = coverage[index]
            if is_repeated or term.is_empty:
                idle.add(index)
            elif term.passes:
                (addresses if isinstance(directive, Network) else by_name).append(index)
    return Removable(frozenset(dropped), frozenset(idle), tuple(addresses), tuple(by_name))


def before_all(record: Record) -> list[Directive]:
    """Return the directives before the first `all`."""
    directives: list[Directive] = []
    for directive in record.directives:
        if isinstance(directive, All):
            break
        directives.append(directive)
    return directives
