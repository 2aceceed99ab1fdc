"""pyspf's calls on this engine: `import spfengine.compat.pyspf as spf`, and code written for pyspf 2 runs.

`check2`, `check`, `query(…).check()`, `.best_guess()`, `.get_header()`, and the hook `DNSLookup`, which may be replaced
for the whole module. Results and SMTP codes are pyspf's in its strict mode; counts are too (each void lookup). What
differs is listed in docs/coming-from-pyspf.md. A package that says `import spf` itself need not be changed: see
`spfengine.compat.stand_in`.
"""

from collections.abc import Iterable
from time import time
from typing import Any

from spfengine.addresses import address_text, parse_address
from spfengine.answers import Answer, Question, RRType, Status
from spfengine.checks import check as _check
from spfengine.checks import check_record
from spfengine.compat.hook import TempError, answer_of, records_of
from spfengine.drivers import default_resolver
from spfengine.errors import AddressError, ArgumentError
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.headers.fields import comment, dot_atom_or_quoted, header_domain, header_value
from spfengine.evaluation.limits import Limits, VoidRule
from spfengine.names import fold
from spfengine.problems import Result

__all__ = [
    "DEFAULT_SPF", "EXPLANATIONS", "MAX_CNAME", "MAX_LOOKUP", "MAX_MX", "MAX_PER_LOOKUP_TIME", "MAX_PTR",
    "MAX_VOID_LOOKUPS", "DNSLookup", "PermError", "TempError", "check", "check2", "domainmatch", "query", "split_email",
]  # fmt: skip

__version__ = "2.0.14"
"""The version of pyspf whose calls these are: some programs ask for it."""

MAX_LOOKUP = 10
MAX_MX = 10
MAX_PTR = 10
MAX_CNAME = 10
MAX_VOID_LOOKUPS = 2
MAX_PER_LOOKUP_TIME = 20
DEFAULT_SPF = "v=spf1 a/24 mx/24 ptr"
EXPLANATIONS = {
    "pass": "sender SPF authorized",
    "fail": "SPF fail - not authorized",
    "permerror": "permanent error in processing",
    "temperror": "temporary DNS error in processing",
    "softfail": "domain owner discourages use of this host",
    "neutral": "access neither permitted nor denied",
    "none": "",
}
_CODES = {"fail": 550, "permerror": 550, "temperror": 451}
_SHOWN = {"permerror": "PermError", "temperror": "TempError", "softfail": "SoftFail"}


class PermError(Exception):
    """A caller's address can't be used; also what `query.perm_error` holds after a permerror.

    Attributes:
        msg: what is wrong.
        mech: the term at fault, or None.
        ext: the result in pyspf's lax mode, which is not here: None.
    """

    def __init__(self, msg: str, mech: str | None = None, ext: Any = None) -> None:
        super().__init__(msg, mech)
        self.msg = msg
        self.mech = mech
        self.ext = ext

    def __str__(self) -> str:
        return f"{self.msg}: {self.mech}" if self.mech else self.msg


def DNSLookup(name: str, qtype: str, tcpfallback: bool = True, timeout: float = 30) -> list[Any]:  # noqa: ARG001, N802 - pyspf's name and arguments
    """Return what live DNS has: `((name, qtype), value)` for each record. Raises TempError.

    Put another function in its place in this module, and every check asks that one.
    """
    if qtype not in RRType.__members__:
        return []
    return records_of(name, qtype, default_resolver().resolve(Question(name.removesuffix("."), RRType(qtype))))


def split_email(s: str | None, h: str) -> tuple[str, str]:
    """Return local part and domain of a sender, divided at its last @; of none, the HELO name's. See RFC 7208 §4.3."""
    local_part, _, domain = (s or h).rpartition("@")
    return local_part or "postmaster", domain


def domainmatch(ptrs: Iterable[str], domainsuffix: str) -> bool:
    """Whether one of these names is the domain or lies below it; compared on labels, without case."""
    wanted = fold(domainsuffix)
    return any(fold(name) == wanted or fold(name).endswith(f".{wanted}") for name in ptrs)


