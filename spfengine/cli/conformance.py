"""`spfengine conformance`: tests any SPF implementation over the wire, case by case."""

import os
import shlex
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import click

from spfengine.cli import exits, options, serving
from spfengine.cli.exits import CommandError, cannot_read, cannot_write, reason
from spfengine.cli.screen import NOTES, with_notes
from spfengine.errors import RecordingError
from spfengine.visible import visible
from spfengine.wording import and_more, endpoint_text, listed
from spfengine.written_files import write_whole

_EPILOG = """\b
Examples:
  spfengine conformance --command 'spfengine spfquery --ip {ip} --sender {sender} --helo {helo} --nameserver {dns}'
  spfengine conformance rfc7208-tests.yml --command './check {ip} {sender} {helo} {dns_host} {dns_port}' --by-exit-code
  spfengine conformance --policy-server 127.0.0.1:10023 --dns 127.0.0.1:5353 --ledger deviations.yml
  spfengine conformance --adapter mymodule:check --case 'void-*' --format tap
  spfengine conformance --namespaces --command 'spfquery.libspf2 -ip={ip} -sender={sender} -helo={helo}'
  spfengine conformance --policy-server 127.0.0.1:10023 \\
      --daemon 'spfengine policyd --listen 127.0.0.1:10023 --nameserver {dns}'

The exit code: 0 all cases have the results that suite and ledger expect, 1 one has not. """
_EPILOG += f"""{exits.OTHER_HELP}, 69 a library is not installed, the policy server can't be reached, the daemon does
not serve, the DNS server's port is taken, or the system refuses the namespaces, 73 a file can't be written.
"""
_Endpoint = tuple[str, int | None]  # address and port, or path and None
_FORMATS = ["table", "json", "tap", "junit", "markdown"]
_MAX_FILE = 64 << 20
_MOST_UNKNOWN = 5
_MOST_NOTES = 20


@click.command(epilog=_EPILOG)
@click.argument("suites", metavar="[SUITE.yml]...", nargs=-1, type=options.FileName())
@click.option("--command", "template", metavar="TEXT",
              help="Start this for each case. It is split into words once; then {ip}, {sender}, {helo}, {identity}, "
              "{dns}, {dns_host}, {dns_port}, {receiver} and {now} are replaced. {identity} is the sender, or "
              "postmaster at the HELO name. No shell reads it.")  # fmt: skip
@click.option("--policy-server", metavar="HOST:PORT|unix:PATH", type=options.Endpoint(unix=True),
              help="Ask this server of Postfix policy delegation.")  # fmt: skip
@click.option(
    "--adapter", metavar="MODULE:FUNCTION", help="Call function(ip, sender, helo, dns), which returns a result."
)
@click.option("--dns", type=options.Endpoint(), default="127.0.0.1:0", metavar="HOST:PORT",
              help="The loopback address at which the DNS server listens; by default at a free port.")  # fmt: skip
@click.option("--namespaces", is_flag=True,
              help="Run in namespaces whose only DNS server is this one, on port 53, as run-with does (Linux): for "
              "programs that read /etc/resolv.conf.")  # fmt: skip
@click.option("--daemon", "daemon_template", metavar="TEXT",
              help="Run this from the first case to the last. It is split into words once; then {dns}, "
              "{dns_host} and {dns_port} are replaced. No shell reads it.")  # fmt: skip
@click.option("--daemon-at", metavar="HOST:PORT|unix:PATH", type=options.Endpoint(unix=True),
              help="The daemon's address; the first case waits for it. Default: --policy-server.")  # fmt: skip
@click.option("--case", "patterns", metavar="NAME", multiple=True, help="Only these cases; * and ? match any text.")
@click.option("--by-exit-code", is_flag=True, help="The exit code of --command is the result, as with Mail::SPF.")
@click.option("--map", "mapped", metavar="WORD=RESULT", multiple=True,
              help="A word of the output (or an exit code) that means a result.")  # fmt: skip
@click.option("--explanation-line", type=click.IntRange(1, 100), metavar="N",
              help="The line of the output that has the explanation; that of the result is line 1.")  # fmt: skip
