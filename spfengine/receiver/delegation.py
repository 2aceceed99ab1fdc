"""Postfix policy delegation: senders are checked, and the results become actions. No I/O happens here."""

from collections import OrderedDict
from collections.abc import Callable, Generator
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from spfengine.addresses import V4, V6, Family, parse_address
from spfengine.answers import Status
from spfengine.checker import Checker
from spfengine.checks import is_null
from spfengine.errors import AddressError
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.headers import received_spf_line
from spfengine.evaluation.session import HELO, MAILFROM
from spfengine.problems import Result
from spfengine.receiver.decision import Decision
from spfengine.receiver.requests import MAX_REPLY, Attributes
from spfengine.receiver.rules import BOTH, Header, Refusal, Rules
from spfengine.resolvers.asking import Unanswered
from spfengine.special_purpose import special_purpose_of
from spfengine.visible import short_repr, visible

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from spfengine.answers import AsyncResolver, Resolver

DUNNO = "DUNNO"
"""The action that leaves the decision to Postfix's next restriction."""
_REMEMBERED = 10_000


class Client(NamedTuple):
    """The client whose message a request is about.

    Attributes:
        ip, sender, helo: as Postfix sends them; "" if it does not know them.
        instance: the same for all requests about one message, or "".
    """

    ip: str
    sender: str
    helo: str
    instance: str

    def __repr__(self) -> str:
        return short_repr(self, ("ip", "sender", "helo", "instance"))


class Wanted(NamedTuple):
    """A check that a decision needs: of the HELO or the MAIL FROM identity."""

    identity: str
    client: Client

    @property
    def domain(self) -> str:
        """The domain that is checked, in lower case."""
        client = self.client
        if self.identity == HELO or is_null(client.sender):
            return client.helo.lower()
        return client.sender[client.sender.rfind("@") + 1 :].lower()


_Deciding = Generator[Wanted, CheckResult, CheckResult]


