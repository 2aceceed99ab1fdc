"""What a person sees of a flattening: what stands in place of what, the proof, and the records to publish."""

import shlex
from collections.abc import Iterator

from spfengine.advice.flatten.flattening import FlatRecord, Flattening, Proof
from spfengine.cli.changes_view import Changes, networks_text
from spfengine.cli.policy_view import SHOWN_TERM, conditions, outcome_text
from spfengine.cli.screen import Line, Row, Span, line, table
from spfengine.evaluation.limits import VoidRule
from spfengine.policy.diff import Change
from spfengine.visible import visible, visible_name

_MOST_NAMES = 6


def page(found: Flattening, form: str, width: int | None) -> Iterator[Line]:
    """Yield the lines of a flattening.

    Args:
        form: the form of the records to paste.
    """
    yield _headline(found)
    if found.refusal is not None:
        yield line(Span("! ", "fault"), found.refusal.text, Span(f" [{found.refusal.code}]", "quiet"), indent=2, hang=2)
        if found.refusal.hint:
            yield line(Span("hint: ", "strong"), found.refusal.hint, indent=4, hang=2)
    if found.proof is not None or len(found.kept) > (found.refusal is not None):
        yield line()
        yield from _terms(found, width)
    if found.proof is not None:
        yield line()
        yield from _proof(found.proof, width)
        yield from _warnings(found)
        for record in found.records:
            yield from _record(record, form, found.records)
        yield from _watch(found)


def _headline(found: Flattening) -> Line:
    if found.refusal is not None:
        told = Span("not flattened", "fault")
    elif found.proof is None:
        told = Span("there is nothing to replace", "pass")
    elif found.is_equivalent:
        told = Span("flattened; every client gets the same result", "pass")
    else:
        told = Span("flattened; every client gets the same result, but for those that are over a limit now", "softfail")
    return line(Span(visible_name(found.domain), "strong"), ": ", told, hang=2)


def _terms(found: Flattening, width: int | None) -> Iterator[Line]:
    rows = []
    for each in found.replaced if found.proof is not None else ():
        what = networks_text(list(each.networks))
        if not each.networks:
            is_redirect = each.term.lower().startswith("redirect")
            what = "the terms of its record" if is_redirect else "nothing: no client matches it"
        ttl = "" if each.ttl is None else f"; good for {each.ttl} s"
        rows.append(
            Row(Span("-", "fail"), Span(visible(each.term, SHOWN_TERM), "term"), (Span(what), Span(ttl, "quiet")))
        )
    for kept in found.kept:
        why = Span(f"stays: {kept.problem.text.partition(': ')[2] or kept.problem.text}", "softfail")
        rows.append(Row(Span(" "), Span(visible(kept.term, SHOWN_TERM), "term"), (why,)))
    yield from table(rows, width, 2)


def _proof(proof: Proof, width: int | None) -> Iterator[Line]:
    if proof.is_equivalent:
        yield line(Span("proof: ", "strong"), "equivalent, for all IPv4 and IPv6 addresses", indent=2, hang=2)
    else:
        told = "equivalent for all IPv4 and IPv6 addresses, but for those that are over a limit now (RFC 7208 §4.6.4):"
        yield line(Span("proof: ", "strong"), told, indent=2, hang=2)
        mended = Changes(proof.before, proof.after, proof.mended, _why, lambda _: False)
        yield from mended.lines(width)
        for result, rows in mended.staying.items():
            if rows:
                about = networks_text([network for network, _ in rows])
                yield line(Span(f"stays {result}", "strong"), Span(f"  {about}", "quiet"), indent=2, hang=2)
        yield from mended.rest_lines()
    for each in conditions(proof.after):
        told = f"the same, though its result rests on more than the address: {each}"
        yield line(Span(told, "quiet"), indent=4, hang=2)
    before, after, limits = proof.before_budget, proof.after_budget, proof.after.limits
    rule, each_void = limits.void_rule, VoidRule.PER_LOOKUP
    voids = f"{before.worst_voids(rule)} → {after.worst_voids(rule)} of {limits.voids}"
    otherwise = f"{before.worst_voids(each_void)} → {after.worst_voids(each_void)}"
    yield line(
        f"lookups {before.worst_lookups} → {after.worst_lookups} of {limits.lookups}, void lookups {voids}",
        Span(f" (where each void answer counts: {otherwise})", "quiet"),
        indent=2,
        hang=2,
    )


def _why(change: Change) -> str:
    return outcome_text(change.after)


def _warnings(found: Flattening) -> Iterator[Line]:
    proof = found.proof
    if proof is not None and proof.after_budget.worst_lookups >= proof.before_budget.worst_lookups:
        told = "this saves no lookup: the networks fill as many names as there were lookups"
        yield line(Span("! ", "softfail"), told, indent=2, hang=2)
    for warning in found.warnings:
        yield line(Span("! ", "softfail"), warning.text, Span(f" [{warning.code}]", "quiet"), indent=2, hang=2)
        if warning.hint:
            yield line(Span("hint: ", "strong"), warning.hint, indent=4, hang=2)


def _record(record: FlatRecord, form: str, records: tuple[FlatRecord, ...]) -> Iterator[Line]:
    """Yield a record, unfolded, so that it can be copied."""
    place = records.index(record) + 1
    order = "" if len(records) == 1 else "last, " if place == len(records) else f"{place}. "
    count = len(record.siblings)
    beside = f", with {count} other TXT record{'s' if count != 1 else ''}" if count else ""
    size = Span(f"  {record.size} octets in DNS{beside}", "quiet")
    yield line()
    what = f"{order}to publish as TXT of {visible_name(record.name)}:"
    yield line(Span(what, "strong"), size, indent=2, hang=2)
    for text in record.forms()[form].split("\n"):
        yield line(visible(text, len(text)), folds=False)


def _watch(found: Flattening) -> Iterator[Line]:
    """Yield what goes stale, and how to be told of it."""
    yield line()
    if found.sources:
        names = [visible_name(name) for name in found.sources]
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        told = "these networks are those of now: the record no longer follows "
        yield line(Span("! ", "softfail"), told, ", ".join(names[:_MOST_NAMES]) + more, indent=2, hang=2)
        yield line(Span("to be told of changes, watch them, from cron or CI:", "strong"), indent=4, hang=2)
        # Names may be strangers', and this is for a shell.
        yield line(f"spfengine snapshot {shlex.join(names)} -o includes.json", indent=4, folds=False)
        yield line("spfengine drift includes.json --quiet", indent=4, folds=False)
    told = "keep the record as it is now: to flatten it again, give it as --draft"
    yield line(Span(told, "quiet"), indent=4, hang=2)
