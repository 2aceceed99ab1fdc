"""What a person sees of an include tree: each lookup with its number and what DNS said, then what it all costs."""

from collections.abc import Iterator
from itertools import groupby

from spfengine.answers import Answer, RRType, Status
from spfengine.cli.branches import Node, draw
from spfengine.cli.screen import Line, Span, line
from spfengine.evaluation.limits import VoidRule
from spfengine.evaluation.trace import TracedQuestion
from spfengine.policy.budget import Budget, Cost
from spfengine.policy.include_tree import IncludeTree, TreeRecord, TreeTerm
from spfengine.problems import ProblemCode
from spfengine.record.model import MX, DomainDirective, Network, Ptr, Redirect
from spfengine.visible import visible, visible_name

_RUN = 6  # neighbouring networks from which on they are told in one line
_MOST_ADDRESSES = 8
_SHOWN_TERM = 300
_SHOWN_RECORD = 2000
_MOST_FAULTS = 20


def page(tree: IncludeTree, width: int | None) -> Iterator[Line]:
    """Yield the lines of a tree."""
    view = _View(tree)
    yield from draw(view.root(), width)
    yield line()
    yield from _meters(tree)
    if any(term.is_charged and term.lookup is None and term.unused is None for term in tree.terms):
        told = "not reached: the checks that need the most lookups end before these terms"
        yield line(Span(told, "quiet"), indent=2, hang=2)
    for problem in tree.problems[:_MOST_FAULTS]:
        style = "softfail" if problem.code is ProblemCode.OVER_VOID_LIMIT_PER_LOOKUP else "fault"
        whose = f"{visible_name(problem.domain)}: " if problem.domain and problem.span else ""
        about = Span(f" [{problem.code}]", "quiet")
        yield line(Span("! ", style), whose, problem.text, about, indent=2, hang=2)
        if problem.hint:
            yield line(Span("hint: ", "strong"), problem.hint, indent=4, hang=2)
    if len(tree.problems) > _MOST_FAULTS:
        yield line(f"… and {len(tree.problems) - _MOST_FAULTS} more; --json has them all", indent=2)
    if tree.is_cut:
        told = "the tree is too large to be told whole; terms without an answer were not asked about"
        yield line(Span("! ", "fault"), told, indent=2, hang=2)


class _View:
    """Makes a tree of lines.

    Attributes:
        digits: columns of the largest number of a lookup.
    """

    def __init__(self, tree: IncludeTree) -> None:
        self.tree = tree
        self.digits = len(str(max([term.lookup or 0 for term in tree.terms], default=0)))

    def root(self) -> Node:
        """Return the tree from its root on."""
        record = self.tree.root
        return self._with_terms(Node(Span(visible_name(record.domain), "strong"), *self._about(record)), record)

    def _with_terms(self, node: Node, record: TreeRecord) -> Node:
        if record.record is None:
            text = _text_of(record)
            node.below += [Node(Span(text))] if text else []
            return node
        for is_network, group in groupby(record.terms, lambda each: isinstance(each.term, Network) and not each.unused):
            terms = list(group)
            if is_network and len(terms) >= _RUN:
                span = f"{_shown(terms[0])} … {_shown(terms[-1])}"
                node.below.append(Node(*self._number(None), Span(span, "term"), Span(f"  {len(terms)} networks")))
            else:
                node.below += [self._term(term) for term in terms]
        return node

    def _term(self, term: TreeTerm) -> Node:
        node = Node(*self._number(term.lookup), Span(_shown(term), "term"))
        node.spans += tuple(Span(f"  {visible(note, 200)}", style) for note, style in self._notes(term))
        if len(term.records) == 1:  # its terms hang at the term that leads there
            node.spans += self._about(term.records[0])
            return self._with_terms(node, term.records[0])
        for record in term.records:
            below = Node(Span(visible_name(record.domain), "strong"), *self._about(record))
            node.below.append(self._with_terms(below, record))
        node.below += [Node(*spans) for spans in _hosts(term)]
        return node

    def _number(self, lookup: int | None) -> tuple[Span, ...]:
        if not self.digits:
            return ()
        over = lookup is not None and lookup > self.tree.limits.lookups
        return (Span(f"{lookup or '':>{self.digits}} ", "fault" if over else "strong"),)

    def _notes(self, term: TreeTerm) -> Iterator[tuple[str, str]]:
        if term.unused is not None:
            yield term.unused, "quiet"
            return
        if not term.is_charged:
            return
        if term.lookup is None:
            yield "not reached", "quiet"
        if term.inputs:
            yield f"rests on the {' and the '.join(_INPUTS[str(each)] for each in term.inputs)}", "softfail"
        elif _has_macros(term):
            yield f"= {', '.join([visible_name(name) or 'no name' for name in term.targets]) or 'no name'}", "quiet"
        if isinstance(term.term, Ptr):
            limit = self.tree.limits.names
            yield f"asks for the names of the client; only the first {limit} are looked at", "softfail"
        elif term.names is not None and term.questions:
            over = term.names > self.tree.limits.names
            yield f"names {term.names}/{self.tree.limits.names}", "fault" if over else ""
        if not isinstance(term.term, MX) and len(term.targets) == 1:
            for asked in _by_name(term.questions):
                yield _found(asked)

    def _about(self, record: TreeRecord) -> tuple[Span, ...]:
        """Return what is to be told of a record beside its name."""
        notes = []
        if not record.own:
            notes.append(Span(f"  outside {visible_name(self.tree.domain)}", "neutral"))
        if record.loop:
            notes.append(Span(f"  leads back to {visible_name(record.domain)}: a loop", "fault"))
        if record.result is not None:
            notes.append(Span(f"  {record.result}: {record.problems[0].text}", "fault"))
        return tuple(notes)


