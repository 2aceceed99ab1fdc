"""How close a domain is to the limits of RFC 7208 §4.6.4, over all addresses, and how large its TXT records are."""

from collections.abc import Generator, Iterator
from dataclasses import replace

from spfengine.answers import MAX_STRING, Answer, Question, is_spf_octets
from spfengine.evaluation.limits import Limits, VoidRule
from spfengine.evaluation.mechanisms import LOOP_HINT
from spfengine.linting.codes import LintCode, Severity
from spfengine.linting.finding import Finding, ReachedRecord, quoted
from spfengine.linting.fixes import as_strings
from spfengine.linting.walk import Loop, Walk
from spfengine.names import fold
from spfengine.policy.budget import CERTAIN, Budget, Cost, budget, is_within_limits
from spfengine.policy.compile import Tables
from spfengine.record.model import Ptr, Term
from spfengine.visible import visible, visible_name
from spfengine.wording import counted, listed

NEAR = 2
"""A domain is near the limit if it needs at most this many lookups less than are allowed: 8 of 10."""
_SHOWN = 12  # terms that are listed; the number is always the true one

_VOID = (LintCode.NAME_NOT_FOUND, LintCode.NO_ADDRESSES, LintCode.COULD_BE_REGISTERED, LintCode.NULL_MX)
_PER_TERM, _PER_LOOKUP, _DUAL_STACK = VoidRule.PER_TERM, VoidRule.PER_LOOKUP, VoidRule.DUAL_STACK


def limits(walk: Walk, said: list[Finding]) -> Generator[Question, Answer, list[Finding]]:
    """Return how close the domain is to the limits.

    Args:
        said: the findings so far; void lookups that they are about are not reported again as nearly too many.
    """
    allowed = walk.inputs.limits
    tables = yield from walk.tables()
    within = is_within_limits(tables)
    if within and _is_far_from_limits(tables, allowed):
        return []
    need = yield from budget(
        walk.inputs,
        walk.answers,
        tables=tables,
        lookups_from=allowed.lookups - NEAR,
        voids_from=allowed.voids if within else 0,
        rules=_rules(tables, allowed) if within else tuple(VoidRule),
    )
    certain = need
    may_be_over = not within and need.worst_voids(_PER_LOOKUP) >= allowed.voids
    if may_be_over and any(cost.most > len(cost.terms) for cost in need.voids[_PER_TERM].values()):
        certain = yield from budget(walk.inputs, walk.answers, CERTAIN)
    root = walk.root
    findings = [_loop(walk, loop) for loop in walk.loops] if need.endless else []
    if need.endless and not findings:
        text = "the records lead from one to the next without an end, through macros: no number of lookups is enough"
        findings.append(root.finding(LintCode.ENDLESS_LOOP, text, None, LOOP_HINT))
    if not need.endless:
        findings += _lookups(root, need, allowed.lookups, walk)
    findings += _voids(root, need, certain, walk, said)
    return findings


def _is_far_from_limits(tables: Tables, limits: Limits) -> bool:
    """Whether no client needs nearly as many lookups as are allowed, or makes a void lookup: nothing is to be said."""
    few = limits.lookups - NEAR
    return all(each.lookups < few and not each.void_lookups for each in tables.outcomes)


def _rules(tables: Tables, limits: Limits) -> tuple[VoidRule, ...]:
    """Return the rules of counting that findings depend on, if no check meets a limit: DUAL_STACK only if too many may
    be void by PER_TERM.
    """
    most = max([each.void_lookups for each in tables.outcomes])
    is_enough = most <= limits.voids and limits.void_rule is not _DUAL_STACK
    return (_PER_TERM, _PER_LOOKUP) if is_enough else tuple(VoidRule)


def _are_said(cost: Cost, findings: list[Finding]) -> bool:
    """Whether each void lookup has a finding of its own, which says what to do."""
    said = {
        (fold(finding.domain or ""), finding.source[slice(*finding.span)])
        for finding in findings
        if finding.code in _VOID and finding.source is not None and finding.span is not None
    }
    return all((fold(domain), term) in said for domain, term in cost.terms)


