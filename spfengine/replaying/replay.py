"""Replay senders against the policies before and after a change, part by part, on one machine or many.

DNS is not asked. A worker needs only the policies and its part of the table, and returns small totals, which are added
up with `+`. If a result depends on more than the address, the totals say so instead of guessing.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from spfengine.errors import ArgumentError
from spfengine.evaluation.session import Session
from spfengine.evidence.bounds import DEFAULT_BOUNDS, MAX_COUNT, Bounds
from spfengine.evidence.ledger import Ledger
from spfengine.evidence.reading import iterate_other_senders, list_paths
from spfengine.evidence.tables import ALL_COLUMNS, COLUMNS, sender_of_row, text_of_cell
from spfengine.evidence.values import UnusableError
from spfengine.names import fold
from spfengine.policy.outcome import Input, Outcome
from spfengine.policy.policy import Policy
from spfengine.replaying.totals import MAX_LISTED, ReplayedSender, Total, Totals, foremost
from spfengine.senders import Sender
from spfengine.simulation.simulation import Effect, SenderChange
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from spfengine.evidence.plain_rows import PlainRows
    from spfengine.replaying.columns import Tiling

AnyPolicy = Policy | Mapping[str, object]
"""A policy, or its form as written by `Policy.to_dict`."""
Policies = Iterable[tuple[AnyPolicy, AnyPolicy]]

_AT_ONCE = 4096  # senders in memory at once
_MOST_KNOWN = 1 << 16  # domains in memory, each as it was written
_SHOWN_NAME = 512
_SHOWN_DIRECTIVE = 200
_ANYBODY = Sender("192.0.2.1", "")  # the effect of two outcomes is the same for everybody
_QUIET = (Effect.UNCHANGED, Effect.STILL_FAILING)  # rows that are not listed


def replay(rows: Iterable[object], policies: Policies, *, source: str = "", listed_at_most: int = 20) -> Totals:
    """Return what a change does to the senders in rows, from policies alone, without asking DNS.

    A plain function of small arguments, which can be run on the parts of a table, wherever they are. The results of the
    parts are added up with `+`.

    Args:
        rows: each a `Sender`; or a mapping of `ip`, `sender`, `helo`, `count` (and other columns of a table); or their
            values in this order, as in a row of a data frame. Cells are text or numbers; None and NaN are empty cells.
            A row that can't be used is counted and listed, whatever is in it.
        policies: (before, after) for each domain: a `Policy`, or its form as written by `Policy.to_dict`.
            `Policy.without_answers` makes them small. Rows of other domains are only counted.
        source: the name of the table, for rows that can't be used.
        listed_at_most: rows of each effect that are listed, up to 1,000.

    Raises:
        ArgumentError: `rows` is not a list of rows; or the policies don't fit: not pairs of policies, two pairs for one
            domain, or a policy for a single sender or HELO name.
    """
    ledger = Ledger()
    ledger.enter(source)
    part = _Part(_Replay(policies, listed_at_most))
    part.add(_read(_list(rows, "rows is a list of rows"), ledger))
    return part.totals(ledger)


def replay_files(
    paths: "str | os.PathLike[str] | Iterable[str | os.PathLike[str]]",
    policies: Policies,
    *,
    receiver: str | None = None,
    bounds: Bounds = DEFAULT_BOUNDS,
    listed_at_most: int = 20,
) -> Totals:
    """Return what a change does to the senders in files, in bounded memory, as `replay` does for rows.

    Args:
        paths: tables, reports, messages and logs, packed or not, as `read_evidence` reads them, or folders of these.
        policies, listed_at_most: as for `replay`.
        receiver, bounds: as for `read_evidence`, but the number of senders has no bound.

    Raises:
        ArgumentError: `paths` is not a path or a list of paths; or the policies don't fit, see `replay`.
        OSError: one of `paths` can't be read.
    """
    replaying = _Replay(policies, listed_at_most)
    totals = Totals(listed_at_most=listed_at_most)
    ledger = Ledger()
    for path in list_paths(paths):
        ledger = Ledger(ledger)  # one for each path, so that its messages do not depend on what else is read
        part = _Part(replaying)
        part.add(iterate_other_senders(path, ledger, part.add_plain, receiver=receiver, bounds=bounds))
        totals += part.totals(ledger)
    return totals


def _list(value: object, expected: str) -> Iterable[Any]:
    """Return a list, or any other iterable of items. Raises ArgumentError if this is something else, such as text."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise ArgumentError(f"{expected}, not {type(value).__name__}")
    return value


@dataclass(frozen=True, slots=True)
class _Pair:
    """The policies of a domain."""

    domain: str
    before: Policy
    after: Policy


@dataclass(frozen=True, slots=True)
class _Change:
    """What a change of the outcome does to senders, and what that depends on."""

    effect: Effect | None
    rests_on: tuple[Input, ...]


