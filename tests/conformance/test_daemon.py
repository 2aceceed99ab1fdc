"""What tests of real receivers need: a daemon during a run, runs in namespaces, ledgers in groups."""

import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from spfengine import ArgumentError
from spfengine.testing.conformance.answers import WORDS, from_output
from spfengine.testing.conformance.implementations import Command, DaemonError, Function, daemon, split_daemon_command
from spfengine.testing.conformance.run import read_ledger
from spfengine.testing.suites import Case, SuiteError, load_suite
from tests.cli.conftest import REPOSITORY, Ended, command, environment
from tests.conformance.test_command import ALWAYS_PASS, OURS, SMALL, call
from tests.examples import mostly_full
from tests.ports import free_port

PYTHON = shlex.quote(sys.executable)
DNS = "127.0.0.1:5353"
LISTEN = (
    "import socket, sys, time, pathlib, os; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); "
    "pathlib.Path(sys.argv[2]).write_text(f'{os.getpid()} {sys.argv[3:]}'); time.sleep(60)"
)


@pytest.fixture(scope="module")
def case() -> Case:
    return load_suite(Path(SMALL), "small")[0]


def test_it_runs_during_the_block_and_ends_with_it(tmp_path: Path) -> None:
    port, note = free_port(), tmp_path / "note"
    words = [sys.executable, "-c", LISTEN, str(port), str(note), "{dns}", "{dns_host}:{dns_port}", "{x}"]
    with daemon(words, ("127.0.0.1", port), DNS):
        while not note.exists() or "]" not in note.read_text():
            time.sleep(0.01)
        pid, _, said = note.read_text().partition(" ")
        assert said == f"['{DNS}', '{DNS}', '{{x}}']"
        os.kill(int(pid), 0)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


@pytest.mark.parametrize(
    ("words", "message"),
    mostly_full(
        [
            (["/no/such/program"], "can't be started: No such file"),
            (
                [sys.executable, "-c", "print('bad \x1b luck'); raise SystemExit(3)"],
                r"has ended (exit code 3): bad \x1b luck",
            ),
            ([sys.executable, "-c", "import time; time.sleep(30)"], "does not listen: it said nothing"),
        ],
        2,
    ),
)
def test_one_that_does_not_serve_is_an_error(words: list[str], message: str) -> None:
    with pytest.raises(DaemonError) as caught, daemon(words, ("127.0.0.1", free_port()), DNS, seconds=2):
        pass
    assert message in str(caught.value)


def test_without_an_address_the_block_begins_at_once_and_a_daemon_that_ignores_sigterm_is_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("spfengine.testing.conformance.implementations._GRACE_SECONDS", 0.3)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    with daemon([sys.executable, "-c", code], None, DNS):
        time.sleep(0.3)


@pytest.mark.parametrize("template", ["", "a 'b"])
def test_a_command_that_can_not_be_split(template: str) -> None:
    with pytest.raises(ArgumentError, match="the daemon's command"):
        split_daemon_command(template)


