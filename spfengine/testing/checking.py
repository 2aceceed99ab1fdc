"""Checks inside a test: results are kept, so that a failure can show why each came about."""

from collections.abc import Iterator
from typing import Any

from spfengine.addresses import IPAddress
from spfengine.answers import Resolver
from spfengine.checks import check, check_helo
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.trace import TermStatus, TracedQuestion, TracedRecord
from spfengine.visible import visible, visible_name

_KEPT = 20


class SPFCheck:
    """`spfengine.check` with a test's zone as resolver.

    Attributes:
        resolver: what answers where a check is given no other `resolver`.
        results: the results so far.
    """

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self.results: list[CheckResult] = []

    def __call__(self, ip: IPAddress, sender: str, helo: str = "", **options: Any) -> CheckResult:
        """Return what `spfengine.check` returns for these arguments; `options` are its other ones."""
        return self._keep(check(ip, sender, helo, **{"resolver": self.resolver, **options}))

    def helo(self, ip: IPAddress, helo: str, **options: Any) -> CheckResult:
        """Return what `spfengine.check_helo` returns for these arguments; `options` are its other ones."""
        return self._keep(check_helo(ip, helo, **{"resolver": self.resolver, **options}))

    def assert_result(self, expected: str, ip: IPAddress, sender: str, helo: str = "", **options: Any) -> CheckResult:
        """Check, and return the result. Raises AssertionError, with the trace, where it is not the expected one."""
        __tracebackhide__ = True
        result = self(ip, sender, helo, **options)
        if result.result != expected:
            raise AssertionError(f"expected {visible(expected)}, got {told(result)}")
        return result

    def _keep(self, result: CheckResult) -> CheckResult:
        self.results.append(result)
        return result

    def report(self) -> str:
        """Return why each result came about, as text for people; of many the last."""
        return "\n\n".join(told(result) for result in self.results[-_KEPT:])


def told(result: CheckResult) -> str:
    """Return a result and its trace as lines for people; whatever strangers wrote is escaped."""
    who = visible(result.helo if result.identity == "helo" else result.sender)
    head = f"{result.result} for {who or 'the null sender'} from {result.ip}"
    if result.problem is not None:
        head += f" ({result.problem.code}: {result.problem.text})"
    return "\n".join([head, *_record(result.trace.root, "  ")])


def _record(record: TracedRecord, indent: str) -> Iterator[str]:
    source = "no SPF record" if record.record is None else visible(record.record.source)
    yield f"{indent}{visible_name(record.domain) or '(no domain)'}: {source}"
    if record.question is not None and record.record is None:
        yield f"{indent}  {_question(record.question)}"
    for term in record.terms:
        if term.outcome is TermStatus.NOT_EVALUATED:
            continue
        yield f"{indent}  {visible(term.term.text)}  {term.outcome}: {term.why}"
        for asked in term.questions:
            yield f"{indent}    {_question(asked)}"
        if term.record is not None:
            yield from _record(term.record, indent + "    ")


def _question(asked: TracedQuestion) -> str:
    answer = asked.answer
    records = ", ".join(answer.texts()[:10])
    return f"{asked.question.type} {visible_name(asked.question.name)} → {records or answer.status}"
