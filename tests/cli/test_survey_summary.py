"""`spfengine survey --summary`: of a survey, and of what earlier surveys wrote."""

import csv
import json
import os
import subprocess
import threading
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from bench.population import APEX, KINDS, Population, write
from spfengine.surveying import Summary
from tests.cli.conftest import Call, command, environment
from tests.cli.surveys import DEAD, ZONE, Suite, lines_of

Listed = Callable[..., str]


def of(out: str) -> Summary:
    return Summary.from_dict(json.loads(out))


def test_a_survey_prints_its_summary_in_place_of_its_lines(call: Call, suite: Suite, listed: Listed) -> None:
    arguments = ("survey", listed(*ZONE, "no domain"), "--zone", suite(ZONE))
    lines = lines_of(call(*arguments).out)
    ended = call(*arguments, "--summary", "--json")
    assert ended.code == 0
    assert of(ended.out) == Summary.of(lines)
    printed = call(*arguments, "--summary").out.split("\n")
    assert printed[0].split() == ["5", "domains", "were", "surveyed"]
    assert next(line.split()[:2] for line in printed if "SPF record" in line) == ["4", "80.00%"]


def test_the_lines_can_be_written_too_and_a_resumed_survey_counts_all_of_them(
    call: Call, suite: Suite, listed: Listed, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    rest = ("--zone", suite(ZONE), "-o", str(out), "--resume", "--summary", "--json")
    first = of(call("survey", listed("fail.example", "broken.example"), *rest).out)
    whole = of(call("survey", listed(*ZONE), *rest).out)
    assert (first["domains"], whole["domains"]) == (2, len(ZONE))
    assert Summary.of(lines_of(out.read_text("ascii"))) == whole


def test_what_surveys_wrote_adds_up_in_any_order(call: Call, suite: Suite, listed: Listed, tmp_path: Path) -> None:
    names = [*ZONE]
    whole = call("survey", listed(*names), "--zone", suite(ZONE), "--summary", "--json").out
    paths = []
    for number, part in enumerate((names[:2], names[2:4], names[4:])):
        path = tmp_path / f"part-{number}"
        more = ("--summary", "--json") if number == 1 else ()
        path.write_text(call("survey", listed(*part), "--zone", suite(ZONE), *more).out, encoding="ascii")
        paths.append(str(path))
    paths.append(str(tmp_path / "empty"))
    Path(paths[-1]).touch()
    for order in (paths, paths[::-1]):
        assert call("survey", "--summary", "--json", *order).out == whole
    rows = list(csv.DictReader(StringIO(call("survey", "--summary", "--csv", *paths).out)))
    assert {row["row"]: int(row["domains"]) for row in rows if not row["domain"]} == {
        str(row): count for row, count in of(whole).counts
    }


def test_a_list_in_a_pipe_is_read_from_its_beginning(call: Call, suite: Suite, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("\n".join(ZONE),))
    writer.start()
    ended = call("survey", str(pipe), "--zone", suite(ZONE), "--summary", "--json")
    writer.join()
    assert of(ended.out)["domains"] == len(ZONE)


def test_the_domains_by_which_most_break_are_listed(call: Call, suite: Suite, listed: Listed) -> None:
    zone = {f"d{n}.example": [{"TXT": f"v=spf1 include:gone{n // 2}.example -all"}] for n in range(5)}
    arguments = ("survey", listed(*zone), "--zone", suite(zone), "--summary", "--top", "2")
    printed = call(*arguments).out
    assert printed.split("by which most break:\n")[1].split("\n") == [
        "    2  gone0.example",
        "    2  gone1.example",
        "  … and 1 more domain; --top N shows more",
        "",
    ]
    assert [row.split(",")[1] for row in call(*arguments, "--csv").out.split("\n") if row.startswith("broken-by")] == [
        "gone0.example",
        "gone1.example",
    ]


def test_what_dns_could_not_answer_has_the_exit_code_of_a_survey(
    call: Call, suite: Suite, listed: Listed, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    call("survey", listed(*DEAD), "--zone", suite(DEAD), "-o", str(out))
    ended = call("survey", "--summary", str(out))
    assert ended.code == 69
    assert "1  16.67%  could not be surveyed completely" in ended.out


def test_files_that_can_not_be_added_up_are_refused_with_the_place(
    call: Call, suite: Suite, listed: Listed, tmp_path: Path
) -> None:
    out, bad = tmp_path / "out.jsonl", tmp_path / "bad.jsonl"
    call("survey", listed(*ZONE), "--zone", suite(ZONE), "-o", str(out))
    lines = out.read_bytes()
    first = lines.split(b"\n")[0] + b"\n"
    for octets, message in (
        (lines + first, "line 6: fail.example has a line already"),
        (lines[:-5], "line 5: it is not a whole line"),
        (first + b"{}\n", "line 2: it is not a line of a survey"),
        (first.replace(b'"faults": []', b'"faults": ["x\\u001b"]'), "line 1: line.faults[0]: expected"),
        (b'{\n"schema": "x"}', "a summary is a JSON object"),
        (b"{\n\n", "a summary is JSON"),
    ):
        bad.write_bytes(octets)
        ended = call("survey", "--summary", str(bad))
        assert (ended.code, ended.out, ended.err.count("\n")) == (65, "", 1), message
        assert message in ended.err
        assert "\x1b" not in ended.err
    assert call("survey", "--summary", str(out), str(out)).code == 65  # every domain would count twice
    assert call("survey", "--summary", str(tmp_path / "none")).code == 66


def test_options_that_do_not_go_together_are_refused(call: Call, suite: Suite, listed: Listed) -> None:
    zone = ("--zone", suite(ZONE))
    for arguments, message in (
        ((listed("a.example"), "--json"), "formats of --summary"),
        ((listed("a.example"), "--summary", "--json", "--csv"), "not both"),
        ((listed("a.example"), listed("b.example"), *zone), "expected one list"),
        ((listed("a.example"), listed("b.example"), *zone, "--summary"), "expected one list"),
    ):
        ended = call("survey", *arguments)
        assert (ended.code, message in ended.err) == (64, True), ended.err


def test_of_the_population_it_is_what_is_known(call: Call, tmp_path: Path) -> None:
    population = Population(len(KINDS))
    write(population, tmp_path)
    ended = call(*survey_of(tmp_path), "--summary", "--json")
    assert ended.code == 0
    assert of(ended.out) == population.truth(lint=True)


def survey_of(folder: Path) -> tuple[str, ...]:
    zones = [word for name in (APEX, "com") for word in ("--zone", str(folder / f"{name}.zone"))]
    return ("survey", str(folder / "domains.txt"), *zones)


@pytest.mark.full
def test_by_two_processes_it_is_what_is_known_of_the_population(call: Call, tmp_path: Path) -> None:
    population = Population(20_000)
    write(population, tmp_path)
    ended = call(*survey_of(tmp_path), "--jobs", "2", "--summary", "--json")
    assert ended.code == 0
    assert of(ended.out) == population.truth(lint=True)


@pytest.mark.full
def test_killed_and_resumed_it_is_what_is_known_of_the_population(call: Call, tmp_path: Path) -> None:
    population = Population(20_000)
    write(population, tmp_path)
    out = tmp_path / "out.jsonl"
    words = (*survey_of(tmp_path), "--output", str(out), "--resume")
    running = subprocess.Popen(command(*words), stderr=subprocess.DEVNULL, env=environment())
    while running.poll() is None and (not out.exists() or out.stat().st_size < 5 << 20):
        try:
            running.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    running.kill()
    assert running.wait(300) < 0
    ended = call(*words, "--summary", "--json")
    assert ended.code == 0
    assert ", 0 of them before" not in ended.err
    assert " of them before; " in ended.err
    known = population.truth(lint=True)
    assert of(ended.out) == known
    assert of(call("survey", "--summary", "--json", str(out)).out) == known
