"""Which terms may let a sender pass that does not: the include of its service, a name that leads to it, its address."""

from collections.abc import Collection, Generator, Iterable, Sequence
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import NamedTuple

from spfengine.addresses import V4, V6, address_text, network_range
from spfengine.advice.catalogue.reading import Provider
from spfengine.advice.identify.identification import How, Identification, Match
from spfengine.advice.identify.provider_networks import ReverseName
from spfengine.advice.suggest.request import Case, Steps, address_of
from spfengine.answers import Answer, Question
from spfengine.evaluation.limits import Limits
from spfengine.evaluation.session import Answers
from spfengine.linting.fixes import replaced
from spfengine.names import domain_fault, fold, is_askable, is_same_or_under
from spfengine.policy.budget import LIFTED
from spfengine.policy.compile import Inputs
from spfengine.policy.policy import compiling
from spfengine.policy.ranges import Spans, difference, intersection
from spfengine.policy.reachability import matched_alone
from spfengine.problems import Result
from spfengine.record.model import IP4, All, Directive, Network, Record, Redirect, Term, same_term, term_key
from spfengine.record.parser import parse
from spfengine.senders import Sender
from spfengine.simulation.drafts import Drafted
from spfengine.visible import visible, visible_name

# Which addresses each directive of a record matches, and what follows for leaving some of them out.

Both = tuple[Spans, Spans]
"""Sets of IPv4 and of IPv6 addresses."""


class Matched(NamedTuple):
    """A directive, and the addresses that it matches when it stands alone.

    Attributes:
        directive: the directive.
        spans: the addresses; None where that rests on more than the address, or DNS could not answer.
        is_vouched: whether it leads only where the admin, or a service that is known, has put it: what it covers may
            then be left out for it.
    """

    directive: Directive
    spans: Both | None
    is_vouched: bool = True

    @property
    def passes(self) -> bool:
        """Whether who matches passes."""
        return self.directive.qualifier == "+"

    @property
    def is_empty(self) -> bool:
        """Whether it matches nobody."""
        return self.spans is not None and not (self.spans[0] or self.spans[1])


def matching(
    inputs: Inputs, directive: Directive, answers: Answers, is_vouched: bool = True
) -> Generator[Question, Answer, Matched]:
    """Return what a directive of the domain's own record matches."""
    if isinstance(directive, IP4):  # as matched_alone has it, without compiling each one
        return Matched(directive, ([network_range(V4, directive.network, directive.prefix)], []), is_vouched)
    spans = yield from matched_alone(inputs, inputs.domain, directive, answers)
    return Matched(directive, spans, is_vouched)


def is_harmless(
    terms: Sequence[Matched],
    going: Collection[int],
    gone: Collection[int] = (),
    strictly: Collection[int] = (),
) -> bool:
    """Whether nobody who passes by these terms stops when some of them go: others before or behind lead there too.

    Args:
        terms: the directives in order, without `all`.
        going: places of those that go.
        gone: places of those that are not there any more.
        strictly: places of those that go only for others that are vouched for.
    """
    left_out = {*going, *gone}
    return all(_is_replaced(terms, place, left_out, place in strictly) for place in going)


def _is_replaced(terms: Sequence[Matched], place: int, going: Collection[int], strictly: bool) -> bool:
    each = terms[place]
    if each.is_empty:
        return True
    if each.spans is None:
        return False
    left = each.spans
    for other_place, other in enumerate(terms):
        if other_place == place or other_place in going:
            continue
        if other.spans is None:
            if other_place > place:
                return False  # who comes to it may end there
            continue
        if other.directive.qualifier != each.directive.qualifier:
            if other_place > place and _meets(left, other.spans):
                return False
            left = difference(left[0], other.spans[0]), difference(left[1], other.spans[1])
        elif other.is_vouched or not strictly:
            left = difference(left[0], other.spans[0]), difference(left[1], other.spans[1])
        if not (left[0] or left[1]):
            return True
    return False


def covering(terms: Sequence[Matched], place: int, going: Collection[int] = ()) -> tuple[Directive, ...]:
    """Return which of the terms that stay lead to addresses of one of them."""
    spans = terms[place].spans
    if spans is None:
        return ()
    return tuple(
        other.directive
        for other_place, other in enumerate(terms)
        if other_place != place
        and other_place not in going
        and other.directive.qualifier == terms[place].directive.qualifier
        and other.spans is not None
        and _meets(spans, other.spans)
    )


