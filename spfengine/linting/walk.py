"""The records that the domain linted leads to, each once, in the order of evaluation."""

from collections.abc import Generator
from dataclasses import dataclass, field, replace

from spfengine.answers import Answer, Question, RRType, spf_texts
from spfengine.drivers import once
from spfengine.errors import RecordSyntaxError
from spfengine.evaluation.check_host import select_record
from spfengine.evaluation.mechanisms import QUESTIONS, outside_zone
from spfengine.evaluation.session import Answers
from spfengine.evaluation.unanswered import missing_name
from spfengine.linting.finding import Finding, Path, ReachedRecord, joins_of
from spfengine.linting.syntax import faults, merged, merging_hint
from spfengine.names import Names, fold
from spfengine.policy.compile import Tables, compile_tables
from spfengine.policy.include_tree import TreeRecord, record_tree
from spfengine.policy.inputs import Inputs
from spfengine.policy.reachability import KeptAlone
from spfengine.problems import ProblemCode
from spfengine.record.model import Include, Redirect, Term
from spfengine.visible import visible


@dataclass(frozen=True, slots=True)
class Loop:
    """A term that leads back to a record that led to it.

    Attributes:
        reached: the record with the term.
        term: the term.
        domains: the domains that it goes through, starting and ending with the same one.
    """

    reached: ReachedRecord
    term: Include | Redirect
    domains: tuple[str, ...]


@dataclass(slots=True)
class Walk:
    """What a domain's record leads to.

    Attributes:
        inputs: what is linted.
        answers: what DNS said so far.
        own: names whose records the admin can edit, and all under them.
        proxied: names (folded) for which DNS has the addresses of a proxy.
        records: the domains that evaluation reaches, the domain linted first.
        findings: domains without a usable record, and faults of records.
        loops: terms that close a loop.
        outside: names (folded) that are not in the files given, each with its finding.
        alone: what directives match alone, which several findings need.
        known_tables: the ranges of the domain, once they are known.
    """

    inputs: Inputs
    answers: Answers
    own: tuple[Names, ...]
    proxied: frozenset[str]
    records: list[ReachedRecord] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    outside: dict[str, Finding] = field(default_factory=dict)
    alone: KeptAlone = field(default_factory=dict)
    known_tables: Tables | None = None

    def tables(self) -> Generator[Question, Answer, Tables]:
        """Return the ranges of the domain under its limits, without their paths."""
        if self.known_tables is None:
            self.known_tables = yield from once(compile_tables(self.inputs, paths=False), self.answers)
        else:
            self.answers |= {key: each for key, each in self.known_tables.answers.items() if key not in self.answers}
        return self.known_tables

    def note_outside(self, reached: ReachedRecord, term: Term | None, question: Question, answer: Answer) -> None:
        """Note that a question was not answered, since its name is not in the files given; of each name the first."""
        key = fold(missing_name(question, answer))
        if key not in self.outside:
            problem = outside_zone(question.name, question.type, answer)
            what = "its record says" if term is None else f"{visible(term.text, 60)} does"
            self.outside[key] = replace(
                reached.of_problem(problem, term), text=f"{problem.text}, so what {what} is not known"
            )

    @property
    def root(self) -> ReachedRecord:
        """The domain linted, and its record."""
        return self.records[0]

    @property
    def chain(self) -> list[ReachedRecord]:
        """Its own record, and those that it redirects to: the records whose result becomes the domain's result."""
        return [reached for reached in self.records if not reached.included]

    def ask(self, name: str, type: RRType) -> Generator[Question, Answer, Answer]:
        """Ask a question, unless its answer is known, and return the answer."""
        key = QUESTIONS[name, type]
        answer = self.answers.get(key)
        if answer is None:
            answer = self.answers[key] = yield Question(name, type)
        return answer


