"""`spfengine survey`: what it reads, writes and reports."""

import json
import os
import random
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import spfengine
from spfengine.cli.survey_files import CompactSet
from spfengine.errors import ArgumentError
from spfengine.resolvers.live import LiveResolver
from spfengine.testing.fake_dns import FakeDNS
from spfengine.testing.faults import Fault
from tests.cli.conftest import SEED, Call, command, environment, process, terminal
from tests.cli.surveys import DEAD, ZONE, Suite, fed, lines_of, timeless


def test_a_line_for_each_domain_and_what_all_come_to(call: Call, suite: Suite, listed: Callable[..., str]) -> None:
    path = listed("# mine", *ZONE, "nowhere.example", "FAIL.example.", "alice@a.example")
    ended = call("survey", path, "--zone", suite(ZONE))
    found = lines_of(ended.out)
    assert ended.code == 0
    assert sorted(each["domain"] for each in found) == sorted([*ZONE, "nowhere.example", "alice@a.example"])
    expected = spfengine.survey([each["domain"] for each in found], resolver=spfengine.read_zone(suite(ZONE)))
    assert timeless(found) == timeless([each.to_dict() for each in expected])
    printed = ended.err.split("\n")
    assert printed[0] == (
        f"spfengine survey: {path}, line 9: 'alice@a.example' is a mail address; expected its domain alone"
    )
    assert printed[1].startswith("surveyed 7 domains in ")
    assert printed[2:] == [
        "  ✓ 2  29%  work: every client gets pass, fail, softfail or neutral (-all 1, ~all 1)",
        "  ✗ 1  14%  are over a limit: some clients get permerror",
        "  ✗ 1  14%  are broken: some clients get permerror",
        "  · 2  29%  have no SPF record",
        "  ! 1  14%  are not domains",
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
    ("arguments", "expected"),
    [
        ([], ["FILE", "one domain per line"]),
        (["x", "--resume"], ["--resume", "--output"]),
        (["x", "--in-flight", "0"], ["--in-flight"]),
        (["x", "--in-flight", "501"], ["--in-flight"]),
        (["x", "--timeout", "0"], ["--timeout", "more than 0"]),
        (["-", "--zone", "-"], ["standard input"]),
    ],
)
def test_usage(call: Call, arguments: list[str], expected: list[str]) -> None:
    ended = call("survey", *arguments)
    assert (ended.code, ended.out, ended.err.count("\n")) == (64, "", 1)
    assert all(words in ended.err for words in expected)


def test_only_the_first_bad_lines_are_reported_and_all_have_a_line(
    call: Call, suite: Suite, listed: Callable[..., str]
) -> None:
    ended = call("survey", listed(*[f"bad{number}" for number in range(50)], "fail.example"), "--zone", suite(ZONE))
    assert (ended.code, len(lines_of(ended.out))) == (0, 51)
    assert ended.err.count("single label") == 20
    assert "more lines are not domains" in ended.err


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


def test_standard_input_is_read_as_it_comes(suite: Suite) -> None:
    """A line goes out before the next one comes in."""
    running = fed("--zone", suite(ZONE))
    assert running.stdin is not None
    assert running.stdout is not None
    for name in ("fail.example", "soft.example"):
        running.stdin.write(f"{name}\n".encode())
        assert json.loads(running.stdout.readline())["domain"] == name
    running.stdin.write(b"none.example")
    out, err = running.communicate(timeout=300)
    assert json.loads(out)["state"] == "none"
    assert b"surveyed 3 domains" in err
    with Path(os.devnull).open("rb") as nothing:
        ended = subprocess.run(command("survey", "-", "--zone", SEED), stdin=nothing, env=environment(),
                               capture_output=True, timeout=300, check=False)  # fmt: skip
    assert (ended.returncode, ended.stderr) == (65, b"spfengine survey: standard input has no domain\n")


def test_live_dns_is_asked_of_each_name_once_and_the_questions_are_reported(listed: Callable[..., str]) -> None:
    names = [f"n{number}.example" for number in range(30)]
    records = {name: {"TXT": "v=spf1 include:shared.example -all"} for name in names}
    zone = spfengine.Zone({**records, "shared.example": {"TXT": "v=spf1 ip4:192.0.2.1 -all"}})
    with FakeDNS(zone, ttl=300, faults=[Fault("n1.example", "TXT", "silence")]) as server:
        path = listed(*names)
        ended = process("survey", path, "--nameserver", server.nameserver, "--no-lint", "--timeout", "0.5")
        asked = [(query.name, query.type) for query in server.queries if query.name != "n1.example"]
    assert len(asked) == len(set(asked)) == 30
    assert ended.code == 69
    assert "31 DNS queries" in ended.err
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
    ended = subprocess.run(arguments, capture_output=True, env=environment(), timeout=300, check=False)
    assert (ended.returncode, ended.stdout.count(b"\n"), ended.stderr) == (0, 6, b"")


@pytest.mark.full
def test_a_bar_shows_how_far_it_is_where_the_terminal_has_not_the_lines(
    suite: Suite, listed: Callable[..., str], tmp_path: Path
) -> None:
    networks = [[f"ip4:10.{i}.{number}.0/24" for i in range(200)] for number in range(300)]
    records = [f"v=spf1 {' '.join(each)} -all" for each in networks]  # enough work for more than a second
    names = [f"n{number}.example" for number in range(300)]
    zone = suite({name: [{"TXT": record}] for name, record in zip(names, records, strict=True)})
    out = tmp_path / "out.jsonl"
    arguments = ("survey", listed(*names), "--zone", zone, "-o", str(out))
    script = ["/bin/sh", "-c", 'exec "$0" "$@" 2>&1', *command(*arguments)]
    shown = terminal_of(script)
    assert "surveyed 300 domains" in shown
    assert re.search(r"\d+ domains", shown.partition("surveyed")[0])
    assert len(lines_of(out.read_text("ascii"))) == 300
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


def test_a_compact_set_is_a_set() -> None:
    chosen = random.Random(7208)
    names = [f"n{chosen.randrange(3000)}.example" for _ in range(6000)]
    compact, plain = CompactSet(), set()
    for name in names:
        assert (name in compact) == (name in plain)
        assert compact.add(name) == (name not in plain)
        plain.add(name)
        assert len(compact) == len(plain)
    assert all(name in compact for name in plain)
    assert "other.example" not in compact
    assert compact.add("\ud800")
    assert "\ud800" in compact
