"""DNS over HTTPS: what a server on loopback sends, and which answer that is."""

import asyncio
import re
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from time import monotonic, sleep

import pytest

import spfengine
from spfengine.answers import Answer, Question, RRType, Status
from spfengine.errors import ArgumentError, MissingExtraError
from spfengine.resolvers.doh import DoHResolver
from spfengine.resolvers.zone import Zone
from tests.wire.conftest import Ask
from tests.wire.doh_server import MEDIA_TYPE, Send, doh_server, http2_server, reply_of, sending, trusting

ZONE = Zone(
    {
        "example.com": {"TXT": "v=spf1 a mx include:other.example -all", "A": "192.0.2.1", "MX": (10, "mx.example")},
        "other.example": {"TXT": "v=spf1 ip4:192.0.2.2 -all"},
        "alias.example": {"CNAME": "example.com"},
        "big.example": {"TXT": tuple(["x" * 255] * 150)},
        **{
            f"{status.lower()}.example": {"TXT": status} for status in (Status.SERVFAIL, Status.REFUSED, Status.FORMERR)
        },
        "truncated.example": {"TXT": Status.TRUNCATED},
        "silent.example": {"TXT": Status.TIMEOUT},
    },
    ttl=600,
)
QUESTION = Question("example.com", RRType.TXT)
PATIENCE = 60.0
SHORT = 0.2


def reply(question: Question = QUESTION) -> bytes:
    """Return a reply to a query with ID 0."""
    name = b"".join(bytes([len(label)]) + label.encode() for label in question.name.split("."))
    query = b"\0\0\1\0\0\1\0\0\0\0\0\0" + name + b"\0\0\x10\0\1"
    found = reply_of(ZONE, query)
    assert found is not None
    return found


def resolver(url: str, timeout: float = PATIENCE, **settings: object) -> DoHResolver:
    given = {"retries": 0, "lifetime": timeout, "context": trusting(), "cache": False, **settings}
    return DoHResolver(url, timeout=timeout, **given)  # type: ignore[arg-type]  # settings are what they are


@pytest.mark.parametrize(
    ("name", "type"),
    [
        ("example.com", RRType.TXT),
        ("example.com", RRType.A),
        ("example.com", RRType.MX),
        ("example.com", RRType.AAAA),
        ("alias.example", RRType.TXT),
        ("nothing.example", RRType.TXT),
        ("big.example", RRType.TXT),
        ("servfail.example", RRType.TXT),
        ("refused.example", RRType.TXT),
        ("formerr.example", RRType.TXT),
        ("truncated.example", RRType.TXT),
    ],
)
def test_an_answer_is_the_zones_own(ask: Ask, name: str, type: RRType) -> None:
    expected = ZONE.resolve(Question(name, type))
    with doh_server(ZONE) as (url, _), resolver(url) as asked:
        assert ask(asked, name, type) == expected


def test_a_check_over_http_2_uses_one_connection(ask: Ask) -> None:
    with http2_server(ZONE) as (url, log), resolver(url + "{?dns}") as asked:
        assert spfengine.check("192.0.2.2", "a@example.com", resolver=asked).result == "pass"
        result = asyncio.run(spfengine.acheck("192.0.2.2", "a@example.com", resolver=asked))
        assert result.result == "pass"
        assert ask(asked, "big.example").records
        assert log.connections == 1


def test_a_request_says_no_more_than_the_question() -> None:
    """No number that differs between clients (RFC 8484 §4.1), no cookie, and nothing of the system."""
    cookie = sending(reply(), set_cookie="id=1; Path=/")
    with doh_server(ZONE, cookie, tls=False) as (url, log), resolver(f"{url}?from=here{{&dns}}") as asked:
        for _ in range(2):
            assert asked.resolve(QUESTION).records
    query = "AAABAAABAAAAAAABB2V4YW1wbGUDY29tAAAQAAEAACkE0AAAAAAAAA"
    assert {line for line, _ in log.requests} == {f"GET /dns-query?from=here&dns={query} HTTP/1.1"}
    fields = {name.lower(): value for name, value in log.requests[-1][1].items()}
    assert fields.pop("host").startswith("127.0.0.1:")
    assert fields == {
        "accept": MEDIA_TYPE, "accept-encoding": "identity", "connection": "keep-alive", "user-agent": "spfengine",
    }  # fmt: skip
    assert len(log.requests) == 2
    assert log.connections == 1


