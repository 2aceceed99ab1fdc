"""The limits on how much a check may ask of DNS (RFC 7208 §4.6.4)."""

from enum import StrEnum
from typing import ClassVar

from spfengine.errors import ArgumentError
from spfengine.frozen import Frozen, fill

_FOREVER = 1_000_000_000  # seconds; more is a mistake, and much more overflows a clock

MAX_DEPTH = 100
"""How deep includes and redirects may nest. Under the limit of RFC 7208 §4.6.4, 10 lookups, none gets this far."""
LIFTED = 250
"""The limit of lookups and void lookups under which the true need is counted; see `lifted`."""


class VoidRule(StrEnum):
    """What counts as a void lookup (RFC 7208 §4.6.4, §11.1)."""

    PER_TERM = "per-term"
    """A term counts once, however many of its own questions were void: the RFC's wording, and the default."""
    PER_LOOKUP = "per-lookup"
    """Each void answer counts, those inside mx and ptr too, and again if the question is repeated."""
    DUAL_STACK = "dual-stack"
    """Per term, but a question for addresses is void only if the name has no addresses of either family."""


class Limits(Frozen):
    """How much a check may ask. The defaults are those of RFC 7208 §4.6.4.

    Attributes:
        lookups: terms that ask DNS (MUST be 10).
        voids: void lookups (SHOULD be 2; MAY be configurable).
        void_rule: what counts as a void lookup.
        names: names of hosts that one mx or ptr may follow (MUST be 10).
        seconds: elapsed time on a monotonic clock (SHOULD be at least 20); None for no limit.
        count_p: whether each term with `%{p}` in it is charged for that as well.
    """

    fields: ClassVar[tuple[str, ...]] = ("lookups", "voids", "void_rule", "names", "seconds", "count_p")
    __slots__ = fields
    lookups: int
    voids: int
    void_rule: VoidRule
    names: int
    seconds: float | None
    count_p: bool

    def __init__(
        self,
        lookups: int = 10,
        voids: int = 2,
        void_rule: VoidRule | str = VoidRule.PER_TERM,
        names: int = 10,
        seconds: float | None = 20.0,
        count_p: bool = False,
    ) -> None:
        for name, value in (("lookups", lookups), ("voids", voids), ("names", names)):
            if value.__class__ is not int or value < 0:
                raise ArgumentError(f"Limits.{name} must be a whole number, 0 or more, not {value!r}")
        if seconds is not None and not (seconds.__class__ in (int, float) and 0 < seconds < _FOREVER):
            expected = f"a number over 0 and under {_FOREVER}, or None"
            raise ArgumentError(f"Limits.seconds must be {expected}, not {seconds!r}")
        try:
            rule = VoidRule(void_rule)
        except ValueError:
            known = ", ".join(VoidRule)
            raise ArgumentError(f"Limits.void_rule must be one of {known}, not {void_rule!r}") from None
        fill(self, "lookups", lookups)
        fill(self, "voids", voids)
        fill(self, "void_rule", rule)
        fill(self, "names", names)
        fill(self, "seconds", seconds)
        fill(self, "count_p", count_p)


DEFAULT_LIMITS = Limits()


def lifted(limits: Limits, void_rule: VoidRule | None = None) -> Limits:
    """Return limits that only records that form a loop can exceed, with the same way of counting.

    Args:
        void_rule: how void lookups are counted instead.
    """
    rule = limits.void_rule if void_rule is None else void_rule
    return Limits(LIFTED, LIFTED, rule, limits.names, None, count_p=limits.count_p)


class DeadlineError(Exception):
    """The limit of elapsed time is reached. A driver throws it into the generator; it never leaves a check."""
