"""The ledger of deviations: what is known to come out another way, and why. It is strict."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from spfengine.problems import Result
from spfengine.testing.suites import Case, SuiteError, read_yaml

NOTHING = "nothing"
"""Stands in an entry for no result at all."""
LEFT_OUT = "left-out"
"""Stands in an entry for a case that can't be put to the implementation."""
_GOT = (*map(str, Result), NOTHING, LEFT_OUT)


class Entry(NamedTuple):
    """A case that is known to come out another way.

    Attributes:
        reason: why.
        got: the result that it comes out with, "nothing", or "left-out"; None: any but the right result.
    """

    reason: str
    got: str | None = None


class Ledger(NamedTuple):
    """All that is known.

    Attributes:
        entries: by suite and case.
    """

    entries: dict[tuple[str, str], Entry]

    def without_case(self, cases: Iterable[Case]) -> list[tuple[str, str]]:
        """Return the entries of cases' suites that speak of no case."""
        known = {(case.suite, case.name) for case in cases}
        suites = {suite for suite, _ in known}
        return sorted(key for key in self.entries if key[0] in suites and key not in known)


def read_ledger(text: str, where: str = "ledger") -> Ledger:
    """Return the ledger that a YAML text holds.

    Either suite → case → a reason, or `{got: RESULT, reason: …}`; or a list of groups that share a reason, each
    `{reason: …, cases: {suite: {case: RESULT}}}`.

    Raises:
        SuiteError: it is none; the message says where.
        MissingExtraError: pyyaml is not installed.
    """
    entries: dict[tuple[str, str], Entry] = {}
    for document in read_yaml(text, where):
        if isinstance(document, list):
            for number, group in enumerate(document, 1):
                _read_group(group, f"{where}, group {number}", entries)
        elif document is not None:
            for suite, case, value in _cases(document, where):
                _add(entries, suite, case, _entry(value, f"{where}, {suite}, {case}"), where)
    return Ledger(entries)


def _read_group(group: Any, where: str, entries: dict[tuple[str, str], Entry]) -> None:
    if not isinstance(group, dict) or group.keys() != {"reason", "cases"}:
        raise SuiteError(f"{where}: expected a mapping with reason and cases")
    for suite, case, got in _cases(group["cases"], where):
        _add(entries, suite, case, _entry({"reason": group["reason"], "got": got}, f"{where}, {suite}, {case}"), where)


def _cases(value: Any, where: str) -> Iterator[tuple[str, str, Any]]:
    for suite, cases in _mapping(value, where).items():
        for case, entry in _mapping(cases, f"{where}, {suite}").items():
            yield str(suite), str(case), entry


def _add(entries: dict[tuple[str, str], Entry], suite: str, case: str, entry: Entry, where: str) -> None:
    if entries.setdefault((suite, case), entry) is not entry:
        raise SuiteError(f"{where}: {suite}, {case} stands twice")


def _entry(value: Any, where: str) -> Entry:
    if isinstance(value, str):
        value = {"reason": value}
    if not isinstance(value, dict) or not {"reason"} <= value.keys() <= {"reason", "got"}:
        raise SuiteError(f"{where}: expected a reason, or a mapping with reason and got")
    reason, got = value["reason"], value.get("got")
    if not isinstance(reason, str) or not reason.strip():
        raise SuiteError(f"{where}: expected a reason in words")
    if got is not None and got not in _GOT:
        raise SuiteError(f"{where}: got is {got!r}; expected one of {', '.join(_GOT)}")
    return Entry(" ".join(reason.split()), got)


def _mapping(value: Any, where: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise SuiteError(f"{where}: expected a mapping of suite → case → reason")
    return value
