"""What a replay came to: totals that add up, in whatever parts and order they are added."""

from collections.abc import Iterable, Mapping
from heapq import nsmallest
from typing import TYPE_CHECKING, NamedTuple

from spfengine.addresses import address_text, parse_address
from spfengine.errors import AddressError
from spfengine.evidence.ledger import Unread
from spfengine.frozen import Frozen, fill
from spfengine.json_reader import Value
from spfengine.policy.outcome import Input
from spfengine.problems import Result
from spfengine.simulation.simulation import Effect

MAX_LISTED = 1000
"""Most rows of each effect that are listed."""
MAX_UNREAD = 1000
"""Entries of the summary of what could not be read; the others are only counted."""


class Total(NamedTuple):
    """How many rows and messages of a domain have the same results before and after.

    Attributes:
        domain: the domain, safe to show.
        before, after: the results; None where they rest on more than the address, so that only a check that may ask
            DNS can tell.
        effect: what the change does to these senders. None where only such a check can tell. Where both rest on the
            same conditions in the same way, nothing changes, as long as DNS says the same to what these ask.
        rests_on: what the results rest on besides the address; empty where both are certain.
        rows: rows of the table: a sender that stands in several of them counts in each.
        messages: the messages of these rows.
    """

    domain: str
    before: Result | None
    after: Result | None
    effect: Effect | None
    rests_on: tuple[Input, ...]
    rows: int
    messages: int