def test_time_in_a_cache_on_the_way_counts() -> None:
    """RFC 8484 §5.1."""
    for age, ttl in [("0", 600), ("100", 500), ("601", 0), ("9" * 400, 0), ("-5", 600), ("1e3", 600), ("\xb2", 600)]:
        with doh_server(ZONE, sending(reply(), age=age), tls=False) as (url, _), resolver(url) as asked:
            assert asked.resolve(QUESTION).ttl == ttl
    nothing = Question("nothing.example", RRType.TXT)
    with doh_server(ZONE, sending(reply(nothing), age="100"), tls=False) as (url, _), resolver(url) as asked:
        assert asked.resolve(nothing) == Answer.nxdomain(ttl=500)


def _slowly(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    """Send a body that never ends, octet by octet."""
    handler.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: 60000\r\n\r\n".encode())
    for _number in range(1000):
        handler.wfile.write(b"\0")
        handler.wfile.flush()
        sleep(0.02)


def _slow_head(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    """Send a head that never ends."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(1000):
        handler.wfile.write(f"X-{number}: x\r\n".encode())
        handler.wfile.flush()
        sleep(0.02)


def _endless(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    """Send a body without an end."""
    handler.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Type: {MEDIA_TYPE}\r\nConnection: close\r\n\r\n".encode())
    for _number in range(10_000):
        handler.wfile.write(bytes(65536))


_HEAD = f"HTTP/1.1 200 OK\r\nContent-Type: {MEDIA_TYPE}\r\n".encode()


def _raw(octets: bytes) -> Send:
    def send(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.wfile.write(octets)
        handler.close_connection = True

    return send


HOSTILE: dict[str, tuple[Send, str]] = {
    "not-found": (sending(b"no", 404), "it answers with HTTP status 404"),
    "server-error": (sending(reply(), 503), "it answers with HTTP status 503"),
    "no-content": (sending(b"", 204), "it sends something that is not a reply to the query"),
    "html": (sending(b"<html>", content_type="text/html; charset=utf-8"), "it sends text/html; expected"),
    "hostile-type": (sending(b"x", content_type="\x1b[31m\xe9"), "it sends \\x1b[31mé; expected"),
    "no-type": (sending(reply(), content_type=""), "it sends content without a type; expected"),
    "redirection": (sending(b"", 302, location="https://other.example/dns-query"), "https://other.example/dns-query, "),
    "redirection-nowhere": (sending(b"", 301), "it redirects to no URL"),
    "empty": (sending(b""), "it sends something that is not a reply to the query"),
    "cut": (sending(reply()[:-3]), "it sends something that is not a reply to the query"),
    "another-id": (sending(b"\0\1" + reply()[2:]), "it sends something that is not a reply to the query"),
    "another-question": (sending(reply(Question("other.example", RRType.TXT))), "not a reply to the query"),
    "garbage": (sending(b"\0\0" + b"\xff" * 500), "it sends something that is not a reply to the query"),
    "too-long": (sending(bytes(70_000)), "it sends more than 65,535 octets"),
    "endless": (_endless, "it sends more than 65,535 octets"),
    "no-http": (_raw(b"\0" * 100), ""),
    "nothing": (_raw(b""), ""),
    "breaks-off": (_raw(_HEAD + b"Content-Length: 50\r\n\r\nx"), ""),
    "chunks": (
        _raw(_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz"),
        "",
    ),
    "head": (_raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000), ""),
    "status": (_raw(b"HTTP/1.1 99999 OK\r\n\r\n"), ""),
    "compressed": (sending(b"\x1f\x8b" + reply(), content_encoding="gzip"), "not a reply to the query"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_dns_message_is_no_answer(ask: Ask, kind: str) -> None:
    send, reason = HOSTILE[kind]
    reports: list[tuple[str, str]] = []
    with (
        doh_server(ZONE, send, tls=False) as (url, log),
        resolver(url, unreachable=lambda *report: reports.append(report)) as asked,
    ):
        assert ask(asked, "example.com") == Answer.failed(Status.TIMEOUT)
        assert [where for where, _ in reports] == [url]
        assert reports[0][1]
        assert reason in reports[0][1]
        assert log.connections == 1


@pytest.mark.parametrize("send", [_slowly, _slow_head])
def test_a_slow_server_is_waited_for_no_longer_than_said(ask: Ask, send: Send) -> None:
    with doh_server(ZONE, send, tls=False) as (url, _), resolver(url, SHORT) as asked:
        begun = monotonic()
        assert ask(asked, "example.com").status is Status.TIMEOUT
        assert monotonic() - begun < 15  # it sends for 20 seconds


def test_a_silent_server_is_a_timeout_and_the_next_is_asked(ask: Ask) -> None:
    with doh_server(ZONE) as (silent, _), http2_server(ZONE) as (good, log):
        with resolver(silent, SHORT) as asked:
            assert ask(asked, "silent.example").status is Status.TIMEOUT
        reports: list[str] = []
        urls = ["https://127.0.0.1:1/", good]
        with DoHResolver(urls, context=trusting(), unreachable=lambda url, _: reports.append(url)) as asked:
            assert ask(asked, "example.com").records
            assert ask(asked, "other.example").records
        assert reports == urls[:1]
        assert len(log.requests) == 2


def test_a_certificate_that_is_not_trusted_is_named(ask: Ask) -> None:
    reports: list[tuple[str, str]] = []
    with doh_server(ZONE) as (url, log):
        unknown = resolver(
            url, unreachable=lambda *report: reports.append(report), context=ssl.create_default_context()
        )
        with unknown as asked:
            assert ask(asked, "example.com").status is Status.TIMEOUT
        assert "certificate is not trusted" in reports[0][1]
        assert "SSL_CERT_FILE" in reports[0][1]
        with resolver(url.replace("127.0.0.1", "localhost")) as asked:
            assert ask(asked, "example.com").status is Status.TIMEOUT  # the certificate is for 127.0.0.1
        assert log.requests == []


def test_answers_are_cached_and_threads_share_connections() -> None:
    with http2_server(ZONE) as (url, log), resolver(url, cache=True) as asked:
        threads = [threading.Thread(target=asked.resolve, args=(QUESTION,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        count = len(log.requests)
        assert asked.peek(QUESTION) == asked.resolve(QUESTION)
        assert asked.peek(QUESTION) is not None
        assert len(log.requests) == count
        assert log.connections == 1


def test_it_can_be_used_after_close() -> None:
    others = set(threading.enumerate())
    with http2_server(ZONE) as (url, log):
        asked = resolver(url)
        for _ in range(2):
            assert asked.resolve(QUESTION).records
            asked.close()
        asked.close()
        assert log.connections == 2
    assert not [thread for thread in threading.enumerate() if thread.name == "DoHResolver" and thread not in others]


def test_a_question_that_nobody_waits_for_ends() -> None:
    async def run(asked: DoHResolver) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SHORT):
                await asked.aresolve(Question("silent.example", RRType.TXT))
        assert (await asked.aresolve(QUESTION)).records
        slots = asked.slots(asyncio.get_running_loop())
        assert slots is not None
        assert slots.in_use == 0

    with http2_server(ZONE) as (url, _), resolver(url) as asked:
        asyncio.run(run(asked))
        begun = monotonic()
        asked.close()  # would wait for the silent server otherwise
        assert monotonic() - begun < 5


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("192.0.2.1", "is not the URL of a DNS server; expected one like https://"),
        ("", "is not the URL of a DNS server"),
        ("https://", "is not the URL of a DNS server"),
        ("ftp://dns.example/", "is not the URL of a DNS server"),
        ("https://dns.example:0/", "is not the URL of a DNS server"),
        ("https://dns.example:99999/", "is not a URL"),
        ("https://[::1/", "is not a URL"),
        ("https://dns.example/{x}", "is not the URL of a DNS server"),
        ("https://dns.example/#x", "is not the URL of a DNS server"),
        ("https://dns.example/a b", "is not the URL of a DNS server"),
        ("https://dns.example/\x1b[0m", r"'https://dns.example/\\x1b[0m' is not"),
        ("https://d\xfcs.example/", "is not the URL of a DNS server"),
        ("https://dns.example/" + "x" * 3000, "is not the URL of a DNS server"),
        ("https://me:secret@dns.example/", "a URL with a user's name or password is not accepted"),
        ("http://dns.example/dns-query", "without TLS, which only this machine may be"),
        ("http://192.0.2.1/dns-query", "without TLS"),
    ],
    ids=ascii,
)
def test_a_url_that_cannot_be_asked_is_refused(url: str, message: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(message)) as caught:
        DoHResolver(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://localhost/q", "http://[::1]:8053/q", "HTTPS://DNS.example/dns-query{?dns}"])
def test_a_url_that_can_be_asked_is_accepted(url: str) -> None:
    assert repr(DoHResolver(url)) == f"<DoHResolver: {url.removesuffix('{?dns}')}>"


@pytest.mark.parametrize(
    "make",
    [
        lambda: DoHResolver([]),
        lambda: DoHResolver(7),  # type: ignore[arg-type]  # that is the mistake
        lambda: DoHResolver("https://dns.example/", timeout=0),
        lambda: DoHResolver("https://dns.example/", retries=-1),
        lambda: DoHResolver("https://dns.example/", in_flight=0),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ArgumentError):
        make()


def test_certificates_that_cannot_be_read_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/certificates.pem")
    with pytest.raises(ArgumentError, match="SSL_CERT_FILE"):
        DoHResolver("https://dns.example/")


@pytest.mark.parametrize("module", ["httpx", "h2"])
def test_without_its_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'httpx\[http2\]' \(the extra spfengine\[doh\]\)"):
        DoHResolver("https://dns.example/")
