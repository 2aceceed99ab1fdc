"""Which TXT record is the SPF record, what is wrong with its text, and texts that only look like one."""

import re
from collections.abc import Iterable, Iterator

from spfengine.answers import Answer, is_spf_octets
from spfengine.linting.codes import LintCode
from spfengine.linting.finding import Finding, Held
from spfengine.linting.fixes import Fix, as_strings, corrections, fix, read, record_meant, replaced, retyped
from spfengine.record.grammar import MECHANISMS
from spfengine.record.hints import meant
from spfengine.record.model import All, Directive, Record, Redirect, Term, UnknownModifier, same_term, term_key
from spfengine.record.parser import diagnose
from spfengine.record.tokenizer import is_spf
from spfengine.visible import visible

_LOOKS_LIKE = re.compile(
    r"[^A-Za-z]*(?:(?:txt|spf|in)\s+)*(?:v\s*[=:\-]?\s*|)s(?:pf|fp)(?:[0-9=]|\s+[0-9+\-?~aimepr]|\Z)", re.IGNORECASE
)
_SENDER_ID = re.compile(r"spf2\.0/", re.IGNORECASE)  # RFC 4406: another protocol, whatever became of it
_TERMS = re.compile(r"\b(?:redirect=|include:|exists:|ip[46]:)|[+\-?~]all\b", re.IGNORECASE)
_MAX_INTENT = 1024  # characters of a text that are searched for terms
_FOLLOWS_FROM = 64  # characters of a text that tell whether it looks like SPF
_MOST = 100  # findings of one kind for one record
_KNOWN_MODIFIERS = frozenset({"ra", "rp", "rr"})  # RFC 6652
_MOST_MERGED = 10  # records of one name
_LENIENT = "?~-"


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
    has_record = any(map(is_spf_octets, answer.records))
    for octets, strings in list(zip(answer.records, answer.strings, strict=True))[:_MOST]:
        source = octets.decode("latin-1")
        if is_spf_octets(octets) or not _looks_like_spf(source):
            continue
        hint = next((problem.hint for problem in diagnose(source)), None)
        text = f"a TXT record looks like SPF, but is none, so nobody reads it: {visible(source, 80)}"
        alike = held._replace(source=source)
        fixed = _unquoted(strings) or record_meant(source)
        if has_record:  # published as well, it would be one too many
            hint, fixed = "take it out; the SPF record is what counts", None
        elif fixed is not None and held.own:
            hint = _meant_record(fixed)
        yield alike.finding(LintCode.LOOK_ALIKE, text, (0, min(len(source), 7)), hint, fixed)


def _looks_like_spf(source: str) -> bool:
    start = retyped(source[: _FOLLOWS_FROM * 3])[:_FOLLOWS_FROM]
    return _SENDER_ID.match(start) is None and _LOOKS_LIKE.match(start) is not None


def _unquoted(strings: tuple[bytes, ...]) -> Fix | None:
    """Return the record that a zone file has without quotes, so that each of its terms became a string, or None."""
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

    They do if two say different things of the same mechanism or modifier, or if one has terms after its `all`, which do
    nothing there. Of different `all`, the one that refuses least is taken.
    """
    records = [read(octets.decode("latin-1")) for octets in texts]
    if not 2 <= len(records) <= _MOST_MERGED:
        return None
    terms: dict[object, Term] = {}
    alls: list[All] = []
    for record in records:
        if record is None or any(not isinstance(term, All) for term in _after_all(record)):
            return None
        for term in record.terms:
            if isinstance(term, All):
                alls.append(term)
            elif not same_term(terms.setdefault(term_key(term, qualifier=False), term), term):
                return None
    has_redirect = any(isinstance(term, Redirect) for term in terms.values())
    if alls and (has_redirect or any(term.qualifier == "+" for term in alls)):
        return None
    ends = [min(alls, key=lambda term: _LENIENT.index(term.qualifier)).text] if alls else []
    return fix(" ".join(["v=spf1", *[term.text for term in terms.values()], *ends]))


def _after_all(record: Record) -> list[Directive]:
    """Return the directives after the first `all`."""
    directives = record.directives
    first = next((index for index, term in enumerate(directives) if isinstance(term, All)), len(directives))
    return list(directives[first + 1 :])


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
    seen: dict[object, Term] = {}
    found = 0
    for term in record.directives:
        if isinstance(term, All):
            return
        first = seen.setdefault(term_key(term), term)
        if first is not term and found < _MOST:
            found += 1
            shown = visible(term.text, 60)
            text = f"{shown} stands twice; the second never decides" + (", but costs lookups" if term.charged else "")
            fixed = fix(replaced(record.source, term.span, "")) if found <= 20 else None
            yield held.finding(LintCode.DUPLICATE_TERM, text, term, f"take the second {shown} out", fixed)
