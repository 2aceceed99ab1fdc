"""Reading files of DNS answers. Their suffix and their content decide how they are read.

- .json: a recording, a zone of an OpenSPF suite, or record sets of Route 53.
- .yml, .yaml: a zone of an OpenSPF suite, or of octoDNS.
- all others: master files; so are exports of cPanel, WHM and Cloudflare.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spfengine.addresses import IPAddress, parse_address
from spfengine.answers import Answer, Question, Resolver, RRType
from spfengine.errors import ZoneError
from spfengine.names import fold
from spfengine.resolvers.asking import aask, ask
from spfengine.resolvers.overlay import Overlay
from spfengine.resolvers.rrsets import ANY_TYPE
from spfengine.resolvers.zone import NOTES, Zone, read_apexes
from spfengine.resolvers.zone_files.file_names import domain_in
from spfengine.resolvers.zone_files.route53 import OTHERS
from spfengine.resolvers.zone_files.yaml_files import load_yaml, value_of
from spfengine.visible import kind_text, visible

if TYPE_CHECKING:
    from spfengine.resolvers.recording import Recording
    from spfengine.resolvers.rrsets import RRset

_BEGINS_YAML = re.compile(
    rb"""(?:[ \t\r]*+(?:\#[^\n]*+)?\n)*+  # empty lines and comments
    (?:---\s | \?\s | (?:'[^'\n]*' | "[^"\n]*" | [^\s'";:\#]+)[ \t]*:(?:\s|\Z))""",
    re.VERBOSE,
)
"""How YAML with keys begins: no entry of a master file has a colon after its name."""
MAX_OCTETS = 64 << 20
"""Octets of the largest recording or suite that is read."""


def read_zone(path: "str | os.PathLike[str]", origin: str | None = None) -> "Zone | Recording":
    """Return the zone or recording in a file, in any of the formats above.

    Args:
        path: the file.
        origin: the domain to which relative names belong, for a master file without `$ORIGIN` and for octoDNS. Without
            it, that is the domain in the file's name, such as `db.example.com` or `example.com.yaml`. The domain is
            also the zone's apex, if the file does not show another.

    Raises:
        ZoneError, RecordingError: it can't be understood.
        MissingExtraError: it is YAML, and pyyaml is not installed.
        OSError: it can't be read.
    """
    suffix = os.fspath(path).lower().rpartition(".")[2]
    if suffix == "json":
        return _read_json(_octets_of(path), origin)
    if suffix in ("yml", "yaml"):
        return _read_yaml(_octets_of(path), os.fspath(path), origin)
    return _with_apex(Zone.from_file(os.fspath(path), origin), origin)


def read_named(data: bytes, path: str, origin: str | None = None) -> "Zone | Recording":
    """Return what `read_zone` does, of a file that has been read. Raises as it does, but for OSError."""
    from spfengine.resolvers.zone_files import master_file

    suffix = path.lower().rpartition(".")[2]
    if suffix == "json":
        return _read_json(data, origin)
    if suffix in ("yml", "yaml"):
        return _read_yaml(data, path, origin)
    notes: list[str] = []
    zone = Zone.from_rrsets(*master_file.read_named(data, path, origin, notes))
    zone.memo[NOTES] = tuple(notes)
    return _with_apex(zone, origin)


def is_zone_yaml(data: bytes, path: str) -> bool:
    """Whether a file of YAML is a zone: an OpenSPF suite, or octoDNS's, whose file or folder is named after the zone.

    Raises:
        MissingExtraError: pyyaml is not installed.
    """
    from spfengine.resolvers.zone_files import octodns

    is_named = domain_in(path) is not None or os.path.dirname(path).endswith(".")
    if b"zonedata" not in data and not (is_named and b"type" in data):
        return False
    roots: list[bool] = []
    try:
        load_yaml(data, lambda root: roots.append(octodns.is_octodns(root) or value_of(root, "zonedata") is not None))
    except ZoneError:
        return False
    return bool(roots) and all(roots)


def is_zone_json(data: bytes) -> bool:
    """Whether a file of JSON is a recording, a zone of an OpenSPF suite, or record sets or changes of Route 53."""
    import json

    from spfengine.resolvers.zone_files import route53

    if not any(mark in data for mark in (b"spfengine.recording/", b"zonedata", b"ResourceRecord")):
        return False
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return False
    if isinstance(document, list):
        return bool(document) and isinstance(document[0], dict) and {"Name", "Type"} <= document[0].keys()
    if not isinstance(document, dict):
        return False
    is_recording = str(document.get("schema")).startswith("spfengine.recording/")
    return is_recording or "zonedata" in document or any(key in document for key in route53.KEYS)


def read_octets(data: bytes, origin: str | None = None) -> "Zone | Recording":
    """Return the zone or recording in these octets: JSON, YAML, or else a master file. Raises as `read_zone` does."""
    if data.lstrip()[:1] in (b"{", b"["):
        return _read_json(data, origin)
    if _BEGINS_YAML.match(data):
        return _read_yaml(data, "zone text", origin)
    return _with_apex(Zone.from_text(data, origin), origin)


def _with_apex(zone: Zone, origin: str | None) -> Zone:
    """Return a zone with the origin that the caller gave as its apex, if it has no other."""
    if origin is None or zone.apexes:
        return zone
    made = Zone.from_rrsets(zone.names, zone.rrsets, read_apexes([origin]), zone.ttl)
    made.memo.update(zone.memo)
    return made


def own_domains(layers: "Sequence[Zone | Recording]") -> list[str]:
    """Return the domains whose zones these files are: their apexes."""
    return [apex for layer in layers if isinstance(layer, Zone) for apex in layer.apexes or ()]


def hosts_at(layers: "Sequence[Zone | Recording]", addresses: Iterable[IPAddress]) -> Iterator[str]:
    """Yield the host names, in zones, that have one of these addresses.

    Raises:
        AddressError: one is not an IP address.
    """
    wanted = {parse_address(address)[1] for address in addresses}
    for layer in layers:
        for rrset in layer.rrsets if isinstance(layer, Zone) else ():
            if rrset.type in ("A", "AAAA") and not wanted.isdisjoint(rrset.records):
                yield rrset.name


def lay_together(layers: "Sequence[Zone | Recording]", base: Resolver | None = None) -> Resolver:
    """Return a resolver for several files. Zones become one zone, in which a later RRset replaces an earlier one.

    If one of them is the whole of DNS, such as a zone of an OpenSPF suite, they are it together. If not, they speak for
    the apexes of all, and have the names of those files that name no apex, such as a few lines of a master file.

    A zone and a recording are asked in turn: first the later one, then the other for what the first does not know.

    Args:
        base: what answers for all that the files do not know, such as live DNS.
    """
    zones = [layer for layer in layers if isinstance(layer, Zone)]
    recordings = [layer for layer in layers if not isinstance(layer, Zone)]
    zone = _one_zone(zones) if zones else None
    if not recordings:
        assert zone is not None, "there is a file"
        return zone if base is None else Overlay(base, zone)
    recording = recordings[0].__class__([pair for recording in recordings for pair in recording.answers])
    if zone is None:
        return recording if base is None else _Recorded(recording, base)
    if not isinstance(layers[-1], Zone):
        return _Recorded(recording, zone if base is None else Overlay(base, zone))
    if base is not None or zone.apexes or zone.is_part:
        return Overlay(_Recorded(recording, zone if base is None else base), zone)
    return _WholeOverRecording(zone, recording)


def _one_zone(zones: Sequence[Zone]) -> Zone:
    """Return all zones as one, so that CNAME records lead from one to another; a later RRset replaces an earlier."""
    if len(zones) == 1:
        return zones[0]
    names = {fold(name): name for zone in zones for name in zone.names}
    whole = [zone for zone in zones if not zone.is_part]
    rrsets: dict[tuple[str, str], RRset] = {}
    for zone in zones:
        rrsets.update({(fold(rrset.name), rrset.type): rrset for rrset in zone.rrsets if not _is_known(rrset, whole)})
    apexes = (
        None if any(zone.apexes is None for zone in zones) else [apex for zone in zones for apex in zone.apexes or ()]
    )
    return Zone.from_rrsets(names.values(), rrsets.values(), apexes, is_part=not whole)


def _is_known(rrset: "RRset", zones: Sequence[Zone]) -> bool:
    """Whether an RRset says that nothing else is known of its name, but one of the zones knows it."""
    if rrset.type != ANY_TYPE or rrset.note != OTHERS:
        return False
    return any(zone.speaks_for(fold(rrset.name), RRType.TXT) for zone in zones)


def _octets_of(path: "str | os.PathLike[str]") -> bytes:
    with open(path, "rb") as file:
        data = file.read(MAX_OCTETS + 1)
    if len(data) > MAX_OCTETS:
        raise ZoneError(f"the file is larger than {MAX_OCTETS >> 20} MiB")
    return data


def _read_json(data: bytes, origin: str | None) -> "Zone | Recording":
    import json

    from spfengine.resolvers.zone_files import route53

    _refuse_origin(origin)
    try:
        document = json.loads(data, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise ZoneError(f"this JSON can't be used: {error}") from None
    if isinstance(document, list) or (isinstance(document, dict) and any(key in document for key in route53.KEYS)):
        content = route53.read_document(document)
        made = Zone.from_rrsets(*content, is_part=route53.is_part(content))
        if made.is_part:
            made.memo[NOTES] = (f"{OTHERS}, so what else there is at its names is not known",)
        return made
    if isinstance(document, dict) and "zonedata" in document:
        return _zone_of_suite(document)
    if not isinstance(document, dict) or "schema" not in document:
        if isinstance(document, dict) and "rrsets" in document:
            raise ZoneError("this is a zone of PowerDNS; export it as a zone file: pdnsutil list-zone DOMAIN")
        raise ZoneError(
            "this JSON is neither a recording (spfengine.recording/1), nor a zone of an OpenSPF suite (key zonedata), "
            "nor record sets of Route 53 (key ResourceRecordSets)"
        )
    from spfengine.resolvers.recording import Recording

    return Recording.from_json(data)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object. Raises ValueError if a key occurs twice, of which JSON readers silently keep the last."""
    by_key: dict[str, Any] = {}
    for key, value in pairs:
        if key in by_key:
            raise ValueError(f"the key {visible(key, 60)!r} occurs twice in one object; expected once")
        by_key[key] = value
    return by_key


def _read_yaml(data: bytes, path: str, origin: str | None) -> Zone:
    """Return the zone of a file: of all its documents if they are octoDNS's, else of its only one."""
    from spfengine.resolvers.zone_files import octodns, openspf

    roots: list[bool] = []

    def prepare(root: Any) -> None:
        roots.append(octodns.is_octodns(root))
        (octodns.prepare if roots[-1] else openspf.prepare)(root)

    documents = [document for document in load_yaml(data, prepare) if document is not None]  # None: after a last ---
    is_named = origin is not None or domain_in(path) is not None
    is_empty = all(document == {} for document in documents)  # as a new zone of octoDNS is
    if (is_empty and is_named) or (roots and all(roots)):
        return Zone.from_rrsets(*octodns.read_documents(documents, origin or octodns.zone_of(path)))
    if len(documents) != 1:
        raise ZoneError(_not_one_zone(documents))
    _refuse_origin(origin)
    return _zone_of_suite(documents[0])


def _not_one_zone(documents: list[Any]) -> str:
    """Return why these documents are not read, and what to do."""
    if not documents:
        return "the file is empty; expected a zone of an OpenSPF suite (key zonedata) or of octoDNS"
    if all(isinstance(document, Mapping) and "rrdatas" in document for document in documents):
        return "these are records of Google Cloud DNS; export them as a zone file: add --zone-file-format"
    return f"the file has {len(documents)} documents, each a zone of its own; expected one"


def _refuse_origin(origin: str | None) -> None:
    if origin is not None:
        raise ZoneError(f"the names in this file are complete; expected FILE alone, without {visible(origin, 60)}=")


def _zone_of_suite(document: Any) -> Zone:
    """Return the zone of a suite: its `zonedata`, or the whole document if it has no such key."""
    if not isinstance(document, Mapping):
        raise ZoneError(f"expected a mapping with the key zonedata, not {kind_text(document)}")
    return Zone.from_openspf(document.get("zonedata", document))


class _Recorded:
    """A recording over another source, which answers what was not recorded."""

    def __init__(self, recording: "Recording", below: Resolver) -> None:
        self._recording = recording
        self._below = below
        self._recorded = {_key(question) for question, _ in recording.answers}
        self.unchanging = getattr(below, "unchanging", False)
        self.prefetch = getattr(below, "prefetch", 0)

    def resolve(self, question: Question, /) -> Answer:
        """Return the recorded answer; if there is none, that of the source below."""
        return self._recording.resolve(question) if _key(question) in self._recorded else ask(self._below, question)

    async def aresolve(self, question: Question, /) -> Answer:
        """Async version of `resolve`."""
        if _key(question) in self._recorded:
            return self._recording.resolve(question)
        return await aask(self._below, question)


class _WholeOverRecording:
    """A zone that is the whole of DNS, over a recording, which answers what does not exist in the zone."""

    def __init__(self, zone: Zone, recording: "Recording") -> None:
        self._zone = zone
        self._recording = recording
        self._recorded = {_key(question) for question, _ in recording.answers}

    def resolve(self, question: Question, /) -> Answer:
        """Return the answer of the zone, or a recorded one if the zone has no records."""
        answer = self._zone.resolve(question)
        return self._recording.resolve(question) if answer.is_void and _key(question) in self._recorded else answer


def _key(question: Question) -> tuple[str, str]:
    return fold(question.name.removesuffix(".")), question.type
