"""What a person sees of a simulation: a plan. What changes in the records, for whom, why, and what to paste."""

from collections.abc import Iterable, Iterator

from spfengine.cli.policy_view import SHOWN_TERM, count_text, outcome_text, outcome_word
from spfengine.cli.screen import Line, Row, Span, line, table
from spfengine.evaluation.limits import VoidRule
from spfengine.evaluation.result import Result
from spfengine.policy.diff import Change
from spfengine.problems import ProblemCode
from spfengine.simulation.records import RecordChange
from spfengine.simulation.senders import SenderChange, change_is_worse
from spfengine.simulation.simulation import Simulation
from spfengine.visible import visible, visible_name

_SIGNS = {"+": Span("+", "pass"), "-": Span("-", "fail"), "=": Span(" ", "quiet")}
_MOST_NETWORKS = 40
_MOST_SENDERS = 200
_SHOWN_RECORD = 4000


def page(simulation: Simulation, width: int | None) -> Iterator[Line]:
    """Yield the lines of the plan."""
    yield _headline(simulation)
    for record in simulation.records:
        yield line()
        yield from _record(record, width)
    yield line()
    yield from _changes(simulation, width)
    yield from _kept(simulation.kept, width)
    yield from _everything_else(simulation)
    if simulation.senders:
        yield line()
        yield from _senders(simulation.senders, width)
    yield line()
    yield from _counts(simulation)
    for problem in simulation.problems:
        about = Span(f" [{problem.code}]", "quiet")
        fault = problem.code in (ProblemCode.DRAFT_BROKEN, ProblemCode.OVER_LOOKUP_LIMIT, ProblemCode.OVER_VOID_LIMIT)
        yield line(Span("! ", "fault" if fault else "softfail"), problem.text, about, indent=2, hang=2)
        if problem.hint:
            yield line(Span("hint: ", "strong"), problem.hint, indent=4, hang=2)
    yield from _paste(simulation)


def _headline(simulation: Simulation) -> Line:
    if simulation.is_broken:
        told = Span("the draft is broken", "fault")
    elif simulation.is_worse:
        told = Span("something gets worse", "softfail")
    elif simulation.changes:
        told = Span("nothing gets worse", "pass")
    elif simulation.is_incomplete:
        told = Span("nothing is known to change", "softfail")
    else:
        told = Span("no result changes", "pass")
    return line(Span(visible_name(simulation.domain), "strong"), ": ", told)


def _record(record: RecordChange, width: int | None) -> Iterator[Line]:
    name = Span(visible_name(record.domain), "strong")
    if record.after is None:
        yield line(name, ": ", "the SPF record goes" if record.before else "still no SPF record", indent=2)
    elif record.before is None:
        yield line(name, ": a new SPF record", indent=2)
    else:
        yield line(name, ": the SPF record changes", indent=2)
    rows = [Row(_SIGNS[each.sign], Span(visible(each.term, SHOWN_TERM), "term"), ()) for each in record.terms]
    yield from table(rows, width, 4)


def _changes(simulation: Simulation, width: int | None) -> Iterator[Line]:
    for (before, after), changes in _groups(simulation.changes):
        if _is_most(changes):
            continue  # told as everything else
        count = sum(change.network.num_addresses for change in changes)
        style = "fail" if _worse(changes) else "strong"
        networks = f"{len(changes)} network{'s' if len(changes) > 1 else ''}, {count_text(count)}"
        yield line(Span(f"{before} → {after}", style), Span(f"  {networks}", "quiet"), indent=2, hang=2)
        shown = changes[:_MOST_NETWORKS]
        rows = [Row(Span(" "), Span(str(c.network), "term"), (Span(_why(c, simulation)),)) for c in shown]
        yield from table(rows, width, 4)
        if len(changes) > _MOST_NETWORKS:
            yield line(f"… and {len(changes) - _MOST_NETWORKS} more; --json has them all", indent=6)


def _groups(changes: Iterable[Change]) -> list[tuple[tuple[str, str], list[Change]]]:
    """Return the changes by what they are, what gets worse first."""
    groups: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        groups.setdefault((outcome_word(change.before), outcome_word(change.after)), []).append(change)
    return sorted(groups.items(), key=lambda item: not _worse(item[1]))


def _is_most(changes: list[Change]) -> bool:
    """Whether these are most addresses of a family: what is left when the others have been told."""
    counts = {4: 0, 6: 0}
    for change in changes:
        counts[change.network.version] += change.network.num_addresses
    return counts[4] > 1 << 31 or counts[6] > 1 << 127


