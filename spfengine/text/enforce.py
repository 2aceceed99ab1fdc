"""Whether a domain is ready for `-all`: the answer, who would fail, who is carried by DKIM, and what is not known."""

from collections.abc import Iterable, Iterator, Sequence

from spfengine.problems import Result
from spfengine.simulation.enforce import Prospect, Readiness
from spfengine.simulation.simulation import SenderChange
from spfengine.text.lines import FAULT, WARNING, Line, Span, line, note, plain
from spfengine.text.senders import sender_rows, senders_text, unknown_input_lines
from spfengine.text.simulate import change_lines, publish_lines, record_lines
from spfengine.visible import visible_name
from spfengine.wording import counted

GROUPS = {
    Prospect.FAILS: ("would fail", "fail"),
    Prospect.CARRIED_BY_DKIM: ("carried by DKIM: SPF fails, DMARC passes", "softfail"),
    Prospect.UNKNOWN: ("not known", "unknown"),
    Prospect.OTHER: ("not decided by -all", "strong"),
    Prospect.PASSES: ("pass", "pass"),
}
"""What -all means for senders: its name and style, the worst first."""
EARLY = (
    "with -all, receivers may reject a message for its SPF fail before they look at DKIM and DMARC. Then mail that "
    "only DKIM carries is lost, as forwarded mail is, and no DMARC report shows it (RFC 9989 §7.1)"
)
"""What to know before -all."""


def readiness_lines(
    readiness: Readiness, width: int | None, own: Iterable[str] = (), *, everything: bool = False
) -> Iterator[Line]:
    """Yield the lines of the answer.

    Args:
        own: domains whose records the admin can edit, in addition to the domain.
        everything: whether all senders are listed, however many.
    """
    own = (readiness.domain, *own)
    yield note(Span(visible_name(readiness.domain), "strong"), ": ", _answer(readiness), indent=0)
    simulation = readiness.simulation
    if simulation is None:
        yield note(FAULT, readiness.obstacle or "")
        return
    for prospect, (name, style) in GROUPS.items():
        senders = readiness.senders(prospect)
        if senders:
            yield line()
            yield note(Span(name, style), Span(f"  {_counted(senders)}", "quiet"))
            yield from sender_rows(senders, width, everything=everything)
    yield from unknown_input_lines(simulation.senders)
    yield line()
    yield from change_lines(simulation, width, everything=everything)
    yield line()
    yield note(WARNING, EARLY)
    yield from next_steps(readiness)
    if not readiness.is_enforced:
        for record in simulation.records:
            yield line()
            yield from record_lines(record, own, width)
        if readiness.is_ready:
            yield from publish_lines(simulation, own, ())


def render_readiness(readiness: Readiness, width: int | None, own: Iterable[str]) -> str:
    """Return the text of a readiness; see its method `render`."""
    return plain(readiness_lines(readiness, width, own), width)


def _answer(readiness: Readiness) -> Span:
    """Return whether the domain is ready for -all; if its record has -all already, who fails by it."""
    if readiness.simulation is None:
        if readiness.is_incomplete:
            return Span("not known whether it is ready for -all", "unknown")
        return Span("not ready for -all", "fault")
    if readiness.simulation.is_broken:
        return Span("not ready for -all: its record is broken", "fault")
    if readiness.is_enforced:
        return _answer_if_enforced(readiness, readiness.simulation.senders)
    failing, carried = readiness.senders(Prospect.FAILS), readiness.senders(Prospect.CARRIED_BY_DKIM)
    if failing:
        return Span(f"not ready for -all: {_senders(failing)} would fail", "fail")
    if carried:
        return Span(f"not ready for -all: {_carried_by_dkim(carried)}", "softfail")
    if not readiness.simulation.senders:
        return Span("not known whether it is ready for -all: no sender is given", "softfail")
    if readiness.is_ready is None:
        return Span("no sender given is known to fail, but not everything is known", "softfail")
    return Span(f"ready for -all, by the senders given: {_none_fails(readiness)}", "pass")


def _answer_if_enforced(readiness: Readiness, senders: Sequence[SenderChange]) -> Span:
    already = "it has -all already, and "
    failing, carried = readiness.senders(Prospect.FAILS), readiness.senders(Prospect.CARRIED_BY_DKIM)
    if failing:
        return Span(f"{already}{_senders(failing)} fail", "fail")
    if carried:
        return Span(f"{already}{_carried_by_dkim(carried)}", "softfail")
    if not senders:
        return Span(f"{already}who sends is not known, so nobody can say who fails", "softfail")
    if readiness.is_ready is None:
        return Span(f"{already}no sender given is known to fail, but not everything is known", "softfail")
    return Span(f"{already}{_none_fails(readiness)}", "pass")


def _carried_by_dkim(changes: Sequence[SenderChange]) -> str:
    return f"{_senders(changes)} {'is' if len(changes) == 1 else 'are'} carried by DKIM alone"


def _none_fails(readiness: Readiness) -> str:
    """Return that all senders given pass, or that none fails if -all does not decide for some of them."""
    assert readiness.simulation is not None, "without a record nothing is known of senders"
    if readiness.senders(Prospect.OTHER):
        return "no sender given fails"
    total = len(readiness.simulation.senders)
    return "the sender given passes" if total == 1 else f"all {total:,} senders given pass"


def next_steps(readiness: Readiness) -> Iterator[Line]:
    """Yield what to do before -all."""
    domain = visible_name(readiness.domain)
    assert readiness.simulation is not None, "without a record there are no steps"
    senders = readiness.simulation.senders
    broken = sum(change.after.result is Result.PERMERROR for change in readiness.senders(Prospect.FAILS))
    if broken:
        get = "gets" if broken == 1 else "get"
        yield note(
            f"{counted(broken, 'sender')} {get} permerror, which a fault of the record gives and not -all: correct it "
            f"first; spfengine lint {domain} shows it"
        )
    if readiness.senders(Prospect.FAILS):
        yield note(
            f"those of them that are yours have to pass first: spfengine suggest {domain} with the same senders. Those "
            "that forward your mail can't: only DKIM carries forwarded mail"
        )
    unseen = [change for change in readiness.senders(Prospect.FAILS) if change.sender.dmarc_dkim is None]
    if unseen:
        which = counted(len(unseen), "of them", "of them")
        yield note(f"whether DKIM carries {which} is not known; a DMARC report shows it")
    if not senders:
        yield note(
            "give those that send: --senders FILE with DMARC reports of a month or more, so that they have what is "
            "sent once a month, or --sender IP"
        )
    elif readiness.is_ready:
        yield note("other senders are not known: read reports of a month, for what is sent once a month")


def _senders(changes: Sequence[SenderChange]) -> str:
    messages = counted(sum(change.sender.count for change in changes), "message")
    return f"{counted(len(changes), 'sender')} ({messages})"


def _counted(changes: Sequence[SenderChange]) -> str:
    return senders_text(len(changes), sum(change.sender.count for change in changes))
