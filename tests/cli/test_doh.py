"""`--doh URL`: commands that ask DNS over HTTPS."""

import sys
from pathlib import Path

import pytest

from spfengine.cli.options import server_words
from spfengine.resolvers.zone import Zone
from tests.cli.conftest import Call
from tests.wire.doh_server import AUTHORITY, doh_server, http2_server, sending

ZONE = Zone({"x.example": {"TXT": "v=spf1 include:y.example -all"}, "y.example": {"TXT": "v=spf1 ip4:192.0.2.1 -all"}})
CHECK = ("check", "192.0.2.1", "a@x.example")


def test_a_check_over_https(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.cert_pem.bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with http2_server(ZONE) as (url, log):
        ended = call(*CHECK, "--doh", url)
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.startswith("PASS ")
        assert len(log.requests) == 2


def test_a_server_that_gives_no_answer_is_named_with_the_reason(call: Call) -> None:
    with doh_server(ZONE, sending(b"", 404), tls=False) as (url, _):
        ended = call(*CHECK, "--doh", url)
    assert ended.code == 5  # temperror
    reason = "it answers with HTTP status 404; expected 200: is this its URL for DNS over HTTPS?"
    assert ended.err == f"spfengine: DNS server {url}: {reason}\n"


def test_with_a_zone_it_answers_what_the_zone_does_not_have(call: Call, tmp_path: Path) -> None:
    zone = tmp_path / "x.example.zone"
    zone.write_text('x.example. 60 IN TXT "v=spf1 include:y.example ?all"\n', "utf-8")
    with doh_server(ZONE, tls=False) as (url, log):
        assert call("simulate", "x.example", "--zone", str(zone), "--doh", url, "--draft", "v=spf1 -all").code == 1
        assert len(log.requests) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--doh", "https://dns.example/", "--nameserver", "192.0.2.1"), "expected one of --nameserver and --doh"),
        (("--nameserver", "192.0.2.1", "--doh", "https://dns.example/"), "expected one of --nameserver and --doh"),
        (("--nameserver", "https://dns.example/"), "'https://dns.example/' is a URL; give it with --doh"),
        (("--doh", "192.0.2.1"), "'192.0.2.1' is not a URL; expected one like https://dns.example/dns-query"),
        (("--doh", "http://dns.example/"), "without TLS"),
        (("--doh", "ftp://dns.example/"), "expected one like https://dns.example/dns-query"),
    ],
)
def test_servers_that_cannot_be_asked_are_refused(call: Call, options: tuple[str, ...], message: str) -> None:
    ended = call(*CHECK, *options)
    assert ended.code == 64
    assert message in ended.err


def test_without_httpx_it_says_what_to_install(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h2", None)
    ended = call(*CHECK, "--doh", "https://dns.example/dns-query")
    assert ended.code == 69
    assert "spfengine[doh]" in ended.err


def test_commands_that_it_prints_ask_the_same_server() -> None:
    assert server_words(["https://dns.example/"]) == ["--doh", "https://dns.example/"]
    assert server_words(["192.0.2.1"]) == ["--nameserver", "192.0.2.1"]
