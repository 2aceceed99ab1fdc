"""The exceptions of this package: a caller's mistake, a broken file or header field, or a missing library.

Nothing that others publish in DNS or send in SMTP makes `check` raise: it becomes a result.

    SPFEngineError
    ├── RecordSyntaxError (also ValueError)   a record's text does not follow RFC 7208 §12
    ├── AddressError      (also ValueError)   an IP address given by the caller can't be read
    ├── ArgumentError     (also ValueError)   another argument can't be used
    ├── ZoneError         (also ValueError)   a zone file or mapping can't be understood
    ├── RecordingError    (also ValueError)   a recording or snapshot can't be understood
    ├── CatalogueError    (also ValueError)   a catalogue of providers can't be understood
    ├── HeaderError       (also ValueError)   a header field to be read back can't be understood
    ├── ResolverError     (also TypeError)    an object given as a resolver breaks the resolver protocol
    └── MissingExtraError (also ImportError)  a feature's library is not installed
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spfengine.problems import Problem


class SPFEngineError(Exception):
    """The root of all exceptions of this package."""


class RecordSyntaxError(SPFEngineError, ValueError):
    """A record's text does not follow RFC 7208 §12.

    Attributes:
        problems: every fault of the text, in order of position; at least one.
        source: the text, each octet as one character.
        span: the position of the first fault: (start, end) offsets into `source`.
        section: the section of RFC 7208 that the first fault breaks, such as "5.3".
    """

    def __init__(self, problems: "tuple[Problem, ...]", source: str) -> None:
        self.problems = problems
        self.source = source
        self.span: tuple[int, int] | None = problems[0].span
        self.section: str = problems[0].section
        super().__init__(problems, source)

    def __str__(self) -> str:
        return "\n".join(problem.render(self.source) for problem in self.problems)


class AddressError(SPFEngineError, ValueError):
    """An IP address given by the caller can't be understood."""


class ArgumentError(SPFEngineError, ValueError):
    """An argument can't be used as it is; the message says which, and what was expected."""


class ZoneError(SPFEngineError, ValueError):
    """A zone file or mapping can't be understood; the message says where, and what was expected."""


class RecordingError(SPFEngineError, ValueError):
    """A recording, or a snapshot that holds one, can't be understood."""


class CatalogueError(SPFEngineError, ValueError):
    """A catalogue of providers can't be understood; the message says where, and what was expected."""


class HeaderError(SPFEngineError, ValueError):
    """A header field can't be parsed."""


class ResolverError(SPFEngineError, TypeError):
    """An object given as a resolver breaks the resolver protocol."""


class MissingExtraError(SPFEngineError, ImportError):
    """A feature needs a library that is not installed; the message says what to install."""
