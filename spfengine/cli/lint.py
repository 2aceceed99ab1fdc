"""`spfengine lint`: what is wrong, risky or without effect in a domain's SPF."""

import sys
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from spfengine.advice.drafted_lint import OVER_LIMITS, lint_drafts, plans_of
from spfengine.advice.limits.plan import LimitPlan
from spfengine.answers import Resolver
from spfengine.cli import evidence_input, exits, html as reports, options, sources, typed
from spfengine.cli.limit_plan import Asked, plan_dict, plan_lines
from spfengine.cli.lint_edits import editable_lint, recorded_base
from spfengine.cli.lint_reports import HasPlaces, Places, github_text, json_text, sarif_text
from spfengine.cli.lint_sources import LintedSources, ManySources, SourcePlaces, lint_sources, resolver_of
from spfengine.cli.options import Draft, Expected, drafts_by_name
from spfengine.cli.screen import Screen
from spfengine.evaluation.limit_profiles import LimitProfile
from spfengine.linting.codes import DNS_CODES, LintCode, Severity
from spfengine.linting.finding import Finding
from spfengine.linting.lint import lint, lint_zone
from spfengine.linting.zones import NameSummary, known_to, zone_of, zone_summary
from spfengine.names import fold
from spfengine.policy.include_tree import include_tree
from spfengine.resolvers.overlay import Overlay
from spfengine.resolvers.zone import Zone
from spfengine.resolvers.zone_files.pasted import strings_of
from spfengine.senders import Sender
from spfengine.text.evidence import evidence_lines
from spfengine.text.lint import lint_lines, source_lines, summary_lines
from spfengine.text.tree import too_much_line
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from spfengine.resolvers.recording import Recorder

_EPILOG = f"""\b
Examples:
  spfengine lint example.com
  spfengine lint example.com --draft "v=spf1 mx include:_spf.example.net ~all"
  spfengine lint --draft "v=spf1 mx -all"
  spfengine lint --zone example.com.zone
  spfengine lint --zone example.com.zone --format github --ignore txt-over-512,near
  spfengine lint --source terraform/ dnsconfig.js --format sarif

With --zone and no DOMAIN, every name of the zone is linted that has SPF, or takes mail and so should have it. With
--draft and no DOMAIN, only the text of the record is looked at, and nothing is asked of DNS.

With --source, every record in the strings of the files is linted, each finding at its line and column. Values of
variables are not known, and nothing that depends on one is reported. With DOMAIN, the records whose name the files do
not say are taken to be those of DOMAIN.

CODE is a code of a finding, or how codes begin, up to a hyphen: --select exp,include-no-record.

The exit code: 0 nothing was found (or only infos, unless --strict is given), 1 something was found, 2 the record is
broken (an error was found), 69 DNS could not answer something, so that not everything is known.
{exits.OTHER_HELP}, 73 FILE of --html can't be written.
"""


_NEAR_A_LIMIT = (
    *OVER_LIMITS, LintCode.OVER_VOID_LIMIT_PER_LOOKUP, LintCode.NEAR_LOOKUP_LIMIT, LintCode.NEAR_VOID_LIMIT,
    LintCode.VOIDS_BY_CHANCE,
)  # fmt: skip
"""Codes without which no receiver's limits are exceeded: the lowest are one less than RFC 7208's."""


class Codes(Expected):
    """CODE,...: each a code, or how codes begin, up to a hyphen."""

    name = "codes"

    def __init__(self) -> None:
        super().__init__("codes of findings, such as multiple-records,exp")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[LintCode]:
        """Return the codes that the text means."""
        if isinstance(value, frozenset):
            return value
        codes: set[LintCode] = set()
        for word in str(value).split(","):
            text = word.strip().lower().rstrip("-*")
            matching = [code for code in LintCode if code == text or code.startswith(f"{text}-")]
            if not text or not matching:
                near = get_close_matches(text[:60], list(LintCode), 1, 0.5)
                hint = f"did you mean {near[0]}?" if near else "docs/reference/lint.md lists the codes"
                self.fail(f"there is no code {visible(word.strip(), 60)!r}; {hint}", param, ctx)
            codes.update(matching)
        return frozenset(codes)


