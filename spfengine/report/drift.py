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
    prose,
    signed,
    term_blocks,
    text,
)
from spfengine.report.space import space_block
from spfengine.text.changes import Changes
from spfengine.text.drift import changed_terms, summary, time_text, what_changed, why_changed
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
    news = [each for each in drift.domains if each.is_changed or each.answers or each.is_incomplete]
    quiet = [each for each in drift.domains if each not in news]
    sections = []
    for index, domain in enumerate(news, 1):
        said = [] if len(drift.domains) == 1 else prose([line(summary(domain, since))])
        blocks = (*said, *_domain(domain, resolvers))
        sections.append(Section(f"domain-{index}", visible_name(domain.domain), blocks))
    same = [line(Span(visible_name(each.domain), "term"), f": nothing changed {since}") for each in quiet]
    sections.append(Section("unchanged", "Unchanged", tuple(prose(same))))
    answer, style = _answer(drift, since)
    names = [visible_name(domain.domain) for domain in drift.domains]
    subject = names[0] if len(names) == 1 else counted(len(names), "domain")
    return Page(KIND, subject, (Span(answer, style),), style, (), tuple(sections))


def _answer(drift: Drift, since: str) -> tuple[str, str]:
    if len(drift.domains) == 1:
        span = summary(drift.domains[0], since)
        return span.text, span.style
    worse = sum(domain.is_worse for domain in drift.domains)
    changed = sum(domain.is_changed for domain in drift.domains)
    if worse:
        return f"something got worse for {counted(worse, 'domain')} {since}", "fail"
    if changed:
        return f"results changed for {counted(changed, 'domain')} {since}", "softfail"
    if drift.is_incomplete:
        return f"nothing is known to have changed {since}, but not everything is known", "softfail"
    return f"no result changed {since}", "pass"


def _domain(drift: DomainDrift, resolvers: "Resolvers") -> list[Block]:
    blocks: list[Block] = []
    failed = failed_of(drift.before, drift.after)
    if drift.is_incomplete:
        blocks.append(Findings((Finding("error", named_unknown(failed), hint=hint_for(failed)),)))
    blocks += [block for change in drift.answers for block in _answers(change, drift.domain)]
    if drift.changes or drift.unknown:
        changes = Changes(drift.before, drift.after, drift.changes, why_changed, everything=True)
        blocks.append(Group(text("Who is affected"), tuple(list_blocks(changes, Owners(drift.changes)))))
    blocks += prose(condition_lines(drift.before, drift.after))
    policies = drift.before, drift.after
    budgets = drift.before_budget, drift.after_budget
    blocks.append(Group(text("Limits"), (Meters(tuple(limit_meters(*budgets, drift.after.limits))),)))
    blocks.append(Group(text("The include tree"), (trees_block(policies, budgets, resolvers),)))
    blocks.append(Group(text("The addresses that pass"), (space_block(*policies),)))
    return blocks


def _answers(change: AnswerChange, domain: str) -> list[Block]:
    owner = "" if change.own else f" (outside {visible_name(domain)}: its owner's)"
    name = visible_name(change.name)
    title = text(Span(name, "term"), f": {what_changed(change)}", Span(owner, "quiet"))
    terms = [] if change.kind is AnswerChangeKind.LEFT or not change.has_records else changed_terms(change)
    shown = [signed(sign, visible(term, SHOWN_TERM)) for sign, term in terms]
    return [Group(title, tuple(term_blocks(name, shown)))]
