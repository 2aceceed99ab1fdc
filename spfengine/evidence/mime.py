"""The structure of messages (RFC 5322, RFC 2045), line by line: header fields, attachments, and mailboxes of messages.

Of nested multiparts only the boundaries are kept in memory, down to a small depth.
"""

import binascii
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from spfengine.evidence.bounds import Bounds
from spfengine.evidence.ledger import BrokenFileError

_MAX_BOUNDARIES = 8
_MAX_TEXT = 1 << 16
_MAX_LINES = 2000  # of a header section
_field = re.compile(rb"([!-9;-~]{1,200})[ \t]*:[ \t]*(.*)", re.DOTALL).fullmatch
_TYPE = re.compile(r"\s*([\w.+-]+)/([\w.+-]+)", re.ASCII)
_PARAMETER = r';\s*{}\s*=\s*(?:"([^"]{{1,400}})"|([^\s;"]{{1,400}}))'
_BOUNDARY = re.compile(_PARAMETER.format("boundary"), re.IGNORECASE)
_NAMES = re.compile(_PARAMETER.format("(?:file)?name"), re.IGNORECASE)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_PACKED = {"gzip", "x-gzip", "gzip-compressed", "zip", "x-zip", "x-zip-compressed", "xml", "octet-stream"}
_SUFFIXES = (".xml", ".gz", ".zip")

TOO_LONG = b"\0"
"""In place of a line that is too long."""

