"""What commands share of the command line: types of arguments, options, and drafts.

A type that only one command has is defined with that command.
"""

import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from spfengine.addresses import parse_address
from spfengine.cli import typed
from spfengine.cli.screen import NOTES
from spfengine.errors import AddressError
from spfengine.evaluation.limit_profiles import LIMIT_PROFILES, SAME_LIMITS, limit_profile
from spfengine.evaluation.limits import Limits, VoidRule
from spfengine.names import domain_fault, to_a_labels
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from spfengine.resolvers.zone_files.pasted import Pasted

    _Type = click.ParamType[Any]
else:
    _Type = click.ParamType  # click 8.2 and older have no generic class

_Callback = TypeVar("_Callback", bound=Callable[..., Any])

DNS_TIMEOUT = "spfengine.dns-timeout"
"""The key of --dns-timeout in the context of a command."""
_DOH = "spfengine.doh"
SECONDS = 20.0
"""The time limit of a check, if no option gives another."""
_SHOWN_RECORD = 1000
_SPACED_DRAFT = re.compile(r"\s*([^\s=:\"']+)(?::\s*|\s+)(\"?v=spf1(?:\s.*)?)", re.IGNORECASE | re.DOTALL)
_ENDPOINT = re.compile(r"(?:\[([0-9A-Fa-f:.%]+)\]|([0-9.]+)):([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Draft:
    """A record to try in place of the published one.

    Attributes:
        name: the name whose TXT records it replaces; None: the domain that the command is about.
        record: its text.
    """

    name: str | None
    record: str


class Expected(_Type):
    """Any text; says what is expected if it is missing."""

    name = "text"

    def __init__(self, expected: str) -> None:
        self.expected = expected

    def get_missing_message(
        self,
        param: click.Parameter,  # noqa: ARG002 - click calls it with this argument
        ctx: click.Context | None = None,  # noqa: ARG002 - click passes it, from 8.2 on
    ) -> str:
        """Return what a message about a missing argument says after its name."""
        return f"expected {self.expected}"


class FileName(Expected):
    """The name of a file or folder, which the shell can complete; it is opened by whatever reads it."""

    name = "file"

    def __init__(self, expected: str = "the name of a file") -> None:
        super().__init__(expected)

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click calls it with this argument
        param: click.Parameter,  # noqa: ARG002 - click calls it with this argument
        incomplete: str,
    ) -> "list[CompletionItem]":
        """Return that the shell is to complete names of files."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]


class Address(Expected):
    """The client's IP address."""

    name = "address"

    def __init__(self) -> None:
        super().__init__("an IP address, such as 192.0.2.1 or 2001:db8::1")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the address as it was written, without what surrounds it."""
        text = str(value)
        try:
            parse_address(text)
        except AddressError as error:
            meant = typed.address_in(text)
            if meant is None:
                self.fail(_zeros_words(text) or _network_words(text) or str(error), param, ctx)
            return say_meaning(text, meant, ctx)
        return text


def _zeros_words(text: str) -> str | None:
    """Return that the numbers of an address have leading zeros; None if they do not."""
    address = typed.without_leading_zeros(text)
    if address is None:
        return None
    return f"{text} has leading zeros, which some programs read as octal; if its numbers are decimal, write {address}"


def _network_words(text: str) -> str | None:
    """Return that a text is a network, where an address is expected; None if it is none."""
    try:
        network = ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None
    return None if network is None else f"{network} is a network; expected one address of it, such as {network[1]}"


class Network(Expected):
    """An address or a network."""

    name = "network"

    def __init__(self) -> None:
        super().__init__("an address or a network, such as 192.0.2.1 or 192.0.2.0/24")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text as it was written."""
        text = str(value)
        meant = typed.address_in(text)
        if meant is not None and not typed.is_address(text) and "/" not in text:
            text = say_meaning(text, meant, ctx)
        try:
            network = ip_network(text, strict=False) if "/" in text else None
            if network is None:
                parse_address(text)
        except (ValueError, AddressError):
            self.fail(f"{visible(text, 60)!r} is not an address or network; expected {self.expected}", param, ctx)
        if network is not None and network.network_address != ip_address(text.partition("/")[0]):
            self.fail(f"{visible(text, 60)!r} is an address in a network; expected that network, {network}", param, ctx)
        return text


