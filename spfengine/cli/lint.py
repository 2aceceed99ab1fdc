"""`spfengine lint`: what is wrong, risky or without effect in a domain's SPF."""

import sys
from typing import NamedTuple

import click

from spfengine.cli import options, sources
from spfengine.cli.lint_codes import CodesType, select
from spfengine.cli.lint_places import Places
from spfengine.cli.screen import Screen
from spfengine.linting.codes import DNS_CODES, LintCode, Severity
from spfengine.linting.finding import Finding
from spfengine.linting.lint import lint, lint_zone
from spfengine.resolvers.zone import Zone

_EPILOG = """\b
Examples:
  spfengine lint example.com
  spfengine lint example.com --record "v=spf1 mx include:_spf.example.net ~all"
  spfengine lint --record "v=spf1 mx -all"
  spfengine lint --zone example.com.zone
  spfengine lint --zone example.com.zone --format github --ignore txt-over-512,near

With --zone and no DOMAIN, every name of the zone is linted that has SPF, or takes mail and so should have it. With
--record and no DOMAIN, only the text of the record is looked at, and nothing is asked of DNS.

CODE is a code of a finding, or how codes begin, up to a hyphen: --select exp,include-no-record.

Exit codes: 0 nothing was found (or only infos, unless --strict is given), 1 something was found, 2 the record is broken
(an error was found), 69 DNS could not answer something, so that not all is known. Otherwise: 64 the command line can't
be understood, 65 a file can't be understood, 66 a file can't be read.
"""


class Report(NamedTuple):
    """What is to be told.

    Attributes:
        domain: the domain linted; None for all names of a zone, or for a record alone.
        findings: what was found, and is not ignored.
        places: where findings stand in files.
    """

    domain: str | None
    findings: list[Finding]
    places: Places


def _cleaned(
    ctx: click.Context,
    param: click.Parameter,  # noqa: ARG001 - click's signature
    value: str | None,
) -> str | None:
    """Return the record without what clings to it where it was copied from, but for spaces: these are a finding."""
    found = None if value is None else options.pasted(value.strip(" "), ctx)
    return value if found is None or not found.cleaned else found.text


@click.command(epilog=_EPILOG)
@click.argument("domain", required=False)
@click.option(
    "--record", metavar="RECORD", callback=_cleaned, help="Lint this record in place of the one that is published."
)
@options.zone
@options.nameserver
@click.option(
    "--own", "own", metavar="NAME", multiple=True,
    help="The records at and under this name are yours to change, too.",
)  # fmt: skip
@click.option("--select", "selected", metavar="CODE,...", type=CodesType(), multiple=True, help="Tell only these.")
@click.option("--ignore", "ignored", metavar="CODE,...", type=CodesType(), multiple=True, help="Tell all but these.")
@click.option("--strict", is_flag=True, help="Count infos as found: they make the exit code 1, too.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "github", "sarif"]), default="text", show_default=True,
    help="How to tell: for people, as JSON, as annotations of a GitHub workflow, or as SARIF 2.1.0.",
)  # fmt: skip
@options.as_json
def command(
    domain: str | None,
    record: str | None,
    zones: tuple[str, ...],
    nameservers: tuple[str, ...],
    own: tuple[str, ...],
    selected: tuple[frozenset[LintCode], ...],
    ignored: tuple[frozenset[LintCode], ...],
    strict: bool,
    form: str,
    as_json: bool,
) -> int:
    """Find what is wrong, risky or without effect in the SPF of DOMAIN, of a RECORD, or of all names of a zone."""
    findings = select(_findings(domain, record, zones, nameservers, own), selected, ignored)
    report = Report(domain, findings, Places(zones))
    if as_json or form == "json":
        from spfengine.cli.lint_formats import json_text

        sys.stdout.write(json_text(report.domain, findings, report.places))
    elif form == "sarif":
        from spfengine.cli.lint_formats import sarif_text

        sys.stdout.write(sarif_text(findings, report.places))
    elif form == "github":
        from spfengine.cli.lint_formats import github_text

        sys.stdout.write(github_text(findings, report.places))
    else:
        from spfengine.cli.lint_view import page

        screen = Screen()
        screen.show(page(domain, findings, report.places, screen.width))
    return exit_code(findings, strict=strict)


def _findings(
    domain: str | None, record: str | None, zones: tuple[str, ...], nameservers: tuple[str, ...], own: tuple[str, ...]
) -> list[Finding]:
    if domain is None and record is not None:
        if zones or nameservers:
            raise click.UsageError("--record without DOMAIN asks nothing; with --zone or --nameserver, give DOMAIN too")
        return lint(None, record=record)
    if domain is None and not zones:
        raise click.UsageError("there is nothing to lint; expected DOMAIN, --record RECORD or --zone FILE")
    resolver = sources.base_resolver(zones, nameservers, 20.0)
    if domain is not None:
        return lint(domain, resolver=resolver, record=record, own=own)
    if not isinstance(resolver, Zone):
        raise click.UsageError("a recording does not tell which names to lint; expected DOMAIN as well")
    return lint_zone(resolver)


def exit_code(findings: list[Finding], *, strict: bool) -> int:
    """Return the exit code for these findings."""
    from spfengine.cli import exits

    severities = {finding.severity for finding in findings}
    if Severity.ERROR in severities:
        return 2
    if any(finding.code in DNS_CODES for finding in findings):
        return exits.UNAVAILABLE
    return int(Severity.WARNING in severities or (strict and bool(findings)))
