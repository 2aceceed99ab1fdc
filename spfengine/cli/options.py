"""What commands share of the command line: types of arguments, options, and drafts.

A type that only one command has is defined with that command.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from spfengine.addresses import parse_address
from spfengine.errors import AddressError
from spfengine.evaluation.limits import VoidRule
from spfengine.names import domain_fault, to_a_labels
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from spfengine.resolvers.zone_files.pasted import Pasted

    _Type = click.ParamType[Any]
else:
    _Type = click.ParamType  # click 8.2 and older have no generic class

_Callback = TypeVar("_Callback", bound=Callable[..., Any])

SECONDS = 20.0
"""The time limit of a check, if no option gives another."""
_SHOWN_RECORD = 1000
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
        param: click.Parameter,  # noqa: ARG002 - click's signature
        ctx: click.Context | None = None,  # noqa: ARG002 - click's signature, from 8.2 on
    ) -> str:
        """Return what a message about a missing argument says after its name."""
        return f"expected {self.expected}"


class Address(Expected):
    """The client's IP address."""

    name = "address"

    def __init__(self) -> None:
        super().__init__("an IP address, such as 192.0.2.1 or 2001:db8::1")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the address as it was written."""
        text = str(value)
        try:
            parse_address(text)
        except AddressError as error:
            self.fail(str(error), param, ctx)
        return text


class Network(Expected):
    """An address or a network."""

    name = "network"

    def __init__(self) -> None:
        super().__init__("an address or a network, such as 192.0.2.1 or 192.0.2.0/24")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text as it was written."""
        text = str(value)
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


def endpoint_text(host: str, port: int | None) -> str:
    """Return an endpoint as `Endpoint` reads it."""
    if port is None:
        return f"unix:{host}"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


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
        printable = visible(text, 80)
        if "@" in text:
            self.fail(f"{printable!r} is a mail address; expected its domain alone", param, ctx)
        name = to_a_labels(text)
        if name is None or not name.isascii():
            self.fail(f"{printable!r} is not a domain name", param, ctx)
        name = name.removesuffix(".")
        fault = domain_fault(name)
        if fault is not None:
            self.fail(fault, param, ctx)
        return name


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
        ip, comma, sender = str(value).partition(",")
        Address().convert(ip, param, ctx)
        if comma and "@" not in sender:
            self.fail(f"{visible(str(value), 80)!r}: expected IP or IP,ADDRESS", param, ctx)
        return ip, sender


def is_record(text: str) -> bool:
    """Whether an argument is a record, and not a domain."""
    return text[:2].lower() == "v="


def pasted(text: str, ctx: click.Context | None) -> "Pasted":
    """Return a record without what was copied with it, such as quotes; say on stderr what was removed."""
    from spfengine.resolvers.zone_files.pasted import read_pasted

    record = read_pasted(text)
    if record.cleaned and is_record(record.text):
        path = "spfengine" if ctx is None else ctx.command_path
        printable = visible(record.text, _SHOWN_RECORD)
        what = ", ".join(record.cleaned)
        click.echo(f"{path}: cleaned up in the record ({what}); it is read as: {printable}", err=True)
    return record


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
    "--zone", "zones", metavar="[DOMAIN=]FILE", multiple=True,
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
nameserver = click.option(
    "--nameserver", "nameservers", metavar="ADDR", multiple=True,
    help="Ask this DNS server (ADDR or ADDR:PORT) instead of the system's; with --zone, it implies --live.",
)  # fmt: skip
void_rule = click.option(
    "--void-rule", type=click.Choice([str(rule) for rule in VoidRule]), default=str(VoidRule.PER_TERM),
    show_default=True, help="What counts as a void lookup; receivers differ.",
)  # fmt: skip
timeout = click.option(
    "--timeout", metavar="S", type=Seconds(), default=SECONDS, show_default=True,
    help="Seconds after which a check ends in temperror.",
)  # fmt: skip
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")


def answers(command: _Callback) -> _Callback:
    """Add the options that say where answers come from: --zone, --live, --draft, --nameserver."""
    return zone(live(draft(nameserver(command))))
