"""Postfix policy delegation: requests are read, senders checked, and actions written as replies.

The protocol is that of Postfix's SMTPD_POLICY_README. No I/O happens here.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from spfengine.addresses import address_text, parse_address
from spfengine.checks import acheck, acheck_helo, check, check_helo
from spfengine.errors import AddressError, ArgumentError
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.session import HELO, MAILFROM
from spfengine.problems import Result
from spfengine.visible import short_repr, visible

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    from spfengine.answers import AsyncResolver, Resolver

MAX_OCTETS = 1 << 16
"""Octets of the largest request. Postfix's have about 1,000, since SMTP limits the length of its lines."""
MAX_ATTRIBUTES = 200
MAX_REPLY = 998
"""Octets of an action, as of any line of a message (RFC 5322 §2.1.1); Postfix reads up to 2,048."""

Attributes = dict[str, str]
"""The attributes of a request by name; the first of equal names. Octets that are not UTF-8 are surrogates."""


class RequestReader:
    """Reads requests from octets, in whatever pieces these arrive."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, octets: bytes) -> Iterator[Attributes]:
        """Yield the requests that are complete now.

        Raises:
            ArgumentError: this is not a request: a line has no "=", or it is too long. Nothing can be read after it.
        """
        pending = self._pending + octets
        while True:
            if pending[:1] == b"\n":
                request, pending = b"", pending[1:]
            else:
                request, end, rest = pending.partition(b"\n\n")
                if not end:
                    break
                pending = rest
            self._pending = pending
            yield _read(request)
        self._pending = pending
        if len(pending) > MAX_OCTETS:
            raise ArgumentError(f"a request is longer than {MAX_OCTETS} octets")


def _read(request: bytes) -> Attributes:
    if len(request) > MAX_OCTETS:
        raise ArgumentError(f"a request is longer than {MAX_OCTETS} octets")
    lines = request.split(b"\n") if request else []
    if len(lines) > MAX_ATTRIBUTES:
        raise ArgumentError(f"a request has {len(lines)} attributes; at most {MAX_ATTRIBUTES} are read")
    attributes: Attributes = {}
    for number, line in enumerate(lines, 1):
        name, equals, value = line.partition(b"=")
        if not equals:
            raise ArgumentError(f"line {number} of a request has no '='; expected name=value, or an empty line")
        attributes.setdefault(name.decode("latin-1"), value.decode("utf-8", "surrogateescape"))
    return attributes


def reply(action: str) -> bytes:
    """Return the reply with an action, which is one line of US-ASCII.

    Raises:
        ArgumentError: it is not such a line, or too long.
    """
    if not (action.isascii() and action.isprintable()) or len(action) > MAX_REPLY:
        raise ArgumentError(f"an action is one printable line of at most {MAX_REPLY} octets")
    return f"action={action}\n\n".encode("ascii")


DUNNO = "DUNNO"
"""The action that leaves the decision to Postfix's next restriction."""
BOTH = "both"
_REMEMBERED = 10_000
_SHOWN = 200


class Refusal(StrEnum):
    """What to do with a message whose result is a reason to refuse it."""

    REJECT = "reject"
    DEFER = "defer"
    ACCEPT = "accept"


class Header(StrEnum):
    """The header field that an accepted message gets."""

    RECEIVED_SPF = "received-spf"
    AUTHENTICATION_RESULTS = "authentication-results"
    NONE = "none"


@dataclass(frozen=True, slots=True, repr=False)
class Rules:
    """What a receiver does with results (RFC 7208 §8).

    Attributes:
        receiver: the name of the receiving host, for header fields and `%{r}`.
        identity: "mailfrom", "helo", or "both": HELO is checked first, and MAIL FROM unless HELO is refused.
        header: which header field an accepted message gets.
        fail, temperror, permerror: what to do with these results; all others are accepted.
        skip: networks whose clients are not checked: forwarders and second mail servers of the receiver's own.
        dry_run: whether every message is accepted and gets its header field; the log says what would have been done.
        limits: limits on a check.
    """

    receiver: str
    identity: str = MAILFROM
    header: Header = Header.RECEIVED_SPF
    fail: Refusal = Refusal.REJECT
    temperror: Refusal = Refusal.DEFER
    permerror: Refusal = Refusal.ACCEPT
    skip: "tuple[IPv4Network | IPv6Network, ...]" = ()
    dry_run: bool = False
    limits: Limits = DEFAULT_LIMITS

    def __repr__(self) -> str:
        return short_repr(self, ("receiver", "identity", "header", "fail", "temperror", "permerror", "skip", "dry_run"))

    def refusal(self, result: Result) -> Refusal:
        """Return what to do with a result."""
        return {
            Result.FAIL: self.fail,
            Result.TEMPERROR: self.temperror,
            Result.PERMERROR: self.permerror,
        }.get(result, Refusal.ACCEPT)


@dataclass(frozen=True, slots=True, repr=False)
class Client:
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


