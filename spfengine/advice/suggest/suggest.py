"""`suggest`: the smallest change to a record after which every wanted sender passes, with the proof.

What the admin decides is told; what can be found out is: what stands there, whose the senders' addresses are, which
terms would let them pass, and which terms say nothing that others do not say. From these come drafts, each of which is
compiled and compared with what stands there for every address (see `searching` and `judging`).
"""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from time import time
from typing import TYPE_CHECKING

from spfengine.addresses import address_text, parse_address
from spfengine.advice.catalogue.catalogue import Catalogue
from spfengine.advice.identify.identification import Identification
from spfengine.advice.identify.identify import identifying
from spfengine.advice.identify.provider_networks import ReverseName, reverse_names
from spfengine.advice.suggest.baseline import baseline
from spfengine.advice.suggest.candidates import (
    MAX_DIRECTIVES,
    Finder,
    Matched,
    Offer,
    Places,
    Slot,
    before_all,
    holds,
    last_slot,
    matching,
    places_of,
    slot_before,
)
from spfengine.advice.suggest.explain import Work, explaining, refusing
from spfengine.advice.suggest.request import Asked, Case, Networks, Steps, Told, address_of, asking
from spfengine.advice.suggest.search import Group, Search
from spfengine.advice.suggest.suggestion import Suggestion
from spfengine.drivers import adrive, drive, once
from spfengine.errors import ArgumentError, RecordSyntaxError
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.session import Answers
from spfengine.linting.limits import UNFRAGMENTED
from spfengine.names import domain_fault, is_same_or_under
from spfengine.policy.compile import Inputs
from spfengine.policy.policy import compiling
from spfengine.problems import Result
from spfengine.record.model import Directive, DomainDirective, Include, Network, Record, same_term, term_key
from spfengine.record.parser import parse, parse_term
from spfengine.senders import Sender
from spfengine.visible import visible

if TYPE_CHECKING:
    from spfengine.answers import AsyncResolver, Resolver

MAX_DRAFTS = 200
"""Drafts that are compiled and compared, where no other number is given."""
MAX_IDENTIFIED = 200
"""Addresses that are looked up in the catalogue and in reverse DNS: those with the most messages."""
_MAX_NAMED = 20  # addresses of the record that are looked up in reverse DNS


def suggest(
    domain: str,
    senders: Iterable[Sender] = (),
    *,
    resolver: "Resolver | None" = None,
    catalogue: Catalogue | None = None,
    want: Iterable[object] = (),
    ignore: Iterable[object] = (),
    add: Iterable[str] = (),
    drop: Iterable[str] = (),
    keep: Iterable[str] = (),
    keep_all: bool = False,
    allow_unnamed: bool = False,
    own: Iterable[str] = (),
    hosts: Iterable[str] = (),
    limits: Limits = DEFAULT_LIMITS,
    max_answer: int = UNFRAGMENTED,
    max_drafts: int = MAX_DRAFTS,
    receiver: str | None = None,
    now: float | None = None,
) -> Suggestion:
    """Return the smallest change to a domain's record for which every wanted sender passes.

    Nothing that passes stops (unless told), no address needs more lookups or meets more void lookups than `limits`
    allow, the DNS answer is not too large, and no term stays that is proved to say nothing. The smallest change is that
    of the fewest terms that come and go, then of the fewest lookups, then of the shortest record.

    Args:
        domain: the domain whose record it is about. Only its own record is changed.
        senders: who sends mail. Those that pass, and those whose service is known, are wanted.
        resolver: what answers DNS questions; live DNS where it is not given.
        catalogue: the services that are known; `Catalogue.load()` where it is not given.
        want: addresses or networks that are wanted, though nobody can name them: by their address if need be.
        ignore: addresses or networks that are not wanted.
        add: terms to add in place of what would be found.
        drop: terms to take out, whoever passes by them.
        keep: terms to leave in.
        keep_all: whether nothing is taken out but what `drop` says.
        allow_unnamed: whether all addresses that nobody can name are wanted.
        own: names that the admin can edit, and all under them, besides the domain: `a:` terms lead to nothing else.
        hosts: names of hosts of the admin's, to be tried as `a:` terms.
        limits: how much a check may ask.
        max_answer: octets that the DNS answer with the TXT records of the name may have.
        max_drafts: how many drafts are compiled and compared.
        receiver, now: as for `check`.

    Raises:
        AddressError: one of `want` or `ignore` is no address and no network.
        ArgumentError: the domain is no domain name, or a term is none, or not in the record.
        ResolverError: `resolver` does not keep the protocol. Whatever it raises itself is passed on.
    """
    told = _told(add, drop, keep, want, ignore, keep_all, allow_unnamed, max_answer, max_drafts)
    inputs = _inputs(domain, limits, receiver, now)
    steps = suggesting(inputs, tuple(senders), told, catalogue or Catalogue.load(), tuple(own), tuple(hosts))
    if resolver is None:
        from spfengine.drivers import default_resolver

        resolver = default_resolver()
    return drive(steps, resolver, None)