class _Hook:
    """Answers with what the module's DNSLookup returns at that moment, once for each question of a cache."""

    def __init__(self, timeout: float, cache: dict[tuple[str, str], Answer]) -> None:
        self._timeout = timeout
        self._cache = cache

    def resolve(self, question: Question, /) -> Answer:
        key = (fold(question.name), str(question.type))
        answer = self._cache.get(key)
        if answer is None:
            answer = self._cache[key] = self._looked_up(question)
        return answer

    def _looked_up(self, question: Question) -> Answer:
        lookup = globals()["DNSLookup"]
        try:
            return answer_of(question, lambda name, qtype: lookup(name, qtype, True, self._timeout), MAX_CNAME)
        except TempError:
            return Answer.failed(Status.SERVFAIL)


def check2(
    i: Any, s: str, h: str, local: Any = None, receiver: str | None = None, timeout: float = MAX_PER_LOOKUP_TIME,
    verbose: bool = False, querytime: float = 20,
) -> tuple[str, str]:  # fmt: skip
    """Return (result, explanation) for the client's address, the sender and the HELO name.

    Raises:
        ArgumentError: `local` is given: a local policy is nothing that RFC 7208 knows.
    """
    try:
        found = query(i, s, h, local, receiver, timeout=timeout, verbose=verbose, querytime=querytime).check()
    except PermError as error:
        return "permerror", f"SPF Permanent Error: {error}"
    return found[0], found[2]


def check(
    i: Any, s: str, h: str, local: Any = None, receiver: str | None = None, verbose: bool = False
) -> tuple[str, int, str]:
    """Return (result, SMTP code, explanation), permerror under its old name "unknown". Raises as `query`."""
    result, code, text = query(i, s, h, local, receiver, verbose=verbose).check()
    return "unknown" if result == "permerror" else result, code, text


