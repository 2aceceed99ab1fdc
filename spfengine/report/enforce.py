"""Whether a domain is ready for `-all`, as a page: the answer, who would fail, and what is not known."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from spfengine.report.networks import Owners, list_blocks
from spfengine.report.page import Block, Finding, Findings, Page, Section, prose, style_of, text
from spfengine.report.senders import sender_table
from spfengine.report.simulate import measured_sections, publish_blocks, record_blocks
from spfengine.simulation.enforce import Prospect, Readiness
from spfengine.simulation.simulation import Simulation
from spfengine.text.enforce import EARLY, GROUPS, next_steps, readiness_lines
from spfengine.text.lines import Span
from spfengine.text.senders import counted_senders, unknown_input_lines
from spfengine.text.simulate import changes_of
from spfengine.visible import visible_name

if TYPE_CHECKING:
    from spfengine.report.answered import Resolvers

KIND = "Ready for -all?"


def readiness_page(readiness: Readiness, own: Iterable[str] = (), resolvers: "Resolvers" = None) -> Page:
    """Return the page of a readiness.

    Args:
        own: domains whose records the admin can edit, in addition to the domain.
        resolvers: what answers, before and after, what was not asked.
    """
    own = (readiness.domain, *own)
    answer = next(readiness_lines(readiness, None)).spans[2:]
    simulation = readiness.simulation
    if simulation is None:
        severity = "warning" if readiness.is_incomplete else "error"
        why = Findings((Finding(severity, readiness.obstacle or "its record is not known"),))
        sections: list[Section] = [Section("why", "Why", (why,))]
    else:
        sections = _sections(readiness, simulation, own, resolvers)
    return Page(KIND, visible_name(readiness.domain), answer, style_of(answer), (), tuple(sections))


def _sections(
    readiness: Readiness, simulation: Simulation, own: tuple[str, ...], resolvers: "Resolvers"
) -> list[Section]:
    changes = changes_of(simulation, everything=True)
    lines = [*next_steps(readiness), *unknown_input_lines(simulation.senders)]
    know = [Findings((Finding("warning", EARLY),)), *prose(lines)]
    rest = list_blocks(changes, Owners(simulation.changes), simulation.kept)
    record: list[Block] = [] if readiness.is_enforced else record_blocks(simulation, own)
    publish = publish_blocks(simulation, own, ()) if readiness.is_ready and not readiness.is_enforced else []
    return [
        *[_group(readiness, prospect) for prospect in GROUPS],
        Section("know", "What to know, and what to do next", tuple(know)),
        Section("addresses", "All addresses", tuple(rest)),
        Section("record", "The record", tuple(record)),
        *measured_sections(simulation, own, resolvers),
        Section("publish", "What to publish", tuple(publish)),
    ]


def _group(readiness: Readiness, prospect: Prospect) -> Section:
    name, style = GROUPS[prospect]
    senders = readiness.senders(prospect)
    caption = text(Span(counted_senders(senders), style))
    blocks = (sender_table(caption, senders),) if senders else ()
    return Section(f"senders-{prospect}", f"Senders: {name}", blocks)
