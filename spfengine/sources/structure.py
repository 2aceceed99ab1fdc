"""The mappings, blocks and calls that a literal is in, and the pairs of names and values in these.

It knows no language: `name = value`, `"name": value` and `name: value` are pairs, wherever they are in brackets.
"""

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from spfengine.sources.atoms import Atom, atoms_of, text_of as text_of_atoms
from spfengine.sources.code import TERRAFORM
from spfengine.sources.reading import CLOSING, OPENING, Reading
from spfengine.sources.sums import sum_at
from spfengine.sources.tokens import Literal, Sign, is_sign, is_word

_MOST_LEVELS = 12
_LONGEST_KEY = 80
_LONGEST_VALUE = 400
_MOST_UNCLOSED = 64  # tokens after a bracket that nothing closes: each of many would be read to the end of the file


class Level(NamedTuple):
    """Brackets that a token is in.

    Attributes:
        opening: the index of the opening bracket; None for what is in no brackets.
        key: the name of the pair whose value the token is in, folded; "" if there is none.
        pairs: the pairs in these brackets: folded name → index of the value.
    """

    opening: int | None
    key: str
    pairs: dict[str, int]


def levels(reading: Reading, index: int) -> Iterator[Level]:
    """Yield the brackets that a token is in, from the innermost outwards."""
    for _ in range(_MOST_LEVELS):
        opening = reading.enclosing.get(index)
        pairs = pairs_in(reading, opening)
        before = bisect_right(pairs.starts, index)
        yield Level(opening, pairs.names[before - 1] if before else "", pairs.by_name)
        if opening is None:
            return
        index = opening


class Pairs(NamedTuple):
    """The pairs in brackets.

    Attributes:
        names: their names, folded, in order.
        starts: the index of each value.
        by_name: name → index of its value, the first if there are several.
    """

    names: list[str]
    starts: list[int]
    by_name: dict[str, int]


def key_before(reading: Reading, opening: int) -> Literal | Sign | None:
    """Return the name of the pair whose value opens here; None if it is no pair's."""
    token = reading.at(opening - 2) if is_sign(reading.at(opening - 1), ":", "=") else None
    return token if isinstance(token, Literal) or is_word(token) else None


def pairs_in(reading: Reading, opening: int | None) -> Pairs:
    """Return the pairs in brackets. Those of each are read once."""
    known: Pairs | None = reading.pairs.get(opening)
    if known is not None:
        return known
    found = Pairs([], [], {})
    index = 0 if opening is None else opening + 1
    end = len(reading.tokens)
    if opening is not None:
        end = reading.closing.get(opening, min(end, opening + _MOST_UNCLOSED))
    while index < end:
        token = reading.tokens[index]
        if is_sign(reading.at(index + 1), ":", "=") and (isinstance(token, Literal) or is_word(token)):
            name = _key(reading, token)
            index += 2
            found.names.append(name)
            found.starts.append(index)
            found.by_name.setdefault(name, index)
        else:
            index = reading.closing.get(index, index) + 1
    reading.pairs[opening] = found
    return found


def _key(reading: Reading, token: Literal | Sign) -> str:
    text = token.text if isinstance(token, Sign) else text_of_atoms(atoms_of(reading.text, token, _LONGEST_KEY))
    return text.strip().lower().replace("-", "_")


def label_at(reading: Reading, index: int) -> str:
    """Return the text of a label of a block, such as `"aws_route53_record"`; "" if there is none."""
    token = reading.at(index)
    return reading.text[token.start : token.end].strip('"') if isinstance(token, Literal) else ""


def value_at(reading: Reading, index: int) -> list[Atom]:
    """Return the string that a value is: its characters, and what is not known of it. Each is read once."""
    known: list[Atom] | None = reading.values.get(index)
    if known is None:
        known = reading.values[index] = _read_value(reading, index)
    return known


def _read_value(reading: Reading, index: int) -> list[Atom]:
    token = reading.at(index)
    if is_sign(token, "!Sub"):  # of CloudFormation: the string after it has interpolations
        index += 1
        token = reading.at(index)
    if token is None or is_sign(token, ",", *CLOSING):
        return []
    if isinstance(token, Literal) and reading.language is TERRAFORM:
        return atoms_of(reading.text, token, _LONGEST_VALUE)
    if isinstance(token, Literal):
        return sum_at(reading, index)[0][:_LONGEST_VALUE]
    last = reference_end(reading, index) - 1
    if token.text.startswith("!") and isinstance(reading.at(index + 1), Literal):
        last = index + 1  # !Ref Name
    return [Atom(None, token.start, max(reading.tokens[last].end, token.start))]


def reference_end(reading: Reading, index: int) -> int:
    """Return the index after `a.b[0].c` or `f(x).y`, or whatever one value begins with."""
    index += 1
    while is_sign(token := reading.at(index), ".", *OPENING):
        if is_sign(token, "{") and reading.language is TERRAFORM:
            break
        index = reading.closing.get(index, index + 1) + 1
    return index
