"""`spfengine survey`: what it reads, writes and tells, and how it goes on."""

import errno
import fcntl
import json
import os
import random
import re
import resource
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import spfengine
from spfengine.errors import ArgumentError
from spfengine.resolvers.live import LiveResolver
from spfengine.testing import FakeDNS, Fault
from tests.cli.conftest import SEED, Call, Ended, command, environment, process, terminal

Suite = Callable[[dict[str, Any]], str]
Document = dict[str, Any]

ZONE: dict[str, Any] = {
    "fail.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}],
    "soft.example": [{"TXT": "v=spf1 include:fail.example ~all"}],
    "broken.example": [{"TXT": "v=spf1 -al"}],
    "none.example": [{"A": "192.0.2.1"}],
    "circle.example": [{"TXT": "v=spf1 include:circle.example -all"}],
}
DEAD = {**ZONE, "dead.example": ["SERVFAIL"]}


def lines_of(text: str) -> list[Document]:
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def timeless(documents: list[Document]) -> list[Document]:
    without = [{**each, "asked": "", "seconds": 0} for each in documents]
    return sorted(without, key=lambda each: str(each["domain"]))


@pytest.fixture
def listed(tmp_path: Path) -> Callable[..., str]:
    """Write a list to a file, and return its path."""

    def write(*names: str) -> str:
        path = tmp_path / "domains.txt"
        path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        return str(path)

    return write


def test_a_line_for_each_domain_and_what_all_come_to(call: Call, suite: Suite, listed: Callable[..., str]) -> None:
    path = listed("# mine", *ZONE, "nowhere.example", "FAIL.example.", "alice@a.example")
    ended = call("survey", path, "--zone", suite(ZONE))
    found = lines_of(ended.out)
    assert ended.code == 0
    assert sorted(each["domain"] for each in found) == sorted([*ZONE, "nowhere.example", "alice@a.example"])
    expected = spfengine.survey([each["domain"] for each in found], resolver=spfengine.read_zone(suite(ZONE)))
    assert timeless(found) == timeless([each.to_dict() for each in expected])
    told = ended.err.split("\n")
    assert told[0] == (
        f"spfengine survey: {path}, line 9: 'alice@a.example' is a mail address; expected its domain alone"
    )
    assert told[1].startswith("surveyed 7 domains in ")
    assert told[2:] == [
        "  ✓ 2  29%  work: every client gets pass, fail, softfail or neutral (-all 1, ~all 1)",
        "  ✗ 1  14%  are over a limit: some clients get permerror",
        "  ✗ 1  14%  are broken: some clients get permerror",
        "  · 2  29%  have no SPF record",
        "  ! 1  14%  are no domains",
        "",
    ]


def test_what_dns_could_not_answer_has_an_exit_code_of_its_own(
    call: Call, suite: Suite, listed: Callable[..., str]
) -> None:
    ended = call("survey", listed(*DEAD), "--zone", suite(DEAD))
    assert ended.code == 69
    assert "1  17%  are not known: DNS could not answer" in ended.err
    assert len(lines_of(ended.out)) == 6


def test_without_lint(call: Call, suite: Suite, listed: Callable[..., str]) -> None:
    ended = call("survey", listed("fail.example", "x"), "--zone", suite(ZONE), "--no-lint")
    assert [each["lint"] for each in lines_of(ended.out)] == [None, None]


@pytest.mark.parametrize("content", ["", "# nothing\n\n"])
def test_a_list_without_a_domain_is_65(call: Call, tmp_path: Path, content: str) -> None:
    path = tmp_path / "empty.txt"
    path.write_text(content, encoding="ascii")
    ended = call("survey", str(path), "--zone", SEED)
    assert (ended.code, ended.out, ended.err) == (65, "", f"spfengine survey: {path} has no domain\n")
    path.write_text("nothing\n", encoding="ascii")
    ended = call("survey", str(path), "--zone", SEED)
    assert (ended.code, len(lines_of(ended.out))) == (65, 1)
    assert ended.err.endswith("has no line that is a domain\n")


