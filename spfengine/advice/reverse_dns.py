"""The names that an address has in reverse DNS, and whether they lead back to it."""

from collections.abc import Generator
from typing import NamedTuple

from spfengine.addresses import Family, address_text
from spfengine.advice.identification import Missing
from spfengine.answers import Answer, Question, RRType
from spfengine.evaluation.mechanisms import is_validated
from spfengine.evaluation.session import Session, address_type
from spfengine.names import fold, is_askable, reverse_name
from spfengine.visible import visible_name

MAX_NAMES = 10
"""Names of one address that are looked at, as in RFC 7208 §4.6.4."""


class ReverseName(NamedTuple):
    """A name in reverse DNS.

    Attributes:
        name: the name, as DNS gave it.
        confirmed: whether it leads back to the address.
        why_not: where it does not, what was seen instead, in words.
    """

    name: str
    confirmed: bool
    why_not: str


class ReverseNames(NamedTuple):
    """The names of an address in reverse DNS, and what could not be had of them."""

    names: list[ReverseName]
    missing: list[Missing]


def reverse_names(family: Family, address: int) -> Generator[Question, Answer, ReverseNames]:
    """Return the names of an address, each with whether it leads back. Asks MAX_NAMES + 1 questions at most."""
    question = Question(reverse_name(family, address), RRType.PTR)
    answer = yield question
    missing: list[Missing] = []
    if answer.is_failure:
        missing.append(Missing(None, f"the PTR records of {question.name} could not be had ({answer.status})", True))
    if len(answer.records) > MAX_NAMES:
        told = f"{question.name} has {len(answer.records)} PTR records, of which the first {MAX_NAMES} were looked at"
        missing.append(Missing(None, told, is_failure=False))
    session = Session(address_text(family, address), "@reverse.invalid")
    session.counting = False
    found: list[ReverseName] = []
    for name in {fold(name): name for name in answer.records[:MAX_NAMES]}.values():
        if not is_askable(name):
            found.append(ReverseName(name, False, "that is no name that DNS can be asked for"))
        elif (yield from is_validated(session, name)):
            found.append(ReverseName(name, True, ""))
        else:
            wanted = address_type(family)
            forward = session.answers[Question(name, wanted).key]
            if forward.is_failure:
                told = f"the {wanted} records of {visible_name(name)} could not be had ({forward.status})"
                missing.append(Missing(None, told, is_failure=True))
                found.append(ReverseName(name, False, "where that name leads could not be had"))
            else:
                found.append(ReverseName(name, False, "that name does not lead back to it"))
    return ReverseNames(found, missing)
