"""Lint a record of which parts are not known: the interpolations of a source file.

A word with an unknown part is read as a term of which nothing is known, or left out, and only what is found both ways
is reported. So no finding depends on an unknown part, if that is any number of terms without a fault. What more terms
can only make worse, such as too many lookups, is reported for what is known.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING

from spfengine.answers import Answer, Question, Status
from spfengine.drivers import drive
from spfengine.evaluation.limits import DEFAULT_LIMITS
from spfengine.linting.codes import LintCode
from spfengine.linting.finding import Finding, ReachedRecord
from spfengine.linting.fixes import Fix, as_strings
from spfengine.linting.lint import lint, linting
from spfengine.names import Names, fold
from spfengine.record.grammar import VERSION
from spfengine.record.model import Span
from spfengine.record.parser import diagnose
from spfengine.visible import visible

if TYPE_CHECKING:
    from spfengine.answers import Resolver

NO_NAME = "unknown.invalid"
"""The domain of a record whose name is not known, and the parent of the names in place of unknown parts."""

# What more terms can only make worse.
_LOOKUPS = frozenset({LintCode.OVER_LOOKUP_LIMIT, LintCode.NEAR_LOOKUP_LIMIT})
_VOIDS = frozenset({LintCode.OVER_VOID_LIMIT, LintCode.OVER_VOID_LIMIT_PER_LOOKUP, LintCode.NEAR_VOID_LIMIT})
_SIZES = frozenset({LintCode.TOO_MANY_IP4, LintCode.TXT_OVER_512, LintCode.TXT_OVER_1232})
_AT_LEAST = _LOOKUPS | _VOIDS | _SIZES
_ONLY = re.compile(r", to IPv[46] clients only|; receivers that count only .*")
_OF_A_NAME = frozenset({LintCode.UNKNOWN_MECHANISM, LintCode.QUALIFIED_MODIFIER})
_HEAD = re.compile(r"([+\-?~]?)([A-Za-z0-9_.\-]+)[:=]")
_ASKING = frozenset({"include", "a", "mx", "ptr", "exists"})
_NEEDS_DOMAIN = re.compile(r"[+\-?~]?(?:a|mx|ptr)(?:/.*)?\Z|.*%\{[do]", re.IGNORECASE)
_ENDS = re.compile(r"[+\-?~]?all\Z|redirect=", re.IGNORECASE)


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
        opened = words if domain is not None else [_without_domain(word) for word in words]
        led = _agreed(record, opened, domain or NO_NAME, resolver)
        found = {(finding.code, finding.span) for finding in led}
        findings = [each for each in findings if (each.code, each.span) not in found] + led
    findings = [replace(each, domain=each.domain or domain) for each in findings]
    if record.unknown:
        findings = [_conditional(record, each) for each in findings] + list(_bad_names(record, words, domain))
    return sorted(findings, key=lambda each: (bool(each.path), each.span or (-1, -1)))


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a record: what is between spaces, and the spaces before it.

    Attributes:
        before: where the spaces before it begin.
        start, end: its place in the record.
        text: it as it is written.
        known: what is known of its beginning: all of it, if no part is unknown.
        is_open: whether it is not known what it does.
        asks: whether it is one term that asks DNS, in any case.
    """

    before: int
    start: int
    end: int
    text: str
    known: str
    is_open: bool = False
    asks: bool = False


def _words(record: PartlyKnown) -> list[_Word]:
    """Return the words after the version."""
    source = record.source
    covered = bytearray(len(source))
    for start, end in record.unknown:
        covered[start:end] = b"\1" * (end - start)
    shown = "".join(["\ufffc" if is_covered else char for char, is_covered in zip(source, covered, strict=True)])
    words = []
    for found in re.finditer(r" *([^ ]+)| +\Z", shown[len(VERSION) :]):
        before, end = found.start() + len(VERSION), found.end() + len(VERSION)
        start = end - len(found[1] or "")
        known = shown[start:end].partition("\ufffc")[0]
        head = _HEAD.match(known)
        is_open = len(known) < end - start
        asks = is_open and head is not None and head[2].lower() in _ASKING
        words.append(_Word(before, start, end, source[start:end], known, is_open, asks))
    return words


