"""`spfengine policyd` over stdin, TCP and a unix socket, as Postfix talks to it."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import syslog
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from spfengine import Answer, Question
from spfengine.cli import policyd as policyd_command
from spfengine.receiver.delegation import Delegation
from spfengine.receiver.rules import Rules
from tests.cli.conftest import SEED, command, environment
from tests.examples import mostly_full
from tests.receiver.requests import wire

SOFTFAIL = {"client_address": "23.83.218.24", "sender": "alice@seed.example"}
_PATIENCE = 30


class Running(NamedTuple):
    process: subprocess.Popen[bytes]
    connect: Callable[[], socket.socket]
    log: Callable[[], str]
    lines: Callable[[], str]

    def stop(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(_PATIENCE)
        return self.process.returncode, self.log()


@contextlib.contextmanager
def policyd(*arguments: str) -> Iterator[Running]:
    """A server that listens."""
    zone = [] if "--zone" in arguments else ["--zone", SEED]
    process = subprocess.Popen(
        command("policyd", *zone, "--hostname", "mx.example.net", *arguments),
        stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    lines: list[bytes] = []
    assert process.stderr is not None
    reader = threading.Thread(target=lines.extend, args=(process.stderr,))
    try:
        ready = process.stderr.readline().decode()
        if ready.startswith("{"):
            ready = f"{json.loads(ready)['text']}\n"
        where = re.fullmatch(r"listening at (?:unix:(.+)|\[?([^\]]+)\]?:(\d+))\n", ready)
        assert where is not None, ready + process.stderr.read().decode()

        def connect() -> socket.socket:
            assert where is not None
            if where[1]:
                client = socket.socket(socket.AF_UNIX)
                client.settimeout(_PATIENCE)
                try:
                    client.connect(where[1])
                except OSError:
                    client.close()
                    raise
                return client
            return socket.create_connection((where[2], int(where[3])), _PATIENCE)

        def log() -> str:
            reader.join(_PATIENCE)
            return b"".join(lines).decode()

        reader.start()
        yield Running(process, connect, log, lambda: b"".join(lines).decode())
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(_PATIENCE)
        if reader.ident is not None:
            reader.join(_PATIENCE)
        process.stderr.close()


def ask(client: socket.socket, octets: bytes) -> str:
    client.sendall(octets)
    return answer(client)


def answer(client: socket.socket) -> str:
    received = b""
    while not received.endswith(b"\n\n"):
        piece = client.recv(4096)
        if not piece:
            break
        received += piece
    return received.decode()


@pytest.fixture(params=["tcp", "unix", pytest.param("tcp6", marks=pytest.mark.full)])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    listen = {"tcp": "127.0.0.1:0", "tcp6": "[::1]:0", "unix": f"unix:{tmp_path}/s"}[request.param]
    if request.param == "tcp6":
        with socket.socket(socket.AF_INET6) as probe:
            try:
                probe.bind(("::1", 0))
            except OSError as error:
                pytest.skip(f"this machine has no IPv6 loopback: {error}")
    with policyd("--listen", listen) as running:
        yield running


def test_many_requests_over_one_connection(server: Running) -> None:
    with server.connect() as client:
        first = ask(client, wire(**SOFTFAIL))
        assert first.startswith("action=PREPEND Received-SPF: softfail (mx.example.net: seed.example ")
        assert ask(client, wire(**SOFTFAIL, recipient="two@mx.example.net")) == "action=DUNNO\n\n"
        assert ask(client, wire(**SOFTFAIL, instance="next")) == first
    with server.connect() as client:
        assert ask(client, wire(**SOFTFAIL)) == "action=DUNNO\n\n", "Postfix may connect again within a message"
    code, err = server.stop()
    assert code == 0
    assert err.count("accept: spf=softfail by ~all") == 2
    assert err.endswith("stopped\n")
    with pytest.raises((ConnectionRefusedError, FileNotFoundError)):  # of TCP; of a UNIX-domain socket
        server.connect()


def test_requests_in_pieces_and_in_one_piece(server: Running) -> None:
    with server.connect() as client:
        for octet in wire(**SOFTFAIL):
            client.sendall(bytes([octet]))
        assert answer(client).startswith("action=PREPEND")
        received = ask(client, wire(**SOFTFAIL, instance="b") + wire(**SOFTFAIL, instance="b"))
        while received.count("action=") < 2:
            received += answer(client)
        assert received.endswith("action=DUNNO\n\n")


def test_what_is_no_request_ends_its_connection_only(server: Running) -> None:
    with server.connect() as good, server.connect() as bad, server.connect() as huge, server.connect() as slow:
        slow.sendall(b"request=smtpd_acc")
        assert ask(bad, b"EHLO x\r\n\n\n") == ""
        with contextlib.suppress(OSError):  # it may be closed before all is sent
            huge.sendall(b"a=" + b"x" * (1 << 20))
            assert answer(huge) == ""
        assert ask(good, wire(**SOFTFAIL)).startswith("action=PREPEND")
    code, err = server.stop()
    assert code == 0
    assert "a client is closed: line 1 of a request has no '='" in err
    assert "a client is closed: a request is longer than 65536 octets" in err
    assert "Traceback" not in err


def test_clients_that_go_in_the_middle_do_no_harm(server: Running) -> None:
    for octets in b"", b"request=", wire(**SOFTFAIL):
        with server.connect() as client:
            client.sendall(octets)
    with server.connect() as client:
        assert ask(client, wire(**SOFTFAIL, instance="x")).startswith("action=PREPEND")
    code, err = server.stop()
    assert (code, "Traceback" in err) == (0, False)


@pytest.mark.full
def test_a_hundred_clients_at_once() -> None:
    with policyd("--listen", "127.0.0.1:0") as running:
        answers: list[str] = []

        def one(number: int) -> None:
            with running.connect() as client:
                answers.extend([ask(client, wire(**SOFTFAIL, instance=f"{number}.{turn}")) for turn in range(5)])

        threads = [threading.Thread(target=one, args=(number,)) for number in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_PATIENCE)
        assert len(answers) == 500
        assert {item[:37] for item in answers} == {"action=PREPEND Received-SPF: softfail"}


@pytest.mark.full
def test_a_check_that_runs_at_sigterm_is_answered() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        process = subprocess.Popen(
            command("policyd", "--listen", "127.0.0.1:0", "--timeout", "2",
                    "--nameserver", f"127.0.0.1:{silent.getsockname()[1]}"),
            stderr=subprocess.PIPE, env=environment(),
        )  # fmt: skip
        assert process.stderr is not None
        port = int(process.stderr.readline().rpartition(b":")[2])
        with socket.create_connection(("127.0.0.1", port), _PATIENCE) as client:
            client.sendall(wire())
            silent.settimeout(_PATIENCE)
            silent.recv(512)  # the check has asked its question
            process.send_signal(signal.SIGTERM)
            assert answer(client).startswith("action=451 4.7.24 ")
        _, err = process.communicate(timeout=_PATIENCE)
        assert (process.returncode, b"Traceback" in err) == (0, False)


def test_a_stale_socket_is_replaced_and_a_live_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with policyd("--listen", f"unix:{path}") as running:
        second = subprocess.run(
            command("policyd", "--zone", SEED, "--listen", f"unix:{path}"),
            capture_output=True, env=environment(), timeout=_PATIENCE, check=False,
        )  # fmt: skip
        assert (second.returncode, second.stderr.decode().strip()) == (
            69, f"spfengine policyd: can't listen at unix:{path}: Address already in use",
        )  # fmt: skip
        with running.connect() as client:
            assert ask(client, wire(**SOFTFAIL)).startswith("action=PREPEND")
        assert running.stop()[0] == 0
    assert not path.exists()


def test_a_file_is_never_taken_for_a_stale_socket(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("kept")
    done = subprocess.run(
        command("policyd", "--zone", SEED, "--listen", f"unix:{path}"),
        capture_output=True, env=environment(), timeout=_PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 69
    assert path.read_text() == "kept"


def stdin(octets: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command("policyd", "--zone", SEED, "--hostname", "mx.example.net", *arguments),
        input=octets, capture_output=True, env=environment(), timeout=_PATIENCE, check=False,
    )  # fmt: skip


def test_on_stdin_nothing_but_replies_is_written() -> None:
    """Postfix's spawn(8) takes standard error for the reply as well."""
    done = stdin(wire(**SOFTFAIL) + wire(**SOFTFAIL), "--header", "authentication-results")
    assert (done.returncode, done.stderr) == (0, b"")
    first, second, rest = done.stdout.decode().split("\n\n")
    assert first.startswith("action=PREPEND Authentication-Results: mx.example.net; spf=softfail ")
    assert (second, rest) == ("action=DUNNO", "")


