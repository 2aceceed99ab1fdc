"""Aliases of one type, which providers offer in place of CNAME records, and the records that they lead to."""

from collections.abc import Mapping
from dataclasses import replace

from spfengine.answers import Status
from spfengine.names import fold
from spfengine.resolvers.rrsets import ANY_TYPE, CNAME, MAX_CHAIN, RRset
from spfengine.visible import visible_name

ADDRESSES = ("A", "AAAA")
"""The types that an alias has in place of a CNAME record."""

Key = tuple[str, str]
"""Folded name and type of an RRset."""


def unanswered(name: str, type: str, why: str, ttl: int | None = None) -> RRset:
    """Return an RRset that DNS has, but whose records are not in the file: what DNS answers is not known.

    If it is a CNAME record, that is so for every type that the name does not list.
    """
    return RRset(name, ANY_TYPE if type == CNAME else type, (), ttl, Status.UNKNOWN, why)


def alias(name: str, type: str, target: str, ttl: int | None = None) -> RRset:
    """Return the RRset of an alias whose target is not resolved yet."""
    why = f"an alias of {visible_name(target)}, of which the file has no {type} records"
    return unanswered(name, type, why, ttl)


def resolve_aliases(rrsets: Mapping[Key, RRset], aliases: Mapping[Key, str]) -> tuple[RRset, ...]:
    """Return the RRsets, with each alias replaced by the records of its target, if the file has them.

    An alias of a host that the file knows by addresses of the other family only has none of this family either.

    Args:
        aliases: the target of each alias, by the alias's key.
    """
    resolved = []
    for own, rrset in rrsets.items():
        key = own
        for _ in range(MAX_CHAIN):
            if key not in aliases:
                break
            key = fold(aliases[key]), key[1]
        target = rrsets.get(key, rrset)
        if own in aliases and target is rrset and _has_other_addresses(rrsets, key):
            continue
        resolved.append(rrset if target.status is not Status.NOERROR else replace(target, name=rrset.name))
    return tuple(resolved)


def _has_other_addresses(rrsets: Mapping[Key, RRset], key: Key) -> bool:
    """Whether a name has the addresses of the other family."""
    name, type = key
    found = [rrsets.get((name, other)) for other in ADDRESSES if other != type]
    return type in ADDRESSES and any(rrset is not None and rrset.status is Status.NOERROR for rrset in found)
