"""A simulation as a plan: what changes in the records, for whom, why, and what to publish."""

from collections.abc import Iterable, Iterator, Sequence

from spfengine.advice.forms import forms
from spfengine.answers import MAX_STRING, Question, RRType
from spfengine.evaluation.limits import VoidRule
from spfengine.evaluation.unanswered import NOT_GIVEN, TOO_MUCH_WORK, why_unknown
from spfengine.names import fold, is_same_or_under
from spfengine.policy.budget import Budget
from spfengine.policy.diff import Change
from spfengine.policy.policy import open_term
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.simulation.records import BROKEN, RecordChange, Standing
from spfengine.simulation.simulation import Effect, SenderChange, Simulation, is_worse
from spfengine.text.changes import Changes, Kind, is_less
from spfengine.text.lines import (
    FAULT,
    SIGNS,
    WARNING,
    Line,
    Row,
    Span,
    deeper,
    line,
    narrower,
    note,
    plain,
    table,
    verbatim,
)
from spfengine.text.outcomes import SHOWN_TERM, condition_lines, cost_text, never_sends, outcome_text
from spfengine.text.problems import problem_lines
from spfengine.text.senders import (
    authentication_lines,
    disagreement_lines,
    sender_lines,
    summary_line,
    unknown_input_lines,
)
from spfengine.text.tree import too_much_line
from spfengine.visible import visible, visible_name
from spfengine.wording import counted, listed

_MOST_NAMES = 10
_FAULTS = (*BROKEN, ProblemCode.OVER_LOOKUP_LIMIT, ProblemCode.OVER_VOID_LIMIT)
_STANDINGS = {
    Standing.ABSENT: "a new SPF record",
    Standing.SEVERAL: "one SPF record in place of several",
    Standing.UNKNOWN: "the current record is not known",
    Standing.RECORD: "the SPF record changes",
}


def simulation_lines(
    simulation: Simulation,
    width: int | None,
    own: Iterable[str] = (),
    formats: Sequence[str] = (),
    *,
    everything: bool = False,
) -> Iterator[Line]:
    """Yield the lines of the plan: the answer, what gets worse, better and stays, then what to know and to publish.

    Args:
        own: domains whose records the admin can edit, in addition to the one simulated.
        formats: the formats in which to print the new records; none: as they are.
        everything: whether all networks and senders are listed, however many.
    """
    own = (simulation.domain, *own)
    changes = changes_of(simulation, everything=everything)
    yield _headline(simulation, changes)
    if simulation.senders:
        yield summary_line(simulation.senders)
        yield from authentication_lines([change.sender for change in simulation.senders])
    if simulation.is_broken:
        yield from _problem_lines(simulation, width)
    yield from _sections(simulation, changes, width, everything=everything)
    yield from condition_lines(simulation.after)
    yield from unknown_input_lines(simulation.senders)
    yield from disagreement_lines(simulation.senders, width)
    for record in simulation.records:
        yield line()
        yield from record_lines(record, own, width)
    yield line()
    yield from cost_lines(simulation)
    yield from outside_lines(simulation, own)
    if not simulation.is_broken:
        yield from _problem_lines(simulation, width)
    yield from publish_lines(simulation, own, formats)


def brief_lines(
    simulation: Simulation, width: int | None, *, records: bool = True, everything: bool = False
) -> Iterator[Line]:
    """Yield the answer, whose results change, and what is wrong or not known.

    Args:
        records: whether to show how the records change.
        everything: whether all networks and senders are listed, however many.
    """
    changes = changes_of(simulation, everything=everything)
    yield _headline(simulation, changes)
    if simulation.senders:
        yield summary_line(simulation.senders)
    body = [*_sections(simulation, changes, width, everything=everything)]
    for record in simulation.records if records else ():
        body += [line(), *record_lines(record, (simulation.domain, record.domain), width)]
    problems = [*_problem_lines(simulation, width), *_receivers_exceeded(simulation)]
    yield from _without_gaps([*body, line(), *problems])


def _receivers_exceeded(simulation: Simulation) -> Iterator[Line]:
    """Yield whose limits some clients exceed after the change, and not before it."""
    before, after = _budgets(simulation)
    newly = [profile for profile in after.too_much_for if profile not in before.too_much_for]
    if newly:
        yield too_much_line(newly, "after the change, ")


