"""The record of a domain above, which does not apply to its subdomains, but which they can redirect to."""

from collections.abc import Generator, Iterable
from dataclasses import replace

from spfengine.advice.suggest.baseline import Baseline
from spfengine.answers import Answer, Question, RRType, spf_texts
from spfengine.linting.names import parents
from spfengine.names import fold, is_askable
from spfengine.policy.inputs import Inputs
from spfengine.policy.policy import compiling
from spfengine.problems import Result
from spfengine.record.parser import parse
from spfengine.senders import Sender, domain_of
from spfengine.simulation.drafts import Drafted

_MOST = 10  # domains above that are asked for


def parent_with_record(domain: str) -> Generator[Question, Answer, str | None]:
    """Return the nearest domain above a domain that has an SPF record, or None."""
    for name in parents(domain)[:_MOST]:
        if is_askable(name) and spf_texts((yield Question(name, RRType.TXT))):
            return name
    return None


def redirecting(inputs: Inputs, base: Baseline, senders: Iterable[Sender]) -> Generator[Question, Answer, Baseline]:
    """Return the start for a domain without a record: a redirect to the record above, if senders pass by that."""
    own = [sender for sender in senders if fold(domain_of(sender)) == fold(inputs.domain)]
    parent = (yield from parent_with_record(inputs.domain)) if own else None
    if parent is None:
        return base
    text = f"v=spf1 redirect={parent}"
    policy = yield from Drafted.record(inputs.domain, text).through(compiling(inputs))
    if not any(policy.check(sender.ip).result is Result.PASS for sender in own):
        return base
    return replace(base, record=parse(text), parent=parent)
