"""`Checker`: checks clients as `check` does, and keeps the verdicts for as long as the TTLs of DNS allow.

How it works: a check notes the range of addresses around the client's for which it would run in the same way (see
`RangeSession`). For every client of that range the verdict is the same, so it is kept, and the next client of the range
gets it without an evaluation. `Policy.compile` covers all addresses in that way, one range after the other; a Checker
finds a range when the first client in it is checked. So no check waits for more than itself, and addresses that nobody
asks for cost nothing.

A check that depends on more than the range (`exists:%{i}`, `ptr`, the local part of the sender, an explanation that
names the client) is never kept.
"""

from math import inf
from threading import Lock
from time import monotonic, time
from typing import TYPE_CHECKING

from spfengine.addresses import V4, Family, IPAddress, locate, parse_address
from spfengine.answers import Answer, Question, RRType
from spfengine.checks import arun, is_null, run
from spfengine.errors import ArgumentError
from spfengine.evaluation.check_result import CheckResult, known_result
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.session import HELO, MAILFROM, Answers, RangeSession, Session, SharedVerdict
from spfengine.problems import ProblemCode
from spfengine.resolvers.asking import require_resolver
from spfengine.resolvers.cache import Cache, octets_of

if TYPE_CHECKING:
    from spfengine.checks import AnyResolver

MAX_RANGES = 4096
"""Ranges that are kept of one family of a domain; clients of further ranges are evaluated each time."""
_DOMAIN_SHARE = 16
"""A domain may use at most 1/16 of `max_octets`; after that no more of its verdicts are kept."""

# Estimates of the memory that is taken, in octets; `bench/memory.py` measures it.
_DOMAIN_OCTETS = 600
_RANGE_OCTETS = 80
_VERDICT_OCTETS = 800
_STEP_OCTETS = 150
_ANSWER_OCTETS = 350

_COMMON_LETTERS = frozenset("dovr")  # the macro-letters that have the same value for all clients of a range
_OF_ONE_CHECK = frozenset(  # problems that another check of the same client need not have
    {ProblemCode.TIME_LIMIT, ProblemCode.EXP_TIME_LIMIT, ProblemCode.HELO_UNKNOWN, ProblemCode.EXP_HELO_UNKNOWN}
)


class CheckerSession(RangeSession):
    """The check of one client, which also notes whether its verdict holds for the other clients of its range.

    Attributes:
        depends_on_client: whether a macro used a value of the client or the sender.
    """

    depends_on_client: bool = False

    def unknown_inputs(self, letters: frozenset[str]) -> tuple[str, ...]:
        """Return (); note if a letter depends on the client."""
        if not letters <= _COMMON_LETTERS:
            self.depends_on_client = True
        return ()

    def macro_value(self, letter: str, domain: str, validated_name: str) -> str:
        """Return the value of a macro-letter; note if it depends on the client."""
        if letter not in _COMMON_LETTERS:
            self.depends_on_client = True
        return super().macro_value(letter, domain, validated_name)

    @property
    def holds_for_range(self) -> bool:
        """Whether the verdict, once there is one, holds for every client from `lo` to `hi`."""
        return not (
            self.depends_on_client
            or any(question.type is RRType.PTR for question in self.answers)
            or any(p is not None and p.code in _OF_ONE_CHECK for p in (self.problem, self.explanation_problem))
        )


VerdictTable = tuple[tuple[int, ...], tuple[SharedVerdict | None, ...]]
"""A table of address ranges (see `addresses.Table`) with the verdict for each; None if it is not known yet."""

_UNKNOWN: VerdictTable = ((0,), (None,))


