"""`spfengine identify`: who owns an address."""

from collections.abc import Iterable, Iterator, Sequence

import click

from spfengine.advice.catalogue.catalogue import Catalogue
from spfengine.advice.catalogue.provider import Confidence, Provider
from spfengine.advice.identify.identification import How, Identification, Match, Missing
from spfengine.advice.identify.identify import identify_many
from spfengine.advice.rdap.client import IANA
from spfengine.cli import exits, options, sources
from spfengine.cli.screen import Screen, write_csv, write_json
from spfengine.evaluation.unanswered import LIVE_HINT, NOT_GIVEN
from spfengine.text.lines import FAULT, Line, Span, line, note
from spfengine.visible import visible, visible_name
from spfengine.wording import and_more

_EPILOG = f"""\b
Examples:
  spfengine identify 23.83.218.24
  spfengine identify 23.83.218.24 23.83.209.25 --zone example.com.zone
  spfengine identify 192.0.2.1 --catalogue ours.toml --rdap

The command asks for the SPF records of the services in the catalogue, and for reverse DNS. It asks address registries
only with --rdap, since they then learn which addresses you look at.

The exit code: 0 every address has a name, 1 one of them could not be named, 69 one of them could not be named, and DNS
or a registry could not answer something. {exits.OTHER_HELP}.
"""
_SCHEMA = "spfengine.identifications/1"
_COLUMNS = ("ip", "rank", "name", "how", "confidence", "shared", "include", "evidence")
_MARKS = {
    Confidence.HIGH: Span("✓", "pass"),
    Confidence.MEDIUM: Span("·", "neutral"),
    Confidence.LOW: Span("·", "quiet"),
}
_VERBS = {Confidence.HIGH: "is", Confidence.MEDIUM: "is probably", Confidence.LOW: "may be"}
_WIDEST = len(Confidence.MEDIUM)
_SHARED = "shared by all customers of the service"
_MOST_FAILURES = 5


@click.command(epilog=_EPILOG)
@click.argument("ips", metavar="IP...", nargs=-1, required=True, type=options.Address())
@options.zone
@options.live
@options.nameserver
@click.option(
    "--catalogue", "catalogue_file", metavar="FILE", type=options.FileName(),
    help="Use the services in this file (TOML), too; they take precedence over the built-in ones.",
)  # fmt: skip
@click.option("--rdap", "ask_rdap", is_flag=True, help="Ask the address registries, too, who holds the networks.")
@click.option(
    "--rdap-bootstrap", metavar="URL", default=IANA, show_default=True,
    help="The list of which registry has which addresses, for --rdap.",
)  # fmt: skip
@options.as_json
@click.option("--csv", "as_csv", is_flag=True, help="Print a table (CSV) instead of text.")
def command(
    ips: tuple[str, ...],
    zones: tuple[str, ...],
    live: bool,
    nameservers: tuple[str, ...],
    catalogue_file: str | None,
    ask_rdap: bool,
    rdap_bootstrap: str,
    as_json: bool,
    as_csv: bool,
) -> int:
    """Find out who owns the address IP: which service sends from it, and how that is known."""
    options.only_one_format(as_json, as_csv)
    catalogue = sources.catalogue(catalogue_file)
    rdap = None
    if ask_rdap:
        from spfengine.advice.rdap.client import RDAP

        rdap = RDAP(rdap_bootstrap)
    resolver = sources.base_resolver(zones, live, nameservers)
    results = list(identify_many(ips, resolver=resolver, catalogue=catalogue, rdap=rdap).values())
    if as_json:
        write_json(_document(results, catalogue))
    elif as_csv:
        write_csv(_COLUMNS, _rows(results))
    else:
        Screen().show(_lines(results, catalogue))
    return _exit_code(results)


def _exit_code(results: list[Identification]) -> int:
    nameless = [result for result in results if result.best is None]
    if any(result.is_incomplete for result in nameless):
        return exits.UNAVAILABLE
    return int(bool(nameless))


def _document(results: list[Identification], catalogue: Catalogue) -> dict[str, object]:
    return {
        "schema": _SCHEMA,
        "identifications": [result.to_dict() for result in results],
        "catalogue": {
            "entries": len(catalogue.providers),
            "unread": [missing.to_dict() for missing in results[0].unread],
        },
    }


