"""Macro-strings (RFC 7208 §7), parsed once and expanded for each check."""

import re
from collections.abc import Callable
from typing import ClassVar

from spfengine.frozen import Frozen, fill
from spfengine.names import MAX_NAME, is_askable, truncate
from spfengine.problems import Problem, ProblemCode
from spfengine.record import grammar
from spfengine.visible import visible

_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_URL_ESCAPES = {octet: f"%{octet:02X}" for octet in range(256) if chr(octet) not in _UNRESERVED}

_ALL_PARTS = 1 << 30  # more parts than any value has: instead of a number of many digits, which is never made
_DIGITS_READ = 9

_REACH = MAX_NAME + 2  # octets of a name, its final dot, and the dot at which longer ones are cut

MAX_EXPLANATION = 65_535
"""Characters of the longest explanation; a longer one is not used. A TXT record holds no more octets."""


class MacroExpand(Frozen):
    """One macro-expand in braces, such as `%{d2r-}`.

    Attributes:
        letter: its macro-letter, in lower case.
        escaped: whether the letter was upper case: the expansion is URL-escaped (RFC 7208 §7.3).
        digits: how many right-hand parts are kept; 0 for all.
        reverse: whether the parts are reversed first.
        delimiters: the characters to split at; "" means the dot.
    """

    __slots__ = ("_split_at", "delimiters", "digits", "escaped", "letter", "reverse")
    fields: ClassVar[tuple[str, ...]] = ("letter", "escaped", "digits", "reverse", "delimiters")
    letter: str
    escaped: bool
    digits: int
    reverse: bool
    delimiters: str
    _split_at: "str | re.Pattern[str]"

    def __init__(self, letter: str, escaped: bool, digits: int, reverse: bool, delimiters: str) -> None:
        fill(self, "letter", letter)
        fill(self, "escaped", escaped)
        fill(self, "digits", digits)
        fill(self, "reverse", reverse)
        fill(self, "delimiters", delimiters)
        distinct = "".join(sorted(set(delimiters))) or "."
        fill(self, "_split_at", distinct if len(distinct) == 1 else re.compile(f"[{re.escape(distinct)}]"))

    def apply(self, value: str) -> str:
        """Return what this macro expands to, given the value of its letter (RFC 7208 §7.3)."""
        if self.digits or self.reverse or self.delimiters:
            split_at = self._split_at
            parts = value.split(split_at) if isinstance(split_at, str) else split_at.split(value)
            if self.reverse:
                parts.reverse()
            if self.digits:
                parts = parts[-self.digits :]
            value = ".".join(parts)
        return value.translate(_URL_ESCAPES) if self.escaped else value

    def in_reach(self, value: str) -> str:
        """Return the part of a long value that can be in a name: its end, or whole parts from its beginning if the
        macro reverses them.
        """
        if len(value) <= _REACH:
            return value
        if not self.reverse:
            return value[-_REACH:]
        if isinstance(self._split_at, str):
            end = value.find(self._split_at, _REACH)
            return value if end < 0 else value[:end]
        match = self._split_at.search(value, _REACH)
        return value if match is None else value[: match.start()]


class MacroString(Frozen):
    """A macro-string, domain-spec or explain-string.

    Attributes:
        text: as written.
        parts: literal text (`%%`, `%_`, `%-` already replaced) and MacroExpands, in order.
        tail: the literal text after the last macro-expand; all of it if there is none.
        letters: the macro-letters in it, in lower case.
        target: the target-name if there are no macros ("" if it can't be queried in DNS); None if there are.
    """

    __slots__ = ("letters", "parts", "tail", "target", "text")
    fields: ClassVar[tuple[str, ...]] = ("text", "parts", "tail")
    text: str
    parts: tuple[str | MacroExpand, ...]
    tail: str
    letters: frozenset[str]
    target: str | None

    def __init__(self, text: str, parts: tuple[str | MacroExpand, ...], tail: str) -> None:
        fill(self, "text", text)
        fill(self, "parts", parts)
        fill(self, "tail", tail)
        letters = frozenset([part.letter for part in parts if not isinstance(part, str)])
        fill(self, "letters", letters)
        target = None
        if not letters:
            name = truncate("".join([part for part in parts if isinstance(part, str)]))
            target = name if is_askable(name) else ""
        fill(self, "target", target)

    def __str__(self) -> str:
        return self.text

    @property
    def uses_local_part(self) -> bool:
        """Whether it expands the sender's local part (macro-letters s and l)."""
        return "l" in self.letters or "s" in self.letters

    def expand_name(self, value: Callable[[str], str]) -> str:
        """Return the target-name, given the value of each macro-letter; shortened to 253 octets (RFC 7208 §7.3).

        It is expanded from the right, and no further than a name can be long. What would be cut off is never made, and
        of a long value only the end is read (the beginning, if its parts are reversed).
        """
        pieces = []
        length = 0
        for part in reversed(self.parts):
            piece = part if isinstance(part, str) else part.apply(part.in_reach(value(part.letter)))
            pieces.append(piece)
            length += len(piece)
            if length >= _REACH:
                break
        pieces.reverse()
        return truncate("".join(pieces))

    def expand_text(self, value: Callable[[str], str]) -> str | None:
        """Return the text of an explanation, or None if it would be longer than MAX_EXPLANATION.

        Return None also if values of more than 16 times that length would have to be read for it.
        """
        pieces = []
        length = read = 0
        for part in self.parts:
            if isinstance(part, str):
                piece = part
            else:
                whole = value(part.letter)
                read += len(whole)
                if read > 16 * MAX_EXPLANATION:
                    return None
                piece = part.apply(whole)
            pieces.append(piece)
            length += len(piece)
            if length > MAX_EXPLANATION:
                return None
        return "".join(pieces)


