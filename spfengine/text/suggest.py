"""A suggestion: the record to publish, why, the proof, what to know before publishing it, and how to paste it."""

from collections.abc import Container, Iterable, Iterator, Sequence

from spfengine.advice.forms import FORMS
from spfengine.advice.suggest.reasons import limits_text
from spfengine.advice.suggest.suggestion import (
    Advice,
    Alternative,
    CaveatCode,
    Proposal,
    SenderAdvice,
    SenderStanding,
    Suggestion,
)
from spfengine.dmarc.alignment import Alignment
from spfengine.evaluation.unanswered import NOT_GIVEN, why_unknown
from spfengine.linting.codes import Severity
from spfengine.names import fold
from spfengine.problems import Problem, Result
from spfengine.simulation.simulation import Simulation
from spfengine.text.lines import (
    FAULT,
    SIGNS,
    UNKNOWN,
    WARNING,
    Line,
    Row,
    Span,
    deeper,
    line,
    more_line,
    narrower,
    note,
    plain,
    table,
    verbatim,
)
from spfengine.text.outcomes import SHOWN_TERM, condition_lines
from spfengine.text.problems import problem_lines
from spfengine.text.senders import authentication_lines, authentication_text, policy_text
from spfengine.text.simulate import change_lines, cost_lines, draft_problem_lines, outside_lines
from spfengine.visible import visible, visible_name
from spfengine.wording import counted

_MOST_SENDERS = 20
_MOST_TERMS = 30
_MOST_FAULTS = 10
_REST = "--all lists them"
_FORMS = {
    "cpanel": "cPanel, and all others that ask for the text alone",
    "cpanel-split": "cPanel, split in strings",
    "bind": "a zone file (BIND, cPanel/WHM)",
    "route53": "Route 53",
    "octodns": "octoDNS",
}
_STANDINGS = (
    SenderStanding.STOPPED,
    SenderStanding.UNSERVED,
    SenderStanding.REFUSED,
    SenderStanding.UNNAMED,
    SenderStanding.UNKNOWN,
    SenderStanding.SERVED,
    SenderStanding.PASSING,
    SenderStanding.DKIM,
    SenderStanding.FORWARDED,
    SenderStanding.IGNORED,
    SenderStanding.ELSEWHERE,
)


def suggestion_lines(
    suggestion: Suggestion,
    width: int | None,
    own: Iterable[str] = (),
    formats: Container[str] = FORMS,
    *,
    everything: bool = False,
) -> Iterator[Line]:
    """Yield the lines of a suggestion.

    Args:
        own: names whose records the admin can edit, in addition to the domain.
        formats: in which formats to print the record.
        everything: whether all terms, senders and networks are listed, however many.
    """
    own = (suggestion.domain, *own)
    yield from brief_lines(suggestion, width, everything=everything)
    simulation = suggestion.simulation
    if simulation is None:
        return
    if suggestion.senders:
        yield line()
        yield from _senders(suggestion.senders, width, everything=everything)
    yield line()
    yield from _proof(suggestion, simulation, own, width, everything=everything)
    yield from _rejected(suggestion, width)
    yield from _before_publishing(suggestion, simulation, width)
    yield from _paste(suggestion, formats)


def render_suggestion(
    suggestion: Suggestion, width: int | None, own: Iterable[str], formats: Iterable[str], *, everything: bool
) -> str:
    """Return the text of a suggestion; see its method `render`."""
    return plain(suggestion_lines(suggestion, width, own, tuple(formats) or FORMS, everything=everything), width)


def brief_lines(suggestion: Suggestion, width: int | None, *, everything: bool = False) -> Iterator[Line]:
    """Yield the record, what it does, and why each of its terms is added, removed or kept."""
    yield from opening_lines(suggestion, width)
    if suggestion.simulation is not None and suggestion.terms:
        yield line()
        yield from _terms(suggestion, width, len(suggestion.terms) if everything else _MOST_TERMS)