class DomainVerdicts:
    """The verdicts that are known for one domain.

    Attributes:
        checks: checks made so far; stops at `hot_after`.
        until: when the first of the answers that they depend on expires.
        referenced: the reference bit of CLOCK: whether it was used since eviction last passed it.
        octets: an estimate of the memory that it takes, without the answers.
        is_full: whether no more is kept, since it would take too much memory.
        ip4, ip6: the verdicts by range of addresses.
        answers: each answer that a verdict depends on, by identity.
    """

    __slots__ = (
        "_answers_by_use",
        "_verdicts",
        "answers",
        "checks",
        "ip4",
        "ip6",
        "is_full",
        "octets",
        "referenced",
        "until",
    )

    def __init__(self, checks: int = 0) -> None:
        self.checks: int = checks
        self.until: float = inf
        self.referenced: bool = False
        self.octets: int = _DOMAIN_OCTETS
        self.is_full: bool = False
        self.ip4: VerdictTable = _UNKNOWN
        self.ip6: VerdictTable = _UNKNOWN
        self.answers: dict[int, Answer] = {}
        self._verdicts: dict[object, SharedVerdict] = {}
        self._answers_by_use: dict[tuple[tuple[Question, int], ...], Answers] = {}

    def add(self, session: CheckerSession) -> None:
        """Keep the verdict of a session for its range, as far as no verdict is known there yet."""
        family = session.family
        table = self.ip4 if family is V4 else self.ip6
        starts, verdicts = table
        index = locate(starts, session.ip) - 1
        if verdicts[index] is not None or len(starts) >= MAX_RANGES:
            return
        filled = _fill_range(table, family, index, session.lo, session.hi, self._shared(session))
        self.octets += _RANGE_OCTETS * (len(filled[0]) - len(starts))
        if family is V4:
            self.ip4 = filled
        else:
            self.ip6 = filled

    def _shared(self, session: Session) -> SharedVerdict:
        """Return the verdict of a session: one object for all sessions that took the same path over the same answers.

        Answers are compared by identity: the resolver, or the cache before it, returns the same object again.
        """
        used = tuple([(question, id(answer)) for question, answer in session.answers.items()])
        path = tuple([(domain, id(term)) for domain, term in session.path])
        key = (session.family, used, path, session.result, session.lookups, session.voids, session.problem)
        verdict = self._verdicts.get(key)
        if verdict is None:
            verdict = self._verdicts[key] = SharedVerdict(session)
            self.octets += _VERDICT_OCTETS + _STEP_OCTETS * len(path)
            if used not in self._answers_by_use:
                self._answers_by_use[used] = session.answers
                self.octets += _ANSWER_OCTETS * len(used)
                self.answers.update({id(answer): answer for answer in session.answers.values()})
            verdict.answers = self._answers_by_use[used]
        return verdict


def _fill_range(
    table: VerdictTable, family: Family, index: int, lo: int, hi: int, verdict: SharedVerdict
) -> VerdictTable:
    """Return a table in which the addresses from `lo` to `hi`, within the range at `index`, have a verdict.

    Neighbouring ranges of one verdict become one.
    """
    starts, verdicts = table
    begin = starts[index]
    end = starts[index + 1] - 1 if index + 1 < len(starts) else family.last
    ranges: list[tuple[int, SharedVerdict | None]] = [(max(lo, begin), verdict)]
    if lo > begin:
        ranges.insert(0, (begin, None))
    elif index and verdicts[index - 1] is verdict:
        ranges.pop()  # the range before it grows instead
    after = index + 1
    if hi < end:
        ranges.append((hi + 1, None))
    elif after < len(starts) and verdicts[after] is verdict:
        after += 1  # the range after it becomes part of this one
    new_starts, new_verdicts = [start for start, _ in ranges], [kept for _, kept in ranges]
    return (
        (*starts[:index], *new_starts, *starts[after:]),
        (*verdicts[:index], *new_verdicts, *verdicts[after:]),
    )


