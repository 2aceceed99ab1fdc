"""The trace of a check: every term, what it asked, what DNS answered, and why it matched or did not.

No check pays for its trace. It is made afterwards, when somebody looks at it: `replay` runs check_host() again over the
answers that the result kept, with a `TraceBuilder` that writes down what happens. The reasons (`why`) are derived from
what it wrote down.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from spfengine.addresses import address_text, network_range
from spfengine.answers import Answer, Question, RRType
from spfengine.evaluation.check_host import QUALIFIERS, check_host
from spfengine.evaluation.limits import DeadlineError
from spfengine.evaluation.session import Session, address_type
from spfengine.evaluation.unanswered import NOT_GIVEN
from spfengine.names import fold, is_askable, is_same_or_under
from spfengine.problems import Problem, Result
from spfengine.record.macro import MacroString
from spfengine.record.model import (
    MX,
    A,
    All,
    Directive,
    DomainDirective,
    Exists,
    Explanation,
    Include,
    Network,
    NetworkRun,
    Ptr,
    Record,
    Redirect,
    Span,
    Term,
    UnknownModifier,
)
from spfengine.reportable import Reportable
from spfengine.visible import short_repr, visible, visible_name
from spfengine.wording import counted, listed


class TermStatus(StrEnum):
    """What became of a term."""

    MATCH = "match"
    NO_MATCH = "no-match"
    ERROR = "error"
    """The check ended here, in temperror or permerror."""
    FOLLOWED = "followed"
    """A redirect that was followed, or an explanation that was fetched."""
    NOT_EVALUATED = "not-evaluated"


@dataclass(frozen=True, slots=True)
class TracedQuestion:
    """A question of a term.

    Attributes:
        question, answer: what was asked, and what DNS answered.
        repeated: whether the answer was already known from an earlier term of the check.
    """

    question: Question
    answer: Answer
    repeated: bool

    def __repr__(self) -> str:
        return short_repr(self, ("question", "answer", "repeated"))

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {
            "name": visible_name(self.question.name),
            "type": str(self.question.type),
            "status": str(self.answer.status),
            "records": self.answer.texts(),
            "chain": [visible_name(name) for name in self.answer.chain],
            "ttl": self.answer.ttl,
            "repeated": self.repeated,
            "void": self.answer.is_void,
        }


@dataclass(frozen=True, slots=True)
class Expansion:
    """A domain-spec with macros, and the name that it expanded to (None: there is none, RFC 8616 §4)."""

    domain_spec: str
    name: str | None

    def __repr__(self) -> str:
        return short_repr(self, ("domain_spec", "name"))


class TracedTerm:
    """A term of a record, and what became of it.

    Attributes:
        term: the term itself, with text and span.
        outcome: what became of it.
        why: the reason, in words; safe to print.
        questions: its own questions; those of an included record are listed with the terms of that record.
        expansions: its domain-spec expanded, if that has macros.
        record: the record that it led to (include, redirect), or None.
    """

    __slots__ = ("expansions", "outcome", "questions", "record", "term", "why")

    def __init__(self, term: Term) -> None:
        self.term: Term = term
        self.outcome: TermStatus = TermStatus.NOT_EVALUATED
        self.why: str = ""
        self.questions: list[TracedQuestion] = []
        self.expansions: list[Expansion] = []
        self.record: TracedRecord | None = None

    def __repr__(self) -> str:
        return short_repr(self, ("term", "outcome", "why"))

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {
            "term": visible(self.term.text, 1 << 16),
            "span": list(self.term.span),
            "outcome": str(self.outcome),
            "why": self.why,
            "expansions": [
                {"domain_spec": e.domain_spec, "name": None if e.name is None else visible_name(e.name)}
                for e in self.expansions
            ],
            "questions": [question.to_dict() for question in self.questions],
            "record": None if self.record is None else self.record.to_dict(),
        }


class TracedRecord:
    """A domain whose record was needed, and what the record gave.

    Attributes:
        domain: the domain.
        record: its record, or None if there is none that can be read.
        question: the question for it and its answer; None if it was never asked.
        result: the result of the record; None if the check ended in it, or if a redirect's record gave the result.
        problem: why the check ended in this record, or in one below it.
    """

    __slots__ = ("_evaluated", "domain", "problem", "question", "record", "result")

    def __init__(self, domain: str) -> None:
        self.domain: str = domain
        self.record: Record | None = None
        self.question: TracedQuestion | None = None
        self._evaluated: dict[Span, TracedTerm] = {}  # the others are made on demand, since records may be long
        self.result: Result | None = None
        self.problem: Problem | None = None

    def __repr__(self) -> str:
        return short_repr(self, ("domain", "result", "problem"))

    @property
    def terms(self) -> list[TracedTerm]:
        """The terms of the record in order of evaluation: directives, then redirect, then exp."""
        if self.record is None:
            return []
        modifiers = self.record.modifiers
        ordered: list[Term] = [*self.record.directives]
        ordered += [m for m in modifiers if isinstance(m, Redirect)]
        ordered += [m for m in modifiers if not isinstance(m, Redirect)]
        return [self.term(term) for term in ordered]

    def term(self, term: Term) -> TracedTerm:
        """Return a term of the record, with what became of it."""
        traced = self._evaluated.get(term.span)
        if traced is None:
            traced = self._evaluated[term.span] = TracedTerm(term)
        return traced

    def evaluated(self) -> Iterator[TracedTerm]:
        """Yield the terms that were evaluated, in order."""
        return (term for term in self._evaluated.values() if term.outcome is not TermStatus.NOT_EVALUATED)

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {
            "domain": visible_name(self.domain),
            "record": None if self.record is None else self.record.source,
            "question": None if self.question is None else self.question.to_dict(),
            "terms": [term.to_dict() for term in self.terms],
            "result": None if self.result is None else str(self.result),
            "problem": None if self.problem is None else self.problem.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Trace(Reportable):
    """What happened in a check.

    Attributes:
        root: the record of the domain checked; the records that it includes and redirects to are below its terms.
        result, problem: the verdict of the check.
    """

    root: TracedRecord
    result: Result
    problem: Problem | None

    def __repr__(self) -> str:
        return f"<Trace of {visible(self.root.domain, 100)}: {self.result}>"

    def render(self, *, width: int | None = 80) -> str:
        """Return the tree that `spfengine check --trace` prints, wrapped to `width` columns (None: not wrapped)."""
        from spfengine.text.trace import render_trace

        return render_trace(self, width)

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return self.root.to_dict()


def traced(root: TracedRecord) -> Iterator[tuple[str, TracedTerm]]:
    """Yield the terms that were evaluated, in order, each with the domain of its record."""
    for term in root.evaluated():
        yield root.domain, term
        if term.record is not None:
            yield from traced(term.record)


_WHY_ALL = "all matches every address"


def why_ignored(term: Term, record: Record | None) -> str | None:
    """Return why every check ignores a term of a record (RFC 7208 §6, §6.1), in words; None if none does."""
    if isinstance(term, UnknownModifier):
        return "a modifier that RFC 7208 does not know; it is ignored"
    if isinstance(term, Redirect) and record is not None and record.redirect is None:
        return "the record has all, so redirect= is ignored"
    return None


def _why_unreached(term: Term, record: TracedRecord, decided: str) -> str:
    """Return why a term was not evaluated; `decided` says why evaluation ended before it."""
    if isinstance(term, Explanation):
        return "an explanation is fetched only for a fail that this record itself decides"
    return why_ignored(term, record.record) or decided


def _why_network(session: Session, directive: Network | All, matched: bool) -> str:
    """Return why an ip4, ip6 or all matched or did not."""
    if isinstance(directive, All):
        return _WHY_ALL
    client = session.ip_text
    if directive.family is not session.family:
        return f"{client} is an IPv{session.family.version} address"
    first, last = network_range(directive.family, directive.network, directive.prefix)
    network = address_text(directive.family, first)
    if first == last:
        return f"{client} is that address" if matched else f"{client} is not {network}"
    network = f"{network}/{directive.prefix}"
    return f"{client} is in {network}" if matched else f"{client} is not in {network}"


def _why(session: Session, traced: TracedTerm, domain: str) -> str:
    """Return why a mechanism that asks DNS matched or did not; `domain` is that of its record."""
    term = traced.term
    assert isinstance(term, DomainDirective), "ip4, ip6 and all are traced without a question"
    if isinstance(term, Include):
        return _why_include(traced)
    spec = term.domain_spec
    if spec is None:
        return _why_named(session, traced, term, domain)
    if spec.target is None and not traced.expansions:
        return "its name depends on something that is not known here"  # a policy played it through
    name = traced.expansions[-1].name if spec.target is None else spec.target
    if name is None:
        return "the local part of the sender is not ASCII, so no query was sent (RFC 8616 §4)"
    if not is_askable(name):
        printable = visible_name(name) or spec.text
        return f"{printable!r} can't be queried in DNS (an empty label, or one over 63 octets), so no query was sent"
    return _why_named(session, traced, term, name)


def _why_named(session: Session, traced: TracedTerm, term: DomainDirective, name: str) -> str:
    """Return why a ptr, exists, a or mx about this name matched or did not."""
    if isinstance(term, Ptr):
        return _why_ptr(session, traced, name)
    own = [asked for asked in traced.questions if asked.question.type is not RRType.PTR]
    about_name = [asked for asked in own if fold(asked.question.name) == fold(name)]
    if isinstance(term, Exists):
        return f"{visible_name(name)} {_has(about_name[0].answer, RRType.A)}" if about_name else ""
    if isinstance(term, A):
        return _why_hosts(session, traced, term, about_name)
    assert isinstance(term, MX), "there is no other directive"
    return _why_mx(session, traced, term, name, own)


def _why_mx(session: Session, traced: TracedTerm, term: MX, name: str, own: list[TracedQuestion]) -> str:
    index = next((i for i, asked in enumerate(own) if asked.question.type is RRType.MX), None)
    answer = None if index is None else own[index].answer
    if answer is None or answer.is_void:
        return f"{visible_name(name)} {_has(answer, RRType.MX)}"
    hosts = own[index:]
    if not any(asked.question.type is address_type(session.family) for asked in hosts):
        return f"{visible_name(name)} has no MX record with a host (a null MX)"
    return _why_hosts(session, traced, term, hosts)


def _why_hosts(session: Session, traced: TracedTerm, term: A | MX, asked_hosts: list[TracedQuestion]) -> str:
    """Return which host has the client's address, or that none of them has it."""
    client = session.ip_text
    prefix = term.prefix(session.family)
    widened = "" if prefix == session.family.bits else f" within the first {prefix} bits"
    wanted = address_type(session.family)
    hosts = [asked for asked in asked_hosts if asked.question.type is wanted]
    if traced.outcome is TermStatus.MATCH:
        return f"{client} is an address of {visible_name(hosts[-1].question.name)}{widened}"
    described = [f"{visible_name(asked.question.name)} {_has(asked.answer, wanted)}" for asked in hosts[:10]]
    return f"{client} is none of these{widened}: {'; '.join(described)}"


