"""Reads the ledger of deviations."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from spfengine.testing.suites import Case
from tests.cases.entry_points import ENTRY_POINTS

LEDGER = Path(__file__).with_name("ledger.yml")

Ledger = dict[tuple[str, str, str], str]
"""(suite, case, entry point) → reason."""


class LedgerError(ValueError):
    """The ledger can't be read, or has an entry for something that does not exist."""


def read_ledger(text: str) -> Ledger:
    """Return the ledger.

    Raises:
        LedgerError: it can't be read, or names a code path that does not exist.
    """
    document: Any = yaml.safe_load(text)
    found: Ledger = {}
    if not isinstance(document, dict):
        raise LedgerError("expected a mapping of suite → case → entry point → reason")
    for suite, cases in document.items():
        for case, entry_points in _mapping(cases, suite).items():
            for entry_point, reason in _mapping(entry_points, f"{suite}, {case}").items():
                if entry_point not in ENTRY_POINTS:
                    raise LedgerError(f"{suite}, {case}: there is no entry point {entry_point!r}")
                if not isinstance(reason, str) or not reason.strip():
                    raise LedgerError(f"{suite}, {case}, {entry_point}: expected a reason")
                found[suite, case, entry_point] = reason
    return found


def without_case(ledger: Ledger, cases: Iterable[Case]) -> list[tuple[str, str]]:
    """Return the entries whose case does not exist."""
    known = {(case.suite, case.name) for case in cases}
    return sorted({(suite, case) for suite, case, _ in ledger} - known)


def _mapping(value: object, where: object) -> dict[Any, Any]:
    if not isinstance(value, dict) or not value:
        raise LedgerError(f"{where}: expected a mapping")
    return value
