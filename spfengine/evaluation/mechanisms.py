"""Asking DNS, counting what is asked, and the mechanisms that ask (RFC 7208 §4.6.4, §5, §7.3).

Every DNS query of a check is sent through `ask`; `known` finds answers that need no query. Every lookup is counted in
`charge`, and every void lookup in `count_void`; nothing else counts. `all`, `ip4` and `ip6` ask nothing, and `include`
evaluates another record: those are in `check_host.py`.

Functions that may have to ask are generators: they yield a Question and are sent its Answer.
"""

from collections.abc import Generator

from spfengine.addresses import V4, V6
from spfengine.answers import Answer, Question, RRType, Status
from spfengine.evaluation.kept import Kept
from spfengine.evaluation.limits import MAX_DEPTH, VoidRule
from spfengine.evaluation.session import Matching, Session, address_type
from spfengine.evaluation.unanswered import LIVE_HINT, NOT_GIVEN, missing_name
from spfengine.names import fold, is_askable, is_same_or_under, reverse_name
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.record.macro import MacroString
from spfengine.record.model import MX, A, DomainDirective, Exists, Include, Ptr, Redirect
from spfengine.visible import visible, visible_name

_A, _MX, _PTR = RRType.A, RRType.MX, RRType.PTR
HELO_HINT = "give the name that the client gave in HELO or EHLO (--helo NAME)"
LOOP_HINT = "take out the include or redirect that leads back"
UNKNOWN = "unknown"  # RFC 7208 §7.3: what %{p} expands to if no name is validated


class Halt(Exception):  # noqa: N818 - not an error of the program: the check ends with this result
    """Ends an evaluation at once, however deep it is, in none, temperror or permerror (RFC 7208 §2.6, §5.2)."""

    def __init__(self, result: Result, problem: Problem) -> None:
        self.result = result
        self.problem = problem
        super().__init__(result, problem)


class UnknownTargetError(Exception):
    """A target-name depends on something that a compile does not know, so only a check of one client can follow it.

    Attributes:
        inputs: what is not known.
    """

    def __init__(self, inputs: tuple[str, ...]) -> None:
        self.inputs = inputs
        super().__init__(inputs)


# Asking


def _key(name_and_type: tuple[str, RRType]) -> Question:
    return Question(*name_and_type).key


QUESTIONS = Kept(_key)
"""`QUESTIONS[name, type]` is the key of a question. Names that are asked for have at most 253 octets."""


def ask(session: Session, name: str, type: RRType) -> Generator[Question, Answer, Answer]:
    """Return the answer to a question. It is yielded only if its answer is not known yet.

    Void answers are not counted here.

    Args:
        name: a name that can be queried, in the spelling to use in the query.
    """
    answer = known(session, QUESTIONS[name, type])
    if answer is None:
        question = Question(name, type)
        answer = session.answers[question.key] = yield question
    return answer


def known(session: Session, key: Question) -> Answer | None:
    """Return the answer to the question with this key if the check or the resolver knows it without a query, or None.

    Hot paths call this before `ask`: in bulk checks most answers are known, and a generator that never yields costs
    more than this lookup.
    """
    known_answer = session.known_answer  # an attribute, not a method: CPython 3.11 calls it faster as a variable
    answer = known_answer(key) or session.answers.get(key)
    if answer is not None:
        session.answers[key] = answer  # also if it is there already, so that a trace sees that it is used again
    return answer


def is_address_of(
    session: Session, name: str, prefix: int, *, skip_failure: bool = False
) -> Generator[Question, Answer, bool]:
    """Return whether the client's address shares its first `prefix` bits with an address of `name`.

    A void answer counts (RFC 7208 §4.6.4).

    Args:
        name: a name that can be queried.
        skip_failure: treat a DNS failure as no match (RFC 7208 §5.5) rather than as temperror (RFC 7208 §5).

    Raises:
        Halt: DNS could not answer, nobody was asked, or the limit on void lookups is exceeded.
    """
    family = session.family
    type = address_type(family)
    answer = known(session, QUESTIONS[name, type]) or (yield from ask(session, name, type))
    if answer.records:
        return session.hit(answer.table(family, prefix)) is not None
    dual = session.limits.void_rule is VoidRule.DUAL_STACK and answer.status is Status.NOERROR
    if not dual or (yield from _lacks_other_family(session, name)):
        count_void_answer(session, name, type, answer, skip_failure=skip_failure)
    return False


