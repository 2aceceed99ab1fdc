"""How much of what is expensive each run of the tests tries; `-m full` tries all of it."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import settings


def examples(full: int) -> int:
    """Return `full`, the number of examples in a full run; everyday, a tenth of it, and at least three."""
    return max(3, min(full, full * settings().max_examples // 100))


def mostly_full(values: Iterable[Any], everyday: int = 1) -> list[Any]:
    """Return the values for `pytest.mark.parametrize`: the first `everyday` of them as they are, the others marked
    `full`.
    """
    chosen = list(values)
    return [*chosen[:everyday], *[_full(value) for value in chosen[everyday:]]]


def _full(value: Any) -> Any:
    if hasattr(value, "marks"):  # a pytest.param
        return pytest.param(*value.values, id=value.id, marks=[*value.marks, pytest.mark.full])
    return pytest.param(*value if isinstance(value, tuple) else (value,), marks=pytest.mark.full)
