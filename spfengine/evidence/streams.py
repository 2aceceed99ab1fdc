"""Octets of untrusted files: in pieces of bounded size, unpacked from gzip and zip with bounds, split into lines."""

import codecs
import os
import struct
import zipfile
import zlib
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from spfengine.evidence.bounds import CHUNK, Bounds
from spfengine.evidence.ledger import BrokenFileError, Ledger

_FREE = 64 << 20  # octets that may be unpacked whatever the ratio
_MAX_MEMBERS = 200_000  # of a gzip file: some packers begin one every 64 KiB, and empty ones only cost time


class Stream:
    """Pieces of octets, with a look ahead at the first ones.

    Attributes:
        fault: what broke the stream during `peek`; raised after the octets before it have been read.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._ahead: deque[bytes] = deque()
        self._size = 0
        self.fault: BrokenFileError | None = None

    def peek(self, size: int) -> bytes:
        """Return the first octets: at least this many, unless the stream ends or breaks before."""
        try:
            while self._size < size:
                piece = next(self._pieces, None)
                if piece is None:
                    break
                self._ahead.append(piece)
                self._size += len(piece)
        except BrokenFileError as fault:  # raised after the octets before it have been read
            self.fault = fault
        return b"".join(self._ahead)

    def __iter__(self) -> Iterator[bytes]:
        while self._ahead:
            yield self._ahead.popleft()
        if self.fault is not None:
            raise self.fault
        yield from self._pieces

    def whole(self, at_most: int) -> bytes:
        """Return all octets.

        Raises:
            BrokenFileError: there are more than `at_most`.
        """
        held = bytearray()
        for piece in self:
            held += piece
            if len(held) > at_most:
                raise BrokenFileError(
                    f"it is larger than {at_most >> 20} MiB, which is the most that is held in memory"
                )
        return bytes(held)


class Unpacked:
    """Counts how much something packed unpacks to.

    Args:
        bounds: the bounds.
        outer: the count of what it is packed in; what is packed twice may not unpack to more than what is packed once.
    """

    def __init__(self, bounds: Bounds, outer: "Unpacked | None" = None) -> None:
        self._bounds = bounds
        self._outer = outer
        self.packed = 0
        self.octets: int = 0

    @property
    def is_inner(self) -> bool:
        """Whether it is packed in something packed."""
        return self._outer is not None

    def add(self, octets: int) -> None:
        """Count unpacked octets.

        Raises:
            BrokenFileError: there are too many.
        """
        self.octets += octets
        if self._outer is not None:
            self._outer.add(octets)
        if self.octets > self._bounds.unpacked:
            raise BrokenFileError(f"it unpacks to more than {self._bounds.unpacked >> 20:,} MiB")
        if self.octets > min(_FREE, self._bounds.unpacked >> 1) and self.octets > self.packed * self._bounds.ratio:
            raise BrokenFileError(f"it unpacks to more than {self._bounds.ratio} times its size: a bomb")


def utf8(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield text in UTF-16, as Windows saves it, in UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    for piece in pieces:
        yield decoder.decode(piece).encode("utf-8", "replace")
    yield decoder.decode(b"", True).encode("utf-8", "replace")


def gunzip(pieces: Iterable[bytes], watch: Unpacked, ledger: Ledger) -> Iterator[bytes]:
    """Yield the content of a gzip file (RFC 1952), in pieces of at least `CHUNK` octets, except for the last. Octets
    after its end are ignored.

    An XML parser may scan an unfinished comment again with every piece, so a file of one-octet members would take time
    in the square of its length.

    Raises:
        BrokenFileError: it is damaged, ends early, or unpacks to too much. The content before that has been yielded.
    """
    gathered = bytearray()
    try:
        for unpacked in _inflate(pieces, watch, ledger):
            gathered += unpacked
            if len(gathered) >= CHUNK:
                yield bytes(gathered)
                gathered.clear()
    except BrokenFileError:
        if gathered:
            yield bytes(gathered)
        raise
    if gathered:
        yield bytes(gathered)


def _inflate(pieces: Iterable[bytes], watch: Unpacked, ledger: Ledger) -> Iterator[bytes]:
    """Yield the content of a gzip file in pieces as small as its members. Raises BrokenFileError."""
    unpacker = zlib.decompressobj(wbits=31)
    members = 1
    is_new = False  # whether nothing of the last member has been unpacked yet, although others have
    for piece in pieces:
        watch.packed += len(piece)
        data = piece
        while data:
            if unpacker.eof:
                data = data.lstrip(b"\0")  # padding, as on tapes
                if not data:
                    break
                members += 1
                if members > _MAX_MEMBERS:
                    raise BrokenFileError(f"it has more than {_MAX_MEMBERS:,} gzip members")
                unpacker = zlib.decompressobj(wbits=31)  # another member follows
                is_new = True
            unpacked = _decompress(unpacker, data, is_new)
            if unpacked is None:
                ledger.repair("octets after the end of the gzip data are ignored")
                return
            if unpacked:
                watch.add(len(unpacked))
                is_new = False
                yield unpacked
            data = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    rest = unpacker.flush()
    if rest:
        yield rest
    if not unpacker.eof and not is_new:
        raise BrokenFileError("the gzip data ends in the middle")
    if not unpacker.eof:
        ledger.repair("octets after the end of the gzip data are ignored")


def _decompress(unpacker: "zlib._Decompress", data: bytes, is_new: bool) -> bytes | None:
    """Return unpacked octets; None for what is no other member, but junk after the last one. Raises BrokenFileError."""
    try:
        return unpacker.decompress(data, CHUNK)
    except zlib.error:
        if is_new:
            return None
        raise BrokenFileError("the gzip data is damaged", damage=True) from None


def lines(pieces: Iterable[bytes], longest: int) -> Iterator[tuple[int, bytes | None]]:
    """Yield each line with its number, without its line end; None in place of a line that is too long."""
    number = 0
    rest = b""
    dropping = False
    for piece in pieces:
        whole = (rest + piece).split(b"\n")
        rest = whole.pop()
        for line in whole:
            number += 1
            yield number, None if dropping or len(line) > longest else line.removesuffix(b"\r")
            dropping = False
        if len(rest) > longest:
            rest = b""
            dropping = True
    if rest or dropping:
        yield number + 1, None if dropping else rest


def blocks(pieces: Iterable[bytes], first: int, others: int, longest: int) -> Iterator[bytes]:
    """Yield whole lines in blocks.

    Args:
        pieces: the octets.
        first: octets that the first block has at least, unless they end before.
        others: octets that the other blocks have at least.
        longest: a line of more octets is cut, but keeps one more than these.

    Raises:
        BrokenFileError: the pieces end early. The whole lines before that have been yielded.
    """
    held = bytearray()
    wanted = first
    try:
        for piece in pieces:
            held += piece
            if len(held) < wanted:
                continue
            end = held.rfind(b"\n") + 1
            if end:
                with memoryview(held) as view:
                    block = bytes(view[:end])
                del held[:end]
                yield block
                wanted = others
            del held[longest + 1 :]  # of a line that has not ended
    except BrokenFileError:
        end = held.rfind(b"\n") + 1
        if end:
            yield bytes(held[:end])
        raise
    if held:
        yield bytes(held)


# Zip archives: members are read while they are unpacked, and their names are only printed.

_END = b"PK\x05\x06"
_END_SIZE = 22
_LOCATOR = b"PK\x06\x07"  # of zip64
_LOCATOR_SIZE = 20
_LONGEST_COMMENT = 1 << 16
_MEMBER_SIZE = 400  # octets that a member may take in the directory: 46, its name, and what programs add
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,  # NotImplementedError among them, for what an archive has and zipfile does not read
    ValueError,
    LookupError,
    ArithmeticError,
)
"""What `zipfile` raises for archives that are damaged, or that it can't read; which of these varies by version."""


