"""`spfengine plan`: what a change to files does to the SPF of all names in them."""

import os
import sys
from typing import NamedTuple

import click

from spfengine.cli import evidence_input, exits, options, sources
from spfengine.cli.exits import CommandError, cannot_read
from spfengine.cli.screen import Screen, write_json
from spfengine.cli.senders import GivenSenders
from spfengine.planning.git import GitError, is_revision, read_revision
from spfengine.planning.plan import Plan, plan
from spfengine.planning.trees import Tree, read_path
from spfengine.resolvers.cache import Cache
from spfengine.text.plan import plan_lines
from spfengine.text.plan_markdown import plan_markdown
from spfengine.visible import visible

_EPILOG = f"""\b
Examples:
  spfengine plan main HEAD
  spfengine plan origin/main . -- zones/
  spfengine plan old.zone new.zone
  spfengine plan before/ after/ --senders reports/
  spfengine plan origin/main HEAD --format markdown

BASE and HEAD are folders, files, or revisions of git; in a revision, the folder that you are in is read. Nothing is
checked out, and nothing in the files is executed. Zone files in all formats of --zone are read, and the records in
source files, as lint --source finds them. PATHS, relative to BASE and HEAD, limit what is read.

Every name with SPF is compared for every address. What the files do not say, such as the value of a variable, is not
known, and is reported. --live and --zone answer for what the files do not have, before and after.

The exit code: 0 nothing gets worse, 1 something does (mail that passed no longer would, an error is new, or a sender
given gets a worse result), 2 the change breaks a record, or a file with records, 69 nothing is known to get worse, but
not everything is known. {exits.OTHER_HELP}, or git does not have the revision.
"""


class _Given(NamedTuple):
    """What was given for BASE or HEAD: its text, and the domain and file in it."""

    text: str
    origin: str | None
    path: str

    @property
    def is_file(self) -> bool:
        return os.path.isfile(self.path)


class _TreeName(options.FileName):
    """A folder, a file, or a revision of git."""

    name = "tree"

    def __init__(self) -> None:
        super().__init__("a folder, a file, or a revision of git, such as main")


@click.command(cls=evidence_input.Command, epilog=_EPILOG)
@click.argument("base", type=_TreeName())
@click.argument("head", type=_TreeName())
@click.argument("paths", nargs=-1, type=options.FileName())
@evidence_input.option
@evidence_input.receiver_option
@options.zone
@options.live
@options.nameserver
@click.option(
    "--form", "--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True,
    help="How to report: for people, as JSON, or as Markdown for a comment in a pull request.",
)  # fmt: skip
@options.everything
@options.as_json
def command(
    base: str,
    head: str,
    paths: tuple[str, ...],
    evidence_paths: tuple[str, ...],
    receiver: str | None,
    zones: tuple[str, ...],
    live: bool,
    nameservers: tuple[str, ...],
    form: str,
    everything: bool,
    as_json: bool,
) -> int:
    """Show what a change from BASE to HEAD does to the SPF of every name in the files, the worst first."""
    form = "json" if as_json else form
    below = Cache(sources.base_resolver(zones, live, nameservers)) if zones or live or nameservers else None
    given = _given(base), _given(head)
    before, after = (_read(each, paths) for each in given)
    _refuse_missing(paths, before, after)
    evidence = evidence_input.read_if_given(evidence_paths, receiver, None, quiet=form != "text")
    senders = GivenSenders((), () if evidence is None else evidence.senders)
    found = plan(before, after, below=below, senders=senders.sending_from)
    _refuse_unread(found, given)
    if form == "json":
        document = found.to_dict()
        if evidence is not None:
            document["evidence"] = evidence_input.to_dict(evidence)
        write_json(document)
    elif form == "markdown":
        sys.stdout.write(plan_markdown(found))
    else:
        screen = Screen()
        screen.show(plan_lines(found, screen.width, everything=everything))
    return _exit_code(found)


def _exit_code(found: Plan) -> int:
    if found.is_broken:
        return 2
    if found.is_worse:
        return 1
    return exits.UNAVAILABLE if found.is_incomplete else 0


def _given(text: str) -> _Given:
    origin, path = sources.split_origin(text)
    return _Given(text, origin, path)


def _read(given: _Given, paths: tuple[str, ...]) -> Tree:
    """Return the files of a folder, a file, or a revision."""
    shown = visible(given.text, 80)
    try:
        exists = os.path.lexists(given.path)
        is_word = os.sep not in given.path and given.path not in {".", ".."}
        if exists and is_word and is_revision(given.path):
            raise click.UsageError(
                f"{shown} is a file and a revision of git; expected ./{shown}, or refs/heads/{shown} for a branch"
            )
        if exists and given.is_file and paths:
            raise click.UsageError(f"{shown} is a file; expected PATHS only with folders and revisions")
        return read_path(given.path, paths, given.origin) if exists else read_revision(given.text, paths)
    except OSError as error:
        raise cannot_read(visible(str(error.filename or given.path), 200), error) from error
    except GitError as error:
        raise CommandError(exits.NO_INPUT, f"{shown} is not a file, a folder or a revision: {error}") from error
    except ValueError as error:  # a NUL in a path
        raise CommandError(exits.NO_INPUT, f"{shown} can't be read: {visible(str(error), 200)}") from error


def _refuse_missing(paths: tuple[str, ...], *trees: Tree) -> None:
    """Raise CommandError if a path is in neither tree: it is probably misspelt, and nothing would be compared."""
    names = [name for tree in trees for name in (*tree.files, *[each.path for each in tree.unread])]
    for path in paths:
        start = os.path.normpath(path).replace(os.sep, "/")
        if start != "." and not any(name == start or name.startswith(f"{start}/") for name in names):
            raise CommandError(exits.NO_INPUT, f"{visible(path, 80)} has no zone or source file, in BASE or in HEAD")


def _refuse_unread(found: Plan, given: tuple[_Given, ...]) -> None:
    """Raise CommandError if a file that was given by its name can't be understood."""
    names = {os.path.basename(each.path) for each in given if each.is_file}
    for each in found.unread:
        if each.path in names:
            raise CommandError(exits.DATA, f"{visible(each.path)}: {each.why}")
