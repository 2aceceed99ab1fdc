"""Catalogues for tests."""

from spfengine.catalogue import Attested, Catalogue, Provider, ProviderKind

_SURE = Attested(own="made up for a test")


def provider(include: str, name: str | None = None, *, attested: Attested = _SURE, **more: object) -> Provider:
    """A provider, as far as a test needs one."""
    return Provider(name or include, include, ProviderKind.ESP, attested, **more)  # type: ignore[arg-type]  # as given


def catalogue(*providers: Provider | str) -> Catalogue:
    """A catalogue of providers, or of their include names."""
    return Catalogue(tuple(each if isinstance(each, Provider) else provider(each) for each in providers))
