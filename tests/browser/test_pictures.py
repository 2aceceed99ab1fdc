"""The pictures of reports in the docs can be made anew."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.pictures import FOLDER, MADE_OF, REPORTS, photograph
from tests.docs.test_pictures import size

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.full, pytest.mark.browser]


def test_reports_are_photographed(chromium: "Browser", tmp_path: Path) -> None:
    photograph(chromium, [*REPORTS], tmp_path)
    made_of = [json.loads((folder / MADE_OF.name).read_text(encoding="utf-8")) for folder in (tmp_path, FOLDER)]
    assert made_of[0] == made_of[1]
    for name in REPORTS:
        assert size(tmp_path / name)[0] == size(FOLDER / name)[0]
