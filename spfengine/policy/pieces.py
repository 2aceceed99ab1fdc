"""A domain's policy as far as it has been asked for: the checks of its clients make it, piece by piece.

A check compares the client's address a few times, and notes the range of addresses around it in which each comparison
would have come out the same. In that range every check runs the same way: so what this one came to is kept, and the
next client of the range is given it. That is how `tiling` covers the whole space; here each range is found when the
first client stands in it. No check waits for more than itself, and what nobody asks for costs nothing.

A check that rests on more than where the address is (`exists:%{i}`, `ptr`, an explanation that names the client, the
local part of the sender) is never kept: the next client is checked by itself.
"""

from math import inf

from spfengine.addresses import V4, Family, locate
from spfengine.answers import Answer, Question, RRType
from spfengine.evaluation.session import Answers, RangeSession, Session, SharedVerdict
from spfengine.problems import ProblemCode

MAX_RANGES = 4096
"""Ranges that are kept of one family; a client of another range is then checked by itself."""

# About what is kept takes of memory, in octets: `bench/memory.py` measures it.
DOMAIN_OCTETS = 600
_RANGE_OCTETS = 80
_VERDICT_OCTETS = 800
_STEP_OCTETS = 150
_ANSWER_OCTETS = 350

_COMMON = frozenset("dovr")  # the macro-letters that are the same for all clients of a range
_OUT_OF_TIME = frozenset({ProblemCode.TIME_LIMIT, ProblemCode.EXP_TIME_LIMIT})

Known = tuple[tuple[int, ...], tuple[SharedVerdict | None, ...]]
"""Ranges that cover a family's space: where each begins, and its verdict; None where that is not known yet."""

_NOTHING: Known = ((0,), (None,))


class ClientSession(RangeSession):
    """The check of one client by a Checker, which also notes whether its verdict holds for other clients.

    Attributes:
        depends_on_client: whether a macro named something of the client or the sender.
    """

    depends_on_client = False

    def unknown_inputs(self, letters: frozenset[str]) -> tuple[str, ...]:
        """Return nothing: all is known. The letters are noted."""
        if not letters <= _COMMON:
            self.depends_on_client = True
        return ()

    def macro_value(self, letter: str, domain: str, validated_name: str) -> str:
        """Return what a macro-letter stands for; the letter is noted."""
        if letter not in _COMMON:
            self.depends_on_client = True
        return super().macro_value(letter, domain, validated_name)

    @property
    def holds_for_range(self) -> bool:
        """Whether the verdict, once there is one, is that of every client from `lo` to `hi`."""
        return not (
            self.depends_on_client
            or any(question.type is RRType.PTR for question in self.answers)
            or any(p is not None and p.code in _OUT_OF_TIME for p in (self.problem, self.explanation_problem))
        )


class Pieces:
    """What is known of one domain.

    Attributes:
        asked: how many checks were made before anything was kept.
        until: when the first of the answers that this rests on is too old.
        used: whether it was of use since the last time that was looked at.
        octets: about how much memory it takes, answers aside.
        ip4, ip6: the ranges.
        answers: each answer that a verdict rests on, by identity.
    """

    __slots__ = ("_alike", "_verdicts", "answers", "asked", "ip4", "ip6", "octets", "until", "used")

    def __init__(self, asked: int = 0) -> None:
        self.asked = asked
        self.until = inf
        self.used = False
        self.octets = DOMAIN_OCTETS
        self.ip4 = self.ip6 = _NOTHING
        self.answers: dict[int, Answer] = {}
        self._verdicts: dict[object, SharedVerdict] = {}
        self._alike: dict[tuple[tuple[Question, int], ...], Answers] = {}

    def add(self, session: ClientSession) -> None:
        """Keep the verdict of a session for its range, as far as nothing is known of that yet."""
        family = session.family
        starts, found = self.ip4 if family is V4 else self.ip6
        place = locate(starts, session.ip)
        if found[place] is not None or len(starts) >= MAX_RANGES:
            return
        verdict = self._verdict(session)
        begin, end = starts[place], _end(family, starts, place)
        first, last = max(session.lo, begin), min(session.hi, end)
        pieces: list[tuple[int, SharedVerdict | None]] = [(first, verdict)]
        if first > begin:
            pieces.insert(0, (begin, None))
        elif place and found[place - 1] is verdict:
            pieces.pop()  # the range before it grows
        behind = place + 1
        if last < end:
            pieces.append((last + 1, None))
        elif behind < len(starts) and found[behind] is verdict:
            behind += 1  # it takes the range behind it in
        known = (
            (*starts[:place], *[start for start, _ in pieces], *starts[behind:]),
            (*found[:place], *[each for _, each in pieces], *found[behind:]),
        )
        self.octets += _RANGE_OCTETS * (len(known[0]) - len(starts))
        if family is V4:
            self.ip4 = known
        else:
            self.ip6 = known

    def _verdict(self, session: Session) -> SharedVerdict:
        """Return the verdict of a session; the same object for all that took the same way, over the same answers."""
        alike = tuple([(question, id(answer)) for question, answer in session.answers.items()])
        path = tuple([(domain, id(term)) for domain, term in session.path])
        key = (session.family, alike, path, session.result, session.lookups, session.voids, session.problem)
        verdict = self._verdicts.get(key)
        if verdict is None:
            verdict = self._verdicts[key] = SharedVerdict(session)
            self.octets += _VERDICT_OCTETS + _STEP_OCTETS * len(path)
            if alike not in self._alike:
                self._alike[alike] = session.answers
                self.octets += _ANSWER_OCTETS * len(alike)
                self.answers.update({id(answer): answer for answer in session.answers.values()})
            verdict.answers = self._alike[alike]
        return verdict


def _end(family: Family, starts: tuple[int, ...], place: int) -> int:
    return starts[place + 1] - 1 if place + 1 < len(starts) else family.last
