"""A flattening: which networks replace what, the proof, and the records to publish."""

import shlex
from collections.abc import Iterator

from spfengine.advice.flatten.flattening import FlatRecord, Flattening, Proof
from spfengine.advice.forms import FORMS
from spfengine.policy.diff import Change
from spfengine.text.changes import Changes, never_worse
from spfengine.text.lines import SIGNS, WARNING, Line, Row, Span, line, note, plain, table, verbatim
from spfengine.text.outcomes import SHOWN_TERM, conditions, cost_text, networks_text, outcome_text
from spfengine.text.problems import problem_lines
from spfengine.visible import visible, visible_name
from spfengine.wording import counted, listed

_MOST_NAMES = 6


def flattening_lines(flattening: Flattening, width: int | None, form: str = FORMS[0]) -> Iterator[Line]:
    """Yield the lines of a flattening.

    Args:
        form: the format of the records to paste.
    """
    yield _headline(flattening)
    refusal = flattening.refusal
    if refusal is not None:
        yield from problem_lines(refusal, width)
    if flattening.proof is not None or len(flattening.kept) > (refusal is not None):
        yield line()
        yield from term_lines(flattening, width)
    if flattening.proof is not None:
        yield line()
        yield from proof_lines(flattening.proof, width)
        yield from _warning_lines(flattening, flattening.proof, width)
        for record in flattening.records:
            yield from _record(record, form, flattening.records)
        yield from watch_lines(flattening)


def render_flattening(flattening: Flattening, width: int | None, form: str) -> str:
    """Return the text of a flattening; see its method `render`."""
    return plain(flattening_lines(flattening, width, form), width)


def _headline(flattening: Flattening) -> Line:
    if flattening.refusal is not None:
        summary = Span("not flattened", "unknown" if flattening.is_incomplete else "fault")
    elif flattening.proof is None:
        summary = Span("there is nothing to replace", "pass")
    elif flattening.is_equivalent:
        summary = Span("flattened; every client gets the same result", "pass")
    else:
        text = "flattened; every client gets the same result, except those that are over a limit now"
        summary = Span(text, "softfail")
    return note(Span(visible_name(flattening.domain), "strong"), ": ", summary, indent=0)


def term_lines(flattening: Flattening, width: int | None) -> Iterator[Line]:
    """Yield the terms that are replaced, and those that stay."""
    rows = []
    for replaced in flattening.replaced if flattening.proof is not None else ():
        what = networks_text(list(replaced.networks))
        if not replaced.networks:
            is_redirect = replaced.term.lower().startswith("redirect")
            what = "the terms of its record" if is_redirect else "nothing: no client matches it"
        ttl = Span("" if replaced.ttl is None else f"; good for {replaced.ttl} s", "quiet")
        rows.append(Row(SIGNS["-"], Span(visible(replaced.term, SHOWN_TERM), "term"), (Span(what), ttl)))
    for kept in flattening.kept:
        why = Span(f"stays: {kept.problem.text.partition(': ')[2] or kept.problem.text}", "softfail")
        rows.append(Row(SIGNS["="], Span(visible(kept.term, SHOWN_TERM), "term"), (why,)))
    yield from table(rows, width)


def proof_lines(proof: Proof, width: int | None) -> Iterator[Line]:
    """Yield what was proved."""
    heading = Span("proof: ", "strong")
    if proof.is_equivalent:
        yield note(heading, "equivalent, for all IPv4 and IPv6 addresses")
    else:
        over = "except those that are over a limit now (RFC 7208 §4.6.4):"
        yield note(heading, f"equivalent for all IPv4 and IPv6 addresses, {over}")
        yield from _mended(proof, width)
    for term in conditions(proof.after):
        text = f"the same, although its result depends on more than the address: {term}"
        yield note(Span(text, "quiet"), indent=4)
    counts, otherwise = cost_text(proof.before_budget, proof.after_budget, proof.after)
    yield note(counts, Span(otherwise, "quiet"))


def _mended(proof: Proof, width: int | None) -> Iterator[Line]:
    changes = Changes(proof.before, proof.after, proof.mended, _why, never_worse)
    yield from changes.lines(width)
    for result, rows in changes.staying.items():
        about = networks_text([network for network, _ in rows])
        yield note(Span(f"stays {result}", "strong"), Span(f"  {about}", "quiet"))
    yield from changes.rest_lines()


def _why(change: Change) -> str:
    return outcome_text(change.after)


def _warning_lines(flattening: Flattening, proof: Proof, width: int | None) -> Iterator[Line]:
    if proof.after_budget.worst_lookups >= proof.before_budget.worst_lookups:
        yield note(WARNING, "this saves no lookup: the networks need as many names as there were lookups")
    for warning in flattening.warnings:
        yield from problem_lines(warning, width, mark=WARNING)


def _record(record: FlatRecord, form: str, records: tuple[FlatRecord, ...]) -> Iterator[Line]:
    """Yield a record, unwrapped, so that it can be copied."""
    number = records.index(record) + 1
    order = "" if len(records) == 1 else "last, " if number == len(records) else f"{number}. "
    siblings = len(record.siblings)
    others = f", with {counted(siblings, 'other TXT record')}" if siblings else ""
    size = Span(f"  {record.size} octets in DNS{others}", "quiet")
    yield line()
    yield note(Span(f"{order}to publish as TXT of {visible_name(record.name)}:", "strong"), size)
    for text in record.forms()[form].split("\n"):
        yield verbatim(visible(text, len(text)))


def watch_lines(flattening: Flattening) -> Iterator[Line]:
    """Yield what goes stale, and how to learn of it."""
    yield line()
    if flattening.sources:
        names = [visible_name(name) for name in flattening.sources]
        stale = "the networks are those of today: the record no longer follows "
        yield note(WARNING, stale, listed(names, _MOST_NAMES))
        yield note(Span("to learn of changes, watch them, from cron or CI:", "strong"), indent=4)
        # The names are untrusted, and this is for a shell.
        yield verbatim(f"spfengine snapshot {shlex.join(names)} -o includes.json", indent=4)
        yield verbatim("spfengine drift includes.json --quiet", indent=4)
    keep = "keep the current record: to flatten it again, give it as --draft"
    yield note(Span(keep, "quiet"), indent=4)
