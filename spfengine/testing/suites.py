"""Test suites in the format of openspf.org's: YAML documents, each a zone and its cases.

A document needs `tests` or `zonedata`, a case a `host` and a `result`; all else may be missing or null. A case may have
the name of another: it gets a number. Texts are read as they are written, whatever YAML makes of `1:2:3:4:5:6:7:8`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from spfengine.addresses import parse_address
from spfengine.errors import AddressError, ArgumentError, ZoneError
from spfengine.evaluation.limits import Limits
from spfengine.problems import Result
from spfengine.resolvers.zone import Zone
from spfengine.resolvers.zone_files.yaml_files import (
    Node,
    free_name,
    keep_text,
    load_yaml,
    pairs,
    rename_repeated,
    repeated,
    value_of,
)
from spfengine.visible import short_repr, visible
from spfengine.wording import listed

SEMANTICS = Path(__file__).with_name("suite") / "semantics.yml"
"""The file of spfengine's own suite."""

NOT_ASSERTED: Final = object()
"""The explanation of a case that does not say which one it expects."""

_DOCUMENT = {"description", "comment", "tests", "zonedata"}
_REQUIRED = ("host", "result")
_ARGUMENTS = ("host", "helo", "mailfrom")
_OFFICIAL = {*_REQUIRED, *_ARGUMENTS, "description", "comment", "spec", "explanation", "strict"}
_TEXTS = ("problem", "problem_says", "explanation_problem", "directive", "record_domain")
_NUMBERS = ("lookups", "voids", "questions")
_OURS = {*_TEXTS, *_NUMBERS, "path", "limits", "receiver", "now"}
_RESULTS = frozenset(map(str, Result))
_MOST_KEYS = 5
_AS_WRITTEN = (*_ARGUMENTS, "result", "explanation", "description", "receiver", *_TEXTS)


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

    def __repr__(self) -> str:
        return short_repr(self, ("name", "host", "helo", "mailfrom", "results"))

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


def load_suite(path: Path, suite: str, notes: list[str] | None = None) -> list[Case]:
    """Return the cases of a suite's file, in their order; see `read_suite`.

    Raises:
        SuiteError: the suite is malformed.
        OSError: the file can't be read.
        MissingExtraError: pyyaml is not installed.
    """
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise SuiteError(f"{suite}: not UTF-8: {error}") from None
    return read_suite(text, suite, notes)


def read_suite(text: str, suite: str, notes: list[str] | None = None) -> list[Case]:
    """Return the cases of a suite, in their order.

    Args:
        text: the suite.
        suite: its name.
        notes: what was not taken as it is written is added to it, in words that are safe to print: cases that were
            renamed or left out, keys that are not known.

    Raises:
        SuiteError: the suite is malformed.
        MissingExtraError: pyyaml is not installed.
    """
    reading = _Reading(suite, [] if notes is None else notes)
    documents = read_yaml(text, suite, reading.prepare)
    for number, document in enumerate(documents, 1):
        if document is not None:  # as after a last ---
            reading.document(document, f"{suite}, document {number}")
    if not reading.cases:
        raise SuiteError(f"{suite}: there are no cases")
    return list(reading.cases.values())


def read_yaml(text: str, where: str, prepare: Callable[[Node], object] | None = None) -> list[Any]:
    """Return the documents of a YAML text; see `load_yaml`.

    Raises:
        SuiteError: it is not YAML.
        MissingExtraError: pyyaml is not installed.
    """
    try:
        return load_yaml(text, prepare)
    except ZoneError as error:
        raise SuiteError(f"{where}: {error}") from None


