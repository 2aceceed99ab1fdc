"""`spfengine check`: one client, one sender, and why."""

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from spfengine.checks import check, check_both, check_helo
from spfengine.cli import exits, shared_options, sources
from spfengine.cli.command_line import Argument, Command, Option
from spfengine.cli.exits import Failure, Misuse
from spfengine.cli.screen import Screen
from spfengine.cli.values import AN_ADDRESS, address
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.limits import Limits
from spfengine.evaluation.session import HELO, MAILFROM, Session
from spfengine.names import fold
from spfengine.visible import visible

if TYPE_CHECKING:
    from spfengine.cli.drafts import Draft

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


def run(
    ip: str,
    sender: str,
    helo: str | None,
    identity: str,
    zones: tuple[str, ...],
    drafts: "tuple[Draft, ...]",
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
        raise Misuse(f"--identity {identity} needs --helo NAME, the name that the client gave in HELO")
    request = Request(ip, sender, helo or "", identity, Limits(void_rule=void_rule, seconds=timeout), receiver)
    drafted = _named(drafts, request)
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


def _named(drafts: "tuple[Draft, ...]", request: Request) -> dict[str, str]:
    if not drafts:
        return {}
    from spfengine.cli.drafts import no_duplicates

    return no_duplicates(drafts, request.domain)


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


command = Command(
    run,
    [
        Argument("ip", AN_ADDRESS, address),
        Argument("sender", 'the address of MAIL FROM, or a domain ("" for the null sender)'),
    ],
    [
        Option("--helo", metavar="NAME", help="The name that the client gave in HELO or EHLO."),
        Option(
            "--identity", choices=[MAILFROM, HELO, _BOTH], default=MAILFROM,
            help="What to check: the sender, the HELO name, or each for itself.",
        ),
        shared_options.ZONE,
        shared_options.DRAFT,
        shared_options.NAMESERVER,
        Option("--receiver", metavar="NAME", help="The name of the receiving host, for the macro %{r}."),
        shared_options.VOID_RULE,
        shared_options.TIMEOUT,
        Option(
            "--record-answers", metavar="FILE", help="Write all answers that were used to FILE (JSON), for --zone to "
            "answer from later; drafts are not among them.",
        ),
        Option("--trace", name="with_trace", is_flag=True, help="Show every term, question and answer as a tree."),
        shared_options.AS_JSON,
    ],
    _EPILOG,
)  # fmt: skip