class query:  # noqa: N801 - pyspf's name
    """One client, sender and HELO name to be checked.

    Attributes:
        i, s, h, r: client, sender (`postmaster@` and HELO for a null one), HELO name, receiver.
        l, o, d: local part of the sender, its domain, the domain that is checked.
        c: the client's address as text.
        ident: "mailfrom", or "helo" for a null sender.
        mechanism: the directive that decided, or None. There after `check`.
        perm_error: a PermError after a permerror, otherwise None.
        lookups, void_lookups: what the check cost.
        cache: what DNS has answered. It may be given to another query, so that nothing is asked twice.
        result: the CheckResult, which says all of it.

    Raises:
        PermError: `i` is no IP address.
        ArgumentError: `local` is given.
    """

    def __init__(
        self, i: Any, s: str, h: str, local: Any = None, receiver: str | None = None, strict: Any = True,
        timeout: float = MAX_PER_LOOKUP_TIME, verbose: bool = False, querytime: float = 0,
    ) -> None:  # fmt: skip
        if local is not None:
            raise ArgumentError("local policies are not supported; lay a draft over the resolver with Overlay instead")
        self.i, self.h, self.r = i, h or "", receiver or "unknown"
        self.strict, self.verbose, self.timeout, self.querytime = strict, verbose, timeout, querytime
        self.ident = "mailfrom" if s else "helo"
        self._sender = s or ""
        self.t = str(int(time()))
        self.mechanism: str | None = None
        self.perm_error: PermError | None = None
        self.prob: str | None = None
        self.lookups = self.void_lookups = 0
        self.result: CheckResult | None = None
        self.cache: dict[tuple[str, str], Answer] = {}
        self.s = self._sender or f"postmaster@{self.h}"
        self.l, self.o = split_email(self.s, self.h)
        self.d = self.o
        try:
            self.c = address_text(*parse_address(i))
        except AddressError as error:
            raise PermError(str(error)) from None

    def check(self, spf: str | bytes | None = None) -> tuple[str, int, str]:
        """Return (result, SMTP code, explanation); `spf` is a record that stands for the domain's."""
        options: dict[str, Any] = {
            "resolver": _Hook(self.timeout, self.cache),
            "limits": Limits(
                lookups=MAX_LOOKUP,
                voids=MAX_VOID_LOOKUPS,
                names=MAX_MX,
                void_rule=VoidRule.PER_LOOKUP,
                seconds=self.querytime or None,
            ),
            "receiver": None if self.r == "unknown" else self.r,
            "now": float(self.t),
        }
        if spf is None:
            found = _check(self.i, self._sender, self.h, **options)
        else:
            found = check_record(self.i, self._sender, spf, self.h, **options)
        return self._told(found)

    def best_guess(self, spf: str | bytes = DEFAULT_SPF) -> tuple[str, int, str]:
        """Return what `check` would, if this were the domain's record."""
        return self.check(spf)

    def _told(self, found: CheckResult) -> tuple[str, int, str]:
        self.result = found
        self.mechanism = found.directive
        self.lookups, self.void_lookups = found.lookups, found.void_lookups
        self.perm_error = self.prob = None
        name = str(found.result)
        text = found.explanation or EXPLANATIONS[name]
        if found.result in (Result.PERMERROR, Result.TEMPERROR) and found.problem is not None:
            self.prob = found.problem.text
            kind = "Permanent" if found.result is Result.PERMERROR else "Temporary"
            text = f"SPF {kind} Error: {self.prob}"
            if found.result is Result.PERMERROR:
                self.perm_error = PermError(self.prob)
        return name, _CODES.get(name, 250), text

    def get_header_comment(self, res: str) -> str:
        """Return what a result says, in words, as one line of printable US-ASCII."""
        domain = header_domain(self.o)
        if res == "pass":
            return f"domain of {domain} designates {self.c} as permitted sender"
        if res == "fail":
            return f"domain of {domain} does not designate {self.c} as permitted sender"
        if res == "softfail":
            return f"transitioning domain of {domain} does not designate {self.c} as permitted sender"
        if res == "permerror":
            return f"permanent error in processing domain of {domain}: {header_value(self.prob or '')}"
        if res == "temperror":
            return f"temporary error in processing during lookup of {domain}"
        return f"{self.c} is neither permitted nor denied by domain of {domain}"

    def get_header(
        self, res: str, receiver: str | None = None, header_type: str = "spf", aid: str | None = None, **kv: Any
    ) -> str:
        """Return a header field's value, on one line: of Received-SPF, or of Authentication-Results ("authres").

        `kv` become keys of Received-SPF: `foo="bar"` is written as `x-foo=bar`.

        Raises:
            ArgumentError: there is no such header type, or Authentication-Results without a check before it.
        """
        receiver = receiver or self.r
        if header_type == "authres":
            if self.result is None:
                raise ArgumentError("get_header() tells of a check; call check() before it")
            field = self.result.authentication_results(aid or receiver)
            return field.partition(":")[2].replace("\r\n", "").strip()
        if header_type != "spf":
            raise ArgumentError(f"header_type is 'spf' or 'authres', not {header_type!r}")
        keys: list[tuple[str, Any]] = [("client-ip", self.c)]
        if self.ident == "mailfrom":
            keys.append(("envelope-from", self._sender))
        keys += [("helo", self.h), ("receiver", receiver)]
        if res == "permerror" and self.result is not None and self.result.problem is not None:
            keys.append(("problem", self.result.problem.code))
        elif self.mechanism:
            keys.append(("mechanism", self.mechanism))
        keys += [(f"x-{name.replace('_', '-')}", value) for name, value in kv.items() if value is not None]
        keys.append(("identity", self.ident))
        pairs = "; ".join(f"{key}={dot_atom_or_quoted(header_value(str(v)))}" for key, v in keys if v)
        told = comment(f"{header_domain(receiver)}: {self.get_header_comment(res)}")
        return f"{_SHOWN.get(res, res.capitalize())} {told} {pairs}"
