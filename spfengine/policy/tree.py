"""The include tree: a domain's record and every record that it leads to, with what each term asks of DNS.

It is the tree of the record, not of one client's check: it goes on where a check would have ended, at a match or at a
limit. What it costs is not counted here; `budget` says which lookup of the worst address each term is.
"""

from collections.abc import Generator, Iterable
from time import time
from typing import TYPE_CHECKING

from spfengine.addresses import V4, V6
from spfengine.answers import Answer, Question, RRType
from spfengine.drivers import adrive, drive
from spfengine.errors import RecordSyntaxError
from spfengine.evaluation.check_host import find_record, select_record
from spfengine.evaluation.limits import DEFAULT_LIMITS, MAX_DEPTH, Limits
from spfengine.evaluation.mechanisms import Halt, UnknownTarget, expand_target
from spfengine.evaluation.session import Answers
from spfengine.evaluation.trace import TracedQuestion
from spfengine.names import fold, is_askable, is_same_or_under
from spfengine.policy.budget import budget
from spfengine.policy.inputs import Inputs
from spfengine.policy.outcome import Input
from spfengine.policy.scripted import TilingSession
from spfengine.policy.tree_nodes import IncludeTree, TreeRecord, TreeTerm
from spfengine.record.macro import MacroString
from spfengine.record.model import (
    MX,
    All,
    Directive,
    DomainDirective,
    Exists,
    Explanation,
    Include,
    Modifier,
    Ptr,
    Record,
    Redirect,
    Term,
)

if TYPE_CHECKING:
    from spfengine.answers import AsyncResolver, Resolver

MAX_LOOKUPS = 250
"""Terms that are asked about; a tree that needs more is cut, and says so. RFC 7208 §4.6.4 allows 10."""
MAX_TERMS = 20_000
"""Terms that are told; a tree that has more is cut, and says so."""
_MOST_HOSTS = 50  # of one mx whose hosts are asked for, be they too many or not


def include_tree(
    domain: str,
    *,
    resolver: "Resolver | None" = None,
    sender: str | None = None,
    helo: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    own: Iterable[str] = (),
) -> IncludeTree:
    """Return the tree of a domain's record: everything that it leads to, for clients of both families.

    Args:
        domain: the domain.
        resolver: what answers DNS questions; live DNS where it is not given.
        sender, helo: for macros, as for `Policy.compile`.
        limits: to hold the tree against; it is never cut off there.
        own: domains whose records the admin can edit, besides `domain` itself; names under them are the admin's too.

    Raises:
        ArgumentError: `sender` is of another domain.
        ResolverError: `resolver` does not keep the protocol. Whatever it raises itself is passed on.
    """
    if resolver is None:
        from spfengine.checks import default_resolver

        resolver = default_resolver()
    return drive(_tree(Inputs(domain, sender, helo, limits, None, time()), tuple(own)), resolver, None)


async def ainclude_tree(
    domain: str,
    *,
    resolver: "Resolver | AsyncResolver | None" = None,
    sender: str | None = None,
    helo: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    own: Iterable[str] = (),
) -> IncludeTree:
    """Return what `include_tree` returns, without blocking the event loop while DNS answers.

    Raises:
        ArgumentError, ResolverError: as `include_tree`.
    """
    if resolver is None:
        from spfengine.checks import default_resolver

        resolver = default_resolver()
    return await adrive(_tree(Inputs(domain, sender, helo, limits, None, time()), tuple(own)), resolver, None)


def _tree(inputs: Inputs, own: tuple[str, ...]) -> Generator[Question, Answer, IncludeTree]:
    answers: Answers = {}
    need = yield from budget(inputs, answers)
    worst = max(need.lookups.values(), key=lambda cost: cost.most)
    walk = _Walk(inputs, answers, (inputs.domain, *own), worst.terms)
    root = yield from walk.record(inputs.domain, None, ())
    return IncludeTree(inputs.domain, root, need, inputs.limits, walk.cut)


