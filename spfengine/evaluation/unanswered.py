"""What is not known, in words: the questions that DNS could not answer, and those that no server was asked.

If there are no such questions, but something is not known, a limit on the work was reached.
"""

from collections.abc import Iterable, Mapping

from spfengine.answers import Answer, Question
from spfengine.names import fold
from spfengine.problems import ProblemCode
from spfengine.visible import visible_name
from spfengine.wording import listed

LIVE_HINT = "add --live to look up in DNS what the files do not have"
RETRY_HINT = "try again later"
NOT_GIVEN = "not in the files given"
TOO_MUCH_WORK = "the records take more work than is done for one domain"
ONE_CLIENT_HINT = "check single clients; use fewer terms and addresses"
_MOST = 5  # names or questions that are listed


def unanswered(known: Iterable[Mapping[Question, Answer]]) -> dict[Question, Answer]:
    """Return the questions without an answer, of several sets of answers."""
    return {question: answer for answers in known for question, answer in answers.items() if answer.is_failure}


def missing_name(question: Question, answer: Answer) -> str:
    """Return the name that is missing from the files: that of the question, or the one that it is an alias of."""
    return answer.chain[-1] if answer.chain else question.name


def why_unknown(failed: Mapping[Question, Answer]) -> str:
    """Return why something is not known, in a few words."""
    if failed and all(answer.is_unknown for answer in failed.values()):
        return NOT_GIVEN
    return "DNS could not answer" if failed else TOO_MUCH_WORK


def named_unknown(failed: Mapping[Question, Answer]) -> str:
    """Return what is not known, such as "DNS could not answer TXT a.example (TIMEOUT)"."""
    failures = [
        f"{question.type} {visible_name(question.name)} ({answer.status})"
        for question, answer in failed.items()
        if not answer.is_unknown
    ]
    parts = [f"DNS could not answer {listed(failures, _MOST)}"] if failures else []
    outside = _names_outside(failed)
    if outside:
        parts.append(f"{listed(outside, _MOST)} {'is' if len(outside) == 1 else 'are'} {NOT_GIVEN}")
    return ", and ".join(parts) or TOO_MUCH_WORK


def _names_outside(failed: Mapping[Question, Answer]) -> list[str]:
    """Return the names that the files do not have, each once, safe to print."""
    names = [missing_name(question, answer) for question, answer in failed.items() if answer.is_unknown]
    return [visible_name(name) for name in {fold(name): name for name in names}.values()]


def hint_for(failed: Mapping[Question, Answer]) -> str:
    """Return what to do about questions without an answer."""
    hints = [LIVE_HINT] if any(answer.is_unknown for answer in failed.values()) else []
    if not all(answer.is_unknown for answer in failed.values()):
        hints.append(RETRY_HINT)
    return "; ".join(hints) or ONE_CLIENT_HINT


def incompleteness(failed: Mapping[Question, Answer]) -> ProblemCode:
    """Return the code of the problem that these questions have no answer."""
    if not failed:
        return ProblemCode.WORK_LIMIT
    if all(answer.is_unknown for answer in failed.values()):
        return ProblemCode.OUTSIDE_ZONE
    return ProblemCode.DNS_INCOMPLETE
