"""The trace of a check: every term, what was asked, what came back, and why it matched or did not.

A check never pays for it: the trace is made afterwards, by running check_host() again over the answers that the
result kept, with a `Tracer` that is told what happens. The reasons are worked out from what it wrote down.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from spfengine.addresses import V4, address_text, network_range
from spfengine.answers import Answer, Question, RRType
from spfengine.evaluation.check_host import check_host
from spfengine.evaluation.limits import Deadline
from spfengine.evaluation.questions import keyed
from spfengine.evaluation.result import Result
from spfengine.evaluation.session import Session
from spfengine.names import fold, is_askable, is_same_or_under
from spfengine.problems import Problem
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
    Term,
    UnknownModifier,
)
from spfengine.visible import visible, visible_name


class Outcome(StrEnum):
    """What became of a term."""

    MATCH = "match"
    NO_MATCH = "no-match"
    ERROR = "error"
    """The check ended here, in temperror or permerror."""
    FOLLOWED = "followed"
    """A redirect that was followed, or an explanation that was fetched."""
    NOT_EVALUATED = "not-evaluated"


class TracedQuestion(NamedTuple):
    """A question of a term.

    Attributes:
        question, answer: what was asked, and what came back.
        repeated: whether it had been asked in this check before, so was not asked again.
    """

    question: Question
    answer: Answer
    repeated: bool

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


class Expansion(NamedTuple):
    """A domain-spec with macros, and the name that it expanded to (None: nothing, RFC 8616 §4)."""

    domain_spec: str
    name: str | None


class TracedTerm:
    """A term of a record, and what became of it.

    Attributes:
        term: the term itself, with text and span.
        outcome: what became of it.
        why: the reason, in words; safe to print.
        questions: what it asked itself; what an included record asked stands with that record's terms.
        expansions: its domain-spec expanded, where it has macros.
        record: the record that it led to (include, redirect), or None.
    """

    __slots__ = ("expansions", "outcome", "questions", "record", "term", "why")

    def __init__(self, term: Term) -> None:
        self.term = term
        self.outcome = Outcome.NOT_EVALUATED
        self.why = ""
        self.questions: list[TracedQuestion] = []
        self.expansions: list[Expansion] = []
        self.record: TracedRecord | None = None

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
            "questions": [asked.to_dict() for asked in self.questions],
            "record": None if self.record is None else self.record.to_dict(),
        }


class TracedRecord:
    """A domain whose record was wanted, and what came of it.

    Attributes:
        domain: the domain.
        record: its record, or None where there is none that can be read.
        question: the question for it and its answer; None where it was never asked.
        terms: the terms of the record in order of evaluation: directives, then redirect, then exp.
        result: what the record gave; None where the check ended in it, or where a redirect's record gave it.
        problem: why the check ended in this record, or in one below it.
    """

    __slots__ = ("domain", "problem", "question", "record", "result", "terms")

    def __init__(self, domain: str) -> None:
        self.domain = domain
        self.record: Record | None = None
        self.question: TracedQuestion | None = None
        self.terms: list[TracedTerm] = []
        self.result: Result | None = None
        self.problem: Problem | None = None

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


class Trace(NamedTuple):
    """What happened in a check.

    Attributes:
        root: the record of the domain checked; those it includes and redirects to hang below its terms.
        result, problem: what the check came to.
    """

    root: TracedRecord
    result: Result
    problem: Problem | None

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return self.root.to_dict()


class _Answers(dict[Question, Answer]):
    """The answers of a replayed check: tells the tracer of each that is used, new or known."""

    def __init__(self, tracer: "Tracer") -> None:
        super().__init__()
        self.tracer = tracer

    def get(self, key: Question, default: Any = None) -> Any:
        answer = super().get(key, default)
        if answer is not None:
            self.tracer.question(key, answer, True)
        return answer

    def __setitem__(self, key: Question, answer: Answer) -> None:
        super().__setitem__(key, answer)
        self.tracer.question(self.tracer.asking or key, answer, False)


class Tracer:
    """Is told by the evaluation what happens, in order, and writes it down."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.root = TracedRecord(session.domain)
        self.asking: Question | None = None  # as it is spelled
        self.records: list[TracedRecord] = []  # those that evaluation stands in, outermost first
        self.terms: list[TracedTerm] = []  # the terms that evaluation stands in, outermost first
        session.tracer = self
        session.answers = _Answers(self)

    def run(self, answers: Mapping[Question, Answer]) -> None:
        """Run check_host() over known answers; where one is missing, the check ran out of time, and so does this."""
        evaluation = check_host(self.session)
        try:
            question = next(evaluation)
            while True:
                self.asking = question
                answer = answers.get(keyed(*question)[0])
                question = evaluation.throw(Deadline()) if answer is None else evaluation.send(answer)
        except StopIteration:
            return

    def enter(self, domain: str, term: Include | Redirect | None) -> None:
        """A domain's record is wanted; `term` is what leads there."""
        record = self.root if term is None else TracedRecord(domain)
        if term is not None:
            self.terms[-1].record = record
        if isinstance(term, Redirect):
            self.terms.pop()
            self.records.pop()
        self.records.append(record)

    def record(self, record: Record) -> None:
        """The record has been found."""
        traced = self.records[-1]
        traced.record = record
        ordered: list[Term] = [*record.directives]
        ordered += [m for m in record.modifiers if isinstance(m, Redirect)]
        ordered += [m for m in record.modifiers if not isinstance(m, Redirect)]
        traced.terms = [TracedTerm(term) for term in ordered]

    def leave(self, result: Result) -> None:
        """The record of an include has been evaluated."""
        self.records.pop().result = result

    def begin(self, term: Term) -> None:
        """A term is taken up."""
        traced = self._find(term)
        self.terms.append(traced)
        traced.outcome = Outcome.ERROR  # unless `end` says better
        if isinstance(term, Redirect):
            traced.outcome = Outcome.FOLLOWED
            traced.why = "no directive matched, so the record that redirect= names decides"

    def end(self, matched: bool) -> None:
        """The term has been evaluated; for an explanation: there is a text."""
        traced = self.terms.pop()
        if isinstance(traced.term, Explanation):
            traced.outcome = Outcome.FOLLOWED
            return
        traced.outcome = Outcome.MATCH if matched else Outcome.NO_MATCH
        traced.why = _why(self.session, traced, self.records[-1].domain)

    def networks(self, run: NetworkRun, hit: Directive | None) -> None:
        """Neighbouring ip4 and ip6 directives have been compared at once, and an all behind them."""
        found = {id(traced.term): traced for traced in self.records[-1].terms}
        for directive in run.directives:
            traced = found[id(directive)]
            traced.outcome = Outcome.MATCH if directive is hit else Outcome.NO_MATCH
            traced.why = _why_network(self.session, directive)
            if directive is hit:
                return

    def all(self, directive: All) -> None:
        """No step matched, so all does."""
        traced = self._find(directive)
        traced.outcome, traced.why = Outcome.MATCH, _WHY_ALL

    def question(self, question: Question, answer: Answer, repeated: bool) -> None:
        """A question has been answered."""
        traced = TracedQuestion(question, answer, repeated)
        record = self.records[-1]
        if record.record is None:
            record.question = traced
        elif self.terms:
            self.terms[-1].questions.append(traced)

    def expanded(self, domain_spec: MacroString, name: str | None) -> None:
        """A domain-spec with macros has been expanded."""
        self.terms[-1].expansions.append(Expansion(domain_spec.text, name))

    def _find(self, term: Term) -> TracedTerm:
        return next(traced for traced in self.records[-1].terms if traced.term is term)


