"""`spfengine run-with`: a program whose only DNS server is ours, as root and as another user; nothing remains.

The namespaces are made in processes of their own: this one stays outside.
"""

import json
import os
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import pytest

from spfengine.testing import isolation
from tests.cli.conftest import SEED, Call, Ended, command, environment, process
from tests.examples import mostly_full

ROOT = "as root, in its own user namespace"
OTHER = "as another user, in a new one"
NOBODY = 65534

# As nobody, but with modules that only root can read: all that is needed is loaded before the user changes. The last
# call makes the process what one is that nobody started.
AS_NOBODY = f"""
import ctypes, encodings.ascii, encodings.idna, encodings.latin_1, fcntl, os, sys, tempfile, time, subprocess
import spfengine.resolvers.zone_files.files
import spfengine.testing.serving, spfengine.testing.service, spfengine.testing.isolation
from spfengine.cli import app, commands, run_with
from spfengine.testing import FakeDNS, Fault
with FakeDNS(spfengine.Zone.from_file({SEED!r})) as server:
    spfengine.LiveResolver(server.nameserver).resolve(spfengine.Question("seed.example", spfengine.RRType.MX))
while len(os.listdir("/proc/self/task")) > 1:  # to the kernel, a joined thread exists a little longer, and it wants one
    time.sleep(0.001)
os.setgroups([])
os.setgid({NOBODY})
os.setuid({NOBODY})
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
sys.exit(app.main(sys.argv[1:]))
"""


def run_with(user: str, *arguments: str) -> Ended:
    if user == ROOT or os.geteuid() != 0:
        return process("run-with", *arguments)
    given = {name: value for name, value in environment().items() if name != "COVERAGE_PROCESS_CONFIG"}
    given["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"  # folders that nobody may read change what is expected
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, "run-with", *arguments],
        capture_output=True, text=True, timeout=300, check=False, env=given, cwd="/",
    )  # fmt: skip
    return Ended(done.returncode, done.stdout, done.stderr)


@cache
def probe(user: str) -> Ended:
    return run_with(user, SEED_COPY, "--", "true")


@pytest.fixture(params=[ROOT, pytest.param(OTHER, marks=pytest.mark.full)])
def user(request: pytest.FixtureRequest) -> str:
    """Each user that this one can be; skipped where the system refuses, which CI must not."""
    name = str(request.param)
    if name == ROOT and os.geteuid() != 0:
        pytest.skip("only root can run it as root")
    done = probe(name)
    if done.code == 69:
        if os.environ.get("CI") == "true" and os.environ.get("SPFENGINE_NO_NAMESPACES") != "1":
            pytest.fail(f"CI must be able to make namespaces: {done.err}")
        pytest.skip(f"the kernel makes no namespaces here: {done.err.strip()}")
    assert done == Ended(0, "", "")
    return name


_folder = TemporaryDirectory()  # pytest's own folders are root's alone
Path(_folder.name).chmod(0o755)
SEED_COPY = str(Path(_folder.name) / "seed.zone")
Path(SEED_COPY).write_text(Path(SEED).read_text("utf-8"), "utf-8")


def test_the_command_asks_our_server_and_no_other(user: str) -> None:
    before = Path("/etc/resolv.conf").read_text("utf-8")
    script = "cat /etc/resolv.conf; getent ahosts mx1.seed.example; getent ahosts nothing.example; exit 7"
    done = run_with(user, "--query-log", "-", SEED_COPY, "--", "sh", "-c", script)
    assert (done.code, done.err) == (7, "")
    lines = done.out.splitlines()
    assert lines[0] == "nameserver 127.0.0.1"
    assert "163.44.239.12" in done.out
    asked = {json.loads(line)["name"] for line in lines if line.startswith("{")}
    assert {"mx1.seed.example", "nothing.example"} <= asked
    assert Path("/etc/resolv.conf").read_text("utf-8") == before
    assert not list(Path("/tmp").glob("resolv.conf.*"))


def test_the_command_is_who_the_caller_is(user: str) -> None:
    done = run_with(user, SEED_COPY, "--", "sh", "-c", "id -u; cat /proc/net/dev | grep -c :")
    uid = "0" if user == ROOT else str(NOBODY if os.geteuid() == 0 else os.geteuid())
    assert done.out.split() == [uid, "1"]  # one network interface: lo


