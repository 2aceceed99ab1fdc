"""Zip archives of strangers: members are read as they are unpacked, and their names are only ever shown."""

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from spfengine.evidence.bounds import CHUNK, Bounds
from spfengine.evidence.ledger import Broken, Ledger
from spfengine.evidence.streams import Unpacked

_END = b"PK\x05\x06"
_END_SIZE = 22
_LOCATOR = b"PK\x06\x07"  # of zip64
_LOCATOR_SIZE = 20
_LONGEST_COMMENT = 1 << 16
_MEMBER_SIZE = 400  # octets that a member may take in the directory: 46, its name, and what programs add
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1


def members(file: BinaryIO, ledger: Ledger, bounds: Bounds) -> Iterator[tuple[str, int, Iterator[bytes]]]:
    """Yield the name of each member, its packed size, and its content in pieces, which raise Broken where they can't be
    had.

    Raises:
        Broken: it is no zip archive, or has too many members.
    """
    _look_at_directory(file, bounds)
    watch = Unpacked(bounds)
    watch.packed = file.seek(0, os.SEEK_END)
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, struct.error, OSError):
        raise Broken("the zip archive is damaged") from None
    with archive:
        listed = archive.infolist()
        if len(listed) > bounds.members:
            raise Broken(f"the zip archive has more than {bounds.members:,} members")
        for info in listed:
            if info.is_dir():
                ledger.aside("folders in archives")
            else:
                yield info.filename, info.compress_size, _content(archive, info, watch)


def _look_at_directory(file: BinaryIO, bounds: Bounds) -> None:
    """Look how large the directory is, before zipfile reads it as a whole.

    Raises:
        Broken: it has none, or one too large.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END_SIZE - _LONGEST_COMMENT - _LOCATOR_SIZE))
    tail = file.read()
    # As zipfile looks for it: at the very end, else the last one there is, for a comment may follow.
    at = len(tail) - _END_SIZE
    if not (tail.startswith(_END, max(at, 0)) and tail.endswith(b"\0\0")):
        at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise Broken("the zip archive has no directory: it ends early, or is damaged")
    if tail.startswith(_LOCATOR, max(at - _LOCATOR_SIZE, 0)):
        raise Broken("the zip archive has the form for archives over 4 GiB (zip64), which is not read")
    [directory] = struct.unpack_from("<L", tail, at + 12)
    if directory > bounds.members * _MEMBER_SIZE:
        raise Broken(f"the zip archive has more than {bounds.members:,} members")


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, watch: Unpacked) -> Iterator[bytes]:
    if info.flag_bits & _ENCRYPTED:
        raise Broken("it is encrypted")
    if info.compress_type not in _METHODS:
        raise Broken(f"it is packed by method {info.compress_type}; only stored and deflated members are read")
    try:
        with archive.open(info) as member:
            while piece := member.read(CHUNK):
                watch.add(len(piece))
                yield piece
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, struct.error, OSError):
        raise Broken("the member of the zip archive is damaged, or ends in the middle") from None
