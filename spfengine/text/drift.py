"""A drift: for each domain, whose record changed, and what that means for whom."""

from collections.abc import Iterator

from spfengine.advice.drift.drift import AnswerChange, AnswerChangeKind, DomainDrift, Drift
from spfengine.advice.drift.snapshot import utc
from spfengine.evaluation.unanswered import NOT_GIVEN, TOO_MUCH_WORK, hint_for, named_unknown, why_unknown
from spfengine.policy.budget import Budget
from spfengine.policy.diff import Change
from spfengine.problems import Result
from spfengine.text.changes import Changes
from spfengine.text.lines import FAULT, SIGNS, Line, Row, Span, line, more_line, note, plain, table
from spfengine.text.outcomes import SHOWN_TERM, condition_lines, failed_of, outcome_text
from spfengine.visible import visible, visible_name

_MOST_ANSWERS = 40
_MOST_TERMS = 60
_REST_IN_JSON = "--json has them"


def drift_lines(drift: Drift, width: int | None) -> Iterator[Line]:
    """Yield the lines of a drift: the domains with news first, then the others."""
    since = f"since {time_text(drift.before.taken)}"
    quiet = [domain for domain in drift.domains if not (domain.is_changed or domain.answers or domain.is_incomplete)]
    changed = [domain for domain in drift.domains if domain not in quiet]
    for index, domain in enumerate(changed):
        if index:
            yield line()
        yield from _domain(domain, since, width)
    if changed and quiet:
        yield line()
    for domain in quiet:
        name = Span(visible_name(domain.domain), "strong")
        yield note(name, ": ", Span(f"nothing changed {since}", "pass"), indent=0)


def render_drift(drift: Drift, width: int | None) -> str:
    """Return the text of a drift; see its method `render`."""
    return plain(drift_lines(drift, width), width)


def _domain(drift: DomainDrift, since: str, width: int | None) -> Iterator[Line]:
    changes = changes_of(drift)
    yield note(Span(visible_name(drift.domain), "strong"), ": ", *summary(drift, changes, since), indent=0)
    if drift.answers:
        yield line()
        for change in drift.answers[:_MOST_ANSWERS]:
            yield from _answer(change, drift.domain, width)
        yield from more_line(len(drift.answers) - _MOST_ANSWERS, "name", where=_REST_IN_JSON, indent=2)
    if drift.changes or drift.unknown:
        yield line()
        yield from changes.lines(width)
        yield from changes.rest_lines()
    yield from condition_lines(drift.before, drift.after)
    before, after = drift.before_budget, drift.after_budget
    if before.worst_lookups != after.worst_lookups:
        yield note(f"lookups {_need(before)} → {_need(after)} of {drift.after.limits.lookups}")
    if drift.is_incomplete:
        failed = failed_of(drift.before, drift.after)
        yield note(FAULT, f"{named_unknown(failed)}; {hint_for(failed)}")


def changes_of(drift: DomainDrift, *, everything: bool = False) -> Changes:
    """Return the changes of a domain, sorted for people."""
    return Changes(drift.before, drift.after, drift.changes, why_changed, everything=everything)


def summary(drift: DomainDrift, changes: Changes, since: str) -> tuple[Span, ...]:
    """Return what changed for a domain, in a few words; `changes` are those of the domain."""
    if drift.is_worse:
        worse = "; ".join(filter(None, (changes.worse_words(), changes.worse_rest_words())))
        return Span(f"something got worse {since}", "fail"), Span(f": {worse}")
    if drift.is_changed:
        return (Span(f"changed {since}", "softfail"),)
    if drift.is_incomplete:
        gap = _gap(drift)
        return (Span(f"no result is known to have changed {since}, but {gap}", "softfail"),)
    return (Span(f"no result changed {since}", "pass"),)


def _gap(drift: DomainDrift) -> str:
    failed = failed_of(drift.before, drift.after)
    if not failed:
        return TOO_MUCH_WORK
    is_outside = why_unknown(failed) == NOT_GIVEN
    return "part of it is not in the files given" if is_outside else "DNS could not answer everything"


def _need(budget: Budget) -> str:
    return f"{'at least ' if budget.incomplete else ''}{budget.worst_lookups}"


def _answer(change: AnswerChange, domain: str, width: int | None) -> Iterator[Line]:
    """Yield the name whose records changed, and how."""
    owner = "" if change.own else f"  (outside {visible_name(domain)}: its owner's)"
    yield note(Span(visible_name(change.name), "strong"), f": {what_changed(change)}", Span(owner, "quiet"))
    if change.kind is AnswerChangeKind.LEFT or not change.has_records:
        return
    terms = changed_terms(change)
    rows = [Row(SIGNS[sign], Span(visible(text, SHOWN_TERM), "term")) for sign, text in terms[:_MOST_TERMS]]
    yield from table(rows, width, 4)
    yield from more_line(len(terms) - _MOST_TERMS, where=_REST_IN_JSON)


def changed_terms(change: AnswerChange) -> list[tuple[str, str]]:
    """Return what was added and removed: terms of the SPF record, or whole records."""
    terms = [(term.sign, term.term) for term in change.terms if term.sign != "="]
    if terms:
        return terms
    removed = [("-", text) for text in change.before if text not in change.after]
    return removed + [("+", text) for text in change.after if text not in change.before]


def what_changed(change: AnswerChange) -> str:
    """Return how the records of a name changed, in words."""
    if change.kind is AnswerChangeKind.LEFT:
        return "no longer used"
    if change.kind is AnswerChangeKind.REACHED:
        return "newly used" if change.has_records else f"newly used; {change.after[0]}"
    what = "SPF record" if change.type == "TXT" else f"{change.type} records"
    if change.has_records:
        return f"the {what} changed"
    return f"the {what} {'is' if change.type == 'TXT' else 'are'} gone; {change.after[0]}"


def why_changed(change: Change) -> str:
    """Return what decides now; if the network no longer passes, also what decided before."""
    now = outcome_text(change.after)
    if change.before.result is Result.PASS and change.after.problem is None:
        return f"{now}; until then {outcome_text(change.before)}"
    return now


def time_text(seconds: int) -> str:
    """Return a time in UTC, to the minute."""
    return utc(seconds)[:16].replace("T", " ") + " UTC"
