"""Lists of domains, as people have them: a domain a line, or tables such as `rank,domain`."""

import re
from typing import NamedTuple

from spfengine.names import domain_fault, fold, to_a_labels
from spfengine.visible import visible

MAX_LINE = 4096
"""Octets of a line that are looked at; no domain is as long."""

_COMMENT = re.compile(r"(?:^|\s)#.*")
_SEPARATOR = re.compile(r"[,;\t]")
_LABELS = re.compile(r"[a-z0-9_.-]*")
_BOM = b"\xef\xbb\xbf"


class Listed(NamedTuple):
    """A line of a list.

    Attributes:
        line: its number, from 1 on.
        text: what stands there for the domain.
        domain: the domain, as `read_domain` returns it.
        fault: why it is none, or None.
        end: how many octets of the list end with this line.
    """

    line: int
    text: str
    domain: str
    fault: str | None
    end: int


def read_domain(text: str) -> tuple[str, str | None]:
    """Return a domain as it is asked for (in lower case, U-labels as A-labels, without final dot), and None; or the
    text, and why it is none.
    """
    shown = f"'{visible(text, 80)}'"
    if "@" in text:
        return text, f"{shown} is a mail address; expected its domain alone"
    if "//" in text:
        return text, f"{shown} is a URL; expected a domain such as example.com"
    name = to_a_labels(text)
    if name is None:
        return text, f"{shown} is no domain name that IDNA2008 allows"
    name = fold(name).removesuffix(".")
    fault = domain_fault(name)
    if fault is None and _LABELS.fullmatch(name) is None:
        fault = f"{shown} is no domain name; expected letters, digits, hyphens and dots, as in example.com"
    return (name, None) if fault is None else (text, fault)


class DomainList:
    """Reads a list piece by piece, so that it may be of any length.

    A line holds a domain, or fields with commas, semicolons or tabs between them; then the domain is the first field
    that is no number. Empty lines are left out, as is what stands behind `#`, and a first line with fields none of
    which is a domain, the heading of a table.
    """

    def __init__(self) -> None:
        self._lines = 0
        self._end = 0
        self._rest = b""

    def feed(self, octets: bytes) -> list[Listed]:
        """Return what the lines hold that end in these octets."""
        first, *others = octets.split(b"\n")
        self._begin(first)
        found = []
        for other in others:
            self._end += 1
            found += self._read()
            self._begin(other)
        return found

    def end(self) -> list[Listed]:
        """Return what the last line holds, where no line end stands behind it."""
        return self._read()

    def _begin(self, octets: bytes) -> None:
        """Add octets to the line that has no end yet; of a long one no more is kept than shows that it is."""
        self._end += len(octets)
        self._rest += octets[: MAX_LINE + 1 - len(self._rest)]

    def _read(self) -> list[Listed]:
        octets, self._rest = self._rest, b""
        self._lines += 1
        if self._lines == 1:
            octets = octets.removeprefix(_BOM)
        if len(octets) > MAX_LINE:
            text = octets[:80].decode("utf-8", "surrogateescape") + "…"
            return [Listed(self._lines, text, text, f"the line is longer than {MAX_LINE} octets", self._end)]
        text = _COMMENT.sub("", octets.decode("utf-8", "surrogateescape")).strip()
        if not text:
            return []
        fields = [field.strip().strip('"').strip() for field in _SEPARATOR.split(text)]
        if self._lines == 1 and len(fields) > 1 and all(read_domain(field)[1] for field in fields):
            return []
        text = next((field for field in fields if field and not (field.isascii() and field.isdigit())), text)
        return [Listed(self._lines, text, *read_domain(text), self._end)]
