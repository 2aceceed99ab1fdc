"""Which limits of RFC 7208 §4.6.4 a domain's record is over, at any receiver, in words."""

from collections.abc import Iterator

from spfengine.evaluation.limits import Limits, VoidRule
from spfengine.policy.budget import Budget, Cost
from spfengine.problems import Problem, ProblemCode
from spfengine.visible import visible, visible_name

_TOLD = 5  # terms that are named
_EACH = VoidRule.PER_LOOKUP


def over_limits(need: Budget, limits: Limits) -> Iterator[Problem]:
    """Yield which limits the worst addresses are over, and which they are over only where each void lookup counts."""
    if need.worst_lookups > limits.lookups:
        cost = _worst(need.lookups)
        told = f"and {limits.lookups} are allowed: clients such as {cost.address} get permerror"
        if need.endless:
            hint = "take out the include or redirect that leads back"
            text = f"the records lead in a circle, so no number of lookups is enough, {told}"
            yield Problem(ProblemCode.OVER_LOOKUP_LIMIT, text, None, None, "4.6.4", hint)
            return  # its void lookups have no end either
        hint = "fewer include, a, mx, ptr, exists; or networks in their place"
        yield Problem(
            ProblemCode.OVER_LOOKUP_LIMIT, f"{cost.most} lookups are needed, {told}", None, None, "4.6.4", hint
        )
    if need.worst_voids(limits.void_rule) > limits.voids:
        cost = _worst(need.voids[limits.void_rule])
        text = (
            f"{cost.most} void lookups are met ({_terms(cost)}), and {limits.voids} are allowed: "
            f"clients such as {cost.address} get permerror"
        )
        hint = "take out the terms whose names lead nowhere"
        yield Problem(ProblemCode.OVER_VOID_LIMIT, text, None, None, "4.6.4", hint)
    elif need.worst_voids(_EACH) > limits.voids:
        version, cost = max(need.voids[_EACH].items(), key=lambda item: item[1].most)
        text = (
            f"receivers that count each void lookup (pyspf and Mail::SPF do) count {cost.most} of them for "
            f"IPv{version} clients ({_terms(cost)}), and give permerror over {limits.voids}"
        )
        hint = "give the hosts that mx and a lead to addresses of both families, or name networks by ip4 and ip6"
        yield Problem(ProblemCode.OVER_VOID_LIMIT_PER_LOOKUP, text, None, None, "4.6.4", hint)


def _worst(costs: dict[int, Cost]) -> Cost:
    return max(costs.values(), key=lambda cost: cost.most)


def _terms(cost: Cost) -> str:
    """Return the terms that make up a cost, those of one record together."""
    named = [f"{visible(term, 60)} of {visible_name(domain)}" for domain, term in dict.fromkeys(cost.terms)]
    more = f" and {len(named) - _TOLD} more" if len(named) > _TOLD else ""
    return ", ".join(named[:_TOLD]) + more
