"""Lint whose reader edits the records."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

from spfengine.advice.drafted_lint import lint_drafts, plans_of
from spfengine.answers import Resolver
from spfengine.linting.lint import lint
from spfengine.names import fold
from spfengine.report.edits.simulation import sender_values, senders_of
from spfengine.report.edits.situation import USUAL, Draft, Edit, Entry, drafted, published
from spfengine.report.lint import lint_page
from spfengine.report.page import Page
from spfengine.resolvers.recording import Recorder, Recording
from spfengine.resolvers.zone_files import files as zone_files
from spfengine.resolvers.zone_files.pasted import read_pasted, strings_of
from spfengine.senders import Sender
from spfengine.simulation.simulate import simulate
from spfengine.text.limit_plan import draft_words, limit_plan_lines

if TYPE_CHECKING:
    from spfengine.resolvers.zone import Zone


class ZoneFile(NamedTuple):
    """A file of answers: its name, its octets, and the domain to which its relative names belong, or None."""

    name: str
    content: bytes
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class EditableLint:
    """What the findings of a domain, or of a record alone, were made of.

    Attributes:
        domain: the domain; None for a record alone.
        drafts: the record of the domain first, which may be the published one; then the drafts of other names.
        own: domains whose records the admin can edit as well.
        senders: who sends.
        left_out: the codes of findings that are not reported.
        files: the files that answer. Lint says what a whole zone shows, so all of them is here.
        answers: the recorded answers of DNS for what the files do not know; None if DNS was not asked.
    """

    kind: ClassVar[str] = "lint"
    title: ClassVar[str] = "Try another record"
    takes_senders: ClassVar[bool] = False
    domain: str | None
    drafts: tuple[Draft, ...]
    own: tuple[str, ...]
    senders: tuple[Sender, ...]
    left_out: tuple[str, ...]
    files: tuple[ZoneFile, ...]
    answers: Recording | None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """No lines."""
        return ()

    @property
    def needs(self) -> tuple[str, ...]:
        """A reader of YAML, if a file is YAML."""
        return ("yaml",) if any(file.name.lower().endswith((".yml", ".yaml")) for file in self.files) else ()

    def to_dict(self) -> dict[str, object]:
        """Return the situation as JSON values, in which no text is escaped. Raises RecordingError, as `Recording`."""
        return {
            "domain": self.domain,
            "drafts": [list(draft) for draft in self.drafts],
            "own": list(self.own),
            "senders": sender_values(self.senders),
            "left_out": list(self.left_out),
            "files": [[name, content.decode("latin-1"), origin] for name, content, origin in self.files],
            "answers": None if self.answers is None else self.answers.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return what `to_dict` wrote."""
        return cls(
            data["domain"],
            tuple([Draft(*draft) for draft in data["drafts"]]),
            tuple(data["own"]),
            senders_of(data["senders"]),
            tuple(data["left_out"]),
            tuple([ZoneFile(name, text.encode("latin-1"), origin) for name, text, origin in data["files"]]),
            None if data["answers"] is None else Recording.from_dict(data["answers"]),
        )

    def page(self, edit: Edit) -> Page:
        """Return the page of the findings with other records.

        Raises:
            ArgumentError: a draft is empty, or too long.
            ZoneError: a draft can't be used.
        """
        records = {name: _strings(text) for name, text in drafted(self.drafts, edit.drafts, str).items()}
        own = records.pop(self.drafts[0].name, ())
        record = own if len(own) > 1 else own[0] if own else None
        if self.domain is None:
            return lint_page(None, self._reported(lint(None, record=record)), alone=record)
        others = {name: "".join(strings) for name, strings in records.items()}
        found, resolver = lint_drafts(self.domain, record, others, self._resolver(), self.own, self.senders)
        plans = plans_of(found, resolver, self.senders)
        lines = [each for plan in plans for each in limit_plan_lines(plan, None, draft_words(others, plan.domain))]
        return lint_page(self.domain, self._reported(found), plan=lines)

    def _reported(self, findings: Iterable[Any]) -> list[Any]:
        return [finding for finding in findings if finding.code not in self.left_out]

    def _resolver(self) -> Resolver:
        if self.files:
            return zone_files.lay_together(_layers(self.files), self.answers)
        assert self.answers is not None, "without files, DNS was asked"
        return self.answers


def _strings(text: str) -> tuple[str, ...]:
    return strings_of(text, read_pasted(text.strip(" ")))


@lru_cache(1)
def _layers(files: tuple[ZoneFile, ...]) -> "tuple[Zone | Recording, ...]":
    return tuple([zone_files.read_named(content, name, origin) for name, content, origin in files])


def recorded_lint(
    recorder: Recorder | None,
    resolver: Resolver,
    domain: str,
    drafts: tuple[Draft, ...],
    own: tuple[str, ...],
    senders: tuple[Sender, ...],
    left_out: tuple[str, ...],
    files: tuple[ZoneFile, ...],
) -> EditableLint:
    """Return what the findings of a domain were made of, with the answers that lint got.

    What nearly every edit needs is asked first: the published records, and the addresses and mail servers of the names.

    Args:
        recorder: what recorded the answers of DNS; None if it was not asked.
        resolver: what answers: the files, DNS, or the files over DNS.

    Raises:
        RecordingError: see `Recorder.recording`.
    """
    if recorder is not None:
        for record in (None, USUAL):
            lint(domain, resolver=resolver, record=record, own=own, senders=senders)
        simulate(domain, USUAL, resolver=resolver)
    if not drafts or fold(drafts[0].name) != fold(domain):
        drafts = (published(domain, resolver), *drafts)
    answers = None if recorder is None else recorder.recording
    return EditableLint(domain, drafts, own, senders, left_out, files, answers)
