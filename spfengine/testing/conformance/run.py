"""A conformance run: every case put to an implementation while a DNS server serves its zone; and the verdicts."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import partial
from itertools import groupby
from typing import NamedTuple

from spfengine.errors import ArgumentError
from spfengine.problems import Result
from spfengine.testing.conformance.answers import Seen
from spfengine.testing.conformance.implementations import Implementation
from spfengine.testing.conformance.ledger import LEFT_OUT, NOTHING, Entry, Ledger
from spfengine.testing.fake_dns import FakeDNS
from spfengine.testing.suites import NOT_ASSERTED, Case
from spfengine.visible import visible


class Standing(StrEnum):
    """How a case came out."""

    RIGHT = "right"
    """As the suite says."""
    WRONG = "wrong"
    """Not as the suite says, and the ledger has no word of it."""
    EXPECTED = "expected"
    """Not as the suite says, as the ledger says."""
    STALE = "stale"
    """As the suite says, or another way than the ledger says: its entry must go or change."""
    LEFT_OUT = "left-out"
    """Not put to the implementation: it can't be told what the case needs."""


FAULTS = frozenset({Standing.WRONG, Standing.STALE})
"""What a run must not have."""


class Verdict(NamedTuple):
    """One case.

    Attributes:
        case: the case.
        standing: how it came out.
        got: the result that the implementation gave, or None.
        why: what differs, why the case was left out, or the ledger's reason; "" where nothing is to be told.
        raw: what the implementation said.
        by_hand: how a person puts the case to it.
    """

    case: Case
    standing: Standing
    got: str | None
    why: str
    raw: str
    by_hand: str


def chosen(cases: Iterable[Case], patterns: Sequence[str]) -> list[Case]:
    """Return the cases whose names fit a pattern (`*`, `?`); all where there are no patterns.

    Raises:
        ArgumentError: a pattern fits no case.
    """
    cases = list(cases)
    for pattern in patterns:
        if not any(fnmatchcase(case.name, pattern) for case in cases):
            raise ArgumentError(f"no case has the name {visible(pattern, 80)!r}")
    return [case for case in cases if not patterns or any(fnmatchcase(case.name, each) for each in patterns)]


def run(
    cases: Iterable[Case],
    implementation: Implementation,
    server: FakeDNS,
    ledger: Ledger | None = None,
    *,
    jobs: int = 1,
    default_explanation: str | None = None,
) -> Iterator[Verdict]:
    """Yield the verdict of each case, in their order.

    Args:
        server: a running server, whose zone is replaced for each scenario.
        jobs: cases of a scenario that are put at once.
        default_explanation: what the implementation gives where a domain has none, if that is known.
    """
    entries: Mapping[tuple[str, str], Entry] = {} if ledger is None else ledger.entries
    with ThreadPoolExecutor(jobs) as pool:
        for _, group in groupby(cases, lambda case: id(case.scenario)):
            scenario = list(group)
            server.zone = scenario[0].zone
            put = partial(_verdict, implementation, server.nameserver, default_explanation)
            verdicts: list[Callable[[Entry | None], Verdict]] = list(pool.map(put, scenario))
            for case, verdict in zip(scenario, verdicts, strict=True):
                yield verdict(entries.get((case.suite, case.name)))


def _verdict(
    implementation: Implementation, dns: str, default_explanation: str | None, case: Case
) -> Callable[[Entry | None], Verdict]:
    """Put a case; return what makes a verdict of it, once the ledger has been looked at."""
    unsayable = implementation.cannot_say(case)
    if unsayable is not None:
        return partial(_left_out, case, unsayable)
    seen = implementation.ask(case, dns)
    if seen.left_out:
        return partial(_left_out, case, seen.note)
    by_hand = implementation.by_hand(case, dns)
    return partial(_judged, case, seen, by_hand, difference(case, seen, default_explanation))


def _left_out(case: Case, why: str, entry: Entry | None) -> Verdict:
    if entry is None:
        return Verdict(case, Standing.LEFT_OUT, None, why, "", "")
    if entry.got == LEFT_OUT:
        return Verdict(case, Standing.LEFT_OUT, None, entry.reason, "", "")
    return Verdict(case, Standing.STALE, None, f"the ledger has an entry, but the case is left out: {why}", "", "")


def _judged(case: Case, seen: Seen, by_hand: str, wrong: str, entry: Entry | None) -> Verdict:
    if entry is None:
        standing, why = (Standing.WRONG, wrong) if wrong else (Standing.RIGHT, "")
    elif not wrong:
        standing, why = Standing.STALE, "it comes out right: take it out of the ledger"
    elif entry.got is not None and entry.got != (seen.result or NOTHING):
        standing, why = Standing.STALE, f"the ledger says {entry.got}, but {wrong}"
    else:
        standing, why = Standing.EXPECTED, entry.reason
    return Verdict(case, standing, seen.result, why, seen.raw, by_hand)


def difference(case: Case, seen: Seen, default_explanation: str | None = None) -> str:
    """Return in words what of an answer is not as the case says; "" where all is."""
    if seen.result is None:
        return f"expected {' or '.join(case.results)}, got no result: {seen.note}"
    if seen.result not in case.results:
        return f"expected {' or '.join(case.results)}, got {seen.result}"
    if seen.explanation is None or case.explanation is NOT_ASSERTED or seen.result != Result.FAIL:
        return ""
    wanted = case.explanation if isinstance(case.explanation, str) else default_explanation
    if wanted is None:
        return ""
    got = seen.explanation
    if got.strip() == wanted.strip() if seen.whole else wanted.strip() in got:
        return ""
    return f"expected the explanation {visible(wanted)!r}, got {visible(got)!r}"
