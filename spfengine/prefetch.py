"""Prefetching: the questions that a record makes foreseeable are asked at once, before the check needs the answers.

A check waits for one DNS answer after the other, though the first record says what most of the other questions will be.
So these drivers examine each answer as it arrives, and ask the questions that it makes foreseeable concurrently. The
check is the same check_host(), and gets the same answers in the same order: its result, counts and trace are those of a
check that asks one question at a time. Questions that turn out not to be needed are cancelled with the result, and
counted separately.

The resolver decides: one that waits for the network has an attribute `prefetch`, how many questions a check may ask
ahead. One that caches answers may have `peek`: a question that it answers is not asked ahead. One whose questions share
something scarce may have `slots` (see `resolvers/slots.py`), which decides how many of them are in flight at once, and
may end one: then the check asks it again when it needs the answer.
"""

import os
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
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
from spfengine.resolvers.asking import aresolve_of, ask, require_answer, slots_of

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task

    from spfengine.resolvers.slots import Slots

_MOST_EXAMINED = 200
"""Answers examined per check, including cached ones: a bound on the work that a hostile record can cause."""
_END_SECONDS = 1.0
"""Seconds for the resolver's tasks to end after they were cancelled."""
_LOOP_DESCRIPTORS = 3
"""File descriptors of an event loop. If it can't open one, it raises, and its remains write to stderr; and without
descriptors, importing asyncio leaves out what can't be loaded."""


def drive_ahead(session: Session, resolver: Any) -> None:
    """Evaluate a session as `run` does, asking ahead.

    Concurrent questions are asked through `aresolve` in an event loop of this check. Until there are any, and if this
    thread runs an event loop already, `resolve` is used, for one question at a time.

    Raises:
        ResolverError: `resolver` does not follow the resolver protocol. What it raises itself is passed on.
    """
    waiting = _Blocking(_Ahead(session, resolver))
    try:
        drive(check_host(session), waiting, session.limits.seconds)
    finally:
        waiting.end()


async def adrive_ahead(session: Session, resolver: Any) -> None:
    """Async version of `drive_ahead`."""
    import asyncio  # here, so that synchronous programs do not load it

    ahead = _Ahead(session, resolver)
    ahead.begin(asyncio.get_running_loop())
    try:
        await adrive(check_host(session), ahead, session.limits.seconds)
    finally:
        ahead.end()


def foreseen(session: Session, question: Question, answer: Answer) -> Iterator[Question]:
    """Yield the questions that a check asks after this answer, if it gets that far, in the check's spelling and order.

    Not foreseen are questions that depend on the names of the client's address (`%{p}`), and those for the
    explanation, which only a fail needs.
    """
    if answer.type is not question.type:
        return  # no records
    if question.type is RRType.TXT:
        record = select_record(answer)
        if isinstance(record, Record):
            yield from _foreseen_in(session, record, question.name)
    else:
        for name in _names_in(answer, session.limits.names):
            if is_askable(name):
                yield Question(name, address_type(session.family))


def _names_in(answer: Answer, most: int) -> Sequence[str]:
    """Return the names in an answer whose addresses a check compares (RFC 7208 §4.6.4)."""
    if answer.type is RRType.PTR:
        return answer.records[:most]
    if answer.type is RRType.MX and len(answer.records) <= most:
        return [exchange for _, exchange in answer.records]
    return ()


def _foreseen_in(session: Session, record: Record, domain: str) -> Iterator[Question]:
    charged = 0
    for step in record.steps:
        if isinstance(step, NetworkRun):
            starts, hits = step.table(session.family)
            if hits[locate(starts, session.ip) - 1] is not None:  # session.hit() would record it
                return  # the record ends here
            continue
        charged += 1
        if charged > session.limits.lookups:
            return
        assert isinstance(step, DomainDirective), "all other steps are NetworkRuns"
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
    """Return the target-name of a domain-spec, or "" if that is not known or can't be queried."""
    if spec.target is not None:
        return spec.target
    if "p" in spec.letters or session.lacks_helo(spec.letters):
        return ""
    if spec.uses_local_part and not session.local_part.isascii():
        return ""
    return spec.expand_name(
        lambda letter: Session.macro_value(session, letter, domain, "")
    )  # not its own method, which may record what is used


def _leads_no_further(question: Question) -> bool:
    """Whether the answer leads to no other question, so that this one can wait for those that lead deeper."""
    return question.type is RRType.A or question.type is RRType.AAAA


