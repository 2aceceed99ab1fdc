"""Answers in rounds are those that DNS would have given at once, and end."""

import asyncio
from typing import Any

import pytest

from spfengine import Answer, Question, Status, Zone
from spfengine.web.answers import answer
from spfengine.web.rounds import answer_in_rounds
from tests.optional import need
from tests.web.asking import EXAMPLES, seed_senders

need("jinja2")

SEED = Zone.from_file(EXAMPLES / "seed.zone")
TASKS = ("check", "publish", "change", "lint")


class Awaited:
    """A resolver that can only be awaited.

    Attributes:
        asked: the questions, in order.
        rounds: how often it was asked while nothing else was under way.
    """

    def __init__(self, zone: Zone) -> None:
        self.asked: list[Question] = []
        self.rounds = 0
        self._zone = zone
        self._under_way = 0

    async def aresolve(self, question: Question, /) -> Answer:
        self.rounds += not self._under_way
        self._under_way += 1
        await asyncio.sleep(0)
        self._under_way -= 1
        self.asked.append(question)
        return self._zone.resolve(question)


def request(task: str) -> dict[str, Any]:
    return {"task": task, "live": True, "senders": seed_senders(), "draft": "v=spf1 mx -all"}


@pytest.mark.parametrize("task", TASKS)
def test_the_answer_is_the_same_as_at_once(task: str) -> None:
    resolver = Awaited(SEED)
    found = asyncio.run(answer_in_rounds(request(task), resolver, 1e6))
    assert found == answer(request(task), lambda: SEED)
    assert "view" in found
    assert len({question.key for question in resolver.asked}) == len(resolver.asked)  # each is asked once
    assert resolver.rounds <= 15


def test_without_an_answer_of_dns_it_ends() -> None:
    class Silent:
        async def aresolve(self, question: Question, /) -> Answer:
            await asyncio.sleep(3600)
            raise AssertionError(question)

    class Dead:
        def resolve(self, question: Question, /) -> Answer:
            return Answer.failed(Status.TIMEOUT)

    found = asyncio.run(answer_in_rounds(request("check"), Silent(), 0.01))
    assert found == answer(request("check"), Dead)


def test_records_that_never_end_do_not_keep_it() -> None:
    class Endless:
        async def aresolve(self, question: Question, /) -> Answer:
            name = f"a{len(question.name)}.{question.name}"[:250]
            return Zone({question.name: {"TXT": f"v=spf1 redirect={name}"}}).resolve(question)

    found = asyncio.run(answer_in_rounds(request("lint"), Endless(), 1e6))
    assert "view" in found
