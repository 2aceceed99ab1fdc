"""`spfengine check`: one client, one sender, and why."""

import sys
from typing import Any, NamedTuple

import click

from spfengine.checks import check, check_both, check_helo
from spfengine.cli import exits, options, sources
from spfengine.cli.exits import Failure
from spfengine.cli.screen import Screen
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.limits import Limits, VoidRule
from spfengine.evaluation.session import HELO, MAILFROM, Session
from spfengine.names import fold
from spfengine.visible import visible

BOTH_SCHEMA = "spfengine.check-both/1"
"""The version of the JSON form of two results, one for each identity."""
_BOTH = "both"

_EPILOG = """\b
Examples:
  spfengine check 192.0.2.1 alice@example.com
  spfengine check 192.0.2.1 alice@example.com --helo mx.example.com --trace
  spfengine check 2001:db8::1 example.com --zone example.com.zone
  spfengine check 192.0.2.1 example.com --draft "v=spf1 mx a:relay.example.net -all"
  spfengine check 192.0.2.1 example.com --draft "_spf.example.com=v=spf1 mx -all"

The exit code is the result: 0 pass, 1 fail, 2 softfail, 3 neutral, 4 permerror, 5 temperror, 6 none; with --identity
both, that of MAIL FROM. Otherwise: 64 the command line can't be understood, 65 a file can't be understood, 66 a file
can't be read, 69 there is no DNS server to ask, 73 a file can't be written.

Scripts should write -- before IP: then nothing that a client sent can be taken for an option.
"""


class Request(NamedTuple):
    """What is to be checked.

    Attributes:
        ip, sender, helo: of the client; `helo` is "" where it is not known.
        identity: "mailfrom", "helo" or "both".
        limits: how much a check may ask.
        receiver: the name of the receiving host, or None.
    """

    ip: str
    sender: str
    helo: str
    identity: str
    limits: Limits
    receiver: str | None

    @property
    def domain(self) -> str:
        """The domain whose record is looked for; with both identities, that of MAIL FROM."""
        if self.identity == HELO:
            return Session(self.ip, "", self.helo, HELO).domain
        return Session(self.ip, self.sender, self.helo).domain

    def run(self, resolver: Any) -> list[CheckResult]:
        """Return the results: one, or two for both identities, HELO first."""
        ip, sender, helo, identity, limits, receiver = self
        if identity == HELO:
            return [check_helo(ip, helo, resolver=resolver, limits=limits, receiver=receiver)]
        if identity == MAILFROM:
            return [check(ip, sender, helo, resolver=resolver, limits=limits, receiver=receiver)]
        return list(check_both(ip, sender, helo, resolver=resolver, limits=limits, receiver=receiver))


@click.command(epilog=_EPILOG)
@click.argument("ip", type=options.Address())
@click.argument("sender", type=options.Expected('the address of MAIL FROM, or a domain ("" for the null sender)'))
@click.option("--helo", metavar="NAME", help="The name that the client gave in HELO or EHLO.")
@click.option(
    "--identity", type=click.Choice([MAILFROM, HELO, _BOTH]), default=MAILFROM, show_default=True,
    help="What to check: the sender, the HELO name, or each for itself.",
)  # fmt: skip
@options.answers
@click.option("--receiver", metavar="NAME", help="The name of the receiving host, for the macro %{r}.")
@click.option(
    "--void-rule", type=click.Choice([str(rule) for rule in VoidRule]), default=str(VoidRule.PER_TERM),
    show_default=True, help="What counts as a void lookup; receivers differ.",
)  # fmt: skip
@click.option(
    "--timeout", metavar="S", type=options.Seconds(), default=20.0, show_default=True,
    help="Seconds after which a check ends in temperror.",
)  # fmt: skip
@click.option(
    "--record-answers", metavar="FILE",
    help="Write all answers that were used to FILE (JSON), for --zone to answer from later; drafts are not among them.",
)  # fmt: skip
@click.option("--trace", "with_trace", is_flag=True, help="Show every term, question and answer as a tree.")
@options.as_json
def command(
    ip: str,
    sender: str,
    helo: str | None,
    identity: str,
    zones: tuple[str, ...],
    drafts: tuple[options.Draft, ...],
    nameservers: tuple[str, ...],
    receiver: str | None,
    void_rule: str,
    timeout: float,
    record_answers: str | None,
    with_trace: bool,
    as_json: bool,
) -> int:
    """Check whether the client at IP may send mail for SENDER (RFC 7208), and show what decided it and why nothing
    else did.

    SENDER is the address that the client gave in MAIL FROM, or only its domain.
    """
    if helo is None and identity != MAILFROM:
        raise click.UsageError(f"--identity {identity} needs --helo NAME, the name that the client gave in HELO")
    request = Request(ip, sender, helo or "", identity, Limits(void_rule=void_rule, seconds=timeout), receiver)
    drafted = options.no_duplicates(drafts, request.domain)
    base = sources.base_resolver(zones, nameservers, timeout)
    if record_answers is None:
        results = request.run(sources.with_drafts(base, drafted))
    else:
        results = _recorded(request, base, drafted, record_answers)
    if as_json:
        import json

        sys.stdout.write(json.dumps(_document(results, with_trace), indent=2) + "\n")
    else:
        from spfengine.cli.check_view import page

        screen = Screen()
        screen.show(page(results, request.limits, screen.width, _asked(drafted, results), with_trace=with_trace))
    return exits.OF_RESULT[results[-1].result]


def _recorded(request: Request, base: Any, drafted: dict[str, str], path: str) -> list[CheckResult]:
    from spfengine.resolvers.recording import Recorder

    recorder = Recorder(base)
    results = request.run(sources.with_drafts(recorder, drafted))
    try:
        recorder.recording.save(path)
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or error
        raise Failure(exits.CANNOT_CREATE, f"{visible(path)} can't be written: {told}") from error
    return results


def _document(results: list[CheckResult], with_trace: bool) -> dict[str, object]:
    documents = []
    for result in results:
        document = result.to_dict()
        if with_trace:
            document["trace"] = result.trace.to_dict()
        documents.append(document)
    if len(documents) == 1:
        return documents[0]
    return {"schema": BOTH_SCHEMA, HELO: documents[0], MAILFROM: documents[1]}


def _asked(drafted: dict[str, str], results: list[CheckResult]) -> dict[str, bool]:
    """Return the names that have a draft, each with whether a check asked for it."""
    if not drafted:
        return {}
    from spfengine.cli.walk import questions

    asked = {fold(question.question.name) for result in results for question in questions(result.trace.root)}
    return {name: fold(name) in asked for name in drafted}
