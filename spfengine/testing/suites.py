"""Test suites in the format of openspf.org's: YAML documents, each a zone and its cases."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from spfengine.addresses import parse_address
from spfengine.errors import AddressError, ArgumentError, ZoneError
from spfengine.evaluation.limits import Limits
from spfengine.problems import Result
from spfengine.resolvers.zone import Zone
from spfengine.resolvers.zone_files.files import load_yaml

SEMANTICS = Path(__file__).with_name("suite") / "semantics.yml"
"""The file of spfengine's own suite."""

NOT_ASSERTED: Final = object()
"""The explanation of a case that does not say which one it expects."""

_DOCUMENT = {"description", "comment", "tests", "zonedata"}
_REQUIRED = ("host", "helo", "mailfrom", "result")
_OFFICIAL = {*_REQUIRED, "description", "comment", "spec", "explanation", "strict"}
_TEXTS = ("problem", "problem_says", "explanation_problem", "directive", "record_domain")
_NUMBERS = ("lookups", "voids", "questions")
_OURS = {*_TEXTS, *_NUMBERS, "path", "limits", "receiver", "now"}
_RESULTS = frozenset(map(str, Result))


class SuiteError(ZoneError):
    """A suite is malformed; the message says where, and what was expected."""


class Scenario:
    """One document of a suite: cases that share a zone.

    Attributes:
        suite: the name of its suite.
        description: what its cases are about.
        zonedata: the zone as written in the suite.
    """

    def __init__(self, suite: str, description: str, zonedata: Mapping[Any, Any]) -> None:
        self.suite = suite
        self.description = description
        self.zonedata = zonedata

    @cached_property
    def zone(self) -> Zone:
        """The zone."""
        return Zone.from_openspf(self.zonedata)


@dataclass(frozen=True, slots=True)
class Case:
    """A case: the arguments of a check, and what is expected of its result.

    Attributes:
        scenario: the document it belongs to.
        name, description: as in the suite.
        spec: the sections that decide.
        host, helo, mailfrom: the client's address, its HELO name, the sender.
        results: the allowed results.
        explanation: the expected explanation; None for the default one, NOT_ASSERTED if the case does not say.
        limits, limits_given: the limits of the check, and which of them the case sets.
        receiver, now: for macros; None if the case does not need them.
        expected: what spfengine's own suites assert beyond the result: codes, directive, counts.
    """

    scenario: Scenario
    name: str
    description: str
    spec: tuple[str, ...]
    host: str
    helo: str
    mailfrom: str
    results: tuple[str, ...]
    explanation: object
    limits: Limits
    limits_given: frozenset[str]
    receiver: str | None
    now: float | None
    expected: Mapping[str, Any]

    @property
    def suite(self) -> str:
        """The name of its suite."""
        return self.scenario.suite

    @property
    def zone(self) -> Zone:
        """The zone of its scenario."""
        return self.scenario.zone

    @property
    def id(self) -> str:
        """Suite and name, for the id of a test."""
        return f"{self.suite}-{self.name}"


def load_suite(path: Path, suite: str) -> list[Case]:
    """Return the cases of a suite's file, in their order.

    Raises:
        SuiteError: the suite is malformed.
        OSError: the file can't be read.
        MissingExtraError: pyyaml is not installed.
    """
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise SuiteError(f"{suite}: not UTF-8: {error}") from None
    return read_suite(text, suite)


def read_suite(text: str, suite: str) -> list[Case]:
    """Return the cases of a suite, in their order.

    Raises:
        SuiteError: the suite is malformed.
        MissingExtraError: pyyaml is not installed.
    """
    documents = read_yaml(text, suite)
    cases: dict[str, Case] = {}
    for number, document in enumerate(documents, 1):
        for case in _read_document(document, suite, f"{suite}, document {number}"):
            if case.name in cases:
                raise SuiteError(f"{suite}, document {number}: there are two cases with the name {case.name}")
            cases[case.name] = case
    if not cases:
        raise SuiteError(f"{suite}: there are no cases")
    return list(cases.values())


