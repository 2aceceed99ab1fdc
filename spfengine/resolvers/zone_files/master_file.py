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
from typing import Any, NoReturn

from spfengine.errors import ZoneError
from spfengine.names import fold, from_labels, to_labels
from spfengine.resolvers.rrsets import CNAME, PROXIED, Content, RRset, read_name
from spfengine.resolvers.zone_files.master_data import (
    EXPECTED,
    Data,
    Labels,
    checked,
    is_meta,
    read_class,
    read_ttl,
    read_type,
    split_name,
)
from spfengine.resolvers.zone_files.presentation import Entries, Entry, Word
from spfengine.visible import visible, visible_name

MAX_OCTETS = 8 << 20
"""Octets of the largest file that is read."""

_SHOWN = 120
_IN = 1
_LINE_END = rb"[\r\n]"

_SOA_OWNER = re.compile(
    rb"^(?=[^\s.]*+\.)([^\s;$()\"@]++)[ \t]++(?:(?:IN|\d\w*+)[ \t]++){0,2}SOA[ \t]", re.IGNORECASE | re.MULTILINE
)
_CLOUDFLARE = re.compile(rb"^;; Domain:[ \t]+(\S+)[ \t]*\n;; Exported:", re.MULTILINE)
_CLOUDFLARE_TAGS = b"cf_tags="
_PROXIED_TAG = "cf-proxied:true"
_AUTOMATIC_TTL = 1  # Cloudflare's word for 300 seconds
_SECONDS_OF_AUTOMATIC = 300

_RECORD = "[TTL] [IN] TYPE and its data"
_NEEDS_ORIGIN = "names that end with a dot, or an $ORIGIN line (or argument) to which others belong"


