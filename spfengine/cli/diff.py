"""`spfengine diff`: two meanings compared, address by address."""

import json
import sys

import click

from spfengine.answers import Resolver
from spfengine.cli import exits, options, sources
from spfengine.cli.drafts import is_record
from spfengine.cli.screen import Screen
from spfengine.errors import ArgumentError, ZoneError
from spfengine.policy.diff import result_changes, unknown_networks
from spfengine.policy.policy import Policy
from spfengine.visible import visible

_EPILOG = """\b
Examples:
  spfengine diff example.com example.net
  spfengine diff example.com "v=spf1 ip4:192.0.2.0/24 -all"
  spfengine diff _spf.example.com _spf2.example.com --zone example.com.zone

A and B are each a domain, or a record (which begins with v=). A record is taken for that of the domain that the other
one is.

The exit code: 0 they are equivalent, 1 they differ, 2 one of them is broken (or has no record), so that no client gets
a result from it, 69 no difference is known, but DNS could not answer everything. Otherwise: 64 the command line can't
be understood, 65 a file can't be understood, 66 a file can't be read.
"""
_SCHEMA = "spfengine.diff/1"
_RECORD_NAME = "record.invalid"  # where a record stands that was given without a domain (RFC 6761 §6.4)


@click.command(epilog=_EPILOG)
@click.argument("a", type=options.DomainOrRecord())
@click.argument("b", type=options.DomainOrRecord())
@click.option(
    "--by", type=click.Choice(["result", "outcome"]), default="result", show_default=True,
    help="Compare results, or every field of the outcomes (deciding term, counts, problem).",
)  # fmt: skip
@options.zone
@options.nameserver
@options.as_json
def command(a: str, b: str, by: str, zones: tuple[str, ...], nameservers: tuple[str, ...], as_json: bool) -> int:
    """Show for which networks the records A and B give another result; prove that there is none, if there is none."""
    base = sources.base_resolver(zones, nameservers, 20.0)
    domain = next((each for each in (a, b) if not is_record(each)), _RECORD_NAME)
    before, after = _policy(a, domain, base), _policy(b, domain, base)
    changes = result_changes(before, after) if by == "result" else before.diff(after, by)
    unknown = unknown_networks(before, after)
    from spfengine.cli.policy_view import without_result

    if as_json:
        document = {
            "schema": _SCHEMA,
            "equivalent": not changes and not unknown,
            "incomplete": bool(unknown),
            "changes": [
                {"network": str(each.network), "before": each.before.to_dict(), "after": each.after.to_dict()}
                for each in changes
            ],
            "unknown": [str(network) for network in unknown],
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        from spfengine.cli.diff_view import page

        screen = Screen()
        screen.show(page((a, before), (b, after), changes, unknown, screen.width))
    if without_result(before) or without_result(after):
        return 2
    return 1 if changes else exits.UNAVAILABLE if unknown else 0


def _policy(text: str, domain: str, base: Resolver) -> Policy:
    if not is_record(text):
        return Policy.compile(text, resolver=base)
    from spfengine.resolvers.overlay import Overlay

    try:
        drafted = Overlay(base, {domain.encode("latin-1"): {"TXT": text}})
    except (ArgumentError, ZoneError) as error:
        raise click.BadParameter(f"{visible(text, 80)!r}: {error}") from error
    return Policy.compile(domain, resolver=drafted)