class Endpoint(Expected):
    """Where to listen or to connect: an address and a port.

    Args:
        unix: whether unix:PATH, a socket in the file system, may be given as well.
        any_port: whether the port may be left out, to take a free one.
    """

    name = "endpoint"

    def __init__(self, *, unix: bool = False, any_port: bool = False) -> None:
        super().__init__("an address and port like 127.0.0.1:5353 or [::1]:5353" + (", or unix:PATH" if unix else ""))
        self._unix = unix
        self._any_port = any_port

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int] | tuple[str, None]:
        """Return address and port, or path and None; without a port, port 0."""
        if isinstance(value, tuple):  # click converts the value of a default again
            return value
        text = str(value)
        if self._unix and text.startswith("unix:") and len(text) > 5:
            return text[5:], None
        host, port = self._split(text)
        try:
            ip_address(host)
        except ValueError:
            port = -1
        if not 0 <= port < 1 << 16:
            self.fail(f"{visible(text, 80)!r}: expected {self.expected}", param, ctx)
        return host, port

    def _split(self, text: str) -> tuple[str, int]:
        match = _ENDPOINT.fullmatch(text)
        if match is not None:
            return match[1] or match[2], int(match[3])
        if not self._any_port:
            return "", -1
        return (text[1:-1] if text.startswith("[") and text.endswith("]") else text), 0


class Seconds(_Type):
    """A time, in seconds."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds, more than 0."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds < float("inf"):
            self.fail(f"{visible(str(value), 40)!r} is not a time; expected seconds, more than 0", param, ctx)
        return seconds


class Domain(Expected):
    """A domain, whose record is meant."""

    name = "domain"

    def __init__(self, expected: str = "a domain, such as example.com") -> None:
        super().__init__(expected)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the domain with U-labels as A-labels, and without a final dot."""
        text = str(value)
        self._refuse_others(text, param, ctx)
        if not typed.is_plain(text):
            meant = typed.domain_in(text)
            if meant is None:
                self.fail(f"{visible(text, 80)!r} is not a domain name; expected {self.expected}", param, ctx)
            text = say_meaning(text, meant, ctx)
        name = to_a_labels(text)
        if name is None or not name.isascii():
            self.fail(f"{visible(text, 80)!r} is not a domain name", param, ctx)
        name = name.removesuffix(".")
        fault = domain_fault(name)
        if fault is not None:
            self.fail(fault, param, ctx)
        return name

    def _refuse_others(self, text: str, param: click.Parameter | None, ctx: click.Context | None) -> None:
        """Fail for what is not a domain, but can be used elsewhere; say where."""
        if is_record(text.strip("\"' ")):
            printable = visible(text.strip("\"' "), _SHOWN_RECORD)
            how = f"to lint it: spfengine lint --draft {shlex.quote(printable)}"
            self.fail(
                f"this is a record, and a domain is expected; {how}; to try it at a domain, use --draft", param, ctx
            )
        address = typed.address_in(text)
        if address is not None:
            self.fail(f"{address} is an IP address; expected {self.expected}", param, ctx)
        option = _option_for_file(text, ctx)
        if option is not None:
            shown = visible(text, 60)
            self.fail(
                f"{shown} is a file; expected {self.expected}; to read the file, use {option} {shown}", param, ctx
            )


_ZONES = (".zone", ".db", ".json", ".yml", ".yaml")
_MESSAGES = (".eml", ".mbox", ".xml", ".gz", ".zip", ".log", ".csv", ".txt")


def _option_for_file(text: str, ctx: click.Context | None) -> str | None:
    """Return the option of a command that reads a file, if a text is one; None if it is none, or none reads it."""
    options = set() if ctx is None else {name for each in ctx.command.params for name in each.opts}
    # A zone file may have the name of its domain, which is a domain then.
    if not text.lower().endswith((*_ZONES, *_MESSAGES)) or not Path(text).is_file():
        return None
    wanted = ("--zone", "--senders") if text.lower().endswith((*_ZONES, ".txt")) else ("--senders", "--zone")
    return next((option for option in wanted if option in options), None)


