"""The server of the page: who may ask, how much, and that nobody waits for somebody else's DNS."""

import asyncio
import json
from collections.abc import Callable, Mapping
from threading import Event
from typing import Any

import pytest
from hypothesis import given, strategies as st

from spfengine import Answer, Question, RRType, Status, Zone
from spfengine.web import server
from spfengine.web.lanes import Until
from spfengine.web.server import Bounds, application
from tests.optional import need
from tests.web.asking import EXAMPLES, HEADERS, HOST, ZONES, asend, send
from tests.web.test_answers import requests

need("starlette")
need("jinja2")

QUESTION = {"task": "publish", "domain": "seed.example", "zones": ZONES}


def app(live: Callable[[], Any] | None = None, **bounds: Any) -> Any:
    return application(live, [HOST, "localhost:8025"], Bounds(**bounds))


def without(*names: str) -> dict[str, str]:
    return {name: value for name, value in HEADERS.items() if name not in names}


def test_the_page_and_its_answers() -> None:
    for path in server._FILES:
        reply = send(app(), "GET", path)
        assert (reply.status, bool(reply.body)) == (200, True), path
    reply = send(app(), body=QUESTION)
    assert reply.status == 200
    assert reply.document["answer"]
    refused = send(app(), body={"task": "publish"})
    assert (refused.status, refused.document["field"]) == (200, "domain")
    assert send(app(), "GET", "/secret").status == 404
    assert send(app(), "GET", "/../pyproject.toml").status == 404
    assert send(app(), "GET", "/answer").status == 405


@pytest.mark.parametrize(
    ("path", "status"), [("/", 200), ("/nothing", 404), ("/answer", 405), ("/page.js", 200)], ids=str
)
def test_each_response_confines_the_page(path: str, status: int) -> None:
    reply = send(app(), "GET", path)
    assert reply.status == status
    assert (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"
        in (reply.headers["content-security-policy"])
    )
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in reply.headers
    refused = send(app(), "GET", path, {"host": "evil.example"})
    assert refused.status == 403
    assert refused.headers["content-security-policy"] == reply.headers["content-security-policy"]


