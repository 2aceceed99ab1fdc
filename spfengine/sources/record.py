"""A record in a source file: which strings are one, and where each octet of it is written."""

import re
from array import array
from dataclasses import dataclass, field

from spfengine.record.grammar import MECHANISMS, MODIFIERS
from spfengine.record.hints import meant
from spfengine.record.model import Span
from spfengine.sources.atoms import UNKNOWN, Atom, text_of, without_templates
from spfengine.sources.places import Lines, Region
from spfengine.sources.values import Value
from spfengine.visible import short_repr

MOST_OCTETS = 65535
"""The data of a TXT record, at most."""
_SHOWN = 80

# What a string begins with that is a record, or was meant to be one.
_BEGINS = re.compile(r"[\s\"'\\]*v\s?=\s?spf1", re.IGNORECASE)
_VERSION = re.compile(r"v\s?=\s?spf1", re.IGNORECASE)
_WORD = re.compile(rf"[^\s{UNKNOWN}]*{UNKNOWN}[^\s]*|\S+")
_TERM = re.compile(rf"[+\-?~]?(?:{'|'.join((*MECHANISMS, *MODIFIERS))})(?![A-Za-z0-9_\-.])", re.IGNORECASE)
_FURTHER = re.compile(rf"{_TERM.pattern}|[+\-?~]?[A-Za-z0-9]+:(?!//|\Z)", re.IGNORECASE)
_PROSE = re.compile(r"[\"'(]?[A-Za-z][A-Za-z'\u2019\-]*[.,;:!?\"')]*\Z|[.\u2026]+\Z")
_ENDS_SENTENCE = re.compile(r"[+\-?~]?all[.,;:!?]\Z", re.IGNORECASE)
_MOST_WORDS = 2  # of a record that has no term that is one
_PATTERN = re.compile(r"\.[*+]|\\s|\[\^|\(\?|\)[*+?]|\$\Z")
_QUOTED = re.compile(r"\"[^\"]{0,4000}\"(?:[.,;:!?]|\s+\w)")  # a sentence that begins with a record in quotes
_OCTAL = re.compile(r"[0-9]{3}")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A part of a record that the file does not show: the value of a variable, an expression.

    Attributes:
        span: (start, end) offsets of it in the record's `source`.
        text: it as the file has it, not escaped; "" if the program adds it elsewhere.
        region: its place in the file.
    """

    span: Span
    text: str
    region: Region

    def __repr__(self) -> str:
        return short_repr(self, ("span", "text", "region"))


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """An SPF record that a source file has in its strings.

    Attributes:
        path: the file.
        source: the text of the record, each octet as one character; an unknown part as it is written in the file.
        unknown: the parts of it whose text the file does not show.
        region: its place in the file.
        joins: the offsets in `source` between the strings of the TXT record, if the file has several.
        is_quoted: whether the file says which strings the TXT record has, by quotes inside the string.
        name: the name that the record is for, without the final dot; None if the file does not say it.
        name_text: what the file has for the name, not escaped, if it is not known, such as `${var.domain}`; "" if the
            file says nothing.
    """

    path: str
    source: str
    unknown: tuple[Unknown, ...]
    region: Region
    joins: tuple[int, ...] = ()
    is_quoted: bool = False
    name: str | None = None
    name_text: str = ""
    _lines: Lines = field(repr=False, compare=False, kw_only=True)
    _starts: "array[int]" = field(repr=False, compare=False, kw_only=True)
    _ends: "array[int]" = field(repr=False, compare=False, kw_only=True)

    def __repr__(self) -> str:
        return short_repr(self, ("path", "source", "name", "region"))

    @property
    def unknown_spans(self) -> tuple[Span, ...]:
        """The spans of the unknown parts, in order."""
        return tuple([part.span for part in self.unknown])

    def region_of(self, span: Span | None) -> Region:
        """Return where in the file a span of `source` is; the whole record for None, and for an empty span."""
        start, end = (0, 0) if span is None else span
        if not 0 <= start < end <= len(self._starts):
            return self.region
        return self._lines.region(self._starts[start], self._ends[end - 1])


def begins(text: str) -> bool:
    """Whether a string may begin a record."""
    return _BEGINS.match(text) is not None


def record_in(
    path: str, text: str, lines: Lines, value: Value, templates: re.Pattern[str], *, is_code: bool, is_sure: bool
) -> FoundRecord | None:
    """Return the record that a string is, without its name, or None if it is not one.

    Args:
        text: the text of the file.
        templates: what is an interpolation in the file's strings.
        is_code: whether the file is a program, in which a lone `v=spf1` is compared with, or has more added to it.
        is_sure: whether it is the value of a TXT record, by all appearances, and no sentence.
    """
    leading = _leading(_with_templates(value, templates))
    if value.at is not None and not is_sure and _QUOTED.match(text_of([atom for atom, _ in leading])):
        return None
    octets, joins, is_quoted = _strings(leading)
    octets, joins = _one_record(octets, joins)
    shown = text_of([atom for atom, _ in octets])
    if _VERSION.match(shown) is None or not _is_record(shown, is_code=is_code, is_sure=is_sure):
        return None
    source: list[str] = []
    starts, ends = array("L"), array("L")
    unknown: list[Unknown] = []
    offsets: list[int] = []
    for atom, _ in octets:
        offsets.append(len(starts))
        written = _written(atom, text)
        if atom.char is None:
            region = lines.region(atom.start, atom.end)
            unknown.append(Unknown((len(starts), len(starts) + len(written)), text[atom.start : atom.end], region))
        source.append(written)
        starts.extend([atom.start] * len(written))
        ends.extend([atom.end] * len(written))
    if len(starts) > MOST_OCTETS:
        return None
    region = lines.region(starts[0], max(ends[-1], starts[0]))
    cuts = tuple(dict.fromkeys(offsets[join] for join in joins if 0 < join < len(offsets)))
    return FoundRecord(
        path, "".join(source), tuple(unknown), region, cuts, is_quoted, _lines=lines, _starts=starts, _ends=ends
    )


def _written(atom: Atom, text: str) -> str:
    """Return what an atom is in a record's source, each octet as one character."""
    if atom.char is not None:
        return atom.char.encode("utf-8", "surrogateescape").decode("latin-1")
    shown = " ".join(text[atom.start : atom.end].split())
    shown = shown[: _SHOWN - 3] + "..." if len(shown) > _SHOWN else shown
    return (shown or "...").encode("utf-8", "surrogateescape").decode("latin-1")


