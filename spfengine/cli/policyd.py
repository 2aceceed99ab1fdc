"""`spfengine policyd`: SPF for Postfix, as a policy server."""

import socket
import sys
from collections.abc import Callable
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import click

from spfengine.cli import options, sources
from spfengine.errors import ArgumentError
from spfengine.evaluation.limits import Limits
from spfengine.evaluation.session import HELO, MAILFROM
from spfengine.receiver.delegation import BOTH, Delegation, Header, Refusal, Rules, checked_rules
from spfengine.visible import visible

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

_EPILOG = """\b
Examples, in /etc/postfix/master.cf and main.cf:
  policyd-spf unix - n n - 0 spawn user=nobody argv=/usr/bin/spfengine policyd
  smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination,
      check_policy_service unix:private/policyd-spf

As a server of its own: spfengine policyd --listen 127.0.0.1:10023, and check_policy_service inet:127.0.0.1:10023.

It ends with 0 at SIGTERM, SIGINT and the end of its input. Otherwise: 64 the command line can't be understood, 65 a
file can't be understood, 66 a file can't be read, 69 there is no DNS server to ask, or the address to listen at can't
be had.
"""


class Network(options.Expected):
    """An address or a network."""

    name = "network"

    def __init__(self) -> None:
        super().__init__("an address, or a network like 192.0.2.0/24")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the network."""
        try:
            return ip_network(value)
        except ValueError as error:
            self.fail(visible(str(error), 200), param, ctx)


class Listen(options.Expected):
    """Where to listen: HOST:PORT or unix:PATH."""

    name = "listen"

    def __init__(self) -> None:
        super().__init__("HOST:PORT, [HOST]:PORT or unix:PATH")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int | None]:
        """Return host and port, or path and None."""
        from spfengine.cli.policyd_server import place

        try:
            return place(value) if isinstance(value, str) else value
        except ArgumentError as error:
            self.fail(str(error), param, ctx)


def _refusal(option: str, result: str, default: Refusal) -> Callable[[Any], Any]:
    return click.option(
        option, type=click.Choice([str(each) for each in Refusal]), default=str(default), show_default=True,
        help=f"What to do with {result}.",
    )  # fmt: skip


@click.command(epilog=_EPILOG)
@click.option(
    "--listen", "places", metavar="HOST:PORT|unix:PATH", type=Listen(), multiple=True,
    help="Serve there, until SIGTERM; without it, one client on stdin and stdout. May be given several times.",
)  # fmt: skip
@click.option("--allow-remote", is_flag=True, help="Let --listen be an address that is not loopback.")
@click.option("--hostname", metavar="NAME", help="The receiving host, for header fields and %{r}; else this machine's.")
@click.option(
    "--identity", type=click.Choice([MAILFROM, HELO, BOTH]), default=MAILFROM, show_default=True,
    help="What to check: the sender, the HELO name, or the HELO name and then the sender.",
)  # fmt: skip
@click.option(
    "--header", type=click.Choice([str(each) for each in Header]), default=str(Header.RECEIVED_SPF), show_default=True,
    help="The header field that an accepted message gets.",
)  # fmt: skip
@_refusal("--fail", "fail", Refusal.REJECT)
@_refusal("--temperror", "temperror", Refusal.DEFER)
@_refusal("--permerror", "permerror", Refusal.ACCEPT)
@click.option(
    "--skip", metavar="NETWORK", type=Network(), multiple=True,
    help="Don't check clients there, such as forwarders of your own. May be given several times.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Accept every message, and log what would have been done.")
@options.zone
@options.nameserver
@options.void_rule
@options.timeout
@click.option("--syslog", is_flag=True, help="Log to syslog (facility mail); else to stderr, with --listen only.")
def command(
    places: tuple[tuple[str, int | None], ...],
    allow_remote: bool,
    hostname: str | None,
    identity: str,
    header: str,
    fail: str,
    temperror: str,
    permerror: str,
    skip: "tuple[IPv4Network | IPv6Network, ...]",
    dry_run: bool,
    zones: tuple[str, ...],
    nameservers: tuple[str, ...],
    void_rule: str,
    timeout: float,
    syslog: bool,
) -> int:
    """Answer Postfix's policy requests (check_policy_service): refuse a message, or add a header field to it.

    A fail is refused with 550 5.7.23 and the domain's explanation, a temperror deferred with 451 4.7.24; all other
    messages are accepted with a header field. All recipients of a message get one evaluation.
    """
    from spfengine.cli import policyd_server

    rules = checked_rules(
        Rules(
            hostname or socket.gethostname(), identity, Header(header), Refusal(fail), Refusal(temperror),
            Refusal(permerror), skip, dry_run, Limits(void_rule=void_rule, seconds=timeout),
        )
    )  # fmt: skip
    for host, port in places:
        if port is not None and not allow_remote and not policyd_server.is_loopback(host):
            told = f"--listen {host} is not loopback, so others could ask; use 127.0.0.1, or say --allow-remote"
            raise click.UsageError(told)
    resolver = sources.base_resolver(zones, nameservers, timeout)
    log = _log(syslog=syslog, listens=bool(places))
    delegation = Delegation(rules, resolver, log)
    if places:
        return policyd_server.serve(delegation, places)
    return policyd_server.serve_stdin(delegation)


def _log(*, syslog: bool, listens: bool) -> Callable[[str], object] | None:
    """Return what writes a line of the log; None where nothing may: Postfix's spawn(8) takes stderr for the reply."""
    if syslog:
        import syslog as system

        system.openlog("spfengine-policyd", system.LOG_PID, system.LOG_MAIL)
        return system.syslog
    return _to_stderr if listens else None


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