REFUSED: dict[str, Mapping[str, str] | list[tuple[str, str]]] = {
    "another name": {**HEADERS, "host": "evil.example"},
    "another name at this port": {**HEADERS, "host": "evil.example:8025"},
    "another port": {**HEADERS, "host": "127.0.0.1:80"},
    "this name in another": {**HEADERS, "host": "127.0.0.1:8025.evil.example"},
    "no Host": without("host"),
    "two Hosts": [*HEADERS.items(), ("host", "evil.example")],
    "another origin": {**HEADERS, "origin": "http://evil.example"},
    "another name of this server": {**HEADERS, "origin": "http://localhost:8025"},
    "an opaque origin": {**HEADERS, "origin": "null"},
    "two origins": [*HEADERS.items(), ("origin", "http://evil.example")],
    "another site": {**HEADERS, "sec-fetch-site": "cross-site"},
    "another site without Origin": {**without("origin"), "sec-fetch-site": "cross-site"},
    "a form": {**HEADERS, "content-type": "text/plain"},
    "another form": {**HEADERS, "content-type": "application/x-www-form-urlencoded"},
    "no type": without("content-type"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("path", ["/answer", "/live-answer"])
def test_only_the_page_may_ask(case: str, path: str) -> None:
    reply = send(app(), "POST", path, REFUSED[case], QUESTION)
    assert reply.status == 403
    assert b"record" not in reply.body


@pytest.mark.parametrize(
    "headers",
    [
        HEADERS,
        {**HEADERS, "host": "LOCALHOST:8025", "origin": "http://localhost:8025"},
        {**HEADERS, "sec-fetch-site": "same-origin"},
        {**HEADERS, "content-type": "application/json; charset=utf-8"},
        without("origin"),  # a script on this machine
    ],
)
def test_the_page_may_ask_under_each_of_its_names(headers: Mapping[str, str]) -> None:
    assert send(app(), headers=headers, body=QUESTION).status == 200


def test_what_is_no_json_or_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for body in (b"", b"\xff", b"{", b"[" * 100_000):
        reply = send(app(), body=body)
        assert (reply.status, reply.document["field"]) == (400, "")
    monkeypatch.setattr(server, "MAX_OCTETS", 1 << 10)
    reply = send(app(), body=b" " * 2000)
    assert reply.status == 413
    assert "fewer or smaller files" in reply.document["error"]


def test_a_request_that_does_not_arrive_ends() -> None:
    async def stall() -> Any:
        await asyncio.sleep(3600)

    async def run() -> list[Any]:
        sent: list[Any] = []

        async def keep(message: Any) -> None:
            sent.append(message)

        headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
        scope = {"type": "http", "method": "POST", "path": "/answer", "raw_path": b"/answer", "query_string": b"",
                 "root_path": "", "headers": headers}  # fmt: skip
        await app(body_seconds=0.01)(scope, stall, keep)
        return sent

    assert asyncio.run(run())[0]["status"] == 408


_MOST_SECONDS = 100
"""After this, a resolver that a failed test has not let go ends by itself."""


class Stuck:
    """A resolver whose DNS server does not answer until it is let go.

    Attributes:
        asked: whether a question has come.
        go: lets it answer.
    """

    is_thread_safe = True

    def __init__(self) -> None:
        self.asked, self.go = Event(), Event()

    def resolve(self, question: Question) -> Answer:
        self.asked.set()
        self.go.wait(_MOST_SECONDS)
        return Answer.failed(Status.TIMEOUT, question.type)


def live(domain: str = "seed.example") -> dict[str, Any]:
    return {"task": "publish", "domain": domain, "live": True}


def test_dead_dns_holds_up_nobody_else() -> None:
    """As many requests as there are threads wait for DNS; a further one is refused, and all without DNS answered."""
    stuck = Stuck()
    page = app(lambda: stuck, live_threads=2, live_waiting=1)

    async def run() -> None:
        waiting = [asyncio.ensure_future(asend(page, path="/live-answer", body=live())) for _ in range(3)]
        await asyncio.to_thread(stuck.asked.wait)
        busy = await asend(page, path="/live-answer", body=live())
        assert busy.status == 503
        assert busy.headers["retry-after"] == "1"
        assert "try again" in busy.document["error"]
        for _ in range(3):
            assert (await asend(page, body=QUESTION)).status == 200
        assert not any(each.done() for each in waiting)
        stuck.go.set()
        assert [reply.status for reply in await asyncio.gather(*waiting)] == [200] * 3
        assert (await asend(page, path="/live-answer", body=live())).status == 200

    asyncio.run(run())


def test_an_answer_that_takes_too_long_is_given_up() -> None:
    stuck = Stuck()
    page = app(lambda: stuck, seconds=0.05)
    reply = send(page, path="/live-answer", body=live())
    assert reply.status == 504
    assert "no answer within" in reply.document["error"]
    stuck.go.set()


def test_dns_is_asked_only_if_the_page_says_so() -> None:
    def never() -> Any:
        raise AssertionError("DNS was asked")

    page = app(never)
    assert send(page, body=QUESTION).status == 200
    assert send(page, path="/live-answer", body=QUESTION).status == 200
    refused = send(page, path="/answer", body=live())  # a lane without DNS asks none, whatever the request says
    assert "DNS can't be asked here" in refused.document["error"]


def test_dns_answers_what_the_zone_does_not_have() -> None:
    zone = Zone.from_file(EXAMPLES / "seed.zone")
    reply = send(app(lambda: zone), path="/live-answer", body=live())
    assert reply.document["published"].startswith("v=spf1 +a +mx")


def test_after_its_time_nothing_more_is_asked() -> None:
    zone = Zone({"a.example": {"TXT": "v=spf1 -all"}})
    question = Question("a.example", RRType.TXT)
    closed = Event()
    assert Until(zone, 1e6, closed).resolve(question).status is Status.NOERROR
    assert Until(zone, 0, closed).resolve(question).status is Status.TIMEOUT
    limited = Until(zone, 1e6, closed)
    closed.set()
    assert limited.resolve(question).status is Status.TIMEOUT


_texts = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=30)
_names = st.sampled_from([*HEADERS, "sec-fetch-site", "cookie", "x"])
_headers = st.lists(st.tuples(_names, st.sampled_from(list(HEADERS.values())) | _texts), max_size=6)
_paths = st.sampled_from(["/", "/answer", "/live-answer", "/page.js", "/../x", "//answer"]) | _texts.map("/{}".format)


@given(
    st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "x"]),
    _paths,
    st.just(HEADERS) | _headers,
    requests.map(json.dumps).map(str.encode) | st.binary(max_size=100),
)
def test_no_request_breaks_the_server(method: str, path: str, headers: Any, body: bytes) -> None:
    reply = send(_PAGE, method, path, headers, body)
    assert reply.status < 500, (reply.status, reply.body[:200])


_PAGE = app()
