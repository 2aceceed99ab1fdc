"""Read a catalogue: TOML in which every key and value is checked, and a fault is reported with its line and entry."""

import re
import tomllib
from collections.abc import Callable
from typing import Any

from spfengine.advice.catalogue.provider import Attested, Provider, ProviderKind
from spfengine.errors import CatalogueError
from spfengine.names import domain_fault, fold
from spfengine.visible import visible

MAX_OCTETS = 1 << 20
"""The largest catalogue that is read."""
MAX_PROVIDERS = 2000
"""The most entries that a catalogue may have."""
_MAX_LINE = 4096
_MAX_TEXT = 400
_MAX_DOMAINS = 50
_MAX_COUNT = 1_000_000
_MAX_DOTS = 500  # in a line: tomllib's time grows with the square of the parts of a key

_HEADER = re.compile(r"[ \t]*\[\[[ \t]*provider[ \t]*\]\]")


def read_catalogue(data: bytes, source: str) -> tuple[Provider, ...]:
    """Return the providers of a catalogue file, in its order.

    Args:
        source: the name of the file, for messages.

    Raises:
        CatalogueError: the file is not a valid catalogue. The message says where, and what was expected.
    """
    if len(data) > MAX_OCTETS:
        raise _error(source, f"it is larger than {MAX_OCTETS >> 20} MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _error(source, f"line {line}: this is not UTF-8, the encoding of TOML") from None
    text = text.replace("\r\n", "\n")
    for number, line_text in enumerate(text.split("\n"), 1):
        if len(line_text) > _MAX_LINE or line_text.count(".") > _MAX_DOTS:
            raise _error(source, f"line {number}: this line is too long; expected {_MAX_LINE} characters at most")
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise _error(source, f"this is not TOML: {visible(str(error), 200)}") from None
    return _providers(document, text, source)


def _providers(document: dict[str, Any], text: str, source: str) -> tuple[Provider, ...]:
    entries = _entries(document, source)
    lines = [number for number, line in enumerate(text.split("\n"), 1) if _HEADER.match(line)]
    providers: list[Provider] = []
    seen: dict[str, int] = {}
    for index, entry in enumerate(entries):
        where = f"line {lines[index]}: " if len(lines) == len(entries) else ""
        where += f"entry {index + 1}"
        name = entry.get("name")
        where += f" ({visible(name, 60)})" if isinstance(name, str) and name else ""
        provider = _provider(_Block(entry, f"{visible(source)}: {where}"))
        key = fold(provider.include)
        if key in seen:
            raise _error(source, f"{where}: the include {provider.include!r} is already that of entry {seen[key]}")
        seen[key] = index + 1
        providers.append(provider)
    return tuple(providers)


def _entries(document: dict[str, Any], source: str) -> list[dict[str, Any]]:
    """Return the entries of a document, and raise CatalogueError if there is anything else."""
    entries = document.get("provider")
    others = [key for key in document if key != "provider"]
    if others:
        raise _error(source, f"{visible(others[0], 60)!r} is outside of an entry; expected [[provider]] blocks only")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _error(source, "there is no entry; expected a block that begins with [[provider]] for each provider")
    if len(entries) > MAX_PROVIDERS:
        raise _error(source, f"there are {len(entries)} entries; expected {MAX_PROVIDERS} at most")
    return entries


def _provider(block: "_Block") -> Provider:
    name = block.text("name", required=True)
    include = block.domain("include", required=True)
    kind = block.kind("kind")
    attested = block.attested("attested")
    assert name is not None, "it is required"
    assert include is not None, "it is required"
    provider = Provider(
        name,
        include,
        kind,
        attested,
        shared=block.truth("shared", default=False),
        apex_include_useful=block.truth("apex_include_useful", default=True),
        reverse_dns=block.domains("reverse_dns"),
        reverse_dns_unverified=block.domains("reverse_dns_unverified"),
        note=block.text("note"),
        lockdown=block.text("lockdown"),
        superseded_by=block.domain("superseded_by"),
        customer_include=block.text("customer_include"),
        mx=block.domains("mx"),
    )
    block.end()
    return provider


class _Block:
    """One table of the file. Keys are removed as they are read, so those that remain are unknown."""

    def __init__(self, table: dict[str, Any], where: str) -> None:
        self._left = dict(table)
        self._known: list[str] = []
        self._where = where

    def _take(self, key: str, expected: str, *, required: bool = False) -> Any:
        self._known.append(key)
        value = self._left.pop(key, None)
        if value is None and required:
            raise self._error(f"{key} is missing; expected {expected}")
        return value

    def _error(self, why: str) -> CatalogueError:
        return CatalogueError(f"{self._where}: {why}")

    def text(self, key: str, *, required: bool = False) -> str | None:
        """Return a text of printable characters."""
        expected = "a text in quotes"
        value = self._take(key, expected, required=required)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            raise self._error(f"{key} is {_in_words(value)}; expected {expected}")
        if len(value) > _MAX_TEXT:
            raise self._error(f"{key} has {len(value)} characters; expected {_MAX_TEXT} at most")
        if not value.isprintable():
            raise self._error(f"{key} is {_in_words(value)}; expected printable characters in one line")
        return value

    def domain(self, key: str, *, required: bool = False) -> str | None:
        """Return a domain name that can be queried as it is written, without conversion to A-labels."""
        expected = "a domain name, such as relay.example.net"
        value = self._take(key, expected, required=required)
        return None if value is None else self._domain(key, value, expected)

    def domains(self, key: str) -> tuple[str, ...]:
        """Return a list of domain names."""
        expected = 'a list of domain names, such as ["example.net"]'
        value = self._take(key, expected)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > _MAX_DOMAINS:
            raise self._error(f"{key} is {_in_words(value)}; expected {expected}, {_MAX_DOMAINS} at most")
        names = [self._domain(key, name, expected) for name in value]
        if len({fold(name) for name in names}) < len(names):
            raise self._error(f"{key} names a domain twice")
        return tuple(names)

    def _domain(self, key: str, value: Any, expected: str) -> str:
        if not isinstance(value, str):
            raise self._error(f"{key} is {_in_words(value)}; expected {expected}")
        fault = domain_fault(value) or (None if _is_plain(value) else "it has characters that host names don't have")
        if fault is not None:
            raise self._error(f"{key} is {_in_words(value)}; expected {expected} ({fault})")
        return value

    def truth(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._take(key, "")
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._error(f"{key} is {_in_words(value)}; expected true or false")
        return value

    def kind(self, key: str) -> ProviderKind:
        """Return the kind of the provider."""
        expected = "one of " + ", ".join(f'"{kind}"' for kind in ProviderKind)
        value = self._take(key, expected, required=True)
        if not isinstance(value, str) or value not in list(ProviderKind):
            raise self._error(f"{key} is {_in_words(value)}; expected {expected}")
        return ProviderKind(value)

    def attested(self, key: str) -> Attested:
        """Return the sources of the entry, at least one."""
        expected = '{ vendor = "where" }, { own = "why" }, or counts of templates, records or lists'
        value = self._take(key, expected, required=True)
        if not isinstance(value, dict):
            raise self._error(f"{key} is {_in_words(value)}; expected {expected}")
        inner = _Block(value, f"{self._where}: {key}")
        attested = Attested(
            inner.text("vendor"), inner.text("own"), inner.count("templates"), inner.count("records"),
            inner.count("lists"),
        )  # fmt: skip
        inner.end()
        if not str(attested):
            raise self._error(f"{key} names no source; expected {expected}")
        return attested

    def count(self, key: str) -> int:
        """Return a whole number."""
        value = self._take(key, "")
        if value is None:
            return 0
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_COUNT:
            raise self._error(f"{key} is {_in_words(value)}; expected a whole number")
        return value

    def end(self) -> None:
        """Raise CatalogueError for a key that does not exist."""
        for key in self._left:
            raise self._error(f"there is no key {visible(key, 60)!r}; expected one of {', '.join(self._known)}")


_PLAIN: Callable[[str], object] = re.compile(r"[A-Za-z0-9_.-]+").fullmatch


def _is_plain(name: str) -> bool:
    return _PLAIN(name) is not None


def _in_words(value: Any) -> str:
    """Return a value for messages; of a table or list only its kind, since its contents may be long."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else f"a list of {len(value)}"
    return visible(repr(value), 80)


def _error(source: str, why: str) -> CatalogueError:
    return CatalogueError(f"{visible(source)}: {why}")
