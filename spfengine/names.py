"""Domain names as text, one character for each octet (U+0000 to U+00FF).

A name has no final dot, keeps its case, and is compared label by label, ignoring the case of ASCII letters (RFC 4343).
So a name holds exactly the octets of the DNS query, even unusual ones.
"""

from collections.abc import Iterable

from spfengine.addresses import V4, Family
from spfengine.visible import visible_name

MAX_NAME = 253
"""Octets of the longest name in text form, without the final dot (RFC 7208 §7.3)."""
MAX_LABEL = 63

_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_FULL_STOPS = str.maketrans("\u3002\uff0e\uff61", "...")  # RFC 3490 §3.1: dots of an internationalised name


def fold(name: str) -> str:
    """Return the name with its ASCII letters, and no others, in lower case."""
    return name.lower() if name.isascii() else name.translate(_LOWER)


def is_same_or_under(name: str, parent: str) -> bool:
    """Return whether `name` is `parent` or below it, label by label (RFC 7208 §5.5, eid4751)."""
    name, parent = fold(name), fold(parent)
    return name == parent or (name.endswith(parent) and name[-len(parent) - 1 : -len(parent)] == "." and parent != "")


class Names:
    """A set of names that includes every name below them."""

    __slots__ = ("_folded",)

    def __init__(self, names: Iterable[str]) -> None:
        self._folded = frozenset(map(fold, names))

    def cover(self, name: str) -> bool:
        """Return whether a name is in the set, in one step for each label of the name, however large the set is."""
        rest = fold(name)
        while rest and rest not in self._folded:
            rest = rest.partition(".")[2]
        return rest != ""


def octets(text: str) -> str:
    """Return text from a client as one character for each octet of its UTF-8 encoding."""
    if text.isascii():
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("latin-1")
    except (
        UnicodeEncodeError
    ):  # surrogates that represent no octet: no client can send them, but a caller may pass them
        return text.encode("utf-8", "surrogatepass").decode("latin-1")


def from_labels(labels: Iterable[bytes]) -> str:
    r"""Return the name made of these labels, without the empty root label.

    A dot inside a label becomes `\046`, so that the text equals no other name.
    """
    return ".".join([label.decode("latin-1").replace(".", "\\046") for label in labels if label])


def to_labels(name: str) -> list[bytes]:
    """Return the labels of a valid name, without the root label."""
    return [label.encode("latin-1") for label in name.split(".")] if name else []


def truncate(name: str) -> str:
    """Return an expanded name without its final dot, shortened from the left to 253 octets (RFC 7208 §7.3)."""
    name = name.removesuffix(".")
    if len(name) > MAX_NAME:
        dot = name.find(".", len(name) - MAX_NAME - 1)
        name = name[dot + 1 :]
    return name


def is_askable(name: str) -> bool:
    """Return whether DNS can be queried for this name: no empty label, none over 63 octets, 253 octets in all."""
    if not name or len(name) > MAX_NAME or ".." in name or name[0] == "." or name[-1] == ".":
        return False
    return len(name) <= MAX_LABEL or max(map(len, name.split("."))) <= MAX_LABEL


def domain_fault(domain: str) -> str | None:
    """Return why check_host() can't be called for this domain, in words, or None if it can (RFC 7208 §4.3)."""
    if len(domain) > MAX_NAME:
        return f"{visible_name(domain)} is longer than the {MAX_NAME} octets of a domain name"
    if not domain:
        return "there is no domain to check"
    if domain[0] == "[":
        return f"{visible_name(domain)} is an address literal, not a domain name"
    labels = domain.split(".")
    if "" in labels:
        return f"{visible_name(domain)} has an empty label (two dots in a row, or a dot at its start)"
    if max(map(len, labels)) > MAX_LABEL:
        return f"{visible_name(domain)} has a label longer than {MAX_LABEL} octets"
    if len(labels) == 1:
        return f"{visible_name(domain)} is a single label, not a fully qualified domain name"
    if labels[-1].isdecimal():
        return f"{visible_name(domain)} ends in a label of digits only, so it is not a domain name"
    return None


def to_a_labels(domain: str) -> str | None:
    """Return an internationalised domain with its U-labels as A-labels (RFC 8616 §2), or None if IDNA2008 forbids one.

    Upper-case letters are mapped to lower case first (UTS #46, non-transitional), because people type them.
    """
    if domain.isascii():
        return domain
    if len(domain) > MAX_NAME:
        return None
    import idna  # not at the top: `import spfengine` loads no third-party package

    labels = []
    for label in domain.translate(_FULL_STOPS).split("."):
        if label.isascii():
            labels.append(label)
            continue
        try:
            labels.append(idna.encode(label, uts46=True).decode("ascii"))
        except (idna.IDNAError, UnicodeError):
            return None
    return ".".join(labels)


def reverse_name(family: Family, value: int) -> str:
    """Return the name that holds the PTR records of an address (RFC 1035 §3.5, RFC 3596 §2.5)."""
    if family is V4:
        return ".".join([str(value >> shift & 255) for shift in (0, 8, 16, 24)]) + ".in-addr.arpa"
    return ".".join(f"{value:032x}"[::-1]) + ".ip6.arpa"