def _kept(kept: tuple[Change, ...], width: int | None) -> Iterator[Line]:
    groups: dict[str, list[Change]] = {}
    for change in kept:
        groups.setdefault(outcome_word(change.after), []).append(change)
    for result, changes in groups.items():
        yield line(Span(f"stays {result}", "strong"), Span("  though a term that leads to it goes", "quiet"), indent=2)
        rows = [
            Row(Span(" "), Span(str(c.network), "term"), (Span(outcome_text(c.after)),))
            for c in changes[:_MOST_NETWORKS]
        ]
        yield from table(rows, width, 4)
        if len(changes) > _MOST_NETWORKS:
            yield line(f"… and {len(changes) - _MOST_NETWORKS} more; --json has them all", indent=6)


def _everything_else(simulation: Simulation) -> Iterator[Line]:
    most = [group for group in _groups(simulation.changes) if _is_most(group[1])]
    for (before, after), changes in most:
        style = "fail" if _worse(changes) else "strong"
        yield line(
            "everything else  ",
            Span(f"{before} → {after}", style),
            f"  {outcome_text(changes[0].after)}",
            indent=2,
            hang=2,
        )
    if not most:
        what = "everything else" if simulation.changes or simulation.kept else "every address"
        unknown = "; what DNS could not answer for is not known" if simulation.is_incomplete else ""
        yield line(f"{what} keeps its result{unknown}", indent=2, hang=2)
    conditional = {str(each) for _, outcome, _ in simulation.after.conditional for each in outcome.depends_on}
    for each in sorted(conditional)[:5]:
        told = f"some results rest on more than the address: {each}"
        yield line(Span(told, "quiet"), indent=2, hang=2)


def _senders(senders: Iterable[SenderChange], width: int | None) -> Iterator[Line]:
    ordered = sorted(senders, key=lambda change: (_EFFECTS.index(change.effect), -change.sender.count))
    rows = []
    for change in ordered[:_MOST_SENDERS]:
        before, after = str(change.before.result), str(change.after.result)
        who = f"{change.sender.ip} {visible(change.sender.label or change.sender.sender.removeprefix('@'), 60)}"
        by = change.after.directive or (change.after.problem.code if change.after.problem else "the default")
        what = (Span(before, before), Span(" → "), Span(after, after), Span(f"  by {visible(by, 60)}", "quiet"))
        rows.append(Row(Span(" "), Span(who), what))
    yield line(Span("senders", "strong"), indent=2)
    yield from table(rows, width, 4)


_EFFECTS = ("newly-failing", "newly-passing", "changed", "still-failing", "unchanged")


def _counts(simulation: Simulation) -> Iterator[Line]:
    before, after = simulation.before_budget, simulation.after_budget
    limits = simulation.after.limits
    told = f"lookups {_need(before.worst_lookups, before.endless)} → {_need(after.worst_lookups, after.endless)}"
    voids = f"void lookups {before.worst_voids()} → {after.worst_voids()}"
    each = f"{before.worst_voids(VoidRule.PER_LOOKUP)} → {after.worst_voids(VoidRule.PER_LOOKUP)}"
    yield line(
        Span(f"at most: {told} of {limits.lookups}, {voids} of {limits.voids}"),
        Span(f" (where each is counted: {each})", "quiet"),
        indent=2, hang=2,
    )  # fmt: skip
    for record in simulation.records:
        if record.ttl:
            told = f"{visible_name(record.domain)}: the old record may be used for {_time(record.ttl)} after the change"
            yield line(Span(told, "quiet"), indent=2, hang=2)


def _paste(simulation: Simulation) -> Iterator[Line]:
    drafted = [record for record in simulation.records if record.after is not None]
    if drafted and not simulation.is_broken:
        yield line()
        yield line(Span("to publish (TXT):", "strong"), indent=2)
        for record in drafted:
            yield line(visible_name(record.domain), "  ", visible(record.after or "", _SHOWN_RECORD), indent=4, hang=2)


def _why(change: Change, simulation: Simulation) -> str:
    """Why a network's result changes: what leads to it now, and what did."""
    lost = change.before.result is Result.PASS and change.after.problem is None
    if change.after.result is Result.PASS or not lost:
        return outcome_text(change.after)
    gone = change.before.path[-1][1] if change.before.path else ""
    going = {term.term for record in simulation.records for term in record.terms if term.sign == "-"}
    first = next((term for _, term in change.before.path if term in going), None)
    if first is None:
        return f"was {visible(gone, SHOWN_TERM)}; {outcome_text(change.after)}"
    return f"{visible(first, SHOWN_TERM)} goes, and nothing else leads to it: {outcome_text(change.after)}"


def _worse(changes: list[Change]) -> bool:
    return any(change_is_worse(change.before, change.after) for change in changes)


def _need(count: int, endless: bool) -> str:
    return "without end" if endless else str(count)


def _time(seconds: int) -> str:
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}{'s' if seconds != size else ''}"
    return f"{seconds} seconds"
