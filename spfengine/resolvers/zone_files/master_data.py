r"""The data of the records of a master file, by type: what is read of it, and what is kept as it is written.

Read are the types that SPF asks for (TXT, A, AAAA, MX, PTR), and CNAME, SPF, NS and SOA; also where their data is
written as octets (RFC 3597 §5: `\# 4 c0000201`). All others are kept as they are written, with relative names made
whole, and nothing else of them is looked at.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from spfengine.addresses import parse_ip4, parse_ip6
from spfengine.names import MAX_LABEL, from_labels
from spfengine.resolvers.zone_files.presentation import PLAIN_IN_NAMES, Word, escaped, unescaped_word
from spfengine.visible import visible

Labels = tuple[bytes, ...]
"""A name: its labels, without the root's."""

Whole = Callable[[Word], Labels]
"""Makes a name of a word. Raises ValueError, whose message is for people."""

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
"""What stands behind a type, in words."""

_GENERIC = "\\#"
_NAMES_AT = {
    "DNAME": (0,), "MB": (0,), "MG": (0,), "MR": (0,), "MINFO": (0, 1), "RP": (0, 1), "NSEC": (0,), "AFSDB": (1,),
    "RT": (1,), "KX": (1,), "LP": (1,), "PX": (1, 2), "HTTPS": (1,), "SVCB": (1,), "SRV": (3,), "NAPTR": (5,),
}  # fmt: skip
_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_TTL = re.compile(r"[0-9]{1,20}|(?:[0-9]{1,20}[wdhmsWDHMS]){1,20}")
_PART = r"([0-9]+)([a-z])"
_LABEL = (
    r"((?:[^.\\]++|\\[\s\S])*+)(\.|\Z)"  # text until it is needed, as the next one: most files have no use for them
)
_LAST_TTL = (1 << 32) - 1


def read_type(text: str) -> str | None:
    """Return the name of a type, `TYPEn` where it has none; None where it is no type that stands in zones."""
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
    """Whether a type is only for questions and messages (RFC 6895 §3.1), so that no zone has records of it."""
    return type == "OPT" or 128 <= TYPES.get(type, 0) < 256


def read_class(text: str) -> int | None:
    """Return the number of a class, 1 for IN; None where it is no class."""
    known = {"IN": 1, "INTERNET": 1, "CH": 3, "CHAOS": 3, "HS": 4, "HESIOD": 4, "NONE": 254, "ANY": 255}
    name = text.upper() if text.isascii() else ""
    return known.get(name) or (_number(name[5:], 65535) if name.startswith("CLASS") else None)


def read_ttl(word: Word) -> int | None:
    """Return the seconds of a TTL, which may have units (`1h30m`); None where it is none."""
    if word.in_quotes or not _TTL.fullmatch(word.text):
        return None
    if word.text.isdigit():
        ttl = int(word.text)
    else:
        ttl = sum([int(count) * _UNITS[unit] for count, unit in re.findall(_PART, word.text.lower())])
    return ttl if ttl <= _LAST_TTL else None


def split_name(text: str) -> tuple[Labels, bool]:
    """Return the labels of a name, and whether it is whole: ends in a dot.

    Raises:
        ValueError: it is no name; the message is for people.
    """
    if text == ".":
        return (), True
    labels = tuple([unescaped_word(part).encode("latin-1") for part in _parts(text)])
    is_whole = labels[-1] == b""
    return checked(labels[:-1] if is_whole else labels), is_whole


def _parts(text: str) -> list[str]:
    if "\\" not in text:
        return text.split(".")
    parts = []
    for found in re.finditer(_LABEL, text):
        parts.append(found[1])
        if not found[2]:
            break
    return parts


def checked(labels: Labels) -> Labels:
    """Return the labels of a name. Raises ValueError where they make none, or one that is too long."""
    if b"" in labels:
        raise ValueError("a name has an empty label")
    if any(len(label) > MAX_LABEL for label in labels):
        raise ValueError(f"a name has a label of more than {MAX_LABEL} octets")
    if sum(map(len, labels)) + len(labels) > 254:  # with the root's label 255 octets on the wire (RFC 1035 §2.3.4)
        raise ValueError("a name is too long")
    return labels


