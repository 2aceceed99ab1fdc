"""The catalogue of services that send mail for others."""

from spfengine.catalogue.catalogue import Catalogue, Suffix
from spfengine.catalogue.provider import Attested, Confidence, Provider, ProviderKind

__all__ = ["Attested", "Catalogue", "Confidence", "Provider", "ProviderKind", "Suffix"]
