"""Lint a record of which parts are not known: the interpolations of a source file.

The rest of the record is linted as it would be with different texts in their place, and only what is found with each
of them is reported. So nothing that is reported depends on an unknown part, if that has any number of terms without a
fault.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spfengine.answers import Answer, Question
from spfengine.drivers import drive
from spfengine.evaluation.limits import DEFAULT_LIMITS
from spfengine.linting.codes import LintCode
from spfengine.linting.finding import Finding, ReachedRecord
from spfengine.linting.lint import lint, linting
from spfengine.names import Names, fold
from spfengine.record.grammar import VERSION
from spfengine.record.model import Span
from spfengine.record.parser import diagnose
from spfengine.visible import visible

if TYPE_CHECKING:
    from spfengine.answers import Resolver

NO_NAME = "unknown.invalid"
"""The domain of a record whose name is not known."""

_AT_LEAST = frozenset(
    {
        LintCode.OVER_LOOKUP_LIMIT,
        LintCode.NEAR_LOOKUP_LIMIT,
        LintCode.OVER_VOID_LIMIT,
        LintCode.NEAR_VOID_LIMIT,
        LintCode.TOO_MANY_IP4,
        LintCode.TXT_OVER_512,
        LintCode.TXT_OVER_1232,
    }
)
"""What more terms can only make worse."""
_OF_A_NAME = frozenset({LintCode.UNKNOWN_MECHANISM, LintCode.QUALIFIED_MODIFIER})
_HEAD = re.compile(r"[+\-?~]?[A-Za-z0-9_.\-]+[:=]")
_NEEDS_DOMAIN = re.compile(r"[+\-?~]?(?:a|mx|ptr)(?:/.*)?\Z|.*%\{[do]", re.IGNORECASE)
_ENDS = re.compile(r"[+\-?~]?all\Z|redirect=", re.IGNORECASE)
_STAND_IN = "stand-in.example"


@dataclass(frozen=True, slots=True)
class PartlyKnown:
    """A record of which parts are not known.

    Attributes:
        source: its text, each octet as one character; at the unknown parts, any text.
        unknown: the spans of the unknown parts, in order.
        joins: the offsets between the strings of the TXT record.
        has_strings: whether it is known which strings the TXT record has.
    """

    source: str
    unknown: tuple[Span, ...] = ()
    joins: tuple[int, ...] = ()
    has_strings: bool = False


def lint_partly_known(
    record: PartlyKnown, *, domain: str | None = None, resolver: "Resolver | None" = None
) -> list[Finding]:
    """Return what is wrong, risky or without effect in what is known of a record, in the order of its spans.

    Args:
        record: the record.
        domain: its domain; None if that is not known: then terms that depend on it are not looked up.
        resolver: what answers where the terms lead; None to look at the text alone.

    Raises:
        ResolverError: `resolver` breaks the resolver protocol. Exceptions that it raises itself are passed on.
    """
    words = _words(record)
    findings = _agreed(record, words, None, None)
    if resolver is not None:
        opened = words if domain is not None else [_opened(record, word) for word in words]
        led = _agreed(record, opened, domain or NO_NAME, resolver)
        found = {(finding.code, finding.span) for finding in led}
        findings = [each for each in findings if (each.code, each.span) not in found] + led
        if domain is not None:
            findings = [replace(each, domain=each.domain or domain) for each in findings]
    if any(word.is_open for word in words):
        findings = [_conditional(record, finding) for finding in findings] + list(_bad_names(record, words))
    return sorted(findings, key=lambda finding: (bool(finding.path), finding.span or (-1, -1)))


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a record: what is between spaces, and the spaces before it.

    Attributes:
        before: where the spaces before it begin.
        start, end: its place in the record.
        is_open: whether a part of it is not known.
    """

    before: int
    start: int
    end: int
    is_open: bool


def _words(record: PartlyKnown) -> list[_Word]:
    """Return the words after the version."""
    source = record.source
    covered = bytearray(len(source))
    for start, end in record.unknown:
        covered[start:end] = b"\1" * (end - start)
    words = []
    pos = len(VERSION)
    while pos < len(source):
        start = pos
        while start < len(source) and source[start] == " " and not covered[start]:
            start += 1
        end = start
        while end < len(source) and (source[end] != " " or covered[end]):
            end += 1
        words.append(_Word(pos, start, end, any(covered[start:end])))
        pos = end
    return words


def _opened(record: PartlyKnown, word: _Word) -> _Word:
    """Return a word as not known if what it means depends on the domain."""
    return replace(word, is_open=True) if _NEEDS_DOMAIN.match(record.source[word.start : word.end]) else word


# The record with texts in place of its unknown parts.


