"""Asking, and the two counters: every question of a check goes out through `ask`, every lookup is charged in `charge`.

These are generators where they may have to ask: they yield a Question and are sent its Answer.
"""

from collections.abc import Generator
from functools import lru_cache

from spfengine.addresses import V4, V6, locate
from spfengine.answers import Answer, Question, RRType, Status
from spfengine.evaluation.limits import MAX_DEPTH, VoidRule
from spfengine.evaluation.result import Result
from spfengine.evaluation.session import Session, address_type
from spfengine.names import fold
from spfengine.problems import Problem, ProblemCode
from spfengine.record.model import Include, Redirect
from spfengine.visible import visible_name

_PERMERROR = Result.PERMERROR
_TEMPERROR = Result.TEMPERROR
_PER_LOOKUP = VoidRule.PER_LOOKUP
_DUAL_STACK = VoidRule.DUAL_STACK


class Halt(Exception):  # noqa: N818 - no error of the program: the check ends here, with this result
    """Evaluation ends at once, however deep it is: none, temperror and permerror all do (RFC 7208 §2.6, §5.2)."""

    def __init__(self, result: Result, problem: Problem) -> None:
        self.result = result
        self.problem = problem
        super().__init__(result, problem)


def charge(session: Session) -> None:
    """Count one term that asks DNS, before it asks (RFC 7208 §4.6.4)."""
    session.lookups += 1
    watch_lookups(session)


def watch_lookups(session: Session) -> None:
    """End the check where the term that was just counted is one too many."""
    if session.lookups > session.limits.lookups:
        raise Halt(_PERMERROR, _too_many_lookups(session))
    if len(session.path) > MAX_DEPTH:
        raise Halt(_PERMERROR, _too_deep(session))


@lru_cache(maxsize=4096)
def keyed(name: str, type: RRType) -> tuple[Question, Question]:
    """Return a question as it is known in a check (without case), and as it is asked."""
    question = Question(name, type)
    key = Question(fold(name), type)
    return (question, question) if key == question else (key, question)


def ask(session: Session, name: str, type: RRType) -> Generator[Question, Answer, Answer]:
    """Return the answer to a question, which goes out only once in a check. Void answers are not counted here.

    Args:
        name: an askable name, spelled as it shall be asked.
    """
    key, question = keyed(name, type)
    answer = session.at_hand(key) or session.answers.get(key) or (yield question)
    session.answers[key] = answer
    return answer


def ask_for_term(session: Session, name: str, type: RRType) -> Generator[Question, Answer, Answer]:
    """Return the answer to a term's own question; a void answer counts, repeated ones too (RFC 7208 §4.6.4)."""
    answer = yield from ask(session, name, type)
    if answer.is_void:
        count_void(session, name)
    return answer


def has_client(
    session: Session, name: str, prefix: int, *, skip_failure: bool = False
) -> Generator[Question, Answer, bool]:
    """Whether an address of `name`, widened to `prefix` bits, is the client's; a void answer counts (RFC 7208 §4.6.4).

    Args:
        name: an askable name.
        skip_failure: a DNS failure means no (RFC 7208 §5.5), rather than temperror (RFC 7208 §5).

    Raises:
        Halt: DNS could not answer, or this is one void lookup too many.
    """
    family = session.family
    key, question = keyed(name, address_type(family))
    answer = session.at_hand(key) or session.answers.get(key) or (yield question)
    session.answers[key] = answer
    if answer.records:
        return locate(session, answer.table(family, prefix)) is not None
    return (yield from without_addresses(session, name, answer, skip_failure=skip_failure))


def without_addresses(
    session: Session, name: str, answer: Answer, *, skip_failure: bool = False
) -> Generator[Question, Answer, bool]:
    """Return False for an answer without addresses, once it is counted where it is void (RFC 7208 §4.6.4).

    Args:
        name: an askable name.
        answer: the answer to the question for its addresses of the client's family.
        skip_failure: as for `has_client`.

    Raises:
        Halt: DNS could not answer, or this is one void lookup too many.
    """
    family = session.family
    if answer.is_failure:
        if skip_failure:
            return False
        raise failed(name, address_type(family), answer)
    if session.limits.void_rule is _DUAL_STACK and answer.status is not Status.NXDOMAIN:
        other = yield from ask(session, name, address_type(V6 if family is V4 else V4))
        if not other.is_void:
            return False
    count_void(session, name)
    return False


