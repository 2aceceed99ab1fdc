"""What the commands that serve zones share: options, the zones, and the failures of servers and namespaces."""

import errno
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from spfengine.answers import Resolver
from spfengine.cli import exits, sources
from spfengine.cli.exits import CommandError, cannot_write
from spfengine.cli.options import Expected, FileName
from spfengine.errors import ArgumentError
from spfengine.visible import visible

if TYPE_CHECKING:
    from spfengine.testing.fake_dns import Query
    from spfengine.testing.faults import Fault


_ALLOW = (
    "; run it as root, or allow users their own namespaces (sysctl: user.max_user_namespaces above 0, "
    "kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0, if they exist; "
    "in a container also its seccomp profile)"
)


class FaultType(Expected):
    """NAME TYPE KIND and settings, as one argument."""

    name = "fault"

    def __init__(self) -> None:
        super().__init__("'NAME TYPE KIND'")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Fault":
        """Return the fault."""
        from spfengine.testing.faults import Fault

        try:
            return Fault.from_text(str(value))
        except ArgumentError as error:
            self.fail(str(error), param, ctx)


zones = click.argument("zones", metavar="ZONE...", nargs=-1, required=True, type=FileName("a zone to serve"))
faults = click.option(
    "--fault", "faults", metavar="'NAME TYPE KIND'", type=FaultType(), multiple=True,
    help="What goes wrong, as one argument: 'example.com TXT servfail', '* MX delay seconds=2 queries=1,3'.",
)  # fmt: skip
query_log = click.option(
    "--query-log",
    metavar="FILE",
    type=FileName(),
    help="Append each query to FILE as a line of JSON; '-' is standard output.",
)


def read(zones: Sequence[str]) -> Resolver:
    """Return the content of files, each overriding those before it.

    Raises:
        CommandError: a file can't be read or understood.
        click.UsageError: one of them is standard input.
    """
    if sources.STDIN in map(sources.file_of, zones):
        raise click.UsageError("ZONE is read again when it changes, so it can't be standard input; expected a file")
    return sources.base_resolver(zones, live=False, nameservers=())


@contextmanager
def query_lines(path: str | None) -> "Iterator[Callable[[Query], object] | None]":
    """Open the log of queries, if there is to be one. Raises CommandError."""
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
        raise cannot_write(visible(path), error) from error
    with stream:
        yield QueryLines(stream)


def no_namespaces(error: OSError) -> CommandError:
    """Return the failure that the system makes no namespaces."""
    advice = _ALLOW if error.errno in (errno.EPERM, errno.EACCES, errno.ENOSPC, errno.EUSERS) else ""
    return CommandError(exits.UNAVAILABLE, f"the system refuses: {error.strerror}{advice}")
