"""A simulation as a page: the answer, what gets worse, the records, the limits, the addresses, and what to publish."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from spfengine.answers import Question, RRType
from spfengine.linting.limits import answer_size
from spfengine.names import fold
from spfengine.policy.policy import Policy
from spfengine.problems import Problem, Result
from spfengine.record.parser import diagnose, parse
from spfengine.report.answered import trees_block
from spfengine.report.meters import limit_meters, lookups_fact, size_meter
from spfengine.report.networks import Owners, group_tables, rest_block, staying_tables, unknown_tables
from spfengine.report.page import (
    Block,
    Fact,
    Facts,
    Finding,
    Findings,
    Folded,
    Group,
    Meter,
    Meters,
    Page,
    Section,
    Text,
    prose,
    style_of,
    text,
)
from spfengine.report.records import paste_block, problem_finding, term_changes, worst_first
from spfengine.report.senders import disagreement_tables, sender_facts, sender_tables
from spfengine.report.sentence import broken_by, sentence_blocks
from spfengine.report.space import space_block
from spfengine.simulation.records import RecordChange
from spfengine.simulation.simulation import Effect, Simulation
from spfengine.text.changes import Kind
from spfengine.text.lines import Span, line
from spfengine.text.outcomes import condition_lines
from spfengine.text.senders import authentication_lines, counted_senders, unknown_input_lines
from spfengine.text.simulate import (
    by_section,
    changes_of,
    cost_lines,
    end_words,
    has_plan,
    outside_lines,
    overview_lines,
    placed_problem,
    record_forms,
    record_lines,
    simulation_lines,
)
from spfengine.visible import visible_name
from spfengine.wording import counted, listed, number_text

if TYPE_CHECKING:
    from spfengine.report.answered import Resolvers

KIND = "What a change would do"
_MOST_NAMES = 10
_TITLES = {
    "gets worse": "What gets worse",
    "not known": "What is not known",
    "gets better": "What gets better",
    "changes": "What else changes",
    "stays": "What stays",
}
_KINDS = {"gets worse": Kind.WORSE, "gets better": Kind.BETTER, "changes": Kind.OTHER}


def simulation_page(
    simulation: Simulation,
    own: Iterable[str] = (),
    formats: Sequence[str] = (),
    resolvers: "Resolvers" = None,
) -> Page:
    """Return the page of a simulation.

    Args:
        own: domains whose records the admin can edit, in addition to the one simulated.
        formats: the forms of the records to paste; none: all.
        resolvers: what answers, before and after, what the simulation did not ask.
    """
    own = (simulation.domain, *own)
    headline = next(simulation_lines(simulation, None))
    _, _, first, *rest = headline.spans  # without the domain, which is the heading
    answer = (first, *_worse(simulation), *rest)
    authentication = authentication_lines([change.sender for change in simulation.senders])
    lead = [*sender_facts(simulation.senders), *space_facts(simulation)]
    lead += prose([line(*each.spans) for each in authentication])  # not indented: nothing is above them
    know = tuple(_caveats(simulation, own))
    broken, caveats = (know, ()) if simulation.is_broken else ((), know)
    return Page(
        KIND,
        visible_name(simulation.domain),
        answer,
        style_of(answer),
        tuple(lead),
        (
            Section("broken", "What is wrong with the draft", broken),
            *effect_sections(simulation),
            Section("record", "The record", tuple(record_blocks(simulation, own))),
            *measured_sections(simulation, own, resolvers),
            Section("know", "What to know before you publish", caveats),
            Section("publish", "What to publish", tuple(publish_blocks(simulation, own, formats))),
        ),
    )


def _worse(simulation: Simulation) -> Text:
    """Return what gets worse, after the answer that something does."""
    if simulation.is_broken or not simulation.is_worse:
        return ()
    failing = [change for change in simulation.senders if change.effect is Effect.NEWLY_FAILING]
    senders = f"{counted_senders(failing)} newly failing" if failing else ""
    parts = [part for part in (senders, changes_of(simulation).worse_words()) if part]
    return text(f": {'; '.join(parts)}") if parts else ()


def space_facts(simulation: Simulation) -> list[Block]:
    """Return how many addresses newly pass and no longer pass, and the lookups."""
    counts = dict.fromkeys(("gone", "new"), 0)
    for change in simulation.changes:
        passes = change.before.result is Result.PASS, change.after.result is Result.PASS
        if passes[0] is not passes[1]:
            counts["gone" if passes[0] else "new"] += change.network.num_addresses
    least = "at least " if simulation.is_incomplete else ""
    gone = Fact(f"{least}{number_text(counts['gone'])}", "addresses no longer pass", "fail" if counts["gone"] else "")
    new = Fact(f"{least}{number_text(counts['new'])}", "addresses newly pass")
    lookups = lookups_fact(simulation.before_budget, simulation.after_budget, simulation.after.limits)
    return [Facts((gone, new, lookups))]


def effect_sections(simulation: Simulation, *, with_senders: bool = True) -> list[Section]:
    """Return whom the change affects: what gets worse, what is not known, what gets better, and what stays."""
    senders = simulation.senders if with_senders else ()
    changes = changes_of(simulation, everything=True)
    owners = Owners(simulation.changes)
    place_of_rest = "gets worse" if changes.worse_rest_words() else "stays"
    sections = []
    for name, concerned in by_section(senders).items():
        blocks = sender_tables(concerned)
        if name in _KINDS:
            blocks += group_tables(changes, _KINDS[name], owners)
        elif name == "not known":
            blocks += unknown_tables(changes)
        else:
            blocks += staying_tables(changes, simulation.kept)
        if name == place_of_rest:
            blocks.append(rest_block(changes))
        if name == "gets worse" and not blocks:
            blocks = _nothing_worse(simulation)
        sections.append(Section(name.replace(" ", "-"), _TITLES[name], tuple(blocks)))
    return sections


def _nothing_worse(simulation: Simulation) -> list[Block]:
    if simulation.is_worse or simulation.is_broken:
        return []
    end = end_words(simulation, changes_of(simulation)) if simulation.is_incomplete else ""
    if end:
        return prose([line(f"Nothing else that is known; {end}.")])
    known = "" if not simulation.is_incomplete else " that is known"
    return prose([line(f"Nothing{known}, for any address.")])


def measured_sections(
    simulation: Simulation, own: tuple[str, ...], resolvers: "Resolvers", size: Meter | None = None
) -> list[Section]:
    """Return the limits, the include tree, and the addresses as a picture.

    Args:
        size: the meter of the DNS answer; None: it is measured here.
    """
    policies = simulation.before, simulation.after
    budgets = simulation.before_budget, simulation.after_budget
    meters = [*limit_meters(*budgets, simulation.after.limits), *(_size_meters(simulation) if size is None else [size])]
    limits = (Meters(tuple(meters)), *prose(list(cost_lines(simulation))[1:]))
    return [
        Section("limits", "Limits", limits),
        Section("tree", "The include tree", (trees_block(policies, budgets, resolvers, own),)),
        Section("space", "The addresses that pass", (space_block(*policies),)),
    ]


def _size_meters(simulation: Simulation) -> list[Meter]:
    before, after = (txt_size(policy) for policy in (simulation.before, simulation.after))
    return [] if after is None else [size_meter(before, after)]


def txt_size(policy: Policy) -> int | None:
    """Return the octets of the DNS answer with the TXT records of a policy's domain; None if that is not known."""
    answer = policy.answers.get(Question(fold(policy.domain), RRType.TXT))
    return None if answer is None or answer.is_failure else answer_size(policy.domain, answer)


