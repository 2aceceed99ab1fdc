"""Findings for programs: JSON, annotations of a GitHub workflow, SARIF; and the line of a file that each is about."""

import json
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from spfengine import __version__
from spfengine.cli.screen import with_notes
from spfengine.cli.sources import STDIN, split_origin
from spfengine.errors import ZoneError
from spfengine.linting.codes import ABOUT, LintCode, Severity
from spfengine.linting.finding import Finding
from spfengine.names import fold, is_same_or_under
from spfengine.resolvers.zone_files import octodns
from spfengine.resolvers.zone_files.file_names import domain_in
from spfengine.visible import visible, visible_name

SCHEMA = "spfengine.lint/1"
"""The version of the JSON form; it changes when a key is removed or changes its meaning."""
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_WHOLE_RECORD = "record"
_MAX_OCTETS = 8 << 20
_ORIGIN = re.compile(rb"\$ORIGIN\s+(\S+)", re.IGNORECASE)
_OWNER = re.compile(rb"[^\s;(\"$]+")

_Lines = list[tuple[str, bytes, int]]  # (owner, text, number)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file.

    Attributes:
        path: the file, as it was given.
        line: the line, from 1 on; None if it is not known.
        column: the column, in characters from 1 on; None if only the line is known.
        end_line: the last line; None if only the line is known.
        end_column: the column after the last character; None if only the line is known.
    """

    path: str
    line: int | None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None


class HasPlaces(Protocol):
    """What knows the places of findings."""

    def of(self, finding: Finding, /) -> Place | None:
        """Return the place of what a finding is about; None if it is in no file."""
        ...


class Places:
    """Finds the lines of records in master files, by their owner and the beginning of their text."""

    def __init__(self, arguments: Sequence[str]) -> None:
        """Read the files that FILE or DOMAIN=FILE name."""
        named = [split_origin(argument) for argument in arguments]
        named = [(origin, path) for origin, path in named if path != STDIN]
        self._files = [(path, _owned_lines(path, origin)) for origin, path in named]
        self._zones = [(zone, path) for origin, path in named if (zone := origin or _zone_of(path))]

    def of(self, finding: Finding) -> Place | None:
        """Return the place of the record that a finding is about; None if it is in no file."""
        if not finding.own or not self._files:
            return None
        for path, lines in self._files:
            number = _line(lines, finding)
            if number is not None:
                return Place(path, number)
        file = self._file_of(finding.domain or "")
        return None if file is None else Place(file, None)

    def _file_of(self, domain: str) -> str | None:
        """Return the only file, or the only one whose zone has a domain; None if that is not known."""
        if len(self._files) == 1:
            return self._files[0][0]
        zones = [(len(zone), file) for zone, file in self._zones if is_same_or_under(domain, zone)]
        paths = [file for size, file in zones if size == max(zones)[0]]
        return paths[0] if len(paths) == 1 else None

    def text(self, finding: Finding) -> str:
        """Return file and line in words, or ""."""
        place = self.of(finding)
        return "" if place is None or place.line is None else f"{visible(place.path)}, line {place.line}"


def json_text(
    domain: str | None, findings: list[Finding], places: HasPlaces, more: Mapping[str, object] | None = None
) -> str:
    """Return the findings as one JSON document, with more keys."""
    documents = []
    for finding in findings:
        place = places.of(finding)
        documents.append({**finding.to_dict(), **_place_dict(place)})
    counts = Counter(finding.severity for finding in findings)
    document = {
        "schema": SCHEMA,
        "domain": None if domain is None else visible_name(domain),
        "counts": {str(severity): counts[severity] for severity in Severity},
        "findings": documents,
        **(more or {}),
    }
    return json.dumps(with_notes(document), indent=2) + "\n"


def _place_dict(place: Place | None) -> dict[str, object]:
    """Return a place as JSON-safe values; those after the line only if the column is known."""
    if place is None:
        return {"file": None, "line": None}
    start: dict[str, object] = {"file": place.path, "line": place.line}
    if place.column is None:
        return start
    return start | {"column": place.column, "end_line": place.end_line, "end_column": place.end_column}


def github_text(findings: list[Finding], places: HasPlaces) -> str:
    """Return the findings as workflow commands of GitHub Actions, one per line; nothing in them can begin another."""
    lines = []
    for finding in findings:
        place = places.of(finding)
        properties = {"title": f"spfengine {finding.code}"}
        if place is not None:
            properties["file"] = _printable(place.path)
            if place.line is not None:
                properties["line"] = str(place.line)
            if place.column is not None:
                properties |= {"endLine": str(place.end_line), "col": str(place.column)}
                properties["endColumn"] = str(place.end_column)
        joined = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
        lines.append(f"::{_COMMANDS[finding.severity]} {joined}::{_data(_message(finding))}\n")
    return "".join(lines)


def sarif_text(findings: list[Finding], places: HasPlaces) -> str:
    """Return the findings as a SARIF 2.1.0 log of one run."""
    codes = list(dict.fromkeys(finding.code for finding in findings))
    driver = {"name": "spfengine", "version": __version__, "rules": [_rule(code) for code in codes]}
    results = [_result(finding, codes.index(finding.code), places) for finding in findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: LintCode) -> dict[str, object]:
    about = ABOUT[code]
    section = f" (RFC 7208 §{about.section})" if about.section else ""
    return {
        "id": str(code),
        "shortDescription": {"text": about.summary + section},
        "defaultConfiguration": {"level": _LEVELS[about.severity]},
    }


def _result(finding: Finding, rule: int, places: HasPlaces) -> dict[str, object]:
    place = places.of(finding)
    name = _WHOLE_RECORD if finding.domain is None else visible_name(finding.domain)
    location: dict[str, object] = {
        "logicalLocations": [{"name": name, "fullyQualifiedName": f"{name} TXT", "kind": "resource"}]
    }
    if place is not None:
        physical: dict[str, object] = {"artifactLocation": {"uri": _uri(place.path)}}
        if place.line is not None:
            physical["region"] = {"startLine": place.line, **_columns(place)}
        location["physicalLocation"] = physical
    return {
        "ruleId": str(finding.code),
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [location],
        "properties": {"domain": name, "own": finding.own, "fix": None if finding.fix is None else list(finding.fix)},
    }


def _uri(path: str) -> str:
    return quote(os.fsencode(path.replace("\\", "/")))


def _columns(place: Place) -> dict[str, object]:
    if place.column is None:
        return {}
    return {"startColumn": place.column, "endLine": place.end_line, "endColumn": place.end_column}


def _message(finding: Finding) -> str:
    where = "" if finding.domain is None else f"{visible_name(finding.domain)}: "
    hint = f"; hint: {finding.hint}" if finding.hint else ""
    return f"{where}{finding.text}{hint}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _printable(path: str) -> str:
    """Return a path with what may act on a terminal escaped; GitHub has a way to write line ends."""
    return "".join([each if each.isprintable() or each in "\r\n" else visible(each) for each in path])


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _line(lines: _Lines, finding: Finding) -> int | None:
    domain = fold(finding.domain or "")
    owned = [(text, number) for owner, text, number in lines if owner == domain]
    if finding.source is None:
        return owned[0][1] if owned else None
    source = finding.source.encode("latin-1")
    for start in (source[:24], source[:6]):  # a record of several strings may begin with a short one
        for text, number in owned:
            if start.replace(b'"', b'\\"') in text:
                return number
    return None


def _zone_of(path: str) -> str | None:
    """Return the zone that a file is named after; None if its name is not that of a zone."""
    if not path.lower().endswith((".yml", ".yaml")):
        return domain_in(path)
    try:
        return octodns.zone_of(path)
    except ZoneError:
        return None


def _owned_lines(path: str, origin: str | None) -> _Lines:
    """Return (owner, text, number) of the lines of a master file; those of other formats have no owners."""
    if path.lower().endswith((".json", ".yml", ".yaml")) or not os.path.isfile(path):  # a pipe can't be read twice
        return []
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_OCTETS)
    except OSError:
        return []
    owner = ""
    origin = fold(origin or domain_in(path) or "")
    lines: _Lines = []
    for number, text in enumerate(data.split(b"\n"), 1):
        directive = _ORIGIN.match(text)
        if directive is not None:
            origin = _absolute(directive[1], origin)
            continue
        start = _OWNER.match(text)
        if start is not None:
            owner = _absolute(start[0], origin)
        lines.append((owner, text, number))
    return lines


def _absolute(name: bytes, origin: str) -> str:
    text = fold(name.decode("latin-1"))
    if text == "@":
        return origin
    if text.endswith("."):
        return text[:-1]
    return f"{text}.{origin}" if origin else text
