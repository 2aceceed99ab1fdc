"""What implementations answer, brought to results: output of commands, exit codes, actions of policy servers."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from spfengine.errors import ArgumentError, HeaderError
from spfengine.evaluation.headers import parse_authentication_results, parse_received_spf
from spfengine.problems import Result
from spfengine.visible import visible

WORDS: Mapping[str, str] = MappingProxyType(
    {
        **{str(result): str(result) for result in Result},
        "error": "temperror",
        "unknown": "permerror",
        "hardfail": "fail",
        "softfailed": "softfail",
        "perm_error": "permerror",
        "temp_error": "temperror",
        "r_spf_allow": "pass",
        "r_spf_fail": "fail",
        "r_spf_softfail": "softfail",
        "r_spf_neutral": "neutral",
        "r_spf_na": "none",
        "r_spf_permfail": "permerror",
        "r_spf_dnsfail": "temperror",
    }
)
"""Words for results, in lower case, → result: those of RFC 7208, of older drafts, and of rspamd."""

EXITS: Mapping[str, str] = MappingProxyType(
    {"0": "pass", "1": "fail", "2": "softfail", "3": "neutral", "4": "permerror", "5": "temperror", "6": "none"}
)
"""Exit codes of Mail::SPF's spfquery → result."""

_WORD = re.compile(r"[a-z0-9_-]+")
_REFUSED = re.compile(r"(?:REJECT|DEFER\w*|[45]\d\d)\b", re.IGNORECASE)
_ENHANCED = re.compile(r"\b([45])\.7\.(2[34])\b")
_ERRORS = re.compile(r"^StartError$.*?^EndError$\n?", re.MULTILINE | re.DOTALL)
_SHOWN = 300


class Seen(NamedTuple):
    """What an implementation answered to one case.

    Attributes:
        result: the result, or None where it gave none that can be understood.
        explanation: the text that has the explanation in it, or None where the implementation gives none.
        whole: whether that text is the explanation and nothing else.
        raw: what it said, for people: printable, and cut.
        note: why there is no result, or "".
        left_out: whether the case could not be put to it; the note says why.
    """

    result: str | None
    explanation: str | None
    whole: bool
    raw: str
    note: str = ""
    left_out: bool = False


def seen_nothing(note: str, raw: str = "") -> Seen:
    """Return that there is no result, and why."""
    return Seen(None, None, False, visible(raw, _SHOWN), note)


def from_output(output: str, words: Mapping[str, str], explanation_line: int | None, *, whole: bool = True) -> Seen:
    """Return what a command's output says: the result is the first word of the first line that begins with one.

    What libspf2's spfquery tells between the lines StartError and EndError is no result.

    Args:
        words: in lower case, → result.
        explanation_line: which line has the explanation, the line of the result being 1; None: none has.
        whole: whether that line is the explanation and nothing else.
    """
    lines = _ERRORS.sub("", output).splitlines()
    for number, line in enumerate(lines):
        word = _WORD.search(line.lower())
        if word is not None and word[0] in words:
            explanation = None
            if explanation_line is not None:
                at = number + explanation_line - 1
                explanation = lines[at].strip() if at < len(lines) else ""
            return Seen(words[word[0]], explanation, whole, visible(output.strip(), _SHOWN))
    return seen_nothing("no line of the output begins with a result", output.strip())


def from_exit_code(code: int, output: str, codes: Mapping[str, str]) -> Seen:
    """Return what a command's exit code says."""
    result = codes.get(str(code))
    if result is None:
        return seen_nothing(f"the exit code {code} stands for no result", output.strip())
    return Seen(result, None, False, visible(output.strip(), _SHOWN))


def from_action(action: str) -> Seen:
    """Return what the action of a policy server says: its header field, or the enhanced status code (RFC 7372 §3.2)."""
    raw = visible(action, _SHOWN)
    verb, _, rest = action.partition(" ")
    if verb.upper() == "PREPEND":
        try:
            if rest.lower().startswith("received-spf:"):
                return Seen(str(parse_received_spf(rest).result), None, False, raw)
            if rest.lower().startswith("authentication-results:"):
                [spf] = parse_authentication_results(rest).spf
                return from_output(spf.result, WORDS, None)._replace(raw=raw)
        except (HeaderError, ValueError) as error:
            return seen_nothing(f"its header field can't be read: {error}", action)
    code = _ENHANCED.search(action)
    if _REFUSED.match(action):
        if code is not None and code[2] == "23":
            return Seen("fail", rest, False, raw)
        if verb[0] == "4" or verb.upper().startswith("DEFER"):
            return Seen("temperror", None, False, raw)
        return Seen("fail" if code is None else "permerror", rest, False, raw)
    return seen_nothing("the action tells no result: the server must write a header field", action)


def read_map(texts: tuple[str, ...]) -> dict[str, str]:
    """Return "WORD=RESULT" texts as word → result, the words in lower case.

    Raises:
        ArgumentError: one is no such text.
    """
    found = {}
    for text in texts:
        word, equals, result = text.partition("=")
        if not (word and equals) or result not in set(Result):
            raise ArgumentError(f"{visible(text, 60)!r}: expected WORD=RESULT, RESULT one of {', '.join(Result)}")
        found[word.lower()] = result
    return found
