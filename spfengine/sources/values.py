"""The strings that a program or configuration makes of its literals: concatenated, joined, formatted."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from spfengine.sources import atoms as atoms_
from spfengine.sources.atoms import Atom, atoms_of
from spfengine.sources.code import PYTHON
from spfengine.sources.reading import CLOSING, Reading
from spfengine.sources.tokens import Literal, Token, is_sign, text_of
from spfengine.sources.usage import is_no_record, key_of
from spfengine.sources.variables import FORMATTING, GROWING, REPLACING, SUBSTITUTING, replaced_at

MOST_ATOMS = 1 << 17
"""Characters of a string that are looked at: no TXT record has more than 65,535."""

_MAX_SEPARATOR = 3
_MOST_CALLS = 4  # functions, each an argument of the next, that are looked at
_CUTTING = frozenset({"substr", "substring", "strrev", "reverse", "translate"})
_HARMLESS = frozenset(
    {
        "apply", "as_str", "asString", "casefold", "decode", "encode", "getBytes", "intern", "lower", "lstrip", "map",
        "rstrip", "split", "splitlines", "strip", "stripIndent", "stripMargin", "to_string", "to_owned", "toLowerCase",
        "toString", "toUpperCase", "trim", "trimEnd", "trimIndent", "trimLeft", "trimRight", "trimStart", "upper",
        "valueOf",
    }
)  # fmt: skip
"""Methods after which a string is still the same record."""


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
        if index >= after and isinstance(token, Literal) and begins(token) and not is_no_record(reading, index):
            value, after = _list(reading, index) or _concatenated(reading, index)
            value = value._replace(atoms=_by_functions(reading, index, after, value.atoms))
            yield value._replace(at=index)


def _atoms(reading: Reading, literal: Literal) -> list[Atom]:
    return atoms_of(reading.text, literal, MOST_ATOMS)


# Strings side by side, and added.


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
        atoms += _atoms(reading, literal)
        index += 1
    method = text_of(reading.at(index + 1)) if is_sign(reading.at(index), ".") else ""
    if index > start and method == "concat":  # of JavaScript: "v=spf1 ".concat(…)
        return _with_rest(reading, atoms, index)
    if index > start and method != "join":  # " ".join(…) is not what the literal says
        return _with_methods(reading, atoms, index)
    return _with_rest(reading, [], start)


def _with_rest(reading: Reading, atoms: list[Atom], index: int) -> tuple[list[Atom], int]:
    """Return an operand whose rest, from this index on, is unknown, and the index after it."""
    start = index
    while (token := reading.at(index)) is not None and not _ends_operand(token):
        index = reading.closing.get(index, index) + 1
    first, last = reading.at(start), reading.at(max(index - 1, start))
    if first is None or last is None:
        return atoms, index
    return [*atoms, Atom(None, first.start, max(last.end, first.start))], index


def _ends_operand(token: Token) -> bool:
    return is_sign(token, "+", ",", ";", ":", "?", "\n", *CLOSING)


def _with_methods(reading: Reading, atoms: list[Atom], index: int) -> tuple[list[Atom], int]:
    """Return what methods make of a string, and `% …` in Python, and the index after these."""
    while is_sign(reading.at(index), ".") and is_sign(reading.at(index + 2), "("):
        method = text_of(reading.at(index + 1))
        if method in {"format", "format_map"}:
            atoms = atoms_.formatted_by_braces(atoms)
        elif method not in _HARMLESS and atoms:
            replaced = replaced_at(reading.text, reading.tokens, index + 3) if method in REPLACING else ""
            atoms = atoms_.without_text(atoms, replaced)
        index = reading.closing.get(index + 2, index + 2) + 1
    if is_sign(reading.at(index), "%") and reading.language is PYTHON:
        return atoms_.formatted_by_percent(atoms), _operand(reading, index + 1)[1]
    return atoms, index


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
            if name in FORMATTING and is_first:
                is_braced = reading.language is PYTHON and name == "format"
                atoms = atoms_.formatted_by_braces(atoms) if is_braced else atoms_.formatted_by_percent(atoms)
            elif name in REPLACING and is_first:
                atoms = atoms_.without_text(atoms, replaced_at(reading.text, reading.tokens, after + 1))
            elif name in _CUTTING or (name in SUBSTITUTING and not is_first):
                atoms = atoms_.without_text(atoms, "")
            after, opening = reading.closing.get(opening, after) + 1, opening - 1
        elif not is_sign(reading.at(opening), "[", "("):
            break
        first = opening
    return atoms


# Lists whose elements are the parts of a record.


def _list(reading: Reading, index: int) -> tuple[Value, int] | None:
    """Return the record whose parts are the elements of a list, and the index after it; None if there is none."""
    opening = index - 1
    if not is_sign(reading.at(opening), "[", "(") or opening not in reading.closing:
        return None
    strings = _is_txt(reading, opening)
    separator = "" if strings else _separator(reading, opening)
    first = reading.at(index)
    assert isinstance(first, Literal), "a list begins with a literal"
    if separator is None:
        head = atoms_.text_of(_atoms(reading, first)).lower()
        has_more = is_sign(reading.at(index + 1), ",") or _gets_more(reading, opening)
        if not has_more or head not in {"v=spf1", "v=spf1 "}:
            return None
        separator = "" if head.endswith(" ") else " "
    if separator.strip('" '):
        return None  # whole records, side by side
    atoms, joins = _elements(reading, index, reading.closing[opening], separator)
    if _continues(reading, opening):
        end = reading.tokens[reading.closing[opening]].end
        atoms += [Atom(" ", end, end), Atom(None, end, end)]
    return Value(atoms, tuple(joins) if strings else ()), reading.closing[opening] + 1


def _elements(reading: Reading, index: int, end: int, separator: str) -> tuple[list[Atom], list[int]]:
    atoms: list[Atom] = []
    joins: list[int] = []
    while index < end and len(atoms) <= MOST_ATOMS:
        if atoms:
            joins.append(len(atoms))
            atoms += [Atom(char, atoms[-1].end, atoms[-1].end) for char in separator]
        element, after = _substituted(reading, index) or sum_at(reading, index)
        if after < end and not is_sign(reading.at(after), ","):  # an expression that is no sum
            while after < end and not is_sign(reading.at(after), ","):
                after = min(reading.closing.get(after, after) + 1, end)
            element = [Atom(None, reading.tokens[index].start, reading.tokens[after - 1].end)]
        atoms += element
        index = after + 1
    return atoms, joins


def _substituted(reading: Reading, index: int) -> tuple[list[Atom], int] | None:
    """Return the string of CloudFormation's !Sub or Fn::Sub, and the index after it; None if neither is here."""
    at = reading.at
    if is_sign(at(index), "!Sub"):
        literal, after = at(index + 1), index + 2
    elif is_sign(at(index), "{") and _is_function(reading, index + 2, "Sub"):
        literal, after = at(index + 3), index + 5
        if reading.closing.get(index) != after - 1:
            return None
    else:
        return None
    return (_atoms(reading, literal), after) if isinstance(literal, Literal) else None


