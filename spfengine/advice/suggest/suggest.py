"""`suggest`: the smallest change to a record after which every wanted sender passes, with the proof.

The caller decides what is wanted. Everything else is found out: what is published, whose the senders' addresses are,
which terms would let them pass, and which terms are covered by others. From these come drafts, each of which is
compiled and compared with the published record for every address (see `search` and `draft`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from time import time
from typing import TYPE_CHECKING

from spfengine.addresses import address_text, parse_address
from spfengine.advice.identify.identification import Identification
from spfengine.advice.identify.identify import identifying
from spfengine.advice.identify.reverse_dns import ReverseName, reverse_names
from spfengine.advice.suggest.baseline import baseline, redirecting, with_sound_parts
from spfengine.advice.suggest.candidates import Finder, Offer
from spfengine.advice.suggest.coverage import (
    MAX_DIRECTIVES,
    Coverage,
    Removable,
    before_all,
    matching,
    removable_terms,
)
from spfengine.advice.suggest.draft import Slot, last_slot, slot_before
from spfengine.advice.suggest.explain import Solution, explaining, needing_senders, refusing
from spfengine.advice.suggest.request import (
    AddressOrNetwork,
    Request,
    RequestedSender,
    Situation,
    Steps,
    address_of,
    read_request,
    read_term,
    requested_senders,
    special_of,
)
from spfengine.advice.suggest.search import Group, Search, SearchResult
from spfengine.advice.suggest.shown import mx_providers, proposing
from spfengine.advice.suggest.suggestion import Suggestion
from spfengine.arguments import renamed
from spfengine.catalogue.catalogue import Catalogue
from spfengine.catalogue.provider import Provider
from spfengine.drivers import adrive, drive, once
from spfengine.errors import ArgumentError
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.session import Answers
from spfengine.linting.limits import UNFRAGMENTED
from spfengine.names import domain_fault, is_same_or_under
from spfengine.policy.inputs import Inputs
from spfengine.policy.policy import compiling
from spfengine.problems import Result
from spfengine.record.model import Directive, DomainDirective, Include, Network, term_key
from spfengine.record.parser import parse
from spfengine.senders import Sender, sender_list

if TYPE_CHECKING:
    from spfengine.answers import AsyncResolver, Resolver

MAX_DRAFTS = 200
"""How many drafts are compiled and compared by default."""
MAX_IDENTIFIED = 200
"""How many addresses are looked up in the catalogue and in reverse DNS: those with the most messages."""
_MAX_NAMED = 20  # addresses of the record that are looked up in reverse DNS


def suggest(
    domain: str,
    senders: Iterable[Sender] = (),
    *,
    resolver: "Resolver | None" = None,
    catalogue: Catalogue | None = None,
    want: Iterable[AddressOrNetwork] = (),
    ignore: Iterable[AddressOrNetwork] = (),
    add: Iterable[str] = (),
    drop: Iterable[str] = (),
    keep: Iterable[str] = (),
    keep_all: bool = False,
    allow_unnamed: bool = False,
    own: Iterable[str] = (),
    hosts: Iterable[str] = (),
    limits: Limits = DEFAULT_LIMITS,
    max_size: int = UNFRAGMENTED,
    max_drafts: int = MAX_DRAFTS,
    receiver: str | None = None,
    now: float | None = None,
    max_answer: int | None = None,
) -> Suggestion:
    """Return the smallest change to a domain's record after which every wanted sender passes.

    With the new record, nothing that passes stops (unless requested), no address exceeds the limits of lookups and
    void lookups, the DNS answer is not too large, and no term is left that is proved to have no effect. The smallest
    change adds and removes the fewest terms; among those, the new record needs the fewest lookups, and then is the
    shortest.

    Args:
        domain: the domain. Only its own record is changed.
        senders: who sends mail. Those that pass, and those of known services, are wanted; those whose mail DKIM carries
            or that only sent it on, by a receiver's report, are not (see `Sender.is_sent_on`).
        resolver: answers DNS questions; live DNS by default.
        catalogue: the known services; `Catalogue.load()` by default.
        want: addresses or networks that are wanted even if they can't be identified; added as ip4/ip6 if nothing better
            fits.
        ignore: addresses or networks that are not wanted.
        add: terms to add instead of those that would be found.
        drop: terms to remove, even if they let senders pass.
        keep: terms to keep.
        keep_all: whether nothing is removed except `drop`.
        allow_unnamed: whether all addresses that can't be identified are wanted.
        own: names that the admin manages, with all names under them, besides the domain. Only for these names `a:`
            terms are suggested.
        hosts: names of the admin's hosts, to be tried as `a:` terms.
        limits: the limits of a check.
        max_size: octets that the DNS answer with the TXT records of the name may have.
        max_drafts: how many drafts are compiled and compared.
        receiver, now: as for `check`.
        max_answer: the former name of `max_size`, deprecated.

    Raises:
        AddressError: one of `want` or `ignore` is not an address or network.
        ArgumentError: the domain is not a domain name, a term is invalid or not in the record, or a string is given
            where a list is expected.
        ResolverError: `resolver` does not follow the resolver protocol. What it raises itself is passed on.
    """
    max_size = renamed("max_answer", max_answer, "max_size", max_size)
    request = read_request(add, drop, keep, want, ignore, keep_all, allow_unnamed, own, hosts, max_size, max_drafts)
    steps = suggesting(_inputs(domain, limits, receiver, now), sender_list(senders), request, catalogue)
    return drive(steps, resolver, None)


async def asuggest(
    domain: str,
    senders: Iterable[Sender] = (),
    *,
    resolver: "Resolver | AsyncResolver | None" = None,
    catalogue: Catalogue | None = None,
    want: Iterable[AddressOrNetwork] = (),
    ignore: Iterable[AddressOrNetwork] = (),
    add: Iterable[str] = (),
    drop: Iterable[str] = (),
    keep: Iterable[str] = (),
    keep_all: bool = False,
    allow_unnamed: bool = False,
    own: Iterable[str] = (),
    hosts: Iterable[str] = (),
    limits: Limits = DEFAULT_LIMITS,
    max_size: int = UNFRAGMENTED,
    max_drafts: int = MAX_DRAFTS,
    receiver: str | None = None,
    now: float | None = None,
    max_answer: int | None = None,
) -> Suggestion:
    """Async version of `suggest`."""
    max_size = renamed("max_answer", max_answer, "max_size", max_size)
    request = read_request(add, drop, keep, want, ignore, keep_all, allow_unnamed, own, hosts, max_size, max_drafts)
    steps = suggesting(_inputs(domain, limits, receiver, now), sender_list(senders), request, catalogue)
    return await adrive(steps, resolver, None)


def _inputs(domain: str, limits: Limits, receiver: str | None, now: float | None) -> Inputs:
    inputs = Inputs(domain, None, None, limits, receiver, time() if now is None else now)
    fault = domain_fault(inputs.domain)
    if fault is not None:
        raise ArgumentError(fault)
    return inputs


def suggesting(
    inputs: Inputs, senders: tuple[Sender, ...], request: Request, catalogue: Catalogue | None
) -> Steps[Suggestion]:
    """Return what `suggest` returns; yields the Questions that need answers."""
    catalogue = catalogue or Catalogue.load()
    known: Answers = {}
    base = yield from once(baseline(inputs.domain, (inputs.domain, *request.own)), known)
    base = yield from once(with_sound_parts(inputs.domain, base, (inputs.domain, *request.own)), known)
    if base.is_new and not request.add:
        base = yield from once(redirecting(inputs, base, senders), known)
    before = yield from once(compiling(inputs), known)
    situation = Situation(inputs, request, base, before, known)
    requested = yield from requested_senders(situation, (*senders, *_wanted_addresses(senders, situation)))
    if base.record is None:
        return refusing(situation, requested)
    request.require_terms(base.record)
    needs_senders = not request.add and not any(sender.is_here for sender in requested)
    if needs_senders and base.is_new:
        return needing_senders(situation, requested, (yield from proposing(situation, catalogue, base.record)))
    identified, names = yield from _identify(situation, catalogue, requested)
    coverage = yield from _coverages(situation, catalogue)
    finder = Finder(situation)
    added = yield from finder.add_requested(request.add)
    failing = [sender.sender for sender in requested if sender.is_failing and special_of(sender.sender) is None]
    yield from finder.find(failing, identified, names, _addable(requested, request))
    if request.add:
        finder.offer.serving.clear()  # only the terms that the caller wants are added
    plan, result = yield from _search(situation, requested, coverage, finder, added)
    not_looked_up = len({sender.ip for sender in failing} - identified.keys())
    proposal = None
    chosen = result.best or result.closest
    if needs_senders and chosen is not None:
        proposal = yield from proposing(situation, catalogue, parse(chosen[1].text))
    services: dict[str, Provider] = {}
    if finder.offer.candidates:
        services = yield from mx_providers(situation, catalogue)
    solution = Solution(
        situation, tuple(plan.requested), identified, not_looked_up, names, coverage, plan.removable, finder.offer,
        plan.slot, result, proposal, frozenset([provider.include for provider in services.values()]),
    )  # fmt: skip
    return (yield from explaining(solution))


def _search(
    situation: Situation, requested: Sequence[RequestedSender], coverage: Sequence[Coverage], finder: Finder,
    added: tuple[int, ...],
) -> "Steps[tuple[_SearchPlan, SearchResult]]":  # fmt: skip
    """Return the search that was made last, and what it found: if nothing fits, addresses of hosts are tried too."""
    plan = _SearchPlan(situation, requested, coverage, finder.offer, added)
    result = yield from plan.search()
    if result.best is None and not situation.request.add and (yield from finder.offer_addresses_of_hosts()):
        plan = _SearchPlan(situation, requested, coverage, finder.offer, added)
        result = yield from plan.search()
    return plan, result


def _wanted_addresses(senders: tuple[Sender, ...], situation: Situation) -> Iterator[Sender]:
    """Yield senders for the addresses that are wanted but not among the senders."""
    existing = {sender.ip for sender in senders}
    for network in situation.request.want:
        if network.num_addresses == 1 and str(network.network_address) not in existing:
            yield Sender(str(network.network_address), f"@{situation.inputs.domain}")


def _addable(requested: Sequence[RequestedSender], request: Request) -> set[tuple[int, int]]:
    """Return the addresses that may be added as ip4 or ip6 if nothing better fits."""
    if request.add:
        return set()
    named = [each for each in requested if each.is_wanted or request.allow_unnamed]
    return {address_of(each.sender) for each in named if special_of(each.sender) is None}


def _identify(
    situation: Situation, catalogue: Catalogue, requested: Sequence[RequestedSender]
) -> Steps[tuple[dict[str, Identification], dict[str, list[ReverseName]]]]:
    """Identify the failing senders' addresses; look up reverse-DNS names for them and the record's single addresses."""
    failing = sorted(
        [each for each in requested if each.is_failing or each.is_sent_on],
        key=lambda each: (each.is_sent_on, -each.sender.count),
    )
    ips = list(dict.fromkeys([each.sender.ip for each in failing]))[:MAX_IDENTIFIED]
    ips += _single_addresses([read_term(term) for term in situation.request.add])
    identified = yield from situation.once(identifying(dict.fromkeys(ips), catalogue, situation.inputs.limits))
    ips += _single_addresses(situation.record.directives)[:_MAX_NAMED]
    names: dict[str, list[ReverseName]] = {}
    for ip in dict.fromkeys(ips):
        reverse = yield from situation.once(reverse_names(*parse_address(ip)))
        names[ip] = reverse.names
    return identified, names


def _single_addresses(directives: Iterable[Directive]) -> list[str]:
    """Return the addresses that ip4 and ip6 directives name one by one."""
    networks = [directive for directive in directives if isinstance(directive, Network)]
    return [address_text(each.family, each.network) for each in networks if each.prefix == each.family.bits]


def _coverages(situation: Situation, catalogue: Catalogue) -> Steps[list[Coverage]]:
    """Return which addresses each directive before the first `all` matches."""
    coverage: list[Coverage] = []
    by_key: dict[object, Coverage] = {}
    for directive in before_all(situation.record):
        key = term_key(directive)
        if key not in by_key:
            has_known_owner = _has_known_owner(directive, catalogue, situation.own)
            steps = matching(situation.inputs, directive, dict(situation.known), has_known_owner)
            by_key[key] = yield from situation.once(steps)
        coverage.append(by_key[key].for_directive(directive))
    return coverage


def _has_known_owner(directive: Directive, catalogue: Catalogue, own: Sequence[str]) -> bool:
    """Whether a term refers only to names that the admin, or a known service, manages."""
    if not isinstance(directive, DomainDirective) or directive.domain_spec is None:
        return True
    target = directive.domain_spec.target
    if target is None:
        return False
    if isinstance(directive, Include) and catalogue.by_include(target) is not None:
        return True
    return any(is_same_or_under(target, name) for name in own)


class _SearchPlan:
    """Prepares the search: which senders it has to serve, with which candidates, and where new terms go.

    Attributes:
        requested: the senders, each with the directive that would refuse it.
        removable: which directives may be left out.
        slot: the position of new terms.
    """

    def __init__(
        self,
        situation: Situation,
        requested: Sequence[RequestedSender],
        coverage: Sequence[Coverage],
        offer: Offer,
        added: tuple[int, ...],
    ) -> None:
        self._situation = situation
        self._coverage = coverage
        self._offer = offer
        self._added = added
        self._keep_all = situation.request.keep_all or len(situation.record.directives) > MAX_DIRECTIVES
        self.removable = self._removable(self._keep_all)
        self.requested = [self._with_refusal(sender) for sender in requested]
        self._served = [sender for sender in self.requested if sender.is_failing and self._can_be_served(sender)]
        self.slot = self._slot()

    def search(self) -> Steps[SearchResult]:
        """Return the result of the search."""
        max_size = self._situation.request.max_size
        result = yield from self._search(self.removable).run(max_size)
        if result.loses and not self._keep_all:
            # Address sets are incomplete if results depend on more than the address; retry, removing only what must go.
            removable = self._removable(keep_all=True)
            second = yield from self._search(removable).run(max_size)
            if second.best is not None:
                self._keep_all, self.removable, result = True, removable, second
        if self._keep_all and not self._situation.request.keep_all:
            result = replace(result, is_exhaustive=False)
        return result

    def _removable(self, keep_all: bool) -> Removable:
        request = self._situation.request
        return removable_terms(self._situation.record, self._coverage, request.drop, request.keep, keep_all)

    def _search(self, removable: Removable) -> Search:
        groups: list[Group] = []
        spare_groups: list[Group] = []
        for sender in self._served:
            group = self._offer.serving.get(address_of(sender.sender))
            if group is not None:
                (spare_groups if self._is_matched(sender) else groups).append(group)
        drop_keys = set(map(term_key, self._situation.request.drop))
        dropped = {each.text for each in self._situation.record.directives if term_key(each) in drop_keys}
        passing = [each for each in self.requested if each.before is Result.PASS and each.by not in dropped]
        wanted = [sender.sender for sender in (*passing, *self._served)]
        return Search(
            self._situation, self._coverage, removable, self._offer.candidates, self._added, groups, spare_groups,
            wanted, self.slot,
        )  # fmt: skip

    def _staying(self) -> list[Coverage]:
        return [term for index, term in enumerate(self._coverage) if index not in self.removable.leaving]

    def _with_refusal(self, sender: RequestedSender) -> RequestedSender:
        """Return a sender with the directive that would refuse it, once the terms before it no longer decide."""
        if not sender.is_failing or sender.refusing is not None:
            return sender
        address = address_of(sender.sender)
        first = next((term for term in self._staying() if term.contains(*address)), None)
        if first is None or first.directive.qualifier != "-":
            return sender
        return sender.refused_by(first.directive)

    def _can_be_served(self, sender: RequestedSender) -> bool:
        """Whether some term can let a failing sender pass: one of the record that stays, or a candidate."""
        if sender.is_refused:
            return False
        address = address_of(sender.sender)
        added = [self._offer.candidates[index].coverage for index in self._added]
        is_added = any(term.passes and term.contains(*address) for term in added)
        return address in self._offer.serving or is_added or self._is_matched(sender)

    def _is_matched(self, sender: RequestedSender) -> bool:
        """Whether a term that stays matches a sender."""
        address = address_of(sender.sender)
        return any(term.passes and term.contains(*address) for term in self._staying())

    def _slot(self) -> Slot:
        """Return the position of new terms: last, or before the first term that decides otherwise for a sender."""
        record = self._situation.record
        addresses = [address_of(sender.sender) for sender in self._served]
        deciding = {sender.by for sender in self._served if sender.before is not Result.PERMERROR}
        for index, term in enumerate(self._coverage):
            if term.passes or index in self.removable.leaving:
                continue
            if term.directive.text in deciding or any(term.contains(*address) for address in addresses):
                return slot_before(record, index)
        return last_slot(record)
