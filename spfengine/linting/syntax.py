"""The text of a record: its faults, several records that should be one, and texts that only look like SPF."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from spfengine.answers import Answer, is_spf_octets, spf_texts
from spfengine.linting.codes import LintCode
from spfengine.linting.finding import Finding, ReachedRecord
from spfengine.linting.fixes import (
    Fix,
    all_certain,
    as_strings,
    closed_up,
    corrections,
    fix,
    has_dead_terms,
    is_range,
    read,
    record_meant,
    replaced,
    retyped,
    slip_of_name,
    term_meant,
)
from spfengine.linting.joined import (
    MAX_JOINED,
    Joined,
    is_all_in_the_middle,
    joined_terms,
    separated,
    spaced,
    terms_meant,
)
from spfengine.record.model import All, Record, Redirect, Term, UnknownModifier, same_term, term_key
from spfengine.record.parser import diagnose, parse_term
from spfengine.record.tokenizer import is_spf, tokens
from spfengine.visible import foreign_in, visible
from spfengine.wording import listed

_LOOKS_LIKE = re.compile(
    r"[^A-Za-z]*(?:(?:txt|spf|in)\s+)*(?P<version>v\s*[=:\-]?\s*|)s(?:pf|fp)"
    r"(?:(?P<number>[0-9])|=|\s+[0-9+\-?~aimepr]|\Z)",
    re.IGNORECASE,
)
_SENDER_ID = re.compile(r"spf2\.0/", re.IGNORECASE)  # RFC 4406: another protocol, no longer used
_TERMS = re.compile(r"\b(?:redirect=|include:|exists:|ip[46]:)|[+\-?~]all\b", re.IGNORECASE)
_MAX_INTENT = 1024  # characters of a text that are searched for terms
_FOLLOWS_FROM = 64  # characters of a text by which it looks like SPF, or does not
_MOST = 100  # findings of one kind for one record
_MOST_CHARACTERS = 3
_KNOWN_MODIFIERS = frozenset({"ra", "rp", "rr"})  # RFC 6652
_MOST_MERGED = 10  # records of one name
_LENIENT = "?~-"
_RANGE_HINT = "a range is not possible; write the networks that it is made of, such as ip4:192.0.2.0/28"


def faults(reached: ReachedRecord) -> Iterator[Finding]:
    """Yield every fault of a record's text."""
    source = reached.source or ""
    problems = diagnose(source)
    if not is_spf(source):
        finding = reached.of_problem(problems[0], fix=record_meant(source))
        yield finding if finding.fix is None else replace(finding, hint=_meant_record(finding.fix))
        return
    joined = list(joined_terms(source, reached.joins))
    whole = separated(source, joined)
    is_sound = whole is not None and read("".join(whole)) is not None
    moved = is_all_in_the_middle(source, joined)
    yield from (_of_joined(reached, each, whole, is_all_moved=moved) for each in joined[:_MOST])
    pieces = list(tokens(source)) if len(source) <= MAX_JOINED else []
    ranges = {pieces[index].start for index in range(len(pieces)) if is_range(pieces, index)}
    closed = closed_up(source)
    if closed is not None:  # the rest of a term, after a space, is not a fault of its own
        hint = f"a space divides what should be one term; did you mean {visible(closed, 200)}?"
        yield replace(reached.of_problem(problems[0], fix=fix(closed)), hint=hint)
        return
    for problem, fixed in zip(problems[:_MOST], corrections(source, problems), strict=False):
        if problem.span is not None and problem.span[0] in ranges:
            yield replace(reached.of_problem(problem), hint=_RANGE_HINT)
        elif not any(each.token.span[0] <= (problem.span or (0, 0))[0] < each.token.span[1] for each in joined):
            yield reached.of_problem(problem, fix=whole if is_sound or fixed is not None else None)


def _of_joined(reached: ReachedRecord, each: Joined, whole: Fix | None, *, is_all_moved: bool) -> Finding:
    shown = visible(each.token.text, 120)
    said = f"there is no space between the terms in {shown}, so they are read as one"
    hint = f"did you mean {visible(' '.join(each.terms), 200)}?"
    if each.strings:
        boundary = " ".join([f'"{visible(piece, 60)}"' for piece in ("…" + each.strings[0], each.strings[1] + "…")])
        said = f"two strings of the record are joined without a space: {boundary} is read as {shown}"
        hint = f"put a space at the end of the first string, or at the beginning of the next; {hint}"
    if whole is not None and is_all_moved:
        hint += "; the fix also moves the all to the end"
    return reached.finding(LintCode.MISSING_SPACE, said, each.token.span, hint, whole)


