"""The core: a record and the answers to its questions become a result. Nothing here does I/O or reads a clock."""

from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.headers import AuthenticationResults, MethodResult, ReceivedSPF, SMTPReply
from spfengine.evaluation.limits import Limits, VoidRule
from spfengine.evaluation.trace import Expansion, TermStatus, Trace, TracedQuestion, TracedRecord, TracedTerm

__all__ = [
    "AuthenticationResults",
    "CheckResult",
    "Expansion",
    "Limits",
    "MethodResult",
    "ReceivedSPF",
    "SMTPReply",
    "TermStatus",
    "Trace",
    "TracedQuestion",
    "TracedRecord",
    "TracedTerm",
    "VoidRule",
]
