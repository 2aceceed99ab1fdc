"""The roads from a case to what is seen of it: the same table of cases goes through each of them."""

import asyncio
import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from spfengine import (
    Answer,
    CheckResult,
    LiveResolver,
    Problem,
    Question,
    Recorder,
    Recording,
    Status,
    acheck,
    check,
)
from spfengine.cli import app, exits
from spfengine.testing import FakeDNS
from tests.cases.suites import NOT_ASSERTED, Case, Scenario

_SILENCE = 0.05
"""Seconds to wait for an answer that is known not to come."""
_PATIENCE = 10.0
"""Seconds to wait for one that comes, however busy the machine is."""


class Seen(NamedTuple):
    """What a road showed of a check. `counts` is None where the road does not show any."""

    result: str
    explanation: str | None
    problem: str | None
    problem_text: str
    explanation_problem: str | None
    directive: str | None
    record_domain: str | None
    counts: dict[str, int] | None


class Means:
    """What the roads need: a DNS server on loopback, started when it is first needed, and a folder for files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[int, Path] = {}
        self._server: FakeDNS | None = None

    @cached_property
    def resolvers(self) -> tuple[LiveResolver, LiveResolver]:
        """One that waits long, and one for answers that do not come."""
        nameserver = self.server.nameserver
        return (
            LiveResolver(nameserver, timeout=_PATIENCE, retries=0, lifetime=_PATIENCE),
            LiveResolver(nameserver, timeout=_SILENCE, retries=0, lifetime=_SILENCE),
        )

    @property
    def server(self) -> FakeDNS:
        if self._server is None:
            self._server = FakeDNS(_Nothing()).start()
        return self._server

    def zone_file(self, scenario: Scenario) -> Path:
        """Return a file of the scenario's zonedata, as the command line reads it."""
        path = self._files.get(id(scenario))
        if path is None:
            path = self._files[id(scenario)] = self.folder / f"zone{len(self._files)}.json"
            path.write_text(json.dumps({"zonedata": scenario.zonedata}), "utf-8")
        return path

    def close(self) -> None:
        if self._server is not None:
            self._server.stop()


class _Nothing:
    def resolve(self, question: Question, /) -> Answer:  # noqa: ARG002 - the protocol's signature
        return Answer.nxdomain()


class OverTheWire:
    """Asks the fake server through a LiveResolver, and does not wait long where it is known to stay silent."""

    def __init__(self, case: Case, means: Means) -> None:
        self._zone = means.server.zone = case.zone
        self._patient, self._hurried = means.resolvers

    def _resolver(self, question: Question) -> LiveResolver:
        silent = self._zone.resolve(question).status is Status.TIMEOUT
        return self._hurried if silent else self._patient

    def resolve(self, question: Question, /) -> Answer:
        return self._resolver(question).resolve(question)

    async def aresolve(self, question: Question, /) -> Answer:
        return await self._resolver(question).aresolve(question)


def _check(case: Case, resolver: Any) -> CheckResult:
    return check(
        case.host, case.mailfrom, case.helo,
        resolver=resolver, limits=case.limits, receiver=case.receiver, now=case.now,
    )  # fmt: skip


def _acheck(case: Case, resolver: Any) -> CheckResult:
    return asyncio.run(
        acheck(
            case.host, case.mailfrom, case.helo,
            resolver=resolver, limits=case.limits, receiver=case.receiver, now=case.now,
        )
    )  # fmt: skip


def _seen(result: CheckResult) -> Seen:
    return Seen(
        str(result.result),
        result.explanation,
        *_problem(result.problem),
        None if result.explanation_problem is None else str(result.explanation_problem.code),
        result.directive,
        result.record_domain,
        {"lookups": result.lookups, "voids": result.void_lookups, "questions": result.questions},
    )


def _problem(problem: Problem | None) -> tuple[str | None, str]:
    return (None, "") if problem is None else (str(problem.code), problem.text)


def sync(case: Case, means: Means) -> Seen:  # noqa: ARG001 - every road has this signature
    """check() on the zone in memory."""
    return _seen(_check(case, case.zone))


def in_asyncio(case: Case, means: Means) -> Seen:  # noqa: ARG001 - every road has this signature
    """acheck() on the zone in memory."""
    return _seen(_acheck(case, case.zone))


