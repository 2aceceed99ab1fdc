"""Ask a receiver about clients of one domain, and compare its answers with RFC 7208's."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from spfengine.answers import Resolver
from spfengine.checks import check
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.limits import Limits
from spfengine.policy.include_tree import IncludeTree, include_tree
from spfengine.testing.conformance.implementations import Implementation
from spfengine.testing.receivers.clients import Client
from spfengine.testing.receivers.known import Receiver
from spfengine.testing.receivers.reasons import NOTHING, Answered, reason_of
from spfengine.testing.suites import NOT_ASSERTED, Case, Scenario
from spfengine.visible import short_repr, visible

SCHEMA = "spfengine.receivers/1"
"""The version of the JSON form."""
_LIMITS = Limits(seconds=None)


@dataclass(frozen=True, slots=True)
class Difference:
    """An answer that is not RFC 7208's.

    Attributes:
        client: the client.
        expected: the result that RFC 7208 requires.
        got: the receiver's result, or "nothing".
        said: what the receiver said, printable and shortened.
        reason: why it differs; None if that is not known.
    """

    client: Client
    expected: str
    got: str
    said: str
    reason: str | None

    def __repr__(self) -> str:
        return short_repr(self, ("expected", "got", "reason", "client"))


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one receiver makes of a domain's record.

    Attributes:
        receiver: the receiver.
        version: its version, or "".
        asked: how many clients it was asked about.
        differences: the answers that are not RFC 7208's, in the order of the clients.
        left_out: why it could not be asked about some clients, with how many.
    """

    receiver: Receiver
    version: str
    asked: int
    differences: tuple[Difference, ...]
    left_out: dict[str, int]

    def __repr__(self) -> str:
        return short_repr(self, ("receiver", "version", "asked", "differences"))


def ask_receiver(
    receiver: Receiver,
    clients: Sequence[Client],
    *,
    sender: str,
    helo: str,
    resolver: Resolver,
    dns: str,
    jobs: int = 4,
) -> Comparison:
    """Ask a receiver about clients, each answer compared with that of a check over the same DNS.

    Args:
        receiver: the receiver.
        clients: the clients to ask about.
        sender: the MAIL FROM address of each check; its domain is the one whose record is compared.
        helo: the HELO name of each check.
        resolver: what the DNS server at `dns`, HOST:PORT, serves. The receiver asks that server, and no other.
        jobs: how many clients are asked about at once.

    Raises:
        DaemonError: its daemon does not serve.
    """
    tree = include_tree(sender.rpartition("@")[2], resolver=resolver)
    with receiver.running(dns) as implementation, ThreadPoolExecutor(jobs) as pool:

        def compare(client: Client) -> Difference | str | None:
            expected = check(client.ip, sender, helo, resolver=resolver, limits=_LIMITS)
            return _compared(receiver, implementation, client, expected, tree, resolver, dns)

        found = list(pool.map(compare, clients))
    reasons = [one for one in found if isinstance(one, str)]
    return Comparison(
        receiver,
        receiver.version_text(),
        len(clients) - len(reasons),
        tuple(one for one in found if isinstance(one, Difference)),
        {reason: reasons.count(reason) for reason in reasons},
    )


def _compared(
    receiver: Receiver,
    implementation: Implementation,
    client: Client,
    expected: CheckResult,
    tree: IncludeTree,
    resolver: Resolver,
    dns: str,
) -> Difference | str | None:
    """Return the difference, or None if there is none, or the reason why the receiver could not be asked."""
    case = _case(client, expected)
    why = implementation.cannot_say(case)
    if why is not None:
        return why
    seen = implementation.ask(case, dns)
    if seen.left_out:
        return seen.note
    got = seen.result or NOTHING
    if got == expected.result:
        return None
    reason = reason_of(Answered(receiver.key, expected, got, tree, resolver))
    return Difference(client, str(expected.result), got, seen.raw or visible(seen.note, 300), reason)


def _case(client: Client, expected: CheckResult) -> Case:
    return Case(
        Scenario("receivers", "", {}), client.ip, "", (), client.ip, expected.helo or "", expected.sender,
        (str(expected.result),), NOT_ASSERTED, _LIMITS, frozenset(), None, None, {},
    )  # fmt: skip


def document(
    domain: str,
    sender: str,
    comparisons: Sequence[Comparison],
    missing: Sequence[Receiver],
    left_out: int,
    *,
    unknown: str = "",
) -> dict[str, Any]:
    """Return a comparison of several receivers as JSON-safe values.

    Args:
        missing: receivers that are not installed.
        left_out: how many clients were not asked about, since there are so many.
        unknown: what DNS did not answer, so that it was not compared; "" if there is nothing.
    """
    return {
        "schema": SCHEMA,
        "domain": domain,
        "sender": sender,
        "clients_left_out": left_out,
        "unknown": unknown,
        "receivers": [
            {
                "receiver": one.receiver.key,
                "version": one.version,
                "asked": one.asked,
                "left_out": one.left_out,
                "differences": [
                    {
                        "client": difference.client.ip,
                        "range": [difference.client.first, difference.client.last],
                        "expected": difference.expected,
                        "got": difference.got,
                        "reason": difference.reason,
                        "said": difference.said,
                    }
                    for difference in one.differences
                ],
            }
            for one in comparisons
        ],
        "not_installed": [{"receiver": receiver.key, "install": receiver.package} for receiver in missing],
    }