def test_on_stdin_skipped_clients_are_left_to_postfix() -> None:
    done = stdin(wire(**SOFTFAIL), "--skip", "192.0.2.1", "--skip", "23.83.208.0/20")
    assert (done.returncode, done.stdout) == (0, b"action=DUNNO\n\n")


def test_on_stdin_a_check_that_fails_is_deferred_and_the_next_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        def resolve(self, question: Question, /) -> Answer:
            raise RuntimeError("a fault of the resolver")

    said: list[str] = []
    written: list[bytes] = []
    pieces = [wire(**SOFTFAIL) + wire(**SOFTFAIL, instance="2"), b""]
    monkeypatch.setattr(os, "read", lambda descriptor, size: pieces.pop(0))
    monkeypatch.setattr(policyd_command, "_write", written.append)
    assert policyd_command._serve_stdin(Delegation(Rules("mx.example.net"), Failing(), said.append)) == 0
    assert written == [b"action=451 4.3.5 The SPF check failed, try again later\n\n"] * 2
    assert said == ["the check failed: RuntimeError: a fault of the resolver"] * 2


def test_with_syslog_the_log_goes_to_the_mail_log(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    said: list[str] = []
    monkeypatch.setattr(syslog, "openlog", lambda *arguments: opened.extend(arguments))
    monkeypatch.setattr(syslog, "syslog", said.append)
    log = policyd_command._log(syslog=True, listens=False)
    assert log is not None
    log("a line")
    assert (opened, said) == (["spfengine-policyd", syslog.LOG_PID, syslog.LOG_MAIL], ["a line"])


def test_on_stdin_it_ends_quietly_where_postfix_has_gone() -> None:
    process = subprocess.Popen(
        command("policyd", "--zone", SEED), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=environment(),
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(wire(**SOFTFAIL), timeout=_PATIENCE)
    assert (process.returncode, err) == (0, b"")


def test_a_client_that_never_reads_holds_up_nobody(server: Running) -> None:
    with server.connect() as greedy, server.connect() as other:
        greedy.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            for number in range(20_000):
                greedy.send(wire(**SOFTFAIL, instance=f"{number}"))
        assert ask(other, wire(**SOFTFAIL, instance="other")).startswith("action=PREPEND")
        greedy.close()
    assert server.stop()[0] == 0


def test_on_stdin_what_is_no_request_ends_it() -> None:
    done = stdin(wire(**SOFTFAIL) + b"junk\n\n")
    assert (done.returncode, done.stderr) == (65, b"")
    assert done.stdout.count(b"action=") == 1


def test_on_stdin_sigterm_is_a_clean_end() -> None:
    process = subprocess.Popen(
        command("policyd", "--zone", SEED), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=environment(),
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(wire(**SOFTFAIL))
    process.stdin.flush()
    assert process.stdout.readline().startswith(b"action=PREPEND")
    process.send_signal(signal.SIGTERM)
    assert process.wait(_PATIENCE) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""
    for pipe in process.stdin, process.stdout, process.stderr:
        pipe.close()


@pytest.mark.parametrize(
    ("arguments", "reported"),
    mostly_full(
        [
            (["--listen", "0.0.0.0:0"], "not loopback"),
            (["--listen", "[::]:0"], "not loopback"),
            (["--listen", "192.0.2.1:10023"], "--allow-remote"),
            (["--listen", "localhost:10023"], "expected an address and port"),
            (["--listen", "127.0.0.1"], "expected an address and port"),
            (["--listen", "127.0.0.1:99999"], "expected an address and port"),
            (["--listen", "unix:"], "expected an address and port"),
            (["--hostname", "a b"], "host name"),
            (["--fail", "bounce"], "'--fail'"),
            (["--skip", "192.0.2.1/24"], "expected that network, 192.0.2.0/24"),
            (["--skip", "mx.example"], "is not an address or network"),
        ],
        2,
    ),
)
def test_unusable_settings_are_reported_before_anything_is_served(arguments: list[str], reported: str) -> None:
    done = stdin(b"", *arguments)
    assert (done.returncode, done.stdout) == (64, b"")
    assert reported in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1


def test_remote_clients_are_let_in_where_that_is_said() -> None:
    with policyd("--listen", "0.0.0.0:0", "--allow-remote") as running:
        assert running.stop()[0] == 0


def test_idle_clients_do_not_hold_up_the_end() -> None:
    with policyd("--listen", "127.0.0.1:0") as running, running.connect() as one, running.connect() as two:
        assert ask(one, wire(**SOFTFAIL)).startswith("action=")
        assert ask(two, wire(**SOFTFAIL)).startswith("action=")
        two.sendall(b"request=")
        assert running.stop()[0] == 0


def test_it_leaves_no_process(tmp_path: Path) -> None:
    with policyd("--listen", f"unix:{tmp_path}/s") as running:
        pid = running.process.pid
        running.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
