"""Organisational domains by a list of public suffixes (RFC 7489 §3.2), for receivers that do not walk the tree yet."""

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from spfengine.errors import ArgumentError, MissingExtraError
from spfengine.names import Names, fold
from spfengine.visible import visible

_RULE = re.compile(r"!?(?:\*|[^\W_][\w-]*)(?:\.(?:\*|[^\W_][\w-]*))*")
MAX_OCTETS = 16 << 20
"""Octets of the largest list that is read."""


_RESERVED = (
    "arpa", "alt", "internal", "invalid", "local", "localhost", "onion", "example.com", "example.net", "example.org",
)  # fmt: skip
_NOT_FOR_REGISTRATION = Names(_RESERVED)
"""Names in which nobody can register a domain: special-use names (RFC 6761), and those that IANA keeps (RFC 2606)."""

_FOR_TESTS = Names((*_RESERVED, "example", "test"))


def is_for_tests(name: str) -> bool:
    """Whether a name is for tests and examples, so that nobody publishes records there (RFC 2606, RFC 6761)."""
    return _FOR_TESTS.cover(name)


def registrable_domain(name: str) -> str | None:
    """Return the domain that somebody has to register so that a name can exist, or None if nobody can register it.

    It is the domain one label below the public suffix, by the list that publicsuffixlist brings along. Without that
    package it is the last two labels: so a name that needs three, as under co.uk, gives one that exists.
    """
    return _below_suffix(name, only_icann=True)


def owned_domain(name: str) -> str | None:
    """Return the domain whose owner has a name: as `registrable_domain`, but below the suffixes of companies too.

    For www.alice.github.io that is alice.github.io, since GitHub gives the names below github.io to others.
    """
    return _below_suffix(name, only_icann=False)


def domain_around(name: str) -> str:
    """Return `owned_domain`, or the last two labels of a name that nobody can register, such as a.corp.internal."""
    return owned_domain(name) or ".".join(fold(name).split(".")[-2:])


def _below_suffix(name: str, *, only_icann: bool) -> str | None:
    if _NOT_FOR_REGISTRATION.cover(name):
        return None
    suffixes = _packaged(only_icann)
    if suffixes is None:
        labels = fold(name).split(".")
        return ".".join(labels[-2:]) if len(labels) > 1 else None
    found: str | None = suffixes.privatesuffix(fold(name))
    return found


@lru_cache(maxsize=2)
def _packaged(only_icann: bool) -> Any:
    try:
        from publicsuffixlist import PublicSuffixList
    except ImportError:
        return None
    return PublicSuffixList(only_icann=only_icann)


class PublicSuffixes:
    """A list of public suffixes, in the form of publicsuffix.org."""

    def __init__(self, text: str) -> None:
        """Read a list.

        Raises:
            ArgumentError: it can't be understood.
            MissingExtraError: publicsuffixlist is not installed.
        """
        if not isinstance(text, str):
            raise ArgumentError(f"a list of public suffixes is text, one rule in each line, not {type(text).__name__}")
        try:
            from publicsuffixlist import PublicSuffixList
        except ImportError:
            message = "lists of public suffixes need publicsuffixlist: pip install publicsuffixlist (spfengine[psl])"
            raise MissingExtraError(message) from None
        rules = []
        for number, line in enumerate(text.splitlines(), 1):
            rule = line.partition(" ")[0].partition("\t")[0]
            if rule and not rule.startswith("//"):
                if not _RULE.fullmatch(rule):
                    fault = f"line {number}: '{visible(rule, 60)}' is not a rule of a list of public suffixes"
                    raise ArgumentError(f"{fault}; expected one like com, co.uk, *.ck or !www.ck")
                rules.append(rule)
        if not rules:
            raise ArgumentError("this list of public suffixes has no rules; expected one in each line")
        try:
            self._list = PublicSuffixList(source=rules)
        except (ValueError, UnicodeError) as error:
            raise ArgumentError(f"this list of public suffixes can't be used: {visible(str(error), 120)}") from None
        self._count = len(rules)

    def __repr__(self) -> str:
        return f"<PublicSuffixes: {self._count:,} rules>"

    @classmethod
    def from_file(cls, path: "str | os.PathLike[str]") -> Self:
        """Read a list from a file.

        Raises:
            ArgumentError: it can't be understood, or is larger than 16 MiB.
            MissingExtraError: publicsuffixlist is not installed.
            OSError: the file can't be read.
        """
        with Path(path).open("rb") as file:
            data = file.read(MAX_OCTETS + 1)
        if len(data) > MAX_OCTETS:
            raise ArgumentError(f"a list of public suffixes has at most {MAX_OCTETS >> 20} MiB")
        try:
            return cls(data.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise ArgumentError(f"a list of public suffixes is UTF-8; octet {error.start} is not") from None

    def organisational_domain(self, domain: str) -> str:
        """Return the domain one label below the public suffix of a domain; for a public suffix, the suffix itself."""
        return self._list.privatesuffix(fold(domain)) or fold(domain)
