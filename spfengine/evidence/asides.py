"""The parts of mail logs that name no sender to check, in the words of `Evidence.aside`."""

from typing import Final

from spfengine.evidence.hops import is_internal

NO_SENDER: Final = "log lines that name no sender"
LOCAL: Final = "messages from the host itself"
INTERNAL: Final = "messages from internal addresses"
USERS: Final = "messages submitted by authenticated users"
BEFORE_SENDER: Final = "clients refused before they named a sender"
REPEATED: Final = "log lines about messages already counted"


def why_aside(ip: str) -> str | None:
    """Return why a client is not to be checked; None if it is."""
    return INTERNAL if is_internal(ip) else None
