"""What a reading came to."""

from typing import Any, Final, NamedTuple

from spfengine.evidence.ledger import SourceKind, Unread
from spfengine.senders import Sender, sender_dict

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
