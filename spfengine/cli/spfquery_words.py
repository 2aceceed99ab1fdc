"""The options of other programs called spfquery, rewritten to ours: names, short forms, abbreviations, dashes."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import click

from spfengine.visible import visible

LIBSPF2 = "--libspf2"
"""The first argument where libspf2's options follow. Elsewhere it could be what a client sent."""


class Dialect(NamedTuple):
    """How one program writes its options.

    Attributes:
        names: its names, long and short, → ours.
        flags: of ours, those that take no value.
        counted: of ours, flags behind which a number may stand.
        one_dash: whether long names may have one dash (getopt_long_only).
        ignored: of ours, those that it takes and does nothing with.
    """

    names: Mapping[str, str]
    flags: frozenset[str]
    counted: frozenset[str]
    one_dash: bool
    ignored: frozenset[str]


_OURS = ("zone", "draft", "nameserver", "timeout", "help", "libspf2")
_SAME = """
    versions scope identity ip-address helo-identity helo mfrom file default-explanation hostname keep-comments
    no-keep-comments sanitize no-sanitize debug version enable-black-magic max-dns-interactive-terms
    max-name-lookups-per-term authorize-mxes-for tfwl guess local override fallback pra
""".split()  # noqa: SIM905 - names read best as text
_SCOPES = ("helo", "mfrom", "pra")
_FLAGS = frozenset(
    {
        "keep-comments", "no-keep-comments", "sanitize", "no-sanitize", "debug", "version", "enable-black-magic",
        "tfwl", "help", "libspf2",
    }
)  # fmt: skip

MAIL_SPF = Dialect(
    MappingProxyType(
        {name: name for name in (*_SAME, *_OURS)}
        | {
            "v": "versions", "s": "scope", "id": "identity", "ip": "ip-address", "ipv4": "ip-address",
            "i": "ip-address", "helo-id": "helo-identity", "mail-from": "mfrom", "m": "mfrom", "sender": "mfrom",
            "f": "file", "def-exp": "default-explanation", "name": "hostname", "V": "version", "h": "help",
            "max-lookup-count": "max-dns-interactive-terms", "max-lookup": "max-dns-interactive-terms",
            "rcpt-to": "authorize-mxes-for", "r": "authorize-mxes-for", "trusted": "tfwl",
        }
    ),
    _FLAGS,
    frozenset(),
    one_dash=False,
    ignored=frozenset({"authorize-mxes-for", "tfwl"}),
)  # fmt: skip
"""Mail::SPF's, version 2.501; `-s` is --scope there, but --sender where no scope follows, as it was before 2.500."""

LIBSPF2_DIALECT = Dialect(
    MappingProxyType(
        {name: name for name in _OURS}
        | {
            "ip": "ip-address", "i": "ip-address", "sender": "mfrom", "s": "mfrom", "helo": "helo", "h": "helo",
            "file": "file", "f": "file", "rcpt-to": "authorize-mxes-for", "r": "authorize-mxes-for",
            "debug": "debug", "d": "debug", "local": "local", "l": "local", "trusted": "tfwl", "t": "tfwl",
            "guess": "guess", "g": "guess", "default-explanation": "default-explanation", "e": "default-explanation",
            "max-lookup": "max-dns-interactive-terms", "m": "max-dns-interactive-terms", "sanitize": "sanitize",
            "c": "sanitize", "name": "hostname", "n": "hostname", "keep-comments": "keep-comments",
            "k": "keep-comments", "override": "override", "a": "override", "fallback": "fallback", "z": "fallback",
            "version": "version", "v": "version",
        }
    ),
    _FLAGS,
    frozenset({"debug", "sanitize", "tfwl"}),
    one_dash=True,
    ignored=frozenset(),
)  # fmt: skip
"""libspf2's, version 1.2.10."""

REFUSED = {
    "authorize-mxes-for": "",
    "tfwl": "",
    "guess": "",
    "local": "",
    "override": "; --draft NAME=RECORD puts a record in place of a published one",
    "fallback": "; --draft NAME=RECORD puts a record in place of a published one",
    "pra": "; it is of Sender ID (RFC 4406), which is historic",
}
"""Options that would change the result into one that is not SPF's: → what to do instead."""


def spelled_out(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with each option as click reads ours: `--name=value`, or `--name`.

    Raises:
        click.UsageError: an option is not supported, has no value, or is an abbreviation of several.
    """
    dialect = LIBSPF2_DIALECT if arguments[:1] == [LIBSPF2] else MAIL_SPF
    found: list[str] = []
    pending = list(arguments)
    while pending:
        word = pending.pop(0)
        if word == "--":
            return [*found, "--", *pending]
        if len(word) < 2 or word[0] != "-":
            found.append(word)
            continue
        option, value = _option(word, dialect)
        if option == "libspf2" and found:
            raise click.UsageError(f"{LIBSPF2} must come first: it says how the others are read")
        if option in dialect.counted and value is None and pending and pending[0].isdecimal():
            value = pending.pop(0)
        if option == "tfwl" and value == "0":
            continue  # libspf2's way to say that it is off
        if option in dialect.ignored:
            if option not in dialect.flags and value is None:
                del pending[:1]
            continue
        if option in REFUSED:
            told = f"{visible(word, 60)} is not supported: the result would not be that of SPF{REFUSED[option]}"
            raise click.UsageError(told)
        if option in dialect.flags:
            found.append(f"--{option}")
            continue
        if value is None:
            if not pending:
                raise click.UsageError(f"{visible(word, 60)} needs a value")
            value = pending.pop(0)
        if option == "scope" and not word.startswith("--") and value not in _SCOPES:
            option = "mfrom"
        found.append(f"--{option}={value}")
    return found


def _option(word: str, dialect: Dialect) -> tuple[str, str | None]:
    """Return which option of ours a word is, and the value that is in it."""
    name, equals, value = word.lstrip("-").partition("=")
    if word.startswith("--") or dialect.one_dash:
        full = _long(name, dialect)
        if full is not None:
            return full, value if equals else None
    if not word.startswith("--") and word[1] in dialect.names:
        option, glued = dialect.names[word[1]], word[2:].removeprefix("=")
        if not (glued and option in dialect.flags - dialect.counted):  # else -helo=NAME would be taken for -h
            return option, glued or None
    raise click.UsageError(f"no such option: {visible(word.partition('=')[0], 60)}")


def _long(name: str, dialect: Dialect) -> str | None:
    """Return the option that a long name is, or an abbreviation of; None where there is none."""
    if len(name) > 1 and name in dialect.names:
        return dialect.names[name]
    if len(name) < 2:
        return None
    meant = {ours for theirs, ours in dialect.names.items() if len(theirs) > 1 and theirs.startswith(name)}
    if len(meant) > 1:
        choices = ", ".join(sorted(theirs for theirs in dialect.names if theirs.startswith(name)))
        raise click.UsageError(f"--{visible(name, 60)} could be each of {choices}")
    return meant.pop() if meant else None
