"""Changes of results: grouped by what changes, and what happens to all other addresses said once."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from ipaddress import IPv4Network, IPv6Network, collapse_addresses

from spfengine.addresses import V4, V6
from spfengine.evaluation.unanswered import why_unknown
from spfengine.policy.diff import Change, unknown_networks
from spfengine.policy.policy import Policy
from spfengine.policy.ranges import IPNetwork, Spans, difference, networks_of, union
from spfengine.problems import Result
from spfengine.simulation.simulation import change_is_worse, is_stricter
from spfengine.text.lines import UNKNOWN, Line, Row, Span, more_line, note, table
from spfengine.text.outcomes import (
    addresses_text,
    failed_of,
    joined_networks,
    networks_text,
    outcome_text,
    outcome_word,
)
from spfengine.wording import listed

_MOST_NETWORKS = 12
_MOST_KINDS = 2
_ALL = {4: 1 << 32, 6: 1 << 128}

_NetworkRow = tuple[IPNetwork, str]  # with what is to be said about it


@dataclass(frozen=True, slots=True)
class _What:
    """A kind of change, in words."""

    before: str
    after: str
    why: str

    @property
    def results(self) -> tuple[str, str]:
        return self.before, self.after


_UNKNOWN_KIND = _What("", "", "not known")
_KEPT = _What("", "", "")


def is_worse(change: Change) -> bool:
    """Whether a change loses a pass or adds an error."""
    return change_is_worse(change.before, change.after)


def is_less(change: Change) -> bool:
    """Whether a network gets a result that receivers treat worse, such as fail after softfail."""
    return is_stricter(change.before, change.after)


def _is_better(change: Change) -> bool:
    return is_stricter(change.after, change.before)


def never_worse(change: Change) -> bool:  # noqa: ARG001 - same signature as `is_worse`
    """Return False: for a comparison of two records of which neither is the older one."""
    return False


class Kind(Enum):
    """Whether receivers treat the new result worse than the one before, or better."""

    WORSE = auto()
    BETTER = auto()
    OTHER = auto()


class Changes:
    """Changes, sorted for people.

    Attributes:
        groups: ((before, after), networks with the reason of each); those that are worse first.
        rest: by IP version, what happens to most of its addresses.
        staying: result → networks that keep it although most addresses change, with what decides.
        unknown: networks whose change is not known, unless that is what happens to most.

    Args:
        why: says why a network's result changes.
        is_worse: whether a change is for the worse, which is shown first.
        everything: whether all networks are listed, however many.
        where: what shows the networks that are not listed.
    """

    def __init__(
        self,
        before: Policy,
        after: Policy,
        changes: Iterable[Change],
        why: Callable[[Change], str],
        is_worse: Callable[[Change], bool] = is_worse,
        *,
        everything: bool = False,
        where: str = "--json has them",
    ) -> None:
        changes = list(changes)
        self._most = None if everything else _MOST_NETWORKS
        self._where = where
        kinds: dict[_What, list[IPNetwork]] = {}
        self._kinds: dict[tuple[str, str], Kind] = {}
        for change in changes:
            kind = _What(outcome_word(change.before), outcome_word(change.after), why(change))
            kinds.setdefault(kind, []).append(change.network)
            if is_worse(change):
                self._kinds[kind.results] = Kind.WORSE
            elif kind.results not in self._kinds:
                self._kinds[kind.results] = Kind.BETTER if _is_better(change) else Kind.OTHER
        unknown = unknown_networks(before, after)
        self._why_unknown = why_unknown(failed_of(before, after))
        self.rest = {version: _most_common(version, kinds, unknown) for version in (4, 6)}
        self.groups = self._grouped(kinds)
        self.unknown = [network for network in unknown if self.rest[network.version] != _UNKNOWN_KIND]
        self.staying = self._staying(after, [*[change.network for change in changes], *unknown])
        rows = [row for group in (*dict(self.groups).values(), *self.staying.values()) for row in group]
        self._listed = {network.version for network in (*self.unknown, *[network for network, _ in rows])}

    def _grouped(self, kinds: dict[_What, list[IPNetwork]]) -> list[tuple[tuple[str, str], list[_NetworkRow]]]:
        groups: dict[tuple[str, str], list[_NetworkRow]] = {}
        for kind, networks in kinds.items():
            rows = groups.setdefault(kind.results, [])
            for version in (4, 6):
                if self.rest[version] != kind:
                    rows += [(network, kind.why) for network in _collapsed(networks, version)]
        return sorted(
            [group for group in groups.items() if group[1]], key=lambda group: self._kinds[group[0]] is not Kind.WORSE
        )

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

    def kind_of(self, results: tuple[str, str]) -> Kind:
        """Return whether a group, by its results before and after, is for the worse or for the better."""
        return self._kinds[results]

    @property
    def why_unknown(self) -> str:
        """Why the networks in `unknown` are not known."""
        return self._why_unknown

    def lines(self, width: int | None) -> Iterator[Line]:
        """Yield the groups, all but what happens to the rest."""
        for kind in Kind:
            yield from self.group_lines(width, kind)
        yield from self.unknown_lines(width)

    def group_lines(self, width: int | None, kind: "Kind") -> Iterator[Line]:
        """Yield the groups of one kind."""
        worse = kind is Kind.WORSE
        for results, rows in self.groups:
            before, after = results
            if kind is self._kinds[results]:
                about = networks_text([network for network, _ in rows])
                style = "fail" if worse else "strong"
                yield note(Span(f"{before} → {after}", style), Span(f"  {about}", "quiet"))
                yield from self._network_rows(rows, width)

    def unknown_lines(self, width: int | None) -> Iterator[Line]:
        """Yield the networks whose change is not known."""
        if self.unknown:
            about = f"  {networks_text(self.unknown)}; {self._why_unknown}"
            yield note(UNKNOWN, Span(about, "quiet"))
            yield from self._network_rows([(network, "") for network in self.unknown], width)

    def staying_lines(self, kept: Iterable[Change], width: int | None) -> Iterator[Line]:
        """Yield what keeps its result although most do not; and `kept`, which keeps it by another term than before."""
        for result, rows in self.staying.items():
            yield note(Span(f"stays {result}", "strong"))
            yield from self._network_rows(rows, width)
        groups: dict[str, list[_NetworkRow]] = {}
        for change in kept:
            if self.rest[change.network.version] == _KEPT:
                groups.setdefault(outcome_word(change.after), []).append((change.network, outcome_text(change.after)))
        for result, rows in groups.items():
            yield note(Span(f"stays {result}", "strong"), Span("  although a term that gave it is removed", "quiet"))
            yield from self._network_rows(rows, width)
        self._listed |= {network.version for rows in groups.values() for network, _ in rows}

    def rest_lines(self) -> Iterator[Line]:
        """Yield what happens to all other addresses."""
        if self.rest[4] == self.rest[6]:
            yield self._rest_line("everything else" if self._listed else "every address", self.rest[4])
            return
        for version, kind in self.rest.items():
            yield self._rest_line(f"every {'other ' if version in self._listed else ''}IPv{version} address", kind)

    @property
    def is_rest_unknown(self) -> bool:
        """Whether it is not known what happens to most addresses of an IP version."""
        return _UNKNOWN_KIND in self.rest.values()

    def worse_rest_words(self) -> str:
        """Return what gets worse of what is not listed: "everything not listed: softfail → fail"; "" if nothing."""
        return self._rest_words(self._is_worse)

    def passing_rest_words(self) -> str:
        """Return what of what is not listed begins to pass: "everything not listed: softfail → pass"; "" if nothing."""
        return self._rest_words(lambda kind: kind.after == Result.PASS and kind.before != kind.after)

    def _rest_words(self, is_said: Callable[[_What], bool]) -> str:
        """Return what happens to what is not listed, if it is one of the kinds that are to be said."""
        kinds = self.rest.items()
        if self.rest[4] == self.rest[6]:
            said = {"everything not listed" if self._listed else "every address": self.rest[4]}
        else:
            said = {
                f"every IPv{each} address{' not listed' if each in self._listed else ''}": kind for each, kind in kinds
            }
        return "; ".join([f"{what}: {kind.before} → {kind.after}" for what, kind in said.items() if is_said(kind)])

    def _is_worse(self, kind: _What) -> bool:
        return self._kinds.get(kind.results) is Kind.WORSE

    def worse_words(self) -> str:
        """Return which of the listed networks get worse: "pass → softfail for 1 IPv4 address"."""
        worse = [
            f"{before} → {after} for {addresses_text([network for network, _ in rows])}"
            for (before, after), rows in self.groups
            if self._kinds[before, after] is Kind.WORSE
        ]
        return listed(worse, _MOST_KINDS, "change")

    def _network_rows(self, rows: list[_NetworkRow], width: int | None) -> Iterator[Line]:
        by_why: dict[str, list[IPNetwork]] = {}
        for network, why in rows:
            by_why.setdefault(why, []).append(network)
        joined = [(text, why) for why, networks in by_why.items() for text in joined_networks(networks)]
        first = [Row(Span(" "), Span(text, "term"), (Span(why),) if why else ()) for text, why in joined[: self._most]]
        yield from table(first, width, 4)
        yield from more_line(len(joined) - len(first), where=self._where)

    def _rest_line(self, what: str, kind: _What) -> Line:
        if kind == _KEPT:
            return note(f"{what} keeps its result")
        if kind == _UNKNOWN_KIND:
            return note(f"{what}: ", UNKNOWN, f"; {self._why_unknown}")
        style = "fail" if self._is_worse(kind) else "strong"
        return note(f"{what}: ", Span(f"{kind.before} → {kind.after}", style), f"  {kind.why}")


def _most_common(version: int, kinds: dict[_What, list[IPNetwork]], unknown: list[IPNetwork]) -> _What:
    """Return what happens to most addresses of an IP version."""
    counts = {_KEPT: _ALL[version]}
    for kind, networks in [*kinds.items(), (_UNKNOWN_KIND, unknown)]:
        counts[kind] = sum([network.num_addresses for network in networks if network.version == version])
        counts[_KEPT] -= counts[kind]
    return max(counts, key=lambda kind: counts[kind])


def _collapsed(networks: list[IPNetwork], version: int) -> list[IPNetwork]:
    if version == 4:
        return list(collapse_addresses([network for network in networks if isinstance(network, IPv4Network)]))
    return list(collapse_addresses([network for network in networks if isinstance(network, IPv6Network)]))


def _spans(networks: list[IPNetwork], version: int) -> Spans:
    spans = [(int(net.network_address), int(net.broadcast_address)) for net in networks if net.version == version]
    return union(spans)
