"""Where a finding stands in the files that were given: the line of the record, as far as the text tells."""

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from spfengine.linting.finding import Finding
from spfengine.names import fold

_MAX_OCTETS = 8 << 20
_ORIGIN = re.compile(rb"\$ORIGIN\s+(\S+)", re.IGNORECASE)
_OWNER = re.compile(rb"[^\s;(\"$]+")


class Place(NamedTuple):
    """A place in a file.

    Attributes:
        path: the file, as it was given.
        line: the line, from 1 on; None where it is not known.
    """

    path: str
    line: int | None


class Places:
    """Finds the lines of records in master files, by their owner and the begin of their text."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._files = [(path, _owned_lines(path)) for path in paths if path != "-"]

    def of(self, finding: Finding) -> Place | None:
        """Return the place of the record that a finding is about; None where it is in no file."""
        if not finding.own or not self._files:
            return None
        for path, lines in self._files:
            number = _line(lines, finding)
            if number is not None:
                return Place(path, number)
        return Place(self._files[-1][0], None)


_Lines = list[tuple[str, bytes, int]]


def _line(lines: _Lines, finding: Finding) -> int | None:
    domain = fold(finding.domain or "")
    owned = [(text, number) for owner, text, number in lines if owner == domain]
    if finding.source is None:
        return owned[0][1] if owned else None
    source = finding.source.encode("latin-1")
    for begin in (source[:24], source[:6]):  # a record of several strings may begin with a short one
        for text, number in owned:
            if begin.replace(b'"', b'\\"') in text:
                return number
    return None


def _owned_lines(path: str) -> _Lines:
    """Return (owner, text, number) of the lines of a master file; those of other formats have no owners."""
    if path.lower().endswith((".json", ".yml", ".yaml")) or not os.path.isfile(path):  # a pipe can't be read twice
        return []
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_OCTETS)
    except OSError:
        return []
    origin = owner = ""
    lines: _Lines = []
    for number, text in enumerate(data.split(b"\n"), 1):
        found = _ORIGIN.match(text)
        if found is not None:
            origin = _absolute(found[1], origin)
            continue
        start = _OWNER.match(text)
        if start is not None:
            owner = _absolute(start[0], origin)
        lines.append((owner, text, number))
    return lines


def _absolute(name: bytes, origin: str) -> str:
    text = fold(name.decode("latin-1"))
    if text == "@":
        return origin
    if text.endswith("."):
        return text[:-1]
    return f"{text}.{origin}" if origin else text
