"""Recordings: the answers of a resolver, kept as JSON and returned again without it."""

import os
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Self

from spfengine.addresses import V4, V6, address_text, parse_ip4, parse_ip6
from spfengine.answers import Answer, Question, RRType, Status
from spfengine.errors import RecordingError
from spfengine.frozen import Frozen, fill
from spfengine.json_files import describe, dump_document, load_document, parse_document, require_schema
from spfengine.names import fold
from spfengine.resolvers.asking import aask, ask, require_resolver
from spfengine.visible import visible
from spfengine.written_files import write_whole

SCHEMA = "spfengine.recording/1"
_WHAT = "a recording"
MAX_ANSWERS = 100_000
"""Answers that a Recorder keeps."""

_NOT_RECORDED = Answer.failed(Status.UNKNOWN)
_MAX_NAME = 1024  # longer than any name, even one with escapes
_MAX_TTL = 1 << 31


class Recording(Frozen):
    """Questions and the answers they had, immutable; a Resolver and an AsyncResolver.

    The answer to a question that was not recorded is not known: Status.UNKNOWN, as outside the zones of a file. No
    result depends on it, and a check that needs it ends in temperror. Names compare without case. If a question has two
    answers, the later one counts.

    Attributes:
        answers: (Question, Answer) pairs, in the order in which the questions were first asked.
    """

    __slots__ = ("_by_key", "answers")
    fields: ClassVar[tuple[str, ...]] = ("answers",)
    unchanging = True  # see `Checker`
    answers: tuple[tuple[Question, Answer], ...]
    _by_key: dict[tuple[str, str], Answer]

    def __init__(self, answers: Iterable[tuple[Question, Answer]]) -> None:
        kept = {_key(question): (question, answer) for question, answer in answers}
        fill(self, "answers", tuple(kept.values()))
        fill(self, "_by_key", {key: answer for key, (_, answer) in kept.items()})

    def __repr__(self) -> str:
        return f"<Recording: {len(self.answers)} answers>"

    def resolve(self, question: Question, /) -> Answer:
        """Return the recorded answer, the same object each time."""
        return self._by_key.get(_key(question), _NOT_RECORDED)

    async def aresolve(self, question: Question, /) -> Answer:
        """Async version of `resolve`."""
        return self.resolve(question)

    def to_dict(self) -> dict[str, object]:
        """Return the recording as JSON-safe values, schema `spfengine.recording/1`.

        Names and strings are the text of their octets (U+0000 to U+00FF).

        Raises:
            RecordingError: an answer made by a resolver of the caller's can't be written.
        """
        entries = []
        for question, answer in self.answers:
            try:
                entries.append(_write(question, answer))
            except (AttributeError, TypeError, ValueError, OverflowError) as error:
                what = f"the answer to {visible(question.name)} {visible(question.type)}"
                raise RecordingError(f"{what} can't be written: {visible(str(error))}") from error
        return {"schema": SCHEMA, "answers": entries}

    def to_json(self) -> str:
        """Return what `to_dict` returns as JSON text, all of it ASCII. Raises RecordingError as that does."""
        return dump_document(self.to_dict())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the recording to a file completely, or leave the file as it was.

        Raises:
            RecordingError: see `to_json`.
            OSError: the file can't be written.
        """
        write_whole(path, self.to_json())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a recording that `save` wrote.

        Raises:
            RecordingError: the file is not a recording, or larger than 64 MiB.
            OSError: the file can't be read.
        """
        return cls.from_dict(load_document(path, _WHAT, SCHEMA))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read a recording that `to_json` wrote. Raises RecordingError if it is something else, or over 64 MiB."""
        return cls.from_dict(parse_document(text, _WHAT, SCHEMA))

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Return the recording that `to_dict` wrote as these values. Raises RecordingError if they are not one."""
        entries = require_schema(data, _WHAT, SCHEMA).get("answers")
        if not isinstance(entries, list):
            raise RecordingError(f'"answers" of a recording is a list, not {describe(entries)}')
        pairs = [_read(f"answers[{index}]", entry) for index, entry in enumerate(entries)]
        recording = cls(pairs)
        if len(recording.answers) != len(pairs):
            raise RecordingError("a recording has one answer to each question, but this one has several to some")
        return recording


class Recorder:
    """Passes questions on to a resolver, and keeps what it answers; itself a Resolver and an AsyncResolver."""

    def __init__(self, resolver: object) -> None:
        """Record a resolver. Raises ResolverError if it is not one."""
        require_resolver(resolver)
        self._resolver = resolver
        self._kept: dict[tuple[str, str], tuple[Question, Answer]] = {}
        self._full = False

    def __repr__(self) -> str:
        return f"<Recorder: {len(self._kept)} answers of a {visible(type(self._resolver).__name__, 60)}>"

    @property
    def recording(self) -> Recording:
        """The answers so far.

        Raises:
            RecordingError: there were more than 100,000 different questions, so that some answers were not kept.
        """
        if self._full:
            raise RecordingError(
                f"more than {MAX_ANSWERS} different questions were asked; record fewer checks at a time"
            )
        return Recording(list(self._kept.values()))

    def resolve(self, question: Question, /) -> Answer:
        """Return the resolver's answer. Raises ResolverError if the resolver is not one."""
        return self._keep(question, ask(self._resolver, question))

    async def aresolve(self, question: Question, /) -> Answer:
        """Async version of `resolve`."""
        return self._keep(question, await aask(self._resolver, question))

    def _keep(self, question: Question, answer: Answer) -> Answer:
        key = _key(question)
        if key in self._kept or len(self._kept) < MAX_ANSWERS:
            self._kept[key] = (Question(*question), answer)
        else:
            self._full = True
        return answer