async def asuggest(
    domain: str,
    senders: Iterable[Sender] = (),
    *,
    resolver: "Resolver | AsyncResolver | None" = None,
    catalogue: Catalogue | None = None,
    want: Iterable[object] = (),
    ignore: Iterable[object] = (),
    add: Iterable[str] = (),
    drop: Iterable[str] = (),
    keep: Iterable[str] = (),
    keep_all: bool = False,
    allow_unnamed: bool = False,
    own: Iterable[str] = (),
    hosts: Iterable[str] = (),
    limits: Limits = DEFAULT_LIMITS,
    max_answer: int = UNFRAGMENTED,
    max_drafts: int = MAX_DRAFTS,
    receiver: str | None = None,
    now: float | None = None,
) -> Suggestion:
    """Return what `suggest` returns, without blocking the event loop while DNS answers.

    Raises:
        AddressError, ArgumentError, ResolverError: as `suggest`.
    """
    told = _told(add, drop, keep, want, ignore, keep_all, allow_unnamed, max_answer, max_drafts)
    inputs = _inputs(domain, limits, receiver, now)
    steps = suggesting(inputs, tuple(senders), told, catalogue or Catalogue.load(), tuple(own), tuple(hosts))
    if resolver is None:
        from spfengine.drivers import default_resolver

        resolver = default_resolver()
    return await adrive(steps, resolver, None)


def suggesting(
    inputs: Inputs,
    senders: tuple[Sender, ...],
    told: Told,
    catalogue: Catalogue,
    own: tuple[str, ...],
    hosts: tuple[str, ...],
) -> Steps[Suggestion]:
    """Return what `suggest` returns; yields the Questions that need answers."""
    known: Answers = {}
    own = (inputs.domain, *own)
    base = yield from once(baseline(inputs.domain, own), known)
    before = yield from once(compiling(inputs), known)
    case = Case(inputs, told, base, before, known)
    asked = yield from asking(case, (*senders, *_beside(senders, told.want, inputs.domain)))
    record = base.record
    if record is None:
        return refusing(case, asked)
    _check_terms(told, record)
    identified, names = yield from _identify(case, catalogue, asked, record)
    matched = yield from _match(case, record, catalogue, own)
    finder = Finder(case, own, record, hosts)
    failing = [each.sender for each in asked if each.is_failing]
    come = yield from _told_to_come(finder, told.add)
    consented = {address_of(each.sender) for each in asked if each.is_wanted or told.allow_unnamed}
    yield from finder.serve(failing, identified, names, set() if told.add else consented)
    keep_all = told.keep_all or len(record.directives) > MAX_DIRECTIVES
    places = places_of(record, matched, told.drop, told.keep, keep_all=keep_all, told_to_come=come)
    offer = finder.offer
    if told.add:
        offer.serving.clear()  # what is told comes, and nothing else
    asked = _with_refusals(asked, matched, places)
    served = [each for each in asked if each.is_failing and _is_servable(each, matched, places, offer)]
    groups: tuple[list[Group], list[Group]] = ([], [])
    for each in served:
        group = offer.serving.get(address_of(each.sender))
        if group is not None:
            groups[_is_led_to(each, matched, places)].append(group)
    kept = [each for each in asked if each.before is Result.PASS and not _goes(each, told)]
    slot = _slot(record, matched, places, served)
    wanted = [each.sender for each in (*kept, *served)]
    search = Search(case, matched, places, offer.candidates, *groups, wanted, slot)
    found = yield from search.run(told.max_answer)
    if found.loses and not keep_all:
        # Sets of addresses do not tell all where results rest on more: then nothing goes that need not.
        kept_all = places_of(record, matched, told.drop, told.keep, keep_all=True, told_to_come=come)
        again = Search(case, matched, kept_all, offer.candidates, *groups, wanted, slot)
        whole = yield from again.run(told.max_answer)
        if whole.plan is not None:
            keep_all, places, search, found = True, kept_all, again, whole
    if keep_all and not told.keep_all:
        found = found._replace(is_exhaustive=False)
    unnamed = len({each.sender.ip for each in asked if each.is_failing} - identified.keys())
    work = Work(case, tuple(asked), identified, unnamed, names, matched, places, offer, slot, search, found)
    return (yield from explaining(work, own))