class _Answers(NamedTuple):
    """What answers: the values of --zone, --live and --nameserver."""

    zones: tuple[str, ...]
    live: bool
    nameservers: tuple[str, ...]


class _Linted(NamedTuple):
    """What was found, what answered, and the names of a zone.

    Attributes:
        findings: what was found.
        resolver: what answered, with the drafts; None if nothing was asked.
        names: the names of a zone, each with a summary.
        base: for an interactive report: what answers without the drafts, and what recorded the answers of DNS.
    """

    findings: list[Finding]
    resolver: Resolver | None
    names: tuple[NameSummary, ...] = ()
    base: "tuple[Resolver, Recorder | None] | None" = None


class PastedDraft(NamedTuple):
    """A draft, and the strings that it was pasted as: a space may be missing between them."""

    draft: Draft
    strings: tuple[str, ...]


def _drafts(
    ctx: click.Context,
    param: click.Parameter,
    values: tuple[str, ...],
) -> tuple[PastedDraft, ...]:
    """Return the drafts without what was copied with them, but with their spaces: these are a finding."""
    return tuple([_draft(value, param, ctx) for value in values])


def _draft(value: str, param: click.Parameter, ctx: click.Context) -> PastedDraft:
    name, equals, record = value.partition("=")
    if equals and "." in name and typed.is_plain(name.strip()):
        strings = _strings(record, ctx)
        return PastedDraft(Draft(options.Domain().convert(name.strip(), param, ctx), "".join(strings)), strings)
    strings = _strings(value, ctx)
    return PastedDraft(Draft(None, "".join(strings)), strings)


def _strings(text: str, ctx: click.Context) -> tuple[str, ...]:
    return strings_of(text, options.pasted(text.strip(" "), ctx))


@click.command(epilog=_EPILOG, cls=ManySources)
@click.argument("domain", type=options.Domain(), required=False)
@click.option(
    "--draft", "drafts", metavar="[NAME=]RECORD", multiple=True, callback=_drafts,
    help="Lint this record as if it were published: at NAME, or at DOMAIN.",
)  # fmt: skip
@click.option("--record", "records", multiple=True, callback=_drafts, hidden=True)  # what --draft was called before
@click.option(
    "--source", "paths", metavar="FILE-OR-FOLDER...", multiple=True,
    help="Lint the records in the strings of source files: Terraform, DNSControl and other JavaScript, TypeScript, "
    "Python, YAML, JSON. Nothing is executed, and DNS is asked only with --live, --zone or --nameserver.",
)  # fmt: skip
@evidence_input.option
@evidence_input.receiver_option
@options.zone
@options.live
@options.nameserver
@click.option(
    "--own", "own", metavar="NAME", multiple=True, type=options.Domain(),
    help="A name whose records, and those under it, you can change, too.",
)  # fmt: skip
@click.option("--select", "selected", metavar="CODE,...", type=Codes(), multiple=True, help="Report only these.")
@click.option("--ignore", "ignored", metavar="CODE,...", type=Codes(), multiple=True, help="Report all but these.")
@click.option("--strict", is_flag=True, help="Exit with 1 for infos, too.")
@click.option(
    "--form", "--format", "form", type=click.Choice(["text", "json", "github", "sarif"]), default="text",
    show_default=True,
    help="How to report: for people, as JSON, as annotations of a GitHub workflow, or as SARIF 2.1.0.",
)  # fmt: skip
@reports.option
@reports.interactive
@options.as_json
def command(
    domain: str | None,
    drafts: tuple[PastedDraft, ...],
    records: tuple[PastedDraft, ...],
    paths: tuple[str, ...],
    evidence_paths: tuple[str, ...],
    receiver: str | None,
    zones: tuple[str, ...],
    live: bool,
    nameservers: tuple[str, ...],
    own: tuple[str, ...],
    selected: tuple[frozenset[LintCode], ...],
    ignored: tuple[frozenset[LintCode], ...],
    strict: bool,
    form: str,
    html: str | None,
    is_interactive: bool,
    as_json: bool,
) -> int:
    """Find what is wrong, risky or without effect in the SPF of DOMAIN, of a RECORD, or of all names of a zone."""
    form = "json" if as_json else form
    if is_interactive and (paths or not (domain or drafts or records)):
        raise click.UsageError("with --interactive, the reader edits a record; expected DOMAIN or --draft RECORD")
    if paths:
        _refuse_beside_sources(own, evidence_paths, drafts + records)
        resolver = resolver_of(zones, live, nameservers)
        codes = _reported(selected, ignored)
        of_sources = lint_sources(paths, domain, resolver, lambda found: [each for each in found if each.code in codes])
        return _report_sources(domain, of_sources, form, html, strict=strict)
    domain, record, others = _by_name(domain, drafts + records)
    evidence = evidence_input.read_if_given(evidence_paths, receiver, domain, quiet=form != "text")
    senders = () if evidence is None else evidence.senders
    answers = _Answers(zones, live, nameservers)
    linted = _findings(domain, record, others, answers, own, senders, is_interactive=is_interactive)
    plans = _plans(linted, senders)
    codes = _reported(selected, ignored)
    findings = [finding for finding in linted.findings if finding.code in codes]
    places = Places(zones)
    asked = Asked(zones, live, nameservers, others)
    alone = record if linted.resolver is None else None
    if html is not None:
        from spfengine.report.lint import lint_page

        planned = [line for plan in plans for line in plan_lines(plan, None, asked)]
        page = lint_page(domain, findings, places.text, linted.names, planned, alone)
        situation = None
        if is_interactive:
            left_out = tuple([code for code in LintCode if code not in codes])
            situation = editable_lint(domain, record, others, linted.base, zones, own, senders, left_out)
        reports.write_report(page, html, evidence_lines(evidence), situation)
    if form == "text":
        _show(domain, linted, findings, places, plans, asked, alone)
    else:
        sys.stdout.write(_for_programs(domain, findings, places, form, _besides_findings(domain, linted, plans)))
    return _exit_code(findings, strict=strict)


