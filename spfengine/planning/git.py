"""The files of a git revision, read without checking it out, so that git runs no hook, filter, pager or helper.

Only plumbing commands are used: `rev-parse` finds the revision, `ls-tree` lists its files, and `cat-file --batch`
prints them as they are stored.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from spfengine.errors import ArgumentError
from spfengine.planning.trees import MOST_OCTETS, TOO_MANY_OCTETS, Tree, may_have_records
from spfengine.sources.finder import LEFT_OUT, MOST_FILES, MOST_OCTETS as MOST_OF_A_FILE, TOO_LARGE, UnreadFile
from spfengine.visible import visible

_SECONDS = 120
_SAFE = (
    "--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never",
    "-c", "core.quotePath=false",
)  # fmt: skip
_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",  # of a partial clone: nothing is fetched
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "LC_ALL": "C",
}
_FILE_MODES = frozenset({b"100644", b"100755"})  # not links and submodules


class GitError(ArgumentError):
    """Git could not read a revision; the message says why."""


class _Blob(NamedTuple):
    """A file of a revision."""

    path: str
    id: bytes
    size: int


def is_revision(text: str) -> bool:
    """Whether git knows a revision of this name in the repository that the working folder is in."""
    try:
        _commit(text)
    except GitError:
        return False
    return True


def read_revision(revision: str, parts: Sequence[str] = ()) -> Tree:
    """Return the files that a revision has in the working folder.

    Args:
        revision: a branch, tag, commit, or any other name of a tree for git.
        parts: the files and folders to read, relative to the working folder; none: all.

    Raises:
        GitError: git is not installed, this is not a repository, or it has no such revision.
    """
    tree = _commit(revision)
    unread: list[UnreadFile] = []
    ids: dict[str, str] = {}
    blobs = _wanted(tree, parts or ("./",), unread, ids)
    return Tree(revision, dict(_contents(blobs)), tuple(unread), ids=ids)


def _commit(revision: str) -> str:
    """Return the id of the tree that a revision has."""
    if revision.startswith("-") or "\0" in revision:
        raise GitError(f"{visible(revision, 80)!r} is not a revision; expected a branch, tag or commit")
    found = _run(["rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{tree}"])
    if found.returncode and ".." in revision:
        raise GitError(_no_range(revision))
    if found.returncode:
        raise GitError(_why(found.stderr) or f"git has no revision {visible(revision, 80)!r} here")
    return found.stdout.decode("ascii", "replace").strip()


def _no_range(text: str) -> str:
    before, _, after = visible(text, 80).partition("..")
    head = after.removeprefix(".") or "HEAD"
    base = f'"$(git merge-base {before or "HEAD"} {head})"' if after.startswith(".") else before or "HEAD"
    return f"it is a range; expected BASE and HEAD as two: {base} {head}"


def _why(stderr: bytes) -> str:
    """Return why git failed, in its own words; "" if it gave no reason."""
    words = visible(stderr.decode("utf-8", "replace").strip().partition("\n")[0], 300)
    return f"git: {words.removeprefix('fatal: ')}" if words else ""


def _wanted(tree: str, parts: Sequence[str], unread: list[UnreadFile], ids: dict[str, str]) -> list[_Blob]:
    """Return the files that may have records. Those that are too large go to `unread`, and their ids to `ids`."""
    listed = _run(["ls-tree", "-r", "-z", "--long", tree, "--", *[_relative(part) for part in parts]])
    if listed.returncode:
        raise GitError(_why(listed.stderr) or "git could not list the files")
    blobs: list[_Blob] = []
    total = 0
    for entry in listed.stdout.split(b"\0"):
        about, tab, name = entry.partition(b"\t")
        path = name.decode("utf-8", "surrogateescape")
        words = about.split()
        if not tab or len(words) != 4 or words[0] not in _FILE_MODES:
            continue
        if LEFT_OUT.intersection(path.split("/")[:-1]) or not may_have_records(path):
            continue
        size = int(words[3]) if words[3].isdigit() else MOST_OF_A_FILE + 1
        total += size
        if size > MOST_OF_A_FILE:
            unread.append(UnreadFile(path, TOO_LARGE))
            ids[path] = words[2].decode("ascii")
        elif total > MOST_OCTETS or len(blobs) >= MOST_FILES:
            unread.append(UnreadFile(path, TOO_MANY_OCTETS))
            break
        else:
            blobs.append(_Blob(path, words[2], size))
    return blobs


def _relative(part: str) -> str:
    """Return a path for ls-tree, for which a final slash means what is in a folder."""
    return part if part == "./" else os.path.normpath(part).replace(os.sep, "/") or "./"


def _contents(blobs: Sequence[_Blob]) -> Iterator[tuple[str, bytes]]:
    if not blobs:
        return
    asked = b"".join(blob.id + b"\n" for blob in blobs)
    written = _run(["cat-file", "--batch"], asked)
    data, at = written.stdout, 0
    for blob in blobs:
        end = data.find(b"\n", at)
        head = data[at:end].split()
        if written.returncode or end < 0 or len(head) != 3 or head[1] != b"blob":
            missing = visible(blob.path, 80)
            raise GitError(_why(written.stderr) or f"git does not have {missing} (a partial clone?); fetch it first")
        size = int(head[2])
        yield blob.path, data[end + 1 : end + 1 + size]
        at = end + 1 + size + 1


def _run(arguments: list[str], given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    environment = {**os.environ, **_ENVIRONMENT}
    try:
        return subprocess.run(  # noqa: S603 - no shell, and what is untrusted comes after --end-of-options or --
            ["git", *_SAFE, *arguments],  # noqa: S607 - the git that the user has
            input=given,
            capture_output=True,
            check=False,
            env=environment,
            timeout=_SECONDS,
        )
    except FileNotFoundError as error:
        raise GitError("git is not installed; expected two folders or files") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise GitError(f"git could not be used: {visible(str(error), 200)}") from error