def opening_lines(suggestion: Suggestion, width: int | None, *, with_faults: bool = True) -> Iterator[Line]:
    """Yield the answer, the record, and what it does; or why there is none.

    Args:
        with_faults: whether the faults of a broken record are listed.
    """
    yield _headline(suggestion)
    if suggestion.record is not None:
        yield line()
        yield verbatim(visible(suggestion.record, len(suggestion.record)))
        yield line()
        yield from _effect_on_senders(suggestion)
    yield from _failure(suggestion)
    if suggestion.proposal is not None:
        yield from _proposal(suggestion.proposal, width)
    if not suggestion.knows_senders and suggestion.advice not in (Advice.BROKEN, Advice.UNKNOWN):
        yield from _needed(suggestion)
    if suggestion.simulation is None:
        yield from _published(suggestion, width, suggestion.faults[:_MOST_FAULTS] if with_faults else ())


def _headline(suggestion: Suggestion) -> Line:
    return note(Span(visible_name(suggestion.domain), "strong"), ": ", _answer(suggestion), indent=0)


def _answer(suggestion: Suggestion) -> Span:
    if suggestion.record is not None and suggestion.knows_senders and _is_partial(suggestion):
        what = "no change is proposed" if suggestion.advice is Advice.KEEP else "a record to try"
        failed = {} if suggestion.simulation is None else suggestion.simulation.failed
        why = f"names that are {NOT_GIVEN}" if why_unknown(failed) == NOT_GIVEN else "what is not known"
        return Span(f"{what}, but part of it depends on {why}", "softfail")
    error = next((each.text for each in suggestion.findings if each.severity is Severity.ERROR), "")
    return {
        Advice.CHANGE: Span(_change(suggestion, error), "strong"),
        Advice.NEEDS_SENDERS: Span("there is no SPF record, and who sends is not known", "softfail"),
        Advice.KEEP: _keep(suggestion, error),
        Advice.NONE_FITS: Span(_none_fits(suggestion), "fault"),
        Advice.BROKEN: Span("nothing can be proposed", "fault"),
        Advice.UNKNOWN: Span("nothing can be proposed now", "unknown"),
    }[suggestion.advice]


def _none_fits(suggestion: Suggestion) -> str:
    if suggestion.is_over_limit and not _is_over_afterwards(suggestion.simulation):
        return "no record fits without further steps: it is over the limits, so a plan is needed"
    return "no record fits"


def _change(suggestion: Suggestion, error: str) -> str:
    """Return what a new record is; `error` is what lint finds wrong with it, or ""."""
    if not suggestion.knows_senders:
        return "a record to consider; who sends is not known"
    if error and not suggestion.unserved:
        return f"a record that serves every sender, but {error}"
    if any(sender.standing is SenderStanding.STOPPED for sender in suggestion.senders):
        return "a record with which a sender given stops passing, as you asked"
    return "a record that does not serve every sender" if suggestion.unserved else "publish this record"


def _keep(suggestion: Suggestion, error: str) -> Span:
    """Return what a published record is that needs no change; `error` is what lint finds wrong with it, or ""."""
    if not suggestion.knows_senders:
        what = f"who sends is not known, and {error}" if error else "keep the record; who sends is not known"
        return Span(what, "softfail")
    if suggestion.unserved:
        return Span("keep the record, which does not serve every sender", "softfail")
    if any(sender.standing is SenderStanding.UNKNOWN for sender in suggestion.senders):
        return Span("no change is known to be needed, but not every sender's result is known", "softfail")
    if error:
        return Span(f"the record serves every sender, but {error}", "fault")
    return Span("the record is as it should be", "pass")


def _is_over_afterwards(simulation: Simulation | None) -> bool:
    """Whether only the new record exceeds a limit, and the published one does not."""
    if simulation is None:
        return False
    limits = simulation.before.limits
    over = [
        need.worst_lookups > limits.lookups or need.worst_voids(limits.void_rule) > limits.voids
        for need in (simulation.before_budget, simulation.after_budget)
    ]
    return over == [False, True]


def _proposal(proposal: Proposal, width: int | None) -> Iterator[Line]:
    """Yield the record that the zone suggests, marked as what it is."""
    yield line()
    yield note(Span("a proposal", "softfail"), ", by what the zone shows and not by who sends:")
    yield verbatim(visible(proposal.record, len(proposal.record)))
    rows = [Row(SIGNS["+"], Span(visible(each.term, SHOWN_TERM), "term"), (Span(each.why),)) for each in proposal.terms]
    yield from table(rows, width, 4)
    for doubt in proposal.doubts:
        yield note(WARNING, doubt, indent=4)