def _inputs(domain: str, limits: Limits, receiver: str | None, now: float | None) -> Inputs:
    inputs = Inputs(domain, None, None, limits, receiver, time() if now is None else now)
    fault = domain_fault(inputs.domain)
    if fault is not None:
        raise ArgumentError(fault)
    return inputs


def _told(
    add: Iterable[str],
    drop: Iterable[str],
    keep: Iterable[str],
    want: Iterable[object],
    ignore: Iterable[object],
    keep_all: bool,
    allow_unnamed: bool,
    max_answer: int,
    max_drafts: int,
) -> Told:
    """Return what was told, each part of it read. Raises AddressError and ArgumentError."""
    added = tuple(add)
    for term in added:
        _read_term(term)
    dropped, kept = (tuple([_read_term(term) for term in terms]) for terms in (drop, keep))
    both = [term for term in dropped if any(same_term(term, other) for other in kept)]
    if both:
        raise ArgumentError(f"{visible(both[0].text, 80)} is told to go and to stay")
    wanted, ignored = (tuple([_network(each) for each in given]) for given in (want, ignore))
    return Told(added, dropped, kept, wanted, ignored, keep_all, allow_unnamed, max_answer, max(1, max_drafts))


def _read_term(term: str) -> Directive:
    try:
        directives = parse(f"v=spf1 {term}").directives
    except RecordSyntaxError as error:
        raise ArgumentError(f"{visible(term, 80)!r} is no term: {error.problems[0].text}") from None
    if len(directives) != 1 or directives[0].text != term:
        raise ArgumentError(f"{visible(term, 80)!r} is not one mechanism, such as include:relay.example.net")
    return directives[0]


def _network(given: object) -> IPv4Network | IPv6Network:
    if isinstance(given, IPv4Network | IPv6Network):
        return given
    if isinstance(given, str) and "/" in given:
        try:
            return ip_network(given, strict=False)
        except ValueError:
            raise ArgumentError(f"no address and no network: {visible(given, 60)!r}") from None
    return ip_network(address_text(*parse_address(given)))


def _beside(senders: tuple[Sender, ...], want: Networks, domain: str) -> Iterator[Sender]:
    """Yield senders for the addresses that are wanted and that no evidence shows."""
    there = {sender.ip for sender in senders}
    for network in want:
        if network.num_addresses == 1 and str(network.network_address) not in there:
            yield Sender(str(network.network_address), f"@{domain}")


def _check_terms(told: Told, record: Record) -> None:
    """Refuse terms to drop or keep that are not there."""
    there = set(map(term_key, record.directives))
    for term in (*told.drop, *told.keep):
        if term_key(term) not in there:
            listed = ", ".join([visible(directive.text, 60) for directive in record.directives[:20]]) or "none"
            raise ArgumentError(f"the record has no term {visible(term.text, 80)}; its terms are: {listed}")


