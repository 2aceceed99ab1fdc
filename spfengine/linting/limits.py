"""How near a domain comes to the limits of RFC 7208 §4.6.4, over all addresses; and receivers that count otherwise."""

from collections.abc import Generator, Iterator

from spfengine.answers import Answer, Question, is_spf_octets
from spfengine.evaluation.limits import VoidRule
from spfengine.linting.codes import LintCode
from spfengine.linting.finding import Finding, Held, quoted
from spfengine.linting.fixes import as_strings
from spfengine.linting.walk import Loop, Walk
from spfengine.names import fold
from spfengine.policy.budget import CERTAIN, Budget, Cost, budget
from spfengine.record.model import Term
from spfengine.visible import visible, visible_name

NEAR = 2
"""How many lookups less than are allowed is near the limit: 8 of 10."""
_SHOWN = 12  # terms that are listed; the true need is always told

_PER_TERM, _PER_LOOKUP, _DUAL_STACK = VoidRule.PER_TERM, VoidRule.PER_LOOKUP, VoidRule.DUAL_STACK


def limits(walk: Walk) -> Generator[Question, Answer, list[Finding]]:
    """Return how near the domain comes to the limits."""
    need = yield from budget(walk.inputs, walk.answers)
    certain = need
    may_be_over = need.worst_voids(_PER_LOOKUP) >= walk.inputs.limits.voids
    if may_be_over and any(cost.most > len(cost.terms) for cost in need.voids[_PER_TERM].values()):
        certain = yield from budget(walk.inputs, walk.answers, CERTAIN)
    root = walk.held[0]
    findings = [_loop(walk, loop) for loop in walk.loops] if need.endless else []
    if need.endless and not findings:
        text = "the records lead from one to the next without an end, through macros: no number of lookups is enough"
        findings.append(
            root.finding(LintCode.ENDLESS_LOOP, text, None, "take out the include or redirect that leads back")
        )
    if not need.endless:
        findings += _lookups(root, need, walk.inputs.limits.lookups, walk)
    findings += _voids(root, need, certain, walk.inputs.limits.voids)
    return findings


def _loop(walk: Walk, loop: Loop) -> Finding:
    """Return the finding of a circle, at the last term of it that the admin can change."""
    held, term = _changeable(walk, loop)
    circle = " → ".join([visible_name(domain) for domain in loop.circle])
    shown = visible(term.text, 60)
    way = f"{shown} leads back to its own record" if len(loop.circle) == 2 else f"{shown} leads in a circle: {circle}"
    text = f"{way}; receivers go round until the limit of lookups, and give permerror"
    return held.finding(LintCode.ENDLESS_LOOP, text, term, f"take {shown} out")


def _changeable(walk: Walk, loop: Loop) -> tuple[Held, Term]:
    own = {held.domain: held.record for held in walk.held if held.own}
    if not loop.held.own:
        for domain, text in reversed(loop.held.path):
            record = own.get(domain)
            if record is not None:
                held = next(each for each in walk.held if each.record is record)
                return held, next(term for term in record.terms if term.text == text)
    return loop.held, loop.term


def _lookups(root: Held, need: Budget, limit: int, walk: Walk) -> Iterator[Finding]:
    over = {version: cost for version, cost in need.lookups.items() if cost.most > limit}
    if over:
        version, cost = max(over.items(), key=lambda item: item[1].most)
        text = (
            f"IPv{version} clients need up to {cost.most} lookups, and {limit} are allowed: receivers give permerror"
            f"{_only(over)}; {_listed(cost)}"
        )
        term, hint = _costliest(root, cost, walk)
        yield root.finding(LintCode.OVER_LOOKUP_LIMIT, text, term, hint)
        return
    version, cost = max(need.lookups.items(), key=lambda item: item[1].most)
    if cost.most and cost.most >= limit - NEAR:
        text = f"up to {cost.most} lookups of the {limit} that are allowed are needed; {_listed(cost)}"
        term, hint = _costliest(root, cost, walk)
        yield root.finding(LintCode.NEAR_LOOKUP_LIMIT, text, term, hint)


