"""Senders of a domain's mail, as evidence shows them and as simulations and advice take them."""

from collections.abc import Iterable

from spfengine.addresses import IPAddress, address_text, parse_address
from spfengine.arguments import list_of
from spfengine.frozen import Frozen, fill
from spfengine.problems import Result
from spfengine.visible import visible


class Sender(Frozen):
    """One source of a domain's mail, as a report, a message or a log shows it.

    Attributes:
        ip: the client's address as text.
        sender: the MAIL FROM address, or "@" and its domain if the local part is not known.
        helo: the HELO name, or None if it is not known.
        count: how many messages.
        label: a name for people, or None.
        reported: the SPF result that a receiver reported, or None.
        header_from: the domain of the header field From, or None if it is not known. SPF ignores it; DMARC uses it
            (RFC 9989).
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
        ip: IPAddress,
        sender: str,
        helo: str | None = None,
        count: int = 1,
        label: str | None = None,
        reported: str | None = None,
        header_from: str | None = None,
    ) -> None:
        """Make a sender.

        Raises:
            AddressError: `ip` is not an IP address.
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
        """What SPF may use and is not known of this sender: "local-part", "helo", or both (the values of `Input`).

        A result that depends on an unknown HELO name is not known. One that depends on the local part is computed for
        postmaster.
        """
        unknown = ("local-part",) if self.sender.startswith("@") else ()
        return unknown if self.helo else (*unknown, "helo")


# RFC 7489 App. C says that the first two are in use for temperror and permerror; the last is from before RFC 4408.
_REPORTED = {str(result): result for result in Result}
_REPORTED |= {"unknown": Result.TEMPERROR, "error": Result.PERMERROR, "hardfail": Result.FAIL}


def reported_result(text: str | None) -> Result | None:
    """Return the result that a receiver reported in its own word, or None if it is no result."""
    return _REPORTED.get((text or "").strip().lower())


def sender_list(senders: object) -> tuple[Sender, ...]:
    """Return the senders that a caller gave as a list.

    Raises:
        ArgumentError: this is not a list of Senders.
    """
    return list_of(Sender, senders, "senders", "Sender objects", 'read_evidence("reports/").senders')


def unknown_facts(senders: Iterable[Sender]) -> dict[str, int]:
    """Return the number of messages with unknown "local-part" and "helo"; facts that are always known are left out."""
    messages: dict[str, int] = {}
    for sender in senders:
        for fact in sender.unknown:
            messages[fact] = messages.get(fact, 0) + sender.count
    return messages


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
