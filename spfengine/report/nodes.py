"""The include tree as nodes: each with its cost in lookups, its addresses, and what changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from spfengine.addresses import V4, V6, Family, network_range
from spfengine.answers import RRType
from spfengine.policy.include_tree import IncludeTree, TreeRecord, TreeTerm
from spfengine.policy.ranges import Spans, size, union
from spfengine.record.model import HostDirective, Network
from spfengine.report.page import MARKS, SIGNS, Node, Tree
from spfengine.simulation.records import compare_terms
from spfengine.text.lines import Span
from spfengine.text.outcomes import SHOWN_TERM, address_count
from spfengine.text.tree import TreeNodes, broken_text, hosts
from spfengine.visible import visible, visible_name
from spfengine.wording import counted

_RUN = 6  # this many neighbouring networks are folded
_ALL_OPEN = 40  # nodes of a tree that is shown whole
_SHOWN_NETWORKS = 2000


def tree_block(after: IncludeTree, before: IncludeTree | None = None) -> Tree:
    """Return a tree; with `before`, the terms that are added and removed are marked."""
    return Tree(_Drawing(before, after).root())


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A node, and what the nodes above it need to know.

    Attributes:
        lookups: the numbers of the lookups of the term and of all that it leads to.
        spans: the addresses that it lists, by IP version.
        is_changed: whether anything in it is added or removed.
    """

    node: Node
    lookups: tuple[int, ...]
    spans: dict[int, Spans]
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class _Pair:
    """A term of one tree or of both, with its sign; "" if nothing is compared."""

    sign: str
    before: TreeTerm | None
    after: TreeTerm | None

    @property
    def term(self) -> TreeTerm:
        term = self.after or self.before
        assert term is not None, "a pair has a term"
        return term


class _Drawing:
    """Draws one tree, or two as one."""

    def __init__(self, before: IncludeTree | None, after: IncludeTree) -> None:
        self._before, self._after = before, after
        self._limit = after.limits.lookups
        self._need = after.budget.worst_lookups
        self._texts = {False: TreeNodes(after), True: TreeNodes(before or after)}
        self._opens_all = sum(1 for _ in after.terms) <= _ALL_OPEN

    def root(self) -> Node:
        before = None if self._before is None else self._before.root
        drawn = self._record(before, self._after.root, 0)
        return drawn.node

    def _record(self, before: TreeRecord | None, after: TreeRecord | None, depth: int) -> _Drawn:
        record = after or before
        assert record is not None, "one of the two trees has the record"
        children = self._children(before, after, depth)
        broken = broken_text(record) if record.record is None else ""
        node = Node(
            "",
            "",
            visible_name(record.domain),
            about=(*self._texts[after is None].about(record), *([Span(broken, "term")] if broken else [])),
            below=tuple([child.node for child in children]),
            is_open=self._is_open(depth, children),
        )
        return _together(node, children)

    def _children(self, before: TreeRecord | None, after: TreeRecord | None, depth: int) -> list[_Drawn]:
        pairs = list(_pairs(before, after))
        drawn: list[_Drawn] = []
        for (is_network, _), group in groupby(pairs, lambda pair: (_is_plain(pair.term), pair.sign)):
            members = list(group)
            if is_network and len(members) >= _RUN:
                drawn.append(_run(members))
            else:
                drawn += [self._term(pair, depth) for pair in members]
        return drawn

    def _term(self, pair: _Pair, depth: int) -> _Drawn:
        term = pair.term
        is_gone = pair.after is None
        texts = self._texts[is_gone]
        below = self._below(pair, depth)
        counted_ones = below if is_gone else _without_removed(below)
        own = () if term.lookup is None else (term.lookup,)
        lookups = (*own, *[number for child in counted_ones for number in child.lookups])
        spans = _spans(term, counted_ones)
        notes = [Span(visible(text, 200), style) for text, style in texts.notes(term)]
        if len(term.records) == 1:
            notes += texts.about(term.records[0])
            broken = broken_text(term.records[0]) if term.records[0].record is None else ""
            notes += [Span(broken, "term")] if broken else []
        if not is_gone and term.lookup == self._limit and self._need >= self._limit:
            notes.append(Span(f"the limit of {self._limit} lookups is spent here", "softfail"))
        if not isinstance(term.term, Network) or term.term.prefix != term.term.family.bits:
            notes += _addresses(spans)
        host_nodes = [Node("", "", host[0].text, about=host[1:]) for host in hosts(term)]
        node = Node(
            *_sign(pair.sign),
            visible(term.term.text, SHOWN_TERM),
            cost=_cost(lookups, self._limit, is_gone=is_gone),
            over=not is_gone and max(lookups, default=0) > self._limit,
            about=tuple(notes),
            below=(*host_nodes, *[child.node for child in below]),
            is_open=not is_gone and self._is_open(depth + 1, below),
        )
        is_changed = pair.sign in ("+", "-") or any(child.is_changed for child in below)
        return _Drawn(node, lookups, spans, is_changed)

    def _below(self, pair: _Pair, depth: int) -> list[_Drawn]:
        """Return what a term leads to: the terms of its record, or its records if there are several."""
        old = () if pair.before is None else pair.before.records
        new = () if pair.after is None else pair.after.records
        if max(len(old), len(new)) == 1:
            return self._children(next(iter(old), None), next(iter(new), None), depth + 1)
        records = [(old[i] if i < len(old) else None, new[i] if i < len(new) else None) for i in range(len(new or old))]
        return [self._record(before, after, depth + 1) for before, after in records]

    def _is_open(self, depth: int, below: Sequence[_Drawn]) -> bool:
        is_over = any(child.node.over for child in below)
        return self._opens_all or depth == 0 or is_over or any(child.is_changed for child in below)


