"""The catalogue of services that send mail for others."""

from spfengine.advice.catalogue.catalogue import Catalogue, Suffix
from spfengine.advice.catalogue.provider import Attested, Confidence, Provider, ProviderKind

__all__ = ["Attested", "Catalogue", "Confidence", "Provider", "ProviderKind", "Suffix"]
