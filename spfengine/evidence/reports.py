"""DMARC aggregate reports, record by record: RFC 7489 App. C, and its successor RFC 9990.

Python's own expat reads them, in pieces, inside an element of our own. In that place a DOCTYPE is a fault, so that no
entity is ever defined, and nothing external is loaded. (defusedxml does the same with the same parser, but would be a
dependency, and builds a tree.) Elements are identified by their local names: reports have a namespace, none, a prefix,
or a prefix that is not declared. Elements of other namespaces are extensions, and ignored (RFC 9990 §5).

If the XML is broken, reading continues with the next record, which is whole, or is refused too.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final
from xml.parsers import expat

from spfengine.evidence.bounds import MAX_DEPTH, MAX_VALUE, Bounds
from spfengine.evidence.evidence import ReportedBy
from spfengine.evidence.ledger import BrokenFileError, Ledger
from spfengine.evidence.report_rows import DKIMResult, Lost, SPFResult, facts_of
from spfengine.evidence.values import UnusableError, count_of, make_sender
from spfengine.evidence.xml_text import xml_text
from spfengine.names import fold
from spfengine.senders import FORWARDING, Sender

KIND = "dmarc-report"


class _Element:
    """An element that is read: its children that are read, and the name of its value, if it has one."""

    __slots__ = ("inner", "value")

    def __init__(self, inner: "dict[str, _Element] | None" = None, value: str | None = None) -> None:
        self.inner = inner or {}
        self.value = value


def _values(*names: str) -> dict[str, _Element]:
    return {name: _Element(value=name) for name in names}


_POLICY_TAGS: Final = ("p", "sp", "np", "adkim", "aspf", "pct", "fo", "testing", "discovery_method")
_OTHER = _Element()
_SPF = _Element(_values("domain", "scope", "result"))
_DKIM = _Element(_values("domain", "result"))
_EVALUATED = _Element({
    "spf": _Element(value="evaluated_spf"),
    "dkim": _Element(value="evaluated_dkim"),
    "reason": _Element({"type": _Element(value="override")}),
})  # fmt: skip
_RECORD = _Element({
    "row": _Element(_values("source_ip", "count") | {"policy_evaluated": _EVALUATED}),
    "identifiers": _Element(_values("header_from", "envelope_from")),
    "auth_results": _Element({"spf": _SPF, "dkim": _DKIM}),
})  # fmt: skip
_METADATA = _Element(
    _values("org_name", "email", "report_id") | {"date_range": _Element(_values("begin", "end"))}
)  # fmt: skip
_POLICY = _Element(_values("domain", *_POLICY_TAGS))
_FEEDBACK = _Element({"report_metadata": _METADATA, "policy_published": _POLICY, "record": _RECORD})
_DOCUMENT = _Element({"feedback": _FEEDBACK})
_NEEDED = ("source_ip", "count")
_MAX_SPF = 20  # results of SPF in one record; more than two make no sense
_MAX_DKIM = 100  # RFC 9990 §3.1.3
_MAX_FAULTS = 20  # after which a report is given up, unless it is large: then one for each 20 records is allowed
_MAX_WAITING = 10_000  # records before the Report-ID that are held until it is known whether they count

_NAMESPACES = ("urn:ietf:params:xml:ns:dmarc-", "http://dmarc.org/dmarc-xml/")
_restart = re.compile(rb"<(?:[\w.-]{1,40}:)?(record|feedback)[\s>]")
_LONGEST_START = 64
_INSIDE = 3  # the depth of the elements in feedback, with that of our own
_epoch = re.compile(r"\s*([0-9]{1,12})(?:\.0*)?\s*").fullmatch


def read_report(pieces: Iterable[bytes], ledger: Ledger, bounds: Bounds) -> Iterator[Sender]:
    """Yield the sender of each record.

    Raises:
        BrokenFileError: it is not such a report, or ends in the middle. The records before that have been yielded.
    """
    report = _Report(ledger)
    silent = 0
    try:
        for data in xml_text(pieces, ledger):
            report.feed(data)
            yield from report.take()
            silent = 0 if report.has_moved() else silent + len(data)
            if silent > bounds.token:
                raise BrokenFileError("a tag or comment is too long", place=report.place)
        report.finish()
    except BrokenFileError as fault:
        fault.messages += report.end(is_damaged=fault.is_damage)
        yield from report.take()
        raise
    report.end()
    yield from report.take()


class _UnclosedError(Exception):
    """A record or report begins in another one, which therefore has no end.

    Attributes:
        tag: its tag.
        start: the octet where it begins, as the parser counts.
        line: the line, as the parser counts.
    """

    def __init__(self, tag: str, start: int, line: int) -> None:
        self.tag = tag
        self.start = start
        self.line = line
        super().__init__(tag, start, line)


class _Namespaces:
    """Which elements are a report's own, by the namespaces that are declared around them.

    Attributes:
        outer: for each open element that declares any, its depth, and what was declared outside of it.
    """

    def __init__(self) -> None:
        self._by_prefix: dict[str, str] = {"": ""}
        self._root: tuple[str, str | None] = ("", "")
        self.outer: list[tuple[int, dict[str, str]]] = []

    def declare(self, attributes: dict[str, str], depth: int, is_root: bool, tag: str) -> None:
        """Read the declarations of an element."""
        declared = {name[6:]: value for name, value in attributes.items() if name == "xmlns" or name[:6] == "xmlns:"}
        if declared:
            self.outer.append((depth, self._by_prefix))
            self._by_prefix = self._by_prefix | declared
        if is_root:
            prefix = tag.rpartition(":")[0]
            self._root = prefix, self._by_prefix.get(prefix)

    def leave(self, depth: int) -> None:
        """Forget the declarations of an element that ends."""
        while self.outer and self.outer[-1][0] >= depth:
            self._by_prefix = self.outer.pop()[1]

    def is_own(self, prefix: str) -> bool:
        """Whether elements with this prefix are the report's; one that nothing declares is if its root has it too."""
        space = self._by_prefix.get(prefix)
        if space is None:
            return prefix == self._root[0]
        return space in ("", self._root[1]) or space.startswith(_NAMESPACES)


