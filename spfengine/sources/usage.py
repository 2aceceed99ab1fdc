"""How a program uses a string that begins like a record: as one, or in a message, a comparison, a pattern.

What is printed, logged or compared with is published nowhere, so it is not a record, even if it reads like one.
"""

import re

from spfengine.sources.code import JAVASCRIPT, PYTHON
from spfengine.sources.reading import Reading
from spfengine.sources.tokens import Literal, Token, is_sign, is_word, text_of
from spfengine.sources.variables import REPLACING, SUBSTITUTING

_SAYING = frozenset(
    {
        "_", "abort", "alert", "confirm", "context", "critical", "debug", "describe", "die", "echo", "eprintln",
        "error", "exception", "exit", "fail", "fatal", "gettext", "info", "it", "log", "ngettext", "notice", "panic",
        "pprint", "print", "println", "puts", "secho", "skip", "trace", "usage", "warn", "warning",
    }
)  # fmt: skip
"""Functions and methods that show a message to people."""
_COMPARING = frozenset(
    {
        "arrayequals", "arraywith", "contains", "count", "deepequal", "deepstrictequal", "endswith", "eq", "eql",
        "equal", "equals", "exact", "find", "has", "hasprefix", "hassuffix", "haveresource", "hasresource",
        "hasresourceproperties", "includes", "index", "indexof", "isequalto", "lastindexof", "ne", "notequal",
        "objectequals", "objectlike", "objectwith", "removeprefix", "removesuffix", "rfind", "rindex", "serializedjson",
        "startswith", "strcontains", "strictequal", "stringlikeregexp", "tobe", "tocontain", "tocontainequal",
        "toequal", "tohaveresource", "tohaveresourcelike", "tohavebeencalledwith", "tohavebeenlastcalledwith",
        "tomatch", "tomatchobject", "tostrictequal", "trimprefix", "trimsuffix",
    }
)  # fmt: skip
"""Functions and methods that look for a string, or compare with it, without underscores and in lower case."""
_MATCHING = frozenset(
    {
        "compile", "findall", "finditer", "fullmatch", "match", "matchall", "matches", "regex", "regexall",
        "regexfindall", "regexmatch", "regexp", "regexsearch", "search", "test",
    }
)  # fmt: skip
"""Functions and methods whose first argument is a pattern."""
_RECEIVERS = frozenset({"chai", "console", "expect", "log", "logger", "logging", "stderr", "stdout", "warnings"})
_FAILURE = re.compile(r"(?:Error|Exception|Failure|Warning)\Z|(?:assert|expect|should|log_)", re.IGNORECASE)
_NOTES = frozenset({"comment", "comments", "example", "examples"})
PROSE_KEYS = _NOTES | {
    "__doc__", "allowed_values", "allowedpattern", "allowedvalues", "assert", "changed_when", "const",
    "constraintdescription", "contains", "desc", "description", "doc", "docs", "documentation", "enum", "error",
    "error_message", "errors", "expected", "expr", "fail_msg", "failed_when", "help", "help_text", "hint", "label",
    "match", "matches", "message", "msg", "name", "note", "notes", "pattern", "placeholder", "reason", "regex",
    "regexp", "search", "startswith", "success_msg", "summary", "that", "title", "until", "usage", "warning",
    "when",
}  # fmt: skip
"""What has a message, a pattern or a condition, and no record, in lower case and with underscores."""
_MOST_LEVELS = 8
_NEAR = 12  # tokens before `in` that may have the `for` of a loop


def is_saying(name: str) -> bool:
    """Whether a function shows its arguments to people, or compares with them."""
    return name.lower() in _SAYING or _FAILURE.search(name) is not None or is_comparing(name)


def is_comparing(name: str) -> bool:
    """Whether a function looks for its arguments, or compares with them."""
    return name.lower().replace("_", "") in _COMPARING


def is_matching(name: str) -> bool:
    """Whether the first argument of a function is a pattern."""
    return name.lower().replace("_", "") in _MATCHING


def is_prose_key(name: str) -> bool:
    """Whether what has this name is a message, a pattern or a condition."""
    return name.strip().lower().replace("-", "_") in PROSE_KEYS