def shapes(reached: ReachedRecord, record: Record) -> Iterator[Finding]:
    """Yield the terms that are valid, but can't be what was meant: several in one, or no name of a host or domain."""
    joined = list(joined_terms(record.source, reached.joins))
    spans = {each.token.span for each in joined}
    slips = [(token, slip_of_name(token)) for token in tokens(record.source) if token.span not in spans]
    misshapen = [(token, slip) for token, slip in slips if slip is not None]
    if not (joined or misshapen):
        return
    whole = separated(record.source, joined)
    moved = is_all_in_the_middle(record.source, joined)
    yield from (_of_joined(reached, each, whole, is_all_moved=moved) for each in joined[:_MOST])
    for token, slip in misshapen:
        text = f"{visible(token.text, 60)} has something that is not the name of a domain or host"
        yield reached.finding(LintCode.MISSHAPEN_NAME, text, token.span, slip.hint, whole if slip.terms else None)


def _meant_record(fixed: Fix) -> str:
    return f"did you mean {visible(''.join(fixed), 120)}?"


def look_alikes(reached: ReachedRecord, answer: Answer) -> Iterator[Finding]:
    """Yield the TXT records of a name that look like SPF but are not."""
    has_record = any(map(is_spf_octets, answer.records))
    for octets, strings in list(zip(answer.records, answer.strings, strict=True))[:_MOST]:
        source = octets.decode("latin-1")
        if is_spf_octets(octets) or not looks_like_spf(source):
            continue
        hint = next((problem.hint for problem in diagnose(source)), None)
        text = f"a TXT record looks like SPF but is not, so receivers ignore it: {visible(source, 80)}"
        foreign = foreign_in(source[:MAX_JOINED])
        text += f"; it has {listed(foreign, _MOST_CHARACTERS)}" if foreign else ""
        alike = replace(reached, source=source, joins=())
        unquoted = _unquoted(strings)
        if unquoted is not None and not has_record and any(b" " in string for string in strings):
            yield _no_space_after_version(alike, strings, unquoted)
            continue
        joins = tuple(accumulate(map(len, strings[:-1])))
        fixed = unquoted or record_meant(spaced(source, list(joined_terms(source, joins))))
        if has_record:  # published as well, it would be one too many
            hint, fixed = "take it out; the SPF record is what counts", None
        elif fixed is not None and reached.own:
            hint = _meant_record(fixed)
        yield alike.finding(
            LintCode.LOOK_ALIKE, text, (0, len(source[:7] if source[:7].isascii() else source[:6])), hint, fixed
        )


def _no_space_after_version(reached: ReachedRecord, strings: tuple[bytes, ...], fixed: Fix) -> Finding:
    first, second = visible(strings[0], 60), visible(strings[1], 60)
    text = f'two strings of a TXT record are joined without a space: "{first}" "{second}" is not an SPF record'
    hint = "put a space at the end of the first string, or at the beginning of the next"
    return reached.finding(LintCode.MISSING_SPACE, text, (0, len(strings[0])), hint, fixed)


def split_records(reached: ReachedRecord, answer: Answer) -> Iterator[Finding]:
    """Yield the TXT records of a name that are the second half of its SPF record."""
    records = [octets.decode("latin-1") for octets in answer.records[:_MOST]]
    found = [source for source in records if is_spf(source)]
    if len(found) != 1:
        return
    first = found[0]
    halves = [source for source in records if _is_second_half(source, first)]
    for half in halves:
        text = (
            "a TXT record has terms of SPF but no v=spf1, so receivers ignore it; it looks like the second half of the "
            f"SPF record: {visible(half, 80)}"
        )
        hint = "publish both as one TXT record, which may have several strings, and take the second one out"
        joined = _joined_halves(first, half) if len(halves) == 1 else None
        at = (len(first.rstrip()) - len(_last_word(first.rstrip())), len(first.rstrip()))
        yield replace(reached, source=first).finding(LintCode.SPLIT_OVER_RECORDS, text, at, hint, joined)


def second_halves(answer: Answer) -> list[bytes]:
    """Return the TXT records that are the second half of the SPF record of an answer that has one."""
    [first] = [octets.decode("latin-1") for octets in spf_texts(answer)]
    return [octets for octets in answer.records[:_MOST] if _is_second_half(octets.decode("latin-1"), first)]


def _is_second_half(source: str, first: str) -> bool:
    """Whether a text is terms of SPF alone, of which the record lacks some; its first word may be cut."""
    words = source.split(" ") if len(source) <= _MAX_INTENT else []
    words = [word for word in words if word]
    if not words or is_spf(source):
        return False
    known = [word for word in words if _is_term(word) or _is_slip(word)]
    is_cut = len(known) == len(words) - 1 and not _is_term(words[0]) and _is_term(_last_word(first) + words[0])
    is_telling = any(":" in word or "=" in word or word[0] in "+-?~" for word in known)
    return (len(known) == len(words) or is_cut) and is_telling and not set(known) <= set(first.split(" "))


