"""Why a term matched or did not, in words for people: worked out from what a trace wrote down."""

from spfengine.addresses import V4, address_text, network_range
from spfengine.answers import Answer, RRType
from spfengine.evaluation.session import Session
from spfengine.evaluation.trace import Outcome, TracedQuestion, TracedRecord, TracedTerm
from spfengine.names import fold, is_askable, is_same_or_under
from spfengine.record.model import (
    MX,
    A,
    All,
    DomainDirective,
    Exists,
    Explanation,
    Include,
    Network,
    Ptr,
    Redirect,
    Term,
    UnknownModifier,
)
from spfengine.visible import visible_name

WHY_ALL = "all matches every address"


def why_unreached(term: Term, record: TracedRecord, decided: str) -> str:
    """Return why a term was not evaluated; `decided` says how evaluation ended before it."""
    if isinstance(term, UnknownModifier):
        return "a modifier that RFC 7208 does not know; it is ignored"
    if isinstance(term, Explanation):
        return "an explanation is fetched only for a fail that this record itself decides"
    if isinstance(term, Redirect) and record.record is not None and record.record.redirect is None:
        return "all stands in the record, so redirect= is ignored"
    return decided


def why_network(session: Session, directive: Network | All) -> str:
    """Return why an ip4, ip6 or all matched or did not."""
    if isinstance(directive, All):
        return WHY_ALL
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


def why(session: Session, traced: TracedTerm, domain: str) -> str:
    """Return why a mechanism that asks DNS matched or did not; `domain` is that of its record."""
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
