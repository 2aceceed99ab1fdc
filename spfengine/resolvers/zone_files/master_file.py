r"""RFC 1035 master files ("zone files"), read as RRsets. They need no SOA or NS record, and may hold several domains.

Understood are `$ORIGIN`, `$TTL`, TTLs with units (`1h30m`), blank owners, relative names, parentheses, comments,
strings in quotes, and `\DDD` (taken octet by octet, as are octets over 127). The class must be IN. A record that is
listed twice counts once.

If no origin is stated, it is the zone's name, as for a name server that has it from its configuration (the files of
cPanel, Debian, DirectAdmin and Windows depend on that): the owner of the SOA record, or the domain at the head of a
Cloudflare export, or else the domain in the file's name, which is noted. A name without a final dot that already ends
in it is complete, since some exports leave the dot out.

A name that DNS can't have is kept (see `Zone`).

In Cloudflare's exports the comment `cf_tags=cf-proxied:true` is kept as the RRset's note, the TTL 1 ("automatic") is
300 seconds, and a CNAME record at the apex is an alias: DNS has the addresses of its target.

A record without a TTL has that of `$TTL`; else the last one stated; else the SOA record's minimum; else none is known.
An RRset has the shortest of its records' TTLs (RFC 2181 §5.2).

Refused are `$INCLUDE` and `$GENERATE` (the meaning of a text should not depend on other files, nor its size on a
number in it), and files of more than 8 MiB. A file with a broken line is refused as a whole.
"""

import os
import re
from dataclasses import replace
from typing import Any, NoReturn

from spfengine.errors import ZoneError
from spfengine.names import fold, from_labels, to_labels
from spfengine.resolvers.authority import apexes_of
from spfengine.resolvers.rrsets import CNAME, PROXIED, Content, RRset, read_name
from spfengine.resolvers.zone_files.aliases import ADDRESSES, Key, alias, resolve_aliases
from spfengine.resolvers.zone_files.file_names import domain_in
from spfengine.resolvers.zone_files.master_data import (
    EXPECTED,
    Data,
    Labels,
    check_labels,
    is_meta,
    parse_class,
    parse_ttl,
    parse_type,
    split_name,
)
from spfengine.resolvers.zone_files.master_entries import Entries, Entry, Word
from spfengine.resolvers.zone_files.presentation import listed_labels
from spfengine.visible import visible, visible_name

MAX_OCTETS = 8 << 20
"""Octets of the largest file that is read."""

_LINE_AT_MOST = 120  # characters of the line that a message quotes
_IN = 1
_LINE_ENDS = re.compile(rb"[\r\n]")

_SOA_OWNER = re.compile(
    rb"^(?=[^\s.]*+\.)([^\s;$()\"@]++)[ \t]++(?:(?:IN|\d\w*+)[ \t]++){0,2}SOA[ \t]", re.IGNORECASE | re.MULTILINE
)
_CLOUDFLARE = re.compile(rb"^;; Domain:[ \t]+(\S+)[ \t]*\n;; Exported:", re.MULTILINE)
_CLOUDFLARE_TAGS = b"cf_tags="
_PROXIED_TAG = "cf-proxied:true"
_AUTOMATIC_TTL = 1  # as Cloudflare writes 300 seconds
_SECONDS_OF_AUTOMATIC = 300

_AGE = re.compile(r"\[(?:AGE|Aging):[0-9]+\]", re.IGNORECASE)  # in files of Windows: when the record was last seen

_TABLE = re.compile(rb"\s*+([^\n]{,200})")
_TABLE_NAMES = {"name", "host", "hostname", "record name", "domain"}  # heads of its columns, besides "type"
_NO_TABLE = (
    'lines such as `example.com. 3600 IN TXT "v=spf1 -all"`; most DNS providers export a zone file (BIND) as well'
)

_RECORD = "[TTL] [IN] TYPE and its data"
_NEEDS_ORIGIN = (
    "names that end with a dot, or an $ORIGIN line that completes the others (or the zone's name: --zone DOMAIN=FILE, "
    "or the argument origin)"
)
_EXPANDED = "the records themselves, written out; BIND does that: named-compilezone -o NEW.zone DOMAIN FILE"


def read_file(path: str | os.PathLike[str], origin: str | None = None, notes: list[str] | None = None) -> Content:
    """Return the names, RRsets and apexes of a master file.

    Args:
        path: the file.
        origin: the domain to which relative names belong, until the file has its own `$ORIGIN`.
        notes: what had to be assumed is added to it, in words.

    Raises:
        ZoneError: a line can't be understood, or the file is larger than 8 MiB.
        OSError: the file can't be read.
    """
    with open(path, "rb") as file:
        data = file.read(MAX_OCTETS + 1)
    return read_named(data, os.fspath(path), origin, notes)


def read_named(data: bytes, path: str, origin: str | None = None, notes: list[str] | None = None) -> Content:
    """Return what `read_file` does, of a file that has been read."""
    reader = _Reader(data, origin, visible(path), domain_in(path))
    content = reader.read()
    if notes is not None and reader.assumed is not None:
        notes.append(
            f"the file has no $ORIGIN; after its name, its names belong to {visible_name(reader.assumed)} "
            f"(for another domain: --zone DOMAIN={reader.source})"
        )
    return content