def replay(session: Session) -> Trace:
    """Return the trace of a finished check: check_host() run again over its answers."""
    again = session.again()
    tracer = Tracer(again)
    tracer.run(session.answers)
    _finish(tracer, again)
    return Trace(tracer.root, again.result, again.problem)


def traced(root: TracedRecord) -> Iterator[tuple[str, TracedTerm]]:
    """Yield the terms that were evaluated, in order, each with the domain of its record."""
    for term in root.terms:
        if term.outcome is not Outcome.NOT_EVALUATED:
            yield root.domain, term
            if term.record is not None:
                yield from traced(term.record)


def _finish(tracer: Tracer, session: Session) -> None:
    """Fill in what is known only at the end: where an error struck, the results of records, terms never reached."""
    for record in tracer.records:
        if session.problem is None:
            record.result = session.result
        else:
            record.problem = session.problem
    if session.problem is not None:
        for traced in tracer.terms:
            traced.outcome = Outcome.ERROR
            traced.why = session.problem.text
    pending = [tracer.root]
    while pending:
        record = pending.pop()
        decided = "the check ended before it"
        if any(t.outcome is Outcome.MATCH for t in record.terms):
            decided = "a term before it matched"
        for traced in record.terms:
            if traced.record is not None:
                pending.append(traced.record)
            if isinstance(traced.term, Explanation) and traced.outcome is Outcome.FOLLOWED:
                told = session.explanation_problem
                traced.why = "it gives the explanation" if told is None else told.text
            elif traced.outcome is Outcome.NOT_EVALUATED:
                traced.why = _why_unreached(traced.term, record, decided)


def _why_unreached(term: Term, record: TracedRecord, decided: str) -> str:
    if isinstance(term, UnknownModifier):
        return "a modifier that RFC 7208 does not know; it is ignored"
    if isinstance(term, Explanation):
        return "an explanation is fetched only for a fail that this record itself decides"
    if isinstance(term, Redirect) and record.record is not None and record.record.redirect is None:
        return "all stands in the record, so redirect= is ignored"
    return decided


_WHY_ALL = "all matches every address"


