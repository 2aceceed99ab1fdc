"""What a person sees of a simulation: a plan. What changes in the records, for whom, why, and what to paste."""

from collections.abc import Iterable, Iterator

from spfengine.advice.forms import forms
from spfengine.answers import Question, RRType
from spfengine.cli.changes_view import Changes
from spfengine.cli.policy_view import SHOWN_TERM, conditions, outcome_text
from spfengine.cli.screen import Line, Row, Span, line, table
from spfengine.cli.senders_view import disagreements, senders
from spfengine.evaluation.limits import VoidRule
from spfengine.names import fold, is_same_or_under
from spfengine.policy.diff import Change
from spfengine.policy.policy import Policy
from spfengine.problems import Problem, ProblemCode, Result, excerpt
from spfengine.simulation.records import RecordChange, Standing
from spfengine.simulation.simulation import Simulation, change_is_worse
from spfengine.visible import visible, visible_name

_SIGNS = {"+": Span("+", "pass"), "-": Span("-", "fail"), "=": Span(" ", "quiet")}
_MOST_NAMES = 10
_FAULTS = (ProblemCode.DRAFT_BROKEN, ProblemCode.OVER_LOOKUP_LIMIT, ProblemCode.OVER_VOID_LIMIT)
_STRING = 255  # octets of a string of a TXT record (RFC 1035 §3.3)


def page(simulation: Simulation, own: Iterable[str], width: int | None, pasted: tuple[str, ...] = ()) -> Iterator[Line]:
    """Yield the lines of the plan.

    Args:
        own: domains whose records the admin can edit, besides the one simulated.
        pasted: the forms in which to give the new records; none: as they are.
    """
    own = (simulation.domain, *own)
    yield _headline(simulation)
    yield from disagreements(simulation.senders, width)
    for record in simulation.records:
        yield line()
        yield from _record(record, own, width)
    if simulation.senders:
        yield line()
        yield from senders(simulation.senders, width)
    yield line()
    changes = Changes(
        simulation.before,
        simulation.after,
        simulation.changes,
        lambda change: why(change, simulation),
        lambda change: change_is_worse(change.before, change.after),
    )
    yield from changes.lines(width)
    yield from changes.staying_lines(simulation.kept, width)
    yield from changes.rest_lines()
    for each in conditions(simulation.after):
        yield line(Span(f"some results rest on more than the address: {each}", "quiet"), indent=2, hang=2)
    yield line()
    yield from counts(simulation)
    yield from outside(simulation, own)
    for problem in simulation.problems:
        yield from problem_lines(problem, simulation, width)
    yield from _paste(simulation, own, pasted)


def overview(found: list[Simulation]) -> Iterator[Line]:
    """Yield for which names of a zone nothing changes; the others have a plan each."""
    quiet = [simulation for simulation in found if not has_plan(simulation)]
    names = f"{len(found)} name{'s have' if len(found) != 1 else ' has'} SPF"
    told = f"nothing changes for {len(quiet)} of them{':' if quiet else ''}"
    yield line(Span(names, "strong"), f"; {told}", hang=2)
    for simulation in quiet:
        never = "  (never sends mail)" if never_sends(simulation.after) else ""
        yield line(visible_name(simulation.domain), Span(never, "quiet"), indent=2, hang=2)


def has_plan(simulation: Simulation) -> bool:
    """Whether there is anything to tell of a simulation."""
    return bool(simulation.records or simulation.changes or simulation.problems or simulation.senders)


def never_sends(policy: Policy) -> bool:
    """Whether no client at all may send mail for a domain, as with `v=spf1 -all`."""
    return all(outcome.result is Result.FAIL for version in (4, 6) for _, _, outcome in policy.ranges(version))


def _headline(simulation: Simulation) -> Line:
    if simulation.is_broken:
        told = Span("the draft is broken", "fault")
    elif simulation.is_worse:
        told = Span("something gets worse", "softfail")
    elif simulation.is_incomplete:
        told = Span("nothing is known to get worse, but DNS could not answer everything", "softfail")
    elif simulation.changes:
        told = Span("nothing gets worse", "pass")
    else:
        told = Span("no result changes", "pass")
    never = "; it never sends mail, before and after"
    quiet = never if never_sends(simulation.before) and never_sends(simulation.after) else ""
    return line(Span(visible_name(simulation.domain), "strong"), ": ", told, quiet, hang=2)


_STANDINGS = {
    Standing.ABSENT: "a new SPF record",
    Standing.SEVERAL: "one SPF record in place of several",
    Standing.UNKNOWN: "what stands there now is not known: DNS could not answer",
    Standing.RECORD: "the SPF record changes",
}


def _record(record: RecordChange, own: tuple[str, ...], width: int | None) -> Iterator[Line]:
    what = _STANDINGS[record.standing]
    if record.after is None and record.standing in (Standing.RECORD, Standing.SEVERAL):
        what = "the SPF record goes"
    elif record.after is None:
        what = "no SPF record that counts"
    elsewhere = (
        "" if _is_own(record.domain, own) else f"  (outside {visible_name(own[0])}: only its owner can change it)"
    )
    name = Span(visible_name(record.domain), "strong")
    yield line(name, f": {what}", Span(elsewhere, "softfail"), indent=2, hang=2)
    rows = [Row(_SIGNS[each.sign], Span(visible(each.term, SHOWN_TERM), "term"), ()) for each in record.terms]
    yield from table(rows, width, 4)