def read_file(path: str | os.PathLike[str], origin: str | None = None) -> Content:
    """Return the names and RRsets of a master file.

    Raises:
        ZoneError: a line can't be understood, or the file is larger than 8 MiB.
        OSError: the file can't be read.
    """
    with open(path, "rb") as file:
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
    """One reading of one text."""

    def __init__(self, data: bytes, origin: str | None, source: str) -> None:
        if len(data) > MAX_OCTETS:
            raise ZoneError(f"{source}: larger than {MAX_OCTETS >> 20} MiB; expected a zone's master file")
        data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
        self.source = source
        self.data = data
        self.entries = Entries(data.decode("latin-1"))
        self.place = 0
        self.origin = None if origin is None else tuple(to_labels(read_name(origin, "origin")))
        cloudflare = _CLOUDFLARE.search(data, 0, 1 << 12)
        self.is_cloudflare = cloudflare is not None or _CLOUDFLARE_TAGS in data
        self.apex = None if self.origin is not None else _apex(cloudflare or _SOA_OWNER.search(data))
        self.proxied: set[tuple[str, str]] = set()
        self.owner: str | None = None
        self.default_ttl: int | None = None
        self.stated_ttl: int | None = None
        self.soa_ttl: int | None = None
        self.names: dict[str, str] = {}
        self.found: dict[tuple[str, str], tuple[dict[Any, None], list[int | None]]] = {}

    def read(self) -> Content:
        while (entry := self.entries.next()) is not None:
            self.place = entry.place
            self._entry(entry)
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
        before = re.split(_LINE_END, self.data[: self.place])
        line = before[-1] + re.split(_LINE_END, self.data[self.place : self.place + _SHOWN + 1], maxsplit=1)[0]
        raise ZoneError(f"{self.source}, line {len(before)}: {fault}; expected {expected}\n  {visible(line, _SHOWN)}")

    def refuse(self, error: ValueError, expected: str) -> NoReturn:
        if isinstance(error, ZoneError):  # it tells its place already
            raise error
        self.fail(str(error), expected)

    def _entry(self, entry: Entry) -> None:
        words = entry.words
        if not words:
            if entry.fault:
                self.fail(entry.fault, "an owner name, a directive or a comment")
            return
        first = words[0]
        if first.text.startswith("$") and not first.in_quotes and not entry.indented:
            self._directive(first.text.upper(), entry)
            return
        if not entry.indented:
            self.owner = from_labels(self._name(first, "an owner name"))
        if self.owner is None:
            self.fail("a record without an owner", "an owner name at the start of the line")
        self._record(self.owner, entry, 0 if entry.indented else 1)

    def _directive(self, directive: str, entry: Entry) -> None:
        if directive in ("$INCLUDE", "$GENERATE"):
            self.fail(f"{directive} is not supported", "the records themselves, written out")
        if directive not in ("$ORIGIN", "$TTL"):
            self.fail(f"unknown directive {visible(directive, 20)}", "$ORIGIN or $TTL")
        if directive == "$ORIGIN":
            self.origin = self._name(self._word(entry, 1, "a domain name"), "a domain name")
        else:
            self.default_ttl = read_ttl(self._word(entry, 1, "a TTL"))
            if self.default_ttl is None:
                self.fail("no TTL", "seconds, or numbers with units such as 1h30m")
        if entry.fault or len(entry.words) > 2:
            self.fail(entry.fault or f"text after {directive} and its value", "the end of the line")

    def _record(self, owner: str, entry: Entry, place: int) -> None:
        ttl, place = self._ttl_and_class(entry, place)
        word = self._word(entry, place, _RECORD)
        kind = read_type(word.text)
        if word.in_quotes:
            self.fail("no record type", _RECORD)
        if kind is None:
            self.fail(f"unknown record type {visible(word.text, 30)}", _RECORD)
        if is_meta(kind):
            self.fail(f"no zone has records of type {kind}", _RECORD)
        expected = EXPECTED.get(kind, f"the data of a record of type {kind}")
        if entry.fault:
            self.fail(entry.fault, expected)
        try:
            record, minimum = Data(entry.words[place + 1 :], self._whole).read(kind)
        except ValueError as error:
            self.refuse(error, expected)
        if minimum is not None:
            self.soa_ttl = minimum
        if ttl is None:
            ttl = next((t for t in (self.default_ttl, self.stated_ttl, self.soa_ttl) if t is not None), None)
        if ttl == _AUTOMATIC_TTL and self.is_cloudflare:
            ttl = _SECONDS_OF_AUTOMATIC
        if _PROXIED_TAG in entry.comment:
            self.proxied.add((fold(owner), kind))
        self._keep(owner, kind, record, ttl)

    def _keep(self, name: str, type: str, record: Any, ttl: int | None) -> None:
        folded = fold(name)
        self.names.setdefault(folded, name)
        records, ttls = self.found.setdefault((folded, type), ({}, []))
        records[record] = None
        ttls.append(ttl)
        if type == CNAME and len(records) > 1:
            self.fail(f"a second CNAME record of {visible_name(name)}", "one at most")

    def _ttl_and_class(self, entry: Entry, place: int) -> tuple[int | None, int]:
        """Read `[TTL] [class]` or `[class] [TTL]`; return the TTL and the place of the word after them."""
        ttl = None
        seen_class = False
        while True:
            word = self._word(entry, place, _RECORD)
            if ttl is None:
                ttl = read_ttl(word)
                if ttl is not None:
                    self.stated_ttl = ttl
                    place += 1
                    continue
            known = None if seen_class or word.in_quotes else read_class(word.text)
            if known is None:
                return ttl, place
            if known != _IN:
                self.fail(f"class {visible(word.text, 20)}", "class IN")
            seen_class = True
            place += 1

    def _word(self, entry: Entry, place: int, expected: str) -> Word:
        if place >= len(entry.words):
            self.fail(entry.fault or ("no record type" if expected is _RECORD else "the line ends too early"), expected)
        return entry.words[place]

    def _name(self, word: Word, expected: str) -> Labels:
        if word.in_quotes:
            self.fail("a name stands in quotes", expected)
        try:
            return self._whole(word)
        except ValueError as error:
            self.refuse(error, expected)

    def _whole(self, word: Word) -> Labels:
        """Return the name that a word stands for. Raises ValueError."""
        labels, is_whole = ((), False) if word.text == "@" else split_name(word.text)
        if is_whole:
            return labels
        if self.origin is not None:
            return checked(labels + self.origin)
        if self.apex is None:
            self.fail(f"the name {visible(word.text, 60)} is relative, but there is no $ORIGIN", _NEEDS_ORIGIN)
        folded = [label.lower() for label in self.apex]
        if [label.lower() for label in labels[-len(folded) :]] == folded:
            return labels
        try:
            return checked(labels + self.apex)
        except ValueError as error:
            self.fail(str(error), "a domain name")


def _apex(found: re.Match[bytes] | None) -> Labels | None:
    """Return the zone's name as it was found, or None where that is none."""
    if found is None:
        return None
    try:
        return split_name(found[1].decode("ascii"))[0] or None
    except ValueError:
        return None
