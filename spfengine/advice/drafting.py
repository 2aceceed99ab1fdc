"""The text of a draft: the record that stands, without the terms that go and with those that come."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from spfengine.linting.edits import replaced
from spfengine.record.model import All, Directive, Record, Redirect, Term


class Slot(NamedTuple):
    """Where new terms go.

    Attributes:
        term: the term that they stand before; None: at the record's end.
        directives: how many directives stand before them.
    """

    term: Term | None
    directives: int


def last_slot(record: Record) -> Slot:
    """Return the place behind all mechanisms that count: before `all`, and before a redirect at the end."""
    directives = record.directives
    for place, directive in enumerate(directives):
        if isinstance(directive, All):
            return Slot(directive, place)
    end = directives[-1].span[1] if directives else 0
    behind = [term for term in record.terms if isinstance(term, Redirect) and term.span[0] >= end]
    return Slot(behind[0] if behind else None, len(directives))


def slot_before(record: Record, place: int) -> Slot:
    """Return the place before the directive at `place`."""
    return Slot(record.directives[place], place)


def draft_text(record: Record, going: Iterable[Directive], coming: Sequence[str], slot: Slot) -> str:
    """Return the text of a record with terms taken out and put in; all else stays as it was written."""
    text = record.source
    out = {term.span for term in going}
    at = len(text) if slot.term is None else slot.term.span[0]
    stays = [term.span[0] for term in record.terms if term.span[0] >= at and term.span not in out]
    at = stays[0] if stays else len(text)
    for start, end in sorted([*out, (at, at)], reverse=True):
        if start < end:
            text = replaced(text, (start, end), "")
        elif coming and stays:
            text = text[:at] + "".join([f"{each} " for each in coming]) + text[at:]
        elif coming:
            text = text.rstrip(" ") + "".join([f" {each}" for each in coming])
    return text
