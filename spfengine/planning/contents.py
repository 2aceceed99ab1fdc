"""What the files of a tree say: zones, and the records of source files."""

import os
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING

from spfengine.errors import RecordingError, ZoneError
from spfengine.planning.trees import Tree
from spfengine.resolvers.zone import Zone
from spfengine.resolvers.zone_files import files as zone_files
from spfengine.resolvers.zone_files.file_names import domain_in
from spfengine.sources.finder import (
    UnreadFile,
    decoded,
    kind_of,
    makers_in,
    records_in,
    siblings_of,
    text_of,
    unshown_in,
)
from spfengine.sources.other_languages import is_of_other_language, lines_about
from spfengine.sources.record import FoundRecord
from spfengine.sources.unshown import Unshown
from spfengine.visible import visible

if TYPE_CHECKING:
    from spfengine.resolvers.recording import Recording

# What a master file has, though other files may have it too; and what hardly any other file has.
_OF_ZONES = re.compile(
    rb"^\$(?:ORIGIN|TTL)\b|\bSOA[ \t]|\bIN[ \t]+[A-Z]|[ \t](?:TXT|SPF|MX|A|AAAA|CNAME)[ \t]",
    re.IGNORECASE | re.MULTILINE,
)
_SURE = re.compile(rb"^\$ORIGIN\b|\bSOA[ \t]|[ \t](?:TXT|SPF)[ \t(]+\"?v=spf1\b", re.IGNORECASE | re.MULTILINE)
_TXT = re.compile(rb"TXT|SPF", re.IGNORECASE)
_SUFFIXES = (".zone", ".zonefile", ".db", ".bind")
_BEGINNING = 1 << 16  # octets of a file that show whether it is a master file


@dataclass(slots=True)
class Contents:
    """What the files of a tree say.

    Attributes:
        zones: path → the zone in the file.
        recordings: path → the recording in the file.
        records: the records in source files.
        unread: the files that are zones or source files and could not be read, or not to their end.
        unshown: returns the TXT records in source files whose value these do not show.
        tree: the files, if these are contents of files.
    """

    zones: dict[str, Zone] = field(default_factory=dict)
    recordings: "dict[str, Recording]" = field(default_factory=dict)
    records: list[FoundRecord] = field(default_factory=list)
    unread: list[UnreadFile] = field(default_factory=list)
    unshown: Callable[[], list[Unshown]] = list
    tree: Tree | None = None


def contents_of(tree: Tree) -> Contents:
    """Return what the files of a tree say.

    Raises:
        MissingExtraError: a file is YAML, and pyyaml is not installed.
    """
    contents = Contents(unread=list(tree.unread), tree=tree)
    for path, data in tree.files.items():
        if is_zone(path, data, is_given=tree.is_file):
            _add_zone(contents, tree, path, data)
        elif kind_of(path) is not None:
            text = decoded(path, data, contents.unread)
            if text:
                contents.records += records_in(path, text, contents.unread, partial(_siblings, tree, path))
    contents.unshown = cache(partial(_unshown, tree))
    return contents


def _unshown(tree: Tree) -> list[Unshown]:
    """Return the TXT records whose value a tree's source files do not show."""
    found: list[Unshown] = []
    for path, data in tree.files.items():
        if _TXT.search(data) and kind_of(path) is not None and not is_zone(path, data, is_given=tree.is_file):
            found += unshown_in(path, text_of(data), partial(_siblings, tree, path))
    return found


def makers(contents: Contents, other: Contents, domains: Collection[str]) -> list[Unshown]:
    """Return what may make records in source files, and is not in those of the other contents too.

    Args:
        domains: those that matter, folded: lines of files in other languages count that name one of them.
    """
    if contents.tree is None or other.tree is None:
        return []
    beside = {each.name_text for each in _makers(other.tree, contents.tree, domains)}
    return [each for each in _makers(contents.tree, other.tree, domains) if each.name_text not in beside]


def _makers(tree: Tree, other: Tree, domains: Collection[str]) -> Iterator[Unshown]:
    """Yield what may make records in the source files that differ."""
    for path, data in tree.files.items():
        if b"\0" in data or tree.is_same(other, path) or is_zone(path, data, is_given=tree.is_file):
            continue
        if kind_of(path) is not None:
            yield from makers_in(path, text_of(data))
        elif is_of_other_language(path):
            yield from lines_about(path, text_of(data), domains)


def is_zone(path: str, data: bytes, *, is_given: bool = False) -> bool:
    """Whether a file is a zone file or a recording, in one of the formats of --zone.

    Args:
        is_given: whether the file was given by its name, so that it is a master file if it is nothing else.
    """
    name = path.lower()
    if name.endswith((".yaml", ".yml")):
        return zone_files.is_zone_yaml(data, path)
    if name.endswith(".json"):
        return zone_files.is_zone_json(data)
    if kind_of(path) is not None:
        return False
    if is_given:
        return True
    if is_of_other_language(path):
        return False  # a template of a zone, or a program with one in it
    beginning = data[:_BEGINNING]
    if b"\0" in beginning or _OF_ZONES.search(beginning) is None:
        return False
    return name.endswith(_SUFFIXES) or domain_in(path) is not None or _SURE.search(beginning) is not None


def is_surely_zone(path: str, data: bytes) -> bool:
    """Whether a file is meant to be a zone, so that it matters if it can't be read."""
    name = path.lower()
    return name.endswith((".json", ".yaml", ".yml", *_SUFFIXES)) or _SURE.search(data[:_BEGINNING]) is not None


def _add_zone(contents: Contents, tree: Tree, path: str, data: bytes) -> None:
    try:
        read = zone_files.read_named(data, path, tree.origins.get(path))
    except (ZoneError, RecordingError) as error:
        if not (tree.is_file or is_surely_zone(path, data)):
            return  # it is not a zone: only its name looks like a domain
        why = " ".join(str(error).split()).removeprefix(f"{visible(path)}: ").removeprefix(f"{visible(path)}, ")
        contents.unread.append(UnreadFile(path, why))
        return
    if isinstance(read, Zone):
        contents.zones[path] = read
    else:
        contents.recordings[path] = read


def _siblings(tree: Tree, path: str) -> Iterator[str]:
    folder = os.path.dirname(path)
    for other in siblings_of(path, [each for each in tree.files if os.path.dirname(each) == folder]):
        if b"\0" not in tree.files[other]:
            yield text_of(tree.files[other])
