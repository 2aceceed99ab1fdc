"""What the texts of a command line stand for, without click: `options` makes types of click of these functions."""

from typing import TYPE_CHECKING

from spfengine.addresses import parse_address
from spfengine.errors import AddressError
from spfengine.visible import visible

if TYPE_CHECKING:
    from spfengine.cli.drafts import Draft

AN_ADDRESS = "an IP address, such as 192.0.2.1 or 2001:db8::1"
"""What is expected where an address is missing."""


class UnusableError(ValueError):
    """A text that stands for no value; the message says for people why."""


def draft(given: str) -> "Draft":
    """Return the draft that a text stands for. Raises UnusableError, also where people are to be told something."""
    from spfengine.cli.drafts import plain_draft

    return plain_draft(given)


def text(given: str) -> str:
    """Return any text as it is."""
    return given


def address(given: str) -> str:
    """Return the text of an IP address as it was given. Raises UnusableError."""
    try:
        parse_address(given)
    except AddressError as error:
        raise UnusableError(str(error)) from None
    return given


def seconds(given: str) -> float:
    """Return a time, in seconds: more than 0. Raises UnusableError."""
    try:
        found = float(given)
    except ValueError:
        found = 0.0
    if not 0 < found < float("inf"):
        raise UnusableError(f"{visible(given, 40)!r} is no time; expected seconds, more than 0")
    return found
