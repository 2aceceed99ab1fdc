"""Changes to the text of a record: what a fix is made of. Whatever they do not touch stays as it was written."""

from collections.abc import Iterable

from spfengine.errors import RecordSyntaxError
from spfengine.record.model import All, Directive, Record, Span, Term, same_term
from spfengine.record.parser import parse

Fix = tuple[str, ...]
"""The strings of a TXT record, each of at most 255 octets."""

_MAX_STRING = 255
_MAX_RECORD = 8192  # nobody writes a longer record by hand: it gets no fix, which keeps the work bounded


def as_strings(text: str) -> Fix:
    """Return a record's text as strings of at most 255 octets, split after a space if there is one."""
    strings = []
    start = 0
    while len(text) - start > _MAX_STRING:
        space = text.rfind(" ", start, start + _MAX_STRING)
        end = start + _MAX_STRING if space <= start else space + 1
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
    """Return a record's text as a fix, or None if it is no record."""
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
