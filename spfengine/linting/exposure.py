"""Who else passes: how many addresses a record lets pass, and which of their networks anybody can rent."""

import tomllib
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files

from spfengine.addresses import V4, V6, Family, Table, build_table, locate, network_range, parse_ip4, parse_ip6
from spfengine.answers import Answer, Question
from spfengine.linting.codes import LintCode
from spfengine.linting.finding import Finding, ReachedRecord
from spfengine.linting.terms import MAX_DIRECTIVES, live
from spfengine.linting.walk import Walk
from spfengine.policy.ranges import Spans, difference, intersection, union
from spfengine.policy.reachability import matched_alone, network_spans
from spfengine.problems import Result
from spfengine.record.model import IP4, Directive, Network, Record
from spfengine.special_purpose import special_purpose_network
from spfengine.visible import visible
from spfengine.wording import listed

MANY = 100_000
"""IPv4 addresses that a record may let pass before lint reports their number."""
_SHOWN = 3  # terms that are named
_SHOWN_RENTABLE = 6

_LARGEST_OWN = {V4: 1 << 32 - 24, V6: 1 << 128 - 48}
"""Addresses, by family, of the largest network that clouds assign to one customer as a whole: a /24, and a /48."""
_MOST_OF_OTHERS = 1 << 16  # rentable addresses that an included record may pass: a service may have rented some itself

_Matched = tuple[Directive, tuple[Spans, Spans]]
"""A term, and the IPv4 and IPv6 addresses that it matches."""


@dataclass(frozen=True, slots=True)
class Operator:
    """Who rents out addresses.

    Attributes:
        name: the operator.
        source: where it publishes its networks.
        is_cdn: whether it is a content delivery network, and not a cloud.
    """

    name: str
    source: str
    is_cdn: bool


def exposure(walk: Walk, findings: list[Finding]) -> Generator[Question, Answer, list[Finding]]:
    """Return how exposed a domain is to others who may send from the addresses that its record lets pass.

    Args:
        findings: the findings so far; if a record lets everybody pass, nothing more is reported about it.
    """
    chain = walk.chain
    if any(reached.record is None or len(reached.record.directives) > MAX_DIRECTIVES for reached in chain):
        return []
    if any(finding.code is LintCode.PASSES_EVERYONE for finding in findings):
        return []
    tables = yield from walk.tables()
    passing = tables.ip4.spans(V4, Result.PASS)
    count = _count(passing)
    if count == V4.last + 1:
        text = "the terms together let every IPv4 client pass: worse than no record"
        return [walk.root.finding(LintCode.PASSES_EVERYONE, text, None, "name the networks that your mail comes from")]
    more: list[Finding] = []
    passed: list[tuple[list[_Matched], Spans]] = []
    for reached in chain:
        matched: list[_Matched] = []
        terms = live(reached.record) if reached.record is not None else []
        for term in terms:
            if term.qualifier == "+":
                spans = yield from _spans(walk, reached, term)
                matched.append((term, spans))
        more += _rentable(reached, matched)
        passed.append((matched, _of_nobody(terms)))
    count -= _count(intersection(passing, union(*[of_nobody for _, of_nobody in passed])))
    if count > MANY:
        more.append(_large(walk.root, count, list(_sizes(passed, passing))))
    return more


def _sizes(passed: list[tuple[list[_Matched], Spans]], passing: Spans) -> Iterator[tuple[int, Directive]]:
    """Yield how many IPv4 addresses of those that pass each term matches, without those that no client has."""
    for matched, of_nobody in passed:
        for term, (ip4, _) in matched:
            yield _count(difference(intersection(ip4, passing), of_nobody)), term


def _of_nobody(terms: list[Directive]) -> Spans:
    """Return the IPv4 networks that terms name though no client on the Internet has an address in them."""
    networks = [term for term in terms if isinstance(term, IP4)]
    special = [each for each in networks if special_purpose_network(V4, each.network, each.prefix) is not None]
    return union([network_range(V4, each.network, each.prefix) for each in special])


def _spans(walk: Walk, reached: ReachedRecord, term: Directive) -> Generator[Question, Answer, tuple[Spans, Spans]]:
    if isinstance(term, Network):
        return network_spans(term)
    spans = yield from matched_alone(walk.inputs, reached.domain or "", term, walk.answers, walk.alone)
    return spans or ([], [])


