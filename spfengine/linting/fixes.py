"""Changes to the text of a record, and what a faulty record was probably meant to be.

A change leaves everything else as it was written. A guess at what was meant becomes a fix only if the parser finds
fewer faults in it, and if it keeps every term that has none.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from spfengine.addresses import parse_ip4, parse_ip6
from spfengine.answers import MAX_STRING
from spfengine.errors import RecordSyntaxError
from spfengine.problems import Problem, ProblemCode
from spfengine.record.grammar import MECHANISMS, MODIFIERS, VERSION
from spfengine.record.hints import meant
from spfengine.record.model import All, Directive, Record, Redirect, Span, Term, UnknownModifier, same_term, term_key
from spfengine.record.parser import diagnose, parse, parse_term, sound_terms
from spfengine.record.slips import Slip, before_version, slip_of, with_a_labels
from spfengine.record.tokenizer import Token, tokens

# Changes to the text of a record, of which a fix consists. The rest of the text stays as it was written.

Fix = tuple[str, ...]
"""The strings of a TXT record, each of at most 255 octets."""

_MAX_RECORD = 8192  # nobody writes a longer record by hand: it gets no fix, which keeps the work bounded


def as_strings(text: str) -> Fix:
    """Return a record's text as strings of at most 255 octets, split after a space if there is one."""
    strings = []
    start = 0
    while len(text) - start > MAX_STRING:
        space = text.rfind(" ", start, start + MAX_STRING)
        end = start + MAX_STRING if space <= start else space + 1
        strings.append(text[start:end])
        start = end
    return (*strings, text[start:])


def replaced(source: str, span: Span, text: str) -> str:
    """Return the record with `text` in place of what is at `span`; for "", without the spaces before it as well."""
    start, end = span
    if not text:
        while start > 0 and source[start - 1] == " ":
            start -= 1
    return source[:start] + text + source[end:]


def read(text: str) -> Record | None:
    """Return the record that `text` is, or None if it is none."""
    if len(text) > _MAX_RECORD:
        return None
    try:
        return parse(text)
    except RecordSyntaxError:
        return None


def fix(text: str) -> Fix | None:
    """Return a record's text as a fix, or None if it is not a record."""
    return as_strings(text) if text.isascii() and read(text) is not None else None


def with_term(record: Record, term: Term, text: str) -> Fix | None:
    """Return the record with another text in place of one of its terms."""
    return fix(replaced(record.source, term.span, text)) if len(record.source) <= _MAX_RECORD else None


def without(record: Record, terms: Iterable[Term]) -> Fix | None:
    """Return the record without some of its terms."""
    text = text_without(record, terms)
    return None if text is None else fix(text)


def without_same(record: Record, directive: Directive) -> Fix | None:
    """Return the record without a directive and all that are the same."""
    return without(record, [each for each in record.directives if same_term(each, directive)])


def text_without(record: Record, terms: Iterable[Term]) -> str | None:
    """Return the text of a record without some of its terms, or None if the record is too long to be edited."""
    text = record.source
    if len(text) > _MAX_RECORD:
        return None
    for span in sorted({term.span for term in terms}, reverse=True):
        text = replaced(text, span, "")
    return text


def with_all_last(record: Record) -> Fix | None:
    """Return the record with its first `all` after all other mechanisms, and no other `all`."""
    alls = [term for term in record.directives if isinstance(term, All)]
    last = record.directives[-1]
    if len(record.source) > _MAX_RECORD or not alls or isinstance(last, All):
        return None
    text = replaced(record.source, (last.span[1], last.span[1]), " " + alls[0].text)
    for each in reversed(alls):
        text = replaced(text, each.span, "")
    return fix(text)


def has_dead_terms(record: Record) -> bool:
    """Whether a record has terms after its `all`."""
    directives = record.directives
    all_at = next((index for index, term in enumerate(directives) if isinstance(term, All)), len(directives))
    return any(not isinstance(term, All) for term in directives[all_at:])