def test_a_list_that_cannot_be_read_is_66(call: Call, tmp_path: Path) -> None:
    for path in (tmp_path / "none.txt", tmp_path):
        ended = call("survey", str(path), "--zone", SEED, "-o", str(tmp_path / "out.jsonl"))
        assert (ended.code, ended.out) == (66, "")
        assert ended.err.startswith(f"spfengine survey: {path} can't be read: ")
        assert ended.err.count("\n") == 1
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], ["FILE", "a domain a line"]),
        (["x", "--resume"], ["--resume", "--output"]),
        (["x", "--in-flight", "0"], ["--in-flight"]),
        (["x", "--in-flight", "501"], ["--in-flight"]),
        (["x", "--timeout", "0"], ["--timeout", "more than 0"]),
        (["-", "--zone", "-"], ["standard input"]),
        (["x", "--zone", SEED, "--nameserver", "::1"], ["--nameserver", "--zone"]),
    ],
)
def test_usage(call: Call, arguments: list[str], told: list[str]) -> None:
    ended = call("survey", *arguments)
    assert (ended.code, ended.out, ended.err.count("\n")) == (64, "", 1)
    assert all(words in ended.err for words in told)


def test_only_the_first_bad_lines_are_told_and_all_have_a_line(
    call: Call, suite: Suite, listed: Callable[..., str]
) -> None:
    ended = call("survey", listed(*[f"bad{number}" for number in range(50)], "fail.example"), "--zone", suite(ZONE))
    assert (ended.code, len(lines_of(ended.out))) == (0, 51)
    assert ended.err.count("single label") == 20
    assert "more lines are no domains" in ended.err


HOSTILE_NAMES = ["\x1b[31m.example", "\u202e.example", "a\x00b.example", '"quoted".example', "x" * 5000, "{}", "\udcff"]


def test_hostile_lists_and_records_steer_nothing(call: Call, suite: Suite, tmp_path: Path) -> None:
    names = ["evil.example", "fail.example", *HOSTILE_NAMES]
    path = tmp_path / "hostile.txt"
    path.write_bytes(b"\n".join(name.encode("utf-8", "surrogateescape") for name in names))
    zone = suite({**ZONE, "evil.example": [{"TXT": "v=spf1 include:\x1b]0;x\x07.example a:\u009b\u202e.example -all"}]})
    ended = call("survey", str(path), "--zone", zone)
    assert len(lines_of(ended.out)) == len(names)
    for text in (ended.out, ended.err):
        assert all(line.isprintable() for line in text.split("\n"))
    assert ended.out.isascii()
    assert "u001b" not in ended.out


def fed(*arguments: str) -> "subprocess.Popen[bytes]":
    """A survey of what comes on its standard input, while it comes."""
    pipe = subprocess.PIPE
    words = command("survey", "-", *arguments)
    return subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, env=environment(), bufsize=0)


def test_standard_input_is_read_as_it_comes(suite: Suite) -> None:
    """A line goes out before the next one comes in."""
    running = fed("--zone", suite(ZONE))
    assert running.stdin is not None
    assert running.stdout is not None
    for name in ("fail.example", "soft.example"):
        running.stdin.write(f"{name}\n".encode())
        assert json.loads(running.stdout.readline())["domain"] == name
    running.stdin.write(b"none.example")
    out, err = running.communicate(timeout=30)
    assert json.loads(out)["state"] == "none"
    assert b"surveyed 3 domains" in err
    with Path(os.devnull).open("rb") as nothing:
        ended = subprocess.run(command("survey", "-", "--zone", SEED), stdin=nothing, env=environment(),
                               capture_output=True, timeout=30, check=False)  # fmt: skip
    assert (ended.returncode, ended.stderr) == (65, b"spfengine survey: standard input has no domain\n")


def test_live_dns_is_asked_of_each_name_once_and_the_questions_are_told(listed: Callable[..., str]) -> None:
    names = [f"n{number}.example" for number in range(30)]
    records = {name: {"TXT": "v=spf1 include:shared.example -all"} for name in names}
    zone = spfengine.Zone({**records, "shared.example": {"TXT": "v=spf1 ip4:192.0.2.1 -all"}})
    with FakeDNS(zone, ttl=300, faults=[Fault("n1.example", "TXT", "silence")]) as server:
        path = listed(*names)
        ended = process("survey", path, "--nameserver", server.nameserver, "--no-lint", "--timeout", "0.5")
        asked = [(query.name, query.type) for query in server.queries if query.name != "n1.example"]
    assert len(asked) == len(set(asked)) == 30
    assert ended.code == 69
    assert "31 questions to DNS" in ended.err
    states = {each["domain"]: (each["state"], each["live"]) for each in lines_of(ended.out)}
    assert states.pop("n1.example") == ("unknown", True)
    assert set(states.values()) == {("works", True)}


