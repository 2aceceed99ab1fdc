"""What mail logs have in them that names no sender whom SPF is about, in the words of `Evidence.aside`."""

from typing import Final

from spfengine.evidence.hops import is_internal

NO_SENDER: Final = "log lines that name no sender"
LOCAL: Final = "messages from the host itself"
INTERNAL: Final = "messages from internal addresses"
USERS: Final = "messages submitted by authenticated users"
BEFORE_SENDER: Final = "clients refused before they named a sender"
REPEATED: Final = "log lines about messages already counted"


def why_aside(ip: str) -> str | None:
    """Return why a client is of no interest, or None if it is."""
    return INTERNAL if is_internal(ip) else None
