"""check_host() (RFC 7208 §4): the one place where it is decided whether a client may send for a domain.

Theory of operation
1. It is a generator: it yields Questions, is sent Answers, and never does I/O. Drivers (sync, asyncio, replay, the
   tiling of a policy) differ only in where the Answers come from, so meaning is the same on every road.
2. It asks for the record of a domain, goes through its terms, and on to the record of a redirect. At an `include` it
   puts the record that it stands in aside (`includers`), and takes it up again when the included one has its result.
   State that spans records (counters, answers, path) is in the Session, and so is the verdict in the end.
3. None, temperror and permerror end everything wherever they arise, so they are raised as `Halt` and caught once; so is
   `Deadline`, which a driver throws in. No other exception is raised here.
4. `session.path` holds the terms that evaluation stands in. A term that does not match is taken off again; so at any
   end, good or bad, the path is the answer to "how did it get there?".
5. Lookups are charged before anything of the term is done, in `charge`; voids are counted in `count_void`.
6. A tracer, where there is one, is told what happens; it decides nothing.
"""

from bisect import bisect_right
from collections.abc import Generator, Iterator
from functools import lru_cache
from typing import NamedTuple

from spfengine.addresses import V4, locate
from spfengine.answers import Answer, Question, RRType, Status
from spfengine.errors import RecordSyntaxError
from spfengine.evaluation.explanation import NO_EXPLANATION, explain
from spfengine.evaluation.limits import Deadline
from spfengine.evaluation.mechanisms import MATCHERS
from spfengine.evaluation.questions import Halt, charge, count_void, failed, keyed, watch_lookups
from spfengine.evaluation.result import Result
from spfengine.evaluation.session import Session
from spfengine.evaluation.targets import expand_target
from spfengine.frozen import fill
from spfengine.names import MAX_NAME, domain_fault
from spfengine.problems import Problem, ProblemCode
from spfengine.record.model import All, Directive, Include, NetworkRun, Record, Redirect, Step, Term
from spfengine.record.parser import parse
from spfengine.record.tokenizer import is_spf_octets
from spfengine.visible import visible, visible_name

_TXT = RRType.TXT
_NEUTRAL = Result.NEUTRAL
_PASS = Result.PASS
_FAIL = Result.FAIL
QUALIFIERS = {"+": _PASS, "-": _FAIL, "~": Result.SOFTFAIL, "?": _NEUTRAL}  # RFC 7208 §4.6.2
_DEFAULT = All("?", "", (0, 0))
"""What decides where nothing else does: "just as if "?all" were specified as the last directive" (RFC 7208 §4.7)."""

_Includer = tuple[Include, str, Record, Iterator[Step], int]
"""A record that waits for one that it includes: the include that leads there, its own domain, itself, the steps that
are left, and how long the path was when it began.
"""


