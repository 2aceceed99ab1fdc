"""Outcomes of ranges, and what a policy leaves open, in words."""

from collections.abc import Iterable, Iterator

from spfengine.answers import Answer, Question
from spfengine.evaluation.limits import VoidRule
from spfengine.evaluation.unanswered import unanswered
from spfengine.policy.budget import Budget
from spfengine.policy.outcome import Outcome
from spfengine.policy.policy import Policy
from spfengine.policy.ranges import IPNetwork
from spfengine.problems import Result
from spfengine.text.lines import Line, Span, note
from spfengine.visible import visible
from spfengine.wording import and_more, counted

SHOWN_TERM = 300
"""How many characters of a term are printed."""
_MOST_CONDITIONS = 10
_MOST_DEPENDENCIES = 3


def outcome_text(outcome: Outcome) -> str:
    """Return what decides, in words."""
    if outcome.problem is not None:
        return outcome.problem.text
    if outcome.result is None:
        return "depends on " + ", ".join(map(str, outcome.depends_on[:_MOST_DEPENDENCIES]))
    if not outcome.path or outcome.directive is None:
        return "no term matches"
    return "by " + " → ".join(visible(term, SHOWN_TERM) for _, term in outcome.path)


def outcome_word(outcome: Outcome) -> str:
    """Return the result, or the results that are possible."""
    if outcome.result is not None:
        return str(outcome.result)
    possible = sorted(str(result) for result in outcome.results if result is not None)
    return f"conditional ({' or '.join(possible)})" if possible else "conditional"


def without_result(policy: Policy) -> str | None:
    """Return why every client gets permerror or none; None if that is not so."""
    outcomes = [outcome for version in (4, 6) for _, _, outcome in policy.ranges(version)]
    if all(outcome.result in (Result.PERMERROR, Result.NONE) for outcome in outcomes):
        return f"every client gets {outcomes[0].result}: {outcome_text(outcomes[0])}"
    return None


def never_sends(policy: Policy) -> bool:
    """Whether no client at all may send mail for a domain, as with `v=spf1 -all`."""
    return all(outcome.result is Result.FAIL for version in (4, 6) for _, _, outcome in policy.ranges(version))


def conditions(*policies: Policy) -> list[str]:
    """Return the terms that make results depend on more than the address, each once."""
    terms: dict[str, None] = {}
    for policy in policies:
        own = dict.fromkeys(str(term) for _, _, depends_on in policy.conditional for term in depends_on)
        kept = list(own)[:_MOST_CONDITIONS]
        more = and_more(len(own) - len(kept), "term")
        terms |= dict.fromkeys([*kept, more] if more else kept)
    return list(terms)


def condition_lines(*policies: Policy, indent: int = 2) -> Iterator[Line]:
    """Yield a line for each term that makes results depend on more than the address."""
    for term in conditions(*policies):
        yield note(Span(f"some results depend on more than the address: {term}", "quiet"), indent=indent)


def failed_of(*policies: Policy) -> dict[Question, Answer]:
    """Return the questions of policies that were not answered."""
    return unanswered([policy.answers for policy in policies])


def cost_text(before: Budget, after: Budget, limits_of: Policy) -> tuple[str, str]:
    """Return the lookups and void lookups before and after, and those if each void answer counts."""
    limits = limits_of.limits
    needs = ["without end" if need.endless else str(need.worst_lookups) for need in (before, after)]
    rule, each_void = limits.void_rule, VoidRule.PER_LOOKUP
    voids = f"void lookups {before.worst_voids(rule)} → {after.worst_voids(rule)} of {limits.voids}"
    otherwise = f"{before.worst_voids(each_void)} → {after.worst_voids(each_void)}"
    return (
        f"lookups {needs[0]} → {needs[1]} of {limits.lookups}, {voids}",
        f" (if each void answer counts: {otherwise})",
    )


def networks_text(networks: list[IPNetwork]) -> str:
    """Return how many networks and addresses these are, in words."""
    return f"{counted(len(networks), 'network')}, {addresses_text(networks)}"


def addresses_text(networks: Iterable[IPNetwork]) -> str:
    """Return how many addresses networks have, in words."""
    counts = {4: 0, 6: 0}
    for network in networks:
        counts[network.version] += network.num_addresses
    return " and ".join([address_count(count, version) for version, count in counts.items() if count]) or "no address"


def address_count(count: int, version: int) -> str:
    """Return a number of addresses of one IP version; large ones as a power of two."""
    if count < 1 << 40:
        return counted(count, f"IPv{version} address", f"IPv{version} addresses")
    power = count.bit_length() - 1
    return f"{'' if count == 1 << power else 'over '}2^{power} IPv{version} addresses"
