"""The option --senders: reads evidence, with a progress bar, and says what was not read."""

import os
import re
import sys
from collections.abc import Sequence
from glob import glob
from typing import Any

import click

from spfengine.cli import exits, options, sources
from spfengine.cli.exits import CommandError, cannot_read
from spfengine.cli.screen import Bar, Screen
from spfengine.evidence.evidence import Evidence
from spfengine.evidence.reading import read_evidence
from spfengine.names import domain_fault
from spfengine.text.evidence import evidence_lines
from spfengine.visible import visible

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
    Screen(sys.stderr).show(evidence_lines(evidence, quiet=quiet))
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