def read_text(text: str | bytes, origin: str | None = None) -> Content:
    """Return the names, RRsets and apexes of a master file's text (str is encoded as UTF-8). Raises ZoneError."""
    if isinstance(text, str):
        try:
            text = text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise ZoneError("zone text: expected text that UTF-8 can hold, or bytes") from None
    return _Reader(text, origin, "zone text").read()


class _Reader:
    """One reading of one text."""

    def __init__(self, data: bytes, origin: str | None, source: str, named: str | None = None) -> None:
        if len(data) > MAX_OCTETS:
            raise ZoneError(f"{source}: larger than {MAX_OCTETS >> 20} MiB; expected a zone's master file")
        data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
        self.source = source
        self.data = data
        self.entries = Entries(data.decode("latin-1"))
        self.start = 0  # of the entry that is read
        self.origin = None if origin is None else tuple(to_labels(read_name(origin, "origin")))
        cloudflare = _CLOUDFLARE.search(data, 0, 1 << 12)
        self.is_cloudflare = cloudflare is not None or _CLOUDFLARE_TAGS in data
        apex = _apex_from(cloudflare or _SOA_OWNER.search(data))
        if apex is not None and self.origin is not None and _folded(apex) == _folded(self.origin):
            self.origin = None  # what the file shows by itself, so that it is read as it is without an argument
        self.apex = apex if self.origin is None else None
        self.named = named
        self.assumed: str | None = None
        self.origins: dict[str, str] = {}
        self._note_origin(self.origin if self.apex is None else self.apex)
        self.proxied: set[tuple[str, str]] = set()
        self.owner: str | None = None
        self.default_ttl: int | None = None
        self.stated_ttl: int | None = None
        self.soa_ttl: int | None = None
        self.names: dict[str, str] = {}
        self.rrsets: dict[tuple[str, str], tuple[dict[Any, None], list[int | None]]] = {}

    def read(self) -> Content:
        self._refuse_table()
        while (entry := self.entries.next()) is not None:
            self.start = entry.start
            self._entry(entry)
        rrsets = {
            (name, type): RRset(
                self.names[name],
                type,
                tuple(records),
                min([t for t in ttls if t is not None], default=None),
                note=PROXIED if (name, type) in self.proxied else None,
            )
            for (name, type), (records, ttls) in self.rrsets.items()
        }
        content = self._flattened(rrsets)
        apexes = apexes_of(content, self.origins.values())
        if not apexes and self.assumed is not None:
            apexes = (self.assumed,)  # its relative names are read as those of this zone
        return tuple(self.names.values()), content, apexes

    def _refuse_table(self) -> None:
        """Raise ZoneError if the first line has the heads of a table's columns."""
        first = _TABLE.match(self.data)
        heads = [head.strip("\"' ").lower() for head in re.split("[,;\t]", first[1].decode("latin-1"))] if first else []
        if "type" in heads and not _TABLE_NAMES.isdisjoint(heads):
            self.fail("this is a table, not a zone file", _NO_TABLE)

    def _flattened(self, rrsets: dict[Key, RRset]) -> tuple[RRset, ...]:
        """Return the RRsets; a CNAME record that Cloudflare's exports have at the apex is an alias of addresses."""
        apex = fold(from_labels(self.apex)) if self.is_cloudflare and self.apex is not None else ""
        cname = rrsets.get((apex, CNAME))
        if cname is None:
            return tuple(rrsets.values())
        del rrsets[apex, CNAME]
        aliases = {(apex, type): cname.records[0] for type in ADDRESSES if (apex, type) not in rrsets}
        for (_, type), target in aliases.items():
            rrsets[apex, type] = alias(cname.name, type, target, cname.ttl)
        resolved = resolve_aliases(rrsets, aliases)
        if cname.note != PROXIED:
            return resolved
        shown = [(each, each.records and (fold(each.name), each.type) in aliases) for each in resolved]
        return tuple([replace(each, note=PROXIED) if is_alias else each for each, is_alias in shown])

    def fail(self, fault: str, expected: str) -> NoReturn:
        before = _LINE_ENDS.split(self.data[: self.start])
        line = before[-1] + _LINE_ENDS.split(self.data[self.start : self.start + _LINE_AT_MOST + 1], maxsplit=1)[0]
        quoted = visible(line, _LINE_AT_MOST)
        raise ZoneError(f"{self.source}, line {len(before)}: {fault}; expected {expected}\n  {quoted}")

    def refuse(self, error: ValueError, expected: str) -> NoReturn:
        if isinstance(error, ZoneError):  # its message names the line already
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
            self.owner = listed_labels(self._name(first, "an owner name"))
        if self.owner is None:
            self.fail("a record without an owner", "an owner name at the start of the line")
        self._record(self.owner, entry, 0 if entry.indented else 1)

    def _directive(self, directive: str, entry: Entry) -> None:
        if directive in ("$INCLUDE", "$GENERATE"):
            self.fail(f"{directive} is not supported", _EXPANDED)
        if directive not in ("$ORIGIN", "$TTL"):
            self.fail(f"unknown directive {visible(directive, 20)}", "$ORIGIN or $TTL")
        if directive == "$ORIGIN":
            self.origin = self._origin(self._word(entry, 1, "a domain name"))
            self._note_origin(self.origin)
        else:
            self.default_ttl = parse_ttl(self._word(entry, 1, "a TTL"))
            if self.default_ttl is None:
                self.fail("no TTL", "seconds, or numbers with units such as 1h30m")
        if entry.fault or len(entry.words) > 2:
            self.fail(entry.fault or f"text after {directive} and its value", "the end of the line")

    def _origin(self, word: Word) -> Labels:
        """Return the name in an $ORIGIN line, which must be one that DNS can have."""
        try:
            return check_labels(self._name(word, "a domain name"))
        except ValueError as error:
            self.refuse(error, "a domain name")

    def _note_origin(self, labels: Labels | None) -> None:
        if labels is not None:
            origin = from_labels(labels)
            self.origins[fold(origin)] = origin

    def _record(self, owner: str, entry: Entry, index: int) -> None:
        ttl, index = self._ttl_and_class(entry, index)
        type = self._type(entry, index)
        expected = EXPECTED.get(type, f"the data of a record of type {type}")
        if entry.fault:
            self.fail(entry.fault, expected)
        try:
            record, minimum = Data(entry.words[index + 1 :], self._complete).read(type)
        except ValueError as error:
            self.refuse(error, expected)
        if minimum is not None:
            self.soa_ttl = minimum
        if ttl is None:
            ttl = next((t for t in (self.default_ttl, self.stated_ttl, self.soa_ttl) if t is not None), None)
        if ttl == _AUTOMATIC_TTL and self.is_cloudflare:
            ttl = _SECONDS_OF_AUTOMATIC
        if _PROXIED_TAG in entry.comment:
            self.proxied.add((fold(owner), type))
        self._keep(owner, type, record, ttl)

    def _type(self, entry: Entry, index: int) -> str:
        word = self._word(entry, index, _RECORD)
        type = parse_type(word.text)
        if word.in_quotes:
            self.fail("no record type", _RECORD)
        if type is None:
            self.fail(f"unknown record type {visible(word.text, 30)}", _RECORD)
        if is_meta(type):
            self.fail(f"no zone has records of type {type}", _RECORD)
        return type

    def _keep(self, name: str, type: str, record: Any, ttl: int | None) -> None:
        folded = fold(name)
        self.names.setdefault(folded, name)
        records, ttls = self.rrsets.setdefault((folded, type), ({}, []))
        records[record] = None
        ttls.append(ttl)
        if type == CNAME and len(records) > 1:
            self.fail(f"a second CNAME record of {visible_name(name)}", "one at most")

    def _ttl_and_class(self, entry: Entry, index: int) -> tuple[int | None, int]:
        """Read `[TTL] [class]` or `[class] [TTL]`; return the TTL and the index of the word after them."""
        ttl = None
        seen_class = False
        while True:
            word = self._word(entry, index, _RECORD)
            if ttl is None:
                ttl = parse_ttl(word)
                if ttl is not None:
                    self.stated_ttl = ttl
                    index += 1
                    continue
            if _AGE.fullmatch(word.text) and not word.in_quotes:
                index += 1
                continue
            known = None if seen_class or word.in_quotes else parse_class(word.text)
            if known is None:
                return ttl, index
            if known != _IN:
                self.fail(f"class {visible(word.text, 20)}", "class IN")
            seen_class = True
            index += 1

    def _word(self, entry: Entry, index: int, expected: str) -> Word:
        if index >= len(entry.words):
            self.fail(entry.fault or ("no record type" if expected is _RECORD else "the line ends too early"), expected)
        return entry.words[index]

    def _name(self, word: Word, expected: str) -> Labels:
        if word.in_quotes:
            self.fail("a name is in quotes", expected)
        try:
            return self._complete(word)
        except ValueError as error:
            self.refuse(error, expected)

    def _complete(self, word: Word) -> Labels:
        """Return the complete name for a word. Raises ValueError."""
        labels, is_complete = ((), False) if word.text == "@" else split_name(word.text)
        if is_complete:
            return labels
        if self.origin is not None:
            return labels + self.origin
        if self.apex is None and self.named is not None:
            self.assumed = self.named
            self.apex = tuple(to_labels(self.named))
            self._note_origin(self.apex)
        if self.apex is None:
            self.fail(f"the name {visible(word.text, 60)} is relative, but there is no $ORIGIN", _NEEDS_ORIGIN)
        if _folded(labels[-len(self.apex) :]) == _folded(self.apex):
            return labels
        return labels + self.apex


def _folded(labels: Labels) -> list[bytes]:
    return [label.lower() for label in labels]


def _apex_from(match: re.Match[bytes] | None) -> Labels | None:
    """Return the zone's name in this match, or None if there is none."""
    if match is None:
        return None
    try:
        return check_labels(split_name(match[1].decode("ascii"))[0]) or None
    except ValueError:
        return None
