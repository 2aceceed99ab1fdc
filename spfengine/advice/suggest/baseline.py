"""The record that a suggestion starts from: the published one, or the one that was meant."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace

from spfengine.answers import Answer, Question, RRType, Status, spf_texts
from spfengine.errors import RecordSyntaxError
from spfengine.evaluation.check_host import select_record
from spfengine.evaluation.unanswered import hint_for, named_unknown
from spfengine.linting.codes import LintCode
from spfengine.linting.finding import Finding, ReachedRecord, joins_of
from spfengine.linting.fixes import Fix, read, record_meant
from spfengine.linting.names import parent_with_record
from spfengine.linting.syntax import alls_of, faults, merged, second_halves, shapes, split_records
from spfengine.names import fold, is_same_or_under
from spfengine.policy.inputs import Inputs
from spfengine.policy.policy import compiling
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.record.model import Include, Record, Term
from spfengine.record.parser import parse
from spfengine.senders import Sender, domain_of
from spfengine.simulation.drafts import Drafted
from spfengine.simulation.records import Standing
from spfengine.visible import visible, visible_name

_NEW = "v=spf1 ~all"
"""The start of a first record: softfail for everybody else, until the owner of the domain knows all its senders."""
_MOST_PARTS = 100  # records of the admin's own that are looked at
_BREAKING = (LintCode.MISSING_SPACE, LintCode.MISSHAPEN_NAME, LintCode.SPLIT_OVER_RECORDS)
"""Faults of a record that can be parsed, though it is not what was meant."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a domain publishes, and what a suggestion starts from.

    Attributes:
        standing: what is published.
        published: the texts of the SPF records.
        record: the record to start from; None if nothing can be proposed.
        correction: how that differs from what is published, or None.
        refusal: why nothing can be proposed, or None.
        faults: the faults of the published record.
        siblings: the other TXT records of the name, each as its strings.
        answer: the TXT answer.
        parent: the domain above whose record the one to start from redirects to; None if it does not.
    """

    standing: Standing
    published: tuple[str, ...]
    record: Record | None
    correction: str | None
    refusal: str | None
    faults: tuple[Problem, ...]
    siblings: tuple[tuple[bytes, ...], ...]
    answer: Answer
    parent: str | None = None

    @property
    def is_new(self) -> bool:
        """Whether nothing was published, not even a broken record, so that the record is only a start."""
        return self.standing is Standing.ABSENT and self.correction is None and self.record is not None


def baseline(domain: str, own: Iterable[str]) -> Generator[Question, Answer, Baseline]:
    """Return what a suggestion for a domain starts from.

    Args:
        domain: the domain.
        own: names that the admin manages, with all names under them.
    """
    answer = yield Question(domain, RRType.TXT)
    texts = tuple(octets.decode("latin-1") for octets in spf_texts(answer))
    siblings = tuple(strings for strings in answer.strings if b"".join(strings).decode("latin-1") not in texts)
    start = Baseline(Standing.RECORD, texts, None, None, None, (), siblings, answer)
    name = visible_name(domain)
    if answer.is_failure:
        failed = {Question(domain, RRType.TXT): answer}
        why = f"the record of {name} is not known: {named_unknown(failed)}; {hint_for(failed)}"
        return replace(start, standing=Standing.UNKNOWN, refusal=why)
    if answer.chain and not any(is_same_or_under(answer.chain[-1], other) for other in (domain, *own)):
        target = visible_name(answer.chain[-1])
        why = f"{name} is an alias (CNAME) of {target}: the record can only be changed there"
        return replace(start, refusal=why)
    if answer.status is Status.NXDOMAIN:
        return replace(start, standing=Standing.ABSENT, refusal=f"{name} does not exist in DNS: check its spelling")
    if not texts:
        return _without_record(start)
    return _one_record(start, texts[0]) if len(texts) == 1 else _several_records(start)


def with_sound_parts(domain: str, start: Baseline, own: Iterable[str]) -> Generator[Question, Answer, Baseline]:
    """Return the start; with a refusal if a record of the admin's own that it leads to is broken.

    Without the term that leads there, its senders would be lost.
    """
    if start.record is None or start.refusal is not None:
        return start
    seen = {fold(domain)}
    pending = list(_targets(start.record))
    while pending and len(seen) <= _MOST_PARTS:
        name, term = pending.pop(0)
        if fold(name) in seen or not any(is_same_or_under(name, other) for other in own):
            continue
        seen.add(fold(name))
        selected = select_record((yield Question(name, RRType.TXT)))
        if isinstance(selected, Record):
            pending += [(below, term) for below, _ in _targets(selected)]
            continue
        fault = selected.problems[0] if isinstance(selected, RecordSyntaxError) else selected
        if isinstance(selected, RecordSyntaxError) or fault.code is ProblemCode.MULTIPLE_RECORDS:
            shown = visible(term.text, 60)
            why = (
                f"{shown} leads to a record of your own that is broken ({fault.text}): correct that one first, since "
                f"without {shown} its senders would be lost; spfengine lint {visible_name(name)} shows how"
            )
            return replace(start, record=None, refusal=why)
    return start


def _targets(record: Record) -> Iterator[tuple[str, Term]]:
    """Yield the names that a record includes or redirects to, without macros, each with its term."""
    for term in record.directives:
        if isinstance(term, Include) and term.domain_spec.target:
            yield term.domain_spec.target, term
    if record.redirect is not None and record.redirect.value.target:
        yield record.redirect.value.target, record.redirect


def _without_record(start: Baseline) -> Baseline:
    """Return the start for a domain without SPF record: a TXT record that was meant as one, or an empty record."""
    for strings in start.siblings:
        text = b"".join(strings).decode("latin-1")
        meant = record_meant(text)
        if meant is not None:
            correction = f"the TXT record {visible(text, 60)} is not an SPF record as written; this is what was meant"
            others = tuple(other for other in start.siblings if other is not strings)
            record = parse("".join(meant))
            return replace(start, standing=Standing.ABSENT, record=record, correction=correction, siblings=others)
    return replace(start, standing=Standing.ABSENT, record=parse(_NEW))


def _one_record(start: Baseline, text: str) -> Baseline:
    reached = ReachedRecord(source=text, joins=joins_of(start.answer))
    try:
        record = parse(text)
    except RecordSyntaxError as error:
        start = replace(start, faults=error.problems)
        correction = f"the record is broken ({error.problems[0].text}); it is corrected to what was meant"
        return _corrected(start, list(faults(reached)), correction)
    found = [*shapes(reached, record), *split_records(reached, start.answer)]
    broken = [finding for finding in found if finding.code in _BREAKING]
    if not broken:
        return replace(start, record=record)
    halves = [] if broken[0].code is not LintCode.SPLIT_OVER_RECORDS else second_halves(start.answer)
    siblings = tuple(strings for strings in start.siblings if b"".join(strings) not in halves)
    return _corrected(replace(start, siblings=siblings), broken, f"{broken[0].text}; it is corrected to what was meant")


def _corrected(start: Baseline, findings: list[Finding], correction: str) -> Baseline:
    """Return the start from a record with faults: with what was meant, if it is the same by all of them."""
    fixes = {finding.fix for finding in findings}
    meant = _readable(fixes.pop()) if len(fixes) == 1 else None
    if meant is None:
        why = "the record is broken, and it is not clear what was meant: correct it first"
        return replace(start, refusal=why)
    return replace(start, record=meant, correction=correction)


def _several_records(start: Baseline) -> Baseline:
    start = replace(start, standing=Standing.SEVERAL)
    count = len(start.published)
    texts = [text.encode("latin-1") for text in start.published]
    record = _readable(merged(texts, is_lenient=True))
    if record is None:
        why = f"there are {count} SPF records, which can't be merged into one: correct that first"
        return replace(start, refusal=why)
    correction = f"the {count} SPF records are merged into one"
    least, *others = alls_of(texts) or [""]
    if others:
        correction += f"; they end in {' and '.join([least, *others])}: it has {least}, which refuses least"
    return replace(start, record=record, correction=correction)


def _readable(fix: Fix | None) -> Record | None:
    return None if fix is None else read("".join(fix))


def redirecting(inputs: Inputs, base: Baseline, senders: Iterable[Sender]) -> Generator[Question, Answer, Baseline]:
    """Return the start for a domain without a record: a redirect to the record of a domain above, if senders pass by
    that, since it does not apply to subdomains; else the start as it is.
    """
    own = [sender for sender in senders if fold(domain_of(sender)) == fold(inputs.domain)]
    parent = (yield from parent_with_record(inputs.domain)) if own else None
    if parent is None:
        return base
    text = f"v=spf1 redirect={parent}"
    policy = yield from Drafted.record(inputs.domain, text).through(compiling(inputs))
    if not any(policy.check(sender.ip).result is Result.PASS for sender in own):
        return base
    return replace(base, record=parse(text), parent=parent)
