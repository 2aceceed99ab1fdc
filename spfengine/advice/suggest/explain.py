"""From what was worked out to a `Suggestion`: the proof for the record that was found, and a reason for each part."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from spfengine.addresses import address_text
from spfengine.advice.catalogue.reading import Provider
from spfengine.advice.identify.identification import How, Identification
from spfengine.advice.identify.provider_networks import ReverseName
from spfengine.advice.suggest.candidates import (
    Candidate,
    Kind,
    Matched,
    Offer,
    Places,
    Rejected,
    Slot,
    address_term,
    draft_text,
    holds,
    last_slot,
    varying,
)
from spfengine.advice.suggest.reasons import Reasons, count, limits_text, unused_addresses
from spfengine.advice.suggest.request import Asked, Case, Steps, address_of, top_term
from spfengine.advice.suggest.search import Found, Plan, Search, Verdict
from spfengine.advice.suggest.suggestion import (
    Advice,
    Alternative,
    Caveat,
    CaveatCode,
    SenderAdvice,
    SenderStanding,
    Suggestion,
    TermAdvice,
)
from spfengine.linting.codes import Severity
from spfengine.linting.finding import Finding
from spfengine.linting.limits import PLAIN_UDP, answer_size
from spfengine.linting.lint import linting
from spfengine.policy.outcome import Input
from spfengine.problems import Result
from spfengine.record.model import Directive, Network, Redirect
from spfengine.senders import Sender
from spfengine.simulation.records import Standing
from spfengine.simulation.simulate import simulating
from spfengine.simulation.simulation import SenderChange, Simulation
from spfengine.visible import visible, visible_name

# What has to be known beside a suggestion: whom it lets pass as well, and what it rests on.

_MOST = 5  # senders that are named one by one


def caveats(
    case: Case,
    coming: Sequence[Candidate],
    senders: Sequence[SenderAdvice],
    simulation: Simulation,
    terms: Sequence[TermAdvice],
    identified: dict[str, Identification],
    found: Found,
    slot: Slot,
    verdict: Verdict,
) -> Iterator[Caveat]:
    """Yield what has to be known, the most important first."""
    record = case.base.record
    assert record is not None, "a record was searched for from one"
    if case.base.mended is not None:
        yield Caveat(CaveatCode.MENDED, case.base.mended)
    elif case.base.standing is Standing.ABSENT:
        told = (
            f"{visible_name(case.inputs.domain)} has no SPF record yet; this one gives everybody else softfail (~all). "
            "Make it -all once you are sure that you know all who send"
        )
        yield Caveat(CaveatCode.FIRST_RECORD, told)
    yield from _differing(senders)
    for candidate in coming:
        yield from _of_address(candidate, identified)
        if candidate.provider is not None:
            yield from _of_service(candidate, candidate.provider, senders)
    yield from _unnamed(senders)
    yield from _unused(terms)
    if simulation.is_worse:
        yield Caveat(CaveatCode.STOPS, "something that passes now stops, as was told: see below")
    yield from _resting(senders)
    if coming and slot.term is not None and slot != last_slot(record):
        told = (
            f"new terms stand before {visible(slot.term.text, 60)}, which decides otherwise for a sender that is wanted"
        )
        yield Caveat(CaveatCode.BEFORE_REFUSAL, told)
    redirects = [term for term in record.terms if isinstance(term, Redirect)]
    if redirects and record.redirect is not None:
        told = f"what the record does not decide, {visible(redirects[0].text, 60)} does: its record is not changed here"
        yield Caveat(CaveatCode.REDIRECT, told)
    if verdict.size > PLAIN_UDP:
        told = f"the DNS answer has {verdict.size} octets: over {PLAIN_UDP}, old DNS software may not get it"
        yield Caveat(CaveatCode.LARGE, told)
    if not found.is_exhaustive:
        what = "one that fits after all" if found.plan is None else "a smaller change"
        told = f"not everything was tried (drafts compared: {found.drafts}), so there may be {what}"
        yield Caveat(CaveatCode.NOT_SMALLEST, told)


def _of_service(candidate: Candidate, provider: Provider, senders: Sequence[SenderAdvice]) -> Iterator[Caveat]:
    name = visible(provider.name, 60)
    if provider.shared:
        number = count(candidate.matched.spans)
        many = "" if number is None else f", from any of its {number:,} addresses"
        told = f"{name} is shared: mail of its other customers passes for your domain as well{many}"
        yield Caveat(CaveatCode.SHARED_SERVICE, told)
    if provider.lockdown:
        lead = "" if provider.lockdown.startswith(provider.name) else f"{name}: "
        yield Caveat(CaveatCode.LOCKDOWN, f"{lead}{visible(provider.lockdown)}")
    if not provider.apex_include_useful:
        told = (
            f"{name} mostly sends with a MAIL FROM of its own or of a subdomain of yours, where this include is not "
            "asked for; here it was seen with yours"
        )
        yield Caveat(CaveatCode.RETURN_PATH, told)
    if provider.superseded_by:
        told = (
            f"{name} names {visible_name(provider.superseded_by)} in place of {visible_name(provider.include)} by now"
        )
        yield Caveat(CaveatCode.SUPERSEDED, told)
    if provider.customer_include:
        told = f"{name} gives each customer an include of its own ({visible(provider.customer_include)}): take that one"
        yield Caveat(CaveatCode.CUSTOMER_INCLUDE, told)
    ips = list(dict.fromkeys([each.sender.ip for each in senders if each.by_after == candidate.term]))
    if ips:
        more = f" and {len(ips) - _MOST} more" if len(ips) > _MOST else ""
        told = (
            f"if you do not send through {name}, {', '.join(ips[:_MOST])}{more} forwarded your mail, or another "
            "customer forged it: then say --ignore"
        )
        yield Caveat(CaveatCode.YOURS, told)


def _of_address(candidate: Candidate, identified: dict[str, Identification]) -> Iterator[Caveat]:
    """Yield what is wrong with naming an address."""
    directive = candidate.matched.directive
    if not isinstance(directive, Network) or directive.qualifier != "+":
        return
    shown = visible(candidate.term, 60)
    if candidate.kind is Kind.ADDRESS:
        told = f"{shown} was added as you said: nobody could name it, and whoever gets that address next passes too"
        yield Caveat(CaveatCode.UNNAMED_ADDED, told)
        return
    if directive.prefix != directive.family.bits:
        return
    ip = address_text(directive.family, directive.network)
    match = varying(identified.get(ip))
    if match is not None and match.provider is not None:
        kind = "relay" if match.provider.kind == "relay" else "service"
        told = (
            f"{ip} is {visible(match.name, 60)}, a {kind} whose addresses vary: the next message may come from another "
            f"one. Use include:{visible_name(match.provider.include)} in place of {shown}"
        )
        yield Caveat(CaveatCode.VARYING_ADDRESS, told)
    elif not any(each.how is not How.REVERSE_DNS for each in (identified[ip].matches if ip in identified else ())):
        told = f"{shown} names an address that nobody could name: be sure that it is yours"
        yield Caveat(CaveatCode.UNNAMED_ADDED, told)


def _unnamed(senders: Sequence[SenderAdvice]) -> Iterator[Caveat]:
    unnamed = [each for each in senders if each.standing is SenderStanding.UNNAMED]
    for each in unnamed[:_MOST]:
        who = f" ({visible_name(each.who)})" if each.who else ""
        told = (
            f"{each.sender.ip}{who} belongs to no known service and no name of yours: a forwarder, a forger, or a "
            f"server of yours. It is left out: if it is yours, say --want {each.sender.ip}; if not, --ignore it"
        )
        yield Caveat(CaveatCode.UNNAMED, told)
    if len(unnamed) > _MOST:
        yield Caveat(CaveatCode.UNNAMED, f"and {len(unnamed) - _MOST} more addresses that nobody could name")


def _differing(senders: Sequence[SenderAdvice]) -> Iterator[Caveat]:
    for each in [each for each in senders if each.differs][:_MOST]:
        told = (
            f"a receiver saw {visible(each.sender.reported or '', 20)} for {each.sender.ip}, but the record gives "
            f"{each.before} now: DNS has changed since, or the message took another way"
        )
        yield Caveat(CaveatCode.REPORT_DIFFERS, told)


def _unused(terms: Sequence[TermAdvice]) -> Iterator[Caveat]:
    for each in [each for each in terms if each.sign == "=" and each.is_unused][:_MOST]:
        names = f" ({', '.join(map(visible_name, each.names[:2]))})" if each.names else ""
        told = (
            f"{visible(each.term, 60)}{names} stays: nothing else leads there, and who sends from it would stop "
            f"passing. If nobody does any more, say --drop {visible(each.term.removeprefix('+'), 60)}"
        )
        yield Caveat(CaveatCode.UNUSED, told)


def _resting(senders: Sequence[SenderAdvice]) -> Iterator[Caveat]:
    """Yield what rests on things that are not known of the senders."""
    inputs = {each for sender in senders for each in sender.rests_on}
    words = {Input.LOCAL_PART: "the local part of MAIL FROM", Input.HELO: "the HELO name"}
    lacking = [word for each, word in words.items() if each in inputs]
    if lacking:
        told = f"results rest on {' and '.join(lacking)}, which is not known of all senders: theirs may differ"
        yield Caveat(CaveatCode.RESTS_ON_MORE, told)


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
