"""Zones written in the formats of other projects' test fixtures. What a format can't express is refused, never omitted.

Records of types that SPF never asks for (SOA, NS and others) are omitted from formats that have no place for them.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from spfengine.addresses import V4, V6, address_text
from spfengine.answers import MAX_STRING, Answer, Question, RRType, Status
from spfengine.errors import ArgumentError, ZoneError
from spfengine.names import fold
from spfengine.resolvers.rrsets import ANY_TYPE, RRset, is_possible
from spfengine.resolvers.zone import Zone
from spfengine.resolvers.zone_files.presentation import name_text, quoted
from spfengine.visible import visible, visible_name

DEFAULT_TTL = 300
"""Seconds, in a master file, of records whose TTL is not known."""

_EXIM = "Exim's fakens"
_MINIDNS = "minidns"
_MOCKDNS = "go-mockdns"
_RSPAMD = "rspamd's fake_records"

_RSPAMD_CODES = {
    Status.NOERROR: "norec",
    Status.NXDOMAIN: "nxdomain",
    Status.SERVFAIL: "servfail",
    Status.REFUSED: "refused",
    Status.FORMERR: "formerr",
    Status.TIMEOUT: "timeout",
    Status.UNKNOWN: "refused",  # as a server answers for names outside its zones
}
_WITH_NAMES = ("CNAME", "MX", "PTR")
_OPENSPF_WORDS = {*map(str, Status), "NONE"}


def export(zone: Zone, format: str) -> str:
    """Return a zone as ASCII text in one of `FORMATS`.

    Raises:
        ArgumentError: there is no such format.
        ZoneError: the format can't express what the zone holds; the message names the domain and type.
    """
    write = _WRITERS.get(format)
    if write is None:
        raise ArgumentError(f"no such format: {visible(format, 40)!r}; expected one of {', '.join(FORMATS)}")
    if write is not _openspf:
        _refuse_impossible(zone, format)
    return write(zone)


def _refuse_impossible(zone: Zone, format: str) -> None:
    """Raise ZoneError if a name is one that DNS can't have: other programs refuse the file for it."""
    for rrset in zone.rrsets:
        names = [record[1] if rrset.type == "MX" else record for record in rrset.records if rrset.type in _WITH_NAMES]
        impossible = [name for name in (rrset.name, *names) if not is_possible(name)]
        if impossible:
            raise _inexpressible(format, rrset.name, rrset.type, f"of {visible_name(impossible[0])}, no name of DNS")


def master_file(rrsets: Iterable[RRset]) -> str:
    """Return a master file (RFC 1035 §5) of these RRsets, which `Zone.from_text` reads back.

    Raises:
        ZoneError: one of them is a failure.
    """
    lines = []
    for rrset in rrsets:
        if rrset.status is not Status.NOERROR:
            raise _inexpressible("a master file", rrset.name, rrset.type, str(rrset.status))
        for record in rrset.records:
            ttl = DEFAULT_TTL if rrset.ttl is None else rrset.ttl
            lines.append(f"{name_text(rrset.name)} {ttl} IN {rrset.type} {_master_data(rrset.type, record)}\n")
    return "".join(lines)


def _master_data(type: str, record: Any) -> str:
    match type:
        case "A" | "AAAA":
            return address_text(V4 if type == "A" else V6, record)
        case "MX":
            return f"{record[0]} {name_text(record[1])}"
        case "CNAME" | "PTR":
            return name_text(record)
        case "TXT" | "SPF":
            return quoted(
                [piece[at : at + MAX_STRING] for piece in record for at in range(0, len(piece) or 1, MAX_STRING)]
            )
    return " ".join(string.decode("latin-1") for string in record)


def _bind(zone: Zone) -> str:
    return master_file(zone.rrsets)


def _exim(zone: Zone) -> str:
    """Return lines of the `db.` files of fakens, with absolute names. It has no wildcards and no failures."""
    lines = []
    for rrset in zone.rrsets:
        _refuse_wildcards_and_failures(_EXIM, rrset)
        for record in rrset.records:
            data = _exim_data(rrset.name, rrset.type, record)
            if data is not None:
                lines.append(f"{_exim_name(rrset.name)} {rrset.type} {data}\n")
    return "".join(lines)


