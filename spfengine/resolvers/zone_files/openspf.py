r"""The `zonedata` mapping of an OpenSPF-format suite: name → list of entries, each {type: value} or a failure's name.

- `SPF` also means TXT, unless the name has a TXT entry of its own; `TXT: NONE` (or null) means "no TXT", and prevents
  that.
- A list of strings is one TXT record of several strings. A list of several addresses or names is several records.
- `MX: [preference, exchange]`; the exchange '' is that of a null MX (RFC 7505).
- `TYPE: TIMEOUT` makes the questions of that type fail; a bare `TIMEOUT` in the list ends it, and makes every type fail
  for which no earlier entry has a record. Any other `Status` works the same (SERVFAIL, REFUSED, NXDOMAIN, …). A TXT
  record whose text is such a word is written as a list of one string.
- Characters up to U+00FF are octets (`"\xEF"` in YAML); text with others is sent as UTF-8, a name with others consists
  of U-labels.
- Names compare without case. A name that is not listed does not exist; one without entries has no records.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from spfengine.answers import Status, Text
from spfengine.errors import ZoneError
from spfengine.names import fold
from spfengine.resolvers.rrsets import ANY_TYPE, CNAME, Records, cannot_use, read_listed_name, read_type
from spfengine.resolvers.zone_files.yaml_files import keep_text, value_of
from spfengine.visible import kind_text, visible_name

if TYPE_CHECKING:
    from yaml import Node

_NONE = "NONE"
_STATUSES = {str(status): status for status in Status}
_LISTS = ("A", "AAAA", "PTR")


def prepare(root: "Node") -> None:
    """Make text of what a suite takes for text in a zone, though YAML would not: names, addresses, records."""
    keep_text(value_of(root, "zonedata") or root)


def read_zonedata(zonedata: Mapping[Any, Any] | None) -> dict[Text, dict[str, Records]]:
    """Return an OpenSPF suite's `zonedata` in the form that `Zone` takes.

    Raises:
        ZoneError: it is not such a mapping; the message says where, and what was expected.
    """
    if zonedata is None:
        return {}
    if not isinstance(zonedata, Mapping):
        raise ZoneError(f"zonedata is a mapping of name → list of entries, not {kind_text(zonedata)}")
    entries: dict[str, list[object]] = {}
    written: dict[str, bytes] = {}
    for name, value in zonedata.items():
        text = read_listed_name(_octets(name) if isinstance(name, str) else name, "name")
        written.setdefault(fold(text), f"{text}.".encode("latin-1"))
        entries.setdefault(fold(text), []).extend(
            value if isinstance(value, list) else [] if value is None else [value]
        )
    return {written[name]: _read_entries(visible_name(name), listed) for name, listed in entries.items()}


def _read_entries(name: str, entries: list[object]) -> dict[str, Records]:
    records: dict[str, list[Any]] = {}
    failures: dict[str, Status] = {}
    none: set[str] = set()
    rest: Status | None = None
    for type, value in _pairs(name, entries):
        failure = _STATUSES.get(value) if isinstance(value, str) else None
        if type == ANY_TYPE and failure is None:
            raise cannot_use(name, value, "{type: value}, or the name of a failure such as TIMEOUT")
        if type == ANY_TYPE:
            rest = failure
            break
        if failure is not None:
            failures.setdefault(type, failure)
        elif value is None or (value == _NONE and isinstance(value, str)):
            none.add(type)
        else:
            records.setdefault(type, []).extend(_read_value(f"{name} {type}", type, value))
    return _joined(records, failures, none, rest)


def _joined(
    records: dict[str, list[Any]], failures: dict[str, Status], none: set[str], rest: Status | None
) -> dict[str, Records]:
    """Return what the entries of a name give by type, in the form that `Zone` takes."""
    by_type: dict[str, Records] = {**records, **failures}
    if "SPF" in by_type and "TXT" not in by_type and "TXT" not in none:
        by_type["TXT"] = by_type.pop("SPF")
    if CNAME in records:
        by_type[CNAME] = records[CNAME] if len(records[CNAME]) != 1 else records[CNAME][0]
    if rest is not None:
        by_type[ANY_TYPE] = rest
    else:
        by_type.update((type, []) for type in none if type not in by_type and type != CNAME)
    return by_type


def _pairs(name: str, entries: list[object]) -> Iterator[tuple[str, object]]:
    for entry in entries:
        if isinstance(entry, Mapping):
            for type, value in entry.items():
                yield read_type(type, name), value
        else:
            yield ANY_TYPE, entry


def _read_value(where: str, type: str, value: object) -> list[Any]:
    if type == "MX":
        records = value if isinstance(value, list) and any(isinstance(one, list) for one in value) else [value]
        return [_read_mx(where, record) for record in records]
    if not isinstance(value, list):
        return [_read_text(where, value)]
    texts = [_read_text(where, part) for part in value]
    return texts if type in _LISTS else [tuple(texts)]


def _read_mx(where: str, value: object) -> Records:
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], str):
        preference = value[0]
        if isinstance(preference, str) and preference.isascii() and preference.isdigit() and len(preference) < 6:
            preference = int(preference)
        return preference, _octets(value[1]) or b"."
    if isinstance(value, str):
        return value
    raise cannot_use(where, value, "[preference, exchange]")


def _read_text(where: str, value: object) -> Text:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value if value.isascii() else _octets(value)
    raise cannot_use(where, value, "text (in YAML, quote what would be a number, a date or a truth value)")


def _octets(text: str) -> Text:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text