class Checker:
    """Checks clients as `check` does, and remembers DNS answers and the verdicts for ranges of addresses.

    After `hot_after` checks of a domain, each further check keeps its verdict for the range of addresses for which it
    holds, and the next client of the range gets the result without an evaluation. In every field, results are those of
    `check`. A check that depends on more than the address is evaluated each time, and so is one that ends in temperror:
    no failure is kept.

    A verdict is forgotten when the first TTL that it depends on expires, or at `clear()`; until then, no change of DNS
    is noticed. Verdicts over a resolver that is `unchanging` (a Zone, a Recording) are kept until `clear()`. Over other
    resolvers, answers without a TTL are not kept, unless `default_ttl` is given. If another kind
    of resolver caches, a verdict may outlive its TTL by as long as the answer was already cached.

    Threads and event loops may share a Checker.

    Args:
        resolver: what answers; live DNS if it is not given.
        limits: how much a check may ask.
        receiver: the name of the receiving host, for `%{r}` and headers.
        hot_after: how many checks of a domain are made before its verdicts are kept.
        max_domains: how many domains are remembered; beyond that, those that were not used recently are forgotten.
        max_answers: how many answers are kept.
        max_octets: octets, about, that the answers may take; the verdicts may take as many.
        default_ttl: seconds for which answers without a TTL are kept; None: not at all.

    Raises:
        ArgumentError: a bound is negative, or `limits` or `receiver` has the wrong type.
        ResolverError: `resolver` is not a resolver.
    """

    def __init__(
        self,
        resolver: "AnyResolver | None" = None,
        *,
        limits: Limits = DEFAULT_LIMITS,
        receiver: str | None = None,
        hot_after: int = 2,
        max_domains: int = 10_000,
        max_answers: int = 50_000,
        max_octets: int = 64 << 20,
        default_ttl: float | None = None,
    ) -> None:
        if min(hot_after, max_domains, max_answers, max_octets) < 0:
            raise ArgumentError("hot_after, max_domains, max_answers and max_octets can't be negative")
        if resolver is None:
            from spfengine.resolvers.live import LiveResolver

            resolver = LiveResolver(cache=False)
        require_resolver(resolver)
        self._limits = limits
        self._receiver = receiver
        CheckerSession("192.0.2.1", "", "", HELO, limits, receiver)  # raises for arguments that a check refuses
        self._cache: Cache | None = None
        self._resolver = resolver
        if not getattr(resolver, "unchanging", False):
            own = resolver if isinstance(resolver, Cache) else getattr(resolver, "cache", None)
            if not isinstance(own, Cache):
                own = Cache(resolver, max_entries=max_answers, max_octets=max_octets, default_ttl=default_ttl)
            self._cache = self._resolver = own
        self._clock = monotonic if self._cache is None else self._cache.clock
        self._hot_after = hot_after
        self._max_domains = max_domains
        self._max_octets = max_octets
        self._lock = Lock()
        self._domains: dict[str, DomainVerdicts] = {}
        self._answer_refs: dict[int, int] = {}  # by identity of the answer: how many domains depend on it
        self._octets = 0

    def __len__(self) -> int:
        """The number of domains with cached verdicts."""
        return len(self._domains)

    def clear(self) -> None:
        """Forget all verdicts and all answers, those in the cache of the resolver too."""
        with self._lock:
            if self._cache is not None:
                self._cache.clear()
            self._domains.clear()
            self._answer_refs.clear()
            self._octets = 0

    def known(
        self, ip: IPAddress, sender: str, helo: str | None = None, identity: str = MAILFROM
    ) -> CheckResult | None:
        """Return the result if it is known without an evaluation, or None. Nothing is asked.

        Args:
            identity: "mailfrom" or "helo"; for "helo", `sender` is "".

        Raises:
            AddressError: `ip` is not an IP address.
        """
        if sender.__class__ is not str or not (helo is None or helo.__class__ is str):
            return None  # the evaluation refuses it
        domain = (
            sender[sender.rfind("@") + 1 :] if sender else helo or ""
        )  # RFC 7208 §2.4; unusual spellings are not found
        kept = self._domains.get(domain)
        if kept is None or (kept.until is not inf and self._clock() >= kept.until):
            return None
        family, address = parse_address(ip)
        starts, verdicts = kept.ip4 if family is V4 else kept.ip6
        verdict = verdicts[locate(starts, address) - 1]
        if verdict is None:
            return None
        kept.referenced = True
        return known_result(verdict, (ip, sender, helo, identity))

    def check(self, ip: IPAddress, sender: str, helo: str | None = None, *, now: float | None = None) -> CheckResult:
        """Return what `spfengine.check` returns for these arguments, with this Checker's limits and receiver.

        Raises:
            AddressError, ArgumentError, ResolverError: as `spfengine.check`.
        """
        known = self.known(ip, sender, helo, MAILFROM) if now is None else None
        return self._evaluate(ip, sender, helo, MAILFROM, now) if known is None else known

    async def acheck(
        self, ip: IPAddress, sender: str, helo: str | None = None, *, now: float | None = None
    ) -> CheckResult:
        """Async version of `check`. A question that several checks ask at once goes out once."""
        known = self.known(ip, sender, helo, MAILFROM) if now is None else None
        return await self._aevaluate(ip, sender, helo, MAILFROM, now) if known is None else known

    def check_helo(self, ip: IPAddress, helo: str, *, now: float | None = None) -> CheckResult:
        """Return what `spfengine.check_helo` returns for these arguments.

        Raises:
            AddressError, ArgumentError, ResolverError: as `spfengine.check_helo`.
        """
        known = self.known(ip, "", helo, HELO) if now is None else None
        return self._evaluate(ip, "", helo, HELO, now) if known is None else known

    async def acheck_helo(self, ip: IPAddress, helo: str, *, now: float | None = None) -> CheckResult:
        """Async version of `check_helo`."""
        known = self.known(ip, "", helo, HELO) if now is None else None
        return await self._aevaluate(ip, "", helo, HELO, now) if known is None else known

    def check_both(
        self, ip: IPAddress, sender: str, helo: str, *, now: float | None = None
    ) -> tuple[CheckResult, CheckResult]:
        """Return what `spfengine.check_both` returns for these arguments: HELO, then MAIL FROM.

        Raises:
            AddressError, ArgumentError, ResolverError: as `spfengine.check_both`.
        """
        first = self.check_helo(ip, helo, now=now)
        return first, first.as_identity(MAILFROM) if is_null(sender) else self.check(ip, sender, helo, now=now)

    async def acheck_both(
        self, ip: IPAddress, sender: str, helo: str, *, now: float | None = None
    ) -> tuple[CheckResult, CheckResult]:
        """Async version of `check_both`."""
        first = await self.acheck_helo(ip, helo, now=now)
        if is_null(sender):
            return first, first.as_identity(MAILFROM)
        return first, await self.acheck(ip, sender, helo, now=now)

    def _evaluate(self, ip: IPAddress, sender: str, helo: str | None, identity: str, now: float | None) -> CheckResult:
        session = self._session(ip, sender, helo, identity, now)
        kept = self._verdicts_of(session)
        run(session, self._resolver)
        self._keep(kept, session)
        return CheckResult(session)

    async def _aevaluate(
        self, ip: IPAddress, sender: str, helo: str | None, identity: str, now: float | None
    ) -> CheckResult:
        session = self._session(ip, sender, helo, identity, now)
        kept = self._verdicts_of(session)
        await arun(session, self._resolver)
        self._keep(kept, session)
        return CheckResult(session)

    def _session(
        self, ip: IPAddress, sender: str, helo: str | None, identity: str, now: float | None
    ) -> CheckerSession:
        return CheckerSession(ip, sender, helo, identity, self._limits, self._receiver, time() if now is None else now)

    def _verdicts_of(self, session: CheckerSession) -> DomainVerdicts | None:
        """Return where to keep the verdict of this check, or None if it is not to be kept."""
        domain = session.domain
        if session.domain_refused or not domain.isascii() or domain[-1:] in ("", ".", ">"):
            return None  # `known` might mistake it for the domain of another sender
        with self._lock:
            kept = self._domains.get(domain)
            if kept is None or self._clock() >= kept.until:
                checks = 0
                if kept is not None:
                    checks = kept.checks
                    self._drop(domain)
                kept = self._domains[domain] = DomainVerdicts(checks)
                self._octets += kept.octets
                self._evict()
            else:
                kept.referenced = True
            if kept.checks >= self._hot_after:
                return kept
            kept.checks += 1
            return None

    def _keep(self, kept: DomainVerdicts | None, session: CheckerSession) -> None:
        """Keep the verdict of a session in `kept`, if it holds for its range and for some time."""
        if kept is None or kept.is_full or not session.holds_for_range:
            return
        until = inf if self._cache is None else self._cache.kept_until(session.answers)
        if until is None:
            return
        with self._lock:
            if self._domains.get(session.domain) is not kept:
                return  # it has been evicted meanwhile, perhaps together with the answers
            new = {id(answer): answer for answer in session.answers.values() if id(answer) not in kept.answers}
            octets = kept.octets + sum(map(octets_of, (*kept.answers.values(), *new.values())))
            kept.until = min(kept.until, until)
            if octets > self._max_octets // _DOMAIN_SHARE:
                kept.is_full = True
                return
            self._octets -= kept.octets
            kept.add(session)
            self._octets += kept.octets
            for key in new.keys() & kept.answers.keys():
                self._add_reference(key, new[key])
            self._evict()

    def _add_reference(self, key: int, answer: Answer) -> None:
        """Count the memory of an answer, once for all the domains that depend on it."""
        count = self._answer_refs.get(key, 0)
        self._answer_refs[key] = count + 1
        if not count:
            self._octets += octets_of(answer)

    def _drop(self, domain: str) -> None:
        kept = self._domains.pop(domain)
        self._octets -= kept.octets
        for key, answer in kept.answers.items():
            self._answer_refs[key] -= 1
            if not self._answer_refs[key]:
                del self._answer_refs[key]
                self._octets -= octets_of(answer)

    def _evict(self) -> None:
        """Evict domains (CLOCK) until both bounds hold."""
        while len(self._domains) > self._max_domains or (self._octets > self._max_octets and self._domains):
            domain, kept = next(iter(self._domains.items()))
            if kept.referenced:
                kept.referenced = False
                del self._domains[domain]
                self._domains[domain] = kept
            else:
                self._drop(domain)
