"""Options that commands share, and the types of their values. A value that can't be used names its argument."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar

import click

from spfengine.addresses import parse_address
from spfengine.errors import AddressError
from spfengine.names import domain_fault, to_a_labels
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from spfengine.resolvers.pasted import Pasted

    _Type = click.ParamType[Any]
else:
    _Type = click.ParamType  # no generic class before click 8.3

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Expected(_Type):
    """Any text; says what is expected where it is missing."""

    name = "text"

    def __init__(self, expected: str) -> None:
        self.expected = expected

    def get_missing_message(
        self,
        param: click.Parameter,  # noqa: ARG002 - click's signature
        ctx: click.Context | None = None,  # noqa: ARG002 - click's signature, of 8.2 on
    ) -> str:
        """Return what is told of a missing argument, beside its name."""
        return f"expected {self.expected}"


class Address(Expected):
    """The client's IP address."""

    name = "address"

    def __init__(self) -> None:
        super().__init__("an IP address, such as 192.0.2.1 or 2001:db8::1")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text as it was given, once it is known to be an address."""
        try:
            parse_address(value)
        except AddressError as error:
            self.fail(str(error), param, ctx)
        return str(value)


class Domain(Expected):
    """A domain whose record is meant."""

    name = "domain"

    def __init__(self) -> None:
        super().__init__("a domain, such as example.com")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the domain with U-labels as A-labels, and without final dot."""
        text = str(value)
        shown = visible(text, 80)
        if "@" in text:
            self.fail(f"{shown!r} is a mail address; expected its domain alone", param, ctx)
        name = to_a_labels(text)
        if name is None or not name.isascii():
            self.fail(f"{shown!r} is no domain name", param, ctx)
        name = name.removesuffix(".")
        fault = domain_fault(name)
        if fault is not None:
            self.fail(fault, param, ctx)
        return name


def is_record(text: str) -> bool:
    """Whether an argument is a record, and not a domain."""
    return text[:2].lower() == "v="


def pasted(text: str, ctx: click.Context | None) -> "Pasted":
    """Return a record without what clings to it where it was copied from; what was cleaned up is told on stderr."""
    from spfengine.resolvers.pasted import read_pasted

    found = read_pasted(text)
    if found.cleaned and is_record(found.text):
        path = "spfengine" if ctx is None else ctx.command_path
        told = f"cleaned up in the record ({', '.join(found.cleaned)}); it is read as: {visible(found.text, _SHOWN)}"
        click.echo(f"{path}: {told}", err=True)
    return found


_SHOWN = 1000


class DomainOrRecord(Domain):
    """A domain, or a record where it begins with "v="."""

    name = "domain or record"

    def __init__(self) -> None:
        super().__init__()
        self.expected = "a domain, or a record that begins with v=spf1"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return a record as it is, a domain as `Domain` does."""
        text = pasted(str(value), ctx).text
        return text if is_record(text) else super().convert(value, param, ctx)


class Draft(NamedTuple):
    """A record that stands for a published one.

    Attributes:
        name: whose TXT records it replaces; None: those of the domain that the command is about.
        record: its text.
    """

    name: str | None
    record: str


class DraftType(_Type):
    """RECORD where it begins with "v=", otherwise NAME=RECORD."""

    name = "draft"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Draft:
        """Return the draft that the text stands for."""
        text = str(value)
        found = pasted(text, ctx)
        if is_record(found.text):
            return Draft(
                None if found.owner in (None, "@") else self._name(str(found.owner), text, param, ctx), found.text
            )
        name, equals, record = found.text.partition("=")
        if not equals:
            self._refuse(text, "expected a record that begins with v=spf1, or NAME=RECORD", param, ctx)
        return Draft(self._name(name, text, param, ctx), pasted(record, ctx).text)

    def _name(self, name: str, text: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        a_labels = to_a_labels(name)
        if a_labels is None or name != name.strip() or " " in name:
            self._refuse(text, f"{visible(name, 60)!r} is no domain name; expected NAME=RECORD", param, ctx)
        name = a_labels.removesuffix(".")
        fault = domain_fault(name)
        if fault is not None:
            self._refuse(text, f"{fault}; expected NAME=RECORD", param, ctx)
        return name

    def _refuse(self, text: str, why: str, param: click.Parameter | None, ctx: click.Context | None) -> NoReturn:
        self.fail(f"{visible(text, 80)!r}: {why}", param, ctx)


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
            self.fail(f"{visible(str(value), 40)!r} is no time; expected seconds, more than 0", param, ctx)
        return seconds


def no_duplicates(drafts: tuple[Draft, ...], domain: str) -> dict[str, str]:
    """Return name → record; a draft without a name is for `domain`.

    Raises:
        click.BadParameter: two drafts are for one name.
    """
    found: dict[str, str] = {}
    for draft in drafts:
        name = domain if draft.name is None else draft.name
        if name.lower() in map(str.lower, found):
            told = f"there are two drafts for {visible_name(name)}; expected one"
            raise click.BadParameter(told, click.get_current_context(silent=True), param_hint="'--draft'")
        found[name] = draft.record
    return found


zone = click.option(
    "--zone", "zones", metavar="FILE", multiple=True,
    help="Answer from this file instead of DNS: a zone file (RFC 1035), a recording (.json), or the zonedata of an "
    "OpenSPF suite (.yml), record sets of Route 53 (.json), or octoDNS's YAML. More files are laid over the first.",
)  # fmt: skip
draft = click.option(
    "--draft", "drafts", metavar="[NAME=]RECORD", type=DraftType(), multiple=True,
    help="Try this record as if it were published: at NAME, or at the domain that is checked.",
)  # fmt: skip
nameserver = click.option(
    "--nameserver", "nameservers", metavar="ADDR", multiple=True,
    help="Ask this DNS server (ADDR or ADDR:PORT) instead of the system's.",
)  # fmt: skip
as_json = click.option("--json", "as_json", is_flag=True, help="Give one JSON document instead of text.")


def answers(command: _Command) -> _Command:
    """Add the options that say where answers come from: --zone, --draft, --nameserver."""
    return zone(draft(nameserver(command)))
