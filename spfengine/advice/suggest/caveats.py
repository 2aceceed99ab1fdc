"""Warnings that accompany a suggestion: who else passes, and what it depends on."""

from collections.abc import Container, Iterable, Iterator, Sequence

from spfengine.addresses import address_text
from spfengine.advice.identify.identification import How, Identification
from spfengine.advice.suggest.candidates import Candidate, CandidateKind, varying
from spfengine.advice.suggest.draft import Slot, last_slot, terms_of
from spfengine.advice.suggest.reasons import spans_text
from spfengine.advice.suggest.request import RequestedSender, Situation, address_of, special_of
from spfengine.advice.suggest.search import SearchResult
from spfengine.advice.suggest.suggestion import Caveat, CaveatCode, SenderAdvice, SenderStanding, TermAdvice
from spfengine.catalogue.provider import Provider
from spfengine.linting.limits import PLAIN_UDP
from spfengine.policy.diff import Change
from spfengine.policy.outcome import Input
from spfengine.policy.ranges import union
from spfengine.problems import Result
from spfengine.record.model import Network, Redirect, term_key
from spfengine.senders import Authentication
from spfengine.simulation.simulation import change_is_worse
from spfengine.special_purpose import SpecialPurpose, Use, special_purpose_network
from spfengine.visible import visible, visible_name
from spfengine.wording import counted, listed, number_text

_MOST = 5  # senders or terms that are listed one by one
_FACTS = {Input.LOCAL_PART: "the local part of MAIL FROM", Input.HELO: "the HELO name"}


def caveats_of_start(situation: Situation, *, is_proposed: bool) -> Iterator[Caveat]:
    """Yield how the record to start from differs from what is published; and what a first record does to others."""
    if situation.base.correction is not None:
        yield Caveat(CaveatCode.MENDED, situation.base.correction)
    elif situation.base.parent is not None and is_proposed:
        parent, domain = visible_name(situation.base.parent), visible_name(situation.inputs.domain)
        text = (
            f"{domain} has no SPF record yet, and that of {parent} does not apply to it. This one makes it apply, "
            f"and senders of {domain} pass by it. All that may send for {parent} may then send for {domain}"
        )
        yield Caveat(CaveatCode.FIRST_RECORD, text)
    elif situation.base.is_new and is_proposed:
        text = (
            f"{visible_name(situation.inputs.domain)} has no SPF record yet; this one gives everybody else softfail "
            "(~all). Change it to -all once you are sure that you know all senders"
        )
        yield Caveat(CaveatCode.FIRST_RECORD, text)


