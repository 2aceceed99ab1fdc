"""Exit codes, and the one line that says what was wrong."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spfengine.errors import ArgumentError
from spfengine.resolvers.live import LiveResolver
from tests.cli.conftest import SEED, Call, command, environment, process
from tests.examples import mostly_full

Suite = Callable[[dict[str, Any]], str]


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ({"TXT": "v=spf1 +all"}, 0),
        ({"TXT": "v=spf1 -all"}, 1),
        ({"TXT": "v=spf1 ~all"}, 2),
        ({"TXT": "v=spf1 ?all"}, 3),
        ({"TXT": "v=spf1 al"}, 4),
        ("TIMEOUT", 5),
        ({"TXT": "no SPF"}, 6),
    ],
)
@pytest.mark.parametrize("form", [[], ["--trace"], ["--json"], ["--json", "--trace"]])
def test_the_exit_code_is_the_result_in_every_form(
    call: Call, suite: Suite, record: object, code: int, form: list[str]
) -> None:
    ended = call("check", "192.0.2.1", "x.example", "--zone", suite({"x.example": [record]}), *form)
    assert (ended.code, ended.err) == (code, "")
    assert ended.out


USAGE = [
    (["check"], ["IP", "192.0.2.1"]),
    (["check", "192.0.2.1"], ["SENDER", "MAIL FROM"]),
    (["check", "192.0.2.300", "x.example"], ["'IP'", "192.0.2.300", "expected one like"]),
    (["check", "fe80::1%eth0", "x.example"], ["'IP'", "zone id"]),
    (["check", "192.0.2.1", "x.example", "more"], ["more"]),
    (["check", "192.0.2.1", "x.example", "--zome", "f"], ["--zome", "--zone"]),
    (["check", "192.0.2.1", "x.example", "--zone"], ["--zone"]),
    (["check", "192.0.2.1", "x.example", "--identity", "both"], ["--identity both", "--helo"]),
    (["check", "192.0.2.1", "x.example", "--identity", "sender"], ["'--identity'", "mailfrom"]),
    (["check", "192.0.2.1", "x.example", "--timeout", "soon"], ["'--timeout'", "seconds"]),
    (["check", "192.0.2.1", "x.example", "--timeout", "0"], ["'--timeout'", "more than 0"]),
    (["check", "192.0.2.1", "x.example", "--timeout", "nan"], ["'--timeout'", "more than 0"]),
    (["check", "192.0.2.1", "x.example", "--void-rule", "all"], ["'--void-rule'", "per-term"]),
    (["check", "192.0.2.1", "x.example", "--nameserver", "dns.example"], ["'--nameserver'", "expected one like"]),
    (["check", "192.0.2.1", "x.example", "--draft", "ip4:192.0.2.1 -all"], ["'--draft'", "v=spf1", "NAME=RECORD"]),
    (["check", "192.0.2.1", "x.example", "--draft", "x=v=spf1 -all"], ["'--draft'", "single label", "NAME=RECORD"]),
    (["check", "192.0.2.1", "x.example", "--draft", "a b.example=v=spf1"], ["'--draft'", "not a domain name"]),
    (["check", "192.0.2.1", "x.example", "--draft", "=v=spf1 -all"], ["'--draft'", "no domain"]),
    (["check", "192.0.2.1", "x.example", "--zone", SEED, "--draft", "v=spf1", "--draft", "X.example.=v=spf1"],
     ["'--draft'", "two drafts for X.example"]),
    (["chekc", "192.0.2.1"], ["chekc", "check"]),
    (["--", "-x"], ["-x", "check"]),
    (["--zone", "x"], ["--zone"]),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "expected"), USAGE, ids=lambda value: " ".join(value)[:60])
def test_a_usage_error_is_one_line_that_names_the_argument(
    call: Call, arguments: list[str], expected: list[str]
) -> None:
    ended = call(*arguments)
    assert (ended.code, ended.out) == (64, "")
    assert ended.err.count("\n") == 1
    assert ended.err.startswith("spfengine")
    assert "--help'" in ended.err
    for words in expected:
        assert words in ended.err


def test_without_arguments_the_help_is_shown(call: Call) -> None:
    ended = call()
    assert ended.code == 64
    assert "Usage: spfengine" in ended.out


def test_a_file_that_cannot_be_read_is_66(call: Call, tmp_path: Path) -> None:
    for path in (str(tmp_path / "none.zone"), str(tmp_path / "none.json"), str(tmp_path / "none.yml"), str(tmp_path)):
        ended = call("check", "192.0.2.1", "x.example", "--zone", path)
        assert (ended.code, ended.out) == (66, "")
        assert ended.err.startswith(f"spfengine check: {path} can't be read: ")
        assert ended.err.count("\n") == 1


BROKEN = [
    (
        "x.zone",
        b'$ORIGIN x.example.\n@ 300 IN TXT "v=spf1 -all"\n@ 300 IN A 192.0.2.300\n',
        ["x.zone", "3", "192.0.2.300"],
    ),
    ("x.zone", b"\x00\xff\n", ["x.zone"]),
    ("x.json", b"{", ["x.json", "JSON"]),
    ("x.json", b"[" * 100_000, ["x.json", "JSON"]),
    ("x.json", b"\xff", ["x.json", "JSON"]),
    ("x.json", b"{}", ["x.json", "spfengine.recording/1"]),
    ("x.json", b'{"zonedata": 1}', ["x.json", "mapping"]),
    ("x.json", b'{"zonedata": {"x.example": [{"A": "192.0.2.300"}]}}', ["x.json", "x.example A", "192.0.2.300"]),
    ("x.yml", b"zonedata: {x.example: [", ["x.yml", "YAML", "line"]),
    ("x.yml", b"[" * 5000, ["x.yml"]),
    ("x.yml", b"--- {zonedata: {}}\n--- {zonedata: {}}\n", ["x.yml", "2 documents"]),
    ("x.yml", b"just text", ["x.yml", "zonedata"]),
    ("x.yaml", b"zonedata: {x.example: [{A: 2024-01-01}]}", ["x.yaml", "x.example A"]),
    ("x.yml", b"zonedata: {x.example: [!!python/name:os.system {}]}", ["x.yml", "YAML"]),
    ("x.yml", b"\x00", ["x.yml", "YAML"]),
]


@pytest.mark.parametrize(("name", "content", "expected"), BROKEN)
def test_a_file_that_cannot_be_understood_is_65_and_says_where(
    call: Call, tmp_path: Path, name: str, content: bytes, expected: list[str]
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    ended = call("check", "192.0.2.1", "x.example", "--zone", SEED, "--zone", str(path))
    assert (ended.code, ended.out) == (65, "")
    assert ended.err.count("\n") == 1
    assert "Traceback" not in ended.err
    for words in expected:
        assert words in ended.err


def test_a_broken_draft_is_a_result_not_an_error(call: Call) -> None:
    ended = call("check", "192.0.2.1", "seed.example", "--zone", SEED, "--draft", "v=spf1 ipv4:192.0.2.1")
    assert (ended.code, ended.err) == (4, "")
    assert "did you mean ip4:192.0.2.1?" in ended.out


def test_without_a_server_to_ask_it_is_69(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise ArgumentError("the system's DNS servers can't be read")

    monkeypatch.setattr(LiveResolver, "__init__", nobody)
    ended = call("check", "192.0.2.1", "x.example")
    assert (ended.code, ended.out) == (69, "")
    assert "--nameserver" in ended.err
    assert ended.err.count("\n") == 1


def test_answers_that_cannot_be_written_are_73(call: Call, tmp_path: Path) -> None:
    path = str(tmp_path / "none" / "answers.json")
    ended = call("check", "192.0.2.1", "seed.example", "--zone", SEED, "--record-answers", path)
    assert (ended.code, ended.out) == (73, "")
    assert ended.err == f"spfengine check: {path} can't be written: No such file or directory\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only where the system has a device that is always full")
def test_output_that_cannot_be_written_is_74() -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(command("check", "192.0.2.1", "seed.example", "--zone", SEED), stdout=full,
                               stderr=subprocess.PIPE, env=environment(), timeout=300, check=False)  # fmt: skip
    assert ended.returncode == 74
    assert ended.stderr.count(b"\n") == 1
    assert b"Traceback" not in ended.stderr


def test_closed_outputs_are_no_traceback() -> None:
    def shell(line: str) -> tuple[int, bytes]:
        arguments = ["/bin/sh", "-c", line, *command("check", "192.0.2.1", "seed.example", "--zone", SEED)]
        ended = subprocess.run(arguments, stderr=subprocess.PIPE, env=environment(), timeout=300, check=False)
        return ended.returncode, ended.stderr

    assert shell('"$0" "$@" >&-') == (74, b"spfengine check: the output can't be written: standard output is closed\n")
    assert shell('"$0" "$@" --zone /none 2>&-') == (66, b"")


@pytest.mark.parametrize(
    "arguments", mostly_full([["check", "192.0.2.1", "seed.example", "--zone", SEED], ["check", "--help"]])
)
def test_a_reader_that_has_gone_is_no_reason_to_complain(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(command(*arguments), stdout=writer, stderr=subprocess.PIPE, env=environment(), timeout=60,
                           check=False)  # fmt: skip
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_ctrl_c_ends_it_quietly_with_130() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.settimeout(30)
        server = f"127.0.0.1:{silent.getsockname()[1]}"
        running = subprocess.Popen(command("check", "192.0.2.1", "x.example", "--nameserver", server),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())  # fmt: skip
        silent.recvfrom(512)  # it has asked, and waits
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=300)
    assert (running.returncode, out, err) == (130, b"", b"")


def test_the_time_limit_ends_a_check_of_a_silent_server() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{silent.getsockname()[1]}"
        ended = process("check", "192.0.2.1", "x.example", "--nameserver", server, "--timeout", "0.3")
    assert (ended.code, ended.err) == (5, f"spfengine: DNS server {server}: no answer in time\n")
    assert ended.out.startswith("TEMPERROR  ")
