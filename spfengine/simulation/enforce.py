"""Whether a domain is ready for `-all`: its record with `-all` in place of what it ends with, and what that does to the
senders that are given.
"""

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from spfengine.answers import Answer, Question, RRType
from spfengine.drivers import asking, drive, once
from spfengine.errors import ArgumentError
from spfengine.evaluation.check_host import select_record
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.session import Answers
from spfengine.evaluation.unanswered import hint_for, named_unknown
from spfengine.names import domain_fault, fold
from spfengine.policy.inputs import Inputs
from spfengine.problems import Problem, Result
from spfengine.record.model import All, Record
from spfengine.reportable import Reportable
from spfengine.senders import Sender, domain_of, sender_dict, sender_list
from spfengine.simulation.simulate import simulating
from spfengine.simulation.simulation import Effect, SenderChange, Simulation
from spfengine.visible import short_repr, visible, visible_name

if TYPE_CHECKING:
    from spfengine.answers import Resolver
    from spfengine.dmarc.suffixes import PublicSuffixes

_MOST_REDIRECTS = 10  # RFC 7208 §4.6.4: each is a lookup


class Prospect(StrEnum):
    """What `-all` means for a sender."""

    FAILS = "fails"
    """It gets fail, or an error, and nothing shows that DKIM carries its mail."""
    CARRIED_BY_DKIM = "carried-by-dkim"
    """It gets fail, but a receiver reported that its mail passes DMARC by DKIM."""
    UNKNOWN = "unknown"
    """DNS could not answer, or the result depends on what is not known of the sender."""
    OTHER = "other"
    """Its result does not depend on `-all`: a term decides with "~" or "?", or the record of another MAIL FROM."""
    PASSES = "passes"


