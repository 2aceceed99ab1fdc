"""`Policy`: the outcome of SPF for every address, for one domain."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from itertools import repeat
from operator import methodcaller
from socket import AF_INET, inet_pton  # conversion only: nothing here opens a socket
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from spfengine.addresses import V4, V6, Family, IPAddress, locate, parse_address
from spfengine.answers import Answer, Question
from spfengine.arguments import list_of
from spfengine.checks import run
from spfengine.drivers import adrive, drive
from spfengine.errors import ArgumentError
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.session import MAILFROM, Answers, Session
from spfengine.frozen import HashedOnce, fill
from spfengine.names import fold
from spfengine.policy.compile import Tables, Tiles, compile_tables
from spfengine.policy.inputs import Inputs
from spfengine.policy.outcome import Dependency, Input, Outcome, outcome_of, with_branches
from spfengine.policy.ranges import MAPPED_COUNT, MAPPED_FIRST, IPNetwork, networks_of
from spfengine.problems import Result
from spfengine.resolvers.asking import Unanswered
from spfengine.visible import visible

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spfengine.answers import AsyncResolver, Resolver
    from spfengine.policy.budget import Budget
    from spfengine.policy.columns import Columns
    from spfengine.policy.diff import Change
    from spfengine.policy.reachability import Reachability

_EXAMPLE = '["192.0.2.1"]'
_BATCH = 1024
"""Addresses that `check_many` looks up at once. IPv6 addresses and objects slow down only their own batch."""


class Policy(HashedOnce):
    """The outcome of SPF for every address: for each family, sorted and disjoint ranges that cover all addresses.

    Returned by `Policy.compile`. It is immutable, does no I/O of its own, and can be pickled. Policies are equal if all
    their ranges have equal outcomes, in every field. To compare results only, use `equivalent`.

    Attributes:
        domain: the domain, U-labels as A-labels.
        local_part: the local part of the sender for which it was compiled; None: every sender.
        helo: the HELO name for which it was compiled; None: every client.
        limits: how much a check may ask; there is no time limit.
        ttl: seconds for which all its answers may be kept (the smallest of their TTLs), or None if that is not known.
    """

    __slots__ = ("_answers", "_columns", "_hash", "_ip4", "_ip6", "domain", "helo", "limits", "local_part", "ttl")
    fields: ClassVar[tuple[str, ...]] = ("domain", "local_part", "helo", "limits", "_ip4", "_ip6", "_answers", "ttl")
    compared: ClassVar[tuple[str, ...] | None] = ("domain", "local_part", "helo", "limits", "_ip4", "_ip6")
    domain: str
    local_part: str | None
    helo: str | None
    limits: Limits
    ttl: int | None
    _answers: Answers
    _columns: "Columns"
    _ip4: tuple[tuple[int, ...], tuple[Outcome, ...]]
    _ip6: tuple[tuple[int, ...], tuple[Outcome, ...]]

    def __init__(
        self,
        domain: str,
        local_part: str | None,
        helo: str | None,
        limits: Limits,
        ip4: tuple[tuple[int, ...], tuple[Outcome, ...]],
        ip6: tuple[tuple[int, ...], tuple[Outcome, ...]],
        answers: Answers,
        ttl: int | None,
    ) -> None:
        fill(self, "domain", domain)
        fill(self, "local_part", local_part)
        fill(self, "helo", helo)
        fill(self, "limits", limits)
        fill(self, "_ip4", ip4)
        fill(self, "_ip6", ip6)
        fill(self, "_answers", answers)
        fill(self, "ttl", ttl)

    def __repr__(self) -> str:
        ranges = len(self._ip4[0]) + len(self._ip6[0])
        return f"<Policy of {visible(self.domain)}: {ranges} ranges>"

    @property
    def answers(self) -> Mapping[Question, Answer]:
        """What DNS answered, by `Question.key`; empty for a policy `without_answers`."""
        return MappingProxyType(self._answers)

    @classmethod
    def compile(
        cls,
        domain: str,
        *,
        resolver: "Resolver | None" = None,
        sender: str | None = None,
        helo: str | None = None,
        limits: Limits = DEFAULT_LIMITS,
        receiver: str | None = None,
        now: float | None = None,
    ) -> "Policy":
        """Return the policy of a domain.

        Args:
            domain: the domain. For its HELO policy, give `sender=""` and `helo=domain`.
            resolver: what answers DNS questions; live DNS if it is not given.
            sender: the sender to compile for; every sender of the domain if it is not given.
            helo: the HELO name to compile for; every client if it is not given.
            limits: how much a check may ask. There is no time limit while compiling.
            receiver, now: as for `spfengine.check`; they don't affect results.

        Raises:
            ArgumentError: `sender` belongs to another domain.
            ResolverError: `resolver` breaks the resolver protocol. Exceptions that it raises itself are passed on.
        """
        return drive(compiling(Inputs(domain, sender, helo, limits, receiver, now or 0.0)), resolver)

    @classmethod
    async def acompile(
        cls,
        domain: str,
        *,
        resolver: "Resolver | AsyncResolver | None" = None,
        sender: str | None = None,
        helo: str | None = None,
        limits: Limits = DEFAULT_LIMITS,
        receiver: str | None = None,
        now: float | None = None,
    ) -> "Policy":
        """Async version of `compile`."""
        return await adrive(compiling(Inputs(domain, sender, helo, limits, receiver, now or 0.0)), resolver)

    def check(
        self,
        ip: IPAddress,
        *,
        sender: str | None = None,
        helo: str | None = None,
        resolver: "Resolver | None" = None,
        receiver: str | None = None,
        now: float | None = None,
    ) -> Outcome:
        """Return the outcome for an address.

        Args:
            ip: the client's address: text, or an `ipaddress` object.
            sender, helo, resolver: used if the outcome depends on more than the address; then this client is checked.
                It stays conditional if there is no resolver, or if it depends on a sender or HELO name given neither
                here nor to `compile` ("" means that the client gave none).
            receiver, now: as for `compile`.

        Raises:
            AddressError: `ip` is not an IP address.
            ArgumentError: `sender` belongs to another domain than the policy.
            ResolverError: `resolver` breaks the resolver protocol. Exceptions that it raises itself are passed on.
        """
        family, address = parse_address(ip)
        starts, outcomes = self._ip4 if family is V4 else self._ip6
        outcome = outcomes[locate(starts, address) - 1]
        if outcome.result is not None or resolver is None:
            return outcome
        if Input.LOCAL_PART in outcome.inputs and sender is None and self.local_part is None:
            return outcome
        if Input.HELO in outcome.inputs and helo is None and self.helo is None:
            return outcome
        session = self._session(ip, sender, helo, receiver, now)
        run(session, resolver)
        return outcome_of(session)

    def _session(
        self, ip: IPAddress, sender: str | None, helo: str | None, receiver: str | None, now: float | None
    ) -> Session:
        """Return the check of one client, with the sender and HELO name of the policy if they are not given."""
        text = f"@{self.domain}" if sender is None else sender
        session = Session(ip, text, helo, MAILFROM, self.limits, receiver, now or 0.0)
        if sender is None and self.local_part is not None:
            session.local_part = self.local_part  # octets already
        if helo is None and self.helo is not None:
            session.helo, session.helo_known = self.helo, True
        if session.domain != self.domain and fold(session.domain) != fold(self.domain):
            raise ArgumentError(
                f"the sender {visible(text, 80)!r} does not belong to the domain {visible(self.domain, 80)!r}"
            )
        session.explaining = False
        return session

    def check_many(self, ips: Iterable[IPAddress]) -> list[Outcome]:
        """Return the outcome for each address, in the order of the addresses.

        Raises:
            AddressError: one of them is not an IP address.
            ArgumentError: `ips` is a single string, or not a list.
        """
        starts, outcomes = self._ip4
        given: list[Any] = ips if isinstance(ips, list) else list(list_of(object, ips, "ips", "addresses", _EXAMPLE))
        if 4 * len(given) < len(starts):  # too few addresses to make tables for them
            return list(map(self.check, given))
        octets = list(map(methodcaller("to_bytes", 4, "big"), starts))  # in the order of the numbers
        by_count = (*outcomes[:1], *outcomes)  # by what `locate` returns, which is at least 1
        found: list[Outcome] = []
        for begin in range(0, len(given), _BATCH):
            part = given[begin : begin + _BATCH]
            texts: Any = part
            try:
                found += map(by_count.__getitem__, map(locate, repeat(octets), map(inet_pton, repeat(AF_INET), texts)))
            except (OSError, TypeError, ValueError):  # one of them is not the text of an IPv4 address
                found[begin:] = map(self.check, part)
        return found

    def check_array(self, addresses: "NDArray[np.uint32] | NDArray[np.uint8]") -> "NDArray[np.uint8]":
        """Return the result for each address of a column, as a code: the index of the result in `RESULT_CODES`.

        Results only, and about ten times as fast as `check_many`, or more. It needs NumPy (the extra `columns`).

        Args:
            addresses: IPv4 addresses as an array of uint32; or addresses of both families as an array of uint8 with 16
                columns, their octets in network order, IPv4 addresses as ::ffff:192.0.2.1.

        Raises:
            ArgumentError: `addresses` is not such an array.
            MissingExtraError: NumPy is not installed.
        """
        from spfengine.policy.columns import check_array, columns_of

        try:
            columns = self._columns
        except AttributeError:
            columns = columns_of(self)
            fill(self, "_columns", columns)
        return check_array(columns, addresses)

    def ranges(self, version: int) -> Iterator[tuple[int, int, Outcome]]:
        """Yield (first, last, outcome) of the ranges of IP version 4 or 6, in order; they cover all addresses."""
        family = _family(version)
        starts, outcomes = self._table(family)
        for index, start in enumerate(starts):
            last = starts[index + 1] - 1 if index + 1 < len(starts) else family.last
            yield start, last, outcomes[index]

    def networks(self, result: Result | str) -> list[IPNetwork]:
        """Return the fewest networks that hold all addresses with this result, IPv4 first, in order.

        Conditional ranges are not among them; see `conditional`.
        """
        wanted = _result(result)
        return self._networks(lambda outcome: outcome.result is wanted)

    def address_count(self, result: Result | str, version: int | None = None) -> int:
        """Return how many addresses have this result: of IP version 4 or 6, or of both.

        Addresses of ::ffff:0:0/96 count for neither version, since such a client is an IPv4 client (RFC 7208 §5).
        """
        wanted = _result(result)
        total = 0
        for family in (V4, V6) if version is None else (_family(version),):
            starts, outcomes = self._table(family)
            ranges = zip(starts, (*starts[1:], family.last + 1), outcomes, strict=True)
            total += sum([end - start for start, end, outcome in ranges if outcome.result is wanted])
            if family is V6 and outcomes[locate(starts, MAPPED_FIRST) - 1].result is wanted:
                total -= MAPPED_COUNT
        return total

    @property
    def conditional(self) -> list[tuple[IPNetwork, Outcome, tuple[Dependency, ...]]]:
        """The networks whose outcome depends on more than the address: (network, outcome with its tree, depends_on)."""
        found: list[tuple[IPNetwork, Outcome, tuple[Dependency, ...]]] = []
        for family in (V4, V6):
            for first, last, outcome in self.ranges(family.version):
                if outcome.result is None and not outcome.is_cut:
                    found += [(net, outcome, outcome.depends_on) for net in networks_of(family, [(first, last)])]
        return found

    @property
    def incomplete(self) -> list[IPNetwork]:
        """The networks whose outcome is not known: DNS could not answer, or nobody was asked (temperror), or a bound on
        work was met (`is_cut`).
        """
        return self._networks(lambda outcome: outcome.is_incomplete)

    @property
    def is_cut(self) -> bool:
        """Whether a bound on work was met, so that the outcome of some clients is not known (`work-limit`)."""
        return any(outcome.is_cut for outcome in with_branches([*self._ip4[1], *self._ip6[1]]))

    def diff(self, other: "Policy", by: str = "result") -> "list[Change]":
        """Return exactly what changes from this policy to the other, as networks in order; empty if nothing changes.

        Ranges for which something was not answered (temperror) are unknown, so they are never reported as changes; see
        `incomplete`.

        Args:
            by: "result": results, and what conditional ranges depend on; "outcome": every field of the outcomes.

        Raises:
            ArgumentError: `by` is neither.
        """
        from spfengine.policy.diff import diff

        return diff(self, other, by)

    def equivalent(self, other: "Policy") -> bool:
        """Return whether both give every client the same result, and depend on the same conditions.

        Then `diff` is empty, and no outcome of either depends on names that are not in the files given.
        """
        return not (_is_partial(self) or _is_partial(other) or self.diff(other))

    def budget(self, resolver: "Resolver | None" = None) -> "Budget":
        """Return the most lookups and void lookups that any address needs, even past the limits.

        Args:
            resolver: what answers questions that were not asked for compiling (because a limit came first, say).
                Without it they count as failures, and the budget is `incomplete`.
        """
        from spfengine.policy.budget import budget

        answers = dict(self.answers)
        return drive(budget(self.inputs, answers), resolver or Unanswered())

    def reachability(self, resolver: "Resolver | None" = None) -> "Reachability":
        """Return which directives can never decide, which are covered by others, and which overlap.

        Args:
            resolver: what answers questions that were not asked for compiling. Without it, terms that need them are
                left out.
        """
        from spfengine.policy.reachability import reachability

        answers = dict(self.answers)
        return drive(reachability(self.inputs, answers), resolver or Unanswered())

    @property
    def inputs(self) -> Inputs:
        """What the policy was compiled for."""
        inputs = Inputs(self.domain, None, None, self.limits, None, 0.0)
        inputs.local_part, inputs.helo = self.local_part, self.helo  # octets already
        return inputs

    def without_answers(self) -> "Policy":
        """Return an equal policy without the answers from which it was compiled; it takes less memory."""
        return Policy(self.domain, self.local_part, self.helo, self.limits, self._ip4, self._ip6, {}, self.ttl)

    def to_dict(self) -> dict[str, object]:
        """Return the policy as JSON-safe values, without its answers; key "schema" names their version."""
        from spfengine.policy.serialise import to_dict

        return to_dict(self)

    @classmethod
    def from_dict(cls, data: object) -> "Policy":
        """Return the policy that `to_dict` wrote. Unlike pickle, it is safe with untrusted values.

        Raises:
            ArgumentError: the values are not a policy, or of another version.
        """
        from spfengine.policy.serialise import from_dict

        return from_dict(data)

    def _table(self, family: Family) -> tuple[tuple[int, ...], tuple[Outcome, ...]]:
        return self._ip4 if family is V4 else self._ip6

    def _networks(self, wanted: Any) -> list[IPNetwork]:
        found: list[IPNetwork] = []
        for family in (V4, V6):
            spans = [(first, last) for first, last, outcome in self.ranges(family.version) if wanted(outcome)]
            found += networks_of(family, spans)
        return found


def _is_partial(policy: Policy) -> bool:
    """Whether some outcome depends on names that are not in the files given, or was cut at a bound on work."""
    outcomes = [outcome for version in (4, 6) for _, _, outcome in policy.ranges(version)]
    return any(outcome.is_unknown or outcome.is_cut for outcome in with_branches(outcomes))


def open_term(policy: Policy) -> Dependency | None:
    """Return a term that only a check of one client can follow, to records that are not known."""
    for version in (4, 6):
        for _, _, outcome in policy.ranges(version):
            if outcome.is_open and outcome.path:
                return outcome.depends_on[0]
    return None


def compiling(inputs: Inputs) -> Generator[Question, Answer, Policy]:
    """Compile the policy of a domain: the generator under `Policy.compile`."""
    return policy_of(inputs, (yield from compile_tables(inputs)))


def policy_of(inputs: Inputs, tables: Tables) -> Policy:
    """Return the policy that has these ranges."""
    ttls = [answer.ttl for answer in tables.answers.values()]
    known = [ttl for ttl in ttls if ttl is not None]
    ttl = min(known) if known and len(known) == len(ttls) else None
    return Policy(
        inputs.domain,
        inputs.local_part,
        inputs.helo,
        inputs.limits,
        _frozen(tables.ip4),
        _frozen(tables.ip6),
        tables.answers,
        ttl,
    )


def _frozen(tiles: Tiles) -> tuple[tuple[int, ...], tuple[Outcome, ...]]:
    return tuple(tiles.starts), tuple(tiles.outcomes)


def _family(version: int) -> Family:
    if version not in (4, 6):
        raise ArgumentError(f"the IP version is 4 or 6, not {version!r}")
    return V4 if version == 4 else V6


def _result(result: Result | str) -> Result:
    try:
        return Result(result)
    except ValueError:
        raise ArgumentError(f"{result!r} is not a result; expected one of {', '.join(Result)}") from None
