"""The plan of a change to files: for each name that changes, what gets worse, better, or is not known."""

from collections.abc import Iterator
from dataclasses import replace

from spfengine.planning.plan import Plan, PlannedName, Verdict
from spfengine.text.lines import FAULT, WARNING, Line, Span, line, more_line, note, plain
from spfengine.text.simulate import brief_lines, changes_of, end_words
from spfengine.visible import visible, visible_name
from spfengine.wording import counted, listed

_MOST = 10  # of each kind of notes
_MOST_FILES = 3
WORDS = {
    Verdict.BROKEN: "broken",
    Verdict.WORSE: "something gets worse",
    Verdict.UNKNOWN: "not known whether something gets worse",
    Verdict.STRICTER: "stricter for clients that did not pass",
    Verdict.CHANGED: "nothing gets worse",
    Verdict.SAME: "no result changes",
}
"""What each verdict means."""


def plan_lines(plan: Plan, width: int | None, *, everything: bool = False) -> Iterator[Line]:
    """Yield the answer, each name that changes, the worst first, and what was not read."""
    yield line(Span(answer(plan), _style(plan)))
    yield note(Span(counts_text(plan), "quiet"))
    for each in plan.names:
        if each.verdict is not Verdict.SAME:
            yield line()
            yield from name_lines(plan, each, width, everything=everything)
    same = [each.label for each in plan.names if each.verdict is Verdict.SAME]
    if same:
        yield line()
        yield note(f"the record changes, and no result does: {listed(same, _MOST)}", indent=0)
    notes = list(note_lines(plan, None if everything else _MOST))
    if notes:
        yield line()
        yield from notes


def render_plan(plan: Plan, width: int | None, *, everything: bool) -> str:
    """Return the text of a plan; see its method `render`."""
    return plain(plan_lines(plan, width, everything=everything), width)


def answer(plan: Plan) -> str:
    """Return whether something gets worse, as far as that is known."""
    broken, worse = plan.count(Verdict.BROKEN), plan.count(Verdict.WORSE)
    if broken:
        more = f"; something gets worse for {counted(worse, 'other name')}" if worse else ""
        return f"{counted(broken, 'name is', 'names are')} broken by the change{more}"
    if plan.is_broken:
        return "a file that could be read before can't be read any more"
    if worse:
        return f"something gets worse for {counted(worse, 'name')}"
    unknown = plan.count(Verdict.UNKNOWN)
    if unknown:
        known = f"nothing is known to get worse, but not everything is known about {counted(unknown, 'name')}"
        stricter = sum(each.simulation.is_stricter for each in plan.names)
        return f"{known}; stricter for clients that did not pass: {counted(stricter, 'name')}" if stricter else known
    if plan.is_incomplete:
        return "nothing is known to get worse, but not every file that changes could be read"
    stricter = plan.count(Verdict.STRICTER)
    if stricter:
        return f"nothing that passes stops passing; stricter for clients that did not pass: {counted(stricter, 'name')}"
    if plan.count(Verdict.CHANGED):
        return "nothing gets worse"
    return "no result changes" if plan.names or plan.unchanged else "no name with SPF was found"


def _style(plan: Plan) -> str:
    if plan.is_broken:
        return "fault"
    if plan.is_worse:
        return "fail"
    return "softfail" if plan.is_incomplete or plan.count(Verdict.STRICTER) else "pass"


def counts_text(plan: Plan) -> str:
    """Return how many names change, and how many do not."""
    changing = sum(each.verdict is not Verdict.SAME for each in plan.names)
    rest = plan.unchanged + len(plan.names) - changing
    return f"{counted(changing, 'name changes', 'names change')}, {counted(rest, 'name does', 'names do')} not"


def name_lines(
    plan: Plan, planned: PlannedName, width: int | None, *, records: bool = True, everything: bool = False
) -> Iterator[Line]:
    """Yield what changes for a name; if wanted, also how its records change."""
    lines = list(brief_lines(planned.simulation, width, records=records, everything=everything))
    if planned.unsure:  # the comparison alone would claim more
        end = end_words(planned.simulation, changes_of(planned.simulation))
        said = f"{WORDS[planned.verdict]}{f'; {end}' if end else ''}"
        lines[0] = note(Span(planned.label, "strong"), f": {said}", indent=0)
    for each in lines:
        yield replace(each, spans=tuple([replace(span, text=plan.shown(span.text)) for span in each.spans]))
    if planned.file is not None:
        yield note(WARNING, f"as {visible(planned.file)} has it; other files have other records for this name")
    if planned.unsure:
        yield note(WARNING, f"not known: {planned.unsure}")
    parts = [part for part in planned.parts if f" {part} (" not in planned.unsure]  # which names those with their place
    if parts:
        yield note(WARNING, f"not in the files, so what it decides is not known: {listed(parts, _MOST)}")


def note_lines(plan: Plan, most: int | None) -> Iterator[Line]:
    """Yield what was not read, what the files do not say, and which files contradict each other.

    Args:
        most: how many of each kind are listed; None for all.
    """
    conflicts = [
        f"{plan.shown(visible_name(name))} has different records in {listed([visible(f) for f in files], _MOST_FILES)}"
        for name, files in plan.conflicts
    ]
    changed = [f"{visible(each.path)} changes and is not read: {each.why}" for each in plan.unread if each.is_changed]
    same = [f"{visible(each.path)} is not read: {each.why}" for each in plan.unread if not each.is_changed]
    unknown = [f"not known, and the same before and after: {text}" for text in plan.unknown]
    for mark, texts in ((FAULT, changed), (WARNING, conflicts), (WARNING, same), (WARNING, unknown)):
        yield from [note(mark, text, indent=0) for text in texts[:most]]
        yield from more_line(len(texts) - len(texts[:most]), where="--all lists", indent=2)
