"""What tests of SPF need: a DNS server on loopback that serves any resolver, faults included.

Names are loaded when they are first used: the pytest plugin lives here, and every run of pytest imports it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spfengine.testing.fake_dns import FakeDNS
    from spfengine.testing.faults import Fault, FaultKind
    from spfengine.testing.queries import Query

__all__ = ["FakeDNS", "Fault", "FaultKind", "Query"]

_MODULES = {
    "FakeDNS": "spfengine.testing.fake_dns",
    "Fault": "spfengine.testing.faults",
    "FaultKind": "spfengine.testing.faults",
    "Query": "spfengine.testing.queries",
}


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(module), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