class _Completion:
    """A record with each word that is not known left out, or replaced."""

    def __init__(self, record: PartlyKnown, words: list[_Word], *, is_filled: bool) -> None:
        self._segments: list[tuple[int, int, int]] = [(0, 0, len(VERSION))]
        parts = [record.source[: len(VERSION)]]
        length = len(parts[0])
        for number, word in enumerate(words):
            text = f" -exists:%{{i}}.{number}.{_STAND_IN}" if is_filled else ""
            if not word.is_open:
                text = record.source[word.before : word.end]
                self._segments.append((length, word.before, len(text)))
            parts.append(text)
            length += len(text)
        if is_filled and not any(_ENDS.match(record.source, word.start, word.end) for word in words if not word.is_open):
            parts.append(" ~all")
        self.text = "".join(parts)
        self.strings = self._cut(record.joins)

    def _cut(self, joins: tuple[int, ...]) -> tuple[str, ...]:
        cuts = [
            at + join - source for join in joins for at, source, length in self._segments if 0 < join - source <= length
        ]
        edges = [0, *dict.fromkeys(cuts), len(self.text)]
        return tuple(self.text[start:end] for start, end in zip(edges, edges[1:], strict=False))

    def in_source(self, span: Span) -> Span | None:
        """Return where a span is in the record itself; None if it is not in a known part."""
        ends = [self._offset(span[0], after=False), self._offset(span[1], after=True)]
        return None if ends[0] is None or ends[1] is None else (ends[0], ends[1])

    def _offset(self, offset: int, *, after: bool) -> int | None:
        for at, source, length in self._segments:
            if at + after <= offset < at + length + after:
                return source + offset - at
        return None


def _agreed(
    record: PartlyKnown, words: list[_Word], domain: str | None, resolver: "Resolver | None"
) -> list[Finding]:
    """Return the findings that don't depend on what is in place of the words that are not known."""
    least = list(_linted(record, _Completion(record, words, is_filled=False), domain, resolver))
    if not any(word.is_open for word in words):
        return least
    filled = list(_linted(record, _Completion(record, words, is_filled=True), domain, resolver))
    same = {_key(finding) for finding in filled}
    return [finding for finding in least if finding.code in _AT_LEAST or _key(finding) in same]


def _key(finding: Finding) -> object:
    return finding.code, finding.domain, finding.span, finding.text


def _linted(
    record: PartlyKnown, completion: _Completion, domain: str | None, resolver: "Resolver | None"
) -> Iterator[Finding]:
    octets = completion.text.encode("latin-1")
    if domain is None:
        found = lint(None, record=octets)
    else:
        found = drive(linting(domain, resolver, octets, DEFAULT_LIMITS, ()), _Named(resolver, domain))[0]
    for finding in found:
        if finding.code is LintCode.STRING_OVER_255 and (record.joins or not record.has_strings):
            continue  # the program that publishes the record may cut it into strings
        mapped = _mapped(record, completion, finding, domain)
        if mapped is not None:
            yield mapped


def _mapped(record: PartlyKnown, completion: _Completion, finding: Finding, domain: str | None) -> Finding | None:
    """Return a finding about the record itself; None if it is about a part that is not known, or about the name."""
    if domain == NO_NAME and NO_NAME in f"{finding.text} {finding.hint}":
        return None
    path = tuple(("" if name == NO_NAME else name, term) for name, term in finding.path)
    if finding.path or (finding.domain is not None and fold(finding.domain) != fold(domain or "")):
        return replace(finding, path=path)
    span = finding.span
    if span is not None and finding.source == completion.text:
        span = completion.in_source(span)
        if span is None:
            return None
    own = None if domain == NO_NAME else finding.domain
    return replace(finding, domain=own, span=span, source=record.source, path=path)


class _Named:
    """A resolver that knows nothing of the record's domain if its name is not known."""

    def __init__(self, resolver: "Resolver | None", domain: str) -> None:
        self._resolver = resolver
        self._unnamed = Names((NO_NAME,)) if domain == NO_NAME else Names(())

    def resolve(self, question: Question, /) -> Answer:
        """Return the answer of the resolver, or NXDOMAIN."""
        if self._unnamed.cover(question.name):
            return Answer.nxdomain()
        assert self._resolver is not None, "there is a resolver if there is a domain"
        return self._resolver.resolve(question)


# What is said of a record with unknown parts.


def _conditional(record: PartlyKnown, finding: Finding) -> Finding:
    """Return a finding without a fix, which would have to hold the unknown parts, and with what it depends on."""
    text = finding.text
    if finding.code in _AT_LEAST:
        text += "; what is not known comes on top"
    first = min((start for start, _ in record.unknown), default=0)
    if finding.code is LintCode.PASSES_EVERYONE and finding.span is not None and finding.span[0] > first:
        text += ", unless an all is in an unknown part before it"
    return replace(finding, text=text, fix=None)


def _bad_names(record: PartlyKnown, words: list[_Word]) -> Iterator[Finding]:
    """Yield the terms whose name no mechanism has, though what follows the name is not known."""
    first_unknown = [start for start, _ in record.unknown]
    for word in words:
        head = _HEAD.match(record.source, word.start, word.end) if word.is_open else None
        if head is None or any(word.start <= start < head.end() for start in first_unknown):
            continue
        reached = ReachedRecord(source=record.source)
        shown = record.source[word.start : word.end]
        for problem in diagnose(f"{VERSION} {head[0]}{_STAND_IN}"):
            if problem.code.value in _OF_A_NAME:
                of_term = reached.of_problem(problem, (word.start, word.end))
                hint = (problem.hint or "").replace(_STAND_IN, visible(shown[len(head[0]) :], 60)) or None
                yield replace(of_term, text=of_term.text.replace(_STAND_IN, "…"), hint=hint)
