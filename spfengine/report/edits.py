"""What edits of a draft change: the part of the engine that an interactive report calls, in the browser of its reader.

A `Situation` is all that a simulation was made of. It is embedded in the report as JSON, and each edit is answered with
the view of a new simulation: the same functions as in the command, with the recorded answers of DNS.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from spfengine.answers import Resolver
from spfengine.errors import ArgumentError, SPFEngineError
from spfengine.names import fold
from spfengine.report.html import view_html
from spfengine.report.page import Page
from spfengine.report.simulate import simulation_page
from spfengine.resolvers.overlay import Overlay
from spfengine.resolvers.recording import Recorder, Recording
from spfengine.resolvers.zone_files.pasted import read_pasted
from spfengine.senders import Sender, concerns, domain_of
from spfengine.simulation.simulate import simulate
from spfengine.visible import visible, visible_name

SCHEMA = "spfengine.situation/1"
MOST_SENDERS = 1000
"""How many senders a reader may add."""
_USUAL = "v=spf1 a mx ?all"
_LONGEST_DRAFT = 1 << 16
_LONGEST_ANSWER = 1000


@dataclass(frozen=True, slots=True)
class Situation:
    """What a simulation was made of.

    Attributes:
        domain: the domain.
        drafts: the names and their drafts.
        senders: the senders.
        own: domains whose records the admin can edit.
        formats: the forms of the records to paste; none: all.
        answers: the recorded answers of DNS, without the drafts.
    """

    domain: str
    drafts: tuple[tuple[str, str], ...]
    senders: tuple[Sender, ...]
    own: tuple[str, ...]
    formats: tuple[str, ...]
    answers: Recording

    def to_dict(self) -> dict[str, object]:
        """Return the situation as JSON values, in which no text is escaped. Raises RecordingError, as `Recording`."""
        return {
            "schema": SCHEMA,
            "domain": self.domain,
            "drafts": [list(draft) for draft in self.drafts],
            "senders": [[getattr(sender, name) for name in Sender.fields] for sender in self.senders],
            "own": list(self.own),
            "formats": list(self.formats),
            "answers": self.answers.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return what `to_dict` wrote."""
        return cls(
            data["domain"],
            tuple([(name, record) for name, record in data["drafts"]]),
            tuple([Sender(**dict(zip(Sender.fields, values, strict=True))) for values in data["senders"]]),
            tuple(data["own"]),
            tuple(data["formats"]),
            Recording.from_dict(data["answers"]),
        )

    def page(self, records: tuple[str, ...], added: tuple[Sender, ...] = ()) -> Page:
        """Return the page of a simulation with other drafts for the same names, and with more senders.

        Raises:
            ArgumentError: a draft is empty.
            ZoneError: a draft can't be used.
        """
        drafts = {name: record for (name, _), record in zip(self.drafts, records, strict=True)}
        for name, record in drafts.items():
            if not record.strip():
                raise ArgumentError(f"the draft for {visible_name(name)} is empty; write one such as v=spf1 mx -all")
        asked = {name.encode("latin-1"): record for name, record in drafts.items()}
        senders = (*self.senders, *added)
        simulation = simulate(self.domain, asked, resolver=self.answers, senders=senders)
        after: Resolver = Overlay(self.answers, {name: {"TXT": record} for name, record in asked.items()})
        return simulation_page(simulation, self.own, self.formats, (self.answers, after))


def recorded_situation(
    recorder: Recorder,
    domain: str,
    drafts: Mapping[str, str],
    senders: tuple[Sender, ...],
    own: tuple[str, ...],
    formats: tuple[str, ...],
) -> Situation:
    """Return a situation with the answers that a simulation got.

    What nearly every edit needs, the addresses and mail servers of the names, is asked first if the drafts did not.

    Raises:
        RecordingError: see `Recorder.recording`.
    """
    usual = {name.encode("latin-1"): _USUAL for name in drafts}
    simulate(domain, usual, resolver=recorder, senders=senders)
    return Situation(domain, tuple(drafts.items()), senders, own, formats, recorder.recording)


def responding(octets: bytes) -> Callable[[str], str]:
    """Return what answers the edits of a reader; `octets` are a situation, as JSON.

    An edit is JSON with the keys `drafts`, the records in the order of the situation, and `senders`, a list of
    [address, MAIL FROM]. The answer is JSON with the keys `kind`, what the view is, `view`, HTML in which all
    text is escaped, and `answer`, a sentence; or `error`, a message.
    """
    situation = Situation.from_dict(json.loads(octets))

    def respond(text: str) -> str:
        try:
            page = _edited(situation, json.loads(text))
        except SPFEngineError as error:
            return json.dumps({"error": str(error)})
        said = "".join([span.text for span in page.answer])
        return json.dumps({"kind": page.kind, "view": view_html(page, ""), "answer": visible(said, _LONGEST_ANSWER)})

    return respond


def _edited(situation: Situation, edit: Mapping[str, Any]) -> Page:
    records = tuple([_record(text) for text in edit["drafts"]])
    given = edit["senders"]
    if len(given) > MOST_SENDERS:
        raise ArgumentError(f"more than {MOST_SENDERS:,} senders; take some out")
    return situation.page(records, tuple([_sender(situation.domain, *each) for each in given]))


def _record(text: str) -> str:
    if len(text) > _LONGEST_DRAFT:
        raise ArgumentError(f"a draft of {len(text):,} characters; a TXT record has at most {_LONGEST_DRAFT - 1:,}")
    return read_pasted(text.strip()).text


def _sender(domain: str, ip: str, mail_from: str) -> Sender:
    sender = Sender(ip.strip(), mail_from.strip() or f"@{domain}")
    if not concerns(sender, fold(domain_of(sender)), domain):
        given = visible(sender.sender, 80)
        raise ArgumentError(f"sender {sender.ip}: {given} is another domain's; expected an address of {domain}")
    return sender