def _why_include(traced: TracedTerm) -> str:
    if traced.record is None:
        return "the local part of the sender is not ASCII, so no query was sent (RFC 8616 §4)"
    result = traced.record.result
    name = visible_name(traced.record.domain)
    if traced.outcome is TermStatus.MATCH:
        return f"{name} gives pass"
    return f"{name} gives {result}, and only pass makes an include match"


def _why_ptr(session: Session, traced: TracedTerm, target: str) -> str:
    client = session.ip_text
    ptr = next(asked.answer for asked in traced.questions if asked.question.type is RRType.PTR)
    if ptr.is_failure:
        return f"the PTR records of {client} could not be looked up"
    if not ptr.records:
        return f"{client} has no PTR record"
    names = ptr.records[: session.limits.names]
    ignored = len(ptr.records) - len(names)
    were = "was" if ignored == 1 else "were"
    more = f"; the {counted(ignored, 'name')} after the first {session.limits.names} {were} ignored" if ignored else ""
    if traced.outcome is TermStatus.MATCH:
        validated = traced.questions[-1].question  # by which it matched
        return f"{client} has the validated name {visible_name(validated.name)}, in {visible_name(target)}{more}"
    printable = ", ".join(map(visible_name, names))
    if any(is_same_or_under(name, target) for name in names):
        return f"{client} has the names {printable}; none in {visible_name(target)} leads back to {client}{more}"
    return f"{client} has the names {printable}; none is in {visible_name(target)}{more}"


