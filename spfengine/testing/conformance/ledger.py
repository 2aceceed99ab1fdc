"""The ledger of deviations: what is known to come out another way, and why. It is strict."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from spfengine.evaluation.result import Result
from spfengine.testing.suites import Case, SuiteError, read_yaml

NOTHING = "nothing"
"""Stands in an entry for no result at all."""


class Entry(NamedTuple):
    """A case that is known to come out another way.

    Attributes:
        reason: why.
        got: the result that it comes out with, or "nothing"; None: any but the right one.
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
    """Return the ledger that a YAML text holds: suite → case → a reason, or `{got: RESULT, reason: …}`.

    Raises:
        SuiteError: it is none; the message says where.
        MissingExtraError: pyyaml is not installed.
    """
    documents = [document for document in read_yaml(text, where) if document is not None]
    entries: dict[tuple[str, str], Entry] = {}
    for document in documents:
        for suite, cases in _mapping(document, where).items():
            for case, value in _mapping(cases, f"{where}, {suite}").items():
                entries[str(suite), str(case)] = _entry(value, f"{where}, {suite}, {case}")
    return Ledger(entries)


def _entry(value: Any, where: str) -> Entry:
    if isinstance(value, str):
        value = {"reason": value}
    if not isinstance(value, dict) or not {"reason"} <= value.keys() <= {"reason", "got"}:
        raise SuiteError(f"{where}: expected a reason, or a mapping with reason and got")
    reason, got = value["reason"], value.get("got")
    if not isinstance(reason, str) or not reason.strip():
        raise SuiteError(f"{where}: expected a reason in words")
    if got is not None and got not in {*map(str, Result), NOTHING}:
        raise SuiteError(f"{where}: got is {got!r}; expected one of {', '.join(Result)}, {NOTHING}")
    return Entry(" ".join(reason.split()), got)


def _mapping(value: Any, where: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise SuiteError(f"{where}: expected a mapping of suite → case → reason")
    return value
