"""TXT records of which a source file has the name, and whose value it does not show: `records = [var.spf]`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from spfengine.sources.absent import is_absent
from spfengine.sources.atoms import without_templates
from spfengine.sources.owners import Owners
from spfengine.sources.places import Lines, Region
from spfengine.sources.reading import CLOSING, Reading
from spfengine.sources.structure import value_at
from spfengine.sources.tokens import is_sign
from spfengine.visible import short_repr

MOST_MAKERS = 1000
"""Places of a file that may make records, at most."""
SHOWN_OF_MAKER = 60
"""Characters of such a place that are shown."""
LONGEST_LINE = 1000
"""Characters of a line that are looked at, at most."""
_MOST_ELEMENTS = 100  # of a list that are looked at
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Unshown:
    """A TXT record whose value the file does not show, or what makes records that it does not show.

    Attributes:
        path: the file.
        text: what the file has for the value, not escaped; of what makes records, the beginning.
        region: its place in the file.
        name, name_text: as in `FoundRecord`; for what makes records, None and the whole of it.
        domains: the names in what makes records.
        makes: whether it makes records.
    """

    path: str
    text: str
    region: Region
    name: str | None
    name_text: str
    domains: tuple[str, ...] = ()
    makes: bool = False

    def __repr__(self) -> str:
        return short_repr(self, ("path", "text", "name", "region"))


def unshown_of(path: str, reading: Reading, owners: Owners, lines: Lines) -> Iterator[Unshown]:
    """Yield the TXT records of a stream of tokens whose value is not shown."""
    for index in range(len(reading.tokens)):
        if not owners.is_txt_value(reading, index):
            continue
        for element in _elements(reading, index):
            if is_absent(reading, element + is_sign(reading.at(element), "{")):
                continue
            span = _unknown(reading, owners, element)
            if span is not None:
                owner = owners.of(reading, element)
                shown = " ".join(reading.text[span[0] : span[1]].split())[:_SHOWN]
                yield Unshown(path, shown, lines.region(*span), *owner)


def _elements(reading: Reading, index: int) -> Iterator[int]:
    """Yield where the values of a record begin: of a list, each element."""
    if not is_sign(reading.at(index), "["):
        yield index
        return
    if is_sign(reading.at(index - 1), ","):  # TXT(name, […]) has the strings of one record
        yield index + 1
        return
    end = reading.closing.get(index, index)
    index += 1
    for _ in range(_MOST_ELEMENTS):
        if index >= end:
            return
        yield index
        while index < end and not is_sign(reading.at(index), ","):
            index = reading.closing.get(index, index) + 1
        index += 1


def _unknown(reading: Reading, owners: Owners, index: int) -> tuple[int, int] | None:
    """Return the place of a value whose beginning is not known; None if it is known."""
    token = reading.at(index)
    if token is None or is_sign(token, ",", *CLOSING):
        return None
    atoms = without_templates(value_at(reading, index), owners.templates)
    first = next((atom for atom in atoms if atom.char is None or atom.char not in " \t\n\"'\\"), None)
    if first is None or first.char is not None:
        return None
    if is_sign(token, "{"):  # {"Ref": "Spf"}
        return first.start, reading.tokens[reading.closing.get(index, index)].end
    return first.start, max(first.end, first.start)


def lines_that_make(
    path: str, text: str, lines: Lines, domains_of: Callable[[int, str], tuple[str, ...] | None]
) -> Iterator[Unshown]:
    """Yield the lines of a file that may make records. Their `name_text` is the whole line.

    Args:
        domains_of: takes the number of a line, from 0, and its text; returns the domains that it is about, none if it
            may be about any, or None if it makes no record.
    """
    start = found = 0
    for number, full in enumerate(text.split("\n")):
        line = full[:LONGEST_LINE].rstrip("\r")
        domains = domains_of(number, line)
        if domains is not None:
            shown = line.strip()
            region = lines.region(start + len(line) - len(line.lstrip()), start + len(line))
            yield Unshown(path, shown[:SHOWN_OF_MAKER], region, None, shown, domains, makes=True)
            found += 1
        start += len(full) + 1
        if found == MOST_MAKERS:
            return
