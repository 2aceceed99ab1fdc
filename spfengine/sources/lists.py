"""Lists whose elements are the parts of one record: `["v=spf1", "mx", …].join(" ")`, and what is added to them."""

from collections.abc import Iterator
from typing import NamedTuple

from spfengine.sources import atoms as atoms_
from spfengine.sources.atoms import Atom
from spfengine.sources.reading import Reading
from spfengine.sources.sums import MOST_ATOMS, literal_atoms, operand_end, sum_at
from spfengine.sources.tokens import Literal, Token, is_sign, text_of
from spfengine.sources.usage import key_of
from spfengine.sources.variables import GROWING

_MAX_SEPARATOR = 3
_MOST_LAYERS = 8  # calls, each an argument of the next, that are looked at
_MOST_ADDED = 16  # lists and methods after a list that are looked at
_KEEPING = frozenset({"compact", "concat", "distinct", "filter", "flat", "flatten", "list", "tolist", "tuple", "union"})
"""Functions and methods after which the elements of a list are still there, in their order."""


class ListRecord(NamedTuple):
    """The record that the elements of a list make.

    Attributes:
        atoms: its characters and unknown parts.
        joins: where, among the atoms, strings of one TXT record are joined.
        after: the index of the token after the list, and after what is added to it.
    """

    atoms: list[Atom]
    joins: tuple[int, ...]
    after: int


class _Layer(NamedTuple):
    """An expression whose first elements are those of a list: it, `[…] + x`, `concat([…], x)`.

    Attributes:
        first, last: the indexes of the tokens that it begins and ends with.
        added: where the elements are that it adds: (index of the first token, index after the last one).
    """

    first: int
    last: int
    added: tuple[tuple[int, int], ...] = ()


def record_in_list(reading: Reading, index: int) -> ListRecord | None:
    """Return the record whose parts are the elements of a list that begins with a literal; None if there is none."""
    opening = index - 1
    if not is_sign(reading.at(opening), "[", "(") or opening not in reading.closing:
        return None
    is_txt = _is_txt(reading, opening)
    layers = [] if is_txt or reading.opens_call(opening) else [*_layers(reading, opening)]
    separator = "" if is_txt else _separator(reading, opening, layers)
    if separator is None:
        separator = _separator_by_version(reading, index, layers)
    if separator is None or separator.strip('" '):
        return None  # whole records, side by side
    added = [each for layer in layers for each in layer.added]
    atoms, joins = _joined(reading, [(index, reading.closing[opening]), *added], separator)
    after = max([reading.closing[opening], *[end - 1 for _, end in added]]) + 1
    if _gets_unseen(reading, opening, layers):
        end = reading.tokens[after - 1].end
        atoms += [Atom(" ", end, end), Atom(None, end, end)]
    return ListRecord(atoms, tuple(joins) if is_txt else (), after)


# What is around a list.


def _layers(reading: Reading, opening: int) -> Iterator[_Layer]:
    """Yield the expressions that begin with the elements of a list, from the list outwards."""
    layer = _Layer(opening, reading.closing[opening])
    for _ in range(_MOST_LAYERS):
        layer = _with_added(reading, layer)
        yield layer
        around = _around(reading, layer)
        if around is None:
            return
        layer = around


def _with_added(reading: Reading, layer: _Layer) -> _Layer:
    """Return an expression with what methods and + add to it: `[…].concat(x)`, `[…] + x`."""
    at, last, added = reading.at, layer.last, list(layer.added)
    for _ in range(_MOST_ADDED):
        if is_sign(at(last + 1), ".") and text_of(at(last + 2)) in _KEEPING and is_sign(at(last + 3), "("):
            end = reading.closing.get(last + 3, last + 3)
            if is_sign(at(last + 2), "concat", "union"):
                added.append((last + 4, end))
        elif is_sign(at(last + 1), "+"):
            end = operand_end(reading, last + 2) - 1
            added.append((last + 2, end + 1))
        else:
            break
        last = max(end, last + 1)
    return layer._replace(last=last, added=tuple(added))