def _meets(left: Both, right: Both) -> bool:
    return bool(intersection(left[0], right[0]) or intersection(left[1], right[1]))


def holds(spans: Both | None, version: int, address: int) -> bool:
    """Whether an address is in the set; False where the set is not known."""
    if spans is None:
        return False
    table = spans[0] if version == 4 else spans[1]
    low, high = 0, len(table)
    while low < high:
        middle = (low + high) // 2
        first, last = table[middle]
        if address < first:
            high = middle
        elif address > last:
            low = middle + 1
        else:
            return True
    return False


# What may come into a record and what may go: candidates, and which of the terms that stand there may be left out.

MAX_DIRECTIVES = 300
"""Directives of a record up to which it is looked for those that can be left out."""


class Kind(StrEnum):
    """Why a term is a candidate."""

    INCLUDE = "include"
    """The record of a service that is known."""
    HOST = "host"
    """A name of the domain's own that leads to the address."""
    ADDRESS = "address"
    """The address itself, since nothing better is known."""
    TOLD = "told"
    """Whoever asks wants it."""


class Candidate(NamedTuple):
    """A term that may come.

    Attributes:
        term: its text.
        kind: why.
        matched: what it matches.
        match: who the catalogue says it is, for an include.
    """

    term: str
    kind: Kind
    matched: Matched
    match: Match | None = None

    @property
    def provider(self) -> Provider | None:
        """The service whose include it is, or None."""
        return None if self.match is None else self.match.provider


class Places(NamedTuple):
    """Which directives of the record may go, by their places, and which candidates have to come.

    Attributes:
        told_to_go: those that whoever asks wants out.
        idle: those that can't decide: behind `all`, written twice, or matching nobody.
        fixed: addresses, which go where others that are vouched for cover them.
        by_name: those that lead somewhere by name, which go only to keep the limits, where others cover them.
        told_to_come: places of the candidates that whoever asks wants.
    """

    told_to_go: frozenset[int]
    idle: frozenset[int]
    fixed: tuple[int, ...]
    by_name: tuple[int, ...]
    told_to_come: tuple[int, ...]

    @property
    def leaving(self) -> frozenset[int]:
        """All that go in any case."""
        return self.told_to_go | self.idle


def places_of(
    record: Record,
    matched: Sequence[Matched],
    drop: Sequence[Directive],
    keep: Sequence[Directive],
    *,
    keep_all: bool,
    told_to_come: tuple[int, ...],
) -> Places:
    """Return which directives of a record may go.

    Args:
        matched: the directives before its first `all`.
        drop, keep: the directives to drop and to keep, as given.
    """
    dropped, kept = set(map(term_key, drop)), set(map(term_key, keep))
    told: set[int] = set()
    idle: set[int] = set()
    fixed: list[int] = []
    by_name: list[int] = []
    seen: set[object] = set()
    for place, directive in enumerate(record.directives):
        key = term_key(directive)
        is_again = key in seen
        seen.add(key)
        each = matched[place] if place < len(matched) else None
        if key in dropped:
            told.add(place)
        elif keep_all or key in kept:
            continue
        elif each is None:
            if place > len(matched):
                idle.add(place)
        elif each.spans is None:
            continue
        elif is_again or each.is_empty:
            idle.add(place)
        elif each.passes:
            (fixed if isinstance(directive, Network) else by_name).append(place)
    return Places(frozenset(told), frozenset(idle), tuple(fixed), tuple(by_name), told_to_come)


def before_all(record: Record) -> list[Directive]:
    """Return the directives that come before the first `all`."""
    found: list[Directive] = []
    for directive in record.directives:
        if isinstance(directive, All):
            break
        found.append(directive)
    return found


MAX_HOSTS = 50
"""Names of the domain's own that are tried as `a:` terms."""
_MAX_PROVIDERS = 4  # services of one address whose includes are tried


class Rejected(NamedTuple):
    """A term that was thought of, and is not proposed.

    Attributes:
        term: its text.
        why: the reason, in words.
    """

    term: str
    why: str


class Offer(NamedTuple):
    """What there is for senders that do not pass.

    Attributes:
        candidates: the terms that may come.
        serving: by (IP version, address), the places of the candidates that let it pass.
        rejected: terms that were thought of, and do not serve.
    """

    candidates: list[Candidate]
    serving: dict[tuple[int, int], frozenset[int]]
    rejected: list[Rejected]


