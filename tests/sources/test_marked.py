"""Source files as people write them, with marks at the records that are in them, and no others.

The files are in `marked/`. Angle quotes are around each record, and double brackets around each unknown part; none
of them is part of the file. A line after the file, beginning with "->", is the text of a record that its place alone
does not show, because of escapes, or since it is written in several strings; what is unknown in it may be marked, too.
"""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from spfengine.sources import FoundRecord, Region
from spfengine.sources.finder import records_in

MARKED = Path(__file__).parent / "marked"
_HEADER = re.compile(r"^==== (.+)\n", re.MULTILINE)


class Marked(NamedTuple):
    """A record: its place, its text, and each unknown part with its place, if that is marked."""

    region: Region
    source: str
    unknown: list[tuple[str, Region | None]]


class Sample(NamedTuple):
    """A file, and the records in it."""

    text: str
    records: list[Marked]


def _region(text: str, start: int, end: int) -> Region:
    before, up_to = text[:start].split("\n"), text[: max(end - 1, start)].split("\n")
    return Region(len(before), len(before[-1]) + 1, len(up_to), len(up_to[-1]) + 1 + (end > start))


def _read(marked: str) -> Sample:
    body = "".join(line for line in marked.splitlines(keepends=True) if not line.startswith("-> "))
    sources = [line[3:] for line in marked.splitlines() if line.startswith("-> ")]
    text = ""
    places: list[tuple[int, int]] = []
    holes: list[tuple[int, int, int]] = []  # (record, start, end)
    opened = hole = 0
    for char in body:
        if char == "«":
            opened = len(text)
        elif char == "»":
            places.append((opened, len(text)))
        elif char == "⟦":
            hole = len(text)
        elif char == "⟧":
            is_after = bool(places) and opened == places[-1][0]  # what is added later is after the record
            holes.append((len(places) - is_after, hole, len(text)))
        else:
            text += char
    records = []
    for number, (start, end) in enumerate(places):
        unknown: list[tuple[str, Region | None]] = [
            (text[low:high], _region(text, low, high) if high > low else None)
            for record, low, high in holes
            if record == number
        ]
        source = text[start:end]
        if any(low == high for record, low, high in holes if record == number):
            source += "..."
        if number < len(sources):
            source = re.sub("[⟦⟧]", "", sources[number])
            if "⟦" in sources[number]:
                unknown = [(part, None) for part in re.findall("⟦(.*?)⟧", sources[number])]
        records.append(Marked(_region(text, start, end), source, unknown))
    return Sample(text, records)


def _samples() -> dict[str, Sample]:
    found: dict[str, Sample] = {}
    for path in sorted(MARKED.glob("*.txt")):
        _, *rest = _HEADER.split(path.read_text(encoding="utf-8"))
        found |= {name: _read(text) for name, text in zip(rest[::2], rest[1::2], strict=True)}
    return found


SAMPLES = _samples()


@pytest.mark.parametrize("name", SAMPLES)
def test_every_record_is_found_at_its_place_and_nothing_else(name: str) -> None:
    sample = SAMPLES[name]
    found = records_in(name, sample.text)
    assert [_described(each, sample.records[at : at + 1]) for at, each in enumerate(found)] == sample.records


def _described(found: FoundRecord, marked: list[Marked]) -> Marked:
    """Return a record as it is marked; the place of an unknown part is left out if it is not marked."""
    expected = marked[0].unknown if marked else []
    unknown: list[tuple[str, Region | None]] = []
    for at, part in enumerate(found.unknown):
        is_marked = at < len(expected) and expected[at][1] is not None
        unknown.append((part.text, part.region if is_marked else None))
    return Marked(found.region, found.source, unknown)


def test_there_are_many_files() -> None:
    assert len(SAMPLES) >= 80
