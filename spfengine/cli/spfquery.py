"""`spfengine spfquery`: the command of Mail::SPF and libspf2, for scripts that were written for one of them."""

import socket
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import click

from spfengine.addresses import parse_address
from spfengine.checks import check, check_helo
from spfengine.cli import exits, options, sources
from spfengine.cli.exits import CommandError, cannot_read
from spfengine.cli.options import Draft, drafts_by_name
from spfengine.errors import AddressError
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.headers.received_spf import received_comment
from spfengine.evaluation.limits import Limits
from spfengine.evaluation.session import Session
from spfengine.problems import Result
from spfengine.record.macro import MacroString, parse_macro_string
from spfengine.resolvers.overlay import with_drafts
from spfengine.visible import visible

EXITS_OF_LIBSPF2 = {
    Result.NEUTRAL: 1,
    Result.PASS: 2,
    Result.FAIL: 3,
    Result.SOFTFAIL: 4,
    Result.NONE: 5,
    Result.TEMPERROR: 6,
    Result.PERMERROR: 7,
}
"""The exit codes of libspf2's spfquery."""

_MAX_LINE = 8192
_MAX_SHOWN = 1 << 16  # longer than any explanation
_HELO, _MFROM = "helo", "mfrom"

_EPILOG = f"""\b
Examples:
  spfengine spfquery --scope mfrom --identity alice@example.com --ip 192.0.2.1
  spfengine spfquery --sender alice@example.com --helo mx.example.com --ip 192.0.2.1
  spfengine spfquery --scope helo --identity mx.example.com --ip 192.0.2.1
  spfengine spfquery --libspf2 -ip=192.0.2.1 -sender=alice@example.com -helo=mx.example.com
  spfengine spfquery --file queries.txt

It prints four lines: the result; for fail, temperror and permerror a text for the SMTP reply, else nothing; the comment
of the header field; and the header field Received-SPF.

The exit code is the result: {exits.RESULTS_HELP}; with --libspf2:
1 neutral, 2 pass, 3 fail, 4 softfail, 5 none, 6 temperror, 7 permerror. With --file, it is that of the first line that
is not pass; with --libspf2, that of the last. {exits.OTHER_HELP}, 69 there is no DNS server to ask.
"""


LIBSPF2 = "--libspf2"
"""The first argument, if libspf2's options follow. Elsewhere it could be text that a client sent."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one program writes its options.

    Attributes:
        names: its names, long and short, → ours.
        flags: of ours, those that take no value.
        counted: of ours, flags that a number may follow.
        one_dash: whether long names may have one dash (getopt_long_only).
        ignored: of ours, those that are accepted and do nothing.
    """

    names: Mapping[str, str]
    flags: frozenset[str]
    counted: frozenset[str]
    one_dash: bool
    ignored: frozenset[str]


_OURS = ("zone", "draft", "nameserver", "timeout", "help", "libspf2")
_SAME = (
    "versions", "scope", "identity", "ip-address", "helo-identity", "helo", "mfrom", "file", "default-explanation",
    "hostname", "keep-comments", "no-keep-comments", "sanitize", "no-sanitize", "debug", "version",
    "enable-black-magic", "max-dns-interactive-terms", "max-name-lookups-per-term", "authorize-mxes-for", "tfwl",
    "guess", "local", "override", "fallback", "pra",
)  # fmt: skip
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
"""Mail::SPF's, version 2.501; `-s` is --scope there, but --sender if no scope follows, as it was before 2.500."""

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
    "override": "; --draft NAME=RECORD tries a record in place of a published one",
    "fallback": "; --draft NAME=RECORD tries a record in place of a published one",
    "pra": "; it belongs to Sender ID (RFC 4406), which is historic",
}
"""Options that would make the result another than SPF's → what to do instead."""


@dataclass(frozen=True, slots=True)
class Query:
    """One client.

    Attributes:
        ip: its address.
        scope: "helo" or "mfrom": which identity is checked.
        identity: the HELO name, or the sender.
        helo: the HELO name given with a sender; None if it is not known.
    """

    ip: str
    scope: str
    identity: str
    helo: str | None

    @property
    def domain(self) -> str:
        """The domain whose record is looked up."""
        return self.identity if self.scope == _HELO else Session(self.ip, self.identity, self.helo).domain

    def run(self, resolver: Any, limits: Limits, receiver: str) -> CheckResult:
        """Return the result."""
        if self.scope == _HELO:
            return check_helo(self.ip, self.identity, resolver=resolver, limits=limits, receiver=receiver)
        return check(self.ip, self.identity, self.helo, resolver=resolver, limits=limits, receiver=receiver)


