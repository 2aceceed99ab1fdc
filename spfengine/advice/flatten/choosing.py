"""Which terms of a record networks can take the place of, and which networks those are."""

import re
from bisect import bisect_right
from collections.abc import Generator, Sequence
from typing import NamedTuple

from spfengine.addresses import V4, V6, Family, network_range
from spfengine.answers import Answer, Question, RRType
from spfengine.drivers import asking, once
from spfengine.evaluation.check_host import select_record
from spfengine.evaluation.limits import Limits
from spfengine.evaluation.session import Answers
from spfengine.names import domain_fault, fold
from spfengine.policy.budget import LIFTED
from spfengine.policy.compile import Inputs, tile
from spfengine.policy.outcome import Outcome
from spfengine.policy.policy import Network
from spfengine.policy.ranges import Spans, difference, networks_of, union
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.record.macro import MacroString
from spfengine.record.model import (
    MX,
    A,
    All,
    Directive,
    DomainDirective,
    Include,
    Modifier,
    Ptr,
    Record,
    Redirect,
    Term,
)
from spfengine.record.model import Network as NetworkDirective
from spfengine.record.parser import parse
from spfengine.visible import visible, visible_name

Both = tuple[Spans, Spans]
"""Addresses of IPv4 and of IPv6."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9._-]+")  # can be written into a domain-spec as it is
_MECHANISM = re.compile(r"([+?~-]?[A-Za-z0-9]+)(.*)", re.DOTALL)


class Wish(NamedTuple):
    """What is to be replaced.

    Attributes:
        includes: the names of includes and redirects, folded to lower case; None for all that can be.
        hosts: whether a and mx are replaced too.
    """

    includes: frozenset[str] | None
    hosts: bool

    def is_for(self, spec: MacroString) -> bool:
        """Whether an include or redirect of this domain-spec is meant."""
        return self.includes is None or fold(spec.target or spec.text) in self.includes


class Replaced(NamedTuple):
    """A term that networks take the place of.

    Attributes:
        term: the term, as written.
        source: for an include or redirect, the name of the record that it leads to; else None.
        networks: the networks that it matches, the fewest there can be; none for a redirect, whose terms stand in the
            record then.
        names: the names whose DNS records these networks come from, in the order in which they were asked for.
        ttl: seconds for which DNS said that all of this may be kept; None where it did not say.
    """

    term: str
    source: str | None
    networks: tuple[Network, ...]
    names: tuple[str, ...]
    ttl: int | None


class Kept(NamedTuple):
    """A term that was to be replaced, and can't be.

    Attributes:
        term: the term, as written.
        problem: why.
    """

    term: str
    problem: Problem


class Run(NamedTuple):
    """Replaced terms of one qualifier that stand in one place, as the networks that take it.

    Attributes:
        qualifier: as written before the first of them.
        networks: the fewest there can be, IPv4 first; without those that terms before decide.
    """

    qualifier: str
    networks: tuple[Network, ...]


class Choice(NamedTuple):
    """What becomes of a record.

    Attributes:
        version: its version, as written.
        body: what stands in it: terms as written, and runs.
        replaced, kept: terms that are replaced, and that could not be.
        available: the names of the includes that there are, and of the redirects.
    """

    version: str
    body: tuple[str | Run, ...]
    replaced: tuple[Replaced, ...]
    kept: tuple[Kept, ...]
    available: tuple[str, ...]


def lifted(inputs: Inputs) -> Inputs:
    """Return the inputs under limits that no record reaches but one that leads in a circle."""
    limits = inputs.limits
    return inputs.with_limits(Limits(LIFTED, LIFTED, limits.void_rule, limits.names, None, count_p=limits.count_p))


def choosing(inputs: Inputs, record: Record, wish: Wish, known: Answers) -> Generator[Question, Answer, Choice]:
    """Return what becomes of the record of a domain, whose terms are known to lead to no error."""
    names = _names(record)
    record, replaced, kept = yield from _without_redirect(record, wish, known)
    found: dict[int, Both] = {}
    last = next((place for place, term in enumerate(record.terms) if isinstance(term, All)), len(record.terms))
    for place, term in enumerate(record.terms[:last]):
        if not _is_wanted(term, wish):
            continue
        used: Answers = {}
        spans = yield from once(_matched(inputs, term, used), known)
        if isinstance(spans, Problem):
            kept.append(Kept(term.text, spans))
        else:
            found[place] = spans
            replaced.append(_replaced(term, spans, used))
    available = tuple(dict.fromkeys([*names, *_names(record)]))
    return Choice(record.source[:6], tuple(_body(record.terms, found)), tuple(replaced), tuple(kept), available)


def _names(record: Record) -> list[str]:
    """Return the names of the includes of a record, and of its redirect, as they may be asked for."""
    specs = [term.domain_spec for term in record.directives if isinstance(term, Include)]
    specs += [record.redirect.value] if record.redirect is not None else []
    return [spec.target or spec.text for spec in specs]


def _is_wanted(term: Term, wish: Wish) -> bool:
    if isinstance(term, Include):
        return wish.is_for(term.domain_spec)
    return wish.hosts and isinstance(term, (A, MX))


def _matched(inputs: Inputs, term: Term, used: Answers) -> Generator[Question, Answer, Both | Problem]:
    """Return the addresses that a directive matches, alone and without limits; or why that is not known.

    Args:
        used: gets every answer that it rests on.
    """
    alone = "v=spf1 " + term.text.lstrip("+-?~")
    key = Question(inputs.domain, RRType.TXT).key
    used[key] = Answer.txt(alone)
    families: list[tuple[Outcome, ...]] = []
    spans: list[Spans] = []
    for family in (V4, V6):
        # No step for conditional ranges: with one of them networks can't take its place, whatever its tree is.
        starts, outcomes, _ = yield from tile(lifted(inputs), family, used, max_steps=0)
        families.append(tuple(outcomes))
        lasts = [start - 1 for start in starts[1:]] + [family.last]
        passing = [(s, e) for s, e, o in zip(starts, lasts, outcomes, strict=True) if o.result is Result.PASS]
        spans.append(union(passing))
    del used[key]
    return _problem_of(term, [outcome for outcomes in families for outcome in outcomes]) or (spans[0], spans[1])


def _problem_of(term: Term, outcomes: Sequence[Outcome]) -> Problem | None:
    """Return why networks can't take the place of a directive that comes to these outcomes."""
    faults = [each.problem for each in outcomes if each.problem is not None]
    if faults:
        return faults[0]
    rests = next((each for each in outcomes if each.result is None), None)
    if rests is None:
        return None
    on = ", ".join(str(each) for each in rests.depends_on[:3])
    text = f"{visible(term.text, 80)} rests on more than the client's network: {on}"
    return Problem(ProblemCode.FLATTEN_CONDITIONAL, text, None, term.span, "", "no list of networks says the same")


