"""`spfengine survey --output OUT.parquet`: the lines as a Parquet file, whole or not at all."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Call
from tests.cli.surveys import DEAD, ZONE, Suite, lines_of, timeless
from tests.optional import need

Listed = Callable[..., str]

need_pyarrow = pytest.fixture(autouse=True)(lambda: need("pyarrow"))


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows as pyarrow has them, with whole numbers as in JSON."""
    from spfengine.cli.survey_parquet import documents_of

    return list(documents_of(str(path)))


def test_the_rows_are_the_lines(call: Call, suite: Suite, listed: Listed, tmp_path: Path) -> None:
    zone = {**DEAD, "wide.example": [{"TXT": "v=spf1 ip6:::/0 ip4:0.0.0.0/0 exists:%{l}.x.example ?all"}]}
    for more in ([], ["--no-lint"], ["--jobs", "2"]):
        out = tmp_path / f"out{len(more)}{more[:1]}.PARQUET"
        arguments = ("survey", listed(*zone, "no domain"), "--zone", suite(zone))
        ended = call(*arguments, *more, "-o", str(out))
        assert (ended.code, ended.out) == (69, "")
        lines = lines_of(call(*arguments, *[word for word in more if word == "--no-lint"]).out)
        assert json.dumps(timeless(rows_of(out)), sort_keys=True) == json.dumps(timeless(lines), sort_keys=True)
        assert [*rows_of(out)[0]] == [*lines[0]]
        assert sorted(path.name for path in tmp_path.glob("out*")) == sorted(
            {p.name for p in tmp_path.glob("*.PARQUET")}
        )


def test_other_programs_read_the_columns(call: Call, suite: Suite, listed: Listed, tmp_path: Path) -> None:
    from pyarrow import parquet

    out = tmp_path / "out.parquet"
    call("survey", listed(*ZONE), "--zone", suite(ZONE), "-o", str(out))
    table = parquet.read_table(out, columns=["domain", "state", "passing"])
    found = {row["domain"]: (row["state"], row["passing"]["4"]) for row in table.to_pylist()}
    assert found["fail.example"] == ("works", 256)
    assert found["broken.example"][0] == "permerror"


def test_a_survey_that_was_stopped_continues_and_a_complete_one_as_well(
    call: Call, suite: Suite, listed: Listed, tmp_path: Path
) -> None:
    out, lines = tmp_path / "out.parquet", tmp_path / "out.parquet.jsonl"
    arguments = ("survey", listed(*ZONE), "--zone", suite(ZONE))
    whole = call(*arguments).out
    lines.write_text("".join(whole.splitlines(keepends=True)[:2]) + whole.splitlines()[2][:40], "ascii")
    ended = call(*arguments, "-o", str(out))
    assert (ended.code, out.exists()) == (73, False)
    assert f"{lines} exists already; give --resume to continue it" in ended.err
    ended = call(*arguments, "-o", str(out), "--resume")
    assert (ended.code, lines.exists()) == (0, False)
    assert "2 of them before; 3 now" in ended.err
    assert timeless(rows_of(out)) == timeless(lines_of(whole))
    octets = out.read_bytes()
    ended = call(*arguments, "-o", str(out))
    assert (ended.code, out.read_bytes()) == (73, octets)
    assert f"{out} exists already; give --resume" in ended.err
    more = ("survey", listed(*ZONE, "more.example"), "--zone", suite(ZONE), "-o", str(out), "--resume")
    ended = call(*more)
    assert ended.code == 0
    assert "5 of them before; 1 now" in ended.err
    assert len(rows_of(out)) == 6
    assert "all of them before" in call(*more).err


def test_summaries_add_up_files_of_both_forms(call: Call, suite: Suite, listed: Listed, tmp_path: Path) -> None:
    names = [*ZONE]
    whole = call("survey", listed(*names), "--zone", suite(ZONE), "--summary", "--json").out
    out, lines = tmp_path / "part.parquet", tmp_path / "part.jsonl"
    call("survey", listed(*names[:2]), "--zone", suite(ZONE), "-o", str(out))
    call("survey", listed(*names[2:]), "--zone", suite(ZONE), "-o", str(lines))
    for order in ((out, lines), (lines, out)):
        assert call("survey", "--summary", "--json", *map(str, order)).out == whole
    ended = call("survey", "--summary", str(out), str(out))
    assert ended.code == 65
    assert "has a line already, and would count twice" in ended.err
    upper = tmp_path / "list"
    upper.write_text("PAR1.example", "ascii")
    assert call("survey", "--summary", str(upper), "--zone", suite(ZONE)).code == 0


def test_other_files_are_refused_and_stay_as_they_are(call: Call, suite: Suite, listed: Listed, tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    out = tmp_path / "out.parquet"
    arguments = ("survey", listed(*ZONE), "--zone", suite(ZONE), "-o", str(out), "--resume")
    parquet.write_table(pa.table({"domain": ["a.example"]}), out)
    for ended in (call(*arguments), call("survey", "--summary", str(out))):
        assert (ended.code, ended.err.count("\n")) == (65, 1)
        assert f"{out}: it does not have the columns of a survey" in ended.err
    out.write_bytes(b"PAR1\x1b[2J" + bytes(20) + b"PAR1")
    octets = out.read_bytes()
    for ended in (call(*arguments), call("survey", "--summary", str(out))):
        assert (ended.code, ended.err.count("\n")) == (65, 1)
        assert "it is not a Parquet file that can be read" in ended.err
    assert out.read_bytes() == octets
    assert [path.name for path in tmp_path.glob("out*")] == ["out.parquet"]


def test_a_folder_that_cannot_be_written_is_73(call: Call, suite: Suite, listed: Listed, tmp_path: Path) -> None:
    ended = call("survey", listed(*ZONE), "--zone", suite(ZONE), "-o", str(tmp_path / "none" / "out.parquet"))
    assert (ended.code, ended.err.count("\n")) == (73, 1)


def test_without_pyarrow_nothing_is_asked(
    call: Call, suite: Suite, listed: Listed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "spfengine.cli.survey_parquet", raising=False)
    ended = call("survey", listed(*ZONE), "--zone", suite(ZONE), "-o", str(tmp_path / "out.parquet"))
    assert (ended.code, ended.out) == (69, "")
    assert ended.err == (
        "spfengine survey: Parquet needs pyarrow: pip install pyarrow (the extra spfengine[parquet])\n"
    )
    assert not list(tmp_path.glob("out*"))
