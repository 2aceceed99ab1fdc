"""The JSON form of totals: what `Totals.to_dict` makes, and `Totals.from_dict` reads with suspicion.

{"schema": "spfengine.replay/1",
 "totals", "listed", "unread": lists of objects, each with the attributes of a Total, a ReplayedSender, an Unread,
 "rows", "messages": the sums of "totals",
 "other_rows", "other_messages", "skipped", "listed_at_most": as the totals have them}
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from spfengine.addresses import address_text, parse_address
from spfengine.errors import AddressError
from spfengine.evidence.ledger import Unread
from spfengine.json_values import Value
from spfengine.policy.outcome import Input
from spfengine.problems import Result
from spfengine.replaying.totals import MAX_LISTED, MAX_UNREAD, ReplayedSender, Total, Totals
from spfengine.simulation.senders import Effect

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
