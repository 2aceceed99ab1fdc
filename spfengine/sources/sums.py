"""Strings side by side and added, with what methods make of them: `"v=spf1 " + x`, `"v=spf1 {}".format(x)`."""

from spfengine.sources import atoms as atoms_
from spfengine.sources.atoms import Atom, atoms_of
from spfengine.sources.code import PYTHON
from spfengine.sources.reading import CLOSING, Reading
from spfengine.sources.tokens import Literal, Token, is_sign, text_of
from spfengine.sources.variables import REPLACING, is_of_spaces, replaced_at

MOST_ATOMS = 1 << 17
"""Characters of a string that are looked at: no TXT record has more than 65,535."""

_HARMLESS = frozenset(
    {
        "apply", "as_str", "asString", "casefold", "decode", "encode", "getBytes", "intern", "lower", "lstrip", "map",
        "rstrip", "split", "splitlines", "strip", "stripIndent", "stripMargin", "to_string", "to_owned", "toLowerCase",
        "toString", "toUpperCase", "trim", "trimEnd", "trimIndent", "trimLeft", "trimRight", "trimStart", "upper",
        "valueOf",
    }
)  # fmt: skip
"""Methods after which a string is still the same record."""


def literal_atoms(reading: Reading, literal: Literal) -> list[Atom]:
    """Return what a literal says."""
    return atoms_of(reading.text, literal, MOST_ATOMS)


def sum_at(reading: Reading, index: int) -> tuple[list[Atom], int]:
    """Return the string that a literal and what is added to it make, and the index after it."""
    opening = index - 1
    atoms, index = _sum(reading, [], index)
    while reading.closing.get(opening) == index and is_sign(reading.at(opening), "("):
        if reading.opens_call(opening):
            break
        atoms, index = _with_methods(reading, atoms, index + 1)  # ("…" + …).format(…)
        if is_sign(reading.at(index), "+"):
            atoms, index = _sum(reading, atoms, index + 1)
        opening -= 1
    return atoms, index


def _sum(reading: Reading, atoms: list[Atom], index: int) -> tuple[list[Atom], int]:
    """Return a string with the operands of + from an index on, and the index after these."""
    while True:
        operand, index = _operand(reading, index)
        atoms += operand
        if len(atoms) > MOST_ATOMS or not is_sign(reading.at(index), "+"):
            return atoms, index
        index += 1


def _operand(reading: Reading, index: int) -> tuple[list[Atom], int]:
    """Return what one operand of + says, and the index after it."""
    start = index
    atoms: list[Atom] = []
    while isinstance(literal := reading.at(index), Literal) and (index == start or reading.language.joins_neighbours):
        atoms += literal_atoms(reading, literal)
        index += 1
    method = text_of(reading.at(index + 1)) if is_sign(reading.at(index), ".") else ""
    if index > start and method == "concat":  # of JavaScript: "v=spf1 ".concat(…)
        return with_rest(reading, atoms, index)
    if index > start and method != "join":  # " ".join(…) is not what the literal says
        return _with_methods(reading, atoms, index)
    return with_rest(reading, [], start)


def with_rest(reading: Reading, atoms: list[Atom], index: int) -> tuple[list[Atom], int]:
    """Return an operand whose rest, from this index on, is unknown, and the index after it."""
    end = operand_end(reading, index)
    first, last = reading.at(index), reading.at(max(end - 1, index))
    if first is None or last is None:
        return atoms, end
    return [*atoms, Atom(None, first.start, max(last.end, first.start))], end


def operand_end(reading: Reading, start: int) -> int:
    """Return the index after the operand of + that begins at an index. Each is read once."""
    index = reading.operand_ends.get(start, start)
    while (token := reading.at(index)) is not None and not _ends_operand(token):
        index = reading.closing.get(index, index) + 1
    reading.operand_ends[start] = index
    return index


def _ends_operand(token: Token) -> bool:
    return is_sign(token, "+", ",", ";", ":", "?", "\n", *CLOSING)


def _with_methods(reading: Reading, atoms: list[Atom], index: int) -> tuple[list[Atom], int]:
    """Return what methods make of a string, and `% …` in Python, and the index after these."""
    while is_sign(reading.at(index), ".") and is_sign(reading.at(index + 2), "("):
        method = text_of(reading.at(index + 1))
        if method in {"format", "format_map"}:
            atoms = atoms_.formatted_by_braces(atoms)
        elif method not in _HARMLESS and atoms:
            atoms = replaced(reading, atoms, index + 3) if method in REPLACING else atoms_.without_text(atoms, "")
        index = reading.closing.get(index + 2, index + 2) + 1
    if is_sign(reading.at(index), "%") and reading.language is PYTHON:
        return atoms_.formatted_by_percent(atoms), _operand(reading, index + 1)[1]
    if is_sign(reading.at(index), "*") and reading.language is PYTHON:  # repeated: "mx " * 3
        return with_rest(reading, atoms, index)
    return atoms, index


def replaced(reading: Reading, atoms: list[Atom], index: int) -> list[Atom]:
    """Return what is known of a string in which the arguments from an index on replace something."""
    if is_of_spaces(reading.text, reading.tokens, index):
        return atoms_.with_single_spaces(atoms)
    return atoms_.without_text(atoms, replaced_at(reading.text, reading.tokens, index))


def replaced_by_pattern(reading: Reading, atoms: list[Atom], index: int) -> list[Atom]:
    """Return what is known of a string in which what matches a pattern, the argument at an index, is replaced."""
    if is_of_spaces(reading.text, reading.tokens, index):
        return atoms_.with_single_spaces(atoms)
    return atoms_.without_text(atoms, "")
