"""What tests of SPF need: a DNS server on loopback that serves any resolver, faults included."""

from spfengine.testing.fake_dns import FakeDNS, Query
from spfengine.testing.faults import Fault, FaultKind

__all__ = ["FakeDNS", "Fault", "FaultKind", "Query"]
