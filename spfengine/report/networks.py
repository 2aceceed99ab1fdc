"""Networks whose results change: in groups, each network with its owner and what decides."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from spfengine.policy.diff import Change
from spfengine.policy.ranges import IPNetwork
from spfengine.report.owners import owner_of
from spfengine.report.page import Block, Cell, Column, Paragraph, Prose, Table, table, text
from spfengine.text.changes import Changes, Kind
from spfengine.text.lines import UNKNOWN, Span
from spfengine.text.outcomes import joined_networks, networks_text, outcome_text, outcome_word

_STYLES = {Kind.WORSE: "fail", Kind.BETTER: "pass", Kind.OTHER: "strong"}
_SHOWN = 6


class Owners:
    """Finds the service in the catalogue to which a network that changes belongs."""

    def __init__(self, changes: Iterable[Change]) -> None:
        self._changes = sorted(changes, key=lambda change: _place(change.network))
        self._starts = [_place(change.network) for change in self._changes]

    def of(self, network: IPNetwork) -> str:
        """Return the owner of a network, or ""."""
        index = bisect_right(self._starts, _place(network)) - 1
        if index < 0 or self._changes[index].network.version != network.version:
            return ""
        change = self._changes[index]
        return owner_of(change.after) or owner_of(change.before)


def _place(network: IPNetwork) -> tuple[int, int]:
    return network.version, int(network.network_address)


def group_tables(changes: Changes, kind: Kind, owners: Owners) -> list[Block]:
    """Return a table for each group of networks that change in one way."""
    tables: list[Block] = []
    for results, rows in changes.groups:
        if changes.kind_of(results) is kind:
            before, after = results
            about = networks_text([network for network, _ in rows])
            caption = text(Span(f"{before} → {after}", _STYLES[kind]), Span(f" for {about}", "quiet"))
            tables.append(_table(caption, rows, owners))
    return tables


def unknown_tables(changes: Changes) -> list[Block]:
    """Return the networks whose change is not known, as a table; nothing if there are none."""
    if not changes.unknown:
        return []
    about = f" {networks_text(changes.unknown)}; {changes.why_unknown}"
    rows = [(Cell(text(name), is_code=True),) for name in joined_networks(changes.unknown)]
    return [table(text(UNKNOWN, Span(about, "quiet")), [Column("Network")], rows, _SHOWN)]


def staying_tables(changes: Changes, kept: Sequence[Change]) -> list[Block]:
    """Return the networks that keep their result although most others lose it, or although the term that gave it is
    removed.
    """
    nobody = Owners(())
    tables: list[Block] = [
        _table(text(Span(f"stays {result}", "strong")), rows, nobody) for result, rows in changes.staying.items()
    ]
    groups: dict[str, list[tuple[IPNetwork, str]]] = {}
    for change in kept:
        groups.setdefault(outcome_word(change.after), []).append((change.network, outcome_text(change.after)))
    for result, rows in groups.items():
        caption = text(Span(f"stays {result}", "strong"), Span(", although a term that gave it is removed", "quiet"))
        tables.append(_table(caption, rows, Owners(kept)))
    return tables


def rest_block(changes: Changes) -> Block:
    """Return what happens to all other addresses."""
    return Prose(tuple([Paragraph(line.spans) for line in changes.rest_lines()]))


def _table(caption: tuple[Span, ...], rows: Sequence[tuple[IPNetwork, str]], owners: Owners) -> Table:
    by_why: dict[str, list[IPNetwork]] = {}
    for network, why in rows:
        by_why.setdefault(why, []).append(network)
    cells = []
    knows_owners = False
    for why, networks in by_why.items():
        owner = owners.of(networks[0])
        knows_owners = knows_owners or bool(owner)
        about = Cell(text(owner), (text(Span(why, "quiet")),)) if owner else Cell(text(why))
        cells += [(Cell(text(name), is_code=True), about) for name in joined_networks(networks)]
    columns = [Column("Network"), Column("Whose, and why" if knows_owners else "Why")]
    return table(caption, columns, cells, _SHOWN)


def list_blocks(changes: Changes, owners: Owners, kept: Sequence[Change] = ()) -> list[Block]:
    """Return all tables of networks, those that get worse first, and what happens to the rest."""
    blocks = [each for kind in Kind for each in group_tables(changes, kind, owners)]
    return [*blocks, *unknown_tables(changes), *staying_tables(changes, kept), rest_block(changes)]
