"""The book of a reading: what was read, what could not be, and where. Bounded, whatever is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from spfengine.evidence.values import MAX_GROUPS
from spfengine.frozen import Frozen, fill
from spfengine.senders import Sender, sender_dict
from spfengine.visible import visible

_MAX_EXAMPLE = 80
_MAX_NAMES = 100
_Group = tuple[str, str | None, str]  # source, member, reason


class Broken(Exception):  # noqa: N818 - the file is broken, not the program
    """The rest of what is being read can't be; the reason is for people."""

    def __init__(self, reason: str, example: str | None = None, place: str | None = None) -> None:
        self.reason = reason
        self.example = example
        self.place = place
        super().__init__(reason, example, place)


class Unread(Frozen):
    """Something that could not be read: one row, several of the same kind, or the rest of a file.

    All texts are safe to show.

    Attributes:
        source: the file.
        member: the part of it, where it is an archive or a message with attachments; None otherwise.
        place: where the first of them stands, such as "line 7"; None where it is the file as a whole.
        reason: why it could not be read.
        example: what stands there, or None.
        count: how many there are of this kind in this part.
    """

    __slots__ = fields = ("source", "member", "place", "reason", "example", "count")
    source: str
    member: str | None
    place: str | None
    reason: str
    example: str | None
    count: int

    def __init__(
        self, source: str, member: str | None, place: str | None, reason: str, example: str | None, count: int
    ) -> None:
        for name, value in zip(self.fields, (source, member, place, reason, example, count), strict=True):
            fill(self, name, value)

    def __str__(self) -> str:
        where = self.source if self.member is None else f"{self.source} ({self.member})"
        told = f"{where}: " if self.place is None else f"{where}, {self.place}: "
        told += self.reason if self.example is None else f"{self.reason}: '{self.example}'"
        return told if self.count == 1 else f"{told} (and {self.count - 1:,} more)"

    def to_dict(self) -> dict[str, object]:
        """Return a JSON-safe form."""
        return {name: getattr(self, name) for name in self.fields}


class SourceKind(NamedTuple):
    """What was read of one kind.

    Attributes:
        kind: "dmarc-report", "message", "log" or "csv".
        files: files, members of archives and attachments of this kind.
        rows: rows, records, messages or lines that gave a sender.
        messages: the messages that they tell of.
    """

    kind: str
    files: int
    rows: int
    messages: int

    def to_dict(self) -> dict[str, object]:
        """Return a JSON-safe form."""
        return self._asdict()


class Ledger:
    """What a reading has come to so far.

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
        """Say what is read from now on."""
        self.source = source
        self.member = member
        self._source = visible(source)
        self._member = None if member is None else visible(member, 200)

    def skip(self, reason: str, example: str | None = None, place: str | None = None, count: int = 1) -> None:
        """Count something that can't be read; of several with one reason in one part, the first is shown."""
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
        """Return how many files of a kind there have been."""
        return self._kinds.get(kind, (0,))[0]

    def aside(self, what: str, count: int = 1) -> None:
        """Count what was understood, but tells of no sender; `what` is one of ours, no stranger's text."""
        self._aside[what] = self._aside.get(what, 0) + count

    def believe(self, receiver: str) -> None:
        """Count a message whose header field was believed, by the name of its writer."""
        name = visible(receiver, 200)
        if name in self._receivers or len(self._receivers) < _MAX_NAMES:
            self._receivers[name] = self._receivers.get(name, 0) + 1

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Be in a part of what is being read, for as long as the context lasts."""
        source, member = self.source, self.member
        self.enter(source, name if member is None else f"{member}: {name}")
        try:
            yield
        finally:
            self.enter(source, member)

    @property
    def unread(self) -> tuple[Unread, ...]:
        """What could not be read."""
        found = []
        for group, (place, example) in self._first.items():
            source, member, reason = group
            found.append(Unread(source, member, place, reason, example, self._counts[group]))
        return tuple(found)

    @property
    def kinds(self) -> tuple[SourceKind, ...]:
        """What was read, by kind."""
        return tuple([SourceKind(kind, *counters) for kind, counters in self._kinds.items()])

    @property
    def asides(self) -> tuple[tuple[str, int], ...]:
        """What tells of no sender."""
        return tuple(self._aside.items())

    @property
    def receivers(self) -> tuple[tuple[str, int], ...]:
        """Whose header fields were believed, most messages first."""
        return tuple(sorted(self._receivers.items(), key=lambda each: -each[1]))


# What a reading came to.

SCHEMA: Final = "spfengine.evidence/1"


class Evidence(NamedTuple):
    """Who sends mail for a domain, as reports, messages, logs and tables tell; and what of them could not be read.

    Attributes:
        senders: the senders, each once (equal ones are added up), most messages first.
        messages: the messages of these senders.
        sources: what was read, by kind.
        unread: what could not be read and where; of rows with one reason in one file the first, with their number.
        skipped: how many rows or parts could not be read; more than `unread` tells only if it has too many entries.
        left_out: messages of further senders, once there were as many different ones as are kept.
        aside: (what, how many): what was understood, but tells of no sender, such as lines of other programs.
        receivers: (name, messages): whose header fields were believed in messages.
    """

    senders: tuple[Sender, ...]
    messages: int
    sources: tuple[SourceKind, ...] = ()
    unread: tuple[Unread, ...] = ()
    skipped: int = 0
    left_out: int = 0
    aside: tuple[tuple[str, int], ...] = ()
    receivers: tuple[tuple[str, int], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-safe form."""
        return {
            "schema": SCHEMA,
            "messages": self.messages,
            "senders": [sender_dict(sender) for sender in self.senders],
            "sources": [each.to_dict() for each in self.sources],
            "unread": [each.to_dict() for each in self.unread],
            "skipped": self.skipped,
            "left_out": self.left_out,
            "aside": [{"what": what, "count": count} for what, count in self.aside],
            "receivers": [{"name": name, "messages": count} for name, count in self.receivers],
        }
