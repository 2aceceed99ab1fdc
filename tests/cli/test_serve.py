"""`spfengine serve` as a process: it says when it is ready, reloads, logs, and leaves cleanly."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from spfengine.answers import Answer, Question, RRType
from spfengine.resolvers.live import LiveResolver
from tests.cli.conftest import SEED, Call, command, environment

RECORD = 'x.example. 60 IN TXT "{}"\n'


class Served:
    """A server that runs, and its address."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self.process = process
        self.ready: dict[str, Any] = json.loads(process.stdout.readline())

    def ask(self, name: str = "x.example", type: RRType = RRType.TXT) -> Answer:
        address, port = self.ready["address"], self.ready["udp_port"]
        nameserver = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        return LiveResolver(nameserver, timeout=5, cache=False).resolve(Question(name, type))

    def wait_for(self, condition: Callable[[], bool]) -> None:
        end = monotonic() + 300
        while not condition():
            assert monotonic() < end, "it did not happen"
            sleep(0.05)

    def next_message(self) -> str:
        """Return the next line on stderr, once there is one."""
        assert self.process.stderr is not None
        return self.process.stderr.readline()

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=300)
        return self.process.returncode, err


@contextmanager
def serving(*arguments: str) -> Iterator[Served]:
    process = subprocess.Popen(
        command("serve", *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    try:
        yield Served(process)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    path = tmp_path / "x.zone"
    path.write_text(RECORD.format("v=spf1 -all"))
    return path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_leaves_cleanly(zone: Path, tmp_path: Path, number: int) -> None:
    file = tmp_path / "ready.json"
    with serving(str(zone), "--ready-file", str(file)) as served:
        assert served.ready == json.loads(file.read_text())
        assert served.ready == {
            "schema": "spfengine.serve/1",
            "address": "127.0.0.1",
            "udp_port": served.ready["udp_port"],
            "tcp_port": served.ready["udp_port"],
            "pid": served.process.pid,
        }
        assert served.ask().texts() == ["v=spf1 -all"]
        assert served.stop(number) == (0, "")
    assert not file.exists()
    assert list(tmp_path.iterdir()) == [zone]


def test_a_change_of_the_file_and_a_signal_reload_the_zone(zone: Path) -> None:
    with serving(str(zone), SEED) as served:
        assert served.ask("seed.example").records
        zone.write_text(RECORD.format("v=spf1 ~all"))
        served.wait_for(lambda: served.ask().texts() == ["v=spf1 ~all"])
        assert served.next_message() == "spfengine serve: serving the new zone\n"
        zone.write_text("this is no zone\n")  # the zone before it goes on to answer
        os.kill(served.process.pid, signal.SIGHUP)
        message = served.next_message()
        assert "still serving the old zone: " in message
        assert "line 1" in message
        assert served.ask().texts() == ["v=spf1 ~all"]
        draft = zone.with_suffix(".new")
        draft.write_text(RECORD.format("v=spf1 ?all"))
        draft.replace(zone)
        served.wait_for(lambda: served.ask().texts() == ["v=spf1 ?all"])
        assert served.stop()[0] == 0


def test_queries_are_logged_as_lines_of_json(zone: Path, tmp_path: Path) -> None:
    log = tmp_path / "queries.jsonl"
    log.write_text('{"kept": true}\n')
    with serving(str(zone), "--query-log", str(log)) as served:
        served.ask("X.example", RRType.MX)
        served.ask("\x1b[31m\n.example")
        lines = [json.loads(line) for line in log.read_text("ascii").splitlines()]  # written before the reply is
        served.stop()
    assert [(line.get("name"), line.get("type"), line.get("over")) for line in lines] == [
        (None, None, None),
        ("X.example", "MX", "udp"),
        ("\\027[31m\\010.example", "TXT", "udp"),
    ]
    assert sorted(lines[1]) == ["client", "name", "over", "time", "type"]
    assert lines[1]["client"][0] == "127.0.0.1"
    assert "\x1b" not in log.read_text()


def test_the_log_can_go_to_standard_output(zone: Path) -> None:
    with serving(str(zone), "--query-log", "-") as served:
        served.ask()
        assert served.process.stdout is not None
        assert json.loads(served.process.stdout.readline())["name"] == "x.example"


def test_faults_are_given_on_the_command_line(zone: Path) -> None:
    with serving(str(zone), "--fault", "x.example TXT servfail queries=1", "--fault", "* MX nxdomain") as served:
        assert [str(served.ask().status) for _ in range(2)] == ["SERVFAIL", "NOERROR"]
        assert served.ask(type=RRType.MX).status == "NXDOMAIN"


def test_it_listens_where_it_is_reported(zone: Path) -> None:
    with serving(str(zone), "--listen", "[::1]:0") as served:
        assert served.ready["address"] == "::1"
        assert served.ask().records


def test_an_address_that_is_taken_is_unavailable(zone: Path, call: Call) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = call("serve", str(zone), "--listen", f"127.0.0.1:{port}")
    assert (ended.code, ended.out) == (69, "")
    assert f"can't listen at 127.0.0.1 port {port}: " in ended.err


def test_a_ready_file_that_cannot_be_written_ends_it(zone: Path, call: Call, tmp_path: Path) -> None:
    ended = call("serve", str(zone), "--ready-file", str(tmp_path / "no" / "ready.json"))
    assert (ended.code, ended.out) == (73, "")
    assert "ready.json can't be written: No such file" in ended.err
    assert call("serve", str(zone), "--query-log", str(tmp_path)).code == 73


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 64, "a zone to serve"),
        (["-"], 64, "can't be standard input"),
        (["no.zone"], 66, "no.zone can't be read"),
        ([SEED, "--listen", "0.0.0.0"], 64, "not loopback"),
        ([SEED, "--listen", "localhost:53"], 64, "expected an address and port like 127.0.0.1:5353"),
        ([SEED, "--listen", "127.0.0.1:dns"], 64, "expected an address and port like 127.0.0.1:5353"),
        ([SEED, "--listen", "[::1:53"], 64, "expected an address and port like 127.0.0.1:5353"),
        ([SEED, "--listen", "127.0.0.1:65536"], 64, "expected an address and port like 127.0.0.1:5353"),
        ([SEED, "--fault", "x.example servfail"], 64, "NAME TYPE KIND"),
    ],
)
def test_a_mistake_is_one_line(call: Call, arguments: list[str], code: int, message: str) -> None:
    ended = call("serve", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err
    assert ended.err.count("\n") == 1
