"""The plan of a change: every name whose SPF changes between two trees of files, the worst first."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from spfengine.answers import Answer, Resolver, RRType, spf_texts
from spfengine.linting.partly_known import NO_NAME
from spfengine.names import Names, fold
from spfengine.planning.contents import Contents, contents_of
from spfengine.planning.states import State, mark_removed, pair
from spfengine.planning.trees import Tree
from spfengine.planning.unknowns import Unknowns, place_of, unshown_in_words
from spfengine.policy.outcome import Dependency
from spfengine.policy.policy import Policy
from spfengine.problems import Problem, ProblemCode
from spfengine.senders import Sender
from spfengine.simulation.simulate import compare
from spfengine.simulation.simulation import Effect, Simulation
from spfengine.sources.finder import UnreadFile
from spfengine.sources.unshown import Unshown
from spfengine.visible import visible, visible_name
from spfengine.wording import listed

_WAY_OUT = "; to know, compare zone files from before and after the change"
_MOST_SHOWN = 3  # records whose value no file shows
SCHEMA = "spfengine.plan/1"
"""The version of the JSON form of a plan."""
_LED_TO = frozenset({"A", "AAAA", "CNAME", "MX", "PTR", "TXT", "*"})  # the types that a check may ask for


class Verdict(StrEnum):
    """What a change does to a name, the worst first."""

    BROKEN = "broken"
    """Its record is no longer valid, or every client gets permerror."""
    WORSE = "worse"
    """Mail that passed no longer does, an error is new, or a sender given gets a worse result."""
    UNKNOWN = "unknown"
    """Something is not known, so neither is whether it gets worse."""
    STRICTER = "stricter"
    """Clients that did not pass, and belong to no sender, get a result that receivers treat worse."""
    CHANGED = "changed"
    """Results change, and none gets worse."""
    SAME = "same"
    """The record changes, and no result does."""


ORDER = tuple(Verdict)


@dataclass(frozen=True, slots=True)
class PlannedName:
    """A name whose SPF records, or those that it depends on, change.

    Attributes:
        name: the name; for a record whose name no file says, one under `unknown.invalid`.
        label: what people see: the name, or where its record is.
        file: the file that was compared, if several have different records for the name; or None.
        simulation: the comparison.
        verdict: what the change does to it.
        parts: the unknown parts of records that its results depend on, as the files have them.
        unsure: another reason why it is not known what the change does; "" if there is none.
    """

    name: str
    label: str
    file: str | None
    simulation: Simulation
    verdict: Verdict
    parts: tuple[str, ...] = ()
    unsure: str = ""

    def __repr__(self) -> str:
        return f"<PlannedName {visible(self.label, 80)}: {self.verdict}>"


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that was not read, or not to its end.

    Attributes:
        path, why: the file, and the reason.
        is_before, is_after: whether that is so before and after the change.
        is_changed: whether the file differs.
    """

    path: str
    why: str
    is_before: bool
    is_after: bool
    is_changed: bool

    @property
    def is_broken(self) -> bool:
        """Whether the change makes the file one that can't be read."""
        return self.is_after and not self.is_before


