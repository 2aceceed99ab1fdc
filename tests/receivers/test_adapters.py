"""The adapters of Exim and rspamd, with a program and a server in their place that answer as these do."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from spfengine.testing.receivers import exim, rspamd
from tests.http_response import respond


@pytest.fixture
def answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file with what the program in Exim's place prints."""
    said = tmp_path / "said"
    program = tmp_path / "exim4"
    program.write_text(f"#!/bin/sh\nexec cat {said}\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setattr(exim, "_EXIM", [str(program)])
    return said


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("250 OK\r\n550 SPF fail not yours : Reason: mechanism\r\n", ("fail", "not yours")),
        ("220 ready\r\n250 OK\r\n250 OK\r\n221 closing\r\n", "accepted without a result"),
        ("220 ready\r\n250 OK\r\n451 try later\r\n221 closing\r\n", "the dialogue ended early: 451 try later"),
        ("220 ready\r\n250 OK\r\n", "the dialogue ended early: no reply to QUIT"),
        ("", "the dialogue ended early: no reply to QUIT"),
        ("501 bad sender\r\n", (None, "Exim's SMTP refuses it: 501 bad sender")),
    ],
)
def test_a_dialogue_with_exim(answering: Path, said: str, expected: object) -> None:
    answering.write_text(said, encoding="ascii", newline="")
    assert exim.dialogue("192.0.2.1", "alice@x.example", "mx.x.example", "127.0.0.1:53") == expected


def test_a_lookup_with_exim(answering: Path) -> None:
    answering.write_text("softfail\n", encoding="ascii")
    assert exim.lookup("192.0.2.1", "alice@x.example", "mx.x.example", "127.0.0.1:53") == "softfail"


@pytest.mark.parametrize("check", [exim.lookup, exim.dialogue, rspamd.check])
def test_what_can_not_be_sent_in_one_line_is_left_out(check: object) -> None:
    assert callable(check)
    result, why = check("192.0.2.1", "a\r\nb@x.example", "mx.x.example", "127.0.0.1:53")
    assert result is None
    assert "line" in why


class _Rspamd(BaseHTTPRequestHandler):
    symbols: tuple[str, ...] = ()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"symbols": {symbol: {} for symbol in self.symbols}}).encode("ascii")
        respond(self, 200, {}, body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def _rspamd(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with HTTPServer(("127.0.0.1", 0), _Rspamd) as server:
        monkeypatch.setattr(rspamd, "_ADDRESS", ("127.0.0.1", server.server_address[1]))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("_rspamd")
@pytest.mark.parametrize(
    ("symbols", "expected"),
    [(("ARC_NA", "R_SPF_ALLOW"), "R_SPF_ALLOW"), (("ARC_NA",), "no symbol of SPF")],
)
def test_the_symbol_of_rspamd(symbols: tuple[str, ...], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Rspamd, "symbols", symbols)
    assert rspamd.check("192.0.2.1", "alice@x.example", "mx.x.example", "127.0.0.1:53") == expected
