"""check_host(): whether a client may send mail for a domain (RFC 7208 §4).

How it works:

- `check_host` is a generator. It yields each Question that has to go out, and is sent its Answer; it does no I/O. So a
  sync driver, an asyncio driver and a trace run the same code, and differ only in where the answers come from. A
  compile also passes a session of its own, with other matchers for terms that depend on more than the address.
- `_evaluate` gets the record of a domain, goes through its directives, and follows a redirect. An `include` evaluates
  another domain by the same function. What is shared by all these records is in the Session: the counters, the answers,
  and in the end the verdict.
- None, temperror and permerror end the check wherever they occur, even deep in an include. There, "no record" is
  permerror, not none (RFC 7208 §5.2, `_halt_without_record`). So they are raised as `Halt`, and caught in `check_host`,
  as is the `DeadlineError` that a driver throws in when time is up. In a check nothing else is raised; only a compile's
  session raises more, `UnknownTargetError` and `Fork`, which `policy/compile.py` catches.
- `session.path` holds the terms being evaluated. A term that does not match is taken off again, so however a check
  ends, the path says how it got there.
- A lookup is charged before the term does anything else.
- A tracer is informed of each step. It decides nothing.
"""

from collections.abc import Generator
from typing import NamedTuple

from spfengine.answers import Answer, Question, RRType, Status, spf_texts
from spfengine.errors import RecordSyntaxError
from spfengine.evaluation.explanation import NO_EXPLANATION, explain
from spfengine.evaluation.kept import Kept
from spfengine.evaluation.limits import DeadlineError
from spfengine.evaluation.mechanisms import (
    QUESTIONS,
    Halt,
    ask,
    charge,
    count_void,
    dns_failure_halt,
    expand_target,
    helo_unknown_halt,
    known,
    match_a,
    match_exists,
    match_mx,
    match_ptr,
)
from spfengine.evaluation.session import Matcher, Matching, Session
from spfengine.names import domain_fault
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.record.model import MX, A, All, Directive, Exists, Include, NetworkRun, Ptr, Record, Redirect, Term
from spfengine.record.parser import parse
from spfengine.record.slips import hint_for_glued
from spfengine.visible import foreign_in, visible, visible_name
from spfengine.wording import listed

_TXT = RRType.TXT  # members that every check needs; reading a member through its class costs as much as a call
_PASS, _FAIL = Result.PASS, Result.FAIL
_MOST_CHARACTERS = 3
QUALIFIERS = {"+": _PASS, "-": _FAIL, "~": Result.SOFTFAIL, "?": Result.NEUTRAL}  # RFC 7208 §4.6.2
_DEFAULT = All("?", "", (0, 0))
"""What decides if nothing else does: 'just as if "?all" were specified as the last directive' (RFC 7208 §4.7)."""


def check_host(session: Session) -> Generator[Question, Answer, None]:
    """Evaluate a session's client and domain, and leave the verdict in the session."""
    try:
        yield from _evaluate(session, session.domain, None)
        domain, directive, explanation = session.decision
        session.result = QUALIFIERS[directive.qualifier]
        session.record_domain = domain
        session.directive = None if directive is _DEFAULT else directive
        if session.result is _FAIL and session.explaining:  # RFC 7208 §6.2
            if explanation is None:
                session.explanation_problem = NO_EXPLANATION
            else:
                explained = yield from explain(session, explanation, domain)
                session.explanation, session.explanation_problem = explained
    except Halt as halt:
        _set_problem(session, halt.result, halt.problem)
    except DeadlineError:
        _set_problem(session, Result.TEMPERROR, _out_of_time(session))


