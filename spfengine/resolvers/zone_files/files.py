"""Reading files of DNS answers. Their suffix and their content decide how they are read.

- .json: a recording, a zone of an OpenSPF suite, or record sets of Route 53.
- .yml, .yaml: a zone of an OpenSPF suite, or of octoDNS.
- all others: master files; so are exports of cPanel, WHM and Cloudflare.
"""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spfengine.answers import Answer, Question, Resolver
from spfengine.errors import ZoneError
from spfengine.names import fold
from spfengine.resolvers.zone import Zone
from spfengine.resolvers.zone_files.yaml_files import load_yaml
from spfengine.visible import visible

if TYPE_CHECKING:
    from spfengine.resolvers.recording import Recording
    from spfengine.resolvers.rrsets import RRset

MAX_OCTETS = 64 << 20
"""Octets of the largest recording or suite that is read."""


def read_zone(path: "str | os.PathLike[str]", origin: str | None = None) -> "Zone | Recording":
    """Return the zone or recording in a file, in any of the formats above.

    Args:
        path: the file.
        origin: the domain to which relative names belong, for a master file without `$ORIGIN` and for octoDNS. Without
            it, that is the domain in the file's name, such as `db.example.com` or `example.com.yaml`.

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
    return Zone.from_file(os.fspath(path), origin)


def read_octets(data: bytes, origin: str | None = None) -> "Zone | Recording":
    """Return the zone or recording in these octets: JSON, or else a master file. Raises as `read_zone` does."""
    return _read_json(data, origin) if data.lstrip()[:1] in (b"{", b"[") else Zone.from_text(data, origin)


def lay_together(layers: "Sequence[Zone | Recording]") -> Resolver:
    """Return a resolver for several files. Zones become one zone, in which a later RRset replaces an earlier one.

    A zone and a recording are asked in turn: first the later one, then the other for what the first does not know.
    """
    zones = [layer for layer in layers if isinstance(layer, Zone)]
    recordings = [layer for layer in layers if not isinstance(layer, Zone)]
    if not recordings:
        return _one_zone(zones)
    recording = recordings[0].__class__([pair for recording in recordings for pair in recording.answers])
    if not zones:
        return recording
    zone = _one_zone(zones)
    return _Layers(zone, recording) if isinstance(layers[-1], Zone) else _Layers(recording, zone)


def _one_zone(zones: Sequence[Zone]) -> Zone:
    """Return all zones as one, so that CNAME records lead from one to another; a later RRset replaces an earlier."""
    if len(zones) == 1:
        return zones[0]
    names = {fold(name): name for zone in zones for name in zone.names}
    rrsets: dict[tuple[str, str], RRset] = {}
    for zone in zones:
        rrsets.update({(fold(rrset.name), rrset.type): rrset for rrset in zone.rrsets})
    return Zone.from_rrsets(names.values(), rrsets.values())


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
        return Zone.from_rrsets(*route53.read_document(document))
    if isinstance(document, dict) and "zonedata" in document:
        return _zone_of_suite(document)
    if not isinstance(document, dict) or "schema" not in document:
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
    if roots and all(roots):
        return Zone.from_rrsets(*octodns.read_documents(documents, origin or octodns.zone_of(path)))
    if len(documents) != 1:
        raise ZoneError(f"the file has {len(documents)} documents, each a zone of its own; expected one")
    _refuse_origin(origin)
    return _zone_of_suite(documents[0])


def _refuse_origin(origin: str | None) -> None:
    if origin is not None:
        raise ZoneError(f"the names in this file are complete; expected FILE alone, without {visible(origin, 60)}=")


def _zone_of_suite(document: Any) -> Zone:
    """Return the zone of a suite: its `zonedata`, or the whole document if it has no such key."""
    if not isinstance(document, Mapping):
        raise ZoneError(f"expected a mapping with the key zonedata, not {type(document).__name__}")
    return Zone.from_openspf(document.get("zonedata", document))


class _Layers:
    """A zone over a recording, or the other way round: the lower one answers what the upper one does not know."""

    def __init__(self, upper: "Zone | Recording", lower: "Zone | Recording") -> None:
        self._upper = upper
        self._lower = lower
        recording = lower if isinstance(upper, Zone) else upper
        assert not isinstance(recording, Zone), "several zones are one zone"
        self._recorded = {(fold(question.name), question.type) for question, _ in recording.answers}

    def resolve(self, question: Question, /) -> Answer:
        """Return the answer of the upper layer, or of the lower one if the upper does not know the question."""
        recorded = (fold(question.name), question.type) in self._recorded
        if not isinstance(self._upper, Zone):
            return (self._upper if recorded else self._lower).resolve(question)
        answer = self._upper.resolve(question)
        return self._lower.resolve(question) if answer.is_void and recorded else answer
