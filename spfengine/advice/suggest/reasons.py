"""Why a term comes, goes or stays, in words."""

from collections.abc import Sequence
from ipaddress import IPv4Network

from spfengine.addresses import V4, V6, address_text
from spfengine.advice.catalogue.reading import ProviderKind
from spfengine.advice.identify.provider_networks import ReverseName
from spfengine.advice.suggest.candidates import (
    MAX_DIRECTIVES,
    Both,
    Candidate,
    Kind,
    Matched,
    Places,
    Slot,
    covering,
    is_harmless,
)
from spfengine.advice.suggest.search import Limit, Plan, Shortfall
from spfengine.advice.suggest.suggestion import SenderAdvice, SenderStanding, TermAdvice
from spfengine.policy.ranges import networks_of, size
from spfengine.problems import Result
from spfengine.record.model import All, Directive, Include, Network, Redirect, Term
from spfengine.visible import visible, visible_name

_SHOWN = 60
_MOST = 3  # addresses or terms that are named
_RESULTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_KINDS = {ProviderKind.RELAY: "relay", ProviderKind.HOST: "mail host"}
_UNITS = {
    Limit.LOOKUPS: ("lookup is", "lookups are"),
    Limit.VOID_LOOKUPS: ("void lookup is met", "void lookups are met"),
    Limit.SIZE: ("octet is", "octets are"),
    Limit.PASSING: ("network that passes stops", "networks that pass stop"),
    Limit.SENDERS: ("wanted sender does not pass", "wanted senders do not pass"),
}


def limits_text(shortfall: Shortfall) -> str:
    """Return in words which limit a draft is over, and by how much."""
    limit, needed, allowed = shortfall
    one, many = _UNITS[limit]
    told = f"{needed} {one if needed == 1 else many}"
    if limit in (Limit.PASSING, Limit.SENDERS):
        return told
    over = needed - allowed
    if limit is Limit.SIZE:
        return f"the DNS answer has {needed} octets, {allowed} are allowed: {over} too many"
    return f"{told}{' needed' if limit is Limit.LOOKUPS else ''}, {allowed} are allowed: {over} too many"


def unused_addresses(
    matched: Sequence[Matched], places: Places, plan: Plan, senders: Sequence[SenderAdvice]
) -> list[int]:
    """Return the places of the addresses that stay, and that decided no message."""
    used = {each.by_before for each in senders if each.by_before} | {each.by_after for each in senders if each.by_after}
    return [place for place in places.fixed if place not in plan.going and matched[place].directive.text not in used]


