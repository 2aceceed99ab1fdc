"""Changes of results for people: grouped by what they are, and "everything else" said once."""

from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import NamedTuple

from spfengine.addresses import V4, V6
from spfengine.cli.policy_view import addresses_text, outcome_text, outcome_word
from spfengine.cli.screen import Line, Row, Span, line, table
from spfengine.policy.diff import Change, unknown_networks
from spfengine.policy.policy import Network, Policy
from spfengine.policy.ranges import Spans, difference, networks_of, union

_MOST_NETWORKS = 40
_ALL = {4: 1 << 32, 6: 1 << 128}


class _Kind(NamedTuple):
    """What a change consists of, in words."""

    before: str
    after: str
    why: str


_UNKNOWN = _Kind("", "", "DNS could not answer")
_KEPT = _Kind("", "", "")


class Changes:
    """Changes, sorted for people.

    Attributes:
        groups: (before, after) → networks with the reason of each; those that are worse first.
        rest: by IP version, what happens to most of its addresses.
        staying: result → networks that keep it though the rest changes, with what decides.
        unknown: networks whose change is not known, where those are not the rest.
    """

    def __init__(
        self,
        before: Policy,
        after: Policy,
        changes: Iterable[Change],
        why: Callable[[Change], str],
        is_worse: Callable[[Change], bool],
    ) -> None:
        changes = list(changes)
        kinds: dict[_Kind, list[Network]] = {}
        self._worse: set[tuple[str, str]] = set()
        for change in changes:
            kind = _Kind(outcome_word(change.before), outcome_word(change.after), why(change))
            kinds.setdefault(kind, []).append(change.network)
            if is_worse(change):
                self._worse.add(kind[:2])
        self.unknown = unknown_networks(before, after)
        self.rest = {version: self._rest(version, kinds) for version in (4, 6)}
        groups: dict[tuple[str, str], list[tuple[Network, str]]] = {}
        for kind, networks in kinds.items():
            rows = groups.setdefault(kind[:2], [])
            for version in (4, 6):
                if self.rest[version] != kind:
                    rows += [(network, kind.why) for network in _collapsed(networks, version)]
        self.groups = sorted([each for each in groups.items() if each[1]], key=lambda each: each[0] not in self._worse)
        told = {version: _spans([c.network for c in changes] + self.unknown, version) for version in (4, 6)}
        self.unknown = [network for network in self.unknown if self.rest[network.version] != _UNKNOWN]
        self.staying: dict[str, list[tuple[Network, str]]] = {}
        for family in (V4, V6):
            if self.rest[family.version] != _KEPT:
                for first, last, outcome in after.ranges(family.version):
                    kept = difference([(first, last)], told[family.version])
                    rows = [(network, outcome_text(outcome)) for network in networks_of(family, kept)]
                    self.staying.setdefault(outcome_word(outcome), []).extend(rows)

        rows = [row for group in (*dict(self.groups).values(), *self.staying.values()) for row in group]
        self._told = {network.version for network in (*self.unknown, *[network for network, _ in rows])}

    def _rest(self, version: int, kinds: dict[_Kind, list[Network]]) -> _Kind:
        """Return what happens to the most of a family's addresses."""
        counts = {_KEPT: _ALL[version]}
        for kind, networks in [*kinds.items(), (_UNKNOWN, self.unknown)]:
            counts[kind] = sum([network.num_addresses for network in networks if network.version == version])
            counts[_KEPT] -= counts[kind]
        return max(counts, key=lambda kind: counts[kind])

    def lines(self, width: int | None) -> Iterator[Line]:
        """Yield the groups, all but what happens to the rest."""
        for (before, after), rows in self.groups:
            style = "fail" if (before, after) in self._worse else "strong"
            about = networks_text([network for network, _ in rows])
            yield line(Span(f"{before} → {after}", style), Span(f"  {about}", "quiet"), indent=2, hang=2)
            yield from network_rows(rows, width)
        if self.unknown:
            about = f"  {networks_text(self.unknown)}; DNS could not answer"
            yield line(Span("not known", "fault"), Span(about, "quiet"), indent=2, hang=2)
            yield from network_rows([(network, "") for network in self.unknown], width)

    def staying_lines(self, kept: Iterable[Change], width: int | None) -> Iterator[Line]:
        """Yield what keeps its result though most do not; and `kept`, which keeps it by another way than before."""
        for result, rows in self.staying.items():
            if rows:
                yield line(Span(f"stays {result}", "strong"), indent=2, hang=2)
                yield from network_rows(rows, width)
        groups: dict[str, list[tuple[Network, str]]] = {}
        for change in kept:
            if self.rest[change.network.version] == _KEPT:
                groups.setdefault(outcome_word(change.after), []).append((change.network, outcome_text(change.after)))
        for result, rows in groups.items():
            told = Span("  though a term that leads to it goes", "quiet")
            yield line(Span(f"stays {result}", "strong"), told, indent=2, hang=2)
            yield from network_rows(rows, width)
        self._told |= {network.version for rows in groups.values() for network, _ in rows}

    def rest_lines(self) -> Iterator[Line]:
        """Yield what happens to everything else."""
        if self.rest[4] == self.rest[6]:
            yield self._rest_line("everything else" if self._told else "every address", self.rest[4])
            return
        for version, kind in self.rest.items():
            yield self._rest_line(f"every {'other ' if version in self._told else ''}IPv{version} address", kind)

    def _rest_line(self, what: str, kind: _Kind) -> Line:
        if kind == _KEPT:
            return line(f"{what} keeps its result", indent=2, hang=2)
        if kind == _UNKNOWN:
            return line(f"{what}: ", Span("not known", "fault"), f"; {kind.why}", indent=2, hang=2)
        style = "fail" if kind[:2] in self._worse else "strong"
        return line(f"{what}: ", Span(f"{kind.before} → {kind.after}", style), f"  {kind.why}", indent=2, hang=2)


def network_rows(rows: list[tuple[Network, str]], width: int | None) -> Iterator[Line]:
    """Yield networks with what is to be said of each, as many as a person may look at."""
    shown = [Row(Span(" "), Span(str(net), "term"), (Span(why),) if why else ()) for net, why in rows[:_MOST_NETWORKS]]
    yield from table(shown, width, 4)
    if len(rows) > _MOST_NETWORKS:
        yield line(f"… and {len(rows) - _MOST_NETWORKS} more; --json has them all", indent=6, hang=2)


def networks_text(networks: list[Network]) -> str:
    """Return how many networks and addresses these are, in words."""
    return f"{len(networks)} network{'s' if len(networks) != 1 else ''}, {addresses_text(networks)}"


def _collapsed(networks: list[Network], version: int) -> list[Network]:
    if version == 4:
        return list(collapse_addresses([network for network in networks if isinstance(network, IPv4Network)]))
    return list(collapse_addresses([network for network in networks if isinstance(network, IPv6Network)]))


def _spans(networks: list[Network], version: int) -> Spans:
    spans = [(int(net.network_address), int(net.broadcast_address)) for net in networks if net.version == version]
    return union(spans)
