"""DoHResolver in Pyodide has the same answers, by `fetch`, which Node.js has as browsers do."""

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from spfengine.answers import Status
from spfengine.resolvers.zone import Zone
from tests.pyodide.conftest import run_in_pyodide
from tests.wire.doh_server import Send, doh_server, sending
from tests.wire.test_doh import HOSTILE, reply

ZONE = Zone(
    {
        "example.com": {"TXT": "v=spf1 include:other.example -all"},
        "other.example": {"TXT": "v=spf1 ip4:192.0.2.2 -all"},
    },
    ttl=600,
)
SILENT = Zone({"example.com": {"TXT": Status.TIMEOUT}})
PATIENCE, SHORT = 60.0, 0.3


@pytest.mark.full
def test_answers_by_fetch_are_the_same(pyodide: Path, engine: Path, tmp_path: Path) -> None:
    with ExitStack() as servers:

        def url(zone: Zone, send: Send | None = None) -> str:
            address, _ = servers.enter_context(doh_server(zone, send, tls=False))
            return address

        asked = [
            (url(ZONE), PATIENCE),
            (url(ZONE, sending(reply(), age="100")), PATIENCE),
            (url(SILENT), SHORT),
            *[(url(ZONE, send), PATIENCE) for send, _ in HOSTILE.values()],
        ]
        (tmp_path / "asked.json").write_text(json.dumps(asked), "utf-8")
        expression = "await answers(open('/input', 'rb').read())"
        seen = json.loads(run_in_pyodide(pyodide, engine, tmp_path / "asked.json", "doh.py", expression))
    record = ["v=spf1 include:other.example -all"]
    assert seen[0] == ["NOERROR", record, 600, "pass", ""]
    assert seen[1][:3] == ["NOERROR", ["v=spf1 a mx include:other.example -all"], 500]
    assert seen[2] == ["TIMEOUT", [], None, "temperror", "no answer in time"]
    for kind, each in zip(HOSTILE, seen[3:], strict=True):
        assert each[:4] == ["TIMEOUT", [], None, "temperror"], kind
        assert each[4], kind