class _Walk:
    """Goes through all records.

    Attributes:
        own: the admin's domains.
        counted: the lookups of the worst address, in order: (domain, term); `place` is the next of them.
        asked, told: terms that were asked about, and terms in all.
        cut: whether something was left out.
        shown: the questions of terms so far.
    """

    def __init__(
        self, inputs: Inputs, answers: Answers, own: tuple[str, ...], counted: tuple[tuple[str, str], ...]
    ) -> None:
        self.inputs = inputs
        self.answers = answers
        self.own = own
        self.counted = counted
        self.place = 0
        self.asked = 0
        self.told = 0
        self.cut = False
        self.shown: set[Question] = set()

    def record(
        self, domain: str, via: Include | Redirect | None, above: tuple[str, ...]
    ) -> Generator[Question, Answer, TreeRecord]:
        """Return the record of a domain, with all below it.

        Args:
            via: what leads there; None for the root.
            above: the domains whose records it stands below, folded to lower case.
        """
        own = any(is_same_or_under(domain, each) for each in self.own)
        if fold(domain) in above:
            return TreeRecord(domain, own, loop=True)
        session = TilingSession(self.inputs, V4, 0, self.answers, (), ())
        try:
            record = yield from find_record(session, domain, via)
        except Halt as halt:
            asked = self._known(domain)
            fault = None if asked is None else select_record(asked.answer)
            problems = fault.problems if isinstance(fault, RecordSyntaxError) else (halt.problem,)
            placed = tuple([problem.at(domain, None) for problem in problems])
            return TreeRecord(domain, own, question=asked, result=halt.result, problems=placed)
        terms = yield from self._terms(domain, record, (*above, fold(domain)))
        return TreeRecord(domain, own, question=self._known(domain), record=record, terms=tuple(terms))

    def _known(self, domain: str) -> TracedQuestion | None:
        question = Question(domain, RRType.TXT)
        key = question.key
        return TracedQuestion(question, self.answers[key], False) if key in self.answers else None

    def _terms(
        self, domain: str, record: Record, above: tuple[str, ...]
    ) -> Generator[Question, Answer, list[TreeTerm]]:
        ordered: list[Term] = [*record.directives]
        ordered += sorted(record.modifiers, key=lambda modifier: not isinstance(modifier, Redirect))
        terms: list[TreeTerm] = []
        after_all = False
        for term in ordered:
            self.told += 1
            if self.told > MAX_TERMS:
                self.cut = True
                break
            unused = _unused(term, record, after_all)
            after_all = after_all or isinstance(term, All)
            if unused is None and isinstance(term, (DomainDirective, Redirect)):
                terms.append((yield from self._term(domain, term, above)))
            else:
                terms.append(TreeTerm(term, unused=unused))
        return terms

    def _term(
        self, domain: str, term: DomainDirective | Redirect, above: tuple[str, ...]
    ) -> Generator[Question, Answer, TreeTerm]:
        lookup = None
        if self.place < len(self.counted) and self.counted[self.place] == (domain, term.text):
            self.place += 1
            lookup = self.place
        self.asked += 1
        if self.asked > MAX_LOOKUPS or len(above) > MAX_DEPTH:
            self.cut = True
            return TreeTerm(term, lookup)
        spec = term.value if isinstance(term, Redirect) else term.domain_spec
        targets: tuple[str, ...] = (domain,)
        inputs: tuple[Input, ...] = ()
        if spec is not None:
            targets, inputs = yield from self._targets(spec, domain)
        questions: list[TracedQuestion] = []
        records: list[TreeRecord] = []
        for target in targets:
            if isinstance(term, (Include, Redirect)):
                records.append((yield from self.record(target, term, above)))
            elif is_askable(target):
                questions += yield from self._questions(term, target)
        return TreeTerm(term, lookup, None, targets, inputs, tuple(questions), tuple(records))

    def _targets(
        self, spec: MacroString, domain: str
    ) -> Generator[Question, Answer, tuple[tuple[str, ...], tuple[Input, ...]]]:
        """Return the names that a domain-spec stands for, or what they rest on where that is not known."""
        if spec.target:
            return (spec.target,), ()
        names: dict[str, None] = {}
        for family in (V4, V6):
            session = TilingSession(self.inputs, family, 0, self.answers, (), ())
            try:
                name = yield from expand_target(session, spec, domain)
            except UnknownTarget as unknown:
                return (), tuple(Input(each) for each in unknown.inputs)
            if name is not None:
                names[name] = None
        return tuple(names), ()

    def _questions(self, term: Directive, target: str) -> Generator[Question, Answer, list[TracedQuestion]]:
        """Return what a term asks about its target, for clients of both families."""
        if isinstance(term, Ptr):
            return []  # it asks about the client
        if isinstance(term, Exists):
            return [(yield from self._ask(target, RRType.A))]
        asked: list[TracedQuestion] = []
        hosts = [target]
        if isinstance(term, MX):
            asked.append((yield from self._ask(target, RRType.MX)))
            hosts = [exchange for _, exchange in asked[0].answer.records[:_MOST_HOSTS] if is_askable(exchange)]
        for host in hosts:
            for type in (RRType.A, RRType.AAAA):
                asked.append((yield from self._ask(host, type)))  # noqa: PERF401 - no yield in a comprehension
        return asked

    def _ask(self, name: str, type: RRType) -> Generator[Question, Answer, TracedQuestion]:
        question = Question(name, type)
        key = question.key
        answer = self.answers.get(key)
        if answer is None:
            answer = self.answers[key] = yield question
        repeated = key in self.shown
        self.shown.add(key)
        return TracedQuestion(question, answer, repeated)


def _unused(term: Term, record: Record, after_all: bool) -> str | None:
    """Return why a term is never evaluated, in words; None where it may be."""
    if isinstance(term, Redirect):
        return "all stands in the record, so redirect= is ignored" if record.redirect is None else None
    if isinstance(term, Explanation):
        return "asked for only where the result is fail; it does not count"
    if isinstance(term, Modifier):
        return "a modifier that RFC 7208 does not know; it is ignored"
    return "it stands behind all" if after_all else None
