"""JSON from strangers: each value is read with its place, and is what was expected, or a clear error."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NoReturn, TypeVar

from spfengine.errors import ArgumentError
from spfengine.visible import visible

MAX_COUNT = 1 << 63
"""The least number that is too large to be read."""
MAX_TEXT = 1 << 16
"""Characters of the longest text that is read; a TXT record has no more octets."""

_FEW = 12  # words that a message may list

_T = TypeVar("_T")
_Word = TypeVar("_Word", bound=StrEnum)


class Value:
    """A value of a stranger's, and where it stands: what is read of it is what was expected, or ArgumentError.

    Attributes:
        data: the value.
        where: its place, for messages: "policy.ip4[3]".
    """

    __slots__ = ("data", "where")

    def __init__(self, data: object, where: str) -> None:
        self.data = data
        self.where = where

    def refuse(self, expected: str) -> NoReturn:
        """Raise ArgumentError: where this is, what was expected, and what it is."""
        data = self.data
        if isinstance(data, str):
            got = repr(visible(data, 60))
        elif data is None or isinstance(data, (bool, float)) or (isinstance(data, int) and abs(data) < 1 << 64):
            got = repr(data)
        else:
            got = f"a value of type {type(data).__name__}"
        raise ArgumentError(f"{self.where}: expected {expected}, not {got}")

    def __getitem__(self, key: str) -> "Value":
        if not isinstance(self.data, dict):
            self.refuse("an object with keys")
        if key not in self.data:
            raise ArgumentError(f'{self.where}: the key "{key}" is missing')
        return Value(self.data[key], f"{self.where}.{key}")

    def items(self, at_most: int) -> "Iterable[Value]":
        """Return the values of a list."""
        if not isinstance(self.data, (list, tuple)):
            self.refuse("a list")
        if len(self.data) > at_most:
            raise ArgumentError(f"{self.where}: expected at most {at_most} items, not {len(self.data)}")
        return (Value(each, f"{self.where}[{place}]") for place, each in enumerate(self.data))

    def pair(self) -> "tuple[Value, Value]":
        """Return the two values of a list of two."""
        if not isinstance(self.data, (list, tuple)) or len(self.data) != 2:
            self.refuse("a list of two values")
        return Value(self.data[0], f"{self.where}[0]"), Value(self.data[1], f"{self.where}[1]")

    def optional(self, read: "Callable[[Value], _T]") -> _T | None:
        """Return what is read of it, or None where it is null."""
        return None if self.data is None else read(self)

    def text(self) -> str:
        """Text for people."""
        if not isinstance(self.data, str) or not self.data.isprintable() or len(self.data) > MAX_TEXT:
            self.refuse(f"text of at most {MAX_TEXT} characters that print")
        return self.data

    def octets(self) -> str:
        """Text each character of which stands for an octet."""
        if not isinstance(self.data, str) or len(self.data) > MAX_TEXT or max(self.data, default="") > "\xff":
            self.refuse(f"text of at most {MAX_TEXT} characters U+0000 to U+00FF")
        return self.data

    def count(self) -> int:
        """A whole number, 0 or more."""
        if not isinstance(self.data, int) or isinstance(self.data, bool) or not 0 <= self.data < MAX_COUNT:
            self.refuse("a whole number, 0 or more")
        return self.data

    def place(self, length: int) -> int:
        """A place in a table, counted from 0."""
        if not isinstance(self.data, int) or isinstance(self.data, bool) or not 0 <= self.data < length:
            self.refuse(f"a place in a table of {length}, counted from 0")
        return self.data

    def number(self) -> float:
        """A number, 0 or more."""
        if not isinstance(self.data, (int, float)) or isinstance(self.data, bool) or not 0 <= self.data < MAX_COUNT:
            self.refuse("a number, 0 or more")
        return self.data

    def truth(self) -> bool:
        """True or false."""
        if not isinstance(self.data, bool):
            self.refuse("true or false")
        return self.data

    def word(self, words: type[_Word]) -> _Word:
        """One of the words of an enumeration."""
        found = next((word for word in words if word == self.data), None)
        if found is None:
            self.refuse(f"one of {', '.join(words)}" if len(words) <= _FEW else f"a {words.__name__}")
        return found
