"""The senders of the command line, from --sender and --senders; and senders before and after a change as CSV."""

from collections.abc import Iterable, Iterator, Sequence

from spfengine.cli.screen import write_csv
from spfengine.dmarc.alignment import Alignment
from spfengine.names import fold
from spfengine.senders import Sender, concerns, domain_of
from spfengine.simulation.simulation import SenderChange, Simulation
from spfengine.text.senders import deciding
from spfengine.visible import visible_name

COLUMNS = (
    "domain", "ip", "sender", "helo", "count", "label", "reported", "header_from", "before", "after", "effect", "by",
    "record_domain", "disagrees", "rests_on", "aligned_before", "aligned_after", "dmarc_spf", "dmarc_dkim", "override",
    "authentication", "policy_after",
)  # fmt: skip
"""The columns of the CSV; --senders reads it back."""


class GivenSenders:
    """The senders of a command line.

    Args:
        single: from --sender: (address, sender or "").
        evidence: from --senders.
    """

    def __init__(self, single: Sequence[tuple[str, str]], evidence: Iterable[Sender]) -> None:
        self._single = tuple(single)
        self._evidence = [(sender, fold(domain_of(sender))) for sender in evidence]
        self._by_domain: dict[str, list[Sender]] = {}
        for sender, domain in self._evidence:
            self._by_domain.setdefault(domain, []).append(sender)

    def concerning(self, domain: str) -> list[Sender]:
        """Return the single senders, and those of the evidence that send from a domain or from below it, or have it so
        in From.
        """
        evidence = [sender for sender, own in self._evidence if concerns(sender, own, domain)]
        return [*self._singles(domain), *evidence]

    def sending_from(self, domain: str) -> list[Sender]:
        """Return the senders that send from a domain itself."""
        single = [sender for sender in self._singles(domain) if fold(domain_of(sender)) == fold(domain)]
        return [*single, *self._by_domain.get(fold(domain), ())]

    def left_out(self, domain: str) -> tuple[int, int]:
        """Return how many senders of the evidence do not concern a domain, and how many messages these sent."""
        counts = [sender.count for sender, own in self._evidence if not concerns(sender, own, domain)]
        return len(counts), sum(counts)

    def _singles(self, domain: str) -> list[Sender]:
        return [sender_of(pair, domain) for pair in self._single]


def sender_of(pair: tuple[str, str], domain: str) -> Sender:
    """Return the sender of a --sender option; without an address to send from it sends from `domain`."""
    ip, sender = pair
    return Sender(ip, sender or f"@{domain}")


def write_senders(simulations: Iterable[Simulation]) -> None:
    """Write senders as CSV; of each domain the ones with the most messages first."""
    write_csv(COLUMNS, _rows(simulations))


def _rows(simulations: Iterable[Simulation]) -> Iterator[list[str]]:
    for simulation in simulations:
        for change in sorted(simulation.senders, key=lambda change: -change.sender.count):
            yield _row(simulation.domain, change)


def _row(domain: str, change: SenderChange) -> list[str]:
    sender, after = change.sender, change.after
    return [
        visible_name(domain),
        sender.ip,
        sender.sender.removeprefix("@") or "<>",
        sender.helo or "",
        str(sender.count),
        sender.label or "",
        sender.reported or "",
        sender.header_from or "",
        str(change.before.result),
        str(after.result),
        str(change.effect),
        deciding(after),
        visible_name(after.record_domain or ""),
        "yes" if change.disagrees else "no",
        " ".join(change.rests_on),
        _aligned(change.aligned_before),
        _aligned(change.aligned_after),
        sender.dmarc_spf or "",
        sender.dmarc_dkim or "",
        sender.override or "",
        str(sender.authentication or ""),
        _policy(change.aligned_after),
    ]


def _policy(alignment: Alignment | None) -> str:
    """Return the policy for a sender that is not aligned, "none" also if DMARC does not apply; "" if not known."""
    if alignment is None or alignment.aligned:
        return ""
    if alignment.applies is False:
        return "none"
    return "" if alignment.policy is None else alignment.policy.applied


def _aligned(alignment: Alignment | None) -> str:
    return "" if alignment is None else {True: "yes", False: "no", None: "unknown"}[alignment.aligned]