def _needed(suggestion: Suggestion) -> Iterator[Line]:
    """Yield what would show who sends, if no sender of the domain is known."""
    domain = visible_name(suggestion.domain)
    yield line()
    if suggestion.senders:
        senders = counted(len(suggestion.senders), "sender given has", "senders given have")
        yield note(f"{senders} another MAIL FROM than {domain}, so its record does not decide for them")
    yield note(
        "to get a record that is proved to let every sender pass, give the senders of the domain: --senders FILE with "
        "DMARC reports, a message that failed or a mail log, or --want IP for each server that sends"
    )


def _is_partial(suggestion: Suggestion) -> bool:
    """Whether part of a suggestion depends on what is not known."""
    simulation = suggestion.simulation
    return simulation is not None and simulation.is_incomplete


def _effect_on_senders(suggestion: Suggestion) -> Iterator[Line]:
    """Yield how many senders pass with the record, and whether anything that passes stops."""
    sent_on = (SenderStanding.DKIM, SenderStanding.FORWARDED)
    left_out = (SenderStanding.ELSEWHERE, SenderStanding.IGNORED, *sent_on)
    senders = [sender for sender in suggestion.senders if sender.standing not in left_out]
    if senders:
        yield _passing(senders)
    if any(caveat.code is CaveatCode.SPECIAL_PURPOSE for caveat in suggestion.caveats):
        yield note("no record can let a private address pass, or another that no client on the Internet has")
    more = sum(sender.standing in sent_on for sender in suggestion.senders)
    if more:
        yield note(f"{counted(more, 'sender')} need not pass: DKIM carries the mail, or the receiver excused it")
    smallest = suggestion.is_smallest and suggestion.advice is Advice.CHANGE
    yield note(_what_stops(suggestion), "; no smaller change does this" if smallest else "")


def _what_stops(suggestion: Suggestion) -> Span:
    """Return whether anything that passes stops."""
    if suggestion.is_worse:
        return Span("some mail that passes now stops passing, as you asked", "softfail")
    if _is_partial(suggestion):
        return Span("nothing is known to stop passing", "softfail")
    return Span("everything that passes now still passes", "pass")


def _passing(senders: Sequence[SenderAdvice]) -> Line:
    """Return how many of these senders pass with the record."""
    now = sum(sender.before is Result.PASS for sender in senders)
    then = sum(sender.after is Result.PASS for sender in senders)
    unknown = sum(sender.standing is SenderStanding.UNKNOWN for sender in senders)
    style = "pass" if then == len(senders) else "softfail"
    if len(senders) > 1:
        more = f"; not known of {unknown}" if unknown else ""
        return note(Span(f"{then} of {len(senders)} senders pass", style), f" with it, {now} now{more}")
    if unknown:
        return note(Span("it is not known whether the sender passes", style), " with it")
    return note(Span("the sender passes" if then else "the sender does not pass", style), " with it")


def _failure(suggestion: Suggestion) -> Iterator[Line]:
    """Yield why nothing is proposed, and the draft that comes closest."""
    for shortfall in suggestion.shortfalls:
        yield note(FAULT, limits_text(shortfall))
    if suggestion.advice is Advice.NONE_FITS and suggestion.closest is not None:
        yield line("the draft that comes closest:", indent=2)
        yield verbatim(visible(suggestion.closest, len(suggestion.closest)))
    if suggestion.refusal is not None:
        yield note(suggestion.refusal)


def _published(suggestion: Suggestion, width: int | None, faults: Sequence[Problem]) -> Iterator[Line]:
    """Yield the published records and what is wrong with them."""
    for text in suggestion.published:
        yield line()
        yield verbatim(visible(text, len(text)))
    source = suggestion.published[0] if len(suggestion.published) == 1 else None
    for fault in faults:
        yield from problem_lines(fault, width, source=source)


def _terms(suggestion: Suggestion, width: int | None, most: int) -> Iterator[Line]:
    yield line(Span("why", "strong"), indent=2)
    rows = []
    for advice in suggestion.terms[:most]:
        names = f"{', '.join(map(visible_name, advice.names[:2]))}; " if advice.names else ""
        term = Span(visible(advice.term, SHOWN_TERM), "term")
        rows.append(Row(SIGNS[advice.sign], term, (Span(names), Span(advice.why))))
    yield from table(rows, width, 4)
    yield from more_line(len(suggestion.terms) - most, where=_REST)


