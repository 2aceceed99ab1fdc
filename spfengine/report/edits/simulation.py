"""A simulation whose reader edits drafts and adds senders."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from spfengine.answers import Resolver
from spfengine.errors import ArgumentError
from spfengine.names import fold
from spfengine.report.edits.situation import USUAL, Draft, Edit, Entry, drafted
from spfengine.report.page import Page
from spfengine.report.simulate import simulation_page
from spfengine.resolvers.overlay import Overlay
from spfengine.resolvers.recording import Recorder, Recording
from spfengine.senders import Sender, concerns, domain_of
from spfengine.simulation.simulate import simulate
from spfengine.visible import visible

MOST_SENDERS = 1000
"""How many senders a reader may add."""


@dataclass(frozen=True, slots=True)
class EditableSimulation:
    """What a simulation was made of.

    Attributes:
        domain: the domain.
        drafts: the drafts, each with its name.
        senders: the senders.
        own: domains whose records the admin can edit.
        formats: the forms of the records to paste; none: all.
        answers: the recorded answers of DNS, without the drafts.
    """

    kind: ClassVar[str] = "simulation"
    title: ClassVar[str] = "Try another record"
    takes_senders: ClassVar[bool] = True
    domain: str
    drafts: tuple[Draft, ...]
    senders: tuple[Sender, ...]
    own: tuple[str, ...]
    formats: tuple[str, ...]
    answers: Recording

    @property
    def entries(self) -> tuple[Entry, ...]:
        """No lines."""
        return ()

    @property
    def needs(self) -> tuple[str, ...]:
        """No further packages."""
        return ()

    def to_dict(self) -> dict[str, object]:
        """Return the situation as JSON values, in which no text is escaped. Raises RecordingError, as `Recording`."""
        return {
            "domain": self.domain,
            "drafts": [list(draft) for draft in self.drafts],
            "senders": sender_values(self.senders),
            "own": list(self.own),
            "formats": list(self.formats),
            "answers": self.answers.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return what `to_dict` wrote."""
        return cls(
            data["domain"],
            tuple([Draft(*draft) for draft in data["drafts"]]),
            senders_of(data["senders"]),
            tuple(data["own"]),
            tuple(data["formats"]),
            Recording.from_dict(data["answers"]),
        )

    def page(self, edit: Edit) -> Page:
        """Return the page of a simulation with other drafts for the same names, and with more senders.

        Raises:
            ArgumentError: a draft is empty or too long, or there are too many senders, or one that can't be used.
            ZoneError: a draft can't be used.
        """
        asked = {name.encode("latin-1"): record for name, record in drafted(self.drafts, edit.drafts).items()}
        if len(edit.senders) > MOST_SENDERS:
            raise ArgumentError(f"more than {MOST_SENDERS:,} senders; take some out")
        senders = (*self.senders, *[_sender(self.domain, *each) for each in edit.senders])
        simulation = simulate(self.domain, asked, resolver=self.answers, senders=senders)
        after: Resolver = Overlay(self.answers, {name: {"TXT": record} for name, record in asked.items()})
        return simulation_page(simulation, self.own, self.formats, (self.answers, after))


def recorded_simulation(
    recorder: Recorder,
    domain: str,
    drafts: Mapping[str, str],
    senders: tuple[Sender, ...],
    own: tuple[str, ...],
    formats: tuple[str, ...],
) -> EditableSimulation:
    """Return what a simulation was made of, with the answers that it got.

    What nearly every edit needs, the addresses and mail servers of the names, is asked first if the drafts did not.

    Raises:
        RecordingError: see `Recorder.recording`.
    """
    usual = {name.encode("latin-1"): USUAL for name in drafts}
    simulate(domain, usual, resolver=recorder, senders=senders)
    named = tuple([Draft(name, record) for name, record in drafts.items()])
    return EditableSimulation(domain, named, senders, own, formats, recorder.recording)


def sender_values(senders: tuple[Sender, ...]) -> list[list[object]]:
    """Return senders as JSON values, in which no text is escaped."""
    return [[getattr(sender, name) for name in Sender.fields] for sender in senders]


def senders_of(data: list[list[Any]]) -> tuple[Sender, ...]:
    """Return the senders that `sender_values` wrote."""
    return tuple([Sender(**dict(zip(Sender.fields, values, strict=True))) for values in data])


def _sender(domain: str, ip: str, mail_from: str) -> Sender:
    sender = Sender(ip.strip(), mail_from.strip() or f"@{domain}")
    if not concerns(sender, fold(domain_of(sender)), domain):
        given = visible(sender.sender, 80)
        raise ArgumentError(f"sender {sender.ip}: {given} is another domain's; expected an address of {domain}")
    return sender
