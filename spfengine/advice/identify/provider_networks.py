"""The addresses of all providers of a catalogue in one table: each provider's policy is compiled once."""

from bisect import bisect_right
from collections.abc import Generator, Iterable, Mapping
from operator import itemgetter
from typing import NamedTuple

from spfengine.addresses import V4, Family, address_text
from spfengine.advice.catalogue.catalogue import Catalogue
from spfengine.advice.catalogue.reading import Provider
from spfengine.advice.identify.identification import Missing
from spfengine.answers import Answer, Question, RRType
from spfengine.drivers import once
from spfengine.evaluation.check_host import check_host
from spfengine.evaluation.limits import Limits
from spfengine.evaluation.mechanisms import is_validated
from spfengine.evaluation.session import MAILFROM, Answers, Session, address_type
from spfengine.names import fold, is_askable, reverse_name
from spfengine.policy.compile import Inputs
from spfengine.policy.outcome import Input, Outcome
from spfengine.policy.policy import Policy, compiling
from spfengine.problems import Result
from spfengine.visible import visible, visible_name

_ASKABLE = {Input.CLIENT_ADDRESS, Input.CLIENT_NAMES}
_PROVES_NOTHING = 16
"""A record that passes more than a 16th of all addresses of a family says nothing about one of them."""
_CONTROLS = ("192.0.2.1", "2001:db8::1")
"""Addresses from which nobody sends mail (RFC 5737, RFC 3849): a record that passes them passes anybody."""


class Hit(NamedTuple):
    """A provider whose record passes an address, may pass it, or could not be had in full.

    Attributes:
        order: the provider's place in the catalogue.
        provider: the provider.
        outcome: what its record says.
        addresses: how many addresses of the family the record passes.
    """

    order: int
    provider: Provider
    outcome: Outcome
    addresses: int


class ProviderNetworks:
    """Which providers' records pass an address.

    Attributes:
        unread: the entries whose record can't tell.
    """

    def __init__(self, hits: "dict[int, list[_Range]]", unread: Iterable[Missing]) -> None:
        self._tables = {version: _merged(ranges) for version, ranges in hits.items()}
        self.unread = tuple(unread)

    def hits(self, family: Family, address: int) -> tuple[Hit, ...]:
        """Return the providers that an address may belong to, in the catalogue's order."""
        starts, found = self._tables[family.version]
        return found[bisect_right(starts, address) - 1]


class _Range(NamedTuple):
    first: int
    last: int
    hit: Hit


def reading_networks(
    catalogue: Catalogue, limits: Limits, known: Answers, compiled: Mapping[str, Policy]
) -> Generator[Question, Answer, ProviderNetworks]:
    """Compile the policy of every provider; what DNS says is added to `known`.

    Args:
        compiled: policies that there are already, by include name.
    """
    found: dict[int, list[_Range]] = {4: [], 6: []}
    unread: list[Missing] = []
    for order, provider in enumerate(catalogue.providers):
        policy = compiled.get(provider.include)
        if policy is None:
            policy = yield from once(compiling(inputs_of(provider.include, limits)), known)
        known.update(policy.answers)
        nothing = _without_pass(provider, policy)
        if nothing is not None:
            unread.append(nothing)
            continue
        open_to_all = yield from _passes_anybody(provider, policy, limits, known)
        for version in (4, 6):
            addresses = policy.address_count(Result.PASS, version)
            why = open_to_all or _too_wide(policy, version)
            if why is not None:
                unread.append(Missing(provider, why, is_failure=False))
                continue
            found[version] += [
                _Range(first, last, Hit(order, provider, outcome, addresses))
                for first, last, outcome in policy.ranges(version)
                if outcome.result is Result.PASS or outcome.is_incomplete or may_pass(outcome)
            ]
    return ProviderNetworks(found, dict.fromkeys(unread))


def inputs_of(include: str, limits: Limits) -> Inputs:
    """Return what a provider's policy is compiled for: any sender of its include name."""
    return Inputs(include, None, None, limits, None, 0.0)


def may_pass(outcome: Outcome) -> bool:
    """Whether a conditional outcome can come to pass."""
    return outcome.result is None and not outcome.results.isdisjoint({Result.PASS, None})


def needs_only_the_address(outcome: Outcome) -> bool:
    """Whether a conditional outcome rests on nothing but the client's address, so that DNS can tell."""
    return all(each in _ASKABLE for dependency in outcome.depends_on for each in dependency.inputs)


def checking(ip: str, provider: Provider, limits: Limits, known: Answers) -> Generator[Question, Answer, Session]:
    """Check an address against a provider's own record; what DNS says is added to `known`."""
    session = Session(ip, f"@{provider.include}", "", MAILFROM, limits)
    session.explaining = False
    yield from once(check_host(session), known)
    return session