def record_blocks(simulation: Simulation, own: tuple[str, ...]) -> list[Block]:
    """Return how each record changes, and what it says before and after."""
    blocks: list[Block] = []
    for record in simulation.records:
        heading = next(record_lines(record, own, None))
        name = visible_name(record.domain)
        is_main = fold(record.domain) == fold(simulation.domain)
        problems = [broken_by(each) if is_main else None for each in (simulation.before, simulation.after)]
        inner = [*term_changes(name, record.terms), *_sentences(record, problems)]
        blocks.append(Group(heading.spans, tuple(inner)))
    return blocks


def _sentences(record: RecordChange, problems: Sequence[Problem | None]) -> list[Block]:
    """Return what a record says before and after a change, each as a sentence; nothing for what can't be read.

    Args:
        problems: why some clients get permerror before and after.
    """
    blocks: list[Block] = []
    for name, source, problem in zip(("Before", "After"), (record.before, record.after), problems, strict=True):
        if source is not None and not diagnose(source):
            blocks += [Group(text(name), tuple(sentence_blocks(parse(source), record.domain, problem)))]
    return blocks


def _caveats(simulation: Simulation, own: tuple[str, ...]) -> list[Block]:
    findings = [draft_finding(problem, simulation) for problem in simulation.problems]
    lines = [
        *condition_lines(simulation.after),
        *unknown_input_lines(simulation.senders),
        *outside_lines(simulation, own),
    ]
    blocks: list[Block] = [Findings(worst_first(findings))] if findings else []
    return [*blocks, *disagreement_tables(simulation.senders), *prose(lines)]


