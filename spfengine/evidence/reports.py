"""DMARC aggregate reports, record by record: RFC 7489 App. C, and its successor RFC 9990.

Python's own expat reads them, in pieces, and a file with a DOCTYPE is refused as soon as that begins. So no entity is
ever defined, and nothing external is loaded. (defusedxml does the same with the same parser, but would be a
dependency, and builds a tree.) Elements are identified by their local names: reports have a namespace, none, a prefix,
or a prefix that is not declared.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.parsers import expat

from spfengine.evidence.bounds import MAX_DEPTH, MAX_VALUE, Bounds
from spfengine.evidence.ledger import Broken, Ledger
from spfengine.evidence.values import (
    Unusable,
    count_of,
    domain_of,
    helo_of,
    make_sender,
    null_sender,
    result_of,
    sender_of,
)
from spfengine.senders import Sender

KIND = "dmarc-report"


class _Element:
    """An element that is read: its children that are read, and the name of its value, if it has one."""

    __slots__ = ("inner", "value")

    def __init__(self, inner: "dict[str, _Element] | None" = None, value: str | None = None) -> None:
        self.inner = inner or {}
        self.value = value


def _values(*names: str) -> dict[str, _Element]:
    return {name: _Element(value=name) for name in names}


_OTHER = _Element()
_SPF = _Element(_values("domain", "scope", "result"))
_RECORD = _Element(
    {
        "row": _Element(_values("source_ip", "count")),
        "identifiers": _Element(_values("header_from", "envelope_from")),
        "auth_results": _Element({"spf": _SPF}),
    }
)
_DOCUMENT = _Element({"feedback": _Element({"record": _RECORD})})
_MAX_SPF = 20  # results of SPF in one record; more than two make no sense


@dataclass(frozen=True, slots=True)
class _SPFResult:
    """An element spf of auth_results."""

    domain: str
    scope: str
    result: str | None


def read_report(pieces: Iterable[bytes], ledger: Ledger, bounds: Bounds) -> Iterator[Sender]:
    """Yield the sender of each record.

    Raises:
        Broken: it is not such a report, or its XML is broken. The records before that have been yielded.
    """
    report = _Report(ledger)
    silent = 0
    first = True
    for piece in pieces:
        data = piece.lstrip() if first else piece  # white space before the XML declaration is a common mistake
        first = first and not data
        try:
            report.feed(data)
        except Broken:
            yield from report.take()
            raise
        yield from report.take()
        silent = 0 if report.has_moved() else silent + len(data)
        if silent > bounds.token:
            raise Broken("a tag or comment is too long", place=report.place)
    report.feed(b"", last=True)
    yield from report.take()


class _Report:
    """A report, as far as it has been fed to the parser."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._senders: list[Sender] = []
        self._element = _DOCUMENT
        self._around: list[_Element] = []
        self._moved = False
        self._records = 0
        self._line = 0
        self._values: dict[str, str] = {}
        self._spf: list[_SPFResult] = []
        self._fault: Unusable | None = None
        self._text: list[str] | None = None
        self._size = 0
        parser = self._parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.DefaultHandler = self._other

    @property
    def place(self) -> str:
        """The current line."""
        return f"line {self._parser.CurrentLineNumber}"

    def feed(self, data: bytes, *, last: bool = False) -> None:
        """Parse more octets.

        Raises:
            Broken: this is not a report, or not XML.
        """
        try:
            self._parser.Parse(data, last)
        except expat.ExpatError as error:
            message = expat.ErrorString(error.code) or "unknown error"
            raise Broken(f"the XML is broken: {message}", place=f"line {error.lineno}") from None
        except (LookupError, ValueError):  # raised by Python for encodings that expat does not know itself
            raise Broken("the XML has an encoding that is not read", place=self.place) from None

    def take(self) -> list[Sender]:
        """Return the senders since the last call."""
        senders, self._senders = self._senders, []
        return senders

    def has_moved(self) -> bool:
        """Whether a tag, a comment or a text has ended since the last call."""
        moved, self._moved = self._moved, False
        return moved

    def _doctype(self, *_: object) -> None:
        raise Broken("it has a DOCTYPE, which reports don't have, so the rest is not read", place=self.place)

    def _other(self, _: str) -> None:
        self._moved = True

    def _start(self, tag: str, _: dict[str, str]) -> None:
        self._moved = True
        name = tag.rpartition(":")[2] if ":" in tag else tag
        around = self._around
        if not around:
            if name != "feedback":
                raise Broken("XML, but not a DMARC aggregate report: its root is not feedback", f"<{name}>")
            self._ledger.begin(KIND)
        around.append(self._element)
        if len(around) > MAX_DEPTH:
            raise Broken(f"elements are nested more than {MAX_DEPTH} deep", place=self.place)
        if self._text is not None:
            self._refuse("a value has elements in it", name)
            self._text = None
        element = self._element = self._element.inner.get(name, _OTHER)
        if element.value is not None:
            self._text = []
            self._size = 0
        elif element is _RECORD:
            self._records += 1
            self._line = self._parser.CurrentLineNumber
            self._values = {}
            self._spf = []
            self._fault = None

    def _characters(self, text: str) -> None:
        self._moved = True
        if self._text is not None:
            if self._size <= MAX_VALUE:
                self._text.append(text[:MAX_VALUE])
            self._size += len(text)

    def _end(self, _: str) -> None:
        self._moved = True
        element = self._element
        if self._text is not None:
            self._value(element.value or "", "".join(self._text).strip())
            self._text = None
        elif element is _SPF:
            self._end_of_spf()
        elif element is _RECORD:
            self._end_of_record()
        self._element = self._around.pop()

    def _value(self, name: str, text: str) -> None:
        if self._size > MAX_VALUE:
            self._refuse(f"{name} has more than {MAX_VALUE:,} characters", text)
        elif name in self._values:
            self._refuse(f"{name} occurs twice", text)
        else:
            self._values[name] = text

    def _refuse(self, reason: str, example: str) -> None:
        if self._fault is None:
            self._fault = Unusable(reason, example)

    def _end_of_spf(self) -> None:
        domain, scope, result = [self._values.pop(name, "") for name in ("domain", "scope", "result")]
        if len(self._spf) < _MAX_SPF:
            self._spf.append(_SPFResult(domain, scope.lower(), result_of(result)))
        else:
            self._refuse(f"it has more than {_MAX_SPF} results of SPF", domain)

    def _end_of_record(self) -> None:
        try:
            if self._fault is not None:
                raise self._fault
            self._senders.append(_sender(self._values, self._spf))
        except Unusable as error:
            self._ledger.skip(error.reason, error.example, f"record {self._records:,}, line {self._line:,}")


