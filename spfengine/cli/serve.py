"""`spfengine serve`: a DNS server on loopback that answers from zone files, for tests of any program."""

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from spfengine.answers import Resolver
from spfengine.cli import exits, serving_options
from spfengine.cli.exits import Failure
from spfengine.visible import visible

if TYPE_CHECKING:
    from spfengine.testing.faults import Fault

_EPILOG = """\b
Examples:
  spfengine serve example.com.zone
  spfengine serve suite.yml --listen 127.0.0.1:5353 --query-log queries.jsonl
  spfengine serve example.com.zone --fault 'example.com TXT servfail queries=1'

When it is ready it prints one line of JSON with its address, ports and process id. SIGHUP and any change of a file
reload the zone; SIGTERM and SIGINT end it.

The exit code: 0 when it was ended, 69 where it can't listen.
"""


@click.command(epilog=_EPILOG)
@serving_options.zones
@click.option(
    "--listen", metavar="ADDR[:PORT]", type=serving_options.Listen(), default="127.0.0.1:0",
    help="Where to listen, UDP and TCP: 127.0.0.1 where it is not given; without a port, a free one.",
)  # fmt: skip
@click.option("--allow-remote", is_flag=True, help="Listen at an address that is not loopback, where anybody can ask.")
@serving_options.faults
@click.option(
    "--ready-file", metavar="FILE", help="Write the ready line to FILE too; the file is there as long as the server."
)
@serving_options.query_log
def command(
    zones: tuple[str, ...],
    listen: tuple[str, int],
    allow_remote: bool,
    faults: "tuple[Fault, ...]",
    ready_file: str | None,
    query_log: str | None,
) -> int:
    """Serve zones by DNS on loopback, UDP and TCP, with faults on demand. ZONE is a file as --zone takes it."""
    from spfengine.testing import serving
    from spfengine.testing.fake_dns import FakeDNS

    def reload() -> Resolver | None:
        try:
            resolver = serving_options.read(zones)
        except Failure as failure:
            _tell(f"still serving the old zone: {failure.message}")
            return None
        _tell("serving the new zone")
        return resolver

    host, port = listen
    with serving_options.query_lines(query_log) as on_query:
        server = FakeDNS(
            serving_options.read(zones), host, port, faults=faults, allow_remote=allow_remote, on_query=on_query
        )
        try:
            server.start()
        except OSError as error:
            told = f"can't listen at {visible(host)} port {port}: {error.strerror or error}"
            raise Failure(exits.UNAVAILABLE, told) from error
        with ExitStack() as stack:
            stack.callback(server.stop)

            def announce() -> None:
                line = serving.ready(server)
                try:
                    stack.enter_context(serving.ready_file(ready_file, line))
                except OSError as error:
                    raise serving_options.cannot_write(ready_file or "", error) from error
                sys.stdout.write(line)
                sys.stdout.flush()

            serving.serve_until_stopped(server, announce, reload, zones)
    if server.errors:
        _tell(f"{len(server.errors)} queries could not be answered or logged; the last: {server.errors[-1]!r}")
    return 0


def _tell(message: str) -> None:
    """Tell on stderr what happens while the server runs."""
    sys.stderr.write(f"spfengine serve: {visible(message, 2000)}\n")
    sys.stderr.flush()
