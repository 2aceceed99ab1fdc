"""What a replay returns: totals that add up, in any parts and any order."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import nsmallest
from operator import attrgetter
from typing import ClassVar

from spfengine.addresses import address_text, parse_address
from spfengine.errors import AddressError
from spfengine.evidence.evidence import Unread
from spfengine.frozen import Frozen, fill
from spfengine.json_reader import Field
from spfengine.policy.outcome import Input
from spfengine.problems import Result
from spfengine.simulation.simulation import Effect
from spfengine.visible import short_repr

SCHEMA = "spfengine.replay/1"
"""The version of the JSON form; it changes when a key changes its meaning or is removed."""
MAX_LISTED = 1000
"""Rows of each effect that are listed at most."""
MAX_UNREAD = 1000
"""Entries of the summary of what could not be read; further ones are only counted."""
MAX_TOTALS = 1 << 20
"""Totals of the longest list that is read."""

_TOTAL = ("domain", "before", "after", "effect", "rests_on", "rows", "messages")
_REPLAYED = (
    "ip", "sender", "helo", "messages", "domain", "before", "after", "effect", "directive_before", "directive_after",
)  # fmt: skip
_key_of: Callable[[object], "_Key"] = attrgetter(*_TOTAL[:5])
_total_values: Callable[[object], tuple[object, ...]] = attrgetter(*_TOTAL)
_replayed_values: Callable[[object], tuple[object, ...]] = attrgetter(*_REPLAYED)


@dataclass(frozen=True, slots=True, repr=False)
class Total:
    """How many rows and messages of a domain have the same results before and after.

    Attributes:
        domain: the domain, safe to print.
        before, after: the results; None if they depend on more than the address, so that only a check that may ask DNS
            can decide.
        effect: what the change does to these senders. None if only such a check can decide. If both results depend on
            the same conditions in the same way, nothing changes, as long as DNS answers both alike.
        rests_on: what the results depend on besides the address; empty if both are certain.
        rows: rows of the table; a sender that is in several of them counts in each.
        messages: the messages of these rows.
    """

    domain: str
    before: Result | None
    after: Result | None
    effect: Effect | None
    rests_on: tuple[Input, ...]
    rows: int
    messages: int

    def __repr__(self) -> str:
        return short_repr(self, _TOTAL)


@dataclass(frozen=True, slots=True, repr=False)
class ReplayedSender:
    """A row whose result changes, or may change. All its texts are safe to print.

    Attributes:
        ip, sender, helo, messages: as in the row.
        domain, before, after, effect: as in `Total`.
        directive_before, directive_after: the directives that decide; None if none matched, or if only a check that
            may ask DNS can decide.
    """

    ip: str
    sender: str
    helo: str | None
    messages: int
    domain: str
    before: Result | None
    after: Result | None
    effect: Effect | None
    directive_before: str | None
    directive_after: str | None

    def __repr__(self) -> str:
        return short_repr(self, _REPLAYED)


_Key = tuple[str, Result | None, Result | None, Effect | None, tuple[Input, ...]]
_Group = tuple[str, str | None, str]


class Totals(Frozen):
    """The result of a replay. `+` adds up parts: the sum is the same in any order and any grouping.

    `Totals()` is the sum of nothing, so that `sum(parts, Totals())` adds up any number. Totals are small and immutable,
    can be pickled, and have a JSON form.

    Attributes:
        totals: rows and messages by domain and results, by domain, most messages first.
        listed: rows whose result changes or may change: for each effect those with the most messages,
            `listed_at_most` of them.
        other_rows, other_messages: rows and messages of domains that were not replayed.
        skipped: how many rows or parts could not be read.
        unread: what could not be read, and where; of rows with one reason in one place the first, with their number.
        listed_at_most: how many rows of each effect are listed.
    """

    fields: ClassVar[tuple[str, ...]] = (
        "totals",
        "listed",
        "other_rows",
        "other_messages",
        "skipped",
        "unread",
        "listed_at_most",
    )
    __slots__ = fields
    totals: tuple[Total, ...]
    listed: tuple[ReplayedSender, ...]
    other_rows: int
    other_messages: int
    skipped: int
    unread: tuple[Unread, ...]
    listed_at_most: int

    def __init__(
        self,
        totals: Iterable[Total] = (),
        listed: Iterable[ReplayedSender] = (),
        other_rows: int = 0,
        other_messages: int = 0,
        skipped: int = 0,
        unread: Iterable[Unread] = (),
        listed_at_most: int = MAX_LISTED,
    ) -> None:
        """Gather totals: equal ones are added up, and everything is put in order."""
        fill(self, "totals", _added_up(totals))
        fill(self, "listed", foremost(listed, listed_at_most))
        fill(self, "other_rows", other_rows)
        fill(self, "other_messages", other_messages)
        fill(self, "skipped", skipped)
        fill(self, "unread", _merged(unread))
        fill(self, "listed_at_most", listed_at_most)

    def __repr__(self) -> str:
        skipped = f", {self.skipped:,} unreadable" if self.skipped else ""
        domains = len({total.domain for total in self.totals})
        return f"<Totals: {self.rows:,} rows, {self.messages:,} messages of {domains:,} domains{skipped}>"

    def __add__(self, other: "Totals") -> "Totals":
        if not isinstance(other, Totals):
            return NotImplemented
        return Totals(
            (*self.totals, *other.totals),
            (*self.listed, *other.listed),
            self.other_rows + other.other_rows,
            self.other_messages + other.other_messages,
            self.skipped + other.skipped,
            (*self.unread, *other.unread),
            min(self.listed_at_most, other.listed_at_most),
        )

    @property
    def rows(self) -> int:
        """Rows of the domains that were replayed."""
        return sum([total.rows for total in self.totals])

    @property
    def messages(self) -> int:
        """Messages of the domains that were replayed."""
        return sum([total.messages for total in self.totals])

    @property
    def is_worse(self) -> bool:
        """Whether a sender that passed no longer does, or newly gets permerror or temperror. Results that depend on
        more than the address are not known, and do not count.
        """
        return any(total.effect is Effect.NEWLY_FAILING for total in self.totals)

    def to_dict(self) -> dict[str, object]:
        """Return the totals as JSON-safe values; key "schema" names their version."""
        return {
            "schema": SCHEMA,
            "rows": self.rows,
            "messages": self.messages,
            "totals": [_written(total, _TOTAL) for total in self.totals],
            "listed": [_written(row, _REPLAYED) for row in self.listed],
            "other_rows": self.other_rows,
            "other_messages": self.other_messages,
            "skipped": self.skipped,
            "unread": [entry.to_dict() for entry in self.unread],
            "listed_at_most": self.listed_at_most,
        }

    @classmethod
    def from_dict(cls, data: object) -> "Totals":
        """Return the totals that `to_dict` wrote as these values. Safe with untrusted values, unlike pickle.

        Raises:
            ArgumentError: the values are not totals of a known version.
        """
        return _from_dict(data)


def _added_up(totals: Iterable[Total]) -> tuple[Total, ...]:
    sums: dict[_Key, tuple[int, int]] = {}
    for total in totals:
        key = _key_of(total)
        rows, messages = sums.get(key, (0, 0))
        sums[key] = rows + total.rows, messages + total.messages
    added_up = [Total(*key, *counts) for key, counts in sums.items()]
    return tuple(sorted(added_up, key=lambda total: (total.domain, -total.messages, _order(_total_values(total)))))


def foremost(rows: Iterable[ReplayedSender], at_most: int) -> tuple[ReplayedSender, ...]:
    """Return this many rows of each effect: those with the most messages, in a total order.

    A row that is among the first of all rows is among the first of each part that has it, so that no part loses a row
    of the sum.
    """
    by_effect: dict[str, list[ReplayedSender]] = {}
    for row in rows:
        by_effect.setdefault(str(row.effect), []).append(row)
    first: list[ReplayedSender] = []
    for effect in sorted(by_effect, key=_rank):
        first += nsmallest(at_most, by_effect[effect], key=lambda row: (-row.messages, _order(_replayed_values(row))))
    return tuple(first)


_RANKS = [str(effect) for effect in (Effect.NEWLY_FAILING, None, Effect.UNKNOWN, Effect.CHANGED, Effect.NEWLY_PASSING)]


def _rank(effect: str) -> int:
    return _RANKS.index(effect) if effect in _RANKS else len(_RANKS)


def _order(values: Iterable[object]) -> tuple[str, ...]:
    """Return a key by which any values can be sorted; None is first."""
    return tuple(["" if value is None else f"={value}" for value in values])


def _merged(unread: Iterable[Unread]) -> tuple[Unread, ...]:
    """Return the entries in order; those with one reason in one part become one, with the first place."""
    groups: dict[_Group, Unread] = {}
    for entry in unread:
        key = entry.source, entry.member, entry.reason
        known = groups.get(key)
        if known is None:
            groups[key] = entry
        else:
            first = min(known, entry, key=_place_order)
            groups[key] = Unread(*key[:2], first.place, entry.reason, first.example, known.count + entry.count)
    return tuple([groups[key] for key in nsmallest(MAX_UNREAD, groups, key=_order)])


def _place_order(unread: Unread) -> tuple[int, tuple[str, ...]]:
    """Return a key by which places are sorted: the lower line or row is first, however many digits it has."""
    digits = "".join([character for character in unread.place or "" if "0" <= character <= "9"])
    return len(digits), _order((unread.place, unread.example))


# The JSON form, which is read as untrusted.


def _written(value: object, names: Iterable[str]) -> dict[str, object]:
    """Return attributes as JSON-safe values: enumerations as plain text, tuples as lists."""
    return {name: _plain(getattr(value, name)) for name in names}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [str(item) for item in value]
    return str(value) if isinstance(value, str) else value


def _from_dict(data: object) -> Totals:
    root = Field(data, "totals")
    schema = root["schema"]
    if schema.data != SCHEMA:
        schema.refuse(f'"{SCHEMA}"')
    at_most = root["listed_at_most"]
    if at_most.count() > MAX_LISTED:
        at_most.refuse(f"a number up to {MAX_LISTED}")
    totals = Totals(
        [_total(field) for field in root["totals"].items(MAX_TOTALS)],
        [_replayed(field) for field in root["listed"].items(MAX_LISTED * (len(Effect) + 1))],
        root["other_rows"].count(),
        root["other_messages"].count(),
        root["skipped"].count(),
        [_unread(field) for field in root["unread"].items(MAX_UNREAD)],
        at_most.count(),
    )
    for name in ("rows", "messages"):
        if root[name].count() != getattr(totals, name):
            root[name].refuse(f'the sum of "totals", {getattr(totals, name)}')
    return totals


def _total(field: Field) -> Total:
    return Total(
        field["domain"].text(),
        field["before"].optional(_result),
        field["after"].optional(_result),
        field["effect"].optional(_effect),
        tuple([item.word(Input) for item in field["rests_on"].items(len(Input))]),
        field["rows"].count(),
        field["messages"].count(),
    )


def _replayed(field: Field) -> ReplayedSender:
    return ReplayedSender(
        _address(field["ip"]),
        field["sender"].text(),
        field["helo"].optional(Field.text),
        field["messages"].count(),
        field["domain"].text(),
        field["before"].optional(_result),
        field["after"].optional(_result),
        field["effect"].optional(_effect),
        field["directive_before"].optional(Field.text),
        field["directive_after"].optional(Field.text),
    )


def _unread(field: Field) -> Unread:
    return Unread(
        field["source"].text(),
        field["member"].optional(Field.text),
        field["place"].optional(Field.text),
        field["reason"].text(),
        field["example"].optional(Field.text),
        field["count"].count(),
    )


def _result(field: Field) -> Result:
    return field.word(Result)


def _effect(field: Field) -> Effect:
    return field.word(Effect)


def _address(field: Field) -> str:
    try:
        return address_text(*parse_address(field.text()))
    except AddressError:
        field.refuse("an IP address")
