"""What a reading returns: the senders, what they were read from, and what could not be read."""

from dataclasses import dataclass, fields
from typing import Any, Final

from spfengine.senders import Sender, sender_dict
from spfengine.visible import short_repr, visible

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
        messages: the messages of these rows, as far as their number could be read.
    """

    source: str
    member: str | None
    place: str | None
    reason: str
    example: str | None
    count: int
    messages: int = 0

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


@dataclass(frozen=True, slots=True, repr=False)
class Repair(Unread):
    """Something that was read nevertheless, after a repair or without one of its fields; no message is lost to it."""


@dataclass(frozen=True, slots=True, repr=False)
class ReportedBy:
    """A DMARC aggregate report: who made it, when, and about which domain (RFC 9990 §3.1.1.3, §3.1.1.5).

    All texts are as the report has them, so pass them through `spfengine.visible` before you print them; "" is a text
    that the report does not have.

    Attributes:
        organisation, email: the reporter.
        report_id: its Report-ID.
        begin, end: the reporting period, in seconds since 1970 (UTC); None if it can't be read.
        domain: the domain whose DMARC policy the report is about.
        policy: the policy that the reporter found, by the names of RFC 9990 §3.1.1.5, such as "p", "sp" or "aspf".
        is_duplicate: whether a report of this reporter with this Report-ID was read before, so that this one is not
            counted.
        messages: the messages that it names.
    """

    organisation: str
    email: str
    report_id: str
    begin: int | None
    end: int | None
    domain: str
    policy: tuple[tuple[str, str], ...]
    is_duplicate: bool
    messages: int

    def __repr__(self) -> str:
        return short_repr(self, ("organisation", "report_id", "domain", "messages"))

    def to_dict(self) -> dict[str, object]:
        """Return the report as JSON-safe values."""
        return {
            "organisation": visible(self.organisation),
            "email": visible(self.email),
            "report_id": visible(self.report_id),
            "begin": self.begin,
            "end": self.end,
            "domain": visible(self.domain),
            "policy": {name: visible(value) for name, value in self.policy},
            "duplicate": self.is_duplicate,
            "messages": self.messages,
        }


@dataclass(frozen=True, slots=True)
class SourceKind:
    """What was read of one kind of source.

    Attributes:
        kind: "dmarc-report", "message", "bounce", "failure-report", "log", "csv", "json" or "parquet".
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
        skipped_messages: the messages of the rows that could not be read, as far as their number could.
        repaired: what was read after a repair, or without a field that can't be used, and where.
        reports: the DMARC reports, in the order they were read; the first thousand.
        duplicates: DMARC reports that were given more than once; only the first of them is counted.
        duplicate_messages: the messages of the others.
    """

    senders: tuple[Sender, ...]
    messages: int
    sources: tuple[SourceKind, ...] = ()
    unread: tuple[Unread, ...] = ()
    skipped: int = 0
    left_out: int = 0
    aside: tuple[tuple[str, int], ...] = ()
    receivers: tuple[tuple[str, int], ...] = ()
    skipped_messages: int = 0
    repaired: tuple[Repair, ...] = ()
    reports: tuple[ReportedBy, ...] = ()
    duplicates: int = 0
    duplicate_messages: int = 0

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
            "skipped_messages": self.skipped_messages,
            "repaired": [entry.to_dict() for entry in self.repaired],
            "reports": [report.to_dict() for report in self.reports],
            "duplicates": self.duplicates,
            "duplicate_messages": self.duplicate_messages,
        }