def _key(question: Question) -> tuple[str, str]:
    return fold(question.name.removesuffix(".")), question.type


def _write(question: Question, answer: Answer) -> dict[str, object]:
    entry: dict[str, object] = {
        "name": _name(question.name),
        "type": str(RRType(question.type)),
        "status": str(Status(answer.status)),
    }
    if answer.ttl is not None:
        entry["ttl"] = _ttl(answer.ttl)
    if answer.chain:
        entry["chain"] = [_name(name) for name in answer.chain]
    if answer.records:
        entry["records"] = _WRITERS[question.type](answer)
    return entry


_WRITERS: dict[RRType, Callable[[Answer], list[Any]]] = {
    RRType.TXT: lambda answer: [
        [part.decode("latin-1") for part in strings]
        for strings in answer.strings or [(record,) for record in answer.records]
    ],
    RRType.A: lambda answer: [address_text(V4, record) for record in answer.records],
    RRType.AAAA: lambda answer: [address_text(V6, record) for record in answer.records],
    RRType.MX: lambda answer: [[_preference(number), _name(name)] for number, name in answer.records],
    RRType.PTR: lambda answer: [_name(name) for name in answer.records],
}


def _read(where: str, entry: object) -> tuple[Question, Answer]:
    if not isinstance(entry, dict):
        raise RecordingError(f"{where}: expected an object, not {describe(entry)}")
    if unknown := entry.keys() - {"name", "type", "status", "ttl", "chain", "records"}:
        raise RecordingError(f"{where}: unknown key {describe(min(unknown))}")
    try:
        question = Question(_name(entry.get("name")), RRType(_text(entry.get("type"))))
        status = Status(_text(entry.get("status")))
        ttl = None if "ttl" not in entry else _ttl(entry["ttl"])
        chain = [_name(name) for name in _list(entry.get("chain", []))]
        records = _list(entry.get("records", []))
        read = _READERS[question.type](records, ttl, chain) if records else Answer(status, None, (), ttl, chain)
    except ValueError as error:
        raise RecordingError(f"{where}: {visible(str(error), 200)}") from None
    if records and status is not Status.NOERROR:
        raise RecordingError(f"{where}: records, though the status is {status}")
    return question, read


def _read_txt(records: list[Any], ttl: int | None, chain: list[str]) -> Answer:
    strings = [tuple(_octets(part) for part in _list(record)) for record in records]
    return Answer.txt(*strings, ttl=ttl, chain=chain)


def _read_mx(records: list[Any], ttl: int | None, chain: list[str]) -> Answer:
    pairs = []
    for record in records:
        number, name = record if isinstance(record, list) and len(record) == 2 else (None, None)
        pairs.append((_preference(number), _name(name)))
    return Answer(Status.NOERROR, RRType.MX, tuple(pairs), ttl, chain)


def _read_ptr(records: list[Any], ttl: int | None, chain: list[str]) -> Answer:
    return Answer(Status.NOERROR, RRType.PTR, tuple(_name(record) for record in records), ttl, chain)


def _read_addresses(type: RRType, parse: Callable[[str], int | None]) -> Callable[..., Answer]:
    def read(records: list[Any], ttl: int | None, chain: list[str]) -> Answer:
        values = [parse(record) if isinstance(record, str) else None for record in records]
        if None in values:
            raise ValueError(f"{describe(records[values.index(None)])} is not an address of type {type}")
        return Answer(Status.NOERROR, type, tuple(values), ttl, chain)

    return read


_READERS: dict[RRType, Callable[[list[Any], int | None, list[str]], Answer]] = {
    RRType.TXT: _read_txt,
    RRType.A: _read_addresses(RRType.A, parse_ip4),
    RRType.AAAA: _read_addresses(RRType.AAAA, parse_ip6),
    RRType.MX: _read_mx,
    RRType.PTR: _read_ptr,
}


def _name(value: object) -> str:
    if isinstance(value, str) and len(value) <= _MAX_NAME and all(character <= "\xff" for character in value):
        return value
    raise ValueError(f"expected a name of octets, not {describe(value)}")


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(f"expected a string, not {describe(value)}")


def _octets(value: object) -> bytes:
    if isinstance(value, str) and all(character <= "\xff" for character in value):
        return value.encode("latin-1")
    raise ValueError(f"expected a string of octets (U+0000 to U+00FF), not {describe(value)}")


def _list(value: object) -> list[Any]:
    if isinstance(value, list):
        return value
    raise ValueError(f"expected a list, not {describe(value)}")


def _ttl(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MAX_TTL:
        return value
    raise ValueError(f"expected a TTL in seconds, not {describe(value)}")


def _preference(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 16:
        return value
    raise ValueError(f"expected [preference, exchange], not {describe(value)}")
