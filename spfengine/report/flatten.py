"""A flattening as a page: whether every client gets the same result, which networks replace what, and the records."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spfengine.advice.flatten.flattening import Flattening, Proof
from spfengine.report.answered import trees_block
from spfengine.report.meters import limit_meters, lookups_fact, size_meter
from spfengine.report.networks import Owners, list_blocks
from spfengine.report.page import (
    Block,
    Cell,
    Column,
    Fact,
    Facts,
    Findings,
    Meters,
    Page,
    Section,
    prose,
    style_of,
    table,
    text,
)
from spfengine.report.records import lint_finding, paste_block, problem_finding, worst_first
from spfengine.report.space import space_block
from spfengine.text.changes import Changes, never_worse
from spfengine.text.flatten import flattening_lines, watch_lines
from spfengine.text.lines import Span
from spfengine.text.outcomes import SHOWN_TERM, joined_networks, networks_text, outcome_text
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from spfengine.report.answered import Resolvers

KIND = "Networks in place of includes"
_SHOWN_NETWORKS = 30


def flattening_page(flattening: Flattening, formats: Sequence[str] = (), resolvers: "Resolvers" = None) -> Page:
    """Return the page of a flattening.

    Args:
        formats: the forms of the records to paste; none: all.
        resolvers: what answers, before and after, what the flattening did not ask.
    """
    answer = next(flattening_lines(flattening, None)).spans[2:]
    severity = "warning" if flattening.is_incomplete else "error"
    wrong = [] if flattening.refusal is None else [problem_finding(flattening.refusal, severity=severity)]
    warnings = [lint_finding(each) for each in flattening.warnings]
    proof = flattening.proof
    known: list[Block] = [Findings(worst_first(warnings))] if warnings else []
    return Page(
        KIND,
        visible_name(flattening.domain),
        answer,
        style_of(answer),
        () if proof is None else (_facts(flattening, proof),),
        (
            Section("refused", "Why not", (Findings(tuple(wrong)),) if wrong else ()),
            Section("terms", "What is replaced", tuple(_terms(flattening))),
            *([] if proof is None else _proof(flattening, proof, resolvers)),
            Section("know", "What to know before you publish", (*known, *_watch(flattening))),
            Section("publish", "What to publish", tuple(_paste(flattening, formats))),
        ),
    )


def _facts(flattening: Flattening, proof: Proof) -> Facts:
    """Return what is saved, and what it takes."""
    records = len(flattening.records)
    name = "record to publish" if records == 1 else "records to publish"
    lookups = lookups_fact(proof.before_budget, proof.after_budget, proof.after.limits)
    return Facts((lookups, Fact(f"{records:,}", name)))


def _watch(flattening: Flattening) -> list[Block]:
    return prose(watch_lines(flattening)) if flattening.proof is not None else []


def _terms(flattening: Flattening) -> list[Block]:
    rows = []
    for term in flattening.replaced if flattening.proof is not None else ():
        networks = joined_networks(term.networks)
        more = tuple([(Span(name, "term"),) for name in networks[:_SHOWN_NETWORKS]])
        rest = len(networks) - len(more)
        more += ((Span(f"and {rest:,} more", "quiet"),),) if rest > 0 else ()
        what = networks_text(list(term.networks)) if networks else "the terms of its record"
        rows.append((Cell(text(visible(term.term, SHOWN_TERM)), is_code=True), Cell(text(what), more)))
    for kept in flattening.kept:
        stays = Cell(text(Span("stays", "softfail")), (text(Span(kept.problem.text, "quiet")),))
        rows.append((Cell(text(visible(kept.term, SHOWN_TERM)), is_code=True), stays))
    caption = text(Span("terms", "strong"), Span(" and the networks that replace them", "quiet"))
    return [table(caption, [Column("Term"), Column("Networks")], rows)] if rows else []


def _proof(flattening: Flattening, proof: Proof, resolvers: "Resolvers") -> list[Section]:
    policies = proof.before, proof.after
    budgets = proof.before_budget, proof.after_budget
    sizes = [size_meter(None, record.size) for record in flattening.records if record.name == flattening.domain]
    meters = Meters((*limit_meters(*budgets, proof.after.limits), *sizes))
    return [
        Section("proof", "Proof, for every address", tuple(_difference(proof))),
        Section("limits", "Limits", (meters,)),
        Section("tree", "The include tree", (trees_block(policies, budgets, resolvers),)),
        Section("space", "The addresses that pass", (space_block(*policies),)),
    ]


def _difference(proof: Proof) -> list[Block]:
    changes = Changes(
        proof.before, proof.after, proof.mended, lambda change: outcome_text(change.after), never_worse, everything=True
    )
    return list_blocks(changes, Owners(proof.mended))


def _paste(flattening: Flattening, formats: Sequence[str]) -> list[Block]:
    return [block for record in flattening.records for block in paste_block(record.name, record.forms(), formats)]