def _loop(walk: Walk, loop: Loop) -> Finding:
    """Return the finding of a loop, at the last term of it that the admin can change."""
    reached, term = _changeable(walk, loop)
    domains = " → ".join([visible_name(domain) for domain in loop.domains])
    shown = visible(term.text, 60)
    way = f"{shown} leads back to its own record" if len(loop.domains) == 2 else f"{shown} closes a loop: {domains}"
    text = f"{way}; receivers follow it until they reach the limit on lookups, and give permerror"
    return reached.finding(LintCode.ENDLESS_LOOP, text, term, f"take {shown} out")


def _changeable(walk: Walk, loop: Loop) -> tuple[ReachedRecord, Term]:
    own = {reached.domain: reached.record for reached in walk.records if reached.own}
    if not loop.reached.own:
        for domain, text in reversed(loop.reached.path):
            record = own.get(domain)
            if record is not None:
                reached = next(each for each in walk.records if each.record is record)
                return reached, next(term for term in record.terms if term.text == text)
    return loop.reached, loop.term


def _lookups(root: ReachedRecord, need: Budget, limit: int, walk: Walk) -> Iterator[Finding]:
    over = {version: cost for version, cost in need.lookups.items() if cost.most > limit}
    if over:
        version, cost = _worst(over)
        text = (
            f"IPv{version} clients need {_most(need)} {cost.most} lookups, and {limit} are allowed: receivers give "
            f"permerror{_only(over, need)}; {_listed(cost)}"
        )
        term, hint = _costliest(root, cost, walk)
        yield root.finding(LintCode.OVER_LOOKUP_LIMIT, text, term, hint)
        return
    version, cost = _worst(need.lookups)
    if cost.most and cost.most >= limit - NEAR:
        text = f"{_most(need)} {cost.most} lookups of the {limit} that are allowed are needed; {_listed(cost)}"
        term, hint = _costliest(root, cost, walk)
        yield root.finding(LintCode.NEAR_LOOKUP_LIMIT, text, term, hint)


def _voids(
    root: ReachedRecord, need: Budget, certain: Budget, walk: Walk, findings: list[Finding]
) -> Iterator[Finding]:
    limit = walk.inputs.limits.voids
    over = _over(certain, _PER_TERM, limit)
    over |= {version: cost for version, cost in _over(need, _PER_TERM, limit).items() if len(cost.terms) > limit}
    if over:
        yield _over_voids(root, need, over, limit)
        return
    by_chance = _over(need, _PER_TERM, limit)
    if by_chance:
        _, cost = _worst(by_chance)
        text, hint = _by_chance(walk, cost, limit)
        yield root.finding(LintCode.VOIDS_BY_CHANCE, text, None, hint)
    per_lookup = _over(certain, _PER_LOOKUP, limit)
    if per_lookup:
        version, cost = _worst(per_lookup)
        text = (
            f"receivers that count each void lookup (pyspf and Mail::SPF do) count {cost.most} of them for "
            f"IPv{version} clients, and give permerror over {limit}{_only(per_lookup, need)}; {_listed(cost)}"
        )
        found = root.finding(LintCode.OVER_VOID_LIMIT_PER_LOOKUP, text, None, _remedy(list(per_lookup)))
        # Nearly every host without IPv6 causes this, and RFC 7208's own rule is kept: it is good to know, no more.
        yield replace(found, severity=Severity.INFO) if list(per_lookup) == [6] and not by_chance else found
    near = {version: cost for version, cost in certain.voids[_PER_TERM].items() if limit and cost.most == limit}
    if near and not (by_chance or per_lookup or _are_said(next(iter(near.values())), findings)):
        version, cost = next(iter(near.items()))
        count = f"{'at least ' if certain.incomplete else ''}{cost.most}"
        text = f"IPv{version} clients cause {count} void lookups, as many as are allowed; {_listed(cost)}"
        yield root.finding(LintCode.NEAR_VOID_LIMIT, text, None, _remedy(list(near)))


