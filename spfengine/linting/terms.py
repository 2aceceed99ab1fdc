"""The terms of a record: what they allow, and which of them decide nothing."""

from collections.abc import Generator, Iterator
from itertools import islice

from spfengine.addresses import V4, V6, Family, address_text, network_range
from spfengine.answers import Answer, Question, RRType
from spfengine.linting.codes import LintCode, Severity
from spfengine.linting.finding import Finding, ReachedRecord
from spfengine.linting.fixes import with_all_last, with_term, without, without_same
from spfengine.linting.walk import Walk
from spfengine.policy.include_tree import TreeTerm
from spfengine.policy.ranges import MAPPED_FIRST, MAPPED_LAST
from spfengine.policy.reachability import Reason, Unreachable, matched_alone, reachability
from spfengine.record.macro import MacroExpand, MacroString
from spfengine.record.model import (
    IP4,
    IP6,
    MX,
    All,
    Directive,
    DomainDirective,
    Exists,
    HostDirective,
    Include,
    Modifier,
    Network,
    Ptr,
    Record,
    Redirect,
    Term,
    same_term,
)
from spfengine.special_purpose import SpecialPurpose, Use, is_documentation_name, special_purpose_network
from spfengine.visible import visible
from spfengine.wording import sentence_list

HUGE = {V4: 8, V6: 16}
"""The longest prefix length, by family, of a network that nobody sends mail from alone."""
WIDE = {V4: 16, V6: 32}
"""The longest prefix length, by family, of a network that is likely shared with others."""
MAX_IP4 = 64
"""ip4 terms of a record that all receivers read; Exim with libspf2 turns records of more into neutral."""
_MOST = 100  # findings of one kind for one record


def all_term(reached: ReachedRecord, record: Record) -> Iterator[Finding]:
    """Yield what is wrong with the `all` of a record, and with the terms that it makes useless."""
    alls = [term for term in record.directives if isinstance(term, All)]
    if alls:
        yield from _lenient_all(reached, alls[0], alls[-1])
        yield from _after_all(reached, record, alls[0])
        yield from _redirect_ignored(reached, record, alls[0])
    elif record.redirect is None and not reached.included:
        text = "the record has neither all nor redirect: what no term matches gets neutral, as if there were no SPF"
        hint = "end it with ~all, or with -all once all your senders are in it"
        yield reached.finding(LintCode.MISSING_ALL, text, None, hint)


def _lenient_all(reached: ReachedRecord, term: All, last: All) -> Iterator[Finding]:
    hint = "write ~all, or -all once all your senders are in the record"
    if last.qualifier in "~-":
        hint = f"take {visible(term.text)} out, so that {visible(last.text)} at the end decides"
    if term.qualifier == "+":
        text = f"{visible(term.text)} lets every client pass that no term before it matches: worse than no record"
        yield reached.finding(LintCode.PASSES_EVERYONE, text, term, hint)
    elif term.qualifier == "?" and not reached.included:
        text = "?all gives neutral to every client that no term matches, as if there were no SPF"
        yield reached.finding(LintCode.NEUTRAL_ALL, text, term, hint)


def _after_all(reached: ReachedRecord, record: Record, first: All) -> Iterator[Finding]:
    after = [term for term in record.directives if term.span > first.span]
    for term in after[:_MOST]:
        text = f"{visible(term.text, 60)} is after {visible(first.text)}, so it is never evaluated"
        if isinstance(term, All) and term.qualifier != first.qualifier:  # which one is meant, only a person knows
            hint, fixed = f"keep one of the two; now {visible(first.text)} decides", None
        elif isinstance(term, All):
            hint, fixed = "take it out", without(record, [term])
        elif first.qualifier == "+":  # at the end it would still let everybody pass
            hint, fixed = f"take {visible(first.text)} out", None
        else:
            hint = f"move {visible(first.text)} to the end, or take {visible(term.text, 60)} out"
            fixed = with_all_last(record)
        yield reached.finding(LintCode.TERM_AFTER_ALL, text, term, hint, fixed)


def _redirect_ignored(reached: ReachedRecord, record: Record, first: All) -> Iterator[Finding]:
    for term in record.modifiers:
        if isinstance(term, Redirect):
            shown = visible(term.text, 60)
            text = f"{shown} is ignored, because the record has {visible(first.text)}"
            hint = f"take out one of the two; without {shown} nothing changes"
            fixed = without(record, [term])
            if all(isinstance(each, All) for each in record.directives):  # nothing else says who sends
                hint, fixed = f"take {visible(first.text)} out, if the record that {shown} leads to is to decide", None
            yield reached.finding(LintCode.REDIRECT_IGNORED, text, term, hint, fixed)


def networks(reached: ReachedRecord, record: Record) -> Iterator[Finding]:
    """Yield ip4, ip6, a and mx whose networks are wide, or are not what they seem."""
    yield from islice(_of_networks(reached, record), _MOST)