def _why_network(session: Session, directive: Network | All) -> str:
    if isinstance(directive, All):
        return _WHY_ALL
    client = session.ip_text
    if directive.family is not session.family:
        return f"{client} is an IPv{session.family.version} address"
    first, last = network_range(directive.family, directive.network, directive.prefix)
    network = address_text(directive.family, first)
    inside = first <= session.ip <= last
    if first == last:
        return f"{client} is that address" if inside else f"{client} is not {network}"
    network = f"{network}/{directive.prefix}"
    return f"{client} is in {network}" if inside else f"{client} is not in {network}"


def _why(session: Session, traced: TracedTerm, domain: str) -> str:
    term = traced.term
    assert isinstance(term, DomainDirective), "ip4, ip6 and all are traced without a question"
    if isinstance(term, Include):
        return _why_include(traced)
    spec = term.domain_spec
    name = domain if spec is None else spec.target
    if name is None and not traced.expansions:
        return "its name rests on what is not known here"  # a policy played it through
    if name is None:
        name = traced.expansions[-1].name
    if name is None:
        return "the local part of the sender is not ASCII, so no question was asked (RFC 8616 §4)"
    if not is_askable(name):
        shown = visible_name(name) or (spec.text if spec is not None else "")
        return f"{shown!r} can't be asked in DNS (an empty label, or one over 63 octets), so no question was asked"
    if isinstance(term, Ptr):
        return _why_ptr(session, traced, name)
    own = [asked for asked in traced.questions if asked.question.type is not RRType.PTR]
    if isinstance(term, Exists):
        found = next((asked for asked in own if fold(asked.question.name) == fold(name)), None)
        return f"{visible_name(name)} {_has(found.answer, RRType.A)}" if found is not None else ""
    assert isinstance(term, A | MX), "every directive is named above"
    return _why_host(session, traced, term, name, own)


def _why_host(session: Session, traced: TracedTerm, term: A | MX, name: str, own: list[TracedQuestion]) -> str:
    client = session.ip_text
    prefix = term.prefix(session.family)
    widened = "" if prefix == session.family.bits else f" within the first {prefix} bits"
    wanted = RRType.A if session.family is V4 else RRType.AAAA
    hosts = [asked for asked in own if asked.question.type is wanted]
    if isinstance(term, A):
        hosts = [asked for asked in hosts if fold(asked.question.name) == fold(name)]
    else:
        mx = next((asked for asked in own if asked.question.type is RRType.MX), None)
        hosts = hosts if mx is None else [asked for asked in own[own.index(mx) :] if asked.question.type is wanted]
        if mx is None or mx.answer.is_void:
            return f"{visible_name(name)} {_has(mx.answer if mx else None, RRType.MX)}"
        if not hosts:
            return f"{visible_name(name)} has no MX record with a host (a null MX)"
    if traced.outcome is Outcome.MATCH:
        host = hosts[-1]
        return f"{client} is an address of {visible_name(host.question.name)}{widened}"
    told = [f"{visible_name(asked.question.name)} {_has(asked.answer, wanted)}" for asked in hosts[:10]]
    return f"{client} is none of these{widened}: {'; '.join(told)}"


def _why_include(traced: TracedTerm) -> str:
    if traced.record is None:
        return "the local part of the sender is not ASCII, so no question was asked (RFC 8616 §4)"
    result = traced.record.result
    name = visible_name(traced.record.domain)
    if traced.outcome is Outcome.MATCH:
        return f"{name} gives pass"
    return f"{name} gives {result}, and only pass makes an include match"


def _why_ptr(session: Session, traced: TracedTerm, target: str) -> str:
    client = session.ip_text
    ptr = next((asked for asked in traced.questions if asked.question.type is RRType.PTR), None)
    if ptr is None or not ptr.answer.records:
        failed = ptr is not None and ptr.answer.is_failure
        return f"the PTR records of {client} could not be had" if failed else f"{client} has no PTR record"
    names = ptr.answer.records
    ignored = len(names) - session.limits.names
    more = f"; the {ignored} names behind the first {session.limits.names} were ignored" if ignored > 0 else ""
    shown = ", ".join([visible_name(name) for name in names[: session.limits.names]])
    if traced.outcome is Outcome.MATCH:
        asked = [q.question.name for q in traced.questions if q.question.type is not RRType.PTR]
        return f"{client} has the validated name {visible_name(asked[-1])}, in {visible_name(target)}{more}"
    if not any(is_same_or_under(name, target) for name in names[: session.limits.names]):
        return f"{client} has the names {shown}; none is in {visible_name(target)}{more}"
    return f"{client} has the names {shown}; none in {visible_name(target)} leads back to {client}{more}"


def _has(answer: Answer | None, type: RRType) -> str:
    if answer is None:
        return f"was not asked for {type} records"
    if answer.records:
        texts = answer.texts()
        listed = ", ".join(texts[:10])
        return f"has {type} {listed}" + (f" and {len(texts) - 10} more" if len(texts) > 10 else "")
    if answer.is_failure:
        return f"could not be asked ({answer.status})"
    return "does not exist" if answer.status == "NXDOMAIN" else f"has no {type} record"
