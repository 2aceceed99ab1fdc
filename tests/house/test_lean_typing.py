"""What stands in for `typing` at run time does what `typing` does, as far as we use it."""

import pickle
import runpy
import sys
import typing
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

import spfengine
from spfengine import lean_typing
from spfengine.addresses import V4
from spfengine.answers import Question, RRType


def stand_ins() -> Any:
    """The names as they are in a program that has not loaded `typing`."""
    with patch.dict(sys.modules):
        del sys.modules["typing"]
        return SimpleNamespace(**runpy.run_path(str(lean_typing.__file__)))


OURS = stand_ins()


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


POINTS = bodies(typing.NamedTuple), bodies(OURS.NamedTuple)


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
    theirs, ours = POINTS
    assert look(ours) == look(theirs)


def test_a_named_tuple_can_be_pickled() -> None:
    question = Question("example.com", RRType.TXT)
    assert pickle.loads(pickle.dumps(question)) == question
    assert pickle.loads(pickle.dumps(V4)) is V4


class Answering:
    def resolve(self, question: Question) -> object:
        return question


@pytest.mark.parametrize("typed", [typing, OURS], ids=["typing", "ours"])
def test_a_protocol_is_what_has_its_methods(typed: Any) -> None:
    """As with `typing.runtime_checkable`."""

    @typed.runtime_checkable
    class Resolver(typed.Protocol):  # type: ignore[misc]  # of each of the two
        def resolve(self, question: Question) -> Any: ...

    @typed.runtime_checkable
    class AsyncResolver(typed.Protocol):  # type: ignore[misc]  # of each of the two
        async def aresolve(self, question: Question) -> Any: ...

    class Named(Resolver):
        def resolve(self, question: Question) -> Any:
            return question

    assert isinstance(Answering(), Resolver)
    assert not isinstance(Answering(), AsyncResolver)
    assert isinstance(spfengine.Zone({}), AsyncResolver)
    assert isinstance(Named(), Resolver)
    assert isinstance(Named(), Named)
    assert not isinstance(Answering(), Named)


def test_every_name_is_one_of_typing() -> None:
    """Type checkers read them there."""
    names = set(lean_typing.__all__)
    assert names <= set(typing.__all__)
    assert all(hasattr(OURS, name) for name in names)


def test_a_program_that_has_loaded_typing_gets_its_names() -> None:
    """So whatever looks at annotations while it runs, or adds to a protocol, finds what it knows."""
    assert all(
        getattr(lean_typing, name) is getattr(typing, name) for name in lean_typing.__all__ if name != "TYPE_CHECKING"
    )
    assert typing.get_type_hints(spfengine.Zone.from_text)["return"] is typing.Self
    assert issubclass(type("Named", (spfengine.Resolver, typing.Protocol), {}), spfengine.Resolver)
