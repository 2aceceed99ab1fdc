"""DMARC aggregate reports, record by record: RFC 7489 App. C, and its successor RFC 9990.

Python's own expat reads them, in pieces, and whatever has a DOCTYPE is refused when its first words are met. So no
entity is ever defined, and nothing outside is asked for; a library that does the same by the same parser (defusedxml)
would add a dependency, and build a tree. Elements are told apart by their local names: reports have a namespace, none,
a prefix, or a prefix that nothing declares.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from xml.parsers import expat

from spfengine.evidence.ledger import Broken, Ledger
from spfengine.evidence.values import (
    MAX_DEPTH,
    MAX_VALUE,
    Bounds,
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
    """An element that matters at its place: those in it that matter, and the name of its value if it has one."""

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
_MAX_SPF = 20  # results of SPF in one record; two make sense


class _SPFResult(NamedTuple):
    """An element spf of auth_results."""

    domain: str
    scope: str
    result: str | None


def read_report(pieces: Iterable[bytes], ledger: Ledger, bounds: Bounds) -> Iterator[Sender]:
    """Yield the sender of each record.

    Raises:
        Broken: it is no such report, or its XML is broken; the records before that place have been yielded.
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
    """A report as far as it has been fed."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._found: list[Sender] = []
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
        """Where the parser is."""
        return f"line {self._parser.CurrentLineNumber}"

    def feed(self, data: bytes, *, last: bool = False) -> None:
        """Read on.

        Raises:
            Broken: this is no report, or no XML.
        """
        try:
            self._parser.Parse(data, last)
        except expat.ExpatError as error:
            told = expat.ErrorString(error.code) or "unknown error"
            raise Broken(f"the XML is broken: {told}", place=f"line {error.lineno}") from None
        except (LookupError, ValueError):  # of Python, for encodings that expat asks it about
            raise Broken("the XML has an encoding that is not read", place=self.place) from None

    def take(self) -> list[Sender]:
        """Return the senders found since the last call."""
        found, self._found = self._found, []
        return found

    def has_moved(self) -> bool:
        """Whether anything came to its end since the last call."""
        moved, self._moved = self._moved, False
        return moved

    def _doctype(self, *_: object) -> None:
        raise Broken("it has a DOCTYPE, which no report has; it is not read further", place=self.place)

    def _other(self, _: str) -> None:
        self._moved = True

    def _start(self, tag: str, _: dict[str, str]) -> None:
        self._moved = True
        name = tag.rpartition(":")[2] if ":" in tag else tag
        around = self._around
        if not around:
            if name != "feedback":
                raise Broken("it is XML, but no DMARC aggregate report: its root is no feedback", f"<{name}>")
            self._ledger.begin(KIND)
        around.append(self._element)
        if len(around) > MAX_DEPTH:
            raise Broken(f"elements stand in each other more than {MAX_DEPTH} deep", place=self.place)
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
            self._refuse(f"{name} stands there twice", text)
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
            self._found.append(_sender(self._values, self._spf))
        except Unusable as error:
            self._ledger.skip(error.reason, error.example, f"record {self._records:,}, line {self._line:,}")


def _sender(values: dict[str, str], spf: list[_SPFResult]) -> Sender:
    """Return the sender of a record.

    Raises:
        Unusable: it tells of none.
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
    """Return the sender, the HELO name where it is told, and the result that the report gives for this sender.

    Where the envelope's sender is there but empty, a result without scope is about HELO.
    """
    is_null = envelope_from is not None and envelope_from in ("", "<>")
    of_helo = [each for each in spf if each.scope == "helo" or (is_null and not each.scope)]
    of_sender = [each for each in spf if each.domain and each not in of_helo]
    helo = next((helo_of(each.domain) for each in of_helo if each.domain), None)
    envelope = None if envelope_from is None or is_null else sender_of(envelope_from)
    for each in of_sender:
        if envelope is not None and sender_of(each.domain).rpartition("@")[2] == envelope.rpartition("@")[2]:
            return envelope, helo, each.result
    if of_sender:
        return sender_of(of_sender[0].domain), helo, of_sender[0].result
    if envelope is not None:
        return envelope, helo, None
    if helo is None:
        raise Unusable("it names no domain that SPF was checked for")
    return null_sender(helo), helo, next(each.result for each in of_helo if each.domain)
