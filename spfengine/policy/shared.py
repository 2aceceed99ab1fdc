"""What the records that many domains include match, compiled once for all of them.

A domain's own tiling then looks an address up in one table for such an include, in place of one for each of the records
below it. It asks the same questions in the same order, and if one has another answer by then, the include is evaluated
as usual. Only records that work for every client are kept so: without an error, a void name of a record, or a term that
depends on more than the address.
"""

from collections import OrderedDict
from collections.abc import Generator, Iterable, Iterator
from typing import NamedTuple

from spfengine.addresses import V4, V6, Family, Table
from spfengine.answers import Answer, Question, RRType
from spfengine.evaluation.check_host import check_host, select_record
from spfengine.evaluation.limits import MAX_DEPTH, Limits, VoidRule, lifted
from spfengine.evaluation.mechanisms import UnknownTargetError
from spfengine.evaluation.session import Answers
from spfengine.names import fold
from spfengine.policy.conditional import Fork, TilingSession
from spfengine.policy.inputs import Inputs
from spfengine.policy.outcome import Input
from spfengine.policy.ranges import Spans, union
from spfengine.policy.trails import Trails
from spfengine.problems import Result
from spfengine.record.model import Include, Record
from spfengine.resolvers.cache import octets_of

MAX_OCTETS = 64 << 20
"""Estimated memory of the tables, and of the answers from which they were compiled."""
MAX_NAMES = 1 << 14
"""Names of which it is remembered that a domain included them."""
MAX_RANGES = 1 << 12
"""Ranges of a table. Records with more are evaluated as usual."""
_OF_RANGE = 100  # octets


class _Use:
    """What an include does for the addresses of a range.

    Attributes:
        matches: whether it matches.
        lookups, voids: what is counted below it.
        answers: what it asks, in order, with the answers.
    """

    __slots__ = ("answers", "lookups", "matches", "voids")

    def __init__(self, session: TilingSession) -> None:
        self.matches = session.result is Result.PASS
        self.lookups = session.lookups
        self.voids = session.voids
        self.answers = tuple(session.answers.items())


class _Included(NamedTuple):
    """What an include does for all addresses of a family.

    Attributes:
        table: by range.
        lookups, voids: the most that are counted.
        octets: its estimated memory.
        spans: the addresses that it matches.
        answers: what it asks for any address, with the answers.
        steps: the steps of work that it takes to find out all this.
        rule: what counted as a void lookup; None if nothing is void by any rule.
    """

    table: Table[_Use]
    lookups: int
    voids: int
    octets: int
    spans: Spans
    answers: tuple[tuple[Question, Answer], ...]
    steps: int
    rule: VoidRule | None


class _NotSharedError(Exception):
    """What an include does depends on the domain that includes it."""


class _SharedSession(TilingSession):
    """A run for every domain that includes a record."""

    def unknown_inputs(self, letters: frozenset[str]) -> tuple[Input, ...]:
        """Return the inputs that are not known. Raise _NotSharedError for the domain of the sender, which differs."""
        if "o" in letters:
            raise _NotSharedError
        return super().unknown_inputs(letters)


_Key = tuple[str, Family, object]


def _key(target: str, family: Family, limits: Limits) -> _Key:
    """Return what the table of an include is known by; of the limits, what matters to each without being exceeded."""
    return fold(target), family, (limits.names, limits.count_p)