def _has(answer: Answer | None, type: RRType) -> str:
    if answer is None:
        return f"was not asked for {type} records"
    if answer.records:
        return f"has {type} {listed(answer.texts(), 10)}"
    if answer.is_unknown:
        return f"is {NOT_GIVEN}"
    if answer.is_failure:
        return f"could not be asked ({answer.status})"
    return "does not exist" if answer.status == "NXDOMAIN" else f"has no {type} record"


class _Answers(dict[Question, Answer]):
    """The answers of a replayed check: reports each answer that is used, new or repeated, to the trace."""

    def __init__(self, builder: "TraceBuilder") -> None:
        super().__init__()
        self.builder = builder

    def __setitem__(self, key: Question, answer: Answer) -> None:
        repeated = key in self
        super().__setitem__(key, answer)
        self.builder.question(key if repeated else self.builder.asking or key, answer, repeated)


class TraceBuilder:
    """The `Tracer` that writes down what happens in an evaluation.

    Args:
        session: the check, which has not begun.
        is_whole: whether to write down also the terms that ask nothing, and why a directive matched or did not.
    """

    def __init__(self, session: Session, *, is_whole: bool = True) -> None:
        self.session = session
        self.is_whole = is_whole
        self.root: TracedRecord = TracedRecord(session.domain)
        self.asking: Question | None = None  # in its own spelling
        self.records: list[TracedRecord] = []  # those being evaluated, outermost first
        self.terms: list[TracedTerm] = []  # those being evaluated, outermost first
        session.tracer = self
        session.answers = _Answers(self)

    def run(self, answers: Mapping[Question, Answer]) -> None:
        """Run check_host() over known answers. If one is missing, the check ran out of time there, and so does this."""
        evaluation = check_host(self.session)
        try:
            question = next(evaluation)
            while True:
                self.asking = question
                answer = answers.get(question.key)
                question = evaluation.throw(DeadlineError()) if answer is None else evaluation.send(answer)
        except StopIteration:
            return

    def enter(self, domain: str, via: Include | Redirect | None) -> None:
        """Open the record of a domain, below the term that names it."""
        record = self.root if via is None else TracedRecord(domain)
        if via is not None:
            self.terms[-1].record = record
        if isinstance(via, Redirect):
            self.terms.pop()
            self.records.pop()
        self.records.append(record)

    def record(self, record: Record) -> None:
        """Fill in the record."""
        self.records[-1].record = record

    def begin(self, term: Term) -> None:
        """Open a term."""
        traced = self.records[-1].term(term)
        self.terms.append(traced)
        traced.outcome = TermStatus.ERROR  # unless `end` follows
        if isinstance(term, Redirect):
            traced.outcome = TermStatus.FOLLOWED
            traced.why = "no directive matched, so the record that redirect= names decides"

    def end(self, matched: bool) -> None:
        """Close the term, and the record of an include."""
        traced = self.terms.pop()
        if isinstance(traced.term, Include) and traced.record is not None:
            _, directive, _ = self.session.decision
            self.records.pop().result = QUALIFIERS[directive.qualifier]
        if isinstance(traced.term, Explanation):
            traced.outcome = TermStatus.FOLLOWED
            return
        traced.outcome = TermStatus.MATCH if matched else TermStatus.NO_MATCH
        if self.is_whole:
            traced.why = _why(self.session, traced, self.records[-1].domain)

    def networks(self, run: NetworkRun, match: Directive | None) -> None:
        """Write down the directives of a run, up to the one that matches."""
        record = self.records[-1]
        for directive in run.directives if self.is_whole else ():
            traced = record.term(directive)
            matched = directive is match
            traced.outcome = TermStatus.MATCH if matched else TermStatus.NO_MATCH
            traced.why = _why_network(self.session, directive, matched)
            if matched:
                return

    def all(self, directive: All) -> None:
        """Write down that `all` matches."""
        traced = self.records[-1].term(directive)
        traced.outcome, traced.why = TermStatus.MATCH, _WHY_ALL

    def question(self, question: Question, answer: Answer, repeated: bool) -> None:
        """Write down a question, with the record or the term that asks it."""
        traced = TracedQuestion(question, answer, repeated)
        record = self.records[-1]
        if record.record is None:
            record.question = traced
        elif self.terms:
            self.terms[-1].questions.append(traced)

    def expanded(self, domain_spec: MacroString, name: str | None) -> None:
        """Write down what a domain-spec with macros expanded to."""
        self.terms[-1].expansions.append(Expansion(domain_spec.text, name))


