"""The evaluation of a record: check_host(), its trace, and the header fields. It does no I/O and reads no clock."""

from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.headers import AuthenticationResults, MethodResult, ReceivedSPF, SMTPReply
from spfengine.evaluation.limit_profiles import LIMIT_PROFILES, LimitProfile
from spfengine.evaluation.limits import Limits, VoidRule
from spfengine.evaluation.trace import Expansion, TermStatus, Trace, TracedQuestion, TracedRecord, TracedTerm

__all__ = [
    "LIMIT_PROFILES",
    "AuthenticationResults",
    "CheckResult",
    "Expansion",
    "LimitProfile",
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