def _last_word(text: str) -> str:
    return text.rpartition(" ")[2]


def _is_term(word: str) -> bool:
    term = parse_term(word)
    return term is not None and not isinstance(term, UnknownModifier)


def _is_slip(word: str) -> bool:
    """Whether a word is a term that is written wrongly, and no word of another text."""
    return any(mark in word for mark in ":=/") and terms_meant(word) is not None


def _joined_halves(first: str, half: str) -> Fix | None:
    """Return both halves of a record as one; None if the first ends with an all or a redirect, or both are faulty."""
    record = read(all_certain(first))
    ends = record is not None and (record.all is not None or record.redirect is not None)
    half = half.strip()
    word = half.partition(" ")[0]
    is_cut = not (_is_term(word) or _is_slip(word))
    return None if ends else fix(all_certain(first.rstrip() + half if is_cut else f"{first.rstrip()} {half}"))


def looks_like_spf(source: str) -> bool:
    """Whether a text begins like an SPF record that something is wrong with; the word SPF alone does not say so."""
    start = retyped(source[: _FOLLOWS_FROM * 3])[:_FOLLOWS_FROM]
    found = None if _SENDER_ID.match(start) is not None else _LOOKS_LIKE.match(start)
    if found is None:
        return False
    if found["version"] or found["number"]:
        return True
    return start[found.end() :].strip() == "" or _TERMS.search(retyped(source[:_MAX_INTENT])) is not None


def _unquoted(strings: tuple[bytes, ...]) -> Fix | None:
    """Return the record that was written without quotes in a zone file, so that each term became a string, or None."""
    text = b" ".join(strings).decode("latin-1")
    return fix(all_certain(text)) if len(strings) > 1 and is_spf(text) else None


def shows_intent(answer: Answer) -> bool:
    """Whether a TXT record of a name that has no SPF record shows that one with senders was meant."""
    for octets in answer.records[:_MOST]:
        source = octets.decode("latin-1")[:_MAX_INTENT]
        if looks_like_spf(source) or _SENDER_ID.match(source) or _TERMS.search(retyped(source)):
            return True
    return False


def merged(texts: Iterable[bytes], *, is_lenient: bool = False) -> Fix | None:
    """Return several SPF records as one that has all their terms, or None if they contradict each other.

    They do if the same mechanism or modifier has different qualifiers or values, or if one has terms after its `all`,
    which are never evaluated there.

    Args:
        texts: the records.
        is_lenient: whether different `all` don't contradict each other: the one that refuses least is taken.
    """
    records = [read(all_certain(octets.decode("latin-1"))) for octets in texts]
    sound = [record for record in records if record is not None and not has_dead_terms(record)]
    if not 2 <= len(records) <= _MOST_MERGED or len(sound) < len(records):
        return None
    terms = [term for record in sound for term in record.terms]
    if not is_lenient and len({term.qualifier for term in terms if isinstance(term, All)}) > 1:
        return None  # which policy is meant, only a person can decide
    others, end = _once_each(terms), _one_all(terms)
    return None if others is None or end is None else fix(" ".join(["v=spf1", *others, *end]))


def merging_hint(texts: Sequence[bytes]) -> str | None:
    """Return how to merge several records that contradict each other only in their `all`; None if it is not that."""
    fixed = merged(texts, is_lenient=True)
    alls = alls_of(texts)
    if fixed is None or len(alls) < 2:
        return None
    terms = visible("".join(fixed).rpartition(" ")[0], 200)
    return f"merge them into one record: {terms}, and at its end {' or '.join(alls)}: which one, only you can decide"


def alls_of(texts: Iterable[bytes]) -> list[str]:
    """Return the different `all` of several records, as they are written, the one that refuses least first."""
    records = [read(octets.decode("latin-1")) for octets in texts]
    found = {
        record.all.qualifier: record.all.text for record in records if record is not None and record.all is not None
    }
    return [found[qualifier] for qualifier in "+" + _LENIENT if qualifier in found]


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


def modifiers(reached: ReachedRecord, record: Record) -> Iterator[Finding]:
    """Yield the unknown modifiers; some of them were meant to be other terms (RFC 7208 §6)."""
    unknown = [
        term for term in record.modifiers if isinstance(term, UnknownModifier) and term.name not in _KNOWN_MODIFIERS
    ]
    for term in unknown[:_MOST]:
        guess = term_meant(term)
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
