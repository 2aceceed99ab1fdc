"""click's side of the command line: types of values, and options made of what `shared_options` tells.

A value that can't be used names its argument.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from spfengine.cli import drafts, shared_options
from spfengine.cli.command_line import Command, Option
from spfengine.cli.drafts import is_record
from spfengine.cli.values import AN_ADDRESS, UnusableError, address, seconds
from spfengine.names import domain_fault, to_a_labels
from spfengine.visible import visible

if TYPE_CHECKING:
    from spfengine.resolvers.zone_files.pasted import Pasted

    _Type = click.ParamType[Any]
else:
    _Type = click.ParamType  # no generic class before click 8.3

_Callback = TypeVar("_Callback", bound=Callable[..., Any])


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


class Read(Expected):
    """What a function makes of a text."""

    def __init__(self, read: Callable[[str], Any], expected: str = "a value") -> None:
        super().__init__(expected)
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return what the text stands for."""
        try:
            return self._read(str(value))
        except UnusableError as error:
            self.fail(str(error), param, ctx)


class Address(Read):
    """The client's IP address."""

    name = "address"

    def __init__(self) -> None:
        super().__init__(address, AN_ADDRESS)


class Seconds(Read):
    """A time, in seconds."""

    name = "seconds"

    def __init__(self) -> None:
        super().__init__(seconds)


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


def pasted(text: str, ctx: click.Context | None) -> "Pasted":
    """Return a record without what clings to it where it was copied from; what was cleaned up is told on stderr."""
    return drafts.pasted(text, _teller(ctx))


def _teller(ctx: click.Context | None) -> drafts.Tell:
    path = "spfengine" if ctx is None else ctx.command_path
    return lambda told: click.echo(f"{path}: {told}", err=True)


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


class DraftType(_Type):
    """RECORD where it begins with "v=", otherwise NAME=RECORD."""

    name = "draft"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> drafts.Draft:
        """Return the draft that the text stands for."""
        try:
            return drafts.read_draft(str(value), _teller(ctx))
        except UnusableError as error:
            self.fail(str(error), param, ctx)


def option(told: Option) -> Callable[[_Callback], _Callback]:
    """Return the decorator of click that adds this option."""
    if told.is_flag:
        return click.option(told.word, told.name, is_flag=True, help=told.help)
    return click.option(
        told.word, told.name, metavar=told.metavar, type=_type(told), default=told.default,
        show_default=told.default is not None, multiple=told.multiple, help=told.help,
    )  # fmt: skip


def _type(told: Option) -> _Type:
    if told.choices:
        return click.Choice(told.choices)
    return DraftType() if told is shared_options.DRAFT else Read(told.read)


def command(told: Command) -> click.Command:
    """Return the command of click that takes what this one does."""
    made: Any = told.run
    for each in reversed(told.options):
        made = option(each)(made)
    for argument in reversed(told.arguments):
        made = click.argument(argument.name, type=Read(argument.read, argument.expected))(made)
    return click.command(epilog=told.epilog)(made)


zone = option(shared_options.ZONE)
draft = option(shared_options.DRAFT)
nameserver = option(shared_options.NAMESERVER)
void_rule = option(shared_options.VOID_RULE)
timeout = option(shared_options.TIMEOUT)
as_json = option(shared_options.AS_JSON)


def answers(command: _Callback) -> _Callback:
    """Add the options that say where answers come from: --zone, --draft, --nameserver."""
    return zone(draft(nameserver(command)))
