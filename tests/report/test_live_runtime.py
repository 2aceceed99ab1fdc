"""The wheel `spfengine_live`: Python for the browsers that open interactive reports."""

import gzip
import zipfile
from pathlib import Path

import pytest

from scripts import build_live_runtime
from tests.optional import need


@pytest.mark.full
def test_the_wheel_has_the_licences_of_what_is_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need("hatchling")
    monkeypatch.setattr(
        build_live_runtime,
        "verified",
        lambda folder: iter([("pyodide.asm.mjs", b"async function a(){import.meta.url}export default a;\n")]),
    )
    with zipfile.ZipFile(build_live_runtime.build(tmp_path, tmp_path / "dist")) as wheel:
        names = wheel.namelist()
        script = gzip.decompress(wheel.read("spfengine_live/pyodide.asm.js.gz"))
        licences = {name.rpartition("/")[2]: wheel.read(name).decode() for name in names if "/licenses/" in name}
        [about] = [wheel.read(name).decode() for name in names if name.endswith("/METADATA")]
    assert script == b"async function a(){location.href}"
    assert licences["MPL-2.0.txt"].startswith("Mozilla Public License Version 2.0")
    assert "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2" in licences["Python-2.0.txt"]
    assert "License-Expression: MPL-2.0 AND Python-2.0" in about
    assert "https://github.com/pyodide/pyodide/tree/314.0.7" in about
