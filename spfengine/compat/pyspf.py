"""pyspf's interface to this engine: with `import spfengine.compat.pyspf as spf`, code written for pyspf 2 runs.

It has `check2`, `check`, `query(…)` with `check`, `best_guess`, `dns`, `set_default_explanation` and `get_header`, and
the hook `DNSLookup`, which may be replaced for the whole module. Results, SMTP codes and counts are those of pyspf's
strict mode. The differences are listed in docs/coming-from-pyspf.md. For a package that itself has `import spf`, see
`spfengine.compat.stand_in`.
"""

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from time import time
from typing import Any

from spfengine.addresses import address_text, parse_address
from spfengine.answers import Answer, Question, RRType, Status
from spfengine.checks import check as _check, check_record
from spfengine.drivers import default_resolver
from spfengine.errors import AddressError, ArgumentError
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.headers.fields import comment, dot_atom_or_quoted, header_domain, header_value
from spfengine.evaluation.limits import Limits, VoidRule
from spfengine.names import fold
from spfengine.problems import Result

__all__ = [
    "DEFAULT_SPF", "EXPLANATIONS", "MAX_CNAME", "MAX_LOOKUP", "MAX_MX", "MAX_PER_LOOKUP_TIME", "MAX_PTR",
    "MAX_VOID_LOOKUPS", "AmbiguityWarning", "DNSLookup", "PermError", "TempError", "check", "check2", "domainmatch",
    "query", "split_email",
]  # fmt: skip

__version__ = "2.0.14"
"""The version of pyspf whose interface this is; some programs look at it."""

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
_HEADER_WORDS = {"permerror": "PermError", "temperror": "TempError", "softfail": "SoftFail"}


class _PyspfError(Exception):
    """What pyspf's exceptions have in common.

    Attributes:
        msg: what is wrong.
        mech: the term at fault, or None.
        ext: None; in pyspf, the result of its lax mode.
    """

    def __init__(self, msg: str = "", mech: str | None = None, ext: Any = None) -> None:
        super().__init__(msg, mech)
        self.msg = msg
        self.mech = mech
        self.ext = ext

    def __str__(self) -> str:
        return f"{self.msg}: {self.mech}" if self.mech else self.msg


class PermError(_PyspfError):
    """The client's address is invalid; also the value of `query.perm_error` after a permerror."""


class TempError(_PyspfError):
    """DNS gives no answer: raised by `DNSLookup`, by functions that replace it, and by `query.dns`."""


class AmbiguityWarning(_PyspfError):  # noqa: N818 - pyspf's name
    """Never raised: only pyspf's `strict=2`, which has no effect here, warns of what is ambiguous."""


def DNSLookup(name: str, qtype: str, tcpfallback: bool = True, timeout: float = 30) -> list[Any]:  # noqa: ARG001, N802 - pyspf's name and arguments
    """Ask live DNS; return `((name, qtype), value)` for each record. Raises TempError.

    If another function replaces it in this module, every check calls that one.
    """
    if qtype not in RRType.__members__:
        return []
    return lookup_result(name, qtype, default_resolver().resolve(Question(name.removesuffix("."), RRType(qtype))))


def lookup_result(name: str, qtype: str, answer: Answer) -> list[Any]:
    """Return an Answer in the form of `DNSLookup`: `((name, qtype), value)` for each record. Raises TempError."""
    if answer.is_failure:
        raise TempError(f"DNS {answer.status}")
    values: list[Any] = answer.texts()
    if qtype == RRType.TXT:
        values = list(answer.strings)
    elif qtype == RRType.MX:
        values = [(preference, exchange) for preference, exchange in answer.records]
    return [((name, qtype), value) for value in values]


def answer_from(question: Question, lookup: Callable[[str, str], Any]) -> Answer:
    """Return the Answer that a `DNSLookup` gives. An empty list becomes NODATA: whether the name exists is not known.

    Raises:
        TempError: `lookup` raises it.
        ArgumentError: a value does not fit the question's type.
    """
    name = question.name
    chain: list[str] = []
    while True:
        aliases = {}
        values = []
        for (owner, kind), value in lookup(name, str(question.type)):
            if kind == "CNAME":
                aliases[fold(str(owner).removesuffix("."))] = str(value).removesuffix(".")
            elif kind == question.type:
                values.append(value)
        target = aliases.get(fold(name))
        while target is not None and len(chain) <= MAX_CNAME:
            chain.append(target)
            name = target
            target = aliases.get(fold(name))
        if len(chain) > MAX_CNAME:
            return Answer.failed(Status.LOOP, chain)
        if values or not aliases:
            return _answer(question.type, values, chain)