def walking(
    inputs: Inputs,
    answers: Answers,
    own: tuple[Names, ...],
    proxied: frozenset[str],
    tables: Tables | None = None,
) -> Generator[Question, Answer, Walk]:
    """Return what a domain's record leads to; the arguments are those of `Walk`."""
    root = yield from record_tree(inputs, answers)
    walk = Walk(inputs, answers, own, proxied, known_tables=tables)
    _Visitor(walk, _chain_domains(root)).visit(root, None, None)
    return walk


def _chain_domains(root: TreeRecord) -> frozenset[str]:
    """Return the domains (folded) whose result becomes the domain's result: the root, and those it redirects to."""
    domains = set()
    pending = [root]
    while pending:
        record = pending.pop()
        domains.add(fold(record.domain))
        pending += [below for term in record.terms if isinstance(term.term, Redirect) for below in term.records]
    return frozenset(domains)


class _Visitor:
    """Fills a walk from a tree, in which a record can be several times."""

    def __init__(self, walk: Walk, chain: frozenset[str]) -> None:
        self._walk = walk
        self._chain = chain
        self._visited: set[str] = set()
        self._trail: list[str] = []

    def visit(self, record: TreeRecord, holder: ReachedRecord | None, term: Include | Redirect | None) -> None:
        """Add a record, and all below it.

        Args:
            holder, term: the record and the term of it that lead here; None for the root.
        """
        if fold(record.domain) in self._visited:
            return
        self._visited.add(fold(record.domain))
        if record.record is None:
            self._add_unusable(record, holder, term)
            return
        reached = self._reached(record, holder, term, record.record.source)
        self._walk.records.append(reached)
        self._trail.append(record.domain)
        for tree_term in record.terms:
            if isinstance(tree_term.term, Include | Redirect):
                for below in tree_term.records:
                    if below.loop:
                        self._add_loop(reached, tree_term.term, below.domain)
                    else:
                        self.visit(below, reached, tree_term.term)
        self._trail.pop()

    def _reached(
        self,
        record: TreeRecord,
        holder: ReachedRecord | None,
        term: Include | Redirect | None,
        source: str | None = None,
    ) -> ReachedRecord:
        path: Path = ()
        if holder is not None and term is not None:
            path = (*holder.path, (holder.domain or "", term.text))
        own = holder is None or any(names.cover(record.domain) for names in self._walk.own)
        included = fold(record.domain) not in self._chain
        joins = joins_of(None if record.question is None else record.question.answer)
        return ReachedRecord(record.domain, own, included, path, source, record.record, record.terms, joins)

    def _add_loop(self, holder: ReachedRecord, term: Include | Redirect, target: str) -> None:
        start = [fold(domain) for domain in self._trail].index(fold(target))
        self._walk.loops.append(Loop(holder, term, (*self._trail[start:], target)))

    def _add_unusable(self, record: TreeRecord, holder: ReachedRecord | None, term: Include | Redirect | None) -> None:
        """Add a domain that has no usable record, with the reason."""
        answer = None if record.question is None else record.question.answer
        selected = None if answer is None else select_record(answer)
        [problem, *_] = record.problems
        if answer is not None and answer.is_unknown:
            reached = self._reached(record, holder, term)
            self._walk.note_outside(holder or reached, term, Question(record.domain, RRType.TXT), answer)
        elif isinstance(selected, RecordSyntaxError):
            reached = self._reached(record, holder, term, selected.source)
            self._walk.findings += faults(reached)
        else:
            reached = self._reached(record, holder, term)
            if holder is None or term is None or problem.code is ProblemCode.MULTIPLE_RECORDS:
                texts = [] if answer is None else spf_texts(answer)
                finding = reached.of_problem(problem, fix=merged(texts))
                meant = merging_hint(texts) if finding.fix is None and reached.own else None
                self._walk.findings.append(finding if meant is None else replace(finding, hint=meant))
            else:
                self._walk.findings.append(holder.of_problem(problem, term))
        self._walk.records.append(reached)