def _evaluate(session: Session, domain: str, via: Include | Redirect | None) -> Matching:
    """Find what decides for a domain (RFC 7208 §4.6), and leave it in `session.decision`. Return whether that gives
    pass, so that an include of the domain matches (RFC 7208 §5.2).

    Args:
        via: what names the domain; None for the domain checked.
    """
    question = begin_domain(session, domain, via)
    answer = known(session, question) or (yield from ask(session, domain, _TXT))
    record = record_of(session, domain, via, answer)
    tracer = session.tracer
    depth = len(session.path)
    for step in record.steps:
        if type(step) is NetworkRun:  # ip4, ip6, and an all right after them (RFC 7208 §5.1, §5.6)
            directive = session.hit(step.table(session.family))
            if tracer is not None:
                tracer.networks(step, directive)
            if directive is not None:
                session.path.append((domain, directive))
                break
            continue
        matched = yield from _match(session, step, domain)
        if tracer is not None:
            tracer.end(matched)
        if matched:
            directive = step
            break
        del session.path[depth:]
    else:
        if record.redirect is not None:
            return (yield from _match(session, record.redirect, domain))
        directive = _match_rest(session, record, domain)
    session.decision = domain, directive, record.explanation
    return directive.qualifier == "+"


def _match(session: Session, term: Directive | Redirect, domain: str) -> Matching:
    """Match a term that asks DNS: put it on the path, charge it (RFC 7208 §4.6.4), and then have it decide."""
    session.path.append((domain, term))
    if session.tracer is not None:
        session.tracer.begin(term)
    charge(session)
    return (session.matchers or MATCHERS)[type(term)](session, term, domain)


def _match_rest(session: Session, record: Record, domain: str) -> Directive:
    """Return the directive that matches if no other does: `all`, or the default (RFC 7208 §4.7, §5.1).

    An `all` right after a network is part of its NetworkRun, and never gets here.
    """
    if record.all is None:
        return _DEFAULT
    session.path.append((domain, record.all))
    if session.tracer is not None:
        session.tracer.all(record.all)
    return record.all


def match_include(session: Session, include: Include, domain: str) -> Matching:
    """`include`: the record of the target-name gives pass; if there is none, permerror, see `record_of`
    (RFC 7208 §5.2).
    """
    target = include.domain_spec.target
    return _evaluate(session, target, include) if target else _match_expanded(session, include, domain)


def _match_expanded(session: Session, include: Include, domain: str) -> Matching:
    """`include` of a target-name that has macros, or that can't be queried."""
    target = yield from expand_target(session, include.domain_spec, domain)
    if target is None:  # RFC 8616 §4: no target-name, so no match
        return False
    return (yield from _evaluate(session, target, include))


def match_redirect(session: Session, redirect: Redirect, domain: str) -> Matching:
    """`redirect`: what decides for the target-name decides here too (RFC 7208 §6.1)."""
    target = redirect.value.target or (yield from expand_target(session, redirect.value, domain))
    if target is None:
        text = f"{visible(redirect.text)} uses the local part of the sender, which is not ASCII"
        code = ProblemCode.REDIRECT_NON_ASCII_LOCAL_PART
        raise Halt(Result.PERMERROR, Problem(code, text, section="RFC 8616 §4"))
    return (yield from _evaluate(session, target, redirect))


MATCHERS: dict[type[Directive | Redirect], Matcher] = {
    Include: match_include,
    A: match_a,
    MX: match_mx,
    Exists: match_exists,
    Ptr: match_ptr,
    Redirect: match_redirect,
}
"""The functions that decide whether a term that asks DNS matches."""


def begin_domain(session: Session, domain: str, via: Include | Redirect | None) -> Question:
    """Begin with a domain whose record is needed. Return the key of the question for it (RFC 7208 §4.3, §4.4).

    Args:
        via: what names the domain; None for the domain checked.

    Raises:
        Halt: it is not a domain that check_host() can be called for.
    """
    if session.tracer is not None:
        session.tracer.enter(domain, via)
    question = _RECORD_QUESTIONS[domain]
    if question is None or (via is None and session.domain_refused):
        raise _invalid_domain(session, domain, via)
    return question


