"""What may come into a record and what may go: candidates, and which of the terms that stand there may be left out."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from spfengine.advice.catalogue.provider import Provider
from spfengine.advice.identification import Match
from spfengine.advice.matching import Matched
from spfengine.record.model import All, Directive, Network, Record, term_key

MAX_DIRECTIVES = 300
"""Directives of a record up to which it is looked for those that can be left out."""


class Kind(StrEnum):
    """Why a term is a candidate."""

    INCLUDE = "include"
    """The record of a service that is known."""
    HOST = "host"
    """A name of the domain's own that leads to the address."""
    ADDRESS = "address"
    """The address itself, since nothing better is known."""
    TOLD = "told"
    """Whoever asks wants it."""


class Candidate(NamedTuple):
    """A term that may come.

    Attributes:
        term: its text.
        kind: why.
        matched: what it matches.
        match: who the catalogue says it is, for an include.
    """

    term: str
    kind: Kind
    matched: Matched
    match: Match | None = None

    @property
    def provider(self) -> Provider | None:
        """The service whose include it is, or None."""
        return None if self.match is None else self.match.provider


class Places(NamedTuple):
    """Which directives of the record may go, by their places, and which candidates have to come.

    Attributes:
        told_to_go: those that whoever asks wants out.
        idle: those that can't decide: behind `all`, written twice, or matching nobody.
        fixed: addresses, which go where others that are vouched for cover them.
        by_name: those that lead somewhere by name, which go only to keep the limits, where others cover them.
        told_to_come: places of the candidates that whoever asks wants.
    """

    told_to_go: frozenset[int]
    idle: frozenset[int]
    fixed: tuple[int, ...]
    by_name: tuple[int, ...]
    told_to_come: tuple[int, ...]

    @property
    def leaving(self) -> frozenset[int]:
        """All that go in any case."""
        return self.told_to_go | self.idle


def places_of(
    record: Record,
    matched: Sequence[Matched],
    drop: Sequence[Directive],
    keep: Sequence[Directive],
    *,
    keep_all: bool,
    told_to_come: tuple[int, ...],
) -> Places:
    """Return which directives of a record may go.

    Args:
        matched: the directives before its first `all`.
        drop, keep: the directives to drop and to keep, as given.
    """
    dropped, kept = set(map(term_key, drop)), set(map(term_key, keep))
    told: set[int] = set()
    idle: set[int] = set()
    fixed: list[int] = []
    by_name: list[int] = []
    seen: set[object] = set()
    for place, directive in enumerate(record.directives):
        key = term_key(directive)
        is_again = key in seen
        seen.add(key)
        each = matched[place] if place < len(matched) else None
        if key in dropped:
            told.add(place)
        elif keep_all or key in kept:
            continue
        elif each is None:
            if place > len(matched):
                idle.add(place)
        elif each.spans is None:
            continue
        elif is_again or each.is_empty:
            idle.add(place)
        elif each.passes:
            (fixed if isinstance(directive, Network) else by_name).append(place)
    return Places(frozenset(told), frozenset(idle), tuple(fixed), tuple(by_name), told_to_come)


def before_all(record: Record) -> list[Directive]:
    """Return the directives that come before the first `all`."""
    found: list[Directive] = []
    for directive in record.directives:
        if isinstance(directive, All):
            break
        found.append(directive)
    return found
