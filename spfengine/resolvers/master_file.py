r"""RFC 1035 master files ("zone files"), read as RRsets: no SOA or NS record is asked for, and a file may hold any
number of domains.

Read: `$ORIGIN`, `$TTL`, TTLs with units (`1h30m`), blank owners, relative names, parentheses, comments, strings in
quotes, `\DDD` (octet for octet, as are octets over 127). Class IN only. A record that stands twice counts once.

Where no origin is stated, the zone's name is taken for it, as a name server does that has it from its configuration
(cPanel's files rest on that): the owner of the SOA record, or the domain that heads a Cloudflare export. A name without
final dot that already ends in it is whole, since exports leave the dot out at times.

Of Cloudflare's exports, the comment `cf_tags=cf-proxied:true` is kept as the RRset's note, and the TTL 1 ("automatic")
is 300 seconds.

A record without a TTL has that of `$TTL`; else the last one stated; else the SOA record's minimum; else none is known.
An RRset has the shortest of its records' TTLs (RFC 2181 §5.2).

Refused: `$INCLUDE` and `$GENERATE` (what a text says should not depend on other files, nor be larger than the text),
and files of more than 8 MiB. Nothing is kept of a file in which any line is broken.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tokenizer
import dns.ttl

from spfengine.errors import ZoneError
from spfengine.names import fold, from_labels, to_labels
from spfengine.resolvers.rrsets import CNAME, PROXIED, Content, RRset, read_name
from spfengine.visible import visible, visible_name

MAX_OCTETS = 8 << 20
"""Octets of the largest file that is read."""

_SHOWN = 120
_NO_WORDS = "Text input is malformed"  # what dnspython says where it says nothing
_Value = TypeVar("_Value")
_IN = dns.rdataclass.IN
_HIGH_OCTET = re.compile(rb"\\[\x00-\x7f]|\\?([\x80-\xff])", re.DOTALL)

_SOA_OWNER = re.compile(
    rb"^([^\s;$()\"@]+\.[^\s;()\"]*)[ \t]+(?:(?:IN|\d\w*)[ \t]+){0,2}SOA[ \t]", re.IGNORECASE | re.MULTILINE
)
_CLOUDFLARE = re.compile(rb"^;; Domain:[ \t]+(\S+)[ \t]*\n;; Exported:", re.MULTILINE)
_CLOUDFLARE_TAGS = b"cf_tags="
_PROXIED_TAG = "cf-proxied:true"
_AUTOMATIC_TTL = 1  # Cloudflare's word for 300 seconds
_SECONDS_OF_AUTOMATIC = 300

_EXPECTED = {
    "A": "an IPv4 address such as 192.0.2.1",
    "AAAA": "an IPv6 address such as 2001:db8::1",
    "MX": "a preference and a name, such as 10 mx.example.com.",
    "TXT": "strings of at most 255 octets each, in quotes where they hold spaces or ';'",
    "SPF": "strings of at most 255 octets each, in quotes where they hold spaces or ';'",
    CNAME: "one name",
    "PTR": "one name",
    "NS": "one name",
    "SOA": "two names and five numbers, in parentheses where they go over several lines",
}
_NEEDS_ORIGIN = "names that end with a dot, or an $ORIGIN line (or argument) to which others belong"


def read_file(path: str | os.PathLike[str], origin: str | None = None) -> Content:
    """Return the names and RRsets of a master file.

    Raises:
        ZoneError: a line can't be understood, or the file is larger than 8 MiB.
        OSError: the file can't be read.
    """
    with Path(path).open("rb") as file:
        data = file.read(MAX_OCTETS + 1)
    return _Reader(data, origin, visible(os.fspath(path))).read()


def read_text(text: str | bytes, origin: str | None = None) -> Content:
    """Return the names and RRsets of a master file's text (str is taken as UTF-8). Raises ZoneError."""
    if isinstance(text, str):
        try:
            text = text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise ZoneError("zone text: expected text that UTF-8 can hold, or bytes") from None
    return _Reader(text, origin, "zone text").read()