def test_without_a_server_to_ask_it_is_69(
    call: Call, listed: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise ArgumentError("the system's DNS servers can't be read")

    monkeypatch.setattr(LiveResolver, "__init__", nobody)
    ended = call("survey", listed("fail.example"))
    assert (ended.code, ended.out) == (69, "")
    assert "--nameserver" in ended.err


def test_output_that_is_gone_or_full(suite: Suite, listed: Callable[..., str]) -> None:
    arguments = command("survey", listed(*ZONE), "--zone", suite(ZONE))
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(arguments, stdout=writer, stderr=subprocess.PIPE, env=environment(), timeout=60,
                           check=False)  # fmt: skip
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, b"")
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(arguments, stdout=full, stderr=subprocess.PIPE, env=environment(), timeout=60,
                               check=False)  # fmt: skip
    assert ended.returncode == 74
    assert ended.stderr == b"spfengine survey: input or output failed: No space left on device\n"


def test_closed_stderr_is_no_traceback(suite: Suite, listed: Callable[..., str]) -> None:
    arguments = ["/bin/sh", "-c", '"$0" "$@" 2>&-', *command("survey", listed(*ZONE, "x"), "--zone", suite(ZONE))]
    ended = subprocess.run(arguments, capture_output=True, env=environment(), timeout=60, check=False)
    assert (ended.returncode, ended.stdout.count(b"\n"), ended.stderr) == (0, 6, b"")


def test_a_bar_shows_how_far_it_is_where_the_terminal_has_not_the_lines(
    suite: Suite, listed: Callable[..., str], tmp_path: Path
) -> None:
    names = [f"n{number}.example" for number in range(15)]
    zone = suite({name: [{"TXT": "v=spf1 " + " ".join(f"ip4:10.{i}.0.0/24" for i in range(200))}] for name in names})
    out = tmp_path / "out.jsonl"
    arguments = ("survey", listed(*names), "--zone", zone, "-o", str(out))
    script = ["/bin/sh", "-c", 'exec "$0" "$@" 2>&1', *command(*arguments)]
    shown = terminal_of(script)
    assert "surveyed 15 domains" in shown
    assert re.search(r"\d+ domains", shown.partition("surveyed")[0])
    assert len(lines_of(out.read_text("ascii"))) == 15
    assert terminal("survey", listed("n1.example"), "--zone", zone).out.startswith('{"schema"')


def terminal_of(words: list[str]) -> str:
    """What a command shows on a terminal that is its stderr as well."""
    import pty

    shown = b""
    child, controller = pty.fork()
    if child == 0:
        os.execvpe(words[0], words, environment(TERM="xterm-256color", PYTHONIOENCODING="utf-8", COLUMNS="100"))
    while True:
        try:
            piece = os.read(controller, 1 << 16)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(controller)
    os.waitpid(child, 0)
    return shown.decode("utf-8")


# A file that a survey goes on with