def _count(spans: Spans) -> int:
    return sum(last - first + 1 for first, last in spans)


def _large(root: ReachedRecord, count: int, sizes: list[tuple[int, Directive]]) -> Finding:
    largest = sorted(sizes, key=lambda each: -each[0])[:_SHOWN]
    named = [f"{visible(term.text, 60)} ({size:,})" for size, term in largest if size * 100 >= count]
    text = f"the record lets {count:,} IPv4 addresses pass; most of them by {', '.join(named)}"
    hint = "this is normal with large services; take out the terms of those that do not send your mail"
    return root.finding(LintCode.LARGE_SPACE, text, None, hint)


def rentable_terms(reached: ReachedRecord, record: Record) -> list[Finding]:
    """Return the networks of a record, of which only the text is known, that anybody can rent addresses in."""
    networks = [term for term in live(record) if isinstance(term, Network) and term.qualifier == "+"]
    return _rentable(reached, [(term, network_spans(term)) for term in networks])


def _rentable(reached: ReachedRecord, matched: list[_Matched]) -> list[Finding]:
    """Return that terms of a record let networks pass in which anybody can rent addresses: once, with all of them."""
    if not reached.own:
        return []
    by_term = {term: found for term, spans in matched if (found := _rented(term, spans))}
    terms = list(by_term)
    if not terms:
        return []
    total: Counter[Operator] = Counter()
    for found in by_term.values():
        total.update(found)
    [operator, *others] = [each for each, _ in total.most_common()]
    whose = listed([each.name for each in (operator, *others)], 1)
    can = "send through" if operator.is_cdn else "rent an address in"
    who = visible(terms[0].text, 60) if len(terms) == 1 else f"{len(terms)} terms"
    passes = "passes" if len(terms) == 1 else "pass"
    text = f"{who} {passes} networks of {whose}, which anybody can {can}: they could send as you"
    if len(terms) > 1:
        text += f"; they are {listed([visible(term.text, 60) for term in terms], _SHOWN_RENTABLE)}"
    sources = listed([each.source for each in (operator, *others)], _SHOWN)
    hint = f"name only the addresses that are yours; the networks are published at {sources}"
    finding = reached.finding(LintCode.RENTABLE_NETWORK, text, terms[0], hint)
    return [replace(finding, spans=tuple([term.span for term in terms]))]


def _rented(term: Directive, spans: tuple[Spans, Spans]) -> dict[Operator, int]:
    """Return who rents out addresses that a term passes, each with how many; nobody if it may well be one's own."""
    found: dict[Operator, int] = {}
    for family, each in zip((V4, V6), spans, strict=True):
        for first, last in each:
            if last - first >= _LARGEST_OWN[family]:
                for operator, count in _overlaps(family, first, last):
                    found[operator] = found.get(operator, 0) + count
    return found if isinstance(term, Network) or sum(found.values()) > _MOST_OF_OTHERS else {}


def _overlaps(family: Family, first: int, last: int) -> Iterator[tuple[Operator, int]]:
    """Yield the operators that rent out addresses of a range, each with how many."""
    starts, operators = _table(family)
    for index in range(locate(starts, first) - 1, locate(starts, last)):
        operator = operators[index]
        if operator is not None:
            end = starts[index + 1] - 1 if index + 1 < len(starts) else family.last
            yield operator, min(last, end) - max(first, starts[index]) + 1


@lru_cache(maxsize=2)
def _table(family: Family) -> Table[Operator]:
    """Return the networks of rentable.toml of a family."""
    document = tomllib.loads(files("spfengine.linting").joinpath("rentable.toml").read_text(encoding="utf-8"))
    ranges = []
    for entry in document["operator"]:
        operator = Operator(entry["name"], entry["source"], entry["kind"] == "cdn")
        for network in entry["networks"]:
            address, _, prefix = network.partition("/")
            value = parse_ip4(address) if family is V4 else parse_ip6(address)
            if value is not None:
                ranges.append((*network_range(family, value, int(prefix)), operator))
    return build_table(ranges)
