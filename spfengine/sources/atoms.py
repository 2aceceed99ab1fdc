"""The characters of a literal, each with its place in the file."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from spfengine.sources.tokens import Escapes, Literal, Run


class Atom(NamedTuple):
    """A character of a string, or a part of it that the file does not show.

    Attributes:
        char: the character; None for an unknown part.
        start, end: its place in the text of the file.
    """

    char: str | None
    start: int
    end: int


_C_ESCAPE = re.compile(
    r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|([0-7]{1,3})|(\r?\n)"
    r"|N\{([A-Za-z0-9 \-]{1,80})\}|([\s\S]))"
)
_NAMED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "a": "\a"}
_YAML_NAMED = _NAMED | {"e": "\x1b", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"}
_KNOWN = {
    Escapes.JSON: frozenset('nrtbf"\\/'),
    Escapes.JAVASCRIPT: None,  # a backslash before any other character is left out
    Escapes.PYTHON: frozenset("nrtbfva\"'\\"),
    Escapes.TERRAFORM: frozenset('nrt"\\'),
    Escapes.YAML: None,
}
_LAST = 0x10FFFF
_DOUBLED = frozenset({"{{", "}}", "%%"})


def atoms_of(text: str, literal: Literal, most: int, *, with_holes: bool = False) -> list[Atom]:
    """Return what a literal says, at most `most` characters of it.

    Args:
        with_holes: whether interpolations are read as text, and not as unknown parts.
    """
    found: list[Atom] = []
    for run in literal.runs:
        found += [Atom(char, run.start, run.start) for char in run.before]
        if run.is_hole and not with_holes:
            found.append(Atom(None, run.start, run.end))
        else:
            found += islice(_decoded(text, run, literal), most - len(found))
        if len(found) >= most:
            break
    return found


def _decoded(text: str, run: Run, literal: Literal) -> Iterator[Atom]:
    escapes = literal.escapes
    if escapes in _KNOWN:
        yield from _c_like(text, run, literal)
        return
    doubled = {Escapes.QUOTE: ("''",), Escapes.HEREDOC: ("$${", "%%{")}.get(escapes, ())
    if literal.is_format:
        doubled = ("{{", "}}")
    yield from _with_doubled(text, run, doubled)


def _with_doubled(text: str, run: Run, doubled: tuple[str, ...]) -> Iterator[Atom]:
    """Yield the characters of a text in which these marks mean their own second character."""
    pos = run.start
    while pos < run.end:
        mark = next((mark for mark in doubled if text.startswith(mark, pos, run.end)), "")
        if mark:
            yield Atom(mark[1], pos, pos + 2)
            pos += 2
        else:
            yield Atom(text[pos], pos, pos + 1)
            pos += 1


def _c_like(text: str, run: Run, literal: Literal) -> Iterator[Atom]:
    doubled: tuple[str, ...] = ("{{", "}}") if literal.is_format else ()
    if literal.escapes is Escapes.TERRAFORM:
        doubled = ("$${", "%%{")
    pos = run.start
    while pos < run.end:
        escape = text.find("\\", pos, run.end)
        plain_end = run.end if escape < 0 else escape
        yield from _with_doubled(text, Run(pos, plain_end), doubled)
        if escape < 0:
            return
        found = _C_ESCAPE.match(text, escape, run.end)
        if found is None:
            yield Atom("\\", escape, escape + 1)
            pos = escape + 1
            continue
        char, pos = _escaped(text, found, literal.escapes, run.end)
        yield from (Atom(each, escape, pos) for each in char)


def _escaped(text: str, found: re.Match[str], escapes: Escapes, end: int) -> tuple[str, int]:
    """Return what an escape means, and the place after it."""
    number = found[1] or found[2] or found[3] or found[4]
    if number is not None:
        code = int(number, 16)
        low = _C_ESCAPE.match(text, found.end(), end) if 0xD800 <= code < 0xDC00 else None
        if low is not None and low[2] is not None and 0xDC00 <= int(low[2], 16) < 0xE000:
            return chr(0x10000 + ((code - 0xD800) << 10) + (int(low[2], 16) - 0xDC00)), low.end()
        return (chr(code) if code <= _LAST and not 0xD800 <= code < 0xE000 else "\ufffd"), found.end()
    if found[5] is not None:
        return (chr(int(found[5], 8)) if escapes is not Escapes.JSON else found[0]), found.end()
    if found[6] is not None:
        return "", found.end()
    if found[7] is not None:
        return (_named(found[7]) if escapes is Escapes.PYTHON else found[0]), found.end()
    known = _KNOWN[escapes]
    if known is not None and found[8] not in known:
        return found[0], found.end()
    named = _YAML_NAMED if escapes is Escapes.YAML else _NAMED
    return named.get(found[8], found[8]), found.end()


def _named(name: str) -> str:
    """Return the character that has a name in Unicode."""
    try:
        return unicodedata.lookup(name)
    except KeyError:
        return "\ufffd"


# Interpolations that no scanner sees, since they are ordinary text for the language of the file.

_TEMPLATES = (
    r"\$\{\{[^{}]{0,400}\}\}"  # GitHub Actions
    r"|\$\{[^{}]{0,400}\}"  # shells, JavaScript, CloudFormation
    r"|\{\{(?:[^{}]|\}(?!\})|\{(?!\{)){0,400}\}\}"  # Jinja, Helm
    r"|\{%(?:[^%]|%(?!\})){0,400}%\}"  # Jinja
    r"|\{#(?:[^#]|#(?!\})){0,400}#\}"
    r"|<%(?:[^%]|%(?!>)){0,400}%>"
    r"|\$\([^()]{0,400}\)|\$[A-Za-z_]\w{0,80}"  # shells, string.Template of Python
    r"|%[A-Z][A-Z0-9_]{1,80}%"  # Windows; no macro of SPF
)
_FORMATS = r"|(?<!%)%(?:\([^()\s]{1,60}\))?[sdvqr]"
_BRACES = r"|(?<![%{])\{[^{}\s]{0,60}\}(?!\})"

DATA = re.compile(_TEMPLATES)
"""What is an interpolation in data, for the program that reads it."""
FORMATTED = re.compile(_TEMPLATES + _FORMATS)
"""The same, with the %s of format()."""
BRACED = re.compile(_TEMPLATES + _FORMATS + _BRACES)
"""The same, with the {name} of str.format()."""

_OF_FORMAT = re.compile(r"\{\{|\}\}|\{[^{}]{0,400}\}")
_OF_PERCENT = re.compile(r"%%|%(?:\([^()]{1,60}\)|\[[0-9]{1,3}\]|[0-9]{1,3}\$)?[-+ #0-9.]{0,9}[A-Za-z]")

_VERSION = re.compile(r"[\s\"'\\]*v\s?=\s?spf1 ?", re.IGNORECASE)

UNKNOWN = "\ufffc"
"""What an unknown part is in a text that is searched."""


def text_of(atoms: list[Atom]) -> str:
    """Return the characters, each unknown part as one."""
    return "".join([UNKNOWN if atom.char is None else atom.char for atom in atoms])


def without_templates(atoms: list[Atom], pattern: re.Pattern[str]) -> list[Atom]:
    """Return the atoms with each interpolation as one unknown part; a doubled sign is the sign."""
    found: list[Atom] = []
    last = 0
    for match in pattern.finditer(text_of(atoms)):
        found += atoms[last : match.start()]
        last = match.end()
        char = match[0][0] if match[0] in _DOUBLED else None
        found.append(Atom(char, atoms[match.start()].start, atoms[last - 1].end))
    return found + atoms[last:]


def formatted_by_braces(atoms: list[Atom]) -> list[Atom]:
    """Return what `str.format` makes of a template."""
    return without_templates(atoms, _OF_FORMAT)


def formatted_by_percent(atoms: list[Atom]) -> list[Atom]:
    """Return what the operator % makes of a template."""
    return without_templates(atoms, _OF_PERCENT)


def without_text(atoms: list[Atom], part: str) -> list[Atom]:
    """Return what is known of a record in which a text is replaced, wherever it has it; all of it if that is ""."""
    text = text_of(atoms)
    version = _VERSION.match(text)
    start = 0 if version is None else version.end()
    if not part or (version is not None and part in version[0]):
        return [*atoms[:start], Atom(None, atoms[start].start, atoms[-1].end)] if start < len(atoms) else atoms
    return without_templates(atoms, re.compile(re.escape(part)))


def with_single_spaces(atoms: list[Atom]) -> list[Atom]:
    """Return the atoms without the spaces after another one, or after a line end."""
    found: list[Atom] = []
    for atom in atoms:
        if not (atom.char in {" ", "\t"} and found and (found[-1].char or "x").isspace()):
            found.append(atom)
    return found
