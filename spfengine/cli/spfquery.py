"""`spfengine spfquery`: the command of Mail::SPF and libspf2, for scripts that were written for one of them."""

import socket
import sys
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import click

from spfengine.addresses import parse_address
from spfengine.checks import check, check_helo
from spfengine.cli import exits, options, sources
from spfengine.cli.drafts import Draft, no_duplicates
from spfengine.cli.exits import Failure
from spfengine.cli.spfquery_words import spelled_out
from spfengine.errors import AddressError
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.limits import Limits
from spfengine.evaluation.session import Session
from spfengine.problems import Result
from spfengine.record.macro import MacroString, parse_macro_string
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

_EPILOG = """\b
Examples:
  spfengine spfquery --scope mfrom --identity alice@example.com --ip 192.0.2.1
  spfengine spfquery --sender alice@example.com --helo mx.example.com --ip 192.0.2.1
  spfengine spfquery --scope helo --identity mx.example.com --ip 192.0.2.1
  spfengine spfquery --libspf2 -ip=192.0.2.1 -sender=alice@example.com -helo=mx.example.com
  spfengine spfquery --file queries.txt

It prints four lines: the result; for fail, temperror and permerror a text for the SMTP reply, else nothing; the comment
of the header field; and the header field Received-SPF.

The exit code is the result: 0 pass, 1 fail, 2 softfail, 3 neutral, 4 permerror, 5 temperror, 6 none; with --libspf2:
1 neutral, 2 pass, 3 fail, 4 softfail, 5 none, 6 temperror, 7 permerror. With --file, it is that of the first line that
is not pass; with --libspf2, that of the last.
Otherwise: 64 the command line can't be understood, 65 a file can't be understood, 66 a file can't be read, 69 there is
no DNS server to ask.
"""


class Query(NamedTuple):
    """One client.

    Attributes:
        ip: its address.
        scope: "helo" or "mfrom": which identity is checked.
        identity: the HELO name, or the sender.
        helo: the HELO name beside a sender; "" where it is not known.
    """

    ip: str
    scope: str
    identity: str
    helo: str


