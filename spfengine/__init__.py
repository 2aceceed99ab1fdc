"""An SPF engine (RFC 7208): what a record means, and what a change to it would do, before it is published.

    >>> import spfengine
    >>> zone = spfengine.Zone({"example.com": {"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}})
    >>> str(spfengine.check("192.0.2.10", "alice@example.com", resolver=zone).result)
    'pass'

Names that need more than the engine itself are loaded when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spfengine.answers import Answer, AsyncResolver, Question, Resolver, RRType, Status
from spfengine.checks import (
    acheck,
    acheck_both,
    acheck_helo,
    acheck_record,
    check,
    check_both,
    check_helo,
    check_record,
)
from spfengine.errors import (
    AddressError,
    ArgumentError,
    HeaderError,
    MissingExtraError,
    RecordingError,
    RecordSyntaxError,
    ResolverError,
    SPFEngineError,
    ZoneError,
)
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.limits import Limits, VoidRule
from spfengine.evaluation.result import Result
from spfengine.problems import Problem, ProblemCode
from spfengine.record.model import Record
from spfengine.record.parser import diagnose, parse

if TYPE_CHECKING:
    from spfengine.linting.codes import LintCode, Severity
    from spfengine.linting.finding import Finding
    from spfengine.linting.lint import alint, lint, lint_zone
    from spfengine.resolvers.cache import Cache
    from spfengine.resolvers.live import LiveResolver
    from spfengine.resolvers.overlay import Overlay
    from spfengine.resolvers.recording import Recorder, Recording
    from spfengine.resolvers.zone import Zone

__version__ = "0.1.0"

_LAZY = {
    "Cache": "spfengine.resolvers.cache",
    "Finding": "spfengine.linting.finding",
    "LintCode": "spfengine.linting.codes",
    "Severity": "spfengine.linting.codes",
    "alint": "spfengine.linting.lint",
    "lint": "spfengine.linting.lint",
    "lint_zone": "spfengine.linting.lint",
    "LiveResolver": "spfengine.resolvers.live",
    "Overlay": "spfengine.resolvers.overlay",
    "Recorder": "spfengine.resolvers.recording",
    "Recording": "spfengine.resolvers.recording",
    "Zone": "spfengine.resolvers.zone",
}

__all__ = [
    "AddressError",
    "Answer",
    "ArgumentError",
    "AsyncResolver",
    "Cache",
    "CheckResult",
    "Finding",
    "HeaderError",
    "Limits",
    "LintCode",
    "LiveResolver",
    "MissingExtraError",
    "Overlay",
    "Problem",
    "ProblemCode",
    "Question",
    "RRType",
    "Record",
    "RecordSyntaxError",
    "Recorder",
    "Recording",
    "RecordingError",
    "Resolver",
    "ResolverError",
    "Result",
    "SPFEngineError",
    "Severity",
    "Status",
    "VoidRule",
    "Zone",
    "ZoneError",
    "acheck",
    "acheck_both",
    "acheck_helo",
    "acheck_record",
    "alint",
    "check",
    "check_both",
    "check_helo",
    "check_record",
    "diagnose",
    "lint",
    "lint_zone",
    "parse",
]


def __getattr__(name: str) -> Any:
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(module), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