def _is_txt(reading: Reading, opening: int) -> bool:
    """Whether a list has the strings of one TXT record: TXT(name, […]) of DNSControl, TXTRecords of Azure."""
    outer = reading.enclosing.get(opening)
    if outer is None:
        return False
    if text_of(reading.at(outer - 1)) == "TXT":
        return is_sign(reading.at(opening - 1), ",")
    key = key_of(reading, opening)
    list_of = reading.enclosing.get(outer)
    return key == "value" and list_of is not None and key_of(reading, list_of) in {"txtrecords", "txt_records"}


def _separator(reading: Reading, opening: int) -> str | None:
    """Return what a list is joined with, if that is written beside it."""
    at = reading.at
    after = reading.closing[opening] + 1
    if is_sign(at(after), ".") and is_sign(at(after + 1), "join") and is_sign(at(after + 2), "("):
        return _short(reading, at(after + 3))  # […].join(" ")
    if is_sign(at(opening - 1), "(") and is_sign(at(opening - 2), "join") and is_sign(at(opening - 3), "."):
        return _short(reading, at(opening - 4))  # " ".join([…])
    if _is_concatenation(reading, opening):
        return ""
    call = reading.enclosing.get(reading.enclosing.get(opening, -1), -1)
    if key_of(reading, opening) == "parts" and is_sign(at(call - 1), "SPF_BUILDER"):
        return " "
    before = opening - 1
    if is_sign(at(opening), "[") and is_sign(at(before), ","):
        is_call = is_sign(at(before - 2), "(") and is_sign(at(before - 3), "join")  # join(" ", […])
        if is_call or (is_sign(at(before - 2), "[") and _is_function(reading, before - 3, "Join")):
            return _short(reading, at(before - 1))
    return None


