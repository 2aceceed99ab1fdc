"""The text of a record: its faults, several records that should be one, and texts that only look like SPF."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from spfengine.answers import Answer, is_spf_octets
from spfengine.linting.codes import LintCode
from spfengine.linting.finding import Finding, ReachedRecord
from spfengine.linting.fixes import Fix, as_strings, corrections, fix, read, record_meant, replaced, retyped
from spfengine.record.grammar import MECHANISMS
from spfengine.record.hints import meant
from spfengine.record.model import All, Record, Redirect, Term, UnknownModifier, same_term, term_key
from spfengine.record.parser import diagnose
from spfengine.record.tokenizer import is_spf
from spfengine.visible import visible

_LOOKS_LIKE = re.compile(
    r"[^A-Za-z]*(?:(?:txt|spf|in)\s+)*(?:v\s*[=:\-]?\s*|)s(?:pf|fp)(?:[0-9=]|\s+[0-9+\-?~aimepr]|\Z)", re.IGNORECASE
)
_SENDER_ID = re.compile(r"spf2\.0/", re.IGNORECASE)  # RFC 4406: another protocol, no longer used
_TERMS = re.compile(r"\b(?:redirect=|include:|exists:|ip[46]:)|[+\-?~]all\b", re.IGNORECASE)
_MAX_INTENT = 1024  # characters of a text that are searched for terms
_FOLLOWS_FROM = 64  # characters of a text by which it looks like SPF, or does not
_MOST = 100  # findings of one kind for one record
_KNOWN_MODIFIERS = frozenset({"ra", "rp", "rr"})  # RFC 6652
_MOST_MERGED = 10  # records of one name
_LENIENT = "?~-"


def faults(reached: ReachedRecord) -> Iterator[Finding]:
    """Yield every fault of a record's text."""
    source = reached.source or ""
    problems = diagnose(source)
    if not is_spf(source):
        finding = reached.of_problem(problems[0], fix=record_meant(source))
        yield finding if finding.fix is None else replace(finding, hint=_meant_record(finding.fix))
        return
    for problem, fixed in zip(problems[:_MOST], corrections(source, problems), strict=False):
        yield reached.of_problem(problem, fix=fixed)


def _meant_record(fixed: Fix) -> str:
    return f"did you mean {visible(''.join(fixed), 120)}?"


def look_alikes(reached: ReachedRecord, answer: Answer) -> Iterator[Finding]:
    """Yield the TXT records of a name that look like SPF but are not."""
    has_record = any(map(is_spf_octets, answer.records))
    for octets, strings in list(zip(answer.records, answer.strings, strict=True))[:_MOST]:
        source = octets.decode("latin-1")
        if is_spf_octets(octets) or not _looks_like_spf(source):
            continue
        hint = next((problem.hint for problem in diagnose(source)), None)
        text = f"a TXT record looks like SPF but is not, so receivers ignore it: {visible(source, 80)}"
        alike = replace(reached, source=source)
        fixed = _unquoted(strings) or record_meant(source)
        if has_record:  # published as well, it would be one too many
            hint, fixed = "take it out; the SPF record is what counts", None
        elif fixed is not None and reached.own:
            hint = _meant_record(fixed)
        yield alike.finding(LintCode.LOOK_ALIKE, text, (0, min(len(source), 7)), hint, fixed)


def _looks_like_spf(source: str) -> bool:
    start = retyped(source[: _FOLLOWS_FROM * 3])[:_FOLLOWS_FROM]
    return _SENDER_ID.match(start) is None and _LOOKS_LIKE.match(start) is not None


def _unquoted(strings: tuple[bytes, ...]) -> Fix | None:
    """Return the record that was written without quotes in a zone file, so that each term became a string, or None."""
    text = b" ".join(strings).decode("latin-1")
    return fix(text) if len(strings) > 1 and is_spf(text) else None


def shows_intent(answer: Answer) -> bool:
    """Whether a TXT record of a name that has no SPF record shows that one with senders was meant."""
    for octets in answer.records[:_MOST]:
        source = octets.decode("latin-1")[:_MAX_INTENT]
        if _looks_like_spf(source) or _SENDER_ID.match(source) or _TERMS.search(retyped(source)):
            return True
    return False


def merged(texts: Iterable[bytes]) -> Fix | None:
    """Return several SPF records as one that has all their terms, or None if they contradict each other.

    They do if the same mechanism or modifier has different qualifiers or values, or if one has terms after its `all`,
    which are never evaluated there. Of different `all`, the one that refuses least is taken.
    """
    records = [read(octets.decode("latin-1")) for octets in texts]
    sound = [record for record in records if record is not None and not _has_dead_terms(record)]
    if not 2 <= len(records) <= _MOST_MERGED or len(sound) < len(records):
        return None
    terms = [term for record in sound for term in record.terms]
    others, end = _once_each(terms), _one_all(terms)
    return None if others is None or end is None else fix(" ".join(["v=spf1", *others, *end]))


