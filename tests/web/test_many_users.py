"""`spfengine ui` with fifty people at once: everybody gets the answers that one gets, while some wait for dead DNS."""

import json
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from threading import Barrier
from time import sleep
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.optional import need
from tests.web.asking import MESSAGE, ZONES, ask, seed_senders
from tests.web.serving import ui

pytestmark = pytest.mark.full

PEOPLE = 50
_PATIENCE = 300  # seconds, on a busy machine
_AT_MOST = 200  # times that a request is sent again


class Person:
    """Somebody who uses the page of a server.

    Attributes:
        statuses: of all replies, in their order.
    """

    def __init__(self, address: str) -> None:
        self.host = urlsplit(address).netloc
        self.statuses: list[int] = []

    def ask(self, path: str, **request: Any) -> Any:
        """Return the answer to a request; send it again if the server is busy, as it says."""
        headers = {"content-type": "application/json", "origin": f"http://{self.host}"}
        for _ in range(_AT_MOST):
            connection = HTTPConnection(self.host, timeout=_PATIENCE)
            connection.request("POST", path, json.dumps(request).encode(), headers)
            reply = connection.getresponse()
            answer = json.loads(reply.read())
            connection.close()
            self.statuses.append(reply.status)
            if reply.status != 503:
                return answer
            sleep(float(reply.headers["retry-after"]))
        raise AssertionError("the server stays busy")


def test_fifty_people_get_the_answers_that_one_gets() -> None:
    need("starlette")
    need("uvicorn")
    change = {"zones": ZONES, "domain": "seed.example", "senders": seed_senders(), "draft": "v=spf1 a mx -all"}
    expected = ask("read", evidence=MESSAGE), ask("change", **change)
    together = Barrier(PEOPLE)

    def use(number: int) -> tuple[list[int], bool]:
        person = Person(address)
        together.wait(_PATIENCE)
        if number % 5 == 0:  # they wait for DNS, which nobody answers
            person.ask("/live-answer", task="publish", domain="seed.example", live=True)
        answers = person.ask("/answer", task="read", evidence=MESSAGE), person.ask("/answer", task="change", **change)
        return person.statuses, answers == expected

    with ui() as (address, process), ThreadPoolExecutor(PEOPLE) as threads:
        used = list(threads.map(use, range(PEOPLE)))
        assert process.poll() is None
    assert {status for statuses, _ in used for status in statuses} <= {200, 503}
    assert all(are_expected for _, are_expected in used)
