"""Why each term is added, removed or kept, in words."""

from collections.abc import Sequence
from ipaddress import IPv4Network

from spfengine.addresses import V4, V6, address_text
from spfengine.advice.identify.reverse_dns import ReverseName
from spfengine.advice.suggest.candidates import Candidate, CandidateKind
from spfengine.advice.suggest.coverage import (
    MAX_DIRECTIVES,
    AddressSets,
    Coverage,
    Removable,
    covering,
    is_harmless,
)
from spfengine.advice.suggest.draft import Slot
from spfengine.advice.suggest.request import address_of
from spfengine.advice.suggest.search import Plan
from spfengine.advice.suggest.suggestion import Limit, SenderAdvice, SenderStanding, Shortfall, TermAdvice
from spfengine.catalogue.provider import ProviderKind
from spfengine.evaluation.check_host import QUALIFIERS
from spfengine.policy.ranges import networks_of, size
from spfengine.problems import Result
from spfengine.record.model import All, Directive, Exists, Include, Network, Redirect, Term
from spfengine.visible import visible, visible_name
from spfengine.wording import number_text, sentence_list

_MAX_TERM = 60
_MOST_LISTED = 3  # addresses or terms
_KINDS = {ProviderKind.RELAY: "relay", ProviderKind.HOST: "mail host"}


def limits_text(shortfall: Shortfall) -> str:
    """Return in words which limit a draft exceeds, and by how much."""
    needed, allowed = shortfall.needed, shortfall.allowed
    over = f"{allowed} are allowed: {needed - allowed} too many"
    match shortfall.limit:
        case Limit.LOOKUPS:
            return f"{needed} {'lookup is' if needed == 1 else 'lookups are'} needed, {over}"
        case Limit.VOID_LOOKUPS:
            return f"there {'is 1 void lookup' if needed == 1 else f'are {needed} void lookups'}, {over}"
        case Limit.SIZE:
            return f"the DNS answer has {needed} octets, {over}"
        case Limit.PASSING:
            return f"{needed} {'network that passes stops' if needed == 1 else 'networks that pass stop'}"
        case Limit.SENDERS:
            return f"{needed} {'wanted sender does not pass' if needed == 1 else 'wanted senders do not pass'}"


def unused_addresses(
    coverage: Sequence[Coverage], removable: Removable, plan: Plan, senders: Sequence[SenderAdvice]
) -> list[int]:
    """Return the indexes of the addresses that are kept, and that decided no message."""
    used = {term for sender in senders for term in (sender.by_before, sender.by_after) if term}
    came_from = [address_of(sender.sender) for sender in senders if sender.before is not None]
    kept = [index for index in removable.addresses if index not in plan.going]
    unused = [index for index in kept if coverage[index].directive.text not in used]
    return [index for index in unused if not any(coverage[index].contains(*address) for address in came_from)]


