"""`spfengine run-with`: a command whose only DNS server is spfengine, on port 53 of a network of its own (Linux)."""

import errno
import sys
from typing import TYPE_CHECKING

import click

from spfengine.cli import exits, serving
from spfengine.cli.exits import CommandError
from spfengine.cli.options import FileName
from spfengine.visible import visible

if TYPE_CHECKING:
    from spfengine.testing.faults import Fault

_EPILOG = f"""\b
Examples:
  spfengine run-with example.com.zone -- spfquery --ip=192.0.2.1 --sender=alice@example.com
  spfengine run-with --fault 'example.com TXT silence' example.com.zone -- sh -c 'exim4 -bh 192.0.2.1 <dialogue'

The command runs in mount and network namespaces of its own: /etc/resolv.conf names our server, and there is no other
network. Options go before ZONE. When the command ends, everything that it started ends too.

The exit code: that of the command; 128 + N if signal N ended it, 126 or 127 if it can't be run; 69 if the system
refuses the namespaces. {exits.OTHER_HELP}.
"""


@click.command(epilog=_EPILOG, context_settings={"allow_interspersed_args": False, "ignore_unknown_options": False})
@click.argument("zone", metavar="ZONE", type=FileName("a zone to serve"))
@click.argument("words", metavar="-- CMD [ARG]...", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--zone",
    "more",
    metavar="FILE",
    type=FileName(),
    multiple=True,
    help="A zone that overrides ZONE; may be given several times.",
)
@serving.faults
@serving.query_log
def command(
    zone: str, words: tuple[str, ...], more: tuple[str, ...], faults: "tuple[Fault, ...]", query_log: str | None
) -> int:
    """Run CMD with the fake DNS server as its only one, on port 53. ZONE is a file as other commands' --zone takes
    it.
    """
    words = words[1:] if words[:1] == ("--",) else words
    if not words:
        raise click.UsageError("no command to run; expected ZONE -- CMD [ARG]...")
    resolver = serving.read((zone, *more))
    if sys.platform != "linux":
        raise CommandError(exits.UNAVAILABLE, "run-with needs Linux's namespaces; elsewhere use: spfengine serve")
    from spfengine.testing import isolation
    from spfengine.testing.fake_dns import FakeDNS

    with serving.query_lines(query_log) as on_query:
        server = FakeDNS(resolver, isolation.NAMESERVER, 53, faults=faults, on_query=on_query)
        try:
            isolation.enter_namespaces()
            server.start()
        except OSError as error:
            raise serving.no_namespaces(error) from error
        try:
            return isolation.run_command(words)
        except OSError as error:
            code = isolation.NOT_FOUND if error.errno == errno.ENOENT else isolation.NOT_EXECUTABLE
            raise CommandError(code, f"{visible(words[0])} can't be run: {error.strerror}") from error
        finally:
            server.stop()