def _sender(values: dict[str, str], spf: list[_SPFResult]) -> Sender:
    """Return the sender of a record.

    Raises:
        Unusable: it has none.
    """
    if "source_ip" not in values:
        raise Unusable("there is no source_ip")
    if "count" not in values:
        raise Unusable("there is no count")
    sender, helo, reported = _identity(values.get("envelope_from"), spf)
    header_from = values.get("header_from")
    return make_sender(
        values["source_ip"],
        sender,
        helo,
        count_of(values["count"]),
        None,
        reported,
        domain_of(header_from) if header_from else None,
    )


def _identity(envelope_from: str | None, spf: list[_SPFResult]) -> tuple[str, str | None, str | None]:
    """Return the sender, its HELO name if known, and the result that the report has for this sender.

    If the envelope's sender is given but empty, a result without scope is about HELO.
    """
    is_null = envelope_from is not None and envelope_from in ("", "<>")
    helo_scopes = ("helo", "") if is_null else ("helo",)
    of_helo = [result for result in spf if result.domain and result.scope in helo_scopes]
    of_sender = [result for result in spf if result.domain and result.scope not in helo_scopes]
    helo = helo_of(of_helo[0].domain) if of_helo else None
    if envelope_from is not None and not is_null:
        return _of_envelope(sender_of(envelope_from), helo, of_sender)
    if of_sender:
        return sender_of(of_sender[0].domain), helo, of_sender[0].result
    if helo is None:
        raise Unusable("it names no domain that SPF was checked for")
    return null_sender(helo), helo, of_helo[0].result


def _of_envelope(envelope: str, helo: str | None, results: list[_SPFResult]) -> tuple[str, str | None, str | None]:
    """Return the envelope's sender with the result for its domain; the first result's domain if none is for it."""
    for result in results:
        if sender_of(result.domain).rpartition("@")[2] == envelope.rpartition("@")[2]:
            return envelope, helo, result.result
    if results:
        return sender_of(results[0].domain), helo, results[0].result
    return envelope, helo, None
