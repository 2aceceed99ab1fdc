"""Commands are asked without a shell, and whatever an implementation does is an answer."""

import os
import shlex
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from spfengine import ArgumentError
from spfengine.testing.conformance.implementations import Command, Function, PolicyServer
from spfengine.testing.suites import Case, load_suite

SMALL = Path(__file__).with_name("small.yml")
DNS = "127.0.0.1:5353"
PYTHON = shlex.quote(sys.executable)


@pytest.fixture(scope="module")
def case() -> Case:
    return load_suite(SMALL, "small")[0]


def python(code: str, *arguments: str) -> str:
    """A template that runs Python."""
    return " ".join([PYTHON, "-c", shlex.quote(code), *arguments])


def test_placeholders_are_replaced_in_each_word(case: Case) -> None:
    template = "check --ip={ip} {sender} '{helo} {dns}' {dns_host} {dns_port} {receiver} {now} {} {IP} x"
    hostile = replace(case, mailfrom="$(touch x) {dns}; `rm`", helo="a b'\"\n")
    assert Command(template).arguments(hostile, "[::1]:53") == [
        "check", "--ip=192.0.2.1", "$(touch x) {dns}; `rm`", "a b'\"\n [::1]:53", "::1", "53", "unknown", "", "{}",
        "{IP}", "x",
    ]  # fmt: skip


def test_no_shell_reads_the_command(case: Case, tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    hostile = replace(case, mailfrom=f"pass; touch {touched} $(touch {touched})")
    command = Command(python("import sys; print(sys.argv[1])", "{sender}", ";", "touch", str(touched)))
    assert command.ask(hostile, DNS).result == "pass"
    assert not touched.exists()


def test_the_environment_tells_the_dns_server(case: Case) -> None:
    seen = Command(python("import os; print('pass', os.environ['SPFENGINE_DNS'])")).ask(case, DNS)
    assert seen.raw == f"pass {DNS}"


@pytest.mark.parametrize(
    ("template", "message"), [("", "empty"), ("a 'b", "split"), ("a {addr}", "{addr}"), ("  ", "empty")]
)
def test_a_template_that_can_not_be_used_is_refused(template: str, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        Command(template)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("/no/such/command", "can't be started"),
        (python("raise SystemExit(3)"), "no line of the output begins with a result (exit code 3)"),
        (python("print('x' * 10**7)"), "no line of the output"),
        (python("import os; os.write(1, bytes(range(256)))"), "no line of the output"),
    ],
)
def test_a_command_that_gives_no_result(case: Case, template: str, message: str) -> None:
    seen = Command(template).ask(case, DNS)
    assert seen.result is None
    assert message in seen.note
    assert len(seen.raw) < 1000
    assert seen.raw.isprintable()


def test_what_it_writes_to_stderr_is_reported(case: Case) -> None:
    assert Command(python("raise SystemExit('no\\x1b luck')")).ask(case, DNS).raw == "no\\x1b luck"


@pytest.mark.full
def test_a_command_that_does_not_end_is_killed_with_what_it_started(case: Case, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = (
        "import subprocess, sys, time, pathlib; child = subprocess.Popen([sys.executable, '-c', 'import time; "
        f"time.sleep(60)']); pathlib.Path({str(pid_file)!r}).write_text(str(child.pid)); time.sleep(60)"
    )
    seen = Command(python(code), seconds=3).ask(case, DNS)
    assert (seen.result, seen.note) == (None, "it did not end within 3 seconds")
    pid = int(pid_file.read_text())
    for _ in range(100):  # until init has reaped it
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            break
        time.sleep(0.05)
    else:
        os.kill(pid, 0)
        pytest.fail("the child still runs")


def test_exit_codes_tell_the_result_where_that_is_said(case: Case) -> None:
    assert (
        Command(python("raise SystemExit(3)"), {"3": "neutral"}, by_exit_code=True).ask(case, DNS).result == "neutral"
    )


def test_what_can_not_be_said_is_left_out(case: Case) -> None:
    plain, full, server = Command("x {ip}"), Command("x {receiver} {now}"), PolicyServer(("127.0.0.1", 1))
    assert plain.cannot_say(case) is None
    assert "NUL" in str(plain.cannot_say(replace(case, helo="a\0b")))
    assert plain.cannot_say(replace(case, helo="a\nb")) is None
    assert "line end" in str(server.cannot_say(replace(case, helo="a\nb")))
    for needy in replace(case, receiver="mx.example"), replace(case, now=1.0):
        assert plain.cannot_say(needy)
        assert server.cannot_say(needy)
        assert full.cannot_say(needy) is None
    limited = replace(case, limits_given=frozenset({"voids"}))
    assert all("limits" in str(each.cannot_say(limited)) for each in (plain, full, server))


def test_by_hand(case: Case) -> None:
    hostile = replace(case, mailfrom="a b'c@x.example")
    line = Command("check {ip} {sender}").by_hand(hostile, DNS)
    assert shlex.split(line) == [f"SPFENGINE_DNS={DNS}", "check", "192.0.2.1", "a b'c@x.example"]
    assert "client_address=192.0.2.1" in PolicyServer("/no/socket").by_hand(case, DNS).split("\n")
    function = Function("tests.conformance.implementations:ours").by_hand(case, DNS)
    assert (
        function
        == "tests.conformance.implementations.ours('192.0.2.1', 'alice@a.example', 'mx.example', '127.0.0.1:5353')"
    )


@pytest.mark.parametrize("name", ["nonsense", "no_such_module:f", "os:no_such", "os:sep", "a b:c", ""])
def test_a_function_that_there_is_not_is_refused(name: str) -> None:
    with pytest.raises(ArgumentError):
        Function(name)


def test_a_function_may_raise_or_return_nonsense(case: Case) -> None:
    seen = Function("tests.conformance.implementations:raising").ask(case, DNS)
    assert (seen.result, seen.note, seen.raw) == (None, "it raised OSError", "no\\x1bluck")
    seen = Function("tests.conformance.implementations:nonsense").ask(case, DNS)
    assert (seen.result, seen.note) == (None, "it returned no result")


def test_a_policy_server_that_is_not_there(case: Case) -> None:
    seen = PolicyServer("/no/such/socket").ask(case, DNS)
    assert seen.result is None
    assert "can't be asked" in seen.note
