"""The face of the engine: check a client's address against the SPF record of what it says it is."""

from time import time
from typing import TYPE_CHECKING

from spfengine.drivers import adrive, drive
from spfengine.errors import ArgumentError, ZoneError
from spfengine.evaluation.check_host import check_host
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.session import HELO, MAILFROM, AtHand, Session
from spfengine.names import domain_fault

if TYPE_CHECKING:
    from spfengine.answers import AsyncResolver, Resolver
    from spfengine.resolvers.live import LiveResolver
    from spfengine.resolvers.overlay import Overlay

    AnyResolver = Resolver | AsyncResolver


def check(
    ip: object,
    sender: str,
    helo: str = "",
    *,
    resolver: "Resolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
) -> CheckResult:
    """Return the result of check_host() for the MAIL FROM identity (RFC 7208 §2.4, §4).

    Args:
        ip: the client's address: text, or an `ipaddress` object.
        sender: the address of MAIL FROM. "" and "<>" are the null sender: `postmaster@helo` is checked then.
        helo: the name that the client gave in HELO or EHLO; "" where it is not known.
        resolver: what answers DNS questions; live DNS where it is not given.
        limits: how much the check may ask.
        receiver: the name of the receiving host, for `%{r}` and headers.
        now: seconds since the epoch, for `%{t}`; the clock's where it is not given.

    Raises:
        AddressError: `ip` is no IP address.
        ArgumentError: another argument is not what it must be.
        ResolverError: `resolver` does not keep the protocol. Whatever it raises itself is passed on.
    """
    session = Session(ip, sender, helo, MAILFROM, limits, receiver, time() if now is None else now)
    run(session, default_resolver() if resolver is None else resolver)
    return CheckResult(session)


async def acheck(
    ip: object,
    sender: str,
    helo: str = "",
    *,
    resolver: "AnyResolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
) -> CheckResult:
    """Return what `check` returns, without blocking the event loop; the same arguments, the same result.

    Raises:
        AddressError, ArgumentError, ResolverError: as `check`.
    """
    session = Session(ip, sender, helo, MAILFROM, limits, receiver, time() if now is None else now)
    await arun(session, default_resolver() if resolver is None else resolver)
    return CheckResult(session)


def check_helo(
    ip: object,
    helo: str,
    *,
    resolver: "Resolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
) -> CheckResult:
    """Return the result of check_host() for the HELO identity: its sender is `postmaster@helo` (RFC 7208 §2.3).

    Raises:
        AddressError, ArgumentError, ResolverError: as `check`.
    """
    session = Session(ip, "", helo, HELO, limits, receiver, time() if now is None else now)
    run(session, default_resolver() if resolver is None else resolver)
    return CheckResult(session)


async def acheck_helo(
    ip: object,
    helo: str,
    *,
    resolver: "AnyResolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
) -> CheckResult:
    """Return what `check_helo` returns, without blocking the event loop.

    Raises:
        AddressError, ArgumentError, ResolverError: as `check`.
    """
    session = Session(ip, "", helo, HELO, limits, receiver, time() if now is None else now)
    await arun(session, default_resolver() if resolver is None else resolver)
    return CheckResult(session)


def check_both(
    ip: object,
    sender: str,
    helo: str,
    *,
    resolver: "Resolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
) -> tuple[CheckResult, CheckResult]:
    """Return the results for the HELO and the MAIL FROM identity, in this order: two separate checks, each with its
    own counts (RFC 7208 §2.3, §2.4). For a null sender one evaluation serves both.

    Raises:
        AddressError, ArgumentError, ResolverError: as `check`.
    """
    now = time() if now is None else now
    first = check_helo(ip, helo, resolver=resolver, limits=limits, receiver=receiver, now=now)
    if is_null(sender):
        return first, first.as_identity(MAILFROM)
    return first, check(ip, sender, helo, resolver=resolver, limits=limits, receiver=receiver, now=now)


