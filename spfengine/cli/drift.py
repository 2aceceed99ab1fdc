"""`spfengine drift`: what changed in DNS since a snapshot, for cron and CI."""

from collections.abc import Iterator

import click

from spfengine.advice.drift.drift import Drift, drift
from spfengine.advice.drift.snapshot import Snapshot
from spfengine.cli import exits, html as reports, options, sources
from spfengine.cli.exits import CommandError, cannot_read
from spfengine.cli.screen import Screen, write_csv, write_json
from spfengine.cli.snapshot import write
from spfengine.errors import RecordingError
from spfengine.simulation.simulation import change_is_worse
from spfengine.text.drift import drift_lines
from spfengine.text.outcomes import outcome_text, outcome_word
from spfengine.visible import visible, visible_name

_EPILOG = f"""\b
Examples:
  spfengine drift includes.json
  spfengine drift includes.json --quiet --update    (from cron: mail about each change, once)

The exit code: 0 nothing changed for any client, 1 something did (with --only-worse: something got worse: mail that
passed no longer does, or an error is new), 69 no result is known to have changed, but DNS could not answer everything.
{exits.OTHER_HELP}, 73 FILE can't be written.
"""
_COLUMNS = ("domain", "network", "before", "after", "worse", "by_before", "by_after")


@click.command(epilog=_EPILOG)
@click.argument("file", metavar="FILE", type=options.FileName("a file that `spfengine snapshot` wrote"))
@click.option("--only-worse", is_flag=True, help="Exit with 1 only if something got worse.")
@click.option("--update", is_flag=True, help="Write what DNS says now to FILE, unless DNS could not answer everything.")
@click.option("-q", "--quiet", is_flag=True, help="Show nothing if the exit code is 0.")
@options.zone
@options.live
@options.nameserver
@click.option("--csv", "as_csv", is_flag=True, help="Print the networks that changed as a table (CSV) instead of text.")
@reports.option
@options.as_json
def command(
    file: str,
    only_worse: bool,
    update: bool,
    quiet: bool,
    zones: tuple[str, ...],
    live: bool,
    nameservers: tuple[str, ...],
    as_csv: bool,
    html: str | None,
    as_json: bool,
) -> int:
    """Show what changed since the snapshot in FILE, for every address, and whose record it was."""
    options.only_one_format(as_json, as_csv)
    resolver = sources.base_resolver(zones, live, nameservers)
    result = drift(_read(file), resolver=resolver)
    code = _exit_code(result, only_worse)
    if html is not None:
        from spfengine.report.drift import drift_page

        reports.write_report(drift_page(result, (result.before.recording, resolver)), html)
    if as_json:
        write_json(result.to_dict())
    elif as_csv:
        write_csv(_COLUMNS, _rows(result))
    elif code or not quiet:
        screen = Screen()
        screen.show(drift_lines(result, screen.width))
    if update and not result.is_incomplete:
        write(result.after, file)
    return code


def _read(path: str) -> Snapshot:
    printable = visible(path)
    try:
        return Snapshot.load(path)
    except OSError as error:
        raise cannot_read(printable, error) from error
    except RecordingError as error:
        raise CommandError(exits.DATA, f"{printable}: {error}") from error


def _exit_code(result: Drift, only_worse: bool) -> int:
    if result.is_worse if only_worse else result.is_changed:
        return 1
    return exits.UNAVAILABLE if result.is_incomplete else 0


def _rows(result: Drift) -> Iterator[tuple[str, ...]]:
    """Yield a row for each network whose result changed; those of a domain in order."""
    for domain in result.domains:
        for change in domain.changes:
            yield (
                visible_name(domain.domain),
                str(change.network),
                outcome_word(change.before),
                outcome_word(change.after),
                "yes" if change_is_worse(change.before, change.after) else "no",
                outcome_text(change.before),
                outcome_text(change.after),
            )
