"""`survey` and `asurvey`: what the records of many domains come to, one after the other or many at once."""

from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator
from time import monotonic, time
from typing import TYPE_CHECKING, Any

from spfengine.drivers import adrive, drive
from spfengine.errors import ArgumentError
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.resolvers.asking import require_resolver
from spfengine.surveying.domain import DomainState, SurveyedDomain, surveying
from spfengine.surveying.listing import read_domain
from spfengine.surveying.time_limit import AsyncPatience, Patience, Side, shared, unchanging

if TYPE_CHECKING:
    from spfengine.answers import AsyncResolver, Resolver

_END: Any = object()


def survey(
    domains: Iterable[str],
    *,
    resolver: "Resolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    lint: bool = True,
    seconds: float | None = 20.0,
) -> Iterator[SurveyedDomain]:
    """Yield what the record of each domain comes to, one after the other, in their order.

    Args:
        domains: the domains; what is none is told in its place, and does not end the survey. Each is asked for as often
            as it is given.
        resolver: what answers DNS questions; live DNS where it is not given.
        limits: how much a check may ask; `seconds` is looked at instead of its time limit.
        lint: whether each domain is linted too; without it a survey takes a fraction of the time.
        seconds: how long DNS may take for one domain; what is not known by then counts as not answered. None for no
            limit.

    Raises:
        ArgumentError: a setting can't be used.
        ResolverError: `resolver` does not keep the protocol. Whatever it raises itself is passed on.
    """
    base = _checked(resolver, seconds, 1)
    return (_asked(text, base, limits, lint, seconds) for text in domains)


def asurvey(
    domains: Iterable[str] | AsyncIterable[str],
    *,
    resolver: "Resolver | AsyncResolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    lint: bool = True,
    seconds: float | None = 20.0,
    in_flight: int = 100,
) -> AsyncGenerator[SurveyedDomain, None]:
    """Yield what the record of each domain comes to, many at once, each as soon as it is known.

    The other arguments are those of `survey`. All domains share the answers that are kept, and each has one question
    under way at a time, so that there are never more questions than domains. No more of `domains` is taken than is
    under way or waits for whoever iterates, so that both ends may be streams.

    Args:
        domains: as for `survey`, or as they come in asyncio.
        in_flight: how many domains may be under way at once.

    Raises:
        ArgumentError, ResolverError: as `survey`.
    """
    return _many(domains, _checked(resolver, seconds, in_flight), limits, lint, seconds, in_flight)


def _checked(resolver: Any, seconds: float | None, in_flight: int) -> Any:
    if seconds is not None and not seconds > 0:
        raise ArgumentError(f"seconds is a time above 0, or None, not {seconds!r}")
    if in_flight < 1:
        raise ArgumentError(f"in_flight is 1 or more, not {in_flight!r}")
    if resolver is None:
        from spfengine.drivers import default_resolver

        resolver = default_resolver()
    require_resolver(resolver)
    return shared(resolver)


def _asked(text: str, resolver: Any, limits: Limits, lint: bool, seconds: float | None) -> SurveyedDomain:
    domain, fault = read_domain(text)
    if fault is not None:
        return SurveyedDomain(text, DomainState.NO_DOMAIN, fault, live=not unchanging(resolver), asked=time())
    asked, began = time(), monotonic()
    found = drive(surveying(domain, limits, lint=lint), Patience(resolver, seconds), None)
    return _timed(found, resolver, asked, began)


def _timed(found: SurveyedDomain, resolver: object, asked: float, began: float) -> SurveyedDomain:
    return found._replace(live=not unchanging(resolver), asked=asked, seconds=monotonic() - began)


async def _many(
    domains: Iterable[str] | AsyncIterable[str],
    resolver: Any,
    limits: Limits,
    lint: bool,
    seconds: float | None,
    in_flight: int,
) -> AsyncGenerator[SurveyedDomain, None]:
    from asyncio import Lock, Queue, create_task, gather

    side = Side(resolver)
    taking = Lock()
    texts = _each(domains)
    found: Queue[Any] = Queue(in_flight)

    async def work() -> None:
        """Ask for one domain after the other, as long as there are some."""
        try:
            while True:
                async with taking:
                    text = await anext(texts, _END)
                if text is _END:
                    break
                await found.put(await one(text))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where the survey is iterated
            await found.put(error)
        else:
            await found.put(_END)

    async def one(text: str) -> SurveyedDomain:
        await side.turn()
        domain, fault = read_domain(text)
        if fault is not None:
            return SurveyedDomain(text, DomainState.NO_DOMAIN, fault, live=not unchanging(resolver), asked=time())
        asked, began = time(), monotonic()
        known = await adrive(surveying(domain, limits, lint=lint), AsyncPatience(side, seconds), None)
        return _timed(known, resolver, asked, began)

    async with side.watched():
        workers = [create_task(work()) for _ in range(in_flight)]
        left = len(workers)
        try:
            while left:
                next_found = await found.get()
                if next_found is _END:
                    left -= 1
                elif isinstance(next_found, Exception):
                    raise next_found
                else:
                    yield next_found
        finally:
            for worker in workers:
                worker.cancel()
            await gather(*workers, return_exceptions=True)


async def _each(domains: Iterable[str] | AsyncIterable[str]) -> AsyncGenerator[str, None]:
    if isinstance(domains, AsyncIterable):
        async for text in domains:
            yield text
    else:
        for text in domains:
            yield text