def _exim_data(name: str, type: str, record: Any) -> str | None:
    match type:
        case "A":
            return address_text(V4, record)
        case "AAAA":  # fakens does not understand "::"
            return ":".join(f"{record >> shift & 0xFFFF:x}" for shift in range(112, -1, -16))
        case "MX":
            return f"{record[0]} {_exim_name(record[1])}"
        case "PTR" | "CNAME":
            return _exim_name(record)
        case "TXT":
            text = _plain(_EXIM, name, RRType.TXT, b"".join(record).decode("latin-1"))
            if '"' in text or "\\" in text:
                raise _inexpressible(_EXIM, name, type, "text with quotes or backslashes")
            return f'"{text}"'
    return None


def _exim_name(name: str) -> str:
    if " " in name:
        raise _inexpressible(_EXIM, name, "*", "a name with a space")
    return f"{_plain(_EXIM, name, RRType.A, name)}."


def _minidns(zone: Zone) -> str:
    """Return lines of name, type and value. minidns has no PTR records, wildcards or failures, and strips spaces."""
    lines = []
    for name, type, answer in _answers(zone, _MINIDNS):
        _plain(_MINIDNS, name, type, name)
        if not answer.records:
            raise _inexpressible(_MINIDNS, name, type, str(answer.status))
        if type is RRType.PTR or " " in name or name.startswith("#"):
            raise _inexpressible(_MINIDNS, name, type, "there")
        for text in _plain_records(_MINIDNS, name, answer):
            if text != text.strip() or not text:
                raise _inexpressible(_MINIDNS, name, type, "empty, or begins or ends with a space")
            lines.append(f"{name or '.'} {type} {text}\n")
    return "".join(lines)


def _mockdns(zone: Zone) -> str:
    """Return JSON that `json.Unmarshal` makes a `map[string]mockdns.Zone` of. It has no wildcards and no failures."""
    zones: dict[str, dict[str, Any]] = {_mockdns_name(name): {} for name in zone.names if not name.startswith("*.")}
    for rrset in zone.rrsets:
        _refuse_wildcards_and_failures(_MOCKDNS, rrset)
        values = [_mockdns_value(rrset.name, rrset.type, record) for record in rrset.records]
        if values and values[0] is not None:
            zones[_mockdns_name(rrset.name)][rrset.type] = values[0] if rrset.type == "CNAME" else values
    return json.dumps(zones, indent=2) + "\n"


def _mockdns_value(name: str, type: str, record: Any) -> Any:
    match type:
        case "A" | "AAAA":
            return address_text(V4 if type == "A" else V6, record)
        case "MX":
            return {"Host": _mockdns_name(record[1]), "Pref": record[0]}
        case "PTR" | "CNAME":
            return _mockdns_name(record)
        case "TXT":
            return _plain(_MOCKDNS, name, RRType.TXT, b"".join(record).decode("latin-1"))
    return None


def _mockdns_name(name: str) -> str:
    return f"{_plain(_MOCKDNS, name, RRType.A, fold(name))}."


def _openspf(zone: Zone) -> str:
    """Return YAML that `Zone.from_openspf` reads back. It expresses everything but TTLs."""
    by_name: dict[str, list[RRset]] = {fold(name): [] for name in zone.names}
    for rrset in zone.rrsets:
        by_name.setdefault(fold(rrset.name), []).append(rrset)
    lines = ["zonedata:\n"]
    for name in zone.names:
        rrsets = sorted(by_name[fold(name)], key=lambda rrset: rrset.type == ANY_TYPE)  # a bare failure ends the list
        types = {rrset.type for rrset in rrsets}
        entries = [json.dumps(entry) for rrset in rrsets for entry in _openspf_entries(rrset)]
        if "SPF" in types and "TXT" not in types:
            entries.insert(0, json.dumps({"TXT": "NONE"}))  # otherwise readers would take SPF records for TXT records
        lines.append(f"  {json.dumps(name or '.')}:" + (" []\n" if not entries else "\n"))
        lines += [f"  - {entry}\n" for entry in entries]
    return "".join(lines)


def _openspf_entries(rrset: RRset) -> list[Any]:
    if rrset.type == ANY_TYPE:
        return [str(rrset.status)]
    if rrset.status is not Status.NOERROR:
        return [{rrset.type: str(rrset.status)}]
    if not rrset.records:
        return [{rrset.type: "NONE"}]
    return [{rrset.type: _openspf_value(rrset.type, record)} for record in rrset.records]