def replay(session: Session) -> Trace:
    """Return the trace of a finished check: run check_host() again over its answers."""
    again = session.again()
    builder = TraceBuilder(again)
    builder.run(session.answers)
    _finish(builder, again)
    return Trace(builder.root, again.result, again.problem)


def _finish(builder: TraceBuilder, session: Session) -> None:
    """Fill in what is known only at the end: where an error occurred, results of records, terms not evaluated."""
    for record in builder.records:
        if session.problem is None:
            record.result = session.result
        else:
            record.problem = session.problem
    if session.problem is not None:
        for traced in builder.terms:
            traced.outcome = TermStatus.ERROR
            traced.why = session.problem.text
    pending = [builder.root]
    while pending:
        record = pending.pop()
        _give_reasons(record, session.explanation_problem)
        pending += [traced.record for traced in record.terms if traced.record is not None]


def _give_reasons(record: TracedRecord, no_explanation: Problem | None) -> None:
    """Fill in why the terms of a record were not evaluated, and whether its explanation could be used."""
    matched = any(traced.outcome is TermStatus.MATCH for traced in record.terms)
    decided = "a term before it matched" if matched else "the check ended before it"
    for traced in record.terms:
        if traced.outcome is TermStatus.NOT_EVALUATED:
            traced.why = _why_unreached(traced.term, record, decided)
        elif isinstance(traced.term, Explanation) and traced.outcome is TermStatus.FOLLOWED:
            traced.why = "it gives the explanation" if no_explanation is None else no_explanation.text


def traced_records(root: TracedRecord) -> Iterator[TracedRecord]:
    """Yield a record and all that it names, in the order in which the check needed them."""
    pending = [root]
    while pending:
        record = pending.pop()
        yield record
        pending += [term.record for term in reversed(record.terms) if term.record is not None]


def traced_questions(root: TracedRecord) -> Iterator[TracedQuestion]:
    """Yield every question that was asked."""
    for record in traced_records(root):
        if record.question is not None:
            yield record.question
        for term in record.terms:
            yield from term.questions
