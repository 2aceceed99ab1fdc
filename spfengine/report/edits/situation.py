"""What the reader of an interactive report sees to edit, and what they wrote."""

from collections.abc import Callable
from typing import ClassVar, NamedTuple, Protocol

from spfengine.answers import Question, Resolver, RRType, spf_texts
from spfengine.errors import ArgumentError
from spfengine.report.page import Page
from spfengine.resolvers.zone_files.pasted import read_pasted
from spfengine.visible import visible_name

USUAL = "v=spf1 a mx ?all"
"""A draft that asks for what nearly every edit needs: the addresses and mail servers of a name."""
_LONGEST_DRAFT = 1 << 16


class Draft(NamedTuple):
    """A record that the reader may edit.

    Attributes:
        name: its name; "" if it is a record alone.
        record: its text, or "" if there is none yet.
        is_published: whether it is the published record. As long as the reader leaves it alone, DNS answers as it does.
    """

    name: str
    record: str
    is_published: bool = False


class Entry(NamedTuple):
    """A line that the reader may edit: its label, what it has at first, and an example."""

    label: str
    value: str
    example: str = ""


class Edit(NamedTuple):
    """What the reader wrote.

    Attributes:
        drafts: the records, in the order of the situation; None: as they were at first.
        entries: the lines, in the order of the situation; None: as they were at first.
        senders: the address and MAIL FROM of each sender that was added.
    """

    drafts: tuple[str | None, ...] = ()
    entries: tuple[str | None, ...] = ()
    senders: tuple[tuple[str, str], ...] = ()


class Situation(Protocol):
    """What a report was made of.

    Attributes:
        kind: the word for it in JSON.
        title: what the reader is invited to do.
        takes_senders: whether the reader may add senders.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    takes_senders: ClassVar[bool]

    @property
    def drafts(self) -> tuple[Draft, ...]:
        """The records to edit."""
        ...

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The lines to edit."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """The packages that it needs besides those that every report needs."""
        ...

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON values, in which no text is escaped. Raises RecordingError, as `Recording`."""
        ...

    def page(self, edit: Edit) -> Page:
        """Return the page after an edit. Raises SPFEngineError if something that the reader wrote can't be used."""
        ...


def record_of(text: str) -> str:
    """Return a record without what was copied with it."""
    return read_pasted(text.strip()).text


def drafted(
    drafts: tuple[Draft, ...], written: tuple[str | None, ...], read: Callable[[str], str] = record_of
) -> dict[str, str]:
    """Return name → text of the records that the reader wrote, and of those that were drafts at first.

    Args:
        read: returns the record in a text that the reader wrote.

    Raises:
        ArgumentError: one is empty, or too long.
    """
    texts: dict[str, str] = {}
    for draft, text in zip(drafts, written or [None] * len(drafts), strict=True):
        if text is None and draft.is_published:
            continue
        given = draft.record if text is None else text
        if not given.strip():
            of = f" for {visible_name(draft.name)}" if draft.name else ""
            raise ArgumentError(f"the draft{of} is empty; write one such as v=spf1 mx -all")
        if len(given) > _LONGEST_DRAFT:
            most = f"a TXT record has at most {_LONGEST_DRAFT - 1:,}"
            raise ArgumentError(f"a draft of {len(given):,} characters; {most}")
        texts[draft.name] = given if text is None else read(text)
    return texts


def published(domain: str, resolver: Resolver) -> Draft:
    """Return the published record of a domain; "" if it has none, or several."""
    texts = spf_texts(resolver.resolve(Question(domain, RRType.TXT)))
    return Draft(domain, texts[0].decode("utf-8", "replace") if len(texts) == 1 else "", is_published=True)
