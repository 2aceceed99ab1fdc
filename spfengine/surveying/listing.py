"""Lists of domains: one domain a line, or tables such as `rank,domain`."""

import re
from dataclasses import dataclass

from spfengine.names import domain_fault, fold, to_a_labels
from spfengine.visible import short_repr, visible

MAX_LINE = 4096
"""Octets of the longest line that is read; no domain is as long."""

_COMMENT = re.compile(r"(?:^|\s)#.*")
_SEPARATOR = re.compile(r"[,;\t]")
_LABELS = re.compile(r"[a-z0-9_.-]*")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, repr=False)
class Listed:
    """A line of a list.

    Attributes:
        line: its number, from 1 on.
        text: the text of the domain.
        domain: the domain, as `read_domain` returns it.
        fault: why it is not a domain name, or None.
        end: the offset of the end of this line in the list, in octets.
    """

    line: int
    text: str
    domain: str
    fault: str | None
    end: int

    def __repr__(self) -> str:
        return short_repr(self, ("line", "text", "domain", "fault", "end"))


def read_domain(text: str) -> tuple[str, str | None]:
    """Return a domain in lower case, with A-labels and without final dot, and None; or the text, and why it is not a
    domain name.
    """
    quoted = f"'{visible(text, 80)}'"
    if "@" in text:
        return text, f"{quoted} is a mail address; expected its domain alone"
    if "//" in text:
        return text, f"{quoted} is a URL; expected a domain such as example.com"
    name = to_a_labels(text)
    if name is None:
        return text, f"{quoted} is not a domain name that IDNA2008 allows"
    name = fold(name).removesuffix(".")
    fault = domain_fault(name)
    if fault is None and _LABELS.fullmatch(name) is None:
        fault = f"{quoted} is not a domain name; expected letters, digits, hyphens and dots, as in example.com"
    return (name, None) if fault is None else (text, fault)


class DomainList:
    """Reads a list of any length, piece by piece.

    A line is a domain, or fields separated by commas, semicolons or tabs, of which the first that is not a number is
    the domain. Skipped are empty lines, comments after `#`, and the heading of a table: a first line of several fields
    of which none is a domain.
    """

    def __init__(self) -> None:
        self._lines = 0
        self._end = 0
        self._rest = b""

    def feed(self, octets: bytes) -> list[Listed]:
        """Return the lines that end in these octets."""
        first, *others = octets.split(b"\n")
        self._begin(first)
        listed = []
        for other in others:
            self._end += 1
            listed += self._read()
            self._begin(other)
        return listed

    def end(self) -> list[Listed]:
        """Return the last line, if it has no line end."""
        return self._read()

    def _begin(self, octets: bytes) -> None:
        """Add octets to the current line. Of a long line, only enough is kept to know that it is too long."""
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
        if self._lines == 1 and _is_heading(fields):
            return []
        text = next((field for field in fields if field and not (field.isascii() and field.isdigit())), text)
        return [Listed(self._lines, text, *read_domain(text), self._end)]


def _is_heading(fields: list[str]) -> bool:
    return len(fields) > 1 and all(read_domain(field)[1] is not None for field in fields)
