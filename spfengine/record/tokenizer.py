"""Cuts the text of a record into terms, and each term into qualifier, name, separator and argument."""

from collections.abc import Iterator
from re import Match

from spfengine.answers import is_spf_octets
from spfengine.record.grammar import TERM, VERSION


class Token:
    """A term as it is written in the record.

    Attributes:
        text: the whole term.
        span: its place in the record.
        qualifier: "+", "-", "?", "~" or "".
        name: what may be the name of a mechanism or modifier; perhaps "".
        separator: what ended the name: ":", "=", "/" or "".
        argument: what follows the separator; if that is "/", the slash belongs to it.
    """

    __slots__ = ("argument", "name", "qualifier", "separator", "span", "text")
    text: str
    span: tuple[int, int]
    qualifier: str
    name: str
    separator: str
    argument: str

    def __init__(self, match: Match[str]) -> None:
        """Make a token of what `grammar.TERM` matched."""
        self.span = match.span()
        self.text, self.qualifier, self.name, self.separator, self.argument = match.group(0, 1, 2, 3, 4)
        if self.separator == "/":
            self.argument = "/" + self.argument

    @property
    def start(self) -> int:
        """The offset of the term in the record."""
        return self.span[0]

    @property
    def argument_start(self) -> int:
        """The offset of the argument in the record."""
        return self.span[1] - len(self.argument)


def is_spf(source: str) -> bool:
    """Whether this text begins like an SPF record: `is_spf_octets` for a text with each octet as one character."""
    return is_spf_octets(source[:7].encode("latin-1", "replace"))


def tokens(source: str) -> Iterator[Token]:
    """Return the terms of a record that `is_spf`, one after the other."""
    return map(Token, TERM.finditer(source, len(VERSION)))
