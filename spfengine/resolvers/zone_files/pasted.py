r"""A record as people paste it: from a zone file, a provider's form, a mail or a document, with what clings to it.

What is a mere trace of where the text comes from is cleaned up, and what was cleaned up is told: nothing is guessed of
the record itself, so that its faults stay for the parser to find.
"""

import re
from typing import NamedTuple

from spfengine.resolvers.zone_files.presentation import read_quoted

MAX_CHARACTERS = 1 << 17
"""Characters of the longest text that is cleaned up; a longer one is no record, and is left as it is."""

_LINE = re.compile(
    r"(?:((?!(?:\d+|IN|TXT|SPF)\s)[^\s\"']+)\s+)?(?:\d+\s+)?(?:IN\s+)?(?:\d+\s+)?(?:TXT|SPF)\s+(?=[(\"'v])",
    re.IGNORECASE,
)
_DOUBLE = str.maketrans(dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02\u2033", '"'))
_SINGLE = str.maketrans(dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'"))
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d", "-"))
_SPACES = re.compile("[\u00a0\u2000-\u200a\u202f\u205f\u3000\t]")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_BREAK = re.compile(r"[ \t]*[\r\n\u2028\u2029]+[ \t]*")
_BETWEEN = re.compile(r'"\s+"')


class Pasted(NamedTuple):
    """A record as it was pasted.

    Attributes:
        text: the record, cleaned up; octets that are no UTF-8 stand in it as surrogates, as Python has them.
        owner: the name before it, where a whole line of a zone file was pasted; otherwise None.
        cleaned: what was cleaned up, in words.
    """

    text: str
    owner: str | None
    cleaned: tuple[str, ...]


def read_pasted(text: str) -> Pasted:
    r"""Return a record without what clings to it where it was copied from.

    Cleaned up are: owner, TTL and type of a line of a zone file; quotes around it (curly ones as well), with strings
    joined as DNS joins them and escapes resolved; `\;`; line breaks; invisible and odd spaces; typographic dashes;
    spaces around it. Whoever asks for the text of a clean record gets it back as it is.
    """
    if len(text) > MAX_CHARACTERS:
        return Pasted(text, None, ())
    cleaned: list[str] = []

    def tidied(new: str, what: str) -> str:
        if new != text and what not in cleaned:
            cleaned.append(what)
        return new

    text = tidied(text.strip(" "), "spaces around it")
    if not text.isascii():
        text = tidied(text.translate(_DOUBLE).translate(_SINGLE), "curly quotes")
        text = tidied(text.translate(_DASHES), "typographic dashes")
        text = tidied(_INVISIBLE.sub("", text), "invisible characters")
    text = tidied(_BREAK.sub(" ", text).strip(" "), "line breaks")
    text = tidied(_SPACES.sub(" ", text).strip(" "), "tabs and odd spaces")
    line = None if text[:2].lower() == "v=" else _LINE.match(text)
    owner = None
    if line is not None:
        owner = line[1]
        text = tidied(text[line.end() :], "what stands before the record in a zone file")
    if text[:1] == "(" and text[-1:] == ")":
        text = tidied(text[1:-1].strip(" "), "parentheses")
    if text[:1] == "'" and text[-1:] == "'" and len(text) > 1:
        text = tidied(text[1:-1].strip(" "), "quotes")
    if text[:2] == '\\"':
        text = tidied(text.replace('\\"', '"'), "escaped quotes")
    if text[:1] == '"':
        text = tidied(_unquoted(text), "quotes and splits" if _BETWEEN.search(text) else "quotes")
    else:
        text = tidied(text.replace("\\;", ";"), "escaped semicolons")
    return Pasted(text, owner, tuple(cleaned))


def _unquoted(text: str) -> str:
    """Return what stands in quotes; where they do not fit together, only those around the text go."""
    try:
        return b"".join(read_quoted(text)).decode("utf-8", "surrogateescape")
    except ValueError:
        return text.strip('" ')