class _Replay:
    """The policies of a change, by domain."""

    def __init__(self, policies: Policies, listed_at_most: int) -> None:
        if isinstance(listed_at_most, bool) or not isinstance(listed_at_most, int):
            raise ArgumentError(f"listed_at_most must be a number, not {type(listed_at_most).__name__}")
        if not 0 <= listed_at_most <= MAX_LISTED:
            raise ArgumentError(f"listed_at_most must be 0 to {MAX_LISTED}, not {listed_at_most}")
        self.pairs: dict[str, _Pair] = {}
        self.listed_at_most = listed_at_most
        self._domains: dict[str | tuple[str, str | None], str] = {}
        self._tilings: dict[str, Tiling] = {}
        printed = set()
        for given in _list(policies, "policies is a list of pairs (before, after)"):
            pair = _read_pair(given)
            if fold(pair.before.domain) in self.pairs or pair.domain in printed:
                raise ArgumentError(f"the policies of {pair.domain} are given twice")
            printed.add(pair.domain)
            self.pairs[fold(pair.before.domain)] = pair

    def domain_of(self, sender: Sender) -> str:
        """Return the domain that a check of a sender is about, in lower case."""
        _, at, after_at = sender.sender.rpartition("@")
        key = after_at if at and after_at[-1:] != ">" else (sender.sender, sender.helo)  # all that decides the domain
        domain = self._domains.get(key)
        if domain is None:
            domain = fold(Session(sender.ip, sender.sender, sender.helo or "").domain)
            if len(self._domains) >= _MOST_KNOWN:
                self._domains.clear()
            self._domains[key] = domain
        return domain

    def tiling_of(self, domain: str) -> "Tiling":
        """Return the outcomes of a domain that has policies, for columns of addresses."""
        if domain not in self._tilings:
            from spfengine.replaying.columns import Tiling

            self._tilings[domain] = Tiling(self.pairs[domain].before, self.pairs[domain].after)
        return self._tilings[domain]


class _Part:
    """Counts senders of one part by what a change does to them."""

    def __init__(self, replay: _Replay) -> None:
        self._replay = replay
        self._counts: dict[tuple[str, int, int], list[Any]] = {}
        self._others = [0, 0]
        self._listed: tuple[ReplayedSender, ...] = ()

    def totals(self, ledger: Ledger) -> Totals:
        """Return the totals of what was added, with what its reader has put into the ledger."""
        totals = [
            Total(domain, before.result, after.result, change.effect, change.rests_on, rows, messages)
            for (domain, _, _), (before, after, change, rows, messages) in self._counts.items()
        ]
        rows, messages = self._others
        return Totals(totals, self._listed, rows, messages, ledger.skipped, ledger.unread, self._replay.listed_at_most)

    def add(self, senders: Iterable[Sender]) -> None:
        """Add senders, one by one."""
        waiting = iter(senders)
        while part := list(islice(waiting, _AT_ONCE)):
            for pair, own in self._by_domain(part):
                self._list(self._count(pair, own))

    def add_plain(self, rows: "PlainRows") -> None:
        """Add plain rows, by columns."""
        from spfengine.replaying.columns import groups, listed_rows

        names = [self._replay.domain_of(Sender(_ANYBODY.ip, f"@{name}")) for name in rows.domains]
        tilings = {at: self._replay.tiling_of(name) for at, name in enumerate(names) if name in self._replay.pairs}
        by_effect: dict[Effect | None, list[Any]] = {}
        for group in groups(rows, tilings):
            if group.domain not in tilings:
                self._others[0] += len(group.rows)
                self._others[1] += group.messages
                continue
            before, after = tilings[group.domain].outcomes[group.outcome]
            row = self._row(self._replay.pairs[names[group.domain]], before, after)
            row[3] += len(group.rows)
            row[4] += group.messages
            effect = row[2].effect
            if effect not in _QUIET:
                by_effect.setdefault(effect, []).append(group.rows)
        for parts in by_effect.values():
            senders = [rows.sender_at(at) for at in listed_rows(rows, parts, self._replay.listed_at_most)]
            for pair, own in self._by_domain(senders):
                self._list(self._changes(pair, own))

    def _by_domain(self, senders: Iterable[Sender]) -> Iterator[tuple["_Pair", list[Sender]]]:
        """Yield the senders of each domain that has policies; the others are counted."""
        by_domain: dict[str, list[Sender]] = {}
        for sender in senders:
            domain = self._replay.domain_of(sender)
            if domain in self._replay.pairs:
                by_domain.setdefault(domain, []).append(sender)
            else:
                self._others[0] += 1
                self._others[1] += sender.count
        for domain, own in by_domain.items():
            yield self._replay.pairs[domain], own

    def _list(self, changed: Iterable[ReplayedSender]) -> None:
        self._listed = foremost([*self._listed, *changed], self._replay.listed_at_most)

    def _row(self, pair: "_Pair", before: Outcome, after: Outcome) -> list[Any]:
        """Return what is counted for these outcomes: the outcomes, what changes, rows and messages."""
        key = pair.domain, id(before), id(after)  # the policies keep the outcomes alive, so the ids are unique
        row = self._counts.get(key)
        if row is None:
            row = self._counts[key] = [before, after, _change(before, after), 0, 0]
        return row

    def _count(self, pair: "_Pair", senders: list[Sender]) -> Iterator[ReplayedSender]:
        """Count the senders of a domain by their outcomes; yield those whose result changes or may change."""
        for sender, before, after in _outcomes(pair, senders):
            row = self._row(pair, before, after)
            row[3] += 1
            row[4] += sender.count
            effect = row[2].effect
            if effect not in _QUIET:
                yield _replayed(pair.domain, sender, before, after, effect)

    def _changes(self, pair: "_Pair", senders: list[Sender]) -> Iterator[ReplayedSender]:
        """Yield what changes for senders of a domain that were counted before."""
        for sender, before, after in _outcomes(pair, senders):
            yield _replayed(pair.domain, sender, before, after, self._row(pair, before, after)[2].effect)


