"""Numbers and lists in words, with one rule for plurals."""

from collections.abc import Sequence
from math import log2

_LARGE = 1 << 40  # from here on the digits say less than their number


def counted(number: int, one: str, several: str | None = None) -> str:
    """Return a number and what it counts, such as "1 network" or "1,200 networks".

    Args:
        several: the plural, if it is not `one` with an s.
    """
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def number_text(number: int) -> str:
    """Return a number as people read it: "4,358", and very large ones as a power of two: "2^64", "about 2^94"."""
    if number < _LARGE:
        return f"{number:,}"
    power = round(log2(number))
    return f"2^{power}" if number == 1 << power else f"about 2^{power}"


def and_more(number: int, one: str = "", several: str | None = None) -> str:
    """Return how many were left out, such as "and 3 more" or "and 1 more name"; "" if none were."""
    if number <= 0:
        return ""
    what = one if number == 1 else several or (f"{one}s" if one else "")
    return f"and {number:,} more {what}".rstrip()


def listed(items: Sequence[str], most: int, one: str = "", several: str | None = None) -> str:
    """Return the first `most` items, and how many more there are: "a, b and 3 more"."""
    more = and_more(len(items) - most, one, several)
    return ", ".join(items[:most]) + (f" {more}" if more else "")


def sentence_list(items: Sequence[str], most: int) -> str:
    """Return items as a sentence has them: "a, b and c"; or as `listed`, if there are more than `most`."""
    if len(items) > most or len(items) < 2:
        return listed(items, most)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def endpoint_text(host: str, port: int | None) -> str:
    """Return an endpoint as `--listen` takes it: HOST:PORT, or unix:PATH for a path and None."""
    if port is None:
        return f"unix:{host}"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
