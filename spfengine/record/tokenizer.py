"""Cuts the text of a record into terms, and each term into qualifier, name, separator and argument."""

from collections.abc import Iterator
from typing import NamedTuple

from spfengine.answers import is_spf_octets
from spfengine.record.grammar import TERM, VERSION


class Token(NamedTuple):
    """A term as it is written in the record.

    Attributes:
        text: the whole term.
        start: its offset in the record.
        qualifier: "+", "-", "?", "~" or "".
        name: what may be the name of a mechanism or modifier; perhaps "".
        separator: what ended the name: ":", "=", "/" or "".
        argument: what follows the separator; if that is "/", the slash belongs to it.
    """

    text: str
    start: int
    qualifier: str
    name: str
    separator: str
    argument: str

    @property
    def span(self) -> tuple[int, int]:
        """The place of the term."""
        return self.start, self.start + len(self.text)

    @property
    def argument_start(self) -> int:
        """The offset of the argument in the record."""
        return self.start + len(self.text) - len(self.argument)


def is_spf(source: str) -> bool:
    """Whether this text begins like an SPF record: `is_spf_octets` for a text with each octet as one character."""
    return is_spf_octets(source[:7].encode("latin-1", "replace"))


def tokens(source: str) -> Iterator[Token]:
    """Yield the terms of a record that `is_spf`."""
    for match in TERM.finditer(source, len(VERSION)):
        text, qualifier, name, separator, argument = match.group(0, 1, 2, 3, 4)
        yield Token(text, match.start(), qualifier, name, separator, "/" + argument if separator == "/" else argument)
