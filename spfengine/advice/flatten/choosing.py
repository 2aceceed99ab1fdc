"""Which terms of a record networks can replace, and which networks those are."""

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from spfengine.addresses import V4, V6, Family, network_range
from spfengine.advice.flatten.flattening import KeptTerm, ReplacedTerm
from spfengine.answers import Answer, Question, RRType
from spfengine.drivers import asking, once
from spfengine.evaluation.check_host import select_record
from spfengine.evaluation.session import Answers
from spfengine.names import domain_fault, fold
from spfengine.policy.inputs import Inputs
from spfengine.policy.outcome import Outcome
from spfengine.policy.ranges import IPNetwork, Spans, SpanSet, networks_of, union
from spfengine.policy.reachability import evaluate_alone
from spfengine.problems import Problem, ProblemCode
from spfengine.record.macro import MacroString
from spfengine.record.model import (
    MX,
    A,
    All,
    Directive,
    DomainDirective,
    Include,
    Modifier,
    Network as NetworkDirective,
    Ptr,
    Record,
    Redirect,
    Term,
)
from spfengine.record.parser import parse
from spfengine.visible import visible, visible_name

_BothFamilies = tuple[Spans, Spans]  # addresses of IPv4, and of IPv6

_PLAIN_NAME = re.compile(r"[A-Za-z0-9._-]+")  # can be written into a domain-spec unchanged
_MECHANISM = re.compile(r"([+?~-]?[A-Za-z0-9]+)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which terms the caller wants to replace.

    Attributes:
        includes: the names of includes and redirects, in lower case; None for all that can be replaced.
        hosts: whether a and mx are replaced too.
    """

    includes: frozenset[str] | None
    hosts: bool

    def has(self, term: Term) -> bool:
        """Whether a term is to be replaced."""
        if isinstance(term, Include):
            return self.has_name(term.domain_spec)
        return self.hosts and isinstance(term, (A, MX))

    def has_name(self, spec: MacroString) -> bool:
        """Whether an include or redirect with this domain-spec is to be replaced."""
        return self.includes is None or fold(spec.target or spec.text) in self.includes


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive replaced terms of one qualifier, as the networks that replace them.

    Attributes:
        qualifier: as written before the first of them.
        networks: as few as possible, IPv4 first, without those that earlier terms decide.
    """

    qualifier: str
    networks: tuple[IPNetwork, ...]


@dataclass(frozen=True, slots=True)
class FlattenPlan:
    """What becomes of each term of a record.

    Attributes:
        version: the version of the record, as written.
        body: the terms of the new record: terms as written, and runs of networks.
        replaced, kept: the terms that are replaced, and those that could not be.
        available: the names of all includes and redirects.
    """

    version: str
    body: tuple[str | Run, ...]
    replaced: tuple[ReplacedTerm, ...]
    kept: tuple[KeptTerm, ...]
    available: tuple[str, ...]


def choosing(
    inputs: Inputs, record: Record, wanted: Wanted, known: Answers
) -> Generator[Question, Answer, FlattenPlan]:
    """Return what becomes of the record of a domain, whose terms are known to cause no error."""
    names = _names(record)
    record, replaced, kept = yield from _without_redirect(record, wanted, known)
    replacements: dict[int, _BothFamilies] = {}
    last = next((index for index, term in enumerate(record.terms) if isinstance(term, All)), len(record.terms))
    for index, term in enumerate(record.terms[:last]):
        if not wanted.has(term):
            continue
        used: Answers = {}
        spans = yield from once(_matched(inputs, term, used), known)
        if isinstance(spans, Problem):
            kept.append(KeptTerm(term.text, spans))
        else:
            replacements[index] = spans
            replaced.append(_replaced(term, spans, used))
    available = tuple(dict.fromkeys([*names, *_names(record)]))
    body = tuple(_body(record.terms, replacements))
    return FlattenPlan(record.source[:6], body, tuple(replaced), tuple(kept), available)


def _names(record: Record) -> list[str]:
    """Return the names of the includes of a record, and of its redirect, as a caller may give them."""
    specs = [term.domain_spec for term in record.directives if isinstance(term, Include)]
    specs += [record.redirect.value] if record.redirect is not None else []
    return [spec.target or spec.text for spec in specs]


def _matched(inputs: Inputs, term: Term, used: Answers) -> Generator[Question, Answer, _BothFamilies | Problem]:
    """Return the addresses that a directive matches, alone and without limits, or why that is not known.

    Args:
        used: receives every answer that the result depends on.
    """
    alone = yield from evaluate_alone(inputs, inputs.domain, term, used)
    return _problem_of(term, alone.outcomes) or alone.spans


def _problem_of(term: Term, outcomes: Sequence[Outcome]) -> Problem | None:
    """Return why networks can't replace a directive that has these outcomes, or None if they can."""
    problems = [outcome.problem for outcome in outcomes if outcome.problem is not None]
    if problems:
        return problems[0]
    conditional = next((outcome for outcome in outcomes if outcome.result is None), None)
    if conditional is None:
        return None
    dependencies = ", ".join(str(dependency) for dependency in conditional.depends_on[:3])
    text = f"{visible(term.text, 80)} depends on more than the client's network: {dependencies}"
    hint = "keep it: no list of networks has the same meaning"
    return Problem(ProblemCode.FLATTEN_CONDITIONAL, text, None, term.span, "", hint)


def _replaced(term: Term, spans: _BothFamilies, used: Answers) -> ReplacedTerm:
    names = tuple(dict.fromkeys(question.name for question in used))
    ttls = [answer.ttl for answer in used.values()]
    known = [ttl for ttl in ttls if ttl is not None]
    networks = (*networks_of(V4, spans[0]), *networks_of(V6, spans[1]))
    ttl = min(known) if known and len(known) == len(ttls) else None
    return ReplacedTerm(term.text, names[0] if isinstance(term, Include) else None, networks, names, ttl)


def _body(terms: Sequence[Term], replacements: dict[int, _BothFamilies]) -> list[str | Run]:
    """Return the new terms in order, with a run in place of replaced terms.

    Addresses that earlier terms decide are left out of a run.
    """
    body: list[str | Run] = []
    decided = {V4: SpanSet(), V6: SpanSet()}
    for part in _runs(terms, replacements):
        if isinstance(part, Term):
            if isinstance(part, NetworkDirective):
                decided[part.family].add([network_range(part.family, part.network, part.prefix)])
            body.append(part.text)
            continue
        spans = {
            V4: union(*[replacements[index][0] for index in part]),
            V6: union(*[replacements[index][1] for index in part]),
        }
        networks = [network for family, own in spans.items() for network in _undecided(family, own, decided[family])]
        if networks:
            sign = terms[part[0]].text[:1]
            body.append(Run(sign if sign in "+-?~" else "", tuple(networks)))
        for family, own in spans.items():
            decided[family].add(own)
    return body


def _runs(terms: Sequence[Term], replacements: dict[int, _BothFamilies]) -> list[Term | list[int]]:
    """Return the terms that stay, and for each run of replaced terms their indexes.

    A run has one qualifier. It continues across ip4 and ip6 terms of this qualifier: the order in which terms of one
    qualifier are compared makes no difference, as long as none of them can end in an error.
    """
    parts: list[Term | list[int]] = []
    run: list[int] | None = None
    for index, term in enumerate(terms):
        if index in replacements:
            if run is None or _qualifier(terms[run[0]]) != _qualifier(term):
                run = []
                parts.append(run)
            run.append(index)
            continue
        same = isinstance(term, NetworkDirective) and run is not None and term.qualifier == _qualifier(terms[run[0]])
        if not (same or isinstance(term, Modifier)):
            run = None
        parts.append(term)
    return parts


def _undecided(family: Family, spans: Spans, decided: SpanSet) -> list[IPNetwork]:
    """Return the networks of a set, without those that earlier terms decide completely."""
    return [
        network
        for network in networks_of(family, spans)
        if not decided.has_all([(int(network.network_address), int(network.broadcast_address))])
    ]


def _qualifier(term: Term) -> str:
    assert isinstance(term, Directive), "only directives are replaced"
    return term.qualifier


def _without_redirect(
    record: Record, wanted: Wanted, known: Answers
) -> Generator[Question, Answer, tuple[Record, list[ReplacedTerm], list[KeptTerm]]]:
    """Return the record with the terms of the record that it redirects to instead of `redirect=`.

    The redirect is kept if some term would mean something else there. Its `all` is copied too, unlike for an include.
    """
    replaced: list[ReplacedTerm] = []
    seen: set[str] = set()
    while record.redirect is not None and wanted.has_name(record.redirect.value):
        redirect = record.redirect
        target = redirect.value.target or ""
        if not _PLAIN_NAME.fullmatch(target) or domain_fault(target) is not None:
            return record, replaced, [_kept(redirect, "its name has macros")]
        answer = yield from once(asking(Question(target, RRType.TXT)), known)
        other = select_record(answer)
        if not isinstance(other, Record) or fold(target) in seen:
            return record, replaced, [_kept(redirect, "its record is never reached")]
        seen.add(fold(target))
        joined = _joined(record, redirect, other, target)
        if isinstance(joined, str):
            return record, replaced, [_kept(redirect, joined)]
        record = joined
        replaced.append(ReplacedTerm(redirect.text, target, (), (target,), answer.ttl))
    return record, replaced, []


def _kept(redirect: Redirect, why: str) -> KeptTerm:
    text = f"{visible(redirect.text, 80)} stays: {why}"
    return KeptTerm(redirect.text, Problem(ProblemCode.FLATTEN_CONDITIONAL, text, None, redirect.span))


def _joined(record: Record, redirect: Redirect, other: Record, target: str) -> Record | str:
    """Return a record followed by the terms of the one that it redirects to, or why that is not possible."""
    if record.explanation is not None or other.explanation is not None:
        return "a record with exp= explains its own results only"
    terms = [term.text for term in record.terms if term is not redirect]
    for term in other.terms:
        moved = _moved(term, target)
        if moved is None:
            return f"{visible(term.text, 80)} in the record of {visible_name(target)} can't be moved"
        terms.append(moved)
    return parse(" ".join([record.source[:6], *[term for term in terms if term]]))


def _moved(term: Term, target: str) -> str | None:
    """Return a term of the record of `target` so that it means the same in another record.

    "" if the term has no effect there, and None if there is no such term.
    """
    if isinstance(term, Redirect):
        return term.text if term.value.target is not None else None
    if isinstance(term, Modifier):
        return ""
    if not isinstance(term, DomainDirective):
        return term.text
    spec: MacroString | None = term.domain_spec
    if isinstance(term, Ptr) or (spec is not None and spec.letters):
        return None  # its dependencies name the record that it is in, so the proof would see a difference
    if spec is None:
        parts = _MECHANISM.fullmatch(term.text)
        assert parts is not None, "a mechanism begins with its name"
        return f"{parts[1]}:{target}{parts[2]}"
    return term.text
