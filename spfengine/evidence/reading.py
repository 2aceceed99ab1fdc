"""Reading files into senders: each file is opened, its kind is found out, and the reader of that kind reads it."""

import io
import os
import stat
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import BinaryIO

from spfengine.errors import ArgumentError
from spfengine.evidence.bounces import KIND as BOUNCE, sender_of_bounce
from spfengine.evidence.bounds import CHUNK, DEFAULT_BOUNDS, Bounds
from spfengine.evidence.columns import COLUMNS
from spfengine.evidence.evidence import Evidence
from spfengine.evidence.json_tables import KIND as JSON, read_json
from spfengine.evidence.kinds import HEAD, FileKind, packed_by, saved_as, sniff
from spfengine.evidence.large_tables import OnPlainRows, read_large_table
from spfengine.evidence.ledger import BrokenFileError, Ledger
from spfengine.evidence.logs import KIND as LOG, read_log
from spfengine.evidence.mail_reports import TEXTS, may_report, sender_of_report
from spfengine.evidence.messages import sender_of_message
from spfengine.evidence.mime import Attachment, Fields, Lines, attachments, header_section
from spfengine.evidence.parquet import KIND as PARQUET, read_parquet
from spfengine.evidence.pasted import NO_MAIL_FROM, fields_in, pasted_text, sender_of_table
from spfengine.evidence.protocol_log import read_protocol_log
from spfengine.evidence.reports import KIND as REPORT, read_report
from spfengine.evidence.streams import Stream, Unpacked, gunzip, lines, members, utf8
from spfengine.evidence.tables import KIND as TABLE, read_table
from spfengine.evidence.values import UnusableError, domain_of
from spfengine.senders import Sender

AnyPath = str | os.PathLike[str]
OnProgress = Callable[[int, int | None], None]
"""Called with the octets read so far, and with the octets of all files (None: not known, as with standard input)."""
STDIN = "-"
MESSAGE = "message"
_MOST_TEXTS = 50  # parts of a message whose text is held
_OTHER_BOUNCES = "bounces that say nothing about SPF"
_REPORTS = (FileKind.XML, FileKind.GZIP, FileKind.ZIP)  # packed ones are read if they hold XML
_NOTHING_KNOWN = "not a DMARC report, message, mail log or table of senders"
_Text = str | None
_Key = tuple[str, str, _Text, _Text, _Text, _Text, _Text, _Text, _Text]


def read_evidence(
    paths: "AnyPath | Iterable[AnyPath]",
    *,
    progress: OnProgress | None = None,
    receiver: str | None = None,
    domain: str | None = None,
    bounds: Bounds = DEFAULT_BOUNDS,
) -> Evidence:
    """Read the senders in DMARC aggregate reports, received messages, mail logs and tables.

    The content decides of what kind a file is: a DMARC aggregate report (RFC 7489, RFC 9990), plain or packed by gzip
    or zip, or attached to a message; a received message, its header fields alone, or a mailbox; a bounce (RFC 3464) or
    a failure report (RFC 6591, RFC 9991); a log of Postfix, Exim, sendmail, OpenSMTPD, rspamd or amavis; a table
    `ip,sender,helo,count,label`, or one of another program with its own columns; a list of addresses; JSON; Parquet
    (extra `parquet`). Of a folder all files are read. Nothing in a file raises: what can't be read is skipped, counted
    and listed in `Evidence.unread`.

    Args:
        paths: files and folders; "-" is standard input.
        progress: called now and then with the octets read so far, and those of all files (None: not known).
        receiver: in messages, believe only header fields that this receiver added: its authserv-id or host name, or
            a domain above it. None: the topmost field is believed.
        domain: what the senders of a list of addresses, or of a table without senders, send from; None: their rows are
            not read.
        bounds: bounds on time and memory.

    Raises:
        ArgumentError: `paths` is not a path or a list of paths, or `domain` is not a domain name.
        OSError: one of `paths` can't be read.
    """
    ledger = Ledger()
    senders = iterate_senders(paths, ledger, progress=progress, receiver=receiver, domain=domain, bounds=bounds)
    return _gathered(senders, ledger, bounds)


def evidence_in(
    files: Iterable[tuple[str, bytes]], *, domain: str | None = None, bounds: Bounds = DEFAULT_BOUNDS
) -> Evidence:
    """Return what `read_evidence` returns, for files in memory.

    Args:
        files: (name, content).
        domain, bounds: as for `read_evidence`.

    Raises:
        ArgumentError: `domain` is not a domain name.
    """
    ledger = Ledger()
    return _gathered(_senders_in(files, ledger, domain, bounds), ledger, bounds)


