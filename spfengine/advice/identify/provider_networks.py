"""The addresses of all providers of a catalogue in one table: each provider's policy is compiled once."""

from bisect import bisect_right
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter

from spfengine.addresses import V4, V6, Family
from spfengine.advice.identify.identification import Missing
from spfengine.answers import Answer, Question
from spfengine.catalogue.catalogue import Catalogue
from spfengine.catalogue.provider import Provider
from spfengine.drivers import once
from spfengine.evaluation.check_host import check_host
from spfengine.evaluation.limits import Limits
from spfengine.evaluation.session import MAILFROM, Answers, Session
from spfengine.policy.inputs import Inputs
from spfengine.policy.outcome import Input, Outcome
from spfengine.policy.policy import Policy, compiling
from spfengine.problems import Result
from spfengine.visible import visible, visible_name

_ASKABLE = {Input.CLIENT_ADDRESS, Input.CLIENT_NAMES}
_PROVES_NOTHING = 16
"""A record that passes more than a 16th of all addresses of a family identifies none of them."""
_CONTROLS = ("192.0.2.1", "2001:db8::1")
"""Addresses from which nobody sends mail (RFC 5737, RFC 3849): a record that passes them passes anybody."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A provider whose record passes an address, may pass it, or could not be read completely.

    Attributes:
        order: the provider's index in the catalogue.
        provider: the provider.
        outcome: what its record says.
        addresses: how many addresses of the family the record passes.
    """

    order: int
    provider: Provider
    outcome: Outcome
    addresses: int


@dataclass(frozen=True, slots=True)
class _Range:
    first: int
    last: int
    hit: Hit


class ProviderNetworks:
    """Which providers' records pass an address.

    Attributes:
        unread: the entries whose record identifies no address.
    """

    def __init__(self, ranges: dict[int, list[_Range]], unread: Iterable[Missing]) -> None:
        self._tables = {version: _overlaid(of_family) for version, of_family in ranges.items()}
        self.unread: tuple[Missing, ...] = tuple(unread)

    def hits(self, family: Family, address: int) -> tuple[Hit, ...]:
        """Return the providers that an address may belong to, in the catalogue's order."""
        starts, hits = self._tables[family.version]
        return hits[bisect_right(starts, address) - 1]


def reading_networks(
    catalogue: Catalogue, limits: Limits, known: Answers, compiled: Mapping[str, Policy]
) -> Generator[Question, Answer, ProviderNetworks]:
    """Compile the policy of every provider; answers from DNS are added to `known`.

    Args:
        compiled: policies that exist already, by include.
    """
    ranges: dict[int, list[_Range]] = {4: [], 6: []}
    unread: list[Missing] = []
    for order, provider in enumerate(catalogue.providers):
        policy = compiled.get(provider.include)
        if policy is None:
            policy = yield from once(compiling(inputs_of(provider.include, limits)), known)
        known.update(policy.answers)
        missing = _without_pass(provider, policy)
        if missing is not None:
            unread.append(missing)
            continue
        open_to_all = yield from _passes_anybody(provider, policy, limits, known)
        for version in (4, 6):
            addresses = policy.address_count(Result.PASS, version)
            why = open_to_all or _too_wide(policy, version)
            if why is not None:
                unread.append(Missing(provider, why, is_failure=False))
                continue
            ranges[version] += [
                _Range(first, last, Hit(order, provider, outcome, addresses))
                for first, last, outcome in policy.ranges(version)
                if outcome.result is Result.PASS or outcome.is_incomplete or may_pass(outcome)
            ]
    return ProviderNetworks(ranges, dict.fromkeys(unread))


def inputs_of(include: str, limits: Limits) -> Inputs:
    """Return the inputs of a provider's policy: any sender in the domain of its include."""
    return Inputs(include, None, None, limits, None, 0.0)


def may_pass(outcome: Outcome) -> bool:
    """Whether a conditional outcome can be pass."""
    return outcome.result is None and not outcome.results.isdisjoint({Result.PASS, None})


def needs_only_the_address(outcome: Outcome) -> bool:
    """Whether a conditional outcome depends on the client's address only, so that DNS can decide it."""
    return all(each in _ASKABLE for dependency in outcome.depends_on for each in dependency.inputs)


def checking(ip: str, provider: Provider, limits: Limits, known: Answers) -> Generator[Question, Answer, Session]:
    """Check an address against a provider's own record; answers from DNS are added to `known`."""
    session = Session(ip, f"@{provider.include}", "", MAILFROM, limits)
    session.explaining = False
    yield from once(check_host(session), known)
    return session


def _without_pass(provider: Provider, policy: Policy) -> Missing | None:
    """Return why a record passes no address; None if it passes some, or may."""
    outcomes = [outcome for version in (4, 6) for _, _, outcome in policy.ranges(version)]
    if any(outcome.result is Result.PASS or may_pass(outcome) for outcome in outcomes):
        return None
    problems = {outcome.problem.text: outcome for outcome in outcomes if outcome.problem is not None}
    failed = any(outcome.is_incomplete and not outcome.is_unknown for outcome in outcomes)
    outside = any(outcome.is_unknown for outcome in outcomes)
    if not problems:
        why = f"the SPF record of {visible_name(provider.include)} passes no address"
        return Missing(provider, why, is_failure=False)
    why = next((text for text, outcome in problems.items() if outcome.is_incomplete), next(iter(problems)))
    return Missing(provider, visible(why), failed, outside)


def _too_wide(policy: Policy, version: int) -> str | None:
    """Return why it proves nothing that this record lets an address pass, or None if it proves something."""
    size = policy.address_count(Result.PASS, version)
    size += sum(
        end - first + 1
        for first, end, outcome in policy.ranges(version)
        if may_pass(outcome) and not needs_only_the_address(outcome)
    )
    family = V4 if version == 4 else V6
    if size <= (family.last + 1) // _PROVES_NOTHING:
        return None
    return f"the SPF record of {visible_name(policy.domain)} passes too many IPv{version} addresses to identify one"


def _passes_anybody(
    provider: Provider, policy: Policy, limits: Limits, known: Answers
) -> Generator[Question, Answer, str | None]:
    """Return why a record that queries DNS for each client proves nothing, or None if it does prove something."""
    for ip in _CONTROLS:
        outcome = policy.check(ip)
        if may_pass(outcome) and needs_only_the_address(outcome):
            session = yield from checking(ip, provider, limits, known)
            if session.result is Result.PASS:
                return f"the SPF record of {visible_name(policy.domain)} passes {ip}, from which nobody sends mail"
    return None


def _overlaid(ranges: Iterable[_Range]) -> tuple[list[int], list[tuple[Hit, ...]]]:
    """Return one table of ranges that may overlap: for every address, the hits of all ranges that contain it."""
    edges: dict[int, list[tuple[bool, Hit]]] = {}
    for span in ranges:
        edges.setdefault(span.last + 1, []).append((False, span.hit))
        edges.setdefault(span.first, []).append((True, span.hit))
    starts = [0]
    hits: list[tuple[Hit, ...]] = [()]
    open_hits: dict[int, Hit] = {}
    for start in sorted(edges):
        for opens, hit in sorted(edges[start], key=itemgetter(0)):  # ranges that end come before ranges that begin
            if opens:
                open_hits[hit.order] = hit
            else:
                open_hits.pop(hit.order, None)
        starts.append(start)
        hits.append(tuple(open_hits[order] for order in sorted(open_hits)))
    return starts, hits