class _Spfquery(click.Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            words = _translated(args)
        except click.UsageError as error:
            error.ctx = ctx
            raise
        return super().parse_args(ctx, words)


@click.command(cls=_Spfquery, epilog=_EPILOG)
@click.option("--ip-address", metavar="IP", help="The client's address; also --ip.")
@click.option(
    "--scope", type=click.Choice([_HELO, _MFROM, "pra"]), default=_MFROM, show_default=True,
    help="What --identity is, and what the lines of --file hold. pra is refused: it belongs to Sender ID.",
)  # fmt: skip
@click.option("--identity", metavar="TEXT", help="What to check: a sender, or a HELO name; also --id.")
@click.option("--helo-identity", metavar="NAME", help="The HELO name, if --identity is a sender; also --helo-id.")
@click.option("--mfrom", metavar="SENDER", help="Check this sender; also --mail-from, --sender.")
@click.option("--helo", metavar="NAME", help="The HELO name with --mfrom; alone, the identity to check.")
@click.option(
    "--file",
    "path",
    metavar="FILE",
    type=options.FileName(),
    help='Check each line "IP IDENTITY [HELO]" of FILE; "-" is stdin.',
)
@click.option("--versions", default="1,2", metavar="1|2|1,2", help="Versions of SPF; only version 1 has records here.")
@click.option(
    "--default-explanation",
    metavar="TEXT",
    help="Explains a fail if the domain does not; macros in it are expanded; also --def-exp.",
)
@click.option("--hostname", metavar="NAME", help="The name of the receiving host; also --name.")
@click.option("--keep-comments/--no-keep-comments", help="Print the comments of --file, lines that begin with #.")
@click.option("--max-dns-interactive-terms", metavar="N", type=click.IntRange(0, 10_000), default=10, show_default=True,
              help="Terms that may ask DNS (RFC 7208 §4.6.4).")  # fmt: skip
@click.option("--max-name-lookups-per-term", metavar="N", type=click.IntRange(0, 10_000), default=10, show_default=True,
              help="Hosts that an mx or ptr may have (RFC 7208 §4.6.4).")  # fmt: skip
@click.option(
    "--sanitize/--no-sanitize", default=True, expose_value=False, help="Ignored: untrusted text is always made safe."
)
@click.option("--debug", is_flag=True, expose_value=False, help="Ignored; for a trace: spfengine check --trace.")
@click.option("--enable-black-magic", is_flag=True, expose_value=False, help="Ignored.")
@click.option("--libspf2", is_flag=True, help="Accept libspf2's options, such as -ip=IP, and exit with its codes.")
@options.answers
@options.timeout
@click.option("--version", is_flag=True, help="Show the version and exit; also -V.")
def command(
    ip_address: str | None,
    scope: str,
    identity: str | None,
    helo_identity: str | None,
    mfrom: str | None,
    helo: str | None,
    path: str | None,
    versions: str,
    default_explanation: str | None,
    hostname: str | None,
    keep_comments: bool,
    max_dns_interactive_terms: int,
    max_name_lookups_per_term: int,
    libspf2: bool,
    zones: tuple[str, ...],
    live: bool,
    drafts: tuple[Draft, ...],
    nameservers: tuple[str, ...],
    timeout: float,
    version: bool,
) -> int:
    """Check clients as Mail::SPF's spfquery does, or libspf2's: with their options, output and exit codes."""
    if version:
        from spfengine import __version__

        sys.stdout.write(f"spfengine spfquery, version {__version__}\n")
        return 0
    _refuse_sender_id(scope, versions)
    query = _given(ip_address, scope, identity, helo_identity, mfrom, helo)
    if (path is None) == (query is None):
        raise click.UsageError("expected --ip with --identity, --mfrom or --helo; or --file, and none of these")
    limits = Limits(lookups=max_dns_interactive_terms, names=max_name_lookups_per_term, seconds=timeout)
    receiver = hostname or ("spfquery" if libspf2 else socket.gethostname())
    drafted = _drafted(drafts, query)
    resolver = with_drafts(sources.base_resolver(zones, live, nameservers, timeout), drafted)
    queries = _read(path or "-", scope, keep_comments=keep_comments) if query is None else [query]
    answers = _answers(queries, resolver, limits, receiver, default_explanation)
    return _exit_code_of_libspf2(answers) if libspf2 else _exit_code(answers)


def _drafted(drafts: tuple[Draft, ...], query: Query | None) -> dict[str, str]:
    if query is None and any(draft.name is None for draft in drafts):
        raise click.UsageError("with --file each draft needs a name: --draft NAME=RECORD")
    return drafts_by_name(drafts, "" if query is None else query.domain)


def _answers(
    queries: Iterable[Query], resolver: Any, limits: Limits, receiver: str, default_explanation: str | None
) -> Iterator[Result]:
    """Print the answer to each query, and yield its result."""
    default = None if default_explanation is None else _macro_string(default_explanation)
    for query in queries:
        result = query.run(resolver, limits, receiver)
        explanation = None if default is None else _expanded(default, query, receiver)
        sys.stdout.write("".join([f"{line}\n" for line in _lines(result, receiver, explanation)]))
        sys.stdout.flush()  # who writes the lines of --file - may wait for each answer
        yield result.result


def _exit_code(results: Iterator[Result]) -> int:
    """Return the exit code of the first result that is not pass, as Mail::SPF's spfquery does; 0 if all are."""
    codes = [exits.OF_RESULT[result] for result in results]
    return next((code for code in codes if code), 0)


def _exit_code_of_libspf2(results: Iterator[Result]) -> int:
    """Return the exit code of the last result; 0 if there is none."""
    codes = [EXITS_OF_LIBSPF2[result] for result in results]
    return codes[-1] if codes else 0


def _refuse_sender_id(scope: str, versions: str) -> None:
    if scope == "pra":
        raise click.UsageError("--scope pra is not supported: it belongs to Sender ID (RFC 4406), which is historic")
    if "1" not in versions.split(",") or not set(versions.split(",")) <= {"1", "2"}:
        raise click.UsageError("--versions must include 1: records of version 2 are those of Sender ID, not of SPF")


def _lines(result: CheckResult, receiver: str, default_explanation: str | None) -> list[str]:
    """Return what spfquery prints: result, text for the SMTP reply, comment and header field, each one line."""
    reply = result.smtp_reply()
    text = "" if reply is None else reply.text
    if result.result is Result.FAIL:
        text = result.explanation or default_explanation or text
    return [
        str(result.result),
        visible(text, _MAX_SHOWN),
        visible(received_comment(result, receiver), _MAX_SHOWN),
        result.received_spf(receiver).replace("\r\n", ""),  # unfolded (RFC 5322 §2.2.3): the space stays
    ]


def _macro_string(text: str) -> MacroString:
    explanation, problems = parse_macro_string(text, explanation=True)
    if explanation is None:
        raise click.UsageError(f"--default-explanation: {problems[0].text}")
    return explanation


def _expanded(explanation: MacroString, query: Query, receiver: str) -> str | None:
    """Return a default explanation for a client; it asks nothing of DNS, so %{p} is unknown."""
    sender = f"postmaster@{query.identity}" if query.scope == _HELO else query.identity
    helo = query.identity if query.scope == _HELO else query.helo
    session = Session(query.ip, sender, helo, receiver=receiver, now=float(int(time.time())))
    return explanation.expand_text(lambda letter: session.macro_value(letter, session.domain, "unknown"))


def _checked_ip(ip: str | None) -> str:
    if ip is None:
        raise click.UsageError("--ip is missing: the client's address")
    try:
        parse_address(ip)
    except AddressError as error:
        raise click.UsageError(f"--ip: {error}") from None
    return ip


def _given(
    ip: str | None, scope: str, identity: str | None, helo_identity: str | None, mfrom: str | None, helo: str | None
) -> Query | None:
    """Return the client that the options name, or None if they name none."""
    if all(value is None for value in (ip, identity, helo_identity, mfrom, helo)):
        return None
    ip = _checked_ip(ip)
    if identity is not None and (mfrom is not None or helo is not None):
        raise click.UsageError("--identity can't be used with --mfrom or --helo: each says what to check")
    if identity is not None:
        return Query(ip, scope, identity, helo_identity)
    if mfrom is not None:
        return Query(ip, _MFROM, mfrom, helo if helo_identity is None else helo_identity)
    if helo is not None:
        return Query(ip, _HELO, helo, None)
    raise click.UsageError("there is nothing to check: give --identity, --mfrom or --helo")


def _read(path: str, scope: str, *, keep_comments: bool) -> Iterator[Query]:
    """Yield the queries of a file, one a line, each as soon as it is read."""
    printable = visible(path)
    try:
        with open(0 if path == "-" else path, "rb", closefd=path != "-") as file:
            number = 0
            while line := file.readline(_MAX_LINE + 1):
                number += 1
                query = _query(line, scope, f"{printable}, line {number}", keep_comments=keep_comments)
                if query is not None:
                    yield query
    except OSError as error:
        raise cannot_read(printable, error) from error


def _query(line: bytes, scope: str, where: str, *, keep_comments: bool) -> Query | None:
    if len(line) > _MAX_LINE:
        raise CommandError(exits.DATA, f"{where}: the line is longer than {_MAX_LINE} octets")
    text = line.decode("utf-8", "surrogateescape").strip()
    if not text or text[0] == "#":
        if text and keep_comments:
            sys.stdout.write(f"{visible(text, _MAX_LINE)}\n")
        return None
    words = text.split()
    if not 2 <= len(words) <= 3:
        raise CommandError(exits.DATA, f'{where}: expected "IP IDENTITY [HELO]", found {len(words)} words')
    try:
        parse_address(words[0])
    except AddressError as error:
        raise CommandError(exits.DATA, f"{where}: {error}") from None
    return Query(words[0], scope, words[1], words[2] if len(words) == 3 else None)


def _translated(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with each option as click reads ours: `--name=value`, or `--name`.

    Raises:
        click.UsageError: an option is not supported, has no value, or is an abbreviation of several.
    """
    dialect = LIBSPF2_DIALECT if arguments[:1] == [LIBSPF2] else MAIL_SPF
    translated: list[str] = []
    pending = deque(arguments)
    while pending:
        word = pending.popleft()
        if word == "--":
            return [*translated, "--", *pending]
        if len(word) < 2 or word[0] != "-":
            translated.append(word)
            continue
        option, value = _option(word, dialect)
        if option == "libspf2" and translated:
            raise click.UsageError(f"{LIBSPF2} must come first: it says how the others are read")
        translated += _one_option(word, option, value, dialect, pending)
    return translated


def _one_option(word: str, option: str, value: str | None, dialect: Dialect, pending: deque[str]) -> list[str]:
    """Return an option as ours, or nothing if it is ignored; take its value from the pending words if need be."""
    if value is None and _value_follows(option, dialect, pending):
        value = pending.popleft()
    if option in dialect.ignored or (option == "tfwl" and value == "0"):  # libspf2's way to say that it is off
        return []
    if option in REFUSED:
        message = f"{visible(word, 60)} is not supported: the result would not be that of SPF{REFUSED[option]}"
        raise click.UsageError(message)
    if option in dialect.flags:
        return [f"--{option}"]
    if value is None:
        raise click.UsageError(f"{visible(word, 60)} needs a value")
    if option == "scope" and not word.startswith("--") and value not in _SCOPES:
        option = "mfrom"
    return [f"--{option}={value}"]


def _value_follows(option: str, dialect: Dialect, pending: deque[str]) -> bool:
    """Whether the next word is the value of an option."""
    if option in dialect.counted:
        return bool(pending) and pending[0].isdecimal()
    return bool(pending) and option not in dialect.flags


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
    """Return the option of ours that a long name is, or an abbreviation of; None if there is none."""
    if len(name) < 2:
        return None
    if name in dialect.names:
        return dialect.names[name]
    theirs = sorted(long for long in dialect.names if len(long) > 1 and long.startswith(name))
    ours = {dialect.names[long] for long in theirs}
    if len(ours) > 1:
        raise click.UsageError(f"--{visible(name, 60)} could be each of {', '.join(theirs)}")
    return ours.pop() if ours else None