def _senders(senders: Iterable[SenderAdvice], width: int | None, *, everything: bool) -> Iterator[Line]:
    ordered = by_standing(senders)
    most = len(ordered) if everything else _MOST_SENDERS
    policies = {policy for advice in ordered[:most] if (policy := _policy(advice)) is not None}
    rows = []
    for advice in ordered[:most]:
        who = advice.who or advice.sender.label
        left = f"{advice.sender.ip} {visible(who, 40)}" if who else advice.sender.ip
        messages = counted(advice.sender.count, "message")
        said = f"  {messages}{sender_note(advice, with_policy=len(policies) > 1)}"
        rows.append(Row(Span(" "), Span(left), (*result_spans(advice), Span(said, "quiet"))))
    yield line(Span("senders", "strong"), indent=2)
    yield from authentication_lines([advice.sender for advice in ordered])
    if len(policies) == 1:
        yield note(f"{policies.pop()}, for mail that is not aligned", indent=4)
    yield from table(rows, width, 4)
    yield from more_line(len(ordered) - most, where=_REST)


def by_standing(senders: Iterable[SenderAdvice]) -> list[SenderAdvice]:
    """Return senders, those first that do not pass, and of these the ones with the most messages first."""
    return sorted(senders, key=lambda advice: (_STANDINGS.index(advice.standing), -advice.sender.count))


def result_spans(advice: SenderAdvice) -> Iterator[Span]:
    """Yield a sender's result before and after, each with what decides."""
    if advice.before is None:
        yield Span("not checked")
        return
    yield _result(advice, advice.before)
    if advice.by_before is not None and advice.before is not advice.after:
        yield Span(f" by {visible(advice.by_before, 40)}", "quiet")
    elif advice.beyond is not None:
        term, result = advice.beyond
        yield Span(f" by no term (without the limit: {result} by {visible(term, 60)})", "quiet")
    if advice.after is not None:
        yield Span(" → ")
        yield _result(advice, advice.after)
        if advice.by_after is not None:
            yield Span(f" by {visible(advice.by_after, 60)}", "quiet")


def _result(advice: SenderAdvice, result: Result) -> Span:
    if advice.standing is SenderStanding.UNKNOWN and result is Result.TEMPERROR:
        return UNKNOWN
    return Span(str(result), str(result))


def sender_note(advice: SenderAdvice, *, with_policy: bool = True) -> str:
    """Return what else is known about a sender, or ""; it begins with a semicolon."""
    return "".join([f"; {text}" for text in _sender_notes(advice, with_policy=with_policy) if text])


def _sender_notes(advice: SenderAdvice, *, with_policy: bool) -> Iterator[str | None]:
    if advice.standing is SenderStanding.ELSEWHERE:
        yield f"MAIL FROM is {visible(advice.sender.sender.removeprefix('@'), 60)}, whose own record decides"
        yield authentication_text(advice.sender)
        return
    if advice.standing is SenderStanding.IGNORED:
        yield "ignored, as you asked"
        return
    if advice.sender.reported:
        yield f"a receiver saw {visible(advice.sender.reported, 20)}"
    if advice.standing is not SenderStanding.FORWARDED:  # there, `why` says it
        yield authentication_text(advice.sender)
    if advice.alignment is not None:
        yield _alignment(advice.alignment, passes=advice.after is Result.PASS)
    if with_policy:
        yield _policy(advice)
    yield advice.why


def _alignment(alignment: Alignment, *, passes: bool) -> str:
    """Return whether a sender that passes is aligned; "" for others."""
    if not passes:
        return ""
    domain = f"the From domain, {visible_name(alignment.header_from)}"
    if alignment.aligned is None:
        return f"alignment with {domain}, is not known"
    return f"{'aligned' if alignment.aligned else 'not aligned'} with {domain}"


def _policy(advice: SenderAdvice) -> str | None:
    """Return what DMARC asks for a sender that is not aligned, or None if it is, or another record decides."""
    if advice.alignment is None or advice.standing in (SenderStanding.ELSEWHERE, SenderStanding.IGNORED):
        return None
    passes_unknown = advice.after is Result.PASS and advice.alignment.aligned is None
    return None if advice.alignment.aligned or passes_unknown else policy_text(advice.alignment)