def _without_domain(word: _Word) -> _Word:
    """Return a word as not known if what it does depends on the domain."""
    return replace(word, is_open=True, asks=True) if _NEEDS_DOMAIN.match(word.known) and not word.is_open else word


class _Fill(Enum):
    """What is in place of the words that are not known: nothing, terms for those that ask DNS, or terms for all."""

    NOTHING = 0
    ASKING = 1
    ALL = 2


class _Completion:
    """A record with another text for each word that is not known.

    Attributes:
        text: the record.
        strings: the strings of its TXT record.
    """

    def __init__(self, record: PartlyKnown, words: list[_Word], fill: _Fill) -> None:
        self._segments = [(0, 0, len(VERSION))]
        self._stand_ins: dict[str, str] = {}
        parts = [record.source[: len(VERSION)]]
        length = len(VERSION)
        for number, word in enumerate(words):
            text = record.source[word.before : word.end]
            if word.is_open:
                text = self._stand_in(word, number, fill)
            else:
                self._segments.append((length, word.before, len(text)))
            parts.append(text)
            length += len(text)
        if fill is _Fill.ALL and not any(_ENDS.match(word.known) for word in words if not word.is_open):
            parts.append(" ~all")
        self.text = "".join(parts)
        self.strings = self._cut(record.joins)

    def _cut(self, joins: tuple[int, ...]) -> tuple[str, ...]:
        """Return the strings of the TXT record; a join in what is not known is left out."""
        cuts = [
            at + join - start for join in joins for at, start, length in self._segments if 0 < join - start <= length
        ]
        edges = [0, *dict.fromkeys(cuts), len(self.text)]
        return tuple(self.text[start:end] for start, end in pairwise(edges))

    def _stand_in(self, word: _Word, number: int, fill: _Fill) -> str:
        """Return a term of which nothing is known but that it asks DNS, since its name depends on the client."""
        if fill is _Fill.NOTHING or (fill is _Fill.ASKING and not word.asks):
            return ""
        qualifier = "-" if not word.asks else word.known[0] if word.known[0] in "+-?~" else ""
        text = f"{qualifier}exists:%{{i}}.{number}.{NO_NAME}"
        self._stand_ins[text] = word.text
        return f" {text}"

    def in_source(self, span: Span) -> Span | None:
        """Return where a span is in the record itself; None if it is not in a known part."""
        start, end = self._offset(span[0], after=False), self._offset(span[1], after=True)
        return None if start is None or end is None else (start, end)

    def _offset(self, offset: int, *, after: bool) -> int | None:
        for at, source, length in self._segments:
            if at + after <= offset < at + length + after:
                return source + offset - at
        return None

    def as_written(self, text: str) -> str:
        """Return a sentence with the words as they are written."""
        for stand_in in sorted(self._stand_ins, key=len, reverse=True):
            text = text.replace(stand_in, visible(self._stand_ins[stand_in], 60))
        return text

    def fix_as_written(self, strings: Fix) -> Fix:
        """Return the strings of a record with the words as they are written."""
        text = "".join(strings)
        for stand_in in sorted(self._stand_ins, key=len, reverse=True):
            text = text.replace(stand_in, self._stand_ins[stand_in])
        return as_strings(text)


def _agreed(record: PartlyKnown, words: list[_Word], domain: str | None, resolver: "Resolver | None") -> list[Finding]:
    """Return the findings that don't depend on what is in place of the words that are not known."""
    is_open = any(word.is_open for word in words)
    fills = _Fill if is_open else [_Fill.NOTHING]
    linted = {fill: list(_linted(record, _Completion(record, words, fill), domain, resolver)) for fill in fills}
    least = linted[_Fill.NOTHING]
    if not is_open:
        return least
    same = {_key(each) for each in linted[_Fill.ALL]}
    kept = [each for each in least if each.code not in _AT_LEAST and _key(each) in same]
    kept += [each for each in least if each.code in _SIZES | _VOIDS]
    kept += [each for each in linted[_Fill.ASKING] if each.code in _LOOKUPS]
    fixes = {_key(each): each.fix for each in linted[_Fill.ASKING]}  # these keep the words that only need the domain
    kept = [replace(each, fix=fixes.get(_key(each))) for each in kept]
    return [_at_least(each) if each.code in _AT_LEAST else each for each in kept]


