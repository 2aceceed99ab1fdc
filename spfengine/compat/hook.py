"""pyspf's hook `DNSLookup`, and our Answers: each turned into the other."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from spfengine.answers import Answer, Question, RRType, Status
from spfengine.names import fold

Lookup = Callable[[str, str], Any]


class TempError(Exception):
    """DNS could not answer: what a function in place of `DNSLookup` raises to say so."""

    def __init__(self, msg: str = "", mech: str | None = None, ext: Any = None) -> None:
        super().__init__(msg, mech)
        self.msg = msg
        self.mech = mech
        self.ext = ext

    def __str__(self) -> str:
        return f"{self.msg}: {self.mech}" if self.mech else self.msg


def records_of(name: str, qtype: str, answer: Answer) -> list[Any]:
    """Return an Answer as `DNSLookup` does: `((name, qtype), value)` for each record. Raises TempError."""
    if answer.is_failure:
        raise TempError(f"DNS {answer.status}")
    values: list[Any] = answer.texts()
    if qtype == RRType.TXT:
        values = list(answer.strings)
    elif qtype == RRType.MX:
        values = [(preference, exchange) for preference, exchange in answer.records]
    return [((name, qtype), value) for value in values]


def answer_of(question: Question, lookup: Lookup, most_aliases: int) -> Answer:
    """Return what a `DNSLookup` says as an Answer. An empty list may be NXDOMAIN or not: it is void in any case.

    Raises:
        TempError: the hook does.
        ArgumentError: a value is none of the question's type.
    """
    name = question.name
    chain: list[str] = []
    while True:
        aliases = {}
        values = []
        for (owner, kind), value in lookup(name, str(question.type)):
            if kind == "CNAME":
                aliases[fold(str(owner).removesuffix("."))] = str(value).removesuffix(".")
            elif kind == question.type:
                values.append(value)
        target = aliases.get(fold(name))
        while target is not None and len(chain) <= most_aliases:
            chain.append(target)
            name = target
            target = aliases.get(fold(name))
        if len(chain) > most_aliases:
            return Answer.failed(Status.LOOP, chain)
        if values or not aliases:
            return _answer(question.type, values, chain)


def _answer(type: RRType, values: list[Any], chain: list[str]) -> Answer:
    if not values:
        return Answer.nodata(chain=chain)
    if type is RRType.TXT:
        return Answer.txt(*[tuple(value) if isinstance(value, list) else value for value in values], chain=chain)
    if type is RRType.MX:
        return Answer.mx(*[(int(preference), str(name)) for preference, name in values], chain=chain)
    if type is RRType.PTR:
        return Answer.ptr(*map(str, values), chain=chain)
    texts = [str(ip_address(value)) if isinstance(value, bytes) else str(value) for value in values]
    return Answer.a(*texts, chain=chain) if type is RRType.A else Answer.aaaa(*texts, chain=chain)
