r"""The data of the records of a master file, by type.

TXT, A, AAAA, MX and PTR, which SPF asks for, and CNAME, SPF, NS and SOA are read, also if their data is written as
octets (RFC 3597 §5: `\# 4 c0000201`). The data of all other types is kept as written, with relative names completed.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from spfengine.addresses import parse_ip4, parse_ip6
from spfengine.answers import MAX_STRING
from spfengine.names import MAX_LABEL
from spfengine.resolvers.zone_files.master_entries import Word
from spfengine.resolvers.zone_files.presentation import labels_text, listed_labels, split_labels, unescaped
from spfengine.visible import visible

Labels = tuple[bytes, ...]
"""A name: its labels, without the root's."""

Complete = Callable[[Word], Labels]
"""Makes a complete name of a word. Raises ValueError, whose message is for people."""

TYPES = {
    "A": 1, "NS": 2, "MD": 3, "MF": 4, "CNAME": 5, "SOA": 6, "MB": 7, "MG": 8, "MR": 9, "NULL": 10, "WKS": 11,
    "PTR": 12, "HINFO": 13, "MINFO": 14, "MX": 15, "TXT": 16, "RP": 17, "AFSDB": 18, "X25": 19, "ISDN": 20, "RT": 21,
    "NSAP": 22, "NSAP-PTR": 23, "SIG": 24, "KEY": 25, "PX": 26, "GPOS": 27, "AAAA": 28, "LOC": 29, "NXT": 30,
    "EID": 31, "NIMLOC": 32, "SRV": 33, "ATMA": 34, "NAPTR": 35, "KX": 36, "CERT": 37, "A6": 38, "DNAME": 39,
    "SINK": 40, "OPT": 41, "APL": 42, "DS": 43, "SSHFP": 44, "IPSECKEY": 45, "RRSIG": 46, "NSEC": 47, "DNSKEY": 48,
    "DHCID": 49, "NSEC3": 50, "NSEC3PARAM": 51, "TLSA": 52, "SMIMEA": 53, "HIP": 55, "NINFO": 56, "RKEY": 57,
    "TALINK": 58, "CDS": 59, "CDNSKEY": 60, "OPENPGPKEY": 61, "CSYNC": 62, "ZONEMD": 63, "SVCB": 64, "HTTPS": 65,
    "DSYNC": 66, "HHIT": 67, "BRID": 68, "SPF": 99, "UNSPEC": 103, "NID": 104, "L32": 105, "L64": 106, "LP": 107,
    "EUI48": 108, "EUI64": 109, "NXNAME": 128, "TKEY": 249, "TSIG": 250, "IXFR": 251, "AXFR": 252, "MAILB": 253,
    "MAILA": 254, "ANY": 255, "URI": 256, "CAA": 257, "AVC": 258, "DOA": 259, "AMTRELAY": 260, "RESINFO": 261,
    "WALLET": 262, "TA": 32768, "DLV": 32769,
}  # fmt: skip
"""Types by name, as IANA has them."""

_STRINGS = "strings of at most 255 octets each, in quotes where they hold spaces or ';'"
EXPECTED = {
    "A": "an IPv4 address such as 192.0.2.1",
    "AAAA": "an IPv6 address such as 2001:db8::1",
    "MX": "a preference and a name, such as 10 mx.example.com.",
    "TXT": _STRINGS,
    "SPF": _STRINGS,
    "CNAME": "one name",
    "PTR": "one name",
    "NS": "one name",
    "SOA": "two names and five numbers, in parentheses where they go over several lines",
}
"""The data of a type, in words."""

_GENERIC = "\\#"
_NAMES_AT = {
    "DNAME": (0,), "MB": (0,), "MG": (0,), "MR": (0,), "MINFO": (0, 1), "RP": (0, 1), "NSEC": (0,), "AFSDB": (1,),
    "RT": (1,), "KX": (1,), "LP": (1,), "PX": (1, 2), "HTTPS": (1,), "SVCB": (1,), "SRV": (3,), "NAPTR": (5,),
}  # fmt: skip
_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_TTL = re.compile(r"[0-9]{1,20}|(?:[0-9]{1,20}[wdhmsWDHMS]){1,20}")
_PART = re.compile(r"([0-9]+)([a-z])")
_LAST_TTL = (1 << 32) - 1


