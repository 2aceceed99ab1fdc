"""Trees for people: lines at branches."""

from collections.abc import Iterator

from spfengine.cli.screen import Line, Span

_STEP = 3  # columns of a branch


class Node:
    """A line at a branch, and what hangs below it."""

    def __init__(self, *spans: Span) -> None:
        self.spans = spans
        self.below: list[Node] = []


def draw(node: Node, width: int | None) -> Iterator[Line]:
    """Yield the lines of a tree; where branches use up half of the width, deeper ones begin at the same column."""
    yield from _draw(node, "", "", 1 << 10 if width is None else width // 2 - _STEP)


def _draw(node: Node, first: str, rest: str, deepest: int) -> Iterator[Line]:
    deep = len(rest) + _STEP > deepest
    yield Line(node.spans, first, rest + ("│  " if node.below and not deep else "   "))
    lead = rest[:-_STEP] if deep else rest
    for place, child in enumerate(node.below):
        last = place == len(node.below) - 1 and not deep
        yield from _draw(child, lead + ("└─ " if last else "├─ "), lead + ("   " if last else "│  "), deepest)
