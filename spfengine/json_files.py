"""JSON documents: read from files with a bound on their size, and as text to be written."""

import json
import os
from pathlib import Path

from spfengine.errors import RecordingError
from spfengine.visible import value_text, visible

MAX_OCTETS = 64 << 20
"""Octets of the largest document that is read."""


def load_document(path: str | os.PathLike[str], what: str, schema: str) -> dict[str, object]:
    """Return the JSON object in a file.

    Args:
        path: the file.
        what: what it holds, for messages: "a recording".
        schema: the value that its key "schema" must have.

    Raises:
        RecordingError: the file holds no such object, or more than 64 MiB.
        OSError: the file can't be read.
    """
    with Path(path).open("rb") as file:
        return parse_document(file.read(MAX_OCTETS + 1), what, schema)


def parse_document(text: str | bytes, what: str, schema: str) -> dict[str, object]:
    """Return the JSON object in a text, as `load_document` does for a file. Raises RecordingError."""
    if len(text) > MAX_OCTETS:
        raise RecordingError(f"{what} has at most {MAX_OCTETS >> 20} MiB")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"{what} is JSON: {visible(str(error), 120)}") from None
    return require_schema(data, what, schema)


def require_schema(data: object, what: str, schema: str) -> dict[str, object]:
    """Return `data`. Raises RecordingError unless it is an object of this schema."""
    if isinstance(data, dict) and data.get("schema") == schema:
        return data
    got = describe(data.get("schema") if isinstance(data, dict) else None)
    raise RecordingError(f'{what} is a JSON object with "schema": "{schema}", not {got}')


def describe(value: object) -> str:
    """Return a JSON value for a message: quoted and shortened, a list or an object by its kind alone."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    return f"'{visible(value_text(value), 60)}'"


def dump_document(document: object) -> str:
    """Return a document as JSON text, all of it ASCII, with a line end."""
    return json.dumps(document, indent=1) + "\n"
