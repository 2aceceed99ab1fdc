"""`spfengine ui`: it serves the page on loopback until it is stopped."""

import http.client
import importlib.util
import json
import signal
import socket
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.cli.conftest import Call
from tests.optional import need
from tests.web.asking import ZONES, seed_senders
from tests.web.serving import ui

need("starlette")
need("uvicorn")
need("jinja2")

USERS = 50


@pytest.mark.parametrize("name", ["starlette", "uvicorn", "jinja2"])
def test_what_is_not_installed_is_said_in_one_line(call: Call, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr("spfengine.cli.ui.find_spec", lambda each: None if each == name else found(each))
    ended = call("ui")
    assert (ended.code, ended.out) == (69, "")
    assert ended.err == (
        "spfengine ui: the page needs Starlette, uvicorn and Jinja2, which are not all installed; "
        "run: pip install starlette uvicorn jinja2 (the extra spfengine[ui])\n"
    )


@pytest.mark.parametrize("address", ["0.0.0.0:8025", "192.0.2.1", "[::]:8025"])
def test_only_loopback_unless_told(call: Call, address: str) -> None:
    ended = call("ui", "--listen", address)
    assert ended.code == 64
    assert "is not loopback, so others could open the page" in ended.err


def test_an_address_that_is_taken(call: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = call("ui", "--listen", f"127.0.0.1:{taken.getsockname()[1]}", "--nameserver", "127.0.0.1:1")
    assert ended.code == 69
    assert "can't listen at 127.0.0.1:" in ended.err


def post(url: str, document: object, path: str = "/answer") -> tuple[int, Any]:
    host = urlsplit(url).netloc
    connection = http.client.HTTPConnection(host, timeout=300)
    try:
        headers = {"Content-Type": "application/json", "Origin": f"http://{host}"}
        connection.request("POST", path, json.dumps(document), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


@pytest.mark.full
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_stopped(number: int) -> None:
    with ui() as (url, process):
        status, document = post(url, {"task": "publish", "zones": ZONES, "senders": seed_senders()})
        assert (status, document["answer"]) == (200, "publish this record")
        process.send_signal(number)
        _, err = process.communicate(timeout=300)
        assert (process.returncode, err) == (0, "")


@pytest.mark.full
def test_fifty_people_while_dns_is_dead() -> None:
    """Fifty people each try drafts, while the DNS server that twice as many requests wait for is silent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        nameserver = f"127.0.0.1:{silent.getsockname()[1]}"
        with ui("--nameserver", nameserver) as (url, process), ThreadPoolExecutor(3 * USERS) as people:
            waiting = [
                people.submit(post, url, {"task": "publish", "domain": f"a{n}.example", "live": True}, "/live-answer")
                for n in range(2 * USERS)
            ]
            silent.recv(512)  # DNS is asked, and stays silent
            senders = seed_senders()
            drafts = [f"v=spf1 ip4:192.0.2.{n} -all" for n in range(USERS)]
            tried = [
                people.submit(
                    post, url, {"task": "change", "zones": ZONES, "senders": senders, "draft": draft}
                )
                for draft in drafts
            ]  # fmt: skip
            for draft, each in zip(drafts, tried, strict=True):
                status, document = each.result()
                assert (status, document["record"]) == (200, draft)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=300)
            for each in waiting:
                each.exception()  # those that the end of the server cut off
        assert process.returncode == 0


@pytest.mark.full
def test_more_than_it_can_answer_are_refused_and_not_queued() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with ui("--nameserver", f"127.0.0.1:{silent.getsockname()[1]}") as (url, process):
            asked = {"task": "publish", "domain": "a.example", "live": True}
            with ThreadPoolExecutor(200) as people:
                replies = [people.submit(post, url, asked, "/live-answer") for _ in range(160)]
                refused = next(document for status, document in _as_done(replies) if status == 503)
                assert "try again" in refused["error"]
                process.kill()
                for reply in replies:
                    reply.exception()


def _as_done(futures: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    for future in as_completed(futures):
        yield future.result()