def read_yaml(text: str, where: str) -> list[Any]:
    """Return the documents of a YAML text.

    Raises:
        SuiteError: it is not YAML.
        MissingExtraError: pyyaml is not installed.
    """
    try:
        return load_yaml(text)
    except ZoneError as error:
        raise SuiteError(f"{where}: {error}") from None


def _read_document(document: object, suite: str, where: str) -> list[Case]:
    if not isinstance(document, dict):
        raise SuiteError(f"{where}: expected a mapping with description, tests and zonedata")
    _no_others(document, _DOCUMENT, where)
    description, tests, zonedata = (document.get(key) for key in ("description", "tests", "zonedata"))
    if not isinstance(description, str):
        raise SuiteError(f"{where}: expected a description")
    if not isinstance(tests, dict) or not tests:
        raise SuiteError(f"{where}: expected tests, a mapping of name → case")
    if not isinstance(zonedata, dict):
        raise SuiteError(f"{where}: expected zonedata, a mapping of name → list of entries")
    scenario = Scenario(suite, description, zonedata)
    try:
        scenario.zone  # noqa: B018 - cached now, so that a malformed zone is reported before any test runs
    except ZoneError as error:
        raise SuiteError(f"{where}: zonedata: {error}") from error
    return [_read_case(name, fields, scenario, f"{where}, {name}") for name, fields in tests.items()]


def _read_case(name: object, fields: object, scenario: Scenario, where: str) -> Case:
    if not isinstance(name, str) or not isinstance(fields, dict):
        raise SuiteError(f"{where}: expected name → mapping of what is checked")
    _no_others(fields, _OFFICIAL | _OURS, where)
    _check_fields(fields, where)
    results = fields["result"] if isinstance(fields["result"], list) else [fields["result"]]
    if not results or not _RESULTS.issuperset(map(str, results)):
        raise SuiteError(f"{where}: result is {fields['result']!r}; expected one or a list of {', '.join(Result)}")
    spec = fields.get("spec", [])
    given = fields.get("limits", {})
    try:
        parse_address(fields["host"])
        limits = Limits(**given)
    except (AddressError, ArgumentError, TypeError) as error:
        raise SuiteError(f"{where}: {error}") from error
    explanation = fields.get("explanation", NOT_ASSERTED)
    return Case(
        scenario,
        name,
        fields.get("description", ""),
        tuple(map(str, spec if isinstance(spec, list) else [spec])),
        fields["host"],
        fields["helo"],
        fields["mailfrom"],
        tuple(results),
        None if explanation == "DEFAULT" else explanation,
        limits,
        frozenset(given),
        fields.get("receiver"),
        fields.get("now"),
        {key: fields[key] for key in (*_TEXTS, *_NUMBERS, "path") if key in fields},
    )


def _check_fields(fields: Mapping[Any, Any], where: str) -> None:
    """Raise SuiteError if a field is missing or has the wrong type."""
    for key in _REQUIRED:
        if key not in fields:
            raise SuiteError(f"{where}: {key} is missing")
    for key in ("host", "helo", "mailfrom", "description", "explanation", "receiver", *_TEXTS):
        if not isinstance(fields.get(key, ""), str):
            raise SuiteError(f"{where}: {key} is {fields[key]!r}; expected text")
    for key in _NUMBERS:
        if not isinstance(fields.get(key, 0), int):
            raise SuiteError(f"{where}: {key} is {fields[key]!r}; expected a number")
    if not isinstance(fields.get("now", 0.0), int | float):
        raise SuiteError(f"{where}: now is {fields['now']!r}; expected seconds since the epoch")
    path = fields.get("path", [])
    if not isinstance(path, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in path):
        raise SuiteError(f"{where}: path is {path!r}; expected [domain, term], ...")


def _no_others(mapping: Mapping[Any, Any], known: set[str], where: str) -> None:
    unknown = [key for key in mapping if key not in known]
    if unknown:
        raise SuiteError(f"{where}: unknown key {unknown[0]!r}; expected some of {', '.join(sorted(known))}")