def _identify(
    case: Case, catalogue: Catalogue, asked: Sequence[Asked], record: Record
) -> Steps[tuple[dict[str, Identification], dict[str, list[ReverseName]]]]:
    """Return whose the addresses of the senders are, and names in reverse DNS of them and of those in the record."""
    failing = sorted([each.sender for each in asked if each.is_failing], key=lambda sender: -sender.count)
    ips = list(dict.fromkeys([sender.ip for sender in failing]))[:MAX_IDENTIFIED]
    for term in case.told.add:
        directive = _read_term(term)
        if isinstance(directive, Network) and directive.prefix == directive.family.bits:
            ips.append(address_text(directive.family, directive.network))
    identified = yield from case.once(identifying(dict.fromkeys(ips), catalogue, case.inputs.limits))
    named = [each for each in record.directives if isinstance(each, Network) and each.prefix == each.family.bits]
    ips += [address_text(each.family, each.network) for each in named[:_MAX_NAMED]]
    names: dict[str, list[ReverseName]] = {}
    for ip in dict.fromkeys(ips):
        names[ip], _ = yield from case.once(reverse_names(*parse_address(ip)))
    return identified, names


def _match(case: Case, record: Record, catalogue: Catalogue, own: Sequence[str]) -> Steps[list[Matched]]:
    """Return what each directive before the first `all` matches."""
    found: list[Matched] = []
    tried: dict[object, Matched] = {}
    for directive in before_all(record):
        key = term_key(directive)
        if key not in tried:
            vouched = _is_vouched(directive, catalogue, own)
            tried[key] = yield from case.once(matching(case.inputs, directive, dict(case.known), vouched))
        found.append(tried[key]._replace(directive=directive))
    return found


def _is_vouched(directive: Directive, catalogue: Catalogue, own: Sequence[str]) -> bool:
    """Whether a term leads only where the admin, or a service that is known, has put it."""
    if not isinstance(directive, DomainDirective) or directive.domain_spec is None:
        return True
    target = directive.domain_spec.target
    if target is None:
        return False
    if isinstance(directive, Include) and catalogue.by_include(target) is not None:
        return True
    return any(is_same_or_under(target, name) for name in own)


def _told_to_come(finder: Finder, terms: Iterable[str]) -> Steps[tuple[int, ...]]:
    come: list[int] = []
    for term in terms:
        place = yield from finder.told(term)
        come.append(place)
    return tuple(come)


def _goes(each: Asked, told: Told) -> bool:
    """Whether a sender passes by a term that is told to go."""
    by = None if each.by is None else parse_term(each.by)
    return by is not None and any(same_term(by, term) for term in told.drop)


def _is_servable(each: Asked, matched: Sequence[Matched], places: Places, offer: Offer) -> bool:
    """Whether a sender that fails has to pass: something leads to it, in the record or among the candidates."""
    if each.refusing is not None and not each.is_wanted:
        return False
    here = address_of(each.sender)
    come = [offer.candidates[place].matched for place in places.told_to_come]
    return (
        here in offer.serving
        or any(holds(one.spans, *here) for one in come if one.passes)
        or _is_led_to(each, matched, places)
    )


def _is_led_to(each: Asked, matched: Sequence[Matched], places: Places) -> bool:
    """Whether a term that stays leads to a sender."""
    here = address_of(each.sender)
    stays = [one for place, one in enumerate(matched) if place not in places.leaving and one.passes]
    return any(holds(one.spans, *here) for one in stays)


def _slot(record: Record, matched: Sequence[Matched], places: Places, served: Sequence[Asked]) -> Slot:
    """Return where new terms go: behind the mechanisms, or before the first that decides otherwise for a sender."""
    addresses = [address_of(each.sender) for each in served]
    deciding = {each.by for each in served if each.before is not Result.PERMERROR}
    for place, one in enumerate(matched):
        if one.passes or place in places.leaving:
            continue
        if one.directive.text in deciding or any(holds(one.spans, *address) for address in addresses):
            return slot_before(record, place)
    return last_slot(record)


def _with_refusals(asked: Sequence[Asked], matched: Sequence[Matched], places: Places) -> list[Asked]:
    """Return the senders, those that the record would refuse by "-" if it came so far with what refuses them."""
    found = []
    for each in asked:
        here = address_of(each.sender)
        staying = [one for place, one in enumerate(matched) if place not in places.leaving]
        first = next((one for one in staying if holds(one.spans, *here)), None) if each.is_failing else None
        refused = first is not None and first.directive.qualifier == "-" and each.refusing is None
        found.append(each._replace(refusing=first.directive) if refused and first is not None else each)
    return found