def _proof(
    suggestion: Suggestion, simulation: Simulation, own: tuple[str, ...], width: int | None, *, everything: bool
) -> Iterator[Line]:
    compared = "" if suggestion.advice is Advice.KEEP else ": before and after, for every address"
    yield line(Span("proof", "strong"), Span(compared, "quiet"), indent=2)
    yield from deeper(change_lines(simulation, narrower(width), everything=everything))
    yield from condition_lines(simulation.after, indent=4)
    yield from deeper(cost_lines(simulation))
    size = f"the DNS answer: {suggestion.size_before} → {suggestion.size_after} octets of {suggestion.max_size}"
    old = suggestion.published[0] if len(suggestion.published) == 1 else None
    new = suggestion.record or suggestion.closest
    if old is not None and new is not None:
        size = f"the record: {len(old)} → {len(new)} octets; {size}"
    yield note(size, indent=4)
    yield note(Span(f"{counted(suggestion.drafts, 'draft')} compiled and compared", "quiet"), indent=4)
    yield from deeper(outside_lines(simulation, own))
    if suggestion.advice is Advice.NONE_FITS:
        yield from _costly_terms(simulation)


def _costly_terms(simulation: Simulation) -> Iterator[Line]:
    """Yield what each term of the record costs, if that is too much."""
    cost = max(simulation.after_budget.lookups.values(), key=lambda cost: cost.most)
    if cost.most <= simulation.after.limits.lookups:
        return
    spent = cost.by_term({fold(simulation.domain)})
    ordered = sorted(spent.items(), key=lambda item: -item[1])
    costs = ", ".join([f"{visible(term, 60)} {number}" for term, number in ordered])
    yield note(f"the lookups of each term: {costs}", indent=4)


def _rejected(suggestion: Suggestion, width: int | None) -> Iterator[Line]:
    if suggestion.rejected:
        yield line()
        yield line(Span("not proposed", "strong"), indent=2)
        rows = [
            Row(Span(" "), Span(visible(rejected.term, SHOWN_TERM), "term"), (Span(rejected.why),))
            for rejected in suggestion.rejected
        ]
        yield from table(rows, width, 4)


def _before_publishing(suggestion: Suggestion, simulation: Simulation, width: int | None) -> Iterator[Line]:
    if not (suggestion.caveats or suggestion.findings or simulation.problems or suggestion.alternative):
        return
    yield line()
    heading = "what to know" if suggestion.record is None or suggestion.advice is Advice.KEEP else "before you publish"
    yield line(Span(heading, "strong"), indent=2)
    yield from [_warning(caveat.text, caveat.code) for caveat in suggestion.caveats]
    if suggestion.alternative is not None:
        yield from _alternative(suggestion.alternative)
    for problem in simulation.problems:
        yield from deeper(draft_problem_lines(problem, simulation, narrower(width)))
    yield from _findings(suggestion, {str(problem.code) for problem in simulation.problems})


def _findings(suggestion: Suggestion, said: Container[str]) -> Iterator[Line]:
    """Yield what lint finds in the new record, but for codes that have been said."""
    for finding in suggestion.findings:
        if str(finding.code) not in said:
            yield _warning(finding.text, finding.code)
            if finding.hint is not None and finding.severity is Severity.ERROR:
                yield note(f"hint: {finding.hint}", indent=6)


def _warning(text: str, code: str) -> Line:
    return note(WARNING, text, Span(f" [{code}]", "quiet"), indent=4)


def _alternative(alternative: Alternative) -> Iterator[Line]:
    drops = " ".join([f"--drop {visible(term.removeprefix('+'), 80)}" for term in alternative.drop])
    yield note(Span("  with "), Span(drops, "term"), " the record would be", indent=4)
    yield verbatim(visible(alternative.record, 1 << 16), indent=6)


def _paste(suggestion: Suggestion, formats: Container[str]) -> Iterator[Line]:
    """Yield the record in each format, unwrapped, so that it can be copied."""
    if suggestion.record is None or suggestion.advice is Advice.KEEP:
        return
    yield line()
    domain = visible_name(suggestion.domain)
    yield note(Span(f"to paste, as the TXT record of {domain} that begins with v=spf1", "strong"))
    for form, text in suggestion.forms().items():
        if form in formats:
            yield note(f"{_FORMS.get(form, form)}:", indent=4)
            for row in text.split("\n"):
                yield verbatim(visible(row, len(row)))
