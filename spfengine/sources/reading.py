"""The tokens of one stream, with the brackets that belong together and the variables that grow."""

from dataclasses import dataclass, field
from typing import Any

from spfengine.sources.code import Language
from spfengine.sources.tokens import Literal, Sign, Token, is_sign, is_word

OPENING = frozenset("([{")
CLOSING = frozenset(")]}")
GROWING = frozenset({"append", "extend", "push", "concat", "insert", "unshift", "add"})
"""Methods that add to a list."""


@dataclass(slots=True)
class Reading:
    """The tokens of one stream.

    Attributes:
        text: the text of the file.
        tokens: the tokens.
        language: the language of the file.
        closing: index of an opening bracket → index of the bracket that closes it.
        enclosing: index of a token → index of the bracket that it is in.
        growing: the variables that more is added to.
        pairs, values: what `spfengine.sources.structure` has read so far, by the index of a bracket or value.
    """

    text: str
    tokens: list[Token]
    language: Language
    closing: dict[int, int] = field(default_factory=dict)
    enclosing: dict[int, int] = field(default_factory=dict)
    growing: set[str] = field(default_factory=set)
    pairs: dict[int | None, Any] = field(default_factory=dict)
    values: dict[int, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        stack: list[int] = []
        for index, token in enumerate(self.tokens):
            if stack:
                self.enclosing[index] = stack[-1]
            if isinstance(token, Literal):
                continue
            if token.text in OPENING:
                stack.append(index)
            elif token.text in CLOSING and stack:
                self.closing[stack.pop()] = index
            elif token.text == "+=" and is_word(self.at(index - 1)):
                self.growing.add(text_of(self.at(index - 1)))
            elif token.text in GROWING and is_sign(self.at(index - 1), ".") and is_word(self.at(index - 2)):
                self.growing.add(text_of(self.at(index - 2)))

    def at(self, index: int) -> Token | None:
        """Return a token; None if there is none at this index."""
        return self.tokens[index] if 0 <= index < len(self.tokens) else None


def text_of(token: Token | None) -> str:
    """Return the text of a sign or word; "" for a literal."""
    return token.text if isinstance(token, Sign) else ""
