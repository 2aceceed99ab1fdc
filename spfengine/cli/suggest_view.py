"""What a person sees of a suggestion: the record to publish, why, the proof, what to mind, and how to paste it."""

from collections.abc import Container, Iterable, Iterator

from spfengine.advice.suggest.reasons import limits_text
from spfengine.advice.suggest.suggestion import Advice, SenderAdvice, SenderStanding, Suggestion
from spfengine.cli.changes_view import Changes
from spfengine.cli.policy_view import SHOWN_TERM, conditions
from spfengine.cli.screen import Line, Row, Span, line, table
from spfengine.cli.simulate_view import counts, outside, problem_lines, why
from spfengine.names import fold
from spfengine.problems import Result, excerpt
from spfengine.simulation.simulation import Simulation, change_is_worse
from spfengine.visible import visible, visible_name

_SIGNS = {"+": Span("+", "pass"), "-": Span("-", "fail"), "=": Span(" ", "quiet")}
_MOST_SENDERS = 100
_MOST_TERMS = 100
_MOST_FAULTS = 10
_FORMS = {
    "cpanel": "cPanel, and whoever asks for the text alone",
    "cpanel-split": "cPanel, split in strings",
    "bind": "a zone file (BIND, cPanel/WHM)",
    "route53": "Route 53",
    "octodns": "octoDNS",
}
_ALIGNED = {True: "aligned with", False: "not aligned with", None: "not known whether aligned with"}
_ORDER = (
    SenderStanding.STOPPED,
    SenderStanding.UNSERVED,
    SenderStanding.REFUSED,
    SenderStanding.UNNAMED,
    SenderStanding.UNKNOWN,
    SenderStanding.SERVED,
    SenderStanding.PASSING,
    SenderStanding.IGNORED,
    SenderStanding.ELSEWHERE,
)


def page(suggestion: Suggestion, own: Iterable[str], forms: Container[str], width: int | None) -> Iterator[Line]:
    """Yield the lines of a suggestion.

    Args:
        own: names whose records the admin can edit, besides the domain.
        forms: in which forms to give the record.
    """
    own = (suggestion.domain, *own)
    yield from brief_page(suggestion, width)
    simulation = suggestion.simulation
    if simulation is None:
        return
    if suggestion.senders:
        yield line()
        yield from _senders(suggestion.senders, width)
    yield line()
    yield from _proof(suggestion, simulation, own, width)
    yield from _rejected(suggestion, width)
    yield from _caveats(suggestion, simulation, width)
    yield from _paste(suggestion, forms)


def brief_page(suggestion: Suggestion, width: int | None) -> Iterator[Line]:
    """Yield the record, what it does, and why each of its terms comes, goes or stays."""
    yield _headline(suggestion)
    if suggestion.record is not None:
        yield line()
        yield line(visible(suggestion.record, len(suggestion.record)), folds=False)
        yield line()
    yield from _outcome(suggestion)
    if suggestion.simulation is None:
        yield from _refused(suggestion, width)
    elif suggestion.terms:
        yield line()
        yield from _terms(suggestion, width)


def _headline(suggestion: Suggestion) -> Line:
    serves = not suggestion.unserved
    told = {
        Advice.CHANGE: Span("publish this record" if serves else "a record that does not serve every sender", "strong"),
        Advice.KEEP: Span("the record is as it should be", "pass")
        if serves
        else Span("keep the record, which does not serve every sender", "softfail"),
        Advice.NONE_FITS: Span("no record fits", "fault"),
        Advice.BROKEN: Span("nothing can be proposed", "fault"),
        Advice.UNKNOWN: Span("nothing can be proposed now", "fault"),
    }[suggestion.advice]
    return line(Span(visible_name(suggestion.domain), "strong"), ": ", told, hang=2)


def _outcome(suggestion: Suggestion) -> Iterator[Line]:
    """Yield in two or three lines what the record does."""
    here = [each for each in suggestion.senders if each.standing is not SenderStanding.ELSEWHERE]
    asked = [each for each in here if each.standing is not SenderStanding.IGNORED]
    if suggestion.record is not None:
        if asked:
            now = sum(each.before is Result.PASS for each in asked)
            then = sum(each.after is Result.PASS for each in asked)
            style = "pass" if then == len(asked) else "softfail"
            told = f"{then} of {len(asked)} sender{'s' if len(asked) != 1 else ''} pass"
            told = told if len(asked) != 1 else "the sender passes" if then else "the sender does not pass"
            yield line(Span(told, style), f" with it{f', {now} now' if len(asked) != 1 else ''}", indent=2, hang=2)
        told = "something that passes now stops, as told" if suggestion.is_worse else "nothing that passes now stops"
        smallest = (
            "; no smaller change does this" if suggestion.is_smallest and suggestion.advice is Advice.CHANGE else ""
        )
        yield line(Span(told, "softfail" if suggestion.is_worse else "pass"), smallest, indent=2, hang=2)
    for each in suggestion.shortfalls:
        yield line(Span("! ", "fault"), limits_text(each), indent=2, hang=2)
    if suggestion.advice is Advice.NONE_FITS and suggestion.closest is not None:
        yield line("the draft that comes closest:", indent=2)
        yield line(visible(suggestion.closest, len(suggestion.closest)), folds=False)
    if suggestion.refusal is not None:
        yield line(suggestion.refusal, indent=2, hang=2)


