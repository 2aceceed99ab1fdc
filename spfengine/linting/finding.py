"""A finding, and the record that it is about."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from spfengine.answers import Answer, is_spf_octets
from spfengine.linting.codes import ABOUT, LintCode, Severity
from spfengine.linting.fixes import Fix, read
from spfengine.policy.include_tree import TreeTerm
from spfengine.problems import Problem
from spfengine.record.model import All, Record, Redirect, Span, Term
from spfengine.reportable import Reportable
from spfengine.visible import visible, visible_name

Path = tuple[tuple[str, str], ...]
"""(domain, term) for each term that leads from the domain linted to a record."""


@dataclass(frozen=True, slots=True)
class Finding(Reportable):
    """One thing that is wrong, risky or without effect, in words a mail admin understands.

    Attributes:
        code: the stable `LintCode`.
        severity: how much it matters.
        text: one sentence, safe to print: what it quotes from DNS is escaped.
        domain: the domain whose record, name or answer it is about; None for a record that belongs to no domain.
        span: (start, end) octet offsets of the term in `source`, or None.
        section: the section of RFC 7208 that decides (of RFC 8616 if it starts with "RFC 8616"), or "".
        hint: what to do about it, or None.
        fix: the strings of a TXT record that, published in place of the one at fault (of several SPF records: in place
            of all), makes the finding go away; None if only people can decide. The fix of a finding that is no error
            changes no result but permerror, unless `text` says what changes.
        own: whether the admin of the domain linted can edit the record: it is at or under that domain, or in the zone
            given. If not, only its owner can.
        source: the text of the record, each octet as one character, or None.
        path: (domain, term) for each term that leads to the record; empty for the domain's own.
        spans: the terms that it is about, if they are several; `span` is the first of them.
    """

    code: LintCode
    severity: Severity
    text: str
    domain: str | None = None
    span: Span | None = None
    section: str = ""
    hint: str | None = None
    fix: Fix | None = None
    own: bool = True
    source: str | None = None
    path: Path = ()
    spans: tuple[Span, ...] = ()

    def __str__(self) -> str:
        where = "" if self.domain is None else f"{visible_name(self.domain)}: "
        return f"{where}{self.severity}: {self.text} [{self.code}]"

    def __repr__(self) -> str:
        where = "" if self.domain is None else f" in {visible(self.domain, 80)}"
        return f"<Finding {self.code}{where}: {visible(self.text, 60)}>"

    def render(self, *, width: int | None = 80) -> str:
        """Return the text that `spfengine lint` prints for it, wrapped to `width` columns (None: not wrapped)."""
        from spfengine.text.lint import render_finding

        return render_finding(self, width)

    @property
    def _all_spans(self) -> tuple[Span, ...]:
        return self.spans or (() if self.span is None else (self.span,))

    def to_dict(self) -> dict[str, object]:
        """Return the finding as JSON-safe values."""
        return {
            "code": str(self.code),
            "severity": str(self.severity),
            "text": self.text,
            "domain": None if self.domain is None else visible_name(self.domain),
            "span": None if self.span is None else list(self.span),
            "spans": [list(span) for span in self._all_spans],
            "section": self.section,
            "hint": self.hint,
            "fix": None if self.fix is None else list(self.fix),
            "own": self.own,
            "record": None if self.source is None else visible(self.source, 1 << 16),
            "path": [[visible_name(domain), visible(term)] for domain, term in self.path],
        }


@dataclass(frozen=True, slots=True)
class ReachedRecord:
    """A domain that evaluation reaches, and its record.

    Attributes:
        domain: the domain; None for a record that belongs to none.
        own: whether the admin can edit its record.
        included: whether only an include leads there, so that of its results only pass counts.
        path: the terms that lead there.
        source: the text of its SPF record, even if that is broken; None if it has none, or several.
        record: that record, parsed; None if it is broken.
        terms: the terms of the record that name a domain or host, each with the names that it is about.
        joins: the offsets in the text at which a string of the TXT record ends and the next begins.
    """

    domain: str | None = None
    own: bool = True
    included: bool = False
    path: Path = ()
    source: str | None = None
    record: Record | None = None
    terms: tuple[TreeTerm, ...] = ()
    joins: tuple[int, ...] = ()

    def finding(
        self,
        code: LintCode,
        text: str,
        at: Term | Span | None = None,
        hint: str | None = None,
        fix: Fix | None = None,
    ) -> Finding:
        """Return a finding about this record, at a term or span of it."""
        about = ABOUT[code]
        fix = fix if self.own else None
        return Finding(
            code,
            about.severity,
            text,
            self.domain,
            _span(at),
            about.section,
            hint,
            fix,
            self.own,
            self.source,
            self.path,
        )

    def of_problem(self, problem: Problem, at: Term | Span | None = None, fix: Fix | None = None) -> Finding:
        """Return a problem of evaluation as a finding about this record, with the problem's own words."""
        code = LintCode(problem.code.value)
        span = problem.span if at is None else _span(at)
        fix = fix if self.own else None
        return Finding(
            code,
            ABOUT[code].severity,
            problem.text,
            self.domain,
            span,
            problem.section,
            problem.hint,
            fix,
            self.own,
            self.source,
            self.path,
        )