def record_of(session: Session, domain: str, via: Include | Redirect | None, answer: Answer) -> Record:
    """Return the record in the answer for a domain (RFC 7208 §4.4, §4.5).

    Args:
        via: what names the domain; None for the domain checked. If there is no record, the result is none for the
            domain checked, and permerror for an include or redirect (RFC 7208 §5.2, §6.1).

    Raises:
        Halt: there is no record that can be evaluated.
    """
    record = select_record(answer)
    if not isinstance(record, Record):
        raise _halt_for_answer(session, domain, via, answer, record)
    if session.tracer is not None:
        session.tracer.record(record)
    return record


def _record_question(domain: str) -> Question | None:
    """Return the key of the question for a domain's record; None if check_host() can't be called for the domain."""
    return QUESTIONS[domain, _TXT] if domain_fault(domain) is None else None


_RECORD_QUESTIONS = Kept(_record_question)  # of names of at most 253 octets, since only these are checkable


def select_record(answer: Answer) -> Record | RecordSyntaxError | Problem:
    """Return the one SPF record in a TXT answer, parsed; or its syntax error; or why there is not exactly one
    (RFC 7208 §3.2, RFC 7208 §4.5).

    It is kept with the answer: while the answer is cached, the record is not parsed again.
    """
    try:
        record: Record | RecordSyntaxError | Problem = answer.memo["record"]
    except KeyError:
        record = answer.memo["record"] = _select_record(answer)
    return record


def answer_with(record: Record) -> Answer:
    """Return an answer whose one SPF record is this: `select_record` does not parse it again."""
    answer = Answer.txt(record.source.encode("latin-1"))
    answer.memo["record"] = record
    return answer


def _select_record(answer: Answer) -> Record | RecordSyntaxError | Problem:
    texts = spf_texts(answer)
    if not texts:
        count = len(answer.records)
        others = (
            "its TXT record is not an SPF record" if count == 1 else f"none of its {count} TXT records is an SPF record"
        )
        text = others if answer.records else "it has no TXT record, so no SPF record"
        return Problem(ProblemCode.NO_RECORD, text, section="4.5")
    if len(texts) > 1:
        records = "; ".join([visible(octets, 80) for octets in texts[:10]])
        more = f"; and {len(texts) - 10} more" if len(texts) > 10 else ""
        text = f"found {len(texts)} SPF records, but only one is allowed: {records}{more}"
        hint = "merge them into one record, with one all at its end"
        return Problem(ProblemCode.MULTIPLE_RECORDS, text, section="4.5", hint=hint)
    try:
        return parse(texts[0])
    except RecordSyntaxError as error:
        return error


# How a check ends without a directive


def _invalid_domain(session: Session, domain: str, via: Include | Redirect | None) -> Halt:
    """Return the Halt for a check of a domain that can't be queried (RFC 7208 §4.3)."""
    if via is None and not session.domain_known:
        return helo_unknown_halt("the sender is null, so the domain checked is that of the HELO name")
    if via is None and session.domain_refused:
        text = f"{visible(domain)} is not a domain name that IDNA2008 allows{_foreign(domain)}"
        return Halt(Result.NONE, Problem(ProblemCode.INVALID_U_LABEL, text, domain, None, "RFC 8616 §2"))
    return _halt_without_record(via, domain, _codes(via).invalid, domain_fault(domain) or "")


def _foreign(domain: str) -> str:
    """Return which characters of a domain are not US-ASCII, as the end of a sentence."""
    found = foreign_in(domain)
    return f"; it has {listed(found, _MOST_CHARACTERS)}" if found else ""


def _halt_for_answer(
    session: Session,
    domain: str,
    via: Include | Redirect | None,
    answer: Answer,
    fault: RecordSyntaxError | Problem,
) -> Halt:
    """Return the Halt for an answer that has no usable record (RFC 7208 §4.4, §4.5, §4.6)."""
    if answer.is_failure:
        return dns_failure_halt(domain, _TXT, answer)
    if isinstance(fault, RecordSyntaxError):
        session.path.append((domain, _term_at_fault(fault)))
        return Halt(Result.PERMERROR, fault.problems[0].at(domain, None))
    if fault.code is ProblemCode.MULTIPLE_RECORDS:
        return Halt(Result.PERMERROR, fault.at(domain, None))
    if via is not None and answer.is_void:
        count_void(session, domain, halting=False)
    if answer.status is Status.NXDOMAIN:
        return _halt_without_record(via, domain, _codes(via).not_found, f"{visible_name(domain)} does not exist")
    return _halt_without_record(via, domain, _codes(via).absent, f"{visible_name(domain)}: {fault.text}")


