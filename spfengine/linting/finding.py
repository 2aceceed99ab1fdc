"""A finding, and the record that it was found in."""

from typing import Any, NamedTuple

from spfengine.frozen import Frozen, fill
from spfengine.linting.codes import ABOUT, LintCode, Severity
from spfengine.linting.fixes import Fix
from spfengine.problems import Problem
from spfengine.record.model import Record, Span, Term
from spfengine.visible import visible, visible_name

Path = tuple[tuple[str, str], ...]
"""(domain, term) for each term that leads from the domain linted to a record."""


class Finding(Frozen):
    """One thing that is wrong, risky or without effect, in words a mail admin understands.

    Attributes:
        code: the stable `LintCode`.
        severity: how much it matters.
        text: one sentence, safe to print: what strangers wrote stands escaped in it.
        domain: the domain whose record, name or answer it is about; None for a record that belongs to no domain.
        span: (start, end) octet offsets of the term in `source`, or None.
        section: the section of RFC 7208 that decides (of RFC 8616 where it starts with "RFC 8616"), or "".
        hint: what to do about it, or None.
        fix: the strings of a TXT record that, published in place of the one at fault (of several SPF records: in place
            of all), make the finding go away; None where only people can decide.
        own: whether the record can be edited by whoever looks after the domain linted: it stands at or under that
            domain, or in the zone given. If not, its owner has to be told.
        source: the text of the record, each octet as one character, or None.
        path: (domain, term) for each term that leads to the record; empty for the domain's own.
    """

    __slots__ = fields = (
        "code",
        "severity",
        "text",
        "domain",
        "span",
        "section",
        "hint",
        "fix",
        "own",
        "source",
        "path",
    )
    code: LintCode
    severity: Severity
    text: str
    domain: str | None
    span: Span | None
    section: str
    hint: str | None
    fix: Fix | None
    own: bool
    source: str | None
    path: Path

    def __init__(
        self,
        code: LintCode,
        severity: Severity,
        text: str,
        domain: str | None = None,
        span: Span | None = None,
        section: str = "",
        hint: str | None = None,
        fix: Fix | None = None,
        own: bool = True,
        source: str | None = None,
        path: Path = (),
    ) -> None:
        fill(self, "code", code)
        fill(self, "severity", severity)
        fill(self, "text", text)
        fill(self, "domain", domain)
        fill(self, "span", span)
        fill(self, "section", section)
        fill(self, "hint", hint)
        fill(self, "fix", fix)
        fill(self, "own", own)
        fill(self, "source", source)
        fill(self, "path", path)

    def with_fields(self, **changes: Any) -> "Finding":
        """Return this finding with other values in some of its fields."""
        return Finding(**{**{name: getattr(self, name) for name in self.fields}, **changes})

    def __str__(self) -> str:
        where = "" if self.domain is None else f"{visible_name(self.domain)}: "
        return f"{where}{self.severity}: {self.text} [{self.code}]"

    def render(self, *, width: int | None = 80) -> str:
        """Return the text that `spfengine lint` prints for it, wrapped to `width` columns (None: not wrapped)."""
        from spfengine.text.lint import render_finding

        return render_finding(self, width)

    def to_dict(self) -> dict[str, object]:
        """Return the finding as JSON-safe values."""
        return {
            "code": str(self.code),
            "severity": str(self.severity),
            "text": self.text,
            "domain": None if self.domain is None else visible_name(self.domain),
            "span": None if self.span is None else list(self.span),
            "section": self.section,
            "hint": self.hint,
            "fix": None if self.fix is None else list(self.fix),
            "own": self.own,
            "record": None if self.source is None else visible(self.source, 1 << 16),
            "path": [[visible_name(domain), visible(term)] for domain, term in self.path],
        }


class Held(NamedTuple):
    """A domain that evaluation comes to, and its record.

    Attributes:
        domain: the domain; None for a record that belongs to none.
        own: whether the admin can edit its record.
        included: whether an include leads there, so that of its results only pass counts.
        path: the terms that lead there.
        source: the text of its one SPF record, also where it is broken; None where there is none or no one.
        record: that record, read; None where it is broken.
    """

    domain: str | None
    own: bool
    included: bool
    path: Path
    source: str | None
    record: Record | None

    def finding(
        self,
        code: LintCode,
        text: str,
        place: Term | Span | None = None,
        hint: str | None = None,
        fix: Fix | None = None,
    ) -> Finding:
        """Return a finding about this record, at a term or span of it."""
        about = ABOUT[code]
        span = place.span if isinstance(place, Term) else place
        return Finding(
            code,
            about.severity,
            text,
            self.domain,
            span,
            about.section,
            hint,
            fix if self.own else None,
            self.own,
            self.source,
            self.path,
        )

    def of_problem(self, problem: Problem, place: Term | Span | None = None, fix: Fix | None = None) -> Finding:
        """Return a problem of evaluation as a finding about this record, with the problem's own words."""
        code = LintCode(problem.code.value)
        span = problem.span if place is None else place.span if isinstance(place, Term) else place
        return Finding(
            code,
            ABOUT[code].severity,
            problem.text,
            self.domain,
            span,
            problem.section,
            problem.hint,
            fix if self.own else None,
            self.own,
            self.source,
            self.path,
        )


def quoted(strings: Fix) -> str:
    r"""Return the strings of a TXT record as a zone file has them, safe to print."""
    return " ".join('"' + visible(each, 1 << 16).replace("\\", "\\\\").replace('"', '\\"') + '"' for each in strings)
