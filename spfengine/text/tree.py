"""An include tree: each lookup with its number and what DNS said, then what it all costs."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from spfengine.answers import Answer, RRType, Status, is_spf_octets
from spfengine.evaluation.limit_profiles import LimitProfile
from spfengine.evaluation.limits import VoidRule
from spfengine.evaluation.trace import TracedQuestion
from spfengine.evaluation.unanswered import NOT_GIVEN
from spfengine.policy.budget import Budget, Cost
from spfengine.policy.include_tree import IncludeTree, TreeRecord, TreeTerm
from spfengine.problems import ProblemCode, Result
from spfengine.record.model import MX, DomainDirective, Network, Ptr, Redirect
from spfengine.text.lines import FAULT, WARNING, Line, Node, Span, draw, line, more_line, note, plain
from spfengine.text.outcomes import of_limit
from spfengine.text.problems import problem_lines
from spfengine.visible import visible, visible_name
from spfengine.wording import counted, listed

_RUN = 6  # this many neighbouring networks are put in one line
_MOST_ADDRESSES = 8
_SHOWN_TERM = 300
_SHOWN_RECORD = 2000
_MOST_FAULTS = 20
_RULES = {
    VoidRule.PER_TERM: "each term once",
    VoidRule.PER_LOOKUP: "each void answer",
    VoidRule.DUAL_STACK: "only names without any address",
}
_INPUTS = {
    "client-address": "client's address",
    "client-names": "client's names",
    "local-part": "sender",
    "helo": "HELO name",
}


def tree_lines(tree: IncludeTree, width: int | None) -> Iterator[Line]:
    """Yield the lines of a tree."""
    yield from draw(TreeNodes(tree).root(), width)
    yield line()
    yield from _meters(tree)
    if any(term.costs_lookup and term.lookup is None and term.unused is None for term in tree.terms):
        yield note(Span("not reached: the checks that need the most lookups end before these terms", "quiet"))
    for problem in tree.problems[:_MOST_FAULTS]:
        mark = WARNING if problem.code is ProblemCode.OVER_VOID_LIMIT_PER_LOOKUP else FAULT
        before = f"{visible_name(problem.domain)}: " if problem.domain and problem.span else ""
        yield from problem_lines(problem, width, mark=mark, before=before)
    yield from more_line(len(tree.problems) - _MOST_FAULTS, where="--json has them", indent=2)
    if tree.is_cut:
        yield note(FAULT, "the tree is too large to be shown whole; terms without an answer were not asked about")


def render_tree(tree: IncludeTree, width: int | None) -> str:
    """Return the text of a tree; see its method `render`."""
    return plain(tree_lines(tree, width), width)


class TreeNodes:
    """Makes the nodes of a tree.

    Attributes:
        digits: columns of the largest number of a lookup.
    """

    def __init__(self, tree: IncludeTree) -> None:
        self.tree = tree
        self.digits: int = len(str(max([term.lookup or 0 for term in tree.terms], default=0)))

    def root(self) -> Node:
        """Return the tree from its root on."""
        record = self.tree.root
        return self._with_terms(Node(Span(visible_name(record.domain), "strong"), *self.about(record)), record)

    def _with_terms(self, node: Node, record: TreeRecord) -> Node:
        if record.record is None:
            text = broken_text(record)
            node.below += [Node(Span(text))] if text else []
            return node
        for is_network, group in groupby(record.terms, lambda term: isinstance(term.term, Network) and not term.unused):
            terms = list(group)
            if is_network and len(terms) >= _RUN:
                span = f"{_printable(terms[0])} … {_printable(terms[-1])}"
                about = Span(f"  {counted(len(terms), 'network')}")
                node.below.append(Node(*self._number(None), Span(span, "term"), about))
            else:
                node.below += [self._term(term) for term in terms]
        return node

    def _term(self, term: TreeTerm) -> Node:
        node = Node(*self._number(term.lookup), Span(_printable(term), "term"))
        node.spans += tuple(Span(f"  {visible(text, 200)}", style) for text, style in self.notes(term))
        if len(term.records) == 1:  # its terms go below the term that names it
            node.spans += self.about(term.records[0])
            return self._with_terms(node, term.records[0])
        for record in term.records:
            below = Node(Span(visible_name(record.domain), "strong"), *self.about(record))
            node.below.append(self._with_terms(below, record))
        node.below += [Node(*spans) for spans in hosts(term)]
        return node

    def _number(self, lookup: int | None) -> tuple[Span, ...]:
        if not self.digits:
            return ()
        over = lookup is not None and lookup > self.tree.limits.lookups
        return (Span(f"{lookup or '':>{self.digits}} ", "fault" if over else "strong"),)

    def notes(self, term: TreeTerm) -> Iterator[tuple[str, str]]:
        """Yield what is said about a term next to it: texts, each with its style."""
        if term.unused is not None:
            yield term.unused, "quiet"
        elif term.costs_lookup:
            if term.lookup is None:
                yield "not reached", "quiet"
            yield from self._target_notes(term)
            yield from self._name_notes(term)
            if not isinstance(term.term, MX) and len(term.targets) == 1:
                yield from map(_addresses, _by_name(term.questions))

    def _target_notes(self, term: TreeTerm) -> Iterator[tuple[str, str]]:
        if term.inputs:
            yield f"depends on the {' and the '.join(_INPUTS[str(what)] for what in term.inputs)}", "softfail"
        elif _has_macros(term):
            yield f"= {', '.join([visible_name(name) or 'no name' for name in term.targets]) or 'no name'}", "quiet"

    def _name_notes(self, term: TreeTerm) -> Iterator[tuple[str, str]]:
        limit = self.tree.limits.names
        if isinstance(term.term, Ptr):
            yield f"asks for the names of the client; only the first {limit} are looked at", "softfail"
        elif term.names is not None and term.questions:
            yield f"names {term.names}/{limit}", "fault" if term.names > limit else ""

    def about(self, record: TreeRecord) -> tuple[Span, ...]:
        """Return what is to be said about a record next to its name."""
        notes = []
        if not record.own:
            notes.append(Span(f"  outside {visible_name(self.tree.domain)}", "quiet"))
        if record.loop:
            notes.append(Span(f"  leads back to {visible_name(record.domain)}: a loop", "fault"))
        if record.result is not None:
            style = "unknown" if record.result is Result.TEMPERROR else "fault"
            notes.append(Span(f"  {record.result}: {record.problems[0].text}", style))
        return tuple(notes)


def _printable(term: TreeTerm) -> str:
    return visible(term.term.text, _SHOWN_TERM)


def _has_macros(term: TreeTerm) -> bool:
    spec = term.term.domain_spec if isinstance(term.term, DomainDirective) else None
    spec = term.term.value if isinstance(term.term, Redirect) else spec
    return spec is not None and spec.target is None


def broken_text(record: TreeRecord) -> str:
    """Return the text of a record that is broken, or ""."""
    asked = record.question
    if asked is None or not any(problem.span is not None for problem in record.problems):
        return ""
    return next((visible(text, _SHOWN_RECORD) for text in asked.answer.records if is_spf_octets(text)), "")


def _by_name(questions: tuple[TracedQuestion, ...]) -> list[list[TracedQuestion]]:
    """Return the questions for addresses, those of one name together."""
    addresses = [asked for asked in questions if asked.question.type in (RRType.A, RRType.AAAA)]
    return [list(group) for _, group in groupby(addresses, lambda asked: asked.question.name)]


def hosts(term: TreeTerm) -> Iterator[tuple[Span, ...]]:
    """Yield a line for each host of an mx, or for what is published instead; and for each of several targets."""
    is_mx = isinstance(term.term, MX)
    if not is_mx and len(term.targets) < 2:
        return
    mx = [asked for asked in term.questions if asked.question.type is RRType.MX]
    for asked in mx:
        yield from _no_exchange(asked)
    names = _by_name(term.questions)
    for asked_of_host in names:
        text, style = _addresses(asked_of_host)
        yield Span(visible_name(asked_of_host[0].question.name)), Span(f"  {text}", style)
    exchanges = [name for asked in mx for _, name in asked.answer.records if name]
    missing = len(exchanges) - len(names) if is_mx else 0
    if missing > 0:
        yield (Span(f"… and {missing} more, which can't be queried or were not", "quiet"),)


def _no_exchange(asked: TracedQuestion) -> Iterator[tuple[Span, ...]]:
    if not asked.answer.records:
        yield (Span(f"{visible_name(asked.question.name)} {_nothing(asked.answer, 'MX record')}", "fault"),)
    elif all(name == "" for _, name in asked.answer.records):
        yield (Span("a null MX: it takes no mail, and matches nobody", "softfail"),)


def _addresses(asked: list[TracedQuestion]) -> tuple[str, str]:
    """Return what DNS said about a name's addresses, and the style of it."""
    text = _records_text([one.answer for one in asked])
    failed = [one for one in asked if one.answer.is_failure]
    if failed:
        if all(one.answer.is_unknown for one in failed):
            return f"{text}; {NOT_GIVEN}".removeprefix("; "), "unknown"
        what = " and ".join(f"{one.question.type} {one.answer.status}" for one in failed)
        return f"{text}; DNS could not answer: {what}".removeprefix("; "), "unknown"
    void = [one for one in asked if one.answer.is_void]
    if len(void) == len(asked):
        return f"{_nothing(void[0].answer, 'address')}{text}", "fault"
    if void:
        family = "IPv4" if void[0].question.type is RRType.A else "IPv6"
        return f"{text}; no {family} address: void for {family} clients", "softfail"
    return text, ""


