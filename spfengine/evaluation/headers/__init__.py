"""Header fields and the SMTP reply of a result, and the reading of header fields."""

from spfengine.evaluation.headers.authentication_results import (
    AuthenticationResults,
    MethodResult,
    authentication_results,
    parse_authentication_results,
)
from spfengine.evaluation.headers.received_spf import (
    ReceivedSPF,
    parse_received_spf,
    received_spf,
    received_spf_line,
)
from spfengine.evaluation.headers.smtp_reply import SMTPReply, smtp_reply

__all__ = [
    "AuthenticationResults",
    "MethodResult",
    "ReceivedSPF",
    "SMTPReply",
    "authentication_results",
    "parse_authentication_results",
    "parse_received_spf",
    "received_spf",
    "received_spf_line",
    "smtp_reply",
]
