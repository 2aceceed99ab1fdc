"""Reading who sends mail for a domain from DMARC reports, messages, mail logs and tables: `read_evidence`."""

from spfengine.evidence.bounds import Bounds
from spfengine.evidence.evidence import Evidence, Repair, ReportedBy, SourceKind, Unread
from spfengine.evidence.ledger import Ledger
from spfengine.evidence.reading import iterate_senders, read_evidence

__all__ = [
    "Bounds",
    "Evidence",
    "Ledger",
    "Repair",
    "ReportedBy",
    "SourceKind",
    "Unread",
    "iterate_senders",
    "read_evidence",
]
