"""What a suggestion starts from: the record that stands at a domain, or the one that was meant."""

from collections.abc import Generator, Iterable
from typing import NamedTuple

from spfengine.answers import Answer, Question, RRType, Status
from spfengine.errors import RecordSyntaxError
from spfengine.linting.fixes import Fix, corrections, read, record_meant
from spfengine.linting.syntax import merged
from spfengine.names import is_same_or_under
from spfengine.problems import Problem
from spfengine.record.model import Record
from spfengine.record.parser import parse
from spfengine.simulation.records import Standing, spf_texts
from spfengine.visible import visible, visible_name

_NEW = "v=spf1 ~all"
"""What a first record starts from: softfail for all others, until the domain's owner is sure of who sends."""


class Baseline(NamedTuple):
    """What stands at a domain, and what a suggestion starts from.

    Attributes:
        standing: what stands there.
        published: the texts of its SPF records.
        record: what the suggestion starts from; None where nothing can be proposed.
        mended: how that differs from what is published, or None.
        refusal: why nothing can be proposed, or None.
        faults: what is wrong with the record that stands there.
        siblings: the other TXT records of the name, each as its strings.
        answer: the TXT answer.
    """

    standing: Standing
    published: tuple[str, ...]
    record: Record | None
    mended: str | None
    refusal: str | None
    faults: tuple[Problem, ...]
    siblings: tuple[tuple[bytes, ...], ...]
    answer: Answer


def baseline(domain: str, own: Iterable[str]) -> Generator[Question, Answer, Baseline]:
    """Return what a suggestion for a domain starts from.

    Args:
        own: names whose records the admin can edit, and all under them.
    """
    answer = yield Question(domain, RRType.TXT)
    texts = tuple(octets.decode("latin-1") for octets in spf_texts(answer))
    siblings = tuple(strings for strings in answer.strings if b"".join(strings).decode("latin-1") not in texts)
    start = Baseline(Standing.RECORD, texts, None, None, None, (), siblings, answer)
    shown = visible_name(domain)
    if answer.is_failure:
        told = f"what stands at {shown} is not known: DNS could not answer ({answer.status})"
        return start._replace(standing=Standing.UNKNOWN, refusal=told)
    if answer.chain and not any(is_same_or_under(answer.chain[-1], name) for name in (domain, *own)):
        last = visible_name(answer.chain[-1])
        return start._replace(refusal=f"{shown} is an alias (CNAME) of {last}: only there its record can be changed")
    if answer.status is Status.NXDOMAIN:
        told = f"DNS has no name {shown}: check how it is spelled"
        return start._replace(standing=Standing.ABSENT, refusal=told)
    if not texts:
        return _first(start)
    return _one(start, texts[0]) if len(texts) == 1 else _several(start)


def _first(start: Baseline) -> Baseline:
    """Return what to start from where no SPF record stands: a look-alike that was meant as one, or an empty record."""
    for strings in start.siblings:
        text = b"".join(strings).decode("latin-1")
        meant = record_meant(text)
        if meant is not None:
            told = f"the TXT record {visible(text, 60)} is no SPF record as it is written: this is what was meant"
            left = tuple(each for each in start.siblings if each is not strings)
            record = parse("".join(meant))
            return start._replace(standing=Standing.ABSENT, record=record, mended=told, siblings=left)
    return start._replace(standing=Standing.ABSENT, record=parse(_NEW))


def _one(start: Baseline, text: str) -> Baseline:
    try:
        return start._replace(record=parse(text))
    except RecordSyntaxError as error:
        faults = error.problems
    fixes = set(corrections(text, faults))
    meant = _readable(fixes.pop()) if len(fixes) == 1 else None
    if meant is None:
        told = "the record is broken, and what was meant can't be told: mend it first"
        return start._replace(refusal=told, faults=faults)
    told = f"the record is broken ({faults[0].text}): it is mended to what was meant"
    return start._replace(record=meant, mended=told, faults=faults)


def _several(start: Baseline) -> Baseline:
    start = start._replace(standing=Standing.SEVERAL)
    record = _readable(merged([text.encode("latin-1") for text in start.published]))
    if record is None:
        told = f"there are {len(start.published)} SPF records, and no one record says what they say: mend them first"
        return start._replace(refusal=told)
    return start._replace(record=record, mended=f"the {len(start.published)} SPF records become one")


def _readable(fix: Fix | None) -> Record | None:
    return None if fix is None else read("".join(fix))