def joins_of(answer: Answer | None) -> tuple[int, ...]:
    """Return the offsets in the one SPF record of an answer at which its strings are joined."""
    records = [] if answer is None else [strings for strings in answer.strings if is_spf_octets(b"".join(strings))]
    return tuple(accumulate(map(len, records[0][:-1]))) if len(records) == 1 else ()


_CAUSES = {
    LintCode.MISSING_SPACE: None,
    LintCode.MISSHAPEN_NAME: None,
    LintCode.SPLIT_OVER_RECORDS: frozenset(
        {
            LintCode.MISSING_ALL,
            LintCode.EXTRA_SPACES,
            LintCode.LARGE_SPACE,
            LintCode.REDUNDANT_TERM,
            LintCode.UNREACHABLE_TERM,
        }
    ),
}
"""Faults of the text that cause other findings: those at the same place (None), or these for the whole record."""
_ALSO_SAID = {
    LintCode.COULD_BE_REGISTERED: (LintCode.INCLUDE_DOMAIN_NOT_FOUND, LintCode.REDIRECT_DOMAIN_NOT_FOUND),
    LintCode.DUPLICATE_TERM: (LintCode.REDUNDANT_TERM,),
}
"""The findings that need not be reported, because another one at the same place says the same."""
_OF_TERMS = frozenset(
    {
        LintCode.INCLUDE_INVALID_DOMAIN,
        LintCode.INCLUDE_DOMAIN_NOT_FOUND,
        LintCode.INCLUDE_NO_RECORD,
        LintCode.REDIRECT_INVALID_DOMAIN,
        LintCode.REDIRECT_DOMAIN_NOT_FOUND,
        LintCode.REDIRECT_NO_RECORD,
        LintCode.COULD_BE_REGISTERED,
        LintCode.INVALID_TARGET_NAME,
        LintCode.NAME_NOT_FOUND,
        LintCode.NO_ADDRESSES,
        LintCode.UNREACHABLE_TERM,
        LintCode.REDUNDANT_TERM,
        LintCode.OUTSIDE_ZONE,
        LintCode.HUGE_NETWORK,
        LintCode.WIDE_NETWORK,
        LintCode.HOST_BITS,
        LintCode.RENTABLE_NETWORK,
        LintCode.MISTYPED_MODIFIER,
        LintCode.UNKNOWN_MODIFIER,
    }
)


def without_consequences(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings without those that another one causes, or says better.

    A name that is two terms does not exist either.
    """
    findings = list(findings)
    rented = [each for each in findings if each.code is LintCode.RENTABLE_NETWORK]
    rentable = {(each.domain, span) for each in rented for span in each.spans}
    better = _said_better(findings)
    findings = [each for each in findings if (each.code, each.domain, each.span) not in better]
    findings = [
        each for each in findings if each.code is not LintCode.WIDE_NETWORK or (each.domain, each.span) not in rentable
    ]  # it says more about the same network
    causes = [finding for finding in findings if finding.code in _CAUSES]
    return [each for each in findings if not any(_is_caused(each, cause) for cause in causes)] if causes else findings


def _said_better(findings: Iterable[Finding]) -> set[tuple[LintCode, str | None, Span | None]]:
    """Return what need not be said, by code and place, since another finding there says it as well."""
    return {
        (code, each.domain, span)
        for each in findings
        for code in _ALSO_SAID.get(each.code, ())
        for span in (each.spans or (each.span,))
    }


def _is_caused(finding: Finding, cause: Finding) -> bool:
    if finding.domain != cause.domain or finding.code in _CAUSES:
        return False
    if finding.code in (_CAUSES[cause.code] or ()):
        return True
    if finding.code is LintCode.MISSING_ALL and cause.fix is not None:
        return _has_end("".join(cause.fix))
    if finding.span is None or cause.span is None:
        return False
    return finding.code in _OF_TERMS and finding.span[0] < cause.span[1] and cause.span[0] < finding.span[1]


def _has_end(text: str) -> bool:
    """Whether a record has `all` or `redirect`."""
    record = read(text)
    ends = [] if record is None else [term for term in record.terms if isinstance(term, All | Redirect)]
    return bool(ends)


def _span(at: Term | Span | None) -> Span | None:
    return at.span if isinstance(at, Term) else at


def quoted(strings: Fix) -> str:
    r"""Return the strings of a TXT record as in a zone file, safe to print."""
    return " ".join('"' + visible(each, 1 << 16).replace("\\", "\\\\").replace('"', '\\"') + '"' for each in strings)