def _of_networks(reached: ReachedRecord, record: Record) -> Iterator[Finding]:
    for term in live(record):
        special = list(_special_network(reached, term)) if isinstance(term, Network) else []
        if special:
            yield from special  # whatever its width: it matches nobody
            continue
        if term.qualifier == "+" and (isinstance(term, Network) or reached.domain is None):
            yield from _widths(reached, term)
        if isinstance(term, Network):
            yield from _network(reached, record, term)


def host_networks(walk: Walk, reached: ReachedRecord) -> Iterator[Finding]:
    """Yield a and mx whose networks are wide, around the addresses that they lead to."""
    record = reached.record
    if record is None or not reached.own:
        return
    before_all = {term.span for term in live(record)}
    for tree_term in reached.terms:
        term = tree_term.term
        if isinstance(term, HostDirective) and term.qualifier == "+" and term.span in before_all:
            yield from _widths(reached, term, _families(walk, tree_term))


def _families(walk: Walk, tree_term: TreeTerm) -> tuple[Family, ...]:
    """Return the families of the addresses that a or mx leads to; both, if its name depends on the client."""
    if not tree_term.targets:
        return V4, V6
    names = list(tree_term.targets)
    if isinstance(tree_term.term, MX):
        answers = [walk.answers.get(Question(name, RRType.MX).key) for name in names]
        names = [exchange for answer in answers if answer is not None for _, exchange in answer.records]
    families = []
    for family, kind in ((V4, RRType.A), (V6, RRType.AAAA)):
        answers = [walk.answers.get(Question(name, kind).key) for name in names]
        if any(answer is not None and answer.records for answer in answers):
            families.append(family)
    return tuple(families)


def _widths(reached: ReachedRecord, term: Directive, families: tuple[Family, ...] = (V4, V6)) -> Iterator[Finding]:
    for family, prefix in _prefixes(term).items():
        if family in families:
            yield from _width(reached, term, family, prefix)


def _prefixes(term: Directive) -> dict[Family, int]:
    """Return the prefix length, by family, of the networks that a term matches."""
    if isinstance(term, Network):
        return {term.family: term.prefix}
    return {family: term.prefix(family) for family in (V4, V6)} if isinstance(term, HostDirective) else {}


def _width(reached: ReachedRecord, term: Directive, family: Family, prefix: int) -> Iterator[Finding]:
    shown = visible(term.text, 60)
    if prefix == 0:
        text = f"{shown} lets every IPv{family.version} client pass"
        if reached.domain is None and not isinstance(term, Network):
            text += f", if its name has an IPv{family.version} address"
        yield reached.finding(LintCode.PASSES_EVERYONE, text, term, "name the networks that your mail comes from")
    elif prefix <= WIDE[family]:
        code = LintCode.HUGE_NETWORK if prefix <= HUGE[family] else LintCode.WIDE_NETWORK
        size = f"{1 << (family.bits - prefix):,} addresses" if family is V4 else f"a whole IPv6 /{prefix}"
        around = "" if isinstance(term, Network) else " around each of its addresses"
        text = f"{shown} passes {size}{around}: likely more than yours"
        yield reached.finding(code, text, term, "name only the networks that your mail comes from")


def _network(reached: ReachedRecord, record: Record, term: Network) -> Iterator[Finding]:
    first, last = network_range(term.family, term.network, term.prefix)
    shown = visible(term.text, 60)
    written = term.qualifier if term.text[0] == term.qualifier else ""
    if isinstance(term, IP6) and first >= MAPPED_FIRST and last <= MAPPED_LAST:
        address = address_text(V4, first & V4.last)
        length = "" if term.prefix == V6.bits else f"/{term.prefix - 96}"
        meant = f"{written}ip4:{address}{length}"
        text = f"{shown} matches nobody: an IPv4-mapped address is an IPv4 client, which ip6 never matches"
        fixed = with_term(record, term, meant)
        hint = f"did you mean {meant}?"
        if term.prefix - 96 <= HUGE[V4]:  # as ip4 it would let everybody pass, or nearly
            hint, fixed = "take it out, and name your own networks by ip4", None
        yield reached.finding(LintCode.MAPPED_NETWORK, text, term, hint, fixed)
    elif first != term.network and term.prefix:
        meant = f"{written}{term.mechanism}:{address_text(term.family, first)}/{term.prefix}"
        text = f"{shown} has host bits set: receivers read it as {meant}"
        hint = f"write {meant}, or take the prefix length off if you mean one address"
        yield reached.finding(LintCode.HOST_BITS, text, term, hint, with_term(record, term, meant))