_INPUTS = {
    "client-address": "client's address",
    "client-names": "client's names",
    "local-part": "sender",
    "helo": "HELO name",
}


def _shown(term: TreeTerm) -> str:
    return visible(term.term.text, _SHOWN_TERM)


def _has_macros(term: TreeTerm) -> bool:
    spec = term.term.domain_spec if isinstance(term.term, DomainDirective) else None
    spec = term.term.value if isinstance(term.term, Redirect) else spec
    return spec is not None and spec.target is None


def _text_of(record: TreeRecord) -> str:
    """Return the text of a record that is broken."""
    asked = record.question
    if asked is None or not any(problem.span is not None for problem in record.problems):
        return ""
    return next((visible(text, _SHOWN_RECORD) for text in asked.answer.records if text[:6].lower() == b"v=spf1"), "")


def _by_name(questions: tuple[TracedQuestion, ...]) -> list[list[TracedQuestion]]:
    """Return the questions for addresses, those of one name together."""
    addresses = [asked for asked in questions if asked.question.type in (RRType.A, RRType.AAAA)]
    return [list(group) for _, group in groupby(addresses, lambda asked: asked.question.name)]


def _hosts(term: TreeTerm) -> Iterator[tuple[Span, ...]]:
    """Yield a line for each host of an mx, or for what stands in its place; and for each of several targets."""
    if not isinstance(term.term, MX) and len(term.targets) < 2:
        return
    for asked in term.questions:
        if asked.question.type is not RRType.MX:
            continue
        if not asked.answer.records:
            yield (Span(f"{visible_name(asked.question.name)} {_nothing(asked.answer, 'MX record')}", "fault"),)
        elif all(exchange == "" for _, exchange in _exchanges(asked)):
            yield (Span("a null MX: it takes no mail, and matches nobody", "softfail"),)
    for asked_of_host in _by_name(term.questions):
        text, style = _found(asked_of_host)
        yield Span(visible_name(asked_of_host[0].question.name)), Span(f"  {text}", style)
    told = len(_by_name(term.questions))
    exchanges = [exchange for asked in term.questions for _, exchange in _exchanges(asked) if exchange]
    hosts = len(exchanges) if isinstance(term.term, MX) else 0
    if told < hosts:
        yield (Span(f"… and {hosts - told} more that can't be asked for, or were not", "quiet"),)


def _exchanges(asked: TracedQuestion) -> tuple[tuple[int, str], ...]:
    return asked.answer.records if asked.question.type is RRType.MX else ()


def _found(asked: list[TracedQuestion]) -> tuple[str, str]:
    """Return what DNS said of a name's addresses, and in which style to tell it."""
    addresses = [text for each in asked for text in each.answer.texts()]
    chain = next((each.answer.chain for each in asked if each.answer.chain), ())
    told = ", ".join(addresses[:_MOST_ADDRESSES])
    if len(addresses) > _MOST_ADDRESSES:
        told += f" and {len(addresses) - _MOST_ADDRESSES} more"
    if chain:
        told += f" (CNAME to {visible_name(chain[-1])})"
    failed = [each for each in asked if each.answer.is_failure]
    if failed:
        what = " and ".join(f"{each.question.type} {each.answer.status}" for each in failed)
        return f"{told}; DNS could not answer: {what}".removeprefix("; "), "fault"
    void = [each for each in asked if each.answer.is_void]
    if len(void) == len(asked):
        return f"{_nothing(void[0].answer, 'address')}{told}", "fault"
    if void:
        family = "IPv4" if void[0].question.type is RRType.A else "IPv6"
        return f"{told}; no {family} address: void for {family} clients", "softfail"
    return told, ""


def _nothing(answer: Answer, what: str) -> str:
    if answer.is_failure:
        return f"could not be asked for: {answer.status}"
    return "does not exist: void" if answer.status is Status.NXDOMAIN else f"has no {what}: void"


def _meters(tree: IncludeTree) -> Iterator[Line]:
    need, limits = tree.budget, tree.limits
    least = "at least " if tree.is_open or need.incomplete else ""
    if need.endless:
        yield line(Span(f"lookups without end, and {limits.lookups} are allowed", "fault"), indent=2, hang=2)
        return
    over = need.worst_lookups > limits.lookups
    spans = [Span(f"lookups {least}{need.worst_lookups}/{limits.lookups}", "fault" if over else "")]
    spans.append(Span(f"{_whose(need.lookups)}, "))
    rule = limits.void_rule
    over = need.worst_voids(rule) > limits.voids
    spans.append(Span(f"void lookups {least}{need.worst_voids(rule)}/{limits.voids}", "fault" if over else ""))
    spans.append(Span(_whose(need.voids[rule])))
    yield line(*spans, indent=2, hang=2)
    others = [other for other in VoidRule if need.worst_voids(other) != need.worst_voids(rule)]
    if others:
        told = "; ".join(f"{_RULES[other]}: {_void_meter(need, other, limits.voids)}" for other in others)
        yield line(Span(f"void lookups where receivers count otherwise: {told}", "quiet"), indent=2, hang=2)


_RULES = {
    VoidRule.PER_TERM: "each term once",
    VoidRule.PER_LOOKUP: "each void answer",
    VoidRule.DUAL_STACK: "only names without any address",
}


def _void_meter(need: Budget, rule: VoidRule, limit: int) -> str:
    return f"{need.worst_voids(rule)}/{limit}{_whose(need.voids[rule])}"


def _whose(costs: dict[int, Cost]) -> str:
    """Return for which clients it is most, where that is not both families."""
    if costs[4].most == costs[6].most:
        return ""
    version = 4 if costs[4].most > costs[6].most else 6
    return f" (IPv{version} clients; IPv{10 - version}: {costs[10 - version].most})"
