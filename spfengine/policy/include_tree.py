"""The include tree: a domain's record and every record that it leads to, with what each term asks of DNS.

It is the tree of the record, not of the check of one client: it does not end at a match, nor at a limit. Lookups are
not counted here; `budget` says which lookup of the worst address each term is.
"""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from time import time
from typing import TYPE_CHECKING

from spfengine.addresses import V4, V6
from spfengine.answers import Answer, Question, RRType
from spfengine.arguments import name_list
from spfengine.drivers import adrive, drive
from spfengine.errors import RecordSyntaxError
from spfengine.evaluation.check_host import begin_domain, record_of, select_record
from spfengine.evaluation.limits import DEFAULT_LIMITS, MAX_DEPTH, Limits
from spfengine.evaluation.mechanisms import Halt, UnknownTargetError, ask, expand_target, known, too_many_mx
from spfengine.evaluation.session import Answers
from spfengine.evaluation.trace import TracedQuestion, why_ignored
from spfengine.names import Names, fold, is_askable
from spfengine.policy.budget import Budget, budget, over_limits
from spfengine.policy.conditional import TilingSession
from spfengine.policy.inputs import Inputs
from spfengine.policy.outcome import Input
from spfengine.policy.work import WORK_LIMIT, WorkIsOverError
from spfengine.problems import Problem, Result
from spfengine.record.macro import MacroString
from spfengine.record.model import (
    MX,
    All,
    Directive,
    DomainDirective,
    Exists,
    Explanation,
    Include,
    Ptr,
    Record,
    Redirect,
    Term,
)
from spfengine.reportable import Reportable
from spfengine.visible import short_repr, visible, visible_name

if TYPE_CHECKING:
    from spfengine.answers import AsyncResolver, Resolver

SCHEMA = "spfengine.tree/1"
"""The version of the JSON form of a tree."""


@dataclass(frozen=True, slots=True, repr=False)
class TreeTerm:
    """A term of a record.

    Attributes:
        term: the term itself, with text and span.
        lookup: which lookup of the worst address it is, from 1 on; None if it is none of them.
        unused: why it is never evaluated, in words; None if it may be evaluated.
        targets: its target-names: one, unless a macro differs for IPv4 and IPv6 clients.
        inputs: what its target-name depends on, if only a check of one client can expand it.
        questions: what it asks for clients of both families, each with its answer.
        records: the records that an include or redirect leads to, one for each target.
    """

    term: Term
    lookup: int | None = None
    unused: str | None = None
    targets: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    questions: tuple[TracedQuestion, ...] = ()
    records: tuple["TreeRecord", ...] = ()

    def __repr__(self) -> str:
        return short_repr(self, ("term", "lookup", "targets"))

    @property
    def costs_lookup(self) -> bool:
        """Whether it counts against the limit of lookups when it is evaluated (RFC 7208 §4.6.4)."""
        return self.term.costs_lookup

    @property
    def names(self) -> int | None:
        """For `mx`, how many names it leads to (RFC 7208 §4.6.4); None for other terms."""
        if not isinstance(self.term, MX):
            return None
        return max([len(asked.answer.records) for asked in self.questions if asked.question.type == "MX"], default=0)

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {
            "term": visible(self.term.text, 1 << 16),
            "span": list(self.term.span),
            "lookup": self.lookup,
            "unused": self.unused,
            "targets": [visible_name(name) for name in self.targets],
            "inputs": [str(input) for input in self.inputs],
            "names": self.names,
            "questions": [asked.to_dict() for asked in self.questions],
            "records": [record.to_dict() for record in self.records],
        }


@dataclass(frozen=True, slots=True, repr=False)
class TreeRecord:
    """A domain whose record is needed.

    Attributes:
        domain: the domain.
        own: whether it is, or lies under, a domain that the caller named as the admin's own.
        loop: whether it is already above in the tree, so that its terms are not repeated.
        question: the question for its record, and the answer; None if the domain can't be queried.
        record: its record; None if there is none that can be read.
        result: none, permerror or temperror if every check that needs the record ends here; otherwise None.
        problems: why.
        terms: its terms in order of evaluation: directives, then redirect, then the others.
    """

    domain: str
    own: bool
    loop: bool = False
    question: TracedQuestion | None = None
    record: Record | None = None
    result: Result | None = None
    problems: tuple[Problem, ...] = ()
    terms: tuple[TreeTerm, ...] = ()

    def __repr__(self) -> str:
        return short_repr(self, ("domain", "record", "result"))

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {
            "domain": visible_name(self.domain),
            "own": self.own,
            "loop": self.loop,
            "question": None if self.question is None else self.question.to_dict(),
            "record": None if self.record is None else visible(self.record.source, 1 << 16),
            "result": None if self.result is None else str(self.result),
            "problems": [problem.to_dict() for problem in self.problems],
            "terms": [term.to_dict() for term in self.terms],
        }