def _around(reading: Reading, layer: _Layer) -> _Layer | None:
    """Return the call or list that has an expression and keeps its elements: `concat(…, x)`, `flatten([…, x])`."""
    at = reading.at
    outer = reading.enclosing.get(layer.first)
    if outer is None or outer not in reading.closing:
        return None
    end = reading.closing[outer]
    if is_sign(at(outer), "[") and is_sign(at(outer - 2), "flatten"):
        return _Layer(outer, end, ((layer.last + 2, end),))
    if not is_sign(at(outer), "("):
        return None
    if not reading.opens_call(outer):
        return _Layer(outer, end) if layer.last == end - 1 else None
    if text_of(at(outer - 1)) not in _KEEPING or is_sign(at(outer - 2), "."):
        return None
    is_adding = is_sign(at(outer - 1), "concat", "union")
    return _Layer(outer - 1, end, ((layer.last + 2, end),) if is_adding else ())


def _separator(reading: Reading, opening: int, layers: list[_Layer]) -> str | None:
    """Return what a list is joined with, if that is written beside it."""
    if _is_concatenation(reading, opening):
        return ""
    call = reading.enclosing.get(reading.enclosing.get(opening, -1), -1)
    if key_of(reading, opening) == "parts" and is_sign(reading.at(call - 1), "SPF_BUILDER"):
        return " "
    bounds = layers or [_Layer(opening, reading.closing[opening])]
    return next((found for each in bounds if (found := _joined_with(reading, each)) is not None), None)


def _joined_with(reading: Reading, layer: _Layer) -> str | None:
    """Return what the elements of an expression are joined with; None if it is not joined."""
    at, before, after = reading.at, layer.first - 1, layer.last + 1
    if is_sign(at(after), ".") and is_sign(at(after + 1), "join") and is_sign(at(after + 2), "("):
        return _short(reading, at(after + 3))  # […].join(" ")
    if is_sign(at(before), "(") and is_sign(at(before - 1), "join") and is_sign(at(before - 2), "."):
        return _short(reading, at(before - 3))  # " ".join([…])
    if is_sign(at(before), ","):
        is_call = is_sign(at(before - 2), "(") and is_sign(at(before - 3), "join")  # join(" ", […])
        if is_call or (is_sign(at(before - 2), "[") and is_function(reading, before - 3, "Join")):
            return _short(reading, at(before - 1))
    return None


def _separator_by_version(reading: Reading, index: int, layers: list[_Layer]) -> str | None:
    """Return what is between the elements of a list whose first one is only the version; None if they are no parts."""
    first = reading.at(index)
    assert isinstance(first, Literal), "a list begins with a literal"
    head = atoms_.text_of(literal_atoms(reading, first)).lower()
    has_more = is_sign(reading.at(index + 1), ",") or any(layer.added for layer in layers)
    has_more = has_more or (is_sign(reading.at(index + 1), "]") and _gets_unseen(reading, index - 1, layers))
    if not has_more or head not in {"v=spf1", "v=spf1 "}:
        return None
    return "" if head.endswith(" ") else " "


def _gets_unseen(reading: Reading, opening: int, layers: list[_Layer]) -> bool:
    """Whether more elements may be added to a list elsewhere: by a function or method, or to its variable."""
    if not layers:
        return False
    whole = layers[-1]
    by_method = is_sign(reading.at(whole.last + 1), ".") and text_of(reading.at(whole.last + 2)) in GROWING
    is_argument = _is_argument(reading, whole.first, whole.last) and _joined_with(reading, whole) is None
    grows = reading.variables.grows(reading.assigned_to(whole.first), is_shared=reading.is_shared(whole.first))
    return by_method or grows or (is_argument and is_sign(reading.at(opening + 2), ","))


