"""Run pyspf on one of our zones: its function for DNS lookups is replaced during the check."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import spf

from spfengine.answers import Question, Resolver, RRType
from tests.properties.generate import Call

RECEIVER = "mx.receiver.example"
NOW = 1_700_000_000


class Rival(NamedTuple):
    """The outcome of a check by pyspf.

    Attributes:
        result: its result; "crash" if it raised an exception.
        text: its explanation, or the exception.
    """

    result: str
    text: str


def check(call: Call, resolver: Resolver) -> Rival:
    """Return the outcome of pyspf in its strict mode."""
    with _answered_by(resolver):
        sender = "" if call.sender == "<>" else call.sender
        query = spf.query(call.ip, sender, call.helo, receiver=RECEIVER, strict=True)
        query.t = str(NOW)
        try:
            result, _, text = query.check()
        except Exception as error:  # noqa: BLE001 - any exception is a crash of the rival
            return Rival("crash", f"{type(error).__name__}: {error}")
    return Rival(str(result), str(text))


@contextmanager
def _answered_by(resolver: Resolver) -> Iterator[None]:
    def lookup(name: str, qtype: str, *_: object, **__: object) -> list[tuple[tuple[str, str], Any]]:
        if qtype not in RRType.__members__:
            return []
        answer = resolver.resolve(Question(name, RRType(qtype)))
        if answer.is_failure:
            raise spf.TempError(f"DNS {answer.status}")
        records: list[Any] = answer.texts()
        if qtype == "TXT":
            records = list(answer.strings)
        elif qtype == "MX":
            records = [(preference, exchange) for preference, exchange in answer.records]
        return [((name, qtype), record) for record in records]

    original = spf.DNSLookup
    spf.DNSLookup = lookup
    try:
        yield
    finally:
        spf.DNSLookup = original