class _Spfquery(click.Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            words = spelled_out(args)
        except click.UsageError as error:
            error.ctx = ctx
            raise
        return super().parse_args(ctx, words)


@click.command(cls=_Spfquery, epilog=_EPILOG)
@click.option("--ip-address", metavar="IP", help="The client's address; also --ip.")
@click.option(
    "--scope", type=click.Choice([_HELO, _MFROM, "pra"]), default=_MFROM, show_default=True,
    help="What --identity is, and what the lines of --file hold. pra is refused: it is of Sender ID.",
)  # fmt: skip
@click.option("--identity", metavar="TEXT", help="What to check: a sender, or a HELO name; also --id.")
@click.option("--helo-identity", metavar="NAME", help="The HELO name, beside a sender; also --helo-id.")
@click.option("--mfrom", metavar="SENDER", help="Check this sender; also --mail-from, --sender.")
@click.option("--helo", metavar="NAME", help="The HELO name beside --mfrom; alone, the identity to check.")
@click.option("--file", "path", metavar="FILE", help='Check each line "IP IDENTITY [HELO]" of FILE; "-" is stdin.')
@click.option("--versions", default="1,2", metavar="1|2|1,2", help="Versions of SPF; only version 1 has records here.")
@click.option(
    "--default-explanation",
    metavar="TEXT",
    help="Explains a fail where the domain does not; macros in it are expanded; also --def-exp.",
)
@click.option("--hostname", metavar="NAME", help="The name of the receiving host; also --name.")
@click.option("--keep-comments/--no-keep-comments", help="Print the comments of --file, lines that begin with #.")
@click.option("--max-dns-interactive-terms", metavar="N", type=click.IntRange(0, 10_000), default=10, show_default=True,
              help="Terms that may ask DNS (RFC 7208 §4.6.4).")  # fmt: skip
@click.option("--max-name-lookups-per-term", metavar="N", type=click.IntRange(0, 10_000), default=10, show_default=True,
              help="Hosts that an mx or ptr may lead to (RFC 7208 §4.6.4).")  # fmt: skip
@click.option("--sanitize/--no-sanitize", default=True, help="Ignored: what strangers wrote is always made safe.")
@click.option("--debug", is_flag=True, help="Ignored; for a trace: spfengine check --trace.")
@click.option("--enable-black-magic", is_flag=True, help="Ignored.")
@click.option("--libspf2", is_flag=True, help="Take libspf2's options, such as -ip=IP, and give its exit codes.")
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
    sanitize: bool,  # noqa: ARG001 - taken so that scripts run
    debug: bool,  # noqa: ARG001 - taken so that scripts run
    enable_black_magic: bool,  # noqa: ARG001 - taken so that scripts run
    libspf2: bool,
    zones: tuple[str, ...],
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
    if scope == "pra":
        raise click.UsageError("--scope pra is not supported: it is of Sender ID (RFC 4406), which is historic")
    if "1" not in versions.split(",") or not set(versions.split(",")) <= {"1", "2"}:
        raise click.UsageError("--versions must have 1 in it: records of version 2 are of Sender ID, not of SPF")
    given = _given(ip_address, scope, identity, helo_identity, mfrom, helo)
    if (path is None) == (given is None):
        raise click.UsageError("expected --ip with --identity, --mfrom or --helo; or --file, and none of these")
    default = None if default_explanation is None else _macro_string(default_explanation)
    limits = Limits(lookups=max_dns_interactive_terms, names=max_name_lookups_per_term, seconds=timeout)
    receiver = hostname or ("spfquery" if libspf2 else socket.gethostname())
    if given is not None:
        domain = given.identity if given.scope == _HELO else Session(given.ip, given.identity, given.helo).domain
        drafted = no_duplicates(drafts, domain)
    elif any(draft.name is None for draft in drafts):
        raise click.UsageError("with --file each draft needs a name: --draft NAME=RECORD")
    else:
        drafted = no_duplicates(drafts, "")
    resolver = sources.with_drafts(sources.base_resolver(zones, nameservers, timeout), drafted)
    codes = EXITS_OF_LIBSPF2 if libspf2 else exits.OF_RESULT
    code = 0
    for query in [given] if given is not None else _read(path or "-", scope, keep_comments=keep_comments):
        result = _run(query, resolver, limits, receiver)
        explanation = None if default is None else _expanded(default, query, receiver)
        sys.stdout.write("".join([f"{line}\n" for line in lines(result, receiver, explanation)]))
        sys.stdout.flush()  # whoever writes the lines of --file - may wait for each answer
        if libspf2 or code == 0:  # with --file, Mail::SPF's is that of the first line that is not pass
            code = codes[result.result]
    return code


def lines(result: CheckResult, receiver: str, default_explanation: str | None = None) -> list[str]:
    """Return what spfquery prints: result, text for the SMTP reply, comment and header field, each one line."""
    reply = result.smtp_reply()
    told = "" if reply is None else reply.text
    if result.result is Result.FAIL:
        told = result.explanation or default_explanation or told
    header = result.received_spf(receiver)
    from spfengine.evaluation.headers import parse_received_spf

    comment = parse_received_spf(header).comment or ""
    return [
        str(result.result),
        visible(told, _MAX_SHOWN),
        visible(comment, _MAX_SHOWN),
        header.replace("\r\n", ""),  # unfolded (RFC 5322 §2.2.3): the space stays
    ]


def _macro_string(text: str) -> MacroString:
    found, problems = parse_macro_string(text, explanation=True)
    if found is None:
        raise click.UsageError(f"--default-explanation: {problems[0].text}")
    return found


def _expanded(explanation: MacroString, query: Query, receiver: str) -> str | None:
    """Return a default explanation for a client; nothing is asked for it, so %{p} is unknown."""
    sender = f"postmaster@{query.identity}" if query.scope == _HELO else query.identity
    helo = query.identity if query.scope == _HELO else query.helo
    session = Session(query.ip, sender, helo, receiver=receiver, now=float(int(time.time())))
    return explanation.expand_text(lambda letter: session.macro_value(letter, session.domain, "unknown"))


def _given(
    ip: str | None, scope: str, identity: str | None, helo_identity: str | None, mfrom: str | None, helo: str | None
) -> Query | None:
    """Return the client that the options name, or None where they name none."""
    if all(value is None for value in (ip, identity, helo_identity, mfrom, helo)):
        return None
    if ip is None:
        raise click.UsageError("--ip is missing: the client's address")
    if identity is not None and (mfrom is not None or helo is not None):
        raise click.UsageError("--identity can't be used with --mfrom or --helo: each says what to check")
    if identity is not None:
        query = Query(ip, scope, identity, helo_identity or "")
    elif mfrom is not None:
        query = Query(ip, _MFROM, mfrom, helo_identity or helo or "")
    elif helo is not None:
        query = Query(ip, _HELO, helo, "")
    else:
        raise click.UsageError("there is nothing to check: give --identity, --mfrom or --helo")
    try:
        parse_address(ip)
    except AddressError as error:
        raise click.UsageError(f"--ip: {error}") from None
    return query


def _run(query: Query, resolver: Any, limits: Limits, receiver: str) -> CheckResult:
    if query.scope == _HELO:
        return check_helo(query.ip, query.identity, resolver=resolver, limits=limits, receiver=receiver)
    return check(query.ip, query.identity, query.helo, resolver=resolver, limits=limits, receiver=receiver)


def _read(path: str, scope: str, *, keep_comments: bool) -> Iterator[Query]:
    """Yield the queries of a file, one a line, each as soon as it is read."""
    shown = visible(path)
    try:
        with open(0 if path == "-" else path, "rb", closefd=path != "-") as file:
            number = 0
            while line := file.readline(_MAX_LINE + 1):
                number += 1
                query = _query(line, scope, f"{shown}, line {number}", keep_comments=keep_comments)
                if query is not None:
                    yield query
    except OSError as error:
        raise Failure(exits.NO_INPUT, f"{shown} can't be read: {error.strerror or error}") from error


def _query(line: bytes, scope: str, where: str, *, keep_comments: bool) -> Query | None:
    if len(line) > _MAX_LINE:
        raise Failure(exits.DATA, f"{where}: the line is longer than {_MAX_LINE} octets")
    text = line.decode("utf-8", "surrogateescape").strip()
    if not text or text[0] == "#":
        if text and keep_comments:
            sys.stdout.write(f"{visible(text, _MAX_LINE)}\n")
        return None
    words = text.split()
    if not 2 <= len(words) <= 3:
        raise Failure(exits.DATA, f'{where}: expected "IP IDENTITY [HELO]", found {len(words)} words')
    try:
        parse_address(words[0])
    except AddressError as error:
        raise Failure(exits.DATA, f"{where}: {error}") from None
    return Query(words[0], scope, words[1], words[2] if len(words) == 3 else "")
