"""A conformance run: an implementation is asked about every case, while a DNS server serves the case's zone.

A ledger holds the deviations that are known, with their reasons.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import partial
from itertools import groupby
from typing import Any

from spfengine.errors import ArgumentError
from spfengine.problems import Result
from spfengine.testing.conformance.answers import Seen
from spfengine.testing.conformance.implementations import Implementation
from spfengine.testing.fake_dns import FakeDNS
from spfengine.testing.suites import NOT_ASSERTED, Case, SuiteError, read_yaml
from spfengine.visible import visible

NOTHING = "nothing"
"""In a ledger, the result of an implementation that gave none."""
LEFT_OUT = "left-out"
"""In a ledger, the result of a case that the implementation can't be asked about."""
_GOT = (*map(str, Result), NOTHING, LEFT_OUT)


@dataclass(frozen=True, slots=True)
class Entry:
    """A known deviation from a suite.

    Attributes:
        reason: why.
        got: the result that the implementation gives, "nothing", or "left-out"; None: any result that is wrong.
    """

    reason: str
    got: str | None = None


@dataclass(frozen=True, slots=True)
class Ledger:
    """The known deviations of an implementation. A run fails if one of them no longer holds.

    Attributes:
        entries: by suite and case.
    """

    entries: dict[tuple[str, str], Entry]

    def without_case(self, cases: Iterable[Case]) -> list[tuple[str, str]]:
        """Return the entries for these cases' suites that have no case."""
        known = {(case.suite, case.name) for case in cases}
        suites = {suite for suite, _ in known}
        return sorted(key for key in self.entries if key[0] in suites and key not in known)


def read_ledger(text: str, where: str = "ledger") -> Ledger:
    """Return the ledger in a YAML text.

    It maps suite and case to a reason or to `{got: RESULT, reason: …}`; or it is a list of groups that share a reason,
    each `{reason: …, cases: {suite: {case: RESULT}}}`.

    Raises:
        SuiteError: it is not a ledger; the message says where.
        MissingExtraError: pyyaml is not installed.
    """
    entries: dict[tuple[str, str], Entry] = {}
    for document in read_yaml(text, where):
        if isinstance(document, list):
            for number, group in enumerate(document, 1):
                _read_group(group, f"{where}, group {number}", entries)
        elif document is not None:
            for suite, case, value in _cases(document, where):
                _add(entries, suite, case, _entry(value, f"{where}, {suite}, {case}"), where)
    return Ledger(entries)


def _read_group(group: Any, where: str, entries: dict[tuple[str, str], Entry]) -> None:
    if not isinstance(group, dict) or group.keys() != {"reason", "cases"}:
        raise SuiteError(f"{where}: expected a mapping with reason and cases")
    for suite, case, got in _cases(group["cases"], where):
        _add(entries, suite, case, _entry({"reason": group["reason"], "got": got}, f"{where}, {suite}, {case}"), where)


def _cases(value: Any, where: str) -> Iterator[tuple[str, str, Any]]:
    for suite, cases in _mapping(value, where).items():
        for case, entry in _mapping(cases, f"{where}, {suite}").items():
            yield str(suite), str(case), entry


def _add(entries: dict[tuple[str, str], Entry], suite: str, case: str, entry: Entry, where: str) -> None:
    if entries.setdefault((suite, case), entry) is not entry:
        raise SuiteError(f"{where}: there are two entries for {suite}, {case}")


def _entry(value: Any, where: str) -> Entry:
    if isinstance(value, str):
        value = {"reason": value}
    if not isinstance(value, dict) or not {"reason"} <= value.keys() <= {"reason", "got"}:
        raise SuiteError(f"{where}: expected a reason, or a mapping with reason and got")
    reason, got = value["reason"], value.get("got")
    if not isinstance(reason, str) or not reason.strip():
        raise SuiteError(f"{where}: expected a reason in words")
    if got is not None and got not in _GOT:
        raise SuiteError(f"{where}: got is {got!r}; expected one of {', '.join(_GOT)}")
    return Entry(" ".join(reason.split()), got)