class _Ahead:
    """The resolver of one check, which asks ahead.

    Attributes:
        session: the session that is evaluated.
        resolver: the resolver to ask.
        tasks: the questions that are asked ahead, or were, by folded question; without those that were ended.
        asked: all questions that were asked ahead.
        known: these, those to be asked, those that the check asked itself, and those with a cached answer.
    """

    def __init__(self, session: Session, resolver: Any) -> None:
        self.session = session
        self.resolver = resolver
        self.tasks: dict[Question, Task[Any]] = {}
        self.asked: set[Question] = set()
        self.known: set[Question] = set()
        self._most: int = resolver.prefetch
        self._peek: Callable[[Question], Answer | None] | None = getattr(resolver, "peek", None)
        self._loop: AbstractEventLoop | None = None
        self._aresolve: Callable[[Question], Awaitable[Any]] | None = None
        self._next: deque[Question] = deque()  # to be asked ahead, once there is a slot
        self._in_flight = 0
        self._own: set[Question] = set()  # those that the check has asked itself

    def begin(self, loop: "AbstractEventLoop") -> None:
        """Start asking ahead, in this event loop."""
        self._loop = loop
        self._aresolve = aresolve_of(self.resolver)

    async def aresolve(self, question: Question) -> Answer:
        """Return the answer to a question of the check, waiting for it if it was asked ahead, or asking now."""
        key = question.key
        task = self.tasks.get(key)
        if task is not None:
            assert self._loop is not None, "begin() sets the event loop"
            slots = slots_of(self.resolver, self._loop)
            if slots is not None:
                slots.done((self, key))  # it is a question of the check from now on, which nothing ends
            return require_answer(self.resolver, question, await task)
        self.known.add(key)
        self._own.add(key)
        answer = require_answer(self.resolver, question, await self._fetch(question))
        questions = self.unknown(question, answer)
        if len(questions) > 1 or self._in_flight:  # else the check is about to ask it
            self.ask(questions)
        return answer

    def unknown(self, question: Question, answer: Answer) -> list[Question]:
        """Return the questions to ask that this answer, and cached answers after it, make foreseeable."""
        questions = []
        pending = [(question, answer)]
        while pending:
            for following in foreseen(self.session, *pending.pop()):
                key = following.key
                if key in self.known or len(self.known) >= _MOST_EXAMINED:
                    continue
                self.known.add(key)
                cached = None if self._peek is None else self._peek(following)
                if cached is None:
                    questions.append(following)
                else:
                    pending.append((following, cached))
        questions.sort(key=_leads_no_further)
        return questions

    def ask(self, questions: list[Question]) -> None:
        """Ask these questions ahead, as many as the resolver allows; the others follow when these are answered."""
        assert self._loop is not None, "begin() sets the event loop"
        self._next.extend(questions)
        slots = slots_of(self.resolver, self._loop)
        while self._next and len(self.asked) < self._most:
            key = self._next[0].key
            if key not in self._own:
                if slots is not None and not (
                    self._in_flight < slots.share and slots.ask_ahead((self, key), partial(self._give_up, key))
                ):
                    return
                self._ask(key, self._next[0], slots)
            self._next.popleft()

    def _ask(self, key: Question, question: Question, slots: "Slots | None") -> None:
        assert self._loop is not None, "begin() sets the event loop"
        task = self._loop.create_task(self._fetch(question))
        task.add_done_callback(partial(self._examine, question, slots))
        self.tasks[key] = task
        self.asked.add(key)
        self._in_flight += 1

    def _give_up(self, key: Question) -> None:
        self.tasks.pop(key).cancel()

    async def _fetch(self, question: Question) -> Any:
        assert self._aresolve is not None, "begin() sets the event loop"
        return await self._aresolve(question)

    def _examine(self, question: Question, slots: "Slots | None", done: "Task[Any]") -> None:
        self._in_flight -= 1
        if slots is not None:
            slots.done((self, question.key))
        if done.cancelled() or done.exception() is not None:
            return  # raised when the check asks this question
        answer = done.result()
        if isinstance(answer, Answer):
            self.ask(self.unknown(question, answer))

    def end(self) -> None:
        """Cancel the questions that are still in flight, and count."""
        self.session.asked_ahead = len(self.asked)
        self.session.unneeded = len(self.asked - self.session.answers.keys())
        self._most = 0
        for task in self.tasks.values():
            task.cancel()


class _Blocking:
    """A synchronous check: it asks one question at a time until there are two to be asked ahead."""

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
        if not _has_descriptors(_LOOP_DESCRIPTORS + self._ahead.resolver.prefetch):
            return  # the check continues with one question at a time
        import asyncio  # here, so that checks of few questions do not load it

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            pass
        else:
            return
        try:
            self._loop = asyncio.new_event_loop()
        except OSError:  # another thread took them
            return
        self._ahead.begin(self._loop)
        self._ahead.ask(questions)

    def end(self) -> None:
        """Cancel the questions that are still in flight, and wait until they have ended."""
        self._ahead.end()
        if self._loop is None:
            return
        import asyncio

        try:
            left = asyncio.all_tasks(self._loop)
            if left:
                self._loop.run_until_complete(asyncio.wait(left, timeout=_END_SECONDS))
        finally:
            self._loop.close()


def _has_descriptors(number: int) -> bool:
    """Whether the process can open this many more file descriptors."""
    opened: list[int] = []
    try:
        while len(opened) < number:
            opened += os.pipe()
    except OSError:
        return False
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return True