def _replaced(term: Term, spans: Both, used: Answers) -> Replaced:
    names = tuple(dict.fromkeys(question.name for question in used))
    ttls = [answer.ttl for answer in used.values()]
    known = [ttl for ttl in ttls if ttl is not None]
    networks = (*networks_of(V4, spans[0]), *networks_of(V6, spans[1]))
    ttl = min(known) if known and len(known) == len(ttls) else None
    return Replaced(term.text, names[0] if isinstance(term, Include) else None, networks, names, ttl)


def _body(terms: Sequence[Term], found: dict[int, Both]) -> list[str | Run]:
    """Return what stands in the record: terms in their order, and a run where replaced terms stand.

    Replaced terms of one qualifier are one run, also across ip4 and ip6 of this qualifier: in which order terms of one
    qualifier are compared makes no difference, as long as none of them can end in an error.
    """
    places: list[Term | list[int]] = []
    run: list[int] | None = None
    for place, term in enumerate(terms):
        if place in found:
            if run is None or _qualifier(terms[run[0]]) != _qualifier(term):
                run = []
                places.append(run)
            run.append(place)
            continue
        same = isinstance(term, NetworkDirective) and run is not None and term.qualifier == _qualifier(terms[run[0]])
        if not (same or isinstance(term, Modifier)):
            run = None
        places.append(term)
    body: list[str | Run] = []
    decided: Both = ([], [])
    for each in places:
        if isinstance(each, Term):
            decided = _with_network(decided, each)
            body.append(each.text)
            continue
        spans = (union(*[found[place][0] for place in each]), union(*[found[place][1] for place in each]))
        networks = [*_undecided(V4, spans[0], decided[0]), *_undecided(V6, spans[1], decided[1])]
        if networks:
            written = terms[each[0]].text[:1]
            body.append(Run(written if written in "+-?~" else "", tuple(networks)))
        decided = (union(decided[0], spans[0]), union(decided[1], spans[1]))
    return body