def _one_all(terms: list[Term]) -> list[str] | None:
    """Return the text of the `all` that refuses least, if there is any, or None if it contradicts another term."""
    alls = [term for term in terms if isinstance(term, All)]
    if not alls:
        return []
    if any(isinstance(term, Redirect) for term in terms) or any(term.qualifier == "+" for term in alls):
        return None
    return [min(alls, key=lambda term: _LENIENT.index(term.qualifier)).text]


def _once_each(terms: list[Term]) -> list[str] | None:
    """Return the texts of terms but `all`, each once, or None if two differ in nothing but the qualifier."""
    first: dict[object, Term] = {}
    for term in terms:
        same = isinstance(term, All) or same_term(first.setdefault(term_key(term, qualifier=False), term), term)
        if not same:
            return None
    return [term.text for term in first.values()]


def _has_dead_terms(record: Record) -> bool:
    """Whether a record has terms after its `all`."""
    directives = record.directives
    all_at = next((index for index, term in enumerate(directives) if isinstance(term, All)), len(directives))
    return any(not isinstance(term, All) for term in directives[all_at:])


def modifiers(reached: ReachedRecord, record: Record) -> Iterator[Finding]:
    """Yield the unknown modifiers; some of them were meant to be other terms (RFC 7208 §6)."""
    unknown = [
        term for term in record.modifiers if isinstance(term, UnknownModifier) and term.name not in _KNOWN_MODIFIERS
    ]
    for term in unknown[:_MOST]:
        guess = _meant_term(term)
        text = visible(term.text, 60)
        if guess is None:
            yield reached.finding(
                LintCode.UNKNOWN_MODIFIER,
                f"{text} is a modifier that SPF does not know: receivers ignore it",
                term,
                "take it out, unless some reader of yours needs it",
            )
        else:
            yield reached.finding(
                LintCode.MISTYPED_MODIFIER,
                f"{text} is read as an unknown modifier, so receivers ignore it",
                term,
                f"did you mean {visible(guess, 60)}?" if guess else f"take {text} out",
                fix(replaced(record.source, term.span, guess)),
            )


def _meant_term(term: UnknownModifier) -> str | None:
    """Return the term that an unknown modifier was meant to be: "" if it should go, None if that is not known."""
    name, value = term.name, term.value.text
    if name in ("v", "spf"):
        return ""
    known = name if name in MECHANISMS else meant(name)
    if known is None or known == "all":  # with which qualifier is not known
        return None
    text = f"{known}={value}" if known in ("redirect", "exp") else f"{known}:{value}"
    for guess in (text, f"a:{value}"):
        if read(f"v=spf1 {guess}") is not None:
            return guess
    return "" if known in ("a", "mx", "ptr") and not value else None


def meant_end(record: Record) -> bool:
    """Whether an unknown modifier was meant to be the `redirect` or `all` that a record ends with."""
    names = [term.name for term in record.modifiers[:_MOST] if isinstance(term, UnknownModifier)]
    return any(meant(name) in ("redirect", "all") for name in names if name not in _KNOWN_MODIFIERS)


def spaces(reached: ReachedRecord, record: Record) -> Iterator[Finding]:
    """Yield the first run of spaces that is longer than needed."""
    found = re.search(r"  +| +\Z", record.source)
    if found is not None:
        where = "at its end" if found.end() == len(record.source) else "in a row"
        tidy = " ".join(record.source.split())
        yield reached.finding(
            LintCode.EXTRA_SPACES,
            f"the record has spaces {where} that are not needed (they do no harm)",
            found.span(),
            "one space between terms is enough",
            as_strings(tidy) if tidy.isascii() and len(tidy) < 8192 else None,
        )


def duplicates(reached: ReachedRecord, record: Record) -> Iterator[Finding]:
    """Yield the directives that the record already has before."""
    seen: dict[object, Term] = {}
    found = 0
    for term in record.directives:
        if isinstance(term, All):
            return
        first = seen.setdefault(term_key(term), term)
        if first is not term and found < _MOST:
            found += 1
            shown = visible(term.text, 60)
            cost = ", but costs lookups" if term.costs_lookup else ""
            text = f"{shown} is there twice; the second never decides{cost}"
            fixed = fix(replaced(record.source, term.span, "")) if found <= 20 else None
            yield reached.finding(LintCode.DUPLICATE_TERM, text, term, f"take the second {shown} out", fixed)
