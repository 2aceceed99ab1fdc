"""What makes a draft unsafe, or what is known of it incomplete."""

from collections.abc import Iterator

from spfengine.answers import Answer
from spfengine.evaluation.check_host import select_record
from spfengine.policy.policy import Policy
from spfengine.problems import Problem, ProblemCode
from spfengine.record.model import Record
from spfengine.record.parser import diagnose
from spfengine.record.tokenizer import is_spf_octets
from spfengine.visible import visible, visible_name


def broken(name: str, new: Answer) -> Iterator[Problem]:
    """Yield what is wrong with the drafted TXT records of a name."""
    found = select_record(new)
    shown = visible_name(name)
    if isinstance(found, Record) or not new.records:
        return
    if isinstance(found, Problem) and found.code is ProblemCode.MULTIPLE_RECORDS:
        yield Problem(ProblemCode.DRAFT_BROKEN, f"{shown}: {found.text}", name, None, found.section, found.hint)
        return
    texts = [octets for octets in new.records if is_spf_octets(octets)] or list(new.records[:1])
    for fault in diagnose(texts[0]):
        text = f"the draft for {shown} is broken: {fault.text}"
        yield Problem(ProblemCode.DRAFT_BROKEN, text, name, fault.span, fault.section, fault.hint)


def not_reached(domain: str, name: str) -> Problem:
    """Return the problem of a draft that evaluation never asks for."""
    text = f"the draft for {visible_name(name)} is not reached from {visible(domain)}: it changes nothing"
    hint = "check the spelling of the name, or include it from a record that is reached"
    return Problem(ProblemCode.DRAFT_NOT_REACHED, text, name, None, "", hint)


def incomplete(before: Policy, after: Policy) -> Iterator[Problem]:
    """Yield what DNS could not answer, so that some results are not known."""
    for policy, when in ((before, "as it is now"), (after, "with the draft")):
        if policy.incomplete:
            failed = [question for question, answer in policy.answers.items() if answer.is_failure]
            names = ", ".join(f"{q.type} {visible_name(q.name)} ({policy.answers[q].status})" for q in failed[:5])
            count = len(policy.incomplete)
            text = f"{when}, DNS could not answer for {count} networks, whose result is not known: {names}"
            yield Problem(ProblemCode.DNS_INCOMPLETE, text, policy.domain, None, "2.6.6", "try again later")
