"""`spfengine survey --output`: it continues a file, however it was stopped, and no other."""

import errno
import fcntl
import json
import os
import random
import resource
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import spfengine
from spfengine.testing.fake_dns import FakeDNS
from tests.cli.conftest import Call, Ended, command, environment, process
from tests.cli.surveys import DEAD, ZONE, Suite, fed, lines_of, timeless


def test_an_existing_file_is_not_touched_without_being_told(
    call: Call, suite: Suite, listed: Callable[..., str], tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("precious", encoding="ascii")
    arguments = ("survey", listed(*ZONE), "--zone", suite(ZONE), "-o", str(out))
    ended = call(*arguments)
    assert (ended.code, ended.out) == (73, "")
    assert "exists already; give --resume" in ended.err
    ended = call(*arguments, "--resume")
    assert (ended.code, ended.out) == (65, "")
    assert "nothing was changed" in ended.err
    assert out.read_text("ascii") == "precious"
    assert call(*arguments[:-1], str(tmp_path / "none" / "out.jsonl")).code == 73
    assert call(*arguments[:-1], "/dev/null", "--resume").code == 73
    assert call(*arguments[:-1], str(tmp_path), "--resume").code == 73


def test_a_whole_file_is_left_as_it_is(call: Call, suite: Suite, listed: Callable[..., str], tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    arguments = ("survey", listed(*DEAD, "x"), "--zone", suite(DEAD), "--output", str(out), "--resume")
    first = call(*arguments)
    before = out.read_bytes()
    again = call(*arguments)
    assert (first.code, again.code, again.out) == (69, 69, "")
    assert out.read_bytes() == before
    assert again.err.split("\n")[0] == "surveyed 7 domains, all of them before"
    assert again.err.split("\n")[1:] == first.err.split("\n")[2:]


def test_a_line_may_be_cut_at_any_octet(call: Call, suite: Suite, listed: Callable[..., str], tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    arguments = ("survey", listed(*ZONE), "--zone", suite(ZONE), "--output", str(out), "--resume", "--no-lint")
    call(*arguments)
    whole = out.read_bytes()
    chosen = random.Random(7208)
    last = whole.rindex(b"\n", 0, -1) + 1
    cuts = {0, 1, 5, 40, last - 1, last, last + 1, last + 45, len(whole) - 1}
    for cut in sorted(cuts | set(chosen.sample(range(len(whole)), 25))):
        out.write_bytes(whole[:cut])
        assert call(*arguments).code == 0
        found = out.read_bytes()
        kept = whole[:cut].rfind(b"\n") + 1
        assert found[:kept] == whole[:kept], f"cut at {cut}"
        assert timeless(lines_of(found.decode("ascii"))) == timeless(lines_of(whole.decode("ascii"))), f"cut at {cut}"


def _other_list(lines: list[bytes]) -> list[bytes]:
    return [lines[0].replace(b"fail.example", b"else.example"), *lines[1:]]


DAMAGED: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "another list": (_other_list, "line 1: else.example is not in the list"),
    "a line twice": (lambda lines: [*lines, lines[0]], "line 6: fail.example has a second line"),
    "no JSON": (lambda lines: [lines[0], b"{", *lines[1:]], "line 2: it is not a line of a survey"),
    "an empty line": (lambda lines: [*lines, b""], "line 6: it is not a line of a survey"),
    "another schema": (
        lambda lines: [lines[0].replace(b"survey/1", b"survey/2"), *lines[1:]],
        "line 1: it is not a line",
    ),
    "another file's last line": (lambda lines: [*lines, b"# the end"], "last line is not a half-written line"),
    "deep JSON": (lambda lines: [b"[" * 100_000, *lines], "line 1: it is not a line of a survey"),
    "a long line": (lambda lines: [*lines, b"x" * (5 << 20)], "line 6: it is not a line of a survey"),
    "no text": (lambda lines: [b"\xff\xfe\x00", *lines], "line 1: it is not a line of a survey"),
    "steering": (
        lambda lines: [lines[0].replace(b"fail.", b"\\u001b[31m."), *lines[1:]],
        "\\x1b[31m.example is not in",
    ),
    **{
        f"{key} of another type": (
            lambda lines, key=key: [json.dumps({**json.loads(lines[0]), key: []}).encode(), *lines[1:]],  # type: ignore[misc]  # mypy reads no such lambda
            "line 1: it is not a line of a survey",
        )
        for key in ("domain", "state", "live", "incomplete", "all", "lint")
    },
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_file_that_this_survey_did_not_write_is_refused_and_kept(
    call: Call, suite: Suite, listed: Callable[..., str], tmp_path: Path, what: str
) -> None:
    damage, message = DAMAGED[what]
    out = tmp_path / "out.jsonl"
    arguments = ("survey", listed(*ZONE), "--zone", suite(ZONE), "-o", str(out), "--in-flight", "1")
    call(*arguments)
    damaged = b"\n".join(damage(out.read_bytes().split(b"\n")[:-1])) + (
        b"" if "last" in what or "long" in what else b"\n"
    )
    out.write_bytes(damaged)
    ended = call(*arguments, "--resume")
    assert (ended.code, ended.out, ended.err.count("\n")) == (65, "", 1)
    assert message in ended.err
    assert ended.err.isascii()
    assert "\x1b" not in ended.err
    assert out.read_bytes() == damaged


def test_other_options_are_refused(call: Call, suite: Suite, listed: Callable[..., str], tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    arguments = ("survey", listed(*ZONE, "x"), "-o", str(out), "--resume")
    zone = ("--zone", suite(ZONE))
    assert call(*arguments, *zone).code == 0
    before = out.read_bytes()
    for others, message in (
        ((*zone, "--no-lint"), "without --no-lint"),
        (("--nameserver", "127.0.0.1:9"), "from --zone"),
    ):
        ended = call(*arguments, *others)
        assert (ended.code, message in ended.err) == (65, True)
    out.write_bytes(before.replace(b'"live": false', b'"live": true'))
    assert "from DNS" in call(*arguments, *zone).err
    out.unlink()
    call(*arguments, *zone, "--no-lint")
    assert "with --no-lint" in call(*arguments, *zone).err


def test_a_list_may_have_grown_or_changed_its_order(
    call: Call, suite: Suite, listed: Callable[..., str], tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    rest = ("--zone", suite(ZONE), "-o", str(out), "--resume")
    call("survey", listed("fail.example", "soft.example", "y"), *rest)
    ended = call("survey", listed("none.example", "x", "y", "soft.example", "fail.example"), *rest)
    assert ended.code == 0
    assert [each["domain"] for each in lines_of(out.read_text("ascii"))][:3] == ["fail.example", "soft.example", "y"]
    assert len(lines_of(out.read_text("ascii"))) == 5
    assert ended.err.split("\n")[1].startswith("surveyed 5 domains, 3 of them before; 2 now in ")


@pytest.mark.full
def test_a_pipe_can_begin_a_file_but_not_go_on_with_it(suite: Suite, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    arguments = ("survey", "-", "--zone", suite(ZONE), "-o", str(out), "--resume")
    assert process(*arguments, stdin=b"fail.example\n").code == 0
    ended = process(*arguments, stdin=b"fail.example\n")
    assert ended.code == 64
    assert "write the list to a file" in ended.err


@pytest.mark.full
def test_a_disc_that_is_full_leaves_whole_lines(suite: Suite, listed: Callable[..., str], tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    arguments = command("survey", listed(*ZONE), "--zone", suite(ZONE), "-o", str(out))

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2500, 2500))

    ended = subprocess.run(arguments, capture_output=True, env=without_coverage(), timeout=300, check=False,
                           preexec_fn=limit)  # fmt: skip
    assert ended.returncode == 73
    assert b"can't be written: File too large" in ended.stderr
    assert 0 < len(lines_of(out.read_text("ascii"))) < 5
    ended = subprocess.run([*arguments, "--resume"], capture_output=True, env=environment(), timeout=300, check=False)
    assert ended.returncode == 0
    assert {each["domain"] for each in lines_of(out.read_text("ascii"))} == set(ZONE)


def test_what_was_written_of_a_line_that_does_not_fit_is_taken_back(
    call: Call, suite: Suite, listed: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.jsonl"
    arguments = ("survey", listed(*ZONE), "--zone", suite(ZONE), "-o", str(out))
    real, octets_left = os.write, 2500

    def write(descriptor: int, octets: bytes) -> int:
        nonlocal octets_left
        if not octets_left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = real(descriptor, octets[:octets_left])
        octets_left -= written
        return written

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", write)
        ended = call(*arguments)
    assert (ended.code, ended.out) == (73, "")
    assert ended.err == f"spfengine survey: {out} can't be written: No space left on device\n"
    assert 0 < len(lines_of(out.read_text("ascii"))) < 5
    assert call(*arguments, "--resume").code == 0
    assert len(lines_of(out.read_text("ascii"))) == 5


def test_a_list_that_fails_while_it_is_read_is_66(
    call: Call, suite: Suite, listed: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(_descriptor: int, _count: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    arguments = ("survey", listed(*ZONE), "--zone", suite(ZONE))
    with monkeypatch.context() as patched:
        patched.setattr(os, "read", read)
        ended = call(*arguments)
    assert (ended.code, ended.err.count("\n"), "can't be read: Input/output error" in ended.err) == (66, 1, True)


def test_where_there_are_no_locks_it_goes_without(
    call: Call, suite: Suite, listed: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    assert call("survey", listed(*ZONE), "--zone", suite(ZONE), "-o", str(tmp_path / "out.jsonl")).code == 0


@pytest.mark.full
def test_a_file_has_one_writer(suite: Suite, listed: Callable[..., str], tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    first = fed("--zone", suite(ZONE), "-o", str(out))
    assert first.stdin is not None
    first.stdin.write(b"fail.example\n")
    while not out.exists() or not out.stat().st_size:
        assert first.poll() is None
    second = process("survey", listed("fail.example"), "--zone", suite(ZONE), "-o", str(out), "--resume")
    assert (second.code, "another survey" in second.err) == (73, True)
    first.communicate(timeout=300)
    assert len(lines_of(out.read_text("ascii"))) == 1


def test_ctrl_c_ends_it_with_a_file_to_go_on_with(suite: Suite, tmp_path: Path, listed: Callable[..., str]) -> None:
    out = tmp_path / "out.jsonl"
    running = fed("--zone", suite(ZONE), "-o", str(out))
    assert running.stdin is not None
    running.stdin.write(b"fail.example\n")
    while not out.exists() or not out.stat().st_size:
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=300)
    assert running.returncode == 130
    assert err.startswith(b"stopped after 1 domain in ")
    assert b"give the same command with --resume" in err
    ended = process("survey", listed(*ZONE), "--zone", suite(ZONE), "-o", str(out), "--resume")
    assert ended.code == 0
    assert {each["domain"] for each in lines_of(out.read_text("ascii"))} == set(ZONE)


# A process that is really killed

COUNT = 240


def without_coverage() -> dict[str, str]:
    """Coverage could not write its own file to its end."""
    return {name: value for name, value in environment().items() if not name.startswith("COV")}


def _world() -> tuple[dict[str, Any], list[str]]:
    """Domains of several kinds, most of them with a shared include."""
    kinds = [
        "v=spf1 include:_spf.shared.example ~all",
        "v=spf1 a mx include:_spf.shared.example -all",
        "v=spf1 ip4:192.0.2.{host} -all",
        "v=spf1 include:nowhere.example -all",
        "v=spf1 -al",
        "no SPF",
    ]
    records: dict[str, Any] = {"_spf.shared.example": {"TXT": "v=spf1 ip4:198.51.100.0/24 -all"}}
    for number in range(COUNT):
        name = f"n{number}.example"
        text = kinds[number % len(kinds)].format(host=number)
        records[name] = {"TXT": text, "A": f"203.0.113.{number}", "MX": [(10, name)]}
    return records, [f"n{number}.example" for number in range(COUNT)] + ["nowhere.example", "no domain"]


@pytest.mark.full
def test_killed_at_any_moment_nothing_is_lost_or_doubled(tmp_path: Path, listed: Callable[..., str]) -> None:
    chosen = random.Random(7208)
    records, names = _world()
    path = listed(*names)
    undisturbed, out = tmp_path / "undisturbed.jsonl", tmp_path / "out.jsonl"
    with FakeDNS(spfengine.Zone(records), ttl=300, delay=0.002) as server:
        rest = ("survey", path, "--nameserver", server.nameserver, "--in-flight", "20")
        assert process(*rest, "-o", str(undisturbed)).code == 0
        whole = undisturbed.stat().st_size
        kills = 0
        for octets in sorted(chosen.sample(range(whole), 6)):
            kills += _killed(command(*rest, "-o", str(out), "--resume"), out, octets)
        ended: Ended = process(*rest, "-o", str(out), "--resume")
    assert ended.code == 0
    assert kills >= 4
    found, expected = (lines_of(each.read_text("ascii")) for each in (out, undisturbed))
    assert sorted(each["domain"] for each in found) == sorted(names)
    assert timeless(found) == timeless(expected)


def _killed(words: list[str], out: Path, octets: int) -> bool:
    """Start a survey, and kill it as soon as its file has so many octets; return whether it was still running."""
    running = subprocess.Popen(words, stderr=subprocess.DEVNULL, env=without_coverage())
    while running.poll() is None and (not out.exists() or out.stat().st_size < octets):
        pass
    running.kill()
    return running.wait(300) == -signal.SIGKILL