def _lacks_other_family(session: Session, name: str) -> Generator[Question, Answer, bool]:
    """Return whether `name` has no address of the other family than the client's (`VoidRule.DUAL_STACK`).

    Raises:
        Halt: nobody was asked.
    """
    type = address_type(V6 if session.family is V4 else V4)
    answer = yield from ask(session, name, type)
    if answer.is_unknown:
        raise dns_failure_halt(name, type, answer)
    return answer.is_void


_DNS_CODES = {
    Status.SERVFAIL: (ProblemCode.DNS_SERVFAIL, "its DNS server failed (SERVFAIL)"),
    Status.REFUSED: (ProblemCode.DNS_REFUSED, "its DNS server refused to answer (REFUSED)"),
    Status.FORMERR: (ProblemCode.DNS_FORMERR, "its DNS server did not understand the question (FORMERR)"),
    Status.TIMEOUT: (ProblemCode.DNS_TIMEOUT, "no DNS server answered"),
    Status.TRUNCATED: (
        ProblemCode.DNS_TRUNCATED,
        "the answer was cut off, also over TCP, or is too large to be read (over 500 records or strings)",
    ),
    Status.LOOP: (ProblemCode.DNS_CNAME_LOOP, "its CNAME records form a loop, or lead through too many names"),
}


def dns_failure_halt(name: str, type: RRType, answer: Answer) -> Halt:
    """Return the Halt for a check if DNS could not answer (RFC 7208 §2.6.6, §5), or if nobody was asked."""
    if answer.is_unknown:
        return Halt(Result.TEMPERROR, outside_zone(name, type, answer))
    code, why = _DNS_CODES[answer.status]
    text = f"the {type} records of {visible_name(name)} could not be looked up: {why}"
    return Halt(Result.TEMPERROR, Problem(code, text, section="2.6.6", hint="this may be temporary; try again later"))


def outside_zone(name: str, type: RRType, answer: Answer) -> Problem:
    """Return the problem of records that the files given do not have, so that nobody was asked."""
    missing = missing_name(Question(name, type), answer)
    alias = f", of which {visible_name(name)} is an alias," if answer.chain else ""
    text = f"the {type} records of {visible_name(missing)}{alias} are {NOT_GIVEN}"
    return Problem(ProblemCode.OUTSIDE_ZONE, text, section="2.6.6", hint=LIVE_HINT)


def helo_unknown_halt(why: str) -> Halt:
    """Return the Halt for a check that needs the HELO name, which is not known.

    A receiver always knows it, so RFC 7208 has no result for this. Temperror says that the result is not known.
    """
    text = f"{why}, which is not known, so the result is not known either"
    return Halt(Result.TEMPERROR, Problem(ProblemCode.HELO_UNKNOWN, text, section="7.2", hint=HELO_HINT))


# Counting


def charge(session: Session) -> None:
    """Count one term that asks DNS, before it asks (RFC 7208 §4.6.4).

    Raises:
        Halt: the limit is exceeded.
    """
    session.lookups += 1
    if session.lookups > session.limits.lookups:
        raise Halt(Result.PERMERROR, _too_many_lookups(session))
    if session.lookups > MAX_DEPTH and len(session.path) > MAX_DEPTH:  # a path has no more terms than were counted
        raise Halt(Result.PERMERROR, _too_deep(session))


def count_void(session: Session, name: str, *, halting: bool = True) -> None:
    """Count a void lookup, once for each term unless `Limits.void_rule` says otherwise (RFC 7208 §4.6.4).

    Args:
        name: the name that was queried.
        halting: whether exceeding the limit ends the check.

    Raises:
        Halt: the limit is exceeded.
    """
    if not session.counts_voids:
        return
    if session.limits.void_rule is not VoidRule.PER_LOOKUP:
        if session.last_void_term == session.lookups:
            return
        session.last_void_term = session.lookups
    session.voids += 1
    if halting and session.voids > session.limits.voids:
        raise Halt(Result.PERMERROR, _too_many_voids(session, name))


def count_void_answer(session: Session, name: str, type: RRType, answer: Answer, *, skip_failure: bool = False) -> None:
    """Count an answer without records as a void lookup; end the check if it is a failure (RFC 7208 §4.6.4, §5).

    Args:
        name, type: the question.
        skip_failure: pass over a DNS failure, as `ptr` does (RFC 7208 §5.5).

    Raises:
        Halt: DNS could not answer, nobody was asked, or the limit on void lookups is exceeded.
    """
    if not answer.is_failure:
        count_void(session, name)
    elif answer.is_unknown or not skip_failure:
        raise dns_failure_halt(name, type, answer)