def _show(
    domain: str | None,
    linted: _Linted,
    findings: list[Finding],
    places: Places,
    plans: list[LimitPlan],
    asked: Asked,
    alone: str | tuple[str, ...] | None,
) -> None:
    screen = Screen()
    screen.show(lint_lines(domain, findings, places.text, screen.width, alone))
    for name, profiles in _too_much_for(linted).items():
        screen.show([too_much_line(profiles, "" if domain is not None else f"{visible_name(name)}: ")])
    for plan in plans:
        screen.show(plan_lines(plan, screen.width, asked))
    screen.show(summary_lines(linted.names, screen.width))


def _refuse_beside_sources(
    own: tuple[str, ...], evidence_paths: tuple[str, ...], drafts: tuple[PastedDraft, ...]
) -> None:
    """Raise UsageError if an option is given that does not go with --source."""
    if own or evidence_paths or drafts:
        other = "--own" if own else "--senders" if evidence_paths else "--draft"
        raise click.UsageError(f"--source and {other} can't be combined; expected one")


def _plans(linted: _Linted, senders: tuple[Sender, ...]) -> list[LimitPlan]:
    """Return the plans for the domains that exceed a limit; none if nothing was asked."""
    return [] if linted.resolver is None else plans_of(linted.findings, linted.resolver, senders)


def _besides_findings(domain: str | None, linted: _Linted, plans: list[LimitPlan]) -> dict[str, object]:
    """Return what JSON has besides the findings."""
    return {
        "names": [name.to_dict() for name in linted.names],
        "plan": plan_dict(plans[0] if plans and domain is not None else None),
        "plans": [plan.to_dict() for plan in plans],
        "too_much_for": {
            visible_name(name): [profile.name for profile in profiles]
            for name, profiles in _too_much_for(linted).items()
        },
    }


def _report_sources(domain: str | None, linted: LintedSources, form: str, html: str | None, *, strict: bool) -> int:
    if html is not None:
        from spfengine.report.lint import sources_page

        reports.write_report(sources_page(domain, linted.linted, linted.found.files, is_asked=linted.is_asked), html)
    if form == "text":
        screen = Screen()
        screen.show(source_lines(linted.linted, linted.found.files, screen.width, is_asked=linted.is_asked))
    else:
        more = {"sources": linted.to_dict()}
        sys.stdout.write(_for_programs(domain, linted.findings, SourcePlaces(linted.linted), form, more))
    for unread in linted.found.unread:
        click.echo(f"spfengine lint: {visible(unread.path)}: {unread.why}", err=True)
    code = _exit_code(linted.findings, strict=strict)
    return exits.UNAVAILABLE if code == 0 and linted.is_incomplete else code