class Reasons:
    """Finds the reasons of one suggestion."""

    def __init__(
        self,
        matched: Sequence[Matched],
        places: Places,
        plan: Plan,
        coming: Sequence[Candidate],
        senders: Sequence[SenderAdvice],
        names: dict[str, list[ReverseName]],
        slot: Slot,
    ) -> None:
        split = slot.directives
        self._matched = matched
        self._all = [*matched[:split], *[each.matched for each in coming], *matched[split:]]
        self._split, self._shift = split, len(coming)
        self._places, self._plan, self._senders, self._names = places, plan, senders, names
        unused = unused_addresses(matched, places, plan, senders) if any(each.before for each in senders) else []
        self._unused = set(unused)
        self._is_long = len(matched) > MAX_DIRECTIVES
        self._gone = {self._place(place) for place in plan.going}

    def coming(self, candidate: Candidate) -> TermAdvice:
        """Return a term that comes."""
        served = [each for each in self._senders if each.by_after == candidate.term and each.after is Result.PASS]
        messages = sum(each.sender.count for each in served)
        newly = list(dict.fromkeys([e.sender.ip for e in served if e.standing is SenderStanding.SERVED]))
        lets = f"lets {_listed(newly)} pass" if newly else f"leads to {spans_text(candidate.matched.spans)}"
        match candidate.kind:
            case Kind.INCLUDE:
                why = f"{lets}: {_service(candidate)}"
            case Kind.HOST:
                why = f"{lets}: the name leads there"
            case Kind.ADDRESS:
                why = f"{lets}: the address itself, since nobody could name it"
            case _:
                why = f"as told; {lets}"
        return TermAdvice("+", candidate.term, why, count(candidate.matched.spans), (), messages, ())

    def going(self, place: int, directive: Directive) -> TermAdvice:
        """Return a term that goes."""
        by = self._covering(place)
        messages = self._messages_before(directive)
        names = self._names_of(directive)
        each = self._at(place)
        spans = None if each is None else each.spans
        used = "no message given came by it" if not messages else f"{_messages(messages)} came by it"
        others = f"{_terms(by)} lead{'s' if len(by) == 1 else ''} to {spans_text(spans)} too"
        if place in self._places.told_to_go:
            why = f"as told; {others if self._is_covered(place) else self._stopping(directive, spans)}"
        elif place in self._places.idle:
            why = self._idle(place, directive)
        elif place in self._plan.by_name:
            why = f"goes to keep the limits: {others}"
        else:
            why = f"stale: {others}, so nothing stops"
        if place not in self._places.idle and any(each.before for each in self._senders):
            why += f"; {used}"
        return TermAdvice("-", directive.text, why, count(spans), by, messages, names)

    def staying(self, place: int, directive: Directive) -> TermAdvice:
        """Return a term that stays."""
        each = self._at(place)
        spans = None if each is None else each.spans
        by = self._covering(place)
        messages = sum(e.sender.count for e in self._senders if e.by_after == directive.text)
        decided = self._messages_before(directive)
        if isinstance(directive, All):
            why = f"{_RESULTS[directive.qualifier]} for everybody else"
            if decided:
                ips = _listed(list(dict.fromkeys(e.sender.ip for e in self._senders if e.by_before == directive.text)))
                why += f"; now it decides {_messages(decided)}, from {ips}"
        elif each is None:
            why = "never looked at"
        elif spans is None:
            why = "what it matches rests on more than the address"
        elif each.is_empty:
            why = "matches nobody"
        else:
            result = "" if each.passes else f"{_RESULTS[directive.qualifier]} for "
            why = f"{result or 'leads to '}{spans_text(spans)}"
            if isinstance(directive, Network) and each.passes and not self._is_long:
                why = (
                    "nothing else leads there"
                    if not by
                    else f"{_terms(by)} lead{'s' if len(by) == 1 else ''} to a part"
                )
            if any(e.before for e in self._senders):
                why += f"; {_messages(decided)} came by it" if decided else "; no message given came by it"
        return TermAdvice(
            "=", directive.text, why, count(spans), by, messages, self._names_of(directive), place in self._unused
        )

    def modifier(self, term: Term) -> TermAdvice:
        """Return a modifier; all stay."""
        why = "what no term before it decides, that record does" if isinstance(term, Redirect) else "stays as it is"
        return TermAdvice("=", term.text, why, None, (), 0, ())

    def _place(self, place: int) -> int:
        return place if place < self._split else place + self._shift

    def _at(self, place: int) -> Matched | None:
        return self._matched[place] if place < len(self._matched) else None

    def _covering(self, place: int) -> tuple[str, ...]:
        if self._at(place) is None or self._is_long:
            return ()
        return tuple([each.text for each in covering(self._all, self._place(place), self._gone - {self._place(place)})])

    def _is_covered(self, place: int) -> bool:
        here = self._place(place)
        return self._at(place) is not None and is_harmless(self._all, {here}, self._gone - {here})

    def _stopping(self, directive: Directive, spans: Both | None) -> str:
        if isinstance(directive, All) or directive.qualifier != "+":
            return "whoever it decided for is decided for by what stands behind it"
        return f"nothing else leads to {spans_text(spans)}: that stops passing"

    def _idle(self, place: int, directive: Directive) -> str:
        each = self._at(place)
        if each is None:
            return "stands behind all, where nothing is looked at"
        if not each.is_empty:
            return "stands in the record twice"
        if isinstance(directive, Include):
            target = visible_name(directive.domain_spec.target or "")
            return f"matches nobody: {target} has no SPF record that lets anybody pass"
        return "matches nobody: the name leads to no address"

    def _messages_before(self, directive: Directive) -> int:
        return sum(each.sender.count for each in self._senders if each.by_before == directive.text)

    def _names_of(self, directive: Directive) -> tuple[str, ...]:
        if not isinstance(directive, Network) or directive.prefix != directive.family.bits:
            return ()
        found = self._names.get(address_text(directive.family, directive.network), [])
        return tuple([each.name for each in found if each.confirmed])


def _service(candidate: Candidate) -> str:
    """Return whose include a candidate is."""
    provider = candidate.provider
    assert provider is not None, "an include is offered for a service"
    shared = "a shared " if provider.shared else "a "
    kind = _KINDS.get(provider.kind, "service")
    return f"{visible(provider.name, _SHOWN)}, {shared}{kind} whose addresses vary"


def spans_text(spans: Both | None) -> str:
    """Return a set of addresses in words: named where they are few."""
    if spans is None:
        return "what is not known"
    networks = [*networks_of(V4, spans[0]), *networks_of(V6, spans[1])]
    if len(networks) > _MOST:
        total = size(spans[0]) + size(spans[1])
        return f"{total:,} addresses" if total < 1 << 40 else "very many addresses"
    shown = [str(net).removesuffix("/32" if isinstance(net, IPv4Network) else "/128") for net in networks]
    return _listed(shown) or "no address"


def count(spans: Both | None) -> int | None:
    """Return how many addresses a set has."""
    return None if spans is None else size(spans[0]) + size(spans[1])


def _listed(parts: Sequence[str]) -> str:
    if len(parts) > _MOST:
        return f"{', '.join(parts[:_MOST])} and {len(parts) - _MOST} more"
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _terms(terms: Sequence[str]) -> str:
    return _listed([visible(term, _SHOWN) for term in terms])


def _messages(number: int) -> str:
    return f"{number:,} message{'s' if number != 1 else ''}"
