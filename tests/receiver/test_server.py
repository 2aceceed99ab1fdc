"""The policy server under signals, with clients that misbehave, few file descriptors, and sockets from systemd."""

import asyncio
import contextlib
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from spfengine import Answer, Question, Zone
from spfengine.policyd.bounds import Bounds
from spfengine.policyd.connection import MOST_USELESS
from spfengine.policyd.fairness import Fairness
from spfengine.policyd.lines import Lines
from spfengine.policyd.log import Log
from spfengine.policyd.metrics import Metrics
from spfengine.policyd.server import Server
from spfengine.policyd.sockets import listen
from spfengine.policyd.systemd import handed_over, notify
from spfengine.receiver.delegation import Delegation
from spfengine.receiver.rules import Rules
from tests.cli.conftest import REPOSITORY, SEED, command, environment
from tests.examples import mostly_full
from tests.receiver.requests import wire
from tests.receiver.test_policyd import SOFTFAIL, ask, policyd

_PATIENCE = 30
ZONE = Zone({"pass.example": {"TXT": "v=spf1 +all"}, "soft.example": {"TXT": "v=spf1 ~all"}})


class Gated:
    """A zone whose answers wait until a test opens the gate."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.asked = asyncio.Event()

    async def aresolve(self, question: Question, /) -> Answer:
        self.asked.set()
        await self.gate.wait()
        return ZONE.resolve(question)


class InLoop:
    """A server in the event loop of a test, with its log."""

    def __init__(self, resolver: object, bounds: Bounds, reload: Callable[[], object]) -> None:
        self.resolver = resolver
        self.lines: list[str] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.metrics = Metrics()
        log = Log(self.lines.append)
        fairness = Fairness(1)
        self.delegation = Delegation(Rules("mx.example.net"), resolver, log.note, log.decided, fairness.turn)  # type: ignore[arg-type]  # any resolver that a test gives
        self.socket = listen("127.0.0.1", 0)
        self.scraped = listen("127.0.0.1", 0)
        self.server = Server(self.delegation, log, self.metrics, fairness, bounds, reload)
        self.running = asyncio.create_task(self.server.run([self.socket], [self.scraped]))

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(*self.socket.getsockname()[:2])
        self.writers.append(writer)
        return reader, writer

    async def stop(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(self.running, _PATIENCE)


def in_loop(
    test: Callable[[InLoop], Coroutine[Any, Any, None]], resolver: object = ZONE, clients: int = 100,
    reload: Callable[[], object] = lambda: None,
) -> list[str]:  # fmt: skip
    async def run() -> list[str]:
        made = resolver() if isinstance(resolver, type) else resolver
        served = InLoop(made, Bounds(clients, clients), reload)
        await asyncio.sleep(0)
        try:
            await test(served)
        finally:
            if not served.running.done():
                await served.stop()
            served.socket.close()
            served.scraped.close()
            for writer in served.writers:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
        return served.lines

    return asyncio.run(run())


def test_sigterm_closes_each_connection_after_its_last_reply() -> None:
    """Issue: "SIGTERM closes each connection after its last reply (today 10 s of refusing)"."""

    async def test(served: InLoop) -> None:
        gated = served.resolver
        assert isinstance(gated, Gated)
        idle, _ = await served.connect()
        busy, writer = await served.connect()
        writer.write(wire() + wire(instance="second"))
        await gated.asked.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        assert await idle.read() == b"", "an idle client is closed at once"
        assert not served.running.done()
        gated.gate.set()
        replies = await busy.read()
        assert replies.count(b"action=PREPEND Received-SPF: pass") == 2
        await asyncio.wait_for(served.running, _PATIENCE)

    lines = in_loop(test, Gated)
    assert lines[-1] == "stopped"


def test_what_a_client_sent_ahead_is_answered_though_it_sends_no_more() -> None:
    """It has closed its direction of the connection, and still reads: `nc -N` does so."""

    async def test(served: InLoop) -> None:
        gated = served.resolver
        assert isinstance(gated, Gated)
        replies, writer = await served.connect()
        for instance in ("first", "second", "third"):
            writer.write(wire(instance=instance))
            await gated.asked.wait()
            await asyncio.sleep(0)
        writer.write_eof()
        gated.gate.set()
        answered = await asyncio.wait_for(replies.read(), _PATIENCE)
        assert answered.count(b"action=PREPEND Received-SPF: pass") == 3

    in_loop(test, Gated)


def test_sighup_reloads_and_clients_stay(tmp_path: Path) -> None:
    zone = tmp_path / "zone.json"
    zone.write_text(json.dumps({"zonedata": {"a.example": [{"TXT": "v=spf1 ~all"}]}}))
    with policyd("--zone", str(zone), "--listen", "127.0.0.1:0") as running, running.connect() as client:

        def asked(instance: str) -> str:
            return ask(client, wire(sender="x@a.example", instance=instance))

        assert "softfail" in asked("1")
        zone.write_text(json.dumps({"zonedata": {"a.example": [{"TXT": "v=spf1 -all"}]}}))
        assert "softfail" in asked("2")
        running.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "reloaded" in running.lines())
        assert asked("3").startswith("action=550 5.7.23")
        zone.write_text("{")
        running.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "not reloaded, the old settings stay" in running.lines())
        assert asked("4").startswith("action=550 5.7.23")
        assert running.stop()[0] == 0


def wait_for(condition: Callable[[], bool]) -> None:
    turn = threading.Event()
    for _ in range(_PATIENCE * 100):
        if condition():
            return
        turn.wait(0.01)
    raise AssertionError("it never was so")


def test_a_client_of_empty_lines_is_closed_and_fills_no_log() -> None:
    async def test(served: InLoop) -> None:
        others = [await served.connect() for _ in range(3)]
        reader, writer = await served.connect()
        with contextlib.suppress(OSError):
            writer.write(b"\n" * 200_000)
            assert (await reader.read()).count(b"action=DUNNO") <= MOST_USELESS
        for _ in range(10):
            again, more = await served.connect()
            with contextlib.suppress(OSError):
                more.write(b"\n" * 100_000)
                await again.read()
        for other, good in others:
            good.write(wire(instance=str(id(other))))
            assert (await other.readuntil(b"\n\n")).startswith(b"action=PREPEND")

    lines = in_loop(test)
    assert len(lines) < 30
    assert "further lines of this kind are left out for up to a minute" in lines


def test_many_requests_of_one_client_do_not_hold_up_another() -> None:
    """They are answered in turn: eight of one, then the other's."""
    answered: list[str] = []

    async def test(served: InLoop) -> None:
        first, writer = await served.connect()
        second, other = await served.connect()
        served.delegation._decided = lambda decision: answered.append(decision.instance)
        writer.write(b"".join([wire(instance=f"many{number}") for number in range(400)]))
        other.write(wire(instance="other"))
        await second.readuntil(b"\n\n")
        assert answered.index("other") < 100
        for _ in range(400):
            await first.readuntil(b"\n\n")

    in_loop(test)