class SharedIncludes:
    """The tables of included records, for the domains of one survey. Not safe to share between threads.

    Attributes:
        octets: their estimated memory.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[_Key, _Included] = OrderedDict()
        self.octets = 0
        self._uses: OrderedDict[str, int] = OrderedDict()

    def get(self, target: str, family: Family, limits: Limits) -> _Included | None:
        """Return the table of an include, or None if it is not known under these limits."""
        key = _key(target, family, limits)
        found = self._known.get(key)
        if found is None or found.rule not in (None, limits.void_rule):
            return None
        self._known.move_to_end(key)
        return found

    def matched(
        self, inputs: Inputs, target: str, answers: Answers
    ) -> Generator[Question, Answer, tuple[Spans, Spans] | None]:
        """Return the addresses of both families that an include matches alone; None if they are not known.

        The steps of work still count: where a domain meets the bound on work must not depend on other domains.

        Args:
            answers: what DNS has answered so far; new answers are added.
        """
        spans = []
        for family in (V4, V6):
            included = self.get(target, family, inputs.limits)
            if included is None or included.lookups >= MAX_DEPTH or included.steps >= inputs.work.left:
                return None
            if not (yield from _are_answers(included.answers, answers)):
                self.drop(target, family, inputs.limits)
                return None
            inputs.work.left -= included.steps
            spans.append(included.spans)
        return spans[0], spans[1]

    def drop(self, target: str, family: Family, limits: Limits) -> None:
        """Forget the table of an include, since an answer has changed."""
        key = _key(target, family, limits)
        if key in self._known:
            self.octets -= self._known.pop(key).octets
            self._uses.pop(key[0], None)

    def learn(self, inputs: Inputs, answers: Answers) -> None:
        """Compile what the record of a domain includes, if others included it before. Nothing is asked.

        Args:
            answers: what DNS answered while the domain was compiled.
        """
        for target in self._targets(inputs, answers):
            if not self._is_wanted(fold(target)):
                continue
            for family in (V4, V6):
                included = _compile(inputs, target, family, answers)
                if included is not None:
                    self._keep(_key(target, family, inputs.limits), included)

    def _targets(self, inputs: Inputs, answers: Answers) -> Iterator[str]:
        """Yield the names that records include, down to those whose tables are known."""
        pending = [inputs.domain]
        seen: set[str] = set()
        while pending:
            question = Question(pending.pop(), RRType.TXT).key
            if question.name in seen:
                continue
            seen.add(question.name)
            redirected, included = _names_in(answers.get(question))
            unknown = [name for name in included if self.get(name, V6, inputs.limits) is None]
            yield from unknown
            pending += [*redirected, *unknown]

    def _is_wanted(self, name: str) -> bool:
        """Count a use of a name; return whether it is time to compile its record: after 2 uses, 4, 8 and so on."""
        uses = self._uses[name] = self._uses.pop(name, 0) + 1
        if len(self._uses) > MAX_NAMES:
            self._uses.popitem(last=False)
        return uses > 1 and uses & (uses - 1) == 0

    def _keep(self, key: _Key, included: _Included) -> None:
        before = self._known.pop(key, None)
        self._known[key] = included
        self.octets += included.octets - (0 if before is None else before.octets)
        while self.octets > MAX_OCTETS:
            _, oldest = self._known.popitem(last=False)
            self.octets -= oldest.octets


class Sharing:
    """The shared includes of one tiling. Whether one is shared does not change during it.

    Args:
        includes: the tables.
        limits: the limits of the tiling.
        family: its family.
    """

    def __init__(self, includes: SharedIncludes, limits: Limits, family: Family) -> None:
        self._includes = includes
        self._limits = limits
        self._family = family
        self._pinned: dict[str, _Included | None] = {}
        self._answered: set[_Use] = set()

    def match(self, session: TilingSession, target: str) -> Generator[Question, Answer, bool | None]:
        """Return whether an include matches; None if it has to be evaluated as usual."""
        if target not in self._pinned:
            self._pinned[target] = self._includes.get(target, self._family, self._limits)
        included = self._pinned[target]
        if included is None or not _fits(included, session):
            return None
        use = session.hit(included.table)
        assert use is not None, "the table covers all addresses"
        if use not in self._answered:
            if not (yield from _are_answers(use.answers, session.answers)):
                self._includes.drop(target, self._family, self._limits)
                return None
            self._answered.add(use)
        session.lookups += use.lookups
        session.voids += use.voids
        return use.matches


def _are_answers(known: Iterable[tuple[Question, Answer]], answers: Answers) -> Generator[Question, Answer, bool]:
    """Return whether these questions still have these answers; those that were not asked are, and are added."""
    for question, answer in known:
        if question not in answers:
            answers[question] = yield question
        if answers[question] is not answer:
            return False
    return True


def _fits(included: _Included, session: TilingSession) -> bool:
    """Whether no limit can be met within an include."""
    limits = session.limits
    return (
        session.lookups + included.lookups <= limits.lookups
        and session.voids + included.voids <= limits.voids
        and len(session.path) + included.lookups <= MAX_DEPTH
    )


def _names_in(answer: Answer | None) -> tuple[list[str], list[str]]:
    """Return the names that a record redirects to and includes, without those that have macros."""
    record = None if answer is None else select_record(answer)
    if not isinstance(record, Record):
        return [], []
    redirected = [] if record.redirect is None else [record.redirect.value.target]
    included = [step.domain_spec.target for step in record.steps if isinstance(step, Include)]
    return [name for name in redirected if name], [name for name in included if name]


def _compile(inputs: Inputs, target: str, family: Family, answers: Answers) -> _Included | None:
    """Return what an include of `target` does; None if that depends on who includes it, or on more than is known."""
    by_start = _uses(inputs.at(target).with_limits(lifted(inputs.limits)), family, answers)
    if by_start is None:
        return None
    starts, uses = list(by_start), list(by_start.values())
    known = {question: answer for use in uses for question, answer in use.answers}
    ranges = zip(starts, [*starts[1:], family.last + 1], uses, strict=True)
    spans = union([(start, end - 1) for start, end, use in ranges if use.matches])
    voids = max([use.voids for use in uses])
    return _Included(
        (tuple(starts), tuple(uses)),
        max([use.lookups for use in uses]),
        voids,
        _OF_RANGE * len(starts) + sum(map(octets_of, known.values())),
        spans,
        tuple(known.items()),
        sum([2 + use.lookups for use in uses]),
        _rule_of(voids, inputs.limits),
    )


def _rule_of(voids: int, limits: Limits) -> VoidRule | None:
    """Return the rule by which so many void lookups were counted; None if there are none by any rule."""
    return limits.void_rule if voids or limits.void_rule is VoidRule.DUAL_STACK else None


def _uses(alone: Inputs, family: Family, answers: Answers) -> dict[int, _Use] | None:
    """Return what an include does for each range of addresses, by the first of them; None as for `_compile`."""
    trails: Trails[_Use] = Trails(family.last)
    uses: dict[int, _Use] = {}
    address = 0
    while address <= family.last:
        use, last = _use_at(alone, family, address, answers, trails)
        if use is None or len(uses) == MAX_RANGES:
            return None
        uses[address] = use
        address = last + 1
    return uses


def _use_at(
    alone: Inputs, family: Family, address: int, answers: Answers, trails: "Trails[_Use]"
) -> tuple[_Use | None, int]:
    """Return what an include does for an address, and the last address for which it does that; None if that depends on
    who includes it, or on more than is known.
    """
    use, _, last = trails.follow(None, address)
    if use is not None:
        return use, last
    session = _SharedSession(alone, family, address, {}, (), (), forking=True)
    session.known_answer = answers.get
    if not _is_certain(session):
        return None, address
    use = _Use(session)
    trails.note(None, session.trail, use)
    return use, session.hi


def _is_certain(session: TilingSession) -> bool:
    """Run check_host() without asking; return whether a directive decided, whichever domain includes the record."""
    steps = check_host(session)
    try:
        next(steps)
    except StopIteration:
        return session.problem is None
    except (Fork, UnknownTargetError, _NotSharedError):
        return False
    steps.close()
    return False