_MAX_FAULTS = 10  # a record of more is not a typo
_MAX_LENGTH = 2048  # of a record that gets corrections: guessing costs a parse each

_MOST_ROUNDS = 32  # slips of one record
_ODD = re.compile(r"[@,;|:<>()\[\]\"'/*\\]")  # in no name of a domain or host

_FOLLOWING = ("ip4", "ip6", "a", "mx", "include")  # an unfinished term before one of these is a slip of the keyboard
_QUALIFIERS = frozenset("+-?~")
_PUNCTUATION = "\"'`,;()<>[]"
_GLUED_NAME = re.compile(r"(include|redirect|exists|ip4|ip6|mx|all)(.+)\Z", re.IGNORECASE)
_OPEN = (
    (re.compile(r" ?([:=]) (?=[A-Za-z0-9_%])| ([:=])(?=[A-Za-z0-9_%])"), r"\1\2"),
    (re.compile(r"(?<=[^ ]) ?(//?) (?=[0-9])| (//?)(?=[0-9])"), r"\1\2"),
    (
        re.compile(
            r"(?<= )([+\-?~]?(?:include|exists|ip4|ip6)) (?=[A-Za-z0-9_%][^ =]*[.:][^ =]+(?: |\Z))", re.IGNORECASE
        ),
        r"\1:",
    ),
    (re.compile(r"(?<= )(redirect) (?=[A-Za-z0-9_%][^ =:]*\.[^ =:]+(?: |\Z))", re.IGNORECASE), r"\1="),
)
"""A space that divides a term, or that is in place of its sign, and what to write."""
_DUAL_CIDR = re.compile(r"(.*?)/0*([0-9]{1,2})/0*([0-9]{1,3})\Z")
_CIDR = re.compile(r"(.*?)(//?)0*([0-9]{1,3})\Z")
_VERSION_MEANT = re.compile(
    r"[^A-Za-z]*(?:(?:txt|spf|in)\s+)*v?\s*[=:\-]?\s*s(?:pf|fp)(?:v?=?[0-9](?:\.[0-9])?)?", re.IGNORECASE
)
_FIRST_TERM = re.compile(r"[+\-?~]?(?:include|all|a|mx|ptr|ip4|ip6|exists)\b|(?:redirect|exp)=|\Z", re.IGNORECASE)
_HEAD = 64  # characters that are searched for the version; keeps the patterns' work bounded

_SPACES = "\u00a0\u2007\u202f\u3000\t\r\n"
_NOTHING = "\u200b\u200c\u200d\u2060\ufeff\u00ad\x00\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb\u00b4"
_HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2212"
_TYPED = {
    **dict.fromkeys(map(ord, _SPACES), " "),
    **dict.fromkeys(map(ord, _NOTHING), ""),
    **dict.fromkeys(map(ord, _HYPHENS), "-"),
    **dict.fromkeys(map(ord, "\u223c\u02dc\uff5e"), "~"),
    0xFF1A: ":",
    0xFF1D: "=",
    0xFF0E: ".",
    0x2026: "...",
}
"""What keyboards and word processors put in place of the characters of a record (NUL: what broken exports do)."""


def corrections(source: str, problems: tuple[Problem, ...]) -> list[Fix | None]:
    """Return, for each fault of a record, the corrected record, or None if it is not known what was meant.

    All faults are corrected at once, if possible; otherwise each on its own.
    """
    if len(source) > _MAX_LENGTH or len(problems) > _MAX_FAULTS:
        return [None] * len(problems)
    closed = closed_up(source)
    if closed is not None:
        return [as_strings(closed)] * len(problems)
    alone = [_correction(source, problem, len(problems)) for problem in problems]
    if None in alone:
        return [None if text is None else as_strings(text) for text in alone]
    corrected, left = source, problems
    while left:
        text = _correction(corrected, left[0], len(left))
        if text is None:
            return [None if text is None else as_strings(text) for text in alone]
        corrected, left = text, diagnose(text)
    return [as_strings(corrected)] * len(problems)


