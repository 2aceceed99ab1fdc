"""What stands at each name: RRsets made ready to answer, and answers to which CNAME records led."""

from collections.abc import Iterable

from spfengine.answers import Answer, RRType, Status
from spfengine.lean_typing import NamedTuple
from spfengine.names import fold
from spfengine.resolvers.rrsets import ANY_TYPE, CNAME, RRset

MAX_CHAIN = 16
"""CNAME records that are followed for one question; one more is Status.LOOP."""


class Node(NamedTuple):
    """What stands at one name: its own answers, and the RRset of its CNAME record."""

    answers: dict[RRType, Answer]
    cname: RRset | None
    absent: bool
    """Whether it is listed only to say that it does not exist."""


def with_chain(answer: Answer, chain: Iterable[str], ttl: int | None) -> Answer:
    """Return an answer to which CNAME records led: with the chain before its own, and the shorter of two TTLs."""
    return Answer(
        answer.status,
        answer.type,
        answer.records,
        None if answer.is_failure else shorter(ttl, answer.ttl),
        (*chain, *answer.chain),
        answer.strings,
    )


def shorter(ttl: int | None, other: int | None) -> int | None:
    """Return the shorter of two TTLs, where None is one that is not known."""
    return other if ttl is None else ttl if other is None else min(ttl, other)


def make_nodes(names: Iterable[str], rrsets: Iterable[RRset]) -> dict[str, Node]:
    """Return what stands at each of these names, by folded name; `names` may hold names without RRsets."""
    by_name: dict[str, dict[str, RRset]] = {fold(name): {} for name in names}
    for rrset in rrsets:
        by_name.setdefault(fold(rrset.name), {})[rrset.type] = rrset
    nodes = {}
    for name, found in by_name.items():
        rest = found.get(ANY_TYPE) if CNAME not in found else None
        answers = {}
        for rrtype in RRType:
            rrset_of_type = found.get(rrtype, rest)
            if rrset_of_type is not None:
                answers[rrtype] = rrset_of_type.answer(rrtype)
        absent = found.keys() == {ANY_TYPE} and found[ANY_TYPE].status is Status.NXDOMAIN
        nodes[name] = Node(answers, found.get(CNAME), absent)
    return nodes
