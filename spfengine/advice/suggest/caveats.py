"""Warnings that accompany a suggestion: who else passes, and what it depends on."""

from collections.abc import Iterator, Sequence

from spfengine.addresses import address_text
from spfengine.advice.catalogue.provider import Provider
from spfengine.advice.identify.identification import How, Identification
from spfengine.advice.suggest.candidates import Candidate, CandidateKind, varying
from spfengine.advice.suggest.draft import Slot, last_slot
from spfengine.advice.suggest.request import Situation
from spfengine.advice.suggest.search import SearchResult
from spfengine.advice.suggest.suggestion import Caveat, CaveatCode, SenderAdvice, SenderStanding, TermAdvice
from spfengine.linting.limits import PLAIN_UDP
from spfengine.policy.outcome import Input
from spfengine.record.model import Network, Redirect
from spfengine.simulation.records import Standing
from spfengine.visible import visible, visible_name

_MOST = 5  # senders or terms that are listed one by one
_FACTS = {Input.LOCAL_PART: "the local part of MAIL FROM", Input.HELO: "the HELO name"}


def caveats_of_start(situation: Situation) -> Iterator[Caveat]:
    """Yield how the record to start from differs from what is published."""
    if situation.base.correction is not None:
        yield Caveat(CaveatCode.MENDED, situation.base.correction)
    elif situation.base.standing is Standing.ABSENT:
        text = (
            f"{visible_name(situation.inputs.domain)} has no SPF record yet; this one gives everybody else softfail "
            "(~all). Change it to -all once you are sure that you know all senders"
        )
        yield Caveat(CaveatCode.FIRST_RECORD, text)


def caveats_of_reports(senders: Sequence[SenderAdvice]) -> Iterator[Caveat]:
    """Yield which reports saw another result than the published record gives."""
    for advice in [advice for advice in senders if advice.differs][:_MOST]:
        reported = visible(advice.sender.reported or "", 20)
        text = (
            f"a receiver saw {reported} for {advice.sender.ip}, but the record gives {advice.before} now: DNS has "
            "changed since, or the message took another route"
        )
        yield Caveat(CaveatCode.REPORT_DIFFERS, text)


def caveats_of_candidates(
    coming: Sequence[Candidate], senders: Sequence[SenderAdvice], identified: dict[str, Identification]
) -> Iterator[Caveat]:
    """Yield the drawbacks of the terms that are added."""
    for candidate in coming:
        yield from _of_address(candidate, identified)
        if candidate.provider is not None:
            yield from _of_service(candidate, candidate.provider, senders)


def _of_service(candidate: Candidate, provider: Provider, senders: Sequence[SenderAdvice]) -> Iterator[Caveat]:
    name = visible(provider.name, 60)
    if provider.shared:
        count = candidate.coverage.count
        source = "" if count is None else f", from any of its {count:,} addresses"
        text = f"{name} is shared: mail of its other customers passes for your domain too{source}"
        yield Caveat(CaveatCode.SHARED_SERVICE, text)
    if provider.lockdown:
        lead = "" if provider.lockdown.startswith(provider.name) else f"{name}: "
        yield Caveat(CaveatCode.LOCKDOWN, f"{lead}{visible(provider.lockdown)}")
    if not provider.apex_include_useful:
        text = (
            f"{name} mostly sends with a MAIL FROM of its own or of a subdomain of yours, for which this include is "
            "not used; here it was seen with your domain"
        )
        yield Caveat(CaveatCode.RETURN_PATH, text)
    if provider.superseded_by:
        text = f"{name} has replaced {visible_name(provider.include)} by {visible_name(provider.superseded_by)}"
        yield Caveat(CaveatCode.SUPERSEDED, text)
    if provider.customer_include:
        text = f"{name} gives each customer its own include ({visible(provider.customer_include)}): use that one"
        yield Caveat(CaveatCode.CUSTOMER_INCLUDE, text)
    ips = list(dict.fromkeys([advice.sender.ip for advice in senders if advice.by_after == candidate.term]))
    if ips:
        more = f" and {len(ips) - _MOST} more" if len(ips) > _MOST else ""
        text = (
            f"if you do not send through {name}, then {', '.join(ips[:_MOST])}{more} forwarded your mail, or another "
            "customer forged it: in that case use --ignore"
        )
        yield Caveat(CaveatCode.YOURS, text)