def closed_up(source: str) -> str | None:
    """Return a faulty record without the spaces that divide its terms: `include: a.example`, `ip4:192.0.2.0 /24`.

    None if there are none, or if the record has other faults.
    """
    if len(source) > _MAX_LENGTH:
        return None
    text = tidy = " ".join([word for word in source.split(" ") if word])
    for pattern, closed in _OPEN:
        text = pattern.sub(closed, text)
    record = read(text) if text != tidy and text.isascii() else None
    if record is None or any(isinstance(term, UnknownModifier) for term in record.modifiers):
        return None
    return None if any(_is_odd(token) for token in tokens(text)) else text


def _is_odd(token: Token) -> bool:
    """Whether a valid term has several terms in it, or something that is not a name: `mx:a:mail.example`."""
    return slip_of(token) is not None or (token.name.lower() != "ip6" and ":" in token.argument)


def retyped(source: str) -> str:
    """Return a text with the characters that word processors insert replaced by those of a record."""
    try:
        text = source.encode("latin-1").decode("utf-8")
    except UnicodeError:
        text = source
    return text.translate(_TYPED)


def record_meant(source: str) -> Fix | None:
    """Return the record that a text was probably meant to be, or None."""
    if len(source) > _MAX_LENGTH:
        return None
    text = retyped(source).strip(" \t\r\n\\" + _PUNCTUATION).replace('\\"', "").replace('"', "")
    found = _VERSION_MEANT.match(text[:_HEAD])
    if found is None:
        return None
    rest = text[found.end() :].lstrip(" .,;:")
    text = f"{VERSION} {rest}".rstrip()
    if _FIRST_TERM.match(rest) is None or not text.isascii():
        return None
    return fix(all_certain(text))


def all_certain(text: str) -> str:
    """Return a record with every slip corrected whose meaning is certain; what only a person can decide stays."""
    for _ in range(_MOST_ROUNDS):
        better = _better(text)
        if better is None or better == text:
            break
        text = better
    return text


def _better(text: str) -> str | None:
    """Return a record with a slip less, or None if there is none whose meaning is certain."""
    if len(text) > _MAX_LENGTH:
        return None
    problems = diagnose(text)
    corrected = next((each for each in corrections(text, problems) if each is not None), None)
    if corrected is not None:
        return "".join(corrected)
    for token in tokens(text):
        terms = _terms_of_valid(token)
        better = None if terms is None else replaced(text, token.span, " ".join(terms))
        if better is not None and len(diagnose(better)) <= len(problems):
            return better
    return None


def _terms_of_valid(token: Token) -> tuple[str, ...] | None:
    """Return the terms that a valid term was meant to be, if it can't be what was meant; () if it should go."""
    term = parse_term(token.text)
    if term is None:
        return None
    slip = slip_of(token)
    if slip is not None and slip.terms and (slip.is_glued or slip_of_name(token) is not None):
        return slip.terms
    guess = term_meant(term) if isinstance(term, UnknownModifier) else None
    return None if guess is None else (guess,) if guess else ()


def slip_of_name(token: Token) -> Slip | None:
    """Return the slip of a term with something that is not the name of a domain or host, or None."""
    return slip_of(token) if _ODD.search(token.argument) else None


def term_meant(term: UnknownModifier) -> str | None:
    """Return the term that an unknown modifier was meant to be: "" if it should go, None if that is not known."""
    name, value = term.name, term.value.text
    if name in ("v", "spf"):
        return ""
    first = before_version(term.text)
    if first is not None:
        return first if first.lower() != "all" and read(f"v=spf1 {first}") is not None else None
    known = name if name in MECHANISMS else meant(name)
    if known is None or known == "all":  # with which qualifier is not known
        return None
    text = f"{known}={value}" if known in ("redirect", "exp") else f"{known}:{value}"
    for guess in (text, f"a:{value}"):
        if read(f"v=spf1 {guess}") is not None:
            return guess
    return "" if known in ("a", "mx", "ptr") and not value else None