def draft_finding(problem: Problem, simulation: Simulation) -> Finding:
    """Return a problem of a draft, with the part of the draft that it is about."""
    after, source = placed_problem(problem, simulation)
    return problem_finding(problem, source, after=after)


def publish_blocks(simulation: Simulation, own: tuple[str, ...], formats: Sequence[str]) -> list[Block]:
    """Return the new records, ready to paste; nothing if the draft is broken."""
    if simulation.is_broken:
        return []
    records: list[RecordChange] = [each for each in simulation.records if each.after is not None and each.reached]
    return [
        block
        for record in records
        for block in paste_block(record.domain, record_forms(record, simulation, own), formats)
    ]


def simulations_page(
    simulations: Sequence[Simulation],
    own: Iterable[str] = (),
    formats: Sequence[str] = (),
    resolvers: "Resolvers" = None,
) -> Page:
    """Return the page of several simulations, those of a zone; the arguments are those of `simulation_page`."""
    if len(simulations) == 1:
        return simulation_page(simulations[0], own, formats, resolvers)
    planned = [simulation for simulation in simulations if has_plan(simulation)]
    sections = []
    for index, simulation in enumerate(planned, 1):
        page = simulation_page(simulation, own, formats, resolvers)
        title = text(Span(page.subject, "term"), ": ", *page.answer)
        sections.append(Section(f"name-{index}", page.subject, (Group(title, page.lead), *_as_groups(page))))
    answer, style = _answer_of_several(simulations)
    subject = counted(len(simulations), "name")
    lead = tuple(prose(overview_lines(simulations)))
    return Page(KIND, subject, text(Span(answer, style)), style, lead, tuple(sections))


def _as_groups(page: Page) -> list[Block]:
    return [Folded(section.title, section.blocks) for section in page.with_sections]


def _answer_of_several(simulations: Sequence[Simulation]) -> tuple[str, str]:
    if not simulations:
        return "no name has an SPF record, before or after", "softfail"
    if any(simulation.is_broken for simulation in simulations):
        return "a draft is broken", "fail"
    worse = [visible_name(simulation.domain) for simulation in simulations if simulation.is_worse]
    if worse:
        return f"something gets worse for {listed(worse, _MOST_NAMES)}", "softfail"
    stricter = [visible_name(simulation.domain) for simulation in simulations if simulation.is_stricter]
    more = f"; stricter for clients that did not pass: {listed(stricter, _MOST_NAMES)}" if stricter else ""
    if any(simulation.is_incomplete for simulation in simulations):
        return f"nothing is known to get worse, but not everything is known{more}", "softfail"
    return (f"nothing that passes stops passing{more}", "softfail") if stricter else ("nothing gets worse", "pass")
