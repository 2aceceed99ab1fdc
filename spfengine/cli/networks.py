"""`spfengine networks`: every network that gets a result, as few networks as possible."""

import sys
from collections.abc import Iterator

import click

from spfengine.cli import exits, options, sources
from spfengine.cli.options import Draft, drafts_by_name
from spfengine.cli.screen import Screen, write_json
from spfengine.evaluation.unanswered import hint_for, named_unknown
from spfengine.policy.policy import Policy
from spfengine.problems import Result
from spfengine.resolvers.overlay import with_drafts
from spfengine.text.lines import FAULT, WARNING, Line, Span, note, verbatim
from spfengine.text.outcomes import address_count, addresses_text, conditions, failed_of, without_result
from spfengine.visible import visible_name

_EPILOG = f"""\b
Examples:
  spfengine networks example.com
  spfengine networks example.com --result softfail --zone example.com.zone

Networks go to stdout, one per line; remarks go to stderr.

The exit code: 0; 2 if the record is broken or missing, so that every client gets permerror or none (unless that is the
result asked for); 69 if DNS could not answer for some addresses. {exits.OTHER_HELP}.
"""
_SCHEMA = "spfengine.networks/1"


@click.command(epilog=_EPILOG)
@click.argument("domain", type=options.Domain())
@click.option(
    "--result", "wanted", type=click.Choice([str(result) for result in Result]), default=str(Result.PASS),
    show_default=True, help="The result that the networks get.",
)  # fmt: skip
@options.answers
@options.as_json
def command(
    domain: str,
    wanted: str,
    zones: tuple[str, ...],
    live: bool,
    drafts: tuple[Draft, ...],
    nameservers: tuple[str, ...],
    as_json: bool,
) -> int:
    """List the networks whose mail for DOMAIN gets a result: all of them, includes and redirects followed."""
    base = sources.base_resolver(zones, live, nameservers)
    policy = Policy.compile(domain, resolver=with_drafts(base, drafts_by_name(drafts, domain)))
    result = Result(wanted)
    if as_json:
        write_json(_document(policy, result))
    else:
        Screen().show(verbatim(str(network)) for network in policy.networks(result))
        Screen(sys.stderr).show(_remarks(policy, result))
    if policy.incomplete:
        return exits.UNAVAILABLE
    return 2 if without_result(policy) and result not in (Result.PERMERROR, Result.NONE) else 0


def _document(policy: Policy, result: Result) -> dict[str, object]:
    return {
        "schema": _SCHEMA,
        "domain": visible_name(policy.domain),
        "result": str(result),
        "networks": [str(network) for network in policy.networks(result)],
        "addresses": {"4": policy.address_count(result, 4), "6": policy.address_count(result, 6)},
        "conditional": [
            {"network": str(network), "depends_on": [str(dependency) for dependency in depends_on]}
            for network, _, depends_on in policy.conditional
        ],
        "incomplete": [str(network) for network in policy.incomplete],
        "ttl": policy.ttl,
    }


def _remarks(policy: Policy, result: Result) -> Iterator[Line]:
    """Yield what the networks alone do not say."""
    counts = " and ".join(address_count(policy.address_count(result, version), version) for version in (4, 6))
    known = "at least " if policy.incomplete else ""
    yield note(Span(f"{visible_name(policy.domain)}: {result} for {known}{counts}", "quiet"), indent=0)
    why = without_result(policy)
    if why and result not in (Result.PERMERROR, Result.NONE):
        yield note(FAULT, why, indent=0)
    for term in conditions(policy):
        yield note(WARNING, f"left out, since it depends on more than the address: {term}", indent=0)
    if policy.incomplete:
        failed = failed_of(policy)
        unknown = f"the result of {addresses_text(policy.incomplete)} is not known"
        yield note(FAULT, f"{unknown}: {named_unknown(failed)}; {hint_for(failed)}", indent=0)
