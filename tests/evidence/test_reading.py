"""From paths to evidence: folders, standard input, progress, what happens to files that can't be read, and bounds."""

import copy
import io
import os
import pickle
import random
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import spfengine
from spfengine.errors import ArgumentError
from spfengine.evidence import Evidence
from spfengine.evidence.bounds import Bounds
from spfengine.evidence.ledger import Ledger
from spfengine.evidence.reading import iterate_senders, read_evidence
from spfengine.senders import unknown_facts
from tests.conftest import REPOSITORY
from tests.evidence.files import EXAMPLES, GOOD, SAMPLES, faults, gzipped, of, read_bytes, record, report, zipped


def test_it_is_public() -> None:
    evidence = spfengine.read_evidence(SAMPLES / "google.xml")
    assert isinstance(evidence, Evidence)
    assert spfengine.read_evidence(str(SAMPLES / "google.xml")) == evidence
    assert spfengine.read_evidence([os.fspath(SAMPLES / "google.xml")]) == evidence


def test_senders_are_ordered_by_their_messages() -> None:
    evidence = read_evidence([EXAMPLES / "seed-message.eml", SAMPLES])
    counts = [sender.count for sender in evidence.senders]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == 1200
    assert evidence.messages == sum(counts)


def test_files_of_all_kinds_together() -> None:
    evidence = read_evidence(SAMPLES)
    assert {item.kind: item.files for item in evidence.sources} == {
        "dmarc-report": 5, "message": 5, "log": 2, "csv": 1,
    }  # fmt: skip
    assert evidence.messages == sum(item.messages for item in evidence.sources)


def test_a_folder_is_all_its_files(tmp_path: Path) -> None:
    for position in ("b/deep/er", "a", ".hidden"):
        (tmp_path / position).mkdir(parents=True)
        (tmp_path / position / "x").write_bytes(GOOD)
    (tmp_path / ".DS_Store").write_bytes(b"\0")
    (tmp_path / "link").symlink_to(tmp_path / "a" / "x")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "broken").symlink_to(tmp_path / "none")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "socket"))
        evidence = read_evidence(tmp_path)
    assert evidence.sources[0].files == 3
    assert dict(evidence.aside) == {"hidden files and folders": 2}
    assert {(Path(item.source).name, item.reason) for item in evidence.unread} == {
        ("loop", "not a regular file"),
        ("broken", "not a regular file"),
        ("socket", "not a regular file"),
    }


def test_a_path_that_is_not_there_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="none"):
        read_evidence([SAMPLES, tmp_path / "none"])


def test_files_that_disappear_during_reading_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As by a mail program that works on the same folder: found, and gone when it is opened."""
    for name in ("a", "b", "c/d"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(GOOD)
    monkeypatch.setattr("builtins.open", _gone("b"))
    real = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: real(path) if not str(path).endswith("c") else real("/nowhere"))
    with pytest.raises(FileNotFoundError):
        read_evidence(tmp_path / "b")
    evidence = read_evidence(tmp_path)
    assert evidence.messages == 6
    assert sorted(faults(evidence)) == [
        "FILE: it can't be read: No such file or directory",
        "FILE: the folder can't be read: No such file or directory",
    ]
    monkeypatch.setattr(os, "scandir", lambda path: real("/nowhere"))
    with pytest.raises(FileNotFoundError):
        read_evidence(tmp_path)


def _gone(name: str) -> object:
    real = open

    def opened(path: str, *arguments: object) -> object:
        return real(path if not str(path).endswith(name) else "/nowhere/b", *arguments)  # type: ignore[call-overload] # handed on as it comes

    return opened


@pytest.mark.parametrize(
    "content",
    [GOOD, gzipped(GOOD), zipped({"a.xml": GOOD}), (SAMPLES / "postfix.log").read_bytes()],
    ids=["xml", "gzip", "zip", "log"],
)
def test_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    evidence = read_evidence("-")
    assert evidence.senders == read_bytes(tmp_path, content).senders
    assert {item.source for item in evidence.unread} <= {"standard input"}


@pytest.mark.parametrize("content", [GOOD, zipped({"a.xml": GOOD})], ids=["xml", "zip"])
def test_a_pipe_is_read_as_standard_input_is(tmp_path: Path, content: bytes) -> None:
    """As a shell makes one for `--senders <(zcat mail.log.*.gz)`."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    described: list[tuple[int, int | None]] = []
    evidence = read_evidence(pipe, progress=lambda done, total: described.append((done, total)))
    writer.join()
    assert (evidence.messages, evidence.unread) == (6, ())
    assert described[-1] == (len(content), None)


def test_an_archive_on_standard_input_is_held_as_far_as_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(zipped({"a": GOOD}))))
    described = "FILE: it is larger than 0 MiB, which is the most that is held in memory"
    assert faults(read_evidence("-", bounds=Bounds(held=10))) == [described]


def test_progress_is_reported_up_to_the_end(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(report(*[record()] * 3000))
    (tmp_path / "b").write_bytes(zipped({"a.xml": GOOD, "noise": random.Random(1).randbytes(300_000)}))
    described: list[tuple[int, int | None]] = []
    read_evidence(tmp_path, progress=lambda done, total: described.append((done, total)))
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert len(described) > 5
    assert [done for done, _ in described] == sorted(done for done, _ in described)
    assert [done for done, _ in described if size - done > 250_000] != []
    assert described[-1] == (size, size)
    assert {total for _, total in described} == {size}


def test_progress_of_standard_input_has_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(GOOD)))
    described: list[tuple[int, int | None]] = []
    read_evidence("-", progress=lambda done, total: described.append((done, total)))
    assert described == [(len(GOOD), None)]


