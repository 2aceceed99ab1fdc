"""`--html FILE`: the report that commands write besides their output."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

from spfengine.cli import exits, options
from spfengine.cli.exits import CommandError
from spfengine.cli.screen import NOTES
from spfengine.errors import MissingExtraError
from spfengine.senders import Sender
from spfengine.text.lines import Line
from spfengine.visible import visible
from spfengine.written_files import write_whole

if TYPE_CHECKING:
    from spfengine.answers import Resolver
    from spfengine.report.edits.situation import Situation
    from spfengine.report.page import Page


def _require_jinja(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:  # noqa: ARG001 - click calls it with this argument
    """Fail before anything is asked, and not after it."""
    if value is not None and find_spec("jinja2") is None:
        from spfengine.report.html import NEEDED

        raise CommandError(exits.UNAVAILABLE, NEEDED)
    return value


option = click.option(
    "--html", "html", metavar="FILE", type=options.FileName(), callback=_require_jinja, is_eager=True,
    help="Also write a report to FILE, which a browser opens: one file to send on, without scripts.",
)  # fmt: skip


def _require_runtime(ctx: click.Context, param: click.Parameter, value: bool) -> bool:  # noqa: ARG001 - click calls it with this argument
    """Fail before anything is asked, and not after it."""
    if value:
        from spfengine.report.interactive import require_runtime

        if ctx.params.get("html") is None:
            raise click.UsageError("--interactive is a kind of report; expected --html FILE too", ctx)
        try:
            require_runtime()
        except MissingExtraError as error:
            raise CommandError(exits.UNAVAILABLE, str(error)) from error
    return value


interactive = click.option(
    "--interactive", "is_interactive", is_flag=True, callback=_require_runtime,
    help="With --html: the reader can try other records in the report, which has the engine inside (extra `live`).",
)  # fmt: skip


def recorder_of(resolver: "Resolver", *, is_interactive: bool) -> "Resolver":
    """Return a resolver that records its answers if a report is to be interactive."""
    if not is_interactive:
        return resolver
    from spfengine.resolvers.recording import Recorder

    return Recorder(resolver)


def editable_simulation(
    resolver: "Resolver | None",
    domain: str,
    drafts: Mapping[str, str],
    senders: Iterable[Sender],
    own: Iterable[str],
    formats: Iterable[str],
) -> "Situation | None":
    """Return what an interactive report needs; None if it is not to be interactive, so that nothing was recorded."""
    from spfengine.resolvers.recording import Recorder

    if not isinstance(resolver, Recorder):
        return None
    from spfengine.report.edits.simulation import recorded_simulation

    return recorded_simulation(resolver, domain, drafts, tuple(senders), tuple(own), tuple(formats))


def write_report(page: "Page", path: str, evidence: Iterable[Line] = (), situation: "Situation | None" = None) -> None:
    """Write a page to a file: all of it, or nothing. An existing file is replaced.

    Args:
        evidence: what was read about senders.
        situation: what an interactive report needs; None: it runs no script.

    Raises:
        CommandError: the file can't be written.
    """
    from spfengine.report.html import page_html
    from spfengine.report.page import Section, prose
    from spfengine.text.lines import line

    said = [
        Section("evidence", "How the senders are known", tuple(prose(evidence))),
        Section("notes", "What had to be assumed", tuple(prose([line(str(each)) for each in _notes()]))),
    ]
    whole = replace(page, sections=(*page.sections, *said))
    if situation is None:
        html = page_html(whole)
    else:
        from spfengine.report.interactive import interactive_html

        html = interactive_html(whole, situation)
    try:
        write_whole(path, html, "utf-8")
    except (OSError, ValueError) as error:
        raise exits.cannot_write(visible(path), error) from error


def _notes() -> Iterable[Any]:
    context = click.get_current_context(silent=True)
    notes = None if context is None else context.meta.get(NOTES)
    return notes or ()
