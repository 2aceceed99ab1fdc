"""Reads files into senders: opens them, tells what they are, and hands them to the reader of their kind."""

import io
import os
import stat
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import accumulate
from operator import itemgetter
from typing import BinaryIO

from spfengine.evidence.kinds import HEAD, Kind, packed_by, tell
from spfengine.evidence.ledger import Broken, Evidence, Ledger
from spfengine.evidence.logs import KIND as LOG
from spfengine.evidence.logs import read_log
from spfengine.evidence.messages import sender_of_message
from spfengine.evidence.mime import Lines, attachments, header_section
from spfengine.evidence.reports import KIND as REPORT
from spfengine.evidence.reports import read_report
from spfengine.evidence.streams import Stream, gunzip, lines, members
from spfengine.evidence.tables import KIND as TABLE
from spfengine.evidence.tables import read_table
from spfengine.evidence.values import CHUNK, DEFAULT_BOUNDS, Bounds, Unusable
from spfengine.senders import Sender

AnyPath = str | os.PathLike[str]
OnProgress = Callable[[int, int | None], None]
"""Is told how many octets of the files have been read, and of how many (None: not known, as with standard input)."""
STDIN = "-"
MESSAGE = "message"
_REPORTS = (Kind.XML, Kind.GZIP, Kind.ZIP)  # and what these hold, if it is XML
_Text = str | None
_Key = tuple[str, str, _Text, _Text, _Text, _Text]


def read_evidence(
    paths: "AnyPath | Iterable[AnyPath]",
    *,
    progress: OnProgress | None = None,
    receiver: str | None = None,
    bounds: Bounds = DEFAULT_BOUNDS,
) -> Evidence:
    """Read DMARC aggregate reports, received messages, mail logs and tables into the senders that they tell of.

    What a file is, is told by its content: a DMARC aggregate report (RFC 7489, RFC 9990), packed by gzip or zip or not,
    or attached to a message; a received message, or a mailbox of them; a log of Postfix or Exim; a table
    `ip,sender,helo,count,label`. A folder is read as all its files. Nothing that a file holds raises: what can't be
    read is skipped, counted and told in `Evidence.unread`.

    Args:
        paths: files and folders; "-" is standard input.
        progress: called now and then with the octets read so far, and all there are (None: not known).
        receiver: of messages, believe only header fields that this receiver added: its authserv-id or host name, or
            the domain above it. None: the topmost field is believed.
        bounds: what is taken at most.

    Raises:
        OSError: a path that was given can't be read.
    """
    ledger = Ledger()
    found: dict[_Key, int] = {}
    messages = left_out = 0
    for sender in iterate_senders(paths, ledger, progress=progress, receiver=receiver, bounds=bounds):
        key = (sender.ip, sender.sender, sender.helo, sender.label, sender.reported, sender.header_from)
        if key not in found and len(found) >= bounds.senders:
            left_out += sender.count
            continue
        found[key] = found.get(key, 0) + sender.count
        messages += sender.count
    ordered = sorted(found.items(), key=itemgetter(1), reverse=True)
    senders = tuple([Sender(*key[:3], count, *key[3:]) for key, count in ordered])
    return Evidence(
        senders, messages, ledger.kinds, ledger.unread, ledger.skipped, left_out, ledger.asides, ledger.receivers
    )


def iterate_senders(
    paths: "AnyPath | Iterable[AnyPath]",
    ledger: Ledger,
    *,
    progress: OnProgress | None = None,
    receiver: str | None = None,
    bounds: Bounds = DEFAULT_BOUNDS,
) -> Iterator[Sender]:
    """Yield the sender of each row of files as it is read, in bounded memory; arguments and errors as `read_evidence`.

    Args:
        ledger: is told of everything else.
    """
    given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    files = [file for path in given for file in _files(os.fspath(path), ledger)]
    meter = _Meter(files, progress)
    reader = _Reader(ledger, receiver, bounds, meter)
    for file, named in files:
        ledger.enter("standard input" if file == STDIN else file)
        try:
            yield from reader.read_file(file)
        except OSError as error:
            if named:
                raise
            ledger.skip(f"it can't be read: {error.strerror or error}")
        meter.end_of_file()


def _files(path: str, ledger: Ledger) -> Iterator[tuple[str, bool]]:
    """Yield the files that a path stands for, each with whether it was named itself.

    Raises:
        OSError: there is nothing of this name, or the folder can't be listed.
    """
    if path == STDIN or not stat.S_ISDIR(os.stat(path).st_mode):
        yield path, True
        return
    folders = [path]
    while folders:
        folder = folders.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda each: each.name)
        except OSError as error:
            if folder == path:
                raise
            ledger.enter(folder)
            ledger.skip(f"the folder can't be read: {error.strerror or error}")
            continue
        for entry in entries:
            if entry.name.startswith("."):
                ledger.aside("hidden files and folders")
            elif entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            elif entry.is_file():
                yield entry.path, False
            else:
                ledger.enter(entry.path)
                ledger.skip("it is no regular file")


