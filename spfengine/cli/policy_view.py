"""What a person sees of a policy: its networks by result, and outcomes in words."""

from collections.abc import Iterable, Iterator

from spfengine.cli.screen import Line, Span, line
from spfengine.policy.outcome import Outcome
from spfengine.policy.policy import Network, Policy
from spfengine.problems import Result
from spfengine.visible import visible, visible_name

SHOWN_TERM = 300
"""Characters of a term that are shown."""
_MOST_CONDITIONS = 10


def networks_page(policy: Policy, result: Result) -> Iterator[Line]:
    """Yield the networks with a result, one a line."""
    for network in policy.networks(result):
        yield line(str(network), folds=False)


def notes_page(policy: Policy, result: Result) -> Iterator[Line]:
    """Yield what the networks alone do not tell."""
    counts = " and ".join(_count(policy.address_count(result, version), version) for version in (4, 6))
    yield line(Span(f"{visible_name(policy.domain)}: {result} for {counts}", "quiet"), hang=2)
    why = without_result(policy)
    if why and result not in (Result.PERMERROR, Result.NONE):
        yield line(Span("! ", "fault"), why, hang=2)
    for each in conditions(policy):
        yield line(Span("! ", "softfail"), f"left out, since it rests on more than the address: {each}", hang=2)
    if policy.incomplete:
        told = f"DNS could not answer for {addresses_text(policy.incomplete)}, so their result is not known"
        yield line(Span("! ", "fault"), f"{told}: {failures(policy)}", hang=2)


def without_result(policy: Policy) -> str | None:
    """Return why every client gets permerror or none; None where that is not so."""
    outcomes = [outcome for version in (4, 6) for _, _, outcome in policy.ranges(version)]
    if all(outcome.result in (Result.PERMERROR, Result.NONE) for outcome in outcomes):
        return f"every client gets {outcomes[0].result}: {outcome_text(outcomes[0])}"
    return None


def conditions(policy: Policy) -> list[str]:
    """Return the terms that make results rest on more than the address, each once."""
    seen = dict.fromkeys(str(each) for _, _, depends_on in policy.conditional for each in depends_on)
    found = list(seen)[:_MOST_CONDITIONS]
    return [*found, f"and {len(seen) - len(found)} more terms"] if len(seen) > len(found) else found


def failures(*policies: Policy) -> str:
    """Return the questions that DNS could not answer."""
    failed = {q: answer.status for policy in policies for q, answer in policy.answers.items() if answer.is_failure}
    return ", ".join([f"{q.type} {visible_name(q.name)} ({status})" for q, status in list(failed.items())[:5]])


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


def addresses_text(networks: Iterable[Network]) -> str:
    """Return how many addresses networks have, in words."""
    counts = {4: 0, 6: 0}
    for network in networks:
        counts[network.version] += network.num_addresses
    told = [_count(count, version) for version, count in counts.items() if count]
    return " and ".join(told) or "no address"


def _count(count: int, version: int) -> str:
    if count == 1:
        return f"1 IPv{version} address"
    if count < 1 << 40:
        return f"{count:,} IPv{version} addresses"
    power = count.bit_length() - 1
    return f"{'' if count == 1 << power else 'over '}2^{power} IPv{version} addresses"