Fields = list[tuple[str, str]]
"""Header fields in their order: the name in lower case, and the value, which may be folded."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """An attachment that may be a report, or a part whose text is wanted.

    Attributes:
        name: its file name, or its media type.
        content: its decoded content; of a text, at most the first 64 KiB.
        type: its media type.
        is_text: whether its text is wanted.
    """

    name: str
    content: bytes
    type: str
    is_text: bool


class Lines:
    """The lines of a file of one message, or of a mailbox of several (RFC 4155).

    Iterating yields the lines of the current message.
    """

    def __init__(self, lines: Iterable[tuple[int, bytes | None]]) -> None:
        self._lines = iter(lines)
        self._ahead: bytes | None = None
        self._separator: bytes | None = None
        self._open = False
        self._after_empty = False
        self.is_mailbox: bool = False

    def messages(self) -> Iterator[int]:
        """Make each message the current one, and yield its number."""
        line = self._step()
        while line is not None and not line.strip():
            line = self._step()
        self.is_mailbox = line is not None and line.startswith(b"From ")
        number = 0
        while line is not None:
            number += 1
            self._ahead = None if self.is_mailbox else line.removeprefix(b"\xef\xbb\xbf")
            self._open = True
            self._after_empty = False
            self._separator = None
            yield number
            for _ in self:  # skip the lines that the caller did not read
                pass
            line = self._separator

    def __iter__(self) -> Iterator[bytes]:
        while self._open:
            line, self._ahead = (self._step() if self._ahead is None else self._ahead), None
            if line is None or (self.is_mailbox and self._after_empty and line.startswith(b"From ")):
                self._separator = line
                self._open = False
                return
            self._after_empty = not line
            yield line

    def _step(self) -> bytes | None:
        number, line = next(self._lines, (0, b""))
        if number == 0:
            return None
        return TOO_LONG if line is None else line


def header_section(lines: Iterable[bytes], bounds: Bounds) -> Fields:
    """Return the header fields up to the empty line that ends them; a line that is no field continues the one before.

    Raises:
        BrokenFileError: the header section is too long.
    """
    fields: list[list[bytes]] = []
    size = 0
    for number, line in enumerate(lines):
        if not line:
            break
        size += len(line)
        if line is TOO_LONG or size > bounds.header or number > _MAX_LINES:
            raise BrokenFileError("its header section is too long")
        if line[:1] in (b" ", b"\t"):
            if fields:
                fields[-1].append(line)
        elif fields and _field(line) is None:
            fields[-1].append(b" " + line)  # its indentation was lost
        else:
            fields.append([line])
    matches = [_field(b"\r\n".join(rows)) for rows in fields]
    return [
        (match[1].decode("ascii").lower(), match[2].decode("utf-8", "surrogateescape"))
        for match in matches
        if match is not None
    ]


def attachments(
    lines: Iterable[bytes], fields: Fields, bounds: Bounds, texts: Collection[str] = ()
) -> Iterator[Attachment]:
    """Yield the attachments that may be reports of a message with these fields, or its body if that may be one.

    Args:
        lines: the lines of its body.
        fields: its header fields.
        bounds: bounds on what is read.
        texts: media types of further parts that are wanted.

    Raises:
        BrokenFileError: an attachment is too large.
    """
    boundaries: list[bytes] = []
    part = _Part(fields, boundaries, bounds, texts)
    rows = iter(lines)
    for line in rows:
        boundary = _boundary(line, boundaries)
        if boundary is None:
            part.add(line)
            continue
        yield from part.attachment()
        level, is_last = boundary
        del boundaries[level + (not is_last) :]
        part = _Part([] if is_last else header_section(rows, bounds), boundaries, bounds, texts, is_part=True)
    yield from part.attachment()


def _boundary(line: bytes, boundaries: list[bytes]) -> tuple[int, bool] | None:
    """Return which boundary a line is, and whether it is the final one; None if it is not a boundary."""
    if not boundaries or not line.startswith(b"--"):
        return None
    text = line[2:].rstrip()
    for level in range(len(boundaries) - 1, -1, -1):
        if text == boundaries[level]:
            return level, False
        if text == boundaries[level] + b"--":
            return level, True
    return None


class _Part:
    """A part of a message, as far as it has been read. Its lines are kept only if it may be a report."""

    def __init__(
        self, fields: Fields, boundaries: list[bytes], bounds: Bounds, texts: Collection[str], *, is_part: bool = False
    ) -> None:
        named = dict(reversed(fields))
        self._coding = named.get("content-transfer-encoding", "").strip().lower()
        self._held: bytearray | None = None
        self._most = bounds.held * 4 // 3
        content = named.get("content-type", "")
        match = _TYPE.match(content)
        type, subtype = (match[1].lower(), match[2].lower()) if match is not None else ("text", "plain")
        self._type = f"{type}/{subtype}"
        self._is_text = self._type in texts
        self._name = _name(named.get("content-disposition", "")) or _name(content) or self._type
        if type == "multipart":
            boundary = _BOUNDARY.search(content)
            if boundary is not None and len(boundaries) < _MAX_BOUNDARIES:
                boundaries.append((boundary[1] or boundary[2]).encode("utf-8", "surrogateescape"))
            return
        if _may_be_report(type, subtype) or (is_part and self._name.lower().endswith(_SUFFIXES)):
            self._held = bytearray()
            self._is_text = False
        elif self._is_text:
            self._held = bytearray()
            self._most = _MAX_TEXT

    def add(self, line: bytes) -> None:
        """Add a line.

        Raises:
            BrokenFileError: the part is too large.
        """
        if self._held is not None:
            if self._is_text and len(self._held) > self._most:
                return
            self._held += line + b"\n"
            if not self._is_text and len(self._held) > self._most:
                self._held = None
                raise BrokenFileError("an attachment is larger than what is held in memory", self._name)

    def attachment(self) -> Iterator[Attachment]:
        """Yield the part, if it may be a report."""
        if not self._held:
            return
        content = bytes(self._held)
        if self._coding == "base64":
            content = _from_base64(content)
        elif self._coding == "quoted-printable":
            content = binascii.a2b_qp(content)
        yield Attachment(self._name, content, self._type, self._is_text)


def _may_be_report(type: str, subtype: str) -> bool:
    return subtype == "xml" or (type == "application" and (subtype in _PACKED or subtype.endswith("+xml")))


def _name(text: str) -> str | None:
    match = _NAMES.search(text)
    return None if match is None else match[1] or match[2]


def _from_base64(content: bytes) -> bytes:
    """Return the decoded octets. Other characters are skipped, and a missing end costs only the last octets."""
    kept = _NOT_BASE64.sub(b"", content)
    whole = len(kept) if len(kept) % 4 != 1 else len(kept) - 1  # a single character does not make an octet
    return binascii.a2b_base64(kept[:whole] + b"=" * (-whole % 4))