class DomainOrRecord(Domain):
    """A domain, or a record if it begins with "v="."""

    name = "domain or record"

    def __init__(self) -> None:
        super().__init__("a domain, or a record that begins with v=spf1")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return a record without what was copied with it, a domain as `Domain` does."""
        text = pasted(str(value), ctx).text
        return text if is_record(text) else super().convert(value, param, ctx)


class DraftType(_Type):
    """RECORD if it begins with "v=", otherwise NAME=RECORD."""

    name = "draft"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Draft:
        """Return the draft."""
        if isinstance(value, Draft):
            return value
        text = str(value)
        whole = pasted(text, ctx)
        if is_record(whole.text):
            owner = None if whole.owner in (None, "@") else self._name(str(whole.owner), text, param, ctx)
            return Draft(owner, whole.text)
        spaced = _SPACED_DRAFT.fullmatch(text)
        if spaced is not None:
            say_meaning(text, f"{spaced[1]}={spaced[2]}", ctx)
            return Draft(self._name(spaced[1], text, param, ctx), pasted(spaced[2], ctx).text)
        name, equals, record = whole.text.partition("=")
        if not equals:
            self._refuse(text, "expected a record that begins with v=spf1, or NAME=RECORD", param, ctx)
        return Draft(self._name(name, text, param, ctx), pasted(record, ctx).text)

    def _name(self, name: str, text: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        a_labels = to_a_labels(name)
        if a_labels is None or name != name.strip() or " " in name:
            self._refuse(text, f"{visible(name, 60)!r} is not a domain name; expected NAME=RECORD", param, ctx)
        name = a_labels.removesuffix(".")
        fault = domain_fault(name)
        if fault is not None:
            self._refuse(text, f"{fault}; expected NAME=RECORD", param, ctx)
        return name

    def _refuse(self, text: str, why: str, param: click.Parameter | None, ctx: click.Context | None) -> NoReturn:
        self.fail(f"{visible(text, 80)!r}: {why}", param, ctx)


class SenderType(_Type):
    """A client's address, and optionally the address that it sends from: IP or IP,FROM."""

    name = "sender"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Return both; "" if the second is missing."""
        if isinstance(value, tuple):
            return value
        text = str(value)
        ip, comma, sender = text.partition(",")
        if typed.is_address(ip) and (not comma or "@" in sender):
            return ip, sender
        return self._meant(text, param, ctx)

    def _meant(self, text: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Return what a text means that is not written as expected."""
        first, *rest = re.split(r"[,;\s]+", text.strip(" ,;"), maxsplit=1)
        second = rest[0] if rest else ""
        address, sender = typed.address_in(first), typed.sender_in(second)
        if address is None and rest:
            address, sender = typed.address_in(second), typed.sender_in(first)
        if address is None:
            Address().convert(first, param, ctx)
        if address is None or (second and sender is None):
            self.fail(f"{visible(text, 80)!r}: expected IP or IP,ADDRESS", param, ctx)
        pair = address, "" if sender is None else sender if "@" in sender else f"@{sender}"
        say_meaning(text, ",".join([part for part in pair if part]), ctx)
        return pair


def say_meaning(text: str, meant: str, ctx: click.Context | None) -> str:
    """Return what an argument means; say how it is read, on stderr and in the notes of documents and reports."""
    if meant != text:
        _say(f"'{visible(text, 80)}' is read as {visible(meant, 80)}", ctx)
    return meant


def _say(text: str, ctx: click.Context | None) -> None:
    """Say how something was understood, on stderr, and once in the notes of a document or report."""
    click.echo(f"{'spfengine' if ctx is None else ctx.command_path}: {text}", err=True)
    notes = [] if ctx is None else ctx.meta.setdefault(NOTES, [])
    if text not in notes:
        notes.append(text)


def client_and_sender(ip: str, sender: str, ctx: click.Context) -> tuple[str, str]:
    """Return the client's address and its sender, which may be typed in the wrong order, or with what surrounds them.

    Raises:
        click.BadParameter: there is no address, or a record in place of the sender.
    """
    if not typed.is_address(ip) and typed.address_in(ip) is None and typed.address_in(sender) is not None:
        say_meaning(f"{ip} {sender}", f"IP {typed.address_in(sender)}, SENDER {ip}", ctx)
        ip, sender = str(typed.address_in(sender)), ip
    params = {param.name: param for param in ctx.command.params}
    for text, name in ((ip, "ip"), (sender, "sender")):
        if is_evidence_file(text):
            raise click.BadParameter(f"{visible(text, 60)} is a file; {read_file_words(text)}", ctx, params[name])
    ip = Address().convert(ip, params["ip"], ctx)
    if is_record(sender.strip("\"' ")) and "@" not in sender:
        how = 'expected the sender; to try a record, write: check IP SENDER --draft "v=spf1 …"'
        raise click.BadParameter(f"this is a record; {how}", ctx, params["sender"])
    if typed.is_address(sender):
        raise click.BadParameter(
            f"{sender} is an IP address; expected the sender's address or domain", ctx, params["sender"]
        )
    meant = None if _is_plain_sender(sender) else typed.sender_in(sender)
    why = None if meant is not None else typed.why_no_sender(sender)
    if why is not None:
        expected = "expected an address such as alice@example.com, or a domain"
        text = f"{visible(sender, 80)!r} is not a sender: {why}; {expected}"
        raise click.BadParameter(text, ctx, params["sender"])
    return ip, sender if meant is None else say_meaning(sender, meant, ctx)


