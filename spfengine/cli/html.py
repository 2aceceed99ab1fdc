"""`--html FILE`: the report that commands write besides their output."""

from collections.abc import Iterable
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

from spfengine.cli import exits, options
from spfengine.cli.exits import CommandError
from spfengine.cli.screen import NOTES
from spfengine.text.lines import Line
from spfengine.visible import visible
from spfengine.written_files import write_whole

if TYPE_CHECKING:
    from spfengine.report.page import Page


def _require_jinja(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:  # noqa: ARG001 - click calls it with this argument
    """Fail before anything is asked, and not after it."""
    if value is not None and find_spec("jinja2") is None:
        from spfengine.report.html import NEEDED

        raise CommandError(exits.UNAVAILABLE, NEEDED)
    return value


option = click.option(
    "--html", "html", metavar="FILE", type=options.FileName(), callback=_require_jinja,
    help="Also write a report to FILE, which a browser opens: one file to send on, without scripts.",
)  # fmt: skip


def write_report(page: "Page", path: str, evidence: Iterable[Line] = ()) -> None:
    """Write a page to a file: all of it, or nothing. An existing file is replaced.

    Args:
        evidence: what was read about senders.

    Raises:
        CommandError: the file can't be written.
    """
    from spfengine.report.html import page_html
    from spfengine.report.page import Section, prose
    from spfengine.text.lines import line

    said = [
        Section("evidence", "How the senders are known", tuple(prose(evidence))),
        Section("notes", "What had to be assumed of the files", tuple(prose([line(str(each)) for each in _notes()]))),
    ]
    html = page_html(replace(page, sections=(*page.sections, *said)))
    try:
        write_whole(path, html, "utf-8")
    except (OSError, ValueError) as error:
        raise exits.cannot_write(visible(path), error) from error


def _notes() -> Iterable[Any]:
    context = click.get_current_context(silent=True)
    notes = None if context is None else context.meta.get(NOTES)
    return notes or ()
