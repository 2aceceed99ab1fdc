"""A zone as the lines that chasquid's test server minidns reads: name, type, value."""

from spfengine.answers import RRType
from spfengine.resolvers.zone import Zone
from spfengine.testing.exporters.refusing import answers, cannot_say, plain_text, texts

_FORMAT = "minidns"


def write(zone: Zone) -> str:
    """Return the lines. Raises ZoneError: it has no PTR records, wildcards or failures, and trims spaces."""
    lines = []
    for name, rrtype, answer in answers(zone, _FORMAT):
        plain_text(_FORMAT, name, rrtype, name)
        if not answer.records:
            raise cannot_say(_FORMAT, name, rrtype, str(answer.status))
        if rrtype is RRType.PTR or " " in name or name.startswith("#"):
            raise cannot_say(_FORMAT, name, rrtype, "there")
        for text in texts(_FORMAT, name, answer):
            if text != text.strip() or not text:
                raise cannot_say(_FORMAT, name, rrtype, "empty, or begins or ends with a space")
            lines.append(f"{name or '.'} {rrtype} {text}\n")
    return "".join(lines)