def _correction(source: str, problem: Problem, faults: int) -> str | None:
    """Return a record with one of its faults corrected, or None if it is not known what was meant."""
    pieces = list(tokens(source))
    span = problem.span or (0, 0)
    index = next((i for i, token in enumerate(pieces) if token.span[0] <= span[0] < token.span[1]), None)
    kept = [term_key(term) for term in sound_terms(source) if not _is_torn(pieces, term)]
    for text in _guesses(source, problem, pieces, index):
        if text.isascii() and len(diagnose(text)) < faults and _keeps(text, kept):
            return text
    return None


def _is_torn(pieces: list[Token], term: Term) -> bool:
    """Whether a term follows a lone qualifier, and so is a part of another term: `- all`."""
    index = next(index for index, token in enumerate(pieces) if token.span == term.span)
    return index > 0 and pieces[index - 1].text in _QUALIFIERS


def _keeps(text: str, kept: Sequence[tuple[object, ...]]) -> bool:
    """Whether a corrected record has all these terms, in their order, and a redirect still counts."""
    terms = sound_terms(text)
    there = iter([term_key(term) for term in terms])
    if not all(key in there for key in kept):
        return False
    new_all = any(isinstance(term, All) and term_key(term) not in kept for term in terms)
    return not (new_all and any(isinstance(term, Redirect) for term in terms))


def _guesses(source: str, problem: Problem, pieces: list[Token], index: int | None) -> Iterator[str]:
    """Yield records that may have been meant, the likeliest first."""
    if problem.code is ProblemCode.INVALID_CHARACTER:
        yield retyped(source)
        yield " ".join([with_a_labels(word) or word for word in source.split(" ")])
    if index is None:
        return
    token = pieces[index]
    if is_range(pieces, index):
        return  # which networks it is made of, its hint says; without a person no term may be lost
    slip = slip_of(token)
    if slip is not None and not slip.terms:
        return  # a person has to decide
    if slip is not None:
        yield replaced(source, token.span, " ".join(slip.terms))
    for guess in _terms(token, problem):
        yield replaced(source, token.span, guess)
    is_open = (len(token.text) > 1 and token.text[-1] in ":=") or token.text in _QUALIFIERS
    if index + 1 < len(pieces) and is_open and not _is_named(pieces[index + 1]):
        following = pieces[index + 1]
        if token.name.lower() in MODIFIERS:
            yield replaced(source, (token.start, following.span[1]), f"{token.name}={following.text}")
        yield replaced(source, (token.start, following.span[1]), token.text + following.text)
    if problem.code is ProblemCode.EMPTY_DOMAIN_SPEC and token.name.lower() in ("a", "mx", "ptr"):
        yield replaced(source, token.span, token.qualifier + token.name)
    if _can_go(problem, pieces, index):
        yield replaced(source, token.span, "")


def _is_named(token: Token) -> bool:
    """Whether a term begins with the name of a mechanism and a colon, or with one like it: `ipv4:192.0.2.1`."""
    return token.separator == ":" and token.name.isalnum() and meant(token.name) is not None


def is_range(pieces: Sequence[Token], index: int) -> bool:
    """Whether a term is the hyphen of a range of addresses with spaces around it, or the end of that range."""
    at = index if pieces[index].text == "-" else index - 1
    if not 0 < at < len(pieces) - 1 or pieces[at].text != "-":
        return False
    begin, end = pieces[at - 1].text.partition(":"), pieces[at + 1].text
    return begin[0].lower().lstrip("+-?~") in ("ip4", "ip6") and (parse_ip4(end) or parse_ip6(end)) is not None


def _can_go(problem: Problem, pieces: list[Token], index: int) -> bool:
    """Whether a faulty term may have been typed by mistake, so that the record is right without it."""
    if problem.code is ProblemCode.DUPLICATE_MODIFIER:
        return _is_again(pieces, index)
    if problem.code is ProblemCode.MISSING_TERM_NAME:
        return not any(character.isalnum() for character in pieces[index].text)
    following = pieces[index + 1 : index + 2]
    return pieces[index].text[-1] in ":=" and any(token.name.lower() in _FOLLOWING for token in following)


