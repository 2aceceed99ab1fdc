"""A progress bar on stderr, where that is a terminal and something takes a while."""

import sys
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_SILENT_SECONDS = 0.5  # what is done faster needs no bar


class Bar:
    """How far a file is read.

    Args:
        doing: what is done, in words.
        wanted: whether it may be shown; it is only on a terminal.
    """

    def __init__(self, doing: str, *, wanted: bool = True) -> None:
        self._doing = doing
        self._begun = time.monotonic()
        self._wanted = wanted and sys.stderr is not None and sys.stderr.isatty()
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, done: int, total: int | None, doing: str | None = None) -> None:
        """Show how far it is, in octets."""
        if not self._wanted:
            return
        if self._progress is None:
            if time.monotonic() - self._begun < _SILENT_SECONDS:
                return
            self._progress = self._begin()
            self._task = self._progress.add_task(self._doing, total=total)
        assert self._task is not None
        self._progress.update(self._task, completed=done, description=doing or self._doing)

    def _begin(self) -> "Progress":
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        # What goes to stdout meanwhile has to go there, and nowhere else.
        progress = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
        progress.start()
        return progress