def recording(case: Case, means: Means) -> Seen:  # noqa: ARG001 - every road has this signature
    """check() on nothing but what a recorder wrote down of another check, read back from JSON."""
    recorder = Recorder(case.zone)
    _check(case, recorder)
    return _seen(_check(case, Recording.from_json(recorder.recording.to_json())))


def trace(case: Case, means: Means) -> Seen:  # noqa: ARG001 - every road has this signature
    """The verdict that the trace comes to, which is made by running the check again."""
    result = _check(case, case.zone)
    json.dumps(result.trace.to_dict())
    verdict = result.trace.verdict
    directive = verdict.directive
    assert _problem(verdict.problem) == _problem(result.problem)
    assert tuple(verdict.path) == tuple(result.trace.verdict.path)
    return Seen(
        str(verdict.result),
        verdict.explanation,
        *_problem(verdict.problem),
        None if verdict.explanation_problem is None else str(verdict.explanation_problem.code),
        None if directive is None else directive.text,
        verdict.record_domain,
        None,
    )


def command_line(case: Case, means: Means) -> Seen:
    """`spfengine check --json`, in this process."""
    output = io.StringIO()
    with redirect_stdout(output):
        code = app.main(command(case, means))
    document = json.loads(output.getvalue())
    assert code == exits.OF_RESULT[document["result"]]
    return seen_in_json(document)


def command(case: Case, means: Means) -> list[str]:
    """Return the arguments of the command line for a case."""
    options = ["--json", "--zone", str(means.zone_file(case.scenario)), "--helo", case.helo]
    if case.receiver is not None:
        options += ["--receiver", case.receiver]
    if "void_rule" in case.limits_given:
        options += ["--void-rule", case.limits.void_rule]
    return ["check", *options, "--", case.host, case.mailfrom]


def seen_in_json(document: dict[str, Any]) -> Seen:
    """Return what the JSON form of a result shows."""
    problem = document["problem"] or {"code": None, "text": ""}
    why = document["explanation_problem"] or {"code": None}
    return Seen(
        document["result"],
        document["explanation"],
        problem["code"],
        problem["text"],
        why["code"],
        document["directive"],
        document["record_domain"],
        {"lookups": document["lookups"], "voids": document["void_lookups"], "questions": document["questions"]},
    )


def live(case: Case, means: Means) -> Seen:
    """check() on a LiveResolver that asks a DNS server."""
    return _seen(_check(case, OverTheWire(case, means)))


def live_in_asyncio(case: Case, means: Means) -> Seen:
    """acheck() on a LiveResolver that asks a DNS server."""
    return _seen(_acheck(case, OverTheWire(case, means)))


Road = Callable[[Case, Means], Seen]

ROADS: dict[str, Road] = {
    "sync": sync,
    "asyncio": in_asyncio,
    "recording": recording,
    "trace": trace,
    "command": command_line,
    "live": live,
    "live-asyncio": live_in_asyncio,
}
IN_MEMORY = ("sync", "asyncio", "recording", "trace", "command")


def leads_nowhere(road: str, case: Case) -> bool:
    """Whether a road has no way to say what this case needs: the command has no option for most limits and the time."""
    return road == "command" and (case.now is not None or bool(case.limits_given - {"void_rule"}))


def faults(case: Case, seen: Seen) -> list[str]:
    """Return what of the seen is not what the case says; empty where all is."""
    found = []
    if seen.result not in case.results:
        found.append(f"result: expected {' or '.join(case.results)}, got {seen.result} ({seen.problem_text})")
    if case.explanation is not NOT_ASSERTED and seen.explanation != case.explanation:
        found.append(f"explanation: expected {case.explanation!r}, got {seen.explanation!r}")
    for key, wanted in case.expected.items():
        if key == "problem_says":
            got: object = seen.problem_text
            right = wanted in seen.problem_text
        elif key in ("lookups", "voids", "questions"):
            got = None if seen.counts is None else seen.counts[key]
            right = seen.counts is None or got == wanted
        else:
            got = getattr(seen, key)
            right = got == wanted
        if not right:
            found.append(f"{key}: expected {wanted!r}, got {got!r}")
    return found
