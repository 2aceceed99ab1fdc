"""Suites in the shared folder, which is not part of the repository."""

from pathlib import Path

from tests.conftest import shared_folder


def realworld_suite() -> Path | None:
    """Return the folder of published records and their cases; None if there is no shared folder."""
    folder = shared_folder()
    path = None if folder is None else folder / "data" / "realworld.yml"
    return path if path is not None and path.is_file() else None
