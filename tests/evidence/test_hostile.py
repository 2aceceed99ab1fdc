"""Files made to do harm: each ends in a clear word on what could not be read, in bounded memory, and raises nothing."""

import gzip
import io
import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from spfengine.evidence.bounds import CHUNK, DEFAULT_BOUNDS, Bounds
from spfengine.evidence.evidence import Evidence
from spfengine.evidence.kinds import tell
from spfengine.evidence.ledger import Broken, Ledger
from spfengine.evidence.reading import read_evidence
from spfengine.evidence.reports import read_report
from spfengine.evidence.streams import gunzip, lines
from tests.evidence.files import (
    EXAMPLES,
    GOOD,
    SAMPLES,
    faults,
    gzipped,
    mailed,
    read_bytes,
    record,
    report,
    zipped,
)

LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE feedback [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(12))
    + b"]><feedback><record><row><source_ip>&m;</source_ip></row></record></feedback>"
)
EXTERNAL = (
    b'<!DOCTYPE feedback [<!ENTITY file SYSTEM "file:///etc/passwd">]>'
    b"<feedback><record><row><source_ip>&file;</source_ip></row></record></feedback>"
)
DOCTYPE = "it has a DOCTYPE, which no report has; it is not read further"

XML = {
    "an XML bomb": (LAUGHS, f"FILE, line 1: {DOCTYPE}"),
    "an external entity": (EXTERNAL, f"FILE, line 1: {DOCTYPE}"),
    "an external DTD": (b'<!DOCTYPE feedback SYSTEM "http://x.example/x.dtd">' + GOOD[21:], f"FILE, line 1: {DOCTYPE}"),
    "a DOCTYPE in UTF-16": (EXTERNAL.decode().encode("utf-16"), f"FILE, line 1: {DOCTYPE}"),
    "an entity that nothing defines": (
        report(record("&file;")),
        "FILE, line 1: the XML is broken: undefined entity",
    ),
    "deep nesting": (
        b"<feedback>" + b"<a>" * 100_000,
        "FILE, line 1: elements stand in each other more than 32 deep",
    ),
    "another document": (
        b"<html><body/></html>",
        "FILE: it is XML, but no DMARC aggregate report: its root is no feedback: '<html>'",
    ),
    "a long name": (
        b"<?xml version='1.0'?><" + b"x" * 500 + b"/>",
        "FILE: it is XML, but no DMARC aggregate report: its root is no feedback: '<" + "x" * 79 + "…'",
    ),
    "the end is missing": (GOOD[:-40], "FILE, line 1: the XML is broken: unclosed token"),
    "junk at its end": (GOOD + b"<more/>", "FILE, line 1: the XML is broken: junk after document element"),
    "a control character": (
        report(record("192.0.2.1\x1b[2J")),
        "FILE, line 1: the XML is broken: not well-formed (invalid token)",
    ),
    "octets that are no UTF-8": (
        report(record("#")).replace(b"#", b"\xff\xfe"),
        "FILE, line 1: the XML is broken: not well-formed (invalid token)",
    ),
    "an encoding that there is not": (
        report(record(), head='<?xml version="1.0" encoding="x-none"?>'),
        "FILE, line 1: the XML has an encoding that is not read",
    ),
    "an encoding of several octets": (
        report(record(), head='<?xml version="1.0" encoding="shift_jis"?>'),
        "FILE, line 1: the XML has an encoding that is not read",
    ),
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
    text, told = XML[case]
    evidence = read_bytes(tmp_path, text)
    assert faults(evidence) == [told]
    for sender in evidence.senders:
        assert sender.ip in ("192.0.2.1", "2001:db8::1")


def test_what_stood_before_the_fault_is_kept(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, XML["the end is missing"][0]).messages == 1
    assert read_bytes(tmp_path, XML["junk at its end"][0]).messages == 6
    assert read_bytes(tmp_path, XML["a huge comment"][0]).messages == 6


@pytest.mark.parametrize("text", [LAUGHS, EXTERNAL])
@pytest.mark.parametrize("pack", [gzipped, lambda text: zipped({"a.xml": text}), lambda text: mailed(gzipped(text))])
def test_a_doctype_is_refused_however_it_arrives(tmp_path: Path, text: bytes, pack: Callable[[bytes], bytes]) -> None:
    evidence = read_bytes(tmp_path, pack(text))
    assert DOCTYPE in str(evidence.unread[0])
    assert [each for each in evidence.senders if "reporter" not in each.sender] == []


def held(read: Callable[[], object]) -> int:
    """How many octets were held at once, at most."""
    tracemalloc.start()
    try:
        read()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def repeated(piece: bytes, times: int, before: bytes = b"", after: bytes = b"") -> Iterator[bytes]:
    yield before
    for _ in range(times):
        yield piece
    yield after


def test_a_huge_text_is_not_held() -> None:
    text = repeated(
        b"x" * 65536, 1600, b"<feedback><record><row><source_ip>", b"</source_ip></row></record></feedback>"
    )
    ledger = Ledger()
    assert held(lambda: list(read_report(text, ledger, DEFAULT_BOUNDS))) < 1 << 20
    assert [each.reason for each in ledger.unread] == ["source_ip has more than 1,024 characters"]


def test_a_line_of_a_gigabyte_is_not_held() -> None:
    """The line comes from nowhere, so that the test needs no such file; it is read as one from a file is."""
    text = repeated(b"x" * (1 << 20), 1024, b"one\n", b"\nthree")
    found: list[tuple[int, bytes | None]] = []
    assert held(lambda: found.extend(lines(text, DEFAULT_BOUNDS.line))) < 16 << 20
    assert found == [(1, b"one"), (2, None), (3, b"three")]


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"192.0.2.1,a@example.com\n", "csv"),
        (b"Aug  3 10:15:01 mx postfix/smtpd[1]: A1B2C3: client=x[192.0.2.1]\n", "log"),
        (b"Subject: x\nX: ", "message"),
        (b"Subject: x\n\n", "message"),
        (b"From x\nSubject: x\n\n", "message"),
        (b"", "nothing"),
    ],
)
def test_a_file_with_one_huge_line(tmp_path: Path, start: bytes, kind: str) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.write(start)
        for _ in range(64):
            file.write(b"x" * (1 << 20))
    found: list[Evidence] = []
    assert held(lambda: found.append(read_evidence(path))) < 8 << 20
    [evidence] = found
    assert evidence.skipped > 0
    assert evidence.left_out == 0


