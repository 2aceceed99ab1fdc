"""`spfengine lint --source`: the records in source files, each finding at its place in the file."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

import click

from spfengine.answers import Resolver
from spfengine.cli import evidence_input, exits, sources
from spfengine.cli.exits import CommandError, cannot_read
from spfengine.cli.lint_reports import Place
from spfengine.errors import ArgumentError
from spfengine.linting.finding import Finding
from spfengine.linting.partly_known import PartlyKnown, lint_partly_known
from spfengine.resolvers.cache import Cache
from spfengine.sources.finder import Found, all_records
from spfengine.sources.record import FoundRecord
from spfengine.text.lint import LintedRecord
from spfengine.visible import visible, visible_name

_OPTION = "--source"


class ManySources(evidence_input.Command):
    """A command whose option --source takes every argument up to the next option, as a shell expands a pattern."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments, with --source before each of its values."""
        expanded: list[str] = []
        given = 0  # values of --source so far, if the last option was this one
        in_sources = False
        for index, arg in enumerate(args):
            if arg == "--":
                return super().parse_args(ctx, expanded + args[index:])
            if arg.startswith("-") and arg != "-":
                in_sources = arg == _OPTION or arg.startswith(f"{_OPTION}=")
                given = int(arg != _OPTION)
            elif in_sources:
                if given:
                    expanded.append(_OPTION)
                given += 1
            expanded.append(arg)
        return super().parse_args(ctx, expanded)


@dataclass(frozen=True, slots=True)
class LintedSources:
    """The records of source files, and what was found.

    Attributes:
        found: the records.
        linted: the records with their findings.
        named: the files that were given by their own name.
        is_asked: whether what the terms lead to was looked up.
    """

    found: Found
    linted: tuple[LintedRecord, ...]
    named: frozenset[str]
    is_asked: bool

    @property
    def findings(self) -> list[Finding]:
        """All findings, in the order of the files."""
        return [finding for each in self.linted for finding in each.findings]

    @property
    def is_incomplete(self) -> bool:
        """Whether a file that was named could not be read, or not to its end."""
        return any(unread.path in self.named for unread in self.found.unread)

    def to_dict(self) -> dict[str, object]:
        """Return what was read, as JSON-safe values."""
        records = [{**_place_of(each.record), **_record(each.record)} for each in self.linted]
        unread = [{"file": each.path, "why": each.why} for each in self.found.unread]
        return {"files": self.found.files, "records": records, "unread": unread, "skipped": unread}


class SourcePlaces:
    """Knows the place of each finding; equal findings of two records are two objects."""

    def __init__(self, linted: Iterable[LintedRecord]) -> None:
        self._linted = list(linted)
        self._places = {id(finding): _place(each, finding) for each in self._linted for finding in each.findings}

    def of(self, finding: Finding) -> Place | None:
        """Return the place of the term that a finding is about, or that leads to it."""
        return self._places.get(id(finding))


def lint_sources(
    paths: tuple[str, ...],
    domain: str | None,
    resolver: Resolver | None,
    select: Callable[[Iterable[Finding]], list[Finding]],
) -> LintedSources:
    """Return what is found in the records of source files.

    Args:
        paths: files and folders.
        domain: the domain of the records whose name the files do not say; None if that is not known.
        resolver: what answers where the terms lead; None to look at the text alone.
        select: returns the findings that are wanted.

    Raises:
        CommandError: a path can't be read.
        click.UsageError: a file is of a kind that records are not found in.
    """
    try:
        found = all_records(paths)
    except OSError as error:
        raise cannot_read(visible(str(error.filename or paths[0]), 200), error) from error
    except ValueError as error:
        if isinstance(error, ArgumentError):
            raise click.UsageError(str(error)) from error
        raise CommandError(exits.NO_INPUT, f"a path can't be read: {visible(str(error), 200)}") from error
    cached = None if resolver is None else Cache(resolver)
    linted = []
    for record in found.records:
        unknown = tuple(part.span for part in record.unknown)
        known = PartlyKnown(record.source, unknown, record.joins, record.is_quoted or bool(record.joins))
        name = domain if record.name is None else record.name
        linted.append(LintedRecord(record, select(lint_partly_known(known, domain=name, resolver=cached))))
    return LintedSources(found, tuple(linted), frozenset(paths), resolver is not None)


def resolver_of(zones: tuple[str, ...], live: bool, nameservers: tuple[str, ...]) -> Resolver | None:
    """Return what answers where the terms lead, or None if nothing was given: then only the text is looked at."""
    return sources.base_resolver(zones, live, nameservers) if zones or live or nameservers else None


def _place(linted: LintedRecord, finding: Finding) -> Place:
    region = linted.region_of(finding)
    return Place(linted.record.path, region.line, region.column, region.end_line, region.end_column)


def _place_of(record: FoundRecord) -> dict[str, object]:
    return {"file": record.path, **asdict(record.region)}


def _record(record: FoundRecord) -> dict[str, object]:
    unknown = [
        {"text": visible(part.text, 400), "span": list(part.span), **asdict(part.region)} for part in record.unknown
    ]
    name = None if record.name is None else visible_name(record.name)
    return {
        "name": name,
        "name_text": visible(record.name_text, 400),
        "record": visible(record.source, 1 << 16),
        "unknown": unknown,
    }
