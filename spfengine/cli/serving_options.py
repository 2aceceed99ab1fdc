"""What the commands that serve zones share: their options, and a FakeDNS made of them."""

import errno
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import click

from spfengine.answers import Resolver
from spfengine.cli import exits, sources
from spfengine.cli.exits import Failure
from spfengine.cli.options import Expected
from spfengine.errors import ArgumentError
from spfengine.visible import visible

if TYPE_CHECKING:
    from spfengine.testing.fake_dns import Query
    from spfengine.testing.faults import Fault

    _Type = click.ParamType[Any]
else:
    _Type = click.ParamType  # no generic class before click 8.3


_ALLOW = (
    "; run it as root, or allow users their own namespaces (sysctl: user.max_user_namespaces above 0, "
    "kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0, where they are there; "
    "in a container also its seccomp profile)"
)


class FaultType(_Type):
    """NAME TYPE KIND and settings, as one argument."""

    name = "fault"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Fault":
        """Return the fault that the text stands for."""
        from spfengine.testing.faults import Fault

        try:
            return Fault.from_text(str(value))
        except ArgumentError as error:
            self.fail(str(error), param, ctx)


class Listen(_Type):
    """ADDR, ADDR:PORT or [ADDR]:PORT."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        """Return address and port; 0 takes a free one."""
        text = str(value)
        host, port = text, "0"
        if text.startswith("["):
            host, bracket, port = text[1:].partition("]")
            port = port.removeprefix(":") if bracket else "?"
        elif text.count(":") == 1:
            host, _, port = text.partition(":")
        if not port.isdecimal() or not port.isascii() or len(port) > 5:
            self._refuse(text, param, ctx)
        return host, int(port)

    def _refuse(self, text: str, param: click.Parameter | None, ctx: click.Context | None) -> NoReturn:
        told = f"{visible(text, 80)!r} is no address to listen at; expected one like 127.0.0.1:5353 or [::1]:5353"
        self.fail(told, param, ctx)


zones = click.argument("zones", metavar="ZONE...", nargs=-1, required=True, type=Expected("a zone to serve"))
faults = click.option(
    "--fault", "faults", metavar="'NAME TYPE KIND'", type=FaultType(), multiple=True,
    help="What goes wrong, as one argument: 'example.com TXT servfail', '* MX delay seconds=2 queries=1,3'.",
)  # fmt: skip
query_log = click.option(
    "--query-log", metavar="FILE", help="Append each query to FILE as a line of JSON; '-' is standard output."
)


def read(zones: Sequence[str]) -> Resolver:
    """Return what several files say together.

    Raises:
        Failure: a file can't be read or understood.
        click.UsageError: one of them is standard input.
    """
    if "-" in zones:
        raise click.UsageError("ZONE is read again when it changes, so it can't be standard input; expected a file")
    return sources.base_resolver(zones, (), 1.0)


@contextmanager
def query_lines(path: str | None) -> "Iterator[Callable[[Query], object] | None]":
    """Open the log of queries for as long as it is written. Raises Failure."""
    if path is None:
        yield None
        return
    from spfengine.testing.serving import QueryLines

    if path == "-":
        yield QueryLines(sys.stdout)
        return
    try:
        stream = open(path, "a", encoding="ascii")  # noqa: SIM115 - only the opening is a failure of the file
    except OSError as error:
        raise cannot_write(path, error) from error
    with stream:
        yield QueryLines(stream)


def cannot_write(path: str, error: OSError) -> Failure:
    """Return the failure that a file can't be written."""
    return Failure(exits.CANNOT_CREATE, f"{visible(path)} can't be written: {error.strerror or error}")


def no_namespaces(error: OSError) -> Failure:
    """Return the failure that the system makes no namespaces."""
    advice = _ALLOW if error.errno in (errno.EPERM, errno.EACCES, errno.ENOSPC, errno.EUSERS) else ""
    return Failure(exits.UNAVAILABLE, f"the system refuses: {error.strerror}{advice}")
