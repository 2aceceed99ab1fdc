"""Who sends mail for a domain: what evidence tells, and what simulations and advice are about."""

from spfengine.addresses import address_text, parse_address
from spfengine.frozen import Frozen, fill


class Sender(Frozen):
    """Somebody who sends mail for a domain, as a report, a message or a log shows it.

    Attributes:
        ip: the client's address as text.
        sender: the address of MAIL FROM, or its domain behind an "@" where the local part is not known.
        helo: the HELO name, or None where it is not known.
        count: how many messages.
        label: a name for people, or None.
        reported: the SPF result that somebody else saw, or None.
        header_from: the domain of the header field From, or None where it is not known. SPF does not look at it; DMARC
            does (RFC 9989).
    """

    __slots__ = fields = ("ip", "sender", "helo", "count", "label", "reported", "header_from")
    ip: str
    sender: str
    helo: str | None
    count: int
    label: str | None
    reported: str | None
    header_from: str | None

    def __init__(
        self,
        ip: object,
        sender: str,
        helo: str | None = None,
        count: int = 1,
        label: str | None = None,
        reported: str | None = None,
        header_from: str | None = None,
    ) -> None:
        """Make a sender.

        Raises:
            AddressError: `ip` is no IP address.
        """
        fill(self, "ip", address_text(*parse_address(ip)))
        fill(self, "sender", sender)
        fill(self, "helo", helo)
        fill(self, "count", count)
        fill(self, "label", label)
        fill(self, "reported", reported)
        fill(self, "header_from", header_from)