def test_a_gzip_bomb(tmp_path: Path) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = (
        packer.compress(b"<feedback>")
        + b"".join(packer.compress(b" " * (1 << 20)) for _ in range(300))
        + packer.flush()
    )
    assert len(bomb) < 1 << 20
    begun = time.monotonic()
    found: list[Evidence] = []
    assert held(lambda: found.append(read_bytes(tmp_path, bomb))) < 8 << 20
    assert time.monotonic() - begun < 20
    assert faults(found[0]) == ["FILE: it unpacks to more than 400 times its size: a bomb"]


def test_more_than_may_be_unpacked(tmp_path: Path) -> None:
    records = [record(f"2001:db8::{n:x}") for n in range(1000)]
    small = Bounds(unpacked=100_000)
    for pack in (gzipped, lambda text: zipped({"a": text[:100_000], "b": text[100_000:]})):
        evidence = read_bytes(tmp_path, pack(report(*records)), bounds=small)
        assert any("it unpacks to more than 0 MiB" in fault for fault in faults(evidence))
        assert 200 < len(evidence.senders) < 600


def test_gzip_that_ends_early_or_is_damaged(tmp_path: Path) -> None:
    records = [record(f"2001:db8::{n:x}", n + 1) for n in range(3000)]
    packed = gzipped(report(*records))
    evidence = read_bytes(tmp_path, packed[:-2000])
    assert 1000 < len(evidence.senders) < 3000
    assert faults(evidence) == ["FILE: the gzip data ends in the middle"]
    damaged = packed[: len(packed) // 2] + b"\xff" * 50 + packed[len(packed) // 2 + 50 :]
    evidence = read_bytes(tmp_path, damaged)
    assert len(evidence.unread) == 1
    assert faults(read_bytes(tmp_path, gzipped(GOOD)[:30])) == ["FILE: the gzip data ends in the middle"]
    assert faults(read_bytes(tmp_path, b"\x1f\x8bnothing")) == ["FILE: the gzip data is damaged"]


def test_gzip_members_and_what_follows_them(tmp_path: Path) -> None:
    halves = gzipped(GOOD[:50]) + gzipped(GOOD[50:])
    assert read_bytes(tmp_path, halves + b"\0" * 512).messages == 6
    assert read_bytes(tmp_path, halves).unread == ()
    evidence = read_bytes(tmp_path, halves + b"junk")
    assert (evidence.messages, faults(evidence)) == (6, ["FILE: the gzip data is damaged"])


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, CHUNK + 200, 5 * CHUNK + 257, 9 * CHUNK])
def test_what_is_unpacked_is_what_was_packed(size: int) -> None:
    """Also where a repetition goes over the end of a piece, so that some of it comes only with the next one."""
    for content in (b"a" * size, bytes(n * n % 251 for n in range(size))):
        packed = gzipped(content)
        for cut in (7, 1000, len(packed)):
            pieces = [packed[at : at + cut] for at in range(0, len(packed), cut)]
            assert b"".join(gunzip(pieces, DEFAULT_BOUNDS)) == content