def _refused(suggestion: Suggestion, width: int | None) -> Iterator[Line]:
    """Yield what stands there and what is wrong with it, where nothing is proposed."""
    for text in suggestion.published:
        yield line()
        yield line(visible(text, len(text)), folds=False)
    source = suggestion.published[0] if len(suggestion.published) == 1 else None
    for fault in suggestion.faults[:_MOST_FAULTS]:
        yield line(Span("! ", "fault"), fault.text, Span(f" [{fault.code}]", "quiet"), indent=2, hang=2)
        if source is not None and fault.span is not None:
            shown, carets = excerpt(source, fault.span, 78 if width is None else width - 2)
            yield line(shown, indent=2, folds=False)
            yield line(Span(carets, "fault"), indent=2, folds=False)
        if fault.hint:
            yield line(Span("hint: ", "strong"), fault.hint, indent=4, hang=2)


def _terms(suggestion: Suggestion, width: int | None) -> Iterator[Line]:
    yield line(Span("why", "strong"), indent=2)
    rows = []
    for each in suggestion.terms[:_MOST_TERMS]:
        names = f"{', '.join(map(visible_name, each.names[:2]))}; " if each.names else ""
        rows.append(Row(_SIGNS[each.sign], Span(visible(each.term, SHOWN_TERM), "term"), (Span(names), Span(each.why))))
    yield from table(rows, width, 4)
    if len(suggestion.terms) > _MOST_TERMS:
        yield line(f"… and {len(suggestion.terms) - _MOST_TERMS} more; --json has them all", indent=6, hang=2)


def _senders(senders: Iterable[SenderAdvice], width: int | None) -> Iterator[Line]:
    ordered = sorted(senders, key=lambda each: (_ORDER.index(each.standing), -each.sender.count))
    rows = []
    for each in ordered[:_MOST_SENDERS]:
        who = each.who or each.sender.label
        left = f"{each.sender.ip} {visible(who, 40)}" if who else each.sender.ip
        messages = f"{each.sender.count:,} message{'s' if each.sender.count != 1 else ''}"
        rows.append(Row(Span(" "), Span(left), (*_results(each), Span(f"  {messages}{_note(each)}", "quiet"))))
    yield line(Span("senders", "strong"), indent=2)
    yield from table(rows, width, 4)
    if len(ordered) > _MOST_SENDERS:
        yield line(f"… and {len(ordered) - _MOST_SENDERS} more; --json has them all", indent=6, hang=2)


def _results(each: SenderAdvice) -> Iterator[Span]:
    if each.before is None:
        yield Span("not checked")
        return
    yield Span(str(each.before), str(each.before))
    if each.by_before is not None and each.before is not each.after:
        yield Span(f" by {visible(each.by_before, 40)}", "quiet")
    if each.after is not None:
        yield Span(" → ")
        yield Span(str(each.after), str(each.after))
        if each.by_after is not None:
            yield Span(f" by {visible(each.by_after, 60)}", "quiet")


def _note(each: SenderAdvice) -> str:
    if each.standing is SenderStanding.ELSEWHERE:
        return f"; MAIL FROM is {visible(each.sender.sender.removeprefix('@'), 60)}, whose own record decides"
    if each.standing is SenderStanding.IGNORED:
        return "; ignored, as told"
    reported = f"; a receiver saw {visible(each.sender.reported or '', 20)}" if each.sender.reported else ""
    aligned = ""
    if each.alignment is not None and each.after is Result.PASS:
        aligned = f"; {_ALIGNED[each.alignment.aligned]} From, which is {visible_name(each.alignment.header_from)}"
    return f"{reported}{aligned}{f'; {each.why}' if each.why else ''}"


