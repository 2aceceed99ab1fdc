"""The plan of a change as Markdown, for a comment in a pull request.

Whatever comes from files, DNS or the command line is in a code span or a fenced block, in which no mention, link, HTML
or other markup has an effect. All other text is fixed.
"""

import re
from collections.abc import Iterable, Iterator

from spfengine.planning.plan import Plan, PlannedName, Verdict
from spfengine.text.lines import plain
from spfengine.text.plan import WORDS, answer, counts_text, name_lines, note_lines
from spfengine.visible import visible, visible_name

MOST_OCTETS = 60_000
"""The size of a comment, at most: GitHub takes 65,536 characters, and others may add some of their own."""
MARKER = "<!-- spfengine plan -->"
"""How the comment begins, so that it can be found and replaced."""
_OF_TERMS = 2_000
_OF_LINES = 6_000
_OF_THE_END = 1_500
_MOST_SAME = 20
_WIDTH = 100
_LONGEST_LINE = 500
_TICKS = re.compile("`+")
_MARKS = {
    Verdict.BROKEN: "\U0001f534",
    Verdict.WORSE: "\U0001f534",
    Verdict.UNKNOWN: "\U0001f7e1",
    Verdict.STRICTER: "\U0001f7e1",
    Verdict.CHANGED: "\U0001f7e2",
}


def plan_markdown(plan: Plan) -> str:
    """Return the plan as Markdown, at most `MOST_OCTETS` long."""
    compared = f"{code(visible(plan.before, 80))} → {code(visible(plan.after, 80))}"
    head = [MARKER, f"### SPF: {answer(plan)}", f"{compared}: {counts_text(plan)}."]
    notes = _notes(plan)
    changing = [each for each in plan.names if each.verdict is not Verdict.SAME]
    parts: list[str] = []
    left = MOST_OCTETS - _size("\n\n".join([*head, *notes])) - _OF_THE_END
    for each in changing:
        part = _name(plan, each)
        left -= _size(part) + 2
        if left < 0:
            parts.append(f"**{len(changing) - len(parts):,} more change;** `spfengine plan` has them all.")
            break
        parts.append(part)
    same = [each.label for each in plan.names if each.verdict is Verdict.SAME]
    if same:
        parts.append(f"The record changes, and no result does: {_listed(same, _OF_THE_END - 200)}.")
    return "\n\n".join([*head, *parts, *notes]) + "\n"


def _name(plan: Plan, planned: PlannedName) -> str:
    title = f"#### {_MARKS[planned.verdict]} {code(planned.label)}: {WORDS[planned.verdict]}"
    terms = list(_terms(plan, planned))
    text = plain(name_lines(plan, planned, _WIDTH, records=False), _WIDTH).split("\n")
    blocks = [fenced("diff", terms, _OF_TERMS)] if terms else []
    return "\n\n".join([title, *blocks, fenced("text", text, _OF_LINES)])


def _terms(plan: Plan, planned: PlannedName) -> Iterator[str]:
    """Yield the terms that are removed and added, as a diff."""
    for record in planned.simulation.records:
        if not record.is_after_known:
            continue
        if record.domain != planned.name:
            yield f"@@ {plan.shown(visible_name(record.domain))} @@"
        if record.after is None and record.before is not None:
            yield f"- {visible(plan.shown(record.before), _LONGEST_LINE)}"
            continue
        for term in record.terms:
            if term.sign != "=":
                yield f"{term.sign} {visible(plan.shown(term.term), _LONGEST_LINE)}"


def _notes(plan: Plan) -> list[str]:
    """Return what was not read and is not known, since it limits what the answer says."""
    lines = plain(note_lines(plan, 10), _WIDTH)
    return ["Not read, or not known:", fenced("text", lines.split("\n"), _OF_LINES)] if lines else []


def code(text: str) -> str:
    """Return text as a code span, in which nothing of it is markup. Line ends become spaces."""
    text = " ".join(text.splitlines()) or " "
    ticks = "`" * (_longest_run(text) + 1)
    pad = " " if "`" in {text[0], text[-1]} or text.strip(" ") != text else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def fenced(language: str, lines: Iterable[str], most: int) -> str:
    """Return lines as a fenced block that none of them ends, at most about `most` octets long."""
    kept = list(_cut(lines, most))
    fence = "`" * max(3, _longest_run("\n".join(kept)) + 1)
    return "\n".join([fence + language, *kept, fence])


def _cut(lines: Iterable[str], most: int) -> Iterator[str]:
    waiting = list(lines)
    for number, each in enumerate(waiting):
        row = each if len(each) <= _LONGEST_LINE else each[: _LONGEST_LINE - 1] + "…"
        most -= _size(row) + 1
        if most < 0:
            yield f"… {len(waiting) - number:,} more lines"
            return
        yield row


def _listed(names: list[str], most: int) -> str:
    """Return names as code spans, as many as fit."""
    shown: list[str] = []
    for name in names:
        span = code(name)
        most -= _size(span) + 2
        if most < 0 or len(shown) == _MOST_SAME:
            return f"{', '.join(shown)} and {len(names) - len(shown):,} more"
        shown.append(span)
    return ", ".join(shown)


def _longest_run(text: str) -> int:
    return max([len(run) for run in _TICKS.findall(text)], default=0)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
