"""`spfengine ui`: the page on which people paste a message and get the record to publish, on loopback."""

import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import click

from spfengine.answers import Resolver
from spfengine.cli import exits, options, sources
from spfengine.cli.exits import CommandError, reason
from spfengine.policyd.sockets import listen, place_of
from spfengine.visible import visible
from spfengine.wording import endpoint_text

if TYPE_CHECKING:
    import socket

_DEFAULT = "127.0.0.1:8025"
_MOST_CONNECTIONS = 500
_IDLE_SECONDS = 30
_EPILOG = f"""\b
Examples:
  spfengine ui
  spfengine ui --listen 127.0.0.1:9000 --nameserver 192.0.2.53

Open the address that it prints in a browser. What you paste or drop there does not leave this machine, except the names
that DNS is asked for, if the box on the page is ticked. Without --allow-remote, only this machine can open it.

The exit code: 0 after SIGTERM or SIGINT, 69 it can't listen, or a package that it needs is not installed.
{exits.OTHER_HELP}.
"""


@click.command(epilog=_EPILOG)
@click.option(
    "--listen", "endpoint", metavar="ADDR[:PORT]", type=options.Endpoint(any_port=True), default=_DEFAULT,
    show_default=True, help="Where to listen; without a port, at a free one.",
)  # fmt: skip
@click.option("--allow-remote", is_flag=True, help="Allow --listen at an address that is not loopback.")
@click.option(
    "--name", "names", metavar="NAME[:PORT]", multiple=True,
    help="With --allow-remote: a name by which browsers may ask, as in the address of the page.",
)  # fmt: skip
@options.nameserver
def command(endpoint: tuple[str, int], allow_remote: bool, names: tuple[str, ...], nameservers: tuple[str, ...]) -> int:
    """Serve the page on which you paste a failed message, see why it failed, and get the record to publish."""
    from spfengine.web.server import NEEDED

    if any(find_spec(name) is None for name in ("starlette", "uvicorn", "jinja2")):
        raise CommandError(exits.UNAVAILABLE, NEEDED)
    host, port = endpoint
    if not allow_remote and not ip_address(host).is_loopback:
        message = f"{visible(host)} is not loopback, so others could open the page; use 127.0.0.1, or --allow-remote"
        raise click.UsageError(message)
    live = _live(nameservers)
    try:
        listening = listen(host, port)
    except OSError as error:
        where = endpoint_text(visible(host), port)
        raise CommandError(exits.UNAVAILABLE, f"can't listen at {where}: {reason(error)}") from error
    with listening:
        _serve(listening, live, names)
    return 0


def _live(nameservers: tuple[str, ...]) -> Callable[[], Resolver] | None:
    """Return what returns the resolver that asks DNS; None, after a note, if the system has no DNS server."""
    try:
        resolver = sources.base_resolver((), live=True, nameservers=nameservers)
    except CommandError as failure:
        if nameservers:
            raise
        click.echo(f"spfengine ui: DNS can't be asked, only files: {failure.message}", err=True)
        return None
    return lambda: resolver


def _serve(listening: "socket.socket", live: Callable[[], Resolver] | None, names: tuple[str, ...]) -> None:
    """Answer browsers until SIGTERM or SIGINT."""
    import asyncio

    import uvicorn

    from spfengine.web.server import application

    place = place_of(listening)
    port = place.rpartition(":")[2]
    hosts = {place, f"localhost:{port}", *names}
    if port == "80":
        hosts |= {name.removesuffix(":80") for name in hosts}
    config = uvicorn.Config(
        application(live, hosts), http="h11", ws="none", lifespan="on", log_level="warning", access_log=False,
        server_header=False, proxy_headers=False, limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=_IDLE_SECONDS, timeout_graceful_shutdown=1,
    )  # fmt: skip
    with suppress(OSError, ValueError):
        sys.stdout.write(f"http://{place}/\n")
        sys.stdout.flush()
    before = {number: signal.signal(number, _nothing) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        asyncio.run(uvicorn.Server(config).serve(sockets=[listening]))  # after its end, it repeats the signal
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _nothing(number: int, frame: Any) -> None:
    """Do nothing: the server has ended already."""
