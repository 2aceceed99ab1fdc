"""The formats by name."""

from spfengine.errors import ArgumentError
from spfengine.resolvers.zone import Zone
from spfengine.testing.exporters import bind, exim, minidns, mockdns, openspf, rspamd
from spfengine.visible import visible

_WRITERS = {
    "bind": bind.write,
    "exim": exim.write,
    "minidns": minidns.write,
    "mockdns": mockdns.write,
    "openspf": openspf.write,
    "rspamd": rspamd.write,
}
FORMATS = tuple(_WRITERS)
"""bind: a master file (RFC 1035 §5). exim: a file for the fakens of its tests. minidns: lines for chasquid's server of
that name. mockdns: JSON of the zones of go-mockdns. openspf: YAML, the zonedata of an OpenSPF suite. rspamd: its
options.dns.fake_records."""


def export(zone: Zone, format: str) -> str:
    """Return a zone as text in one of `FORMATS`; its letters are ASCII.

    Raises:
        ArgumentError: there is no such format.
        ZoneError: the zone holds what the format can't say; the message says which name and type.
    """
    write = _WRITERS.get(format)
    if write is None:
        raise ArgumentError(f"no such format: {visible(format, 40)!r}; expected one of {', '.join(FORMATS)}")
    return write(zone)