class Reasons:
    """Finds the reasons of one suggestion."""

    def __init__(
        self,
        coverage: Sequence[Coverage],
        removable: Removable,
        plan: Plan,
        coming: Sequence[Candidate],
        senders: Sequence[SenderAdvice],
        names: dict[str, list[ReverseName]],
        slot: Slot,
    ) -> None:
        split = slot.directives
        self._coverage = coverage
        self._all = [*coverage[:split], *[candidate.coverage for candidate in coming], *coverage[split:]]
        self._split, self._shift = split, len(coming)
        self._removable, self._plan, self._senders, self._names = removable, plan, senders, names
        self._has_results = any(sender.before for sender in senders)
        self._unused = set(unused_addresses(coverage, removable, plan, senders)) if self._has_results else set()
        self._is_long = len(coverage) > MAX_DIRECTIVES
        self._gone = {self._new_index(index) for index in plan.going}

    def coming(self, candidate: Candidate) -> TermAdvice:
        """Return a term that is added."""
        served = [
            sender for sender in self._senders if sender.by_after == candidate.term and sender.after is Result.PASS
        ]
        newly = [sender.sender.ip for sender in served if sender.standing is SenderStanding.SERVED]
        ips = _listed(list(dict.fromkeys(newly)))
        effect = f"lets {ips} pass" if newly else f"matches {spans_text(candidate.coverage.spans)}"
        match candidate.kind:
            case CandidateKind.INCLUDE:
                why = f"{effect}: {_service(candidate)}"
            case CandidateKind.HOST:
                why = f"{effect}: the name resolves to it"
            case CandidateKind.HOST_ADDRESS:
                why = (
                    f"{effect}: the address of a name of yours, since the name would exceed a limit; change it when "
                    "that address changes"
                )
            case CandidateKind.ADDRESS:
                why = f"{effect}: the address itself, because it could not be identified"
            case _:
                why = f"as requested; {effect}"
        messages = sum(sender.sender.count for sender in served)
        return TermAdvice("+", candidate.term, why, candidate.coverage.count, (), messages, ())

    def going(self, index: int, directive: Directive) -> TermAdvice:
        """Return a term that is removed."""
        coverage = self._at(index)
        spans = None if coverage is None else coverage.spans
        by = self._covering(index)
        others = f"{_terms(by)} match{'es' if len(by) == 1 else ''} {spans_text(spans)} too"
        if index in self._removable.dropped:
            why = f"as requested; {others if self._is_covered(index) else _stopping(directive, spans)}"
        elif index in self._removable.idle:
            why = _why_idle(coverage, directive)
        elif index in self._plan.by_name:
            why = f"removed to stay within the limits: {others}"
        else:
            why = f"stale: {others}, so nothing stops passing"
        messages = self._messages_before(directive)
        if index not in self._removable.idle and self._has_results:
            why += f"; {_messages(messages)} matched it"
        count = None if coverage is None else coverage.count
        return TermAdvice("-", directive.text, why, count, by, messages, self._names_of(directive))

    def staying(self, index: int, directive: Directive) -> TermAdvice:
        """Return a term that is kept."""
        coverage = self._at(index)
        by = self._covering(index)
        messages = sum(sender.sender.count for sender in self._senders if sender.by_after == directive.text)
        if isinstance(directive, All):
            why = self._why_all(directive)
        elif coverage is None:
            why = "never evaluated"
        else:
            why = self._why_staying(coverage, by)
        count = None if coverage is None else coverage.count
        names = self._names_of(directive)
        return TermAdvice("=", directive.text, why, count, by, messages, names, index in self._unused)

    def modifier(self, term: Term) -> TermAdvice:
        """Return a modifier; all are kept."""
        why = "its record decides what no term before it decides" if isinstance(term, Redirect) else "unchanged"
        return TermAdvice("=", term.text, why, None, (), 0, ())

    def _why_all(self, directive: All) -> str:
        why = f"{QUALIFIERS[directive.qualifier]} for everybody else"
        decided = self._messages_before(directive)
        if decided:
            ips = list(dict.fromkeys(s.sender.ip for s in self._senders if s.by_before == directive.text))
            why += f"; now it decides {_messages(decided)}, from {_listed(ips)}"
        return why

    def _why_staying(self, coverage: Coverage, by: tuple[str, ...]) -> str:
        directive = coverage.directive
        if coverage.outside is not None:
            return f"what it matches is not known: {coverage.outside}"
        if coverage.spans is None:
            return "what it matches depends on more than the address"
        if coverage.is_empty:
            return "matches no client"
        if isinstance(directive, Network) and coverage.passes and not self._is_long:
            part = f"{_terms(by)} match{'es' if len(by) == 1 else ''} a part of it"
            why = part if by else self._nothing_else
        elif coverage.passes:
            why = f"matches {spans_text(coverage.spans)}"
        else:
            why = f"{QUALIFIERS[directive.qualifier]} for {spans_text(coverage.spans)}"
        if self._has_results:
            why += f"; {_messages(self._messages_before(directive))} matched it"
        return why

    @property
    def _nothing_else(self) -> str:
        """That no other term matches an address, as far as that is known."""
        is_partial = any(coverage.outside is not None for coverage in self._all)
        return "nothing else is known to match it" if is_partial else "nothing else matches it"

    def _new_index(self, index: int) -> int:
        """Return the index of a directive after the new terms are added."""
        return index if index < self._split else index + self._shift

    def _at(self, index: int) -> Coverage | None:
        return self._coverage[index] if index < len(self._coverage) else None

    def _covering(self, index: int) -> tuple[str, ...]:
        if self._at(index) is None or self._is_long:
            return ()
        new_index = self._new_index(index)
        return tuple([other.text for other in covering(self._all, new_index, self._gone - {new_index})])

    def _is_covered(self, index: int) -> bool:
        new_index = self._new_index(index)
        return self._at(index) is not None and is_harmless(self._all, {new_index}, self._gone - {new_index})

    def _messages_before(self, directive: Directive) -> int:
        return sum(sender.sender.count for sender in self._senders if sender.by_before == directive.text)

    def _names_of(self, directive: Directive) -> tuple[str, ...]:
        if not isinstance(directive, Network) or directive.prefix != directive.family.bits:
            return ()
        names = self._names.get(address_text(directive.family, directive.network), [])
        return tuple([name.name for name in names if name.confirmed])


def _stopping(directive: Directive, spans: AddressSets | None) -> str:
    """Return what happens to the clients of a removed directive that no other covers."""
    if isinstance(directive, All) or directive.qualifier != "+":
        return "the terms after it decide for its clients"
    return f"nothing else matches {spans_text(spans)}, so that stops passing"


def _why_idle(coverage: Coverage | None, directive: Directive) -> str:
    """Return why a directive can't decide."""
    if coverage is None:
        return "after all, so it is never evaluated"
    if not coverage.is_empty:
        return "in the record twice"
    if isinstance(directive, Include):
        target = visible_name(directive.domain_spec.target or "")
        return f"matches no client: {target} has no SPF record that lets any client pass"
    if isinstance(directive, Exists):
        return "matches no client: the name does not exist"
    return "matches no client: the name has no address"


def _service(candidate: Candidate) -> str:
    """Return in words whose include a candidate is."""
    provider = candidate.provider
    assert provider is not None, "an include is offered for a service"
    article = "a shared " if provider.shared else "a "
    kind = _KINDS.get(provider.kind, "service")
    return f"{visible(provider.name, _MAX_TERM)}, {article}{kind} whose addresses vary"


def spans_text(spans: AddressSets | None) -> str:
    """Return a set of addresses in words: each by name if they are few."""
    if spans is None:
        return "an unknown set of addresses"
    networks = [*networks_of(V4, spans[0]), *networks_of(V6, spans[1])]
    if len(networks) > _MOST_LISTED:
        return f"{number_text(size(spans[0]) + size(spans[1]))} addresses"
    texts = [str(net).removesuffix("/32" if isinstance(net, IPv4Network) else "/128") for net in networks]
    return _listed(texts) or "no address"


def _listed(parts: Sequence[str]) -> str:
    return sentence_list(parts, _MOST_LISTED)


def _terms(terms: Sequence[str]) -> str:
    return _listed([visible(term, _MAX_TERM) for term in terms])


def _messages(number: int) -> str:
    return "no message" if not number else f"{number:,} message{'s' if number != 1 else ''}"
