"""Exit codes, and how a command ends early. They are public API: scripts and mail servers depend on them."""

from typing import Final

from spfengine.evaluation.check_result import CheckResult
from spfengine.problems import UNKNOWN_CODES, Result

NAME: Final = "spfengine"
"""The name of the command."""

USAGE: Final = 64
"""The command line can't be understood."""
DATA: Final = 65
"""A file was read, but can't be understood."""
NO_INPUT: Final = 66
"""A file can't be read."""
UNAVAILABLE: Final = 69
"""Something is not known: DNS could not answer, or only in part, or the files given don't say it. Or a library that the
input needs is not installed."""
CANNOT_CREATE: Final = 73
"""A file can't be written."""
IO_ERROR: Final = 74
"""The output can't be written."""
INTERRUPTED: Final = 130
"""Ctrl-C."""
BROKEN_PIPE: Final = 141
"""The reader of the output has gone."""

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


def of_check(result: CheckResult) -> int:
    """Return the exit code of a check: `OF_RESULT`, or `UNAVAILABLE` if the result is not known for want of input."""
    is_unknown = result.problem is not None and result.problem.code in UNKNOWN_CODES
    return UNAVAILABLE if is_unknown else OF_RESULT[result.result]


RESULTS_HELP: Final = "0 pass, 1 fail, 2 softfail, 3 neutral, 4 permerror, 5 temperror, 6 none"
"""`OF_RESULT` in words, for the help of these commands."""
OTHER_HELP: Final = (
    "Other exit codes: 64 the command line can't be understood, 65 a file can't be understood, 66 a file can't be read"
)
"""The exit codes that all commands share, for their help; a command may add its own before the full stop."""


class CommandError(Exception):
    """The command ends here: one line to stderr, and an exit code."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(code, message)


def cannot_read(path: str, error: Exception) -> CommandError:
    """Return the failure that a file can't be read; `path` is printable already."""
    return CommandError(NO_INPUT, f"{path} can't be read: {reason(error)}")


def cannot_write(path: str, error: Exception) -> CommandError:
    """Return the failure that a file can't be written; `path` is printable already."""
    return CommandError(CANNOT_CREATE, f"{path} can't be written: {reason(error)}")


def reason(error: Exception) -> str:
    """Return why a file or socket could not be used, in the system's words if there are any."""
    return str(getattr(error, "strerror", None) or error)