class Finder:
    """Finds candidates for one suggestion."""

    def __init__(self, case: Case, own: Sequence[str], record: Record, hosts: Iterable[str]) -> None:
        self._case = case
        self._own = own
        self._there = set(map(term_key, record.directives))
        self._hosts = dict.fromkeys([name for name in hosts if self._is_host(name)])
        self._tried: dict[object, Matched] = {}
        self.offer = Offer([], {}, [])

    def serve(
        self,
        senders: Sequence[Sender],
        identified: dict[str, Identification],
        names: dict[str, list[ReverseName]],
        consented: set[tuple[int, int]],
    ) -> Steps[None]:
        """Find the candidates for senders that do not pass.

        Args:
            identified: whose the addresses are.
            names: their names in reverse DNS.
            consented: addresses that may be named as such where nothing better is known.
        """
        bare: list[tuple[int, int]] = []
        for sender in {address_of(sender): sender for sender in senders}.values():
            yield from self._hosts_of(sender, names.get(sender.ip, []))
            yield from self._includes_of(sender, identified.get(sender.ip))
        for sender in {address_of(sender): sender for sender in senders}.values():
            version, address = address_of(sender)
            places = [p for p, each in enumerate(self.offer.candidates) if holds(each.matched.spans, version, address)]
            if places:
                self.offer.serving[version, address] = frozenset(places)
            elif (version, address) in consented:
                bare.append((version, address))
        yield from self._addresses(bare)

    def told(self, term: str) -> Steps[int]:
        """Take in a term that whoever asks wants; returns its place."""
        directive = parse(f"v=spf1 {term}").directives[0]
        matched = yield from self._matched(directive)
        self.offer.candidates.append(Candidate(term, Kind.TOLD, matched))
        return len(self.offer.candidates) - 1

    def _is_host(self, name: str) -> bool:
        askable = is_askable(name) and domain_fault(name) is None and name.isascii() and "*" not in name
        return askable and any(is_same_or_under(name, own) for own in self._own)

    def _hosts_of(self, sender: Sender, names: list[ReverseName]) -> Steps[None]:
        """Offer `a`, `mx` and `a:NAME` where they lead to the sender."""
        terms = ["a", "mx"]
        found = [each.name for each in names if each.confirmed]
        found += [sender.helo] if sender.helo else []
        under = [name for name in dict.fromkeys(map(fold, found)) if self._is_host(name)]
        terms += [f"a:{name}" for name in (*under, *list(self._hosts)[:MAX_HOSTS]) if fold(name) != self._domain]
        for term in terms:
            yield from self._offer_host(sender, term)

    @property
    def _domain(self) -> str:
        return fold(self._case.inputs.domain)

    def _offer_host(self, sender: Sender, term: str) -> Steps[None]:
        directive = _directive(term)
        if directive is None or term_key(directive) in self._there:
            return
        matched = yield from self._matched(directive)
        if holds(matched.spans, *address_of(sender)):
            self._add(Candidate(term, Kind.HOST, matched))

    def _includes_of(self, sender: Sender, found: Identification | None) -> Steps[None]:
        """Offer the include of each service that the sender belongs to."""
        matches = [] if found is None else [match for match in found.matches if match.provider is not None]
        by_spf = [match for match in matches if match.how is How.SPF and match.through is None]
        by_spf = by_spf or [match for match in matches if match.how is How.SPF]
        for match in (by_spf or matches)[:_MAX_PROVIDERS]:
            assert match.provider is not None, "others have been left out"
            term = f"include:{match.provider.include}"
            directive = _directive(term)
            if directive is None or term_key(directive) in self._there:
                continue
            matched = yield from self._matched(directive)
            if holds(matched.spans, *address_of(sender)):
                fault = yield from self._fault(term)
                if fault is None:
                    self._add(Candidate(term, Kind.INCLUDE, matched, match))
                else:
                    self._reject(term, f"its record is broken, so that some clients would get permerror: {fault}")
                continue
            who = f"{sender.ip} is {visible(match.name, 60)} by its reverse DNS"
            if matched.is_empty:
                why = f"{who}, but {visible_name(match.provider.include)} has no SPF record that lets anybody pass"
            elif matched.spans is None:
                why = f"{who}, but the record rests on more than the address, or could not be had"
            else:
                why = f"{who}, but that record does not let it pass"
            self._reject(term, why)

    def _fault(self, term: str) -> Steps[str | None]:
        """Return why some client gets permerror from a term alone, or None; limits are for the whole record."""
        inputs = self._case.inputs
        inputs = inputs.with_limits(Limits(LIFTED, LIFTED, inputs.limits.void_rule, inputs.limits.names, None))
        layer = Drafted({inputs.domain.encode("latin-1"): {"TXT": f"v=spf1 {term} ?all"}}, ())
        policy = yield from self._case.once(layer.through(compiling(inputs)))
        for version in (4, 6):
            for _, _, outcome in policy.ranges(version):
                if Result.PERMERROR in outcome.results:
                    return "some of it can't be told" if outcome.problem is None else outcome.problem.text
        return None

    def _addresses(self, bare: list[tuple[int, int]]) -> Steps[None]:
        """Offer addresses themselves, neighbours as one network where all of it is wanted."""
        v4 = collapse_addresses([IPv4Network(address) for version, address in bare if version == 4])
        v6 = collapse_addresses([IPv6Network(address) for version, address in bare if version == 6])
        networks: list[IPv4Network | IPv6Network] = [*v4, *v6]
        for network in networks:
            text = str(network).removesuffix("/32" if network.version == 4 else "/128")
            directive = _directive(f"ip{network.version}:{text}")
            assert directive is not None, "an address is a term"
            matched = yield from self._matched(directive)
            place = len(self.offer.candidates)
            self.offer.candidates.append(Candidate(directive.text, Kind.ADDRESS, matched))
            for version, address in bare:
                if holds(matched.spans, version, address):
                    self.offer.serving[version, address] = frozenset({place})

    def _matched(self, directive: Directive) -> Steps[Matched]:
        key = term_key(directive)
        if key not in self._tried:
            steps = matching(self._case.inputs, directive, dict(self._case.known))
            self._tried[key] = yield from self._case.once(steps)
        return self._tried[key]._replace(directive=directive)

    def _add(self, candidate: Candidate) -> None:
        directives = [each.matched.directive for each in self.offer.candidates]
        if not any(same_term(candidate.matched.directive, other) for other in directives):
            self.offer.candidates.append(candidate)

    def _reject(self, term: str, why: str) -> None:
        rejected = Rejected(term, why)
        if rejected not in self.offer.rejected:
            self.offer.rejected.append(rejected)


