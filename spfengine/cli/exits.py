"""Exit codes, and how a command ends early. They are public API: scripts and mail servers rest on them."""

from typing import Final

from spfengine.problems import Result

USAGE: Final = 64
"""The command line can't be understood."""
DATA: Final = 65
"""A file was read, but can't be understood."""
NO_INPUT: Final = 66
"""A file can't be read."""
UNAVAILABLE: Final = 69
"""DNS could not answer, or only in part; or a library that the input needs is not installed."""
CANNOT_CREATE: Final = 73
"""A file can't be written."""
IO_ERROR: Final = 74
"""The output can't be written."""
INTERRUPTED: Final = 130
"""Ctrl-C."""
BROKEN_PIPE: Final = 141
"""Whoever read the output has gone."""

OF_RESULT: Final = {
    Result.PASS: 0,
    Result.FAIL: 1,
    Result.SOFTFAIL: 2,
    Result.NEUTRAL: 3,
    Result.PERMERROR: 4,
    Result.TEMPERROR: 5,
    Result.NONE: 6,
}
"""The exit codes of commands that check one client."""


class Failure(Exception):  # noqa: N818 - the command failed, not the program
    """The command ends here: one line to stderr, and an exit code."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(code, message)


class Misuse(Failure):
    """The command line can't be understood: the command ends here, and tells where its help is."""

    def __init__(self, message: str) -> None:
        super().__init__(USAGE, message)

    @classmethod
    def of(cls, option: str, message: str) -> "Misuse":
        """Return the error that the value of an option can't be used."""
        return cls(f"Invalid value for '{option}': {message}")
