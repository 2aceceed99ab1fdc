"""A plan to get within the limits: each step with what it brings and what it stops, then the record to publish."""

import shlex
from collections.abc import Iterator, Mapping, Sequence

from spfengine.advice.limits.plan import LimitPlan, Need, PlanStep, StepKind
from spfengine.text.lines import WARNING, Line, Span, line, note, plain, verbatim
from spfengine.text.outcomes import SHOWN_TERM, joined_networks, networks_text
from spfengine.text.problems import problem_lines
from spfengine.visible import visible, visible_name
from spfengine.wording import counted, listed

_MOST_NETWORKS = 4
_MOST_TERMS = 6
_DO = {
    StepKind.DROP: "take out",
    StepKind.DROP_UNUSED: "take out",
    StepKind.REPLACE: "write the networks of",
    StepKind.FLATTEN: "flatten",
}


def limit_plan_lines(plan: LimitPlan, width: int | None, asked: Sequence[str]) -> Iterator[Line]:
    """Yield the lines of a plan.

    Args:
        asked: arguments for commands, such as those that name the zone files.
    """
    yield line()
    yield _headline(plan)
    yield from _steps(plan, asked)
    if plan.refusal is not None:
        yield from problem_lines(plan.refusal, width)
    if plan.is_complete:
        yield from _proof(plan)
        if not any(step.kind is StepKind.FLATTEN for step in plan.steps):
            yield note(Span(f"to publish as TXT of {visible_name(plan.domain)}:", "strong"))
            yield verbatim(visible(plan.records[-1].record, 1 << 16))
            yield note("to see first what it does, for every address and for the senders that you give:")
            yield verbatim(visible(_try(plan, asked), 1 << 16), indent=5)
    yield from _unused(plan)
    if plan.alternative is not None:
        yield from _alternative(plan.alternative, asked)
    if plan.by_messages is not None:
        yield from _by_messages(plan.by_messages, asked)


def draft_words(drafts: Mapping[str, str], domain: str) -> list[str]:
    """Return the arguments for commands that name the drafts of other names than a domain's."""
    others = [f"{name}={text}" for name, text in drafts.items() if name.lower() != domain.lower()]
    return [word for other in others for word in ("--draft", other)]


def render_limit_plan(plan: LimitPlan, width: int | None) -> str:
    """Return the text of a plan; see its method `render`."""
    _, *lines = limit_plan_lines(plan, width, ())  # the first is the empty line after what is before the plan
    return plain(lines, width)


def _headline(plan: LimitPlan) -> Line:
    what = _change(plan.need, plan.after, plan.allowed, at_least=bool(plan.unknown))
    if plan.is_complete:
        summary = Span(f"within the limits in {counted(len(plan.steps), 'step')}: {what}", "pass")
    elif plan.steps:
        summary = Span(f"these steps help, but are not shown to be enough: {what}", "softfail")
    else:
        summary = Span("there is no plan to get within the limits", "fault")
    return note(Span("plan for ", "strong"), Span(visible_name(plan.domain), "strong"), ": ", summary, indent=0)


def _change(before: Need, after: Need, allowed: Need, *, at_least: bool = False) -> str:
    """Return what a step brings, in words."""
    least = "at least " if at_least else ""
    parts = []
    if before.lookups != after.lookups or before.lookups > allowed.lookups:
        parts.append(f"lookups {least}{before.lookups} → {least}{after.lookups} of {allowed.lookups}")
    if before.voids > allowed.voids or after.voids > allowed.voids:
        parts.append(f"void lookups {least}{before.voids} → {least}{after.voids} of {allowed.voids}")
    return ", ".join(parts) or f"lookups {least}{after.lookups} of {allowed.lookups}"


def _steps(plan: LimitPlan, asked: Sequence[str]) -> Iterator[Line]:
    record = plan.before or ""
    for number, step in enumerate(plan.steps, 1):
        terms = listed([visible(term, SHOWN_TERM) for term in step.terms], _MOST_TERMS)
        change = _change(step.before, step.after, plan.allowed, at_least=bool(plan.unknown))
        yield note(f"{number}. {_DO[step.kind]} ", Span(terms, "term"), f": {change}")
        yield note(Span(step.why, "quiet"), indent=5)
        if step.stops:
            yield from _stops(step)
        if step.kind is StepKind.FLATTEN:
            yield verbatim(visible(_command(plan, step, record, asked), 1 << 16), indent=5)
        record = step.record


def _stops(step: PlanStep) -> Iterator[Line]:
    networks = list(step.stops)
    shown = listed(joined_networks(networks), _MOST_NETWORKS)
    text = f"stops passing, apart from the limits: {shown} ({networks_text(networks)})"
    yield note(WARNING, text, indent=5)
    yield note(
        "look at the Return-Path of a message that the service sent for you first: it should be in another domain",
        indent=7,
    )


def _command(plan: LimitPlan, step: PlanStep, record: str, asked: Sequence[str]) -> str:
    """Return the command that flattens; the words in it are untrusted, and it is for a shell."""
    words = ["spfengine", "flatten", plan.domain]
    for name in step.includes:
        words += ["--include", name]
    return shlex.join([*words, "--draft", record, *asked])


def _try(plan: LimitPlan, asked: Sequence[str]) -> str:
    """Return the command that shows what the record of a plan does."""
    return shlex.join(["spfengine", "simulate", plan.domain, "--draft", plan.records[-1].record, *asked])


def _proof(plan: LimitPlan) -> Iterator[Line]:
    proof = Span("proved for every address: ", "strong")
    if plan.stops:
        yield note(proof, "nothing else passes less than it does now")
    else:
        yield note(proof, "nothing passes less than it does now")


def _unused(plan: LimitPlan) -> Iterator[Line]:
    if plan.used:
        shown = [f"{visible(term, SHOWN_TERM)} ({count:,})" for term, count in plan.used]
        yield note(f"messages given can pass by {listed(shown, _MOST_TERMS)}: none of these is taken out")
    for term, why in plan.unused:
        yield note(Span(visible(term, SHOWN_TERM), "term"), f" seems to do nothing: {why}")


def _by_messages(plan: LimitPlan, asked: Sequence[str]) -> Iterator[Line]:
    what = _change(plan.need, plan.after, plan.allowed)
    only_if = "or, only if the messages given show all that you send, including what is sent once a month or a year: "
    yield note(Span(only_if, "strong"), what)
    yield from _steps(plan, asked)
    yield verbatim(visible(plan.records[-1].record, 1 << 16))


def _alternative(plan: LimitPlan, asked: Sequence[str]) -> Iterator[Line]:
    what = _change(plan.need, plan.after, plan.allowed)
    yield note(Span("or, so that nothing at all stops passing: ", "strong"), what)
    yield from _steps(plan, asked)
