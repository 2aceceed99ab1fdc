"""`spfengine check`: one client, one sender, and why."""

from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import click

from spfengine.checks import check, check_both, check_helo
from spfengine.cli import exits, html as reports, options, sources
from spfengine.cli.limit_plan import Asked, is_many_mx, plan_dict, plan_lines, plan_of
from spfengine.cli.options import Draft, drafts_by_name
from spfengine.cli.screen import Screen, write_json
from spfengine.drivers import drive
from spfengine.evaluation.beyond import is_over_limit, raised
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.limits import Limits
from spfengine.evaluation.session import HELO, MAILFROM, Session
from spfengine.evaluation.trace import traced_questions
from spfengine.linting.client import Note, noting
from spfengine.names import fold
from spfengine.text.check import check_lines, draft_lines, note_lines
from spfengine.text.lines import Line, note
from spfengine.visible import visible, visible_name

BOTH_SCHEMA = "spfengine.check-both/1"
"""The version of the JSON form of two results, one for each identity."""
_BOTH = "both"

_EPILOG = f"""\b
Examples:
  spfengine check 192.0.2.1 alice@example.com
  spfengine check 192.0.2.1 alice@example.com --helo mx.example.com --trace
  spfengine check 2001:db8::1 example.com --zone example.com.zone
  spfengine check 192.0.2.1 example.com --draft "v=spf1 mx a:relay.example.net -all"
  spfengine check 192.0.2.1 example.com --draft "_spf.example.com=v=spf1 mx -all"

The exit code is the result: {exits.RESULTS_HELP}; with --identity both, that of MAIL FROM. {exits.OTHER_HELP}, 69 the
result depends on names that are not in the files given, or on what is not known, or there is no DNS server to ask, 73 a
file can't be written.

Scripts should write -- before IP: then nothing that a client sent can be taken for an option.
"""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be checked.

    Attributes:
        ip, sender, helo: of the client; `helo` is None if it is not known.
        identity: "mailfrom", "helo" or "both".
        limits: the limits of the check.
        receiver: the name of the receiving host, or None.
    """

    ip: str
    sender: str
    helo: str | None
    identity: str
    limits: Limits
    receiver: str | None

    @property
    def domain(self) -> str:
        """The domain whose record is looked up; with both identities, that of MAIL FROM."""
        if self.identity == HELO:
            return Session(self.ip, "", self.helo or "", HELO).domain
        return Session(self.ip, self.sender, self.helo).domain

    def run(self, resolver: Any) -> list[CheckResult]:
        """Return the results: one, or two for both identities, HELO first."""
        settings: dict[str, Any] = {"resolver": resolver, "limits": self.limits, "receiver": self.receiver}
        if self.identity == HELO:
            return [check_helo(self.ip, self.helo or "", **settings)]
        if self.identity == MAILFROM:
            return [check(self.ip, self.sender, self.helo, **settings)]
        return list(check_both(self.ip, self.sender, self.helo or "", **settings))


@click.command(epilog=_EPILOG)
@click.argument("ip", type=options.Expected(options.Address().expected))
@click.argument(
    "sender", type=options.SenderArgument('the address of MAIL FROM, or a domain ("" for the null sender)')
)  # fmt: skip
@click.option("--helo", metavar="NAME", help="The name that the client gave in HELO or EHLO.")
@click.option(
    "--identity", type=click.Choice([MAILFROM, HELO, _BOTH]), default=MAILFROM, show_default=True,
    help="What to check: the sender, the HELO name, or each of them.",
)  # fmt: skip
@options.answers
@click.option("--receiver", metavar="NAME", help="The name of the receiving host, for the macro %{r}.")
@options.limits
@options.timeout
@click.option(
    "--record-answers", metavar="FILE", type=options.FileName(),
    help="Save the answers that the check used in FILE (JSON), which --zone can read later; drafts are not among them.",
)  # fmt: skip
@click.option("--trace", "with_trace", is_flag=True, help="Show every term, DNS query and answer as a tree.")
@reports.option
@options.as_json
@click.pass_context
def command(
    ctx: click.Context,
    ip: str,
    sender: str,
    helo: str | None,
    identity: str,
    zones: tuple[str, ...],
    live: bool,
    drafts: tuple[Draft, ...],
    nameservers: tuple[str, ...],
    receiver: str | None,
    profile: str,
    void_rule: str | None,
    timeout: float,
    record_answers: str | None,
    with_trace: bool,
    html: str | None,
    as_json: bool,
) -> int:
    """Check whether the client at IP may send mail for SENDER (RFC 7208), and show what decided it and why nothing
    else did.

    SENDER is the address that the client gave in MAIL FROM, or only its domain.
    """
    if helo is None and identity != MAILFROM:
        raise click.UsageError(f"--identity {identity} needs --helo NAME, the name that the client gave in HELO")
    ip, sender = options.client_and_sender(ip, sender, ctx)
    request = Request(ip, sender, helo, identity, options.limits_of(profile, void_rule, timeout), receiver)
    drafted = drafts_by_name(drafts, request.domain)
    base = sources.base_resolver(zones, live, nameservers, timeout)
    if record_answers is None:
        results = request.run(sources.with_drafts(base, drafted))
    else:
        results = _recorded(request, base, drafted, record_answers)
    resolver = sources.with_drafts(base, drafted)
    beyond = _beyond(request, resolver, results)
    notes = [drive(noting(result), resolver) for result in results]
    over = next((result for result in results if is_over_limit(result.problem) or is_many_mx(result.problem)), None)
    plan = plan_of(over.domain, resolver, request.limits) if over is not None else None
    from_same = Asked(zones, live, nameservers, drafted)
    if html is not None:
        from spfengine.report.check import check_page

        further_lines = [*_draft_lines(drafted, results), *map(_beyond_line, beyond.values())]
        page = check_page(results, request.limits, notes, further_lines, list(plan_lines(plan, None, from_same)))
        reports.write_report(page, html)
    if as_json:
        write_json({**_document(results, notes, beyond, with_trace=with_trace), "plan": plan_dict(plan)})
    else:
        screen = Screen()
        asked = _asked(drafted, results)
        screen.show(check_lines(results, request.limits, screen.width, asked, with_trace=with_trace))
        screen.show(map(_beyond_line, beyond.values()))
        hints = {result.problem.hint for result in results if result.problem is not None}  # already shown
        screen.show(note_lines([each for each in dict.fromkeys(chain(*notes)) if each.hint not in hints]))
        screen.show(plan_lines(plan, screen.width, from_same))
    return exits.of_check(results[-1])


def _recorded(request: Request, base: Any, drafted: dict[str, str], path: str) -> list[CheckResult]:
    from spfengine.resolvers.recording import Recorder

    recorder = Recorder(base)
    results = request.run(sources.with_drafts(recorder, drafted))
    try:
        recorder.recording.save(path)
    except (OSError, ValueError) as error:
        raise exits.cannot_write(visible(path), error) from error
    return results


def _beyond(request: Request, resolver: Any, results: list[CheckResult]) -> dict[str, CheckResult]:
    """Return, by identity, what the checks that ended at a limit would give without it, if that is not an error too."""
    found: dict[str, CheckResult] = {}
    for result in results:
        if is_over_limit(result.problem):
            again = replace(request, identity=result.identity, limits=raised(request.limits)).run(resolver)[0]
            if again.problem is None:
                found[result.identity] = again
    return found


def _beyond_line(result: CheckResult) -> Line:
    path = " → ".join([visible(term, 100) for _, term in result.path])
    by = f"by {path}" if result.directive is not None else "since no term matches"
    no_include = "" if len(result.path) > 1 else f", and no include names {result.ip}"
    return note(f"without the limit, the result would be {result.result} {by}{no_include}")


def _document(
    results: list[CheckResult], notes: list[list[Note]], beyond: dict[str, CheckResult], *, with_trace: bool
) -> dict[str, object]:
    documents = []
    for result, said in zip(results, notes, strict=True):
        document = {**result.to_dict(), "remarks": [each.to_dict() for each in said]}
        if result.identity in beyond:
            other = beyond[result.identity]
            path = [[visible_name(domain), visible(term)] for domain, term in other.path]
            document["beyond_limit"] = {"result": str(other.result), "path": path}
        if with_trace:
            document["trace"] = result.trace.to_dict()
        documents.append(document)
    if len(documents) == 1:
        return documents[0]
    return {"schema": BOTH_SCHEMA, HELO: documents[0], MAILFROM: documents[1]}


def _draft_lines(drafted: dict[str, str], results: list[CheckResult]) -> list[Line]:
    return list(draft_lines(_asked(drafted, results)))


def _asked(drafted: dict[str, str], results: list[CheckResult]) -> dict[str, bool]:
    """Return the names that have a draft, each with whether a check asked for it."""
    if not drafted:
        return {}
    asked = {fold(asked.question.name) for result in results for asked in traced_questions(result.trace.root)}
    return {name: fold(name) in asked for name in drafted}
