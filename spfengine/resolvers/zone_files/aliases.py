"""Aliases of one type, which providers have in place of CNAME records: what they lead to, where the file has it."""

from collections.abc import Mapping

from spfengine.answers import Status
from spfengine.names import fold
from spfengine.resolvers.rrsets import RRset
from spfengine.resolvers.zone import MAX_CHAIN
from spfengine.visible import visible_name

Key = tuple[str, str]
"""Folded name and type of an RRset."""


def unanswered(name: str, type: str, why: str, ttl: int | None = None) -> RRset:
    """Return an RRset that DNS has, but whose records the file does not tell: questions for it fail."""
    return RRset(name, type, (), ttl, Status.SERVFAIL, why)


def alias(name: str, type: str, target: str, ttl: int | None = None) -> RRset:
    """Return an alias as long as it is not known what it leads to."""
    told = f"an alias of {visible_name(target)}, of which the file has no {type} records"
    return unanswered(name, type, told, ttl)


def followed(rrsets: Mapping[Key, RRset], aliases: Mapping[Key, str]) -> tuple[RRset, ...]:
    """Return the RRsets, with what aliases lead to in place of them where the file has it.

    Args:
        aliases: by the alias's key, the name that it leads to.
    """
    found = []
    for rrset in rrsets.values():
        key = fold(rrset.name), rrset.type
        for _ in range(MAX_CHAIN):
            if key not in aliases:
                break
            key = fold(aliases[key]), rrset.type
        reached = rrsets.get(key, rrset)
        found.append(rrset if reached.status is not Status.NOERROR else reached._replace(name=rrset.name))
    return tuple(found)