@dataclass(frozen=True, slots=True)
class Readiness(Reportable):
    """Whether a domain is ready for `-all`, as far as the senders given show.

    Attributes:
        domain: the domain.
        record_domain: the domain whose record is to end with `-all`: the domain, or where its redirect leads.
        record: that record with `-all`; None if there is no record that could end with it.
        is_enforced: whether it ends with `-all` already.
        simulation: what the change does; None without a record.
        obstacle: why there is no record that could end with `-all`, or None.
        is_incomplete: whether DNS could not answer something, so that not everything is known.
    """

    domain: str
    record_domain: str
    record: str | None
    is_enforced: bool
    simulation: Simulation | None
    obstacle: str | None
    is_incomplete: bool

    def __repr__(self) -> str:
        return short_repr(self, ("domain", "is_ready"))

    def senders(self, prospect: Prospect) -> tuple[SenderChange, ...]:
        """Return the senders of which this is true, those with the most messages first."""
        senders = () if self.simulation is None else self.simulation.senders
        found = [change for change in senders if self.prospect_of(change) is prospect]
        return tuple(sorted(found, key=lambda change: -change.sender.count))

    def prospect_of(self, change: SenderChange) -> Prospect:
        """Return what `-all` means for a sender."""
        before, after = change.before.result, change.after.result
        if before is after and after is not Result.PASS and fold(domain_of(change.sender)) != fold(self.domain):
            return Prospect.OTHER  # its own record decides
        if change.effect is Effect.UNKNOWN or change.rests_on or after is Result.TEMPERROR:
            return Prospect.UNKNOWN
        if after is Result.PASS:
            return Prospect.PASSES
        if after is Result.FAIL:
            return Prospect.CARRIED_BY_DKIM if change.sender.dmarc_dkim == "pass" else Prospect.FAILS
        return Prospect.FAILS if after is Result.PERMERROR else Prospect.OTHER

    @property
    def is_ready(self) -> bool | None:
        """Whether every sender given passes with `-all`; None if that is not known, as without any sender."""
        if self.simulation is None:
            return None if self.is_incomplete else False
        if self.senders(Prospect.FAILS) or self.senders(Prospect.CARRIED_BY_DKIM) or self.simulation.is_broken:
            return False
        if self.is_incomplete or self.senders(Prospect.UNKNOWN) or not self.simulation.senders:
            return None
        return True

    def render(self, *, own: Iterable[str] = (), width: int | None = 80) -> str:
        """Return the text that `spfengine simulate --enforce` prints.

        Args:
            own: domains whose records you can edit, in addition to the domain.
            width: columns to which lines are wrapped; None: not wrapped.
        """
        from spfengine.text.enforce import render_readiness

        return render_readiness(self, width, own)

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values, without the simulation."""
        senders = {
            str(prospect): [sender_dict(change.sender) for change in self.senders(prospect)] for prospect in Prospect
        }
        return {
            "ready": self.is_ready,
            "enforced": self.is_enforced,
            "record_domain": visible_name(self.record_domain),
            "record": None if self.record is None else visible(self.record, 1 << 16),
            "obstacle": self.obstacle,
            "incomplete": self.is_incomplete,
            "senders": senders,
        }


def enforce(
    domain: str,
    *,
    resolver: "Resolver | None" = None,
    senders: Iterable[Sender] = (),
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
    suffixes: "PublicSuffixes | None" = None,
) -> Readiness:
    """Return whether a domain is ready for `-all`, as far as the senders given show.

    Args:
        domain: the domain.
        resolver: what answers DNS questions; live DNS by default.
        senders: who sends for the domain, as reports, messages and logs show it.
        limits, receiver, now: as for `check`.
        suffixes: a list of public suffixes; see `alignment`.

    Raises:
        ArgumentError: the domain is not a domain name, or `senders` is not a list of Senders.
        ResolverError: `resolver` breaks the resolver protocol. Exceptions that it raises itself are passed on.
    """
    return drive(enforcing(domain, sender_list(senders), limits, receiver, now, suffixes), resolver, None)


def enforcing(
    domain: str,
    senders: tuple[Sender, ...],
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
    suffixes: "PublicSuffixes | None" = None,
) -> Generator[Question, Answer, Readiness]:
    """Return what `enforce` returns; yields the Questions that need answers."""
    inputs = Inputs(domain, None, None, limits, receiver, 0.0 if now is None else now)
    fault = domain_fault(inputs.domain)
    if fault is not None:
        raise ArgumentError(fault)
    known: Answers = {}
    found = yield from _deciding_record(inputs.domain, known)
    if isinstance(found.record, str):
        return Readiness(inputs.domain, found.name, None, False, None, found.record, found.is_failure)
    draft = enforced(found.record)
    drafts = {found.name.encode("latin-1"): draft}
    steps = simulating(domain, drafts, senders, limits, receiver, now, suffixes, known)
    simulation = yield from steps
    is_enforced = draft == found.record.source
    return Readiness(inputs.domain, found.name, draft, is_enforced, simulation, None, simulation.is_incomplete)


def enforced(record: Record) -> str:
    """Return the text of a record with `-all` in place of its `all`, or at its end if it has none."""
    directive = next((each for each in record.directives if isinstance(each, All)), None)
    if directive is None:
        return f"{record.source.rstrip(' ')} -all"
    start, end = directive.span
    return f"{record.source[:start]}-all{record.source[end:]}"


@dataclass(frozen=True, slots=True)
class _Found:
    """The record that decides, or why there is none.

    Attributes:
        name: the domain that has it, or should have it.
        record: the record, or why there is none.
        is_failure: whether DNS could not answer.
    """

    name: str
    record: Record | str
    is_failure: bool = False


def _deciding_record(domain: str, known: Answers) -> Generator[Question, Answer, _Found]:
    """Return the record whose `all` decides for a domain, along redirects."""
    name, seen = domain, {fold(domain)}
    while True:
        answer = yield from once(asking(Question(name, RRType.TXT)), known)
        shown = visible_name(name)
        if answer.is_failure:
            failed = {Question(name, RRType.TXT): answer}
            why = f"the record of {shown} is not known: {named_unknown(failed)}; {hint_for(failed)}"
            return _Found(name, why, True)
        selected = select_record(answer)
        if not isinstance(selected, Record):
            why = selected.text if isinstance(selected, Problem) else selected.problems[0].text
            return _Found(name, f"{shown} has no record that could end with -all: {why}")
        if selected.redirect is None:
            return _Found(name, selected)
        target = selected.redirect.value.target
        if not target or fold(target) in seen or len(seen) > _MOST_REDIRECTS:
            redirect = visible(selected.redirect.text, 80)
            return _Found(name, f"{shown} has {redirect}, and no single record with all can be found by it")
        name = target
        seen.add(fold(target))
