"""From the options of the command line to what answers: files, live DNS, and drafts laid over them."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spfengine.answers import Answer, Question, Resolver
from spfengine.cli import exits
from spfengine.cli.exits import Failure
from spfengine.errors import ArgumentError, RecordingError, ZoneError
from spfengine.names import domain_fault, fold
from spfengine.resolvers.zone import Zone
from spfengine.visible import visible

if TYPE_CHECKING:
    from spfengine.resolvers.recording import Recording
    from spfengine.resolvers.rrsets import RRset

MAX_OCTETS = 64 << 20
"""Octets of the largest recording or suite that is read."""
_MAX_DEPTH = 20  # of a suite: document, zonedata, name, entries, entry, value, strings


def base_resolver(zones: Sequence[str], nameservers: Sequence[str], seconds: float) -> Resolver:
    """Return what answers where no draft does: the files, laid over each other in their order, or live DNS.

    Args:
        seconds: the time limit of a check; one question has 5 seconds at most.

    Raises:
        Failure: a file can't be read or understood, or there is no DNS server to ask.
        click.UsageError: a nameserver is no address, or can't be asked since files were given.
    """
    return answering(read_zones(zones), nameservers, seconds)


def answering(layers: "Sequence[Zone | Recording]", nameservers: Sequence[str], seconds: float) -> Resolver:
    """Return what `base_resolver` returns, of files that have been read."""
    if not layers:
        return _live(nameservers, seconds)
    if nameservers:
        from click import UsageError

        raise UsageError("--nameserver can't be used with --zone: with a zone nothing is asked of DNS")
    return _laid_together(layers)


def own_domains(layers: "Sequence[Zone | Recording]") -> list[str]:
    """Return the domains whose zones these files are: those that have a SOA record there."""
    return [rrset.name for each in layers if isinstance(each, Zone) for rrset in each.rrsets if rrset.type == "SOA"]


def with_drafts(resolver: Resolver, drafts: Mapping[str, str]) -> Resolver:
    """Return the resolver with each draft as the only TXT record of its name, but for names that can't be asked."""
    usable: dict[str | bytes, dict[str, str]] = {
        name.encode("latin-1"): {"TXT": record} for name, record in drafts.items() if domain_fault(name) is None
    }
    if not usable:
        return resolver
    from spfengine.resolvers.overlay import Overlay

    return Overlay(resolver, usable)


def read_zones(paths: Sequence[str]) -> "list[Zone | Recording]":
    """Return what files hold, each as `read_zone`.

    Raises:
        Failure: one can't be read or understood.
        click.UsageError: two of them are standard input.
    """
    if paths.count("-") > 1:
        from click import UsageError

        raise UsageError("only one file can be -, standard input")
    return [read_zone(path) for path in paths]


def read_zone(path: str) -> "Zone | Recording":
    """Return what a file holds, by its suffix: .json, .yml, .yaml; all others are master files. "-" is stdin.

    Raises:
        Failure: it can't be read (66) or understood (65).
    """
    kind = path.lower().rpartition(".")[2]
    shown = visible(path)
    try:
        if kind == "json":
            return _read_json(_octets_of(path))
        if kind in ("yml", "yaml"):
            return _zone_of_suite(_load_yaml(_octets_of(path)))
        if path == "-":
            return Zone.from_text(sys.stdin.buffer.read(MAX_OCTETS + 1))
        return Zone.from_file(path)
    except OSError as error:
        raise Failure(exits.NO_INPUT, f"{shown} can't be read: {error.strerror or error}") from error
    except (ZoneError, RecordingError) as error:
        told = str(error)
        raise Failure(exits.DATA, told if told.startswith(shown) else f"{shown}: {told}") from error


def _live(nameservers: Sequence[str], seconds: float) -> Resolver:
    from spfengine.resolvers.live import LiveResolver

    try:
        return LiveResolver(list(nameservers) or None, timeout=min(2.0, seconds), lifetime=min(5.0, seconds))
    except ArgumentError as error:
        if not nameservers:
            raise Failure(
                exits.UNAVAILABLE, f"there is no DNS server to ask: give --nameserver or --zone ({error})"
            ) from error
        from click import BadParameter

        raise BadParameter(str(error), param_hint="'--nameserver'") from error


