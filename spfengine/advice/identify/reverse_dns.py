"""The names of an address in reverse DNS, and whether each name resolves to the address."""

from collections.abc import Generator
from dataclasses import dataclass

from spfengine.addresses import Family, address_text
from spfengine.advice.identify.identification import Missing
from spfengine.answers import Answer, Question, RRType
from spfengine.evaluation.mechanisms import Halt, is_validated
from spfengine.evaluation.session import Session, address_type
from spfengine.evaluation.unanswered import NOT_GIVEN
from spfengine.names import fold, is_askable, reverse_name
from spfengine.visible import visible_name

MAX_NAMES = 10
"""How many names of one address are examined, as in RFC 7208 §4.6.4."""


@dataclass(frozen=True, slots=True)
class ReverseName:
    """A name in reverse DNS.

    Attributes:
        name: the name, as DNS returned it.
        confirmed: whether it resolves to the address.
        why_not: what was seen instead if it does not, in words.
    """

    name: str
    confirmed: bool
    why_not: str


@dataclass(frozen=True, slots=True)
class ReverseNames:
    """The names of an address in reverse DNS, and the lookups that failed.

    Attributes:
        names: the names.
        missing: the lookups that failed.
    """

    names: list[ReverseName]
    missing: list[Missing]


def reverse_names(family: Family, address: int) -> Generator[Question, Answer, ReverseNames]:
    """Return the names of an address, each with whether it resolves to the address.

    Asks at most MAX_NAMES + 1 questions.
    """
    question = Question(reverse_name(family, address), RRType.PTR)
    answer = yield question
    missing: list[Missing] = []
    if answer.is_failure:
        missing.append(_missing(question, answer))
    if len(answer.records) > MAX_NAMES:
        why = f"{question.name} has {len(answer.records)} PTR records; only the first {MAX_NAMES} were examined"
        missing.append(Missing(None, why, is_failure=False))
    session = Session(address_text(family, address), "@reverse.invalid")
    session.counts_voids = False
    names: list[ReverseName] = []
    for name in {fold(name): name for name in answer.records[:MAX_NAMES]}.values():
        if not is_askable(name):
            names.append(ReverseName(name, False, "that name can't be queried in DNS"))
        elif (yield from _resolves(session, name)):
            names.append(ReverseName(name, True, ""))
        else:
            type = address_type(family)
            forward = session.answers[Question(name, type).key]
            if forward.is_failure:
                missing.append(_missing(Question(name, type), forward))
                names.append(ReverseName(name, False, "it is not known what that name resolves to"))
            else:
                names.append(ReverseName(name, False, "that name does not resolve to the address"))
    return ReverseNames(names, missing)


def _missing(question: Question, answer: Answer) -> Missing:
    """Return that a question was not answered."""
    records = f"the {question.type} records of {visible_name(question.name)}"
    if answer.is_unknown:
        return Missing(None, f"{records} are {NOT_GIVEN}", is_failure=False, is_outside=True)
    return Missing(None, f"DNS could not answer for {records} ({answer.status})", is_failure=True)


def _resolves(session: Session, name: str) -> Generator[Question, Answer, bool]:
    """Return whether a name is known to resolve to the session's address."""
    try:
        return (yield from is_validated(session, name))
    except Halt:  # nobody was asked
        return False