async def acheck_both(
    ip: object,
    sender: str,
    helo: str,
    *,
    resolver: "AnyResolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
) -> tuple[CheckResult, CheckResult]:
    """Return what `check_both` returns, without blocking the event loop.

    Raises:
        AddressError, ArgumentError, ResolverError: as `check`.
    """
    now = time() if now is None else now
    first = await acheck_helo(ip, helo, resolver=resolver, limits=limits, receiver=receiver, now=now)
    if is_null(sender):
        return first, first.as_identity(MAILFROM)
    return first, await acheck(ip, sender, helo, resolver=resolver, limits=limits, receiver=receiver, now=now)


def check_record(
    ip: object,
    sender: str,
    record: str | bytes,
    helo: str = "",
    *,
    resolver: "Resolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
) -> CheckResult:
    """Return the result that `check` would give if `record` were the SPF record of the sender's domain.

    All other names are asked of `resolver`; nothing else of the domain changes.

    Raises:
        AddressError, ArgumentError, ResolverError: as `check`.
    """
    drafted = _draft(ip, sender, record, helo, default_resolver() if resolver is None else resolver)
    return check(ip, sender, helo, resolver=drafted, limits=limits, receiver=receiver, now=now)


async def acheck_record(
    ip: object,
    sender: str,
    record: str | bytes,
    helo: str = "",
    *,
    resolver: "AnyResolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
) -> CheckResult:
    """Return what `check_record` returns, without blocking the event loop.

    Raises:
        AddressError, ArgumentError, ResolverError: as `check`.
    """
    drafted = _draft(ip, sender, record, helo, default_resolver() if resolver is None else resolver)
    return await acheck(ip, sender, helo, resolver=drafted, limits=limits, receiver=receiver, now=now)


_live: "LiveResolver | None" = None


def default_resolver() -> "LiveResolver":
    """Return the resolver that is used where none is given: live DNS as the system is set up, made once.

    Raises:
        ResolverError: the system has no DNS servers set up.
    """
    global _live  # noqa: PLW0603 - one cache of DNS answers for the whole process
    if _live is None:
        from spfengine.resolvers.live import LiveResolver

        _live = LiveResolver()
    return _live


def is_null(sender: str) -> bool:
    """Whether this is the null sender (RFC 7208 §2.4)."""
    return sender in ("", "<>")


def _draft(ip: object, sender: str, record: str | bytes, helo: str, resolver: "AnyResolver") -> "Overlay":
    from spfengine.resolvers.overlay import Overlay

    if not isinstance(record, str | bytes):
        raise ArgumentError(f"record must be str or bytes, not {type(record).__name__}")
    session = Session(ip, sender, helo)
    if session.domain_refused or domain_fault(session.domain) is not None:
        return Overlay(resolver, {})  # the result is none before any record is asked for
    try:
        return Overlay(resolver, {session.domain: {"TXT": record}})
    except ZoneError as error:
        raise ArgumentError(f"this record can't be put at this domain: {error}") from None


def run(session: Session, resolver: object) -> None:
    """Come to the verdict on a session, every question answered by `resolver`; what it has at hand is never asked for.

    Where the resolver says that questions may be asked ahead, they are (see `prefetch`).

    Raises:
        ResolverError: `resolver` does not keep the protocol. Whatever it raises itself is passed on.
    """
    at_hand: AtHand | None = getattr(resolver, "at_hand", None)
    if at_hand is not None:
        session.at_hand = at_hand
        evaluation = check_host(session)
        question = next(evaluation, None)
        if question is not None:
            drive(evaluation, resolver, session.limits.seconds, question)
    elif getattr(resolver, "prefetch", 0):
        from spfengine.prefetch import drive_ahead

        drive_ahead(session, resolver)
    else:
        drive(check_host(session), resolver, session.limits.seconds)


async def arun(session: Session, resolver: object) -> None:
    """Come to the verdict on a session in asyncio: `run` with `aresolve`."""
    if getattr(resolver, "prefetch", 0):
        from spfengine.prefetch import adrive_ahead

        await adrive_ahead(session, resolver)
    else:
        session.at_hand = getattr(resolver, "at_hand", session.at_hand)
        await adrive(check_host(session), resolver, session.limits.seconds)