def _of_address(candidate: Candidate, identified: dict[str, Identification]) -> Iterator[Caveat]:
    """Yield the drawbacks of a term that names an address."""
    directive = candidate.coverage.directive
    if not isinstance(directive, Network) or directive.qualifier != "+":
        return
    term = visible(candidate.term, 60)
    if candidate.kind is CandidateKind.ADDRESS:
        text = (
            f"{term} was added as requested, though it could not be identified: if somebody else gets that address, "
            "their mail passes too"
        )
        yield Caveat(CaveatCode.UNNAMED_ADDED, text)
        return
    if directive.prefix != directive.family.bits:
        return
    ip = address_text(directive.family, directive.network)
    match = varying(identified.get(ip))
    if match is not None and match.provider is not None:
        kind = "relay" if match.provider.kind == "relay" else "service"
        text = (
            f"{ip} is {visible(match.name, 60)}, a {kind} whose addresses vary: the next message may come from another "
            f"one. Use include:{visible_name(match.provider.include)} instead of {term}"
        )
        yield Caveat(CaveatCode.VARYING_ADDRESS, text)
    elif not any(match.how is not How.REVERSE_DNS for match in (identified[ip].matches if ip in identified else ())):
        text = f"{term} names an address that could not be identified: be sure that it is yours"
        yield Caveat(CaveatCode.UNNAMED_ADDED, text)


def caveats_of_unidentified(senders: Sequence[SenderAdvice]) -> Iterator[Caveat]:
    """Yield which senders are left out because they could not be identified."""
    unidentified = [advice for advice in senders if advice.standing is SenderStanding.UNNAMED]
    for advice in unidentified[:_MOST]:
        ip = advice.sender.ip
        who = f" ({visible_name(advice.who)})" if advice.who else ""
        owner = "belongs to no known service and to no name of yours"
        if advice.identification is not None and advice.identification.is_incomplete:
            owner = "could not be identified, since not everything was answered"
        text = (
            f"{ip}{who} {owner}: it may be a forwarder, a forger, or a "
            f"server of yours. It is left out: if it is yours, use --want {ip}; if not, --ignore {ip}"
        )
        yield Caveat(CaveatCode.UNNAMED, text)
    if len(unidentified) > _MOST:
        text = f"and {len(unidentified) - _MOST} more addresses that could not be identified"
        yield Caveat(CaveatCode.UNNAMED, text)


def caveats_of_unused(terms: Sequence[TermAdvice], *, is_partial: bool) -> Iterator[Caveat]:
    """Yield which addresses are kept though no message used them.

    Args:
        is_partial: whether it is not known of every term what it matches.
    """
    for advice in [advice for advice in terms if advice.sign == "=" and advice.is_unused][:_MOST]:
        names = f" ({', '.join(map(visible_name, advice.names[:2]))})" if advice.names else ""
        alone = "no other term is known to match it, so mail from it may" if is_partial else ""
        alone = alone or "no other term matches it, so mail from it would"
        text = (
            f"{visible(advice.term, 60)}{names} is kept: {alone} stop "
            f"passing. If nobody sends from it any more, use --drop {visible(advice.term.removeprefix('+'), 60)}"
        )
        yield Caveat(CaveatCode.UNUSED, text)


def caveat_of_stops() -> Caveat:
    """Return the warning that something stops passing."""
    return Caveat(CaveatCode.STOPS, "some mail that passes now stops passing, as requested: see below")


def caveats_of_unknown_facts(senders: Sequence[SenderAdvice]) -> Iterator[Caveat]:
    """Yield what is not known about the senders, though results depend on it."""
    inputs = {fact for sender in senders for fact in sender.rests_on}
    lacking = [words for fact, words in _FACTS.items() if fact in inputs]
    if lacking:
        text = (
            f"results depend on {' and '.join(lacking)}, which is not known for all senders: their results may differ"
        )
        yield Caveat(CaveatCode.RESTS_ON_MORE, text)


def caveats_of_record(situation: Situation, coming: Sequence[Candidate], slot: Slot, size: int) -> Iterator[Caveat]:
    """Yield what to know about the record as a whole."""
    record = situation.record
    if coming and slot.term is not None and slot != last_slot(record):
        term = visible(slot.term.text, 60)
        text = f"new terms are before {term}, which would decide otherwise for a sender that is wanted"
        yield Caveat(CaveatCode.BEFORE_REFUSAL, text)
    redirects = [term for term in record.terms if isinstance(term, Redirect)]
    if redirects and record.redirect is not None:
        redirect = visible(redirects[0].text, 60)
        text = f"what the record does not decide, {redirect} does: the record there is not changed"
        yield Caveat(CaveatCode.REDIRECT, text)
    if size > PLAIN_UDP:
        text = f"the DNS answer has {size} octets, over {PLAIN_UDP}: old DNS software may not get it"
        yield Caveat(CaveatCode.LARGE, text)


def caveats_of_search(result: SearchResult, not_looked_up: int) -> Iterator[Caveat]:
    """Yield what was not examined."""
    if not result.is_exhaustive:
        what = "one that fits" if result.best is None else "a smaller change"
        text = f"not everything was tried (drafts compared: {result.drafts}), so there may be {what}"
        yield Caveat(CaveatCode.NOT_SMALLEST, text)
    if not_looked_up:
        text = f"{not_looked_up:,} addresses, those with the fewest messages, were not looked up: there are too many"
        yield Caveat(CaveatCode.NOT_IDENTIFIED, text)
