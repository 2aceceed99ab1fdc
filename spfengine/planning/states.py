"""Two states of DNS, each as a tree of files has it: what answers in it, and its names with SPF."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spfengine.answers import Resolver, Status, is_spf_octets
from spfengine.dmarc.suffixes import domain_around
from spfengine.names import Names, fold, is_same_or_under
from spfengine.planning.contents import Contents, makers
from spfengine.planning.unknowns import Held, Unknowns
from spfengine.resolvers.rrsets import ANY_TYPE, RRset
from spfengine.resolvers.zone import Zone
from spfengine.resolvers.zone_files import files as zone_files
from spfengine.sources.record import FoundRecord
from spfengine.sources.unshown import Unshown

if TYPE_CHECKING:
    from spfengine.resolvers.recording import Recording

TXT = "TXT"
Key = tuple[str, str]
"""Folded name and type of an RRset."""


@dataclass(slots=True)
class State:
    """What one tree says.

    Attributes:
        contents: its files.
        named: folded name → the records of source files for it.
        unnamed: the records of source files whose name is not known: name in place of it → record.
        removed: the names that only the other tree has: folded name → RRset that says so.
        unshown: folded name → what may be or make its SPF record, though no file shows that.
    """

    contents: Contents
    unknowns: Unknowns
    named: dict[str, list[FoundRecord]] = field(default_factory=dict)
    unnamed: dict[str, FoundRecord] = field(default_factory=dict)
    removed: dict[str, RRset] = field(default_factory=dict)
    unshown: dict[str, list[Unshown]] = field(default_factory=dict)
    _zones: dict[str | None, Zone] = field(default_factory=dict)
    _resolvers: dict[str | None, Resolver] = field(default_factory=dict)
    _apexes: Names | None = None

    def __post_init__(self) -> None:
        for record in self.contents.records:
            if record.name is not None:
                self.named.setdefault(fold(record.name), []).append(record)

    def rrsets_of(self) -> Iterator[tuple[str, RRset]]:
        """Yield every RRset with the file that has it."""
        for path, zone in self.contents.zones.items():
            yield from ((path, rrset) for rrset in zone.rrsets)
        for name, records in self.named.items():
            yield from self._of_records(name, records)
        for name, record in self.unnamed.items():
            yield from self._of_records(name, [record])

    def _of_records(self, name: str, records: Iterable[FoundRecord]) -> Iterator[tuple[str, RRset]]:
        by_path: dict[str, dict[bytes, None]] = {}
        for record in records:
            by_path.setdefault(record.path, {})[self.unknowns.text_of(record)] = None
        for path, texts in by_path.items():
            yield path, RRset(name, TXT, tuple([_in_strings(text) for text in texts]))

    def spf_names(self) -> dict[str, list[str]]:
        """Return the names that have SPF records, folded, each with the files that have them."""
        found: dict[str, list[str]] = {}
        for path, rrset in self.rrsets_of():
            if rrset.type == TXT and any(is_spf_octets(b"".join(strings)) for strings in rrset.records):
                found.setdefault(fold(rrset.name), []).append(path)
        return found

    def conflicts(self) -> dict[str, list[str]]:
        """Return the names whose TXT records differ from file to file, folded, each with its files."""
        seen: dict[str, dict[str, frozenset[bytes]]] = {}
        for path, rrset in self.rrsets_of():
            if rrset.type == TXT:
                texts = frozenset([b"".join(strings) for strings in rrset.records])
                seen.setdefault(fold(rrset.name), {})[path] = frozenset(filter(is_spf_octets, texts))
        return {name: list(files) for name, files in seen.items() if len(set(files.values())) > 1}

    def knows(self, name: str) -> bool:
        """Whether a zone of the tree says all that DNS has at a folded name."""
        if self._apexes is None:
            self._apexes = Names(apex for zone in self.contents.zones.values() for apex in zone.apexes or ())
        return self._apexes.cover(name)

    def resolver(self, below: Resolver | None, last: str | None = None) -> Resolver:
        """Return what answers, the same object each time.

        Args:
            below: what answers for what the files do not have; the same each time.
            last: the file whose records replace those that other files have of the same names.
        """
        if last not in self._resolvers:
            zone = self._zone(last)
            layers: list[Zone | Recording] = [*self.contents.recordings.values(), zone]
            self._resolvers[last] = Held(zone_files.lay_together(layers, below), zone)
        return self._resolvers[last]

    def _zone(self, last: str | None) -> Zone:
        """Return all files as one zone, which knows no other names if no file has a whole zone."""
        if last not in self._zones:
            by_key: dict[Key, RRset] = {}
            names: dict[str, str] = {}
            for _, zone in sorted(self.contents.zones.items(), key=lambda each: each[0] == last):
                names |= {fold(name): name for name in zone.names}
                by_key |= {(fold(rrset.name), rrset.type): rrset for rrset in zone.rrsets}
            for path, rrset in self.rrsets_of():
                key = fold(rrset.name), rrset.type
                if path not in self.contents.zones and (path == last or key not in by_key):
                    by_key[key] = rrset
                    if not self.knows(key[0]):
                        by_key[key[0], ANY_TYPE] = RRset(rrset.name, ANY_TYPE, (), None, Status.UNKNOWN)
            by_key |= {(name, rrset.type): rrset for name, rrset in self.removed.items()}
            names |= {key[0]: rrset.name for key, rrset in by_key.items()}
            self._zones[last] = self._made(names.values(), by_key)
        return self._zones[last]

    def _made(self, names: Iterable[str], by_key: Mapping[Key, RRset]) -> Zone:
        zones = self.contents.zones.values()
        is_whole = any(zone.apexes is None for zone in zones)  # an OpenSPF suite is all of DNS
        apexes = None if is_whole else [apex for zone in zones for apex in zone.apexes or ()]
        zone = Zone.from_rrsets(names, by_key.values(), apexes)
        return zone if is_whole or apexes else zone.only_listed()


def pair(before: State, after: State) -> None:
    """Give each record without a known name a name, and if both trees have the record, the same one in both.

    Records with the same text are taken for the same one, wherever they are; the others of a file are paired in order.
    """
    waiting = [[record for record in state.contents.records if record.name is None] for state in (before, after)]
    for key in (_by_text, _by_path):
        by_key: dict[tuple[str, str], deque[FoundRecord]] = {}
        for record in waiting[1]:
            by_key.setdefault(key(record), deque()).append(record)
        rest = []
        for old in waiting[0]:
            matching = by_key.get(key(old))
            if not matching:
                rest.append(old)
                continue
            new = matching.popleft()
            name = after.unknowns.name_of(new)
            before.unnamed[name], after.unnamed[name] = old, new
        waiting = [rest, [record for records in by_key.values() for record in records]]
    for state, records in zip((before, after), waiting, strict=True):
        state.unnamed |= {state.unknowns.name_of(record): record for record in records}


def _by_text(record: FoundRecord) -> tuple[str, str]:
    return record.source, record.name_text


def _by_path(record: FoundRecord) -> tuple[str, str]:
    return record.path, ""


def mark_removed(state: State, other: State, *, is_live: bool) -> None:
    """Note that the names that have SPF only in the other tree have none here.

    If a record here has no known name, it may be that of one of them. Then it is not known what they have.

    Args:
        is_live: whether live DNS says what they have here. It does so for the state before the change, since a record
            may be published that no file has.
    """
    names_there = other.spf_names()
    missing = [] if is_live else _not_in(state, names_there)
    if not missing:
        return
    may_be_here = any(name not in other.unnamed and not name.startswith("part-") for name in state.unnamed)
    unread = {each.path for each in state.contents.unread}
    made = makers(state.contents, other.contents, {domain_around(each) for each in names_there})
    for name in missing:
        is_named = name in other.named or name not in other.unnamed
        state.unshown[name] = [
            *_may_be(state, other, name),
            *[each for each in made if not is_named or _is_about(each, name)],
        ]
        is_unread = not unread.isdisjoint(names_there[name])
        is_unknown = (may_be_here and is_named) or state.unshown[name] or is_unread
        status = Status.UNKNOWN if is_unknown else Status.NOERROR
        state.removed[name] = RRset(name, TXT, (), None, status)


def _not_in(state: State, names: Iterable[str]) -> list[str]:
    """Return the names, folded, whose TXT records no file of a state has, and no zone of it knows."""
    own = {*state.spf_names(), *[fold(rrset.name) for _, rrset in state.rrsets_of() if rrset.type == TXT]}
    return [name for name in names if name not in own and not state.knows(name)]


def _may_be(state: State, other: State, name: str) -> list[Unshown]:
    """Return the TXT records whose value the files do not show, and that may be the SPF record of a name.

    What the other tree has as well is another record: there, the SPF record is beside it.
    """
    beside = {(each.name, each.name_text, each.text) for each in other.contents.unshown()}
    return [
        each
        for each in state.contents.unshown()
        if (each.name, each.name_text, each.text) not in beside
        and (fold(each.name) == name if each.name is not None else bool(each.name_text))
    ]


def _is_about(maker: Unshown, name: str) -> bool:
    """Whether what makes records may make that of a folded name: it has its domain in it, or no domain."""
    domains = list(map(fold, maker.domains))
    return not domains or any(is_same_or_under(name, each) or is_same_or_under(each, name) for each in domains)


def _in_strings(text: bytes) -> tuple[bytes, ...]:
    return tuple([text[at : at + 255] for at in range(0, len(text), 255)]) or (b"",)
