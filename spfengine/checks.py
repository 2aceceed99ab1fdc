"""Check a client's address against the SPF record of the domain that it claims to send for."""

from time import time
from typing import TYPE_CHECKING

from spfengine.addresses import IPAddress
from spfengine.drivers import adrive, drive, given_or_live
from spfengine.errors import ArgumentError, ZoneError
from spfengine.evaluation.check_host import check_host
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.session import HELO, MAILFROM, KnownAnswer, Session
from spfengine.names import domain_fault
from spfengine.prefetch import adrive_ahead, drive_ahead

if TYPE_CHECKING:
    from spfengine.answers import AsyncResolver, Resolver
    from spfengine.resolvers.overlay import Overlay

    AnyResolver = Resolver | AsyncResolver


def check(
    ip: IPAddress,
    sender: str,
    helo: str | None = None,
    *,
    resolver: "Resolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
) -> CheckResult:
    """Return the result of check_host() for the MAIL FROM identity (RFC 7208 §2.4, §4).

    Args:
        ip: the client's address, as text or as an `ipaddress` object.
        sender: the MAIL FROM address. "" and "<>" are the null sender, for which `postmaster@helo` is checked.
        helo: the name that the client gave in HELO or EHLO; "" if it gave none. None means that it is not known: if the
            result depends on it (`%{h}`, the null sender), it is temperror with the problem `helo-unknown`.
        resolver: answers the DNS queries. The default is live DNS.
        limits: the limits of the check (RFC 7208 §4.6.4).
        receiver: the name of the receiving host, for the macro `%{r}` and for header fields.
        now: seconds since the epoch, for the macro `%{t}`. The default is the system's clock.

    Raises:
        AddressError: `ip` is not an IP address.
        ArgumentError: another argument has the wrong type or value; or there is no `resolver`, and the system has no
            name servers configured.
        ResolverError: `resolver` breaks the resolver protocol. Exceptions that it raises itself are passed on.
    """
    session = Session(ip, sender, helo, MAILFROM, limits, receiver, time() if now is None else now)
    run(session, resolver)
    return CheckResult(session)


async def acheck(
    ip: IPAddress,
    sender: str,
    helo: str | None = None,
    *,
    resolver: "AnyResolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
) -> CheckResult:
    """Async version of `check`."""
    session = Session(ip, sender, helo, MAILFROM, limits, receiver, time() if now is None else now)
    await arun(session, resolver)
    return CheckResult(session)


def check_helo(
    ip: IPAddress,
    helo: str,
    *,
    resolver: "Resolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
) -> CheckResult:
    """Return the result of check_host() for the HELO identity, whose sender is `postmaster@helo` (RFC 7208 §2.3).

    Arguments and exceptions are those of `check`.
    """
    session = Session(ip, "", helo, HELO, limits, receiver, time() if now is None else now)
    run(session, resolver)
    return CheckResult(session)


async def acheck_helo(
    ip: IPAddress,
    helo: str,
    *,
    resolver: "AnyResolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
) -> CheckResult:
    """Async version of `check_helo`."""
    session = Session(ip, "", helo, HELO, limits, receiver, time() if now is None else now)
    await arun(session, resolver)
    return CheckResult(session)


def check_both(
    ip: IPAddress,
    sender: str,
    helo: str,
    *,
    resolver: "Resolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
) -> tuple[CheckResult, CheckResult]:
    """Return the results for the HELO and the MAIL FROM identity, in this order (RFC 7208 §2.3, §2.4).

    They are two separate checks, and each has its own limits. For a null sender, one evaluation gives both results.
    Arguments and exceptions are those of `check`.
    """
    now = time() if now is None else now
    first = check_helo(ip, helo, resolver=resolver, limits=limits, receiver=receiver, now=now)
    if is_null(sender):
        return first, first.as_identity(MAILFROM)
    return first, check(ip, sender, helo, resolver=resolver, limits=limits, receiver=receiver, now=now)


async def acheck_both(
    ip: IPAddress,
    sender: str,
    helo: str,
    *,
    resolver: "AnyResolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
) -> tuple[CheckResult, CheckResult]:
    """Async version of `check_both`."""
    now = time() if now is None else now
    first = await acheck_helo(ip, helo, resolver=resolver, limits=limits, receiver=receiver, now=now)
    if is_null(sender):
        return first, first.as_identity(MAILFROM)
    return first, await acheck(ip, sender, helo, resolver=resolver, limits=limits, receiver=receiver, now=now)


def check_record(
    ip: IPAddress,
    sender: str,
    record: str | bytes,
    helo: str | None = None,
    *,
    resolver: "Resolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
) -> CheckResult:
    """Return the result that `check` would return if `record` were the SPF record of the sender's domain.

    `resolver` answers every other query, including those for other records of the domain. Other arguments and
    exceptions are those of `check`.
    """
    drafted = _draft(ip, sender, record, helo, given_or_live(resolver))
    return check(ip, sender, helo, resolver=drafted, limits=limits, receiver=receiver, now=now)


async def acheck_record(
    ip: IPAddress,
    sender: str,
    record: str | bytes,
    helo: str | None = None,
    *,
    resolver: "AnyResolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
) -> CheckResult:
    """Async version of `check_record`."""
    drafted = _draft(ip, sender, record, helo, given_or_live(resolver))
    return await acheck(ip, sender, helo, resolver=drafted, limits=limits, receiver=receiver, now=now)


def is_null(sender: str) -> bool:
    """Return whether this is the null sender (RFC 7208 §2.4)."""
    return sender in ("", "<>")


def _draft(ip: IPAddress, sender: str, record: str | bytes, helo: str | None, resolver: "AnyResolver") -> "Overlay":
    from spfengine.resolvers.overlay import Overlay

    if not isinstance(record, str | bytes):
        raise ArgumentError(f"record must be str or bytes, not {type(record).__name__}")
    session = Session(ip, sender, helo)
    if session.domain_refused or domain_fault(session.domain) is not None:
        return Overlay(resolver, {})  # the result is none before any query is sent
    try:
        return Overlay(resolver, {session.domain: {"TXT": record}})
    except ZoneError as error:
        raise ArgumentError(f"this record can't be published at this domain: {error}") from None


def run(session: Session, resolver: object) -> None:
    """Evaluate a session, answering its questions from `resolver` (None: live DNS).

    Questions are prefetched if the resolver allows it (see `spfengine.prefetch`).

    Raises:
        ResolverError: `resolver` breaks the resolver protocol. Exceptions that it raises itself are passed on.
    """
    resolver = given_or_live(resolver)
    known_answer: KnownAnswer | None = getattr(resolver, "known_answer", None)
    if known_answer is not None:
        session.known_answer = known_answer
        evaluation = check_host(session)
        question = next(evaluation, None)
        if question is not None:  # most checks of a Zone yield none: they need neither the clock nor `resolve`
            drive(evaluation, resolver, session.limits.seconds, question)
    elif getattr(resolver, "prefetch", 0):
        drive_ahead(session, resolver)
    else:
        drive(check_host(session), resolver, session.limits.seconds)


async def arun(session: Session, resolver: object) -> None:
    """Async version of `run`."""
    resolver = given_or_live(resolver)
    if getattr(resolver, "prefetch", 0):
        await adrive_ahead(session, resolver)
    else:
        session.known_answer = getattr(resolver, "known_answer", session.known_answer)
        await adrive(check_host(session), resolver, session.limits.seconds)
