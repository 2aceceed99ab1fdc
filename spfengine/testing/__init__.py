"""For tests of anything that checks SPF or asks DNS.

`FakeDNS` serves any resolver on loopback, faults included. `SPFCheck` is the type of the pytest fixture `spf_check`.
`load_suite` reads test suites in openspf.org's format, and `export` writes a zone for other projects' test fixtures.

Names are imported when they are first used: every run of pytest imports the plugin, which is in this package.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spfengine.testing.exporters import FORMATS, export
    from spfengine.testing.fake_dns import FakeDNS, Query
    from spfengine.testing.faults import Fault, FaultKind
    from spfengine.testing.fixtures import SPFCheck
    from spfengine.testing.suites import SEMANTICS, Case, Scenario, SuiteError, load_suite, read_suite

__all__ = [
    "FORMATS",
    "SEMANTICS",
    "Case",
    "FakeDNS",
    "Fault",
    "FaultKind",
    "Query",
    "SPFCheck",
    "Scenario",
    "SuiteError",
    "export",
    "load_suite",
    "read_suite",
]

_MODULES = {
    "spfengine.testing.exporters": ("FORMATS", "export"),
    "spfengine.testing.fake_dns": ("FakeDNS", "Query"),
    "spfengine.testing.faults": ("Fault", "FaultKind"),
    "spfengine.testing.fixtures": ("SPFCheck",),
    "spfengine.testing.suites": ("SEMANTICS", "Case", "Scenario", "SuiteError", "load_suite", "read_suite"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(module), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
