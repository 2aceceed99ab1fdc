"""Turn the result of the search into a `Suggestion`: the proof for its record, and a reason for each part."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from spfengine.advice.identify.identification import Identification
from spfengine.advice.identify.reverse_dns import ReverseName
from spfengine.advice.suggest.candidates import Candidate, Offer, address_term, varying
from spfengine.advice.suggest.caveats import (
    caveats_of_candidates,
    caveats_of_dmarc,
    caveats_of_ownership,
    caveats_of_record,
    caveats_of_reports,
    caveats_of_search,
    caveats_of_special_senders,
    caveats_of_start,
    caveats_of_stops,
    caveats_of_unidentified,
    caveats_of_unknown_facts,
    caveats_of_unused,
)
from spfengine.advice.suggest.coverage import Coverage, Removable
from spfengine.advice.suggest.draft import DraftCheck, Slot, draft_text
from spfengine.advice.suggest.reasons import Reasons, limits_text, unused_addresses
from spfengine.advice.suggest.request import RequestedSender, Situation, Steps, address_of, special_of, top_term
from spfengine.advice.suggest.search import Plan, SearchResult
from spfengine.advice.suggest.suggestion import (
    Advice,
    Alternative,
    Caveat,
    Proposal,
    Rejected,
    SenderAdvice,
    SenderStanding,
    Suggestion,
    TermAdvice,
)
from spfengine.linting.codes import Severity
from spfengine.linting.finding import Finding
from spfengine.linting.limits import answer_size
from spfengine.linting.lint import linting
from spfengine.problems import Result
from spfengine.record.model import Directive, term_key
from spfengine.record.parser import parse
from spfengine.senders import override_text
from spfengine.simulation.drafts import record_draft
from spfengine.simulation.records import Standing
from spfengine.simulation.simulate import simulating
from spfengine.simulation.simulation import SenderChange, Simulation
from spfengine.visible import visible

_MOST_REJECTED = 20
_MOST_ADDRESSES = 5
_MOST_UNUSED = 4  # addresses that an alternative leaves out
_SENT_ON = (SenderStanding.DKIM, SenderStanding.FORWARDED)
_NOT_SERVED = (SenderStanding.REFUSED, SenderStanding.UNSERVED, SenderStanding.UNNAMED, *_SENT_ON)


@dataclass(frozen=True, slots=True)
class Solution:
    """Everything that a suggestion explains.

    Attributes:
        situation: the request, and the published record.
        requested: the senders.
        identified: whose the addresses of failing senders are.
        not_looked_up: how many addresses were not looked up, because there are too many.
        names: names in reverse DNS, of failing senders and of addresses in the record.
        coverage: which addresses the directives before the first `all` match.
        removable: which directives may be left out.
        offer: the candidates.
        slot: the position of new terms.
        result: the result of the search.
        proposal: what the zone suggests, if who sends is not known; or None.
        own_services: the includes of the services that take the domain's mail (MX).
    """

    situation: Situation
    requested: tuple[RequestedSender, ...]
    identified: dict[str, Identification]
    not_looked_up: int
    names: dict[str, list[ReverseName]]
    coverage: Sequence[Coverage]
    removable: Removable
    offer: Offer
    slot: Slot
    result: SearchResult
    proposal: Proposal | None
    own_services: frozenset[str]

    @property
    def fits(self) -> bool:
        """Whether a record keeps every promise."""
        return self.result.best is not None


def refusing(situation: Situation, requested: Sequence[RequestedSender]) -> Suggestion:
    """Return the suggestion if nothing can be proposed."""
    base = situation.base
    return Suggestion(
        domain=situation.inputs.domain,
        advice=Advice.UNKNOWN if base.standing is Standing.UNKNOWN else Advice.BROKEN,
        published=base.published,
        standing=base.standing,
        senders=tuple([_sender_advice(sender, None, situation.inputs.domain, None, None) for sender in requested]),
        size_before=_published_size(situation),
        max_size=situation.request.max_size,
        faults=base.faults,
        refusal=base.refusal,
        siblings=base.siblings,
    )


def needing_senders(
    situation: Situation, requested: Sequence[RequestedSender], proposal: Proposal | None
) -> Suggestion:
    """Return the suggestion for a domain without record, if no sender of it is known."""
    return replace(refusing(situation, requested), advice=Advice.NEEDS_SENDERS, proposal=proposal)


def explaining(solution: Solution) -> Steps[Suggestion]:
    """Return the suggestion, with its record simulated for every address and every sender."""
    situation, result, fits = solution.situation, solution.result, solution.fits
    chosen = result.best or result.closest
    assert chosen is not None, "a search compiles at least one draft"
    plan, check = chosen
    simulation = yield from _simulation(situation, check.text, solution.requested)
    senders = tuple(_senders(solution, simulation))
    coming = [solution.offer.candidates[index] for index in plan.coming]
    terms = tuple(_terms(solution, plan, coming, senders))
    findings = yield from _findings(situation, check)
    base = situation.base
    advice = Advice.NONE_FITS
    if fits:
        advice = Advice.KEEP if base.published == (check.text,) else Advice.CHANGE
    return Suggestion(
        domain=situation.inputs.domain,
        advice=advice,
        record=check.text if fits else None,
        published=base.published,
        standing=base.standing,
        terms=terms,
        senders=senders,
        simulation=simulation,
        size_before=_published_size(situation),
        size_after=check.size,
        max_size=situation.request.max_size,
        shortfalls=() if fits else check.shortfalls,
        closest=None if fits else check.text,
        proposal=solution.proposal,
        alternative=_alternative(solution, plan, senders) if fits else None,
        rejected=tuple(_rejected(solution, coming, check, senders)),
        caveats=tuple(_caveats(solution, coming, senders, simulation, terms, check.size)),
        findings=findings,
        faults=base.faults,
        siblings=base.siblings,
        drafts=result.drafts,
        is_smallest=result.is_exhaustive and fits and not simulation.is_incomplete,
    )


def _published_size(situation: Situation) -> int:
    answer = situation.base.answer
    return answer_size(situation.inputs.domain, answer) if answer.strings else 0


def _simulation(situation: Situation, text: str, requested: Iterable[RequestedSender]) -> Steps[Simulation]:
    inputs = situation.inputs
    draft = record_draft(inputs.domain, text, situation.base.siblings)
    senders = tuple([sender.sender for sender in requested if sender.is_here])
    steps = simulating(inputs.domain, draft, senders, inputs.limits, inputs.receiver, inputs.now, known=situation.known)
    return (yield from steps)


def _senders(solution: Solution, simulation: Simulation) -> Iterator[SenderAdvice]:
    changes = iter(simulation.senders)
    for sender in solution.requested:
        change = next(changes) if sender.is_here else None
        identification = solution.identified.get(sender.sender.ip)
        domain = solution.situation.inputs.domain
        yield _sender_advice(sender, change, domain, identification, _why_not_served(sender, change, solution))


def _sender_advice(
    requested: RequestedSender,
    change: SenderChange | None,
    domain: str,
    identification: Identification | None,
    why: str | None,
) -> SenderAdvice:
    after = None if change is None else change.after.result
    standing = _standing(requested, after, identification)
    return SenderAdvice(
        requested.sender,
        standing,
        requested.before,
        after,
        requested.by,
        None if change is None else top_term(change.after, domain),
        identification,
        why if standing in _NOT_SERVED else _WHY_UNKNOWN if change is not None and change.needs_helo else None,
        False if change is None else change.disagrees,
        () if change is None else change.rests_on,
        None if change is None else change.aligned_after,
        requested.beyond,
    )


_WHY_UNKNOWN = "the result depends on the HELO name, which is not known"


def _standing(
    requested: RequestedSender, after: Result | None, identification: Identification | None
) -> SenderStanding:
    """Return what a suggestion does for a sender that has this result with it."""
    if not requested.is_here:
        return SenderStanding.ELSEWHERE
    if requested.is_ignored:
        return SenderStanding.IGNORED
    if after is None or Result.TEMPERROR in (requested.before, after):
        return SenderStanding.UNKNOWN
    passed = requested.before is Result.PASS
    if after is Result.PASS:
        return SenderStanding.PASSING if passed else SenderStanding.SERVED
    if passed:
        return SenderStanding.STOPPED
    if requested.is_sent_on:
        return SenderStanding.DKIM if requested.sender.dmarc_dkim == "pass" else SenderStanding.FORWARDED
    if requested.is_refused:
        return SenderStanding.REFUSED
    is_service = _is_of_service(identification)
    is_meant = requested.is_wanted or requested.is_beyond or is_service
    return SenderStanding.UNSERVED if is_meant else SenderStanding.UNNAMED


def _is_of_service(identification: Identification | None) -> bool:
    return identification is not None and any(match.provider is not None for match in identification.matches)


def _why_not_served(requested: RequestedSender, change: SenderChange | None, solution: Solution) -> str:
    """Return why a sender is not served, if it is not."""
    entry = special_of(requested.sender)
    if entry is not None:
        return f"it is {entry.described}: no record can let it pass"
    if requested.is_sent_on and requested.sender.dmarc_dkim == "pass":
        return "its mail passes DMARC by DKIM, as after forwarding, so that there is no reason to add its address"
    if requested.is_sent_on:
        excused = override_text(requested.sender)
        return f"its mail fails DMARC, but {excused}, so that there is no reason to add its address"
    if requested.refusing is not None and requested.is_refused:
        return f"the record refuses it on purpose, by {requested.refusing.text}"
    if requested.is_beyond and requested.beyond is not None and not solution.fits:
        return f"{visible(requested.beyond[0], 60)} names it, but the check ends at a limit before"
    if change is not None and change.after.result is Result.PERMERROR and change.after.problem is not None:
        return f"its check ends before a term lets it pass: {change.after.problem.text}"
    if solution.situation.request.add:
        return "none of the terms to add matches it"
    if address_of(requested.sender) in solution.offer.serving:
        return "another term decides for it first" if solution.fits else "no record that fits lets it pass"
    if not _is_of_service(solution.identified.get(requested.sender.ip)):
        return "it could not be identified: it may be a forwarder, somebody who forges your mail, or a server of yours"
    return "its service has no record that lets it pass"


def _terms(
    solution: Solution, plan: Plan, coming: Sequence[Candidate], senders: Sequence[SenderAdvice]
) -> Iterator[TermAdvice]:
    """Yield all terms in order, those that are removed at their old positions."""
    slot = solution.slot
    reasons = Reasons(solution.coverage, solution.removable, plan, coming, senders, solution.names, slot)
    index = 0
    is_added = False
    for term in solution.situation.record.terms:
        if slot.term is not None and term.span == slot.term.span and not is_added:
            is_added = True
            yield from map(reasons.coming, coming)
        if isinstance(term, Directive):
            yield reasons.going(index, term) if index in plan.going else reasons.staying(index, term)
            index += 1
        else:
            yield reasons.modifier(term)
    if not is_added:
        yield from map(reasons.coming, coming)


def _findings(situation: Situation, check: DraftCheck) -> Steps[tuple[Finding, ...]]:
    """Return what lint finds in the new record only; nothing if lint would take very long."""
    inputs = situation.inputs
    if check.cost.endless or check.cost.incomplete:
        return ()
    after = yield from situation.once(linting(inputs.domain, None, check.text, inputs.limits, situation.own))
    before = yield from situation.once(linting(inputs.domain, None, None, inputs.limits, situation.own))
    old = {(finding.code, finding.domain, _source(finding)) for finding in before.findings}
    return tuple(
        finding
        for finding in after.findings
        if finding.severity is Severity.ERROR
        or (finding.severity is Severity.WARNING and (finding.code, finding.domain, _source(finding)) not in old)
    )


def _source(finding: Finding) -> str | None:
    """Return the part of the record that a finding is about."""
    if finding.source is None or finding.span is None:
        return None
    return finding.source[finding.span[0] : finding.span[1]]


def _caveats(
    solution: Solution,
    coming: Sequence[Candidate],
    senders: Sequence[SenderAdvice],
    simulation: Simulation,
    terms: Sequence[TermAdvice],
    size: int,
) -> Iterator[Caveat]:
    """Yield the warnings, the most important first."""
    situation = solution.situation
    yield from caveats_of_start(situation, is_proposed=solution.fits)
    is_over_limit = simulation.before_budget.exceeds(situation.inputs.limits)
    yield from caveats_of_reports(senders, is_over_limit=is_over_limit)
    yield from caveats_of_candidates(coming, senders, solution.identified)
    yield from caveats_of_ownership(_unsure(solution, coming), senders)
    yield from caveats_of_special_senders(senders)
    yield from caveats_of_unidentified(senders)
    yield from caveats_of_dmarc(senders)
    is_partial = any(each.outside is not None for each in solution.coverage)
    yield from caveats_of_unused(terms, _kept_as_asked(solution), is_partial=is_partial)
    if solution.fits:
        yield from caveats_of_stops(situation, simulation.changes)
    yield from caveats_of_unknown_facts(senders)
    yield from caveats_of_record(situation, coming, solution.slot, size, solution.requested)
    yield from caveats_of_search(solution.result, solution.not_looked_up)


def _unsure(solution: Solution, coming: Sequence[Candidate]) -> dict[str, Candidate]:
    """Return the senders' addresses of which only their service is known, each with the include that serves it.

    Left out is what the caller wants, and a service that takes the domain's mail: these are the domain's own senders.
    """
    request = solution.situation.request
    includes = [each for each in coming if each.provider is not None]
    unsure: dict[str, Candidate] = {}
    for sender in solution.requested:
        if not sender.is_failing or sender.is_wanted or request.allow_unnamed:
            continue
        for candidate in includes:
            provider = candidate.provider
            is_own = provider is not None and provider.include in solution.own_services
            if not is_own and candidate.coverage.contains(*address_of(sender.sender)):
                unsure.setdefault(sender.sender.ip, candidate)
    return unsure


def _kept_as_asked(solution: Solution) -> set[str]:
    """Return the terms that stay because the caller asked for it."""
    request = solution.situation.request
    if request.keep_all:
        return {directive.text for directive in solution.situation.record.directives}
    keys = set(map(term_key, request.keep))
    return {each.text for each in solution.situation.record.directives if term_key(each) in keys}


def _alternative(solution: Solution, plan: Plan, senders: Sequence[SenderAdvice]) -> Alternative | None:
    """Return the record without the addresses that no message used, though no other term matches them."""
    unused = unused_addresses(solution.coverage, solution.removable, plan, senders)
    if not unused or len(unused) > _MOST_UNUSED or not any(sender.after for sender in senders):
        return None
    record = solution.situation.record
    going = [record.directives[index] for index in (*plan.going, *unused)]
    coming = [solution.offer.candidates[index].term for index in plan.coming]
    text = draft_text(record, going, coming, solution.slot)
    left = parse(text)
    if left.redirect is None and not any(each.qualifier == "+" for each in left.directives):
        return None  # whatever is known of the senders, a record that lets nobody pass is no better one
    return Alternative(text, tuple([record.directives[index].text for index in unused]))


def _rejected(
    solution: Solution, coming: Sequence[Candidate], check: DraftCheck, senders: Sequence[SenderAdvice]
) -> Iterator[Rejected]:
    """Yield the terms that were considered and are not proposed."""
    done = {candidate.term for candidate in coming}
    addresses = list(_rejected_addresses(senders, done))[:_MOST_ADDRESSES]
    yield from addresses
    done |= {rejected.term for rejected in addresses}
    for candidate in solution.offer.candidates:
        if candidate.term not in done:
            yield Rejected(candidate.term, _why_rejected(candidate, solution, check))
    yield from solution.offer.rejected[:_MOST_REJECTED]


def _rejected_addresses(senders: Sequence[SenderAdvice], done: set[str]) -> Iterator[Rejected]:
    """Yield the addresses of services, which should not be named in place of an include."""
    seen = set(done)
    for sender in senders:
        service = varying(sender.identification)
        term = address_term(sender.sender)
        if sender.standing in _SENT_ON:
            continue
        if service is not None and term not in seen and sender.before is not Result.PASS:
            seen.add(term)
            why = f"an address of {service.name}, whose addresses vary: the next message may not pass"
            yield Rejected(term, why)


def _why_rejected(candidate: Candidate, solution: Solution, check: DraftCheck) -> str:
    """Return why a term that serves a sender is not proposed."""
    if solution.situation.request.add:
        failing = [sender.sender for sender in solution.requested if sender.is_failing]
        served = [sender.ip for sender in failing if candidate.coverage.contains(*address_of(sender))]
        return f"it would let {', '.join(served[:_MOST_ADDRESSES])} pass, but is not one of the terms to add"
    index = solution.offer.candidates.index(candidate)
    tried = [(plan, other) for plan, other in solution.result.others if index in plan.coming]
    if not tried:
        return "it lets a sender pass too, but more terms would change"
    plan, other = min(tried, key=lambda pair: (bool(pair[1].shortfalls), pair[0].changes, pair[1].lookups))
    if other.shortfalls:
        return f"with it the record does not fit: {limits_text(other.shortfalls[0])}"
    if solution.result.best is not None and plan.changes > solution.result.best[0].changes:
        return "it lets a sender pass too, but more terms would change"
    return _why_larger(other, check)


def _why_larger(other: DraftCheck, check: DraftCheck) -> str:
    """Return why a draft with as few changes is larger than the one that is proposed."""
    more = other.lookups - check.lookups
    if more > 0:
        return f"it lets a sender pass too, but costs {more} more lookup{'s' if more > 1 else ''}"
    if len(other.text) > len(check.text):
        return "it lets a sender pass too, but makes the record longer"
    return "it lets a sender pass too, but also more other addresses"