def _undecided(family: Family, spans: Spans, decided: Spans) -> list[Network]:
    """Return the networks of a set but for those whose every address terms before decide."""
    left = difference(spans, decided)
    firsts = [first for first, _ in left]
    found = []
    for network in networks_of(family, spans):
        place = bisect_right(firsts, int(network.broadcast_address)) - 1
        if place >= 0 and left[place][1] >= int(network.network_address):
            found.append(network)
    return found


def _with_network(decided: Both, term: Term) -> Both:
    if not isinstance(term, NetworkDirective):
        return decided
    span = [network_range(term.family, term.network, term.prefix)]
    return (union(decided[0], span), decided[1]) if term.family is V4 else (decided[0], union(decided[1], span))


def _qualifier(term: Term) -> str:
    assert isinstance(term, Directive), "only directives are replaced"
    return term.qualifier


def _without_redirect(
    record: Record, wish: Wish, known: Answers
) -> Generator[Question, Answer, tuple[Record, list[Replaced], list[Kept]]]:
    """Return the record with the terms of the record that it redirects to in the place of `redirect=`, where these
    mean the same there: its `all`, too, which an include would lose.
    """
    replaced: list[Replaced] = []
    seen: set[str] = set()
    while record.redirect is not None and wish.is_for(record.redirect.value):
        redirect = record.redirect
        target = redirect.value.target or ""
        if not _PLAIN_NAME.fullmatch(target) or domain_fault(target) is not None:
            return record, replaced, [_kept(redirect, "its name has macros")]
        answer = yield from once(asking(Question(target, RRType.TXT)), known)
        found = select_record(answer)
        if not isinstance(found, Record) or fold(target) in seen:
            return record, replaced, [_kept(redirect, "no client comes to its record")]
        seen.add(fold(target))
        joined = _joined(record, redirect, found, target)
        if isinstance(joined, str):
            return record, replaced, [_kept(redirect, joined)]
        record = joined
        replaced.append(Replaced(redirect.text, target, (), (target,), answer.ttl))
    return record, replaced, []


def _kept(redirect: Redirect, why: str) -> Kept:
    text = f"{visible(redirect.text, 80)} stays: {why}"
    return Kept(redirect.text, Problem(ProblemCode.FLATTEN_CONDITIONAL, text, None, redirect.span))


def _joined(record: Record, redirect: Redirect, other: Record, target: str) -> Record | str:
    """Return a record that goes on with the terms of the one that it redirects to, or why there is none."""
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
    """Return a term of the record of `target` as it says the same in any record; "" where nothing need be said."""
    if isinstance(term, Redirect):
        return term.text if term.value.target is not None else None
    if isinstance(term, Modifier):
        return ""
    if not isinstance(term, DomainDirective):
        return term.text
    spec: MacroString | None = term.domain_spec
    if isinstance(term, Ptr) or (spec is not None and spec.letters):
        return None  # the proof would have to know it by another place
    if spec is None:
        written = _MECHANISM.fullmatch(term.text)
        assert written is not None, "a mechanism begins with its name"
        return f"{written[1]}:{target}{written[2]}"
    return term.text