def _answer(type: RRType, values: list[Any], chain: list[str]) -> Answer:
    if not values:
        return Answer.nodata(chain=chain)
    if type is RRType.TXT:
        return Answer.txt(*[tuple(value) if isinstance(value, list) else value for value in values], chain=chain)
    if type is RRType.MX:
        return Answer.mx(*[(int(preference), str(name)) for preference, name in values], chain=chain)
    if type is RRType.PTR:
        return Answer.ptr(*map(str, values), chain=chain)
    texts = [str(ip_address(value)) if isinstance(value, bytes) else str(value) for value in values]
    return Answer.a(*texts, chain=chain) if type is RRType.A else Answer.aaaa(*texts, chain=chain)


def split_email(s: str | None, h: str | None) -> tuple[str, str]:
    """Return local part and domain of a sender, or, if it is empty, of the HELO name. See RFC 7208 §4.3."""
    local_part, _, domain = (s or h or "").rpartition("@")
    return local_part or "postmaster", domain


def domainmatch(ptrs: Iterable[str], domainsuffix: str) -> bool:
    """Whether one of these names is the domain or a subdomain of it, in any letter case."""
    suffix = fold(domainsuffix)
    return any(fold(name) == suffix or fold(name).endswith(f".{suffix}") for name in ptrs)


class _Hook:
    """Asks the function that is `DNSLookup` in this module at that moment, once for each question of a cache."""

    def __init__(self, timeout: float, cache: dict[tuple[str, str], Answer]) -> None:
        self._timeout = timeout
        self._cache = cache

    def resolve(self, question: Question, /) -> Answer:
        key = (fold(question.name), str(question.type))
        answer = self._cache.get(key)
        if answer is None:
            answer = self._cache[key] = self._look_up(question)
        return answer

    def _look_up(self, question: Question) -> Answer:
        lookup = globals()["DNSLookup"]
        try:
            return answer_from(question, lambda name, qtype: lookup(name, qtype, True, self._timeout))
        except TempError:
            return Answer.failed(Status.SERVFAIL)


def check2(
    i: Any, s: str, h: str, local: Any = None, receiver: str | None = None, timeout: float = MAX_PER_LOOKUP_TIME,
    verbose: bool = False, querytime: float = 20,
) -> tuple[str, str]:  # fmt: skip
    """Return (result, explanation) for the client's address, the sender and the HELO name.

    Raises:
        ArgumentError: `local` is given; RFC 7208 has no local policies.
    """
    try:
        result, _, text = query(i, s, h, local, receiver, timeout=timeout, verbose=verbose, querytime=querytime).check()
    except PermError as error:
        return "permerror", f"SPF Permanent Error: {error}"
    return result, text


def check(
    i: Any, s: str, h: str, local: Any = None, receiver: str | None = None, verbose: bool = False
) -> tuple[str, int, str]:
    """Return (result, SMTP code, explanation), with permerror under its old name "unknown". Raises as `query` does."""
    result, code, text = query(i, s, h, local, receiver, verbose=verbose).check()
    return "unknown" if result == "permerror" else result, code, text