@dataclass(frozen=True, slots=True)
class Plan:
    """What a change to files does to the SPF of all names in them.

    Attributes:
        before, after: what the two trees were called.
        names: the names that change, the worst first.
        unchanged: how many names with SPF do not change.
        unread: the files that were not read.
        unknown: where the files do not say what an unchanged record is, or which name it is for.
        conflicts: the names for which several files of one tree have different records: (name, files).
        shown: replaces names under `unknown.invalid` in a text by what the files have there.
    """

    before: str
    after: str
    names: tuple[PlannedName, ...]
    unchanged: int
    unread: tuple[Unread, ...] = ()
    unknown: tuple[str, ...] = ()
    conflicts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    shown: Callable[[str], str] = field(default=str, repr=False, compare=False)

    def __repr__(self) -> str:
        return f"<Plan of {len(self.names)} names that change, and {self.unchanged} that do not>"

    def count(self, verdict: Verdict) -> int:
        """Return how many names have a verdict."""
        return sum(each.verdict is verdict for each in self.names)

    @property
    def is_broken(self) -> bool:
        """Whether the change breaks a record, or a file that has records."""
        return self.count(Verdict.BROKEN) > 0 or any(each.is_broken for each in self.unread)

    @property
    def is_worse(self) -> bool:
        """Whether something gets worse for a name."""
        return any(each.verdict is Verdict.WORSE for each in self.names)

    @property
    def is_incomplete(self) -> bool:
        """Whether there is a name or file for which it is not known what the change does."""
        is_unknown = any(each.simulation.is_incomplete or each.unsure for each in self.names)
        return is_unknown or any(each.is_changed for each in self.unread)

    def render(self, *, width: int | None = 80, everything: bool = False) -> str:
        """Return the text that `spfengine plan` prints.

        Args:
            width: columns to which lines are wrapped; None: not wrapped.
            everything: whether all names, networks and notes are listed, however many.
        """
        from spfengine.text.plan import render_plan

        return render_plan(self, width, everything=everything)

    def render_markdown(self) -> str:
        """Return the plan as Markdown for a comment, as `spfengine plan --format markdown` prints it."""
        from spfengine.text.plan_markdown import plan_markdown

        return plan_markdown(self)

    def to_dict(self) -> dict[str, object]:
        """Return the plan as JSON-safe values; key "schema" names their version."""
        counts = Counter(each.verdict for each in self.names)
        names: list[object] = [self._name(each) for each in self.names]
        return {
            "schema": SCHEMA,
            "before": visible(self.before),
            "after": visible(self.after),
            "worse": self.is_worse,
            "broken": self.is_broken,
            "incomplete": self.is_incomplete,
            "counts": {**{str(verdict): counts[verdict] for verdict in Verdict}, "unchanged": self.unchanged},
            "names": names,
            "unread": [
                {
                    "file": visible(each.path), "why": each.why, "before": each.is_before, "after": each.is_after,
                    "changed": each.is_changed,
                }
                for each in self.unread
            ],
            "unknown": list(self.unknown),
            "conflicts": [
                {"name": visible_name(name), "files": [visible(path) for path in files]}
                for name, files in self.conflicts
            ],
        }  # fmt: skip

    def _name(self, each: PlannedName) -> object:
        return _replaced(
            {
                "name": visible_name(each.name),
                "label": each.label,
                "file": None if each.file is None else visible(each.file),
                "verdict": str(each.verdict),
                "unknown_parts": list(each.parts),
                "unsure": each.unsure or None,
                "simulation": each.simulation.to_dict(),
            },
            self.shown,
        )


def _replaced(value: object, shown: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, dict):
        return {key: _replaced(each, shown) for key, each in value.items()}
    return [_replaced(each, shown) for each in value] if isinstance(value, list) else value


Senders = Callable[[str], Iterable[Sender]]
"""Returns the senders that send from a name."""


def plan(before: Tree, after: Tree, *, below: Resolver | None = None, senders: Senders = lambda _: ()) -> Plan:
    """Return what the change from one tree to another does to all names with SPF in them.

    Args:
        before, after: the trees.
        below: what answers for what the files do not have, in both states.
        senders: the senders that send from a name.

    Raises:
        MissingExtraError: a file is YAML, and pyyaml is not installed.
    """
    planning = _Planning((before.name, after.name), (contents_of(before), contents_of(after)), below, senders)
    return planning.plan(lambda path: before.is_same(after, path))


def plan_contents(
    names: tuple[str, str],
    contents: tuple[Contents, Contents],
    *,
    below: Resolver | None = None,
    senders: Senders = lambda _: (),
) -> Plan:
    """Return what `plan` does, for contents that have been read.

    Args:
        names: what the states before and after are called.
        contents: what they are.
        below, senders: as for `plan`.
    """
    return _Planning(names, contents, below, senders).plan(lambda _: False)


