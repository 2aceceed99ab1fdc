"""What `lint --source` prints for other programs: nothing in a file can break the format."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import REPOSITORY, Call
from tests.optional import need

SAMPLES = REPOSITORY / "tests" / "sources" / "samples"
HOSTILE = [
    "a,b:c=d::e.tf",
    "100%25 %0A.tf",
    "a\n::error::x.tf",
    "ü \U0001f4ec.tf",
    "::set-output name=x::y.tf",
    "a b#c?d.tf",
]


def written(folder: Path, name: str) -> None:
    text = 'x = "v=spf1 ptr include:a%0A::error::b,c=d.example +all"\ny = "v=spf1 ptr:\\u000a::error::x -all"\n'
    (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", HOSTILE)
def test_an_annotation_is_one_line_and_its_properties_are_its_own(
    name: str, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, name)
    rows = call("lint", "--source", name, "--format", "github").out.split("\n")[:-1]
    assert len(rows) >= 2
    for row in rows:
        found = re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.*)", row)
        assert found is not None, row
        assert "\r" not in row
        properties = dict(each.split("=", 1) for each in found[2].split(","))
        assert set(properties) == {"title", "file", "line", "endLine", "col", "endColumn"}
        file = properties["file"]
        for written_as, character in (("%2C", ","), ("%3A", ":"), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
            file = file.replace(written_as, character)
        assert file == name


@pytest.mark.full
@pytest.mark.parametrize("name", [None, *HOSTILE])
def test_sarif_is_valid(name: str | None, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the models of sarif-pydantic, since no package has the schema itself."""
    need("sarif_pydantic")
    from sarif_pydantic import Sarif

    monkeypatch.chdir(tmp_path)
    if name is not None:
        written(tmp_path, name)
    text = call("lint", "--source", str(SAMPLES) if name is None else name, "--format", "sarif").out
    [run] = Sarif.model_validate_json(text).runs
    assert run.results
    rules = [rule["id"] for rule in json.loads(text)["runs"][0]["tool"]["driver"]["rules"]]
    for result in json.loads(text)["runs"][0]["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        [location] = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+", uri), uri
        region = location["physicalLocation"]["region"]
        assert (region["startLine"], region["startColumn"]) < (region["endLine"], region["endColumn"])
