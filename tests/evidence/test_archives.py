"""Packed files: gzip and zip that end early, are damaged, hold too much, or were made to do harm."""

import gzip
import io
import struct
import zipfile
import zlib
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from spfengine.evidence import streams
from spfengine.evidence.bounds import CHUNK, DEFAULT_BOUNDS, Bounds
from spfengine.evidence.evidence import Evidence
from spfengine.evidence.ledger import BrokenFileError, Ledger
from spfengine.evidence.reading import read_evidence
from spfengine.evidence.streams import Unpacked, gunzip
from tests.counting import cpu_seconds_at_most
from tests.evidence.files import GOOD, faults, gzipped, held, read_bytes, record, repairs, report, zipped


def test_a_gzip_bomb(tmp_path: Path) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = (
        packer.compress(b"<feedback>")
        + b"".join(packer.compress(b" " * (1 << 20)) for _ in range(130))
        + packer.flush()
    )
    assert len(bomb) < 1 << 19
    found: list[Evidence] = []
    with cpu_seconds_at_most(200):
        assert held(lambda: found.append(read_bytes(tmp_path, bomb))) < 8 << 20
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
    whole = read_bytes(tmp_path, packed).senders
    evidence = read_bytes(tmp_path, packed[:-2000])
    assert 1000 < len(evidence.senders) < 3000
    assert faults(evidence) == ["FILE: the gzip data ends in the middle"]
    damaged = packed[: len(packed) // 2] + b"\xff" * 50 + packed[len(packed) // 2 + 50 :]
    evidence = read_bytes(tmp_path, damaged)
    assert 1000 < len(evidence.senders) < 1600
    assert {(item.ip, item.count) for item in evidence.senders} <= {(item.ip, item.count) for item in whole}
    assert "the XML is broken" in faults(evidence)[-1]
    assert faults(read_bytes(tmp_path, gzipped(GOOD)[:30])) == ["FILE: the gzip data ends in the middle"]
    assert faults(read_bytes(tmp_path, b"\x1f\x8bnothing")) == ["FILE: the gzip data is damaged"]


def test_gzip_members_and_what_follows_them(tmp_path: Path) -> None:
    halves = gzipped(GOOD[:50]) + gzipped(GOOD[50:])
    assert read_bytes(tmp_path, halves + b"\0" * 512).messages == 6
    assert read_bytes(tmp_path, halves).unread == ()
    evidence = read_bytes(tmp_path, halves + b"junk")
    assert (evidence.messages, faults(evidence)) == (6, [])
    assert repairs(evidence) == ["FILE: octets after the end of the gzip data are ignored"]


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, CHUNK + 200, 5 * CHUNK + 257, 9 * CHUNK])
def test_what_is_unpacked_is_what_was_packed(size: int) -> None:
    """Also where a repetition goes over the end of a piece, so that some of it comes only with the next one."""
    for content in (b"a" * size, bytes(n * n % 251 for n in range(size))):
        packed = gzipped(content)
        for cut in (7, 1000, len(packed)):
            pieces = [packed[at : at + cut] for at in range(0, len(packed), cut)]
            assert b"".join(gunzip(pieces, Unpacked(DEFAULT_BOUNDS), Ledger())) == content


def test_a_file_in_thousands_of_gzip_members(tmp_path: Path) -> None:
    content = b"ip,sender\n" + b"192.0.2.1,a@example.com\n" * 2000
    packed = b"".join(gzipped(content[at : at + 1]) for at in range(len(content)))
    with cpu_seconds_at_most(100):
        assert read_bytes(tmp_path, packed).messages == 2000


