"""Arguments of public functions: lists, which a string is not, and former names."""

from collections.abc import Iterable
from typing import TypeVar
from warnings import warn

from spfengine.errors import ArgumentError
from spfengine.visible import visible

_T = TypeVar("_T")


def list_of(kind: type[_T], values: object, name: str, expected: str, example: str = "") -> tuple[_T, ...]:
    """Return the values of an argument that has to be an iterable of one type.

    Args:
        kind: the type of each value.
        values: the argument.
        name: the name of the argument, for messages.
        expected: what it has to be a list of, in the plural, for messages.
        example: such a list as Python source, for messages.

    Raises:
        ArgumentError: `values` is a string or no iterable, or one of its values has another type.
    """
    such_as = f", such as {example}" if example else ""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise ArgumentError(f"{name}: expected a list of {expected}{such_as}, not {visible(repr(values), 60)}")
    items = tuple(values)
    for index, item in enumerate(items):
        if not isinstance(item, kind):
            given = visible(repr(item), 60)
            raise ArgumentError(f"{name}[{index}]: expected a list of {expected}{such_as}, but this is {given}")
    return items


def name_list(own: object) -> tuple[str, ...]:
    """Return the domain names of the argument `own`.

    Raises:
        ArgumentError: this is not a list of domain names.
    """
    return list_of(str, own, "own", "domain names", '["example.com"]')


def renamed(old_name: str, old_value: _T | None, name: str, value: _T) -> _T:
    """Return the value of an argument that callers may still give by its former name, with a DeprecationWarning."""
    if old_value is None:
        return value
    warn(f"{old_name} is now {name}", DeprecationWarning, stacklevel=3)
    return old_value
