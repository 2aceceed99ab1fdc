"""JSON: the reports of parsedmarc, and lists of objects with the columns of a table."""

import json
from collections.abc import Iterator, Mapping

from spfengine.evidence.bounds import Bounds
from spfengine.evidence.columns import EXPECTED, columns_of, simple
from spfengine.evidence.ledger import BrokenFileError, Ledger
from spfengine.evidence.report_rows import facts_of
from spfengine.evidence.streams import Stream
from spfengine.evidence.tables import sender_of_cells
from spfengine.evidence.values import MAX_LABEL, UnusableError, count_of, make_sender
from spfengine.names import fold
from spfengine.senders import FORWARDING, Sender

KIND = "json"
_MOST_DEPTH = 12  # of the lists and objects around a row; parsedmarc has four
_NOT_JSON = "it is not JSON that can be read"


def read_json(stream: Stream, ledger: Ledger, bounds: Bounds, domain: str | None) -> Iterator[Sender]:
    """Yield the sender of each row.

    Args:
        domain: what the senders of a table without senders send from.

    Raises:
        BrokenFileError: it is not JSON, too large, or has no rows.
    """
    text = stream.whole(bounds.held).removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    ledger.begin(KIND)
    rows = 0
    for value in _values(text, ledger):
        for row in _rows(value, 0):
            rows += 1
            place = f"row {rows:,}"
            try:
                yield _of_record(row, ledger, place) if _is_record(row) else _sender(row, domain)
            except UnusableError as error:
                ledger.skip(error.reason, error.example, place)
    if not rows:
        raise BrokenFileError(f"JSON without a list of senders: {EXPECTED}")


def _values(text: str, ledger: Ledger) -> Iterator[object]:
    """Yield the value of a document, or of each line (JSON Lines)."""
    try:
        values = [json.loads(text)]
    except RecursionError:
        raise BrokenFileError("the JSON is nested too deep") from None
    except ValueError:
        yield from _lines(text, ledger)
    else:
        yield from values


def _lines(text: str, ledger: Ledger) -> Iterator[object]:
    """Yield the value of each line (JSON Lines). Raises BrokenFileError."""
    lines = text.split("\n")
    if not _is_value(lines[0]):
        raise BrokenFileError(_NOT_JSON, lines[0].strip())
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            ledger.skip(_NOT_JSON, line, f"line {number:,}")
        else:
            yield value


def _is_value(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _rows(value: object, depth: int) -> Iterator[Mapping[str, object]]:
    """Yield the objects that name an address, however deep they are."""
    if depth > _MOST_DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            yield from _rows(item, depth + 1)
    elif isinstance(value, dict):
        if _is_record(value) or columns_of(tuple([simple(name) for name in value])) is not None:
            yield value
            return
        for item in value.values():
            yield from _rows(item, depth + 1)


def _is_record(value: Mapping[str, object]) -> bool:
    """Whether this is a record of parsedmarc, of an aggregate report or a failure report."""
    source = value.get("source")
    return isinstance(source, dict) and "ip_address" in source


def _sender(row: Mapping[str, object], domain: str | None) -> Sender:
    """Return the sender of an object. Raises UnusableError."""
    names = list(row)
    columns = columns_of(tuple(map(simple, names)))
    assert columns is not None, "`_rows` yields only objects that name an address"
    cells = {
        column: next((text for text in [_text(row[names[at]]) for at in places] if text), "")
        for column, places in columns.at.items()
    }
    return sender_of_cells(cells, None, domain if "sender" not in columns.at else None)


def _of_record(record: Mapping[str, object], ledger: Ledger, place: str) -> Sender:
    """Return the sender of a record of parsedmarc, which has what a DMARC report has.

    Raises:
        UnusableError: it names no domain that SPF was checked for.
    """
    source, identifiers = _object(record, "source"), _object(record, "identifiers")
    results = _object(record, "auth_results")
    spf = tuple([(_text(item.get("domain")), _text(item.get("scope")).lower(), _text(item.get("result")))
                 for item in _objects(results.get("spf"))])  # fmt: skip
    dkim = tuple([(_text(item.get("domain")), _text(item.get("result"))) for item in _objects(results.get("dkim"))])
    envelope_from = _text(identifiers.get("envelope_from")) or _text(record.get("original_mail_from")) or None
    if envelope_from is not None and spf and spf[-1][1] == "helo" and fold(spf[-1][0]) == fold(envelope_from):
        envelope_from = None  # parsedmarc takes the last domain, if there is no envelope_from
    evaluated = _object(record, "policy_evaluated")
    reasons = [_text(item.get("type")).lower() for item in _objects(evaluated.get("policy_override_reasons"))]
    facts = facts_of(
        envelope_from, _text(identifiers.get("header_from")) or None, spf, dkim, _aligned(record, "spf"),
        _aligned(record, "dkim"), next((reason for reason in reasons if reason in FORWARDING), None),
    )  # fmt: skip
    for reason, example in facts.lost:
        ledger.repair(reason, example, place)
    count, name = _text(record.get("count")), _text(source.get("name"))
    label = name if name.isprintable() and len(name) <= MAX_LABEL else None
    return make_sender(
        _text(source.get("ip_address")), facts.sender, facts.helo, count_of(count) if count else 1,
        label or None, facts.reported, facts.header_from, facts.dmarc_spf, facts.dmarc_dkim,
        facts.override,
    )  # fmt: skip


def _aligned(record: Mapping[str, object], method: str) -> str | None:
    """Return what policy_evaluated says of a method, or else whether parsedmarc found it aligned."""
    word = _text(_object(record, "policy_evaluated").get(method))
    is_aligned = _object(record, "alignment").get(method)
    if word or not isinstance(is_aligned, bool):
        return word or None
    return "pass" if is_aligned else "fail"


def _objects(value: object) -> list[Mapping[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _object(value: Mapping[str, object], key: str) -> Mapping[str, object]:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}


def _text(value: object) -> str:
    """Return a text or a number as text; "" for anything else."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63 else ""
