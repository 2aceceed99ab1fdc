"""The code paths (("entry points")) that can run a case. The same table of cases runs on each of them."""

import asyncio
import io
import json
import pickle
from collections.abc import Callable, Sequence
from contextlib import ExitStack, redirect_stdout
from functools import cached_property
from pathlib import Path
from typing import Any

from spfengine import (
    Answer,
    Checker,
    CheckResult,
    DoHResolver,
    LiveResolver,
    Problem,
    Question,
    Recorder,
    Recording,
    Resolver,
    Status,
    acheck,
    check,
)
from spfengine.cli import app, exits
from spfengine.evaluation.trace import TermStatus, TracedRecord, traced_questions
from spfengine.names import fold
from spfengine.policy.policy import Policy
from spfengine.record.model import Redirect
from spfengine.testing import FakeDNS
from spfengine.testing.suites import NOT_ASSERTED, Case, Scenario
from tests.wire.doh_server import http2_server, trusting

_SILENCE = 0.05
"""Seconds to wait for an answer that never comes."""
_PATIENCE = 10.0
"""Seconds to wait for an answer that comes, even on a busy machine."""


Seen = dict[str, object]
"""What a code path shows of a check, by the keys of a case. It has to show the result; the rest is optional."""


class Means:
    """What the code paths need: a folder for files, and a DNS server on loopback, which is started on first use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[int, Path] = {}
        self._server: FakeDNS | None = None
        self._opened = ExitStack()
        self.over_https = _Nothing()

    @cached_property
    def doh_resolvers(self) -> tuple[DoHResolver, DoHResolver]:
        """Return the same as `resolvers` does, over HTTPS; `over_https.zone` answers."""
        url, _ = self._opened.enter_context(http2_server(self.over_https))
        patient, hurried = [
            DoHResolver(url, timeout=seconds, retries=0, lifetime=seconds, context=trusting())
            for seconds in (_PATIENCE, _SILENCE)
        ]
        return self._opened.enter_context(patient), self._opened.enter_context(hurried)

    @cached_property
    def resolvers(self) -> tuple[LiveResolver, LiveResolver]:
        """Return a resolver that waits long, and one for answers that never come."""
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
        self._opened.close()
        if self._server is not None:
            self._server.stop()


class _Nothing:
    """Answers from a zone, which can be replaced; from none at first."""

    def __init__(self) -> None:
        self.zone: Resolver | None = None

    def resolve(self, question: Question, /) -> Answer:
        return Answer.nxdomain() if self.zone is None else self.zone.resolve(question)


class OverTheWire:
    """Asks a server through one of two resolvers; waits only briefly for answers that never come."""

    def __init__(self, zone: Resolver, resolvers: Sequence[LiveResolver] | Sequence[DoHResolver]) -> None:
        self._zone = zone
        self._patient: LiveResolver | DoHResolver
        self._hurried: LiveResolver | DoHResolver
        self._patient, self._hurried = resolvers

    def _resolver(self, question: Question) -> LiveResolver | DoHResolver:
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
    return {
        "result": str(result.result),
        "explanation": result.explanation,
        **_problem(result.problem),
        "explanation_problem": None if result.explanation_problem is None else str(result.explanation_problem.code),
        "directive": result.directive,
        "record_domain": result.record_domain,
        "path": [list(step) for step in result.path],
        "lookups": result.lookups,
        "voids": result.void_lookups,
        "questions": result.questions,
    }


def _problem(problem: Problem | None) -> Seen:
    if problem is None:
        return {"problem": None, "problem_says": ""}
    return {"problem": str(problem.code), "problem_says": problem.text}


def sync(case: Case, means: Means) -> Seen:
    """check() on the zone in memory."""
    return _seen(_check(case, case.zone))


def in_asyncio(case: Case, means: Means) -> Seen:
    """acheck() on the zone in memory."""
    return _seen(_acheck(case, case.zone))


def recording(case: Case, means: Means) -> Seen:
    """check() on a recording of another check, which has been written as JSON and read back."""
    recorder = Recorder(case.zone)
    _check(case, recorder)
    return _seen(_check(case, Recording.from_json(recorder.recording.to_json())))


def trace(case: Case, means: Means) -> Seen:
    """The trace, for which the check is run again."""
    trace = _check(case, case.zone).trace
    json.dumps(trace.to_dict())
    deciding: TracedRecord | None = trace.root
    matched: list[str] = []
    while deciding is not None:
        matched = [term.term.text for term in deciding.terms if term.outcome is TermStatus.MATCH]
        deciding = next((term.record for term in deciding.terms if isinstance(term.term, Redirect)), None)
    return {
        "result": str(trace.result),
        **_problem(trace.problem),
        "directive": matched[0] if matched else None,
        "questions": len({(fold(asked.question.name), asked.question.type) for asked in traced_questions(trace.root)}),
    }


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
        options += ["--void-rule", str(case.limits.void_rule)]
    return ["check", *options, "--", case.host, case.mailfrom]


def seen_in_json(document: dict[str, Any]) -> Seen:
    """Return what the JSON form of a result shows."""
    problem = document["problem"] or {"code": None, "text": ""}
    why = document["explanation_problem"] or {"code": None}
    same = ("result", "explanation", "directive", "record_domain", "path", "lookups", "questions")
    return {
        **{key: document[key] for key in same},
        "problem": problem["code"],
        "problem_says": problem["text"],
        "explanation_problem": why["code"],
        "voids": document["void_lookups"],
    }


def live(case: Case, means: Means) -> Seen:
    """check() on a LiveResolver that asks a DNS server."""
    return _seen(_check(case, _over_dns(case, means)))


def live_in_asyncio(case: Case, means: Means) -> Seen:
    """acheck() on a LiveResolver that asks a DNS server."""
    return _seen(_acheck(case, _over_dns(case, means)))


def _over_dns(case: Case, means: Means) -> OverTheWire:
    means.server.zone = case.zone
    return OverTheWire(case.zone, means.resolvers)


def doh(case: Case, means: Means) -> Seen:
    """check() on a DoHResolver that asks a server over HTTPS."""
    return _seen(_check(case, _over_https(case, means)))


def doh_in_asyncio(case: Case, means: Means) -> Seen:
    """acheck() on a DoHResolver that asks a server over HTTPS."""
    return _seen(_acheck(case, _over_https(case, means)))


def _over_https(case: Case, means: Means) -> OverTheWire:
    means.over_https.zone = case.zone
    return OverTheWire(case.zone, means.doh_resolvers)


def policy(case: Case, means: Means) -> Seen:
    """The compiled policy, without a DNS query; its interpreter if the outcome is conditional."""
    return _said(_compiled(case), case)


def policy_elsewhere(case: Case, means: Means) -> Seen:
    """The compiled policy without its answers, after a round trip through pickle and then through JSON."""
    compiled = _compiled(case)
    sent: Policy = pickle.loads(pickle.dumps(compiled.without_answers()))
    sent = Policy.from_dict(json.loads(json.dumps(sent.to_dict())))
    assert sent == compiled
    return _said(sent, case)


def _compiled(case: Case) -> Policy:
    sender = case.mailfrom.removeprefix("<").removesuffix(">")
    return Policy.compile(
        sender.rpartition("@")[2] if "@" in sender else sender or case.helo,
        resolver=case.zone, sender=case.mailfrom, helo=case.helo, limits=case.limits, now=case.now,
    )  # fmt: skip


def _said(compiled: Policy, case: Case) -> Seen:
    outcome = compiled.check(case.host)
    if outcome.result is None:
        possible = outcome.results
        outcome = compiled.check(case.host, sender=case.mailfrom, helo=case.helo, resolver=case.zone, now=case.now)
        assert outcome.result in possible or None in possible
    return {
        "result": str(outcome.result),
        **_problem(outcome.problem),
        "directive": outcome.directive,
        "record_domain": outcome.record_domain,
        "lookups": outcome.lookups,
        "voids": outcome.void_lookups,
    }


def checker(case: Case, means: Means) -> Seen:
    """A Checker that has already checked the domain for clients from many networks."""
    return _seen(asked_often(case).check(case.host, case.mailfrom, case.helo, now=case.now))


def checker_in_asyncio(case: Case, means: Means) -> Seen:
    """Async version of `checker`."""
    known = asked_often(case)
    return _seen(asyncio.run(known.acheck(case.host, case.mailfrom, case.helo, now=case.now)))


def asked_often(case: Case) -> Checker:
    """Return a Checker that has been asked for the case's client, and for others before it."""
    known = Checker(case.zone, limits=case.limits, receiver=case.receiver, hot_after=0)
    for ip in ("192.0.2.77", "2001:db8::77", "127.0.0.1", "::1", case.host):
        for sender in (case.mailfrom, f"other@{case.mailfrom.rpartition('@')[2]}"):
            known.check(ip, sender, case.helo)
    return known


