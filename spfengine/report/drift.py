"""A drift as a page: for each domain, whose records changed, and what that means for whom."""

from typing import TYPE_CHECKING

from spfengine.advice.drift.drift import AnswerChange, AnswerChangeKind, DomainDrift, Drift
from spfengine.evaluation.unanswered import hint_for, named_unknown
from spfengine.report.answered import trees_block
from spfengine.report.meters import limit_meters
from spfengine.report.networks import Owners, list_blocks
from spfengine.report.page import (
    Block,
    Finding,
    Findings,
    Group,
    Meters,
    Page,
    Section,
    Text,
    prose,
    signed,
    style_of,
    term_blocks,
    text,
)
from spfengine.report.space import space_block
from spfengine.text.changes import Changes
from spfengine.text.drift import changed_terms, changes_of, summary, time_text, what_changed
from spfengine.text.lines import Span, line
from spfengine.text.outcomes import SHOWN_TERM, condition_lines, failed_of
from spfengine.visible import visible, visible_name
from spfengine.wording import counted

if TYPE_CHECKING:
    from spfengine.report.answered import Resolvers

KIND = "What changed in DNS"


def drift_page(drift: Drift, resolvers: "Resolvers" = None) -> Page:
    """Return the page of a drift; `resolvers` answer, before and after, what it did not ask."""
    since = f"since {time_text(drift.before.taken)}"
    if len(drift.domains) == 1:
        (domain,) = drift.domains
        changes = changes_of(domain, everything=True)
        answer = summary(domain, changes, since)
        sections = _sections(domain, changes, resolvers) if _has_news(domain) else ()
        return Page(KIND, visible_name(domain.domain), answer, style_of(answer), (), sections)
    news = [domain for domain in drift.domains if _has_news(domain)]
    sections = (
        *[
            Section(f"domain-{index}", visible_name(domain.domain), tuple(_domain(domain, since, resolvers)))
            for index, domain in enumerate(news, 1)
        ],
        Section("unchanged", "Unchanged", tuple(_unchanged(drift, since))),
    )
    answer = _answer(drift, since)
    return Page(KIND, counted(len(drift.domains), "domain"), answer, style_of(answer), (), sections)


def _has_news(domain: DomainDrift) -> bool:
    return bool(domain.is_changed or domain.answers or domain.is_incomplete)


def _answer(drift: Drift, since: str) -> Text:
    worse = sum(domain.is_worse for domain in drift.domains)
    changed = sum(domain.is_changed for domain in drift.domains)
    if worse:
        return text(Span(f"something got worse for {counted(worse, 'domain')} {since}", "fail"))
    if changed:
        return text(Span(f"results changed for {counted(changed, 'domain')} {since}", "softfail"))
    if drift.is_incomplete:
        known = f"no result is known to have changed {since}, but not everything is known"
        return text(Span(known, "softfail"))
    return text(Span(f"no result changed {since}", "pass"))


def _unchanged(drift: Drift, since: str) -> list[Block]:
    names = [visible_name(domain.domain) for domain in drift.domains if not _has_news(domain)]
    return prose([line(Span(name, "term"), f": nothing changed {since}") for name in names])


def _domain(drift: DomainDrift, since: str, resolvers: "Resolvers") -> list[Block]:
    """Return one of several domains: its answer, and what would be sections of a page of its own."""
    changes = changes_of(drift, everything=True)
    groups = [Group(text(section.title), section.blocks) for section in _sections(drift, changes, resolvers)]
    return [*prose([line(*summary(drift, changes, since))]), *[group for group in groups if group.blocks]]


def _sections(drift: DomainDrift, changes: Changes, resolvers: "Resolvers") -> tuple[Section, ...]:
    policies = drift.before, drift.after
    budgets = drift.before_budget, drift.after_budget
    failed = failed_of(*policies)
    unknown = Findings((Finding("warning", named_unknown(failed), hint=hint_for(failed)),))
    affected = list_blocks(changes, Owners(drift.changes)) if drift.changes or drift.unknown else []
    records = [block for change in drift.answers for block in _answers(change, drift.domain)]
    return (
        Section("unknown", "What is not known", (unknown,) if drift.is_incomplete else ()),
        Section("affected", "Who is affected", (*affected, *prose(condition_lines(*policies)))),
        Section("records", "Whose records changed", tuple(records)),
        Section("limits", "Limits", (Meters(tuple(limit_meters(*budgets, drift.after.limits))),)),
        Section("tree", "The include tree", (trees_block(policies, budgets, resolvers),)),
        Section("addresses", "The addresses that pass", (space_block(*policies),)),
    )


def _answers(change: AnswerChange, domain: str) -> list[Block]:
    owner = "" if change.own else f" (outside {visible_name(domain)}: its owner's)"
    name = visible_name(change.name)
    title = text(Span(name, "term"), f": {what_changed(change)}", Span(owner, "quiet"))
    terms = [] if change.kind is AnswerChangeKind.LEFT or not change.has_records else changed_terms(change)
    shown = [signed(sign, visible(term, SHOWN_TERM)) for sign, term in terms]
    return [Group(title, tuple(term_blocks(name, shown)))]
