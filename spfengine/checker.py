"""`Checker`: checks for a program that makes many, which remembers what they came to for as long as DNS says."""

from math import inf
from threading import Lock
from time import monotonic, time
from typing import TYPE_CHECKING

from spfengine.addresses import V4, locate, parse_address
from spfengine.answers import Answer
from spfengine.checks import arun, is_null, run
from spfengine.errors import ArgumentError
from spfengine.evaluation.check_result import CheckResult, known_result
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.session import HELO, MAILFROM
from spfengine.policy.pieces import ClientSession, Pieces
from spfengine.resolvers.asking import require_resolver
from spfengine.resolvers.cache import Cache, octets_of

if TYPE_CHECKING:
    from spfengine.checks import AnyResolver

_LARGEST = 16
"""One domain may take this part of what all may take; of a larger one no more is kept."""


class Checker:
    """Checks clients as `check` does, and remembers: the answers of DNS, and for what addresses a verdict holds.

    Once a domain has been asked for `hot_after` times, each check of it leaves the range of addresses for which it
    holds: this is the domain's policy, made piece by piece, and the next client of a range gets its result without an
    evaluation. Results are those of `check`, in every field. What rests on more than the address is evaluated each
    time, and so is temperror: no failure is kept.

    Everything is forgotten when the first TTL that it rests on is over, or at `clear()`; no other change of DNS is
    noticed before. What a resolver that is `unchanging` (a Zone, a Recording) says is kept until then. Of answers
    without a TTL of other resolvers nothing is kept, unless `default_ttl` is given. A resolver that keeps answers
    itself, and is no `Cache` and no LiveResolver, adds the time that it kept them.

    Safe to share between threads, and between event loops.

    Args:
        resolver: what answers; live DNS where it is not given.
        limits: how much a check may ask.
        receiver: the name of the receiving host, for `%{r}` and headers.
        hot_after: how many checks of a domain come before what they come to is kept.
        max_domains: domains of which something is known; of more, those not asked for lately go.
        max_answers: answers that are kept.
        max_octets: what answers may take of memory, about, and as much again for the domains.
        default_ttl: seconds for which answers are kept whose TTL is not known; None: they are not kept.

    Raises:
        ArgumentError: a bound is negative, or `limits` or `receiver` is not what it must be.
        ResolverError: `resolver` is none.
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
        ClientSession("192.0.2.1", "", "", HELO, limits, receiver, 0.0)  # refuses arguments as a check does
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
        self._domains: dict[str, Pieces] = {}
        self._held: dict[int, int] = {}
        self._octets = 0

    def __len__(self) -> int:
        """Return of how many domains something is known."""
        return len(self._domains)

    def clear(self) -> None:
        """Forget everything: all domains, and all answers, those of the resolver's own cache too."""
        with self._lock:
            if self._cache is not None:
                self._cache.clear()
            self._domains.clear()
            self._held.clear()
            self._octets = 0

    def check(self, ip: object, sender: str, helo: str = "", *, now: float | None = None) -> CheckResult:
        """Return what `spfengine.check` returns for these arguments, with this Checker's limits and receiver.

        Raises:
            AddressError, ArgumentError, ResolverError: as `spfengine.check`.
        """
        found = self._find(ip, sender, helo, MAILFROM) if now is None else None
        return self._evaluate(ip, sender, helo, MAILFROM, now) if found is None else found

    async def acheck(self, ip: object, sender: str, helo: str = "", *, now: float | None = None) -> CheckResult:
        """Return what `check` returns, without blocking the event loop. The same question of several checks goes out
        once.

        Raises:
            AddressError, ArgumentError, ResolverError: as `spfengine.check`.
        """
        found = self._find(ip, sender, helo, MAILFROM) if now is None else None
        return await self._aevaluate(ip, sender, helo, MAILFROM, now) if found is None else found

    def check_helo(self, ip: object, helo: str, *, now: float | None = None) -> CheckResult:
        """Return what `spfengine.check_helo` returns for these arguments.

        Raises:
            AddressError, ArgumentError, ResolverError: as `spfengine.check_helo`.
        """
        found = self._find(ip, "", helo, HELO) if now is None else None
        return self._evaluate(ip, "", helo, HELO, now) if found is None else found

    async def acheck_helo(self, ip: object, helo: str, *, now: float | None = None) -> CheckResult:
        """Return what `check_helo` returns, without blocking the event loop.

        Raises:
            AddressError, ArgumentError, ResolverError: as `spfengine.check_helo`.
        """
        found = self._find(ip, "", helo, HELO) if now is None else None
        return await self._aevaluate(ip, "", helo, HELO, now) if found is None else found

    def check_both(
        self, ip: object, sender: str, helo: str, *, now: float | None = None
    ) -> tuple[CheckResult, CheckResult]:
        """Return what `spfengine.check_both` returns for these arguments: HELO, then MAIL FROM.

        Raises:
            AddressError, ArgumentError, ResolverError: as `spfengine.check_both`.
        """
        first = self.check_helo(ip, helo, now=now)
        return first, first.as_identity(MAILFROM) if is_null(sender) else self.check(ip, sender, helo, now=now)

    async def acheck_both(
        self, ip: object, sender: str, helo: str, *, now: float | None = None
    ) -> tuple[CheckResult, CheckResult]:
        """Return what `check_both` returns, without blocking the event loop.

        Raises:
            AddressError, ArgumentError, ResolverError: as `spfengine.check_both`.
        """
        first = await self.acheck_helo(ip, helo, now=now)
        if is_null(sender):
            return first, first.as_identity(MAILFROM)
        return first, await self.acheck(ip, sender, helo, now=now)

    def _find(self, ip: object, sender: str, helo: str, identity: str) -> CheckResult | None:
        """Return the result where it is known without an evaluation. Raises AddressError."""
        if sender.__class__ is not str or helo.__class__ is not str:
            return None  # to be refused
        domain = sender[sender.rfind("@") + 1 :] if sender else helo  # RFC 7208 §2.4; odd spellings are not found
        pieces = self._domains.get(domain)
        if pieces is None or (pieces.until is not inf and self._clock() >= pieces.until):
            return None
        family, address = parse_address(ip)
        starts, verdicts = pieces.ip4 if family is V4 else pieces.ip6
        verdict = verdicts[locate(starts, address)]
        if verdict is None:
            return None
        pieces.used = True
        return known_result(verdict, (ip, sender, helo, identity))

    def _evaluate(self, ip: object, sender: str, helo: str, identity: str, now: float | None) -> CheckResult:
        session = self._session(ip, sender, helo, identity, now)
        pieces = self._pieces(session)
        run(session, self._resolver)
        self._keep(pieces, session)
        return CheckResult(session)

    async def _aevaluate(self, ip: object, sender: str, helo: str, identity: str, now: float | None) -> CheckResult:
        session = self._session(ip, sender, helo, identity, now)
        pieces = self._pieces(session)
        await arun(session, self._resolver)
        self._keep(pieces, session)
        return CheckResult(session)

    def _session(self, ip: object, sender: str, helo: str, identity: str, now: float | None) -> ClientSession:
        return ClientSession(ip, sender, helo, identity, self._limits, self._receiver, time() if now is None else now)

    def _pieces(self, session: ClientSession) -> Pieces | None:
        """Return where this check's verdict is to be kept, or None where it is not."""
        domain = session.domain
        if session.domain_refused or not domain.isascii() or domain[-1:] in ("", ".", ">"):
            return None  # `_find` would take another sender's domain for it
        with self._lock:
            pieces = self._domains.get(domain)
            if pieces is None or self._clock() >= pieces.until:
                asked = 0
                if pieces is not None:
                    asked = pieces.asked
                    self._drop(domain)
                pieces = self._domains[domain] = Pieces(asked)
                self._octets += pieces.octets
                self._shrink()
            else:
                pieces.used = True
            if pieces.asked >= self._hot_after:
                return pieces
            pieces.asked += 1
            return None

    def _keep(self, pieces: Pieces | None, session: ClientSession) -> None:
        """Keep a verdict, where there is a place for it, and it holds for a range and some time."""
        if pieces is None or not session.holds_for_range:
            return
        until = inf if self._cache is None else self._cache.kept_until(session.answers)
        if until is None:
            return
        with self._lock:
            if self._domains.get(session.domain) is not pieces:
                return  # it was forgotten meanwhile, as the answers may have been
            new = {id(answer): answer for answer in session.answers.values() if id(answer) not in pieces.answers}
            octets = pieces.octets + sum(map(octets_of, (*pieces.answers.values(), *new.values())))
            if octets > self._max_octets // _LARGEST:
                return
            before = pieces.octets
            pieces.until = min(pieces.until, until)
            pieces.add(session)
            self._octets += pieces.octets - before
            for key, answer in new.items():
                if key in pieces.answers:
                    self._hold(key, answer)
            self._shrink()

    def _hold(self, key: int, answer: Answer) -> None:
        """Count what an answer takes, once, however many domains rest on it."""
        count = self._held.get(key, 0)
        self._held[key] = count + 1
        if not count:
            self._octets += octets_of(answer)

    def _drop(self, domain: str) -> None:
        pieces = self._domains.pop(domain)
        self._octets -= pieces.octets
        for key, answer in pieces.answers.items():
            self._held[key] -= 1
            if not self._held[key]:
                del self._held[key]
                self._octets -= octets_of(answer)

    def _shrink(self) -> None:
        """Let domains go until the rest is within the bounds: the oldest that was of no use since it was last met."""
        while len(self._domains) > self._max_domains or (self._octets > self._max_octets and self._domains):
            domain, pieces = next(iter(self._domains.items()))
            if pieces.used:
                pieces.used = False
                del self._domains[domain]
                self._domains[domain] = pieces
            else:
                self._drop(domain)