@click.option("--explanation-within", is_flag=True, help="That line has more than the explanation.")
@click.option(
    "--default-explanation",
    metavar="TEXT",
    help="The explanation that the implementation gives if the domain has none.",
)
@click.option("--ledger", "ledger_path", metavar="FILE", type=options.FileName(), help="Known deviations (YAML).")
@click.option(
    "--write-ledger",
    metavar="FILE",
    type=options.FileName(),
    help="Write a ledger of this run's deviations; the reasons are for you to fill in.",
)
@click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True, metavar="N",
              help="How many cases run at once.")  # fmt: skip
@click.option("--timeout", metavar="S", type=options.Seconds(), default=60.0, show_default=True,
              help="Seconds that one answer may take.")  # fmt: skip
@click.option("--name", metavar="TEXT", help="What the implementation is called in reports.")
@click.option(
    "--form", "--format", "form", type=click.Choice(_FORMATS), default="table", show_default=True, help="The report."
)
@click.option("--output", metavar="FILE", type=options.FileName(), help="Write the report to FILE instead of stdout.")
@click.option("--also", "others", metavar="FILE", type=options.FileName(), multiple=True,
              help="With --format markdown: a JSON report of another implementation, for one more column.")  # fmt: skip
@click.option(
    "--by-hand", is_flag=True, help="Serve the zone of one --case until Ctrl-C, and show how to run it by hand."
)
@click.pass_context
def command(
    ctx: click.Context,
    suites: tuple[str, ...],
    template: str | None,
    policy_server: _Endpoint | None,
    adapter: str | None,
    dns: tuple[str, int],
    namespaces: bool,
    daemon_template: str | None,
    daemon_at: _Endpoint | None,
    patterns: tuple[str, ...],
    by_exit_code: bool,
    mapped: tuple[str, ...],
    explanation_line: int | None,
    explanation_within: bool,
    default_explanation: str | None,
    ledger_path: str | None,
    write_ledger: str | None,
    jobs: int,
    timeout: float,
    name: str | None,
    form: str,
    output: str | None,
    others: tuple[str, ...],
    by_hand: bool,
) -> int:
    """Run cases of SPF through any implementation, each with its zone served by a DNS server on loopback, and compare
    the results.

    Without SUITE.yml, it runs spfengine's own suite: cases for every rule of RFC 7208 and every contested point.
    """
    from spfengine.testing.conformance import reports
    from spfengine.testing.conformance.implementations import daemon, split_daemon_command
    from spfengine.testing.conformance.run import run
    from spfengine.testing.fake_dns import FakeDNS

    _refuse_what_does_not_fit(dns, form, others, daemon_template, daemon_at)
    daemon_words = None if daemon_template is None else split_daemon_command(daemon_template)
    cases, ledger = _cases(suites, patterns, ledger_path)
    also = [_other(path, reports.read_document) for path in others]
    with ExitStack() as stack:
        if namespaces:
            dns = _enter(ctx, stack)
        implementation = _implementation(
            template, policy_server, adapter, mapped, timeout, by_exit_code=by_exit_code,
            explanation_line=explanation_line, whole=not explanation_within,
        )  # fmt: skip
        server = _started(FakeDNS(cases[0].zone, *dns))
        stack.callback(server.stop)
        if daemon_words is not None:
            _start_daemon(stack, daemon(daemon_words, _address(daemon_at or policy_server), server.nameserver))
        if policy_server is not None:
            _reach(implementation, policy_server)
        if by_hand:
            return _serve_by_hand(implementation, cases, server, namespaces=namespaces)
        again = _again(ctx)
        verdicts = run(cases, implementation, server, ledger, jobs=jobs, default_explanation=default_explanation)
        title = name or _title(template, policy_server, adapter)
        document = with_notes(reports.document(title, verdicts, lambda case: again(case.name)))
    if write_ledger is not None:
        _write(write_ledger, reports.as_ledger(document))
    _write(output, _report(form, document, also))
    return 1 if reports.has_faults(document) else 0


