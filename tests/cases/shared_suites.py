"""Suites that lie beside the repository."""

from pathlib import Path

from tests.conftest import shared_folder


def realworld_suite() -> Path | None:
    """The zone of published records with its cases, or None where the shared folder is absent."""
    folder = shared_folder()
    path = None if folder is None else folder / "data" / "realworld.yml"
    return path if path is not None and path.is_file() else None
