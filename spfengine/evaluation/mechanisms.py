"""Whether a mechanism matches (RFC 7208 §5). `all`, `ip4` and `ip6` need no question and are decided in check_host.

`a` and `mx` ask in line what `has_client` asks for the others: they are met often, and a generator less shows.
"""

from collections.abc import Callable, Generator
from typing import Any

from spfengine.addresses import locate
from spfengine.answers import Answer, Question, RRType
from spfengine.evaluation.questions import Halt, ask_for_term, count_void, failed, keyed, without_addresses
from spfengine.evaluation.result import Result
from spfengine.evaluation.session import Session, address_type
from spfengine.evaluation.targets import askable_target, is_validated, ptr_names
from spfengine.names import is_askable, is_same_or_under
from spfengine.problems import Problem, ProblemCode
from spfengine.record.model import MX, A, Directive, Exists, Ptr
from spfengine.visible import visible_name

_A = RRType.A
_MX = RRType.MX

Matching = Generator[Question, Answer, bool]


def match_a(session: Session, directive: A, domain: str) -> Matching:
    """a: an address of the target-name (RFC 7208 §5.3)."""
    spec = directive.domain_spec
    name = domain if spec is None else spec.target
    if name is None and spec is not None:
        name = yield from askable_target(session, spec, domain)
    if not name:
        return False
    prefix = directive.prefix(session.family)
    key, question = keyed(name, address_type(session.family))
    answer = session.at_hand(key) or session.answers.get(key) or (yield question)
    session.answers[key] = answer
    if answer.records:
        return locate(session, answer.table(session.family, prefix)) is not None
    return (yield from without_addresses(session, name, answer))


def match_mx(session: Session, directive: MX, domain: str) -> Matching:
    """mx: an address of a host that takes mail for the target-name, in the order of the answer (RFC 7208 §5.4)."""
    spec = directive.domain_spec
    name = domain if spec is None else spec.target
    if name is None and spec is not None:
        name = yield from askable_target(session, spec, domain)
    if not name:
        return False
    key, question = keyed(name, _MX)
    answer = session.at_hand(key) or session.answers.get(key) or (yield question)
    session.answers[key] = answer
    hosts = answer.records
    if not hosts:
        if answer.is_failure:
            raise failed(name, _MX, answer)
        count_void(session, name)
    elif len(hosts) > session.limits.names:
        raise Halt(Result.PERMERROR, too_many_mx(name, len(hosts), session.limits.names))
    family = session.family
    prefix = directive.prefix(family)
    type = address_type(family)
    for _, exchange in hosts:
        if not is_askable(exchange):
            continue
        key, question = keyed(exchange, type)
        answer = session.at_hand(key) or session.answers.get(key) or (yield question)
        session.answers[key] = answer
        if answer.records:
            matched = locate(session, answer.table(family, prefix)) is not None
        else:
            matched = yield from without_addresses(session, exchange, answer)
        if matched:
            return True
    return False


def match_exists(session: Session, directive: Exists, domain: str) -> Matching:
    """exists: the target-name has an A record, whatever the client's family (RFC 7208 §5.7)."""
    name = directive.domain_spec.target
    if name is None:
        name = yield from askable_target(session, directive.domain_spec, domain)
    if not name:
        return False
    answer = yield from ask_for_term(session, name, _A)
    if answer.is_failure:
        raise failed(name, _A, answer)
    return bool(answer.records)


def match_ptr(session: Session, directive: Ptr, domain: str) -> Matching:
    """ptr: a validated name of the client is the target-name or lies under it (RFC 7208 §5.5, eid4751)."""
    spec = directive.domain_spec
    target = domain if spec is None else spec.target
    if target is None and spec is not None:
        target = yield from askable_target(session, spec, domain)
    if not target:
        return False
    for name in (yield from ptr_names(session)):
        if (yield from is_validated(session, name)) and is_same_or_under(name, target):
            return True
    return False


def too_many_mx(name: str, count: int, limit: int) -> Problem:
    """Return the problem of a name with more MX records than mx may lead to (RFC 7208 §4.6.4)."""
    text = f"{visible_name(name)} has {count} MX records, and mx may lead to no more than {limit}"
    hint = "name the networks of these hosts by ip4 and ip6 instead"
    return Problem(ProblemCode.TOO_MANY_MX, text, section="4.6.4", hint=hint)


Matcher = Callable[[Session, Any, str], Matching]

MATCHERS: dict[type[Directive], Matcher] = {
    A: match_a,
    MX: match_mx,
    Exists: match_exists,
    Ptr: match_ptr,
}
