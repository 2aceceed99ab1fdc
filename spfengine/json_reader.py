"""Reading untrusted JSON: every value knows its path, and has the expected type or is refused with a clear message."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NoReturn, TypeVar

from spfengine.errors import ArgumentError
from spfengine.visible import visible

MAX_COUNT = 1 << 63
"""Counts are smaller than this."""
MAX_TEXT = 1 << 16
"""Characters of the longest text that is read; a TXT record has no more octets."""

_MOST_WORDS_LISTED = 12  # in a message; of an enumeration with more, only the name is given

_T = TypeVar("_T")
_Word = TypeVar("_Word", bound=StrEnum)


class Field:
    """An untrusted JSON value with its path. Each reader returns the expected type, or raises ArgumentError.

    Attributes:
        data: the value.
        where: its path, for messages: "policy.ip4[3]".
    """

    __slots__ = ("data", "where")

    def __init__(self, data: object, where: str) -> None:
        self.data: object = data
        self.where: str = where

    def refuse(self, expected: str) -> NoReturn:
        """Raise ArgumentError, with the path, what was expected, and what the value is."""
        data = self.data
        if isinstance(data, str):
            got = repr(visible(data, 60))
        elif data is None or isinstance(data, (bool, float)) or (isinstance(data, int) and abs(data) < 1 << 64):
            got = repr(data)
        else:
            got = f"a value of type {type(data).__name__}"
        raise ArgumentError(f"{self.where}: expected {expected}, not {got}")

    def __getitem__(self, key: str) -> "Field":
        if not isinstance(self.data, dict):
            self.refuse("an object with keys")
        if key not in self.data:
            raise ArgumentError(f'{self.where}: the key "{key}" is missing')
        return Field(self.data[key], f"{self.where}.{key}")

    def items(self, at_most: int) -> "Iterable[Field]":
        """Return the values of a list."""
        if not isinstance(self.data, (list, tuple)):
            self.refuse("a list")
        if len(self.data) > at_most:
            raise ArgumentError(f"{self.where}: expected at most {at_most} items, not {len(self.data)}")
        return (Field(value, f"{self.where}[{index}]") for index, value in enumerate(self.data))

    def pair(self) -> "tuple[Field, Field]":
        """Return the two values of a list of two."""
        if not isinstance(self.data, (list, tuple)) or len(self.data) != 2:
            self.refuse("a list of two values")
        return Field(self.data[0], f"{self.where}[0]"), Field(self.data[1], f"{self.where}[1]")

    def optional(self, read: "Callable[[Field], _T]") -> _T | None:
        """Return `read(self)`, or None if the value is null."""
        return None if self.data is None else read(self)

    def text(self) -> str:
        """Return text for people."""
        if not isinstance(self.data, str) or not self.data.isprintable() or len(self.data) > MAX_TEXT:
            self.refuse(f"text of at most {MAX_TEXT} printable characters")
        return self.data

    def octets(self) -> str:
        """Return text in which each character is an octet."""
        if not isinstance(self.data, str) or len(self.data) > MAX_TEXT or max(self.data, default="") > "\xff":
            self.refuse(f"text of at most {MAX_TEXT} characters U+0000 to U+00FF")
        return self.data

    def count(self) -> int:
        """Return a whole number, 0 or more."""
        if not isinstance(self.data, int) or isinstance(self.data, bool) or not 0 <= self.data < MAX_COUNT:
            self.refuse("a whole number, 0 or more")
        return self.data

    def index(self, length: int) -> int:
        """Return an index into a table of this length."""
        if not isinstance(self.data, int) or isinstance(self.data, bool) or not 0 <= self.data < length:
            self.refuse(f"an index into a table of {length}, counted from 0")
        return self.data

    def number(self) -> float:
        """Return a number, 0 or more."""
        if not isinstance(self.data, (int, float)) or isinstance(self.data, bool) or not 0 <= self.data < MAX_COUNT:
            self.refuse("a number, 0 or more")
        return self.data

    def truth(self) -> bool:
        """Return true or false."""
        if not isinstance(self.data, bool):
            self.refuse("true or false")
        return self.data

    def word(self, words: type[_Word]) -> _Word:
        """Return a member of an enumeration."""
        member = next((word for word in words if word == self.data), None)
        if member is None:
            self.refuse(f"one of {', '.join(words)}" if len(words) <= _MOST_WORDS_LISTED else f"a {words.__name__}")
        return member
