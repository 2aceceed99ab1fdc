"""What stands in for `typing` at run time does what `typing` does, as far as we use it."""

import pickle
import typing
from collections.abc import Callable
from typing import Any

import pytest

import spfengine
from spfengine import lean_typing
from spfengine.addresses import V4
from spfengine.answers import Question, RRType


def bodies(NamedTuple: Any) -> Any:  # noqa: N803 - the class that is compared
    class Point(NamedTuple):  # type: ignore[misc]  # made twice, of each of the two
        """A point."""

        x: int
        y: int = 2

        @property
        def total(self) -> int:
            return int(self.x + self.y)

        def __str__(self) -> str:
            return f"<{self.x}>"

    return Point


WITH_TYPING, OURS = bodies(typing.NamedTuple), bodies(lean_typing.NamedTuple)


@pytest.mark.parametrize(
    "look",
    [
        lambda made: made(1),
        lambda made: repr(made(1, y=3)),
        lambda made: str(made(1)),
        lambda made: made(1).total,
        lambda made: made(1)._replace(y=7),
        lambda made: made(1)._asdict(),
        lambda made: made._make([5, 6]),
        lambda made: (made._fields, made._field_defaults, made.__match_args__, made.__annotations__),
        lambda made: (made.__doc__, made.__name__, made.__module__, made.__bases__),
        lambda made: made(1) == (1, 2),
        lambda made: sorted(set(vars(made)) - {"__orig_bases__"}),
    ],
)
def test_a_named_tuple_is_one(look: Callable[[Any], object]) -> None:
    assert look(OURS) == look(WITH_TYPING)


def test_a_named_tuple_can_be_pickled() -> None:
    question = Question("example.com", RRType.TXT)
    assert pickle.loads(pickle.dumps(question)) == question
    assert pickle.loads(pickle.dumps(V4)) is V4


class Answering:
    def resolve(self, question: Question) -> object:
        return question


class Named(spfengine.Resolver):
    def resolve(self, question: Question) -> Any:
        return question


def test_a_protocol_is_what_has_its_methods() -> None:
    """As with `typing.runtime_checkable`."""
    assert isinstance(Answering(), spfengine.Resolver)
    assert not isinstance(Answering(), spfengine.AsyncResolver)
    assert isinstance(spfengine.Zone({}), spfengine.AsyncResolver)
    assert isinstance(Named(), spfengine.Resolver)
    assert isinstance(Named(), Named)
    assert not isinstance(Answering(), Named)


def test_every_name_is_one_of_typing() -> None:
    """Type checkers read them there."""
    names = set(lean_typing.__all__)
    assert names <= set(typing.__all__)
    assert all(hasattr(lean_typing, name) for name in names)