def _without_gaps(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield lines without the empty ones, but for one before what begins a part."""
    kept: list[Line] = []
    for each in lines:
        if each.spans or (kept and kept[-1].spans):
            kept.append(each)
    while kept and not kept[-1].spans:
        kept.pop()
    yield from kept


SECTIONS = ("gets worse", "not known", "gets better", "changes", "stays")
"""The parts of a plan, in order."""
_SECTION_OF = {
    Effect.NEWLY_FAILING: "gets worse",
    Effect.UNKNOWN: "not known",
    Effect.NEWLY_PASSING: "gets better",
    Effect.STILL_FAILING: "stays",
    Effect.UNCHANGED: "stays",
}


def _sections(simulation: Simulation, changes: Changes, width: int | None, *, everything: bool) -> Iterator[Line]:
    """Yield what gets worse, what is not known, what gets better, and what stays: senders first, then networks."""
    within = narrower(width)
    networks = {
        "gets worse": changes.group_lines(within, Kind.WORSE),
        "not known": changes.unknown_lines(within),
        "gets better": changes.group_lines(within, Kind.BETTER),
        "changes": changes.group_lines(within, Kind.OTHER),
        "stays": changes.staying_lines(simulation.kept, within),
    }
    for name, senders in by_section(simulation.senders).items():
        lines = [*sender_lines(senders, within, everything=everything), *networks[name]]
        if lines:
            yield line()
            yield note(Span(name, "fail" if name == "gets worse" else "strong"))
            yield from deeper(lines)
    yield line()
    yield from changes.rest_lines()


def by_section(changes: Iterable[SenderChange]) -> dict[str, list[SenderChange]]:
    """Return senders by the part of the plan that they belong to, in the order of the parts; one may be empty."""
    parts: dict[str, list[SenderChange]] = {name: [] for name in SECTIONS}
    for change in changes:
        parts[_section_of(change)].append(change)
    return parts


def _section_of(change: SenderChange) -> str:
    if change.effect is not Effect.CHANGED:
        return _SECTION_OF[change.effect]
    assert change.before.result is not None, "a sender is one client, so its result is known"
    assert change.after.result is not None, "a sender is one client, so its result is known"
    return "gets better" if is_worse(change.after.result, change.before.result) else "changes"


def _problem_lines(simulation: Simulation, width: int | None) -> Iterator[Line]:
    for problem in simulation.problems:
        yield from draft_problem_lines(problem, simulation, width)


def render_simulation(
    simulation: Simulation, width: int | None, own: Iterable[str], formats: Sequence[str], *, everything: bool
) -> str:
    """Return the text of a simulation; see its method `render`."""
    return plain(simulation_lines(simulation, width, own, formats, everything=everything), width)


def overview_lines(simulations: Sequence[Simulation]) -> Iterator[Line]:
    """Yield for which names of a zone nothing changes; the others have a plan each."""
    quiet = [simulation for simulation in simulations if not has_plan(simulation)]
    names = f"{counted(len(simulations), 'name has', 'names have')} SPF"
    yield note(Span(names, "strong"), f"; nothing changes for {len(quiet)} of them{':' if quiet else ''}", indent=0)
    for simulation in quiet:
        never = "  (never sends mail)" if never_sends(simulation.after) else ""
        yield note(visible_name(simulation.domain), Span(never, "quiet"))


def has_plan(simulation: Simulation) -> bool:
    """Whether there is anything to say about a simulation."""
    return bool(simulation.records or simulation.changes or simulation.problems or simulation.senders)


def change_lines(simulation: Simulation, width: int | None, *, everything: bool = False) -> Iterator[Line]:
    """Yield whose results change, and what happens to all other addresses."""
    changes = changes_of(simulation, everything=everything)
    yield from changes.lines(width)
    yield from changes.staying_lines(simulation.kept, width)
    yield from changes.rest_lines()


def changes_of(simulation: Simulation, *, everything: bool = False) -> Changes:
    """Return the changes of a simulation, sorted for people."""
    return Changes(
        simulation.before,
        simulation.after,
        simulation.changes,
        lambda change: _why(change, simulation),
        is_less,
        everything=everything,
        where="--all lists them",
    )


def _headline(simulation: Simulation, changes: Changes) -> Line:
    never = "; it never sends mail, before and after"
    quiet = never if never_sends(simulation.before) and never_sends(simulation.after) else ""
    rest = end_words(simulation, changes) or changes.passing_rest_words()
    parts = [_answer(simulation, changes), *([Span("; "), Span(rest, "softfail")] if rest else [])]
    return note(Span(visible_name(simulation.domain), "strong"), ": ", *parts, quiet, indent=0)


def end_words(simulation: Simulation, changes: Changes) -> str:
    """Return what gets worse of what is not listed: "everything not listed: softfail → fail"; "" if nothing.

    If it is not known what terms match, it is what a client gets that none matches.
    """
    if changes.is_rest_unknown and simulation.has_stricter_end and not simulation.is_broken:
        before, after = simulation.ends
        return f"everything not listed: {before} → {after}"
    return changes.worse_rest_words()


def _answer(simulation: Simulation, changes: Changes) -> Span:
    """Return whether anything gets worse, as far as that is known; what happens to the rest is said after it."""
    if simulation.is_broken:
        return Span("the draft is broken", "fault")
    if simulation.is_worse:
        return Span("something gets worse", "softfail")
    unknown = _what_is_unknown(simulation)
    if unknown:
        return Span(f"nothing is known to get worse, but {unknown}", "softfail")
    if simulation.is_stricter:
        whom = f"no sender given gets worse ({len(simulation.senders):,})"
        nothing = whom if simulation.senders else "nothing that passes stops passing"
        listed_ones = changes.worse_words()
        return Span(f"{nothing}; {listed_ones}" if listed_ones else nothing, "softfail")
    if simulation.changes:
        return Span("nothing gets worse", "pass")
    return Span("no result changes", "pass")


def _what_is_unknown(simulation: Simulation) -> str:
    """Return why "nothing gets worse" can't be said; "" if everything is known."""
    if simulation.is_incomplete:
        return _gap(simulation)
    if open_term(simulation.after) and any(each.code is ProblemCode.DRAFT_NOT_REACHED for each in simulation.problems):
        return "whether a draft is reached depends on the sender"
    unsure = [change for change in simulation.senders if change.rests_on]
    if unsure:
        return f"what {counted(len(unsure), 'sender')} would get depends on what is not known of them"
    before, after = (each.worst_voids(VoidRule.PER_LOOKUP) for each in _budgets(simulation))
    most = simulation.before.limits.voids
    if before <= most < after:
        return f"receivers that count each void lookup give permerror ({after} of them, {most} are allowed)"
    return ""


def _budgets(simulation: Simulation) -> tuple[Budget, Budget]:
    return simulation.before_budget, simulation.after_budget


def _gap(simulation: Simulation) -> str:
    """Return what is not known, in words."""
    if simulation.needs_helo:
        return "the results of some senders depend on the HELO name, which is not known"
    failed = simulation.failed
    outside = [change.after.problem or change.before.problem for change in simulation.unknown_senders]
    is_outside = all(problem is not None and problem.code is ProblemCode.OUTSIDE_ZONE for problem in outside)
    if is_outside and (why_unknown(failed) == NOT_GIVEN if failed else outside):
        return "part of it depends on names that are not in the files given"
    if any(problem.code is ProblemCode.WORK_LIMIT for problem in simulation.problems):
        return TOO_MUCH_WORK
    return "DNS could not answer everything"


def record_lines(record: RecordChange, own: tuple[str, ...], width: int | None) -> Iterator[Line]:
    """Yield how a record changes, term by term."""
    what = _STANDINGS[record.standing]
    if not record.is_after_known:
        what = "the new record is not known"
    elif record.after is None and record.standing in (Standing.RECORD, Standing.SEVERAL):
        what = "the SPF record is removed"
    elif record.after is None:
        what = "no SPF record that counts"
    outside = "" if _is_own(record.domain, own) else f"  (outside {visible_name(own[0])}: only its owner can change it)"
    yield note(Span(visible_name(record.domain), "strong"), f": {what}", Span(outside, "softfail"))
    rows = [Row(SIGNS[term.sign], Span(visible(term.term, SHOWN_TERM), "term")) for term in record.terms]
    yield from table(rows, width, 4)


def _is_own(name: str, own: tuple[str, ...]) -> bool:
    return any(is_same_or_under(name, domain) for domain in own)


def _why(change: Change, simulation: Simulation) -> str:
    """Return why a network's result changes: what decides then, and which removed term decided before."""
    now = outcome_text(change.after)
    lost = change.before.result is Result.PASS and change.after.result is not Result.PASS
    if not lost or change.after.problem is not None or not change.before.path:
        return now
    removed = {
        (record.domain.lower(), term.term) for record in simulation.records for term in record.terms if term.sign == "-"
    }
    first = next((term for domain, term in change.before.path if (domain.lower(), term) in removed), None)
    if first is None:
        return f"{now}; until then {outcome_text(change.before)}"
    return f"{visible(first, SHOWN_TERM)} is removed, and no other term matches: {now}"


def cost_lines(simulation: Simulation) -> Iterator[Line]:
    """Yield what the worst addresses cost, and for how long the old record may be used."""
    before, after = simulation.before_budget, simulation.after_budget
    least = "at least" if before.incomplete or after.incomplete else "at most"
    counts, otherwise = cost_text(before, after, simulation.after)
    yield note(f"{least}: {counts}", Span(otherwise, "quiet"))
    for record in simulation.records:
        if record.ttl is not None and record.reached:
            cached = "the old record may be used" if record.before is not None else "its absence may be remembered"
            text = f"{visible_name(record.domain)}: {cached} for {_time(record.ttl)} after the change"
            yield note(Span(text, "quiet"))


def outside_lines(simulation: Simulation, own: tuple[str, ...]) -> Iterator[Line]:
    """Yield which records of others the result depends on."""
    names = [visible_name(name) for name in simulation.outside if not _is_own(name, own)]
    if names:
        text = f"depends on records outside {visible_name(own[0])}, which their owners may change at any time: "
        yield note(Span(text + listed(names, _MOST_NAMES), "quiet"))


def draft_problem_lines(problem: Problem, simulation: Simulation, width: int | None) -> Iterator[Line]:
    """Yield a problem of the draft, with the part of the draft that it is about."""
    after, source = placed_problem(problem, simulation)
    mark = FAULT if problem.code in _FAULTS else WARNING
    yield from problem_lines(problem, width, source=source, mark=mark, after=after)


def placed_problem(problem: Problem, simulation: Simulation) -> tuple[str, str | None]:
    """Return what is to be said after a problem of the draft, and the drafted record that it is about."""
    after = ""
    if problem.code is ProblemCode.OVER_VOID_LIMIT_PER_LOOKUP:
        most = simulation.before_budget.worst_voids(VoidRule.PER_LOOKUP)
        after = "; they already do" if most > simulation.before.limits.voids else "; they do not yet"
    source = next((r.after for r in simulation.records if r.domain == problem.domain and r.after is not None), None)
    return after, source


def publish_lines(simulation: Simulation, own: tuple[str, ...], formats: Sequence[str]) -> Iterator[Line]:
    """Yield the new records, unwrapped, so that they can be copied."""
    if simulation.is_broken:
        return
    for record in simulation.records:
        if record.after is not None and record.reached:
            yield line()
            yield note(Span(f"to publish as TXT of {visible_name(record.domain)}:", "strong"))
            if formats:
                yield from _in_formats(record, simulation, own, formats)
            else:
                yield from _as_it_is(record, record.after, simulation, own)


def _in_formats(
    record: RecordChange, simulation: Simulation, own: tuple[str, ...], formats: Sequence[str]
) -> Iterator[Line]:
    texts = record_forms(record, simulation, own)
    for name in formats:
        yield line(Span(f"{name}:", "quiet"), indent=2)
        for row in texts[name].splitlines():
            yield verbatim(row)


def _as_it_is(record: RecordChange, text: str, simulation: Simulation, own: tuple[str, ...]) -> Iterator[Line]:
    yield verbatim(visible(text, len(text)))
    if len(text) > MAX_STRING:
        yield note(f"in strings of at most {MAX_STRING} octets, for a zone file:")
        yield verbatim(record_forms(record, simulation, own)["cpanel-split"])


def record_forms(record: RecordChange, simulation: Simulation, own: tuple[str, ...]) -> dict[str, str]:
    """Return a new record in all formats, with the other TXT records of its name."""
    octets = (record.after or "").encode("latin-1")
    answer = simulation.after.answers.get(Question(fold(record.domain), RRType.TXT))
    siblings = None if answer is None else [strings for strings in answer.strings if b"".join(strings) != octets]
    zone = next((name for name in sorted(own, key=len, reverse=True) if is_same_or_under(record.domain, name)), None)
    return forms(record.domain, octets, record.ttl, siblings=siblings, zone=zone)


def _time(seconds: int) -> str:
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size and seconds % size == 0:
            return counted(seconds // size, unit)
    return counted(seconds, "second")
