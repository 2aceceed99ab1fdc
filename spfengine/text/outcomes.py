"""Outcomes of ranges, and what a policy leaves open, in words."""

from collections.abc import Iterable, Iterator

from spfengine.addresses import V4, V6, Family, address_text, prefixes_of
from spfengine.answers import Answer, Question
from spfengine.evaluation.limits import LIFTED, VoidRule
from spfengine.evaluation.unanswered import unanswered
from spfengine.policy.budget import Budget
from spfengine.policy.outcome import Outcome
from spfengine.policy.policy import Policy
from spfengine.policy.ranges import IPNetwork, Spans, difference, networks_of, size, union
from spfengine.problems import Result
from spfengine.text.lines import Line, Span, note
from spfengine.visible import visible
from spfengine.wording import and_more, counted, number_text

SHOWN_TERM = 300
"""How many characters of a term are printed."""
_MOST_CONDITIONS = 10
_MOST_DEPENDENCIES = 3
_MOST_HOLES = 3
_PLAIN_NETWORKS = 2  # that are written one by one, since networks can be copied into a record


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
    if outcome.rest is not None:
        return f"conditional (otherwise {' or '.join(possible)})"
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


def of_limit(number: int, limit: int) -> str:
    """Return a number and its limit, such as "3/10"; "3 (no limit)" if there is none."""
    return f"{number} (no limit)" if limit == LIFTED else f"{number}/{limit}"


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
    """Return how many networks and addresses these are, in words; adjacent networks count as one."""
    return f"{counted(len(joined_networks(networks)), 'network')}, {addresses_text(networks)}"


def joined_networks(networks: Iterable[IPNetwork]) -> list[str]:
    """Return networks as people read them: adjacent ones as one, and one with holes as such.

    Whatever takes more than two networks is written as the range that it is, "192.0.2.1-192.0.2.9", or as the network
    around it without its holes, "198.51.0.0/16 except 198.51.100.7".
    """
    networks = list(networks)
    texts: list[str] = []
    for family in (V4, V6):
        spans = union([
            (int(network.network_address), int(network.broadcast_address))
            for network in networks
            if network.version == family.version
        ])  # fmt: skip
        index = 0
        while index < len(spans):
            taken, rows = _joined(family, spans, index)
            texts += rows
            index += taken
    return texts


def _joined(family: Family, spans: Spans, start: int) -> tuple[int, list[str]]:
    """Return how many spans are written together, from the one at `start` on, and how."""
    for end in range(min(start + _MOST_HOLES, len(spans) - 1), start - 1, -1):
        taken = spans[start : end + 1]
        plain = networks_of(family, taken)
        if len(plain) <= _PLAIN_NETWORKS:
            return len(taken), [str(network) for network in plain]
        block = _block_around(taken[0][0], taken[-1][1])
        holes = difference([block], taken)
        is_alone = (start == 0 or spans[start - 1][1] < block[0]) and not (
            end + 1 < len(spans) and spans[end + 1][0] <= block[1]
        )
        if is_alone and len(holes) <= _MOST_HOLES and size(holes) * 4 <= block[1] - block[0]:
            around = networks_of(family, [block])[0]
            return len(taken), [f"{around} except {', '.join([_span_text(family, hole) for hole in holes])}"]
    return 1, [_span_text(family, spans[start])]


def _block_around(first: int, last: int) -> tuple[int, int]:
    """Return the smallest network that has both addresses."""
    host = (first ^ last).bit_length()
    return first >> host << host, (first >> host << host) + (1 << host) - 1


def _span_text(family: Family, span: tuple[int, int]) -> str:
    first, last = span
    prefixes = prefixes_of(family, first, last)
    if first == last:
        return address_text(family, first)
    if len(prefixes) == 1:
        return f"{address_text(family, first)}/{prefixes[0][1]}"
    return f"{address_text(family, first)}-{address_text(family, last)}"


def addresses_text(networks: Iterable[IPNetwork]) -> str:
    """Return how many addresses networks have, in words."""
    counts = {4: 0, 6: 0}
    for network in networks:
        counts[network.version] += network.num_addresses
    return " and ".join([address_count(count, version) for version, count in counts.items() if count]) or "no address"


def address_count(count: int, version: int) -> str:
    """Return a number of addresses of one IP version, as people read it: "4,358 IPv4 addresses", "about 2^94 …"."""
    return f"{number_text(count)} IPv{version} {'address' if count == 1 else 'addresses'}"
