"""`spfengine export`: what the exporters write, on stdout, and exit codes."""

from pathlib import Path

from spfengine.resolvers.zone import Zone
from spfengine.testing.exporters import FORMATS, export
from tests.cli.conftest import SEED, Call


def test_the_command_writes_what_the_function_does(call: Call, tmp_path: Path) -> None:
    for format in sorted({*FORMATS} - {"minidns"}):  # which has no PTR records
        ended = call("export", SEED, "--format", format)
        assert (ended.code, ended.err) == (0, "")
        assert ended.out == export(Zone.from_file(SEED), format)
    assert call("export", SEED, "--format", "minidns").code == 65
    suite = tmp_path / "x.json"
    suite.write_text('{"zonedata": {"late.example": ["TIMEOUT"]}}')
    ended = call("export", str(suite), "--format", "bind")
    assert (ended.code, ended.out) == (65, "")
    assert "late.example" in ended.err
    recording = str(tmp_path / "answers.json")
    call("check", "192.0.2.1", "seed.example", "--zone", SEED, "--record-answers", recording)
    assert call("export", recording, "--format", "bind").code == 65
    assert call("export", SEED, "--format", "djb").code == 64
    assert call("export", SEED).code == 64