def test_a_file_in_thousands_of_gzip_members(tmp_path: Path) -> None:
    content = b"ip,sender\n" + b"192.0.2.1,a@example.com\n" * 2000
    packed = b"".join(gzipped(content[at : at + 1]) for at in range(len(content)))
    begun = time.monotonic()
    assert read_bytes(tmp_path, packed).messages == 2000
    assert time.monotonic() - begun < 10


def test_gzip_members_without_end() -> None:
    many = [gzipped(b"") * 1000] * 300
    with pytest.raises(Broken, match="more than 200,000 gzip members"):
        list(gunzip(many, DEFAULT_BOUNDS))


def test_archives_in_archives_are_not_read(tmp_path: Path) -> None:
    told = "an archive in an archive is not read"
    inner = zipped({"a.xml": GOOD})
    assert faults(read_bytes(tmp_path, zipped({"b.zip": inner}))) == [f"FILE (b.zip): {told}"]
    assert faults(read_bytes(tmp_path, zipped({"b.gz": gzipped(GOOD)}))) == [f"FILE (b.gz): {told}"]
    assert faults(read_bytes(tmp_path, gzipped(gzipped(GOOD)))) == [f"FILE: {told}"]
    assert faults(read_bytes(tmp_path, gzipped(inner))) == [f"FILE: {told}"]


def test_names_of_members_are_only_shown(tmp_path: Path) -> None:
    names = [
        "../../../../tmp/owned.xml",
        "/etc/cron.d/owned",
        "C:\\owned.xml",
        "\x1b]0;owned\x07.xml",
        "a" * 5000,
        "con",
    ]
    inside = tmp_path / "inside"
    inside.mkdir()
    evidence = read_bytes(inside, zipped(dict.fromkeys(names, b"\x00nothing") | {"folder/": b"", "good.xml": GOOD}))
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["given"]
    assert evidence.messages == 6
    assert evidence.aside == (("folders in archives", 1),)
    assert len(evidence.unread) == len(names)
    for each in evidence.unread:
        assert str(each).isprintable()
        assert len(str(each)) < 500


def entries(count: int) -> bytes:
    """An archive whose directory has so many entries, all of them for the one member that there is."""
    one = zipped({"a": b""})
    at = one.index(b"PK\x01\x02")
    end = one.index(b"PK\x05\x06")
    directory = one[at:end] * count
    return (
        one[:at]
        + directory
        + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count & 0xFFFF, count & 0xFFFF, len(directory), at, 0)
    )


def test_archives_with_too_much_in_them(tmp_path: Path) -> None:
    told = "FILE: the zip archive has more than 10,000 members"
    assert faults(read_bytes(tmp_path, entries(15_000))) == [told]
    assert held(lambda: faults(read_bytes(tmp_path, entries(200_000)))) < 32 << 20
    assert faults(read_bytes(tmp_path, entries(200_000))) == [told]


def test_members_that_overlap_are_counted_each(tmp_path: Path) -> None:
    """The way of a bomb without nesting: many names for the same packed octets."""
    one = zipped({"a": b"\0" * (4 << 20)})
    at, end = one.index(b"PK\x01\x02"), one.index(b"PK\x05\x06")
    directory = one[at:end] * 100
    bomb = one[:at] + directory + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 100, 100, len(directory), at, 0)
    begun = time.monotonic()
    evidence = read_bytes(tmp_path, bomb)
    assert evidence.senders == ()
    assert evidence.skipped == 100
    assert time.monotonic() - begun < 10