class _Codes(NamedTuple):
    invalid: ProblemCode
    not_found: ProblemCode
    absent: ProblemCode


_DOMAIN_CODES = _Codes(ProblemCode.INVALID_DOMAIN, ProblemCode.DOMAIN_NOT_FOUND, ProblemCode.NO_RECORD)
_INCLUDE_CODES = _Codes(
    ProblemCode.INCLUDE_INVALID_DOMAIN, ProblemCode.INCLUDE_DOMAIN_NOT_FOUND, ProblemCode.INCLUDE_NO_RECORD
)
_REDIRECT_CODES = _Codes(
    ProblemCode.REDIRECT_INVALID_DOMAIN, ProblemCode.REDIRECT_DOMAIN_NOT_FOUND, ProblemCode.REDIRECT_NO_RECORD
)


def _codes(via: Include | Redirect | None) -> _Codes:
    if via is None:
        return _DOMAIN_CODES
    return _INCLUDE_CODES if isinstance(via, Include) else _REDIRECT_CODES


def _halt_without_record(via: Include | Redirect | None, domain: str, code: ProblemCode, text: str) -> Halt:
    """Return the Halt for a check that needs the record of a domain that has none.

    That is none for the domain checked, and permerror for an include or redirect (RFC 7208 §4.5, §5.2, §6.1).
    """
    if via is None:
        section = "4.3" if code is ProblemCode.INVALID_DOMAIN else "4.5"
        return Halt(Result.NONE, Problem(code, text, domain, None, section))
    printable = visible(via.text, 120)
    section = "5.2" if isinstance(via, Include) else "6.1"
    hint = hint_for_glued(via.text) or f"take {printable} out, or correct its name"
    if "%" in via.text and code is not _codes(via).invalid:
        hint = f"publish an SPF record for {visible_name(domain)}, the target of {printable} here, or take the term out"
    return Halt(Result.PERMERROR, Problem(code, f"{printable} leads to no record: {text}", None, None, section, hint))


def _term_at_fault(error: RecordSyntaxError) -> Term:
    """Return the term with the first fault of a record, as it is written there, safe to print."""
    start, end = error.span or (0, 0)
    start = error.source.rfind(" ", 0, start + 1) + 1
    space = error.source.find(" ", end)
    end = len(error.source) if space < 0 else space
    return Term(visible(error.source[start:end]), (start, end))


def _out_of_time(session: Session) -> Problem:
    text = f"DNS took longer than {session.limits.seconds or 0:g} seconds for all questions of this check"
    return Problem(ProblemCode.TIME_LIMIT, text, section="4.6.4", hint="this may be temporary; try again later")


def _with_hint_for_glued(problem: Problem, text: str) -> Problem:
    """Return the problem of a name that is not known, with another hint if its term is several terms in one."""
    hint = hint_for_glued(text) if problem.code is ProblemCode.OUTSIDE_ZONE else None
    if hint is None:
        return problem
    return Problem(problem.code, problem.text, problem.domain, problem.span, problem.section, hint)


def _set_problem(session: Session, result: Result, problem: Problem) -> None:
    """Set the verdict of a check that no directive decided; its problem is placed at the term being evaluated."""
    if problem.domain is None:
        domain, span = session.domain, None
        if session.path:
            domain, term = session.path[-1]
            span = term.span
            problem = _with_hint_for_glued(problem, term.text)
        problem = problem.at(domain, span)
    session.result, session.problem, session.record_domain = result, problem, problem.domain
