"""What checks have cost, by whom they are charged to: a domain, the organization that it is of, a client's network."""

from collections import OrderedDict

from spfengine.addresses import V4, V6, address_text, network_range, parse_address

HEAVY = 100.0
"""Units that the account of a domain or network has, at least, if its checks are heavy."""
COSTLY = 8.0
"""Units that heavy checks cost on average, at least."""
KNOWN = 3
"""Checks of an organization's domains that have cost less than that and had a result, after which it is known."""
_HALF_LIFE = 10.0  # seconds
_MOST_ACCOUNTS = 10_000
_PREFIX = {V4: 24, V6: 48}  # of the network that one site usually has (BCP 157 for IPv6)


class Account:
    """What the checks of one name have cost, and how many there were; both halve with time.

    Attributes:
        name: a domain or a network.
        running: how many of its checks run now.
        cheap: how many have cost little and had a result, ever.
    """

    __slots__ = ("_at", "_checks", "_units", "cheap", "name", "running")

    def __init__(self, name: str, now: float) -> None:
        self.name = name
        self.running = self.cheap = 0
        self._units = self._checks = 0.0
        self._at = now

    def add(self, now: float, units: float, checks: int = 0) -> None:
        """Add to the account."""
        rest = 0.5 ** ((now - self._at) / _HALF_LIFE)
        self._units = self._units * rest + units
        self._checks = self._checks * rest + checks
        self._at = now

    @property
    def is_heavy(self) -> bool:
        """Whether the checks are heavy."""
        return self._units >= HEAVY and self._units >= COSTLY * self._checks

    @property
    def is_known(self) -> bool:
        """Whether several checks have cost little and had a result."""
        return self.cheap >= KNOWN


class Accounts:
    """The accounts that were used last, by name. Those that are known are kept apart, so that many names that are used
    once each do not replace them.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[str, Account] = OrderedDict()  # the last one used is last
        self._others: OrderedDict[str, Account] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known) + len(self._others)

    def open(self, name: str, now: float) -> Account:
        """Return the account of a name, for one more check."""
        account = self._known.pop(name, None) or self._others.pop(name, None) or Account(name, now)
        account.add(now, 0, 1)
        kept = self._known if account.is_known else self._others
        kept[name] = account
        if len(kept) > _MOST_ACCOUNTS:
            kept.popitem(last=False)
        return account


def network_of(ip: str) -> str:
    """Return the network that a client is taken to be in: the /24 of an IPv4 address, the /48 of an IPv6 address."""
    family, address = parse_address(ip)
    prefix = _PREFIX[family]
    first, _ = network_range(family, address, prefix)
    return f"{address_text(family, first)}/{prefix}"


def organization(domain: str) -> str:
    """Return the domain that a domain is taken to be under: its last two labels, or three if it is like a.co.uk."""
    labels = domain.removesuffix(".").split(".")
    is_second_level = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    return ".".join(labels[-3 if is_second_level else -2 :])
