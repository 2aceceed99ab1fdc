"""`spfengine conformance` on the command line."""

import json
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import REPOSITORY, Ended, command, environment

SMALL = str(Path(__file__).with_name("small.yml"))
OURS = ["--adapter", "tests.conformance.implementations:ours", "--default-explanation", "DEFAULT"]
ALWAYS_PASS = ["--adapter", "tests.conformance.implementations:always_pass"]


def call(*arguments: str) -> Ended:
    done = subprocess.run(
        command("conformance", *arguments), capture_output=True, env=environment(), timeout=300, check=False,
        cwd=REPOSITORY,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_all_is_right() -> None:
    ended = call(SMALL, *OURS)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.split("\n") == [
        "left out  small/needs-limits: it needs limits other than the defaults",
        "tests.conformance.implementations:ours: 5 cases: 4 ok, 1 left out",
        "",
    ]


def test_a_deviation_is_reported_with_the_command_that_repeats_it() -> None:
    ended = call(SMALL, *ALWAYS_PASS, "--map", "ok=pass", "--jobs", "4")
    assert (ended.code, ended.err) == (1, "")
    again = next(line for line in ended.out.split("\n") if "again: " in line).partition("again: ")[2]
    words = shlex.split(again)
    assert words == ["spfengine", "conformance", SMALL, *ALWAYS_PASS, "--map", "ok=pass", "--case", "fails"]
    second = call(*words[2:])
    assert second.code == 1
    assert "1 cases: 1 wrong" in second.out


@pytest.mark.full
def test_a_ledger_is_written_and_holds(tmp_path: Path) -> None:
    ledger, report = str(tmp_path / "ledger.yml"), tmp_path / "report.json"
    assert call(SMALL, *ALWAYS_PASS, "--write-ledger", ledger).code == 1
    ended = call(SMALL, *ALWAYS_PASS, "--ledger", ledger, "--format", "json", "--output", str(report))
    assert (ended.code, ended.out) == (0, "")
    assert json.loads(report.read_text())["counts"]["expected"] == 3
    stale = call(SMALL, *OURS, "--ledger", ledger)
    assert stale.code == 1
    assert "remove it from the ledger" in stale.out
    matrix = call(SMALL, *OURS, "--format", "markdown", "--name", "ours", "--also", str(report))
    assert matrix.out.startswith("| case | expected | ours | tests.conformance.implementations:always_pass |\n")
    assert "| `fails` | fail | fail | **pass** |" in matrix.out


@pytest.mark.full
def test_the_exit_code_can_be_the_answer() -> None:
    template = (
        f"{shlex.quote(sys.executable)} -m spfengine check --nameserver {{dns}} --helo={{helo}} -- {{ip}} {{sender}}"
    )
    assert call(SMALL, "--command", template, "--by-exit-code").code == 0


@pytest.mark.full
def test_by_hand_serves_the_zone_of_one_case() -> None:
    template = (
        f"{shlex.quote(sys.executable)} -m spfengine spfquery --ip {{ip}} --sender {{sender}} --nameserver {{dns}}"
    )
    running = subprocess.Popen(
        command("conformance", SMALL, "--command", template, "--case", "fails", "--by-hand"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    assert running.stdout is not None
    shown = [running.stdout.readline().decode().rstrip("\n") for _ in range(4)]
    assert shown[:2] == ["# Another one fails, with the explanation.", "# expected: fail"]
    words = [word for word in shlex.split(shown[3]) if not word.startswith("SPFENGINE_DNS=")]
    done = subprocess.run(words, capture_output=True, env=environment(), timeout=300, check=False)
    assert done.returncode == 1
    assert done.stdout.decode().split("\n")[:2] == ["fail", "not ours"]
    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=300)
    assert (running.returncode, err) == (0, b"")


BROKEN = [
    ([SMALL], 64, "expected one of --command, --policy-server and --adapter"),
    ([SMALL, *OURS, "--command", "x"], 64, "expected one of"),
    ([SMALL, *OURS, "--case", "no-such"], 64, "no case has the name 'no-such'"),
    ([SMALL, *OURS, "--by-exit-code"], 64, "are for --command"),
    ([SMALL, *OURS, "--also", SMALL], 64, "--also is for --format markdown"),
    ([SMALL, *OURS, "--map", "x"], 64, "expected WORD=RESULT"),
    ([SMALL, *OURS, "--by-hand"], 64, "--by-hand needs one --case; 5 were chosen"),
    ([SMALL, *OURS, "--by-hand", "--case", "needs-limits"], 64, "can't be run"),
    ([SMALL, *OURS, "--dns", "192.0.2.1:53"], 64, "not a loopback address"),
    ([SMALL, *OURS, "--dns", "x"], 64, "expected an address and port"),
    ([SMALL, "--command", "a 'b"], 64, "split into words"),
    ([SMALL, "--command", "a {b}"], 64, "no placeholder {b}"),
    ([SMALL, "--adapter", "no_such:f"], 64, "expected module:function"),
    ([SMALL, "--policy-server", "localhost"], 64, "expected an address and port"),
    ([SMALL, "--policy-server", "unix:/no/such"], 69, "can't be reached: No such file"),
    (["/no/such.yml", *OURS], 66, "can't be read"),
    (["README.md", *OURS], 65, "README"),
    ([SMALL, *OURS, "--ledger", "/no/such.yml"], 66, "can't be read"),
    ([SMALL, *OURS, "--ledger", SMALL], 65, "expected a mapping of suite"),
    ([SMALL, *OURS, "--format", "markdown", "--also", SMALL], 65, "not JSON"),
    ([SMALL, *OURS, "--output", "/no/such/dir/x"], 73, "can't be written"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), BROKEN, ids=[message for _, _, message in BROKEN])
@pytest.mark.full
def test_what_can_not_be_used_is_reported_on_one_line(arguments: list[str], code: int, message: str) -> None:
    ended = call(*arguments)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err
    assert ended.err.startswith("spfengine conformance: ")
    assert ended.err.count("\n") == 1


def test_a_ledger_with_an_entry_for_no_case_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.yml"
    path.write_text("small: {fials: x}\n")
    ended = call(SMALL, *OURS, "--ledger", str(path), "--case", "passes")
    assert ended.code == 65
    assert "there is no such case: small/fials" in ended.err


@pytest.mark.full
def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = call(SMALL, *OURS, "--dns", f"127.0.0.1:{taken.getsockname()[1]}")
    assert ended.code == 69
    assert "Address already in use" in ended.err


@pytest.mark.parametrize("missing", ["yaml", "dnslib"])
@pytest.mark.full
def test_without_the_extra_it_says_what_to_install(missing: str) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from spfengine.cli.app import main\n"
        f"sys.exit(main({['conformance', SMALL, *ALWAYS_PASS]!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=environment(), timeout=300, check=False, cwd=REPOSITORY
    )
    assert done.returncode == 69
    assert b"testing" in done.stderr
    assert done.stderr.count(b"\n") == 1