class _Planning:
    def __init__(
        self, names: tuple[str, str], contents: tuple[Contents, Contents], below: Resolver | None, senders: Senders
    ) -> None:
        self._names = names
        self._below = below
        self._senders = senders
        self._unknowns = Unknowns()
        self._old, self._new = (State(each, self._unknowns) for each in contents)
        pair(self._old, self._new)
        mark_removed(self._old, self._new, is_live=below is not None)
        mark_removed(self._new, self._old, is_live=False)
        self._touched = _touched(self._old, self._new)

    def plan(self, is_same_file: Callable[[str], bool]) -> Plan:
        files_of: dict[str, list[str]] = {}
        for state in (self._old, self._new):
            for name, files in state.spf_names().items():
                files_of.setdefault(name, []).extend(files)
        conflicts = {**self._old.conflicts(), **self._new.conflicts()}
        planned: list[PlannedName] = []
        unchanged = 0
        for name, files in files_of.items():
            lasts: list[str | None] = list(dict.fromkeys(files)) if name in conflicts else [None]
            found = [each for last in lasts if (each := self._compared(name, last)) is not None]
            planned += found
            unchanged += not found
        planned.sort(key=lambda each: (ORDER.index(each.verdict), -_messages(each), each.label))
        return Plan(
            *self._names,
            tuple(planned),
            unchanged,
            tuple(self._unread(is_same_file)),
            tuple(self._unknown({each.name for each in planned})),
            tuple([(name, tuple(files)) for name, files in conflicts.items()]),
            self._unknowns.shown,
        )

    def _compared(self, name: str, last: str | None) -> PlannedName | None:
        """Return what changes for a name; None if nothing does."""
        before, after = self._old.resolver(self._below, last), self._new.resolver(self._below, last)
        policy = Policy.compile(name, resolver=before)
        open_terms = _open_terms(policy, self._touched)
        hidden = [each for state in (self._old, self._new) for each in state.unshown.get(fold(name), ())]
        if not open_terms and not hidden and _has_same_answers(policy, after):
            return None
        simulation = compare(name, before, after, senders=self._senders(name))
        is_sure = self._are_lookups_known(simulation)
        unsure = _why_unsure(open_terms, hidden, is_sure=is_sure)
        if not unsure and not _has_effect(simulation):
            return None
        simulation = _without_hints(simulation, name if hidden else NO_NAME)
        verdict = _verdict(simulation, unsure, is_sure=is_sure)
        label = self._unknowns.label(name) or visible_name(name)
        return PlannedName(name, label, last, simulation, verdict, self._parts(simulation, hidden), unsure)

    def _are_lookups_known(self, simulation: Simulation) -> bool:
        """Whether no unknown part of a record decides if there are too many lookups."""
        if all(problem.code is not ProblemCode.OVER_LOOKUP_LIMIT for problem in simulation.problems):
            return True
        texts = [text for each in (simulation.before, simulation.after) for text in _records(each)]
        return not self._unknowns.has_open_term(texts)

    def _parts(self, simulation: Simulation, hidden: Sequence[Unshown]) -> tuple[str, ...]:
        """Return what the files have in place of what is not known."""
        asked = [q.name for answers in (simulation.before.answers, simulation.after.answers) for q in answers]
        return tuple(dict.fromkeys([*self._unknowns.parts(asked), *[_part(each.text) for each in hidden]]))

    def _unread(self, is_same_file: Callable[[str], bool]) -> list[Unread]:
        before = {each.path: each for each in self._old.contents.unread}
        after = {each.path: each for each in self._new.contents.unread}
        found = []
        for path, each in (before | after).items():
            found.append(Unread(path, _why(each), path in before, path in after, not is_same_file(path)))
        return found

    def _unknown(self, planned: set[str]) -> list[str]:
        """Return where the records are that do not change, but have unknown parts or an unknown name."""
        found = []
        for name, records in [*self._new.named.items(), *[(name, [one]) for name, one in self._new.unnamed.items()]]:
            for record in records:
                if name not in planned and (record.unknown or record.name_text):
                    parts = [_part(part.text) for part in record.unknown]
                    found.append(f"{place_of(record)}{': ' if parts else ''}{', '.join(parts)}")
        return found


def _part(text: str) -> str:
    return visible(" ".join(text.split()), 80) or "what is added later"


def _why(unread: UnreadFile) -> str:
    return visible(unread.why, 300)


def _open_terms(policy: Policy, touched: set[tuple[str, str]]) -> str:
    """Return the terms that only a check of one client can follow, if they may lead to what changes."""
    asked = {(fold(question.name), str(question.type)) for question in policy.answers}
    names = {name for name, type in touched - asked if type in _LED_TO}
    terms = {each: _suffix(each) for _, _, needed in policy.conditional for each in needed}
    found = [visible(each.term) for each, suffix in terms.items() if any(name.endswith(suffix) for name in names)]
    return ", ".join(dict.fromkeys(found[:3]))


