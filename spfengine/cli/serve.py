"""`spfengine serve`: a DNS server on loopback that answers from zone files, for tests of any program."""

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from spfengine.answers import Resolver
from spfengine.cli import exits, options, serving, sources
from spfengine.cli.exits import CommandError, cannot_write, reason
from spfengine.visible import visible

if TYPE_CHECKING:
    from spfengine.testing.faults import Fault

_EPILOG = f"""\b
Examples:
  spfengine serve example.com.zone
  spfengine serve suite.yml --listen 127.0.0.1:5353 --query-log queries.jsonl
  spfengine serve example.com.zone --fault 'example.com TXT servfail queries=1'

When it is ready it prints one line of JSON with its address, ports and process id. SIGHUP and any change of a file
reload the zone; SIGTERM and SIGINT end it.

The exit code: 0 after SIGTERM or SIGINT, 69 if it can't listen. {exits.OTHER_HELP}.
"""


@click.command(epilog=_EPILOG)
@serving.zones
@click.option(
    "--listen", metavar="ADDR[:PORT]", type=options.Endpoint(any_port=True), default="127.0.0.1:0",
    help="Where to listen, UDP and TCP: by default at 127.0.0.1; without a port, at a free one.",
)  # fmt: skip
@click.option(
    "--allow-remote", is_flag=True, help="Allow --listen at an address that is not loopback, where anybody can ask."
)
@serving.faults
@click.option(
    "--ready-file",
    metavar="FILE",
    type=options.FileName(),
    help="Write the ready line to FILE too; the file exists as long as the server.",
)
@serving.query_log
def command(
    zones: tuple[str, ...],
    listen: tuple[str, int],
    allow_remote: bool,
    faults: "tuple[Fault, ...]",
    ready_file: str | None,
    query_log: str | None,
) -> int:
    """Serve zones by DNS on loopback, UDP and TCP, with faults on demand. ZONE is a file as other commands' --zone
    takes it.
    """
    from spfengine.testing import serving as testing_serving
    from spfengine.testing.fake_dns import FakeDNS

    def reload() -> Resolver | None:
        try:
            resolver = serving.read(zones)
        except CommandError as failure:
            _report(f"still serving the old zone: {failure.message}")
            return None
        _report("serving the new zone")
        return resolver

    host, port = listen
    with serving.query_lines(query_log) as on_query:
        server = FakeDNS(serving.read(zones), host, port, faults=faults, allow_remote=allow_remote, on_query=on_query)
        try:
            server.start()
        except OSError as error:
            message = f"can't listen at {visible(host)} port {port}: {reason(error)}"
            raise CommandError(exits.UNAVAILABLE, message) from error
        with ExitStack() as stack:
            stack.callback(server.stop)

            def announce() -> None:
                line = testing_serving.ready(server)
                try:
                    stack.enter_context(testing_serving.ready_file(ready_file, line))
                except OSError as error:
                    raise cannot_write(visible(ready_file or ""), error) from error
                sys.stdout.write(line)
                sys.stdout.flush()

            testing_serving.serve_until_stopped(server, announce, reload, [sources.file_of(zone) for zone in zones])
    if server.errors:
        _report(f"{len(server.errors)} queries could not be answered or logged; the last: {server.errors[-1]!r}")
    return 0


def _report(message: str) -> None:
    """Say on stderr what happens while the server runs."""
    sys.stderr.write(f"spfengine serve: {visible(message, 2000)}\n")
    sys.stderr.flush()