class Delegation:
    """Answers requests. A message is checked once for all its recipients, and gets one header field.

    Answers of DNS and verdicts are kept for as long as their TTLs say, by one Checker for all requests.

    Args:
        rules: what to do with results.
        resolver: answers DNS questions.
        log: called with each decision, and with each request that can't be used, as one printable line.
        decided: called with each Decision, instead of `log` with its line.
        turn: in asyncio, returns what is held while a domain is checked for a client's address; it yields whether it
            may be checked now. If not, the result is that of a DNS server that does not answer.
    """

    def __init__(
        self,
        rules: Rules,
        resolver: "Resolver | AsyncResolver",
        log: Callable[[str], object] | None = None,
        decided: Callable[[Decision], object] | None = None,
        turn: "Callable[[str, str], AbstractAsyncContextManager[bool]] | None" = None,
    ) -> None:
        self.rules = rules
        self._log = log
        self._decided = decided
        self._turn = turn
        self._again: OrderedDict[Client, str] = OrderedDict()  # the action for the next request about a message
        self._skipped: dict[Family, list[tuple[int, int]]] = {V4: [], V6: []}
        for network in rules.skip:
            first, last = [int(address) for address in (network.network_address, network.broadcast_address)]
            self._skipped[V4 if network.version == V4.version else V6].append((first, last))
        self._checker = self._checker_of(resolver)

    def use(self, resolver: "Resolver | AsyncResolver") -> None:
        """Answer from another resolver from now on, and forget what the one before it said."""
        self._checker = self._checker_of(resolver)

    def _checker_of(self, resolver: "Resolver | AsyncResolver") -> Checker:
        return Checker(resolver, limits=self.rules.limits, receiver=self.rules.receiver)

    def decide(self, attributes: Attributes) -> str:
        """Return the action for a request. Raises only what the resolver raises."""
        client = self.client_of(attributes)
        if isinstance(client, str):
            return client
        started = monotonic()
        checker = self._checker
        deciding = self._deciding(client)
        wanted = next(deciding)
        while True:
            if wanted.identity == HELO:
                result = checker.check_helo(client.ip, client.helo)
            else:
                result = checker.check(client.ip, client.sender, client.helo)
            try:
                wanted = deciding.send(result)
            except StopIteration as stop:
                return self._finish(client, stop.value, monotonic() - started)

    async def adecide(self, attributes: Attributes) -> str:
        """Async version of `decide`."""
        client = self.client_of(attributes)
        return client if isinstance(client, str) else await self.acheck(client)

    async def acheck(self, client: Client) -> str:
        """Return the action for a client that `client_of` has returned, after checking it."""
        started = monotonic()
        checker = self._checker
        deciding = self._deciding(client)
        wanted = next(deciding)
        while True:
            result = _known(checker, wanted)
            if result is None:
                result = await self._acheck(checker, wanted)
            try:
                wanted = deciding.send(result)
            except StopIteration as stop:
                return self._finish(client, stop.value, monotonic() - started)

    async def _acheck(self, checker: Checker, wanted: Wanted) -> CheckResult:
        if self._turn is None:
            return await _asked(checker, wanted)
        async with self._turn(wanted.domain, wanted.client.ip) as may_check:
            return await _asked(checker if may_check else self._checker_of(Unanswered(Status.TIMEOUT)), wanted)

    def known(self, client: Client) -> str | None:
        """Return the action for a client if the verdicts for it are known, or None if it must be checked."""
        checker = self._checker
        deciding = self._deciding(client)
        wanted = next(deciding)
        while True:
            result = _known(checker, wanted)
            if result is None:
                return None
            try:
                wanted = deciding.send(result)
            except StopIteration as stop:
                return self._finish(client, stop.value, 0.0)

    def _deciding(self, client: Client) -> _Deciding:
        """Yield the checks that are needed, and return the result that decides (RFC 7208 §2.3, §2.4)."""
        identity = self.rules.identity
        if identity != MAILFROM and client.helo:
            helo = yield Wanted(HELO, client)
            if self._is_final(helo):
                return helo
            if is_null(client.sender):
                return helo.as_identity(MAILFROM)
        return (yield Wanted(MAILFROM, client))

    def _is_final(self, helo: CheckResult) -> bool:
        """Whether the HELO identity decides. With `both`, a temperror of it does not: MAIL FROM may still pass."""
        if self.rules.identity != BOTH:
            return True
        return helo.result is not Result.TEMPERROR and self.rules.refusal(helo.result) is not Refusal.ACCEPT

    def note(self, line: str) -> None:
        """Write a line to the log, with untrusted text in it escaped."""
        if self._log is not None:
            self._log(visible(line, 2000))

    def client_of(self, attributes: Attributes) -> Client | str:
        """Return the client to check, or the action if there is nothing to check."""
        if attributes.get("request") != "smtpd_access_policy":
            self.note(f"not asked about a message: request={visible(attributes.get('request', ''), 60)}")
            return DUNNO
        ip, sender, helo, instance = [
            attributes.get(name, "") for name in ("client_address", "sender", "helo_name", "instance")
        ]
        if attributes.get("sasl_username"):
            return DUNNO  # one of the receiver's own users, wherever they are (RFC 6409)
        client = Client(ip, sender, helo, instance)
        if instance and client in self._again:
            return self._again[client]
        return DUNNO if self._is_skipped(ip) else client

    def _is_skipped(self, ip: str) -> bool:
        """Whether a client is not to be checked."""
        try:
            family, address = parse_address(ip)
        except AddressError:
            self.note(f"client_address={visible(ip, 60)} is not an IP address, so nothing is checked")
            return True
        if any(lo <= address <= hi for lo, hi in self._skipped[family]):
            return True
        place = None if self.rules.strict_private else special_purpose_of(family, address)
        if place is None or not place.is_local:
            return False
        self.note(f"not checked: {ip} is a {place.use} address ({place.network}), and no domain's record lists these")
        return True

    def _finish(self, client: Client, result: CheckResult, seconds: float) -> str:
        refusal = self.rules.refusal(result.result)
        action = self._action(result, Refusal.ACCEPT if self.rules.dry_run else refusal)
        if client.instance:
            self._again[client] = DUNNO if action.startswith("PREPEND ") else action
            if len(self._again) > _REMEMBERED:
                self._again.popitem(last=False)
        if self._decided is not None:
            self._decided(Decision(action, refusal, self.rules.dry_run, result, client.instance, seconds))
        elif self._log is not None:
            self._log(Decision(action, refusal, self.rules.dry_run, result, client.instance, seconds).text)
        return action

    def _action(self, result: CheckResult, refusal: Refusal) -> str:
        if refusal is Refusal.ACCEPT:
            return self._prepend(result)
        reply = result.smtp_reply()
        if reply is None:
            return self._prepend(result)
        code, enhanced, text = reply
        if refusal is Refusal.REJECT:
            return f"550 5{enhanced[1:]} {text}"
        return f"{code if code < 500 else 451} 4{enhanced[1:]} {text}"

    def _prepend(self, result: CheckResult) -> str:
        receiver = self.rules.receiver
        if self.rules.header is Header.NONE:
            return DUNNO
        is_received_spf = self.rules.header is Header.RECEIVED_SPF
        if is_received_spf:
            line = received_spf_line(result, receiver)
        else:
            line = result.authentication_results(receiver).replace("\r\n", "")
        action = f"PREPEND {line}"  # unfolded (RFC 5322 §2.2.3), since a reply is one line
        if len(action) <= MAX_REPLY:
            return action
        if is_received_spf:
            quoted = f'"{result.ip}"' if ":" in result.ip else result.ip
            return f"PREPEND Received-SPF: {result.result} identity={result.identity}; client-ip={quoted}"
        return f"PREPEND Authentication-Results: {receiver}; spf={result.result} ({result.ip})"


def _known(checker: Checker, wanted: Wanted) -> CheckResult | None:
    identity, client = wanted
    return checker.known(client.ip, "" if identity == HELO else client.sender, client.helo, identity)


async def _asked(checker: Checker, wanted: Wanted) -> CheckResult:
    identity, client = wanted
    if identity == HELO:
        return await checker.acheck_helo(client.ip, client.helo)
    return await checker.acheck(client.ip, client.sender, client.helo)
