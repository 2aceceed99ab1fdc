"""Which terms decide nothing: covered by others, never matching, or matching everybody."""

from collections.abc import Generator, Iterator

from spfengine.addresses import V4, V6
from spfengine.answers import Answer, Question
from spfengine.linting.codes import LintCode, Severity
from spfengine.linting.edits import without_same
from spfengine.linting.finding import Finding, Held
from spfengine.linting.walk import Walk
from spfengine.policy.reachability import Reason, Unreachable, matched_alone, reachability
from spfengine.record.model import All, Directive, Exists, Include, same_term
from spfengine.visible import visible

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