def _is_plain_sender(text: str) -> bool:
    """Whether a sender is to be checked as it is: whatever a client may have said in MAIL FROM."""
    text = text.removeprefix("<").removesuffix(">") if text.startswith("<") else text
    is_whole = text[-1:] not in f"{typed.QUOTES},;" and text[:7].lower() != "mailto:"
    return not text or (is_whole and not any(letter in text for letter in " \t\r\n<>/"))


def is_evidence_file(text: str) -> bool:
    """Whether an argument is a file with senders, such as a message."""
    return text.lower().endswith(_MESSAGES) and Path(text).is_file()


def read_file_words(text: str) -> str:
    """Return how a file with senders is read."""
    return f"to read who sent it, and what the record says to that: spfengine suggest --senders {visible(text, 60)}"


class SenderArgument(Expected):
    """The sender; says what is expected if it is missing, by what was given in its place."""

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return what a message about the missing sender says after its name."""
        given = "" if ctx is None else str(ctx.params.get("ip") or "")
        expected = super().get_missing_message(param, ctx)
        if is_evidence_file(given):
            return f"{visible(given, 60)} is a file; {read_file_words(given)}"
        domain = typed.domain_in(given)
        if domain is None or typed.address_in(given) is not None:
            return expected
        shown = visible_name(domain)
        return f"IP comes first: spfengine check IP {shown}; to look at the record alone: spfengine lint {shown}"


def is_record(text: str) -> bool:
    """Whether an argument is a record, and not a domain."""
    return text[:2].lower() == "v="


def pasted(text: str, ctx: click.Context | None) -> "Pasted":
    """Return a record without what was copied with it, such as quotes; say what was removed."""
    from spfengine.resolvers.zone_files.pasted import read_pasted

    record = read_pasted(text)
    if record.cleaned and is_record(record.text):
        printable = visible(record.text, _SHOWN_RECORD)
        _say(f"cleaned up in the record ({', '.join(record.cleaned)}); it is read as: {printable}", ctx)
        if len(record.strings) > 1 and (ctx is None or ctx.info_name != "lint"):  # lint says it with its findings
            _say_what_joining_broke(record.strings, ctx)
    return record


def _say_what_joining_broke(strings: tuple[str, ...], ctx: click.Context | None) -> None:
    """Say which strings of a pasted record are joined without a space, and what was probably meant."""
    from spfengine.linting import LintCode
    from spfengine.linting.lint import lint

    for finding in lint(None, record=strings):
        if finding.code is LintCode.MISSING_SPACE:
            _say(f"{finding.text} [{finding.code}]; {finding.hint}", ctx)


def drafts_by_name(drafts: tuple[Draft, ...], domain: str) -> dict[str, str]:
    """Return name → record; a draft without a name is for `domain`.

    Raises:
        click.BadParameter: two drafts are for one name.
    """
    records: dict[str, str] = {}
    for draft in drafts:
        name = domain if draft.name is None else draft.name
        if name.lower() in map(str.lower, records):
            message = f"there are two drafts for {visible_name(name)}; expected one"
            raise click.BadParameter(message, param_hint="'--draft'")
        records[name] = draft.record
    return records


def only_one_format(as_json: bool, as_csv: bool) -> None:
    """Raise click.UsageError if both --json and --csv were given."""
    if as_json and as_csv:
        raise click.UsageError("expected one of --json and --csv, not both")


zone = click.option(
    "--zone", "zones", metavar="[DOMAIN=]FILE", multiple=True, type=FileName(),
    help="Answer from this file instead of DNS: a zone file (RFC 1035), a recording (.json), the zonedata of an "
    "OpenSPF suite (.yml), record sets of Route 53 (.json), or octoDNS's YAML. Further files override the first. "
    "DOMAIN is what the file's names belong to, if neither the file nor its name says so. Of names outside a zone "
    "nothing is known, unless --live is given.",
)  # fmt: skip
live = click.option(
    "--live", is_flag=True,
    help="Ask DNS for what the files of --zone do not have: your zone as it will be, the rest as it is.",
)  # fmt: skip
draft = click.option(
    "--draft", "drafts", metavar="[NAME=]RECORD", multiple=True, type=DraftType(),
    help="Try this record as if it were published: at NAME, or at the domain that is checked.",
)  # fmt: skip


def _with_doh(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Return the servers of --nameserver, or those of --doh, which has been read before."""
    urls: tuple[str, ...] = ctx.meta.get(_DOH, ())
    if value and urls:
        raise click.UsageError("expected one of --nameserver and --doh, not both", ctx)
    for server in value:
        if is_doh(server):
            raise click.BadParameter(f"{visible(server, 80)!r} is a URL; give it with --doh", ctx, param)
    return urls or value


