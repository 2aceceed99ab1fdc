"""What a person sees of a drift: for each domain, whose record changed, and what that means for whom."""

from collections.abc import Iterator

from spfengine.advice.drift.drift import AnswerChange, AnswerChangeKind, DomainDrift, Drift
from spfengine.cli.changes_view import Changes
from spfengine.cli.policy_view import SHOWN_TERM, conditions, failures, outcome_text
from spfengine.cli.screen import Line, Row, Span, line, table
from spfengine.policy.diff import Change
from spfengine.problems import Result
from spfengine.simulation.simulation import change_is_worse
from spfengine.visible import visible, visible_name

_SIGNS = {"+": Span("+", "pass"), "-": Span("-", "fail")}
_MOST_ANSWERS = 40
_MOST_TERMS = 60


def page(found: Drift, width: int | None) -> Iterator[Line]:
    """Yield the lines of a drift: the domains for which something is to be told, then the others."""
    since = f"since {_time(found.before.taken)}"
    quiet = [each for each in found.domains if not (each.is_changed or each.answers or each.is_incomplete)]
    told = [each for each in found.domains if each not in quiet]
    for place, each in enumerate(told):
        if place:
            yield line()
        yield from _domain(each, since, width)
    if told and quiet:
        yield line()
    for each in quiet:
        yield line(Span(visible_name(each.domain), "strong"), ": ", Span(f"nothing changed {since}", "pass"), hang=2)


def _domain(drift: DomainDrift, since: str, width: int | None) -> Iterator[Line]:
    if drift.is_worse:
        told = Span(f"something got worse {since}", "fail")
    elif drift.is_changed:
        told = Span(f"changed {since}", "softfail")
    elif drift.is_incomplete:
        told = Span(f"nothing is known to have changed {since}, but DNS could not answer everything", "softfail")
    else:
        told = Span(f"no result changed {since}", "pass")
    yield line(Span(visible_name(drift.domain), "strong"), ": ", told, hang=2)
    if drift.answers:
        yield line()
        for change in drift.answers[:_MOST_ANSWERS]:
            yield from _answer(change, drift.domain, width)
        if len(drift.answers) > _MOST_ANSWERS:
            yield line(f"… and {len(drift.answers) - _MOST_ANSWERS} more names; --json has them all", indent=2, hang=2)
    if drift.changes or drift.unknown:
        yield line()
        changes = Changes(
            drift.before, drift.after, drift.changes, _why, lambda each: change_is_worse(each.before, each.after)
        )
        yield from changes.lines(width)
        yield from changes.rest_lines()
    for each in dict.fromkeys([*conditions(drift.before), *conditions(drift.after)]):
        yield line(Span(f"some results rest on more than the address: {each}", "quiet"), indent=2, hang=2)
    before, after = drift.before_budget.worst_lookups, drift.after_budget.worst_lookups
    if before != after:
        yield line(f"lookups {before} → {after} of {drift.after.limits.lookups}", indent=2, hang=2)
    if drift.is_incomplete:
        failed = failures(drift.before, drift.after)
        yield line(Span("! ", "fault"), f"DNS could not answer: {failed}; try again later", indent=2, hang=2)


def _answer(change: AnswerChange, domain: str, width: int | None) -> Iterator[Line]:
    """Yield the name whose records changed, and how."""
    whose = "" if change.own else f"  (outside {visible_name(domain)}: its owner's)"
    yield line(Span(visible_name(change.name), "strong"), f": {_what(change)}", Span(whose, "quiet"), indent=2, hang=2)
    if change.kind is AnswerChangeKind.LEFT or not change.has_records:
        return
    changed = [(term.sign, term.term) for term in change.terms if term.sign != "="]
    if not changed:
        changed = [("-", each) for each in change.before if each not in change.after]
        changed += [("+", each) for each in change.after if each not in change.before]
    rows = [Row(_SIGNS[sign], Span(visible(text, SHOWN_TERM), "term"), ()) for sign, text in changed[:_MOST_TERMS]]
    yield from table(rows, width, 4)
    if len(changed) > _MOST_TERMS:
        yield line(f"… and {len(changed) - _MOST_TERMS} more; --json has them all", indent=6, hang=2)


def _what(change: AnswerChange) -> str:
    if change.kind is AnswerChangeKind.LEFT:
        return "no longer led to"
    if change.kind is AnswerChangeKind.REACHED:
        return "newly led to" if change.has_records else f"newly led to; {change.after[0]}"
    what = "SPF record" if change.type == "TXT" else f"{change.type} records"
    if change.has_records:
        return f"the {what} changed"
    return f"the {what} {'is' if change.type == 'TXT' else 'are'} gone; {change.after[0]}"


def _why(change: Change) -> str:
    """Return what decides now; for what no longer passes, what decided until then."""
    now = outcome_text(change.after)
    if change.before.result is Result.PASS and change.after.problem is None:
        return f"{now}; until then {outcome_text(change.before)}"
    return now


def _time(seconds: int) -> str:
    from spfengine.advice.drift.snapshot import utc

    return utc(seconds)[:16].replace("T", " ") + " UTC"
