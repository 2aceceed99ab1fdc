"""Senders of a domain's mail, as evidence shows them and as simulations and advice take them."""

from collections.abc import Iterable
from enum import StrEnum
from typing import ClassVar

from spfengine.addresses import IPAddress, address_text, parse_address
from spfengine.arguments import list_of
from spfengine.evaluation.session import Session
from spfengine.frozen import Frozen, fill
from spfengine.names import is_same_or_under
from spfengine.problems import Result
from spfengine.visible import short_repr, visible

FORWARDING = ("forwarded", "mailing_list", "trusted_forwarder", "local_policy")
"""The reasons for an exception from a DMARC policy by which a receiver says that somebody sent a message on: those of
RFC 9990 §3.1.6, and "forwarded" of RFC 7489 App. C.
"""

_OVERRIDES = {
    "forwarded": "the receiver says that it was forwarded",
    "mailing_list": "the receiver says that it was sent through a mailing list",
    "trusted_forwarder": "the receiver says that a forwarder it trusts sent it",
    "local_policy": "the receiver made an exception",
}


class Authentication(StrEnum):
    """How a sender's mail fares with DMARC, by the report of a receiver."""

    SPF_AND_DKIM = "spf-and-dkim"
    """It passes by both."""
    DKIM_ALONE = "dkim-alone"
    """It passes by DKIM, and SPF is not aligned or does not pass: it was forwarded, or has another MAIL FROM."""
    SPF_ALONE = "spf-alone"
    """It passes by SPF, and not by DKIM, so that it fails as soon as somebody forwards it (RFC 9989 §7.4)."""
    FORWARDED = "forwarded"
    """It fails, and the receiver gave a reason for an exception: a forwarder, a mailing list, or its own policy."""
    UNAUTHENTICATED = "unauthenticated"
    """It fails."""


class Sender(Frozen):
    """One source of a domain's mail, as a report, a message or a log shows it.

    Attributes:
        ip: the client's address as text.
        sender: the MAIL FROM address, or "@" and its domain if the local part is not known.
        helo: the HELO name, or None if it is not known; an empty one counts as not known too.
        count: how many messages.
        label: a name for people, or None.
        reported: the SPF result that a receiver reported, or None.
        header_from: the domain of the header field From, or None if it is not known. SPF ignores it; DMARC uses it
            (RFC 9989).
        dmarc_spf, dmarc_dkim: "pass" if the receiver found SPF (or DKIM) aligned with From, else "fail"; None if that
            is not known (RFC 9990 §3.1.1.9).
        override: why the receiver made an exception from the DMARC policy, if it says that somebody sent the message
            on: one of `FORWARDING`; otherwise None.
    """

    fields: ClassVar[tuple[str, ...]] = (
        "ip", "sender", "helo", "count", "label", "reported", "header_from", "dmarc_spf", "dmarc_dkim", "override",
    )  # fmt: skip
    __slots__ = fields
    ip: str
    sender: str
    helo: str | None
    count: int
    label: str | None
    reported: str | None
    header_from: str | None
    dmarc_spf: str | None
    dmarc_dkim: str | None
    override: str | None

    def __init__(
        self,
        ip: IPAddress,
        sender: str,
        helo: str | None = None,
        count: int = 1,
        label: str | None = None,
        reported: str | None = None,
        header_from: str | None = None,
        dmarc_spf: str | None = None,
        dmarc_dkim: str | None = None,
        override: str | None = None,
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
        fill(self, "dmarc_spf", dmarc_spf)
        fill(self, "dmarc_dkim", dmarc_dkim)
        fill(self, "override", override)

    def __repr__(self) -> str:
        known = [name for name in self.fields[7:] if getattr(self, name) is not None]
        return short_repr(self, (*self.fields[:7], *known))

    @property
    def authentication(self) -> Authentication | None:
        """How its mail fares with DMARC, by the receiver's report; None if that is not known."""
        passes = self.dmarc_spf, self.dmarc_dkim
        if passes in _PASSES:
            return _PASSES[passes]
        if "pass" in passes:
            return None
        if self.override is not None:
            return Authentication.FORWARDED
        return Authentication.UNAUTHENTICATED if passes == ("fail", "fail") else None

    @property
    def is_sent_on(self) -> bool:
        """Whether its address is not a sender of the domain, as far as the report says: DKIM carries the mail although
        SPF does not, as after forwarding, or the receiver says that a forwarder or a mailing list sent it.
        """
        carried = self.dmarc_dkim == "pass" and self.dmarc_spf != "pass"
        return carried or self.authentication is Authentication.FORWARDED

    @property
    def unknown(self) -> tuple[str, ...]:
        """What SPF may use and is not known of this sender: "local-part", "helo", or both (the values of `Input`).

        A result that depends on an unknown HELO name is not known. One that depends on the local part is computed for
        postmaster.
        """
        unknown = ("local-part",) if self.sender.startswith("@") else ()
        return unknown if self.helo else (*unknown, "helo")


_PASSES = {
    ("pass", "pass"): Authentication.SPF_AND_DKIM,
    ("fail", "pass"): Authentication.DKIM_ALONE,
    ("pass", "fail"): Authentication.SPF_ALONE,
}

# RFC 7489 App. C says that the first two are in use for temperror and permerror; the last is from before RFC 4408.
_REPORTED = {str(result): result for result in Result}
_REPORTED |= {"unknown": Result.TEMPERROR, "error": Result.PERMERROR, "hardfail": Result.FAIL}


def reported_result(text: str | None) -> Result | None:
    """Return the result that a receiver reported in its own word, or None if it is not a result."""
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


def override_text(sender: Sender) -> str:
    """Return, in words, why a receiver did not apply DMARC's policy to a sender's mail (RFC 9990 §3.1.6)."""
    code = sender.override or ""
    return f"{_OVERRIDES.get(code, 'the receiver made an exception')} ({visible(code, 20)})"


def authenticated_messages(senders: Iterable[Sender]) -> dict[Authentication, int]:
    """Return the number of messages by how they fare with DMARC, in the order of `Authentication`."""
    messages = dict.fromkeys(Authentication, 0)
    for sender in senders:
        if sender.authentication is not None:
            messages[sender.authentication] += sender.count
    return {each: count for each, count in messages.items() if count}


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
        "dmarc_spf": _printable(sender.dmarc_spf),
        "dmarc_dkim": _printable(sender.dmarc_dkim),
        "override": _printable(sender.override),
        "authentication": None if sender.authentication is None else str(sender.authentication),
    }


def _printable(text: str | None) -> str | None:
    return None if text is None else visible(text)


def domain_of(sender: Sender) -> str:
    """Return the domain whose record decides for a sender: that of MAIL FROM, or of HELO for the null sender."""
    return Session(sender.ip, sender.sender, sender.helo or "").domain


def concerns(sender: Sender, own: str, domain: str) -> bool:
    """Whether a sender, whose own domain is `own`, sends from a domain or from below it, or has it so in From."""
    return is_same_or_under(own, domain) or is_same_or_under(sender.header_from or "", domain)