def is_no_record(reading: Reading, index: int) -> bool:
    """Whether a literal is part of a message, a comparison or a pattern."""
    if _is_statement(reading, index) or _is_compared_after(reading, index):
        return True
    is_in_pair = False
    for _ in range(_MOST_LEVELS):
        if text_of(reading.at(index - 1)).startswith("!"):  # a tag of YAML
            index -= 1
        if _is_compared_before(reading, index):
            return True
        key = key_of(reading, index)
        if key and (key in _NOTES if is_in_pair else is_prose_key(key)):
            return True
        is_in_pair = is_in_pair or bool(key)
        opening = reading.enclosing.get(index)
        if opening is None or _is_block(reading, opening):
            return False
        if reading.opens_call(opening):
            return _is_said(reading, opening, index)
        index = opening
    return False


def _is_statement(reading: Reading, index: int) -> bool:
    """Whether a literal is a statement of its own, as a docstring is."""
    literal = reading.at(index)
    if reading.language is not PYTHON or index in reading.enclosing or not isinstance(literal, Literal):
        return False
    if literal.is_format:
        return False
    before, after = reading.at(index - 1), reading.at(index + 1)
    return (before is None or is_sign(before, "\n")) and (after is None or is_sign(after, "\n"))


def _is_compared_before(reading: Reading, index: int) -> bool:
    """Whether `==`, `!=`, `case` or `in` is before a value."""
    before = reading.at(index - 1)
    if is_sign(before, "="):
        return is_sign(reading.at(index - 2), "=", "!")
    if is_sign(before, "in"):
        return not any(is_sign(reading.at(at), "for") for at in range(index - _NEAR, index))
    return is_sign(before, "case")


def _is_compared_after(reading: Reading, index: int) -> bool:
    """Whether `==`, `!=`, `in` or `not in` is after a literal."""
    if is_sign(reading.at(index + 1), "=", "!"):
        return is_sign(reading.at(index + 2), "=")
    if is_sign(reading.at(index + 1), "not"):
        return is_sign(reading.at(index + 2), "in")
    return is_sign(reading.at(index + 1), "in")


def key_of(reading: Reading, index: int) -> str:
    """Return the name of the pair that has a value, folded; "" if there is none."""
    token = reading.at(index - 2) if is_sign(reading.at(index - 1), ":", "=") else None
    if isinstance(token, Literal):
        return reading.text[token.start : min(token.end, token.start + 80)].strip("\"'`").lower().replace("-", "_")
    return text_of(token).lower() if is_word(token) else ""


def is_key(reading: Reading, index: int) -> bool:
    """Whether a literal is the name of a pair in data, or in a mapping of Python."""
    opening = reading.enclosing.get(index, -1)
    is_in_mapping = reading.language is not JAVASCRIPT and is_sign(reading.at(opening), "{")
    return is_in_mapping and is_sign(reading.at(index + 1), ":")


def _is_block(reading: Reading, opening: int) -> bool:
    """Whether a brace opens the body of a function, or a block, and no mapping."""
    if not is_sign(reading.at(opening), "{"):
        return False
    before = reading.at(opening - 1)
    return isinstance(before, Literal) or is_word(before) or is_sign(before, ")", ">")


def _is_said(reading: Reading, opening: int, index: int) -> bool:
    """Whether the call that has a value among its arguments shows it to people, or compares with it."""
    name = text_of(reading.at(opening - 1))
    is_first = opening == index - 1
    is_method = is_sign(reading.at(opening - 2), ".")
    receiver = text_of(reading.at(opening - 3)).lower() if is_method else ""
    if is_saying(name) or receiver in _RECEIVERS or _is_raised(reading, opening - 1):
        return True
    if name in REPLACING:
        return is_method or not is_first
    if name in SUBSTITUTING:
        return is_sign(_after(reading, index), ",")
    return is_first and is_matching(name)


def _is_raised(reading: Reading, index: int) -> bool:
    """Whether a name, with dots before it, is that of an error that is raised: `raise x.Y(…)`, `throw new X(…)`."""
    while is_sign(reading.at(index - 1), ".") and is_word(reading.at(index - 2)):
        index -= 2
    if is_sign(reading.at(index - 1), "new"):
        index -= 1
    return is_sign(reading.at(index - 1), "raise", "throw")


def _after(reading: Reading, index: int) -> Token | None:
    while isinstance(reading.at(index), Literal):
        index += 1
    return reading.at(index)