def _refuse_what_does_not_fit(
    dns: tuple[str, int],
    form: str,
    others: tuple[str, ...],
    daemon_template: str | None,
    daemon_at: _Endpoint | None,
) -> None:
    if not ip_address(dns[0]).is_loopback:
        message = f"{dns[0]!r} is not a loopback address; expected one with a port, like 127.0.0.1:5353"
        raise click.BadParameter(message, param_hint="'--dns'")
    if others and form != "markdown":
        raise click.UsageError("--also is for --format markdown")
    if daemon_at is not None and daemon_template is None:
        raise click.UsageError("--daemon-at is for --daemon")


def _cases(suites: tuple[str, ...], patterns: tuple[str, ...], ledger_path: str | None) -> tuple[list[Any], Any]:
    """Return the cases to run, and the ledger."""
    from spfengine.testing.conformance.run import choose, read_ledger
    from spfengine.testing.suites import SEMANTICS, read_suite

    paths = suites or (str(SEMANTICS),)
    notes: list[str] = []
    everything = [case for path in paths for case in read_suite(_text(path), Path(path).stem, notes)]
    _say(notes)
    cases = choose(everything, patterns)
    if ledger_path is None:
        return cases, None
    ledger = read_ledger(_text(ledger_path), visible(ledger_path))
    unknown = ["/".join(key) for key in ledger.without_case(everything)]
    if unknown:
        raise CommandError(
            exits.DATA, f"{visible(ledger_path)}: there is no such case: {listed(unknown, _MOST_UNKNOWN)}"
        )
    return cases, ledger


def _say(notes: list[str]) -> None:
    """Say on stderr what of the suites was not taken as it is written; keep it for JSON."""
    for note in notes[:_MOST_NOTES]:
        sys.stderr.write(f"{note}\n")
    if len(notes) > _MOST_NOTES:
        sys.stderr.write(f"{and_more(len(notes) - _MOST_NOTES, 'note')}; --format json has all\n")
    click.get_current_context().meta[NOTES] = notes


def _report(form: str, document: Any, also: list[Any]) -> str:
    from spfengine.testing.conformance import reports

    writers: dict[str, Callable[[Any], str]] = {
        "table": reports.as_table,
        "json": reports.as_json,
        "tap": reports.as_tap,
        "junit": reports.as_junit,
        "markdown": lambda run: reports.as_markdown([run, *also]),
    }
    return writers[form](document)


def _implementation(
    template: str | None,
    policy_server: _Endpoint | None,
    adapter: str | None,
    mapped: tuple[str, ...],
    timeout: float,
    *,
    by_exit_code: bool,
    explanation_line: int | None,
    whole: bool,
) -> Any:
    from spfengine.testing.conformance import answers
    from spfengine.testing.conformance.implementations import Command, Function, PolicyServer

    if sum(given is not None for given in (template, policy_server, adapter)) != 1:
        raise click.UsageError("expected one of --command, --policy-server and --adapter")
    words = {**(answers.EXITS if by_exit_code else answers.WORDS), **answers.read_map(mapped)}
    if template is not None:
        return Command(
            template, words, by_exit_code=by_exit_code, explanation_line=explanation_line, whole=whole, seconds=timeout
        )
    if by_exit_code or explanation_line is not None or not whole:
        raise click.UsageError("--by-exit-code, --explanation-line and --explanation-within are for --command")
    if adapter is not None:
        sys.path.insert(0, "")  # as `python -m` does: modules in the working directory
        return Function(adapter, words)
    return PolicyServer(_address(policy_server) or "", timeout)


def _title(template: str | None, policy_server: _Endpoint | None, adapter: str | None) -> str:
    return endpoint_text(*policy_server) if policy_server is not None else template or adapter or ""


def _address(endpoint: _Endpoint | None) -> tuple[str, int] | str | None:
    """Return an endpoint as a socket takes it: address and port, or a path."""
    if endpoint is None:
        return None
    host, port = endpoint
    return host if port is None else (host, port)