def _read_pair(given: object) -> _Pair:
    """Return a pair of policies. Raises ArgumentError."""
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise ArgumentError("expected pairs of policies, (before, after), one for each domain")
    before, after = [policy if isinstance(policy, Policy) else Policy.from_dict(policy) for policy in given]
    domain = visible_name(fold(before.domain))
    if fold(before.domain) != fold(after.domain):
        raise ArgumentError(f"the policies before and after are of {domain} and {visible_name(fold(after.domain))}")
    if any(value is not None for value in (before.local_part, before.helo, after.local_part, after.helo)):
        raise ArgumentError(f"a policy of {domain} is for one sender or HELO name; compile it for all of them")
    return _Pair(domain, before, after)


def _outcomes(pair: _Pair, senders: list[Sender]) -> Iterator[tuple[Sender, Outcome, Outcome]]:
    """Yield each sender with its outcomes before and after."""
    ips = [sender.ip for sender in senders]
    yield from zip(senders, pair.before.check_many(ips), pair.after.check_many(ips), strict=True)


def _change(before: Outcome, after: Outcome) -> _Change:
    rests_on = tuple(sorted(before.inputs | after.inputs))
    if before.result is not None and after.result is not None:
        return _Change(SenderChange(_ANYBODY, before, after).effect, rests_on)
    return _Change(Effect.UNCHANGED if before.meaning() == after.meaning() else None, rests_on)


def _replayed(domain: str, sender: Sender, before: Outcome, after: Outcome, effect: Effect | None) -> ReplayedSender:
    return ReplayedSender(
        sender.ip,
        visible(sender.sender, _SHOWN_NAME),
        None if sender.helo is None else visible(sender.helo, _SHOWN_NAME),
        sender.count,
        domain,
        before.result,
        after.result,
        effect,
        None if before.directive is None else visible(before.directive, _SHOWN_DIRECTIVE),
        None if after.directive is None else visible(after.directive, _SHOWN_DIRECTIVE),
    )


def _read(rows: Iterable[object], ledger: Ledger) -> Iterator[Sender]:
    """Yield the senders of rows; rows that can't be used go into the ledger."""
    for number, row in enumerate(rows, 1):
        try:
            yield _sender(row)
        except UnusableError as error:
            ledger.skip(error.reason, error.example, f"row {number:,}")


def _sender(row: object) -> Sender:
    """Return the sender in a row.

    Raises:
        UnusableError: it can't become a sender.
    """
    if isinstance(row, Sender):
        return _verified(row)
    if isinstance(row, Mapping):
        cells = {name: text_of_cell(row[name]) for name in ALL_COLUMNS if name in row}
    elif isinstance(row, Sequence) and not isinstance(row, str | bytes | bytearray):
        if len(row) > len(COLUMNS):
            raise UnusableError(f"the row has more than {len(COLUMNS)} cells")
        cells = dict(zip(COLUMNS, [text_of_cell(value) for value in row], strict=False))
    else:
        raise UnusableError("the row is neither a sender nor made of cells", type(row).__name__)
    return sender_of_row(cells)


def _verified(sender: Sender) -> Sender:
    """Return a Sender made by the caller. Raises UnusableError if its values have other types."""
    if not (isinstance(sender.sender, str) and isinstance(sender.helo, str | None) and type(sender.count) is int):  # type: ignore[redundant-expr]  # the caller may pass anything
        raise UnusableError("the sender, the HELO name or the count of a Sender is of another type")
    if not 0 < sender.count < MAX_COUNT:
        raise UnusableError(f"the count is not 1 to {MAX_COUNT - 1:,}")
    return sender
