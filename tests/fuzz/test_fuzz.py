"""The short run of every target, and the inputs that once broke something."""

import pytest

from tests.fuzz.mutation import inputs
from tests.fuzz.targets import TARGETS

FOUND: list[tuple[str, bytes]] = [
    ("container", b"\2\0abc<feedback/>"),  # a member of a zip archive whose name begins with NUL: IndexError
    ("container", b"\x0a\0abc<feedback/>"),  # the same archive in an archive
    ("zone-yaml", b"---\nwww:\n  type: TXT\n  value: v=spf1 -all\n---\n"),  # a last `---`: ComposerError
]
"""Inputs that broke a promise, each with its target: they stay here for ever."""


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_are_read(name: str) -> None:
    for data in inputs(TARGETS[name], 3, seed=0):
        TARGETS[name].read(data)


@pytest.mark.parametrize(("name", "data"), FOUND)
def test_what_was_found(name: str, data: bytes) -> None:
    TARGETS[name].read(data)


@pytest.mark.full
@pytest.mark.parametrize("name", TARGETS)
def test_a_short_run(name: str) -> None:
    """The same inputs each time. The long run, `python -m tests.fuzz`, is guided by coverage."""
    for number, data in enumerate(inputs(TARGETS[name], 300, seed=1)):
        try:
            TARGETS[name].read(data)
        except Exception as error:  # noqa: BLE001 - shown with the input that caused it
            pytest.fail(f"input {number} of {name} raises {error!r}: {data!r}")
