"""A record as a sentence: who passes, who fails, and what everybody else gets."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from spfengine.addresses import address_text
from spfengine.evaluation.check_host import QUALIFIERS
from spfengine.policy.policy import Policy
from spfengine.problems import Problem, Result
from spfengine.record.macro import MacroString
from spfengine.record.model import MX, A, All, Directive, Exists, HostDirective, Include, Network, Ptr, Record
from spfengine.report.page import Block, Paragraph, Prose, Text
from spfengine.text.lines import Span
from spfengine.visible import visible, visible_name
from spfengine.wording import counted

_RUN = 6  # this many networks are counted, and not listed
_SHOWN = 120


def sentence_blocks(record: Record | None, domain: str | None, problem: Problem | None = None) -> list[Block]:
    """Return the sentence for the record of a domain; nothing if there is no record that can be read.

    Args:
        problem: why some clients get permerror instead; None if none is known to.
    """
    if record is None:
        return []
    paragraphs = [Paragraph(tuple(_sentence(record, domain)))]
    if problem is not None:
        error = Span("permerror", "permerror"), Span(f" instead, if a check gets to what is wrong: {problem.text}.")
        paragraphs.append(Paragraph(error))
    return [Prose(tuple(paragraphs))]


def broken_by(policy: Policy) -> Problem | None:
    """Return why some clients get permerror, whatever the sentence says; None if none is known to."""
    outcomes = [outcome for version in (4, 6) for _, _, outcome in policy.ranges(version)]
    return next((each.problem for each in outcomes if each.result is Result.PERMERROR), None)


def _sentence(record: Record, domain: str | None) -> Iterator[Span]:
    here = "the domain itself" if domain is None else visible_name(domain)
    is_first = True
    for qualifier, group in groupby(_before_all(record), lambda directive: directive.qualifier):
        yield from _result("" if is_first else "; else ", qualifier)
        yield Span(" if the address is ")
        yield from _joined([_condition(each, here) for each in _merged(list(group))])
        is_first = False
    yield from _rest(record, is_first=is_first)
    yield Span(".")


def _before_all(record: Record) -> Iterator[Directive]:
    for directive in record.directives:
        if isinstance(directive, All):
            return
        yield directive


def _result(before: str, qualifier: str) -> Iterator[Span]:
    result = str(QUALIFIERS[qualifier])
    yield Span(before)
    yield Span(result, result)


def _rest(record: Record, *, is_first: bool) -> Iterator[Span]:
    start = "" if is_first else "; or else "
    last = next((each for each in record.directives if isinstance(each, All)), None)
    if last is not None:
        yield from _result(start, last.qualifier)
        yield Span(" for everybody" if is_first else "")
    elif record.redirect is not None:
        yield Span(f"{start}the record of ")
        yield Span(_name(record.redirect.value), "term")
        yield Span(" decides")
    else:
        yield Span(start)
        yield Span("neutral", "neutral")
        yield Span(", since the record ends without all")


def _joined(conditions: Sequence[Text]) -> Iterator[Span]:
    for index, condition in enumerate(conditions):
        if index:
            yield Span(" or " if index == len(conditions) - 1 else ", ")
        yield from condition


def _merged(directives: Sequence[Directive]) -> Iterator[Sequence[Directive]]:
    """Yield the directives, neighbouring networks and neighbouring includes together."""
    for kind, group in groupby(directives, lambda each: Network if isinstance(each, Network) else type(each)):
        members = list(group)
        yield from [members] if kind in (Network, Include) else [[each] for each in members]


def _condition(directives: Sequence[Directive], here: str) -> Text:
    first = directives[0]
    if isinstance(first, Network):
        return _networks([each for each in directives if isinstance(each, Network)])
    if isinstance(first, HostDirective):
        return _host(first, here)
    if isinstance(first, Include):
        names = [Span(_name(each.domain_spec), "term") for each in directives if isinstance(each, Include)]
        return Span("one that the record of "), *_joined([(name,) for name in names]), Span(" lets pass")
    if isinstance(first, Exists):
        return Span("one for which the name "), Span(_name(first.domain_spec), "term"), Span(" exists")
    assert isinstance(first, Ptr), "there is no other directive"
    return Span("one whose own name is under "), Span(_target(first.domain_spec, here), "term")


def _host(directive: HostDirective, here: str) -> Text:
    what = "one of a mail server of " if isinstance(directive, MX) else "one of "
    assert isinstance(directive, (A, MX)), "there is no other mechanism of hosts"
    around = "" if (directive.ip4_prefix, directive.ip6_prefix) == (32, 128) else _around(directive)
    return Span(what), Span(_target(directive.domain_spec, here), "term"), Span(around)


def _around(directive: HostDirective) -> str:
    return f" or in the same network (/{directive.ip4_prefix}, IPv6 /{directive.ip6_prefix})"


def _networks(networks: Sequence[Network]) -> Text:
    if len(networks) >= _RUN:
        return (Span(f"in one of {counted(len(networks), 'network')} that it lists"),)
    return tuple(_joined([_network(network) for network in networks]))


def _network(network: Network) -> Text:
    address = address_text(network.family, network.network)
    if network.prefix == network.family.bits:
        return (Span(address, "term"),)
    return Span("in "), Span(f"{address}/{network.prefix}", "term")


def _target(spec: MacroString | None, here: str) -> str:
    return here if spec is None else _name(spec)


def _name(spec: MacroString) -> str:
    return visible(spec.text, _SHOWN)
