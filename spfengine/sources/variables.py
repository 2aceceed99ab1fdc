"""The variables of a file whose strings are not whole records: more is added to them, or parts of them are replaced."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from spfengine.sources.atoms import atoms_of, text_of as text_of_atoms
from spfengine.sources.tokens import Literal, Token, is_sign, is_word, text_of

GROWING = frozenset({"append", "extend", "push", "concat", "insert", "unshift", "add"})
"""Methods that add to a list."""
REPLACING = frozenset({"replace", "replaceAll", "replace_all", "regexreplace", "regex_replace"})
"""Functions and methods that replace parts of a string: replace(string, part, …), string.replace(part, …)."""
SUBSTITUTING = frozenset({"sub", "subn", "gsub"})
"""Functions that replace what a pattern matches: re.sub(pattern, replacement, string)."""
_LONGEST = 400  # characters of what is replaced
FORMATTING = frozenset({"format", "formatlist", "sprintf", "vsprintf", "printf", "formatString"})
"""Functions that put their other arguments into the first one."""
_MOST_TEXTS = 100  # replaced in one variable, that are looked for one by one
_NEAR = 64  # tokens in which the end of a list is looked for
_REFERENCE = re.compile(r"[$%]?\{\s*(?:[^\W\d][\w$]*\.)*([^\W\d][\w$]*)\s*\}\Z")
_TEMPLATE = re.compile(  # of Jinja and shells, at the beginning of a string
    r"[\s\"']*(?:\{\{-?\s*|\$\{)(?:[^\W\d]\w*\.)*([^\W\d]\w*)\s*"
    r"(?:(?P<added>[~+])|\|\s*(?:regex_)?replace\(\s*(?:'(?P<single>[^'\n]{1,80})'|\"(?P<double>[^\"\n]{1,80})\")?"
    r"|-?\}{1,2}(?P<more>(?=[\s\"'\\]*[^\s\"'\\])))"
)
_PATTERN_OF_SPACES = re.compile(r"\s*/?(?:\\[nrst]|[ +*()\[\]|])+(?:/[gmsu]{0,4}\s*)?")
_ONLY_QUOTES = re.compile(r"[\s\"'\\]*\Z")


@dataclass(slots=True)
class Variables:
    """What a file does with its variables, by the last word of their names.

    Attributes:
        growing: the variables that more is added to.
        replaced: variable → the texts that are replaced in it; "" if it is not known what is.
        others: returns the same of the other files that share variables with this one.
    """

    growing: set[str] = field(default_factory=set)
    replaced: dict[str, set[str]] = field(default_factory=dict)
    others: "Callable[[], Iterable[Variables]]" = tuple

    def grows(self, name: str, *, is_shared: bool) -> bool:
        """Whether more is added to a variable.

        Args:
            name: the variable.
            is_shared: whether other files can use it.
        """
        return name in self.growing or (is_shared and any(name in each.growing for each in self.others()))

    def replaced_in(self, name: str, *, is_shared: bool) -> set[str]:
        """Return the texts that are replaced in a variable; "" if it is not known what is."""
        found = set(self.replaced.get(name, ()))
        for each in self.others() if is_shared else ():
            found |= each.replaced.get(name, set())
        return found if len(found) <= _MOST_TEXTS else {""}


def variables_in(text: str, streams: Iterable[list[Token]]) -> Variables:
    """Return what a file does with its variables."""
    found = Variables()
    for tokens in streams:
        for index, token in enumerate(tokens):
            if isinstance(token, Literal):
                _in_literal(found, text, token)
                if is_sign(_at(tokens, index + 2), "+") and is_sign(_at(tokens, index + 1), "]"):  # x["base"] + "…"
                    found.growing.add(text_of_atoms(atoms_of(text, token, _LONGEST)))
            elif is_word(token):
                _in_code(found, text, tokens, index)
    return found


def replaced_at(text: str, tokens: list[Token], index: int) -> str:
    """Return the literal that is replaced, as the argument at an index says; "" if it does not say."""
    token = _at(tokens, index)
    if not isinstance(token, Literal) or not is_sign(_at(tokens, index + 1), ",", ")"):
        return ""
    searched = text_of_atoms(atoms_of(text, token, _LONGEST))
    is_pattern = len(searched) > 1 and searched[0] == searched[-1] == "/"  # of Terraform
    return "" if is_pattern or len(searched) >= _LONGEST else searched


def is_of_spaces(text: str, tokens: list[Token], index: int) -> bool:
    r"""Whether the arguments from an index on put a space where spaces or line ends are: `"\n", " "`, `/\s+/g, " "`."""
    part = _at(tokens, index)
    if isinstance(part, Literal):
        searched, index = text_of_atoms(atoms_of(text, part, _LONGEST)), index + 1
    else:  # of JavaScript, whose regular expressions are no tokens
        searched = text[tokens[index - 1].end : part.start][:_LONGEST] if part is not None else ""
    space = _at(tokens, index + 1)
    if not is_sign(_at(tokens, index), ",") or not isinstance(space, Literal) or not searched:
        return False
    is_spaces = searched.isspace() or _PATTERN_OF_SPACES.fullmatch(searched) is not None
    return is_spaces and text_of_atoms(atoms_of(text, space, _LONGEST)) == " "


def _in_literal(found: Variables, text: str, literal: Literal) -> None:
    """Note a variable that a longer string begins with: `"${base} -all"`."""
    hole = next((run for run in literal.runs[:2] if run.is_hole), None)
    if hole is None and literal.runs:
        _in_template(found, text, literal)
    if hole is None:
        return
    first = literal.runs[0]
    if first is not hole and not _ONLY_QUOTES.match(text[first.start : first.end]):
        return
    rest = literal.runs[literal.runs.index(hole) + 1 :]
    if all(not run.is_hole and _ONLY_QUOTES.match(text[run.start : run.end]) for run in rest):
        return
    reference = _REFERENCE.match(text[hole.start : hole.end])
    if reference is not None:
        found.growing.add(reference[1])


def _in_template(found: Variables, text: str, literal: Literal) -> None:
    """Note a variable that a template begins with: `{{ base }} -all`, `{{ base | replace("x", y) }}`."""
    first, last = literal.runs[0], literal.runs[-1]
    template = _TEMPLATE.match(text, first.start, min(last.end, first.start + _LONGEST))
    if template is None:
        return
    if template["added"] or template["more"] is not None:
        found.growing.add(template[1])
    else:
        found.replaced.setdefault(template[1], set()).add(template["single"] or template["double"] or "")


def _in_code(found: Variables, text: str, tokens: list[Token], index: int) -> None:
    name = text_of(tokens[index])
    following = _at(tokens, index + 1)
    if is_sign(following, "+="):
        found.growing.add(name)
    elif is_sign(following, "."):
        method = text_of(_at(tokens, index + 2))
        if method in GROWING:
            found.growing.add(name)
        elif method in REPLACING and is_sign(_at(tokens, index + 3), "(") and not is_of_spaces(text, tokens, index + 4):
            found.replaced.setdefault(name, set()).add(replaced_at(text, tokens, index + 4))
    elif is_sign(_at(tokens, index - 1), "%") and _adds_text(text, _at(tokens, index - 2)):
        found.growing.add(name)
    elif is_sign(following, "+", ",", ")", "]"):
        _as_operand(found, text, tokens, index)


def _as_operand(found: Variables, text: str, tokens: list[Token], index: int) -> None:
    """Note a variable that is the first operand of a sum, the first part of a list, or an argument."""
    name = text_of(tokens[index])
    following = tokens[index + 1]
    start = index
    while is_sign(_at(tokens, start - 1), ".") and is_word(_at(tokens, start - 2)):
        start -= 2
    before = _at(tokens, start - 1)
    if is_sign(following, "+"):
        if not is_sign(before, "+"):
            found.growing.add(name)
    elif is_sign(following, ")"):
        near = tokens[max(start - 12, 0) : start]
        if any(is_sign(one, *SUBSTITUTING) and is_sign(two, "(") for one, two in pairwise(near)):
            found.replaced.setdefault(name, set()).add("")
    elif is_sign(following, ",") and is_sign(before, "(") and is_sign(_at(tokens, start - 2), *REPLACING):
        if is_of_spaces(text, tokens, index + 2):
            return
        found.replaced.setdefault(name, set()).add(replaced_at(text, tokens, index + 2))
    elif is_sign(following, ",") and _is_first_part(tokens, start):
        found.growing.add(name)
    if _is_formatted(tokens, start):
        found.growing.add(name)


def _adds_text(text: str, template: Token | None) -> bool:
    """Whether a template has more than quotes around what is put into it."""
    if not isinstance(template, Literal):
        return False
    return _ONLY_QUOTES.match(text[template.start : template.end].replace("%s", "", 1)) is None


def _is_first_part(tokens: list[Token], start: int) -> bool:
    """Whether a reference that begins here is the first part of a longer list or string."""
    before = _at(tokens, start - 1)
    if is_sign(before, ".", "*"):  # [...parts, "-all"], [*parts, "-all"]
        return True
    if is_sign(before, "("):
        return is_sign(_at(tokens, start - 2), "concat")
    if not is_sign(before, "["):
        return False
    if is_sign(_at(tokens, start - 2), "(") and is_sign(_at(tokens, start - 3), "join"):
        return True  # " ".join([base, "-all"])
    if is_sign(_at(tokens, start - 4), "(") and is_sign(_at(tokens, start - 5), "join"):
        return True  # join(" ", [base, "-all"])
    for end in range(start + 1, min(start + _NEAR, len(tokens))):
        if is_sign(tokens[end], "]"):
            return is_sign(_at(tokens, end + 2), "join")
    return False


def _is_formatted(tokens: list[Token], start: int) -> bool:
    """Whether a reference that begins here is put into a string: format("%s -all", base), "{} -all".format(base)."""
    if is_sign(_at(tokens, start - 1), "("):
        return is_sign(_at(tokens, start - 2), "format") and is_sign(_at(tokens, start - 3), ".")
    is_second = is_sign(_at(tokens, start - 1), ",") and is_sign(_at(tokens, start - 3), "(")
    return is_second and is_sign(_at(tokens, start - 4), *FORMATTING)


def _at(tokens: list[Token], index: int) -> Token | None:
    return tokens[index] if 0 <= index < len(tokens) else None