def _enter(ctx: click.Context, stack: ExitStack) -> tuple[str, int]:
    """Move into namespaces; return where the DNS server is to listen there. All processes in them end with this one."""
    from spfengine.testing import isolation

    if ctx.get_parameter_source("dns") is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("with --namespaces the DNS server listens on port 53; leave --dns out")
    try:
        isolation.enter_namespaces()
    except OSError as error:
        raise serving.no_namespaces(error) from error
    isolation.adopt_orphans()
    stack.callback(isolation.end_descendants)
    return isolation.NAMESERVER, 53


def _started(server: Any) -> Any:
    try:
        return server.start()
    except OSError as error:
        raise CommandError(exits.UNAVAILABLE, f"the DNS server can't listen: {reason(error)}") from error


def _start_daemon(stack: ExitStack, block: AbstractContextManager[None]) -> None:
    from spfengine.testing.conformance.implementations import DaemonError

    try:
        stack.enter_context(block)
    except DaemonError as error:
        raise CommandError(exits.UNAVAILABLE, str(error)) from error


def _reach(server: Any, endpoint: _Endpoint) -> None:
    try:
        server.reach()
    except OSError as error:
        message = f"the policy server at {visible(endpoint_text(*endpoint))} can't be reached: {reason(error)}"
        raise CommandError(exits.UNAVAILABLE, message) from error


def _again(ctx: click.Context) -> Callable[[str], str]:
    """Return a function that returns the command that runs one case again: with the options of this run, except those
    for its reports.
    """
    words = ["spfengine", "conformance", *ctx.params["suites"]]
    left_out = {"suites", "patterns", "form", "output", "others", "write_ledger", "jobs", "name", "by_hand"}
    for parameter in ctx.command.params:
        value = ctx.params.get(parameter.name or "")
        source = ctx.get_parameter_source(parameter.name or "")
        if parameter.name in left_out or source is not click.core.ParameterSource.COMMANDLINE:
            continue
        for item in value if isinstance(value, tuple) and parameter.multiple else [value]:
            words += [parameter.opts[0]] if value is True else [parameter.opts[0], _option_text(item)]
    return lambda case: visible(shlex.join([*words, "--case", case]), 4000)


def _option_text(value: Any) -> str:
    return endpoint_text(*value) if isinstance(value, tuple) else str(value)


def _serve_by_hand(implementation: Any, cases: list[Any], server: Any, *, namespaces: bool) -> int:
    if len(cases) != 1:
        raise click.UsageError(f"--by-hand needs one --case; {len(cases)} were chosen")
    why = implementation.cannot_say(cases[0])
    if why is not None:
        raise click.UsageError(f"this case can't be run: {why}")
    expected = " or ".join(cases[0].results)
    if namespaces:
        user = "" if os.geteuid() == 0 else "--user --preserve-credentials "
        sys.stdout.write(f"# in a shell of these namespaces: nsenter --target {os.getpid()} {user}--mount --net\n")
    sys.stdout.write(
        f"# {visible(cases[0].description, 500)}\n# expected: {expected}\n# DNS: {server.nameserver}, until Ctrl-C\n"
        f"{implementation.by_hand(cases[0], server.nameserver)}\n"
    )
    sys.stdout.flush()

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        signal.pause()
    except KeyboardInterrupt:
        return 0
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            octets = file.read(_MAX_FILE + 1)
    except OSError as error:
        raise cannot_read(visible(path), error) from error
    if len(octets) > _MAX_FILE:
        raise CommandError(exits.DATA, f"{visible(path)} is larger than {_MAX_FILE >> 20} MiB")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CommandError(exits.DATA, f"{visible(path)} is not UTF-8: {error}") from None


def _other(path: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(_text(path))
    except RecordingError as error:
        raise CommandError(exits.DATA, f"{visible(path)}: {error}") from None


def _write(path: str | None, text: str) -> None:
    """Write a file, or stdout."""
    if path is None:
        sys.stdout.write(text)
        return
    try:
        write_whole(path, text, "utf-8")
    except OSError as error:
        raise cannot_write(visible(path), error) from error