def parse_type(text: str) -> str | None:
    """Return the name of a type, `TYPEn` if it has none; None if the text is not a type."""
    if not text.isascii():
        return None
    name = text.upper().replace("_", "-")
    if name in TYPES:
        return name
    number = _number(name.removeprefix("TYPE"), 65535) if name.startswith("TYPE") else None
    if not number:
        return None
    return next((known for known, code in TYPES.items() if code == number), f"TYPE{number}")


def is_meta(type: str) -> bool:
    """Whether a type occurs only in questions and messages (RFC 6895 §3.1), so that no zone has records of it."""
    return type == "OPT" or 128 <= TYPES.get(type, 0) < 256


def parse_class(text: str) -> int | None:
    """Return the number of a class, 1 for IN; None if the text is not a class."""
    known = {"IN": 1, "INTERNET": 1, "CH": 3, "CHAOS": 3, "HS": 4, "HESIOD": 4, "NONE": 254, "ANY": 255}
    name = text.upper() if text.isascii() else ""
    return known.get(name) or (_number(name[5:], 65535) if name.startswith("CLASS") else None)


def parse_ttl(word: Word) -> int | None:
    """Return the seconds of a TTL, which may have units (`1h30m`); None if the word is not a TTL."""
    if word.in_quotes or not _TTL.fullmatch(word.text):
        return None
    if word.text.isdigit():
        ttl = int(word.text)
    else:
        ttl = sum([int(count) * _UNITS[unit] for count, unit in _PART.findall(word.text.lower())])
    return ttl if ttl <= _LAST_TTL else None


def split_name(text: str) -> tuple[Labels, bool]:
    """Return the labels of a name, and whether it is complete, that is, ends with a dot. Labels may be empty.

    Raises:
        ValueError: it has a broken escape; the message is for people.
    """
    if text == ".":
        return (), True
    labels = tuple(split_labels(text))
    is_complete = labels[-1] == b""
    return labels[:-1] if is_complete else labels, is_complete


def check_labels(labels: Labels) -> Labels:
    """Return `labels`. Raises ValueError if one is empty, or they or the name are too long."""
    if b"" in labels:
        raise ValueError("a name has an empty label")
    if any(len(label) > MAX_LABEL for label in labels):
        raise ValueError(f"a name has a label of more than {MAX_LABEL} octets")
    if sum(map(len, labels)) + len(labels) > 254:  # with the root label 255 octets on the wire (RFC 1035 §2.3.4)
        raise ValueError("a name is too long")
    return labels


