"""What a reading returns: the senders, what they were read from, and what could not be read."""

from dataclasses import dataclass, fields
from typing import Any, Final

from spfengine.senders import Sender, sender_dict
from spfengine.visible import short_repr

SCHEMA: Final = "spfengine.evidence/1"


@dataclass(frozen=True, slots=True, repr=False)
class Unread:
    """Something that could not be read: a row, several of the same kind, or the rest of a file.

    All texts are safe to print.

    Attributes:
        source: the file.
        member: the part of it, if it is an archive or a message with attachments; otherwise None.
        place: where the first of them is, such as "line 7"; None for the file as a whole.
        reason: why it could not be read.
        example: its text, or None.
        count: how many there are of this kind in this part.
    """

    source: str
    member: str | None
    place: str | None
    reason: str
    example: str | None
    count: int

    def __str__(self) -> str:
        where = self.source if self.member is None else f"{self.source} ({self.member})"
        prefix = f"{where}: " if self.place is None else f"{where}, {self.place}: "
        message = prefix + (self.reason if self.example is None else f"{self.reason}: '{self.example}'")
        return message if self.count == 1 else f"{message} (and {self.count - 1:,} more)"

    def __repr__(self) -> str:
        return short_repr(self, ("source", "member", "place", "reason", "example", "count"))

    def to_dict(self) -> dict[str, object]:
        """Return the entry as JSON-safe values."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True)
class SourceKind:
    """What was read of one kind of source.

    Attributes:
        kind: "dmarc-report", "message", "bounce", "failure-report", "log", "csv" or "json".
        files: files, members of archives and attachments of this kind.
        rows: rows, records, messages or lines that named a sender.
        messages: the messages of these senders.
    """

    kind: str
    files: int
    rows: int
    messages: int

    def to_dict(self) -> dict[str, object]:
        """Return the counts as JSON-safe values."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True, repr=False)
class Evidence:
    """Who sends mail for a domain, according to reports, messages, logs and tables, and what could not be read of them.

    Attributes:
        senders: the senders, each once (equal ones are added up), most messages first.
        messages: the messages of these senders.
        sources: what was read, by kind.
        unread: what could not be read, and where; of rows with one reason in one file the first, with their number.
        skipped: how many rows or parts could not be read; more than `unread` counts only if that has too many entries.
        left_out: messages of further senders, once as many different ones were seen as are kept.
        aside: (what, how many): what was understood, but names no sender, such as log lines of other programs.
        receivers: (name, messages): the receivers whose header fields were believed in messages.
    """

    senders: tuple[Sender, ...]
    messages: int
    sources: tuple[SourceKind, ...] = ()
    unread: tuple[Unread, ...] = ()
    skipped: int = 0
    left_out: int = 0
    aside: tuple[tuple[str, int], ...] = ()
    receivers: tuple[tuple[str, int], ...] = ()

    def __repr__(self) -> str:
        kinds = ", ".join(source.kind for source in self.sources)
        skipped = f", {self.skipped:,} unreadable" if self.skipped else ""
        return f"<Evidence: {len(self.senders):,} senders, {self.messages:,} messages ({kinds}){skipped}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the evidence as JSON-safe values; key "schema" names their version."""
        return {
            "schema": SCHEMA,
            "messages": self.messages,
            "senders": [sender_dict(sender) for sender in self.senders],
            "sources": [source.to_dict() for source in self.sources],
            "unread": [entry.to_dict() for entry in self.unread],
            "skipped": self.skipped,
            "left_out": self.left_out,
            "aside": [{"what": what, "count": count} for what, count in self.aside],
            "receivers": [{"name": name, "messages": count} for name, count in self.receivers],
        }