def _together(node: Node, children: Sequence[_Drawn]) -> _Drawn:
    kept = _without_removed(children)
    lookups = tuple([number for child in kept for number in child.lookups])
    spans = {version: union(*[child.spans[version] for child in kept]) for version in (4, 6)}
    return _Drawn(node, lookups, spans, any(child.is_changed for child in children))


def _without_removed(children: Sequence[_Drawn]) -> list[_Drawn]:
    """Return the nodes that are part of the tree after the change."""
    return [child for child in children if child.node.meaning != SIGNS["-"]]


def _pairs(before: TreeRecord | None, after: TreeRecord | None) -> Iterator[_Pair]:
    """Yield the terms of a record in both trees, as one list."""
    old, new = (() if record is None else record.terms for record in (before, after))
    if before is None or after is None or before.record is None or after.record is None:
        yield from [_Pair("", None, term) for term in new] if after is not None else [_Pair("", t, None) for t in old]
        return
    left, right = list(old), list(new)
    for change in compare_terms(before.record.source, after.record.source):
        was = _take(left, change.term) if change.sign != "+" else None
        becomes = _take(right, change.term) if change.sign != "-" else None
        if was is not None or becomes is not None:
            yield _Pair(change.sign, was, becomes)
    yield from [_Pair("=", None, term) for term in right]


def _take(terms: list[TreeTerm], text: str) -> TreeTerm | None:
    """Remove the first term with this text from a list, and return it."""
    found = next((term for term in terms if term.term.text == text), None)
    if found is not None:
        terms.remove(found)
    return found


def _is_plain(term: TreeTerm) -> bool:
    return isinstance(term.term, Network) and term.unused is None


def _run(pairs: Sequence[_Pair]) -> _Drawn:
    """Return neighbouring networks as one node that can be unfolded."""
    texts = [visible(pair.term.term.text, SHOWN_TERM) for pair in pairs]
    spans = {v: union(*[_spans(pair.term, ())[v] for pair in pairs]) for v in (4, 6)}
    shown = tuple(texts[:_SHOWN_NETWORKS])
    more = len(texts) - len(shown)
    left_out = (Span(f"{more:,} more are left out", "quiet"),) if more else ()
    name = f"{texts[0]} … {texts[-1]}"
    about = (Span(counted(len(texts), "network"), ""), *_addresses(spans), *left_out)
    node = Node(*_sign(pairs[0].sign), name, about=about, folded=shown, is_open=False)
    return _Drawn(node, (), spans, pairs[0].sign in ("+", "-"))


def _sign(sign: str) -> tuple[str, str]:
    return ("", "") if sign in ("", "=") else (MARKS[sign], SIGNS[sign])


def _spans(term: TreeTerm, below: Sequence[_Drawn]) -> dict[int, Spans]:
    """Return the addresses that a term lists, with all that it leads to, by IP version."""
    found: dict[int, Spans] = {4: [], 6: []}
    for family, first, last in _own_spans(term):
        found[family.version].append((first, last))
    return {version: union(sorted(found[version]), *[child.spans[version] for child in below]) for version in (4, 6)}


def _own_spans(term: TreeTerm) -> Iterator[tuple[Family, int, int]]:
    if isinstance(term.term, Network):
        yield term.term.family, *network_range(term.term.family, term.term.network, term.term.prefix)
    if isinstance(term.term, HostDirective):
        for asked in term.questions:
            if asked.question.type in (RRType.A, RRType.AAAA):
                family = V4 if asked.question.type is RRType.A else V6
                for address in asked.answer.records:
                    yield family, *network_range(family, address, term.term.prefix(family))


def _addresses(spans: dict[int, Spans]) -> list[Span]:
    counts = {version: size(found) for version, found in spans.items()}
    texts = [address_count(count, version) for version, count in counts.items() if count > 1]
    return [Span(" and ".join(texts), "quiet")] if texts else []


def _cost(lookups: Sequence[int], limit: int, *, is_gone: bool) -> str:
    """Return which lookups these are, in words."""
    if not lookups:
        return ""
    number, first, last = len(lookups), min(lookups), max(lookups)
    if is_gone:
        return f"frees {counted(number, 'lookup')}"
    which = f"lookup {first}" if number == 1 else f"{number} lookups, {first} to {last}"
    return f"{which}, over the limit" if first > limit else which