class _Reader:
    """One reading of one text. dnspython splits it into tokens and reads what stands behind the type."""

    def __init__(self, data: bytes, origin: str | None, source: str) -> None:
        if len(data) > MAX_OCTETS:
            raise ZoneError(f"{source}: larger than {MAX_OCTETS >> 20} MiB; expected a zone's master file")
        data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
        self.source = source
        self.lines = data.split(b"\n")
        self.line = 1
        self.tokens = dns.tokenizer.Tokenizer(_HIGH_OCTET.sub(_escape, data).decode("ascii"))
        self.origin = None if origin is None else dns.name.Name([*to_labels(read_name(origin, "origin")), b""])
        cloudflare = _CLOUDFLARE.search(data, 0, 1 << 12)
        self.is_cloudflare = cloudflare is not None or _CLOUDFLARE_TAGS in data
        self.apex = None if self.origin is not None else _apex(cloudflare or _SOA_OWNER.search(data))
        self.proxied: set[tuple[str, str]] = set()
        self.owner: dns.name.Name | None = None
        self.default_ttl: int | None = None
        self.stated_ttl: int | None = None
        self.soa_ttl: int | None = None
        self.names: dict[str, str] = {}
        self.found: dict[tuple[str, str], tuple[dict[Any, None], list[int | None]]] = {}

    def read(self) -> Content:
        while self._entry():
            pass
        rrsets = tuple(
            RRset(
                self.names[name],
                kind,
                tuple(records),
                min([t for t in ttls if t is not None], default=None),
                note=PROXIED if (name, kind) in self.proxied else None,
            )
            for (name, kind), (records, ttls) in self.found.items()
        )
        return tuple(self.names.values()), rrsets

    def fail(self, fault: str, expected: str) -> NoReturn:
        shown = visible(self.lines[self.line - 1] if self.line <= len(self.lines) else b"", _SHOWN)
        raise ZoneError(f"{self.source}, line {self.line}: {fault}; expected {expected}\n  {shown}")

    def _entry(self) -> bool:
        """Read one entry, which may go over several lines; False at the end of the text."""
        self.line = self.tokens.where()[1]
        try:
            token = self.tokens.get(want_leading=True)
        except dns.exception.DNSException as error:
            self.fail(_fault(error), "an owner name, a directive or a comment")
        if token.is_eof():
            return False
        if token.is_eol():
            return True
        if token.is_identifier() and token.value.startswith("$"):
            self._directive(token.value.upper())
            return True
        if token.is_whitespace():
            token = self._next("a record")
            if token.is_eol_or_eof():
                return True
            self.tokens.unget(token)
            if self.owner is None:
                self.fail("a record without an owner", "an owner name at the start of the line")
        else:
            self.owner = self._name(token, "an owner name")
        self._record(self.owner)
        return True

    def _directive(self, directive: str) -> None:
        if directive == "$ORIGIN":
            self.origin = self._name(self._next("a domain name"), "a domain name")
        elif directive == "$TTL":
            self.default_ttl = self._ttl(self._next("a TTL"))
            if self.default_ttl is None:
                self.fail("no TTL", "seconds, or numbers with units such as 1h30m")
        elif directive in ("$INCLUDE", "$GENERATE"):
            self.fail(f"{directive} is not supported", "the records themselves, written out")
        else:
            self.fail(f"unknown directive {visible(directive, 20)}", "$ORIGIN or $TTL")
        if not self._next("the end of the line").is_eol_or_eof():
            self.fail(f"text after {directive} and its value", "the end of the line")

    def _record(self, owner: dns.name.Name) -> None:
        ttl, token = self._ttl_and_type()
        code = self._known(dns.rdatatype.from_text, token)
        if code is None:
            self.fail(f"unknown record type {visible(token.value, 30)}", "[TTL] [IN] TYPE and its data")
        kind = dns.rdatatype.to_text(code)
        expected = _EXPECTED.get(kind, f"the data of a record of type {kind}")
        try:
            rdata: Any = dns.rdata.from_text(_IN, code, self.tokens, self.origin, relativize=False)
        except Exception as error:  # noqa: BLE001  dnspython's readers raise many kinds; each says that the line is broken
            self.fail(_fault(error), expected)
        if kind == "SOA":
            self.soa_ttl = rdata.minimum
        if ttl is None:
            ttl = next((t for t in (self.default_ttl, self.stated_ttl, self.soa_ttl) if t is not None), None)
        if ttl == _AUTOMATIC_TTL and self.is_cloudflare:
            ttl = _SECONDS_OF_AUTOMATIC
        name = from_labels(owner.labels)
        if _PROXIED_TAG in (rdata.rdcomment or ""):
            self.proxied.add((fold(name), kind))
        self._keep(name, kind, self._read(kind, rdata), ttl)

    def _keep(self, name: str, type: str, record: Any, ttl: int | None) -> None:
        folded = fold(name)
        self.names.setdefault(folded, name)
        records, ttls = self.found.setdefault((folded, type), ({}, []))
        records[record] = None
        ttls.append(ttl)
        if type == CNAME and len(records) > 1:
            self.fail(f"a second CNAME record of {visible_name(name)}", "one at most")

    def _ttl_and_type(self) -> tuple[int | None, dns.tokenizer.Token]:
        """Read `[TTL] [class]` or `[class] [TTL]`; return the TTL and the token after them."""
        ttl = None
        seen_class = False
        while True:
            token = self._next("[TTL] [IN] TYPE and its data")
            if not token.is_identifier():
                self.fail("no record type", "[TTL] [IN] TYPE and its data")
            if ttl is None:
                ttl = self._ttl(token)
                if ttl is not None:
                    self.stated_ttl = ttl
                    continue
            known = None if seen_class else self._known(dns.rdataclass.from_text, token)
            if known is None:
                return ttl, token
            if known != _IN:
                self.fail(f"class {visible(token.value, 20)}", "class IN")
            seen_class = True

    def _ttl(self, token: dns.tokenizer.Token) -> int | None:
        return self._known(dns.ttl.from_text, token) if token.is_identifier() else None

    def _known(self, read: Callable[[str], _Value], token: dns.tokenizer.Token) -> _Value | None:
        try:
            return read(token.value)
        except (dns.exception.DNSException, ValueError):
            return None

    def _next(self, expected: str) -> dns.tokenizer.Token:
        try:
            return self.tokens.get()
        except dns.exception.DNSException as error:
            self.fail(_fault(error), expected)

    def _name(self, token: dns.tokenizer.Token, expected: str) -> dns.name.Name:
        try:
            name = self.tokens.as_name(token, self.origin)
        except dns.exception.DNSException as error:
            self.fail(_fault(error), expected)
        return self._absolute(name)

    def _absolute(self, name: dns.name.Name) -> dns.name.Name:
        if not name.is_absolute() and self.apex is not None and self.origin is None:
            whole = self._known_name(name.concatenate, dns.name.root)
            return whole if whole.is_subdomain(self.apex) else self._known_name(name.concatenate, self.apex)
        if not name.is_absolute():
            self.fail(f"the name {visible(name.to_text(), 60)} is relative, but there is no $ORIGIN", _NEEDS_ORIGIN)
        return name

    def _known_name(self, make: Callable[[dns.name.Name], dns.name.Name], name: dns.name.Name) -> dns.name.Name:
        try:
            return make(name)
        except dns.exception.DNSException as error:
            self.fail(_fault(error), "a domain name")

    def _read(self, type: str, rdata: Any) -> Any:
        """Return a record's data in the form of `RRset.records`."""
        if type in ("TXT", "SPF"):
            return tuple(rdata.strings)
        if type in {"A", "AAAA"}:
            return int.from_bytes(rdata.to_wire(), "big")
        if type == "MX":
            return rdata.preference, from_labels(self._absolute(rdata.exchange).labels)
        if type in ("PTR", CNAME):
            return from_labels(self._absolute(rdata.target).labels)
        return (rdata.to_text().encode("utf-8"),)


def _apex(found: re.Match[bytes] | None) -> dns.name.Name | None:
    """Return the zone's name as it was found, or None where that is none."""
    try:
        return None if found is None else dns.name.from_text(found[1].decode("ascii"), dns.name.root)
    except (dns.exception.DNSException, UnicodeDecodeError):
        return None


def _escape(match: re.Match[bytes]) -> bytes:
    return match[0] if match[1] is None else b"\\%03d" % match[1][0]


def _fault(error: Exception) -> str:
    """Return in words what dnspython found wrong, where it has any of its own."""
    text = visible(str(error), _SHOWN).removesuffix(".")
    return "it can't be read" if text in ("", _NO_WORDS) else text
