"""`spfengine check`: one client, one sender, and why."""

from itertools import chain
from typing import TYPE_CHECKING

import click

from spfengine.advice.explained_check import BOTH, CheckRequest, ExplainedCheck, explained
from spfengine.answers import Resolver
from spfengine.cli import exits, html as reports, options, sources
from spfengine.cli.limit_plan import Asked, plan_dict, plan_lines
from spfengine.cli.options import Draft, drafts_by_name
from spfengine.cli.screen import Screen, write_json
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.session import HELO, MAILFROM
from spfengine.resolvers.overlay import with_drafts
from spfengine.text.check import beyond_lines, check_lines, next_lines, note_lines
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from spfengine.report.edits.check import EditableCheck

BOTH_SCHEMA = "spfengine.check-both/1"
"""The version of the JSON form of two results, one for each identity."""

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


@click.command(epilog=_EPILOG)
@click.argument("ip", type=options.Expected(options.Address().expected))
@click.argument(
    "sender", type=options.SenderArgument('the address of MAIL FROM, or a domain ("" for the null sender)')
)  # fmt: skip
@click.option("--helo", metavar="NAME", help="The name that the client gave in HELO or EHLO.")
@click.option(
    "--identity", type=click.Choice([MAILFROM, HELO, BOTH]), default=MAILFROM, show_default=True,
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
@reports.interactive
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
    is_interactive: bool,
    as_json: bool,
) -> int:
    """Check whether the client at IP may send mail for SENDER (RFC 7208), and show what decided it and why nothing
    else did.

    SENDER is the address that the client gave in MAIL FROM, or only its domain.
    """
    if helo is None and identity != MAILFROM:
        raise click.UsageError(f"--identity {identity} needs --helo NAME, the name that the client gave in HELO")
    ip, sender = options.client_and_sender(ip, sender, ctx)
    request = CheckRequest(ip, sender, helo, identity, options.limits_of(profile, void_rule, timeout), receiver)
    drafted = drafts_by_name(drafts, request.domain)
    base = reports.recorder_of(sources.base_resolver(zones, live, nameservers, timeout), is_interactive=is_interactive)
    resolver = with_drafts(base, drafted)
    results = None if record_answers is None else _recorded(request, base, drafted, record_answers)
    found = explained(request, resolver, results)
    drafts_asked = found.asked(drafted)
    from_same = Asked(zones, live, nameservers, drafted)
    if html is not None:
        from spfengine.report.check import explained_page

        page = explained_page(found, request.limits, drafts_asked, list(plan_lines(found.plan, None, from_same)))
        reports.write_report(page, html, situation=_editable(base, request, drafted))
    if as_json:
        write_json({**_document(found, with_trace=with_trace), "plan": plan_dict(found.plan)})
    else:
        screen = Screen()
        screen.show(check_lines(found.results, request.limits, screen.width, drafts_asked, with_trace=with_trace))
        screen.show(beyond_lines(found.beyond.values()))
        hints = {result.problem.hint for result in found.results if result.problem is not None}  # already shown
        notes = [each for each in dict.fromkeys(chain(*found.notes)) if each.hint not in hints]
        screen.show(note_lines(notes))
        screen.show(plan_lines(found.plan, screen.width, from_same))
        if not (notes or drafted):
            screen.show(next_lines(found.results[-1], from_same.words(request.domain)))
    return exits.of_check(found.results[-1])


def _recorded(request: CheckRequest, base: Resolver, drafted: dict[str, str], path: str) -> tuple[CheckResult, ...]:
    from spfengine.resolvers.recording import Recorder

    recorder = Recorder(base)
    results = request.run(with_drafts(recorder, drafted))
    try:
        recorder.recording.save(path)
    except (OSError, ValueError) as error:
        raise exits.cannot_write(visible(path), error) from error
    return results


def _editable(resolver: Resolver, request: CheckRequest, drafted: dict[str, str]) -> "EditableCheck | None":
    """Return what an interactive report needs; None if it is not to be interactive, so that nothing was recorded."""
    from spfengine.resolvers.recording import Recorder

    if not isinstance(resolver, Recorder):
        return None
    from spfengine.report.edits.check import recorded_check

    return recorded_check(resolver, request, drafted)


def _document(found: ExplainedCheck, *, with_trace: bool) -> dict[str, object]:
    documents = []
    for result, said in zip(found.results, found.notes, strict=True):
        document = {**result.to_dict(), "remarks": [each.to_dict() for each in said]}
        if result.identity in found.beyond:
            other = found.beyond[result.identity]
            path = [[visible_name(domain), visible(term)] for domain, term in other.path]
            document["beyond_limit"] = {"result": str(other.result), "path": path}
        if with_trace:
            document["trace"] = result.trace.to_dict()
        documents.append(document)
    if len(documents) == 1:
        return documents[0]
    return {"schema": BOTH_SCHEMA, HELO: documents[0], MAILFROM: documents[1]}
