"""The strings that a program or configuration makes of its literals: concatenated, joined, formatted."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from spfengine.sources import atoms as atoms_
from spfengine.sources.atoms import Atom
from spfengine.sources.code import PYTHON
from spfengine.sources.lists import record_in_list
from spfengine.sources.reading import Reading
from spfengine.sources.sums import literal_atoms, replaced, replaced_by_pattern, sum_at
from spfengine.sources.tokens import Literal, Token, is_sign, text_of
from spfengine.sources.usage import is_no_record
from spfengine.sources.variables import FORMATTING, REPLACING, SUBSTITUTING

_MOST_CALLS = 4  # functions, each an argument of the next, that are looked at
_ENDS_WITH_PLACEHOLDER = re.compile(r"[^%{}]*(?:%[sqv]|\{\w{0,20}\})[\s\"'\\]*")
_PLACEHOLDER_IN_WORD = re.compile(r"(?:%[sqv]|\})[^\s\"'\\]")
_CUTTING = frozenset({"substr", "substring", "strrev", "reverse", "translate"})


class Value(NamedTuple):
    """A string that begins like a record.

    Attributes:
        atoms: its characters and unknown parts.
        joins: where, among the atoms, strings of one TXT record are joined.
        at: the index of the token that it begins with; None if it begins inside one.
    """

    atoms: list[Atom]
    joins: tuple[int, ...] = ()
    at: int | None = None


Begins = Callable[[Literal], bool]
"""Whether a literal may begin a record."""


def values_in(reading: Reading, begins: Begins) -> Iterator[Value]:
    """Yield the strings of a stream of tokens whose first literal begins a record."""
    after = 0
    for index, token in enumerate(reading.tokens):
        if index < after or not isinstance(token, Literal) or not begins(token):
            continue
        start = _start(reading, index)
        if not is_no_record(reading, start):
            value, after = _value(reading, start, index)
            value = value._replace(atoms=_by_functions(reading, start, after, value.atoms))
            yield value._replace(at=index)


def _start(reading: Reading, index: int) -> int:
    r"""Return where the string begins that has a record: the quote before it may be a literal of its own.

    Such are `'"' + "v=spf1 …" + '"'` and `["\"", "v=spf1 …", "\""]`.
    """
    is_apart = is_sign(reading.at(index - 1), "+", ",")
    first = index - 2 if is_apart else index - 1
    before = reading.at(first)
    if not isinstance(before, Literal) or not (is_apart or reading.language.joins_neighbours):
        return index
    is_quote = atoms_.text_of(literal_atoms(reading, before)).strip() == '"'
    return first if is_quote else index


def _value(reading: Reading, start: int, index: int) -> tuple[Value, int]:
    """Return the string that a record is in, and the index after it.

    Args:
        start: where the string begins.
        index: where the record begins.
    """
    for first in dict.fromkeys((start, index)):
        found = record_in_list(reading, first)
        if found is not None:
            return Value(found.atoms, found.joins), found.after
    return _concatenated(reading, index if is_sign(reading.at(index - 1), ",") else start)


def _concatenated(reading: Reading, index: int) -> tuple[Value, int]:
    """Return the string that begins with a literal, and the index after it."""
    atoms, after = sum_at(reading, index)
    variable = reading.assigned_to(index)
    is_shared = reading.is_shared(index)
    for part in sorted(reading.variables.replaced_in(variable, is_shared=is_shared)):
        atoms = atoms_.without_text(atoms, part)
    if reading.variables.grows(variable, is_shared=is_shared):
        atoms.append(Atom(None, atoms[-1].end, atoms[-1].end))
    return Value(atoms), after


def _by_functions(reading: Reading, index: int, after: int, atoms: list[Atom]) -> list[Atom]:
    """Return what the functions make of a string that it is an argument of: `format("…", x)`, `replace("…", "a", x)`.

    Args:
        index: where the string begins.
        after: the index after it.
    """
    first = index
    for _ in range(_MOST_CALLS):
        opening = reading.enclosing.get(first)
        if opening is None or not atoms:
            break
        is_first = opening == first - 1
        if reading.opens_call(opening):
            name = text_of(reading.at(opening - 1))
            if name in FORMATTING and is_first and _template_of(reading, opening) is reading.at(first):
                is_braced = reading.language is PYTHON and name == "format"
                atoms = atoms_.formatted_by_braces(atoms) if is_braced else atoms_.formatted_by_percent(atoms)
            elif name in FORMATTING:
                atoms = _put_in(reading, atoms, _template_of(reading, opening))
            elif name in REPLACING and is_first:
                atoms = replaced(reading, atoms, after + 1)
            elif name in SUBSTITUTING and not is_first:
                atoms = replaced_by_pattern(reading, atoms, opening + 1)
            elif name in _CUTTING:
                atoms = atoms_.without_text(atoms, "")
            after, opening = reading.closing.get(opening, after) + 1, opening - 1
        elif not is_sign(reading.at(opening), "[", "("):
            break
        elif is_sign(reading.at(opening - 1), "%") and reading.language is PYTHON:
            atoms = _put_in(reading, atoms, reading.at(opening - 2))
        first = opening
    return atoms


def _template_of(reading: Reading, opening: int) -> Token | None:
    """Return the template that the arguments of a call are put into: format("%s -all", …), "{} -all".format(…)."""
    before = reading.at(opening - 3) if is_sign(reading.at(opening - 2), ".") else None
    return before if isinstance(before, Literal) else reading.at(opening + 1)


def _put_in(reading: Reading, atoms: list[Atom], template: Token | None) -> list[Atom]:
    """Return what is known of a string that is put into a template: what comes after it is not."""
    if not isinstance(template, Literal) or not atoms:
        return atoms
    text = atoms_.text_of(literal_atoms(reading, template))
    if _ENDS_WITH_PLACEHOLDER.fullmatch(text):
        return atoms
    end = atoms[-1].end
    rest = [Atom(None, end, end)]
    return [*atoms, *rest] if _PLACEHOLDER_IN_WORD.search(text) else [*atoms, Atom(" ", end, end), *rest]
