"""`lint --html FILE --interactive`: what the report needs so that its reader can edit the records."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from spfengine.answers import Resolver
from spfengine.cli import exits, sources
from spfengine.cli.exits import CommandError, cannot_read
from spfengine.resolvers.zone_files import files as zone_files
from spfengine.senders import Sender
from spfengine.visible import visible

if TYPE_CHECKING:
    from spfengine.report.edits.lint import EditableLint, ZoneFile
    from spfengine.resolvers.recording import Recorder

_MOST_OCTETS = 8 << 20


def recorded_base(zones: Sequence[str], live: bool, nameservers: Sequence[str]) -> "tuple[Resolver, Recorder | None]":
    """Return what `sources.base_resolver` returns, and what records the answers of DNS in it; None if it asks none."""
    from spfengine.resolvers.recording import Recorder

    if sources.STDIN in map(sources.file_of, zones):
        raise click.UsageError("a report of --interactive has the files of --zone inside; expected files, and not -")
    layers = sources.read_zones(zones)
    recorder = None
    if live or nameservers or not layers:
        recorder = Recorder(sources.answering((), live=True, nameservers=nameservers))
    if not layers:
        assert recorder is not None, "without files, DNS is asked"
        return recorder, recorder
    return zone_files.lay_together(layers, recorder), recorder


def editable_lint(
    domain: str | None,
    record: str | tuple[str, ...] | None,
    others: Mapping[str, str],
    base: "tuple[Resolver, Recorder | None] | None",
    zones: Iterable[str],
    own: tuple[str, ...],
    senders: tuple[Sender, ...],
    left_out: tuple[str, ...],
) -> "EditableLint":
    """Return what the report of a domain needs, or of a record alone if there is no domain.

    Args:
        record, others: its draft, if it has one, and those of other names.
        base: what `recorded_base` returned for `zones`; None for a record alone.
        left_out: codes of findings that are not reported.

    Raises:
        CommandError: a file is too large to be in a report, or can't be read again.
        RecordingError: more answers were recorded than a report can hold.
    """
    from spfengine.report.edits.lint import EditableLint, recorded_lint
    from spfengine.report.edits.situation import Draft

    first: tuple[Draft, ...] = () if record is None else (Draft(domain or "", _shown(record)),)
    if domain is None or base is None:
        return EditableLint(None, first, (), (), left_out, (), None)
    drafts = (*first, *[Draft(name, text) for name, text in others.items()])
    resolver, recorder = base
    return recorded_lint(recorder, resolver, domain, drafts, own, senders, left_out, _files(zones))


def _shown(record: str | tuple[str, ...]) -> str:
    """Return a record as it can be pasted: its strings in quotes, if it has several."""
    return record if isinstance(record, str) else " ".join([f'"{each}"' for each in record])


def _files(zones: Iterable[str]) -> "tuple[ZoneFile, ...]":
    files = tuple([_file(zone) for zone in zones])
    size = sum(len(file.content) for file in files)
    if size > _MOST_OCTETS:
        expected = f"a report of --interactive holds at most {_MOST_OCTETS >> 20} MiB of them"
        raise CommandError(exits.DATA, f"the files of --zone have {size:,} octets; {expected}: give smaller exports")
    return files


def _file(argument: str) -> "ZoneFile":
    """Return a file, with as much of its path as says what it is: octoDNS names folders after zones."""
    from spfengine.report.edits.lint import ZoneFile

    origin, path = sources.split_origin(argument)
    *folders, name = re.split(r"[/\\]" if os.name == "nt" else "/", path)
    if folders and folders[-1].endswith(".") and folders[-1].strip("."):
        name = f"{folders[-1]}/{name}"
    try:
        with open(path, "rb") as file:
            return ZoneFile(name, file.read(), origin)
    except OSError as error:
        raise cannot_read(visible(path), error) from error
