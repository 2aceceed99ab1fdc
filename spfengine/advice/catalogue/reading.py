"""Reading catalogues: TOML, whose every key and value is looked at. What is wrong is told with its place."""

import re
import tomllib
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from spfengine.errors import CatalogueError
from spfengine.frozen import Frozen, fill
from spfengine.names import domain_fault, fold
from spfengine.visible import visible

# A provider: a service that sends mail for others, and what is known of it, no more than is attested.


class Confidence(StrEnum):
    """How far a statement can be relied on."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class ProviderKind(StrEnum):
    """What a provider does."""

    RELAY = "relay"
    """Relays, filters or forwards mail of others, or runs SPF for them."""
    ESP = "esp"
    """Sends newsletters, or mail that programs make."""
    SAAS = "saas"
    """Has mailboxes, or an application that sends mail."""
    HOST = "host"
    """Hosts web sites, and the mail of their domains."""


class Attested(Frozen):
    """Where a catalogue entry's include name was seen.

    Attributes:
        vendor: where the provider itself names it, or None.
        own: why whoever wrote the entry knows it for sure, or None.
        templates: how many Domain Connect templates have it.
        records: how many published records have it.
        lists: how many other people's lists have it. These may have guessed it.
    """

    __slots__ = fields = ("vendor", "own", "templates", "records", "lists")
    vendor: str | None
    own: str | None
    templates: int
    records: int
    lists: int

    def __init__(
        self, vendor: str | None = None, own: str | None = None, templates: int = 0, records: int = 0, lists: int = 0
    ) -> None:
        fill(self, "vendor", vendor)
        fill(self, "own", own)
        fill(self, "templates", templates)
        fill(self, "records", records)
        fill(self, "lists", lists)

    @property
    def confidence(self) -> Confidence:
        """How far these sources carry: a list alone is no more than a hint."""
        if self.vendor or self.own or self.templates or self.records >= 10 or (self.records and self.lists):
            return Confidence.HIGH
        return Confidence.MEDIUM if self.records or self.lists > 1 else Confidence.LOW

    def __str__(self) -> str:
        counted = [
            (self.templates, "Domain Connect template"),
            (self.records, "published record"),
            (self.lists, "list of others"),
        ]
        told = [f"the provider itself ({self.vendor})"] if self.vendor else []
        told += [self.own] if self.own else []
        told += [f"{count} {what if count == 1 else _plural(what)}" for count, what in counted if count]
        return ", ".join(told)


class Provider(Frozen):
    """A service that sends mail for others.

    Attributes:
        name: what people call it.
        include: the domain whose SPF record lists its addresses.
        kind: what it does.
        attested: where the include name was seen.
        shared: whether every customer of the service passes by this include. False says only that nobody attested it.
        apex_include_useful: whether the include does something in the record of a customer's own domain. False: the
            envelope sender is the provider's, or on a subdomain.
        reverse_dns: domains under which its addresses have their names in reverse DNS.
        reverse_dns_unverified: such domains that are known less well.
        note: what else has to be known, or None.
        lockdown: how the provider itself tells its customers apart where SPF can't, or None.
        superseded_by: the include name that has taken this one's place, or None.
        customer_include: how the include names look that customers publish, where each has one of their own; else None.
    """

    __slots__ = fields = (
        "name",
        "include",
        "kind",
        "attested",
        "shared",
        "apex_include_useful",
        "reverse_dns",
        "reverse_dns_unverified",
        "note",
        "lockdown",
        "superseded_by",
        "customer_include",
    )
    name: str
    include: str
    kind: ProviderKind
    attested: Attested
    shared: bool
    apex_include_useful: bool
    reverse_dns: tuple[str, ...]
    reverse_dns_unverified: tuple[str, ...]
    note: str | None
    lockdown: str | None
    superseded_by: str | None
    customer_include: str | None

    def __init__(
        self,
        name: str,
        include: str,
        kind: ProviderKind,
        attested: Attested,
        shared: bool = False,
        apex_include_useful: bool = True,
        reverse_dns: tuple[str, ...] = (),
        reverse_dns_unverified: tuple[str, ...] = (),
        note: str | None = None,
        lockdown: str | None = None,
        superseded_by: str | None = None,
        customer_include: str | None = None,
    ) -> None:
        fill(self, "name", name)
        fill(self, "include", include)
        fill(self, "kind", kind)
        fill(self, "attested", attested)
        fill(self, "shared", shared)
        fill(self, "apex_include_useful", apex_include_useful)
        fill(self, "reverse_dns", reverse_dns)
        fill(self, "reverse_dns_unverified", reverse_dns_unverified)
        fill(self, "note", note)
        fill(self, "lockdown", lockdown)
        fill(self, "superseded_by", superseded_by)
        fill(self, "customer_include", customer_include)

    @property
    def confidence(self) -> Confidence:
        """How far the entry can be relied on: no further than it is attested."""
        return self.attested.confidence

    def to_dict(self) -> dict[str, object]:
        """Return the provider as JSON-safe values."""
        return {
            "name": self.name,
            "include": self.include,
            "kind": str(self.kind),
            "shared": self.shared,
            "apex_include_useful": self.apex_include_useful,
            "reverse_dns": list(self.reverse_dns),
            "reverse_dns_unverified": list(self.reverse_dns_unverified),
            "note": self.note,
            "lockdown": self.lockdown,
            "superseded_by": self.superseded_by,
            "customer_include": self.customer_include,
            "attested": str(self.attested),
            "confidence": str(self.confidence),
        }


def _plural(what: str) -> str:
    return "lists of others" if what == "list of others" else f"{what}s"


MAX_OCTETS = 1 << 20
"""Octets of the largest catalogue that is read."""
MAX_PROVIDERS = 2000
"""Entries of the largest catalogue that is read."""
_MAX_LINE = 4096
_MAX_TEXT = 400
_MAX_DOMAINS = 50
_MAX_COUNT = 1_000_000
_MAX_DOTS = 500  # of a line: the parts of a key cost their square

_HEADER = re.compile(r"[ \t]*\[\[[ \t]*provider[ \t]*\]\]")


def read_catalogue(data: bytes, source: str) -> tuple[Provider, ...]:
    """Return the providers of a catalogue file, in its order.

    Args:
        source: what the file is called in errors.

    Raises:
        CatalogueError: it is none. The message says where, and what was expected.
    """
    if len(data) > MAX_OCTETS:
        raise _error(source, f"it is larger than {MAX_OCTETS >> 20} MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _error(source, f"line {line}: this is no UTF-8; TOML is written in it") from None
    text = text.replace("\r\n", "\n")
    for number, line_text in enumerate(text.split("\n"), 1):
        if len(line_text) > _MAX_LINE or line_text.count(".") > _MAX_DOTS:
            raise _error(source, f"line {number}: this line is too long; expected {_MAX_LINE} characters at most")
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise _error(source, f"this is no TOML: {visible(str(error), 200)}") from None
    return _providers(document, text, source)


def _providers(document: dict[str, Any], text: str, source: str) -> tuple[Provider, ...]:
    entries = document.get("provider")
    others = [key for key in document if key != "provider"]
    if others:
        raise _error(
            source, f"{visible(others[0], 60)!r} stands outside of an entry; expected [[provider]] blocks only"
        )
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _error(source, "there is no entry; expected a block that begins with [[provider]] for each provider")
    if len(entries) > MAX_PROVIDERS:
        raise _error(source, f"there are {len(entries)} entries; expected {MAX_PROVIDERS} at most")
    lines = [number for number, line in enumerate(text.split("\n"), 1) if _HEADER.match(line)]
    found: list[Provider] = []
    seen: dict[str, int] = {}
    for place, entry in enumerate(entries):
        where = f"line {lines[place]}: " if len(lines) == len(entries) else ""
        where += f"entry {place + 1}"
        name = entry.get("name")
        where += f" ({visible(name, 60)})" if isinstance(name, str) and name else ""
        provider = _provider(_Block(entry, f"{visible(source)}: {where}"))
        key = fold(provider.include)
        if key in seen:
            raise _error(source, f"{where}: the include {provider.include!r} is that of entry {seen[key]} already")
        seen[key] = place + 1
        found.append(provider)
    return tuple(found)


def _provider(block: "_Block") -> Provider:
    name = block.text("name", required=True)
    include = block.domain("include", required=True)
    kind = block.kind("kind")
    attested = block.attested("attested")
    assert name is not None and include is not None, "both are required"  # noqa: PT018 - one thought
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
    )
    block.end()
    return provider


class _Block:
    """One table of the file, its keys taken out as they are read; what remains is unknown."""

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
            raise self._error(f"{key} is {_shown(value)}; expected {expected}")
        if len(value) > _MAX_TEXT:
            raise self._error(f"{key} has {len(value)} characters; expected {_MAX_TEXT} at most")
        if not value.isprintable():
            raise self._error(f"{key} is {_shown(value)}; expected printable characters in one line")
        return value

    def domain(self, key: str, *, required: bool = False) -> str | None:
        """Return a domain name of ASCII letters, as it is asked for."""
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
            raise self._error(f"{key} is {_shown(value)}; expected {expected}, {_MAX_DOMAINS} at most")
        found = [self._domain(key, each, expected) for each in value]
        if len({fold(each) for each in found}) < len(found):
            raise self._error(f"{key} names a domain twice")
        return tuple(found)

    def _domain(self, key: str, value: Any, expected: str) -> str:
        if not isinstance(value, str):
            raise self._error(f"{key} is {_shown(value)}; expected {expected}")
        fault = domain_fault(value) or (None if _is_plain(value) else "it has other characters than names of hosts")
        if fault is not None:
            raise self._error(f"{key} is {_shown(value)}; expected {expected} ({fault})")
        return value

    def truth(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._take(key, "")
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._error(f"{key} is {_shown(value)}; expected true or false")
        return value

    def kind(self, key: str) -> ProviderKind:
        """Return the kind of the provider."""
        expected = "one of " + ", ".join(f'"{kind}"' for kind in ProviderKind)
        value = self._take(key, expected, required=True)
        if not isinstance(value, str) or value not in list(ProviderKind):
            raise self._error(f"{key} is {_shown(value)}; expected {expected}")
        return ProviderKind(value)

    def attested(self, key: str) -> Attested:
        """Return where the entry was seen: one thing at least."""
        expected = '{ vendor = "where" }, { own = "why" }, or counts of templates, records or lists'
        value = self._take(key, expected, required=True)
        if not isinstance(value, dict):
            raise self._error(f"{key} is {_shown(value)}; expected {expected}")
        inner = _Block(value, f"{self._where}: {key}")
        attested = Attested(
            inner.text("vendor"), inner.text("own"), inner.count("templates"), inner.count("records"),
            inner.count("lists"),
        )  # fmt: skip
        inner.end()
        if not str(attested):
            raise self._error(f"{key} says nothing; expected {expected}")
        return attested

    def count(self, key: str) -> int:
        """Return a whole number."""
        value = self._take(key, "")
        if value is None:
            return 0
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_COUNT:
            raise self._error(f"{key} is {_shown(value)}; expected a whole number")
        return value

    def end(self) -> None:
        """Refuse keys that nobody knows."""
        for key in self._left:
            raise self._error(f"there is no key {visible(key, 60)!r}; expected one of {', '.join(self._known)}")


_PLAIN: Callable[[str], object] = re.compile(r"[A-Za-z0-9_.-]+").fullmatch


def _is_plain(name: str) -> bool:
    return _PLAIN(name) is not None


def _shown(value: Any) -> str:
    """Return a value in words; what a table or list holds could be endless."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else f"a list of {len(value)}"
    return visible(repr(value), 80)


def _error(source: str, why: str) -> CatalogueError:
    return CatalogueError(f"{visible(source)}: {why}")