@dataclass(frozen=True, slots=True, repr=False)
class IncludeTree(Reportable):
    """A domain's record and all that it leads to.

    Attributes:
        domain: the domain.
        root: its record.
        budget: what the worst addresses cost.
        limits: the limits with which that is compared.
        is_cut: whether the tree was too large, so that something was left out.
    """

    domain: str
    root: TreeRecord
    budget: Budget
    limits: Limits
    is_cut: bool

    def __repr__(self) -> str:
        return short_repr(self, ("domain", "budget", "is_broken", "is_over_limit"))

    @property
    def records(self) -> Iterator[TreeRecord]:
        """All records, in the order in which they are needed."""
        pending = [self.root]
        while pending:
            record = pending.pop()
            yield record
            pending += [below for term in reversed(record.terms) for below in reversed(term.records)]

    @property
    def terms(self) -> Iterator[TreeTerm]:
        """All terms of all records."""
        for record in self.records:
            yield from record.terms

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong: broken records, then exceeded limits (even if only some receivers count that much)."""
        problems = [problem for record in self.records for problem in record.problems]
        problems += [problem for term in self.terms for problem in self._too_many_mx(term)]
        return (*dict.fromkeys(problems), *over_limits(self.budget, self.limits))

    @property
    def is_broken(self) -> bool:
        """Whether a record in it is broken or missing."""
        return any(record.result in (Result.NONE, Result.PERMERROR) for record in self.records)

    @property
    def hides_lookups(self) -> bool:
        """Whether an error ends the checks before terms that would need lookups, so that those are not counted."""
        return self.is_broken and self.root.result is not Result.NONE

    @property
    def is_over_limit(self) -> bool:
        """Whether some addresses exceed a limit of RFC 7208 §4.6.4, so that they get permerror."""
        over = self.budget.exceeds(self.limits)
        return over or any(True for term in self.terms for _ in self._too_many_mx(term))

    @property
    def is_incomplete(self) -> bool:
        """Whether DNS could not answer something."""
        return any(record.result is Result.TEMPERROR for record in self.records) or any(
            asked.answer.is_failure for term in self.terms for asked in term.questions
        )

    @property
    def is_open(self) -> bool:
        """Whether only a check of one client can follow some include or redirect, so that there may be more records."""
        return any(term.inputs and isinstance(term.term, (Include, Redirect)) for term in self.terms)

    def render(self, *, width: int | None = 80) -> str:
        """Return the text that `spfengine tree` prints, wrapped to `width` columns (None: not wrapped)."""
        from spfengine.text.tree import render_tree

        return render_tree(self, width)

    def to_dict(self) -> dict[str, object]:
        """Return the tree as JSON-safe values; key "schema" names their version."""
        return {
            "schema": SCHEMA,
            "domain": visible_name(self.domain),
            "broken": self.is_broken,
            "over_limit": self.is_over_limit,
            "incomplete": self.is_incomplete,
            "open": self.is_open,
            "cut": self.is_cut,
            "lookups": {str(version): cost.most for version, cost in self.budget.lookups.items()},
            "void_lookups": {
                str(rule): {str(version): cost.most for version, cost in costs.items()}
                for rule, costs in self.budget.voids.items()
            },
            "too_much_for": [profile.name for profile in self.budget.too_much_for],
            "problems": [problem.to_dict() for problem in self.problems],
            "root": self.root.to_dict(),
        }

    def _too_many_mx(self, term: TreeTerm) -> Iterator[Problem]:
        for asked in term.questions:
            if asked.question.type == "MX" and len(asked.answer.records) > self.limits.names:
                yield too_many_mx(visible_name(asked.question.name), len(asked.answer.records), self.limits.names)


MAX_LOOKUPS = 250
"""Terms whose questions are asked; a tree that needs more is cut, and says so. RFC 7208 §4.6.4 allows 10."""
MAX_TERMS = 20_000
"""Terms of a tree; one that has more is cut, and says so."""
_MOST_HOSTS = 50  # hosts of one mx whose addresses are asked for


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
        resolver: what answers DNS questions; live DNS if it is not given.
        sender, helo: for macros, as for `Policy.compile`.
        limits: the limits to compare the tree with; the tree does not end at them.
        own: domains whose records the admin can edit, besides `domain` itself; names under them are the admin's too.

    Raises:
        ArgumentError: `sender` is of another domain.
        ResolverError: `resolver` breaks the resolver protocol. Exceptions that it raises itself are passed on.
    """
    return drive(_tree(Inputs(domain, sender, helo, limits, None, time()), name_list(own)), resolver)