def _suffix(dependency: Dependency) -> str:
    """Return how all names that a term may lead to end; "" if they may be any."""
    text = fold(dependency.term)
    return text.rpartition("}")[2] if "}" in text and "%" in text else ""


def _records(policy: Policy) -> Iterator[bytes]:
    """Yield the SPF records that a policy has read."""
    for question, answer in policy.answers.items():
        if question.type is RRType.TXT:
            yield from spf_texts(answer)


def _has_same_answers(policy: Policy, after: Resolver) -> bool:
    """Whether all that a policy asked has the same answer after the change."""
    return all(_is_same(answer, after.resolve(question)) for question, answer in policy.answers.items())


def _is_same(before: Answer, after: Answer) -> bool:
    """Whether two answers mean the same: all but their TTL."""
    return (before.status, before.records, before.chain) == (after.status, after.records, after.chain)


def _has_effect(simulation: Simulation) -> bool:
    """Whether a record or a result changes, or may."""
    changes = any(each.before.result is not each.after.result for each in simulation.senders)
    return changes or bool(simulation.changes or simulation.records or simulation.is_incomplete)


def _why_unsure(open_terms: str, hidden: Sequence[Unshown], *, is_sure: bool) -> str:
    """Return what is not known; "" if nothing is.

    Args:
        open_terms: the terms that may lead to what changes; "" if there are none.
        hidden: what may be or make the record, though no file shows that.
        is_sure: whether unknown parts of the records do not decide if there are too many lookups.
    """
    if not is_sure:
        return "how many lookups an unknown part needs, so whether there are too many"
    if hidden:
        return listed([unshown_in_words(each) for each in hidden], _MOST_SHOWN) + _WAY_OUT
    return f"{open_terms} may lead to addresses or records that change" if open_terms else ""


def _touched(old: State, new: State) -> set[tuple[str, str]]:
    """Return the RRsets that differ, by folded name and type, of those that a term may lead to."""
    states = []
    for state in (old, new):
        found: dict[tuple[str, str], set[object]] = {}
        for _, rrset in state.rrsets_of():
            found.setdefault((fold(rrset.name), rrset.type), set()).add((rrset.records, rrset.status))
        states.append(found)
    return {key for key in states[0].keys() | states[1].keys() if states[0].get(key) != states[1].get(key)}


def _without_hints(simulation: Simulation, unknown: str) -> Simulation:
    """Return a simulation that does not advise to ask DNS, if nothing but what the files do not show is not known.

    Args:
        unknown: the name whose record they do not show.
    """
    names = Names((NO_NAME, unknown))
    if not simulation.failed or not all(names.cover(each.name) for each in simulation.failed):
        return simulation
    if unknown != NO_NAME:  # it is in the files, and what is not known of it is said elsewhere
        problems = [each for each in simulation.problems if each.code is not ProblemCode.OUTSIDE_ZONE]
        return replace(simulation, problems=tuple(problems))
    problems = [
        Problem(each.code, each.text, each.domain, each.span, each.section)
        if each.code is ProblemCode.OUTSIDE_ZONE
        else each
        for each in simulation.problems
    ]
    return replace(simulation, problems=tuple(problems))


def _verdict(simulation: Simulation, unsure: str, *, is_sure: bool) -> Verdict:
    """Return what a change does to a name.

    Args:
        unsure: why something is not known; "" if everything is.
        is_sure: whether it is still certain that something gets worse, if it does.
    """
    if simulation.is_broken and is_sure:
        return Verdict.BROKEN
    if simulation.is_worse and is_sure:
        return Verdict.WORSE
    if simulation.is_incomplete or unsure:
        return Verdict.UNKNOWN
    if simulation.is_stricter:
        return Verdict.STRICTER
    is_changed = bool(simulation.changes) or any(change.effect is Effect.NEWLY_PASSING for change in simulation.senders)
    return Verdict.CHANGED if is_changed else Verdict.SAME


def _messages(planned: PlannedName) -> int:
    """Return how many messages the senders that newly fail have sent."""
    changes = planned.simulation.senders
    return sum(change.sender.count for change in changes if change.effect is Effect.NEWLY_FAILING)