def check_host(  # noqa: C901, PLR0912, PLR0915 - what is taken out of it is one more generator on the way of all answers
    session: Session,
) -> Generator[Question, Answer, None]:
    """Come to the verdict on the session's client and domain; it stands in the session then.

    No other public function decides anything.
    """
    path = session.path
    family = session.family
    tracer = session.tracer
    matchers = session.matchers or MATCHERS
    answers = session.answers
    at_hand = session.at_hand
    ip = None if session.tiling else session.ip
    most = session.limits.unwatched
    domain = session.domain
    asked = None if len(domain) > MAX_NAME or session.domain_refused else _record_question(domain)
    include: Include | None = None
    includers: list[_Includer] = []
    directive: Directive | None
    try:
        while True:  # once for each record that is not reached by a redirect
            # As find_record, in line.
            if tracer is not None:
                tracer.enter(domain, include)
            if asked is None:
                raise _no_question(session, domain, include)
            key, question = asked
            answer = at_hand(key) or answers.get(key) or (yield question)
            answers[key] = answer
            record = answer.spf_record
            if record is None or tracer is not None:
                record = _found_record(session, domain, include, answer)
            steps = iter(record.steps)
            depth = len(path)
            while True:  # on with the record's steps: once from their beginning, and again behind each include
                for step in steps:
                    if type(step) is NetworkRun:
                        table = (step.ip4 if family is V4 else step.ip6) or step.table(family)
                        # As locate(), in line where nobody notes what is compared.
                        directive = locate(session, table) if ip is None else table[1][bisect_right(table[0], ip) - 1]
                        if tracer is not None:
                            tracer.networks(step, directive)
                        if directive is None:
                            continue
                        path.append((domain, directive))
                        break
                    directive = step
                    path.append((domain, directive))
                    if tracer is not None:
                        tracer.begin(directive)
                    lookups = session.lookups = session.lookups + 1  # as charge(), in line
                    if lookups > most:
                        watch_lookups(session)
                    if type(step) is Include:
                        target = step.domain_spec.target
                        if target:
                            asked = step.asked or _asked_by(step, target)
                        else:
                            target = yield from expand_target(session, step.domain_spec, domain)
                            asked = None if target is None else _asked_for_record(target)
                        if target is not None:
                            includers.append((step, domain, record, steps, depth))
                            include, domain = step, target
                            directive = None
                            break
                        matched = False  # RFC 8616 §4: no target-name, no match
                    else:
                        matched = yield from matchers[step.__class__](session, step, domain)
                    if tracer is not None:
                        tracer.end(matched)
                    if matched:
                        break
                    path.pop()
                else:
                    directive = found_all = record.all
                    if found_all is not None:
                        path.append((domain, found_all))
                        if tracer is not None:
                            tracer.all(found_all)
                    elif record.redirect is not None:
                        domain, record = yield from _redirect(session, record.redirect, domain)
                        steps = iter(record.steps)
                        depth = len(path)
                        continue
                    else:
                        directive = _DEFAULT
                if directive is None:
                    break  # on to the record that is included
                result = QUALIFIERS[directive.qualifier]
                while includers:  # with the record's result, the include that led to it is decided
                    if tracer is not None:
                        tracer.leave(result)
                        tracer.end(result is _PASS)
                    directive, domain, record, steps, depth = includers.pop()
                    if result is not _PASS:  # RFC 7208 §5.2: only pass matches
                        del path[depth:]
                        break
                    result = QUALIFIERS[directive.qualifier]
                else:
                    session.result, session.record_domain = result, domain
                    session.directive = None if directive is _DEFAULT else directive
                    if result is _FAIL and session.explaining:
                        if record.explanation is None:
                            session.explanation_problem = NO_EXPLANATION
                        else:
                            explained = yield from explain(session, record.explanation, domain)
                            session.explanation, session.explanation_problem = explained
                    return
    except Halt as halt:
        _end(session, halt.result, halt.problem)
    except Deadline:
        _end(session, Result.TEMPERROR, _out_of_time(session))


def _redirect(session: Session, redirect: Redirect, domain: str) -> Generator[Question, Answer, tuple[str, Record]]:
    """Return the domain that a redirect leads to, and its record (RFC 7208 §6.1)."""
    session.path.append((domain, redirect))
    if session.tracer is not None:
        session.tracer.begin(redirect)
    charge(session)
    target = redirect.value.target
    if not target:
        target = yield from expand_target(session, redirect.value, domain)
    if target is None:
        text = f"{visible(redirect.text)} uses the local part of the sender, which is not ASCII"
        code = ProblemCode.REDIRECT_NON_ASCII_LOCAL_PART
        raise Halt(Result.PERMERROR, Problem(code, text, section="RFC 8616 §4"))
    return target, (yield from find_record(session, target, redirect))


def find_record(session: Session, domain: str, term: Include | Redirect | None) -> Generator[Question, Answer, Record]:
    """Return the record of a domain (RFC 7208 §4.3, §4.4, §4.5).

    Args:
        term: what leads there; None for the domain checked. Where the domain has no record, that is none for the
            domain checked, and permerror for an include or redirect (RFC 7208 §5.2, §6.1).

    Raises:
        Halt: there is no record to evaluate.
    """
    if session.tracer is not None:
        session.tracer.enter(domain, term)
    asked = None if term is None and session.domain_refused else _asked_for_record(domain)
    if asked is None:
        raise _no_question(session, domain, term)
    key, question = asked
    answer = session.at_hand(key) or session.answers.get(key) or (yield question)
    session.answers[key] = answer
    return _found_record(session, domain, term, answer)


def _asked_for_record(domain: str) -> tuple[Question, Question] | None:
    """Return the question for a domain's record, as it is known in a check and as it is asked (RFC 7208 §4.3); None
    where no question can be made of it.
    """
    return _record_question(domain) if len(domain) <= MAX_NAME else None


def _asked_by(include: Include, target: str) -> tuple[Question, Question] | None:
    """Return the question for the record that an include names without a macro, and keep it there."""
    asked = _asked_for_record(target)
    fill(include, "asked", asked)
    return asked


@lru_cache(maxsize=4096)  # what it keeps is bounded: no name here is longer than a name may be
def _record_question(domain: str) -> tuple[Question, Question] | None:
    return keyed(domain, _TXT) if domain_fault(domain) is None else None


def _no_question(session: Session, domain: str, term: Include | Redirect | None) -> Halt:
    """Return the end of a check that can't ask for the record of a domain."""
    if term is None and session.domain_refused:
        text = f"{visible(domain)} is no domain name that IDNA2008 allows"
        return Halt(Result.NONE, Problem(ProblemCode.INVALID_U_LABEL, text, domain, None, "RFC 8616 §2"))
    return _no_record(term, domain, _codes(term).invalid, domain_fault(domain) or "")


