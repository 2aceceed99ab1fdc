"""Tracing: check_host() run again over known answers, with a `Tracer` that is told what happens and writes it down."""

from collections.abc import Mapping

from spfengine.answers import Answer, Question
from spfengine.evaluation.check_host import check_host
from spfengine.evaluation.limits import Deadline
from spfengine.evaluation.questions import keyed
from spfengine.evaluation.reasons import WHY_ALL, why, why_network, why_unreached
from spfengine.evaluation.result import Result
from spfengine.evaluation.session import Session
from spfengine.evaluation.trace import Expansion, Outcome, Trace, TracedQuestion, TracedRecord, TracedTerm
from spfengine.record.macro import MacroString
from spfengine.record.model import All, Directive, Explanation, Include, NetworkRun, Record, Redirect, Term


class _Answers(dict[Question, Answer]):
    """The answers of a replayed check: tells the tracer of each that is used, new or known."""

    def __init__(self, tracer: "Tracer") -> None:
        super().__init__()
        self.tracer = tracer

    def __setitem__(self, key: Question, answer: Answer) -> None:
        repeated = key in self
        super().__setitem__(key, answer)
        self.tracer.question(key if repeated else self.tracer.asking or key, answer, repeated)


class Tracer:
    """Is told by the evaluation what happens, in order, and writes it down.

    Args:
        session: the check, which has not begun.
        with_reasons: whether it is also written down why a directive matched or did not.
    """

    def __init__(self, session: Session, *, with_reasons: bool = True) -> None:
        self.session = session
        self.with_reasons = with_reasons
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
        self.records[-1].record = record

    def leave(self, result: Result) -> None:
        """The record of an include has been evaluated."""
        self.records.pop().result = result

    def begin(self, term: Term) -> None:
        """A term is taken up."""
        traced = self.records[-1].term(term)
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
        if self.with_reasons:
            traced.why = why(self.session, traced, self.records[-1].domain)

    def networks(self, run: NetworkRun, hit: Directive | None) -> None:
        """Neighbouring ip4 and ip6 directives have been compared at once, and an all behind them."""
        record = self.records[-1]
        for directive in run.directives:
            traced = record.term(directive)
            traced.outcome = Outcome.MATCH if directive is hit else Outcome.NO_MATCH
            if self.with_reasons:
                traced.why = why_network(self.session, directive)
            if directive is hit:
                return

    def all(self, directive: All) -> None:
        """No step matched, so all does."""
        traced = self.records[-1].term(directive)
        traced.outcome, traced.why = Outcome.MATCH, WHY_ALL

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


def replay(session: Session) -> Trace:
    """Return the trace of a finished check: check_host() run again over its answers."""
    again = session.again()
    tracer = Tracer(again)
    tracer.run(session.answers)
    _finish(tracer, again)
    return Trace(tracer.root, again.result, again.problem)


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
                traced.why = why_unreached(traced.term, record, decided)
