"""What exporters share: how they refuse, and a zone as answers, for formats that know no CNAME records."""

from collections.abc import Iterator

from spfengine.answers import Answer, Question, RRType, Status
from spfengine.errors import ZoneError
from spfengine.resolvers.zone import Zone
from spfengine.visible import visible_name


def cannot_say(format: str, name: str, type: str, what: str) -> ZoneError:
    """Return the error that a format has no way to say something of a name and type."""
    return ZoneError(f"{format} has no way to say that {visible_name(name) or '.'} {type} is {what}; take it out")


def answers(zone: Zone, format: str, *, no_records: bool = False) -> Iterator[tuple[str, RRType, Answer]]:
    """Yield what the zone answers for each name that it lists; aliases are followed.

    Args:
        no_records: whether it yields "no records" too.

    Raises:
        ZoneError: there is a wildcard.
    """
    for name in zone.names:
        if name.startswith("*."):
            raise cannot_say(format, name, "*", "a wildcard")
        for rrtype in RRType:
            answer = zone.resolve(Question(name, rrtype))
            if no_records or answer.records or answer.status is not Status.NOERROR:
                yield name, rrtype, answer


def plain_text(format: str, name: str, type: RRType, text: str) -> str:
    """Return a record's text where it is printable ASCII. Raises ZoneError."""
    if not (text.isascii() and text.isprintable()):
        raise cannot_say(format, name, type, "text with octets that do not print")
    return text


def texts(format: str, name: str, answer: Answer) -> list[str]:
    """Return an answer's records as such formats write them; names have a final dot. Raises ZoneError."""
    assert answer.type is not None
    if answer.type is RRType.TXT:
        return [plain_text(format, name, answer.type, record.decode("latin-1")) for record in answer.records]
    if answer.type is RRType.MX:
        return [f"{preference} {plain_text(format, name, answer.type, host)}." for preference, host in answer.records]
    if answer.type is RRType.PTR:
        return [f"{plain_text(format, name, answer.type, host)}." for host in answer.records]
    return answer.texts()
