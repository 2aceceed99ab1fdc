"""`spfengine diff`: two meanings compared, address by address."""

from collections.abc import Iterator
from dataclasses import dataclass

import click

from spfengine.answers import Resolver
from spfengine.cli import exits, options, sources
from spfengine.cli.options import is_record
from spfengine.cli.screen import Screen, write_json
from spfengine.errors import ArgumentError, ZoneError
from spfengine.evaluation.unanswered import hint_for, named_unknown
from spfengine.policy.diff import Change, result_changes, unknown_networks
from spfengine.policy.outcome import OutcomeTable
from spfengine.policy.policy import Policy
from spfengine.policy.ranges import IPNetwork
from spfengine.text.changes import Changes, never_worse
from spfengine.text.lines import FAULT, Line, Span, note
from spfengine.text.outcomes import addresses_text, condition_lines, failed_of, outcome_text, without_result
from spfengine.visible import visible

_EPILOG = f"""\b
Examples:
  spfengine diff example.com example.net
  spfengine diff example.com "v=spf1 ip4:192.0.2.0/24 -all"
  spfengine diff _spf.example.com _spf2.example.com --zone example.com.zone

A and B are each a domain, or a record (which begins with v=). A record is evaluated as if the domain given with it had
published it.

The exit code: 0 they are equivalent, 1 they differ, 2 one of them is broken or missing, so that no client gets a result
from it, 69 no difference is known, but DNS could not answer everything. {exits.OTHER_HELP}.
"""
_SCHEMA = "spfengine.diff/1"
_RECORD_NAME = "record.invalid"  # publishes a record that was given without a domain (RFC 6761 §6.4)
_SHOWN = 120  # characters of a record or domain in the headline


@dataclass(frozen=True, slots=True)
class _Diff:
    """Two policies compared.

    Attributes:
        names: what the two were given as.
        before, after: the policies.
        changes, unknown: the networks that differ, and those that DNS could not answer for.
    """

    names: tuple[str, str]
    before: Policy
    after: Policy
    changes: list[Change]
    unknown: list[IPNetwork]

    def exit_code(self) -> int:
        if without_result(self.before) or without_result(self.after):
            return 2
        if self.changes:
            return 1
        return exits.UNAVAILABLE if self.unknown else 0

    def document(self) -> dict[str, object]:
        table = OutcomeTable()
        return {
            "schema": _SCHEMA,
            "equivalent": not self.changes and not self.unknown,
            "incomplete": bool(self.unknown),
            "changes": [
                {
                    "network": str(change.network),
                    "before": table.to_dict(change.before),
                    "after": table.to_dict(change.after),
                }
                for change in self.changes
            ],
            "outcomes": table.rows,
            "unknown": [str(network) for network in self.unknown],
        }

    def lines(self, width: int | None, *, everything: bool) -> Iterator[Line]:
        names = [Span(visible(name, _SHOWN), "strong") for name in self.names]
        yield note(names[0], " → ", names[1], indent=0)
        if not self.changes and not self.unknown:
            yield note("equivalent: every client gets the same result")
        else:
            changes = Changes(
                self.before,
                self.after,
                self.changes,
                _why,
                never_worse,
                everything=everything,
                where="--all lists them",
            )
            yield from changes.lines(width)
            yield from changes.staying_lines((), width)
            yield from changes.rest_lines()
        yield from condition_lines(self.before, self.after)
        for name, policy in zip(self.names, (self.before, self.after), strict=True):
            why = without_result(policy)
            if why is not None:
                yield note(FAULT, f"{visible(name, _SHOWN)}: {why}")
        if self.unknown:
            what = addresses_text(self.unknown)
            failed = failed_of(self.before, self.after)
            yield note(FAULT, f"not known for {what}: {named_unknown(failed)}; {hint_for(failed)}")


@click.command(epilog=_EPILOG)
@click.argument("a", type=options.DomainOrRecord())
@click.argument("b", type=options.DomainOrRecord())
@click.option(
    "--by", type=click.Choice(["result", "outcome"]), default="result", show_default=True,
    help="Compare results, or every field of the outcomes (deciding term, counts, problem).",
)  # fmt: skip
@options.zone
@options.live
@options.nameserver
@options.everything
@options.as_json
def command(
    a: str,
    b: str,
    by: str,
    zones: tuple[str, ...],
    live: bool,
    nameservers: tuple[str, ...],
    everything: bool,
    as_json: bool,
) -> int:
    """Show for which networks the records A and B give different results, or prove that there are none."""
    base = sources.base_resolver(zones, live, nameservers)
    domain = next((text for text in (a, b) if not is_record(text)), _RECORD_NAME)
    before, after = _policy(a, domain, base), _policy(b, domain, base)
    changes = result_changes(before, after) if by == "result" else before.diff(after, by)
    diff = _Diff((a, b), before, after, changes, unknown_networks(before, after))
    if as_json:
        write_json(diff.document())
    else:
        screen = Screen()
        screen.show(diff.lines(screen.width, everything=everything))
    return diff.exit_code()


def _policy(text: str, domain: str, base: Resolver) -> Policy:
    if not is_record(text):
        return Policy.compile(text, resolver=base)
    from spfengine.resolvers.overlay import Overlay

    try:
        drafted = Overlay(base, {domain.encode("latin-1"): {"TXT": text}})
    except (ArgumentError, ZoneError) as error:
        raise click.BadParameter(f"{visible(text, 80)!r}: {error}") from error
    return Policy.compile(domain, resolver=drafted)


def _why(change: Change) -> str:
    before, after = outcome_text(change.before), outcome_text(change.after)
    return after if before == after else f"{after}, not {before}"
