"""Why a result is none, temperror or permerror, or why a text is not a record: one value with a stable code."""

from enum import StrEnum
from typing import ClassVar

from spfengine.frozen import Frozen, fill
from spfengine.visible import of_octets, visible, visible_name


class Result(StrEnum):
    """The results of check_host() (RFC 7208 §2.6). Receivers treat neutral exactly as none (RFC 7208 §8.2)."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105 - a result, not a password
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class ProblemCode(StrEnum):
    """Stable codes of problems. They are public API: a code is never renamed or given another meaning."""

    # The domain (result none; permerror for the target of an include or redirect)
    INVALID_DOMAIN = "invalid-domain"
    INVALID_U_LABEL = "invalid-u-label"
    DOMAIN_NOT_FOUND = "domain-not-found"
    NO_RECORD = "no-record"
    INCLUDE_INVALID_DOMAIN = "include-invalid-domain"
    INCLUDE_DOMAIN_NOT_FOUND = "include-domain-not-found"
    INCLUDE_NO_RECORD = "include-no-record"
    REDIRECT_INVALID_DOMAIN = "redirect-invalid-domain"
    REDIRECT_DOMAIN_NOT_FOUND = "redirect-domain-not-found"
    REDIRECT_NO_RECORD = "redirect-no-record"
    REDIRECT_NON_ASCII_LOCAL_PART = "redirect-non-ascii-local-part"
    MULTIPLE_RECORDS = "multiple-records"

    # The text of a record (permerror)
    NOT_SPF = "not-spf"
    INVALID_CHARACTER = "invalid-character"
    UNKNOWN_MECHANISM = "unknown-mechanism"
    INVALID_MODIFIER_NAME = "invalid-modifier-name"
    QUALIFIED_MODIFIER = "qualified-modifier"
    MISSING_TERM_NAME = "missing-term-name"
    MISSING_ARGUMENT = "missing-argument"
    UNEXPECTED_ARGUMENT = "unexpected-argument"
    EMPTY_DOMAIN_SPEC = "empty-domain-spec"
    INVALID_DOMAIN_SPEC = "invalid-domain-spec"
    ADDRESS_AS_DOMAIN_SPEC = "address-as-domain-spec"
    INVALID_MACRO = "invalid-macro"
    EXPLANATION_ONLY_MACRO = "explanation-only-macro"
    MACRO_DIGITS_ZERO = "macro-digits-zero"
    INVALID_IP4_NETWORK = "invalid-ip4-network"
    INVALID_IP6_NETWORK = "invalid-ip6-network"
    INVALID_CIDR_LENGTH = "invalid-cidr-length"
    UNEXPECTED_CIDR_LENGTH = "unexpected-cidr-length"
    DUPLICATE_MODIFIER = "duplicate-modifier"
    MISSING_SPACE = "missing-space"  # never that of a check: of a draft that can be parsed, but is not what was meant

    # Limits (permerror; the time limit: temperror)
    TOO_MANY_LOOKUPS = "too-many-lookups"
    TOO_MANY_VOID_LOOKUPS = "too-many-void-lookups"
    TOO_MANY_MX = "too-many-mx"
    TIME_LIMIT = "time-limit"

    # DNS could not answer (temperror)
    DNS_SERVFAIL = "dns-servfail"
    DNS_REFUSED = "dns-refused"
    DNS_FORMERR = "dns-formerr"
    DNS_TIMEOUT = "dns-timeout"
    DNS_TRUNCATED = "dns-truncated"
    DNS_CNAME_LOOP = "dns-cname-loop"
    DNS_FAILURE = "dns-failure"  # any of these: an outcome that a policy reports as possible, never that of a check

    # Nobody was asked (temperror)
    OUTSIDE_ZONE = "outside-zone"
    # Something that the check needs is not known to the caller (temperror)
    HELO_UNKNOWN = "helo-unknown"

    # Why a draft is unsafe, or why its effect is not fully known (see `simulate`)
    DRAFT_BROKEN = "draft-broken"
    DRAFT_NOT_REACHED = "draft-not-reached"
    DNS_INCOMPLETE = "dns-incomplete"
    OVER_LOOKUP_LIMIT = "over-lookup-limit"
    OVER_VOID_LIMIT = "over-void-limit"
    OVER_VOID_LIMIT_PER_LOOKUP = "over-void-limit-per-lookup"

    # Why a policy has no result for some addresses
    WORK_LIMIT = "work-limit"

    # Why a record, or a term of it, is not flattened (see `flatten`)
    FLATTEN_CONDITIONAL = "flatten-conditional"
    FLATTEN_ALIAS = "flatten-alias"
    FLATTEN_TOO_LARGE = "flatten-too-large"
    FLATTEN_NO_FREE_NAME = "flatten-no-free-name"
    FLATTEN_NOT_EQUIVALENT = "flatten-not-equivalent"

    # Why a fail has no explanation (the result stays fail)
    EXP_ABSENT = "exp-absent"
    EXP_INVALID_DOMAIN = "exp-invalid-domain"
    EXP_NON_ASCII_LOCAL_PART = "exp-non-ascii-local-part"
    EXP_DNS_ERROR = "exp-dns-error"
    EXP_NO_RECORD = "exp-no-record"
    EXP_MULTIPLE_RECORDS = "exp-multiple-records"
    EXP_EMPTY = "exp-empty"
    EXP_INVALID_MACRO = "exp-invalid-macro"
    EXP_NON_ASCII = "exp-non-ascii"
    EXP_CONTROL_CHARACTER = "exp-control-character"
    EXP_TOO_LONG = "exp-too-long"
    EXP_TIME_LIMIT = "exp-time-limit"
    EXP_HELO_UNKNOWN = "exp-helo-unknown"


UNKNOWN_CODES = frozenset({ProblemCode.HELO_UNKNOWN, ProblemCode.OUTSIDE_ZONE})
"""Codes which say that the result is not known, since the caller did not give what it depends on; DNS did not fail."""


class Problem(Frozen):
    """One fault, in words that a mail admin understands.

    Attributes:
        code: the stable `ProblemCode`.
        text: one sentence, safe to print: text from records and answers is escaped.
        domain: the domain whose record, name or answer is at fault; None if the text belongs to no domain.
        span: (start, end) octet offsets of the term at fault in the record's text, or None.
        section: the section of RFC 7208 that decides, such as "4.6.4" ("RFC 8616 §4" for another RFC).
        hint: what to do about it, or None.
    """

    fields: ClassVar[tuple[str, ...]] = ("code", "text", "domain", "span", "section", "hint")
    __slots__ = fields
    code: ProblemCode
    text: str
    domain: str | None
    span: tuple[int, int] | None
    section: str
    hint: str | None

    def __init__(
        self,
        code: ProblemCode,
        text: str,
        domain: str | None = None,
        span: tuple[int, int] | None = None,
        section: str = "",
        hint: str | None = None,
    ) -> None:
        fill(self, "code", code)
        fill(self, "text", text)
        fill(self, "domain", domain)
        fill(self, "span", span)
        fill(self, "section", section)
        fill(self, "hint", hint)

    def at(self, domain: str | None, span: tuple[int, int] | None) -> "Problem":
        """Return this problem with a domain and span, unless it has its own."""
        return Problem(
            self.code,
            self.text,
            domain if self.domain is None else self.domain,
            span if self.span is None else self.span,
            self.section,
            self.hint,
        )

    def __str__(self) -> str:
        return f"{self.text} [{self.code}]"

    def render(self, source: str) -> str:
        """Return the problem on several lines, with the faulty part of `source` and carets under it."""
        where = f" (RFC 7208 §{self.section})" if self.section and not self.section.startswith("RFC") else ""
        where = f" ({self.section})" if self.section.startswith("RFC") else where
        lines = [f"{self.text}{where} [{self.code}]"]
        if self.span is not None:
            lines += excerpt(source, self.span)
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, object]:
        """Return the problem as JSON-safe values."""
        return {
            "code": str(self.code),
            "text": self.text,
            "domain": None if self.domain is None else visible_name(self.domain),
            "span": None if self.span is None else list(self.span),
            "section": self.section,
            "hint": self.hint,
        }


_WIDTH = 78


def excerpt(source: str, span: tuple[int, int], width: int = _WIDTH) -> list[str]:
    """Return two lines of at most `width` columns: the part of `source` around `span`, escaped, and carets.

    Octets over 127 that are characters in UTF-8 are shown as these characters.
    """
    columns = max(width - 4, 4)  # two spaces before it, and an ellipsis at each end
    start, end = span
    marked = _cells(of_octets(source[start : min(end, start + columns)]), columns)
    before_it = of_octets(source[max(0, start - columns) : start])[::-1]
    rest = of_octets(source[start : start + columns])[len(marked) :]
    left = _cells(before_it, (columns - _columns(marked)) // 2)
    right = _cells(rest, columns - _columns(marked) - _columns(left))
    left = _cells(before_it, columns - _columns(marked) - _columns(right))
    is_cut_before = len(left) < len(before_it) or start > columns
    is_cut_after = len(right) < len(rest) or start + columns < len(source)
    before = ("…" if is_cut_before else "") + "".join(reversed(left))
    after = "".join(right) + ("…" if is_cut_after else "")
    return [f"  {before}{''.join(marked)}{after}", "  " + " " * len(before) + "^" * max(1, _columns(marked))]


def _cells(text: str, columns: int) -> list[str]:
    """Return the first characters of `text`, each escaped, as many as fit into `columns`."""
    cells = []
    for character in text:
        cell = visible(character)
        columns -= len(cell)
        if columns < 0:
            break
        cells.append(cell)
    return cells


def _columns(cells: list[str]) -> int:
    return sum(map(len, cells))
