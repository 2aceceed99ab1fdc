"""The explanation of a fail (RFC 7208 §6.2). It is fetched after the verdict, and never changes it."""

from collections.abc import Generator

from spfengine.answers import Answer, Question, RRType
from spfengine.evaluation.limits import DeadlineError
from spfengine.evaluation.mechanisms import HELO_HINT, Halt, ask, expand_target, outside_zone, validated_name
from spfengine.evaluation.session import Session
from spfengine.names import is_askable
from spfengine.problems import Problem, ProblemCode
from spfengine.record.macro import MAX_EXPLANATION, MacroString, parse_macro_string
from spfengine.record.model import Explanation
from spfengine.visible import visible, visible_name

Explained = tuple[str | None, Problem | None]
"""The explanation, or why there is none."""


_NOT_KNOWN = f"which is not known; {HELO_HINT}"
NO_EXPLANATION = Problem(ProblemCode.EXP_ABSENT, "the record has no exp= modifier", section="6.2")


def explain(session: Session, modifier: Explanation, domain: str) -> Generator[Question, Answer, Explained]:
    """Return the explanation of a fail, or why there is none.

    An explanation is US-ASCII without control characters. None of its questions count against a limit.

    Args:
        modifier, domain: the `exp` of the record that gave the fail, and the domain of that record.
    """
    session.counts_voids = False
    if session.tracer is not None:
        session.tracer.begin(modifier)
    try:
        text, code, why = yield from _explain(session, modifier.value, domain)
    except DeadlineError:
        text, code, why = None, ProblemCode.EXP_TIME_LIMIT, "DNS did not answer in time"
    except Halt as halt:  # %{p} depends on records that are not known; no limit counts here
        text, code, why = None, ProblemCode.EXP_DNS_ERROR, halt.problem.text
    if session.tracer is not None:
        session.tracer.end(text is not None)
    if text is not None:
        return text, None
    assert code is not None, "either there is a text, or there is a reason"
    return None, Problem(code, f"no explanation: {why}", domain, modifier.span, "6.2")


_TextOrReason = tuple[str | None, ProblemCode | None, str]
"""(text, None, ""), or (None, code, reason)."""


def _explain(session: Session, spec: MacroString, domain: str) -> Generator[Question, Answer, _TextOrReason]:
    if session.lacks_helo(spec.letters):
        return None, ProblemCode.EXP_HELO_UNKNOWN, f"exp= uses the HELO name, {_NOT_KNOWN}"
    name = spec.target if spec.target is not None else (yield from expand_target(session, spec, domain))
    if name is None:
        return None, ProblemCode.EXP_NON_ASCII_LOCAL_PART, "exp= uses the local part, which is not ASCII"
    if not is_askable(name):
        return None, ProblemCode.EXP_INVALID_DOMAIN, f"{visible_name(name) or spec.text} is not a domain name"
    answer = yield from ask(session, name, RRType.TXT)
    if answer.is_unknown:
        return None, ProblemCode.EXP_DNS_ERROR, outside_zone(name, RRType.TXT, answer).text
    explain_string = _explain_string(answer, visible_name(name))
    if not isinstance(explain_string, MacroString):
        return explain_string
    return (yield from _expanded(session, explain_string, domain))


def _expanded(session: Session, explain_string: MacroString, domain: str) -> Generator[Question, Answer, _TextOrReason]:
    """Return the text that an explain-string expands to, or why it can't be sent."""
    if session.lacks_helo(explain_string.letters):
        return None, ProblemCode.EXP_HELO_UNKNOWN, f"its text has the HELO name in it, {_NOT_KNOWN}"
    validated = ""
    if "p" in explain_string.letters:
        validated = yield from validated_name(session, domain)
    text = explain_string.expand_text(lambda letter: session.macro_value(letter, domain, validated))
    if text is None:
        return None, ProblemCode.EXP_TOO_LONG, f"it would be longer than {MAX_EXPLANATION} characters"
    return _refused(text, "its expansion") or (text, None, "")


def _explain_string(answer: Answer, printable: str) -> MacroString | _TextOrReason:
    """Return the explain-string in an answer, parsed and kept with it; or why the answer has none."""
    known: MacroString | None = answer.memo.get("explanation")
    if known is not None:
        return known
    if answer.is_failure:
        return (
            None,
            ProblemCode.EXP_DNS_ERROR,
            f"the TXT records of {printable} could not be looked up ({answer.status})",
        )
    if not answer.records:
        return None, ProblemCode.EXP_NO_RECORD, f"{printable} has no TXT record"
    if len(answer.records) > 1:
        return None, ProblemCode.EXP_MULTIPLE_RECORDS, f"{printable} has {len(answer.records)} TXT records"
    source = answer.records[0].decode("latin-1")
    refused = _refused(source, "the text")
    if refused is not None:
        return refused
    explain_string, problems = parse_macro_string(source, explanation=True)
    if explain_string is None:
        return None, ProblemCode.EXP_INVALID_MACRO, f"at {printable}, {problems[0].text}"
    answer.memo["explanation"] = explain_string
    return explain_string


def _refused(text: str, what: str) -> _TextOrReason | None:
    """Return why a text can't be sent to a client, or None if it can."""
    if not text.isascii():
        return None, ProblemCode.EXP_NON_ASCII, f"{what} is not US-ASCII: {visible(text, 60)}"
    if not text:
        return None, ProblemCode.EXP_EMPTY, f"{what} is empty"
    if not text.isprintable():
        return None, ProblemCode.EXP_CONTROL_CHARACTER, f"{what} has control characters: {visible(text, 60)}"
    return None
