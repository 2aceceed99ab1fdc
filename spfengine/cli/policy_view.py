"""What a person sees of policies: networks by result, and the difference of two."""

from collections.abc import Iterator

from spfengine.cli.screen import Line, Row, Span, line, table
from spfengine.evaluation.result import Result
from spfengine.policy.diff import Change
from spfengine.policy.outcome import Outcome
from spfengine.policy.policy import Policy
from spfengine.visible import visible, visible_name

SHOWN_TERM = 300
"""Characters of a term that are shown."""
_MOST_CHANGES = 200


def networks_page(policy: Policy, result: Result) -> Iterator[Line]:
    """Yield the networks with a result, one a line, and what else is to be known."""
    for network in policy.networks(result):
        yield line(str(network), folds=False)


def notes_page(policy: Policy, result: Result) -> Iterator[Line]:
    """Yield what the networks alone do not tell."""
    for version in (4, 6):
        count = policy.address_count(result, version)
        told = f"IPv{version}: {count_text(count)} get {result} from {visible_name(policy.domain)}"
        yield line(Span(told, "quiet"))
    seen = dict.fromkeys(str(each) for _, _, depends_on in policy.conditional for each in depends_on)
    for each in list(seen)[:10]:
        yield line(Span("! ", "softfail"), f"left out, since it rests on more than the address: {each}", hang=2)
    if policy.incomplete:
        told = f"{len(policy.incomplete)} networks are not known: DNS could not answer"
        yield line(Span("! ", "fault"), told, hang=2)


def diff_page(before: str, after: str, changes: list[Change], width: int | None) -> Iterator[Line]:
    """Yield the difference of two policies."""
    names = Span(visible(before, 80), "strong"), " → ", Span(visible(after, 80), "strong")
    if not changes:
        yield line(*names, ": equivalent; every client gets the same result")
        return
    count = sum(change.network.num_addresses for change in changes)
    yield line(*names, f": {len(changes)} networks differ, {count_text(count)}")
    rows = []
    for change in changes[:_MOST_CHANGES]:
        was, now = outcome_word(change.before), outcome_word(change.after)
        why = Span(f"  {outcome_text(change.after)}", "quiet")
        rows.append(Row(Span(" "), Span(str(change.network), "term"), (Span(f"{was} → {now}", "strong"), why)))
    yield from table(rows, width)
    if len(changes) > _MOST_CHANGES:
        yield line(f"… and {len(changes) - _MOST_CHANGES} more; --json has them all", indent=2)


def outcome_text(outcome: Outcome) -> str:
    """Return what decides, in words."""
    if outcome.problem is not None:
        return outcome.problem.text
    if outcome.result is None:
        return "rests on " + ", ".join(str(each) for each in outcome.depends_on[:3])
    if not outcome.path or outcome.directive is None:
        return "no term matches"
    return "by " + " → ".join(visible(term, SHOWN_TERM) for _, term in outcome.path)


def outcome_word(outcome: Outcome) -> str:
    """Return the result, or what it may be."""
    if outcome.result is not None:
        return str(outcome.result)
    possible = sorted(str(result) for result in outcome.results if result is not None)
    return f"conditional ({' or '.join(possible)})" if possible else "conditional"


def count_text(count: int) -> str:
    """Return a number of addresses, in words."""
    if count == 1:
        return "1 address"
    return f"{count:,} addresses" if count < 1 << 40 else f"2^{count.bit_length() - 1} addresses or more"