def test_with_too_many_clients_the_longest_idle_one_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spfengine.policyd.server._QUIET", 0)
    monkeypatch.setattr("spfengine.policyd.server._AT_A_TIME", 1)

    async def test(served: InLoop) -> None:
        clients = [await served.connect() for _ in range(5)]
        for reader, writer in clients[1:]:
            writer.write(wire())
            await reader.readuntil(b"\n\n")
        reader, writer = await served.connect()
        writer.write(wire())
        assert (await reader.readuntil(b"\n\n")).startswith(b"action=")
        assert await clients[0][0].read() == b""

    lines = in_loop(test, clients=5)
    assert sum("there are 5 clients" in line for line in lines) == 1


def test_new_clients_wait_while_all_others_are_busy() -> None:
    async def test(served: InLoop) -> None:
        gated = served.resolver
        assert isinstance(gated, Gated)
        clients = [await served.connect() for _ in range(5)]
        for number, (_, writer) in enumerate(clients):
            writer.write(wire(instance=str(number)))
        await gated.asked.wait()
        gated.gate.set()
        for reader, _ in clients:
            assert (await reader.readuntil(b"\n\n")).startswith(b"action=")

    in_loop(test, Gated, clients=2)


@pytest.mark.full
def test_without_file_descriptors_there_is_one_line(tmp_path: Path) -> None:
    """Issue: "no file descriptors: one line, not 69,000; its own bounds fit the usual limit of 1,024"."""
    path = tmp_path / "s"
    log = tmp_path / "log"
    limit = 96
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command("policyd", "--zone", SEED, "--listen", f"unix:{path}"), stderr=stream, env=environment(),
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)),  # noqa: PLW1509 - no threads
        )  # fmt: skip
    try:
        wait_for(lambda: b"listening at" in log.read_bytes())
        clients = []
        for _ in range(150):
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(_PATIENCE)
            client.connect(str(path))
            clients.append(client)
        assert ask(clients[-1], wire(**SOFTFAIL)).startswith("action=PREPEND")
        for client in clients:
            client.close()
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(_PATIENCE)
            client.connect(str(path))
            assert ask(client, wire(**SOFTFAIL, instance="x")).startswith("action=PREPEND")
    finally:
        process.terminate()
        process.wait(_PATIENCE)
    lines = log.read_text().splitlines()
    assert sum("file descriptors" in line for line in lines) == 1
    assert len(lines) < 8


