"""Asking ahead: the questions that a record makes foreseeable go out at once, before the check comes to them.

Whoever waits for DNS waits for one question after the other, though the first record says what most of the others will
be. So these drivers look at each answer as it comes, and ask what it foresees side by side. The check is the same
check_host(), sent the same answers in the same order: it knows nothing of this, and its result, counts and trace are
those of a check that asks one question at a time. What was asked in vain is counted apart, and given up at the result.

It is a matter of the resolver: one that waits says with `prefetch` how many questions a check may ask ahead. One that
keeps answers may have `peek`: what it returns at once is not asked ahead.
"""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from spfengine.addresses import locate
from spfengine.answers import Answer, Question, RRType
from spfengine.drivers import adrive, drive
from spfengine.evaluation.check_host import check_host, select_record
from spfengine.evaluation.session import Session, address_type
from spfengine.names import domain_fault, is_askable, reverse_name
from spfengine.record.macro import MacroString
from spfengine.record.model import MX, A, DomainDirective, Include, NetworkRun, Ptr, Record
from spfengine.resolvers.asking import aresolve_of, ask, checked

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task

_MOST_LOOKED_AT = 200
"""Answers that are looked at in one check, those that were kept already included."""


def drive_ahead(session: Session, resolver: Any) -> None:
    """Come to the verdict on a session: `drivers.run`, asking ahead.

    The questions that are asked side by side are so in an event loop of this check's own, by `aresolve`. As long as
    there are none, and where this thread runs an event loop already, `resolve` is asked, one question at a time.

    Raises:
        ResolverError: `resolver` does not keep the protocol. Whatever it raises itself is passed on.
    """
    waiting = _Blocking(_Ahead(session, resolver))
    try:
        drive(check_host(session), waiting, session.limits.seconds)
    finally:
        waiting.end()


async def adrive_ahead(session: Session, resolver: Any) -> None:
    """Come to the verdict on a session in asyncio: `drivers.arun`, asking ahead.

    Raises:
        ResolverError: `resolver` does not keep the protocol. Whatever it raises itself is passed on.
    """
    import asyncio  # here: who checks without asyncio does not pay for it

    ahead = _Ahead(session, resolver)
    ahead.begin(asyncio.get_running_loop())
    try:
        await adrive(check_host(session), ahead, session.limits.seconds)
    finally:
        ahead.end()


def foreseen(session: Session, question: Question, answer: Answer) -> Iterator[Question]:
    """Yield what this answer makes a check ask, if it gets so far; spelled and ordered as the check does.

    Left out is what rests on the names of the client's address (`%{p}`) before they are known, and the explanation,
    which is wanted only where the result is fail.
    """
    if answer.type is not question.type:
        return  # no records
    most = session.limits.names
    if question.type is RRType.TXT:
        record = select_record(answer)
        if isinstance(record, Record):
            yield from _foreseen_in(session, record, question.name)
    elif question.type is RRType.PTR or (question.type is RRType.MX and len(answer.records) <= most):
        names = answer.records[:most]
        for name in names if question.type is RRType.PTR else [exchange for _, exchange in names]:
            if is_askable(name):
                yield Question(name, address_type(session.family))


def _foreseen_in(session: Session, record: Record, domain: str) -> Iterator[Question]:
    charged = 0
    for step in record.steps:
        if isinstance(step, NetworkRun):
            starts, hits = step.table(session.family)
            if (
                hits[locate(starts, session.ip) - 1] is not None
            ):  # not session.locate(), which notes what the check looks up
                return  # the record ends here
            continue
        charged += 1
        if charged > session.limits.lookups:
            return
        assert isinstance(step, DomainDirective), "all others are in a NetworkRun"
        yield from _foreseen_of(session, step, domain)
    if record.redirect is not None and charged < session.limits.lookups:
        yield from _record_of(session, record.redirect.value, domain)


def _foreseen_of(session: Session, directive: DomainDirective, domain: str) -> Iterator[Question]:
    spec = directive.domain_spec
    if isinstance(directive, Ptr) or (spec is not None and "p" in spec.letters):
        yield Question(reverse_name(session.family, session.ip), RRType.PTR)
        return
    if isinstance(directive, Include):
        yield from _record_of(session, directive.domain_spec, domain)
        return
    name = domain if spec is None else _target(session, spec, domain)
    if not is_askable(name):
        return
    if isinstance(directive, A):
        yield Question(name, address_type(session.family))
    elif isinstance(directive, MX):
        yield Question(name, RRType.MX)
    else:  # exists
        yield Question(name, RRType.A)


def _record_of(session: Session, spec: MacroString, domain: str) -> Iterator[Question]:
    name = _target(session, spec, domain)
    if domain_fault(name) is None:
        yield Question(name, RRType.TXT)


