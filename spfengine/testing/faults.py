"""The faults that a fake DNS server can have: per name and type, always or for the n-th query."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from spfengine.errors import ArgumentError
from spfengine.names import fold
from spfengine.visible import short_repr, visible


class FaultKind(StrEnum):
    """What goes wrong."""

    SERVFAIL = "servfail"
    REFUSED = "refused"
    FORMERR = "formerr"
    NXDOMAIN = "nxdomain"
    NODATA = "nodata"
    SILENCE = "silence"
    """No reply at all."""
    DELAY = "delay"
    """The reply comes late."""
    TRUNCATE = "truncate"
    """The reply is cut and says so (TC), over TCP too."""
    GARBAGE = "garbage"
    """The reply has the right id, and otherwise can't be read."""
    WRONG_ID = "wrong-id"
    """The reply is right, but has another query's id."""
    CNAME_LOOP = "cname-loop"
    """The name is an alias of itself."""


@dataclass(frozen=True, slots=True, init=False)
class Fault:
    """A fault of a DNS server.

    Attributes:
        name: the domain whose queries it affects, in any letter case; "*" for every name.
        type: the record type ("TXT", "MX", "TYPE99"…) whose queries it affects; "*" for every type.
        kind: what goes wrong.
        queries: which of these queries it affects, counted from 1 when the server gets the fault; empty: all.
        over: "udp" or "tcp" to affect and count only these queries; None: both.
        seconds: how late the reply is, for a delay.

    Raises:
        ArgumentError: an argument is invalid.
    """

    name: str
    type: str
    kind: FaultKind
    queries: frozenset[int]
    over: str | None
    seconds: float

    def __init__(
        self,
        name: str,
        type: str,
        kind: FaultKind | str,
        queries: Iterable[int] = (),
        over: str | None = None,
        seconds: float = 0.0,
    ) -> None:
        try:
            kind = FaultKind(kind)
        except ValueError:
            known = ", ".join(FaultKind)
            raise ArgumentError(f"no such fault: {visible(str(kind), 40)!r}; expected one of {known}") from None
        if over not in (None, "udp", "tcp"):
            raise ArgumentError(f"over is 'udp', 'tcp' or None, not {visible(str(over), 40)!r}")
        if not 0 <= seconds < 3600:
            raise ArgumentError(f"seconds of delay are 0 to 3600, not {seconds!r}")
        numbers = frozenset(queries)
        if any(number < 1 for number in numbers):
            raise ArgumentError(f"queries are counted from 1, so {min(numbers)} is not one of them")
        object.__setattr__(self, "name", fold(name.removesuffix(".")))
        object.__setattr__(self, "type", type.upper())
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "queries", numbers)
        object.__setattr__(self, "over", over)
        object.__setattr__(self, "seconds", seconds)

    def __repr__(self) -> str:
        return short_repr(self, ("name", "type", "kind", "queries", "over", "seconds"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the fault written as `NAME TYPE KIND [queries=1,3] [over=udp] [seconds=2.5]`.

        Raises:
            ArgumentError: it can't be understood; the message says what was expected.
        """
        name, type, kind, *settings = [*text.split(), "", "", ""][: max(3, len(text.split()))]
        if not kind:
            raise ArgumentError(f"{visible(text, 80)!r} is not a fault; expected {_FORM}")
        options: dict[str, Any] = {}
        for setting in settings:
            key, _, value = setting.partition("=")
            try:
                options[key] = _SETTINGS[key](value)
            except (KeyError, ValueError):
                raise ArgumentError(f"{visible(setting, 40)!r} can't be used in a fault; expected {_FORM}") from None
        return cls(name, type, kind, **options)

    def concerns(self, name: str, type: str, over: str) -> bool:
        """Whether this fault counts such a query."""
        return self.name in ("*", fold(name)) and self.type in ("*", type) and (self.over is None or self.over == over)


_FORM = "NAME TYPE KIND [queries=1,3] [over=udp|tcp] [seconds=2.5]"
_SETTINGS: dict[str, Callable[[str], Any]] = {
    "queries": lambda value: [int(number) for number in value.split(",")],
    "over": str,
    "seconds": float,
}


@dataclass(frozen=True, slots=True)
class FaultEffect:
    """What the faults of a server do to one query.

    Attributes:
        kind: what goes wrong apart from a delay, or None.
        seconds: how late the reply is.
    """

    kind: FaultKind | None
    seconds: float


class FaultPlan:
    """The faults of a server, and how many queries each has counted."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._entries: list[tuple[Fault, list[int]]] = [(fault, [0]) for fault in faults]

    def add(self, fault: Fault) -> None:
        """Add a fault."""
        self._entries.append((fault, [0]))

    def clear(self) -> None:
        """Remove all faults."""
        self._entries.clear()

    def effect(self, name: str, type: str, over: str) -> FaultEffect:
        """Count a query, and return the sum of its delays and the first other fault."""
        kind: FaultKind | None = None
        seconds = 0.0
        for fault, count in tuple(self._entries):
            if not fault.concerns(name, type, over):
                continue
            count[0] += 1
            if fault.queries and count[0] not in fault.queries:
                continue
            if fault.kind is FaultKind.DELAY:
                seconds += fault.seconds
            elif kind is None:
                kind = fault.kind
        return FaultEffect(kind, seconds)
