"""Regular expressions compiled when they are first used: to compile one can take longer than to load a module."""

import re

from spfengine.lean_typing import Any, cast


class _Late:
    def __init__(self, text: str, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, found)  # found before this method is asked, from now on
        return found


def late(text: str, flags: int = 0) -> "re.Pattern[str]":
    """Return what does as a pattern that many checks never come to."""
    return cast("re.Pattern[str]", _Late(text, flags))
