"""`Catalogue`: the known providers, found by their include or by a name in reverse DNS."""

import os
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

from spfengine.advice.catalogue.provider import Provider
from spfengine.advice.catalogue.reading import MAX_OCTETS, read_catalogue
from spfengine.names import fold, is_same_or_under
from spfengine.visible import short_repr

_FILES = ("relay.toml", "esp.toml", "saas.toml", "host.toml")


@dataclass(frozen=True, slots=True, repr=False)
class Suffix:
    """A domain that contains the names of providers' addresses in reverse DNS.

    Attributes:
        domain: the domain.
        providers: (provider, whether it is verified that these names are its own), in the catalogue's order.
    """

    domain: str
    providers: tuple[tuple[Provider, bool], ...]

    def __repr__(self) -> str:
        return short_repr(self, ("domain", "providers"))


@dataclass(frozen=True, slots=True, repr=False)
class Catalogue:
    """Services that send mail for others: facts gathered in November 2026, each with its sources.

    Attributes:
        providers: the entries, in order. Of several with the same include, only the first is kept.
    """

    providers: tuple[Provider, ...]
    _by_include: dict[str, Provider] = field(init=False, compare=False)
    _by_suffix: dict[str, Suffix] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        by_include: dict[str, Provider] = {}
        for provider in self.providers:
            by_include.setdefault(fold(provider.include), provider)
        object.__setattr__(self, "providers", tuple(by_include.values()))
        object.__setattr__(self, "_by_include", by_include)
        object.__setattr__(self, "_by_suffix", _suffixes(self.providers))

    def __repr__(self) -> str:
        return f"<Catalogue of {len(self.providers)} providers>"

    @classmethod
    def load(cls, path: "str | os.PathLike[str] | None" = None) -> "Catalogue":
        """Return the catalogue that comes with the package.

        Args:
            path: a file of the same format whose entries are added. An entry replaces the package's entry with the
                same include.

        Raises:
            CatalogueError: the file can't be understood. The message says where, and what was expected.
            OSError: the file can't be read.
        """
        if path is None:
            return _packaged()
        with open(path, "rb") as file:
            data = file.read(MAX_OCTETS + 1)
        return cls(read_catalogue(data, os.fspath(path)) + _packaged().providers)

    @classmethod
    def from_text(cls, text: str, source: str = "catalogue") -> "Catalogue":
        """Return a catalogue with the entries of this text only. Raises CatalogueError."""
        return cls(read_catalogue(text.encode("utf-8", "surrogateescape"), source))

    def by_include(self, name: str) -> Provider | None:
        """Return the provider with this include, or None."""
        return self._by_include.get(fold(name))

    def by_mx(self, host: str) -> Provider | None:
        """Return the provider whose hosts take mail by this name in an MX record, or None."""
        host = host.removesuffix(".")
        return next(
            (each for each in self.providers if any(is_same_or_under(host, domain) for domain in each.mx)), None
        )

    def by_name(self, name: str) -> Suffix | None:
        """Return the longest known domain that contains this name in reverse DNS, or None."""
        labels = fold(name)
        while labels:
            suffix = self._by_suffix.get(labels)
            if suffix is not None:
                return suffix
            labels = labels.partition(".")[2]
        return None


def _suffixes(providers: tuple[Provider, ...]) -> dict[str, Suffix]:
    by_domain: dict[str, dict[str, tuple[Provider, bool]]] = {}
    for provider in providers:
        for verified, domains in ((True, provider.reverse_dns), (False, provider.reverse_dns_unverified)):
            for domain in domains:
                by_domain.setdefault(fold(domain), {}).setdefault(provider.include, (provider, verified))
    return {domain: Suffix(domain, tuple(by_include.values())) for domain, by_include in by_domain.items()}


@lru_cache(maxsize=1)
def _packaged() -> Catalogue:
    folder = files("spfengine.advice.catalogue")
    entries = [read_catalogue(folder.joinpath(name).read_bytes(), name) for name in _FILES]
    return Catalogue(tuple(provider for providers in entries for provider in providers))
