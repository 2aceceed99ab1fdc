"""A check whose reader edits the client, and the records."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from spfengine.advice.explained_check import BOTH, CheckRequest, explained
from spfengine.errors import ArgumentError
from spfengine.evaluation.limits import Limits
from spfengine.evaluation.session import HELO
from spfengine.names import domain_fault, fold
from spfengine.report.check import explained_page
from spfengine.report.edits.situation import USUAL, Draft, Edit, Entry, drafted, published
from spfengine.report.page import Page
from spfengine.resolvers.overlay import with_drafts
from spfengine.resolvers.recording import Recorder, Recording
from spfengine.simulation.simulate import simulate
from spfengine.text.limit_plan import draft_words, limit_plan_lines

_LONGEST_ENTRY = 2000


@dataclass(frozen=True, slots=True)
class EditableCheck:
    """What a check was made of.

    Attributes:
        request: what was checked.
        drafts: the drafts, and the published record of the domain if it has no draft.
        answers: the recorded answers of DNS, without the drafts.
    """

    kind: ClassVar[str] = "check"
    title: ClassVar[str] = "Try another client or record"
    takes_senders: ClassVar[bool] = False
    request: CheckRequest
    drafts: tuple[Draft, ...]
    answers: Recording

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The client: its address, MAIL FROM if that is checked, and HELO."""
        sender = Entry("MAIL FROM", self.request.sender, "alice@example.com")
        return (
            Entry("Address of the client", self.request.ip, "192.0.2.1"),
            *([] if self.request.identity == HELO else [sender]),
            Entry("HELO name, if known", self.request.helo or "", "mail.example.com"),
        )

    @property
    def needs(self) -> tuple[str, ...]:
        """No further packages."""
        return ()

    def to_dict(self) -> dict[str, object]:
        """Return the situation as JSON values, in which no text is escaped. Raises RecordingError, as `Recording`."""
        request = self.request
        return {
            "client": [request.ip, request.sender, request.helo, request.identity],
            "limits": [getattr(request.limits, name) for name in Limits.fields],
            "receiver": request.receiver,
            "drafts": [list(draft) for draft in self.drafts],
            "answers": self.answers.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return what `to_dict` wrote."""
        ip, sender, helo, identity = data["client"]
        limits = Limits(**dict(zip(Limits.fields, data["limits"], strict=True)))
        return cls(
            CheckRequest(ip, sender, helo, identity, limits, data["receiver"]),
            tuple([Draft(*draft) for draft in data["drafts"]]),
            Recording.from_dict(data["answers"]),
        )

    def page(self, edit: Edit) -> Page:
        """Return the page of the check of another client, or with other records.

        Raises:
            AddressError: the address is not an IP address.
            ArgumentError: a draft or the client can't be used.
            ZoneError: a draft can't be used.
        """
        request = self._edited(edit.entries)
        records = drafted(self.drafts, edit.drafts)
        found = explained(request, with_drafts(self.answers, records))
        plan = found.plan
        lines = [] if plan is None else list(limit_plan_lines(plan, None, draft_words(records, plan.domain)))
        return explained_page(found, request.limits, found.asked(records), lines)

    def _edited(self, entries: tuple[str | None, ...]) -> CheckRequest:
        request = self.request
        if any(len(text or "") > _LONGEST_ENTRY for text in entries):
            raise ArgumentError(f"a line of the client has more than {_LONGEST_ENTRY:,} characters")
        texts = [None if text is None else text.strip() for text in entries or [None] * len(self.entries)]
        ip, *sender, helo = texts
        if helo == "" and request.identity in (HELO, BOTH):
            raise ArgumentError("the HELO name is checked, so it can't be empty; write what the client gave")
        mail_from = next(iter(sender), None)
        return replace(
            request,
            ip=request.ip if ip is None else ip,
            sender=request.sender if mail_from is None else mail_from,
            helo=request.helo if helo is None else helo or None,
        )


def recorded_check(recorder: Recorder, request: CheckRequest, drafts: Mapping[str, str]) -> EditableCheck:
    """Return what a check was made of, with the answers that it got.

    What other clients and records need is asked first: all that the record of the domain asks for whatever the client,
    and the addresses and mail servers of the domain.

    Raises:
        RecordingError: see `Recorder.recording`.
    """
    greeted = [replace(request, identity=HELO).domain] if request.identity == BOTH else []
    for domain in [request.domain, *greeted]:
        if domain_fault(domain) is None:
            for resolver in (recorder, with_drafts(recorder, drafts)):
                simulate(domain, {domain.encode("latin-1"): USUAL}, resolver=resolver)
    named = [Draft(name, record) for name, record in drafts.items()]
    if domain_fault(request.domain) is None and fold(request.domain) not in map(fold, drafts):
        named.append(published(request.domain, recorder))
    return EditableCheck(request, tuple(named), recorder.recording)