def _is_concatenation(reading: Reading, opening: int) -> bool:
    """Whether a bracket has the parts of one string: pulumi.concat(…), Output.concat(…), "".concat(…)."""
    at = reading.at
    if not (is_sign(at(opening), "(") and is_sign(at(opening - 1), "concat")):
        return False
    before = at(opening - 3)
    is_empty = isinstance(before, Literal) and before.end == before.start + len('""')
    return not is_sign(at(opening - 2), ".") or is_sign(before, "pulumi", "Output") or is_empty


def _is_function(reading: Reading, index: int, name: str) -> bool:
    """Whether a function of CloudFormation is before its argument: `!Join` or `Fn::Join:`."""
    token = reading.at(index)
    if is_sign(token, ":"):
        token = reading.at(index - 1)
    if isinstance(token, Literal):
        return reading.text[token.start : token.end].strip("'\"").lower() == f"fn::{name.lower()}"
    return is_sign(token, f"!{name}")


def _short(reading: Reading, token: Token | None) -> str | None:
    if not isinstance(token, Literal):
        return None
    text = atoms_.text_of(_atoms(reading, token))
    return text if len(text) <= _MAX_SEPARATOR and atoms_.UNKNOWN not in text else None


def _gets_more(reading: Reading, opening: int) -> bool:
    """Whether a list of one element is a part of a longer one: concat(["v=spf1"], …), ["v=spf1"] + …."""
    if not is_sign(reading.at(opening), "[") or not is_sign(reading.at(opening + 2), "]"):
        return False
    call = reading.enclosing.get(opening)
    if _is_flattened(reading, opening):
        return True
    is_alone = call is None or is_sign(reading.at(call - 1), "concat") or not is_sign(reading.at(opening + 3), ",")
    return is_alone and _continues(reading, opening)


def _is_flattened(reading: Reading, opening: int) -> bool:
    """Whether a list is the first of several in a list that becomes one: flatten([["v=spf1"], …])."""
    outer = reading.enclosing.get(opening)
    return outer == opening - 1 and is_sign(reading.at(outer), "[") and is_sign(reading.at(outer - 2), "flatten")


def _continues(reading: Reading, opening: int) -> bool:
    """Whether more elements may be added to a list: concat([…], …), […] + …, and a variable that grows."""
    after = reading.at(reading.closing[opening] + 1)
    call = reading.enclosing.get(opening)
    is_argument = call is not None and is_sign(reading.at(call), "(") and is_sign(after, ",")
    is_sum = (
        is_sign(after, "+")
        or _is_flattened(reading, opening)
        or (is_sign(after, ".") and text_of(reading.at(reading.closing[opening] + 2)) in GROWING)
    )
    return (
        (is_argument and not _is_txt(reading, opening))
        or is_sum
        or reading.variables.grows(reading.assigned_to(opening), is_shared=reading.is_shared(opening))
    )
