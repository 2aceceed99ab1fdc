"""The wheel `spfengine_live`: Python for the browsers that open interactive reports."""

import zipfile
from pathlib import Path

import pytest

from scripts import build_live_runtime
from tests.optional import need


@pytest.mark.full
def test_the_wheel_has_the_licences_of_what_is_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need("hatchling")
    monkeypatch.setattr(build_live_runtime, "verified", lambda folder: iter([("pyodide.mjs", b"export {};")]))
    with zipfile.ZipFile(build_live_runtime.build(tmp_path, tmp_path / "dist")) as wheel:
        names = wheel.namelist()
        licences = {name.rpartition("/")[2]: wheel.read(name).decode() for name in names if "/licenses/" in name}
        [about] = [wheel.read(name).decode() for name in names if name.endswith("/METADATA")]
    assert licences["MPL-2.0.txt"].startswith("Mozilla Public License Version 2.0")
    assert "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2" in licences["Python-2.0.txt"]
    assert "License-Expression: MPL-2.0 AND Python-2.0" in about
    assert "https://github.com/pyodide/pyodide/tree/314.0.7" in about
