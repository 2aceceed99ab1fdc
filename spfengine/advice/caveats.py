"""What has to be known beside a suggestion: whom it lets pass as well, and what it rests on."""

from collections.abc import Iterator, Sequence

from spfengine.addresses import address_text
from spfengine.advice.candidates import varying
from spfengine.advice.case import Case
from spfengine.advice.catalogue.provider import Provider
from spfengine.advice.drafting import Slot, last_slot
from spfengine.advice.identification import How, Identification
from spfengine.advice.judging import Verdict
from spfengine.advice.reasons import count
from spfengine.advice.searching import Found
from spfengine.advice.suggestion import Caveat, CaveatCode, SenderAdvice, SenderStanding, TermAdvice
from spfengine.advice.terms import Candidate, Kind
from spfengine.linting.sizes import PLAIN_UDP
from spfengine.policy.outcome import Input
from spfengine.record.model import Network, Redirect
from spfengine.simulation.records import Standing
from spfengine.simulation.simulation import Simulation
from spfengine.visible import visible, visible_name

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
