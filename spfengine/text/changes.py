"""Changes of results: grouped by what changes, and what happens to all other addresses said once."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses

from spfengine.addresses import V4, V6
from spfengine.evaluation.unanswered import why_unknown
from spfengine.policy.diff import Change, unknown_networks
from spfengine.policy.policy import Policy
from spfengine.policy.ranges import IPNetwork, Spans, difference, networks_of, union
from spfengine.simulation.simulation import change_is_worse
from spfengine.text.lines import Line, Row, Span, more_line, note, table
from spfengine.text.outcomes import failed_of, networks_text, outcome_text, outcome_word

_MOST_NETWORKS = 40
_ALL = {4: 1 << 32, 6: 1 << 128}

_NetworkRow = tuple[IPNetwork, str]  # with what is to be said about it


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of change, in words."""

    before: str
    after: str
    why: str

    @property
    def results(self) -> tuple[str, str]:
        return self.before, self.after


_UNKNOWN = _Kind("", "", "not known")
_KEPT = _Kind("", "", "")


def is_worse(change: Change) -> bool:
    """Whether a change loses a pass or adds an error."""
    return change_is_worse(change.before, change.after)


def never_worse(change: Change) -> bool:  # noqa: ARG001 - same signature as `is_worse`
    """Return False: for a comparison of two records of which neither is the older one."""
    return False


class Changes:
    """Changes, sorted for people.

    Attributes:
        groups: ((before, after), networks with the reason of each); those that are worse first.
        rest: by IP version, what happens to most of its addresses.
        staying: result → networks that keep it although most addresses change, with what decides.
        unknown: networks whose change is not known, unless that is what happens to most.
    """

    def __init__(
        self,
        before: Policy,
        after: Policy,
        changes: Iterable[Change],
        why: Callable[[Change], str],
        is_worse: Callable[[Change], bool] = is_worse,
    ) -> None:
        changes = list(changes)
        kinds: dict[_Kind, list[IPNetwork]] = {}
        self._worse: set[tuple[str, str]] = set()
        for change in changes:
            kind = _Kind(outcome_word(change.before), outcome_word(change.after), why(change))
            kinds.setdefault(kind, []).append(change.network)
            if is_worse(change):
                self._worse.add(kind.results)
        unknown = unknown_networks(before, after)
        self._why_unknown = why_unknown(failed_of(before, after))
        self.rest = {version: _most_common(version, kinds, unknown) for version in (4, 6)}
        self.groups = self._grouped(kinds)
        self.unknown = [network for network in unknown if self.rest[network.version] != _UNKNOWN]
        self.staying = self._staying(after, [*[change.network for change in changes], *unknown])
        rows = [row for group in (*dict(self.groups).values(), *self.staying.values()) for row in group]
        self._listed = {network.version for network in (*self.unknown, *[network for network, _ in rows])}

    def _grouped(self, kinds: dict[_Kind, list[IPNetwork]]) -> list[tuple[tuple[str, str], list[_NetworkRow]]]:
        groups: dict[tuple[str, str], list[_NetworkRow]] = {}
        for kind, networks in kinds.items():
            rows = groups.setdefault(kind.results, [])
            for version in (4, 6):
                if self.rest[version] != kind:
                    rows += [(network, kind.why) for network in _collapsed(networks, version)]
        return sorted([group for group in groups.items() if group[1]], key=lambda group: group[0] not in self._worse)

    def _staying(self, after: Policy, changing: list[IPNetwork]) -> dict[str, list[_NetworkRow]]:
        staying: dict[str, list[_NetworkRow]] = {}
        for family in (V4, V6):
            if self.rest[family.version] == _KEPT:
                continue
            spans = _spans(changing, family.version)
            for first, last, outcome in after.ranges(family.version):
                kept = difference([(first, last)], spans)
                rows = [(network, outcome_text(outcome)) for network in networks_of(family, kept)]
                staying.setdefault(outcome_word(outcome), []).extend(rows)
        return {result: rows for result, rows in staying.items() if rows}

    def lines(self, width: int | None) -> Iterator[Line]:
        """Yield the groups, all but what happens to the rest."""
        for (before, after), rows in self.groups:
            style = "fail" if (before, after) in self._worse else "strong"
            about = networks_text([network for network, _ in rows])
            yield note(Span(f"{before} → {after}", style), Span(f"  {about}", "quiet"))
            yield from _network_rows(rows, width)
        if self.unknown:
            about = f"  {networks_text(self.unknown)}; {self._why_unknown}"
            yield note(Span("not known", "fault"), Span(about, "quiet"))
            yield from _network_rows([(network, "") for network in self.unknown], width)

    def staying_lines(self, kept: Iterable[Change], width: int | None) -> Iterator[Line]:
        """Yield what keeps its result although most do not; and `kept`, which keeps it by another term than before."""
        for result, rows in self.staying.items():
            yield note(Span(f"stays {result}", "strong"))
            yield from _network_rows(rows, width)
        groups: dict[str, list[_NetworkRow]] = {}
        for change in kept:
            if self.rest[change.network.version] == _KEPT:
                groups.setdefault(outcome_word(change.after), []).append((change.network, outcome_text(change.after)))
        for result, rows in groups.items():
            yield note(Span(f"stays {result}", "strong"), Span("  although a term that gave it is removed", "quiet"))
            yield from _network_rows(rows, width)
        self._listed |= {network.version for rows in groups.values() for network, _ in rows}

    def rest_lines(self) -> Iterator[Line]:
        """Yield what happens to all other addresses."""
        if self.rest[4] == self.rest[6]:
            yield self._rest_line("everything else" if self._listed else "every address", self.rest[4])
            return
        for version, kind in self.rest.items():
            yield self._rest_line(f"every {'other ' if version in self._listed else ''}IPv{version} address", kind)

    def _rest_line(self, what: str, kind: _Kind) -> Line:
        if kind == _KEPT:
            return note(f"{what} keeps its result")
        if kind == _UNKNOWN:
            return note(f"{what}: ", Span("not known", "fault"), f"; {self._why_unknown}")
        style = "fail" if kind.results in self._worse else "strong"
        return note(f"{what}: ", Span(f"{kind.before} → {kind.after}", style), f"  {kind.why}")


def _most_common(version: int, kinds: dict[_Kind, list[IPNetwork]], unknown: list[IPNetwork]) -> _Kind:
    """Return what happens to most addresses of an IP version."""
    counts = {_KEPT: _ALL[version]}
    for kind, networks in [*kinds.items(), (_UNKNOWN, unknown)]:
        counts[kind] = sum([network.num_addresses for network in networks if network.version == version])
        counts[_KEPT] -= counts[kind]
    return max(counts, key=lambda kind: counts[kind])


def _network_rows(rows: list[_NetworkRow], width: int | None) -> Iterator[Line]:
    first = [Row(Span(" "), Span(str(net), "term"), (Span(why),) if why else ()) for net, why in rows[:_MOST_NETWORKS]]
    yield from table(first, width, 4)
    yield from more_line(len(rows) - _MOST_NETWORKS, where="--json has them")


def _collapsed(networks: list[IPNetwork], version: int) -> list[IPNetwork]:
    if version == 4:
        return list(collapse_addresses([network for network in networks if isinstance(network, IPv4Network)]))
    return list(collapse_addresses([network for network in networks if isinstance(network, IPv6Network)]))


def _spans(networks: list[IPNetwork], version: int) -> Spans:
    spans = [(int(net.network_address), int(net.broadcast_address)) for net in networks if net.version == version]
    return union(spans)