def _openspf_value(type: str, record: Any) -> Any:
    match type:
        case "A" | "AAAA":
            return address_text(V4 if type == "A" else V6, record)
        case "MX":
            return [record[0], record[1]]
        case "PTR" | "CNAME":
            return record or "."
    strings = [string.decode("latin-1") for string in record]
    return strings if len(strings) > 1 or strings[0] in _OPENSPF_WORDS else strings[0]


def _rspamd(zone: Zone) -> str:
    """Return a section of rspamd's configuration. It has no wildcards, loops or truncation.

    rspamd does not follow CNAME records, so they are followed here. It asks a real DNS server for what has no entry, so
    types without records get one too: whatever the client's address, it asks for AAAA records.
    """
    records = []
    for name, type, answer in _answers(zone, _RSPAMD, negative=True):
        entry: dict[str, object] = {"name": _plain(_RSPAMD, name, type, name), "type": type.lower()}
        if answer.records:
            texts = _plain_records(_RSPAMD, name, answer)
            entry["replies"] = [text.removesuffix(".") for text in texts] if type is RRType.PTR else texts
        elif answer.status in _RSPAMD_CODES:
            entry["rcode"] = _RSPAMD_CODES[answer.status]
        else:
            raise _inexpressible(_RSPAMD, name, type, str(answer.status))
        records.append(f"      {json.dumps(entry)}")
    return "options {\n  dns {\n    fake_records = [\n" + ",\n".join(records) + "\n    ];\n  }\n}\n"


def _inexpressible(format: str, name: str, type: str, what: str) -> ZoneError:
    what = "not known" if what == str(Status.UNKNOWN) else what
    return ZoneError(f"{format} has no way to say that {visible_name(name) or '.'} {type} is {what}; take it out")


def _refuse_wildcards_and_failures(format: str, rrset: RRset) -> None:
    if rrset.name.startswith("*."):
        raise _inexpressible(format, rrset.name, rrset.type, "a wildcard")
    if rrset.status is not Status.NOERROR:
        raise _inexpressible(format, rrset.name, rrset.type, str(rrset.status))


def _answers(zone: Zone, format: str, *, negative: bool = False) -> Iterator[tuple[str, RRType, Answer]]:
    """Yield the zone's answer for each of its names and each type, CNAME records followed.

    Args:
        negative: whether to yield NODATA answers too.

    Raises:
        ZoneError: there is a wildcard.
    """
    for name in zone.names:
        if name.startswith("*."):
            raise _inexpressible(format, name, "*", "a wildcard")
        for type in RRType:
            answer = zone.resolve(Question(name, type))
            if negative or answer.records or answer.status is not Status.NOERROR:
                yield name, type, answer


def _plain(format: str, name: str, type: RRType, text: str) -> str:
    """Return a record's text. Raises ZoneError if it is not printable ASCII."""
    if not (text.isascii() and text.isprintable()):
        raise _inexpressible(format, name, type, "text with octets that do not print")
    return text


def _plain_records(format: str, name: str, answer: Answer) -> list[str]:
    """Return an answer's records as text, names with a final dot. Raises ZoneError if one is not printable ASCII."""
    assert answer.type is not None
    if answer.type is RRType.TXT:
        return [_plain(format, name, answer.type, record.decode("latin-1")) for record in answer.records]
    if answer.type is RRType.MX:
        return [f"{preference} {_plain(format, name, answer.type, host)}." for preference, host in answer.records]
    if answer.type is RRType.PTR:
        return [f"{_plain(format, name, answer.type, host)}." for host in answer.records]
    return answer.texts()


_WRITERS: Mapping[str, Callable[[Zone], str]] = MappingProxyType(
    {
        "bind": _bind,
        "exim": _exim,
        "minidns": _minidns,
        "mockdns": _mockdns,
        "openspf": _openspf,
        "rspamd": _rspamd,
    }
)
FORMATS = tuple(_WRITERS)
"""bind: a master file (RFC 1035 §5). exim: a file for fakens, the DNS of Exim's test suite. minidns: lines for
chasquid's test server. mockdns: JSON of the zones of go-mockdns. openspf: YAML, the zonedata of an OpenSPF suite.
rspamd: its options.dns.fake_records."""
