"""What makes a draft unsafe, or what is known of it incomplete."""

from collections.abc import Iterator

from spfengine.answers import Answer
from spfengine.evaluation.check_host import select_record
from spfengine.policy.policy import Policy
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.record.model import Record
from spfengine.record.parser import diagnose
from spfengine.simulation.records import spf_texts
from spfengine.visible import visible, visible_name

_TOLD = 5  # questions that are named


def broken(name: str, old: Answer, new: Answer, *, meant: bool) -> Iterator[Problem]:
    """Yield what is wrong with the drafted TXT records of a name.

    Args:
        old, new: what answers now, and with the draft.
        meant: whether the draft was given as an SPF record, whatever it looks like.
    """
    found = select_record(new)
    shown = visible_name(name)
    if isinstance(found, Record) or not new.records:
        return
    if isinstance(found, Problem) and found.code is ProblemCode.MULTIPLE_RECORDS:
        yield Problem(ProblemCode.DRAFT_BROKEN, f"{shown}: {found.text}", name, None, found.section, found.hint)
        return
    added = [octets for octets in new.records if octets not in old.records]
    texts = spf_texts(new) or [octets for octets in added if meant or b"v=spf" in octets.lower()]
    for fault in diagnose(texts[0]) if texts else ():
        text = f"the draft for {shown} is broken: {fault.text}"
        yield Problem(ProblemCode.DRAFT_BROKEN, text, name, fault.span, fault.section, fault.hint)


def breaking(after: Policy) -> Iterator[Problem]:
    """Yield why no client at all gets a result but permerror, where that is so."""
    outcomes = [outcome for version in (4, 6) for _, _, outcome in after.ranges(version)]
    if all(outcome.result is Result.PERMERROR for outcome in outcomes) and outcomes[0].problem is not None:
        why = outcomes[0].problem
        text = f"after the change every client gets permerror: {why.text}"
        yield Problem(ProblemCode.DRAFT_BROKEN, text, why.domain, why.span, why.section, why.hint)


def not_reached(domain: str, name: str) -> Problem:
    """Return the problem of a draft that evaluation never asks for."""
    text = f"the draft for {visible_name(name)} is not reached from {visible(domain)}: it changes nothing"
    hint = "check the spelling of the name, or include it from a record that is reached"
    return Problem(ProblemCode.DRAFT_NOT_REACHED, text, name, None, "", hint)


def incomplete(before: Policy, after: Policy) -> Iterator[Problem]:
    """Yield what DNS could not answer, so that some results are not known."""
    if before.incomplete or after.incomplete:
        failed = {q: answer.status for p in (before, after) for q, answer in p.answers.items() if answer.is_failure}
        named = [f"{question.type} {visible_name(question.name)} ({status})" for question, status in failed.items()]
        more = f" and {len(named) - _TOLD} more" if len(named) > _TOLD else ""
        text = f"DNS could not answer {', '.join(named[:_TOLD])}{more}; what it decides is not known"
        yield Problem(ProblemCode.DNS_INCOMPLETE, text, before.domain, None, "2.6.6", "try again later")
