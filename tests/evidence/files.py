"""Files for the readers of evidence: those in `samples/`, and reports and messages made up on the spot."""

import base64
import gzip
import io
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from spfengine.evidence.evidence import Evidence
from spfengine.evidence.reading import read_evidence
from spfengine.senders import Sender

SAMPLES = Path(__file__).parent / "samples"
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def read_bytes(folder: Path, content: bytes, name: str = "given", **options: Any) -> Evidence:
    """Read a file with this content."""
    path = folder / name
    path.write_bytes(content)
    return read_evidence(path, **options)


def record(
    ip: str = "192.0.2.1",
    count: object = 1,
    spf: str = "<spf><domain>example.com</domain><result>pass</result></spf>",
    identifiers: str = "<header_from>example.com</header_from>",
    row: str = "",
) -> str:
    """A record of a report, with the given text in it as it is."""
    return (
        f"<record><row><source_ip>{ip}</source_ip><count>{count}</count>{row}</row>"
        f"<identifiers>{identifiers}</identifiers><auth_results>{spf}</auth_results></record>"
    )


def report(*records: str, head: str = '<?xml version="1.0"?>', root: str = "feedback") -> bytes:
    """A report of these records."""
    return f"{head}<{root}><report_metadata/>{''.join(records)}</{root}>".encode()


GOOD = report(record(), record("2001:db8::1", 5))
"""A report of two records, six messages."""


def report_of(senders: Iterable[Sender]) -> bytes:
    """A report with all that a report can say about these senders."""
    records = []
    for sender in senders:
        helo = "" if sender.helo is None else _spf(sender.helo, "helo", "none")
        domain = sender.sender.rpartition("@")[2]
        identifiers = f"<envelope_from>{escape(sender.sender.removeprefix('@'))}</envelope_from>"
        if sender.header_from is not None:
            identifiers += f"<header_from>{escape(sender.header_from)}</header_from>"
        spf = helo + _spf(domain, "mfrom", sender.reported or "whatever")
        reason = "" if sender.override is None else f"<reason><type>{sender.override}</type></reason>"
        words = "".join([f"<{name}>{word}</{name}>" for name, word in
                         (("dkim", sender.dmarc_dkim), ("spf", sender.dmarc_spf)) if word])  # fmt: skip
        evaluated = f"<policy_evaluated>{words}{reason}</policy_evaluated>" if words or reason else ""
        records.append(record(sender.ip, sender.count, spf, identifiers, evaluated))
    return report(*records)


def _spf(domain: str, scope: str, result: str) -> str:
    return f"<spf><domain>{escape(domain)}</domain><scope>{scope}</scope><result>{result}</result></spf>"


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def mailed(content: bytes, type: str = "application/gzip", name: str = "report.xml.gz") -> bytes:
    """A message with this attached, as reporters send it."""
    encoded = base64.encodebytes(content).decode()
    return (
        "Return-Path: <noreply@reporter.example>\r\n"
        "Authentication-Results: mx.example.net; spf=pass (sender IP is 198.51.100.9) "
        "smtp.mailfrom=noreply@reporter.example\r\n"
        "From: noreply@reporter.example\r\nSubject: Report domain: example.com\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed;\r\n boundary="=_outer"\r\n\r\n'
        "preamble\r\n--=_outer\r\nContent-Type: multipart/alternative; boundary=inner\r\n\r\n"
        "--inner\r\nContent-Type: text/plain\r\n\r\nThis is a report.\r\n--inner--\r\n"
        f'--=_outer\r\nContent-Type: {type}; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n'
        f'Content-Disposition: attachment;\r\n filename="{name}"\r\n\r\n{encoded}\r\n--=_outer--\r\nepilogue\r\n'
    ).encode()


def of(evidence: Evidence) -> list[tuple[object, ...]]:
    """What of the senders most tests look at: (ip, sender, helo, count, reported)."""
    return [(item.ip, item.sender, item.helo, item.count, item.reported) for item in evidence.senders]


def faults(evidence: Evidence) -> list[str]:
    """What could not be read, without the file's name."""
    return [str(item).replace(item.source, "FILE") for item in evidence.unread]


def repairs(evidence: Evidence) -> list[str]:
    """What was read after a repair or without a field, without the file's name."""
    return [str(item).replace(item.source, "FILE") for item in evidence.repaired]


def held(read: Callable[[], object]) -> int:
    """How many octets were held at once, at most."""
    tracemalloc.start()
    try:
        read()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