def _senders_in(
    files: Iterable[tuple[str, bytes]], ledger: Ledger, domain: str | None, bounds: Bounds
) -> Iterator[Sender]:
    reader = _Reader(ledger, None, bounds, _Meter((), None), None if domain is None else sender_domain(domain))
    for name, content in files:
        ledger.enter(name)
        yield from reader.read(Stream([content]), io.BytesIO(content))


def _gathered(senders: Iterable[Sender], ledger: Ledger, bounds: Bounds) -> Evidence:
    """Return the evidence of senders: equal ones are added up."""
    counts: dict[_Key, int] = {}
    messages = left_out = 0
    for sender in senders:
        key = (
            sender.ip, sender.sender, sender.helo, sender.label, sender.reported, sender.header_from, sender.dmarc_spf,
            sender.dmarc_dkim, sender.override,
        )  # fmt: skip
        if key not in counts and len(counts) >= bounds.senders:
            left_out += sender.count
            continue
        counts[key] = counts.get(key, 0) + sender.count
        messages += sender.count
    ordered = sorted(counts.items(), key=itemgetter(1), reverse=True)
    added_up = tuple([Sender(*key[:3], count, *key[3:]) for key, count in ordered])
    return Evidence(
        added_up, messages, ledger.kinds, ledger.unread, ledger.skipped, left_out, ledger.asides, ledger.receivers,
        ledger.skipped_messages, ledger.repaired, ledger.reports, ledger.duplicates, ledger.duplicate_messages,
    )  # fmt: skip


def iterate_senders(
    paths: "AnyPath | Iterable[AnyPath]",
    ledger: Ledger,
    *,
    progress: OnProgress | None = None,
    receiver: str | None = None,
    domain: str | None = None,
    bounds: Bounds = DEFAULT_BOUNDS,
) -> Iterator[Sender]:
    """Yield the sender of each row of files as it is read, in bounded memory. Arguments and errors: `read_evidence`.

    Args:
        ledger: counts everything else.
    """
    sender = None if domain is None else sender_domain(domain)
    files = [file for path in list_paths(paths) for file in _files(path, ledger)]
    meter = _Meter(files, progress)
    yield from _read_files(files, ledger, _Reader(ledger, receiver, bounds, meter, sender), meter)


def iterate_other_senders(
    paths: "AnyPath | Iterable[AnyPath]",
    ledger: Ledger,
    plain: OnPlainRows,
    *,
    receiver: str | None = None,
    bounds: Bounds = DEFAULT_BOUNDS,
) -> Iterator[Sender]:
    """Yield what `iterate_senders` yields, except the senders of plain rows of tables, for which `plain` is called."""
    files = [file for path in list_paths(paths) for file in _files(path, ledger)]
    meter = _Meter(files, None)
    yield from _read_files(files, ledger, _Reader(ledger, receiver, bounds, meter, None, plain), meter)


def _read_files(
    files: Iterable[tuple[str, bool]], ledger: Ledger, reader: "_Reader", meter: "_Meter"
) -> Iterator[Sender]:
    """Yield the senders of files, each of which is given with whether the caller named it."""
    for file, named in files:
        ledger.enter("standard input" if file == STDIN else file)
        try:
            yield from reader.read_file(file)
        except OSError as error:
            if named:
                raise
            ledger.skip(f"it can't be read: {error.strerror or error}")
        meter.end_of_file()


def sender_domain(domain: object) -> str:
    """Return the domain that a caller gave. Raises ArgumentError if it is not a domain name."""
    if not isinstance(domain, str):
        raise ArgumentError(f"domain must be text, not {type(domain).__name__}")
    try:
        return domain_of(domain)
    except UnusableError as error:
        raise ArgumentError(f"domain: {error.reason}") from None


def list_paths(paths: object) -> list[str]:
    """Return the paths that a caller gave. Raises ArgumentError if they are something else."""
    if isinstance(paths, str | os.PathLike):
        return [_path(paths)]
    if not isinstance(paths, Iterable) or isinstance(paths, bytes | bytearray):
        raise ArgumentError(f"paths is a path or a list of paths, not {type(paths).__name__}")
    return [_path(path) for path in paths]


def _path(path: object) -> str:
    name = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(name, str):
        raise ArgumentError(f"paths is a path or a list of paths, which are str or PathLike, not {type(path).__name__}")
    return name