def caveats_of_reports(senders: Sequence[SenderAdvice], *, is_over_limit: bool) -> Iterator[Caveat]:
    """Yield which reports saw another result than the published record gives.

    Args:
        is_over_limit: whether the published record exceeds a limit for some clients.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for advice in senders:
        if advice.differs:
            results = visible(advice.sender.reported or "", 20), str(advice.before)
            found.setdefault(results, []).append(advice.sender.ip)
    for (reported, now), ips in found.items():
        routes = "the messages took other routes" if len(ips) > 1 else "the message took another route"
        why = f"DNS has changed since, or {routes}"
        if reported == Result.PERMERROR and is_over_limit:
            why = f"the record exceeds a limit, and some receivers look up terms before they need them; or {why}"
        text = f"a receiver saw {reported} for {listed(ips, _MOST)}, but the record gives {now} now: {why}"
        yield Caveat(CaveatCode.REPORT_DIFFERS, text)


def caveats_of_candidates(
    coming: Sequence[Candidate], senders: Sequence[SenderAdvice], identified: dict[str, Identification]
) -> Iterator[Caveat]:
    """Yield the drawbacks of the terms that are added."""
    for candidate in coming:
        yield from _of_address(candidate, identified)
        yield from _of_special_network(candidate)
        if candidate.provider is not None:
            yield from _of_service(candidate, candidate.provider, senders)


def _of_service(candidate: Candidate, provider: Provider, senders: Sequence[SenderAdvice]) -> Iterator[Caveat]:
    name = visible(provider.name, 60)
    if provider.shared:
        count = candidate.coverage.count
        source = "" if count is None else f", from any of its {number_text(count)} addresses"
        text = f"{name} is shared: mail of its other customers passes for your domain too{source}"
        yield Caveat(CaveatCode.SHARED_SERVICE, text)
    if provider.lockdown:
        lead = "" if provider.lockdown.startswith(provider.name) else f"{name}: "
        yield Caveat(CaveatCode.LOCKDOWN, f"{lead}{visible(provider.lockdown)}")
    served = [advice.sender for advice in senders if advice.by_after == candidate.term]
    if not provider.apex_include_useful and served:
        ips = listed(list(dict.fromkeys([sender.ip for sender in served])), _MOST)
        text = (
            f"{name} mostly sends with a MAIL FROM of its own or of a subdomain of yours, for which {candidate.term} "
            f"is not used: look at the MAIL FROM (Return-Path) of a message from {ips}"
        )
        yield Caveat(CaveatCode.RETURN_PATH, text)
    if provider.superseded_by:
        text = f"{name} has replaced {visible_name(provider.include)} by {visible_name(provider.superseded_by)}"
        yield Caveat(CaveatCode.SUPERSEDED, text)
    if provider.customer_include:
        text = f"{name} gives each customer its own include ({visible(provider.customer_include)}): use that one"
        yield Caveat(CaveatCode.CUSTOMER_INCLUDE, text)


def caveats_of_ownership(unsure: dict[str, Candidate], senders: Sequence[SenderAdvice]) -> Iterator[Caveat]:
    """Yield the senders that may be somebody else's, since only their service is known.

    Args:
        unsure: their addresses, each with the include that lets it pass.
    """
    served = {advice.sender.ip for advice in senders if advice.standing is SenderStanding.SERVED}
    by_term: dict[str, list[str]] = {}
    providers: dict[str, Provider] = {}
    for ip, candidate in unsure.items():
        if ip in served and candidate.provider is not None:
            by_term.setdefault(candidate.term, []).append(ip)
            providers[candidate.term] = candidate.provider
    for term, ips in by_term.items():
        name = visible(providers[term].name, 60)
        text = (
            f"if you do not send through {name}, then {listed(ips, _MOST)} forwarded your mail, or another customer "
            f"forged it: in that case use --ignore {ips[0]}"
        )
        yield Caveat(CaveatCode.YOURS, text)


def _of_address(candidate: Candidate, identified: dict[str, Identification]) -> Iterator[Caveat]:
    """Yield the drawbacks of a term that names an address."""
    directive = candidate.coverage.directive
    is_host = candidate.kind is CandidateKind.HOST_ADDRESS
    if not isinstance(directive, Network) or directive.qualifier != "+" or is_host:
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


def _of_special_network(candidate: Candidate) -> Iterator[Caveat]:
    """Yield that no client on the Internet has the address that a term names."""
    directive = candidate.coverage.directive
    if isinstance(directive, Network):
        entry = special_purpose_network(directive.family, directive.network, directive.prefix)
        if entry is not None and entry.use is not Use.DOCUMENTATION:
            term = visible(candidate.term, 60)
            text = f"{term} is {entry.described}: no receiver ever sees it, so the term does nothing"
            yield Caveat(CaveatCode.SPECIAL_PURPOSE, text)


def special_senders(senders: Sequence[SenderAdvice]) -> list[tuple[SenderAdvice, SpecialPurpose]]:
    """Return the senders that no record can let pass, since no client on the Internet has their address."""
    found = [(advice, special_of(advice.sender)) for advice in senders]
    return [(advice, entry) for advice, entry in found if entry is not None]


def caveats_of_special_senders(senders: Sequence[SenderAdvice]) -> Iterator[Caveat]:
    """Yield which senders have an address that no client on the Internet has, and what that means."""
    failing = [each for each in special_senders(senders) if each[0].before is not Result.PASS]
    for advice, entry in failing[:_MOST]:
        text = (
            f"{advice.sender.ip} is {entry.described}: {entry.means}. No record can let it pass: look for the public "
            "address that its mail leaves from"
        )
        yield Caveat(CaveatCode.SPECIAL_PURPOSE, text)
    if len(failing) > _MOST:
        text = f"and {len(failing) - _MOST} more addresses that no client on the Internet has"
        yield Caveat(CaveatCode.SPECIAL_PURPOSE, text)


def caveats_of_unidentified(senders: Sequence[SenderAdvice]) -> Iterator[Caveat]:
    """Yield which senders are left out because they could not be identified."""
    special = {advice.sender.ip for advice, _ in special_senders(senders)}
    found: dict[tuple[str, str], list[str]] = {}
    for advice in senders:
        if advice.standing is SenderStanding.UNNAMED and advice.sender.ip not in special:
            found.setdefault((_why_unidentified(advice), advice.who or ""), []).append(advice.sender.ip)
    for (why, who), repeated in found.items():
        ips = list(dict.fromkeys(repeated))
        name = f" ({visible_name(who)})" if who else ""
        them = "it may be a forwarder, a forger, or a server of yours. It is left out: if it is yours, use"
        what_to_do = f"{them} --want {ips[0]}; if not, --ignore {ips[0]}"
        if len(ips) > 1:
            them = "each may be a forwarder, a forger, or a server of yours. They are left out: for one that is yours,"
            what_to_do = f"{them} use --want, such as --want {ips[0]}; for others --ignore"
        text = f"{listed(ips, _MOST)}{name} {why}: {what_to_do}"
        yield Caveat(CaveatCode.UNNAMED, text)


def _why_unidentified(advice: SenderAdvice) -> str:
    if advice.identification is not None and advice.identification.is_incomplete:
        return "could not be identified, since not everything was answered"
    return "could not be identified (no known service, and no name of yours)"


def caveats_of_dmarc(senders: Sequence[SenderAdvice]) -> Iterator[Caveat]:
    """Yield what the reports say about DMARC: which senders need not be added, and what fails once it is forwarded."""
    sent_on = [each.sender for each in senders if each.standing in (SenderStanding.DKIM, SenderStanding.FORWARDED)]
    if sent_on:
        messages = counted(sum([sender.count for sender in sent_on]), "message")
        ips = list(dict.fromkeys([sender.ip for sender in sent_on]))
        text = (
            f"{messages} from {listed(ips, _MOST)} passed DMARC by DKIM, or failed it for a reason such as forwarding "
            f"that the receiver gave: no reason to add an address. If one is yours, use --want {ips[0]}"
        )
        yield Caveat(CaveatCode.SENT_ON, text)
    alone = [each.sender for each in senders if each.sender.authentication is Authentication.SPF_ALONE]
    if alone:
        messages = counted(sum([sender.count for sender in alone]), "message")
        ips = list(dict.fromkeys([sender.ip for sender in alone]))
        text = (
            f"{messages} from {listed(ips, _MOST)} passed DMARC by SPF alone, as receivers report: such mail fails as "
            "soon as somebody forwards it, whatever the record says. Sign it with DKIM too"
        )
        yield Caveat(CaveatCode.SPF_ALONE, text)


def caveats_of_unused(terms: Sequence[TermAdvice], kept: Container[str], *, is_partial: bool) -> Iterator[Caveat]:
    """Yield which addresses are kept though no message used them.

    Args:
        kept: the terms that stay because the caller asked for it; nobody needs to be asked whether they are used.
        is_partial: whether it is not known of every term what it matches.
    """
    unused = [advice for advice in terms if advice.sign == "=" and advice.is_unused and advice.term not in kept]
    for advice in unused[:_MOST]:
        names = f" ({', '.join(map(visible_name, advice.names[:2]))})" if advice.names else ""
        why = f"only a part of it is matched by {listed([*advice.by], 2)}" if advice.by else "no other term matches it"
        stops = "would stop"
        if is_partial and not advice.by:
            why, stops = "no other term is known to match it", "may stop"
        text = (
            f"{visible(advice.term, 60)}{names} is kept: {why}, so mail from it {stops} passing, though no message "
            f"given came from it. If nobody sends from it any more, use --drop "
            f"{visible(advice.term.removeprefix('+'), 60)}"
        )
        yield Caveat(CaveatCode.UNUSED, text)


def caveats_of_stops(situation: Situation, changes: Iterable[Change]) -> Iterator[Caveat]:
    """Yield what stops passing because the caller dropped a term: each term, and whose mail."""
    dropped = set(map(term_key, situation.request.drop))
    texts = [each.text for each in situation.record.directives if term_key(each) in dropped]
    stopping: dict[tuple[str, bool], list[Change]] = {}
    for change in changes:
        if change_is_worse(change.before, change.after):
            terms = terms_of(change.before, situation.inputs.domain)
            term = next((text for text in texts if text in terms), "")
            stopping.setdefault((term, change.before.result is Result.PASS), []).append(change)
    for (term, is_certain), lost in stopping.items():
        v4 = union([_span(change) for change in lost if change.network.version == 4])
        v6 = union([_span(change) for change in lost if change.network.version == 6])
        stops = "stops passing" if is_certain else "may stop passing"
        asked = f", as you asked with --drop {visible(term.removeprefix('+'), 60)}" if term else ""
        yield Caveat(CaveatCode.STOPS, f"mail from {spans_text((v4, v6))} {stops}{asked}")


def _span(change: Change) -> tuple[int, int]:
    return int(change.network.network_address), int(change.network.broadcast_address)


def caveats_of_unknown_facts(senders: Sequence[SenderAdvice]) -> Iterator[Caveat]:
    """Yield what is not known about which senders, though their results depend on it."""
    for fact, words in _FACTS.items():
        ips = list(dict.fromkeys([sender.sender.ip for sender in senders if fact in sender.rests_on]))
        if ips:
            text = f"the result of {listed(ips, _MOST)} depends on {words}, which is not known: "
            text += "give it in a table, in the column helo" if fact is Input.HELO else "it may differ"
            yield Caveat(CaveatCode.RESTS_ON_MORE, text)


def caveats_of_record(
    situation: Situation, coming: Sequence[Candidate], slot: Slot, size: int, requested: Sequence[RequestedSender]
) -> Iterator[Caveat]:
    """Yield what to know about the record as a whole."""
    record = situation.record
    if coming and slot.term is not None and slot != last_slot(record):
        term = visible(slot.term.text, 60)
        added = [each.coverage for each in coming]
        failing = [each.sender for each in requested if each.is_failing]
        ips = [each.ip for each in failing if any(coverage.contains(*address_of(each)) for coverage in added)]
        whom = listed(list(dict.fromkeys(ips)), _MOST) or "a sender that is wanted"
        terms = listed([visible(each.term, 60) for each in coming], _MOST)
        text = f"{terms} is before {term}, which would decide otherwise for {whom}"
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