def _mapping(value: Any, where: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise SuiteError(f"{where}: expected a mapping of suite → case → reason")
    return value


class CaseStanding(StrEnum):
    """How an answer compares with the suite and the ledger."""

    RIGHT = "right"
    """As the suite says."""
    WRONG = "wrong"
    """Not as the suite says, and the ledger has no entry."""
    EXPECTED = "expected"
    """Not as the suite says, as the ledger says."""
    STALE = "stale"
    """As the suite says, or not as the ledger says: its entry must be removed or changed."""
    LEFT_OUT = "left-out"
    """The implementation could not be asked: it has no setting that the case needs."""


FAULTS = frozenset({CaseStanding.WRONG, CaseStanding.STALE})
"""The standings that make a run fail."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """An implementation's answer to a case.

    Attributes:
        case: the case.
        standing: how the answer compares with the suite and the ledger.
        got: the result that the implementation gave, or None.
        why: what differs, why the case was left out, or the ledger's reason; "" if the answer is right.
        raw: what the implementation said.
        by_hand: how a person asks the implementation about the case.
    """

    case: Case
    standing: CaseStanding
    got: str | None
    why: str
    raw: str
    by_hand: str


def choose(cases: Iterable[Case], patterns: Sequence[str]) -> list[Case]:
    """Return the cases whose names match a pattern (`*`, `?`); all cases if there are no patterns.

    Raises:
        ArgumentError: a pattern matches no case.
    """
    cases = list(cases)
    for pattern in patterns:
        if not any(fnmatchcase(case.name, pattern) for case in cases):
            raise ArgumentError(f"no case has the name {visible(pattern, 80)!r}")
    return [case for case in cases if not patterns or any(fnmatchcase(case.name, pattern) for pattern in patterns)]


def run(
    cases: Iterable[Case],
    implementation: Implementation,
    server: FakeDNS,
    ledger: Ledger | None = None,
    *,
    jobs: int = 1,
    default_explanation: str | None = None,
) -> Iterator[CaseResult]:
    """Yield the result of each case, in their order.

    Args:
        server: a running server, whose zone is replaced for each scenario.
        jobs: how many cases of a scenario are asked at the same time.
        default_explanation: the implementation's explanation for domains without one, if it is known.
    """
    entries: Mapping[tuple[str, str], Entry] = {} if ledger is None else ledger.entries
    with ThreadPoolExecutor(jobs) as pool:
        for _, group in groupby(cases, lambda case: id(case.scenario)):
            scenario = list(group)
            server.zone = scenario[0].zone
            ask = partial(_ask, implementation, server.nameserver, default_explanation)
            answers: list[Callable[[Entry | None], CaseResult]] = list(pool.map(ask, scenario))
            for case, judge in zip(scenario, answers, strict=True):
                yield judge(entries.get((case.suite, case.name)))


def _ask(
    implementation: Implementation, dns: str, default_explanation: str | None, case: Case
) -> Callable[[Entry | None], CaseResult]:
    """Ask about a case; return a function that compares the answer with the ledger's entry."""
    reason = implementation.cannot_say(case)
    if reason is not None:
        return partial(_left_out, case, reason)
    seen = implementation.ask(case, dns)
    if seen.left_out:
        return partial(_left_out, case, seen.note)
    by_hand = implementation.by_hand(case, dns)
    return partial(_judged, case, seen, by_hand, difference(case, seen, default_explanation))


def _left_out(case: Case, why: str, entry: Entry | None) -> CaseResult:
    if entry is None:
        return CaseResult(case, CaseStanding.LEFT_OUT, None, why, "", "")
    if entry.got == LEFT_OUT:
        return CaseResult(case, CaseStanding.LEFT_OUT, None, entry.reason, "", "")
    return CaseResult(
        case, CaseStanding.STALE, None, f"the ledger has an entry, but the case is left out: {why}", "", ""
    )


def _judged(case: Case, seen: Seen, by_hand: str, wrong: str, entry: Entry | None) -> CaseResult:
    if entry is None:
        standing, why = (CaseStanding.WRONG, wrong) if wrong else (CaseStanding.RIGHT, "")
    elif not wrong:
        standing, why = CaseStanding.STALE, "the answer is right: remove it from the ledger"
    elif entry.got is not None and entry.got != (seen.result or NOTHING):
        standing, why = CaseStanding.STALE, f"the ledger says {entry.got}, but {wrong}"
    else:
        standing, why = CaseStanding.EXPECTED, entry.reason
    return CaseResult(case, standing, seen.result, why, seen.raw, by_hand)


def difference(case: Case, seen: Seen, default_explanation: str | None = None) -> str:
    """Return how an answer differs from what the case expects; "" if it does not."""
    if seen.result is None:
        return f"expected {' or '.join(case.results)}, got no result: {seen.note}"
    if seen.result not in case.results:
        return f"expected {' or '.join(case.results)}, got {seen.result}"
    if seen.explanation is None or case.explanation is NOT_ASSERTED or seen.result != Result.FAIL:
        return ""
    expected = case.explanation if isinstance(case.explanation, str) else default_explanation
    if expected is None:
        return ""
    got = seen.explanation
    if got.strip() == expected.strip() if seen.whole else expected.strip() in got:
        return ""
    return f"expected the explanation {visible(expected)!r}, got {visible(got)!r}"