def _at_least(finding: Finding) -> Finding:
    """Return a finding about a number as one about the least that it can be."""
    return replace(finding, text=_ONLY.sub("", finding.text) + "; what is not known may add to it")


def _key(finding: Finding) -> object:
    return finding.code, finding.domain, finding.span, finding.text


def _linted(
    record: PartlyKnown, completion: _Completion, domain: str | None, resolver: "Resolver | None"
) -> Iterator[Finding]:
    octets = tuple(string.encode("latin-1") for string in completion.strings)
    if domain is None:
        found = lint(None, record=octets)
    else:
        found = drive(linting(domain, resolver, octets, DEFAULT_LIMITS, ()), _Named(resolver))[0]
    for finding in found:
        if finding.code is LintCode.STRING_OVER_255 and not record.has_strings:
            continue  # what publishes the record may cut it into strings
        mapped = _mapped(record, completion, finding, domain)
        if mapped is not None:
            yield mapped


def _mapped(record: PartlyKnown, completion: _Completion, finding: Finding, domain: str | None) -> Finding | None:
    """Return a finding about the record itself; None if it is about a part or a name that is not known."""
    text = completion.as_written(finding.text)
    hint = None if finding.hint is None else completion.as_written(finding.hint)
    if NO_NAME in f"{text} {hint}":
        return None
    path = tuple(("" if name == NO_NAME else name, term) for name, term in finding.path)
    finding = replace(finding, text=text, hint=hint, path=path)
    if finding.path or (finding.domain is not None and fold(finding.domain) != fold(domain or "")):
        return finding
    span = None if finding.span is None else completion.in_source(finding.span)
    if finding.span is not None and span is None and finding.code not in _AT_LEAST:
        return None
    own = None if domain == NO_NAME else finding.domain
    fix = None if finding.fix is None else completion.fix_as_written(finding.fix)
    spans = tuple([each for each in map(completion.in_source, finding.spans) if each is not None])
    return replace(finding, domain=own, span=span, spans=spans, source=record.source, fix=fix)


class _Named:
    """A resolver, with the names of which nothing is known."""

    def __init__(self, resolver: "Resolver | None") -> None:
        self._resolver = resolver
        self._unnamed = Names((NO_NAME,))

    def resolve(self, question: Question, /) -> Answer:
        """Return the answer of the resolver; that it is not known, for these names."""
        if self._unnamed.cover(question.name):
            return Answer.failed(Status.UNKNOWN)
        assert self._resolver is not None, "there is a resolver if there is a domain"
        return self._resolver.resolve(question)


def _conditional(record: PartlyKnown, finding: Finding) -> Finding:
    """Return a finding without a fix, which would have to hold the unknown parts, and with what it depends on."""
    text = finding.text
    is_after = finding.span is not None and finding.span[0] > record.unknown[0][0]
    if finding.code is LintCode.PASSES_EVERYONE and is_after:
        text = f"unless an all is in an unknown part before it, {text}"
    return replace(finding, text=text, fix=None)


def _bad_names(record: PartlyKnown, words: list[_Word], domain: str | None) -> Iterator[Finding]:
    """Yield the terms whose name no mechanism has, though what follows the name is not known."""
    reached = ReachedRecord(domain, source=record.source)
    for word in words:
        head = _HEAD.match(word.known) if word.is_open else None
        for problem in diagnose(f"{VERSION} {head[0]}{NO_NAME}") if head is not None else ():
            if problem.code.value in _OF_A_NAME:
                found = reached.of_problem(problem, (word.start, word.end))
                hint = (problem.hint or "").replace(NO_NAME, visible(word.text[len(head[0]) :], 60)) if head else ""
                yield replace(found, text=found.text.replace(NO_NAME, "…"), hint=hint or None)