def _keep_doh(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> None:
    """Keep the servers of --doh, which commands get in place of those of --nameserver."""
    for url in value:
        if not is_doh(url):
            message = f"{visible(url, 80)!r} is not a URL; expected one like https://dns.example/dns-query"
            raise click.BadParameter(message, ctx, param)
    ctx.meta[_DOH] = value


def is_doh(server: str) -> bool:
    """Whether a server is that of a --doh: commands get both kinds in one list."""
    return "://" in server


def server_words(nameservers: Iterable[str]) -> list[str]:
    """Return the options of a command line that asks the same servers."""
    return [word for server in nameservers for word in ("--doh" if is_doh(server) else "--nameserver", server)]


_nameserver = click.option(
    "--nameserver", "nameservers", metavar="ADDR", multiple=True, callback=_with_doh,
    help="Ask this DNS server (ADDR or ADDR:PORT) instead of the system's; with --zone, it implies --live.",
)  # fmt: skip
_doh = click.option(
    "--doh", metavar="URL", multiple=True, expose_value=False, is_eager=True, callback=_keep_doh,
    help="Ask this server by DNS over HTTPS (RFC 8484) instead of the system's; with --zone, it implies --live.",
)  # fmt: skip


def _keep_dns_timeout(ctx: click.Context, param: click.Parameter, value: float | None) -> None:  # noqa: ARG001 - click calls it with this argument
    ctx.meta[DNS_TIMEOUT] = value


_dns_timeout = click.option(
    "--dns-timeout", metavar="S", type=Seconds(), expose_value=False, callback=_keep_dns_timeout,
    help="Seconds for one DNS question, after which it counts as not answered; at most 5 by default.",
)  # fmt: skip


def nameserver(command: _Callback) -> _Callback:
    """Add the options that say how DNS is asked: --nameserver, --doh, --dns-timeout, which `dns_seconds` returns."""
    return _nameserver(_doh(_dns_timeout(command)))


def dns_seconds() -> float | None:
    """Return the seconds of --dns-timeout, or None."""
    ctx = click.get_current_context(silent=True)
    return None if ctx is None else ctx.meta.get(DNS_TIMEOUT)


_limits = click.option(
    "--limits", "profile", type=click.Choice([*LIMIT_PROFILES, *SAME_LIMITS]), default="rfc", show_default=True,
    help="Whose limits of lookups and void lookups apply: those of RFC 7208, or those of a receiver.",
)  # fmt: skip
_void_rule = click.option(
    "--void-rule", type=click.Choice([str(rule) for rule in VoidRule]),
    help="What counts as a void lookup, if not what --limits says.",
)  # fmt: skip


def limits(command: _Callback) -> _Callback:
    """Add the options --limits and --void-rule; `limits_of` reads them."""
    return _limits(_void_rule(command))


def limits_of(profile: str, void_rule: str | None, seconds: float | None) -> Limits:
    """Return the limits that --limits and --void-rule ask for, with a time limit of its own."""
    theirs = limit_profile(profile).limits
    return Limits(theirs.lookups, theirs.voids, void_rule or theirs.void_rule, theirs.names, seconds)


timeout = click.option(
    "--timeout", metavar="S", type=Seconds(), default=SECONDS, show_default=True,
    help="Seconds after which a check ends in temperror.",
)  # fmt: skip
everything = click.option(
    "--all", "everything", is_flag=True, help="List all networks, senders and terms, however many."
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")


def answers(command: _Callback) -> _Callback:
    """Add the options that say where answers come from: --zone, --live, --draft, --nameserver, --doh."""
    return zone(live(draft(nameserver(command))))