def _is_argument(reading: Reading, first: int, last: int) -> bool:
    """Whether further arguments of a call are after an expression."""
    call = reading.enclosing.get(first)
    return call is not None and is_sign(reading.at(call), "(") and is_sign(reading.at(last + 1), ",")


def _is_txt(reading: Reading, opening: int) -> bool:
    """Whether a list has the strings of one TXT record: TXT(name, […]) of DNSControl, TXTRecords of Azure."""
    outer = reading.enclosing.get(opening)
    if outer is None:
        return False
    if text_of(reading.at(outer - 1)) == "TXT":
        return is_sign(reading.at(opening - 1), ",") and not is_sign(reading.at(reading.closing[opening] + 1), ".")
    key = key_of(reading, opening)
    list_of = reading.enclosing.get(outer)
    return key == "value" and list_of is not None and key_of(reading, list_of) in {"txtrecords", "txt_records"}


def _is_concatenation(reading: Reading, opening: int) -> bool:
    """Whether a bracket has the parts of one string: pulumi.concat(…), Output.concat(…), "".concat(…)."""
    at = reading.at
    if not (is_sign(at(opening), "(") and is_sign(at(opening - 1), "concat")):
        return False
    before = at(opening - 3)
    is_empty = isinstance(before, Literal) and before.end == before.start + len('""')
    return not is_sign(at(opening - 2), ".") or is_sign(before, "pulumi", "Output") or is_empty


def is_function(reading: Reading, index: int, name: str) -> bool:
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
    text = atoms_.text_of(literal_atoms(reading, token))
    return text if len(text) <= _MAX_SEPARATOR and atoms_.UNKNOWN not in text else None


# The elements.


def _joined(reading: Reading, places: list[tuple[int, int]], separator: str) -> tuple[list[Atom], list[int]]:
    """Return the elements at these places as one string, and where in it they are joined."""
    atoms: list[Atom] = []
    joins: list[int] = []
    for start, end in places:
        for element in _elements(reading, start, end, _MOST_LAYERS):
            if atoms:
                joins.append(len(atoms))
                atoms += [Atom(char, atoms[-1].end, atoms[-1].end) for char in separator]
            atoms += element
            if len(atoms) > MOST_ATOMS:
                return atoms, joins
    return atoms, joins


def _elements(reading: Reading, index: int, end: int, levels: int) -> Iterator[list[Atom]]:
    """Yield the elements from an index up to another one; those of a list inside are elements, too."""
    while index < end:
        after = _end_of_element(reading, index, end)
        if levels and reading.closing.get(index) == after - 1 and _is_list(reading, index):
            yield from _elements(reading, index + 1, after - 1, levels - 1)
        elif after > index:
            yield _element(reading, index, after)
        index = after + 1


def _is_list(reading: Reading, opening: int) -> bool:
    """Whether a bracket has elements that are written there, and is no `[for x in y : …]`."""
    return is_sign(reading.at(opening), "[") and not is_sign(reading.at(opening + 1), "for")


def _end_of_element(reading: Reading, index: int, end: int) -> int:
    while index < end and not is_sign(reading.at(index), ","):
        index = min(reading.closing.get(index, index) + 1, end)
    return index


def _element(reading: Reading, index: int, end: int) -> list[Atom]:
    element, after = _substituted(reading, index) or sum_at(reading, index)
    if after == end:
        return element
    return [Atom(None, reading.tokens[index].start, reading.tokens[end - 1].end)]  # an expression that is no sum


def _substituted(reading: Reading, index: int) -> tuple[list[Atom], int] | None:
    """Return the string of CloudFormation's !Sub or Fn::Sub, and the index after it; None if neither is here."""
    at = reading.at
    if is_sign(at(index), "!Sub"):
        literal, after = at(index + 1), index + 2
    elif is_sign(at(index), "{") and is_function(reading, index + 2, "Sub"):
        literal, after = at(index + 3), index + 5
        if reading.closing.get(index) != after - 1:
            return None
    else:
        return None
    return (literal_atoms(reading, literal), after) if isinstance(literal, Literal) else None
