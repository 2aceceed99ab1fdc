"""Which kind a file is of, by its first octets; its name does not matter."""

import re
from enum import StrEnum

from spfengine.evidence.pasted import is_broken_up, looks_pasted
from spfengine.evidence.protocol_log import is_protocol_log
from spfengine.evidence.tables import table_form

HEAD = 1 << 14
"""Octets that `sniff` needs."""


class FileKind(StrEnum):
    """A kind of file."""

    GZIP = "gzip"
    ZIP = "zip"
    XML = "xml"
    TABLE = "table"
    PARQUET = "parquet"
    JSON = "json"
    LOG = "log"
    PROTOCOL_LOG = "protocol-log"
    MESSAGE = "message"
    PASTED = "pasted"
    UTF16 = "utf-16"
    EMPTY = "empty"
    UNKNOWN = "unknown"


_PACKED = {
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!": "RAR",
}
# What people save a message as, and what they can do instead.
_OTHERS = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an Outlook file (.msg); save as .eml, or paste its Internet headers",
    b"!BDN": "an Outlook data file; save the messages as .eml",
    b'x\x9f>"': "winmail.dat of Outlook; save the message as .eml",
    b"%PDF-": "a PDF; save the message as .eml",
    b"\x89PNG": "a picture; paste the text",
    b"\xff\xd8\xff": "a picture; paste the text",
}
_SPACE = b" \t\r\n"
# But not the address in brackets that a pasted bounce of Postfix begins with: no name in XML has an @.
_is_xml = re.compile(rb"<(?:[?!]|[A-Za-z_:](?![^\s<>@/]{0,64}@))").match
# More byte order marks, and spaces that do not break, which xml_text leaves out as well.
_BEFORE_XML = re.compile(rb"\A(?:\xef\xbb\xbf|\xc2\xa0|\xe2\x80\x8b|[ \t\r\n])++")
# The start of a report in the text that a browser shows for it: after a sentence about styles, or a - for folding.
_REPORT_BEGINS = re.compile(
    r"^[-\u25bc\u25be \t]{0,20}(?:<\?xml[^<>]{0,200}\?>[ \t\r\n]{0,20})?<(?:[\w.-]{1,40}:)?feedback[\s>]", re.MULTILINE
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
_STAMP = (
    r"(?:<\d{1,3}>)?(?:1 )?(?:\w{3,5}\.? [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d"
    r"|\d{10}\.\d{3,6} |\[ *\d{1,9}\.\d{6}\] )"
)
_PROGRAMS = (
    r"(?:postfix[\w.-]{0,40}/[\w./-]{1,60}|(?:python-)?policyd-spf|exim4?|rspamd\w{0,30}|amavisd?|sendmail|sm-mta|smtpd)"
    r"(?:\[\d{1,10}\])?: "
)
# "Nov 24 10:00:00 host ", "2026-11-24T10:00:00.1+01:00 host ", "2026-11-24 10:00:00 ", each after a "<22>" of syslog;
# in front of that what journalctl (a weekday), docker compose ("mail-1  | "), grep ("mail.log:12:"), kubectl
# ("[pod/mail-0/postfix] ") or RFC 6587 put.
_is_log = re.compile(
    rf"(?:(?:\x1b\[[\d;]{{0,10}}m)?[\w.@/-]{{1,100}} *\|(?:\x1b\[[\d;]{{0,10}}m)? )?"
    rf"(?:(?:[A-Za-z]:\\)?[^\s:]{{1,250}}:(?:\d{{1,12}}:)?|[^\s:,;]{{1,250}}-(?:\d{{1,12}}-)?|[A-Z][a-z]{{2}} "
    rf"|\d{{1,5}} |\[[\w./-]{{1,250}}\] )??(?:{_STAMP}|{_PROGRAMS})"
).match
# What journalctl -o cat leaves of a line of Postfix, amavis, OpenSMTPD or sendmail: neither a time nor a program.
_BARE_LINE = re.compile(
    r"^(?:(?:NOQUEUE|[0-9A-Za-z]{6,20}): (?:client=|from=|to=<|uid=\d|message-id=|ruleset=|(?:milter-)?reject: "
    r"|(?:milter-)?discard: )"
    r"|(?:dis)?connect from \S|lost connection after |warning: hostname |statistics: max "
    r"|[A-Z][a-z]+ TLS connection established from |\(\d{1,8}-[\w-]{1,8}\) (?:Passed|Blocked) |[0-9a-f]{16} smtp )",
    re.MULTILINE,
)
_is_indented = re.compile(rb"(?:[ \t]*\r?\n){0,100}[ \t]+[^ \t\r\n]").match
_is_page = re.compile(rb"<(?:!doctype html|html)\b", re.IGNORECASE).match
# Apple Mail's .emlx: the message's size on a line of its own before it.
_is_counted = re.compile(r"\d{1,12}[ \t]*\r?\n[A-Za-z][!-9;-~]*[ \t]*:[ \t]").match
# What journalctl and tail write before the first line, and docker compose before its own.
_is_before_log = re.compile(r"-- (?:Journal begins|Logs begin|Boot|No entries)|==> .{1,250} <==$|Attaching to ").match
_is_journal = re.compile(r"\{.{0,30000}?\"(?:MESSAGE|log)\" ?: ?\"").match
_is_fields = re.compile(r"#Fields: ?[\w-]+,", re.IGNORECASE).match
_is_field = re.compile(r"[A-Za-z][!-9;-~]*[ \t]*:(?:[ \t]|$)").match


def sniff(head: bytes) -> FileKind:
    """Guess a file's kind from its first octets."""
    if head.startswith(b"\x1f\x8b"):
        return FileKind.GZIP
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return FileKind.ZIP
    if head.startswith(b"PAR1"):
        return FileKind.PARQUET
    if head.startswith(_UTF16):
        return FileKind.XML if b"<" in head[:4] else FileKind.UTF16
    if head.startswith(tuple(_OTHERS)):
        return FileKind.UNKNOWN
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(_SPACE)
    if not text:
        return FileKind.EMPTY
    decoded = text.decode("utf-8", "replace")
    if _is_xml(_BEFORE_XML.sub(b"", text, count=1)):
        return FileKind.PASTED if _is_page(text) and looks_pasted(decoded) else FileKind.XML
    kind = _sniff_text(decoded)
    return FileKind.PASTED if kind is FileKind.MESSAGE and _is_indented(head) else kind


def _sniff_text(decoded: str) -> FileKind:
    first = _first_line(decoded)
    kind = _sniff_line(first)
    if kind is FileKind.MESSAGE and not decoded.startswith("From ") and is_broken_up(decoded):
        return FileKind.PASTED
    if kind is FileKind.UNKNOWN:
        if _REPORT_BEGINS.search(decoded):
            return FileKind.XML
        if _BARE_LINE.search(decoded):
            return FileKind.LOG
        if _is_counted(decoded):
            return FileKind.MESSAGE
        if "\0" not in decoded and looks_pasted(decoded):
            return FileKind.PASTED
    return kind


def _first_line(text: str) -> str:
    """Return the first line that says something: neither empty, nor a comment, nor what comes before a log."""
    lines = [line.strip("\r\t ") for line in text.split("\n")]
    return next((line for line in lines if line and not _says_nothing(line)), lines[0])


def _says_nothing(line: str) -> bool:
    if line[0] == "#":
        return _is_fields(line) is None  # Exchange has the columns of its tables in a comment
    return _is_before_log(line) is not None


def _sniff_line(first: str) -> FileKind:
    if first[:1] in ("{", "["):
        return FileKind.LOG if _is_journal(first) or _is_log(first) else FileKind.JSON
    if _is_log(first) or _BARE_LINE.match(first):
        return FileKind.LOG
    if is_protocol_log(first):
        return FileKind.PROTOCOL_LOG
    if table_form(first) is not None:
        return FileKind.TABLE
    if first.startswith("From ") or _is_field(first):
        return FileKind.MESSAGE
    return FileKind.UNKNOWN


def packed_by(head: bytes) -> str | None:
    """Return the name of a compression format that is not read; None for anything else."""
    return next((name for magic, name in _PACKED.items() if head.startswith(magic)), None)


def saved_as(head: bytes) -> str | None:
    """Return the kind of a file in which people save messages but which is not read, and what to do; or None."""
    return next((name for magic, name in _OTHERS.items() if head.startswith(magic)), None)
