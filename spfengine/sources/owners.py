"""The name that a record in a source file is for, as far as the file says it.

The name is in the same mapping, block or call as the record: `name`, `zone` and the like. A name that is relative needs
the zone, which may be further out. Nothing is guessed: what is an interpolation or a variable is not known.
"""

import re
from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

from spfengine.names import domain_fault, fold, is_same_or_under, to_a_labels
from spfengine.resolvers.zone_files.file_names import domain_in
from spfengine.sources.atoms import UNKNOWN, Atom, text_of, without_templates
from spfengine.sources.code import JAVASCRIPT, TERRAFORM
from spfengine.sources.reading import Reading
from spfengine.sources.structure import Level, key_before, label_at, levels, value_at
from spfengine.sources.tokens import Literal, is_sign, is_word, text_of as word_of
from spfengine.sources.usage import key_of
from spfengine.sources.yaml_text import YAML

NAME_KEYS = (
    "fqdn", "dnsname", "dns_name", "recordname", "record_name", "name", "record", "subdomain", "prefix", "host",
    "hostname",
)  # fmt: skip
"""What the name of a record is called, in the order of preference."""
ZONE_KEYS = (
    "zone", "zone_name", "zonename", "dns_zone", "dnszone", "hostedzonename", "hosted_zone_name", "domain",
    "domain_name", "domainname", "origin", "managed_zone", "managedzone", "zone_name_or_id", "zone_id", "zoneid",
)  # fmt: skip
"""What the zone of a record is called, in the order of preference."""
_MOST_AROUND = 3  # brackets around a value that may say that it is that of a TXT record
_OPAQUE = frozenset({"zone_id", "zoneid", "managed_zone", "managedzone"})  # their values are not names of DNS
TYPE_KEYS = ("type", "recordtype", "record_type", "rrtype")
"""What the type of a record is called."""
RECORD_KEYS = frozenset(
    {
        "content", "contents", "data", "rdata", "record_data", "records", "resourcerecords", "resource_records",
        "rrdatas", "strings", "target", "targets", "text", "txt", "txt_data", "txtstrings", "value", "values",
    }
)  # fmt: skip
"""What the value of a record is called."""
_MAY_BE_SHOWN = RECORD_KEYS | {"parts"}
_LIST_KEYS = frozenset(
    {"records", "rrsets", "record_sets", "recordsets", "resourcerecordsets", "entries", "dns_records", "txt"}
)
_DOMAIN_CALLS = frozenset({"D", "D_EXTEND", "DOMAIN", "INCLUDE"})
_BLOCK_OF_RECORDS = re.compile(r"record|rrset|txt", re.IGNORECASE)
_IN_LINE = re.compile(
    r"(?:^|[\n\"'`])[ \t]*(\S{1,255})[ \t]+(?:[0-9]+[ \t]+)?(?:IN[ \t]+)?(?:[0-9]+[ \t]+)?\Z", re.IGNORECASE
)
_ORIGIN = re.compile(r"\s*\$ORIGIN[ \t]+(\S+)", re.IGNORECASE)
_NO_NAME = re.compile(r"(?:IN|CH|HS|[0-9]+[smhdw]?)\Z", re.IGNORECASE)  # the class or TTL: the name is that before
_IN_TEXT = re.compile(r"[A-Za-z0-9_*@.\-\x80-\U0010ffff]*\Z")
_PLACEHOLDER = re.compile(r"%[sdvq]")

Definitions = Callable[[str], str | None]
"""Returns the text that an expression of the program always has, such as a `local` of Terraform; None if not known."""


class Owner(NamedTuple):
    """The name that a record is for.

    Attributes:
        name: the name, without the final dot, with U-labels as A-labels; None if it is not known.
        text: what the file has for it, not escaped, if it is not known; "" if the file says nothing.
    """

    name: str | None = None
    text: str = ""


class _Part(NamedTuple):
    """A name as a file has it.

    Attributes:
        text: the name; None if it is not known.
        shown: what the file has.
    """

    text: str | None
    shown: str


