"""Resolvers, and what zones consist of, show in one line what they are."""

import copy
import pickle

import pytest

from spfengine.resolvers import Cache, LiveResolver, Overlay, Recorder, Recording, Zone

MANY = Zone({f"{'n' * 50}{number}.example": {"TXT": ["x" * 200] * 20} for number in range(50)})
RECORDER = Recorder(MANY)


@pytest.mark.parametrize(
    "resolver",
    [
        MANY,
        Overlay(MANY, {name: {"TXT": "v=spf1 -all"} for name in MANY.names}),
        Cache(MANY),
        RECORDER,
        RECORDER.recording,
        Recording([]),
        LiveResolver([f"192.0.2.{number}" for number in range(200)]),
        MANY.rrsets[0],
    ],
    ids=lambda resolver: type(resolver).__name__,
)
def test_the_repr_is_one_short_line(resolver: object) -> None:
    assert type(resolver).__name__ in repr(resolver)
    assert repr(resolver).isprintable()
    assert len(repr(resolver)) < 200


@pytest.mark.parametrize("value", [MANY, MANY.rrsets[0], RECORDER.recording], ids=lambda value: type(value).__name__)
def test_values_are_equal_after_pickling_and_copying(value: object) -> None:
    assert pickle.loads(pickle.dumps(value)) == copy.copy(value) == copy.deepcopy(value) == value
    assert hash(pickle.loads(pickle.dumps(value))) == hash(value)
