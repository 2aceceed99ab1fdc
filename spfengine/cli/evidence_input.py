"""The option --senders of commands that work on evidence: reads it, with a progress bar, and says what was not read."""

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from spfengine.cli import exits
from spfengine.cli.bar import Bar
from spfengine.cli.exits import Failure
from spfengine.cli.screen import Line, Screen, line
from spfengine.evidence.evidence import Evidence, Unread
from spfengine.evidence.reading import STDIN, read_evidence
from spfengine.senders import unknown_facts
from spfengine.visible import visible

option = click.option(
    "--senders", "evidence_paths", metavar="FILE", multiple=True,
    help="Read senders from this file: a DMARC aggregate report (also packed, or in a message), a received message, a "
    "mail log, or a table ip,sender,helo,count,label. A folder stands for its files, - for standard input.",
)  # fmt: skip
receiver_option = click.option(
    "--receiver", metavar="NAME",
    help="Of messages in --senders, believe only header fields that this receiver added: its authserv-id or host.",
)  # fmt: skip

_MOST_UNREAD = 20
_MOST_RECEIVERS = 5
_FACTS = {"local-part": "sender's local part", "helo": "HELO name"}
_KINDS = {
    "dmarc-report": ("DMARC report", "DMARC reports"),
    "message": ("received message", "received messages"),
    "log": ("mail log", "mail logs"),
    "csv": ("table", "tables"),
}


def read(paths: Sequence[str], receiver: str | None = None, *, quiet: bool = False) -> Evidence:
    """Return what the files of --senders tell; say on stderr what was read, and what could not be.

    Args:
        quiet: say only what could not be read, for `--json`, whose document has the rest.

    Raises:
        Failure: a file can't be read (66), or none of them tells of a sender (65).
        click.UsageError: standard input is given twice.
    """
    if list(paths).count(STDIN) > 1:
        raise click.UsageError("only one file can be -, standard input")
    with Bar("reading senders") as bar:
        try:
            evidence = read_evidence(paths, progress=bar.show, receiver=receiver)
        except OSError as error:
            name = visible(str(error.filename or "a file of --senders"))
            raise Failure(exits.NO_INPUT, f"{name} can't be read: {error.strerror or error}") from error
    Screen(sys.stderr).show(summary(evidence, quiet=quiet))
    if not evidence.senders:
        raise Failure(exits.DATA, "the files of --senders tell of no sender")
    return evidence


def summary(evidence: Evidence, *, quiet: bool = False) -> Iterator[Line]:
    """Yield what was read, what was not, and what is not known of the senders."""
    if not quiet:
        files = [_counted(each.files, *_KINDS[each.kind]) for each in evidence.sources]
        told = f"{_counted(evidence.messages, 'message')} of {_counted(len(evidence.senders), 'sender')}"
        yield line(f"read {told} from {', '.join(files) or 'nothing'}", hang=2)
        if evidence.receivers:
            yield _believed(evidence)
        unknown = unknown_facts(evidence.senders)
        if unknown:
            facts = [f"the {_FACTS[fact]} of {_counted(count, 'message')}" for fact, count in unknown.items()]
            yield line(f"not known: {', '.join(facts)}", indent=2, hang=2)
        for what, count in evidence.aside:
            yield line(f"left aside: {what}: {count:,}", indent=2, hang=2)
    if evidence.left_out:
        yield line(
            f"there are more than {len(evidence.senders):,} different senders: "
            f"{_counted(evidence.left_out, 'message')} of the others are left out",
            indent=2, hang=2,
        )  # fmt: skip
    if evidence.skipped:
        yield line(f"not read: {_counted(evidence.skipped, 'row or part', 'rows or parts')}", indent=2, hang=2)
        for each in evidence.unread[:_MOST_UNREAD]:
            yield line(str(each), indent=4, hang=2)
        rest = evidence.unread[_MOST_UNREAD:]
        if rest:
            yield line(f"… and {_counted(len(rest), 'kind')} more, of {_counted(_sum(rest), 'row')}", indent=4, hang=2)


def _believed(evidence: Evidence) -> Line:
    """Return whose header fields were believed, so that a person sees a name that is not their receiver's."""
    names = [f"{name} ({count:,})" for name, count in evidence.receivers[:_MOST_RECEIVERS]]
    rest = len(evidence.receivers) - len(names)
    shown = ", ".join(names) + (f" and {rest} more" if rest else "")
    return line(f"header fields believed, by their writer: {shown}", indent=2, hang=2)


def to_dict(evidence: Evidence) -> dict[str, Any]:
    """Return what a document of `--json` says of the evidence, beside the senders, which stand there anyway."""
    document = evidence.to_dict()
    del document["senders"]
    return document


def _sum(unread: Sequence[Unread]) -> int:
    return sum(each.count for each in unread)


def _counted(number: int, one: str, several: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else several or one + 's'}"
