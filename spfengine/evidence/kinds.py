"""Which kind a file is of, by its first octets; its name does not matter."""

import re
from enum import StrEnum

from spfengine.evidence.tables import table_form

HEAD = 1 << 14
"""Octets that `sniff` needs."""


class FileKind(StrEnum):
    """A kind of file."""

    GZIP = "gzip"
    ZIP = "zip"
    XML = "xml"
    TABLE = "table"
    LOG = "log"
    MESSAGE = "message"
    EMPTY = "empty"
    UNKNOWN = "unknown"


_PACKED = {
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!": "RAR",
}
_SPACE = b" \t\r\n"
_is_xml = re.compile(rb"<(?:[?!]|[A-Za-z_:])").match
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
# "Nov 24 10:00:00 host ", "2026-11-24T10:00:00.1+01:00 host ", "2026-11-24 10:00:00 ", each after a "<22>" of syslog.
_is_log = re.compile(
    r"(?:<\d{1,3}>)?(?:1 )?(?:[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)"
).match
_is_field = re.compile(r"[A-Za-z][!-9;-~]*[ \t]*:(?:[ \t]|$)").match


def sniff(head: bytes) -> FileKind:
    """Guess a file's kind from its first octets."""
    if head.startswith(b"\x1f\x8b"):
        return FileKind.GZIP
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return FileKind.ZIP
    if head.startswith(_UTF16):
        return FileKind.XML if b"<" in head[:4] else FileKind.UNKNOWN
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(_SPACE)
    if not text:
        return FileKind.EMPTY
    if _is_xml(text):
        return FileKind.XML
    return _sniff_line(_first_line(text.decode("utf-8", "replace")))


def _first_line(text: str) -> str:
    """Return the first line that is neither empty nor a comment."""
    lines = [line.strip("\r\t ") for line in text.split("\n")]
    return next((line for line in lines if line and line[0] != "#"), lines[0])


def _sniff_line(first: str) -> FileKind:
    if _is_log(first):
        return FileKind.LOG
    if table_form(first) is not None:
        return FileKind.TABLE
    if first.startswith("From ") or _is_field(first):
        return FileKind.MESSAGE
    return FileKind.UNKNOWN


def packed_by(head: bytes) -> str | None:
    """Return the name of a compression format that is not read; None for anything else."""
    return next((name for magic, name in _PACKED.items() if head.startswith(magic)), None)