class _Meter:
    """Tells how many octets of the files have been read."""

    def __init__(self, files: Iterable[tuple[str, bool]], progress: OnProgress | None) -> None:
        self._progress = progress
        self._done = 0
        self._ends: deque[int] = deque()
        sizes = [_size(file) for file, _ in files] if progress is not None else []
        if None not in sizes:
            self._ends = deque(accumulate(size or 0 for size in sizes))
        self._all = self._ends[-1] if self._ends else None

    def pieces(self, file: BinaryIO) -> Iterator[bytes]:
        """Yield a file in pieces."""
        while piece := file.read(CHUNK):
            yield piece
            self.add(len(piece))

    def add(self, octets: int) -> None:
        """Count octets of a file; what an archive says of its members may be more than there is."""
        self._done += octets
        if self._ends:
            self._done = min(self._done, self._ends[0])
        self._tell()

    def end_of_file(self) -> None:
        """Count a file as read, however much of it had to be."""
        if self._ends:
            self._done = self._ends.popleft() if len(self._ends) > 1 else self._ends[0]
            self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self._done, self._all)


def _size(path: str) -> int | None:
    """Return how large a file is; None where that can't be known."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size if path != STDIN and stat.S_ISREG(found.st_mode) else None


class _Reader:
    """Reads one file after the other."""

    def __init__(self, ledger: Ledger, receiver: str | None, bounds: Bounds, meter: _Meter) -> None:
        self._ledger = ledger
        self._receiver = receiver
        self._bounds = bounds
        self._meter = meter

    def read_file(self, path: str) -> Iterator[Sender]:
        """Yield the senders of a file.

        Raises:
            OSError: it can't be read.
        """
        if path == STDIN:
            yield from self.read(Stream(self._meter.pieces(sys.stdin.buffer)), None)
            return
        with open(path, "rb") as file:
            yield from self.read(Stream(self._meter.pieces(file)), file if file.seekable() else None)

    def read(
        self, stream: Stream, file: BinaryIO | None, packed: int = 0, only: Collection[Kind] = tuple(Kind)
    ) -> Iterator[Sender]:
        """Yield the senders of a stream.

        Args:
            stream: the octets.
            file: what they come from, where that is a file in which one can go back.
            packed: how many archives are around it.
            only: what is read at all.
        """
        try:
            yield from self._read(stream, file, packed, only)
        except Broken as error:
            self._ledger.skip(error.reason, error.example, error.place)

    def _read(self, stream: Stream, file: BinaryIO | None, packed: int, only: Collection[Kind]) -> Iterator[Sender]:
        head = stream.peek(HEAD)
        kind = tell(head)
        if stream.fault is not None and kind in (Kind.EMPTY, Kind.UNKNOWN):
            raise stream.fault
        if kind not in only:
            raise Broken("it is no DMARC report, and nothing else is read of attachments")
        match kind:
            case Kind.GZIP | Kind.ZIP if packed:
                raise Broken("an archive in an archive is not read")
            case Kind.GZIP:
                yield from self._read(Stream(gunzip(stream, self._bounds)), None, packed + 1, only)
            case Kind.ZIP:
                yield from self._read_zip(stream, file, only)
            case Kind.XML:
                yield from self._counted(REPORT, read_report(stream, self._ledger, self._bounds))
            case Kind.TABLE:
                yield from self._counted(TABLE, read_table(self._lines(stream), self._ledger, self._bounds))
            case Kind.LOG:
                yield from self._counted(LOG, read_log(self._lines(stream), self._ledger, self._bounds))
            case Kind.MESSAGE:
                yield from self._read_messages(Lines(self._lines(stream)))
            case Kind.EMPTY:
                raise Broken("it is empty")
            case _:
                raise Broken(_unknown(head), head[:40].decode("latin-1"))

    def _lines(self, stream: Stream) -> Iterator[tuple[int, bytes | None]]:
        return lines(stream, self._bounds.line)

    def _read_zip(self, stream: Stream, file: BinaryIO | None, only: Collection[Kind]) -> Iterator[Sender]:
        archive = io.BytesIO(stream.whole(self._bounds.held)) if file is None else file
        for name, packed, pieces in members(archive, self._ledger, self._bounds):
            with self._ledger.part(name):
                yield from self.read(Stream(pieces), None, 1, only)
            if file is not None:
                self._meter.add(packed)

    def _read_messages(self, messages: Lines) -> Iterator[Sender]:
        for number in messages.messages():
            if not messages.is_mailbox:
                yield from self._read_message(messages)
                continue
            with self._ledger.part(f"message {number:,}"):
                yield from self._read_message(messages)

    def _read_message(self, rows: Lines) -> Iterator[Sender]:
        """Yield the senders of the reports that a message brings; where it brings none, its own sender."""
        reports = self._ledger.files(REPORT)
        try:
            fields = header_section(rows, self._bounds)
            for attachment in attachments(rows, fields, self._bounds):
                if tell(attachment.content[:HEAD]) in _REPORTS:
                    with self._ledger.part(attachment.name):
                        yield from self.read(Stream([attachment.content]), None, only=_REPORTS)
            if self._ledger.files(REPORT) > reports:
                return
            sender, receiver = sender_of_message(fields, self._receiver)
        except Broken as error:
            self._ledger.skip(error.reason, error.example)
        except Unusable as error:
            self._ledger.skip(error.reason, error.example)
        else:
            self._ledger.begin(MESSAGE)
            self._ledger.believe(receiver)
            yield from self._counted(MESSAGE, [sender])

    def _counted(self, kind: str, senders: Iterable[Sender]) -> Iterator[Sender]:
        for sender in senders:
            self._ledger.add(kind, sender.count)
            yield sender


def _unknown(head: bytes) -> str:
    packer = packed_by(head)
    if packer is not None:
        return f"it is packed by {packer}; unpack it first"
    return "it is no DMARC report, message, mail log or table of senders"
