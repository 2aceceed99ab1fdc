"""Results read from what implementations say: output of commands, exit codes, actions of policy servers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

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
"""Maps words, in lower case, to results: those of RFC 7208, of older drafts, and of rspamd."""

EXITS: Mapping[str, str] = MappingProxyType(
    {"0": "pass", "1": "fail", "2": "softfail", "3": "neutral", "4": "permerror", "5": "temperror", "6": "none"}
)
"""Maps exit codes of Mail::SPF's spfquery to results."""

_WORD = re.compile(r"[a-z0-9_-]+")
_REFUSED = re.compile(r"(?:REJECT|DEFER\w*|[45]\d\d)\b", re.IGNORECASE)
_ENHANCED = re.compile(r"\b([45])\.7\.(2[34])\b")
_ERRORS = re.compile(r"^StartError$.*?^EndError$\n?", re.MULTILINE | re.DOTALL)
_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Seen:
    """An implementation's answer to a case.

    Attributes:
        result: the result, or None if there is none that can be understood.
        explanation: a text that contains the explanation, or None if the implementation gives none.
        whole: whether that text is the explanation and nothing else.
        raw: what it said, printable and shortened.
        note: why there is no result, or "".
        left_out: whether it could not be asked about the case; the note says why.
    """

    result: str | None
    explanation: str | None
    whole: bool
    raw: str
    note: str = ""
    left_out: bool = False


def seen_nothing(note: str, raw: str = "") -> Seen:
    """Return an answer without a result."""
    return Seen(None, None, False, visible(raw, _SHOWN), note)


def from_output(output: str, words: Mapping[str, str], explanation_line: int | None, *, whole: bool = True) -> Seen:
    """Return the answer in a command's output: the first word of the first line that begins with a result.

    The lines from StartError to EndError, which libspf2's spfquery writes, are ignored.

    Args:
        words: maps words, in lower case, to results.
        explanation_line: the line with the explanation, counted from 1, the line of the result; None if there is none.
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
    """Return the answer that a command's exit code gives."""
    result = codes.get(str(code))
    if result is None:
        return seen_nothing(f"the exit code {code} means no result", output.strip())
    return Seen(result, None, False, visible(output.strip(), _SHOWN))


def from_action(action: str) -> Seen:
    """Return the answer in a policy server's action: in a header field or an enhanced status code (RFC 7372 §3.2)."""
    raw = visible(action, _SHOWN)
    verb, _, rest = action.partition(" ")
    if verb.upper() == "PREPEND":
        try:
            if rest.lower().startswith("received-spf:"):
                return Seen(str(parse_received_spf(rest).result), None, False, raw)
            if rest.lower().startswith("authentication-results:"):
                [spf] = parse_authentication_results(rest).spf
                return replace(from_output(spf.result, WORDS, None), raw=raw)
        except (HeaderError, ValueError) as error:
            return seen_nothing(f"its header field can't be read: {error}", action)
    code = _ENHANCED.search(action)
    if _REFUSED.match(action):
        if code is not None and code[2] == "23":
            return Seen("fail", rest, False, raw)
        if verb[0] == "4" or verb.upper().startswith("DEFER"):
            return Seen("temperror", None, False, raw)
        return Seen("fail" if code is None else "permerror", rest, False, raw)
    return seen_nothing("the action has no result: the server must write a header field", action)


def read_map(texts: tuple[str, ...]) -> dict[str, str]:
    """Parse "WORD=RESULT" texts; return a mapping from words, in lower case, to results.

    Raises:
        ArgumentError: a text has another form.
    """
    words = {}
    for text in texts:
        word, equals, result = text.partition("=")
        if not (word and equals) or result not in set(Result):
            raise ArgumentError(f"{visible(text, 60)!r}: expected WORD=RESULT, RESULT one of {', '.join(Result)}")
        words[word.lower()] = result
    return words
