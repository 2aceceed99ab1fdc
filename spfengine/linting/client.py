"""What a check of one client does not say itself: what its address is, and what its names show."""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from spfengine.addresses import V6, parse_address
from spfengine.answers import Answer, Question, RRType, Status, spf_texts
from spfengine.dmarc.suffixes import registrable_domain
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.trace import traced_questions
from spfengine.linting.codes import LintCode
from spfengine.linting.finding import Finding, ReachedRecord, joins_of
from spfengine.linting.fixes import read
from spfengine.linting.names import advice_for_subdomain, parent_with_record
from spfengine.linting.syntax import faults, look_alikes, shapes, split_records
from spfengine.linting.terms import is_example
from spfengine.names import fold, is_askable, reverse_name
from spfengine.problems import ProblemCode, Result
from spfengine.record.slips import hint_for_glued
from spfengine.special_purpose import special_purpose
from spfengine.visible import visible, visible_name

_SHOWN_RECORD = 1000
_MOST_NAMES = 3  # names that lack what a term asks for, and that are looked at


@dataclass(frozen=True, slots=True)
class Note:
    """Something about a client that explains its result.

    Attributes:
        code: "missing-space", "split-over-records", "look-alike", "special-purpose-client", "host-without-aaaa",
            "parent-has-record", "could-be-registered" or "other-mechanism"; stable.
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
    of_text = [*_of_text(result)] or [*_glued(result)]
    notes = [*of_text, *_special(result)]
    if result.result is not Result.PASS:
        notes += yield from _without_aaaa(result)
        notes += yield from _subdomain(result)
        notes += [] if of_text else (yield from _registrable(result))  # of a name that nobody meant, nothing is said
        notes += [] if of_text else (yield from _other_mechanism(result))
    return notes


def _of_text(result: CheckResult) -> Iterator[Note]:
    """Yield what is wrong with the domain's TXT records, of which the check sees one alone: halves, and lost spaces."""
    asked = result.trace.root.question
    if result.result is Result.PASS or asked is None or asked.answer.is_failure:
        return
    texts = [octets.decode("latin-1") for octets in spf_texts(asked.answer)]
    reached = ReachedRecord(result.domain, source=texts[0] if texts else None, joins=joins_of(asked.answer))
    if not texts:
        yield from map(_as_note, look_alikes(reached, asked.answer))
    elif len(texts) == 1:
        record = read(texts[0])
        found = faults(reached) if record is None else shapes(reached, record)
        joined = [each for each in found if each.code is LintCode.MISSING_SPACE]
        yield from map(_as_note, [*split_records(reached, asked.answer), *joined[:1]])


def _as_note(finding: Finding) -> Note:
    hint = finding.hint or ""
    if finding.fix is not None:
        hint += f"{'; ' * bool(hint)}that is: {visible(''.join(finding.fix), _SHOWN_RECORD)}"
    return Note(str(finding.code), finding.text, hint)


def _glued(result: CheckResult) -> Iterator[Note]:
    """Yield that the term at which a check ended is several terms without a space between them."""
    text = result.path[-1][1] if result.path and result.problem is not None else ""
    hint = hint_for_glued(text) if text else None
    if hint is not None:
        yield Note("missing-space", f"there is no space between the terms in {visible(text, 120)}", hint)


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
    parent = yield from parent_with_record(result.domain)
    if parent is None:
        return []
    text = f"{visible_name(parent)} has an SPF record, but it does not apply to its subdomains"
    hint = advice_for_subdomain(parent)
    if (yield from _is_of(result.domain, result.ip)):
        hint += f'; or "v=spf1 a -all" if it sends only from its own addresses, of which {result.ip} is one'
    return [Note("parent-has-record", text, hint)]


def _is_of(name: str, ip: str) -> Generator[Question, Answer, bool]:
    """Whether an address is one of a name's."""
    family, value = parse_address(ip)
    return value in (yield Question(name, RRType.AAAA if family is V6 else RRType.A)).records


def _registrable(result: CheckResult) -> Generator[Question, Answer, list[Note]]:
    """Return that anybody could register the domain that an include or redirect leads to."""
    target = _target(result, ProblemCode.INCLUDE_DOMAIN_NOT_FOUND, ProblemCode.REDIRECT_DOMAIN_NOT_FOUND)
    domain = None if target is None else registrable_domain(target)
    if domain is None or (yield Question(domain, RRType.TXT)).status is not Status.NXDOMAIN:
        return []
    text = f"{visible_name(domain)} does not exist: anybody who registers it can send as {visible_name(result.domain)}"
    hint = "take the term out at once, or correct its name; if the domain was yours, register it again"
    return [Note("could-be-registered", text, hint)]


def _other_mechanism(result: CheckResult) -> Generator[Question, Answer, list[Note]]:
    """Return that a, mx or include leads to a name that has what another of them needs."""
    notes: list[Note] = []
    target = _target(result, ProblemCode.INCLUDE_NO_RECORD)
    if target is not None:
        for kinds, what, name in _INSTEAD:
            for kind in kinds:
                if not notes and (yield Question(target, kind)).records:
                    notes.append(_instead(target, "no SPF record", what, name))
    asked = traced_questions(result.trace.root)
    void = [each.question.name for each in asked if each.answer.is_void and each.question.type is not RRType.TXT]
    for name in [name for name in dict.fromkeys(void) if fold(name) != fold(result.domain)][:_MOST_NAMES]:
        if spf_texts((yield Question(name, RRType.TXT))):
            notes += [_instead(name, "nothing that its term asks for", "an SPF record", "include")]
    return notes


_INSTEAD = (((RRType.A, RRType.AAAA), "addresses", "a"), ((RRType.MX,), "MX records", "mx"))


def _instead(target: str, lacks: str, has: str, mechanism: str) -> Note:
    text = f"{visible_name(target)} has {lacks}, but {has}"
    return Note("other-mechanism", text, f"did you mean {mechanism}:{visible(target, 60)}?")


def _target(result: CheckResult, *codes: ProblemCode) -> str | None:
    """Return the name that the term leads to at which a check ended with one of these problems; None for macros."""
    if result.problem is None or result.problem.code not in codes or not result.path:
        return None
    name = re.split("[:=]", result.path[-1][1], maxsplit=1)[-1].removesuffix(".")
    return name if "%" not in name and is_askable(name) else None