def _proof(suggestion: Suggestion, simulation: Simulation, own: tuple[str, ...], width: int | None) -> Iterator[Line]:
    compared = "" if suggestion.advice is Advice.KEEP else ": before and after, for every address there is"
    yield line(Span("proof", "strong"), Span(compared, "quiet"), indent=2)
    changes = Changes(
        simulation.before,
        simulation.after,
        simulation.changes,
        lambda change: why(change, simulation),
        lambda change: change_is_worse(change.before, change.after),
    )
    yield from _deeper(changes.lines(None if width is None else width - 2))
    yield from _deeper(changes.staying_lines(simulation.kept, None if width is None else width - 2))
    yield from _deeper(changes.rest_lines())
    for each in conditions(simulation.after):
        yield line(Span(f"some results rest on more than the address: {each}", "quiet"), indent=4, hang=2)
    yield from _deeper(counts(simulation))
    size = f"the DNS answer: {suggestion.size_before} → {suggestion.size_after} octets of {suggestion.max_size}"
    old = suggestion.published[0] if len(suggestion.published) == 1 else None
    new = suggestion.record or suggestion.closest
    if old is not None and new is not None:
        size = f"the record: {len(old)} → {len(new)} octets; {size}"
    yield line(size, indent=4, hang=2)
    tried = f"{suggestion.drafts} draft{'s' if suggestion.drafts != 1 else ''} compiled and compared"
    yield line(Span(tried, "quiet"), indent=4, hang=2)
    yield from _deeper(outside(simulation, own))
    if suggestion.advice is Advice.NONE_FITS:
        yield from _costs(simulation)


def _costs(simulation: Simulation) -> Iterator[Line]:
    """Yield what each term of the record costs, where that is too much."""
    cost = max(simulation.after_budget.lookups.values(), key=lambda each: each.most)
    if cost.most <= simulation.after.limits.lookups:
        return
    spent: dict[str, int] = {}
    current = ""
    for domain, term in cost.terms:
        current = term if fold(domain) == fold(simulation.domain) else current
        spent[current] = spent.get(current, 0) + 1
    told = ", ".join([f"{visible(term, 60)} {number}" for term, number in sorted(spent.items(), key=lambda it: -it[1])])
    yield line(f"the lookups of each term: {told}", indent=4, hang=2)


def _deeper(lines: Iterable[Line]) -> Iterator[Line]:
    for each in lines:
        yield each._replace(first=f"  {each.first}", rest=f"  {each.rest}")


def _rejected(suggestion: Suggestion, width: int | None) -> Iterator[Line]:
    if suggestion.rejected:
        yield line()
        yield line(Span("not proposed", "strong"), indent=2)
        rows = [
            Row(Span(" "), Span(visible(each.term, SHOWN_TERM), "term"), (Span(each.why),))
            for each in suggestion.rejected
        ]
        yield from table(rows, width, 4)


def _caveats(suggestion: Suggestion, simulation: Simulation, width: int | None) -> Iterator[Line]:
    if not (suggestion.caveats or suggestion.findings or simulation.problems or suggestion.alternative):
        return
    yield line()
    yield line(Span("to mind", "strong"), indent=2)
    for each in suggestion.caveats:
        yield line(Span("! ", "softfail"), each.text, Span(f" [{each.code}]", "quiet"), indent=4, hang=2)
    if suggestion.alternative is not None:
        drops = " ".join([f"--drop {visible(term.removeprefix('+'), 80)}" for term in suggestion.alternative.drop])
        yield line(Span("  with "), Span(drops, "term"), " the record would be", indent=4, hang=2)
        yield line(visible(suggestion.alternative.record, 1 << 16), indent=6, folds=False)
    for problem in simulation.problems:
        yield from _deeper(problem_lines(problem, simulation, None if width is None else width - 2))
    told = {problem.code for problem in simulation.problems}
    for finding in suggestion.findings:
        if str(finding.code) not in told:
            yield line(Span("! ", "softfail"), finding.text, Span(f" [{finding.code}]", "quiet"), indent=4, hang=2)


def _paste(suggestion: Suggestion, forms: Container[str]) -> Iterator[Line]:
    """Yield the record in each form, unfolded, so that it can be copied."""
    if suggestion.record is None or suggestion.advice is Advice.KEEP:
        return
    yield line()
    name = visible_name(suggestion.domain)
    yield line(Span(f"to paste, as the TXT record of {name} that begins with v=spf1", "strong"), indent=2, hang=2)
    for form, text in suggestion.forms().items():
        if form not in forms:
            continue
        yield line(f"{_FORMS.get(form, form)}:", indent=4, hang=2)
        for row in text.split("\n"):
            yield line(visible(row, len(row)), folds=False)