def varying(found: Identification | None) -> Match | None:
    """Return the service behind an address that its own record passes, so that the address is no name for it."""
    if found is None:
        return None
    return next((match for match in found.matches if match.provider is not None and match.how is How.SPF), None)


def address_term(sender: Sender) -> str:
    """Return the term that names a sender's address."""
    version, address = address_of(sender)
    return f"ip{version}:{address_text(V4 if version == 4 else V6, address)}"


def _directive(term: str) -> Directive | None:
    try:
        return parse(f"v=spf1 {term}").directives[0]
    except ValueError:
        return None


# The text of a draft: the record that stands, without the terms that go and with those that come.


class Slot(NamedTuple):
    """Where new terms go.

    Attributes:
        term: the term that they stand before; None: at the record's end.
        directives: how many directives stand before them.
    """

    term: Term | None
    directives: int


def last_slot(record: Record) -> Slot:
    """Return the place behind all mechanisms that count: before `all`, and before a redirect at the end."""
    directives = record.directives
    for place, directive in enumerate(directives):
        if isinstance(directive, All):
            return Slot(directive, place)
    end = directives[-1].span[1] if directives else 0
    behind = [term for term in record.terms if isinstance(term, Redirect) and term.span[0] >= end]
    return Slot(behind[0] if behind else None, len(directives))


def slot_before(record: Record, place: int) -> Slot:
    """Return the place before the directive at `place`."""
    return Slot(record.directives[place], place)


def draft_text(record: Record, going: Iterable[Directive], coming: Sequence[str], slot: Slot) -> str:
    """Return the text of a record with terms taken out and put in; all else stays as it was written."""
    text = record.source
    out = {term.span for term in going}
    at = len(text) if slot.term is None else slot.term.span[0]
    stays = [term.span[0] for term in record.terms if term.span[0] >= at and term.span not in out]
    at = stays[0] if stays else len(text)
    for start, end in sorted([*out, (at, at)], reverse=True):
        if start < end:
            text = replaced(text, (start, end), "")
        elif coming and stays:
            text = text[:at] + "".join([f"{each} " for each in coming]) + text[at:]
        elif coming:
            text = text.rstrip(" ") + "".join([f" {each}" for each in coming])
    return text
