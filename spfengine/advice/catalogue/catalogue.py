"""`Catalogue`: the providers that are known, found by include name and by the names in reverse DNS."""

import os
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from spfengine.advice.catalogue.reading import MAX_OCTETS, Provider, read_catalogue
from spfengine.frozen import Frozen, fill
from spfengine.names import fold

_FILES = ("relay.toml", "esp.toml", "saas.toml", "host.toml")


class Suffix(NamedTuple):
    """Providers whose addresses have names under a domain.

    Attributes:
        domain: the domain.
        providers: (provider, whether it is known well that these names are its own), in the catalogue's order.
    """

    domain: str
    providers: tuple[tuple[Provider, bool], ...]


class Catalogue(Frozen):
    """Services that send mail for others: facts that were gathered in November 2026, each with how it is attested.

    Attributes:
        providers: the entries, in order; no two have the same include name.
    """

    __slots__ = ("_by_include", "_by_suffix", "providers")
    fields = ("providers",)
    providers: tuple[Provider, ...]
    _by_include: dict[str, Provider]
    _by_suffix: dict[str, Suffix]

    def __init__(self, providers: tuple[Provider, ...]) -> None:
        """Make a catalogue of these providers; of several with one include name the first counts."""
        by_include: dict[str, Provider] = {}
        for provider in providers:
            by_include.setdefault(fold(provider.include), provider)
        fill(self, "providers", tuple(by_include.values()))
        fill(self, "_by_include", by_include)
        fill(self, "_by_suffix", _suffixes(self.providers))

    @classmethod
    def load(cls, path: "str | os.PathLike[str] | None" = None) -> "Catalogue":
        """Return the catalogue that comes with the package.

        Args:
            path: a file of the same format whose entries are added; one with a known include name replaces that entry.

        Raises:
            CatalogueError: the file can't be understood; the message says where, and what was expected.
            OSError: it can't be read.
        """
        if path is None:
            return _own()
        with open(path, "rb") as file:
            data = file.read(MAX_OCTETS + 1)
        return cls(read_catalogue(data, os.fspath(path)) + _own().providers)

    @classmethod
    def from_text(cls, text: str, source: str = "catalogue") -> "Catalogue":
        """Return the catalogue that is written in this text, and nothing else. Raises CatalogueError."""
        return cls(read_catalogue(text.encode("utf-8", "surrogateescape"), source))

    def by_include(self, name: str) -> Provider | None:
        """Return the provider with this include name, or None."""
        return self._by_include.get(fold(name))

    def by_name(self, name: str) -> Suffix | None:
        """Return whose names in reverse DNS are like this one, by the longest domain that is known; or None."""
        labels = fold(name)
        while labels:
            found = self._by_suffix.get(labels)
            if found is not None:
                return found
            labels = labels.partition(".")[2]
        return None


def _suffixes(providers: tuple[Provider, ...]) -> dict[str, Suffix]:
    found: dict[str, dict[str, tuple[Provider, bool]]] = {}
    for provider in providers:
        for verified, domains in ((True, provider.reverse_dns), (False, provider.reverse_dns_unverified)):
            for domain in domains:
                found.setdefault(fold(domain), {}).setdefault(provider.include, (provider, verified))
    return {domain: Suffix(domain, tuple(by_include.values())) for domain, by_include in found.items()}


@lru_cache(maxsize=1)
def _own() -> Catalogue:
    folder = files("spfengine.advice.catalogue")
    read = [read_catalogue(folder.joinpath(name).read_bytes(), name) for name in _FILES]
    return Catalogue(tuple(provider for providers in read for provider in providers))