class Waiting:
    """A zone whose answers a check has to wait for, so that prefetching happens."""

    prefetch = 20

    def __init__(self, case: Case) -> None:
        self.resolve = case.zone.resolve

    async def aresolve(self, question: Question, /) -> Answer:
        await asyncio.sleep(0)
        return self.resolve(question)


def asking_ahead(case: Case, means: Means) -> Seen:
    """check() with prefetching."""
    return _seen(_check(case, Waiting(case)))


def asking_ahead_in_asyncio(case: Case, means: Means) -> Seen:
    """acheck() with prefetching."""
    return _seen(_acheck(case, Waiting(case)))


EntryPoint = Callable[[Case, Means], Seen]

ENTRY_POINTS: dict[str, EntryPoint] = {
    "sync": sync,
    "asyncio": in_asyncio,
    "recording": recording,
    "trace": trace,
    "command": command_line,
    "policy": policy,
    "policy-elsewhere": policy_elsewhere,
    "checker": checker,
    "checker-asyncio": checker_in_asyncio,
    "ahead": asking_ahead,
    "ahead-asyncio": asking_ahead_in_asyncio,
    "live": live,
    "live-asyncio": live_in_asyncio,
    "live-https": doh,
    "live-https-asyncio": doh_in_asyncio,
}
IN_MEMORY = tuple(entry_point for entry_point in ENTRY_POINTS if not entry_point.startswith("live"))


def leads_nowhere(entry_point: str, case: Case) -> bool:
    """Return whether a code path can't run a case: the command has no option for the time and for most limits."""
    return entry_point == "command" and (case.now is not None or bool(case.limits_given - {"void_rule"}))


def faults(case: Case, seen: Seen) -> list[str]:
    """Return a message for each difference between what was seen and what the case expects."""
    found = []
    if seen["result"] not in case.results:
        found.append(f"result: expected {' or '.join(case.results)}, got {seen['result']} ({seen['problem_says']})")
    wanted = dict(case.expected)
    if case.explanation is not NOT_ASSERTED:
        wanted["explanation"] = case.explanation
    for key in wanted.keys() & seen.keys():
        right = wanted[key] in str(seen[key]) if key == "problem_says" else wanted[key] == seen[key]
        if not right:
            found.append(f"{key}: expected {wanted[key]!r}, got {seen[key]!r}")
    return sorted(found)
