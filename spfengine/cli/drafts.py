"""Drafts: records that stand for published ones, as a command line tells them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from spfengine.cli.exits import Misuse
from spfengine.cli.values import UnusableError
from spfengine.names import domain_fault, to_a_labels
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from spfengine.resolvers.zone_files.pasted import Pasted

Tell = Callable[[str], None]
"""Tells people something about what they wrote."""

_SHOWN = 1000


class Draft(NamedTuple):
    """A record that stands for a published one.

    Attributes:
        name: whose TXT records it replaces; None: those of the domain that the command is about.
        record: its text.
    """

    name: str | None
    record: str


def is_record(text: str) -> bool:
    """Whether an argument is a record, and not a domain."""
    return text[:2].lower() == "v="


def pasted(text: str, tell: Tell) -> "Pasted":
    """Return a record without what clings to it where it was copied from; what was cleaned up is told."""
    from spfengine.resolvers.zone_files.pasted import read_pasted

    found = read_pasted(text)
    if found.cleaned and is_record(found.text):
        tell(f"cleaned up in the record ({', '.join(found.cleaned)}); it is read as: {visible(found.text, _SHOWN)}")
    return found


def read_draft(text: str, tell: Tell) -> Draft:
    """Return the draft that a text stands for: RECORD where it begins with "v=", otherwise NAME=RECORD.

    Raises UnusableError.
    """
    found = pasted(text, tell)
    if is_record(found.text):
        return Draft(None if found.owner in (None, "@") else _name(str(found.owner), text), found.text)
    name, equals, record = found.text.partition("=")
    if not equals:
        raise _unusable(text, "expected a record that begins with v=spf1, or NAME=RECORD")
    return Draft(_name(name, text), pasted(record, tell).text)


def plain_draft(text: str) -> Draft:
    """Return the draft that a text stands for. Raises UnusableError, also where there would be something to tell."""
    return read_draft(text, _refuse_to_tell)


def no_duplicates(drafts: tuple[Draft, ...], domain: str) -> dict[str, str]:
    """Return name → record; a draft without a name is for `domain`.

    Raises:
        Misuse: two drafts are for one name.
    """
    found: dict[str, str] = {}
    for draft in drafts:
        name = domain if draft.name is None else draft.name
        if name.lower() in map(str.lower, found):
            raise Misuse.of("--draft", f"there are two drafts for {visible_name(name)}; expected one")
        found[name] = draft.record
    return found


def _refuse_to_tell(what: str) -> None:
    raise UnusableError(what)


def _name(name: str, text: str) -> str:
    a_labels = to_a_labels(name)
    if a_labels is None or name != name.strip() or " " in name:
        raise _unusable(text, f"{visible(name, 60)!r} is no domain name; expected NAME=RECORD")
    name = a_labels.removesuffix(".")
    fault = domain_fault(name)
    if fault is not None:
        raise _unusable(text, f"{fault}; expected NAME=RECORD")
    return name


def _unusable(text: str, why: str) -> UnusableError:
    return UnusableError(f"{visible(text, 80)!r}: {why}")
