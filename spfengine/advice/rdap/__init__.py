"""Who holds a network, by the address registries (RFC 9083)."""

from spfengine.advice.rdap.client import IANA, RDAP

__all__ = ["IANA", "RDAP"]