def test_a_policy_server_runs_during_the_cases() -> None:
    port = free_port()
    policyd = f"{PYTHON} -m spfengine policyd --listen 127.0.0.1:{port} --nameserver {{dns}}"
    ended = call(SMALL, "--policy-server", f"127.0.0.1:{port}", "--daemon", policyd)
    assert (ended.code, ended.err) == (0, "")
    assert "4 ok" in ended.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--daemon-at", "127.0.0.1:1"], 64, "--daemon-at is for --daemon"),
        (["--daemon", "a 'b"], 64, "split into words"),
        (["--daemon", "/no/such"], 69, "can't be started"),
        (["--namespaces", "--dns", "127.0.0.1:5353"], 64, "leave --dns out"),
        (["--explanation-within"], 64, "are for --command"),
    ],
)
@pytest.mark.full
def test_what_can_not_be_used(arguments: list[str], code: int, message: str) -> None:
    ended = call(SMALL, *OURS, *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err
    assert ended.err.count("\n") == 1


def in_namespaces(ended: Ended) -> Ended:
    if ended.code == 69 and "the system refuses" in ended.err:
        if os.environ.get("CI") == "true" and os.environ.get("SPFENGINE_NO_NAMESPACES") != "1":
            pytest.fail(f"CI must be able to make namespaces: {ended.err}")
        pytest.skip(f"the kernel makes no namespaces here: {ended.err.strip()}")
    return ended


@pytest.mark.full
def test_in_namespaces_the_only_dns_server_is_that_of_the_run() -> None:
    """The command finds its DNS server only in resolv.conf."""
    template = f"{PYTHON} -m spfengine spfquery --ip {{ip}} --sender={{sender}} --helo={{helo}}"
    ended = in_namespaces(call(SMALL, "--namespaces", "--command", template, "--jobs", "2"))
    assert (ended.code, ended.err) == (0, "")
    assert "4 ok" in ended.out


@pytest.mark.full
def test_by_hand_in_namespaces_says_how_to_enter_them() -> None:
    if in_namespaces(call(SMALL, "--namespaces", *OURS)).code:
        pytest.fail("the cases come out wrong")
    running = subprocess.Popen(
        command("conformance", SMALL, "--namespaces", *ALWAYS_PASS, "--case", "fails", "--by-hand"),
        stdout=subprocess.PIPE, env=environment(), cwd=REPOSITORY, text=True,
    )  # fmt: skip
    assert running.stdout is not None
    first = running.stdout.readline()
    assert first.startswith("# in a shell of these namespaces: nsenter --target ")
    if os.geteuid() == 0:
        shown = subprocess.run(
            [*shlex.split(first.partition(": ")[2]), "cat", "/etc/resolv.conf"],
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert shown.stdout == "nameserver 127.0.0.1\n"
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=300)
    assert running.returncode == 0


@pytest.mark.full
def test_what_the_kernel_refuses_is_reported(tmp_path: Path) -> None:
    code = (
        "import sys; from spfengine.testing import isolation\n"
        "def refuse(): raise PermissionError(1, 'new user namespace: Operation not permitted')\n"
        "isolation.enter_namespaces = refuse\nfrom spfengine.cli.app import main\n"
        f"sys.exit(main({['conformance', SMALL, '--namespaces', *ALWAYS_PASS]!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment(), timeout=300, check=False,
        cwd=REPOSITORY,
    )  # fmt: skip
    assert done.returncode == 69
    assert "Operation not permitted; run it as root, or allow" in done.stderr


GROUPS = """
- reason: It is so.
  cases:
    small: {fails: pass, needs-limits: left-out}
- {reason: Not the same each time., cases: {small: {several: null}}}
"""


def test_a_ledger_has_groups_and_names_what_is_left_out() -> None:
    entries = read_ledger(GROUPS).entries
    assert {case: (entry.got, entry.reason) for (_, case), entry in entries.items()} == {
        "fails": ("pass", "It is so."),
        "needs-limits": ("left-out", "It is so."),
        "several": (None, "Not the same each time."),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- x", "group 1: expected a mapping with reason and cases"),
        ("- {reason: x}", "group 1"),
        ("- {reason: '', cases: {small: {fails: pass}}}", "a reason in words"),
        ("- {reason: x, cases: {small: {fails: perhaps}}}", "got is 'perhaps'"),
        (
            "- {reason: x, cases: {small: {fails: pass}}}\n- {reason: y, cases: {small: {fails: fail}}}",
            "two entries for small, fails",
        ),
    ],
)
def test_a_ledger_that_can_not_be_understood(text: str, message: str) -> None:
    with pytest.raises(SuiteError) as caught:
        read_ledger(text)
    assert message in str(caught.value)


@pytest.mark.full
def test_what_is_left_out_is_held_to_the_ledger(tmp_path: Path) -> None:
    ledger, rewritten = tmp_path / "ledger.yml", tmp_path / "rewritten.yml"
    assert call(SMALL, *ALWAYS_PASS, "--write-ledger", str(ledger)).code == 1
    text = ledger.read_text("utf-8")
    assert '"needs-limits": left-out' in text
    explained = text.replace("not explained yet: ", "We know: ")
    ledger.write_text(explained, "utf-8")
    ended = call(SMALL, *ALWAYS_PASS, "--ledger", str(ledger), "--write-ledger", str(rewritten))
    assert (ended.code, "left out  small/needs-limits" in ended.out) == (0, True)
    assert rewritten.read_text("utf-8") == explained
    put = explained.replace('"needs-limits": left-out', '"passes": left-out')
    ledger.write_text(put, "utf-8")
    ended = call(SMALL, *ALWAYS_PASS, "--ledger", str(ledger))
    assert ended.code == 1
    assert "small/passes: the answer is right" in ended.out


def test_errors_that_libspf2_prints_are_not_results() -> None:
    said = "StartError\nContext: x\nErrorCode: (2) y\nError: z\nEndError\npermerror\n\nspfquery: error in processing\n"
    assert from_output(said, WORDS, None).result == "permerror"
    assert from_output(said.replace("permerror", "(invalid)", 1), WORDS, None).result is None


def test_an_explanation_with_more_on_its_line(case: Case) -> None:
    template = f"{PYTHON} -c 'print(\"fail\\nno : Reason: x\")'"
    whole = Command(template, explanation_line=2).ask(case, DNS)
    part = Command(template, explanation_line=2, whole=False).ask(case, DNS)
    assert (whole.explanation, whole.whole, part.explanation, part.whole) == (
        "no : Reason: x",
        True,
        "no : Reason: x",
        False,
    )


def test_the_identity_is_the_helo_name_where_there_is_no_sender(case: Case) -> None:
    assert Command("x {identity}").arguments(case, DNS) == ["x", case.mailfrom]
    null = replace(case, mailfrom="")
    assert Command("x {identity}").arguments(null, DNS) == ["x", f"postmaster@{case.helo}"]


def test_an_adapter_leaves_a_case_out(case: Case) -> None:
    seen = Function("tests.conformance.implementations:unable").ask(case, DNS)
    assert (seen.result, seen.left_out, seen.note) == (None, True, "it can't")