class Owners:
    """Finds the names of the records of one file.

    Args:
        path: the file, which octoDNS names after the zone.
        templates: what is an interpolation in the file's strings.
        definitions: what is known of expressions.

    Attributes:
        templates: as given.
    """

    def __init__(self, path: str, templates: re.Pattern[str], definitions: Definitions) -> None:
        self._path = path
        self.templates = templates
        self._definitions = definitions

    def of(self, reading: Reading, index: int) -> Owner:
        """Return the name of the record that begins with a token."""
        name: _Part | None = None
        zone: _Part | None = None
        is_relative = False  # whether a name with dots may be relative, too
        of_octodns = None
        for level in levels(reading, index):
            call = _call(reading, level)
            if call is not None and reading.language is JAVASCRIPT:
                if call in _DOMAIN_CALLS:
                    zone = self._argument(reading, level)
                    break
                if call == "TXT" and name is None:
                    name, is_relative = self._argument(reading, level), True
            if name is None and "parts" in level.pairs and self._is_spf_builder(reading, level):
                name, is_relative = self._part(reading, level, ("label",)) or _Part("@", "@"), True
            if reading.language is YAML and name is None and of_octodns is None:
                of_octodns = self._of_octodns(reading, level)
            if name is None and _is_record(reading, level, self._text):
                name = self._part(reading, level, NAME_KEYS)
            elif name is not None and zone is None and level.key in _LIST_KEYS:
                zone = self._named_zone(reading, level)
            if zone is None:
                zone = self._part(reading, level, ZONE_KEYS)
        if name is None and of_octodns is not None:
            return of_octodns
        return _owner(name, zone, is_relative=is_relative)

    def is_of_txt(self, reading: Reading, index: int) -> bool:
        """Whether what begins with a token is, by all appearances, the value of a TXT record."""
        for level in islice(levels(reading, index), _MOST_AROUND):
            if level.opening is None:  # of a program: what is before is another statement
                break
            if _call(reading, level) == "TXT" or _is_record(reading, level, self._text):
                return True
        return False

    def is_txt_value(self, reading: Reading, index: int) -> bool:
        """Whether a value begins with a token that the file says is that of a TXT record, and of no other."""
        if is_sign(reading.at(index - 1), ","):  # TXT(name, value)
            return word_of(reading.at(reading.enclosing.get(index, 0) - 1)) == "TXT"
        if key_of(reading, index) not in _MAY_BE_SHOWN:  # which most tokens are not, and this is cheap to see
            return False
        level = next(levels(reading, index))
        if level.pairs.get(level.key) != index:
            return False
        if level.key == "parts":
            return self._is_spf_builder(reading, level)
        for outer in islice(levels(reading, index), _MOST_AROUND):
            kind = next((outer.pairs[key] for key in TYPE_KEYS if key in outer.pairs), None)
            if kind is not None:
                return self._text(reading, kind).upper() in {"TXT", "SPF"}
        return _is_txt_block(reading, index)

    def is_of_octodns(self, reading: Reading, index: int) -> bool:
        """Whether a value is that of a record in a file of octoDNS."""
        return any(self._of_octodns(reading, level) is not None for level in levels(reading, index))

    def in_line(self, atoms: list[Atom]) -> Owner:
        """Return the name of a record in a line of a master file, from what is before the type, and its $ORIGIN."""
        text = text_of(atoms)
        found = _IN_LINE.search(text)
        if found is None or _NO_NAME.match(found[1]):
            return Owner()
        origin = _ORIGIN.match(text)
        zone = _in_text(origin[1]) if origin is not None and origin[1].endswith(".") else None
        return _owner(_in_text(found[1]), zone, is_relative=True)

    def _part(self, reading: Reading, level: Level, keys: tuple[str, ...]) -> _Part | None:
        """Return the value of the first of these keys that is one; a number or identifier is not a zone."""
        for key in keys:
            index = level.pairs.get(key)
            if index is None or (key == level.key and key in RECORD_KEYS):
                continue
            part = self._value(reading, index)
            if key in _OPAQUE and (part.text is None or "." not in part.text.strip(".")):
                continue
            return part
        return None

    def _named_zone(self, reading: Reading, level: Level) -> _Part | None:
        """Return the name of what has a list of records, if it is that of a zone."""
        part = self._part(reading, level, ("name",))
        return part if part is not None and part.text and _domain(part.text) is not None else None

    def _value(self, reading: Reading, index: int) -> _Part:
        atoms = value_at(reading, index)
        return self._read(reading.text, atoms)

    def _text(self, reading: Reading, index: int) -> str:
        return self._value(reading, index).text or ""

    def _read(self, text: str, atoms: list[Atom]) -> _Part:
        shown: list[str] = []
        known: list[str] = []
        is_known = True
        for atom in without_templates(atoms, self.templates):
            if atom.char is not None:
                shown.append(atom.char)
                known.append(atom.char)
                continue
            written = text[atom.start : atom.end]
            shown.append(written)
            value = self._definitions(written.removeprefix("${").removesuffix("}").strip())
            is_known = is_known and value is not None
            # a name of Google's zones ends with a dot, also in the middle of what it is put into
            known.append(value or "")
        whole = "".join(known)
        is_known = is_known and not _PLACEHOLDER.search(whole)
        return _Part(whole.strip() if is_known else None, "".join(shown))

    def _argument(self, reading: Reading, level: Level) -> _Part:
        """Return the first argument of a call."""
        assert level.opening is not None, "a call has brackets"
        part = self._value(reading, level.opening + 1)
        return part if part.text is None else part._replace(text=part.text.partition("!")[0])

    def _is_spf_builder(self, reading: Reading, level: Level) -> bool:
        return level.opening is not None and is_sign(reading.at(level.opening - 2), "SPF_BUILDER")

    def _of_octodns(self, reading: Reading, level: Level) -> Owner | None:
        """Return the name of a record of octoDNS: the zone is the file's name, the record is one of its pairs."""
        if level.opening is None or not is_sign(reading.at(level.opening), "{") or level.key not in {"value", "values"}:
            return None
        kind = level.pairs.get("type")
        if kind is None or self._text(reading, kind) not in {"TXT", "SPF"}:
            return None
        opening = level.opening
        outer = reading.enclosing.get(opening)
        if outer is not None and is_sign(reading.at(outer), "["):  # one of several records of a name
            opening, outer = outer, reading.enclosing.get(outer)
        key = key_before(reading, opening)
        if outer is None or reading.enclosing.get(outer) is not None or key is None:
            return None
        label = self._read(reading.text, value_at(reading, opening - 2)) if isinstance(key, Literal) else None
        zone = _zone_of(self._path)
        if label is None or zone is None:
            return Owner(None, "" if label is None else label.shown)
        return _owner(label, _Part(zone, zone), is_relative=True)


