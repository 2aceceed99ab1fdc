"""What a person sees of identifications: address by address, then what is known of the services."""

from collections.abc import Iterable, Iterator, Sequence

from spfengine.advice.catalogue.catalogue import Catalogue
from spfengine.advice.catalogue.provider import Confidence, Provider
from spfengine.advice.identify.identification import How, Identification, Match, Missing
from spfengine.cli.screen import Line, Span, line
from spfengine.visible import visible, visible_name

_MARKS = {
    Confidence.HIGH: Span("✓", "pass"),
    Confidence.MEDIUM: Span("·", "neutral"),
    Confidence.LOW: Span("·", "quiet"),
}
_VERBS = {Confidence.HIGH: "is", Confidence.MEDIUM: "is probably", Confidence.LOW: "may be"}
_WIDEST = len(Confidence.MEDIUM)
_SHARED = "shared by all customers of the service"
_MOST_TOLD = 5


def page(found: Sequence[Identification], catalogue: Catalogue) -> Iterator[Line]:
    """Yield the page."""
    providers: dict[Provider, None] = {}
    for each in found:
        yield from _address(each)
        yield line()
        providers.update(dict.fromkeys(match.provider for match in each.matches if match.provider is not None))
    for provider in providers:
        yield from _provider(provider)
        yield line()
    yield from _unread(found[0].unread, len(catalogue.providers))


def _address(found: Identification) -> Iterator[Line]:
    best = found.best
    address = Span(found.ip, "strong")
    if best is None:
        yield line(address, ": ", Span("nobody could name it", "fault"), hang=2)
        if not found.missing:
            yield line("no SPF record that is known passes it, and it has no name in reverse DNS", indent=2, hang=2)
    else:
        shared = f", {_SHARED}" if best.shared else ""
        yield line(address, f" {_verb(best)} ", Span(visible(best.name), "strong"), shared, hang=2)
    for match in found.matches:
        whose = "" if best is None or match.name == best.name else f"{visible(match.name)}: "
        through = "" if match.through is None else f" (the record of {visible(match.through.name)})"
        word = f" {match.confidence:<{_WIDEST}} "
        yield line(_MARKS[match.confidence], word, f"{whose}{match.evidence}{through}", indent=2, hang=_WIDEST + 3)
    for missing in found.missing:
        whose = "" if missing.provider is None else f"{visible(missing.provider.name)}: "
        yield line(Span("! ", "fault" if missing.is_failure else "quiet"), f"{whose}{missing.why}", indent=2, hang=2)


def _verb(match: Match) -> str:
    if match.how is How.RDAP:
        return "lies in a network of"
    if match.provider is None:
        return "is named" if match.how is How.FORWARD_CONFIRMED else "calls itself"
    return _VERBS[match.confidence]


def _provider(provider: Provider) -> Iterator[Line]:
    form = provider.customer_include or provider.include
    yield line(Span(visible(provider.name), "strong"), ": ", Span(f"include:{visible_name(form)}", "term"), hang=2)
    told = []
    if provider.superseded_by is not None:
        told.append(f"include:{visible_name(provider.superseded_by)} has taken its place")
    if provider.customer_include is not None:
        told.append("each customer has an include of their own, of this form")
    if provider.shared:
        told.append(f"{_SHARED}: whoever has an account there passes by this include")
    if not provider.apex_include_useful:
        told.append("in the record of a customer's own domain, this include does nothing as a rule")
    told += [text for text in (provider.note, provider.lockdown) if text is not None]
    told.append(f"the include name is attested by {provider.attested}; confidence: {provider.confidence}")
    for each in told:
        yield line("- ", visible(each), indent=2, hang=2)


def _unread(unread: Iterable[Missing], entries: int) -> Iterator[Line]:
    """Tell which entries of the catalogue could not tell."""
    failed = [missing for missing in unread if missing.is_failure]
    silent = {missing.provider for missing in unread if not missing.is_failure}
    if silent:
        told = f"{len(silent)} of the {entries} services of the catalogue have no SPF record here that could tell"
        yield line(Span(told, "quiet"), hang=2)
    for missing in failed[:_MOST_TOLD]:
        name = "" if missing.provider is None else f"{visible(missing.provider.name)}: "
        yield line(Span("! ", "fault"), f"{name}{missing.why}", hang=2)
    if len(failed) > _MOST_TOLD:
        yield line(Span("! ", "fault"), f"and {len(failed) - _MOST_TOLD} more services that DNS could not tell of")