def test_small_gzip_members_are_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parser may scan what is unfinished again with each piece, so twice the members must not be twice the pieces."""

    def pieces(members: int, end: bytes = b"") -> list[int]:
        found = []
        with suppress(BrokenFileError):
            for piece in gunzip([gzipped(b"x") * members + end], Unpacked(DEFAULT_BOUNDS), Ledger()):
                found.append(len(piece))  # noqa: PERF401 - what was yielded before the fault counts
        return found

    monkeypatch.setattr(streams, "CHUNK", 1000)
    assert pieces(100) == [100]
    assert pieces(2005) == [1000, 1000, 5]
    assert pieces(100, b"junk") == [100]


def test_gzip_members_without_end() -> None:
    many = [gzipped(b"") * 1000] * 300
    with pytest.raises(BrokenFileError, match="more than 200,000 gzip members"):
        list(gunzip(many, Unpacked(DEFAULT_BOUNDS), Ledger()))


def test_archives_in_archives_are_not_read(tmp_path: Path) -> None:
    message = "an archive in an archive is not read"
    inner = zipped({"a.xml": GOOD})
    assert faults(read_bytes(tmp_path, zipped({"b.zip": inner}))) == [f"FILE (b.zip): {message}"]
    assert faults(read_bytes(tmp_path, gzipped(inner))) == [f"FILE: {message}"]
    assert faults(read_bytes(tmp_path, gzipped(gzipped(gzipped(GOOD))))) == [f"FILE: {message}"]
    assert faults(read_bytes(tmp_path, zipped({"b.gz": gzipped(gzipped(GOOD))}))) == [f"FILE (b.gz): {message}"]


def test_what_gzip_packed_twice_is_read(tmp_path: Path) -> None:
    for content in (gzipped(gzipped(GOOD)), zipped({"b.xml.gz": gzipped(GOOD)})):
        evidence = read_bytes(tmp_path, content)
        assert (evidence.messages, evidence.unread, evidence.repaired) == (6, (), ())


def _read_into(found: list[Evidence], folder: Path, content: bytes) -> None:
    found.append(read_bytes(folder, content))


@pytest.mark.full
def test_what_is_packed_twice_may_not_unpack_to_more_than_what_is_packed_once(tmp_path: Path) -> None:
    bomb = gzipped(b"<feedback>" + b" " * (90 << 20))
    found: list[Evidence] = []
    for content in (gzipped(bomb), zipped({"a.gz": bomb})):
        assert held(partial(_read_into, found, tmp_path, content)) < 8 << 20
        assert "it unpacks to more than 400 times its size: a bomb" in faults(found[-1])[0]


@pytest.mark.parametrize("end", [b"\x1f", b"\x1f\x8b", b"\n", b"\x1f\x8b\x08junk that is no member", b"--boundary--"])
def test_octets_after_a_gzip_file_cost_nothing(tmp_path: Path, end: bytes) -> None:
    evidence = read_bytes(tmp_path, gzipped(GOOD) + end)
    assert (evidence.messages, evidence.unread) == (6, ())
    assert repairs(evidence) == ["FILE: octets after the end of the gzip data are ignored"]


def without_first_name(archive: bytes) -> bytes:
    """The archive, whose first member has the name X, with that name taken out of it."""
    local, central = archive.index(b"PK\3\4"), archive.index(b"PK\1\2")
    second = archive.index(b"PK\1\2", central + 4)
    end = archive.index(b"PK\5\6")
    size, at = struct.unpack_from("<LL", archive, end + 12)
    [offset] = struct.unpack_from("<L", archive, second + 42)
    return (
        archive[local : local + 26] + b"\0\0" + archive[local + 28 : local + 30] + archive[local + 31 : central + 28]
        + b"\0\0" + archive[central + 30 : central + 46] + archive[central + 47 : second + 42]
        + struct.pack("<L", offset - 1) + archive[second + 46 : end + 12]
        + struct.pack("<LL", size - 1, at - 1) + archive[end + 20 :]
    )  # fmt: skip


def test_a_member_without_a_name_is_read(tmp_path: Path) -> None:
    evidence = read_bytes(tmp_path, without_first_name(zipped({"X": GOOD, "b.xml": b"?"})))
    assert evidence.messages == 6
    assert [item.member for item in evidence.unread] == ["b.xml"]
    evidence = read_bytes(tmp_path, without_first_name(zipped({"X": b"?", "b.xml": GOOD})))
    assert [item.member for item in evidence.unread] == ["without a name"]


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
    for item in evidence.unread:
        assert str(item).isprintable()
        assert len(str(item)) < 500


@pytest.mark.parametrize("name", ["\0.xml", "\0\0\0\0\0", "a.xm\0", "\0.xm/"])
def test_a_nul_in_the_name_of_a_member_costs_nothing(tmp_path: Path, name: str) -> None:
    """Python's zipfile ends a name at its first NUL, and some versions fail on the empty name that is left."""
    odd = zipped({"X.xml": GOOD, "b.xml": b"?"}).replace(b"X.xml", name.encode())
    for number, content in enumerate((odd, GOOD)):
        (tmp_path / str(number)).write_bytes(content)
    evidence = read_evidence(tmp_path)
    is_folder = name.endswith("/")
    assert evidence.messages == (6 if is_folder else 12)
    assert evidence.aside == ((("folders in archives", 1),) if is_folder else ())
    assert [item.member for item in evidence.unread] == ["b.xml"]


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
    message = "FILE: the zip archive has more than 10,000 members"
    assert faults(read_bytes(tmp_path, entries(15_000))) == [message]
    assert held(lambda: faults(read_bytes(tmp_path, entries(200_000)))) < 32 << 20
    assert faults(read_bytes(tmp_path, entries(200_000))) == [message]


def test_members_at_the_same_place_are_not_read(tmp_path: Path) -> None:
    """This is how a bomb works that is not nested: many names for the same packed octets."""
    one = zipped({"a": b"\0" * (4 << 20)})
    at, end = one.index(b"PK\x01\x02"), one.index(b"PK\x05\x06")
    directory = one[at:end] * 100
    bomb = one[:at] + directory + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 100, 100, len(directory), at, 0)
    with cpu_seconds_at_most(100):
        evidence = read_bytes(tmp_path, bomb)
    assert evidence.senders == ()
    assert faults(evidence)[0].startswith("FILE (a): other members of the zip archive are at the same place in it")
    assert evidence.skipped == 100


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
    for message, content in cases.items():
        assert faults(read_bytes(tmp_path, content)) == [message]
    assert read_bytes(tmp_path, good + b"\0" * 0).messages == 6
    commented = io.BytesIO(good)
    with zipfile.ZipFile(commented, "a") as archive:
        archive.comment = b"made by hand, PK\x05\x06"[:16]
    assert read_bytes(tmp_path, commented.getvalue()).messages == 6


def test_gzip_of_the_library_is_read(tmp_path: Path) -> None:
    """With a name in its header, as the program gzip writes it."""
    file = io.BytesIO()
    with gzip.GzipFile("../../etc/passwd", "wb", fileobj=file) as packed:
        packed.write(GOOD)
    assert read_bytes(tmp_path, file.getvalue()).messages == 6
