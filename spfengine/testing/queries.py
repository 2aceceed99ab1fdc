"""The queries that a fake DNS server got, and what a test may assert of them."""

import threading
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from spfengine.names import fold
from spfengine.visible import visible_name

_LOG_LENGTH = 1_000_000
_SHOWN = 20


class Query(NamedTuple):
    """A query that the server got.

    Attributes:
        name: as it was asked, letter case included, each octet as one character.
        type: the record type, such as "TXT" or "TYPE65280".
        over: "udp" or "tcp".
        client: the client's address and port.
    """

    name: str
    type: str
    over: str
    client: tuple[str, int]


class QueryLog:
    """Every query so far, of more than a million the last million; several threads may use it."""

    def __init__(self, expected: Iterable[tuple[str, str]] | None = None) -> None:
        self._lock = threading.Lock()
        self._queries: deque[Query] = deque(maxlen=_LOG_LENGTH)
        self._expected: frozenset[tuple[str, str]] | None = None
        if expected is not None:
            self.expect(expected)

    @property
    def queries(self) -> list[Query]:
        """The queries so far, in the order in which they came."""
        with self._lock:
            return list(self._queries)

    @property
    def unexpected(self) -> list[Query]:
        """The queries so far that are not among those that are expected; none where all are."""
        expected = self._expected
        if expected is None:
            return []
        return [query for query in self.queries if not _covers(expected, query)]

    def add(self, query: Query) -> None:
        """Keep a query."""
        with self._lock:
            self._queries.append(query)

    def clear(self) -> None:
        """Forget the queries so far."""
        with self._lock:
            self._queries.clear()

    def expect(self, expected: Iterable[tuple[str, str]]) -> None:
        """Expect these besides those that are expected already, and no others."""
        more = {(_plain(name), type.upper()) for name, type in expected}
        with self._lock:
            self._expected = (self._expected or frozenset()) | more

    def asked(self, name: str, type: str = "*", over: str | None = None) -> list[Query]:
        """Return the queries for a name and type; "*" is any."""
        wanted = {(_plain(name), type.upper())}
        return [query for query in self.queries if _covers(wanted, query) and over in (None, query.over)]

    def assert_asked(self, name: str, type: str, times: int | None) -> None:
        """Raise AssertionError unless this was asked `times` times; None: at least once."""
        found = len(self.asked(name, type))
        if found == times or (times is None and found):
            return
        expected = "at least once" if times is None else "never" if times == 0 else f"{times} times"
        told = f"{visible_name(name)} {type} was asked {found} times, expected {expected}; the queries were:"
        raise AssertionError(told + told_of(self.queries))

    def assert_expected(self) -> None:
        """Raise AssertionError if there were queries that nobody expected."""
        unexpected = self.unexpected
        if unexpected:
            raise AssertionError(f"{len(unexpected)} queries that nobody expected:{told_of(unexpected)}")


def told_of(queries: list[Query]) -> str:
    """Return queries as lines to read, each with a line end before it; of many the first."""
    lines = [f"\n  {visible_name(query.name) or '.'} {query.type} over {query.over}" for query in queries[:_SHOWN]]
    if len(queries) > _SHOWN:
        lines.append(f"\n  and {len(queries) - _SHOWN} more")
    return "".join(lines) or "\n  none"


def _plain(name: str) -> str:
    return fold(name.removesuffix("."))


def _covers(wanted: Iterable[tuple[str, str]], query: Query) -> bool:
    own = fold(query.name)
    return any(name in ("*", own) and type in ("*", query.type) for name, type in wanted)
