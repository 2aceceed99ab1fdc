"""The log: a line for each decision, and few lines for everything else, however often it happens."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from spfengine.receiver.decision import Decision, json_line
from spfengine.visible import visible

_MOST_NOTES = 20
"""Notes in a minute; clients decide how often there is something to note."""
_MINUTE = 60.0


class Log:
    """Writes lines.

    Args:
        write: takes a line.
        as_json: whether each line is a JSON object.
        clock: a monotonic clock, in seconds.
    """

    def __init__(
        self, write: Callable[[str], object], *, as_json: bool = False, clock: Callable[[], float] = monotonic
    ) -> None:
        self._write = write
        self._as_json = as_json
        self._clock = clock
        self._minute = float("-inf")
        self._notes = 0

    def decided(self, decision: Decision) -> None:
        """Write a decision."""
        self._write(json_line(decision.to_dict()) if self._as_json else decision.text)

    def say(self, text: str, **more: Any) -> None:
        """Write what the server itself does."""
        text = visible(text, 2000)
        self._write(json_line({"event": "note", "text": text, **more}) if self._as_json else text)

    def note(self, text: str) -> None:
        """Write what happened with a client, unless there is too much of it; then how much was left out."""
        now = self._clock()
        if now - self._minute >= _MINUTE:
            left_out = self._notes - _MOST_NOTES
            self._minute, self._notes = now, 0
            if left_out > 0:
                self.say(f"{left_out} more lines of this kind were left out", left_out=left_out)
        self._notes += 1
        if self._notes <= _MOST_NOTES:
            self.say(text)
        elif self._notes == _MOST_NOTES + 1:
            self.say("further lines of this kind are left out for up to a minute")
