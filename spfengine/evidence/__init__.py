"""Reading who sends mail for a domain from DMARC reports, messages, mail logs and tables: `read_evidence`."""

from typing import TYPE_CHECKING

from spfengine.lazy import lazy_names

if TYPE_CHECKING:
    from spfengine.evidence.bounds import Bounds
    from spfengine.evidence.evidence import Evidence, SourceKind, Unread
    from spfengine.evidence.ledger import Ledger
    from spfengine.evidence.reading import iterate_senders, read_evidence

__all__ = [
    "Bounds",
    "Evidence",
    "Ledger",
    "SourceKind",
    "Unread",
    "iterate_senders",
    "read_evidence",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Bounds": "spfengine.evidence.bounds",
        "Evidence": "spfengine.evidence.evidence",
        "Ledger": "spfengine.evidence.ledger",
        "SourceKind": "spfengine.evidence.evidence",
        "Unread": "spfengine.evidence.evidence",
        "iterate_senders": "spfengine.evidence.reading",
        "read_evidence": "spfengine.evidence.reading",
    },
)