def test_root_can_take_on_another_user(user: str) -> None:
    if user != ROOT:
        pytest.skip("only root can take on another user")
    done = run_with(user, SEED_COPY, "--", "setpriv", f"--reuid={NOBODY}", "--clear-groups", "id", "-u")
    assert done == Ended(0, f"{NOBODY}\n", "")


def test_faults_reach_the_command(user: str) -> None:
    script = "getent ahosts mx1.seed.example || echo none"
    done = run_with(user, "--fault", "mx1.seed.example * nxdomain", SEED_COPY, "--", "sh", "-c", script)
    assert done == Ended(0, "none\n", "")


@pytest.mark.parametrize(
    ("script", "code"),
    mostly_full([("exit 0", 0), ("exit 69", 69), ("kill -TERM $$", 128 + 15), ("kill -KILL $$", 128 + 9)], 2),
)
def test_the_exit_code_is_the_commands(user: str, script: str, code: int) -> None:
    assert run_with(user, SEED_COPY, "--", "sh", "-c", script).code == code


def test_options_behind_the_zone_are_the_commands(user: str) -> None:
    done = run_with(user, SEED_COPY, "echo", "--fault", "-x", "--", "y")
    assert done == Ended(0, "--fault -x -- y\n", "")


def test_a_command_that_is_not_there(user: str) -> None:
    done = run_with(user, SEED_COPY, "--", "no-such-\x1b[31mcommand")
    assert (done.code, done.out) == (127, "")
    assert done.err == "spfengine run-with: no-such-\\x1b[31mcommand can't be run: No such file or directory\n"
    assert run_with(user, SEED_COPY, "--", "/etc/hostname").code == 126


@pytest.mark.parametrize("number", mostly_full([signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1]))
def test_signals_are_passed_on(user: str, number: int) -> None:
    if user != ROOT and os.geteuid() == 0:
        pytest.skip("a signal is passed on in the same way, for any user")
    script = f"trap 'echo got; exit 5' {number}; echo ready; while :; do sleep 0.05; done"
    with subprocess.Popen(
        command("run-with", SEED_COPY, "--", "sh", "-c", script),
        stdout=subprocess.PIPE, text=True, env=environment(), start_new_session=True,
    ) as running:  # fmt: skip
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        running.send_signal(number)
        assert running.communicate(timeout=300)[0] == "got\n"
    assert running.returncode == 5


@pytest.mark.full
def test_nothing_that_the_command_started_outlives_it(user: str, tmp_path: Path) -> None:
    script = "sh -c 'trap \"\" TERM; echo $$; exec sleep 300' & setsid sleep 300 & echo $!; sleep 0.2"
    done = run_with(user, SEED_COPY, "--", "sh", "-c", script)
    assert done.code == 0
    left = [int(line) for line in done.out.split()]
    assert len(left) == 2
    end = monotonic() + 300
    while any(Path(f"/proc/{pid}").exists() for pid in left):
        assert monotonic() < end
        sleep(0.05)


def test_what_the_kernel_refuses_is_told(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise PermissionError(1, "new user, mount and network namespaces: Operation not permitted")

    monkeypatch.setattr(isolation, "enter_namespaces", refuse)
    ended = call("run-with", SEED, "--", "true")
    assert (ended.code, ended.out) == (69, "")
    assert "namespaces: Operation not permitted; run it as root, or allow" in ended.err
    assert ended.err.count("\n") == 1


def test_other_systems_are_told_what_to_use(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    ended = call("run-with", SEED, "--", "true")
    assert (ended.code, ended.out) == (69, "")
    assert "Linux" in ended.err
    assert "spfengine serve" in ended.err
    with pytest.raises(OSError, match="only Linux"):
        isolation.enter_namespaces()


def test_without_a_resolv_conf_nothing_is_entered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(isolation, "RESOLV_CONF", str(tmp_path / "none"))
    with pytest.raises(OSError, match=r"there is no .*none"):
        isolation.enter_namespaces()


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        ([], 64, "a zone to serve"),
        ([SEED], 64, "no command to run"),
        ([SEED, "--"], 64, "no command to run"),
        (["-", "--", "true"], 64, "can't be standard input"),
        (["no.zone", "--", "true"], 66, "no.zone can't be read"),
        (["--fault", "x", SEED, "--", "true"], 64, "NAME TYPE KIND"),
    ],
)
def test_a_mistake_is_one_line(call: Call, arguments: list[str], code: int, expected: str) -> None:
    ended = call("run-with", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert expected in ended.err
    assert ended.err.count("\n") == 1