def _call(reading: Reading, level: Level) -> str | None:
    """Return the function whose arguments these brackets have."""
    if level.opening is None or not is_sign(reading.at(level.opening), "("):
        return None
    token = reading.at(level.opening - 1)
    return word_of(token) if is_word(token) else None


def _is_record(reading: Reading, level: Level, text: Callable[[Reading, int], str]) -> bool:
    """Whether brackets have what belongs to one record: its type, or its value under a name that says so."""
    if reading.language is TERRAFORM and level.opening is not None:
        kind = label_at(reading, level.opening - 2)
        if kind and is_sign(reading.at(level.opening - 3), "resource") and _BLOCK_OF_RECORDS.search(kind):
            return True
    kind_at = next((level.pairs[key] for key in TYPE_KEYS if key in level.pairs), None)
    if kind_at is not None and text(reading, kind_at).upper() in {"TXT", "SPF"}:
        return True
    return level.key in RECORD_KEYS and (kind_at is None or text(reading, kind_at).upper() in {"", "TXT", "SPF"})


def _is_txt_block(reading: Reading, index: int) -> bool:
    """Whether a token is in a block or call whose name says that it is for TXT records: azurerm_dns_txt_record."""
    for level in islice(levels(reading, index), _MOST_AROUND):
        if level.opening is not None:
            name = label_at(reading, level.opening - 2) or word_of(reading.at(level.opening - 1))
            if "txt" in name.lower():
                return True
    return False


def _zone_of(path: str) -> str | None:
    """Return the zone that a file of octoDNS is named after, or its folder."""
    folder, _, name = path.replace("\\", "/").rpartition("/")
    folder = folder.rpartition("/")[2]
    if folder.endswith("."):
        return _domain(folder)
    return _domain(name.rpartition(".")[0].removeprefix("$")) or domain_in(path)


def _in_text(name: str) -> _Part:
    """Return a name in a line of a master file."""
    return _Part(None if UNKNOWN in name else name, name.replace(UNKNOWN, "..."))


def _domain(text: str) -> str | None:
    """Return a name that DNS can have, without the final dot; None if it is not one."""
    name = to_a_labels(text.strip().removesuffix("."))
    if name is None or not _IN_TEXT.match(name) or domain_fault(name) is not None:
        return None
    return name


def _owner(name: _Part | None, zone: _Part | None, *, is_relative: bool) -> Owner:
    """Return the name that a name and a zone make.

    Args:
        is_relative: whether a name with dots in it, and without one at its end, belongs to the zone.
    """
    if name is None:
        return Owner()
    known = None if zone is None or zone.text is None else _domain(zone.text)
    shown = name.shown if name.text is None or zone is None else f"{name.shown} in {zone.shown}"
    if name.text is None:
        return Owner(None, shown)
    text = name.text
    if text.endswith("."):
        whole = _domain(text)
    elif known is not None and text in {"", "@"}:
        whole = known
    elif known is not None:
        is_whole = not is_relative and is_same_or_under(text, known)
        whole = _domain(text if is_whole else f"{text}.{known}")
    else:
        is_alone = zone is None and not is_relative
        whole = _domain(text) if is_alone and not fold(text).rpartition(".")[2].startswith("_") else None
    return Owner(whole, "" if whole is not None else shown)