class Data:
    """The data of one record, read from its first word to its last.

    Each method raises ValueError if the data is not as the type requires; the message is for people.
    """

    def __init__(self, words: Sequence[Word], complete: Complete) -> None:
        self._words = words
        self._index = 0
        self._complete = complete

    def read(self, type: str) -> tuple[Any, int | None]:
        """Return the data as in `RRset.records`, and the minimum of a SOA record."""
        if type not in EXPECTED:
            return (self._as_written(type),), None
        if self._words and self._words[0] == (_GENERIC, False):
            return Octets(self._generic()).read(type)
        data: Any
        minimum = None
        if type in ("TXT", "SPF"):
            data = self._strings()
        elif type in ("A", "AAAA"):
            data = self._address(type)
        elif type == "MX":
            data = self._number(65535), listed_labels(self._name())
        elif type == "SOA":
            names = self._name(), self._name()
            numbers = [self._number(_LAST_TTL), *[self._ttl() for _ in range(4)]]
            data, minimum = soa(names, numbers)
        else:
            data = name_data(type, self._name())
        if self._index < len(self._words):
            raise ValueError(f"{_printable(self._words[self._index])} is more than a record of type {type} has")
        return data, minimum

    def _next(self, what: str) -> Word:
        if self._index == len(self._words):
            raise ValueError(f"there is no {what}")
        self._index += 1
        return self._words[self._index - 1]

    def _plain(self, what: str) -> Word:
        word = self._next(what)
        if word.in_quotes:
            raise ValueError(f"{_printable(word)} is in quotes, so it is not a {what}")
        return word

    def _name(self) -> Labels:
        return self._complete(self._plain("name"))

    def _number(self, last: int) -> int:
        word = self._plain("number")
        number = _number(unescaped(word.text), last)
        if number is None:
            raise ValueError(f"{_printable(word)} is not a number from 0 to {last}")
        return number

    def _ttl(self) -> int:
        word = self._plain("number of seconds")
        seconds = parse_ttl(Word(unescaped(word.text)))
        if seconds is None:
            raise ValueError(f"{_printable(word)} is not a number of seconds")
        return seconds

    def _strings(self) -> tuple[bytes, ...]:
        self._index = len(self._words)
        strings = tuple([unescaped(word.text).encode("latin-1") for word in self._words])
        if not strings:
            raise ValueError("there is no string")
        if max(map(len, strings)) > MAX_STRING:
            raise ValueError(f"a string has more than {MAX_STRING} octets")
        return strings

    def _address(self, type: str) -> int:
        word = self._plain("address")
        address = (parse_ip4 if type == "A" else parse_ip6)(unescaped(word.text))
        if address is None:
            raise ValueError(f"{_printable(word)} is not an address")
        return address

    def _generic(self) -> bytes:
        """Return the octets of data in the generic form (RFC 3597 §5)."""
        from binascii import unhexlify

        self._index = 1
        length = self._number(65535)
        try:
            octets = unhexlify("".join([word.text for word in self._words[2:]]))
        except ValueError:
            raise ValueError("the data is not hexadecimal") from None
        if len(octets) != length:
            raise ValueError(f"the data has {len(octets)} octets, not {length}")
        return octets

    def _as_written(self, type: str) -> bytes:
        if not self._words:
            raise ValueError("there is no data")
        texts = [f'"{word.text}"' if word.in_quotes else word.text for word in self._words]
        for index in _NAMES_AT.get(type, ()) if texts[0] != _GENERIC else ():
            if index < len(texts) and not self._words[index].in_quotes:
                texts[index] = labels_text(self._complete(self._words[index]))
        return " ".join(texts).encode("latin-1")


class Octets:
    """Data written as octets, in the form of DNS messages, but without compression (RFC 3597 §4)."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._index = 0

    def read(self, type: str) -> tuple[Any, int | None]:
        """Return what `Data.read` returns."""
        data: Any
        minimum = None
        if type in ("TXT", "SPF"):
            strings = [self._take(self._number(1))]
            while self._index < len(self._data):
                strings.append(self._take(self._number(1)))
            data = tuple(strings)
        elif type in ("A", "AAAA"):
            data = self._number(4 if type == "A" else 16)
        elif type == "MX":
            data = self._number(2), listed_labels(self._name())
        elif type == "SOA":
            data, minimum = soa((self._name(), self._name()), [self._number(4) for _ in range(5)])
        else:
            data = name_data(type, self._name())
        if self._index < len(self._data):
            raise ValueError(f"the data is longer than that of a record of type {type}")
        return data, minimum

    def _take(self, count: int) -> bytes:
        self._index += count
        if self._index > len(self._data):
            raise ValueError("the data ends too early")
        return self._data[self._index - count : self._index]

    def _number(self, octets: int) -> int:
        return int.from_bytes(self._take(octets), "big")

    def _name(self) -> Labels:
        labels = []
        while length := self._number(1):
            if length > MAX_LABEL:
                raise ValueError("a name is compressed, or has a label that is too long")
            labels.append(self._take(length))
        return tuple(labels)


def name_data(type: str, name: Labels) -> Any:
    """Return data that is one name as in `RRset.records`."""
    return (labels_text(name).encode("ascii"),) if type == "NS" else listed_labels(name)


def soa(names: Sequence[Labels], numbers: Sequence[int]) -> tuple[tuple[bytes], int]:
    """Return the text of a SOA record, and its minimum."""
    text = " ".join([*map(labels_text, names), *map(str, numbers)])
    return (text.encode("ascii"),), numbers[-1]


def _number(text: str, last: int) -> int | None:
    """Return a decimal number, or None if the text is not one, or it is over `last`."""
    if not (text.isascii() and text.isdigit()) or len(text) > 100:
        return None
    number = int(text)
    return number if number <= last else None


def _printable(word: Word) -> str:
    return repr(visible(word.text, 60))