def _rows(results: Iterable[Identification]) -> Iterator[tuple[str, ...]]:
    """Yield the matches of each address, the best with rank 1; an address without any has rank 0."""
    for result in results:
        for rank, match in enumerate(result.matches, 1):
            yield (result.ip, str(rank), *_cells(match))
        if not result.matches:
            why = "; ".join(missing.why for missing in result.missing) or "nobody could name it"
            yield (result.ip, "0", "", "", "", "", "", why)


def _cells(match: Match) -> tuple[str, ...]:
    return (
        match.name,
        str(match.how),
        str(match.confidence),
        "yes" if match.shared else "no",
        "" if match.provider is None else match.provider.customer_include or match.provider.include,
        match.evidence,
    )


def _lines(results: Sequence[Identification], catalogue: Catalogue) -> Iterator[Line]:
    """Yield address by address, then what is known about the services."""
    providers: dict[Provider, None] = {}
    for result in results:
        yield _headline(result)
        yield from _evidence(result)
        yield line()
        providers.update(dict.fromkeys(match.provider for match in result.matches if match.provider is not None))
    for provider in providers:
        yield from _provider(provider)
        yield line()
    yield from _unread(results[0].unread, len(catalogue.providers))


def _headline(result: Identification) -> Line:
    best = result.best
    address = Span(result.ip, "strong")
    if best is None:
        return note(address, ": ", Span("nobody could name it", "fault"), indent=0)
    shared = f", {_SHARED}" if best.shared else ""
    return note(address, f" {_verb(best)} ", Span(visible(best.name), "strong"), shared, indent=0)


def _evidence(result: Identification) -> Iterator[Line]:
    best = result.best
    if best is None and not result.missing:
        yield note("no SPF record that is known passes it, and it has no name in reverse DNS")
    for match in result.matches:
        whose = "" if best is None or match.name == best.name else f"{visible(match.name)}: "
        through = "" if match.through is None else f" (the record of {visible(match.through.name)})"
        word = f" {match.confidence:<{_WIDEST}} "
        yield line(_MARKS[match.confidence], word, f"{whose}{match.evidence}{through}", indent=2, hang=_WIDEST + 3)
    for missing in result.missing:
        if missing.is_outside and best is not None:
            continue
        yield note(Span("! ", "fault" if missing.is_failure else "quiet"), _missing_text(missing))


def _missing_text(missing: Missing) -> str:
    return f"{'' if missing.provider is None else f'{visible(missing.provider.name)}: '}{missing.why}"


def _verb(match: Match) -> str:
    if match.how is How.RDAP:
        return "lies in a network of"
    if match.provider is None:
        return "is named" if match.how is How.FORWARD_CONFIRMED else "calls itself"
    return _VERBS[match.confidence]


def _provider(provider: Provider) -> Iterator[Line]:
    form = provider.customer_include or provider.include
    include = Span(f"include:{visible_name(form)}", "term")
    yield note(Span(visible(provider.name), "strong"), ": ", include, indent=0)
    facts = []
    if provider.superseded_by is not None:
        facts.append(f"include:{visible_name(provider.superseded_by)} has replaced it")
    if provider.customer_include is not None:
        facts.append("each customer has an include of their own, of this form")
    if provider.shared:
        facts.append(f"{_SHARED}: everybody who has an account there passes by this include")
    if not provider.apex_include_useful:
        facts.append("in the record of a customer's own domain, this include usually does nothing")
    facts += [text for text in (provider.note, provider.lockdown) if text is not None]
    facts.append(f"the include name is attested by {provider.attested}; confidence: {provider.confidence}")
    for fact in facts:
        yield note("- ", visible(fact))


def _unread(unread: Iterable[Missing], entries: int) -> Iterator[Line]:
    """Yield which entries of the catalogue could not help."""
    failed = [missing for missing in unread if missing.is_failure]
    outside = {missing.provider for missing in unread if missing.is_outside}
    silent = {missing.provider for missing in unread if not missing.is_failure} - outside
    if outside:
        text = f"{len(outside)} of the {entries} services of the catalogue are {NOT_GIVEN}: {LIVE_HINT}"
        yield note(Span(text, "quiet"), indent=0)
    if silent:
        text = f"{len(silent)} of the {entries} services of the catalogue have no SPF record here to compare with"
        yield note(Span(text, "quiet"), indent=0)
    for missing in failed[:_MOST_FAILURES]:
        yield note(FAULT, _missing_text(missing), indent=0)
    more = and_more(len(failed) - _MOST_FAILURES, "service")
    if more:
        yield line(FAULT, f"{more} that DNS could not answer for")