def test_an_existing_file_is_not_touched_without_being_told(
    call: Call, suite: Suite, listed: Callable[..., str], tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("precious", encoding="ascii")
    arguments = ("survey", listed(*ZONE), "--zone", suite(ZONE), "-o", str(out))
    ended = call(*arguments)
    assert (ended.code, ended.out) == (73, "")
    assert "is there already; give --resume" in ended.err
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
    "a line twice": (lambda lines: [*lines, lines[0]], "line 6: fail.example stands there a second time"),
    "no JSON": (lambda lines: [lines[0], b"{", *lines[1:]], "line 2: it is no line of a survey"),
    "an empty line": (lambda lines: [*lines, b""], "line 6: it is no line of a survey"),
    "another schema": (lambda lines: [lines[0].replace(b"survey/1", b"survey/2"), *lines[1:]], "line 1: it is no line"),
    "another file's last line": (lambda lines: [*lines, b"# the end"], "last line is no half-written line"),
    "deep JSON": (lambda lines: [b"[" * 100_000, *lines], "line 1: it is no line of a survey"),
    "a long line": (lambda lines: [*lines, b"x" * (5 << 20)], "line 6: it is no line of a survey"),
    "no text": (lambda lines: [b"\xff\xfe\x00", *lines], "line 1: it is no line of a survey"),
    "steering": (
        lambda lines: [lines[0].replace(b"fail.", b"\\u001b[31m."), *lines[1:]],
        "\\x1b[31m.example is not in",
    ),
    **{
        f"{key} of another type": (
            lambda lines, key=key: [json.dumps({**json.loads(lines[0]), key: []}).encode(), *lines[1:]],  # type: ignore[misc]  # mypy reads no such lambda
            "line 1: it is no line of a survey",
        )
        for key in ("domain", "state", "live", "incomplete", "all", "lint")
    },
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_file_that_this_survey_did_not_write_is_refused_and_kept(
    call: Call, suite: Suite, listed: Callable[..., str], tmp_path: Path, what: str
) -> None:
    damage, told = DAMAGED[what]
    out = tmp_path / "out.jsonl"
    arguments = ("survey", listed(*ZONE), "--zone", suite(ZONE), "-o", str(out), "--in-flight", "1")
    call(*arguments)
    damaged = b"\n".join(damage(out.read_bytes().split(b"\n")[:-1])) + (
        b"" if "last" in what or "long" in what else b"\n"
    )
    out.write_bytes(damaged)
    ended = call(*arguments, "--resume")
    assert (ended.code, ended.out, ended.err.count("\n")) == (65, "", 1)
    assert told in ended.err
    assert ended.err.isascii()
    assert "\x1b" not in ended.err
    assert out.read_bytes() == damaged


def test_other_options_are_refused(call: Call, suite: Suite, listed: Callable[..., str], tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    arguments = ("survey", listed(*ZONE, "x"), "-o", str(out), "--resume")
    zone = ("--zone", suite(ZONE))
    assert call(*arguments, *zone).code == 0
    before = out.read_bytes()
    for others, told in (((*zone, "--no-lint"), "without --no-lint"), (("--nameserver", "127.0.0.1:9"), "from --zone")):
        ended = call(*arguments, *others)
        assert (ended.code, told in ended.err) == (65, True)
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


def test_a_pipe_can_begin_a_file_but_not_go_on_with_it(suite: Suite, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    arguments = ("survey", "-", "--zone", suite(ZONE), "-o", str(out), "--resume")
    assert process(*arguments, stdin=b"fail.example\n").code == 0
    ended = process(*arguments, stdin=b"fail.example\n")
    assert ended.code == 64
    assert "write the list to a file" in ended.err


def test_a_disc_that_is_full_leaves_whole_lines(suite: Suite, listed: Callable[..., str], tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    arguments = command("survey", listed(*ZONE), "--zone", suite(ZONE), "-o", str(out))

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2500, 2500))

    ended = subprocess.run(arguments, capture_output=True, env=without_coverage(), timeout=60, check=False,
                           preexec_fn=limit)  # fmt: skip
    assert ended.returncode == 73
    assert b"can't be written: File too large" in ended.stderr
    assert 0 < len(lines_of(out.read_text("ascii"))) < 5
    ended = subprocess.run([*arguments, "--resume"], capture_output=True, env=environment(), timeout=60, check=False)
    assert ended.returncode == 0
    assert {each["domain"] for each in lines_of(out.read_text("ascii"))} == set(ZONE)


def test_what_was_written_of_a_line_that_does_not_fit_is_taken_back(
    call: Call, suite: Suite, listed: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.jsonl"
    arguments = ("survey", listed(*ZONE), "--zone", suite(ZONE), "-o", str(out))
    real, room = os.write, 2500

    def write(descriptor: int, octets: bytes) -> int:
        nonlocal room
        if not room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = real(descriptor, octets[:room])
        room -= written
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


def test_a_file_has_one_writer(suite: Suite, listed: Callable[..., str], tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    first = fed("--zone", suite(ZONE), "-o", str(out))
    assert first.stdin is not None
    first.stdin.write(b"fail.example\n")
    while not out.exists() or not out.stat().st_size:
        assert first.poll() is None
    second = process("survey", listed("fail.example"), "--zone", suite(ZONE), "-o", str(out), "--resume")
    assert (second.code, "another survey" in second.err) == (73, True)
    first.communicate(timeout=30)
    assert len(lines_of(out.read_text("ascii"))) == 1


def test_ctrl_c_ends_it_with_a_file_to_go_on_with(suite: Suite, tmp_path: Path, listed: Callable[..., str]) -> None:
    out = tmp_path / "out.jsonl"
    running = fed("--zone", suite(ZONE), "-o", str(out))
    assert running.stdin is not None
    running.stdin.write(b"fail.example\n")
    while not out.exists() or not out.stat().st_size:
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=30)
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
    return running.wait(30) == -signal.SIGKILL