def _is_own(name: str, own: tuple[str, ...]) -> bool:
    return any(is_same_or_under(name, each) for each in own)


def why(change: Change, simulation: Simulation) -> str:
    """Return why a network's result changes: what decides then, and what decided that goes."""
    now = outcome_text(change.after)
    lost = change.before.result is Result.PASS and change.after.result is not Result.PASS
    if not lost or change.after.problem is not None or not change.before.path:
        return now
    going = {
        (record.domain.lower(), term.term) for record in simulation.records for term in record.terms if term.sign == "-"
    }
    first = next((term for domain, term in change.before.path if (domain.lower(), term) in going), None)
    if first is None:
        return f"{now}; until then {outcome_text(change.before)}"
    return f"{visible(first, SHOWN_TERM)} goes, and nothing else leads to it: {now}"


def counts(simulation: Simulation) -> Iterator[Line]:
    """Yield what the worst addresses cost, and for how long the old record may be used."""
    before, after, limits = simulation.before_budget, simulation.after_budget, simulation.after.limits
    least = "at least" if before.incomplete or after.incomplete else "at most"
    needs = ["without end" if need.endless else str(need.worst_lookups) for need in (before, after)]
    rule = limits.void_rule
    each = VoidRule.PER_LOOKUP
    yield line(
        f"{least}: lookups {needs[0]} → {needs[1]} of {limits.lookups}, "
        f"void lookups {before.worst_voids(rule)} → {after.worst_voids(rule)} of {limits.voids}",
        Span(f" (where each void answer counts: {before.worst_voids(each)} → {after.worst_voids(each)})", "quiet"),
        indent=2,
        hang=2,
    )
    for record in simulation.records:
        if record.ttl is not None and record.reached:
            what = "the old record" if record.before is not None else "that there is none"
            verb = "may be used" if record.before is not None else "may be remembered"
            told = f"{visible_name(record.domain)}: {what} {verb} for {_time(record.ttl)} after the change"
            yield line(Span(told, "quiet"), indent=2, hang=2)


def outside(simulation: Simulation, own: tuple[str, ...]) -> Iterator[Line]:
    """Yield which records of others the result rests on."""
    names = [visible_name(name) for name in simulation.outside if not _is_own(name, own)]
    if names:
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        told = f"rests on records outside {visible_name(own[0])}, which their owners may change at any time: "
        yield line(Span(told + ", ".join(names[:_MOST_NAMES]) + more, "quiet"), indent=2, hang=2)


def problem_lines(problem: Problem, simulation: Simulation, width: int | None) -> Iterator[Line]:
    """Yield a problem of the draft, with its place and hint."""
    fault = problem.code in _FAULTS
    about = Span(f" [{problem.code}]", "quiet")
    text = problem.text
    if problem.code is ProblemCode.OVER_VOID_LIMIT_PER_LOOKUP:
        most = simulation.before_budget.worst_voids(VoidRule.PER_LOOKUP)
        text += "; so they do now" if most > simulation.before.limits.voids else "; they do not now"
    yield line(Span("! ", "fault" if fault else "softfail"), text, about, indent=2, hang=2)
    source = next((r.after for r in simulation.records if r.domain == problem.domain and r.after is not None), None)
    if source is not None and problem.span is not None:
        shown, carets = excerpt(source, problem.span, 78 if width is None else width - 2)
        yield line(shown, indent=2, folds=False)
        yield line(Span(carets, "fault"), indent=2, folds=False)
    if problem.hint:
        yield line(Span("hint: ", "strong"), problem.hint, indent=4, hang=2)


def _paste(simulation: Simulation, own: tuple[str, ...], pasted: tuple[str, ...]) -> Iterator[Line]:
    """Yield the new records, unfolded, so that they can be copied."""
    drafted = [record for record in simulation.records if record.after is not None and record.reached]
    if simulation.is_broken:
        return
    for record in drafted:
        text = record.after or ""
        yield line()
        yield line(Span(f"to publish as TXT of {visible_name(record.domain)}:", "strong"), indent=2, hang=2)
        if not pasted:
            yield line(visible(text, len(text)), folds=False)
        if pasted or len(text) > _STRING:
            made = _forms(record, simulation, own)
            for form in pasted:
                yield line(Span(f"{form}:", "quiet"), indent=2)
                for row in made[form].splitlines():
                    yield line(row, folds=False)
            if not pasted:
                yield line(f"in strings of at most {_STRING} octets, for a zone file:", indent=2, hang=2)
                yield line(made["cpanel-split"], folds=False)


def _forms(record: RecordChange, simulation: Simulation, own: tuple[str, ...]) -> dict[str, str]:
    """Return a new record in all forms, with the other TXT records of its name."""
    octets = (record.after or "").encode("latin-1")
    answer = simulation.after.answers.get(Question(fold(record.domain), RRType.TXT))
    siblings = None if answer is None else [strings for strings in answer.strings if b"".join(strings) != octets]
    zone = next((each for each in sorted(own, key=len, reverse=True) if is_same_or_under(record.domain, each)), None)
    return forms(record.domain, octets, record.ttl, siblings=siblings, zone=zone)


def _time(seconds: int) -> str:
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}{'s' if seconds != size else ''}"
    return f"{seconds} second{'s' if seconds != 1 else ''}"
