"""What the fixtures of the pytest plugin give to a test: the zone of its marker, and checks that keep their results."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from spfengine.addresses import IPAddress
from spfengine.answers import Resolver
from spfengine.checks import check, check_helo
from spfengine.errors import ArgumentError
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.trace import TermStatus, TracedQuestion, TracedRecord
from spfengine.resolvers.asking import resolve_of
from spfengine.resolvers.zone import Zone
from spfengine.visible import visible, visible_name

_RESULTS_SHOWN = 20
_RECORDS_SHOWN = 10


def resolver_of(arguments: tuple[Any, ...], options: Mapping[str, Any], folder: Path) -> Resolver:
    """Return the resolver that a marker `spf_zone` describes; an empty zone if it has no arguments.

    Args:
        arguments, options: the marker's.
        folder: what relative paths are relative to.

    Raises:
        ArgumentError: there is more than one argument, or a keyword argument.
        ResolverError: the argument is not a mapping, a file or a resolver.
        ZoneError, RecordingError: the mapping or the file can't be understood.
        OSError: the file can't be read.
    """
    if options or len(arguments) > 1:
        raise ArgumentError("the marker spf_zone takes one argument: a mapping, a file or a resolver")
    if not arguments:
        return Zone({})
    source: Any = arguments[0]
    if isinstance(source, str | os.PathLike):
        from spfengine.resolvers.zone_files.files import read_zone

        return read_zone(folder / source)
    if isinstance(source, Mapping):
        return Zone(source)
    resolve_of(source)
    resolver: Resolver = source
    return resolver


class SPFCheck:
    """`spfengine.check` with a test's zone as the default resolver. It keeps the results.

    Attributes:
        resolver: answers checks that are given no other `resolver`.
        results: the results so far.
    """

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self.results: list[CheckResult] = []

    def __call__(self, ip: IPAddress, sender: str, helo: str | None = None, **options: Any) -> CheckResult:
        """Return what `spfengine.check` returns for these arguments; `options` are its other ones."""
        return self._keep(check(ip, sender, helo, **{"resolver": self.resolver, **options}))

    def helo(self, ip: IPAddress, helo: str, **options: Any) -> CheckResult:
        """Return what `spfengine.check_helo` returns for these arguments; `options` are its other ones."""
        return self._keep(check_helo(ip, helo, **{"resolver": self.resolver, **options}))

    def assert_result(
        self, expected: str, ip: IPAddress, sender: str, helo: str | None = None, **options: Any
    ) -> CheckResult:
        """Check, and return the result. Raises AssertionError, with the trace, if it is not the expected one."""
        __tracebackhide__ = True
        result = self(ip, sender, helo, **options)
        if result.result != expected:
            raise AssertionError(f"expected {visible(expected)}, got {explain(result)}")
        return result

    def _keep(self, result: CheckResult) -> CheckResult:
        self.results.append(result)
        return result

    def report(self) -> str:
        """Return why each of the last 20 results came about, as text for people."""
        return "\n\n".join(explain(result) for result in self.results[-_RESULTS_SHOWN:])


def explain(result: CheckResult) -> str:
    """Return a result and its trace as lines for people, with untrusted text escaped."""
    identity = visible(result.helo if result.identity == "helo" else result.sender)
    head = f"{result.result} for {identity or 'the null sender'} from {result.ip}"
    if result.problem is not None:
        head += f" ({result.problem.code}: {result.problem.text})"
    return "\n".join([head, *_record_lines(result.trace.root, "  ")])


def _record_lines(record: TracedRecord, indent: str) -> Iterator[str]:
    source = "no SPF record" if record.record is None else visible(record.record.source)
    yield f"{indent}{visible_name(record.domain) or '(no domain)'}: {source}"
    if record.question is not None and record.record is None:
        yield f"{indent}  {_question_line(record.question)}"
    for term in record.terms:
        if term.outcome is TermStatus.NOT_EVALUATED:
            continue
        yield f"{indent}  {visible(term.term.text)}  {term.outcome}: {term.why}"
        for question in term.questions:
            yield f"{indent}    {_question_line(question)}"
        if term.record is not None:
            yield from _record_lines(term.record, indent + "    ")


def _question_line(traced: TracedQuestion) -> str:
    records = ", ".join(traced.answer.texts()[:_RECORDS_SHOWN])
    return f"{traced.question.type} {visible_name(traced.question.name)} → {records or traced.answer.status}"
