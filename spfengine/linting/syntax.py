"""Which TXT record is the SPF record, what is wrong with its text, and texts that only look like one."""

import re
from collections.abc import Iterable, Iterator

from spfengine.answers import Answer
from spfengine.linting.codes import LintCode
from spfengine.linting.finding import Finding, Held
from spfengine.linting.fixes import Fix, as_strings, corrections, fix, read, record_meant, replaced, retyped
from spfengine.record.grammar import MECHANISMS
from spfengine.record.hints import meant
from spfengine.record.model import All, Directive, Record, Redirect, Term, UnknownModifier
from spfengine.record.parser import diagnose
from spfengine.record.tokenizer import is_spf, is_spf_octets
from spfengine.visible import visible

_LOOKS_LIKE = re.compile(
    r"[^A-Za-z]*(?:(?:txt|spf|in)\s+)*(?:v\s*[=:\-]?\s*|)s(?:pf|fp)(?:[0-9=]|\s+[0-9+\-?~aimepr]|\Z)", re.IGNORECASE
)
_SENDER_ID = re.compile(r"spf2\.0/", re.IGNORECASE)  # RFC 4406: another protocol, whatever became of it
_FOLLOWS_FROM = 64  # characters of a text that tell whether it looks like SPF
_MOST = 100  # findings of one kind for one record
_KNOWN_MODIFIERS = frozenset({"ra", "rp", "rr"})  # RFC 6652
_LENIENT = "+?~-"


def faults(held: Held) -> Iterator[Finding]:
    """Yield every fault of a record's text."""
    source = held.source or ""
    problems = diagnose(source)
    if not is_spf(source):
        found = held.of_problem(problems[0], fix=record_meant(source))
        yield found if found.fix is None else found.with_fields(hint=_meant_record(found.fix))
        return
    for problem, fixed in zip(problems[:_MOST], corrections(source, problems), strict=False):
        yield held.of_problem(problem, fix=fixed)


def _meant_record(fixed: Fix) -> str:
    return f"did you mean {visible(''.join(fixed), 120)}?"


def look_alikes(held: Held, answer: Answer) -> Iterator[Finding]:
    """Yield the TXT records of a name that look like SPF, but are none."""
    for octets in answer.records[:_MOST]:
        source = octets.decode("latin-1")
        start = retyped(source[: _FOLLOWS_FROM * 3])[:_FOLLOWS_FROM]
        if is_spf_octets(octets) or _SENDER_ID.match(start) or not _LOOKS_LIKE.match(start):
            continue
        hint = next((problem.hint for problem in diagnose(source)), None)
        text = f"a TXT record looks like SPF, but is none, so nobody reads it: {visible(source, 80)}"
        alike = held._replace(source=source)
        fixed = record_meant(source) if held.own else None
        if fixed is not None:
            hint = _meant_record(fixed)
        yield alike.finding(LintCode.LOOK_ALIKE, text, (0, min(len(source), 7)), hint, fixed)


def merged(texts: Iterable[bytes]) -> Fix | None:
    """Return several SPF records as one, or None where they contradict each other."""
    records = [read(octets.decode("latin-1")) for octets in list(texts)[:10]]
    if len(records) < 2:
        return None
    terms: dict[str, str] = {}
    ends: set[str] = set()
    for record in records:
        if record is None:
            return None
        for term in record.terms:
            if isinstance(term, All | Redirect):
                ends.add(term.text.lower())
            else:
                terms.setdefault(term.text.lower().removeprefix("+"), term.text)
    if len(ends) > 1 or any(end in ("all", "+all") for end in ends):
        last = _most_lenient(ends)
        if last is None:
            return None
        ends = {last}
    return fix(" ".join(["v=spf1", *terms.values(), *ends]))


def _most_lenient(ends: set[str]) -> str | None:
    """Return the `all` that refuses least, but none that passes everybody; None where a redirect is among them."""
    if any(not end.endswith("all") or end in ("all", "+all") for end in ends):
        return None
    return min(ends, key=lambda end: _LENIENT.index(end[0]))


def modifiers(held: Held, record: Record) -> Iterator[Finding]:
    """Yield the modifiers that nothing knows; some of them were meant to be something else (RFC 7208 §6)."""
    found = [
        term for term in record.modifiers if isinstance(term, UnknownModifier) and term.name not in _KNOWN_MODIFIERS
    ]
    for term in found[:_MOST]:
        guess = _meant_term(term)
        shown = visible(term.text, 60)
        if guess is None:
            text = f"{shown} is a modifier that SPF does not know: receivers ignore it"
            yield held.finding(LintCode.UNKNOWN_MODIFIER, text, term, "take it out if it is not for a reader of yours")
        else:
            text = f"{shown} is taken for an unknown modifier, so receivers ignore it"
            hint = f"did you mean {visible(guess, 60)}?" if guess else f"take {shown} out"
            fixed = fix(replaced(record.source, term.span, guess))
            yield held.finding(LintCode.MISTYPED_MODIFIER, text, term, hint, fixed)


def _meant_term(term: UnknownModifier) -> str | None:
    """Return the term that an unknown modifier was meant to be; "" for none, None where nothing is close."""
    name, value = term.name, term.value.text
    if name in ("v", "spf"):
        return ""
    known = name if name in MECHANISMS else meant(name)
    if known is None:
        return None
    text = f"{known}={value}" if known in ("redirect", "exp") else known if known == "all" else f"{known}:{value}"
    for guess in (text, f"a:{value}"):
        if read(f"v=spf1 {guess}") is not None:
            return guess
    return "" if known in ("a", "mx", "ptr") and not value else None


def spaces(held: Held, record: Record) -> Iterator[Finding]:
    """Yield the first place with more spaces than are needed."""
    found = re.search(r"  +| +\Z", record.source)
    if found is not None:
        where = "at its end" if found.end() == len(record.source) else "in a row"
        tidy = " ".join(record.source.split())
        yield held.finding(
            LintCode.EXTRA_SPACES,
            f"the record has spaces {where} that are not needed (they do no harm)",
            found.span(),
            "one space between terms is enough",
            as_strings(tidy) if tidy.isascii() and len(tidy) < 8192 else None,
        )


def duplicates(held: Held, record: Record) -> Iterator[Finding]:
    """Yield the directives that stand in the record before, word for word."""
    seen: dict[str, Term] = {}
    found = 0
    for term in record.directives:
        if isinstance(term, All):
            return
        first = seen.setdefault(plain(term), term)
        if first is not term and found < _MOST:
            found += 1
            shown = visible(term.text, 60)
            text = f"{shown} stands twice; the second never decides" + (", but costs lookups" if term.charged else "")
            fixed = fix(replaced(record.source, term.span, "")) if found <= 20 else None
            yield held.finding(LintCode.DUPLICATE_TERM, text, term, f"take the second {shown} out", fixed)


def plain(term: Directive) -> str:
    """Return a directive as it is compared: without letter case, and without a qualifier that goes without saying."""
    return term.text.lower().removeprefix("+")