def _patched(archive: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    at = archive.index(signature) + offset
    return archive[:at] + value + archive[at + len(value) :]


def test_archives_that_are_odd_or_damaged(tmp_path: Path) -> None:
    good = zipped({"a.xml": GOOD})
    cases = {
        "FILE: the zip archive has no directory: it ends early, or is damaged": good[:60],
        "FILE (a.xml): it is encrypted": _patched(good, b"PK\x01\x02", 8, b"\x01\x00"),
        "FILE (a.xml): it is packed by method 14; only stored and deflated members are read": (
            zipped({"a.xml": GOOD}, zipfile.ZIP_LZMA)
        ),
        "FILE (a.xml): it is packed by method 99; only stored and deflated members are read": (
            _patched(good, b"PK\x01\x02", 10, b"\x63\x00")
        ),
        "FILE (a.xml): the member of the zip archive is damaged, or ends in the middle": (
            _patched(good, b"PK\x01\x02", 16, b"\x00\x00\x00\x00")
        ),
        "FILE: the zip archive has the form for archives over 4 GiB (zip64), which is not read": (
            good[: good.index(b"PK\x05\x06")] + b"PK\x06\x07" + b"\0" * 16 + good[good.index(b"PK\x05\x06") :]
        ),
        "FILE: the zip archive is damaged": _patched(good, b"PK\x01\x02", 3, b"\x03"),
    }
    for told, content in cases.items():
        assert faults(read_bytes(tmp_path, content)) == [told]
    assert read_bytes(tmp_path, good + b"\0" * 0).messages == 6
    commented = io.BytesIO(good)
    with zipfile.ZipFile(commented, "a") as archive:
        archive.comment = b"made by hand, PK\x05\x06"[:16]
    assert read_bytes(tmp_path, commented.getvalue()).messages == 6


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
    rows += ["x"] * 100_000
    begun = time.monotonic()
    evidence = read_bytes(tmp_path, "\n".join(rows).encode())
    assert len(evidence.unread) == 1
    assert time.monotonic() - begun < 5


def test_a_boundary_that_stands_everywhere(tmp_path: Path) -> None:
    rows = ["Content-Type: multipart/mixed; boundary=b", "", *["--b", "--b--"] * 50_000]
    begun = time.monotonic()
    assert read_bytes(tmp_path, "\n".join(rows).encode()).senders == ()
    assert time.monotonic() - begun < 10


def test_what_nobody_knows(tmp_path: Path) -> None:
    told = "it is no DMARC report, message, mail log or table of senders"
    for content, fault in {
        b"\x7fELF\x02\x01": f"FILE: {told}: '\\x7fELF\\x02\\x01'",
        b"Hello, world": f"FILE: {told}: 'Hello, world'",
        b"\x1b[2J": f"FILE: {told}: '\\x1b[2J'",
        b"": "FILE: it is empty",
        b" \r\n\t": "FILE: it is empty",
        "ip,sender\n".encode(
            "utf-16"
        ): f"FILE: {told}: 'ÿþi\\x00p\\x00,\\x00s\\x00e\\x00n\\x00d\\x00e\\x00r\\x00\\x0a\\x00'",
        b"BZh91AY": "FILE: it is packed by bzip2; unpack it first",
        b"\xfd7zXZ\0": "FILE: it is packed by xz; unpack it first",
        b"\x28\xb5\x2f\xfd": "FILE: it is packed by zstd; unpack it first",
    }.items():
        evidence = read_bytes(tmp_path, content)
        assert evidence.senders == ()
        assert [each.partition(": '")[0] for each in faults(evidence)] == [fault.partition(": '")[0]]
        assert all(each.isprintable() for each in faults(evidence))


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
    for each in evidence.unread:
        assert str(each).isprintable()
    assert all(name.isprintable() for name, _ in evidence.receivers)
    assert evidence.messages == sum(sender.count for sender in evidence.senders)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
@example(content=b"PK\x05\x06")
@example(content=b"From \n")
def test_no_octets_raise_anything(tmp_path: Path, content: bytes) -> None:
    tell(content)
    for start in (b"", b"<feedback>", b"PK\x03\x04", b"\x1f\x8b\x08", b"192.0.2.1,", b"From x\n", b"Aug  3 10:15:01 "):
        _is_sound(read_bytes(tmp_path, start + content))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(SEEDS), st.data())
def test_no_damage_to_a_file_raises_anything(tmp_path: Path, seed: bytes, data: st.DataObject) -> None:
    content = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=20))
    _is_sound(read_bytes(tmp_path, bytes(content)))


def test_gzip_of_the_library_is_read(tmp_path: Path) -> None:
    """With a name in its header, as the program gzip writes it."""
    file = io.BytesIO()
    with gzip.GzipFile("../../etc/passwd", "wb", fileobj=file) as packed:
        packed.write(GOOD)
    assert read_bytes(tmp_path, file.getvalue()).messages == 6
