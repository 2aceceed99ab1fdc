"""The option --senders: reads evidence, with a progress bar, and says what was not read."""

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from spfengine.cli import exits, sources
from spfengine.cli.exits import Failure, cannot_read
from spfengine.cli.screen import Bar, Screen
from spfengine.evidence.evidence import Evidence
from spfengine.evidence.reading import read_evidence
from spfengine.senders import unknown_facts
from spfengine.text.lines import Line, line, note
from spfengine.visible import visible
from spfengine.wording import counted, listed

option = click.option(
    "--senders", "evidence_paths", metavar="FILE", multiple=True,
    help="Read senders from this file: a DMARC aggregate report (also packed, or in a message), a received message, a "
    "mail log, or a table ip,sender,helo,count,label. A folder means all files in it, - standard input.",
)  # fmt: skip
receiver_option = click.option(
    "--receiver", metavar="NAME",
    help="In messages of --senders, believe only header fields that this receiver added: its authserv-id or host.",
)  # fmt: skip

_MOST_UNREAD = 20
_MOST_RECEIVERS = 5
_FACTS = {"local-part": "sender's local part", "helo": "HELO name"}
_KINDS = {
    "dmarc-report": ("DMARC report", "DMARC reports"),
    "message": ("message file", "message files"),
    "bounce": ("bounce", "bounces"),
    "failure-report": ("failure report", "failure reports"),
    "log": ("mail log", "mail logs"),
    "csv": ("table", "tables"),
}


def read(paths: Sequence[str], receiver: str | None = None, *, quiet: bool = False) -> Evidence:
    """Return the evidence in the files of --senders; say on stderr what was read, and what could not be.

    Args:
        quiet: say only what could not be read, for `--json`, whose document has the rest.

    Raises:
        Failure: a file can't be read (66), or none of them has a sender (65).
        click.UsageError: standard input is given twice.
    """
    sources.only_one_stdin(*paths)
    with Bar("reading senders") as bar:
        try:
            evidence = read_evidence(paths, progress=bar.show, receiver=receiver)
        except OSError as error:
            raise cannot_read(visible(str(error.filename or "a file of --senders")), error) from error
    Screen(sys.stderr).show(_summary(evidence, quiet=quiet))
    if not evidence.senders:
        raise Failure(exits.DATA, "no senders found in the files of --senders")
    return evidence


def read_if_given(paths: Sequence[str], receiver: str | None, *, quiet: bool) -> Evidence | None:
    """Return what `read` does, or None without --senders."""
    return read(paths, receiver, quiet=quiet) if paths else None


def to_dict(evidence: Evidence) -> dict[str, Any]:
    """Return the evidence for a document of `--json`, without the senders, which the document has elsewhere."""
    document = evidence.to_dict()
    del document["senders"]
    return document


def _summary(evidence: Evidence, *, quiet: bool) -> Iterator[Line]:
    """Yield what was read, what was not, and what is not known about the senders."""
    if not quiet:
        yield from _read(evidence)
    if evidence.left_out:
        yield line(
            f"there are more than {len(evidence.senders):,} different senders: "
            f"{counted(evidence.left_out, 'message')} of the others are left out",
            indent=2, hang=2,
        )  # fmt: skip
    if evidence.skipped:
        yield note(f"not read: {counted(evidence.skipped, 'row or part', 'rows or parts')}")
        for unread in evidence.unread[:_MOST_UNREAD]:
            yield note(str(unread), indent=4)
        rest = evidence.unread[_MOST_UNREAD:]
        if rest:
            rows = counted(sum(unread.count for unread in rest), "row")
            yield note(f"… and {counted(len(rest), 'kind')} more, of {rows}", indent=4)


def _read(evidence: Evidence) -> Iterator[Line]:
    files = [counted(source.files, *_KINDS[source.kind]) for source in evidence.sources]
    what = f"{counted(evidence.messages, 'message')}, {counted(len(evidence.senders), 'sender')}"
    yield note(f"read {', '.join(files) or 'nothing'}: {what}", indent=0)
    if evidence.receivers:  # so that people see a name that is not their receiver's
        names = [f"{name} ({count:,})" for name, count in evidence.receivers]
        yield note(f"trusted header fields written by: {listed(names, _MOST_RECEIVERS)}")
    unknown = unknown_facts(evidence.senders)
    if unknown:
        facts = [f"the {_FACTS[fact]} of {counted(count, 'message')}" for fact, count in unknown.items()]
        yield note(f"not known: {', '.join(facts)}")
    for what, count in evidence.aside:
        yield note(f"left out: {what}: {count:,}")