def _special_network(reached: ReachedRecord, term: Network) -> Iterator[Finding]:
    """Yield that no client on the Internet has an address of a network."""
    entry = special_purpose_network(term.family, term.network, term.prefix)
    if entry is not None and not is_example(entry, reached.domain):
        kind = "is" if term.prefix == term.family.bits else "is made of"
        text = f"{visible(term.text, 60)} {kind} {entry.described}, so it matches no client on the Internet"
        hint = "name the public address that your mail leaves from; a receiver never sees this one"
        yield reached.finding(LintCode.SPECIAL_PURPOSE_NETWORK, text, term, hint)


def is_example(entry: SpecialPurpose, domain: str | None) -> bool:
    """Whether an address for documentation is in the record of a domain that is for documentation as well."""
    return entry.use is Use.DOCUMENTATION and domain is not None and is_documentation_name(domain)


def neutral(reached: ReachedRecord, record: Record) -> Iterator[Finding]:
    """Yield directives with "?"."""
    found = [term for term in live(record) if term.qualifier == "?"]
    for term in found[:_MOST]:
        text = f"{visible(term.text, 60)} gives neutral to every client that it matches, as if there were no SPF"
        hint = "take the ? off if they are to pass; without the term, the terms after it decide"
        yield reached.finding(LintCode.NEUTRAL_TERM, text, term, hint)


def discouraged(reached: ReachedRecord, record: Record) -> Iterator[Finding]:
    """Yield `ptr`, and macros that are seldom what was meant (RFC 7208 §5.5, §7.2, §7.3)."""
    for term in [*live(record), *record.modifiers][: _MOST * 10]:
        shown = visible(term.text, 60)
        if isinstance(term, Ptr):
            hint = "take it out, and name your hosts by a, mx, ip4 or ip6"
            yield reached.finding(LintCode.PTR, f"{shown} is slow and unreliable, and should not be used", term, hint)
        spec = _spec(term)
        if spec is not None:
            yield from _macros(reached, record, term, spec)


def _macros(reached: ReachedRecord, record: Record, term: Term, spec: MacroString) -> Iterator[Finding]:
    shown = visible(term.text, 60)
    expands = [part for part in spec.parts if isinstance(part, MacroExpand)]
    if "p" in spec.letters:
        hint = "do without the client's name: %{i} is its address"
        text = f"{shown} asks for the client's names (%{{p}}): slow and unreliable, and should not be used"
        yield reached.finding(LintCode.MACRO_P, text, term, hint)
    if any(part.escaped for part in expands):
        lower = _in_lower_case(term.text, expands)
        hint = f"write macro letters in lower case: {visible(lower, 80)}"
        text = f"{shown} has an upper-case macro: octets that URLs can't have are escaped in what it expands to"
        yield reached.finding(LintCode.ESCAPING_MACRO, text, term, hint, with_term(record, term, lower))
    if "v" in spec.letters and any(part.letter == "i" and not part.reverse for part in expands):
        turned = term.text.replace("%{i}", "%{ir}").replace("%{I}", "%{Ir}")
        hint = f"did you mean {visible(turned, 80)}?" if turned != term.text else "put an r into the macro"
        fixed = with_term(record, term, turned) if turned != term.text else None
        text = f"{shown} has the client's address in forward order next to in-addr or ip6, which need the reverse"
        yield reached.finding(LintCode.UNREVERSED_MACRO, text, term, hint, fixed)


def _in_lower_case(text: str, expands: list[MacroExpand]) -> str:
    """Return the text of a term with its macro letters in lower case."""
    for part in expands:
        if part.escaped:
            text = text.replace("%{" + part.letter.upper(), "%{" + part.letter)
    return text


def _spec(term: Term) -> MacroString | None:
    if isinstance(term, DomainDirective):
        return term.domain_spec
    return term.value if isinstance(term, Modifier) else None


def many_ip4(reached: ReachedRecord, record: Record) -> Iterator[Finding]:
    """Yield a finding for a record with more ip4 terms than some receivers read."""
    terms = [term for term in record.terms if isinstance(term, IP4)]
    if len(terms) > MAX_IP4:
        text = (
            f"the record has {len(terms)} ip4 terms: with more than about {MAX_IP4}, Exim with libspf2 gives neutral "
            "to everybody, without a word"
        )
        hint = "join neighbouring networks, or split the record over several that it includes"
        yield reached.finding(LintCode.TOO_MANY_IP4, text, terms[MAX_IP4], hint)


def live(record: Record) -> list[Directive]:
    """Return the directives up to the first `all`, without it."""
    found = []
    for term in record.terms:
        if isinstance(term, All):
            break
        if isinstance(term, Directive):
            found.append(term)
    return found


# Which terms decide nothing: covered by others, never matching, or matching everybody.

MAX_DIRECTIVES = 300
"""Directives of a record up to which it is looked at: comparing each with all others costs their square."""
_SHOWN = 3


