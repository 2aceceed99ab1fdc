"""How the work of linting grows with what is linted."""

from collections.abc import Callable

import pytest

import spfengine
from tests.counting import count_steps


def linting(names: int) -> Callable[[], object]:
    zone = spfengine.Zone({f"n{number}.example": {"MX": "10 mx.example"} for number in range(names)})
    return lambda: spfengine.lint_zone(zone)


@pytest.mark.full
def test_linting_a_zone_grows_no_faster_than_its_names() -> None:
    linting(1)()
    assert count_steps(linting(160)) <= 8 * 1.2 * count_steps(linting(20))