def parse_macro_string(
    text: str, start: int = 0, *, explanation: bool = False
) -> tuple[MacroString | None, list[Problem]]:
    """Return the macro-string and its faults; if there are any, the macro-string is None.

    Args:
        text: the macro-string; for an explanation, the whole explain-string.
        start: the offset of `text` in the record, for the spans of faults.
        explanation: whether this is an explain-string: spaces and the letters c, r, t are allowed.
    """
    pattern = grammar.EXPLAIN_STRING if explanation else grammar.MACRO_STRING
    parts: list[str | MacroExpand] = []
    problems: list[Problem] = []
    position = tail_start = 0
    while position < len(text):
        match = pattern.match(text, position)
        if match is None:
            end = _fault_end(text, position)
            problems.append(_invalid_macro(text[position:end], (start + position, start + end)))
            position = end
            continue
        literal, letter, digits, reverse, delimiters, escape = match.groups()
        if letter is not None:
            fault = _fault_of(letter, digits, match[0], explanation)
            if fault is not None:
                problems.append(fault.at(None, (start + position, start + match.end())))
            parts.append(MacroExpand(letter.lower(), letter.isupper(), _kept(digits), bool(reverse), delimiters))
        else:
            parts.append(literal if escape is None else grammar.ESCAPES[escape])
        position = match.end()
        if literal is None:
            tail_start = position
    return (None, problems) if problems else (MacroString(text, tuple(parts), text[tail_start:]), problems)


def _kept(digits: str) -> int:
    """Return how many right-hand parts the digits of a macro keep; 0 for all."""
    significant = digits.lstrip("0")
    return int(significant or 0) if len(significant) <= _DIGITS_READ else _ALL_PARTS


def _fault_of(letter: str, digits: str, macro: str, explanation: bool) -> Problem | None:
    if letter.lower() not in grammar.MACRO_LETTERS:
        return Problem(
            ProblemCode.INVALID_MACRO,
            f"{visible(macro, 40)} is not a macro: there is no macro letter {letter!r}",
            section="7.2",
            hint="the letters are s l o d i p h v, and c r t in the text of an explanation",
        )
    if letter.lower() in grammar.EXPLANATION_LETTERS and not explanation:
        return Problem(
            ProblemCode.EXPLANATION_ONLY_MACRO,
            f"{visible(macro, 40)} is allowed only in the text of an explanation, not in a record",
            section="7.2",
        )
    if digits and not digits.strip("0"):
        return Problem(
            ProblemCode.MACRO_DIGITS_ZERO,
            f"{visible(macro, 40)} would keep zero parts; the number in a macro must not be zero",
            section="7.3",
        )
    return None


def _fault_end(text: str, position: int) -> int:
    """Return where a faulty macro ends: at its brace, or two characters after its percent sign."""
    if text[position] != "%":
        return position + 1
    if text[position : position + 2] in ("%{", "%("):
        closing = text.find("}" if text[position + 1] == "{" else ")", position, position + 80)
        if closing >= 0:
            return closing + 1
    return min(position + 2, len(text))


def _invalid_macro(macro: str, span: tuple[int, int]) -> Problem:
    printable = visible(macro, 40)
    if macro[0] != "%":
        return Problem(
            ProblemCode.INVALID_CHARACTER,
            f"{printable} is not allowed here",
            None,
            span,
            "12",
            "only visible US-ASCII characters are",
        )
    if macro.startswith("%("):
        hint: str | None = "write macros in braces: " + printable.replace("(", "{").replace(")", "}")
    elif macro.startswith("%{"):
        hint = "a macro is %{, a letter, digits or none, r or none, delimiters (. - + , / _ =) or none, }"
    else:
        hint = "a percent sign itself is written %%, a space %_"
    return Problem(ProblemCode.INVALID_MACRO, f"{printable} is not a macro", None, span, "7.3", hint)