def _without_pass(provider: Provider, policy: Policy) -> Missing | None:
    """Return why a record passes nobody; None where it passes somebody, or may."""
    outcomes = [outcome for version in (4, 6) for _, _, outcome in policy.ranges(version)]
    if any(outcome.result is Result.PASS or may_pass(outcome) for outcome in outcomes):
        return None
    problems = {outcome.problem.text: outcome for outcome in outcomes if outcome.problem is not None}
    failed = any(outcome.is_incomplete for outcome in outcomes)
    if not problems:
        return Missing(provider, f"the SPF record of {visible_name(provider.include)} passes nobody", is_failure=False)
    told = next((text for text, outcome in problems.items() if outcome.is_incomplete), next(iter(problems)))
    return Missing(provider, visible(told), failed)


def _too_wide(policy: Policy, version: int) -> str | None:
    """Return why a record's passes prove nothing, or None where they do."""
    last = V4.last if version == 4 else (1 << 128) - 1
    size = policy.address_count(Result.PASS, version)
    size += sum(
        end - first + 1
        for first, end, outcome in policy.ranges(version)
        if may_pass(outcome) and not needs_only_the_address(outcome)
    )
    if size <= last // _PROVES_NOTHING:
        return None
    return f"the SPF record of {visible_name(policy.domain)} passes too many IPv{version} addresses to tell one's owner"


def _passes_anybody(
    provider: Provider, policy: Policy, limits: Limits, known: Answers
) -> Generator[Question, Answer, str | None]:
    """Return why a record that asks DNS about each client proves nothing, or None where it does."""
    for ip in _CONTROLS:
        outcome = policy.check(ip)
        if may_pass(outcome) and needs_only_the_address(outcome):
            session = yield from checking(ip, provider, limits, known)
            if session.result is Result.PASS:
                return f"the SPF record of {visible_name(policy.domain)} passes {ip}, from where nobody sends mail"
    return None


def _merged(ranges: Iterable[_Range]) -> tuple[list[int], list[tuple[Hit, ...]]]:
    """Return one table of ranges that may overlap: for every address all that it lies in."""
    edges: dict[int, list[tuple[bool, Hit]]] = {}
    for first, last, hit in ranges:
        edges.setdefault(last + 1, []).append((False, hit))
        edges.setdefault(first, []).append((True, hit))
    starts = [0]
    found: list[tuple[Hit, ...]] = [()]
    now: dict[int, Hit] = {}
    for start in sorted(edges):
        for opens, hit in sorted(edges[start], key=itemgetter(0)):  # what closes there first
            if opens:
                now[hit.order] = hit
            else:
                now.pop(hit.order, None)
        starts.append(start)
        found.append(tuple(now[order] for order in sorted(now)))
    return starts, found


# The names that an address has in reverse DNS, and whether they lead back to it.

MAX_NAMES = 10
"""Names of one address that are looked at, as in RFC 7208 §4.6.4."""


class ReverseName(NamedTuple):
    """A name in reverse DNS.

    Attributes:
        name: the name, as DNS gave it.
        confirmed: whether it leads back to the address.
        why_not: where it does not, what was seen instead, in words.
    """

    name: str
    confirmed: bool
    why_not: str


class ReverseNames(NamedTuple):
    """The names of an address in reverse DNS, and what could not be had of them."""

    names: list[ReverseName]
    missing: list[Missing]


def reverse_names(family: Family, address: int) -> Generator[Question, Answer, ReverseNames]:
    """Return the names of an address, each with whether it leads back. Asks MAX_NAMES + 1 questions at most."""
    question = Question(reverse_name(family, address), RRType.PTR)
    answer = yield question
    missing: list[Missing] = []
    if answer.is_failure:
        missing.append(Missing(None, f"the PTR records of {question.name} could not be had ({answer.status})", True))
    if len(answer.records) > MAX_NAMES:
        told = f"{question.name} has {len(answer.records)} PTR records, of which the first {MAX_NAMES} were looked at"
        missing.append(Missing(None, told, is_failure=False))
    session = Session(address_text(family, address), "@reverse.invalid")
    session.counting = False
    found: list[ReverseName] = []
    for name in {fold(name): name for name in answer.records[:MAX_NAMES]}.values():
        if not is_askable(name):
            found.append(ReverseName(name, False, "that is no name that DNS can be asked for"))
        elif (yield from is_validated(session, name)):
            found.append(ReverseName(name, True, ""))
        else:
            wanted = address_type(family)
            forward = session.answers[Question(name, wanted).key]
            if forward.is_failure:
                told = f"the {wanted} records of {visible_name(name)} could not be had ({forward.status})"
                missing.append(Missing(None, told, is_failure=True))
                found.append(ReverseName(name, False, "where that name leads could not be had"))
            else:
                found.append(ReverseName(name, False, "that name does not lead back to it"))
    return ReverseNames(found, missing)