def _by_chance(walk: Walk, cost: Cost, limit: int) -> tuple[str, str]:
    """Return that a client can cause more void lookups than are allowed, and what to do: text and hint."""
    terms = [each for reached in walk.records for each in reached.terms]
    ptr = list(dict.fromkeys([each.term.text for each in terms if isinstance(each.term, Ptr)]))
    macros = list(dict.fromkeys([each.term.text for each in terms if each.inputs and each.term.text not in ptr]))
    certain = [term for _, term in cost.terms if term not in (*ptr, *macros)]
    shown = listed([visible(term, 60) for term in (*ptr, *macros)], _SHOWN)
    beside = f", beside {listed([visible(term, 60) for term in certain], _SHOWN)}" if certain else ""
    one = len(ptr) + len(macros) == 1
    finds = (
        "finds nothing for some clients, and then counts" if one else "find nothing for some clients, and then count"
    )
    text = (
        f"{shown} {finds} as void lookups{beside}: a client can cause "
        f"{cost.most}, and {limit} are allowed, so receivers may give permerror in place of the result that is meant "
        "(eid6595)"
    )
    hints = ["take ptr out, and name your hosts by a, mx, ip4 or ip6"] if ptr else []
    if macros:
        hints.append(f"have no more than {limit} terms with macros (exists, a, mx), or include them only if needed")
    if certain:
        hints.append("take out the terms whose names have no records")
    return text, "; ".join(hints)


def _over_voids(root: ReachedRecord, need: Budget, over: dict[int, Cost], limit: int) -> Finding:
    version, cost = _worst(over)
    text = (
        f"IPv{version} clients cause {cost.most} void lookups, and {limit} are allowed: receivers give permerror"
        f"{_only(over, need)}; {_listed(cost)}"
    )
    if not need.incomplete and not _over(need, _DUAL_STACK, limit):
        text += "; receivers that count only names with neither A nor AAAA records do not"
    return root.finding(LintCode.OVER_VOID_LIMIT, text, None, _remedy(list(over)))


def _worst(costs: dict[int, Cost]) -> tuple[int, Cost]:
    """Return the IP version whose clients cost most, and that cost."""
    return max(costs.items(), key=lambda item: item[1].most)


def _over(need: Budget, rule: VoidRule, limit: int) -> dict[int, Cost]:
    return {version: cost for version, cost in need.voids[rule].items() if cost.most > limit}


def _most(need: Budget) -> str:
    """Return whether a count is the largest possible one, in words."""
    return "at least" if need.incomplete else "up to"


def _only(over: dict[int, Cost], need: Budget) -> str:
    """Return that only clients of one family are concerned, if that is known."""
    return "" if len(over) > 1 or need.incomplete else f", to IPv{next(iter(over))} clients only"


def _remedy(versions: list[int]) -> str:
    if versions == [6]:
        return "give these hosts AAAA records too, or name their networks by ip4 in place of a and mx"
    if versions == [4]:
        return "give these hosts A records too, or name their networks by ip6 in place of a and mx"
    return "take out the terms whose names have no records"


def _listed(cost: Cost) -> str:
    terms = [visible(term, 60) for _, term in cost.terms]
    return f"they are {listed(terms, _SHOWN)}" if len(terms) > 1 else f"it is {''.join(terms)}"


def _costliest(root: ReachedRecord, cost: Cost, walk: Walk) -> tuple[Term | None, str]:
    """Return the term of the domain's own record that costs most, if more than one lookup, and what to do about it."""
    costs = cost.by_term({fold(reached.domain or "") for reached in walk.chain})
    most = max(costs, key=lambda term: costs[term], default="")
    directives = [] if root.record is None else root.record.terms
    found = next((term for term in directives if term.text == most), None)
    if costs.get(most, 0) < 2:
        return None, "take out terms that are not needed, or name their networks by ip4 and ip6"
    shown = visible(most, 60)
    hint = (
        f"{shown} alone costs {costs[most]} of them; take out what does not send your mail, and if that is not enough, "
        "replace includes by their networks (flatten)"
    )
    return found, hint


# Whether the TXT records of a name fit into DNS answers (RFC 7208 §3.3, §3.4).