def _too_many_lookups(session: Session) -> Problem:
    text = (
        f"more than {session.limits.lookups} terms that ask DNS were evaluated "
        "(include, a, mx, ptr, exists and redirect count, in included records too)"
    )
    hint = "take out terms that are not needed, or replace includes and names by their networks"
    loop = _loop(session)
    if loop is not None:
        text += loop
        hint = LOOP_HINT
    return Problem(ProblemCode.TOO_MANY_LOOKUPS, text, section="4.6.4", hint=hint)


def _too_deep(session: Session) -> Problem:
    """Return the problem of records that include one another in a loop, or in a very long chain."""
    text = f"records are nested more than {len(session.path) - 1} levels deep by include and redirect"
    return Problem(ProblemCode.TOO_MANY_LOOKUPS, text + (_loop(session) or ""), section="4.6.4", hint=LOOP_HINT)


def _loop(session: Session) -> str | None:
    """Return, in words, the loop that the records form, or None if they form none."""
    domains = [fold(domain) for domain, _ in session.path]
    last = session.path[-1][1] if domains else None
    spec = last.domain_spec if isinstance(last, Include) else last.value if isinstance(last, Redirect) else None
    if spec is not None and spec.target:
        domains.append(fold(spec.target))  # the limit came before it was entered, but it closes the loop
    if not domains or domains[-1] not in domains[:-1]:
        return None
    first = domains.index(domains[-1])
    loop = " → ".join([visible_name(domain) for domain in domains[first : domains.index(domains[-1], first + 1)]])
    return f"; the records form a loop: {loop} → {visible_name(domains[-1])}"


def _too_many_voids(session: Session, name: str) -> Problem:
    unit = "lookups" if session.limits.void_rule is VoidRule.PER_LOOKUP else "terms"
    text = (
        f"more than {session.limits.voids} {unit} led to names that do not exist or have no such records, "
        f"the last to {visible_name(name)}"
    )
    hint = "take out the terms whose names no longer lead anywhere"
    return Problem(ProblemCode.TOO_MANY_VOID_LOOKUPS, text, section="4.6.4", hint=hint)


# Target-names


def expand_target(session: Session, spec: MacroString, domain: str) -> Generator[Question, Answer, str | None]:
    """Return the name that a domain-spec expands to (RFC 7208 §4.8, §7.3). It may be a name that can't be queried.

    Return None if the domain-spec uses the local part of the sender and that is not ASCII; then the term does not match
    (RFC 8616 §4).

    Raises:
        Halt: `%{p}` exceeds the limit on lookups or void lookups; or `%{h}` is used, and the HELO name is not known.
        UnknownTargetError: the name depends on something that the session does not know.
    """
    unknown = session.unknown_inputs(spec.letters)
    if unknown:
        raise UnknownTargetError(unknown)
    if session.lacks_helo(spec.letters):
        raise helo_unknown_halt(f"{visible(spec.text, 120)} uses the HELO name (%{{h}})")
    validated = ""
    if "p" in spec.letters:
        if session.limits.count_p and session.counts_voids:
            charge(session)  # its term has met no void lookup yet
        validated = yield from validated_name(session, domain)
    if spec.uses_local_part and not session.local_part.isascii():
        name = None
    else:
        name = spec.expand_name(lambda letter: session.macro_value(letter, domain, validated))
    if session.tracer is not None:
        session.tracer.expanded(spec, name)
    return name


def fixed_target(directive: DomainDirective, domain: str) -> str | None:
    """Return the target-name of a mechanism (RFC 7208 §4.8) if no macro is in it; "" if it can't be queried.

    Args:
        domain: the current domain, which is the target-name if the mechanism has no domain-spec.
    """
    spec = directive.domain_spec
    return domain if spec is None else spec.target


def askable_target(session: Session, directive: DomainDirective, domain: str) -> Generator[Question, Answer, str]:
    """Return the target-name of a mechanism (RFC 7208 §4.8), or "" if it can't be queried.

    Hot paths call `fixed_target` first, as they call `known` before `ask`.

    Args:
        domain: the current domain.
    """
    fixed = fixed_target(directive, domain)
    if fixed is not None:
        return fixed
    assert directive.domain_spec is not None, "without one, the current domain is the target-name"
    name = yield from expand_target(session, directive.domain_spec, domain)
    return name if name is not None and is_askable(name) else ""