def _found_record(session: Session, domain: str, term: Include | Redirect | None, answer: Answer) -> Record:
    """Return the record in the answer to the question for a domain's record (RFC 7208 §4.4, §4.5)."""
    record = answer.spf_record or select_record(answer)
    if isinstance(record, Record):
        if session.tracer is not None:
            session.tracer.record(record)
        return record
    if answer.is_failure:
        raise failed(domain, _TXT, answer)
    if isinstance(record, RecordSyntaxError):
        session.path.append((domain, _term_at_fault(record)))
        raise Halt(Result.PERMERROR, record.problems[0].at(domain, None))
    if record.code is ProblemCode.MULTIPLE_RECORDS:
        raise Halt(Result.PERMERROR, record.at(domain, None))
    if term is not None and answer.is_void:
        count_void(session, domain, halting=False)
    if answer.status is Status.NXDOMAIN:
        raise _no_record(term, domain, _codes(term).not_found, f"{visible_name(domain)} does not exist")
    raise _no_record(term, domain, _codes(term).absent, f"{visible_name(domain)}: {record.text}")


def select_record(answer: Answer) -> Record | RecordSyntaxError | Problem:
    """Return the one SPF record of a TXT answer, parsed; or what is wrong with it; or why there is none or no one
    (RFC 7208 §3.2, RFC 7208 §4.5).

    Selected on octets, and kept with the answer: as long as that is cached, the record is not parsed again.
    """
    if answer.spf_record is not None:
        return answer.spf_record  # type: ignore[no-any-return]  # the answer knows no records
    try:
        known: Record | RecordSyntaxError | Problem = answer.memo["record"]
    except KeyError:
        known = _select_record(answer)
        if isinstance(known, Record):
            fill(answer, "spf_record", known)
        else:
            answer.memo["record"] = known
    return known


def _select_record(answer: Answer) -> Record | RecordSyntaxError | Problem:
    texts = [octets for octets in answer.records if is_spf_octets(octets)]
    if not texts:
        count = len(answer.records)
        others = (
            "its TXT record is no SPF record" if count == 1 else f"none of its {count} TXT records is an SPF record"
        )
        text = others if answer.records else "it has no TXT record, so no SPF record"
        return Problem(ProblemCode.NO_RECORD, text, section="4.5")
    if len(texts) > 1:
        listed = "; ".join([visible(octets, 80) for octets in texts[:10]])
        more = f"; and {len(texts) - 10} more" if len(texts) > 10 else ""
        text = f"there are {len(texts)} SPF records where only one may be: {listed}{more}"
        hint = "merge them into one record, with one all at its end"
        return Problem(ProblemCode.MULTIPLE_RECORDS, text, section="4.5", hint=hint)
    try:
        return parse(texts[0])
    except RecordSyntaxError as error:
        return error


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


def _codes(term: Include | Redirect | None) -> _Codes:
    if term is None:
        return _DOMAIN_CODES
    return _INCLUDE_CODES if isinstance(term, Include) else _REDIRECT_CODES


def _no_record(term: Include | Redirect | None, domain: str, code: ProblemCode, text: str) -> Halt:
    """Return the end of a check that found no record where it needed one."""
    if term is None:
        section = "4.3" if code is ProblemCode.INVALID_DOMAIN else "4.5"
        return Halt(Result.NONE, Problem(code, text, domain, None, section))
    shown = visible(term.text, 120)
    section = "5.2" if isinstance(term, Include) else "6.1"
    hint = f"take {shown} out, or correct its name"
    return Halt(Result.PERMERROR, Problem(code, f"{shown} leads to no record: {text}", None, None, section, hint))


def _term_at_fault(error: RecordSyntaxError) -> Term:
    """Return the term that holds the first fault of a record, as it stands there, safe to show."""
    start, end = error.span or (0, 0)
    start = error.source.rfind(" ", 0, start + 1) + 1
    space = error.source.find(" ", end)
    end = len(error.source) if space < 0 else space
    return Term(visible(error.source[start:end]), (start, end))


def _out_of_time(session: Session) -> Problem:
    text = f"DNS took longer than {session.limits.seconds or 0:g} seconds for all questions of this check"
    return Problem(ProblemCode.TIME_LIMIT, text, section="4.6.4", hint="this may pass; try again later")


def _end(session: Session, result: Result, problem: Problem) -> None:
    """Set the verdict of a check that came to no directive, its problem placed at the term that it stood in."""
    if problem.domain is None:
        domain, span = session.domain, None
        if session.path:
            domain, span = session.path[-1][0], session.path[-1][1].span
        problem = problem.at(domain, span)
    session.result, session.problem, session.record_domain = result, problem, problem.domain
