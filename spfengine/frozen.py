"""Immutable values that are made in large numbers: records, answers, outcomes and results of checks.

All other values are frozen dataclasses. A `Frozen` class fills its slots directly, and may have slots that cache what
is derived from its fields.
"""

from collections.abc import Callable
from typing import Any, ClassVar, NoReturn, Self

from spfengine.visible import short_repr

fill: Callable[[object, str, Any], None] = object.__setattr__
"""Set a slot of a frozen value, in its constructor or to fill a cache; nowhere else."""


class Frozen:
    """An immutable value that is compared, hashed, printed and pickled by its fields.

    A subclass lists its `fields` in the order of its constructor's parameters, and its `__init__` fills the slots
    through `fill`. Slots that are not fields are caches or positions, and not part of the value.
    """

    __slots__ = ()
    fields: ClassVar[tuple[str, ...]] = ()
    compared: ClassVar[tuple[str, ...] | None] = None
    """The fields that equality compares, if not all of them."""

    def _key(self) -> tuple[Any, ...]:
        return tuple([getattr(self, name) for name in self.compared or self.fields])

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash((self.__class__, self._key()))

    def __repr__(self) -> str:
        return short_repr(self, self.fields)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.__class__, tuple(getattr(self, name) for name in self.fields)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{self.__class__.__name__} is immutable: {name!r} can't be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{self.__class__.__name__} is immutable: {name!r} can't be deleted")


class HashedOnce(Frozen):
    """A frozen value that is large or hashed often: its hash is computed on first use and cached.

    A subclass has a slot `_hash`.
    """

    __slots__ = ()
    _hash: int

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            fill(self, "_hash", super().__hash__())
            return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or super().__eq__(other)
