"""The option --senders: reads evidence, with a progress bar, and says what was not read."""

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from glob import glob
from typing import Any

import click

from spfengine.cli import exits, options, sources
from spfengine.cli.exits import CommandError, cannot_read
from spfengine.cli.screen import Bar, Screen
from spfengine.evidence.evidence import Evidence, ReportedBy
from spfengine.evidence.reading import read_evidence
from spfengine.names import domain_fault
from spfengine.senders import unknown_facts
from spfengine.text.lines import Line, line, note
from spfengine.visible import visible
from spfengine.wording import counted, listed

_SENDERS = "--senders"
option = click.option(
    _SENDERS, "evidence_paths", metavar="FILE...", type=options.FileName(), multiple=True,
    help="Read senders from these files: DMARC reports (also packed, or in a message), received messages, mail logs, "
    "tables such as ip,sender,helo,count,label, lists of addresses. A folder means all files in it, - standard input.",
)  # fmt: skip
receiver_option = click.option(
    "--receiver", metavar="NAME",
    help="In messages of --senders, believe only header fields that this receiver added: its authserv-id or host.",
)  # fmt: skip

_GLOB = re.compile(r"[*?\[]")
_MOST_UNREAD = 20
_MOST_RECEIVERS = 5
_MOST_REPAIRED = 5
_SHOWN_TAGS = ("p", "sp", "np", "testing")
_LAST = 253_402_300_799  # the last second of the year 9999
_FACTS = {"local-part": "sender's local part", "helo": "HELO name"}
_KINDS = {
    "dmarc-report": ("DMARC report", "DMARC reports"),
    "message": ("message file", "message files"),
    "bounce": ("bounce", "bounces"),
    "failure-report": ("failure report", "failure reports"),
    "log": ("mail log", "mail logs"),
    "csv": ("table", "tables"),
    "json": ("JSON file", "JSON files"),
}


# The endings of files that people have; of these, only zip is a top-level domain.
_FILE_ENDINGS = (
    ".csv", ".eml", ".emlx", ".gz", ".html", ".json", ".jsonl", ".log", ".mbox", ".msg", ".old", ".tsv", ".txt", ".xls",
    ".xlsx", ".xml", ".zip",
)  # fmt: skip


class Command(click.Command):
    """A command with --senders, after which several files may follow, since shells write `--senders *.eml` so.

    A word after the files is one of them if there is such a file, or if its ending is that of one. Else it is what the
    command has otherwise, such as DOMAIN. Only a word that may be both is refused, and only if there is no DOMAIN.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, with --senders before each file."""
        return super().parse_args(ctx, _one_by_one(args, ctx))


def _one_by_one(args: Sequence[str], ctx: click.Context) -> list[str]:
    """Return the arguments with --senders before each of its files, and patterns that no shell expanded expanded."""
    parsed: list[str] = []
    waiting = list(args)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            return [*parsed, word, *waiting]
        if word.startswith(f"{_SENDERS}="):
            waiting.insert(0, word.partition("=")[2])
        elif word != _SENDERS or not waiting:
            parsed.append(word)
            continue
        files = [waiting.pop(0)]
        while waiting and _is_file(waiting[0]):
            files.append(waiting.pop(0))
        _refuse_ambiguous(files, parsed, waiting, ctx)
        for name in files:
            parsed += [part for path in _expanded(name) for part in (_SENDERS, path)]
    return parsed


def _is_file(word: str) -> bool:
    """Whether a word after the files of --senders is another one."""
    if word == sources.STDIN:
        return True
    return not word.startswith("-") and (os.path.exists(word) or _has_file_ending(word) or bool(_GLOB.search(word)))


def _has_file_ending(word: str) -> bool:
    return word.lower().endswith(_FILE_ENDINGS) or os.sep in word


def _refuse_ambiguous(files: Sequence[str], before: Sequence[str], after: Sequence[str], ctx: click.Context) -> None:
    """Raise click.UsageError if the last word may be a file as well as the DOMAIN, and nothing else can be that."""
    last = files[-1]
    if len(files) < 2 or _has_file_ending(last) or "." not in last or domain_fault(last) is not None:
        return
    if not _has_argument([*before, *after], ctx.command):
        name = visible(last, 80)
        raise click.UsageError(
            f"{name} is a file, and may be the DOMAIN: write DOMAIN before --senders, or ./{name}", ctx
        )


def _has_argument(words: Sequence[str], command: click.Command) -> bool:
    """Whether one of these words is neither an option nor the value of one."""
    valued = {
        name for option in command.params if isinstance(option, click.Option) and not option.is_flag
        for name in option.opts
    }  # fmt: skip
    is_value = False
    for word in words:
        if not is_value and not word.startswith("-"):
            return True
        is_value = not is_value and word in valued
    return False


def _expanded(name: str) -> list[str]:
    """Return the files that a name means: itself, or those that a pattern such as *.eml matches."""
    if os.path.exists(name) or not _GLOB.search(name):
        return [name]
    return sorted(glob(name)) or [name]


