"""What was read, what was skipped, and why: counted while files are read. Bounded, whatever they hold."""

from collections.abc import Iterator
from contextlib import contextmanager
from operator import itemgetter

from spfengine.evidence.bounds import MAX_GROUPS
from spfengine.evidence.evidence import SourceKind, Unread
from spfengine.visible import visible

_MAX_EXAMPLE = 80
_MAX_NAMES = 100
_Group = tuple[str, str | None, str]  # source, member, reason


class Broken(Exception):  # noqa: N818 - the file is broken, not the program
    """The rest of a file can't be read; the reason is for people."""

    def __init__(self, reason: str, example: str | None = None, place: str | None = None) -> None:
        self.reason = reason
        self.example = example
        self.place = place
        super().__init__(reason, example, place)


class Ledger:
    """The counts of a reading so far.

    Attributes:
        source, member: what is being read.
        skipped: how many rows or parts could not be read.
    """

    source: str
    member: str | None

    def __init__(self) -> None:
        self.skipped = 0
        self.enter("")
        self._first: dict[_Group, tuple[str | None, str | None]] = {}
        self._counts: dict[_Group, int] = {}
        self._kinds: dict[str, list[int]] = {}
        self._aside: dict[str, int] = {}
        self._receivers: dict[str, int] = {}

    def enter(self, source: str, member: str | None = None) -> None:
        """Note what is read from now on."""
        self.source = source
        self.member = member
        self._source = visible(source)
        self._member = None if member is None else visible(member, 200)

    def skip(self, reason: str, example: str | None = None, place: str | None = None, count: int = 1) -> None:
        """Count something that can't be read; of several with one reason in one part, the first is kept."""
        self.skipped += count
        group = (self._source, self._member, reason)
        if group in self._counts:
            self._counts[group] += count
        elif len(self._counts) < MAX_GROUPS:
            self._counts[group] = count
            self._first[group] = (place, None if example is None else visible(example, _MAX_EXAMPLE))

    def begin(self, kind: str) -> None:
        """Count a file of a kind."""
        self._kinds.setdefault(kind, [0, 0, 0])[0] += 1

    def add(self, kind: str, messages: int) -> None:
        """Count a row of a kind that has begun, and its messages."""
        counters = self._kinds[kind]
        counters[1] += 1
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
        return tuple([Unread(*group[:2], place, group[2], example, self._counts[group])
                      for group, (place, example) in self._first.items()])  # fmt: skip

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