def _is_again(pieces: list[Token], index: int) -> bool:
    """Whether a modifier says the same as the first of its name; which of two that differ is meant is not known."""
    again = parse_term(pieces[index].text)
    name = pieces[index].name.lower()
    first = next(parse_term(token.text) for token in pieces if token.separator == "=" and token.name.lower() == name)
    return again is not None and first is not None and same_term(first, again)


def _terms(token: Token, problem: Problem) -> Iterator[str]:
    """Yield what a faulty term may have been meant to be."""
    q, name, sep, arg = token.qualifier, token.name, token.separator, token.argument
    known = name.lower()
    bare = token.text.strip(_PUNCTUATION)
    if bare != token.text and bare:
        yield bare
    if sep == ":" and known in MECHANISMS:
        yield from _addresses(q, arg)
    yield from _addresses(q, token.text[len(q) :])
    if problem.code is ProblemCode.UNKNOWN_MECHANISM:
        if known in MODIFIERS:
            yield f"{known}={arg}"
        yield from _renamed(q, name, sep, arg)
    elif problem.code is ProblemCode.QUALIFIED_MODIFIER:
        yield f"{q}{name}:{arg}" if known in MECHANISMS else f"{name}={arg}"
    elif problem.code is ProblemCode.UNEXPECTED_ARGUMENT:
        yield f"{q}{name}"
    yield from _arguments(token)
    yield from _prefixes(token.text, known)
    if "%(" in arg:
        yield token.text.replace("%(", "%{").replace(")", "}")


def _arguments(token: Token) -> Iterator[str]:
    """Yield the term with its argument as it may have been meant."""
    q, name, sep, arg = token.qualifier, token.name, token.separator, token.argument
    known = name.lower()
    if sep == ":":
        host, _, port = arg.partition(":")
        if known == "ip4" and parse_ip4(host) is not None and port.isdigit():
            yield f"{q}ip4:{host}"
        if known in ("ip4", "ip6") and arg[-1:].isalpha() and ":" not in arg:
            yield f"{q}a:{arg}"


def _addresses(qualifier: str, text: str) -> Iterator[str]:
    address = text.partition("/")[0]
    if parse_ip4(address) is not None:
        yield f"{qualifier}ip4:{text}"
    if parse_ip6(address) is not None:
        yield f"{qualifier}ip6:{text}"


def _renamed(qualifier: str, name: str, separator: str, argument: str) -> Iterator[str]:
    """Yield the term with the name that its own is closest to."""
    found = meant(name)
    if found is None:
        glued = _GLUED_NAME.match(name + separator + argument)
        if glued is not None:
            rest = glued[2].lstrip(":=.")
            yield f"{glued[1]}={rest}" if glued[1].lower() == "redirect" else f"{qualifier}{glued[1]}:{rest}"
            if glued[1].lower() == "all" and qualifier:
                yield f"{qualifier}all"
    elif found in MODIFIERS:
        yield f"{found}={argument}"
    elif found == "all":
        if qualifier:  # without one it lets everybody pass
            yield f"{qualifier}all"
    else:
        yield (
            f"{qualifier}{found}:{argument.lstrip(':=')}"
            if separator in (":", "=")
            else f"{qualifier}{found}{argument}"
        )


def _prefixes(text: str, name: str) -> Iterator[str]:
    """Yield the term with its prefix length as it may have been meant."""
    dual = _DUAL_CIDR.match(text)
    if dual is not None and name in ("a", "mx"):
        yield f"{dual[1].rstrip('/')}/{dual[2]}//{dual[3]}"
    found = _CIDR.match(text)
    if found is not None:
        if name in ("a", "mx", "ip4", "ip6"):
            yield f"{found[1]}{found[2]}{found[3]}"
        elif found[1]:
            yield found[1]
    elif text.endswith("/"):
        yield text.rstrip("/")