_Marked = list[tuple[Atom, bool]]  # (atom, whether a join of a list is before it)


def _with_templates(value: Value, templates: re.Pattern[str]) -> _Marked:
    """Return the atoms with each interpolation as one; a join inside an interpolation is dropped."""
    joined = {value.atoms[join].start for join in value.joins if join < len(value.atoms)}
    return [(atom, atom.start in joined) for atom in without_templates(value.atoms, templates)]


def _leading(atoms: _Marked) -> _Marked:
    start = next((index for index, (atom, _) in enumerate(atoms) if atom.char is None or not atom.char.isspace()), 0)
    return atoms[start:]


def _strings(atoms: _Marked) -> tuple[_Marked, list[int], bool]:
    """Return the atoms without quotes inside the string: `"…" "…"`, as master files and the APIs of DNS write them."""
    found: _Marked = []
    joins: list[int] = []
    is_quoted = is_in_quotes = bool(atoms) and atoms[0][0].char == '"'
    index = int(is_quoted)
    while index < len(atoms):
        atom, is_join = atoms[index]
        following = atoms[index + 1][0].char if index + 1 < len(atoms) else None
        if is_join:
            joins.append(len(found))
        after = _next_string(atoms, index) if atom.char == '"' else None
        if after is not None:
            joins.append(len(found))
            is_quoted = True
            index = after
        elif atom.char == '"' and is_in_quotes:
            break
        elif is_quoted and atom.char == "\\" and following in {'"', "\\"}:
            index += 1
            found.append((Atom(following, atom.start, atoms[index][0].end), False))
        elif is_quoted and atom.char == "\\" and _OCTAL.match(_chars(atoms, index + 1)):
            index += 3  # octal for Route 53, decimal in master files
            found.append((Atom(None, atom.start, atoms[index][0].end), False))
        else:
            found.append((atom, False))
        index += 1
    return found, joins, is_quoted


