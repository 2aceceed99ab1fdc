"""The record of a domain above, which does not apply to its subdomains, but which they can redirect to."""

from collections.abc import Generator, Iterable
from dataclasses import replace

from spfengine.advice.suggest.baseline import Baseline
from spfengine.answers import Answer, Question
from spfengine.linting.names import parent_with_record
from spfengine.names import fold
from spfengine.policy.inputs import Inputs
from spfengine.policy.policy import compiling
from spfengine.problems import Result
from spfengine.record.parser import parse
from spfengine.senders import Sender, domain_of
from spfengine.simulation.drafts import Drafted


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