def ineffective_terms(walk: Walk, findings: list[Finding]) -> Generator[Question, Answer, list[Finding]]:
    """Return which terms decide nothing, or match everybody, in the records whose results are the domain's.

    Args:
        findings: the findings so far; terms that one of them is about are left out.
    """
    chain = walk.chain
    if any(reached.record is None or len(reached.record.directives) > MAX_DIRECTIVES for reached in chain):
        return []
    by_domain = {reached.domain: reached for reached in chain if reached.own}
    known = yield from reachability(walk.inputs, walk.answers, walk.alone, overlapping=False)
    is_broken = _Broken(findings)
    idle = {(each.domain, each.span) for each in findings if each.code is LintCode.INCLUDE_DOES_NOTHING}

    def goes(domain: str, by: tuple[Directive, ...]) -> bool:
        """Whether a term that covers others is to be taken out: they may be what is left of it."""
        return any((domain, other.span) in idle for other in by)

    more: list[Finding] = []
    for unreachable in known.unreachable:
        reached = by_domain.get(unreachable.domain)
        if reached is not None and not is_broken(unreachable) and not goes(unreachable.domain, unreachable.by):
            more += _unreachable(reached, unreachable)
    for covered in known.covered:
        reached = by_domain.get(covered.domain)
        if reached is not None and not goes(covered.domain, covered.by):
            more.append(_redundant(reached, covered.directive, covered.by))
    for reached in by_domain.values():
        more += yield from _passing_everyone(walk, reached)
    return more


class _Broken:
    """Whether an error is the reason why a directive never decides."""

    def __init__(self, findings: list[Finding]) -> None:
        errors = [finding for finding in findings if finding.severity is Severity.ERROR]
        self._spans = {(finding.domain, finding.span) for finding in errors}
        self._steps = {step for finding in errors for step in finding.path}

    def __call__(self, unreachable: Unreachable) -> bool:
        domain, directive = unreachable.domain, unreachable.directive
        return (domain, directive.span) in self._spans or (domain, directive.text) in self._steps


def _unreachable(reached: ReachedRecord, each: Unreachable) -> Iterator[Finding]:
    assert reached.record is not None, "records that could not be read have no directives"
    term = each.directive
    shown = visible(term.text, 60)
    fixed = without_same(reached.record, term)
    if each.reason is Reason.EMPTY:
        if isinstance(term, Include):  # for other terms that match nobody, there is a finding about their names
            text = f"{shown} never matches: the record that it includes lets nobody pass"
            yield reached.finding(LintCode.INCLUDE_NEVER_PASSES, text, term, f"take {shown} out", fixed)
    elif each.reason is Reason.COVERED and not any(same_term(term, other) for other in each.by):
        if all(other.qualifier == term.qualifier for other in each.by):
            yield _redundant(reached, term, each.by)
        else:
            text = f"{shown} never decides: for all that it matches, a term before it decides: {_listed(each.by)}"
            hint = f"move {shown} before them, or take it out"
            yield reached.finding(LintCode.UNREACHABLE_TERM, text, term, hint, fixed)


def _redundant(reached: ReachedRecord, term: Directive, by: tuple[Directive, ...]) -> Finding:
    assert reached.record is not None, "records that could not be read have no directives"
    shown = visible(term.text, 60)
    saved = "; it costs a lookup" if term.costs_lookup else ""
    text = f"{shown} says only what {_listed(by)} already {'says' if len(by) == 1 else 'say'}{saved}"
    hint = f"take {shown} out"
    if any(other.costs_lookup for other in by):
        hint += ", as long as the others lead to these addresses"
    return reached.finding(LintCode.REDUNDANT_TERM, text, term, hint, without_same(reached.record, term))


def _listed(terms: tuple[Directive, ...]) -> str:
    return sentence_list([visible(term.text, 60) for term in terms], _SHOWN)


def _passing_everyone(walk: Walk, reached: ReachedRecord) -> Generator[Question, Answer, list[Finding]]:
    """Return the includes and exists that match every client of a family."""
    record = reached.record
    assert record is not None, "only records that could be read are compared"
    findings: list[Finding] = []
    for term in live(record):
        if not isinstance(term, Include | Exists) or term.qualifier != "+":
            continue
        spans = yield from matched_alone(walk.inputs, reached.domain or "", term, walk.answers, walk.alone)
        both = zip((V4, V6), spans or ([], []), strict=True)
        versions = [family.version for family, matched in both if matched == [(0, family.last)]]
        if versions:
            clients = "every client" if len(versions) > 1 else f"every IPv{versions[0]} client"
            text = f"{visible(term.text, 60)} lets {clients} pass"
            hint = "take it out, and let the owner of the record know" if isinstance(term, Include) else "take it out"
            findings.append(reached.finding(LintCode.PASSES_EVERYONE, text, term, hint, without_same(record, term)))
    return findings
