"""Bounds on what is read, so that no file costs more time or memory than it should."""

from dataclasses import dataclass
from typing import Final

CHUNK: Final = 1 << 16
"""Octets that are read, or unpacked, at once."""
MAX_DEPTH: Final = 32
"""Nested elements of a report; four are needed."""
MAX_VALUE: Final = 1024
"""Characters of the longest value of a report or table that is kept."""
MAX_COUNT: Final = 10**12
"""The count of a row is smaller than this."""
MAX_GROUPS: Final = 1000
"""Entries of the summary of what could not be read; further ones are only counted."""

MAX_REPORTS: Final = 1000
"""Reports whose data are kept; further ones are only counted."""
MAX_IDENTIFIERS: Final = 200_000
"""Reports that are remembered, so that one given twice is counted once."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds that a caller may set.

    Attributes:
        senders: different senders that are kept; the messages of further ones are only counted.
        unpacked: octets that a packed file, or all members of an archive together, may unpack to.
        ratio: how many times its own size something packed may unpack to, once it is larger than 64 MiB.
        members: members of an archive.
        held: octets of an attachment, and of an archive on standard input, since these are held in memory.
        line: octets of the longest line.
        token: octets of the longest tag or comment of a report.
        header: octets of the header section of a message.
        pending: messages of a log for which more lines are expected.
    """

    senders: int = 100_000
    unpacked: int = 8 << 30
    ratio: int = 400
    members: int = 10_000
    held: int = 32 << 20
    line: int = 1 << 16
    token: int = 1 << 20
    header: int = 1 << 20
    pending: int = 100_000


DEFAULT_BOUNDS: Final = Bounds()
