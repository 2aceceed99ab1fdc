"""What a receiver writes down or answers after a check, and the header fields read back."""

from spfengine.evaluation.headers.authentication import (
    AuthenticationResults,
    MethodResult,
    authentication_results,
    parse_authentication_results,
)
from spfengine.evaluation.headers.received import ReceivedSPF, parse_received_spf, received_spf
from spfengine.evaluation.headers.reply import SMTPReply, smtp_reply

__all__ = [
    "AuthenticationResults",
    "MethodResult",
    "ReceivedSPF",
    "SMTPReply",
    "authentication_results",
    "parse_authentication_results",
    "parse_received_spf",
    "received_spf",
    "smtp_reply",
]
