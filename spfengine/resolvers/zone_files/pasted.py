r"""A record as people paste it, from a zone file, a provider's form, a mail or a document.

Traces of the place that the text was copied from are removed and listed. The record itself is not changed, so that the
parser still finds its faults.
"""

import re
from dataclasses import dataclass

from spfengine.resolvers.zone_files.presentation import read_quoted

MAX_CHARACTERS = 1 << 17
"""Characters of the longest text that is cleaned up; a longer one is not a record, and is left as it is."""

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


@dataclass(frozen=True, slots=True)
class Pasted:
    """A pasted record.

    Attributes:
        text: the record, cleaned up; octets that are not UTF-8 are surrogates (`surrogateescape`).
        owner: the name before it, if a whole line of a zone file was pasted; otherwise None.
        cleaned: what was removed, in words.
        strings: the strings that the text was pasted as, each in quotes; only the text if there are none.
    """

    text: str
    owner: str | None
    cleaned: tuple[str, ...]
    strings: tuple[str, ...] = ()


def read_pasted(text: str) -> Pasted:
    r"""Return a record without traces of the place that it was copied from.

    Removed are: owner, TTL and type of a line of a zone file; quotes around it (also curly ones), with strings joined
    as in DNS and escapes resolved; `\;`; line breaks; invisible and odd spaces; typographic dashes; spaces around it.
    The text of a clean record is returned unchanged.
    """
    if len(text) > MAX_CHARACTERS:
        return Pasted(text, None, (), (text,))
    cleaning = _Cleaning(text)
    cleaning.characters()
    owner = cleaning.zone_file_line()
    cleaning.quotes()
    return Pasted(cleaning.text, owner, tuple(cleaning.cleaned), cleaning.strings or (cleaning.text,))


def strings_of(text: str, pasted: Pasted) -> tuple[str, ...]:
    """Return the strings of a record that was pasted; if nothing was copied with it, its text with all its spaces."""
    return (pasted.strings or (pasted.text,)) if pasted.cleaned else (text,)


class _Cleaning:
    """A text that is being cleaned up, and what was removed from it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.cleaned: list[str] = []
        self.strings: tuple[str, ...] = ()

    def _set(self, text: str, what: str) -> None:
        if text != self.text and what not in self.cleaned:
            self.cleaned.append(what)
        self.text = text

    def characters(self) -> None:
        """Replace characters that word processors and web pages put into a text."""
        self._set(self.text.strip(" "), "spaces around it")
        if not self.text.isascii():
            self._set(self.text.translate(_DOUBLE).translate(_SINGLE), "curly quotes")
            self._set(self.text.translate(_DASHES), "typographic dashes")
            self._set(_INVISIBLE.sub("", self.text), "invisible characters")
        self._set(_BREAK.sub(" ", self.text).strip(" "), "line breaks")
        self._set(_SPACES.sub(" ", self.text).strip(" "), "tabs and odd spaces")

    def zone_file_line(self) -> str | None:
        """Remove what a zone file has around the data of a TXT record, and return the owner, if it is there."""
        line = None if self.text[:2].lower() == "v=" else _LINE.match(self.text)
        if line is not None:
            self._set(self.text[line.end() :], "the text before the record in a zone file")
        if self.text[:1] == "(" and self.text[-1:] == ")":
            self._set(self.text[1:-1].strip(" "), "parentheses")
        return None if line is None else line[1]

    def quotes(self) -> None:
        """Remove quotes around the record and between its strings, and escapes."""
        text = self.text
        if text[:1] == "'" and text[-1:] == "'" and len(text) > 1:
            self._set(text[1:-1].strip(" "), "quotes")
        if self.text[:2] == '\\"':
            self._set(self.text.replace('\\"', '"'), "escaped quotes")
        if self.text[:1] == '"':
            self.strings = _strings(self.text)
            self._set("".join(self.strings), "quotes and splits" if _BETWEEN.search(self.text) else "quotes")
        else:
            self._set(self.text.replace("\\;", ";"), "escaped semicolons")


def _strings(text: str) -> tuple[str, ...]:
    """Return the texts of strings in quotes; if the quotes do not match, one text without the outer ones."""
    try:
        return tuple([octets.decode("utf-8", "surrogateescape") for octets in read_quoted(text)])
    except ValueError:
        return (text.strip('" '),)