def _for_programs(
    domain: str | None,
    findings: list[Finding],
    places: HasPlaces,
    form: str,
    more: Mapping[str, object] | None = None,
) -> str:
    if form == "json":
        return json_text(domain, findings, places, more)
    return sarif_text(findings, places) if form == "sarif" else github_text(findings, places)


def _by_name(
    domain: str | None, pasted: tuple[PastedDraft, ...]
) -> tuple[str | None, str | tuple[str, ...] | None, dict[str, str]]:
    """Return the domain to lint, its draft or None, and the drafts of other names.

    Without DOMAIN, a draft for one name is linted at that name, and one without a name by its text alone.
    """
    drafts = tuple([each.draft for each in pasted])
    names = [draft.name for draft in drafts]
    if domain is None and len(names) == 1:
        domain = names[0]
    by_name = drafts_by_name(drafts, domain or "")
    if domain is None and len(by_name) > 1:
        raise click.UsageError("there are several drafts; expected DOMAIN as well, whose record is linted")
    own = next((name for name in by_name if fold(name) == fold(domain or "")), None)
    if own is None:
        return domain, None, by_name
    del by_name[own]
    strings = next(each.strings for each in pasted if fold(each.draft.name or domain or "") == fold(own))
    return domain, strings if len(strings) > 1 else strings[0], by_name


def _findings(
    domain: str | None,
    record: str | tuple[str, ...] | None,
    others: dict[str, str],
    answers: _Answers,
    own: tuple[str, ...],
    senders: tuple[Sender, ...],
    *,
    is_interactive: bool,
) -> _Linted:
    """Return the findings, and if all names of a zone were linted, a summary of each."""
    zones, live, nameservers = answers
    if domain is None and record is not None:
        if zones or live or nameservers:
            option = "--zone" if zones else "--live" if live else options.server_words(nameservers)[0]
            raise click.UsageError(f"--draft without DOMAIN asks nothing; with {option}, give DOMAIN too")
        return _Linted(lint(None, record=record), None)
    if domain is None and not zones:
        expected = "expected DOMAIN, --draft RECORD, --zone FILE or --source FILE"
        raise click.UsageError(f"there is nothing to lint; {expected}")
    if is_interactive and domain is not None:
        base = recorded_base(zones, live, nameservers)
        return _Linted(*lint_drafts(domain, record, others, base[0], own, senders), base=base)
    resolver = sources.base_resolver(zones, live, nameservers)
    if domain is not None:
        return _Linted(*lint_drafts(domain, record, others, resolver, own, senders))
    zone = zone_of(resolver)
    if not isinstance(resolver, Zone | Overlay) or zone is None:
        raise click.UsageError("a recording does not say which names to lint; expected DOMAIN as well")
    findings = lint_zone(resolver, senders=senders)
    return _Linted(findings, known_to(resolver), zone_summary(zone, findings))


def _too_much_for(linted: _Linted) -> dict[str, tuple[LimitProfile, ...]]:
    """Return the receivers whose limits are exceeded, by domain, for those that are near RFC 7208's or over them."""
    if linted.resolver is None:
        return {}
    near = dict.fromkeys([each.domain for each in linted.findings if each.code in _NEAR_A_LIMIT and each.domain])
    trees = {name: include_tree(name, resolver=linted.resolver) for name in near}
    return {name: profiles for name, tree in trees.items() if (profiles := tree.budget.too_much_for)}


def _reported(selected: Iterable[frozenset[LintCode]], ignored: Iterable[frozenset[LintCode]]) -> frozenset[LintCode]:
    """Return the codes of the findings to report: --ignore takes precedence over --select."""
    wanted: frozenset[LintCode] = frozenset().union(*selected) or frozenset(LintCode)
    return wanted.difference(*ignored)


def _exit_code(findings: list[Finding], *, strict: bool) -> int:
    severities = {finding.severity for finding in findings}
    if Severity.ERROR in severities:
        return 2
    if any(finding.code in DNS_CODES for finding in findings):
        return exits.UNAVAILABLE
    return int(Severity.WARNING in severities or (strict and bool(findings)))
