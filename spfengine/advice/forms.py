"""A record ready to paste into cPanel, a zone file, Route 53 or octoDNS.

Whatever octets a record has, the readers of this package read every form back as the same record.
"""

import json
from collections.abc import Iterable, Iterator

from spfengine.answers import MAX_STRING, Text, TextRecord
from spfengine.arguments import list_of
from spfengine.errors import ArgumentError
from spfengine.linting.fixes import as_strings
from spfengine.names import fold, is_same_or_under, octets
from spfengine.resolvers.rrsets import read_name, read_ttl
from spfengine.resolvers.zone_files.presentation import (
    OCTAL,
    PLAIN_IN_NAMES,
    PLAIN_IN_QUOTES,
    escaped,
    name_text,
    quoted,
)
from spfengine.visible import visible_name

FORMS = ("cpanel", "cpanel-split", "bind", "route53", "octodns")
"""The names of the forms."""

_MAX_RECORD = 65535  # octets of the strings of a record, each with the octet of its length (RFC 1035 §3.2.1)
_ROUTE53_TTL = 300  # seconds; Route 53 requires a TTL
_ALONE = "This replaces every TXT record of the name; add the others that exist"


def forms(
    name: Text,
    record: Text,
    ttl: int | None = None,
    *,
    siblings: Iterable[TextRecord] | None = None,
    zone: Text | None = None,
) -> dict[str, str]:
    r"""Return a TXT record ready to paste.

    - "cpanel": the record in one piece, as cPanel shows it. Only a record that can't be typed into a field (controls,
      quotes, backslashes, octets over 127) is quoted and escaped as in a zone file.
    - "cpanel-split": in strings of at most 255 octets, each in quotes.
    - "bind": a line of a zone file (RFC 1035 §5.1).
    - "route53": a change batch for `aws route53 change-resource-record-sets`. It replaces the RRset.
    - "octodns": YAML for a zone's file. It replaces the RRset.

    Args:
        name: the name of the record; bytes are used octet for octet.
        record: its text; in a str, each character is one octet.
        ttl: seconds; None for the default of the zone (for Route 53, which has none, 300).
        siblings: the other TXT records of the name, each a string or a tuple of its strings. The forms that replace
            the RRset include them. None if they are not known; then these forms say that they replace the RRset.
        zone: the zone for octoDNS; None if the name itself is a zone.

    Raises:
        ZoneError: `name` or `zone` is not a domain name, or `ttl` not a TTL.
        ArgumentError: `record` or a sibling can't be a TXT record, `siblings` is a string, or `name` is not in `zone`.
    """
    owner = read_name(name, "name")
    read_ttl(ttl)
    text = _text(record)
    strings = _strings(record)
    kept = [_strings(sibling) for sibling in list_of(object, siblings or (), "siblings", "TXT records")]
    split = quoted(strings)
    stated = "" if ttl is None else f"{ttl} "
    return {
        "cpanel": text if _is_typed(text) else quoted([text.encode("latin-1")]),
        "cpanel-split": split,
        "bind": f"{name_text(owner)} {stated}IN TXT {split}",
        "route53": _route53(owner, [strings, *kept], ttl, known=siblings is not None),
        "octodns": _octodns(owner, [strings, *kept], ttl, zone, known=siblings is not None),
    }


def _text(part: object) -> str:
    """Return a record's text, each octet as one character."""
    if isinstance(part, bytes):
        return part.decode("latin-1")
    if not isinstance(part, str):
        raise ArgumentError(f"a TXT record is text or bytes, not {type(part).__name__}")
    return part if part.isascii() or max(part) <= "\xff" else octets(part)


def _strings(record: object) -> list[bytes]:
    """Return the strings of a record, each of at most 255 octets."""
    parts = list(record) if isinstance(record, tuple) else [record]
    strings = [part.encode("latin-1") for text in parts or [""] for part in _split(_text(text))]
    size = sum(len(string) + 1 for string in strings)
    if size > _MAX_RECORD:
        raise ArgumentError(f"a TXT record has at most {_MAX_RECORD} octets; this one would have {size}")
    return strings


def _split(text: str) -> tuple[str, ...]:
    return (text,) if len(text) <= MAX_STRING else as_strings(text)


def _is_typed(text: str) -> bool:
    """Whether a text can be typed into a field of a form without being changed."""
    plain = text.isascii() and text.isprintable() and '"' not in text and "\\" not in text
    return plain and text == text.strip() and text[:1] not in ("", "'")


def _route53(owner: str, records: list[list[bytes]], ttl: int | None, *, known: bool) -> str:
    record_set = {
        "Name": name_text(owner, OCTAL),
        "Type": "TXT",
        "TTL": _ROUTE53_TTL if ttl is None else ttl,
        "ResourceRecords": [{"Value": quoted(strings, OCTAL)} for strings in records],
    }
    batch: dict[str, object] = {} if known else {"Comment": _ALONE}
    return json.dumps({**batch, "Changes": [{"Action": "UPSERT", "ResourceRecordSet": record_set}]}, indent=2)


def _octodns(owner: str, records: list[list[bytes]], ttl: int | None, zone: Text | None, *, known: bool) -> str:
    return "\n".join(_octodns_lines(owner, records, ttl, owner if zone is None else read_name(zone, "zone"), known))


def _octodns_lines(owner: str, records: list[list[bytes]], ttl: int | None, zone: str, known: bool) -> Iterator[str]:
    if fold(owner) != fold(zone) and not is_same_or_under(owner, zone):
        raise ArgumentError(f"{visible_name(owner)} is not in the zone {visible_name(zone)}")
    relative = owner[: len(owner) - len(zone)].removesuffix(".")
    yield f"# in the zone {name_text(zone)}"
    if not known:
        yield f"# {_ALONE}."
    yield f"{_scalar('.'.join([escaped(label, PLAIN_IN_NAMES) for label in relative.split('.')]))}:"
    yield "- type: TXT"
    if ttl is not None:
        yield f"  ttl: {ttl}"
    values = [_octodns_value(b"".join(strings).decode("latin-1")) for strings in records]
    if len(values) == 1:
        yield f"  value: {values[0]}"
        return
    yield "  values:"
    for value in values:
        yield f"  - {value}"


def _octodns_value(text: str) -> str:
    r"""Return a value for octoDNS's YAML: in one piece, which octoDNS splits itself, with `\;` for a semicolon.

    octoDNS escapes quotes itself, but drops those around a value and between two strings, so these are escaped here.
    """
    plain = PLAIN_IN_QUOTES if text[:1] == '"' or '" "' in text else PLAIN_IN_QUOTES + '"'
    parts = [escaped(part, plain).replace(";", "\\;") for part in text.split("\\")]
    return _scalar("\\\\".join(parts))


def _scalar(text: str) -> str:
    """Return printable text as a single-quoted scalar of YAML, in which only the single quote is special."""
    return "'" + text.replace("'", "''") + "'"
