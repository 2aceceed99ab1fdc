"""XML as strangers write it, as text that a parser takes: decoded, and repaired where only one repair is possible.

The parser, expat, knows few encodings, and stops at the first octet that is wrong. So Python decodes the octets, and
what can't be XML is replaced: octets that the encoding does not have, control characters, and each & that begins no
reference. All of this is done in pieces, and the parser need not see the XML declaration, which is left out.
"""

import codecs
import re
from collections.abc import Iterable, Iterator

from spfengine.evidence.ledger import Ledger

_HEAD = 1024  # octets in which the XML declaration ends
_DECLARATION = re.compile(r"[^<]*<\?xml\s[^>]*\?>")
_ENCODING = re.compile(rb"""<\?xml\s[^>]*?\bencoding\s*=\s*["']\s*([A-Za-z0-9._:-]{1,40})""")
_WIDE = re.compile(r"(?:utf|ucs|iso-10646-ucs)-?_?(?:16|32|2|4)", re.IGNORECASE)
_LARGER = {
    "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "iso8859-1": "cp1252",
    "ascii": "utf-8", "utf-8": "utf-8-sig", "big5": "cp950",
}  # fmt: skip
"""Encodings in whose place a larger one is read, since writers confuse them."""
_OF_PYTHON = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-7", "undefined", "mbcs", "oem"}

_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r"))
_MAX_REFERENCE = 12
_REPLACED = "\ufffd"
_unfit = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
# An & that begins no reference to a character, or to one of the five entities that XML has without a DOCTYPE.
_ampersand = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)(?:#(?:[xX]([0-9A-Fa-f]{1,6})|([0-9]{1,7}));)?")
_with_markup = re.compile(rf"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|{_ampersand.pattern}", re.DOTALL)


def xml_text(pieces: Iterable[bytes], ledger: Ledger) -> Iterator[bytes]:
    """Yield the text of an XML file, without its XML declaration, in UTF-8, and in pieces of about the same size."""
    source = iter(pieces)
    head = b""
    for piece in source:
        head += piece
        if len(head) >= _HEAD:
            break
    text = _Text(_encoding(head, ledger), ledger)
    yield text.first(head)
    for piece in source:
        yield text.read(piece)
    yield text.read(b"", final=True)


def _encoding(head: bytes, ledger: Ledger) -> str:
    """Return the name of the codec that decodes a file which begins like this."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith((b"<\0", b"\0<")):
        return "utf-16-le" if head[0] else "utf-16-be"
    declared = _ENCODING.match(head.removeprefix(codecs.BOM_UTF8).lstrip())
    if declared is None or head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    name = declared[1].decode("ascii")
    codec = _codec(name)
    if codec is None:
        ledger.repair("the XML does not have the encoding that it declares; it is read as UTF-8", name, "line 1")
        return "utf-8-sig"
    return _LARGER.get(codec, codec)


def _codec(name: str) -> str | None:
    """Return Python's name of an encoding; None if it has none, or if a file can't have it.

    That the declaration was read proves that the characters of ASCII are one octet each.
    """
    try:
        codec = codecs.lookup(name).name
        is_text = isinstance(b" ".decode(codec, "replace"), str)
    except (LookupError, UnicodeError):  # a LookupError also if it does not decode octets to text
        return None
    return codec if is_text and codec.replace("_", "-") not in _OF_PYTHON and not _WIDE.fullmatch(codec) else None


class _Text:
    """Decodes and repairs one piece after the other."""

    def __init__(self, encoding: str, ledger: Ledger) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._ledger = ledger
        self._held = ""
        self._lines = 1
        self._said: set[str] = set()

    def first(self, octets: bytes) -> bytes:
        """Return the first piece, without white space before the XML declaration, which is a common mistake."""
        text = self._decoder.decode(octets).lstrip("\ufeff\u00a0\u200b \t\r\n")
        declaration = _DECLARATION.match(text)
        if declaration is not None:
            text = "\n" * declaration[0].count("\n") + text[declaration.end() :]
        return self._repaired(text, final=False)

    def read(self, octets: bytes, *, final: bool = False) -> bytes:
        """Return the next piece."""
        return self._repaired(self._decoder.decode(octets, final), final)

    def _repaired(self, text: str, final: bool) -> bytes:
        if self._held:
            text = self._held + text
            self._held = ""
        if "&" in text:
            text = self._with_references(text, final)
        if _REPLACED in text:
            self._say("octets that are not characters were replaced", text.index(_REPLACED), text)
        data = text.encode("utf-8", "surrogatepass")
        if len(data.translate(None, _CONTROLS)) != len(data) or b"\xed" in data or b"\xef\xbf" in data:
            data = self._without_unfit(text)
        self._lines += data.count(b"\n")
        return data

    def _with_references(self, text: str, final: bool) -> str:
        """Return text in which each & begins a reference. A reference that is not complete yet is held back."""
        at = text.rfind("&", -_MAX_REFERENCE)
        if at >= 0 and not final and ";" not in text[at:]:
            text, self._held = text[:at], text[at:]
        pattern = _with_markup if "<!" in text else _ampersand
        return pattern.sub(self._reference, text)

    def _reference(self, found: "re.Match[str]") -> str:
        if found[0][0] == "<":
            return found[0]
        digits, base = (found[1], 16) if found[1] is not None else (found[2], 10)
        if digits is None:
            self._say("an & that begins no reference is read as text", found.start(), found.string)
            return "&amp;"
        number = int(digits, base)
        is_character = 0 < number < 0x110000 and not _unfit.match(chr(number))
        if is_character:
            return found[0].lower()
        self._say("a character that XML can't have was replaced", found.start(), found.string)
        return _REPLACED

    def _without_unfit(self, text: str) -> bytes:
        found = _unfit.search(text)
        if found is not None:
            self._say("a character that XML can't have was replaced", found.start(), text)
        return _unfit.sub(_REPLACED, text).encode("utf-8")

    def _say(self, reason: str, at: int, text: str) -> None:
        """Note a repair; only the first of each kind needs its line."""
        place = None
        if reason not in self._said:
            self._said.add(reason)
            place = f"line {self._lines + text.count(chr(10), 0, at):,}"
        self._ledger.repair(reason, None, place)