def _records_text(answers: list[Answer]) -> str:
    text = listed([address for answer in answers for address in answer.texts()], _MOST_ADDRESSES)
    chain = next((answer.chain for answer in answers if answer.chain), ())
    return f"{text} (CNAME to {visible_name(chain[-1])})" if chain else text


def _nothing(answer: Answer, what: str) -> str:
    if answer.is_unknown:
        return f"is {NOT_GIVEN}"
    if answer.is_failure:
        return f"could not be asked for: {answer.status}"
    return "does not exist: void" if answer.status is Status.NXDOMAIN else f"has no {what}: void"


def _meters(tree: IncludeTree) -> Iterator[Line]:
    need, limits = tree.budget, tree.limits
    if need.endless:
        yield note(Span(f"lookups without end, and {limits.lookups} are allowed", "fault"))
        return
    least = "at least " if tree.is_open or tree.hides_lookups or need.incomplete else ""
    rule = limits.void_rule
    used = of_limit(need.worst_lookups, limits.lookups)
    lookups = Span(f"lookups {least}{used}", _style(need.worst_lookups, limits.lookups))
    voids = need.worst_voids(rule)
    yield note(
        lookups,
        Span(f"{_by_family(need.lookups)}, "),
        Span(f"void lookups {least}{of_limit(voids, limits.voids)}", _style(voids, limits.voids)),
        Span(_by_family(need.voids[rule])),
    )
    others = [other for other in VoidRule if need.worst_voids(other) != voids]
    if others:
        counts = "; ".join(f"{_RULES[other]}: {_void_meter(need, other, limits.voids)}" for other in others)
        yield note(Span(f"void lookups if receivers count otherwise: {counts}", "quiet"))
    yield from receiver_lines(need)


def receiver_lines(need: Budget) -> Iterator[Line]:
    """Yield whose limits the worst addresses exceed, if there are any."""
    if need.too_much_for:
        yield too_much_line(need.too_much_for)


def too_much_line(profiles: Sequence[LimitProfile], name: str = "") -> Line:
    """Return the line that names the receivers whose limits some clients exceed; `name` comes before it."""
    titles = listed([profile.title for profile in profiles], len(profiles))
    return note(name, Span("some clients exceed the limits of: ", "softfail"), titles)


def _style(number: int, limit: int) -> str:
    return "fault" if number > limit else ""


def _void_meter(need: Budget, rule: VoidRule, limit: int) -> str:
    return f"{of_limit(need.worst_voids(rule), limit)}{_by_family(need.voids[rule])}"


def _by_family(costs: dict[int, Cost]) -> str:
    """Return the numbers of both families, if they differ."""
    if costs[4].most == costs[6].most:
        return ""
    version = 4 if costs[4].most > costs[6].most else 6
    return f" (IPv{version} clients; IPv{10 - version}: {costs[10 - version].most})"