@pytest.mark.parametrize(
    ("place", "asked", "answer"),
    [("socket", wire(), b"action="), ("scraped", b"GET /metrics HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK")],
    ids=["mail", "metrics"],
)
def test_accepting_without_file_descriptors_is_one_line_and_goes_on(
    place: str, asked: bytes, answer: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(served: InLoop) -> None:
        taken: list[int] = []
        connecting = socket.socket()
        connecting.setblocking(False)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        lowest = os.dup(0)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 1, hard))
        try:
            with contextlib.suppress(BlockingIOError):
                connecting.connect(getattr(served, place).getsockname())
            for _ in range(20):
                await asyncio.sleep(0.01)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for descriptor in (lowest, *taken):
                os.close(descriptor)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(connecting, asked)
        assert (await asyncio.wait_for(loop.sock_recv(connecting, len(answer)), _PATIENCE)) == answer
        connecting.close()

    monkeypatch.setattr("spfengine.policyd.server._PAUSE", 0.01)
    lines = in_loop(test)
    assert sum("new clients wait" in line for line in lines) == 1
    assert not caplog.records, "asyncio has logged something"


def test_metrics_are_shown_for_prometheus() -> None:
    with policyd("--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0") as running:
        with running.connect() as client:
            ask(client, wire(**SOFTFAIL))
            ask(client, wire(**SOFTFAIL, instance="2"))
        wait_for(lambda: "metrics at" in running.lines())
        place = re.search(r"metrics at (\S+)", running.lines())
        assert place is not None
        host, port = place[1].split(":")
        with urllib.request.urlopen(f"http://{place[1]}/metrics", timeout=_PATIENCE) as response:
            assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            text = response.read().decode()
        assert re.search(r"_decisions_total\{action=\"accept\",result=\"softfail\",identity=\"mailfrom\"\} 2\n", text)
        for line in text.splitlines():
            assert re.fullmatch(r'# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"\\]*",?)+\})? [-+.e0-9]+', line), line
        with socket.create_connection((host, int(port)), _PATIENCE) as other:
            other.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert other.recv(4096).startswith(b"HTTP/1.1 404 ")
        with socket.create_connection((host, int(port)), _PATIENCE) as junk:
            junk.sendall(b"x" * 100_000)
            with contextlib.suppress(OSError):
                junk.recv(10)
        assert running.stop()[0] == 0


def test_the_log_as_json_has_the_reason_in_every_line() -> None:
    with policyd("--listen", "127.0.0.1:0", "--log-format", "json") as running:
        with running.connect() as client:
            ask(client, wire(**SOFTFAIL))
            ask(client, wire(client_address="192.0.2.1", sender="a@nowhere\x1b.invalid", instance="2"))
            ask(client, wire(client_address="10.0.0.1", instance="3"))
        code, log = running.stop()
    lines = [json.loads(line) for line in log.splitlines()]
    decisions = [line for line in lines if line["event"] == "decision"]
    assert [(each["result"], each["directive"], each["problem"]) for each in decisions] == [
        ("softfail", "~all", None),
        ("temperror", None, "outside-zone"),
    ]
    assert decisions[1]["reason"]
    assert any("10.0.0.1 is a private address" in line.get("text", "") for line in lines)
    assert code == 0


LAUNCHER = """
import os, socket, sys
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*[s.getsockname()[1] for s in sockets], flush=True)
for number, sock in enumerate(sockets):
    os.dup2(sock.fileno(), 3 + number + 10)
for number in range(2):
    os.dup2(13 + number, 3 + number, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES="policy:metrics")
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
def activated(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int, int, socket.socket]]:
    """A server that has got its sockets as systemd passes them; its ports, and the socket that it notifies."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.settimeout(_PATIENCE)
        notified.bind(str(tmp_path / "notify"))
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, *command("policyd", "--zone", SEED)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(NOTIFY_SOCKET=str(tmp_path / "notify")),
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            policy, metrics = process.stdout.readline().split()
            yield process, int(policy), int(metrics), notified
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(_PATIENCE)
            process.stdout.close()
            process.stderr.close()


