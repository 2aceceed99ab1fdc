"""The plan that lint, check, tree and suggest end in if a record exceeds a limit: how to get within it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from spfengine.advice.limits.limits import limit_plan
from spfengine.advice.limits.plan import LimitPlan
from spfengine.answers import Resolver
from spfengine.catalogue.catalogue import Catalogue
from spfengine.cli.options import server_words
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.names import domain_fault
from spfengine.senders import Sender
from spfengine.text.limit_plan import draft_words, limit_plan_lines
from spfengine.text.lines import Line


@dataclass(frozen=True, slots=True)
class Asked:
    """What answers, so that a command line can be printed that uses the same.

    Attributes:
        zones, live, nameservers: the options of these names.
        drafts: the drafts by name.
    """

    zones: Sequence[str] = ()
    live: bool = False
    nameservers: Sequence[str] = ()
    drafts: Mapping[str, str] = field(default_factory=dict)

    def words(self, domain: str) -> list[str]:
        """Return the arguments of a command about a domain, except for its own draft."""
        words = [word for zone in self.zones for word in ("--zone", zone)]
        words += ["--live"] if self.live else []
        words += server_words(self.nameservers)
        return [*words, *draft_words(self.drafts, domain)]


def plan_of(
    domain: str,
    resolver: Resolver,
    limits: Limits = DEFAULT_LIMITS,
    *,
    senders: Iterable[Sender] = (),
    catalogue: Catalogue | None = None,
) -> LimitPlan | None:
    """Return the plan for a domain; None if its record is within the limits, or can't be read."""
    if domain_fault(domain) is not None:
        return None
    return limit_plan(domain, senders, resolver=resolver, catalogue=catalogue, limits=limits)


def plan_dict(plan: LimitPlan | None) -> dict[str, object] | None:
    """Return a plan for a document of `--json`; None if there is none."""
    return None if plan is None else plan.to_dict()


def plan_lines(plan: LimitPlan | None, width: int | None, asked: Asked) -> Iterator[Line]:
    """Yield the lines of a plan; none if there is none."""
    if plan is not None:
        yield from limit_plan_lines(plan, width, asked.words(plan.domain))