class _Report:
    """The reports of a file, as far as it has been fed to the parser."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._senders: list[Sender] = []
        self._waiting: list[Sender] = []  # of a report of which it is not known yet whether it counts
        self._unsure: list[Sender] = []  # after a fault, which may be the first sign of a damaged archive
        self._skips: list[tuple[str, str | None, str, int]] = []
        self._namespaces = _Namespaces()
        self._outer = self._namespaces.outer
        self._is_foreign = False  # whether elements without a prefix are
        self._root = ""
        self._faults = 0
        self._lines = 0  # before what this parser has been fed
        self._dropped: bytes | None = None  # while the next record is looked for: the last octets
        self._records = self._line = 0
        self._values: dict[str, str] = {}
        self._begin_report()
        self._is_open = self._is_in_record = False
        self._start_parser(b"<_>", _DOCUMENT)

    def _begin_report(self) -> None:
        self._about: dict[str, str] = {}
        self._messages = self._records = 0
        self._is_open, self._is_decided, self._is_duplicate = True, False, False
        self._missing = {_METADATA, _POLICY}

    def _start_parser(self, opening: bytes, element: _Element) -> None:
        """Start a parser, which is at once in the elements of these tags."""
        parser = self._parser = expat.ParserCreate("UTF-8")
        if hasattr(parser, "SetReparseDeferralEnabled"):  # releases of Python since March 2024
            parser.SetReparseDeferralEnabled(False)  # else a fault is found pieces later; `silent` bounds the work
        parser.Parse(opening)
        self._fed = len(opening)
        self._seen = parser.CurrentByteIndex
        self._element = element
        self._around: list[_Element] = [_DOCUMENT] * opening.count(b"<")
        self._spf: list[SPFResult] = []
        self._dkim: list[DKIMResult] = []
        self._lost: list[tuple[str, str, str]] = []
        self._fault: UnusableError | None = None
        self._text: str | None = None
        self._size = 0
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters

    @property
    def place(self) -> str:
        """The current line."""
        return f"line {self._lines + self._parser.CurrentLineNumber:,}"

    def feed(self, data: bytes) -> None:
        """Parse more octets, in UTF-8.

        Raises:
            BrokenFileError: this is not a report, or too much of it is not XML.
        """
        while True:
            if self._dropped is not None:
                found = self._next_record(self._dropped + data)
                if found is None:
                    return
                data = found
            try:
                self._parser.Parse(data, False)
            except expat.ExpatError as error:
                at = self._parser.ErrorByteIndex - self._fed
                if at < 0:  # it is in a tag that began in the last piece
                    data, at = b" " + data, 0
                self._note_fault(expat.ErrorString(error.code) or "unknown error", error.lineno, data, at)
                self._dropped, data = data[at:], b""
            except _UnclosedError as unclosed:
                at = unclosed.start - self._fed
                if at < 0:  # the tag began in the last piece
                    data, at = b"<" + unclosed.tag.encode() + data[data.find(b">") :], 0
                self._note_fault("an element is not closed", unclosed.line, data, at)
                self._dropped, data = b" " + data[at:], b""
            else:
                self._fed += len(data)
                return

    def finish(self) -> None:
        """End the file. Raises BrokenFileError if it ends in the middle."""
        if not self._root:
            raise BrokenFileError("the XML has no DMARC report in it")
        if self._dropped is None:
            self._parser.EndElementHandler = None
            try:
                self._parser.Parse(b"</_>", True)
            except expat.ExpatError:
                if self._is_open:
                    raise BrokenFileError("the XML ends in the middle", place=self.place) from None
                self._ledger.repair("the XML ends in the middle, after the report", None, self.place)

    def take(self) -> list[Sender]:
        """Return the senders since the last call that are known to count."""
        if len(self._waiting) > _MAX_WAITING:
            self._decide()
        if len(self._unsure) > _MAX_WAITING:
            self._trust()
        senders, self._senders = self._senders, []
        return senders

    def has_moved(self) -> bool:
        """Whether a tag, a comment or a text has ended since the last call."""
        before, self._seen = self._seen, self._parser.CurrentByteIndex
        return self._dropped is not None or self._seen != before

    def end(self, *, is_damaged: bool = False) -> int:
        """End the report that is open, and return the messages of a record that did not end.

        Args:
            is_damaged: whether nothing after the first fault can be believed.
        """
        unread = self._messages_of_record() if self._is_in_record else 0
        self._is_in_record = False
        self._messages += unread
        if self._is_open:
            self._end_of_report()
        if is_damaged and self._unsure:
            messages = sum([sender.count for sender in self._unsure])
            self._ledger.skip("records after damage are not believed", None, None, len(self._unsure), messages)
        else:
            self._trust()
        self._unsure.clear()
        return unread

    def _trust(self) -> None:
        """Hand out the senders that came after a fault."""
        self._senders += self._unsure
        self._unsure.clear()

    # Faults of the XML.

    def _note_fault(self, what: str, line: int, data: bytes, at: int) -> None:
        """Note that the XML is broken. Raises BrokenFileError if reading can't go on."""
        place = f"line {self._lines + line:,}"
        start = data[max(at - 2, 0) : at + 7].lstrip(b"<!")
        if start and b"DOCTYPE".startswith(start[:7]):
            raise BrokenFileError("it has a DOCTYPE, which reports don't have, so the rest is not read", place=place)
        reason = f"the XML is broken: {what}"
        if not self._root or self._faults >= max(_MAX_FAULTS, self._records // _MAX_FAULTS):
            raise BrokenFileError(
                f"{reason}, and in {self._faults:,} places before" if self._root else reason, None, place, damage=True
            )
        if self._is_in_record:
            self._skip(reason, None, place)
        else:
            self._ledger.repair(f"{reason}; reading went on after it", None, place)
        self._is_in_record = False
        if self._waiting:
            self._decide()  # so that the records before the fault are not taken for some after it
        self._faults += 1
        self._lines += line - 1

    def _next_record(self, data: bytes) -> bytes | None:
        """Return data from its first record or report on, for a new parser; None if there is none in it."""
        found = _restart.search(data, 1)
        if found is None:
            self._dropped = data[-_LONGEST_START:]
            self._lines += data.count(b"\n", 0, len(data) - len(self._dropped))
            return None
        self._lines += data.count(b"\n", 0, found.start())
        self._dropped = None
        if found[1] == b"feedback":
            self._leave_namespaces(_INSIDE - 1)
            self._start_parser(b"<_>", _DOCUMENT)
        else:
            self._leave_namespaces(_INSIDE)
            self._missing.clear()
            self._start_parser(f"<_><{self._root}>".encode(), _FEEDBACK)
        return data[found.start() :]

    # What the parser calls.

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        around = self._around
        around.append(self._element)
        if len(around) > MAX_DEPTH:
            raise BrokenFileError(f"elements are nested more than {MAX_DEPTH} deep", place=self.place)
        if self._text is not None:
            self._refuse(self._element.value or "", "it has elements in it", tag)
            self._text = None
        if attributes:
            is_root = self._element is _DOCUMENT and tag.endswith("feedback")
            self._namespaces.declare(attributes, len(around), is_root, tag)
            self._is_foreign = not self._namespaces.is_own("")
        element = self._element.inner.get(tag)
        if element is None or self._is_foreign:
            element = self._resolved(tag)
        if element.value is not None:
            self._text = ""
            self._size = 0
        elif element is _RECORD:
            self._begin_record()
        elif element is _METADATA or element is _POLICY:
            self._values = self._about
        elif self._element is _DOCUMENT:
            self._begin_root(element, tag)
        self._element = element

    def _resolved(self, tag: str) -> _Element:
        """Return the element of a tag with a prefix, or with none if the default namespace is not the report's."""
        prefix, _, name = tag.rpartition(":")
        if prefix and self._element is _DOCUMENT and name == "feedback":
            self._namespaces.declare({}, 0, is_root=True, tag=tag)
        if self._namespaces.is_own(prefix):
            if (name == "record" and self._is_in_record) or (name == "feedback" and self._element is _FEEDBACK):
                raise _UnclosedError(tag, self._parser.CurrentByteIndex, self._parser.CurrentLineNumber)
            return self._element.inner.get(name, _OTHER)
        if name == "schema" and self._element in (_DOCUMENT, _FEEDBACK):
            self._ledger.repair("a schema in the report is ignored", f"<{tag}>", self.place)
            return self._element  # some writers open it around the report, or never close it
        return _OTHER

    def _leave_namespaces(self, depth: int) -> None:
        self._namespaces.leave(depth)
        self._is_foreign = not self._namespaces.is_own("")

    def _begin_root(self, element: _Element, tag: str) -> None:
        if element is _FEEDBACK:
            if self._is_open:
                self._end_of_report()
            self._root = tag
            self._begin_report()
            self._ledger.begin(KIND)
        elif element is not _DOCUMENT and self._root:
            self._ledger.repair("what follows the report is ignored", f"<{tag}>", self.place)
        elif element is not _DOCUMENT:
            raise BrokenFileError("XML, but not a DMARC aggregate report: its root is not feedback", f"<{tag}>")

    def _begin_record(self) -> None:
        if not self._is_decided and not self._missing:
            self._decide()
        self._records += 1
        self._line = self._lines + self._parser.CurrentLineNumber
        self._values = {}
        self._spf = []
        self._dkim = []
        self._is_in_record = True

    def _characters(self, text: str) -> None:
        if self._text is not None:
            if not self._text and len(text) <= MAX_VALUE:
                self._text = text
            elif self._size <= MAX_VALUE:
                self._text += text[:MAX_VALUE]
            self._size += len(text)

    def _end(self, _: str) -> None:
        element = self._element
        if self._text is not None:
            self._value(element.value or "", self._text.strip())
            self._text = None
        elif element is _SPF:
            self._end_of_spf()
        elif element is _DKIM:
            self._end_of_dkim()
        elif element is _RECORD:
            self._end_of_record()
        elif self._missing and element in self._missing:
            self._missing.discard(element)
        elif element is _FEEDBACK and self._around[-1] is _DOCUMENT and self._is_open:
            self._end_of_report()
        if self._outer and self._outer[-1][0] == len(self._around):
            self._leave_namespaces(len(self._around))
        self._element = self._around.pop()

    # What the elements mean.

    def _value(self, name: str, text: str) -> None:
        values = self._values
        if self._size > MAX_VALUE:
            self._refuse(name, f"it has more than {MAX_VALUE:,} characters", text)
        elif name not in values or (name == "override" and values[name] not in FORWARDING):
            values[name] = text
        elif name != "override" and values[name] != text:
            self._refuse(name, "it occurs twice", text)

    def _refuse(self, name: str, reason: str, example: str) -> None:
        """Leave a field out; without a field that is needed, the record is."""
        if name not in _NEEDED:
            self._lost.append((name, reason, example))
        elif self._fault is None:
            self._fault = UnusableError(f"{name} can't be used: {reason}", example)

    def _end_of_spf(self) -> None:
        values = self._values
        result = values.pop("domain", ""), values.pop("scope", "").lower(), values.pop("result", "")
        if len(self._spf) < _MAX_SPF:
            self._spf.append(result)
        else:
            self._lost.append(("", f"only the first {_MAX_SPF} results of SPF are used", result[0]))

    def _end_of_dkim(self) -> None:
        result = self._values.pop("domain", ""), self._values.pop("result", "")
        if len(self._dkim) < _MAX_DKIM:
            self._dkim.append(result)

    def _end_of_record(self) -> None:
        self._is_in_record = False
        values = self._values
        try:
            sender = self._sender(values)
        except UnusableError as error:
            self._skip(error.reason, error.example, f"record {self._records:,}, line {self._line:,}")
        else:
            self._messages += sender.count
            if not self._is_decided:
                self._waiting.append(sender)
            elif not self._is_duplicate:
                (self._unsure if self._faults else self._senders).append(sender)
        if self._fault is not None or self._lost:
            self._fault = None
            self._lost = []

    def _sender(self, values: dict[str, str]) -> Sender:
        """Return the sender of the record. Raises UnusableError if it has none."""
        if self._fault is not None:
            raise self._fault
        for name in _NEEDED:
            if name not in values:
                raise UnusableError(f"there is no {name}")
        for name, _, _ in self._lost:
            values.pop(name, None)
        facts = facts_of(
            values.get("envelope_from"), values.get("header_from"), tuple(self._spf), tuple(self._dkim),
            values.get("evaluated_spf"), values.get("evaluated_dkim"), values.get("override"),
        )  # fmt: skip
        sender = make_sender(
            values["source_ip"], facts.sender, facts.helo, count_of(values["count"]), None, facts.reported,
            facts.header_from, facts.dmarc_spf, facts.dmarc_dkim, facts.override,
        )  # fmt: skip
        if self._lost or facts.lost:
            self._note_lost(facts.lost)
        return sender

    def _note_lost(self, lost: Iterable[Lost]) -> None:
        """Note the fields that the record is without."""
        if self._is_duplicate:
            return
        place = f"record {self._records:,}, line {self._line:,}"
        for name, reason, example in self._lost:
            self._ledger.repair(f"{name} is left out: {reason}" if name else reason, example, place)
        for reason, text in lost:
            self._ledger.repair(reason, text, place)

    def _messages_of_record(self) -> int:
        """Return the messages of the current record, as far as their number was read."""
        try:
            return count_of(self._values.get("count", ""))
        except UnusableError:
            return 0

    def _skip(self, reason: str, example: str | None, place: str) -> None:
        """Skip the current record."""
        messages = self._messages_of_record()
        self._messages += messages
        if not self._is_decided:
            self._skips.append((reason, example, place, messages))
        elif not self._is_duplicate:
            self._ledger.skip(reason, example, place, messages=messages)

    # The report as a whole.

    def _decide(self) -> None:
        """Decide whether the report was read before: one of this reporter, domain and period with this Report-ID
        (RFC 9990 §3.1.4, §3.5.4).
        """
        about = self._about
        reporter = about.get("org_name") or about.get("email") or ""
        name = about.get("report_id", "").strip("<> ")
        period = f"{_seconds(about.get('begin'))} {_seconds(about.get('end'))}"
        domain = fold(about.get("domain", "").removesuffix("."))
        self._is_duplicate = bool(name) and not self._ledger.is_new(reporter.casefold(), name, domain, period)
        self._is_decided = True
        if not self._is_duplicate:
            (self._unsure if self._faults else self._senders).extend(self._waiting)
            for reason, example, place, messages in self._skips:
                self._ledger.skip(reason, example, place, messages=messages)
        self._waiting.clear()
        self._skips.clear()

    def _end_of_report(self) -> None:
        if not self._is_decided:
            self._decide()
        self._is_open = False
        about = self._about
        policy = tuple([(name, about[name]) for name in _POLICY_TAGS if about.get(name)])
        self._ledger.report(
            ReportedBy(
                about.get("org_name", ""), about.get("email", ""), about.get("report_id", ""),
                _seconds(about.get("begin")), _seconds(about.get("end")), about.get("domain", ""), policy,
                self._is_duplicate, self._messages,
            )
        )  # fmt: skip


def _seconds(text: str | None) -> int | None:
    """Return a time in seconds since 1970, or None."""
    found = _epoch(text or "")
    return None if found is None else int(found[1])
