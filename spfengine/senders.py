"""Who sends mail for a domain: what evidence tells, and what simulations and advice are about."""

from collections.abc import Iterable

from spfengine.addresses import address_text, parse_address
from spfengine.frozen import Frozen, fill
from spfengine.visible import visible


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

    @property
    def unknown(self) -> tuple[str, ...]:
        """What SPF may look at and is not known of this sender: of "local-part" and "helo", the words of `Input`.

        A result that rests on it (`Outcome.depends_on` tells) is one for postmaster, or for no HELO name.
        """
        found = ("local-part",) if self.sender.startswith("@") else ()
        return found if self.helo else (*found, "helo")


def unknown_facts(senders: Iterable[Sender]) -> dict[str, int]:
    """Return of how many messages "local-part" and "helo" are not known; of a fact that is always known, nothing."""
    found: dict[str, int] = {}
    for sender in senders:
        for fact in sender.unknown:
            found[fact] = found.get(fact, 0) + sender.count
    return found


def sender_dict(sender: Sender) -> dict[str, object]:
    """Return a sender as JSON-safe values, with untrusted text escaped: the same keys wherever JSON names a sender."""
    return {
        "ip": sender.ip,
        "sender": visible(sender.sender),
        "helo": _printable(sender.helo),
        "count": sender.count,
        "label": _printable(sender.label),
        "reported": _printable(sender.reported),
        "header_from": _printable(sender.header_from),
    }


def _printable(text: str | None) -> str | None:
    return None if text is None else visible(text)
