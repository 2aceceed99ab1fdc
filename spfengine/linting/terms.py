"""What the terms of a record say, as far as the record alone tells."""

from collections.abc import Generator, Iterator

from spfengine.addresses import V4, V6, Family, address_text, network_range
from spfengine.answers import Answer, Question
from spfengine.linting.codes import LintCode, Severity
from spfengine.linting.finding import Finding, Held
from spfengine.linting.fixes import fix, with_all_last, with_term, without, without_same
from spfengine.linting.syntax import meant_end
from spfengine.linting.walk import Walk
from spfengine.policy.ranges import MAPPED_FIRST, MAPPED_LAST
from spfengine.policy.reachability import Reason, Unreachable, matched_alone, reachability
from spfengine.record.macro import MacroExpand, MacroString
from spfengine.record.model import (
    IP4,
    IP6,
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
from spfengine.visible import visible

HUGE = {V4: 8, V6: 16}
"""The longest prefix length, by family, of a network that nobody sends mail from alone."""
WIDE = {V4: 16, V6: 32}
"""The longest prefix length, by family, of a network that is likely shared with others."""
MAX_IP4 = 64
"""ip4 terms of a record that all receivers read; Exim with libspf2 turns records of more into neutral."""
_MOST = 100  # findings of one kind for one record


def policy(held: Held, record: Record) -> Iterator[Finding]:
    """Yield what is said of the `all` of a record, and of what stands beside it."""
    alls = [term for term in record.directives if isinstance(term, All)]
    if not alls:
        if record.redirect is None and not held.included:
            text = (
                "the record has neither all nor redirect: whoever matches no term gets neutral, as if there were no SPF"
            )
            yield held.finding(
                LintCode.MISSING_ALL,
                text,
                None,
                "end it with ~all, or with -all once all your senders are in it",
                None if meant_end(record) else fix(record.source.rstrip() + " ~all"),
            )
        return
    first = alls[0]
    if first.qualifier == "+":
        text = f"{visible(first.text)} lets everybody pass whom no term before it stops: it is worse than no record"
        hint = "write ~all, or -all once all your senders are in the record"
        yield held.finding(LintCode.PASSES_EVERYONE, text, first, hint, with_term(record, first, "~all"))
    elif first.qualifier == "?" and not held.included:
        text = "?all gives neutral to whoever matches no term, as if there were no SPF"
        hint = "write ~all, or -all once all your senders are in the record"
        yield held.finding(LintCode.NEUTRAL_ALL, text, first, hint, with_term(record, first, "~all"))
    yield from _beside_all(held, record, first)


def _beside_all(held: Held, record: Record, first: All) -> Iterator[Finding]:
    behind = [term for term in record.directives if term.span > first.span]
    for term in behind[:_MOST]:
        text = f"{visible(term.text, 60)} stands behind {visible(first.text)}, and is never looked at"
        if isinstance(term, All):
            yield held.finding(LintCode.TERM_AFTER_ALL, text, term, "take it out", without(record, [term]))
        else:
            hint = f"move {visible(first.text)} to the end, or take {visible(term.text, 60)} out"
            yield held.finding(LintCode.TERM_AFTER_ALL, text, term, hint, with_all_last(record))
    for each in record.modifiers:
        if isinstance(each, Redirect):
            text = f"{visible(each.text, 60)} is ignored, since {visible(first.text)} stands in the record"
            hint = f"take out one of the two; without {visible(each.text, 60)} nothing changes"
            yield held.finding(LintCode.REDIRECT_IGNORED, text, each, hint, without(record, [each]))


def networks(held: Held, record: Record) -> Iterator[Finding]:
    """Yield ip4, ip6, a and mx whose networks are wide, or are not what they seem."""
    found = 0
    for term in _live(record):
        if found >= _MOST:
            return
        for each in (*_width(held, term), *(_network(held, record, term) if isinstance(term, Network) else ())):
            found += 1
            yield each


def _width(held: Held, term: Directive) -> Iterator[Finding]:
    if term.qualifier != "+":
        return
    widths: dict[Family, int] = {}
    if isinstance(term, Network):
        widths[term.family] = term.prefix
    elif isinstance(term, HostDirective):
        widths = {family: term.prefix(family) for family in (V4, V6)}
    shown = visible(term.text, 60)
    around = "" if isinstance(term, Network) else " around each address that it leads to"
    for family, prefix in widths.items():
        if prefix == 0:
            text = f"{shown} lets every IPv{family.version} client pass"
            yield held.finding(LintCode.PASSES_EVERYONE, text, term, "name the networks that your mail comes from")
        elif prefix <= WIDE[family]:
            code = LintCode.HUGE_NETWORK if prefix <= HUGE[family] else LintCode.WIDE_NETWORK
            size = f"{1 << (family.bits - prefix):,} addresses" if family is V4 else f"a whole IPv6 /{prefix}"
            text = f"{shown} passes {size}{around}: likely more than yours"
            yield held.finding(code, text, term, "name only the networks that your mail comes from")


def _network(held: Held, record: Record, term: Network) -> Iterator[Finding]:
    first, last = network_range(term.family, term.network, term.prefix)
    shown = visible(term.text, 60)
    written = term.qualifier if term.text[0] == term.qualifier else ""
    if isinstance(term, IP6) and first >= MAPPED_FIRST and last <= MAPPED_LAST:
        address = address_text(V4, first & V4.last)
        length = "" if term.prefix == V6.bits else f"/{term.prefix - 96}"
        meant = f"{written}ip4:{address}{length}"
        text = f"{shown} matches nobody: an IPv4-mapped address is an IPv4 client, which ip6 never matches"
        yield held.finding(
            LintCode.MAPPED_NETWORK, text, term, f"did you mean {meant}?", with_term(record, term, meant)
        )
    elif first != term.network and term.prefix:
        meant = f"{written}{term.mechanism}:{address_text(term.family, first)}/{term.prefix}"
        text = f"{shown} has host bits set: receivers read it as {meant}"
        hint = f"write {meant}, or take the prefix length off if you mean one address"
        yield held.finding(LintCode.HOST_BITS, text, term, hint, with_term(record, term, meant))


def neutral(held: Held, record: Record) -> Iterator[Finding]:
    """Yield directives with "?"."""
    found = [term for term in _live(record) if term.qualifier == "?"]
    for term in found[:_MOST]:
        text = f"{visible(term.text, 60)} gives neutral to whoever matches, as if there were no SPF"
        hint = "take the ? off if they are to pass; without the term, the terms after it decide"
        fixed = with_term(record, term, term.text[1:])
        yield held.finding(LintCode.NEUTRAL_TERM, text, term, hint, fixed)


def discouraged(held: Held, record: Record) -> Iterator[Finding]:
    """Yield `ptr`, and macros that are seldom what was meant (RFC 7208 §5.5, §7.2, §7.3)."""
    for term in [*_live(record), *record.modifiers][: _MOST * 10]:
        shown = visible(term.text, 60)
        if isinstance(term, Ptr):
            hint = "take it out, and name your hosts by a, mx, ip4 or ip6"
            yield held.finding(LintCode.PTR, f"{shown} is slow and unreliable, and should not be used", term, hint)
        spec = _spec(term)
        if spec is not None:
            yield from _macros(held, record, term, spec)


def _macros(held: Held, record: Record, term: Term, spec: MacroString) -> Iterator[Finding]:
    shown = visible(term.text, 60)
    expands = [part for part in spec.parts if isinstance(part, MacroExpand)]
    if "p" in spec.letters:
        hint = "do without the client's name: %{i} is its address"
        text = f"{shown} asks for the client's names (%{{p}}): slow and unreliable, and should not be used"
        yield held.finding(LintCode.MACRO_P, text, term, hint)
    if any(part.escaped for part in expands):
        lower = term.text
        for part in expands:
            if part.escaped:
                lower = lower.replace("%{" + part.letter.upper(), "%{" + part.letter)
        hint = f"write macro letters in lower case: {visible(lower, 80)}"
        text = f"{shown} has an upper-case macro: octets that URLs can't have are escaped in what it expands to"
        yield held.finding(LintCode.ESCAPING_MACRO, text, term, hint, with_term(record, term, lower))
    if "v" in spec.letters and any(part.letter == "i" and not part.reverse for part in expands):
        lower = term.text.replace("%{i}", "%{ir}").replace("%{I}", "%{Ir}")
        hint = f"did you mean {visible(lower, 80)}?" if lower != term.text else "put an r into the macro"
        fixed = with_term(record, term, lower) if lower != term.text else None
        text = f"{shown} has the client's address in forward order beside in-addr or ip6, which go with the reverse"
        yield held.finding(LintCode.UNREVERSED_MACRO, text, term, hint, fixed)


def _spec(term: Term) -> MacroString | None:
    if isinstance(term, DomainDirective):
        return term.domain_spec
    return term.value if isinstance(term, Modifier) else None


def many_ip4(held: Held, record: Record) -> Iterator[Finding]:
    """Yield a record of so many ip4 terms that some receivers stop reading it."""
    terms = [term for term in record.directives if isinstance(term, IP4)]
    if len(terms) > MAX_IP4:
        text = (
            f"the record has {len(terms)} ip4 terms: with more than about {MAX_IP4}, Exim with libspf2 gives neutral "
            "to everybody, without a word"
        )
        hint = "join neighbouring networks, or split the record over several that it includes"
        yield held.finding(LintCode.TOO_MANY_IP4, text, terms[MAX_IP4], hint)


def _live(record: Record) -> list[Directive]:
    """Return the directives up to the first `all`, without it."""
    found = []
    for term in record.directives:
        if isinstance(term, All):
            break
        found.append(term)
    return found


# Which terms decide nothing: covered by others, never matching, or matching everybody.

MAX_DIRECTIVES = 300
"""Directives of a record up to which it is looked at: comparing each with all others costs their square."""
_SHOWN = 3


def reach(walk: Walk, told: list[Finding]) -> Generator[Question, Answer, list[Finding]]:
    """Return which terms of the domain's own record decide nothing.

    Args:
        told: what has been found so far; terms that it tells of already are left out.
    """
    chain = walk.chain
    if any(held.record is None or len(held.record.directives) > MAX_DIRECTIVES for held in chain):
        return []
    errors = [finding for finding in told if finding.severity is Severity.ERROR]
    broken = {(finding.domain, finding.span) for finding in errors}
    leads_to_broken = {step for finding in errors for step in finding.path}
    by_domain = {held.domain: held for held in chain if held.own}
    found = yield from reachability(walk.inputs, walk.answers)
    findings: list[Finding] = []
    for each in found.unreachable:
        held = by_domain.get(each.domain)
        if held is None or (each.domain, each.directive.span) in broken:
            continue
        if (each.domain, each.directive.text) not in leads_to_broken:
            findings += _unreachable(held, each)
    for covered in found.covered:
        held = by_domain.get(covered.domain)
        if held is not None:
            findings.append(_redundant(held, covered.directive, covered.by))
    for held in by_domain.values():
        findings += yield from _passing_everyone(walk, held)
    return findings


def _unreachable(held: Held, each: Unreachable) -> Iterator[Finding]:
    assert held.record is not None, "records that could not be read have no directives"
    term = each.directive
    shown = visible(term.text, 60)
    fixed = without_same(held.record, term)
    if each.reason is Reason.EMPTY:
        if isinstance(term, Include):  # all other terms that match nobody have been told of, by the names they lead to
            text = f"{shown} never matches: the record that it includes lets nobody pass"
            yield held.finding(LintCode.INCLUDE_NEVER_PASSES, text, term, f"take {shown} out", fixed)
    elif each.reason is Reason.COVERED and not any(same_term(term, other) for other in each.by):
        if all(other.qualifier == term.qualifier for other in each.by):
            yield _redundant(held, term, each.by)
        else:
            text = f"{shown} never decides: whoever it matches is decided on before, by {_listed(each.by)}"
            hint = f"move {shown} before them, or take it out"
            yield held.finding(LintCode.UNREACHABLE_TERM, text, term, hint, fixed)


def _redundant(held: Held, term: Directive, by: tuple[Directive, ...]) -> Finding:
    assert held.record is not None, "records that could not be read have no directives"
    shown = visible(term.text, 60)
    saved = "; it costs a lookup" if term.charged else ""
    text = f"{shown} says only what {_listed(by)} already {'says' if len(by) == 1 else 'say'}{saved}"
    hint = f"take {shown} out"
    if any(other.charged for other in by):
        hint += ", as long as the others lead to these addresses"
    return held.finding(LintCode.REDUNDANT_TERM, text, term, hint, without_same(held.record, term))


def _listed(terms: tuple[Directive, ...]) -> str:
    shown = [visible(term.text, 60) for term in terms[:_SHOWN]]
    if len(terms) > _SHOWN:
        return f"{', '.join(shown)} and {len(terms) - _SHOWN} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _passing_everyone(walk: Walk, held: Held) -> Generator[Question, Answer, list[Finding]]:
    """Return the includes and exists that match every client of a family."""
    findings: list[Finding] = []
    record = held.record
    for term in [] if record is None else record.directives:
        if isinstance(term, All):
            break
        if not isinstance(term, Include | Exists) or term.qualifier != "+":
            continue
        spans = yield from matched_alone(walk.inputs, held.domain or "", term, walk.answers)
        if spans is None:
            continue
        versions = [f.version for f, own in zip((V4, V6), spans, strict=True) if own == [(0, f.last)]]
        if versions and record is not None:
            whom = "everybody" if len(versions) > 1 else f"every IPv{versions[0]} client"
            text = f"{visible(term.text, 60)} lets {whom} pass"
            hint = "take it out, and tell the owner of the record" if isinstance(term, Include) else "take it out"
            findings.append(held.finding(LintCode.PASSES_EVERYONE, text, term, hint, without_same(record, term)))
    return findings