def _chars(atoms: _Marked, index: int) -> str:
    return "".join([atom.char or UNKNOWN for atom, _ in atoms[index : index + 3]])


def _next_string(atoms: _Marked, index: int) -> int | None:
    """Return where the next string is opened, after the quote that closes one; None if there is none."""
    index += 1
    while index < len(atoms) and (atoms[index][0].char or "x").isspace():
        index += 1
    return index if index < len(atoms) and atoms[index][0].char == '"' else None


def _one_record(atoms: _Marked, joins: list[int]) -> tuple[_Marked, list[int]]:
    """Return the lines of a string that are one record; a line end in it counts as a space."""
    shown = text_of([atom for atom, _ in atoms])
    end = len(shown)
    lines = [match.end() for match in re.finditer(r"\n\s*", shown)]
    for start in lines:
        word = _WORD.match(shown, start)
        if word is None or not (UNKNOWN in word[0] or _FURTHER.match(word[0])):
            end = start
            break
    kept = [(_as_space(atom), mark) for atom, mark in atoms[:end]]
    while kept and (kept[-1][0].char or "") in {"\n", "\r"} | ({" ", "\t"} if end < len(shown) or lines else set()):
        kept.pop()
    if lines:
        kept, joins = _single_spaces(kept, joins)
    return kept, [join for join in joins if join < len(kept)]


def _as_space(atom: Atom) -> Atom:
    return Atom(" ", atom.start, atom.end) if atom.char in {"\n", "\r"} else atom


def _single_spaces(atoms: _Marked, joins: list[int]) -> tuple[_Marked, list[int]]:
    """Return the atoms without the spaces that only indent a line."""
    found: _Marked = []
    moved: dict[int, int] = {}
    for index, (atom, mark) in enumerate(atoms):
        moved[index] = len(found)
        if atom.char in {" ", "\t"} and found and found[-1][0].char == " ":
            continue
        found.append((atom, mark))
    return found, [moved[join] for join in joins if join in moved]


def _is_record(shown: str, *, is_code: bool, is_sure: bool) -> bool:
    """Whether a text that begins with the version is a record, and not a sentence about one.

    It is if it has more terms than words.

    Args:
        shown: the text.
        is_code: whether a text with only the version is none.
        is_sure: whether it is the value of a TXT record, by all appearances. Otherwise, one that ends with a word is a
            sentence.
    """
    version = _VERSION.match(shown)
    assert version is not None, "the text begins with the version"
    rest = shown[version.end() :]
    words = _WORD.findall(rest, 0, 4096)
    if not words:
        return is_sure or not is_code
    if _PATTERN.search(rest, 0, 4096):
        return False
    terms = prose = unknown = 0
    for word in words:
        if _TERM.match(word) and not _ENDS_SENTENCE.match(word):
            terms += 1
        elif UNKNOWN in word:
            unknown += 1
        elif _PROSE.match(word):
            prose += meant(word) is None
            terms += meant(word) is not None
    is_sentence = not is_sure and _PROSE.match(words[-1]) is not None and meant(words[-1]) is None
    if terms:
        return terms > prose and not is_sentence
    return (unknown > 0 and not prose) or (is_sure and prose < _MOST_WORDS)
