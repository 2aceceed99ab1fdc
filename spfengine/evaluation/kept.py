"""`Kept`: a bounded table of what a function returns."""

from collections.abc import Callable
from typing import TypeVar

Argument = TypeVar("Argument")
Returned = TypeVar("Returned")

MOST = 4096


class Kept(dict[Argument, Returned]):
    """What a function returned, by its argument. `kept[argument]` calls the function only if it has to.

    When there are `MOST` arguments, all are forgotten. So nothing has to be noted when one is used again, as in an
    `lru_cache`: that takes several times as long as the look-up, and every record of every check needs one.

    Args:
        function: a function that always returns the same for the same argument. If it returns None, that is not kept.
    """

    __slots__ = ("_function",)

    def __init__(self, function: Callable[[Argument], Returned]) -> None:
        self._function = function

    def __missing__(self, argument: Argument) -> Returned:
        returned = self._function(argument)
        if returned is not None:
            if len(self) >= MOST:
                self.clear()
            self[argument] = returned
        return returned
