"""From the domain linted to every record that evaluation may come to, each once, in the order of evaluation."""

from collections.abc import Generator
from typing import NamedTuple

from spfengine.addresses import V4
from spfengine.answers import Answer, Question, RRType, spf_texts
from spfengine.errors import RecordSyntaxError
from spfengine.evaluation.check_host import find_record, select_record
from spfengine.evaluation.mechanisms import Halt, UnknownTarget, expand_target
from spfengine.evaluation.session import Answers
from spfengine.linting.finding import Finding, Held, Path
from spfengine.linting.syntax import faults, merged
from spfengine.names import Names, fold
from spfengine.policy.compile import ALL_CHOICES, Inputs, TilingSession
from spfengine.problems import ProblemCode
from spfengine.record.macro import MacroString
from spfengine.record.model import All, Include, Record, Redirect

MAX_RECORDS = 250
"""Records that are looked at; more than legal trees have. Beyond them only the limits are told."""
MAX_DEPTH = 50
"""Records that lead to each other that are looked at."""

Steps = Generator[Question, Answer, None]


class Loop(NamedTuple):
    """A term that leads back to a record that led to it.

    Attributes:
        held: the record with the term.
        term: the term.
        circle: the domains that it goes through, the first of them also last.
    """

    held: Held
    term: Include | Redirect
    circle: tuple[str, ...]


class Walk:
    """What a domain's record leads to.

    Attributes:
        inputs: what is linted, as a policy has it.
        answers: what DNS said so far.
        held: the domains that evaluation comes to.
        findings: domains without a usable record, and faults of records.
        loops: terms that lead in a circle.
        proxied: names (folded) whose addresses DNS does not answer with, but with those of a proxy.
    """

    def __init__(
        self, inputs: Inputs, own: tuple[Names, ...], answers: Answers, proxied: frozenset[str] = frozenset()
    ) -> None:
        self.inputs = inputs
        self.answers = answers
        self.proxied = proxied
        self.held: list[Held] = []
        self.findings: list[Finding] = []
        self.loops: list[Loop] = []
        self._own = own
        self._visited: set[str] = set()
        self._trail: list[str] = []

    def run(self) -> Steps:
        """Go through all records. Yields the Questions that need answers."""
        yield from self._visit(self.inputs.domain, None, None)

    @property
    def chain(self) -> list[Held]:
        """The records whose results are the domain's: its own, and those that it redirects to."""
        return [held for held in self.held if not held.included]

    def is_own(self, domain: str) -> bool:
        """Whether the admin can edit the records of a domain."""
        return any(names.cover(domain) for names in self._own)

    def ask(self, name: str, type: RRType) -> Generator[Question, Answer, Answer]:
        """Return the answer to a question, which goes out only once."""
        question = Question(name, type)
        key = question.key
        answer = self.answers.get(key)
        if answer is None:
            answer = self.answers[key] = yield question
        return answer

    def session(self, domain: str) -> TilingSession:
        """Return the session of one run for any client, at a domain that evaluation has come to."""
        inputs = self.inputs if domain == self.inputs.domain else self.inputs.at(domain)
        return TilingSession(inputs, V4, 0, self.answers, ALL_CHOICES, ())

    def expand(self, held: Held, spec: MacroString) -> Generator[Question, Answer, str | None]:
        """Return the name that a domain-spec stands for, or None where that rests on the client or sender."""
        if spec.target:
            return spec.target
        if "v" in spec.letters:
            return None  # another name for each family
        try:
            return (yield from expand_target(self.session(self.inputs.domain), spec, held.domain or ""))
        except UnknownTarget:
            return None

    def _visit(self, domain: str, holder: Held | None, term: Include | Redirect | None) -> Steps:
        included = isinstance(term, Include) or (holder is not None and holder.included)
        path: Path = ()
        if holder is not None and term is not None:
            path = (*holder.path, (holder.domain or "", term.text))
        own = holder is None or self.is_own(domain)
        self._visited.add(fold(domain))
        try:
            record = yield from find_record(self.session(domain), domain, term)
        except Halt as halt:
            answer = self.answers.get(Question(domain, RRType.TXT).key)
            found = None if answer is None else select_record(answer)
            if isinstance(found, RecordSyntaxError):
                held = Held(domain, own, included, path, found.source, None)
                self.findings += faults(held)
            elif holder is None or term is None or halt.problem.code is ProblemCode.MULTIPLE_RECORDS:
                held = Held(domain, own, included, path, None, None)
                texts = [] if answer is None else spf_texts(answer)
                self.findings.append(held.of_problem(halt.problem, fix=merged(texts)))
            else:
                held = Held(domain, own, included, path, None, None)
                self.findings.append(holder.of_problem(halt.problem, term))
            self.held.append(held)
            return
        held = Held(domain, own, included, path, record.source, record)
        self.held.append(held)
        self._trail.append(domain)
        yield from self._follow(held, record)
        self._trail.pop()

    def _follow(self, held: Held, record: Record) -> Steps:
        for directive in record.directives:
            if isinstance(directive, All):
                return
            if isinstance(directive, Include):
                yield from self._lead(held, directive, directive.domain_spec)
        if record.redirect is not None:
            yield from self._lead(held, record.redirect, record.redirect.value)

    def _lead(self, held: Held, term: Include | Redirect, spec: MacroString) -> Steps:
        target = yield from self.expand(held, spec)
        if target is None:
            return
        trail = [fold(domain) for domain in self._trail]
        if fold(target) in trail:
            if len(self.loops) < MAX_RECORDS:
                circle = (*self._trail[trail.index(fold(target)) :], target)
                self.loops.append(Loop(held, term, circle))
        elif fold(target) not in self._visited and len(self.held) < MAX_RECORDS and len(trail) < MAX_DEPTH:
            yield from self._visit(target, held, term)
