"""The files of a folder, or of one file alone, that may have records: one state of a repository."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from stat import S_ISDIR

from spfengine.resolvers.zone_files.file_names import domain_in, has_zone_suffix
from spfengine.sources.finder import UnreadFile, kind_of, octets_of, walked
from spfengine.sources.other_languages import is_of_other_language

MOST_OCTETS = 512 << 20
"""Octets of all files of a tree, at most."""
_PROSE = (".md", ".rst", ".adoc", ".html", ".htm")  # their names look like domains, and they quote records
TOO_MANY_OCTETS = f"it was not read: the files have more than {MOST_OCTETS >> 20} MiB together; give their folder alone"


@dataclass(frozen=True, slots=True)
class Tree:
    """One state of files.

    Attributes:
        name: what it was called: a folder, a file, a revision of git.
        files: path, relative to the folder, with "/" → what the file has.
        unread: what was not read.
        origins: path → the domain that the names of the file are relative to, if that was given.
        is_file: whether it is one file that was given by its name.
        ids: path → what git calls the content of a file that was not read, so that it can still be compared.
    """

    name: str
    files: Mapping[str, bytes]
    unread: tuple[UnreadFile, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)
    is_file: bool = False
    ids: Mapping[str, str] = field(default_factory=dict)

    def is_same(self, other: "Tree", path: str) -> bool:
        """Whether a file is in both trees, and the same."""
        own = self.files.get(path, self.ids.get(path))
        return own is not None and own == other.files.get(path, other.ids.get(path))


def may_have_records(path: str) -> bool:
    """Whether a file's name is that of a zone, a source file or a program; what the file has decides later."""
    if path.lower().endswith(_PROSE):
        return False
    is_source = kind_of(path) is not None or is_of_other_language(path)
    return is_source or has_zone_suffix(path) or domain_in(path) is not None


def read_path(path: str, parts: Sequence[str] = (), origin: str | None = None) -> Tree:
    """Return the files of a folder, or one file.

    Args:
        path: the folder or file.
        parts: the files and folders in it that are wanted; all of them if there are none.
        origin: for a file, the domain that its names are relative to.

    Raises:
        OSError: the path, or one of its parts, can't be read.
    """
    collected = _Collected()
    if not S_ISDIR(os.stat(path).st_mode):
        with open(path, "rb"):
            pass  # so that a file that can't be read is an error
        name = os.path.basename(path)
        collected.add(name, path)
        origins = {} if origin is None else {name: origin}
        return Tree(path, collected.files, tuple(collected.unread), origins, is_file=True)
    for part in parts or (".",):
        start = os.path.join(path, part)
        if os.path.isdir(start):
            found = walked(start, collected.unread, may_have_records)
        else:
            found = iter([start] if os.path.isfile(start) else [])  # it may be in the other tree
        for each in found:
            collected.add(os.path.relpath(each, path).replace(os.sep, "/"), each)
    return Tree(path, collected.files, tuple(collected.unread), ids=collected.ids)


@dataclass(slots=True)
class _Collected:
    """The files that were read so far; `octets` is how large they are together."""

    files: dict[str, bytes] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    unread: list[UnreadFile] = field(default_factory=list)
    octets: int = 0

    def add(self, name: str, path: str) -> None:
        """Read the file at `path`, called `name` in the tree."""
        if name in self.files:
            return  # it is in two of the parts
        if self.octets > MOST_OCTETS:
            self.unread.append(UnreadFile(name, TOO_MANY_OCTETS))
            return
        faults: list[UnreadFile] = []
        data = octets_of(path, faults)
        self.unread += [UnreadFile(name, fault.why) for fault in faults]
        if data is not None:
            self.files[name] = data
            self.octets += len(data)
            return
        with suppress(OSError):
            self.ids[name] = _id_of(path)


def _id_of(path: str) -> str:
    """Return what git calls the content of a file."""
    with open(path, "rb") as file:
        found = hashlib.sha1(b"blob %d\0" % os.fstat(file.fileno()).st_size, usedforsecurity=False)
        while piece := file.read(1 << 20):
            found.update(piece)
    return found.hexdigest()