async def ainclude_tree(
    domain: str,
    *,
    resolver: "Resolver | AsyncResolver | None" = None,
    sender: str | None = None,
    helo: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    own: Iterable[str] = (),
) -> IncludeTree:
    """Async version of `include_tree`."""
    return await adrive(_tree(Inputs(domain, sender, helo, limits, None, time()), name_list(own)), resolver)


def _tree(inputs: Inputs, own: tuple[str, ...]) -> Generator[Question, Answer, IncludeTree]:
    answers: Answers = {}
    need = yield from budget(inputs, answers)
    return (yield from tree_with_budget(inputs, answers, need, own))


def tree_with_budget(
    inputs: Inputs, answers: Answers, need: Budget, own: tuple[str, ...]
) -> Generator[Question, Answer, IncludeTree]:
    """Return the tree of a domain whose budget is known already.

    Args:
        answers: what DNS has answered so far; new answers are added.
    """
    worst = max(need.lookups.values(), key=lambda cost: cost.most)
    walk = _Walk(inputs, answers, (inputs.domain, *own), worst.terms)
    root = yield from walk.record(inputs.domain, None, ())
    return IncludeTree(inputs.domain, root, need, inputs.limits, walk.cut)


def record_tree(inputs: Inputs, answers: Answers) -> Generator[Question, Answer, TreeRecord]:
    """Return a domain's record with every record that it leads to; of their terms only those that name a domain or
    host, without what others than include and redirect ask.

    Args:
        answers: what DNS has answered so far; new answers are added.
    """
    walk = _Walk(inputs, answers, (inputs.domain,), (), asking=False)
    return (yield from walk.record(inputs.domain, None, ()))


def redirect_chain(
    domain: str, answers: Answers, most: int = MAX_DEPTH
) -> Generator[Question, Answer, list[tuple[str, Record]]]:
    """Return the records whose results are the domain's, each with its domain: its own, and those it redirects to.

    The chain ends at a name without a record that can be read, and at a name that depends on macros.

    Args:
        answers: what DNS has answered so far; new answers are added.
        most: the redirects that are followed.
    """
    chain: dict[str, tuple[str, Record]] = {}
    target: str | None = domain
    while target is not None and fold(target) not in chain and len(chain) <= most:
        question = Question(target, RRType.TXT)
        if question.key not in answers:
            answers[question.key] = yield question
        record = select_record(answers[question.key])
        if not isinstance(record, Record):
            break
        chain[fold(target)] = target, record
        target = None if record.redirect is None else record.redirect.value.target
    return list(chain.values())


