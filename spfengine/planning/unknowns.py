"""What files do not say, as names that nobody answers for: interpolations in records, and names of records.

An unknown part of a record becomes a name under `unknown.invalid`, the same one in both trees if the file has the same
text there. So whatever depends on it is not known, and what does not is compared as usual.
"""

import re
from collections.abc import Iterable

from spfengine.answers import Answer, Question, Resolver, Status
from spfengine.linting.partly_known import NO_NAME
from spfengine.names import fold, is_same_or_under
from spfengine.record.grammar import VERSION
from spfengine.resolvers.asking import ask
from spfengine.resolvers.zone import Zone
from spfengine.sources.record import FoundRecord
from spfengine.sources.unshown import Unshown
from spfengine.visible import visible

_NAMED = re.compile(r"([+\-?~]?(?:include|a|mx|exists|ptr):|(?:redirect|exp)=)(?=[^ ])", re.IGNORECASE)
_LABEL = re.compile(rf"(?P<term>(?P<sign>[+\-?~]?)include:)?(?P<name>(?:part|record)-[0-9]+\.{re.escape(NO_NAME)})")
_TERM = re.compile(rb"include:(part-[0-9]+\." + re.escape(NO_NAME).encode("ascii") + rb")")
_SHOWN = 200
_MASK = "\ufffc"  # a character that no record has, since those are octets


class Unknowns:
    """The names in place of what files do not say."""

    def __init__(self) -> None:
        self._parts: dict[str, str] = {}
        self._shown: dict[str, str] = {}
        self._terms: dict[str, str] = {}
        self._records = 0

    def text_of(self, record: FoundRecord) -> bytes:
        """Return the text of a record, with a name in place of each unknown part."""
        source = record.source
        masked = source
        for low, high in record.unknown_spans:
            masked = masked[:low] + _MASK * (high - low) + masked[high:]
        words = []
        start = 0
        for word in masked.split(" "):
            end = start + len(word)
            written = source[start:end]
            if _MASK not in word:
                words.append(written)
            elif start:
                words.append(self._word(written))
            else:  # the unknown part follows the version at once: it begins with a space, if this is a record
                words += [written[: len(VERSION)], self._word(written[len(VERSION) :])]
            start = end + 1
        return " ".join(words).encode("latin-1")

    def _word(self, word: str) -> str:
        """Return a term in place of a word with an unknown part."""
        named = _NAMED.match(word)
        head = named[1] if named is not None else ""
        rest = word[len(head) :]
        name = self._parts.setdefault(f"{bool(head)} {rest}", f"part-{len(self._parts) + 1}.{NO_NAME}")
        self._shown[name] = visible(rest, _SHOWN)
        if head:
            return head + name
        sign = word[0] if word[:1] in {"+", "-", "?", "~"} else ""
        self._terms[name] = visible(word, _SHOWN)
        return f"{sign}include:{name}"

    def has_open_term(self, texts: Iterable[bytes]) -> bool:
        """Whether one of these records has an include in place of a word that may be no term that needs a lookup."""
        found = {name.decode("ascii") for text in texts for name in _TERM.findall(text)}
        return not found.isdisjoint(self._terms)

    def name_of(self, record: FoundRecord) -> str:
        """Return a name in place of the one that a file does not say; a new one each time."""
        self._records += 1
        name = f"record-{self._records}.{NO_NAME}"
        self._shown[name] = place_of(record)
        return name

    def label(self, name: str) -> str | None:
        """Return where the record of a name is that a file does not say; None for any other name."""
        return self._shown.get(name) if name.startswith("record-") else None

    def shown(self, text: str) -> str:
        """Return a text in which these names are replaced by what the files have there."""
        if NO_NAME not in text:
            return text
        return _LABEL.sub(self._replaced, text)

    def _replaced(self, match: re.Match[str]) -> str:
        name = match["name"]
        if match["term"] and name in self._terms:
            return self._terms[name]
        return (match["term"] or "") + self._shown.get(name, name)

    def parts(self, names: Iterable[str]) -> list[str]:
        """Return what the files have for these names, of those that are unknown parts of records."""
        return [self._shown[name] for name in map(fold, names) if name.startswith("part-") and name in self._shown]


def place_of(record: FoundRecord) -> str:
    """Return where a record is, in words: `dns/main.tf, line 8`, and what the file has for its name."""
    name = visible(" ".join(record.name_text.split()), 80)
    named = f" (name: {name})" if name else ""
    return f"{visible(record.path)}, line {record.region.line}{named}"


def unshown_in_words(unshown: Unshown) -> str:
    """Return what no file shows, in words: `what var.spf (dns/main.tf, line 8) is`."""
    shown = f"{visible(unshown.text, 80)} ({visible(unshown.path)}, line {unshown.region.line})"
    return f"which records {shown} makes" if unshown.makes else f"what {shown} is"


class Held:
    """A resolver that names under `unknown.invalid` do not reach, such as live DNS.

    Args:
        below: what answers for all other names.
        zone: what has the records whose names are not known.
    """

    def __init__(self, below: Resolver, zone: Zone) -> None:
        self._below = below
        self._zone = zone
        self._listed = {fold(name) for name in zone.names if is_same_or_under(name, NO_NAME)}

    def resolve(self, question: Question, /) -> Answer:
        """Return the answer; for what files do not say, that it is not known."""
        if not is_same_or_under(question.name, NO_NAME):
            return ask(self._below, question)
        is_listed = fold(question.name) in self._listed
        return self._zone.resolve(question) if is_listed else Answer.failed(Status.UNKNOWN)
