"""`spfengine policyd`: SPF for Postfix, as a policy server."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from spfengine.cli import exits, options, sources
from spfengine.cli.exits import CommandError, reason
from spfengine.errors import ArgumentError
from spfengine.evaluation.session import HELO, MAILFROM
from spfengine.policyd import systemd
from spfengine.policyd.log import Log
from spfengine.policyd.sockets import listen
from spfengine.receiver.decision import Decision
from spfengine.receiver.delegation import Delegation
from spfengine.receiver.requests import RequestReader, reply
from spfengine.receiver.rules import BOTH, Header, Refusal, Rules, checked_rules
from spfengine.visible import visible
from spfengine.wording import endpoint_text

if TYPE_CHECKING:
    from spfengine.policyd.bounds import Bounds

_Endpoint = tuple[str, int | None]  # address and port, or path and None

_EPILOG = f"""\b
Examples, in /etc/postfix/master.cf and main.cf:
  policyd-spf unix - n n - 0 spawn user=nobody argv=/usr/bin/spfengine policyd
  smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination,
      check_policy_service unix:private/policyd-spf

As a server of its own: spfengine policyd --listen 127.0.0.1:10023, and check_policy_service inet:127.0.0.1:10023.

It ends with 0 at SIGTERM, SIGINT and the end of its input. {exits.OTHER_HELP}, 69 there is no DNS server to ask, or it
can't listen at the address.
"""
_PIECE = 1 << 14
_FAILED = "451 4.3.5 The SPF check failed, try again later"
_CYCLES = 20_000  # objects that are made before the garbage collector looks for reference cycles
_LONGEST_TURN = 20.0  # seconds that a check of a domain whose checks cost much waits


def _refusal(option: str, result: str, default: Refusal) -> Callable[[Any], Any]:
    return click.option(
        option, type=click.Choice(list(map(str, Refusal))), default=str(default), show_default=True,
        help=f"What to do with {result}.",
    )  # fmt: skip


@click.command(epilog=_EPILOG)
@click.option(
    "--listen", "endpoints", metavar="HOST:PORT|unix:PATH", type=options.Endpoint(unix=True), multiple=True,
    help="Serve there, until SIGTERM; without it, one client on stdin and stdout. May be given several times.",
)  # fmt: skip
@click.option("--allow-remote", is_flag=True, help="Allow --listen at an address that is not loopback.")
@click.option("--hostname", metavar="NAME", help="The receiving host, for header fields and %{r}; else this machine's.")
@click.option(
    "--identity", type=click.Choice([MAILFROM, HELO, BOTH]), default=BOTH, show_default=True,
    help="What to check: the sender, the HELO name, or the HELO name and then the sender, as RFC 7208 recommends.",
)  # fmt: skip
@click.option(
    "--header", type=click.Choice(list(map(str, Header))), default=str(Header.RECEIVED_SPF), show_default=True,
    help="The header field that an accepted message gets.",
)  # fmt: skip
@_refusal("--fail", "fail", Refusal.REJECT)
@_refusal("--temperror", "temperror", Refusal.DEFER)
@_refusal("--permerror", "permerror", Refusal.ACCEPT)
@click.option(
    "--skip", metavar="NETWORK", type=options.Network(), multiple=True,
    help="Don't check clients there, such as your own forwarders. May be given several times.",
)  # fmt: skip
@click.option(
    "--strict-private", is_flag=True,
    help="Check clients with a private or loopback address too; without it, Postfix decides about them.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Accept every message, and log what would have been done.")
@options.zone
@options.live
@options.nameserver
@options.limits
@options.timeout
@click.option("--syslog", is_flag=True, help="Log to syslog (facility mail); else to stderr, with --listen only.")
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How the log is written: lines for people, or a JSON object in each line.",
)  # fmt: skip
@click.option(
    "--metrics", metavar="HOST:PORT|unix:PATH", type=options.Endpoint(unix=True),
    help="With --listen: show numbers there for Prometheus, as http://HOST:PORT/metrics.",
)  # fmt: skip
def command(
    endpoints: tuple[_Endpoint, ...],
    allow_remote: bool,
    hostname: str | None,
    identity: str,
    header: str,
    fail: str,
    temperror: str,
    permerror: str,
    skip: tuple[str, ...],
    strict_private: bool,
    dry_run: bool,
    zones: tuple[str, ...],
    live: bool,
    nameservers: tuple[str, ...],
    profile: str,
    void_rule: str | None,
    timeout: float,
    syslog: bool,
    log_format: str,
    metrics: _Endpoint | None,
) -> int:
    """Answer Postfix's policy requests (check_policy_service): refuse a message, or add a header field to it.

    A fail is refused with 550 5.7.23 and the domain's explanation, a temperror deferred with 451 4.7.24; all other
    messages are accepted with a header field. There is one check for all recipients of a message.
    """
    rules = checked_rules(
        Rules(
            hostname or socket.gethostname(), identity, Header(header), Refusal(fail), Refusal(temperror),
            Refusal(permerror), tuple(map(ip_network, skip)), strict_private, dry_run,
            options.limits_of(profile, void_rule, timeout),
        )
    )  # fmt: skip
    handed_over = systemd.handed_over()
    for host, port in (*endpoints, *([] if metrics is None else [metrics])):
        if port is not None and not allow_remote and not ip_address(host).is_loopback:
            message = f"{visible(host)} is not loopback, so others could ask; use 127.0.0.1, or give --allow-remote"
            raise click.UsageError(message)
    listens = bool(endpoints or handed_over)
    if metrics is not None and not listens:
        raise click.UsageError("--metrics needs --listen, since each process on stdin would have its own numbers")
    write = _log(syslog=syslog, listens=listens)
    if not listens:
        log = None if write is None else Log(write, as_json=log_format == "json")
        # nothing may be written to stderr, which Postfix's spawn(8) takes for the reply
        resolver = sources.base_resolver(zones, live, nameservers, timeout, unreachable=lambda *_: None)
        return _serve_stdin(_delegation(rules, resolver, log))
    assert write is not None, "a server has a log"
    settings = _Settings(rules, zones, live, nameservers, timeout)
    return _serve(settings, Log(write, as_json=log_format == "json"), endpoints, metrics, handed_over)


def _delegation(rules: Rules, resolver: Any, log: Log | None) -> Delegation:
    return Delegation(rules, resolver) if log is None else Delegation(rules, resolver, log.note, log.decided)


def _log(*, syslog: bool, listens: bool) -> Callable[[str], object] | None:
    """Return the function that writes a line of the log; None if nothing may be written: Postfix's spawn(8) takes
    stderr for the reply.
    """
    if syslog:
        import syslog as system

        system.openlog("spfengine-policyd", system.LOG_PID, system.LOG_MAIL)
        return system.syslog
    if not listens:
        return None
    from spfengine.policyd.lines import Lines

    return Lines(sys.stderr).write


def _serve_stdin(delegation: Delegation) -> int:
    """Answer requests on stdin until it ends or SIGTERM comes."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    reader = RequestReader()
    try:
        while octets := os.read(0, _PIECE):
            for attributes in reader.feed(octets):
                try:
                    action = delegation.decide(attributes)
                except Exception as error:  # noqa: BLE001 - whatever one request does, the next is answered
                    action = _failed(delegation, error)
                _write(reply(action))
    except ArgumentError as error:
        delegation.note(str(error))
        return exits.DATA
    except (KeyboardInterrupt, BrokenPipeError):  # SIGTERM; or Postfix has gone
        return 0
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