_HEADER = 12
_QUESTION = 5  # the root label, type and class; the name's other octets come on top
_RECORD = 12  # a pointer to the name, type, class, TTL and length
_OPT = 11  # EDNS(0)
PLAIN_UDP = 512
"""Octets of the largest DNS answer over UDP without EDNS (RFC 1035 §4.2.1)."""
UNFRAGMENTED = 1232
"""Octets of the largest DNS answer that common servers send over UDP, since larger ones may be fragmented."""


def answer_size(name: str, answer: Answer) -> int:
    """Return the octets of a whole DNS answer with all TXT records of a name, EDNS included."""
    size = _HEADER + len(name) + 1 + _QUESTION + _OPT
    for target in answer.chain:
        size += _RECORD + len(target) + 2
    for strings in answer.strings:
        size += _RECORD + sum(len(part) + 1 + (len(part) - 1) // MAX_STRING for part in strings)
    return size


def sizes(reached: ReachedRecord, answer: Answer, *, has_strings: bool = True) -> Iterator[Finding]:
    """Yield what is too long in the TXT records of a name.

    Args:
        has_strings: whether the answer has the strings as they are published; a collection of records may join them.
    """
    if has_strings:
        yield from _long_string(reached, answer)
    size = answer_size(reached.domain or "", answer)
    others = len(answer.strings) - 1
    beside = f" (with {others} other TXT records)" if others > 1 else ""
    beside = " (with another TXT record)" if others == 1 else beside
    if size > UNFRAGMENTED:
        text = f"the DNS answer with the TXT records of this name has {size} octets{beside}: too many for UDP"
        hint = f"keep it under {UNFRAGMENTED}: shorten the record, or move terms to records that it includes"
        yield reached.finding(LintCode.TXT_OVER_1232, text, None, hint)
    elif size > PLAIN_UDP:
        text = f"the DNS answer with the TXT records of this name has {size} octets{beside}: over {PLAIN_UDP}, old DNS "
        hint = "shorten the record, move terms to records that it includes, or move other TXT records elsewhere"
        yield reached.finding(LintCode.TXT_OVER_512, f"{text}software may not get it", None, hint)


def _long_string(reached: ReachedRecord, answer: Answer) -> Iterator[Finding]:
    """Yield that the record has a string that no TXT record can have."""
    texts = [strings for strings in answer.strings if is_spf_octets(b"".join(strings))]
    longest = max(map(len, texts[0]), default=0) if texts else 0
    if longest <= MAX_STRING:
        return
    source = b"".join(texts[0]).decode("latin-1")
    split = as_strings(source)
    text = f"the record is one string of {longest} octets, and a string of a TXT record has {MAX_STRING} at most"
    hint = f"publish it as {len(split)} strings: {quoted(split)}" if source.isascii() else "split it into strings"
    fixed = split if source.isascii() and len(texts) == 1 else None
    yield reached.finding(LintCode.STRING_OVER_255, text, None, hint, fixed)


SHORT_TTL = 300
"""Seconds; a record with a shorter TTL is asked for again and again."""
LONG_TTL = 86_400
"""Seconds; a change of a record with a longer TTL takes more than a day to arrive."""


def ttl(reached: ReachedRecord, answer: Answer, *, is_zone: bool) -> Iterator[Finding]:
    """Yield that the TTL of a domain's TXT records is very short or very long.

    Args:
        is_zone: whether the answer is the zone's own. The TTL of any other may be what is left of it in a cache, so
            that nothing is said of a short one.
    """
    if answer.ttl is None or reached.source is None:
        return
    if answer.ttl < SHORT_TTL and is_zone:
        text = f"resolvers keep the record for {counted(answer.ttl, 'second')} only, and ask for it again after that"
        yield reached.finding(LintCode.TTL, text, None, "use a TTL of 300 to 86400 seconds, once no change is planned")
    elif answer.ttl > LONG_TTL:
        text = f"resolvers keep the record for {counted(answer.ttl, 'second')}, over a day: a change arrives that late"
        yield reached.finding(LintCode.TTL, text, None, "use a TTL of 300 to 86400 seconds")