class ReplayedSender(NamedTuple):
    """A row whose result changes, or may change. All its texts are safe to show.

    Attributes:
        ip, sender, helo, messages: as the row has them.
        domain, before, after, effect: as in `Total`.
        directive_before, directive_after: the directives that decide; None where none matched, and where only a check
            that may ask DNS can tell.
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


_Key = tuple[str, Result | None, Result | None, Effect | None, tuple[Input, ...]]
_Group = tuple[str, str | None, str]


class Totals(Frozen):
    """What a replay came to. `+` adds up parts: the sum is the same in whatever order, and however they are grouped.

    `Totals()` is the sum of nothing, so that `sum(parts, Totals())` adds up any number. They are small and immutable,
    can be pickled, and have a JSON form.

    Attributes:
        totals: rows and messages by domain and results, by domain, most messages first.
        listed: rows whose result changes or may change: of each effect those with the most messages, `listed_at_most`
            of them.
        other_rows, other_messages: rows and messages of domains that were not replayed.
        skipped: how many rows or parts could not be read.
        unread: what could not be read and where; of rows with one reason in one place the first, with their number.
        listed_at_most: how many rows of each effect are listed.
    """

    __slots__ = fields = ("totals", "listed", "other_rows", "other_messages", "skipped", "unread", "listed_at_most")
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
        """Gather totals: equal ones are added up, and everything has its order."""
        fill(self, "totals", _added_up(totals))
        fill(self, "listed", foremost(listed, listed_at_most))
        fill(self, "other_rows", other_rows)
        fill(self, "other_messages", other_messages)
        fill(self, "skipped", skipped)
        fill(self, "unread", _told_once(unread))
        fill(self, "listed_at_most", listed_at_most)

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
        return sum([each.rows for each in self.totals])

    @property
    def messages(self) -> int:
        """Messages of the domains that were replayed."""
        return sum([each.messages for each in self.totals])

    @property
    def is_worse(self) -> bool:
        """Whether a sender that passed no longer does, or newly gets permerror or temperror. What rests on more than
        the address is not known, and does not count.
        """
        return any(each.effect is Effect.NEWLY_FAILING for each in self.totals)

    def to_dict(self) -> dict[str, object]:
        """Return the totals as JSON-safe values; key "schema" names their version."""
        return to_dict(self)

    @classmethod
    def from_dict(cls, data: object) -> "Totals":
        """Return the totals that `to_dict` made these values of. Safe with values from strangers, unlike pickle.

        Raises:
            ArgumentError: the values are no totals of a version that is known here.
        """
        return from_dict(data)


def _added_up(totals: Iterable[Total]) -> tuple[Total, ...]:
    sums: dict[_Key, tuple[int, int]] = {}
    for each in totals:
        rows, messages = sums.get(each[:5], (0, 0))
        sums[each[:5]] = rows + each.rows, messages + each.messages
    found = [Total(*key, *counts) for key, counts in sums.items()]
    return tuple(sorted(found, key=lambda each: (each.domain, -each.messages, _order(each))))


def foremost(rows: Iterable[ReplayedSender], at_most: int) -> tuple[ReplayedSender, ...]:
    """Return so many rows of each effect: those with the most messages, in an order that no two different ones share.

    A row among the first of all is among the first of each part that it is in. So nothing gets lost in a sum of parts.
    """
    by_effect: dict[str, list[ReplayedSender]] = {}
    for each in rows:
        by_effect.setdefault(str(each.effect), []).append(each)
    found: list[ReplayedSender] = []
    for effect in sorted(by_effect, key=_rank):
        found += nsmallest(at_most, by_effect[effect], key=lambda each: (-each.messages, _order(each)))
    return tuple(found)


_RANKS = [str(each) for each in (Effect.NEWLY_FAILING, None, Effect.UNKNOWN, Effect.CHANGED, Effect.NEWLY_PASSING)]


def _rank(effect: str) -> int:
    return _RANKS.index(effect) if effect in _RANKS else len(_RANKS)


def _order(values: Iterable[object]) -> tuple[str, ...]:
    """Return what any two rows can be compared by: None comes first."""
    return tuple(["" if each is None else f"={each}" for each in values])


def _told_once(unread: Iterable[Unread]) -> tuple[Unread, ...]:
    """Return the entries, those of one reason in one place as one; the first ones in the order of their places."""
    groups: dict[_Group, Unread] = {}
    for each in unread:
        key = each.source, each.member, each.reason
        known = groups.get(key)
        if known is None:
            groups[key] = each
        else:
            first = min(known, each, key=_place)
            groups[key] = Unread(*key[:2], first.place, each.reason, first.example, known.count + each.count)
    return tuple([groups[key] for key in nsmallest(MAX_UNREAD, groups, key=_order)])


def _place(unread: Unread) -> tuple[int, tuple[str, ...]]:
    """Return what places are compared by: that of the lower line or row is first, however many digits it has."""
    digits = "".join([each for each in unread.place or "" if "0" <= each <= "9"])
    return len(digits), _order((unread.place, unread.example))


# The JSON form of totals: what `Totals.to_dict` makes, and `Totals.from_dict` reads with suspicion.

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = "spfengine.replay/1"
"""The version of the JSON form; it changes when a key changes its meaning or goes."""

MAX_TOTALS = 1 << 20
"""Totals of the longest list that is read."""


def to_dict(totals: Totals) -> dict[str, object]:
    """Return totals as JSON-safe values, as `Totals.to_dict` says."""
    return {
        "schema": SCHEMA,
        "rows": totals.rows,
        "messages": totals.messages,
        "totals": [_written(each._asdict()) for each in totals.totals],
        "listed": [_written(each._asdict()) for each in totals.listed],
        "other_rows": totals.other_rows,
        "other_messages": totals.other_messages,
        "skipped": totals.skipped,
        "unread": [each.to_dict() for each in totals.unread],
        "listed_at_most": totals.listed_at_most,
    }


def _written(fields: Mapping[str, object]) -> dict[str, object]:
    """Return fields with enumerations as plain text."""
    return {name: _plain(value) for name, value in fields.items()}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [str(each) for each in value]
    return str(value) if isinstance(value, str) else value


def from_dict(data: object) -> Totals:
    """Return the totals that these values stand for, as `Totals.from_dict` says."""
    root = Value(data, "totals")
    schema = root["schema"]
    if schema.data != SCHEMA:
        schema.refuse(f'"{SCHEMA}"')
    at_most = root["listed_at_most"]
    if at_most.count() > MAX_LISTED:
        at_most.refuse(f"a number up to {MAX_LISTED}")
    totals = Totals(
        [_total(each) for each in root["totals"].items(MAX_TOTALS)],
        [_replayed(each) for each in root["listed"].items(MAX_LISTED * (len(Effect) + 1))],
        root["other_rows"].count(),
        root["other_messages"].count(),
        root["skipped"].count(),
        [_unread(each) for each in root["unread"].items(MAX_UNREAD)],
        at_most.count(),
    )
    for name in ("rows", "messages"):
        if root[name].count() != getattr(totals, name):
            root[name].refuse(f'the sum of "totals", {getattr(totals, name)}')
    return totals


def _total(value: Value) -> Total:
    before, after = [value[name].optional(_result) for name in ("before", "after")]
    effect = value["effect"].optional(lambda each: each.word(Effect))
    rests_on = tuple([each.word(Input) for each in value["rests_on"].items(len(Input))])
    return Total(
        value["domain"].text(), before, after, effect, rests_on, value["rows"].count(), value["messages"].count()
    )


def _result(value: Value) -> Result:
    return value.word(Result)


def _replayed(value: Value) -> ReplayedSender:
    before, after = [value[name].optional(_result) for name in ("before", "after")]
    text: Callable[[Value], str] = Value.text
    return ReplayedSender(
        _address(value["ip"]),
        value["sender"].text(),
        value["helo"].optional(text),
        value["messages"].count(),
        value["domain"].text(),
        before,
        after,
        value["effect"].optional(lambda each: each.word(Effect)),
        value["directive_before"].optional(text),
        value["directive_after"].optional(text),
    )


def _address(value: Value) -> str:
    try:
        return address_text(*parse_address(value.text()))
    except AddressError:
        value.refuse("an IP address")


def _unread(value: Value) -> Unread:
    return Unread(
        value["source"].text(),
        value["member"].optional(Value.text),
        value["place"].optional(Value.text),
        value["reason"].text(),
        value["example"].optional(Value.text),
        value["count"].count(),
    )
