"""Findings for programs: JSON, annotations of a GitHub workflow, SARIF."""

import json
from collections import Counter
from urllib.parse import quote

from spfengine import __version__
from spfengine.cli.lint_places import Places
from spfengine.linting.codes import ABOUT, LintCode, Severity
from spfengine.linting.finding import Finding
from spfengine.visible import visible_name

SCHEMA = "spfengine.lint/1"
"""The version of the JSON form; it changes when a key changes its meaning or goes."""
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_WHOLE_RECORD = "record"


def json_text(domain: str | None, findings: list[Finding], places: Places) -> str:
    """Return the findings as one JSON document."""
    told = []
    for finding in findings:
        place = places.of(finding)
        where = {"file": None, "line": None} if place is None else {"file": place.path, "line": place.line}
        told.append({**finding.to_dict(), **where})
    counts = Counter(finding.severity for finding in findings)
    document = {
        "schema": SCHEMA,
        "domain": None if domain is None else visible_name(domain),
        "counts": {str(severity): counts[severity] for severity in Severity},
        "findings": told,
    }
    return json.dumps(document, indent=2) + "\n"


def github_text(findings: list[Finding], places: Places) -> str:
    """Return the findings as workflow commands of GitHub Actions, one a line; nothing in them can begin another."""
    lines = []
    for finding in findings:
        place = places.of(finding)
        properties = {"title": f"spfengine {finding.code}"}
        if place is not None:
            properties["file"] = place.path
            if place.line is not None:
                properties["line"] = str(place.line)
        told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
        lines.append(f"::{_COMMANDS[finding.severity]} {told}::{_data(_message(finding))}\n")
    return "".join(lines)


def sarif_text(findings: list[Finding], places: Places) -> str:
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


def _result(finding: Finding, rule: int, places: Places) -> dict[str, object]:
    place = places.of(finding)
    name = _WHOLE_RECORD if finding.domain is None else visible_name(finding.domain)
    location: dict[str, object] = {
        "logicalLocations": [{"name": name, "fullyQualifiedName": f"{name} TXT", "kind": "resource"}]
    }
    if place is not None:
        physical: dict[str, object] = {"artifactLocation": {"uri": quote(place.path.replace("\\", "/"))}}
        if place.line is not None:
            physical["region"] = {"startLine": place.line}
        location["physicalLocation"] = physical
    return {
        "ruleId": str(finding.code),
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [location],
        "properties": {"domain": name, "own": finding.own, "fix": None if finding.fix is None else list(finding.fix)},
    }


def _message(finding: Finding) -> str:
    where = "" if finding.domain is None else f"{visible_name(finding.domain)}: "
    hint = f"; hint: {finding.hint}" if finding.hint else ""
    return f"{where}{finding.text}{hint}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