def _files(path: str, ledger: Ledger) -> Iterator[tuple[str, bool]]:
    """Yield a file, or all files of a folder, each with whether it is the path itself.

    Raises:
        OSError: the path does not exist, or the folder can't be listed.
    """
    if path == STDIN or not stat.S_ISDIR(os.stat(path).st_mode):
        yield path, True
        return
    folders = [path]
    while folders:
        folder = folders.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            if folder == path:
                raise
            ledger.enter(folder)
            ledger.skip(f"the folder can't be read: {error.strerror or error}")
            continue
        for entry in entries:
            if _is_readable(entry, ledger):
                yield entry.path, False
            elif entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                folders.append(entry.path)


def _is_readable(entry: "os.DirEntry[str]", ledger: Ledger) -> bool:
    """Whether this is a file to be read; what is neither that nor a folder is counted."""
    if entry.name.startswith("."):
        ledger.aside("hidden files and folders")
        return False
    if entry.is_dir(follow_symlinks=False):
        return False
    if not entry.is_file():
        ledger.enter(entry.path)
        ledger.skip("not a regular file")
        return False
    return True


class _Meter:
    """Reports how many octets of the files have been read."""

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
        """Count octets of a file, at most its size: the sizes in an archive's directory may be false."""
        self._done += octets
        if self._ends:
            self._done = min(self._done, self._ends[0])
        self._report()

    def end_of_file(self) -> None:
        """Count a file as read, even if only a part of it was needed."""
        if self._ends:
            self._done = self._ends.popleft() if len(self._ends) > 1 else self._ends[0]
            self._report()

    def _report(self) -> None:
        if self._progress is not None:
            self._progress(self._done, self._all)