class _Reading:
    """The cases of a suite, as far as it is read."""

    def __init__(self, suite: str, notes: list[str]) -> None:
        self.suite = suite
        self.notes = notes
        self.cases: dict[str, Case] = {}
        self._numbers: dict[str, int] = {}

    def note(self, where: str, text: str) -> None:
        """Add a note."""
        self.notes.append(visible(f"{where}: {text}"))

    def prepare(self, root: Node) -> None:
        """Rename cases that have the name of another in their document, and make text of what is meant as text."""
        tests = value_of(root, "tests")
        for line, name, renamed in rename_repeated(tests):
            self.note(f"{self.suite}, line {line}", f"there is another case {name}; this one is called {renamed}")
        keep_text(value_of(root, "zonedata"))
        keep_text(value_of(root, "description"))
        for key_of_case, case in pairs(tests):
            keep_text(key_of_case)
            for key in _AS_WRITTEN:
                keep_text(value_of(case, key))
        for line, key in repeated(root):
            self.note(f"{self.suite}, line {line}", f"the key {key} occurs twice in one mapping; only the last is read")

    def document(self, document: object, where: str) -> None:
        """Read a document."""
        if not isinstance(document, dict):
            raise SuiteError(f"{where}: expected a mapping with description, tests and zonedata")
        self._note_others(document, _DOCUMENT, where)
        description, tests, zonedata = (document.get(key) for key in ("description", "tests", "zonedata"))
        if tests is not None and not isinstance(tests, dict):
            raise SuiteError(f"{where}: expected tests, a mapping of name → case")
        if not (zonedata is None or isinstance(zonedata, dict)) or (tests is None and zonedata is None):
            raise SuiteError(f"{where}: expected tests and zonedata, a mapping of name → list of entries")
        scenario = Scenario(self.suite, _text(description), zonedata or {})
        try:
            scenario.zone  # noqa: B018 - cached now, so that a malformed zone is reported before any test runs
        except ZoneError as error:
            raise SuiteError(f"{where}: zonedata: {error}") from error
        if not tests:
            self.note(where, "it has no tests")
        for name, fields in (tests or {}).items():
            if not isinstance(name, str) or not isinstance(fields, dict):
                raise SuiteError(f"{where}, {name}: expected name → mapping of what is checked")
            self._case(name, fields, scenario, where)

    def _case(self, name: str, fields: dict[Any, Any], scenario: Scenario, where: str) -> None:
        at = f"{where}, {name}"
        self._note_others(fields, _OFFICIAL | _OURS, at)
        given = {key: value for key, value in fields.items() if value is not None}
        missing = [key for key in _REQUIRED if key not in given]
        if missing:
            self.note(at, f"it has no {missing[0]}, so it is left out")
            return
        _check_fields(given, at)
        try:
            parse_address(given["host"])
        except AddressError as error:
            self.note(at, f"{error}, so it is left out")
            return
        if name in self.cases:
            name = free_name(name, self.cases, self._numbers)
            self.note(at, f"there is a case of this name before it; this one is called {name}")
        self.cases[name] = _read_case(name, given, scenario, at)

    def _note_others(self, mapping: Mapping[Any, Any], known: set[str], where: str) -> None:
        unknown = [visible(str(key), 40) for key in mapping if key not in known]
        if unknown:
            keys = "the key" if len(unknown) == 1 else "the keys"
            self.note(where, f"{keys} {listed(unknown, _MOST_KEYS)} {'is' if len(unknown) == 1 else 'are'} not known")


def _text(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else str(value)


def _read_case(name: str, fields: Mapping[str, Any], scenario: Scenario, where: str) -> Case:
    results = fields["result"] if isinstance(fields["result"], list) else [fields["result"]]
    words = [str(result).lower() for result in results if result is not None]
    if not words or not _RESULTS.issuperset(words):
        raise SuiteError(f"{where}: result is {fields['result']!r}; expected one or a list of {', '.join(Result)}")
    spec = fields.get("spec", [])
    given = fields.get("limits", {})
    try:
        limits = Limits(**given)
    except (ArgumentError, TypeError) as error:
        raise SuiteError(f"{where}: {error}") from error
    explanation = fields.get("explanation", NOT_ASSERTED)
    return Case(
        scenario,
        name,
        fields.get("description", ""),
        tuple(map(str, spec if isinstance(spec, list) else [spec])),
        fields["host"],
        fields.get("helo", ""),
        fields.get("mailfrom", ""),
        tuple(words),
        None if explanation == "DEFAULT" else explanation,
        limits,
        frozenset(given),
        fields.get("receiver"),
        fields.get("now"),
        {key: fields[key] for key in (*_TEXTS, *_NUMBERS, "path") if key in fields},
    )


def _check_fields(fields: Mapping[Any, Any], where: str) -> None:
    """Raise SuiteError if a field has the wrong type."""
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