def _target(session: Session, spec: MacroString, domain: str) -> str:
    """Return the name that a domain-spec stands for, or "" where that is not known or can't be asked."""
    if spec.target is not None:
        return spec.target
    if "p" in spec.letters or (spec.uses_local_part and not session.local_part.isascii()):
        return ""
    return spec.expand_name(lambda letter: Session.macro_value(session, letter, domain, ""))  # a session may note it


def _leads_no_further(question: Question) -> bool:
    """Whether nothing follows from the answer: such questions can wait for those that lead deeper into the tree."""
    return question.type is RRType.A or question.type is RRType.AAAA


class _Ahead:
    """What one check asks ahead; to the check it is the resolver.

    Attributes:
        session: the check.
        resolver: what answers.
        tasks: the questions that were asked ahead, by question as a check knows it.
        known: these, those that the check asked itself, and those whose answers were kept.
    """

    def __init__(self, session: Session, resolver: Any) -> None:
        self.session = session
        self.resolver = resolver
        self.tasks: dict[Question, Task[Any]] = {}
        self.known: set[Question] = set()
        self._most: int = resolver.prefetch
        self._peek: Callable[[Question], Answer | None] | None = getattr(resolver, "peek", None)
        self._loop: AbstractEventLoop | None = None
        self._aresolve: Callable[[Question], Awaitable[Any]] | None = None

    def begin(self, loop: "AbstractEventLoop") -> None:
        """From now on ask ahead, in this event loop."""
        self._loop = loop
        self._aresolve = aresolve_of(self.resolver)

    async def aresolve(self, question: Question) -> Answer:
        """Return the answer to a question of the check: that which was asked for already, or one asked for now."""
        key = question.key
        task = self.tasks.get(key)
        if task is not None:
            return checked(self.resolver, question, await task)
        self.known.add(key)
        answer = checked(self.resolver, question, await self._fetch(question))
        self.ask(self.unknown(question, answer))
        return answer

    def unknown(self, question: Question, answer: Answer) -> list[Question]:
        """Return what this answer, and answers that are kept already, foresee that is still to be asked."""
        found = []
        pending = [(question, answer)]
        while pending:
            for each in foreseen(self.session, *pending.pop()):
                key = each.key
                if key in self.known or len(self.known) >= _MOST_LOOKED_AT:
                    continue
                self.known.add(key)
                kept = None if self._peek is None else self._peek(each)
                if kept is None:
                    found.append(each)
                else:
                    pending.append((each, kept))
        found.sort(key=_leads_no_further)
        return found

    def ask(self, questions: list[Question]) -> None:
        """Ask these questions ahead, as long as there are not too many."""
        assert self._loop is not None, "there is an event loop since begin()"
        for question in questions[: max(0, self._most - len(self.tasks))]:
            task = self._loop.create_task(self._fetch(question))
            task.add_done_callback(partial(self._came, question))
            self.tasks[question.key] = task

    async def _fetch(self, question: Question) -> Any:
        assert self._aresolve is not None, "there is an event loop since begin()"
        return await self._aresolve(question)

    def _came(self, question: Question, done: "Task[Any]") -> None:
        if done.cancelled() or done.exception() is not None:
            return  # it is raised where the check comes to it
        answer = done.result()
        if isinstance(answer, Answer):
            self.ask(self.unknown(question, answer))

    def end(self) -> None:
        """Give up what is still under way, and count."""
        self.session.asked_ahead = len(self.tasks)
        self.session.unneeded = len(self.tasks.keys() - self.session.answers.keys())
        self._most = 0
        for task in self.tasks.values():
            task.cancel()


class _Blocking:
    """A check that blocks: it asks one question at a time until there are two to be asked ahead."""

    def __init__(self, ahead: _Ahead) -> None:
        self._ahead = ahead
        self._loop: AbstractEventLoop | None = None

    def resolve(self, question: Question) -> Answer:
        """Return the answer to a question of the check."""
        ahead = self._ahead
        if self._loop is not None:
            return self._loop.run_until_complete(ahead.aresolve(question))
        ahead.known.add(question.key)
        answer = ask(ahead.resolver, question)
        questions = ahead.unknown(question, answer)
        if len(questions) > 1:
            self._begin(questions)
        return answer

    def _begin(self, questions: list[Question]) -> None:
        import asyncio  # here: a check of few questions does not pay for it

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self._loop = asyncio.new_event_loop()
            self._ahead.begin(self._loop)
            self._ahead.ask(questions)

    def end(self) -> None:
        """Give up what is still under way; nothing of it is left when this returns."""
        self._ahead.end()
        if self._loop is None:
            return
        import asyncio

        try:
            left = asyncio.all_tasks(self._loop)
            if left:
                self._loop.run_until_complete(asyncio.wait(left, timeout=_PATIENCE))
        finally:
            self._loop.close()


_PATIENCE = 1.0
"""Seconds for a resolver's own tasks to end after they were cancelled."""
