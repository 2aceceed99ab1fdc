"""The tokens of one stream, with the brackets that belong together, and what the file does with its variables."""

from dataclasses import dataclass, field
from typing import Any

from spfengine.sources.code import Language
from spfengine.sources.tokens import Literal, Token, is_word, text_of
from spfengine.sources.variables import Variables

OPENING = frozenset("([{")
CLOSING = frozenset(")]}")
_CALLING = frozenset(
    {"return", "in", "and", "or", "not", "if", "else", "elif", "yield", "await", "case", "when", "then"}
)
_LONGEST_NAME = 80
_LONGEST_TYPE = 8  # tokens of `: string[] =`


@dataclass(slots=True)
class Reading:
    """The tokens of one stream.

    Attributes:
        text: the text of the file.
        tokens: the tokens.
        language: the language of the file.
        closing: index of an opening bracket → index of the bracket that closes it.
        enclosing: index of a token → index of the bracket that it is in.
        variables: what the file does with its variables.
        pairs, values: what `spfengine.sources.structure` has read so far, by the index of a bracket or value.
        operand_ends: what `spfengine.sources.sums` has read so far: index of an operand → index after it.
    """

    text: str
    tokens: list[Token]
    language: Language
    closing: dict[int, int] = field(default_factory=dict)
    enclosing: dict[int, int] = field(default_factory=dict)
    variables: Variables = field(default_factory=Variables)
    pairs: dict[int | None, Any] = field(default_factory=dict)
    values: dict[int, Any] = field(default_factory=dict)
    operand_ends: dict[int, int] = field(default_factory=dict)

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

    def at(self, index: int) -> Token | None:
        """Return a token; None if there is none at this index."""
        return self.tokens[index] if 0 <= index < len(self.tokens) else None

    def opens_call(self, opening: int) -> bool:
        """Whether a bracket has the arguments of a call, and is not there to group."""
        before = self.at(opening - 1)
        return text_of(self.at(opening)) == "(" and (
            (is_word(before) and text_of(before) not in _CALLING) or text_of(before) in {")", "]"}
        )

    def assigned_to(self, index: int) -> str:
        """Return the variable or key that what begins here is the value of; "" if there is none."""
        before = index - 1
        while text_of(self.at(before)) == "(" and not self.opens_call(before):
            before -= 1
        sign = text_of(self.at(before))
        if sign not in {"=", ":"}:
            return ""
        name = self._typed(before) if sign == "=" else None
        name = name or self.at(before - 1)
        if isinstance(name, Literal):
            return self.text[name.start : min(name.end, name.start + _LONGEST_NAME)].strip("\"'`")
        if text_of(name) == "default":
            return self._terraform_variable(index) or "default"
        return text_of(name) if is_word(name) else ""

    def is_shared(self, index: int) -> bool:
        """Whether what begins here is the value of a local or variable of Terraform, which other files can use."""
        opening = self.enclosing.get(index)
        if opening is None:
            return False
        return text_of(self.at(opening - 1)) == "locals" or bool(self._terraform_variable(index))

    def _typed(self, equals: int) -> Token | None:
        """Return the name before a type: `name: string[] =`."""
        for at in range(equals - 1, max(equals - _LONGEST_TYPE, 0), -1):
            if text_of(self.at(at)) == ":" and is_word(self.at(at - 1)):
                return self.at(at - 1)
            if text_of(self.at(at)) in {"\n", ";", ",", "(", "{", "="} or isinstance(self.at(at), Literal):
                break
        return None

    def _terraform_variable(self, index: int) -> str:
        """Return the variable of Terraform whose block something is in."""
        opening = self.enclosing.get(index, 0)
        label = self.at(opening - 1)
        if isinstance(label, Literal) and text_of(self.at(opening - 2)) == "variable":
            return self.text[label.start : label.end].strip('"')
        return ""
