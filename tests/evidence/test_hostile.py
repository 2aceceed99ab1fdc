"""Files made to do harm: each ends in a clear word on what could not be read, in bounded memory, and raises nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from spfengine.evidence.bounds import DEFAULT_BOUNDS, Bounds
from spfengine.evidence.evidence import Evidence
from spfengine.evidence.kinds import sniff
from spfengine.evidence.ledger import Ledger
from spfengine.evidence.reading import read_evidence
from spfengine.evidence.reports import read_report
from spfengine.evidence.streams import lines
from tests.counting import cpu_seconds_at_most
from tests.evidence.files import (
    EXAMPLES,
    GOOD,
    SAMPLES,
    faults,
    gzipped,
    held,
    mailed,
    read_bytes,
    zipped,
)
from tests.examples import mostly_full

LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE feedback [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(12))
    + b"]><feedback><record><row><source_ip>&m;</source_ip></row></record></feedback>"
)
EXTERNAL = (
    b'<!DOCTYPE feedback [<!ENTITY file SYSTEM "file:///etc/passwd">]>'
    b"<feedback><record><row><source_ip>&file;</source_ip></row></record></feedback>"
)

DOCTYPE = "it has a DOCTYPE, which reports don't have, so the rest is not read"

XML = {
    "an XML bomb": (LAUGHS, f"FILE, line 1: {DOCTYPE}"),
    "an external entity": (EXTERNAL, f"FILE, line 1: {DOCTYPE}"),
    "an external DTD": (b'<!DOCTYPE feedback SYSTEM "http://x.example/x.dtd">' + GOOD[21:], f"FILE, line 1: {DOCTYPE}"),
    "a DOCTYPE in UTF-16": (EXTERNAL.decode().encode("utf-16"), f"FILE, line 1: {DOCTYPE}"),
    "deep nesting": (
        b"<feedback>" + b"<a>" * 100_000,
        "FILE, line 1: elements are nested more than 32 deep",
    ),
    "another document": (
        b"<html><body/></html>",
        "FILE: XML, but not a DMARC aggregate report: its root is not feedback: '<html>'",
    ),
    "a long name": (
        b"<?xml version='1.0'?><" + b"x" * 500 + b"/>",
        "FILE: XML, but not a DMARC aggregate report: its root is not feedback: '<" + "x" * 79 + "…'",
    ),
    "the end is missing": (GOOD[:-40], "FILE, line 1: the XML ends in the middle"),
    "a huge tag": (
        b"<feedback " + b"a='" + b"x" * (3 << 20) + b"'>",
        "FILE, line 1: a tag or comment is too long",
    ),
    "a huge comment": (
        GOOD[:-11] + b"<!--" + b"x" * (3 << 20) + b"--></feedback>",
        "FILE, line 1: a tag or comment is too long",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", XML)
def test_hostile_xml(tmp_path: Path, case: str) -> None:
    text, reported = XML[case]
    evidence = read_bytes(tmp_path, text)
    assert faults(evidence) == [reported]
    for sender in evidence.senders:
        assert sender.ip in ("192.0.2.1", "2001:db8::1")


def test_what_stood_before_the_fault_is_kept(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, XML["the end is missing"][0]).messages == 1
    assert read_bytes(tmp_path, XML["a huge comment"][0]).messages == 6


@pytest.mark.parametrize("text", [LAUGHS, EXTERNAL])
@pytest.mark.parametrize("pack", [gzipped, lambda text: zipped({"a.xml": text}), lambda text: mailed(gzipped(text))])
def test_a_doctype_is_refused_however_it_arrives(tmp_path: Path, text: bytes, pack: Callable[[bytes], bytes]) -> None:
    evidence = read_bytes(tmp_path, pack(text))
    assert DOCTYPE in str(evidence.unread[0])
    assert [item for item in evidence.senders if "reporter" not in item.sender] == []


def repeated(piece: bytes, times: int, before: bytes = b"", after: bytes = b"") -> Iterator[bytes]:
    yield before
    for _ in range(times):
        yield piece
    yield after


@pytest.mark.full
def test_a_huge_text_is_not_held() -> None:
    text = repeated(
        b"x" * 65536, 1600, b"<feedback><record><row><source_ip>", b"</source_ip></row></record></feedback>"
    )
    ledger = Ledger()
    assert held(lambda: list(read_report(text, ledger, DEFAULT_BOUNDS))) < 1 << 20
    assert [item.reason for item in ledger.unread] == ["source_ip can't be used: it has more than 1,024 characters"]


@pytest.mark.full
def test_a_line_of_a_gigabyte_is_not_held() -> None:
    """The line comes from nowhere, so that the test needs no such file; it is read as one from a file is."""
    text = repeated(b"x" * (1 << 20), 1024, b"one\n", b"\nthree")
    result: list[tuple[int, bytes | None]] = []
    assert held(lambda: result.extend(lines(text, DEFAULT_BOUNDS.line))) < 16 << 20
    assert result == [(1, b"one"), (2, None), (3, b"three")]


@pytest.mark.parametrize(
    ("start", "kind"),
    mostly_full(
        [
            (b"192.0.2.1,a@example.com\n", "csv"),
            (b"Aug  3 10:15:01 mx postfix/smtpd[1]: A1B2C3: client=x[192.0.2.1]\n", "log"),
            (b"Subject: x\nX: ", "message"),
            (b"Subject: x\n\n", "message"),
            (b"From x\nSubject: x\n\n", "message"),
            (b"", "nothing"),
        ],
        2,
    ),
)
def test_a_file_with_one_huge_line(tmp_path: Path, start: bytes, kind: str) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.write(start)
        for _ in range(64):
            file.write(b"x" * (1 << 20))
    result: list[Evidence] = []
    assert held(lambda: result.append(read_evidence(path))) < 8 << 20
    [evidence] = result
    assert evidence.skipped > 0
    assert evidence.left_out == 0


def test_an_attachment_larger_than_what_is_held(tmp_path: Path) -> None:
    message = mailed(b"<feedback>" + b" " * 100_000, "text/xml", "\x1b[2J.xml")
    evidence = read_bytes(tmp_path, message, bounds=Bounds(held=10_000))
    [fault] = faults(evidence)
    assert fault == "FILE: an attachment is larger than what is held in memory: '\\x1b[2J.xml'"


@pytest.mark.parametrize(
    "header", [b"X: y\n" * 5000, b"X: " + b"y " * 30_000 + b"\n" + (b" " + b"z" * 60_000 + b"\n") * 30]
)
def test_a_header_section_without_end(tmp_path: Path, header: bytes) -> None:
    assert faults(read_bytes(tmp_path, header + b"\nHello")) == ["FILE: its header section is too long"]


def test_multiparts_in_multiparts_without_end(tmp_path: Path) -> None:
    rows = ["Subject: x"]
    for number in range(2000):
        rows += [f"Content-Type: multipart/mixed; boundary=b{number}", "", f"--b{number}"]
    rows += ["", *["--x"] * 100_000]
    with cpu_seconds_at_most(50):
        evidence = read_bytes(tmp_path, "\n".join(rows).encode())
    assert len(evidence.unread) == 1


def test_a_boundary_that_is_everywhere(tmp_path: Path) -> None:
    rows = ["Content-Type: multipart/mixed; boundary=b", "", *["--b", "--b--"] * 50_000]
    with cpu_seconds_at_most(100):
        assert read_bytes(tmp_path, "\n".join(rows).encode()).senders == ()


def test_what_nobody_knows(tmp_path: Path) -> None:
    reported = (
        "not a DMARC report, message, mail log or table of senders (columns ip,sender,helo,count,label); "
        "of a message, use Download original (.eml)"
    )
    for content, fault in {
        b"\x7fELF\x02\x01": f"FILE: {reported}: '\\x7fELF\\x02\\x01'",
        b"Hello, world": f"FILE: {reported}: 'Hello, world'",
        b"\x1b[2J": f"FILE: {reported}: '\\x1b[2J'",
        b"": "FILE: it is empty",
        b" \r\n\t": "FILE: it is empty",
        b"BZh91AY": "FILE: it is packed by bzip2; unpack it first",
        b"\xfd7zXZ\0": "FILE: it is packed by xz; unpack it first",
        b"\x28\xb5\x2f\xfd": "FILE: it is packed by zstd; unpack it first",
    }.items():
        evidence = read_bytes(tmp_path, content)
        assert evidence.senders == ()
        assert [item.partition(": '")[0] for item in faults(evidence)] == [fault.partition(": '")[0]]
        assert all(item.isprintable() for item in faults(evidence))


def test_the_summary_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    for number in range(1100):
        (tmp_path / "many" / f"{number:05}").write_bytes(b"?")
    evidence = read_evidence(tmp_path)
    assert len(evidence.unread) == 1000
    assert evidence.skipped == 1100


SEEDS = [path.read_bytes() for path in [*sorted(SAMPLES.iterdir()), EXAMPLES / "seed-message.eml"]]
SEEDS += [gzipped(GOOD), zipped({"a.xml": GOOD}), mailed(gzipped(GOOD))]


def _is_sound(evidence: Evidence) -> None:
    for sender in evidence.senders:
        assert all(str(getattr(sender, name)).isprintable() for name in sender.fields)
        assert sender.count > 0
    for item in evidence.unread:
        assert str(item).isprintable()
    assert all(name.isprintable() for name, _ in evidence.receivers)
    assert evidence.messages == sum(sender.count for sender in evidence.senders)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(content=st.binary(max_size=300))
@example(content=b"PK\x05\x06")
@example(content=b"From \n")
def test_no_octets_raise_anything(tmp_path: Path, content: bytes) -> None:
    sniff(content)
    for start in (b"", b"<feedback>", b"PK\x03\x04", b"\x1f\x8b\x08", b"192.0.2.1,", b"From x\n", b"Aug  3 10:15:01 "):
        _is_sound(read_bytes(tmp_path, start + content))


@pytest.mark.parametrize(
    "line",
    mostly_full(
        [
            "2026-08-03 10:15:41 1wZq7K-000123-2f <= a@b.example" + " H=(" * 15_000,
            "2026-08-03 10:15:41" + " 1wZq7K-000123-2f <=" * 3_000,
            '2026-08-03 10:15:41 1wZq7K-000123-2f <= "' + '\\"' * 30_000,
            "Aug  3 10:15:01 mx" + " policyd-spf: " * 4_500,
            "Aug  3 10:15:01 mx" + " postfix/" + "a" * 60_000,
            "Aug  3 10:15:01 mx" + " postfix/a/b" * 5_000,
            "Aug  3 10:15:01 mx postfix/smtpd[1]: AAAAA1: client=" + "x[" * 30_000,
            "Aug  3 10:15:01 mx postfix/smtpd[1]: AAAAA1: client=x[127.0.0.1]" + ", orig_client=" * 4_000,
            'Aug  3 10:15:01 mx postfix/qmgr[1]: AAAAA1: from=<"' + '\\"' * 30_000,
            "192.0.2.1," + "a." * 30_000,
            "192.0.2.1" + ',"' * 30_000,
            "Received: from x " + "(HELO " * 10_000 + " by y",
            "Received: from x " + "[1" * 10_000 + " by y",
            "Received: from x" + " by " * 10_000,
            "From: " + "(" * 60_000,
            "Content-Type: multipart/mixed" + "; boundary" * 6_000,
            "Received-SPF: pass (" + "domain of a" * 5_000,
        ],
        5,
    ),
    ids=lambda line: line[:40] + line[-12:],
)
def test_lines_made_to_be_slow(tmp_path: Path, line: str) -> None:
    start = "Return-Path: <a@b.example>\n" if ":" in line[:16] and line[0] > "9" and "Aug" not in line else ""
    with cpu_seconds_at_most(50):
        read_bytes(tmp_path, f"{start}{(line + chr(10)) * 15}".encode())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.sampled_from(SEEDS), st.data())
def test_no_damage_to_a_file_raises_anything(tmp_path: Path, seed: bytes, data: st.DataObject) -> None:
    content = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=20))
    _is_sound(read_bytes(tmp_path, bytes(content)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    name=st.text(st.sampled_from("\0/\\.a\x1b\xff"), min_size=1, max_size=8),
    at=st.integers(0, 200),
    damage=st.binary(max_size=4),
    pack=st.sampled_from([zipped, lambda members: gzipped(*members.values())]),
)
def test_a_damaged_archive_costs_no_other_file(
    tmp_path: Path, name: str, at: int, damage: bytes, pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    """The directory of an archive is damaged, and the names in it are odd; the file next to it is read."""
    octets = name.encode("latin-1")
    packed = bytearray(pack({"X" * len(octets): GOOD}).replace(b"X" * len(octets), octets))
    end = len(packed) - at
    packed[max(end, 0) : max(end, 0) + len(damage)] = damage
    (tmp_path / "a").write_bytes(packed)
    (tmp_path / "b").write_bytes(GOOD)
    evidence = read_evidence(tmp_path)
    _is_sound(evidence)
    assert evidence.messages >= 6