def _size(path: str) -> int | None:
    """Return the size of a file; None if it has none or can't be read."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size if path != STDIN and stat.S_ISREG(status.st_mode) else None


class _Reader:
    """Reads files, one after the other."""

    def __init__(
        self,
        ledger: Ledger,
        receiver: str | None,
        bounds: Bounds,
        meter: _Meter,
        domain: str | None,
        plain: OnPlainRows | None = None,
    ) -> None:
        self._ledger = ledger
        self._receiver = receiver
        self._bounds = bounds
        self._meter = meter
        self._domain = domain
        self._plain = plain

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
        self,
        stream: Stream,
        file: BinaryIO | None,
        packed: Unpacked | None = None,
        only: Collection[FileKind] = tuple(FileKind),
    ) -> Iterator[Sender]:
        """Yield the senders of a stream.

        Args:
            stream: the octets.
            file: the file that they come from, if it can be read from anywhere.
            packed: the count of the archive that they are in, or None.
            only: the kinds that are read.
        """
        try:
            yield from self._read(stream, file, packed, only)
        except BrokenFileError as error:
            self._ledger.skip(error.reason, error.example, error.place, messages=error.messages)

    def _read(
        self, stream: Stream, file: BinaryIO | None, packed: Unpacked | None, only: Collection[FileKind]
    ) -> Iterator[Sender]:
        head = stream.peek(HEAD)
        kind = sniff(head)
        if stream.fault is not None and kind in (FileKind.EMPTY, FileKind.UNKNOWN):
            raise stream.fault
        if kind not in only:
            raise BrokenFileError("not a DMARC report; no other attachments are read")
        match kind:
            case FileKind.GZIP | FileKind.ZIP if packed is not None and (packed.is_inner or kind is FileKind.ZIP):
                raise BrokenFileError("an archive in an archive is not read")
            case FileKind.GZIP:
                watch = Unpacked(self._bounds, packed)
                yield from self._read(Stream(gunzip(stream, watch, self._ledger)), None, watch, only)
            case FileKind.ZIP:
                yield from self._read_zip(stream, file, only)
            case FileKind.PARQUET:
                whole = io.BytesIO(stream.whole(self._bounds.held)) if file is None else file
                yield from self._counted(
                    PARQUET, read_parquet(whole, self._ledger, self._bounds, self._domain, self._plain)
                )
            case FileKind.UTF16:
                yield from self._read(Stream(utf8(stream)), None, packed, only)
            case FileKind.EMPTY:
                raise BrokenFileError("it is empty")
            case FileKind.UNKNOWN:
                raise BrokenFileError(_unknown(head), head[:40].decode("latin-1"))
            case _:
                yield from self._read_senders(kind, stream)

    def _read_senders(self, kind: FileKind, stream: Stream) -> Iterator[Sender]:
        match kind:
            case FileKind.XML:
                yield from self._counted(REPORT, read_report(stream, self._ledger, self._bounds))
            case FileKind.TABLE if self._plain is not None:
                yield from self._counted(TABLE, read_large_table(stream, self._ledger, self._bounds, self._plain))
            case FileKind.TABLE:
                yield from self._counted(
                    TABLE, read_table(self._lines(stream), self._ledger, self._bounds, self._domain)
                )
            case FileKind.JSON:
                yield from self._counted(JSON, read_json(stream, self._ledger, self._bounds, self._domain))
            case FileKind.LOG:
                yield from self._counted(LOG, read_log(self._lines(stream), self._ledger, self._bounds))
            case FileKind.PROTOCOL_LOG:
                yield from self._counted(LOG, read_protocol_log(self._lines(stream), self._ledger, self._bounds))
            case FileKind.MESSAGE:
                yield from self._read_messages(Lines(self._lines(stream)))
            case FileKind.PASTED:
                yield from self._read_pasted(pasted_text(self._lines(stream), self._bounds.header))

    def _lines(self, stream: Stream) -> Iterator[tuple[int, bytes | None]]:
        return lines(stream, self._bounds.line)

    def _read_zip(self, stream: Stream, file: BinaryIO | None, only: Collection[FileKind]) -> Iterator[Sender]:
        archive = io.BytesIO(stream.whole(self._bounds.held)) if file is None else file
        watch = Unpacked(self._bounds)
        for name, packed, pieces in members(archive, self._ledger, self._bounds, watch):
            with self._ledger.part(name or "without a name"):
                yield from self.read(Stream(pieces), None, watch, only)
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
        """Yield the senders of the reports that are attached to a message; without reports, its own sender."""
        reports = self._ledger.files(REPORT)
        texts: list[Attachment] = []
        try:
            fields = header_section(rows, self._bounds)
            for attachment in attachments(rows, fields, self._bounds, TEXTS if may_report(fields) else ()):
                if attachment.is_text:
                    texts.append(attachment)
                    del texts[_MOST_TEXTS:]
                elif sniff(attachment.content[:HEAD]) in _REPORTS:
                    with self._ledger.part(attachment.name):
                        yield from self.read(Stream([attachment.content]), None, only=_REPORTS)
        except BrokenFileError as error:
            self._ledger.skip(error.reason, error.example)
            return
        if self._ledger.files(REPORT) == reports:
            yield from self._one(lambda: self._sender_of(fields, texts))

    def _sender_of(self, fields: Fields, texts: Sequence[Attachment]) -> tuple[str, Sender] | None:
        """Return the kind and the sender of a message without DMARC reports; None if it names no sender.

        Raises:
            UnusableError: it does not say who sent it.
        """
        reported = sender_of_report(fields, texts, self._bounds) if texts else None
        if reported is None:
            sender, receiver = sender_of_message(fields, self._receiver)
            self._ledger.believe(receiver)
            return MESSAGE, sender
        kind, reported_sender = reported
        if reported_sender is None:
            self._ledger.aside(_OTHER_BOUNCES)
            return None
        return kind, reported_sender

    def _read_pasted(self, text: str) -> Iterator[Sender]:
        """Yield the sender that pasted text is about."""
        yield from self._one(lambda: self._sender_in(text))

    def _sender_in(self, text: str) -> tuple[str, Sender] | None:
        """Return the kind and the sender of pasted text: of its header fields, of Gmail's table, or of a bounce.

        Raises:
            UnusableError: it does not say who sent the message.
        """
        fields = fields_in(text)
        fault = None
        if fields:
            try:
                return self._sender_of(fields, ())
            except UnusableError as error:
                fault = error
        sender = sender_of_table(text, self._receiver)
        if sender is not None:
            self._ledger.aside(NO_MAIL_FROM)
            return MESSAGE, sender
        sender = sender_of_bounce(text)
        if sender is not None:
            return BOUNCE, sender
        raise fault or UnusableError("the text has neither header fields nor the reply of a server about SPF")

    def _one(self, read: Callable[[], tuple[str, Sender] | None]) -> Iterator[Sender]:
        """Yield the sender that a function returns, and count its kind."""
        try:
            found = read()
        except UnusableError as error:
            self._ledger.skip(error.reason, error.example)
            return
        if found is not None:
            kind, sender = found
            self._ledger.begin(kind)
            yield from self._counted(kind, [sender])

    def _counted(self, kind: str, senders: Iterable[Sender]) -> Iterator[Sender]:
        for sender in senders:
            self._ledger.add(kind, sender.count)
            yield sender


def _unknown(head: bytes) -> str:
    packer = packed_by(head)
    if packer is not None:
        return f"it is packed by {packer}; unpack it first"
    other = saved_as(head)
    if other is not None:
        return f"it is {other}"
    columns = ",".join(COLUMNS)
    return f"{_NOTHING_KNOWN} (columns {columns}); of a message, use Download original (.eml)"
