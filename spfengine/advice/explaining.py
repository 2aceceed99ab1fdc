"""From what was worked out to a `Suggestion`: the proof for the record that was found, and a reason for each part."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from spfengine.advice.asked import Asked, top_term
from spfengine.advice.candidates import Offer, Rejected, address_term, varying
from spfengine.advice.case import Case, Steps, address_of
from spfengine.advice.caveats import caveats
from spfengine.advice.drafting import Slot, draft_text
from spfengine.advice.identification import Identification
from spfengine.advice.judging import Verdict
from spfengine.advice.matching import Matched, holds
from spfengine.advice.reasons import Reasons, limits_text, unused_addresses
from spfengine.advice.reverse_dns import ReverseName
from spfengine.advice.searching import Found, Plan, Search
from spfengine.advice.suggestion import (
    Advice,
    Alternative,
    Caveat,
    CaveatCode,
    SenderAdvice,
    SenderStanding,
    Suggestion,
    TermAdvice,
)
from spfengine.advice.terms import Candidate, Places
from spfengine.linting.codes import Severity
from spfengine.linting.finding import Finding
from spfengine.linting.lint import linting
from spfengine.linting.sizes import answer_size
from spfengine.problems import Result
from spfengine.record.model import Directive
from spfengine.senders import Sender
from spfengine.simulation.records import Standing
from spfengine.simulation.senders import SenderChange
from spfengine.simulation.simulate import simulating
from spfengine.simulation.simulation import Simulation

_MOST_REJECTED = 20
_MOST_ADDRESSES = 5
_MOST_UNUSED = 4  # addresses that are offered to be left out


class Work(NamedTuple):
    """What was worked out for a suggestion; without a record to start from, only the senders.

    Attributes:
        case: what was asked, and what stands there.
        asked: the senders.
        identified: whose the addresses of failing senders are.
        not_looked_up: how many addresses were too many to be looked up.
        names: names in reverse DNS, of failing senders and of addresses in the record.
        matched: what the directives before the first `all` match.
        places: which directives may go.
        offer: the candidates.
        slot: where new terms go.
        search: the search.
        found: what it came to.
    """

    case: Case
    asked: tuple[Asked, ...]
    identified: dict[str, Identification]
    not_looked_up: int
    names: dict[str, list[ReverseName]]
    matched: Sequence[Matched]
    places: Places
    offer: Offer
    slot: Slot
    search: Search
    found: Found


def refusing(case: Case, asked: Sequence[Asked]) -> Suggestion:
    """Return the suggestion where nothing can be proposed."""
    advice = Advice.UNKNOWN if case.base.standing is Standing.UNKNOWN else Advice.BROKEN
    senders = tuple([_sender(each, None, case.inputs.domain, None, None) for each in asked])
    return _suggestion(case, advice, senders=senders, refusal=case.base.refusal)


def explaining(work: Work, own: Sequence[str]) -> Steps[Suggestion]:
    """Return the suggestion, its record simulated for every address and every sender."""
    case, found = work.case, work.found
    chosen = found.closest if found.plan is None or found.verdict is None else (found.plan, found.verdict)
    assert chosen is not None, "a search compiles one draft at least"
    plan, verdict = chosen
    fits = found.plan is not None
    simulation = yield from _simulation(case, verdict.text, work.asked)
    changes = iter(simulation.senders)
    senders = []
    for each in work.asked:
        change = next(changes) if each.is_here else None
        found_out = work.identified.get(each.sender.ip)
        senders.append(_sender(each, change, case.inputs.domain, found_out, _why_not(each, work, fits)))
    coming = [work.offer.candidates[place] for place in plan.coming]
    terms = tuple(_terms(work, plan, coming, senders))
    findings = yield from _findings(case, verdict, own)
    alternative = _alternative(work, plan, senders) if fits else None
    published = case.base.published
    advice = Advice.NONE_FITS
    if fits:
        advice = Advice.KEEP if published == (verdict.text,) else Advice.CHANGE
    return _suggestion(
        case,
        advice,
        record=verdict.text if fits else None,
        terms=terms,
        senders=tuple(senders),
        simulation=simulation,
        size_after=verdict.size,
        shortfalls=() if fits else verdict.shortfalls,
        closest=None if fits else verdict.text,
        alternative=alternative,
        rejected=tuple(_rejected(work, coming, verdict, senders)),
        caveats=tuple(_caveats(work, coming, senders, simulation, terms, verdict)),
        findings=findings,
        drafts=found.drafts,
        is_smallest=found.is_exhaustive and fits,
    )


def _suggestion(case: Case, advice: Advice, **more: object) -> Suggestion:
    base = case.base
    values: dict[str, object] = {
        "record": None, "terms": (), "senders": (), "simulation": None, "size_after": 0, "shortfalls": (),
        "closest": None, "alternative": None, "rejected": (), "caveats": (), "findings": (), "refusal": None,
        "drafts": 0, "is_smallest": False,
    }  # fmt: skip
    values.update(more)
    return Suggestion(
        domain=case.inputs.domain,
        advice=advice,
        published=base.published,
        standing=base.standing,
        size_before=answer_size(case.inputs.domain, base.answer) if base.answer.strings else 0,
        max_size=case.told.max_answer,
        faults=base.faults,
        siblings=base.siblings,
        **values,
    )


def _simulation(case: Case, text: str, asked: Iterable[Asked]) -> Steps[Simulation]:
    inputs = case.inputs
    draft = {inputs.domain.encode("latin-1"): {"TXT": [text, *case.base.siblings]}}
    senders = tuple([each.sender for each in asked if each.is_here])
    steps = simulating(inputs.domain, draft, senders, inputs.limits, inputs.receiver, inputs.now, known=case.known)
    return (yield from steps)


def _sender(
    each: Asked, change: SenderChange | None, domain: str, identification: Identification | None, why: str | None
) -> SenderAdvice:
    after = None if change is None else change.after.result
    if not each.is_here:
        standing = SenderStanding.ELSEWHERE
    elif each.is_ignored:
        standing = SenderStanding.IGNORED
    elif after is None or Result.TEMPERROR in (each.before, after):
        standing = SenderStanding.UNKNOWN
    elif after is Result.PASS:
        standing = SenderStanding.PASSING if each.before is Result.PASS else SenderStanding.SERVED
    elif each.before is Result.PASS:
        standing = SenderStanding.STOPPED
    elif each.refusing is not None and not each.is_wanted:
        standing = SenderStanding.REFUSED
    elif each.is_wanted or any(m.provider is not None for m in (identification.matches if identification else ())):
        standing = SenderStanding.UNSERVED
    else:
        standing = SenderStanding.UNNAMED
    told = why if standing in (SenderStanding.REFUSED, SenderStanding.UNSERVED, SenderStanding.UNNAMED) else None
    by = None if change is None else top_term(change.after, domain)
    more = () if change is None else (change.disagrees, change.rests_on, change.aligned_after)
    return SenderAdvice(each.sender, standing, each.before, after, each.by, by, identification, told, *more)


def _why_not(each: Asked, work: Work, fits: bool) -> str:
    """Return why a sender is not served, if it is not."""
    if each.refusing is not None and not each.is_wanted:
        return f"the record refuses it on purpose, by {each.refusing.text}"
    if work.case.told.add:
        return "no term that was told leads to it"
    if address_of(each.sender) in work.offer.serving:
        return "no record fits that lets it pass" if not fits else "another term decides for it first"
    found = work.identified.get(each.sender.ip)
    if found is None or not any(match.provider is not None for match in found.matches):
        return "nobody could name it: it may be a forwarder, somebody who forges your mail, or a server of yours"
    return "the service that it is named after has no record that lets it pass"


def _terms(
    work: Work, plan: Plan, coming: Sequence[Candidate], senders: Sequence[SenderAdvice]
) -> Iterator[TermAdvice]:
    """Yield all terms, those that go at their old places."""
    record = work.case.base.record
    assert record is not None, "a record was searched for from one"
    reasons = Reasons(work.matched, work.places, plan, coming, senders, work.names, work.slot)
    place = 0
    started = False
    for term in record.terms:
        if work.slot.term is not None and term.span == work.slot.term.span and not started:
            started = True
            yield from map(reasons.coming, coming)
        if isinstance(term, Directive):
            yield reasons.going(place, term) if place in plan.going else reasons.staying(place, term)
            place += 1
        else:
            yield reasons.modifier(term)
    if not started:
        yield from map(reasons.coming, coming)


def _findings(case: Case, verdict: Verdict, own: Sequence[str]) -> Steps[tuple[Finding, ...]]:
    """Return what linting finds in the new record, and did not find before; nothing where that would take long."""
    inputs, text = case.inputs, verdict.text
    if verdict.need.endless or verdict.need.incomplete:
        return ()
    after, _ = yield from case.once(linting(inputs.domain, None, text, inputs.limits, tuple(own)))
    before, _ = yield from case.once(linting(inputs.domain, None, None, inputs.limits, tuple(own)))
    old = {(finding.code, finding.domain, _part(finding)) for finding in before}
    return tuple(
        finding
        for finding in after
        if finding.severity is not Severity.INFO and (finding.code, finding.domain, _part(finding)) not in old
    )


def _part(finding: Finding) -> str | None:
    if finding.source is None or finding.span is None:
        return None
    return finding.source[finding.span[0] : finding.span[1]]


def _caveats(
    work: Work,
    coming: Sequence[Candidate],
    senders: Sequence[SenderAdvice],
    simulation: Simulation,
    terms: Sequence[TermAdvice],
    verdict: Verdict,
) -> Iterator[Caveat]:
    yield from caveats(work.case, coming, senders, simulation, terms, work.identified, work.found, work.slot, verdict)
    if work.not_looked_up:
        told = f"{work.not_looked_up:,} addresses were not looked up, those of the fewest messages: there are too many"
        yield Caveat(CaveatCode.NOT_IDENTIFIED, told)


def _alternative(work: Work, plan: Plan, senders: Sequence[SenderAdvice]) -> Alternative | None:
    """Return the record without addresses that no message used, though nothing else leads to them."""
    record = work.case.base.record
    unused = unused_addresses(work.matched, work.places, plan, senders)
    if record is None or not unused or len(unused) > _MOST_UNUSED or not any(each.after for each in senders):
        return None
    directives = record.directives
    going = [directives[place] for place in (*plan.going, *unused)]
    coming = [work.offer.candidates[place].term for place in plan.coming]
    text = draft_text(record, going, coming, work.slot)
    return Alternative(text, tuple([directives[place].text for place in unused]))


def _rejected(
    work: Work, coming: Sequence[Candidate], verdict: Verdict, senders: Sequence[SenderAdvice]
) -> Iterator[Rejected]:
    """Yield the terms that were thought of and are not proposed."""
    taken = {each.term for each in coming}
    told = 0
    for each in senders:
        service = varying(each.identification)
        term = address_term(each.sender)
        if service is not None and term not in taken and each.before is not Result.PASS and told < _MOST_ADDRESSES:
            told += 1
            taken.add(term)
            yield Rejected(term, f"an address of {service.name}, whose addresses vary: the next message may not pass")
    for candidate in work.offer.candidates:
        if candidate.term not in taken:
            yield Rejected(candidate.term, _why_rejected(candidate, work, verdict))
    yield from work.offer.rejected[:_MOST_REJECTED]


def _served(candidate: Candidate, work: Work) -> list[Sender]:
    """Return the senders that fail now, and that a candidate leads to."""
    return [e.sender for e in work.asked if e.is_failing and holds(candidate.matched.spans, *address_of(e.sender))]


def _why_rejected(candidate: Candidate, work: Work, verdict: Verdict) -> str:
    """Return why a term that serves is not the one proposed."""
    place = work.offer.candidates.index(candidate)
    tried = [(plan, other) for plan, other in work.found.others if place in plan.coming]
    if work.case.told.add:
        served = [each.ip for each in _served(candidate, work)]
        return f"it would let {', '.join(served[:_MOST_ADDRESSES])} pass, but was not told"
    if not tried:
        return "it lets a sender pass as well, but more terms would change"
    plan, other = min(tried, key=lambda each: (bool(each[1].shortfalls), each[0].changes, each[1].lookups))
    if other.shortfalls:
        return f"with it the record does not fit: {limits_text(other.shortfalls[0])}"
    more = other.lookups - verdict.lookups
    if work.found.plan is not None and plan.changes > work.found.plan.changes:
        return "it lets a sender pass as well, but more terms would change"
    if more > 0:
        return f"it lets a sender pass as well, but costs {more} more lookup{'s' if more > 1 else ''}"
    if len(other.text) > len(verdict.text):
        return "it lets a sender pass as well, but makes the record longer"
    return "it lets a sender pass as well, but more addresses beside it"