def _voids(root: Held, need: Budget, certain: Budget, limit: int) -> Iterator[Finding]:
    over = _over(certain, _PER_TERM, limit)
    over |= {version: cost for version, cost in _over(need, _PER_TERM, limit).items() if len(cost.terms) > limit}
    if over:
        version, cost = max(over.items(), key=lambda item: item[1].most)
        text = (
            f"IPv{version} clients come to {cost.most} void lookups, and {limit} are allowed: receivers give permerror"
            f"{_only(over)}; {_listed(cost)}"
        )
        if not _over(need, _DUAL_STACK, limit):
            text += "; receivers that count only names with neither A nor AAAA records do not"
        yield root.finding(LintCode.OVER_VOID_LIMIT, text, None, _mending(list(over)))
        return
    chance = _over(need, _PER_TERM, limit)
    if chance:
        version, cost = max(chance.items(), key=lambda item: item[1].most)
        text = (
            f"terms with macros that find nothing count as void lookups: a client can come to {cost.most}, and {limit} "
            "are allowed, so receivers may give permerror where another result is meant (eid6595)"
        )
        hint = f"have no more than {limit} such terms (exists, a, mx with macros), or include them only where needed"
        yield root.finding(LintCode.VOIDS_BY_CHANCE, text, None, hint)
    per_lookup = _over(certain, _PER_LOOKUP, limit)
    if per_lookup:
        version, cost = max(per_lookup.items(), key=lambda item: item[1].most)
        text = (
            f"receivers that count each void lookup (pyspf and Mail::SPF do) count {cost.most} of them for "
            f"IPv{version} clients, and give permerror over {limit}{_only(per_lookup)}; {_listed(cost)}"
        )
        yield root.finding(LintCode.OVER_VOID_LIMIT_PER_LOOKUP, text, None, _mending(list(per_lookup)))
    near = {version: cost for version, cost in certain.voids[_PER_TERM].items() if limit and cost.most == limit}
    if near and not (chance or per_lookup):
        version, cost = next(iter(near.items()))
        text = f"IPv{version} clients come to {cost.most} void lookups, as many as are allowed; {_listed(cost)}"
        yield root.finding(LintCode.NEAR_VOID_LIMIT, text, None, _mending(list(near)))


def _over(need: Budget, rule: VoidRule, limit: int) -> dict[int, Cost]:
    return {version: cost for version, cost in need.voids[rule].items() if cost.most > limit}


def _only(over: dict[int, Cost]) -> str:
    return "" if len(over) > 1 else f", to IPv{next(iter(over))} clients only"


def _mending(versions: list[int]) -> str:
    if versions == [6]:
        return "give these hosts AAAA records too, or name their networks by ip4 in place of a and mx"
    if versions == [4]:
        return "give these hosts A records too, or name their networks by ip6 in place of a and mx"
    return "take out the terms whose names have no records"


def _listed(cost: Cost) -> str:
    terms = [visible(term, 60) for _, term in cost.terms]
    more = f" and {len(terms) - _SHOWN} more" if len(terms) > _SHOWN else ""
    return f"they are {', '.join(terms[:_SHOWN])}{more}" if len(terms) > 1 else f"it is {''.join(terms)}"


def _costliest(root: Held, cost: Cost, walk: Walk) -> tuple[Term | None, str]:
    """Return the term of the domain's own record that costs most, where one stands out, and what to do about it."""
    costs: dict[str, int] = {}
    chain = {fold(held.domain or "") for held in walk.chain}
    current = ""
    for domain, term in cost.terms:
        if fold(domain) in chain:
            current = term
        costs[current] = costs.get(current, 0) + 1
    most = max(costs, key=lambda term: costs[term], default="")
    directives = [] if root.record is None else root.record.terms
    found = next((term for term in directives if term.text == most), None)
    if costs.get(most, 0) < 2:
        return None, "take out terms that are not needed, or name their networks by ip4 and ip6"
    shown = visible(most, 60)
    hint = f"{shown} alone costs {costs[most]} of them: take it out if you can, or name its networks by ip4 and ip6"
    return found, hint


# Whether the TXT records of a name fit into DNS answers (RFC 7208 §3.3, §3.4).

_HEADER = 12
_QUESTION = 5  # the root label, type and class; the name's other octets come on top
_RECORD = 12  # a pointer to the name, type, class, TTL and length
_OPT = 11  # EDNS(0)
_MAX_STRING = 255
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
        size += _RECORD + sum(len(part) + 1 + (len(part) - 1) // _MAX_STRING for part in strings)
    return size


def sizes(held: Held, answer: Answer) -> Iterator[Finding]:
    """Yield what is too long in the TXT records of a name."""
    texts = [strings for strings in answer.strings if is_spf_octets(b"".join(strings))]
    for strings in texts[:1]:
        longest = max(map(len, strings))
        if longest > _MAX_STRING:
            source = b"".join(strings).decode("latin-1")
            split = as_strings(source)
            text = (
                f"the record is one string of {longest} octets, and a string of a TXT record has {_MAX_STRING} at most"
            )
            hint = (
                f"publish it as {len(split)} strings: {quoted(split)}" if source.isascii() else "split it into strings"
            )
            fixed = split if source.isascii() and len(texts) == 1 else None
            yield held.finding(LintCode.STRING_OVER_255, text, None, hint, fixed)
    size = answer_size(held.domain or "", answer)
    others = len(answer.strings) - 1
    beside = f" ({others} other TXT records stand beside it)" if others > 1 else ""
    beside = " (another TXT record stands beside it)" if others == 1 else beside
    if size > UNFRAGMENTED:
        text = (
            f"the DNS answer with the TXT records of this name has {size} octets{beside}: over UDP it gets lost or cut"
        )
        hint = f"keep it under {UNFRAGMENTED}: shorten the record, or move terms to records that it includes"
        yield held.finding(LintCode.TXT_OVER_1232, text, None, hint)
    elif size > PLAIN_UDP:
        text = f"the DNS answer with the TXT records of this name has {size} octets{beside}: over {PLAIN_UDP}, old DNS "
        hint = "shorten the record, move terms to records that it includes, or move other TXT records elsewhere"
        yield held.finding(LintCode.TXT_OVER_512, f"{text}software may not get it", None, hint)