def _failed(delegation: Delegation, error: Exception) -> str:
    delegation.note(f"the check failed: {type(error).__name__}: {error}")
    return _FAILED


def _write(octets: bytes) -> None:
    while octets:
        octets = octets[os.write(1, octets) :]


class _Settings(NamedTuple):
    """What a server was started with.

    Attributes:
        rules: what to do with results.
        zones, live, nameservers: what answers, as given.
        timeout: seconds for a check.
    """

    rules: Rules
    zones: tuple[str, ...]
    live: bool
    nameservers: tuple[str, ...]
    timeout: float

    def resolver(self, bounds: "Bounds", log: Log) -> Any:
        """Read the zones, or the system's settings, and return what answers. Raises CommandError."""

        def unreachable(server: str, why: str) -> None:
            log.note(f"the DNS server {server} can't be reached: {why}")

        more = {"cache": False, "in_flight": bounds.questions, "unreachable": unreachable}
        return sources.base_resolver(self.zones, self.live, self.nameservers, self.timeout, **more)


def _serve(
    settings: _Settings, log: Log, endpoints: Sequence[_Endpoint], metrics_at: _Endpoint | None,
    handed_over: Sequence[tuple[str, socket.socket]],
) -> int:  # fmt: skip
    """Answer requests at all of these endpoints until SIGTERM or SIGINT.

    Raises:
        CommandError: it can't listen at one of them, or there is nothing that answers.
    """
    import asyncio

    from spfengine.policyd.bounds import own_bounds
    from spfengine.policyd.fairness import Fairness
    from spfengine.policyd.metered import Metered, Shared
    from spfengine.policyd.metrics import Metrics
    from spfengine.policyd.server import Server

    bounds = own_bounds()
    fairness = Fairness(min(settings.timeout, _LONGEST_TURN))
    metrics = Metrics()

    def resolver() -> Any:
        made = settings.resolver(bounds, log)
        return Shared(Metered(made, fairness, metrics), fairness) if getattr(made, "prefetch", 0) else made

    def decided(decision: Decision) -> None:
        fairness.decided(decision)
        metrics.decision(decision)
        log.decided(decision)

    delegation = Delegation(settings.rules, resolver(), log.note, decided, fairness.turn)
    with ExitStack() as stack:
        served = [stack.enter_context(sock) for name, sock in handed_over if name != systemd.METRICS]
        shown = [stack.enter_context(sock) for name, sock in handed_over if name == systemd.METRICS]
        served += [_listen(stack, *endpoint) for endpoint in endpoints]
        if metrics_at is not None:
            shown.append(_listen(stack, *metrics_at))
        server = Server(delegation, log, metrics, fairness, bounds, lambda: _reload(delegation, resolver, log))
        _collect_less()
        asyncio.run(server.run(served, shown))
    return 0


def _collect_less() -> None:
    """Look for reference cycles less often, and not among what stays: checks leave few of them."""
    import gc

    gc.freeze()
    gc.set_threshold(_CYCLES, *gc.get_threshold()[1:])


def _reload(delegation: Delegation, resolver: Callable[[], Any], log: Log) -> None:
    """Read the zones and the system's settings again; if they can't be read, the server keeps what it has."""
    try:
        delegation.use(resolver())
    except (CommandError, click.ClickException) as error:
        log.say(f"not reloaded, the old settings stay: {error.message}")
    else:
        log.say("reloaded")


def _listen(stack: ExitStack, host: str, port: int | None) -> socket.socket:
    """Return a socket that listens there until the stack ends."""
    try:
        listening = listen(host, port)
    except OSError as error:
        where = endpoint_text(visible(host), port)
        raise CommandError(exits.UNAVAILABLE, f"can't listen at {where}: {reason(error)}") from error
    if port is None:
        stack.callback(_unlink, host)
    return stack.enter_context(listening)


def _unlink(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)
