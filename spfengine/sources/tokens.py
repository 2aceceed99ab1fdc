"""What a scanner finds in a source file: string literals, words and signs, each with its place in the text."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Escapes(Enum):
    """How a literal writes characters that it can't hold as they are."""

    NONE = "none"
    QUOTE = "quote"  # '' is one quote: YAML
    JSON = "json"
    JAVASCRIPT = "javascript"
    PYTHON = "python"
    TERRAFORM = "terraform"
    HEREDOC = "heredoc"  # only $${ and %%{
    YAML = "yaml"


class Run(NamedTuple):
    """A part of a literal that is one piece of the file.

    Attributes:
        start, end: its place in the text of the file.
        before: what the literal has before it that is not written so in the file: the space of a folded line.
        is_hole: whether it is an interpolation, whose value the file does not show.
    """

    start: int
    end: int
    before: str = ""
    is_hole: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """A string literal.

    Attributes:
        start, end: its place in the text of the file, with its quotes.
        runs: what is between the quotes.
        escapes: how it writes special characters.
        is_format: whether braces in it are interpolations that `runs` has (an f-string of Python).
    """

    start: int
    end: int
    runs: tuple[Run, ...]
    escapes: Escapes
    is_format: bool = False


class Sign(NamedTuple):
    r"""A word, a number, an operator, or a line end.

    Attributes:
        text: it as written; "\n" for a line end.
        start: its place in the text of the file.
    """

    text: str
    start: int

    @property
    def end(self) -> int:
        """The place after it."""
        return self.start + len(self.text)


Token = Literal | Sign

WORD = re.compile(r"[^\W\d][\w$]*")


def is_sign(token: Token | None, *texts: str) -> bool:
    """Whether a token is one of these signs."""
    return isinstance(token, Sign) and token.text in texts


def is_word(token: Token | None) -> bool:
    """Whether a token is a word."""
    return isinstance(token, Sign) and WORD.match(token.text) is not None


def text_of(token: Token | None) -> str:
    """Return the text of a sign or word; "" for a literal."""
    return token.text if isinstance(token, Sign) else ""