def members(
    file: BinaryIO, ledger: Ledger, bounds: Bounds, watch: Unpacked
) -> Iterator[tuple[str, int, Iterator[bytes]]]:
    """Yield the name and packed size of each member, and its pieces; these raise BrokenFileError if it is damaged.

    Raises:
        BrokenFileError: it is not a zip archive, or has too many members.
    """
    _check_directory(file, bounds)
    watch.packed = file.seek(0, os.SEEK_END)
    try:
        archive = zipfile.ZipFile(file)
    except _DAMAGE:
        raise BrokenFileError("the zip archive is damaged") from None
    with archive:
        listed = archive.infolist()
        if len(listed) > bounds.members:
            raise BrokenFileError(f"the zip archive has more than {bounds.members:,} members")
        places = Counter([info.header_offset for info in listed])
        for info in listed:
            name = info.orig_filename  # `filename` ends at a NUL, and may so be empty, on which `is_dir` fails
            if name.endswith("/"):
                ledger.aside("folders in archives")
            else:
                is_shared = places[info.header_offset] > 1
                yield name, info.compress_size, _content(archive, info, watch, is_shared=is_shared)


def _check_directory(file: BinaryIO, bounds: Bounds) -> None:
    """Check the size of the directory before `zipfile` reads it as a whole.

    Raises:
        BrokenFileError: there is no directory, or it is too large.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END_SIZE - _LONGEST_COMMENT - _LOCATOR_SIZE))
    tail = file.read()
    # Found as zipfile finds it: at the very end, or else the last one, since a comment may follow.
    at = len(tail) - _END_SIZE
    if not (tail.startswith(_END, max(at, 0)) and tail.endswith(b"\0\0")):
        at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise BrokenFileError("the zip archive has no directory: it ends early, or is damaged")
    if tail.startswith(_LOCATOR, max(at - _LOCATOR_SIZE, 0)):
        raise BrokenFileError("the zip archive has the form for archives over 4 GiB (zip64), which is not read")
    [directory] = struct.unpack_from("<L", tail, at + 12)
    if directory > bounds.members * _MEMBER_SIZE:
        raise BrokenFileError(f"the zip archive has more than {bounds.members:,} members")


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, watch: Unpacked, *, is_shared: bool) -> Iterator[bytes]:
    if is_shared:  # `zipfile` refuses such members, reads them, or warns about them, depending on its version
        raise BrokenFileError("other members of the zip archive are at the same place in it")
    if info.flag_bits & _ENCRYPTED:
        raise BrokenFileError("it is encrypted")
    if info.compress_type not in _METHODS:
        raise BrokenFileError(f"it is packed by method {info.compress_type}; only stored and deflated members are read")
    try:
        with archive.open(info) as member:
            while piece := member.read(CHUNK):
                watch.add(len(piece))
                yield piece
    except _DAMAGE:
        raise BrokenFileError("the member of the zip archive is damaged, or ends in the middle", damage=True) from None
