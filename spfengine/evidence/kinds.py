"""What a file is, told by how it begins; its name says nothing."""

import re
from enum import StrEnum

from spfengine.evidence.tables import table_form

HEAD = 1 << 14
"""Octets that are looked at."""


class Kind(StrEnum):
    """What a file is."""

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


def tell(head: bytes) -> Kind:
    """Return what begins so."""
    if head.startswith(b"\x1f\x8b"):
        return Kind.GZIP
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Kind.ZIP
    if head.startswith(_UTF16):
        return Kind.XML if b"<" in head[:4] else Kind.UNKNOWN
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(_SPACE)
    if not text:
        return Kind.EMPTY
    if _is_xml(text):
        return Kind.XML
    rows = [row.strip("\r\t ") for row in text.decode("utf-8", "replace").split("\n")]
    first = next((row for row in rows if row and row[0] != "#"), rows[0])
    if _is_log(first):
        return Kind.LOG
    if table_form(first) is not None:
        return Kind.TABLE
    if first.startswith("From ") or _is_field(first):
        return Kind.MESSAGE
    return Kind.UNKNOWN


def packed_by(head: bytes) -> str | None:
    """Return the name of a packer whose files are not read; None for anything else."""
    return next((name for magic, name in _PACKED.items() if head.startswith(magic)), None)