def count_void(session: Session, name: str, *, halting: bool = True) -> None:
    """Count a void lookup, once for each term unless the rule says otherwise (RFC 7208 §4.6.4).

    Args:
        name: the name that was asked.
        halting: whether one too many ends the check.
    """
    if not session.counting:
        return
    if session.limits.void_rule is not _PER_LOOKUP:
        if session.void_lookup == session.lookups:
            return
        session.void_lookup = session.lookups
    session.voids += 1
    if halting and session.voids > session.limits.voids:
        raise Halt(_PERMERROR, _too_many_voids(session, name))


_DNS_CODES = {
    Status.SERVFAIL: (ProblemCode.DNS_SERVFAIL, "its DNS server failed (SERVFAIL)"),
    Status.REFUSED: (ProblemCode.DNS_REFUSED, "its DNS server refused to answer (REFUSED)"),
    Status.FORMERR: (ProblemCode.DNS_FORMERR, "its DNS server did not understand the question (FORMERR)"),
    Status.TIMEOUT: (ProblemCode.DNS_TIMEOUT, "no DNS server answered in time"),
    Status.TRUNCATED: (ProblemCode.DNS_TRUNCATED, "the answer was cut off, and TCP gave no whole one"),
    Status.LOOP: (ProblemCode.DNS_CNAME_LOOP, "its CNAME records lead in a circle, or through too many names"),
}


def failed(name: str, type: RRType, answer: Answer) -> Halt:
    """Return the end of a check whose question DNS could not answer (RFC 7208 §2.6.6, §5)."""
    code, why = _DNS_CODES[answer.status]
    text = f"the {type} records of {visible_name(name)} could not be had: {why}"
    return Halt(_TEMPERROR, Problem(code, text, section="2.6.6", hint="this may pass; try again later"))


def _too_many_lookups(session: Session) -> Problem:
    text = (
        f"more than {session.limits.lookups} terms that ask DNS were evaluated "
        "(include, a, mx, ptr, exists and redirect count, in included records too)"
    )
    hint = "take out terms that are not needed, or replace includes and names by their networks"
    circle = _circle(session)
    if circle is not None:
        text += circle
        hint = "take out the include or redirect that leads back"
    return Problem(ProblemCode.TOO_MANY_LOOKUPS, text, section="4.6.4", hint=hint)


def _too_deep(session: Session) -> Problem:
    """Return why records that include one another without end, or nearly so, are not followed further."""
    text = f"records include or redirect to one another more than {len(session.path) - 1} deep"
    hint = "take out the include or redirect that leads back"
    return Problem(ProblemCode.TOO_MANY_LOOKUPS, text + (_circle(session) or ""), section="4.6.4", hint=hint)


def _circle(session: Session) -> str | None:
    """Return, in words, the circle in which the records lead, or None where they do not."""
    domains = [fold(domain) for domain, _ in session.path]
    last = session.path[-1][1] if domains else None
    spec = last.domain_spec if isinstance(last, Include) else last.value if isinstance(last, Redirect) else None
    if spec is not None and spec.target:
        domains.append(fold(spec.target))  # not entered any more, but written there
    if not domains or domains[-1] not in domains[:-1]:
        return None
    first = domains.index(domains[-1])
    circle = " → ".join([visible_name(domain) for domain in domains[first : domains.index(domains[-1], first + 1)]])
    return f"; the records lead in a circle: {circle} → {visible_name(domains[-1])}"


def _too_many_voids(session: Session, name: str) -> Problem:
    unit = "lookups" if session.limits.void_rule is _PER_LOOKUP else "terms"
    text = (
        f"more than {session.limits.voids} {unit} led to names that do not exist or have no such records, "
        f"the last to {visible_name(name)}"
    )
    hint = "take out the terms whose names no longer lead anywhere"
    return Problem(ProblemCode.TOO_MANY_VOID_LOOKUPS, text, section="4.6.4", hint=hint)