def read(
    paths: Sequence[str], receiver: str | None = None, domain: str | None = None, *, quiet: bool = False
) -> Evidence:
    """Return the evidence in the files of --senders; say on stderr what was read, and what could not be.

    Args:
        domain: what the addresses of a list send from; None: such lists are not read.
        quiet: say only what could not be read, for `--json`, whose document has the rest.

    Raises:
        CommandError: a file can't be read (66), or none of them has a sender (65).
        click.UsageError: standard input is given twice.
    """
    sources.only_one_stdin(*paths)
    with Bar("reading senders") as bar:
        try:
            evidence = read_evidence(paths, progress=bar.show, receiver=receiver, domain=domain)
        except OSError as error:
            raise cannot_read(visible(str(error.filename or "a file of --senders")), error) from error
    Screen(sys.stderr).show(summary_lines(evidence, quiet=quiet))
    if not evidence.senders:
        raise CommandError(exits.DATA, "no senders found in the files of --senders")
    return evidence


def read_if_given(paths: Sequence[str], receiver: str | None, domain: str | None, *, quiet: bool) -> Evidence | None:
    """Return what `read` does, or None without --senders."""
    return read(paths, receiver, domain, quiet=quiet) if paths else None


def to_dict(evidence: Evidence) -> dict[str, Any]:
    """Return the evidence for a document of `--json`, without the senders, which the document has elsewhere."""
    document = evidence.to_dict()
    del document["senders"]
    return document


def summary_lines(evidence: Evidence | None, *, quiet: bool = False) -> Iterator[Line]:
    """Yield what was read, what was not, and what is not known about the senders; nothing if there is no evidence."""
    if evidence is None:
        return
    if not quiet:
        yield from _read(evidence)
    if evidence.left_out:
        yield line(
            f"there are more than {len(evidence.senders):,} different senders: "
            f"{counted(evidence.left_out, 'message')} of the others are left out",
            indent=2, hang=2,
        )  # fmt: skip
    if evidence.duplicates:
        reports = counted(evidence.duplicates, "DMARC report")
        yield note(f"given before (same reporter and Report-ID), so not counted: {reports}")
    if evidence.repaired and not quiet:
        yield note(f"read all the same: {counted(sum(entry.count for entry in evidence.repaired), 'fault')}")
        yield from [note(str(entry), indent=4) for entry in evidence.repaired[:_MOST_REPAIRED]]
        if len(evidence.repaired) > _MOST_REPAIRED:
            more = counted(len(evidence.repaired) - _MOST_REPAIRED, "kind")
            yield note(f"… and {more} more; --json has them all", indent=4)
    if evidence.skipped:
        yield note(f"not read: {counted(evidence.skipped, 'row or part', 'rows or parts')}")
        for unread in evidence.unread[:_MOST_UNREAD]:
            yield note(str(unread), indent=4)
        rest = evidence.unread[_MOST_UNREAD:]
        if rest:
            rows = counted(sum(unread.count for unread in rest), "row")
            yield note(f"… and {counted(len(rest), 'kind')} more, of {rows}", indent=4)


def _reported(evidence: Evidence) -> Iterator[Line]:
    """Yield who reported, when, and about which domains with which policies."""
    reports = [report for report in evidence.reports if not report.is_duplicate]
    reporters = Counter([visible(report.organisation or report.email, 60) for report in reports])
    names = [name if count == 1 else f"{name} ({count:,})" for name, count in reporters.most_common() if name]
    if names:
        days = [time for report in reports for time in (report.begin, report.end) if time is not None]
        first, last = (_day(min(days)), _day(max(days))) if days else ("", "")
        period = "" if not days else f", {first}" if first == last else f", {first} to {last}"
        yield note(f"reported by: {listed(names, _MOST_RECEIVERS)}{period}")
    domains = list(dict.fromkeys([_with_policy(report) for report in reports if report.domain]))
    if domains:
        yield note(f"about: {listed(domains, _MOST_RECEIVERS)}")


def _with_policy(report: ReportedBy) -> str:
    tags = [f"{name}={visible(value, 20)}" for name, value in report.policy if name in _SHOWN_TAGS]
    name = visible(report.domain, 100)
    return f"{name} (DMARC policy {' '.join(tags)})" if tags else name


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(min(seconds, _LAST), UTC).date().isoformat()


def _read(evidence: Evidence) -> Iterator[Line]:
    files = [counted(source.files, *_KINDS[source.kind]) for source in evidence.sources]
    what = f"{counted(evidence.messages, 'message')}, {counted(len(evidence.senders), 'sender')}"
    yield note(f"read {', '.join(files) or 'nothing'}: {what}", indent=0)
    yield from _reported(evidence)
    if evidence.receivers:  # so that people see a name that is not their receiver's
        names = [f"{name} ({count:,})" for name, count in evidence.receivers]
        yield note(f"trusted header fields written by: {listed(names, _MOST_RECEIVERS)}")
    unknown = unknown_facts(evidence.senders)
    if unknown:
        facts = [f"the {_FACTS[fact]} of {counted(count, 'message')}" for fact, count in unknown.items()]
        yield note(f"not known: {', '.join(facts)}")
    for what, count in evidence.aside:
        yield note(f"left out: {what}: {count:,}")
