"""`Kept`: what a function returned is kept, within a bound."""

import pytest

from spfengine.evaluation import kept
from spfengine.evaluation.kept import Kept


class Counting:
    """A function that counts its calls."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(self, number: int) -> str | None:
        self.calls.append(number)
        return str(number) if number >= 0 else None


def test_the_function_is_called_once_for_an_argument() -> None:
    function = Counting()
    texts = Kept(function)
    assert [texts[1], texts[2], texts[1]] == ["1", "2", "1"]
    assert function.calls == [1, 2]


def test_none_is_not_kept() -> None:
    function = Counting()
    texts = Kept(function)
    assert [texts[-1], texts[-1]] == [None, None]
    assert function.calls == [-1, -1]
    assert len(texts) == 0


def test_no_more_is_kept_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 3)
    texts = Kept(Counting())
    for number in range(100):
        assert texts[number] == str(number)
        assert len(texts) <= 3