class Data:
    """What stands behind the type of one record, read from its first word to its last.

    Each method raises ValueError where that is not what the type has; the message is for people.
    """

    def __init__(self, words: Sequence[Word], whole: Whole) -> None:
        self._words = words
        self._place = 0
        self._whole = whole

    def read(self, type: str) -> tuple[Any, int | None]:
        """Return the data in the form of `RRset.records`, and of a SOA record its minimum."""
        if type not in EXPECTED:
            return (self._as_written(type),), None
        if self._words and self._words[0] == (_GENERIC, False):
            octets = Octets(self._generic())
            return octets.read(type)
        found: Any
        minimum = None
        if type in ("TXT", "SPF"):
            found = self._strings()
        elif type in ("A", "AAAA"):
            found = self._address(type)
        elif type == "MX":
            found = self._number(65535), from_labels(self._name())
        elif type == "SOA":
            names = self._name(), self._name()
            numbers = [self._number(_LAST_TTL), *[self._ttl() for _ in range(4)]]
            found, minimum = soa(names, numbers)
        else:
            found = in_form(type, self._name())
        if self._place < len(self._words):
            raise ValueError(f"{_shown(self._words[self._place])} is more than a record of type {type} has")
        return found, minimum

    def _next(self, what: str) -> Word:
        if self._place == len(self._words):
            raise ValueError(f"there is no {what}")
        self._place += 1
        return self._words[self._place - 1]

    def _plain(self, what: str) -> Word:
        word = self._next(what)
        if word.in_quotes:
            raise ValueError(f"{_shown(word)} stands in quotes, so it is no {what}")
        return word

    def _name(self) -> Labels:
        return self._whole(self._plain("name"))

    def _number(self, last: int) -> int:
        word = self._plain("number")
        found = _number(unescaped_word(word.text), last)
        if found is None:
            raise ValueError(f"{_shown(word)} is no number from 0 to {last}")
        return found

    def _ttl(self) -> int:
        word = self._plain("number of seconds")
        found = read_ttl(Word(unescaped_word(word.text)))
        if found is None:
            raise ValueError(f"{_shown(word)} is no number of seconds")
        return found

    def _strings(self) -> tuple[bytes, ...]:
        self._place = len(self._words)
        strings = tuple([unescaped_word(word.text).encode("latin-1") for word in self._words])
        if not strings:
            raise ValueError("there is no string")
        if max(map(len, strings)) > 255:
            raise ValueError("a string has more than 255 octets")
        return strings

    def _address(self, type: str) -> int:
        word = self._plain("address")
        found = (parse_ip4 if type == "A" else parse_ip6)(unescaped_word(word.text))
        if found is None:
            raise ValueError(f"{_shown(word)} is no such address")
        return found

    def _generic(self) -> bytes:
        """Return the octets of data in the form for types that are not known (RFC 3597 §5)."""
        from binascii import unhexlify

        self._place = 1
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
        for place in _NAMES_AT.get(type, ()) if texts[0] != _GENERIC else ():
            if place < len(texts) and not self._words[place].in_quotes:
                texts[place] = name_text(self._whole(self._words[place]))
        return " ".join(texts).encode("latin-1")


class Octets:
    """Data that is written as octets, read as it stands in DNS messages, but for compression (RFC 3597 §4)."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def read(self, type: str) -> tuple[Any, int | None]:
        """Return what `Data.read` returns."""
        found: Any
        minimum = None
        if type in ("TXT", "SPF"):
            strings = [self._take(self._number(1))]
            while self._place < len(self._data):
                strings.append(self._take(self._number(1)))
            found = tuple(strings)
        elif type in ("A", "AAAA"):
            found = self._number(4 if type == "A" else 16)
        elif type == "MX":
            found = self._number(2), from_labels(self._name())
        elif type == "SOA":
            found, minimum = soa((self._name(), self._name()), [self._number(4) for _ in range(5)])
        else:
            found = in_form(type, self._name())
        if self._place < len(self._data):
            raise ValueError(f"the data is longer than that of a record of type {type}")
        return found, minimum

    def _take(self, count: int) -> bytes:
        self._place += count
        if self._place > len(self._data):
            raise ValueError("the data ends too early")
        return self._data[self._place - count : self._place]

    def _number(self, octets: int) -> int:
        return int.from_bytes(self._take(octets), "big")

    def _name(self) -> Labels:
        labels = []
        while length := self._number(1):
            if length > MAX_LABEL:
                raise ValueError("a name is compressed, or has a label that is too long")
            labels.append(self._take(length))
        return checked(tuple(labels))


def in_form(type: str, name: Labels) -> Any:
    """Return the data that is one name in the form of `RRset.records`."""
    return (name_text(name).encode("ascii"),) if type == "NS" else from_labels(name)


def soa(names: Sequence[Labels], numbers: Sequence[int]) -> tuple[tuple[bytes], int]:
    """Return the text of a SOA record, and its minimum."""
    text = " ".join([*map(name_text, names), *map(str, numbers)])
    return (text.encode("ascii"),), numbers[-1]


def name_text(labels: Labels) -> str:
    """Return a name as a master file has it, with its final dot."""
    return ".".join([escaped(label.decode("latin-1"), PLAIN_IN_NAMES) for label in labels]) + "."


def _number(text: str, last: int) -> int | None:
    """Return a decimal number, or None where it is none, or over `last`."""
    if not (text.isascii() and text.isdigit()) or len(text) > 100:
        return None
    number = int(text)
    return number if number <= last else None


def _shown(word: Word) -> str:
    return repr(visible(word.text, 60))
