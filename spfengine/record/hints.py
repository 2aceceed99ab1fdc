"""Guesses what the writer of a faulty term meant. The work for each term is bounded, whatever is written."""

from functools import lru_cache

from spfengine.addresses import parse_ip4, parse_ip6
from spfengine.record.grammar import MECHANISMS, MODIFIERS
from spfengine.visible import visible

_MEANT = {
    "ipv4": "ip4", "ip": "ip4", "ip4v": "ip4", "ipv6": "ip6", "ip6v": "ip6", "include_": "include", "incl": "include",
    "spf": "include", "host": "a", "mail": "mx", "txt": "include", "domain": "a", "everything": "all", "any": "all",
    "explain": "exp", "explanation": "exp", "exist": "exists", "v4": "ip4", "v6": "ip6", "cname": "a", "aaaa": "a",
}  # fmt: skip
_LONGEST = 12
_WORDS = tuple(word for word in MECHANISMS + MODIFIERS if len(word) > 1)  # every word is one edit away from "a"


def meant(name: str) -> str | None:
    """Return the mechanism or modifier whose name is closest to a wrong name, or None if none is close."""
    name = name.lower().rstrip(".-_")
    return _closest(name) if name and len(name) <= _LONGEST else None


@lru_cache(maxsize=1024)
def _closest(name: str) -> str | None:
    if name in _MEANT:
        return _MEANT[name]
    closest = min(_WORDS, key=lambda word: _distance(name, word))
    return closest if _distance(name, closest) <= (1 if len(closest) <= 4 else 2) else None


def for_unknown_mechanism(qualifier: str, name: str, rest: str) -> str | None:
    """Return the hint for a term whose name is not that of a mechanism."""
    if parse_ip4(name) is not None:
        return f"did you mean {qualifier}ip4:{visible(name + rest, 60)}?"
    if parse_ip6(name + rest.partition("/")[0]) is not None:
        return f"did you mean {qualifier}ip6:{visible(name + rest, 60)}?"
    closest = meant(name)
    if closest is not None:
        return f"did you mean {_with_name(closest, qualifier, name, rest)}?"
    if "." in name and not rest:
        return f"a mechanism is missing before it; did you mean {qualifier}include:{name} or {qualifier}a:{name}?"
    return f"the mechanisms are {', '.join(MECHANISMS)}"


def _with_name(closest: str, qualifier: str, name: str, rest: str) -> str:
    """Return what was probably meant by a term, for the known name that is closest to its name."""
    if closest in MODIFIERS:
        return f"{closest}={visible(rest[1:], 60)}"
    if closest == "all" and qualifier in ("", "+"):  # all alone lets everybody pass
        return f"{name[-1]}all" if name[-1] in "-~?" else "~all or -all"
    argument = "" if closest == "all" else ":" + rest[1:] if rest[:1] in (":", "=") else rest
    return f"{qualifier}{closest}{visible(argument, 60)}"


def for_domain_spec(qualifier: str, argument: str) -> str | None:
    """Return the hint for an argument that is an address, not a domain-spec."""
    address, slash, lengths = argument.partition("/")
    if parse_ip4(address) is not None:
        return f"did you mean {qualifier}ip4:{visible(address + slash + lengths.partition('/')[0], 60)}?"
    if parse_ip6(address) is not None:
        return f"did you mean {qualifier}ip6:{visible(address + slash + lengths.rpartition('/')[2], 60)}?"
    return None


def _distance(left: str, right: str) -> int:
    """Return how many edits (a letter added, removed, changed, or two swapped) turn one short word into the other."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        older, before = before, row
        row = [i]
        for j, b in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]