def test_progress_over_files_that_are_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(GOOD)
    monkeypatch.setattr("builtins.open", _gone("a"))
    real = os.stat
    monkeypatch.setattr(os, "stat", lambda path, **given: real(path if str(path) == str(tmp_path) else "/nowhere"))
    described: list[tuple[int, int | None]] = []
    evidence = read_evidence(tmp_path, progress=lambda done, total: described.append((done, total)))
    assert faults(evidence) == ["FILE: it can't be read: No such file or directory"]
    assert described == []


def test_more_different_senders_than_are_kept_are_counted(tmp_path: Path) -> None:
    records = [record(f"192.0.2.{n}", 10) for n in range(8)] + [record("192.0.2.1", 5)]
    evidence = read_bytes(tmp_path, report(*records), bounds=Bounds(senders=5))
    assert len(evidence.senders) == 5
    assert (evidence.messages, evidence.left_out) == (55, 30)
    assert evidence.sources[0].messages == 85


def test_senders_as_they_are_read(tmp_path: Path) -> None:
    """Nothing is gathered: the next row is read when it is asked for."""
    ledger = Ledger()
    senders = iterate_senders(SAMPLES / "google.xml", ledger)
    assert next(senders).ip == "23.83.218.24"
    assert ledger.kinds[0].rows <= 2
    assert [item.ip for item in senders] == ["2001:db8::25"]


def test_what_is_not_known_is_counted_by_messages() -> None:
    evidence = read_evidence([SAMPLES / "google.xml", SAMPLES / "yahoo.xml"])
    assert unknown_facts(evidence.senders) == {"local-part": 48, "helo": 43}
    assert unknown_facts([]) == {}


def test_json_has_all_of_it() -> None:
    evidence = read_evidence([SAMPLES / "postfix.log", SAMPLES / "microsoft.eml"])
    document = evidence.to_dict()
    assert document["schema"] == "spfengine.evidence/1"
    assert document["senders"][0] == {
        "ip": "192.0.2.24", "sender": "alice@example.com", "helo": "smtp.example.com", "count": 1, "label": None,
        "reported": "pass", "header_from": None, "dmarc_spf": None, "dmarc_dkim": None, "override": None,
        "authentication": None,
    }  # fmt: skip
    assert document["unread"][0] == {
        "source": str(SAMPLES / "postfix.log"), "member": None, "place": "line 24",
        "reason": "the log names no sender of a message (no from= with its queue id)",
        "example": "9E9E9E9E9E", "count": 1, "messages": 0,
    }  # fmt: skip
    assert document["sources"][1] == {"kind": "message", "files": 1, "rows": 1, "messages": 1}
    assert document["receivers"] == [{"name": "protection.outlook.com", "messages": 1}]
    assert (document["messages"], document["skipped"], document["left_out"]) == (6, 1, 0)
    assert {"what": "messages submitted by authenticated users", "count": 1} in document["aside"]


_MEASURE = """
import resource, sys
from spfengine.evidence.reading import read_evidence
evidence = read_evidence(sys.argv[1])
print(evidence.sources[0].rows, evidence.messages, len(evidence.senders), evidence.skipped)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def rows_in_a_process_of_its_own(folder: Path, rows: int, different: int) -> tuple[list[int], float]:
    """Read a packed report of so many rows; what was found, and the most memory that it took, in MiB."""
    import gzip

    path = folder / f"{rows}.xml.gz"
    with gzip.open(path, "wt", compresslevel=1) as file:
        file.write("<feedback>")
        for number in range(rows):
            file.write(record(f"10.{number % different >> 8 & 255}.{number >> 4 & 1}.{number % different & 255}", 3))
        file.write("</feedback>")
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(path)], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    counts, peak = done.stdout.splitlines()
    return list(map(int, counts.split())), int(peak) / 1024


def test_the_names_of_receivers_are_bounded(tmp_path: Path) -> None:
    for number in range(150):
        (tmp_path / f"{number}").write_bytes(
            f"Return-Path: <a@b.example>\nReceived: from x (y [192.0.2.1]) by mx{number}.example\n\n".encode()
        )
    evidence = read_evidence(tmp_path)
    assert evidence.messages == 150
    assert len(evidence.receivers) == 100


@pytest.mark.full
def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """The million of rows is in bench/evidence.py; here two sizes are compared."""
    few, little = rows_in_a_process_of_its_own(tmp_path, 2_000, 200)
    many, most = rows_in_a_process_of_its_own(tmp_path, 40_000, 200)
    assert few[:2] == [2_000, 6_000]
    assert many[:2] == [40_000, 120_000]
    assert most < little + 8, f"{little:.0f} MiB for 2,000 rows, {most:.0f} MiB for 40,000"


def test_equal_evidence_is_equal() -> None:
    assert of(read_evidence(SAMPLES)) == of(read_evidence(SAMPLES))


@pytest.mark.parametrize("paths", [5, None, b"a.xml", [b"a.xml"], [5], ["a.xml", None]])
def test_what_is_not_a_path_or_a_list_of_paths_is_refused(paths: Any) -> None:
    with pytest.raises(ArgumentError, match="paths is a path or a list of paths"):
        read_evidence(paths)


def test_values_have_a_short_repr_and_can_be_pickled(tmp_path: Path) -> None:
    evidence = read_bytes(tmp_path, GOOD + b"<" * 5000)
    values = [evidence, *evidence.sources, *evidence.repaired, *evidence.reports]
    values += read_bytes(tmp_path, b"?").unread
    assert len(values) == 5
    for value in values:
        assert repr(value).isprintable()
        assert len(repr(value)) < 200
        assert pickle.loads(pickle.dumps(value)) == copy.copy(value) == value
        assert hash(copy.copy(value)) == hash(value)
