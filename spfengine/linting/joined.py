"""Terms that lost the space between them, most often where two strings of a TXT record meet (RFC 7208 §3.3)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from spfengine.linting.fixes import Fix, all_certain, as_strings, has_dead_terms, read, replaced, with_all_last, without
from spfengine.record.grammar import MECHANISMS, MODIFIERS, VERSION
from spfengine.record.hints import meant
from spfengine.record.model import All, UnknownModifier
from spfengine.record.parser import parse_term
from spfengine.record.slips import Slip, begins_like_a_term, slip_of
from spfengine.record.tokenizer import Token, tokens

MAX_JOINED = 8192
"""Octets of a record whose terms are looked at for missing spaces."""
_FULL = 250  # octets of a string that was cut because it was full; the cut may be anywhere
_MOST_SLIPS = 16  # pieces of one term that may have a slip of their own
_MARKED = re.compile(r"[+\-?~]|[(\"'<]|[^:=;,]*[:=;,]")
_NAME = re.compile(r"[+\-?~]?([A-Za-z][A-Za-z0-9_]*)[:=;,].")
_ALL = re.compile(r"[\-?~]al{1,3}\Z", re.IGNORECASE)
_ADDRESS = re.compile(r"[0-9.]+(?:/[0-9]+)?\Z")


@dataclass(frozen=True, slots=True)
class Joined:
    """Several terms that are read as one, because there is no space between them.

    Attributes:
        token: the term that they are read as.
        terms: the terms that were meant, without any other slip that is certain.
        strings: the ends of strings of a TXT record that it is made of, as written; empty if it was one string.
    """

    token: Token
    terms: tuple[str, ...]
    strings: tuple[str, ...] = ()


def joined_terms(source: str, joins: tuple[int, ...]) -> Iterator[Joined]:
    """Yield the terms of a record that are several terms, without a space between them.

    Args:
        source: the record.
        joins: the offsets in it at which a string of the TXT record ends and the next begins.
    """
    if len(source) > MAX_JOINED:
        return
    for token in tokens(source):
        cuts = [join - token.start for join in joins if token.start < join < token.span[1]]
        pieces = _pieces(token, cuts, joins) if cuts else None
        slip = None if pieces else slip_of(token)
        if pieces is not None:
            yield Joined(token, _terms_meant(" ".join(pieces)), tuple(pieces))
        elif slip is not None and slip.is_glued and len(slip.terms) > 1 and not _is_known_fault(token, slip):
            yield Joined(token, _terms_meant(" ".join(slip.terms)))


def _terms_meant(text: str) -> tuple[str, ...]:
    return tuple(all_certain(f"{VERSION} {text}").split(" ")[1:])


def _is_known_fault(token: Token, slip: Slip) -> bool:
    """Whether the fault that the parser finds in a term says enough: a list, or an `all` at the end."""
    is_list = any(mark in token.text for mark in ",;|")
    is_all = len(slip.terms) == 2 and slip.terms[1].lower()[1:] == "all"
    return (is_list or is_all) and parse_term(token.text) is None


def _pieces(token: Token, cuts: list[int], joins: tuple[int, ...]) -> list[str] | None:
    """Return the terms, as written, that a term was joined from at these offsets of it; None if it is one term.

    A string that is full was cut anywhere, and not by a person.
    """
    lengths = {join - token.start: join - before for before, join in pairwise((0, *joins))}
    is_full = any(lengths[cut] >= _FULL for cut in cuts)
    term = parse_term(token.text)
    is_term = term is not None and not isinstance(term, UnknownModifier)
    bare = () if is_full else MECHANISMS
    pieces = [token.text[start:end] for start, end in pairwise((0, *cuts, len(token.text)))]
    for number, piece in enumerate(pieces):
        is_marked = number == 0 or piece[0] in "+-?~" or ":" in piece or "=" in piece
        if begins_like_a_term(piece) and (is_marked or piece.lower() in bare):
            continue
        if is_full or number >= _MOST_SLIPS or not _is_slip(piece, token.text, is_term=is_term):
            return None
    return pieces


def _is_slip(piece: str, whole: str, *, is_term: bool) -> bool:
    """Whether a piece of a term is a term that is written wrongly, and certainly not the rest of a name.

    Args:
        whole: the term.
        is_term: whether it is valid; a piece then needs the name of a mechanism or modifier, or one like it.
    """
    if is_term:
        found = _NAME.match(piece)
        name = "" if found is None else found[1].lower()
        is_name = name in MECHANISMS + MODIFIERS or meant(name) is not None
        return (is_name or _ALL.match(piece) is not None) and terms_meant(piece) is not None
    is_address = _ADDRESS.match(piece) is not None and terms_meant(whole) is None
    return (is_address or _MARKED.match(piece) is not None) and terms_meant(piece) is not None


def terms_meant(text: str) -> tuple[str, ...] | None:
    """Return the terms that a text with slips was meant to be; None if that is not certain."""
    terms = _terms_meant(text)
    parsed = [parse_term(term) for term in terms]
    is_known = all(term is not None and not isinstance(term, UnknownModifier) for term in parsed)
    return terms if terms and is_known else None


def spaced(source: str, joined: list[Joined]) -> str:
    """Return a record with spaces between its joined terms."""
    for each in reversed(joined):
        source = replaced(source, each.token.span, " ".join(each.strings or each.terms))
    return source


def separated(source: str, joined: list[Joined]) -> Fix | None:
    """Return a record with spaces between its terms, and with every other slip corrected that is certain.

    None if two modifiers of one name are among the terms then: which one is meant, only a person can decide.
    """
    text = spaced(source, joined)
    names = [token.name.lower() for token in tokens(text) if token.separator == "=" and token.name.lower() in MODIFIERS]
    if joined and len(names) > len(set(names)):
        return None
    text = all_certain(text)
    if is_all_in_the_middle(source, joined):
        return _with_all_last(text)
    return as_strings(text) if text.isascii() else None


def is_all_in_the_middle(source: str, joined: list[Joined]) -> bool:
    """Whether a record with joined terms has terms after an `all`, which were meant to count."""
    record = read(all_certain(spaced(source, joined))) if joined else None
    return record is not None and has_dead_terms(record)


def _with_all_last(text: str) -> Fix | None:
    """Return a record with its `all` at its end; None if it has several that differ: which is meant is not known."""
    record = read(text)
    alls = [] if record is None else [term for term in record.directives if isinstance(term, All)]
    if record is None or len({term.qualifier for term in alls}) != 1:
        return None
    return without(record, alls[:-1]) if record.directives[-1] is alls[-1] else with_all_last(record)
