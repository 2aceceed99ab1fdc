"""Target-names: what a domain-spec names once its macros are expanded (RFC 7208 §4.8, §7.3), and the names that an
address was found to have (RFC 7208 §5.5), which `ptr` and `%{p}` rest on.
"""

from collections.abc import Generator

from spfengine.answers import Answer, Question, RRType
from spfengine.evaluation.questions import ask_for_term, charge, has_client
from spfengine.evaluation.session import Session
from spfengine.names import fold, is_askable, is_same_or_under, reverse_name
from spfengine.record.macro import MacroString

UNKNOWN = "unknown"  # RFC 7208 §7.3: what %{p} expands to where no name was validated


class UnknownTarget(Exception):  # noqa: N818 - no error: a policy is being compiled, and can't follow this term
    """A target-name rests on what is not known: only a check of one client can follow it.

    Attributes:
        inputs: what is not known.
    """

    def __init__(self, inputs: tuple[str, ...]) -> None:
        self.inputs = inputs
        super().__init__(inputs)


def expand_target(session: Session, spec: MacroString, domain: str) -> Generator[Question, Answer, str | None]:
    """Return the name that a domain-spec with macros stands for; perhaps one that can't be asked.

    None where it uses the local part of the sender and that is not ASCII: RFC 8616 §4 has the term not match then.
    """
    unknown = session.unknown_inputs(spec.letters)
    if unknown:
        raise UnknownTarget(unknown)
    validated = ""
    if "p" in spec.letters:
        if session.limits.count_p and session.counting:
            is_void = session.void_lookup == session.lookups
            charge(session)
            if is_void:
                session.void_lookup = session.lookups  # it is the same term
        validated = yield from validated_name(session, domain)
    if spec.uses_local_part and not session.local_part.isascii():
        name = None
    else:
        name = spec.expand_name(lambda letter: session.macro_value(letter, domain, validated))
    if session.tracer is not None:
        session.tracer.expanded(spec, name)
    return name


def askable_target(session: Session, spec: MacroString, domain: str) -> Generator[Question, Answer, str]:
    """Return the name that a domain-spec with macros stands for, or "" where no question can be made of it."""
    name = yield from expand_target(session, spec, domain)
    return name if name is not None and is_askable(name) else ""


def ptr_names(session: Session) -> Generator[Question, Answer, tuple[str, ...]]:
    """Return the names that the client's PTR records hold: at most the first 10 (RFC 7208 §4.6.4, §5.5).

    A DNS failure gives none: for `ptr` it means no match, for `%{p}` "unknown".
    """
    answer = yield from ask_for_term(session, reverse_name(session.family, session.ip), RRType.PTR)
    return answer.records[: session.limits.names]


def is_validated(session: Session, name: str) -> Generator[Question, Answer, bool]:
    """Whether the client's address is among the addresses of `name`; a DNS failure skips it (RFC 7208 §5.5)."""
    if not is_askable(name):
        return False
    return (yield from has_client(session, name, session.family.bits, skip_failure=True))


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
