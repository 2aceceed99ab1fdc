"""The senders of the command line: single ones (--sender), and those that evidence tells of (--senders)."""

from collections.abc import Iterable, Sequence

import click

from spfengine.cli import options
from spfengine.evaluation.session import Session
from spfengine.names import fold, is_same_or_under
from spfengine.senders import Sender
from spfengine.visible import visible

_ANY_CLIENT = "192.0.2.1"


class Given:
    """Senders that were given."""

    def __init__(self, single: Sequence[tuple[str, str]], evidence: Iterable[Sender]) -> None:
        """Keep them, with what of them each domain will want to know.

        Args:
            single: of --sender: (address, sender or "").
            evidence: of --senders.
        """
        self._single = tuple(single)
        self._evidence = [(sender, fold(_domain(sender))) for sender in evidence]
        self._by_domain: dict[str, list[Sender]] = {}
        for sender, domain in self._evidence:
            self._by_domain.setdefault(domain, []).append(sender)

    def concerning(self, domain: str) -> list[Sender]:
        """Return the senders to show of a domain: single ones, and of the evidence those that send from it or from
        below it, or have it so in From.
        """
        return [*self._singles(domain), *[sender for sender, own in self._evidence if _concerns(sender, own, domain)]]

    def sending_from(self, domain: str) -> list[Sender]:
        """Return the senders that send from a domain itself."""
        single = [sender for sender in self._singles(domain) if fold(_domain(sender)) == fold(domain)]
        return [*single, *self._by_domain.get(fold(domain), ())]

    def aside(self, domain: str) -> tuple[int, int]:
        """Return how many senders of the evidence do not concern a domain, and how many messages these sent."""
        left = [sender.count for sender, own in self._evidence if not _concerns(sender, own, domain)]
        return len(left), sum(left)

    def _singles(self, domain: str) -> list[Sender]:
        return [Sender(ip, sender or f"@{domain}") for ip, sender in self._single]


def read(single: Sequence[str], evidence: Iterable[Sender]) -> Given:
    """Return the senders that were given.

    Raises:
        click.BadParameter: a value of --sender can't be understood.
    """
    pairs = []
    for text in single:
        ip, comma, sender = text.partition(",")
        options.Address().convert(ip, None, None)
        if comma and "@" not in sender:
            raise click.BadParameter(f"{visible(text, 80)!r}: expected IP or IP,ADDRESS", param_hint="'--sender'")
        pairs.append((ip, sender))
    return Given(pairs, evidence)


def _concerns(sender: Sender, own: str, domain: str) -> bool:
    return is_same_or_under(own, domain) or is_same_or_under(sender.header_from or "", domain)


def _domain(sender: Sender) -> str:
    return Session(_ANY_CLIENT, sender.sender, sender.helo or "").domain


def counted(sources: int, messages: int) -> str:
    """Return how many sources and messages these are, in words."""
    told = f"{sources:,} source{'s' if sources != 1 else ''}"
    return f"{told}, {messages:,} message{'s' if messages != 1 else ''}"