class _Walk:
    """Goes through all records.

    Attributes:
        own: the admin's domains, and all under them.
        counted: the lookups of the worst address, in order: (domain, term); `next_lookup` is the index of the next one.
        asked, terms: how many terms were asked about, and how many there are.
        cut: whether something was left out.
        asking: whether the tree has all terms, and also the questions of those other than include and redirect.
        questions: the questions of terms so far.
    """

    def __init__(
        self,
        inputs: Inputs,
        answers: Answers,
        own: tuple[str, ...],
        counted: tuple[tuple[str, str], ...],
        *,
        asking: bool = True,
    ) -> None:
        self.inputs = inputs
        self.answers = answers
        self.own = Names(own)
        self.counted = counted
        self.asking = asking
        self.next_lookup = 0
        self.asked = 0
        self.terms = 0
        self.cut = False
        self.questions: set[Question] = set()
        self._session = TilingSession(inputs, V4, 0, answers, (), ())  # which only reads records, one after the other

    def record(
        self, domain: str, via: Include | Redirect | None, above: tuple[str, ...]
    ) -> Generator[Question, Answer, TreeRecord]:
        """Return the record of a domain, with all below it.

        Args:
            via: what names the domain; None for the root.
            above: the domains above it in the tree, in lower case.
        """
        own = self.own.cover(domain)
        folded = fold(domain)
        if folded in above:
            return TreeRecord(domain, own, loop=True)
        session = self._session
        try:
            question = begin_domain(session, domain, via)
            answer = known(session, question)
            if answer is None:
                answer = yield from self.inputs.work.charging(ask(session, domain, RRType.TXT))
            record = record_of(session, domain, via, answer)
        except WorkIsOverError:
            self.cut = True
            return TreeRecord(domain, own, problems=(WORK_LIMIT,))
        except Halt as halt:
            asked = self._known(domain)
            fault = None if asked is None else select_record(asked.answer)
            problems = fault.problems if isinstance(fault, RecordSyntaxError) else (halt.problem,)
            placed = tuple([problem.at(domain, None) for problem in problems])
            return TreeRecord(domain, own, question=asked, result=halt.result, problems=placed)
        terms = yield from self._terms(domain, record, (*above, folded))
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
            self.terms += 1
            if self.terms > MAX_TERMS:
                self.cut = True
                break
            if isinstance(term, (DomainDirective, Redirect)):
                unused = _unused(term, record, after_all)
                below = (yield from self._term(domain, term, above)) if unused is None else TreeTerm(term, None, unused)
                terms.append(below)
            elif self.asking:
                terms.append(TreeTerm(term, unused=_unused(term, record, after_all)))
            after_all = after_all or isinstance(term, All)
        return terms

    def _term(
        self, domain: str, term: DomainDirective | Redirect, above: tuple[str, ...]
    ) -> Generator[Question, Answer, TreeTerm]:
        lookup = self._lookup_of(domain, term)
        self.asked += 1
        if self.asked > MAX_LOOKUPS or len(above) > MAX_DEPTH or self.inputs.work.is_over:
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
            elif self.asking and is_askable(target):
                questions += yield from self._questions(term, target)
        return TreeTerm(term, lookup, None, targets, inputs, tuple(questions), tuple(records))

    def _lookup_of(self, domain: str, term: Term) -> int | None:
        """Return the number of the lookup that a term is for the worst address, or None if it is not one."""
        if self.next_lookup == len(self.counted) or self.counted[self.next_lookup] != (domain, term.text):
            return None
        self.next_lookup += 1
        return self.next_lookup

    def _targets(
        self, spec: MacroString, domain: str
    ) -> Generator[Question, Answer, tuple[tuple[str, ...], tuple[Input, ...]]]:
        """Return the names that a domain-spec expands to, or what they depend on if that is not known."""
        if spec.target:
            return (spec.target,), ()
        names: dict[str, None] = {}
        for family in (V4, V6):
            session = TilingSession(self.inputs, family, 0, self.answers, (), ())
            try:
                name = yield from expand_target(session, spec, domain)
            except UnknownTargetError as unknown:
                return (), tuple(map(Input, unknown.inputs))
            if name is not None:
                names[name] = None
        return tuple(names), ()

    def _questions(self, term: Directive, target: str) -> Generator[Question, Answer, list[TracedQuestion]]:
        """Return what a term asks about its target, for clients of both families."""
        if isinstance(term, Ptr):
            return []  # it asks about the client's address
        if isinstance(term, Exists):
            return [(yield from self._ask(target, RRType.A))]
        asked: list[TracedQuestion] = []
        hosts = [target]
        if isinstance(term, MX):
            asked.append((yield from self._ask(target, RRType.MX)))
            hosts = [exchange for _, exchange in asked[0].answer.records[:_MOST_HOSTS] if is_askable(exchange)]
        for host in hosts:
            for type in (RRType.A, RRType.AAAA):
                found = yield from self._ask(host, type)
                asked.append(found)
        return asked

    def _ask(self, name: str, type: RRType) -> Generator[Question, Answer, TracedQuestion]:
        question = Question(name, type)
        key = question.key
        answer = self.answers.get(key)
        if answer is None:
            answer = self.answers[key] = yield question
        repeated = key in self.questions
        self.questions.add(key)
        return TracedQuestion(question, answer, repeated)


def _unused(term: Term, record: Record, after_all: bool) -> str | None:
    """Return why a term is never evaluated, in words; None if it may be evaluated."""
    if isinstance(term, Explanation):
        return "asked for only if the result is fail; it does not count"
    after = "it comes after all, which matches every address" if after_all else None
    return why_ignored(term, record) or after