def ptr_names(session: Session) -> Generator[Question, Answer, tuple[str, ...]]:
    """Return the names in the client's PTR records, at most the first 10 (RFC 7208 §4.6.4, §5.5).

    A DNS failure gives none: then `ptr` does not match, and `%{p}` is "unknown".

    Raises:
        Halt: nobody was asked, or the limit on void lookups is exceeded.
    """
    name = reverse_name(session.family, session.ip)
    answer = known(session, QUESTIONS[name, _PTR]) or (yield from ask(session, name, _PTR))
    if not answer.records:
        count_void_answer(session, name, _PTR, answer, skip_failure=True)
    return answer.records[: session.limits.names]


def is_validated(session: Session, name: str) -> Generator[Question, Answer, bool]:
    """Return whether `name` has the client's address; a DNS failure means no (RFC 7208 §5.5)."""
    if not is_askable(name):
        return False
    return (yield from is_address_of(session, name, session.family.bits, skip_failure=True))


def validated_name(session: Session, domain: str) -> Generator[Question, Answer, str]:
    """Return what `%{p}` expands to: the domain, else a name under it, else any validated name (RFC 7208 §7.3)."""
    best = UNKNOWN
    best_is_under = False
    for name in (yield from ptr_names(session)):
        if not (yield from is_validated(session, name)):
            continue
        if fold(name) == fold(domain):
            return name
        under = is_same_or_under(name, domain)
        if best == UNKNOWN or (under and not best_is_under):
            best, best_is_under = name, under
    return best


# Mechanisms


def match_a(session: Session, directive: A, domain: str) -> Matching:
    """`a`: the client has an address of the target-name (RFC 7208 §5.3)."""
    name = fixed_target(directive, domain) or (yield from askable_target(session, directive, domain))
    return bool(name) and (yield from is_address_of(session, name, directive.prefix(session.family)))


def match_mx(session: Session, directive: MX, domain: str) -> Matching:
    """`mx`: the client has an address of a host that takes mail for the target-name (RFC 7208 §5.4)."""
    name = fixed_target(directive, domain) or (yield from askable_target(session, directive, domain))
    if not name:
        return False
    answer = known(session, QUESTIONS[name, _MX]) or (yield from ask(session, name, _MX))
    if not answer.records:
        count_void_answer(session, name, _MX, answer)
    if len(answer.records) > session.limits.names:
        raise Halt(Result.PERMERROR, too_many_mx(visible_name(name), len(answer.records), session.limits.names))
    prefix = directive.prefix(session.family)
    for _, exchange in answer.records:  # in the order of the answer
        if is_askable(exchange) and (yield from is_address_of(session, exchange, prefix)):
            return True
    return False


def match_exists(session: Session, directive: Exists, domain: str) -> Matching:
    """`exists`: the target-name has an A record, whatever the family of the client's address (RFC 7208 §5.7)."""
    name = fixed_target(directive, domain) or (yield from askable_target(session, directive, domain))
    if not name:
        return False
    answer = known(session, QUESTIONS[name, _A]) or (yield from ask(session, name, _A))
    if not answer.records:
        count_void_answer(session, name, _A, answer)
        return False
    return True


def match_ptr(session: Session, directive: Ptr, domain: str) -> Matching:
    """`ptr`: a validated name of the client is the target-name or lies under it (RFC 7208 §5.5, eid4751)."""
    target = fixed_target(directive, domain) or (yield from askable_target(session, directive, domain))
    if not target:
        return False
    for name in (yield from ptr_names(session)):
        if (yield from is_validated(session, name)) and is_same_or_under(name, target):
            return True
    return False


def too_many_mx(owner: str, count: object, limit: int) -> Problem:
    """Return the problem of a name with more MX records than `mx` may follow (RFC 7208 §4.6.4).

    Args:
        owner: what has the MX records, safe to print.
        count: how many it has: a number, or words such as "more than 10".
    """
    text = f"{owner} has {count} MX records, and mx may lead to no more than {limit}"
    hint = "name the networks of these hosts by ip4 and ip6 instead"
    return Problem(ProblemCode.TOO_MANY_MX, text, section="4.6.4", hint=hint)
