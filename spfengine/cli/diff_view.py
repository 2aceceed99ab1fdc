"""What a person sees of the difference of two policies."""

from collections.abc import Iterator

from spfengine.cli.changes_view import Changes
from spfengine.cli.policy_view import addresses_text, conditions, failures, outcome_text, without_result
from spfengine.cli.screen import Line, Span, line
from spfengine.policy.diff import Change
from spfengine.policy.policy import Network, Policy
from spfengine.visible import visible

_SHOWN = 120  # characters of a record or domain in the headline


def page(
    a: tuple[str, Policy], b: tuple[str, Policy], changes: list[Change], unknown: list[Network], width: int | None
) -> Iterator[Line]:
    """Yield the difference of two policies, each with what it was asked for."""
    before, after = a[1], b[1]
    yield line(Span(visible(a[0], _SHOWN), "strong"), " → ", Span(visible(b[0], _SHOWN), "strong"), hang=2)
    if not changes and not unknown:
        yield line("equivalent: every client gets the same result", indent=2, hang=2)
    else:
        sorted_changes = Changes(before, after, changes, _why, lambda _: False)
        yield from sorted_changes.lines(width)
        yield from sorted_changes.staying_lines((), width)
        yield from sorted_changes.rest_lines()
    for each in dict.fromkeys([*conditions(before), *conditions(after)]):
        yield line(Span(f"some results rest on more than the address: {each}", "quiet"), indent=2, hang=2)
    for name, policy in (a, b):
        why = without_result(policy)
        if why is not None:
            yield line(Span("! ", "fault"), f"{visible(name, _SHOWN)}: {why}", indent=2, hang=2)
    if unknown:
        told = f"DNS could not answer for {addresses_text(unknown)}: {failures(before, after)}"
        yield line(Span("! ", "fault"), told, indent=2, hang=2)


def _why(change: Change) -> str:
    before, after = outcome_text(change.before), outcome_text(change.after)
    return after if before == after else f"{after}, not {before}"