class query:  # noqa: N801 - pyspf's name
    """A check of a client, a sender and a HELO name.

    Without a client, as `query(None, None, None)`, it asks DNS, but can't check.

    Attributes:
        i, s, h, r: client, sender (`postmaster@` and the HELO name if it is empty), HELO name, receiver.
        l, o, d: local part of the sender, its domain, the domain that is checked.
        c: the client's address as text; empty without a client.
        ident: "mailfrom", or "helo" if the sender is empty.
        mechanism: the directive that decided, or None before `check` and if none did.
        perm_error: a PermError after a permerror, otherwise None.
        lookups, void_lookups: the counts of the check.
        cache: the answers of DNS. Give it to another query to reuse them.
        result: the CheckResult, or None before `check`.

    Raises:
        PermError: `i` is not an IP address.
        ArgumentError: `local` is given.
    """

    def __init__(
        self, i: Any, s: str | None, h: str | None, local: Any = None, receiver: str | None = None,
        strict: Any = True, timeout: float = MAX_PER_LOOKUP_TIME, verbose: bool = False, querytime: float = 0,
    ) -> None:  # fmt: skip
        if local is not None:
            raise ArgumentError("local policies are not supported; use Overlay to check with another record")
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
        self.s = self._sender or (f"postmaster@{self.h}" if self.h else "")
        self.l, self.o = split_email(self.s, self.h)
        self.d = self.o
        self._explanations = dict(EXPLANATIONS)
        try:
            self.c = address_text(*parse_address(i)) if i else ""
        except AddressError as error:
            raise PermError(str(error)) from None

    def set_default_explanation(self, exp: str) -> None:
        """Set the explanation of a fail for which the domain gives none, and that of a softfail."""
        self._explanations |= {"fail": exp, "softfail": exp}

    def dns(self, name: str, qtype: str, cnames: Any = None, ignore_void: bool = False) -> list[Any]:  # noqa: ARG002 - pyspf's arguments
        """Return the values of a name's records, in the form of `DNSLookup`; CNAMEs are followed.

        The list is empty if there are none. `cnames` and `ignore_void` have no effect: nothing is counted.

        Raises:
            TempError: DNS gives no answer.
        """
        if qtype not in RRType.__members__:
            return []
        question = Question(name.removesuffix("."), RRType(qtype))
        answer = _Hook(self.timeout, self.cache).resolve(question)
        return [value for _, value in lookup_result(name, qtype, answer)]

    def check(self, spf: str | bytes | None = None) -> tuple[str, int, str]:
        """Return (result, SMTP code, explanation); `spf` is a record to use in place of the domain's.

        Raises:
            ArgumentError: the query has no client.
        """
        if not self.i:
            raise ArgumentError("this query has no client: give the IP address as the first argument of query()")
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
            result = _check(self.i, self._sender, self.h, **options)
        else:
            result = check_record(self.i, self._sender, spf, self.h, **options)
        return self._keep(result)

    def best_guess(self, spf: str | bytes = DEFAULT_SPF) -> tuple[str, int, str]:
        """Return what `check` would return if this were the domain's record."""
        return self.check(spf)

    def _keep(self, result: CheckResult) -> tuple[str, int, str]:
        self.result = result
        self.mechanism = result.directive
        self.lookups, self.void_lookups = result.lookups, result.void_lookups
        self.perm_error = self.prob = None
        name = str(result.result)
        text = result.explanation or self._explanations[name]
        if result.result in (Result.PERMERROR, Result.TEMPERROR) and result.problem is not None:
            self.prob = result.problem.text
            kind = "Permanent" if result.result is Result.PERMERROR else "Temporary"
            text = f"SPF {kind} Error: {self.prob}"
            if result.result is Result.PERMERROR:
                self.perm_error = PermError(self.prob)
        return name, _CODES.get(name, 250), text

    def get_header_comment(self, res: str) -> str:
        """Return what a result means, as one line of printable US-ASCII."""
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
        """Return the value of a Received-SPF field, or of an Authentication-Results field ("authres"), on one line.

        `kv` become keys of Received-SPF: `foo="bar"` becomes `x-foo=bar`.

        Raises:
            ArgumentError: the header type is unknown, or it is "authres" and `check` was not called.
        """
        receiver = receiver or self.r
        if header_type == "authres":
            if self.result is None:
                raise ArgumentError("call check() before get_header()")
            field = self.result.authentication_results(aid or receiver)
            return field.partition(":")[2].replace("\r\n", "").strip()
        if header_type != "spf":
            raise ArgumentError(f"header_type is 'spf' or 'authres', not {header_type!r}")
        keys = self._received_spf_keys(res, receiver)
        keys += [(f"x-{name.replace('_', '-')}", value) for name, value in kv.items() if value is not None]
        keys.append(("identity", self.ident))
        pairs = "; ".join(f"{key}={dot_atom_or_quoted(header_value(str(v)))}" for key, v in keys if v)
        words = comment(f"{header_domain(receiver)}: {self.get_header_comment(res)}")
        return f"{_HEADER_WORDS.get(res, res.capitalize())} {words} {pairs}"

    def _received_spf_keys(self, res: str, receiver: str) -> list[tuple[str, Any]]:
        keys: list[tuple[str, Any]] = [("client-ip", self.c)]
        if self.ident == "mailfrom":
            keys.append(("envelope-from", self._sender))
        keys += [("helo", self.h), ("receiver", receiver)]
        if res == "permerror" and self.result is not None and self.result.problem is not None:
            keys.append(("problem", self.result.problem.code))
        elif self.mechanism:
            keys.append(("mechanism", self.mechanism))
        return keys