def _octets_of(path: str) -> bytes:
    with Path(path).open("rb") as file:
        data = file.read(MAX_OCTETS + 1)
    if len(data) > MAX_OCTETS:
        raise ZoneError(f"the file is larger than {MAX_OCTETS >> 20} MiB")
    return data


def _read_json(data: bytes) -> "Zone | Recording":
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ZoneError(f"this is not JSON: {error}") from None
    if isinstance(document, dict) and "zonedata" in document:
        return _zone_of_suite([document])
    from spfengine.resolvers.recording import Recording

    return Recording.from_json(data)


def _load_yaml(data: bytes) -> list[Any]:
    """Return the documents of a YAML file. Aliases are refused: with them a small file makes an endless mapping."""
    try:
        import yaml
    except ImportError:
        told = "a .yml file needs pyyaml: pip install pyyaml (or give the zone as .json or as a zone file)"
        raise Failure(exits.UNAVAILABLE, told) from None

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        depth = 0
        for event in yaml.parse(data, Loader=loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent) or depth > _MAX_DEPTH:
                line = 0 if event.start_mark is None else event.start_mark.line + 1
                what = "this is nested too deep" if depth > _MAX_DEPTH else "aliases are not read; write it out"
                raise ZoneError(f"line {line}: {what}")
        return list(yaml.load_all(data, Loader=loader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, ZoneError):
            raise
        raise ZoneError(f"this is not YAML: {' '.join(str(error).split())}") from None


def _zone_of_suite(documents: list[Any]) -> Zone:
    """Return the zone of a suite's only document: its `zonedata`, or a mapping that is nothing else."""
    documents = [document for document in documents if document is not None]
    if len(documents) != 1:
        raise ZoneError(f"it holds {len(documents)} documents, each a zone of its own; expected one")
    document = documents[0]
    if not isinstance(document, Mapping):
        raise ZoneError(f"expected a mapping with the key zonedata, not {type(document).__name__}")
    return Zone.from_openspf(document.get("zonedata", document))


class _Layers:
    """Two sources: a question that the upper one does not know goes to the lower one."""

    def __init__(self, upper: "Zone | Recording", lower: "Zone | Recording") -> None:
        self._upper = upper
        self._lower = lower
        recording = lower if isinstance(upper, Zone) else upper
        assert not isinstance(recording, Zone), "zones among themselves are one zone"
        self._recorded = {(fold(question.name), question.type) for question, _ in recording.answers}

    def resolve(self, question: Question, /) -> Answer:
        """Return the answer of the source that knows one."""
        recorded = (fold(question.name), question.type) in self._recorded
        if not isinstance(self._upper, Zone):
            return (self._upper if recorded else self._lower).resolve(question)
        answer = self._upper.resolve(question)
        return self._lower.resolve(question) if answer.is_void and recorded else answer


def _laid_together(layers: "Sequence[Zone | Recording]") -> Resolver:
    zones = [layer for layer in layers if isinstance(layer, Zone)]
    recordings = [layer for layer in layers if not isinstance(layer, Zone)]
    zone = zones[0] if len(zones) == 1 else _one_zone(zones)
    if not recordings:
        return zone
    recording = recordings[0].__class__([pair for each in recordings for pair in each.answers])
    if not zones:
        return recording
    return _Layers(zone, recording) if isinstance(layers[-1], Zone) else _Layers(recording, zone)


def _one_zone(zones: Sequence[Zone]) -> Zone:
    """Return all zones as one, so that CNAME records lead from one into another; a later RRset replaces an earlier."""
    names = {fold(name): name for zone in zones for name in zone.names}
    rrsets: dict[tuple[str, str], RRset] = {}
    for zone in zones:
        rrsets.update({(fold(rrset.name), rrset.type): rrset for rrset in zone.rrsets})
    return Zone.from_rrsets(names.values(), rrsets.values())
