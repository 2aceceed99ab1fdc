"""Whose addresses are, as text: the best answer for each, how it is known, and what is known about the services."""

from collections.abc import Iterable, Iterator, Sequence

from spfengine.advice.identify.identification import How, Identification, Match, Missing
from spfengine.catalogue.catalogue import Catalogue
from spfengine.catalogue.provider import Confidence, Provider
from spfengine.evaluation.unanswered import LIVE_HINT, NOT_GIVEN
from spfengine.text.lines import BULLET, FAULT, Line, Span, line, note
from spfengine.visible import visible, visible_name
from spfengine.wording import and_more

_MARKS = {
    Confidence.HIGH: Span("✓ ", "pass"),
    Confidence.MEDIUM: Span("· ", "neutral"),
    Confidence.LOW: Span("· ", "quiet"),
}
_VERBS = {Confidence.HIGH: "is", Confidence.MEDIUM: "is probably", Confidence.LOW: "may be"}
_SHARED = "shared by all customers of the service"
_MOST_FAILURES = 5


def identify_lines(
    results: Sequence[Identification], catalogue: Catalogue, live_hint: str = LIVE_HINT
) -> Iterator[Line]:
    """Yield address by address, then what is known about the services.

    Args:
        live_hint: how to ask DNS for what is not in the files given.
    """
    providers: dict[Provider, None] = {}
    for result in results:
        yield _headline(result)
        yield from _evidence(result)
        yield line()
        providers.update(dict.fromkeys(match.provider for match in result.matches if match.provider is not None))
    for provider in providers:
        yield from _provider(provider)
        yield line()
    yield from _unread(results[0].unread, len(catalogue.providers), live_hint)


def _headline(result: Identification) -> Line:
    best = result.best
    address = Span(result.ip, "strong")
    if best is None:
        return note(address, ": ", Span("not identified", "fault"), indent=0)
    shared = f", {_SHARED}" if best.shared else ""
    return note(address, f" {_verb(best)} ", Span(visible(best.name), "strong"), shared, indent=0)


def _evidence(result: Identification) -> Iterator[Line]:
    best = result.best
    if best is None and not result.missing:
        yield note("no known SPF record passes it, and it has no name in reverse DNS")
    for match in result.matches:
        whose = "" if best is None or match.name == best.name else f"{visible(match.name)}: "
        through = "" if match.through is None else f" (the record of {visible(match.through.name)})"
        yield note(_MARKS[match.confidence], f"{match.confidence} confidence: {whose}{match.evidence}{through}")
    for missing in result.missing:
        if missing.is_outside and best is not None:
            continue
        yield note(Span("! ", "fault" if missing.is_failure else "quiet"), _missing_text(missing))


def _missing_text(missing: Missing) -> str:
    return f"{'' if missing.provider is None else f'{visible(missing.provider.name)}: '}{missing.why}"


def _verb(match: Match) -> str:
    if match.how is How.RDAP:
        return "is in a network of"
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
        yield note(BULLET, visible(fact))


def _unread(unread: Iterable[Missing], entries: int, live_hint: str) -> Iterator[Line]:
    """Yield which entries of the catalogue could not help."""
    failed = [missing for missing in unread if missing.is_failure]
    outside = {missing.provider for missing in unread if missing.is_outside}
    silent = {missing.provider for missing in unread if not missing.is_failure} - outside
    if outside:
        text = f"{len(outside)} of the {entries} services of the catalogue are {NOT_GIVEN}: {live_hint}"
        yield note(Span(text, "quiet"), indent=0)
    if silent:
        text = f"{len(silent)} of the {entries} services of the catalogue have no SPF record here to compare with"
        yield note(Span(text, "quiet"), indent=0)
    for missing in failed[:_MOST_FAILURES]:
        yield note(FAULT, _missing_text(missing), indent=0)
    more = and_more(len(failed) - _MOST_FAILURES, "service")
    if more:
        yield line(FAULT, f"{more} that DNS could not answer for")