def test_sockets_that_systemd_hands_over_are_served(
    activated: tuple[subprocess.Popen[bytes], int, int, socket.socket],
) -> None:
    process, policy, metrics, notified = activated
    with socket.create_connection(("127.0.0.1", policy), _PATIENCE) as client:
        assert ask(client, wire(**SOFTFAIL)).startswith("action=PREPEND Received-SPF: softfail")
    with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=_PATIENCE) as response:
        assert b'result="softfail"' in response.read()
    process.send_signal(signal.SIGHUP)
    assert [notified.recv(100) for _ in range(3)] == [b"READY=1", b"RELOADING=1", b"READY=1"]
    process.send_signal(signal.SIGTERM)
    assert notified.recv(100) == b"STOPPING=1"
    assert process.wait(_PATIENCE) == 0


def test_sockets_for_another_process_are_not_taken() -> None:
    environ = {"LISTEN_PID": str(os.getpid() + 1), "LISTEN_FDS": "1"}
    assert handed_over(environ) == []
    assert environ == {}
    assert handed_over({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "x"}) == []
    notify("READY=1", {})
    notify("READY=1", {"NOTIFY_SOCKET": "/nonexistent/socket"})


@pytest.mark.parametrize(
    ("arguments", "reported"),
    mostly_full(
        [
            (["--metrics", "127.0.0.1:0"], "--metrics needs --listen"),
            (["--metrics", "192.0.2.1:1", "--listen", "127.0.0.1:0"], "not loopback"),
            (["--log-format", "xml"], "'--log-format'"),
        ]
    ),
)
def test_unusable_settings_are_reported(arguments: list[str], reported: str) -> None:
    done = subprocess.run(
        command("policyd", "--zone", SEED, *arguments), capture_output=True, env=environment(), timeout=_PATIENCE,
        check=False,
    )  # fmt: skip
    assert done.returncode == 64
    assert reported in done.stderr.decode()


@pytest.mark.full
def test_the_units_are_what_systemd_accepts(tmp_path: Path) -> None:
    from tests.debian import program

    verify = program("systemd-analyze")
    for name in ("spfengine-policyd.service", "spfengine-policyd.socket"):
        unit = (REPOSITORY / "examples" / "systemd" / name).read_text("utf-8")
        (tmp_path / name).write_text(unit.replace("/opt/spfengine/bin/spfengine", sys.executable))
    done = subprocess.run(
        [verify, "verify", "--man=no", *[str(path) for path in sorted(tmp_path.iterdir())]],
        capture_output=True, text=True, timeout=_PATIENCE, check=False,
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "spfengine" in line]
    assert (done.returncode, ours) == (0, [])


def test_the_log_is_bounded_by_the_minute() -> None:
    now = [0.0]
    lines: list[str] = []
    log = Log(lines.append, clock=lambda: now[0])
    for _ in range(1000):
        log.note("x\x1b")
    assert len(lines) == 21
    assert lines[0] == "x\\x1b"
    now[0] = 61.0
    log.note("y")
    assert lines[-2:] == ["980 more lines of this kind were left out", "y"]


class Written:
    """A stream that keeps what each write has given it; one that is closed refuses."""

    def __init__(self, *, closed: bool = False) -> None:
        self.closed = closed
        self.writes: list[str] = []

    def write(self, text: str) -> None:
        if self.closed:
            raise BrokenPipeError
        self.writes.append(text)

    def flush(self) -> None:
        pass


@pytest.mark.parametrize("closed", [False, True])
def test_the_lines_of_a_turn_are_written_at_once_and_a_closed_log_stops_nothing(closed: bool) -> None:
    stream = Written(closed=closed)
    lines = Lines(stream)  # type: ignore[arg-type]  # what Lines needs of a stream

    async def run() -> None:
        for turn in range(3):
            for number in range(2):
                lines.write(f"{turn} {number}")
            await asyncio.sleep(0)

    lines.write("before")
    asyncio.run(run())
    lines.write("after")
    written = ["before\n", "0 0\n0 1\n", "1 0\n1 1\n", "2 0\n2 1\n", "after\n"]
    assert stream.writes == ([] if closed else written)
