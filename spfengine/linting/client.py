"""What a check of one client does not say itself: what its address is, and what its names show."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass

from spfengine.addresses import V6, parse_address
from spfengine.answers import Answer, Question, RRType, spf_texts
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.trace import traced_questions
from spfengine.linting.names import advice_for_subdomain, parents
from spfengine.linting.terms import is_example
from spfengine.names import fold, is_askable, reverse_name
from spfengine.problems import ProblemCode, Result
from spfengine.record.slips import hint_for_glued
from spfengine.special_purpose import special_purpose
from spfengine.visible import visible, visible_name


@dataclass(frozen=True, slots=True)
class Note:
    """Something about a client that explains its result.

    Attributes:
        code: "missing-space", "special-purpose-client", "host-without-aaaa" or "parent-has-record"; stable.
        text: one sentence, safe to print.
        hint: what to do, safe to print.
    """

    code: str
    text: str
    hint: str

    def to_dict(self) -> dict[str, object]:
        """Return the note as JSON-safe values."""
        return {"code": self.code, "text": self.text, "hint": self.hint}


def noting(result: CheckResult) -> Generator[Question, Answer, list[Note]]:
    """Return what explains a result further; DNS is asked only if the client does not pass."""
    notes = [*_glued(result), *_special(result)]
    if result.result is not Result.PASS:
        notes += yield from _without_aaaa(result)
        notes += yield from _subdomain(result)
    return notes


def _glued(result: CheckResult) -> Iterator[Note]:
    """Yield that the term at which a check ended is several terms without a space between them."""
    text = result.path[-1][1] if result.path and result.problem is not None else ""
    hint = hint_for_glued(text) if text else None
    if hint is not None:
        yield Note("missing-space", f"no space is between the terms in {visible(text, 120)}", hint)


def _special(result: CheckResult) -> Iterator[Note]:
    """Yield that no client on the Internet has this address."""
    entry = special_purpose(result.ip)
    if entry is None or is_example(entry, result.domain):
        return
    text = f"{result.ip} is {entry.described}: {entry.means}"
    hint = "no record can say anything about such an address; check the public address that the mail left from"
    if entry.is_local:
        hint += ", and let the server skip SPF for clients of its own network"
    yield Note("special-purpose-client", text, hint)


def _without_aaaa(result: CheckResult) -> Generator[Question, Answer, list[Note]]:
    """Return that the client is a host of the record that is known by its IPv4 addresses only.

    It is that host if it says so in HELO, or if reverse DNS says so.
    """
    family, value = parse_address(result.ip)
    if family is not V6:
        return []
    asked = [each for each in traced_questions(result.trace.root) if each.question.type is RRType.AAAA]
    hosts = {fold(each.question.name): each.question.name for each in asked if each.answer.is_void}
    if not hosts:
        return []
    found, how = hosts.get(fold(result.helo)), "says in HELO that it is"
    if found is None:
        names = (yield Question(reverse_name(family, value), RRType.PTR)).records[:10]
        found, how = next((hosts[fold(name)] for name in names if fold(name) in hosts), None), "is by reverse DNS"
    if found is None:
        return []
    shown = visible_name(found)
    text = (
        f"{result.ip} {how} {shown}, a host of the record; {shown} has no AAAA record, so over IPv6 it matches nothing"
    )
    hint = f"publish {shown} AAAA {result.ip}, or add ip6:{result.ip} to the record; or let it send over IPv4 only"
    return [Note("host-without-aaaa", text, hint)]


def _subdomain(result: CheckResult) -> Generator[Question, Answer, list[Note]]:
    """Return that a domain above the one checked has a record, which does not apply to it."""
    problem = result.problem
    if problem is None or problem.code not in (ProblemCode.NO_RECORD, ProblemCode.DOMAIN_NOT_FOUND):
        return []
    for parent in parents(result.domain)[:10]:
        if is_askable(parent) and spf_texts((yield Question(parent, RRType.TXT))):
            text = f"{visible_name(parent)} has an SPF record, but it does not apply to its subdomains"
            return [Note("parent-has-record", text, advice_for_subdomain(parent))]
    return []