class Delegation:
    """Answers requests. A message is checked once for all its recipients, and gets one header field.

    Args:
        rules: what to do with results.
        resolver: answers DNS questions.
        log: called with each decision, and with each request that can't be used, as one printable line.
    """

    def __init__(
        self, rules: Rules, resolver: "Resolver | AsyncResolver", log: Callable[[str], object] | None = None
    ) -> None:
        self.rules = rules
        self._resolver = resolver
        self._log = log
        self._again: OrderedDict[Client, str] = OrderedDict()  # the action for the next request about a message

    def decide(self, attributes: Attributes) -> str:
        """Return the action for a request. Raises only what the resolver raises."""
        client = self._begin(attributes)
        if isinstance(client, str):
            return client
        settings = self._settings()
        result = None
        if self.rules.identity != MAILFROM and client.helo:
            result = check_helo(client.ip, client.helo, **settings)
        if result is None or not self._is_final(result):
            result = check(client.ip, client.sender, client.helo, **settings)
        return self._finish(client, result)

    async def adecide(self, attributes: Attributes) -> str:
        """Async version of `decide`."""
        client = self._begin(attributes)
        if isinstance(client, str):
            return client
        settings = self._settings()
        result = None
        if self.rules.identity != MAILFROM and client.helo:
            result = await acheck_helo(client.ip, client.helo, **settings)
        if result is None or not self._is_final(result):
            result = await acheck(client.ip, client.sender, client.helo, **settings)
        return self._finish(client, result)

    def _settings(self) -> dict[str, Any]:
        return {"resolver": self._resolver, "limits": self.rules.limits, "receiver": self.rules.receiver}

    def note(self, line: str) -> None:
        """Write a line to the log, with untrusted text in it escaped."""
        if self._log is not None:
            self._log(visible(line, 2000))

    def _begin(self, attributes: Attributes) -> Client | str:
        """Return the client to check, or the action if there is nothing to check."""
        if attributes.get("request") != "smtpd_access_policy":
            self.note(f"not asked about a message: request={visible(attributes.get('request', ''), 60)}")
            return DUNNO
        ip, sender, helo, instance = [
            attributes.get(name, "") for name in ("client_address", "sender", "helo_name", "instance")
        ]
        try:
            parse_address(ip)
        except AddressError:
            self.note(f"client_address={visible(ip, 60)} is not an IP address, so nothing is checked")
            return DUNNO
        if attributes.get("sasl_username"):
            return DUNNO  # one of the receiver's own users, wherever they are (RFC 6409)
        if self.rules.skip and self._is_skipped(ip):
            return DUNNO
        client = Client(ip, sender, helo, instance)
        if instance and client in self._again:
            return self._again[client]
        return client

    def _is_skipped(self, ip: str) -> bool:
        client = ip_address(address_text(*parse_address(ip)))  # an IPv4-mapped address is an IPv4 address
        return any(client in network for network in self.rules.skip)

    def _is_final(self, helo: CheckResult) -> bool:
        return self.rules.identity == HELO or self.rules.refusal(helo.result) is not Refusal.ACCEPT

    def _finish(self, client: Client, result: CheckResult) -> str:
        refusal = self.rules.refusal(result.result)
        action = self._action(result, Refusal.ACCEPT if self.rules.dry_run else refusal)
        if client.instance:
            self._again[client] = DUNNO if action.startswith("PREPEND ") else action
            if len(self._again) > _REMEMBERED:
                self._again.popitem(last=False)
        by = "" if result.directive is None else f" by {visible(result.directive, _SHOWN)}"
        why = "" if result.problem is None else f" ({visible(result.problem.text, _SHOWN)})"
        would = "would " if self.rules.dry_run and refusal is not Refusal.ACCEPT else ""
        self.note(
            f"{would}{refusal}: spf={result.result}{by}{why} identity={result.identity} ip={result.ip} "
            f"sender=<{visible(result.sender, _SHOWN)}> helo={visible(result.helo, _SHOWN)} "
            f"instance={visible(client.instance, 60)}"
        )
        return action

    def _action(self, result: CheckResult, refusal: Refusal) -> str:
        reply = result.smtp_reply()
        if refusal is Refusal.ACCEPT or reply is None:
            return self._prepend(result)
        code, enhanced, text = reply
        if refusal is Refusal.REJECT:
            return f"550 5{enhanced[1:]} {text}"
        return f"{code if code < 500 else 451} 4{enhanced[1:]} {text}"

    def _prepend(self, result: CheckResult) -> str:
        receiver = self.rules.receiver
        if self.rules.header is Header.NONE:
            return DUNNO
        if self.rules.header is Header.RECEIVED_SPF:
            field = result.received_spf(receiver)
            quoted = f'"{result.ip}"' if ":" in result.ip else result.ip
            short = f"Received-SPF: {result.result} identity={result.identity}; client-ip={quoted}"
        else:
            field = result.authentication_results(receiver)
            short = f"Authentication-Results: {receiver}; spf={result.result} ({result.ip})"
        action = "PREPEND " + field.replace("\r\n", "")  # unfolded (RFC 5322 §2.2.3): a reply is one line
        return action if len(action) <= MAX_REPLY else f"PREPEND {short}"


def checked_rules(rules: Rules) -> Rules:
    """Return the rules, if their receiver is a host name that header fields can have.

    Raises:
        ArgumentError: it is not.
    """
    name = rules.receiver
    if not (name.isascii() and name.isprintable() and 0 < len(name) <= 255) or set(name) & set(' ()<>@,;:\\"/[]?='):
        raise ArgumentError(f"the receiver is a host name like mx.example.net, not {visible(name, 60)!r}")
    return rules
