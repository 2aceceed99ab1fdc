"""What was read, what was skipped, and why: counted while files are read. Bounded, whatever they hold."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from operator import itemgetter
from typing import TypeVar

from spfengine.evidence.bounds import MAX_GROUPS, MAX_IDENTIFIERS, MAX_REPORTS
from spfengine.evidence.evidence import Repair, ReportedBy, SourceKind, Unread
from spfengine.visible import visible

_MAX_EXAMPLE = 80
_MAX_NAMES = 100
_Group = tuple[str, str | None, str]  # source, member, reason
_Entry = TypeVar("_Entry", bound=Unread)


class BrokenFileError(Exception):
    """The rest of a file can't be read; the reason is for people.

    Attributes:
        messages: the messages of the row that it broke in, as far as their number was read.
        is_damage: whether octets were changed, so that some of what was read before may be wrong as well.
    """

    def __init__(
        self, reason: str, example: str | None = None, place: str | None = None, *, damage: bool = False
    ) -> None:
        self.reason = reason
        self.example = example
        self.place = place
        self.messages = 0
        self.is_damage = damage
        super().__init__(reason, example, place)


class _Groups:
    """Things of one kind, counted by their place and reason; the first of each group is kept."""

    def __init__(self) -> None:
        self._groups: dict[_Group, tuple[str | None, str | None]] = {}
        self._counts: dict[_Group, list[int]] = {}

    def add(self, group: _Group, example: str | None, place: str | None, count: int, messages: int) -> None:
        """Count something; if there are too many groups, it is left out."""
        if group not in self._counts:
            if len(self._counts) >= MAX_GROUPS:
                return
            self._groups[group] = (place, None if example is None else visible(example, _MAX_EXAMPLE))
            self._counts[group] = [0, 0]
        counters = self._counts[group]
        counters[0] += count
        counters[1] += messages

    def entries(self, kind: type[_Entry]) -> tuple[_Entry, ...]:
        """Return the groups as values of a kind."""
        return tuple([kind(*group[:2], place, group[2], example, *self._counts[group])
                      for group, (place, example) in self._groups.items()])  # fmt: skip


class Ledger:
    """The counts of a reading so far.

    Attributes:
        source, member: what is being read.
        skipped: how many rows or parts could not be read.
        skipped_messages: the messages of these, as far as their number could be read.
        identifiers: of the reports that were read, shortened.
        duplicates, duplicate_messages: reports that were read before, and the messages that they name.
    """

    source: str
    member: str | None

    def __init__(self, earlier: "Ledger | None" = None) -> None:
        """Begin a ledger.

        Args:
            earlier: the ledger of files that were read before, so that a report that they hold is not counted again.
        """
        self.skipped: int = 0
        self.skipped_messages: int = 0
        self.duplicates: int = 0
        self.duplicate_messages: int = 0
        self.enter("")
        self._unread = _Groups()
        self._repaired = _Groups()
        self._reports: list[ReportedBy] = []
        self.identifiers: set[bytes] = set() if earlier is None else earlier.identifiers
        self._kinds: dict[str, list[int]] = {}
        self._aside: dict[str, int] = {}
        self._receivers: dict[str, int] = {}

    def enter(self, source: str, member: str | None = None) -> None:
        """Note what is read from now on."""
        self.source = source
        self.member = member
        self._source = visible(source)
        self._member = None if member is None else visible(member, 200)

    def skip(
        self, reason: str, example: str | None = None, place: str | None = None, count: int = 1, messages: int = 0
    ) -> None:
        """Count something that can't be read; of several with one reason in one part, the first is kept."""
        self.skipped += count
        self.skipped_messages += messages
        self._unread.add((self._source, self._member, reason), example, place, count, messages)

    def repair(self, reason: str, example: str | None = None, place: str | None = None) -> None:
        """Count something that was read after a repair, or without a field that can't be used."""
        self._repaired.add((self._source, self._member, reason), example, place, 1, 0)

    def is_new(self, *identifier: str) -> bool:
        """Whether a report with this identifier was not read before; it is remembered from now on."""
        key = blake2b("\0".join(identifier).encode("utf-8", "replace"), digest_size=16).digest()
        if key in self.identifiers:
            return False
        if len(self.identifiers) < MAX_IDENTIFIERS:
            self.identifiers.add(key)
        return True

    def report(self, report: ReportedBy) -> None:
        """Count a report, after all of it was read."""
        if report.is_duplicate:
            self.duplicates += 1
            self.duplicate_messages += report.messages
        if len(self._reports) < MAX_REPORTS:
            self._reports.append(report)

    def begin(self, kind: str) -> None:
        """Count a file of a kind."""
        self._kinds.setdefault(kind, [0, 0, 0])[0] += 1

    def add(self, kind: str, messages: int, rows: int = 1) -> None:
        """Count rows of a kind that has begun, and their messages."""
        counters = self._kinds[kind]
        counters[1] += rows
        counters[2] += messages

    def files(self, kind: str) -> int:
        """Return the number of files of a kind so far."""
        return self._kinds.get(kind, (0,))[0]

    def aside(self, what: str, count: int = 1) -> None:
        """Count something that was understood, but names no sender; `what` is trusted text."""
        self._aside[what] = self._aside.get(what, 0) + count

    def believe(self, receiver: str) -> None:
        """Count a message whose header field was believed, by the name of the receiver that wrote it."""
        name = visible(receiver, 200)
        if name in self._receivers or len(self._receivers) < _MAX_NAMES:
            self._receivers[name] = self._receivers.get(name, 0) + 1

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Be in a part of what is being read while the context lasts."""
        source, member = self.source, self.member
        self.enter(source, name if member is None else f"{member}: {name}")
        try:
            yield
        finally:
            self.enter(source, member)

    @property
    def unread(self) -> tuple[Unread, ...]:
        """What could not be read."""
        return self._unread.entries(Unread)

    @property
    def repaired(self) -> tuple[Repair, ...]:
        """What was read after a repair, or without a field that can't be used."""
        return self._repaired.entries(Repair)

    @property
    def reports(self) -> tuple[ReportedBy, ...]:
        """The DMARC reports."""
        return tuple(self._reports)

    @property
    def kinds(self) -> tuple[SourceKind, ...]:
        """What was read, by kind."""
        return tuple([SourceKind(kind, *counters) for kind, counters in self._kinds.items()])

    @property
    def asides(self) -> tuple[tuple[str, int], ...]:
        """What names no sender."""
        return tuple(self._aside.items())

    @property
    def receivers(self) -> tuple[tuple[str, int], ...]:
        """The receivers whose header fields were believed, most messages first."""
        return tuple(sorted(self._receivers.items(), key=itemgetter(1), reverse=True))
