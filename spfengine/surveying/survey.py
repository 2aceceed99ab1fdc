"""`survey` and `asurvey`: what the records of many domains mean, one after the other or many at once."""

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Iterator
from contextlib import aclosing
from time import time
from typing import TYPE_CHECKING, Any

from spfengine.drivers import adrive, drive, given_or_live
from spfengine.errors import ArgumentError
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.policy.shared import SharedIncludes
from spfengine.resolvers.asking import require_resolver
from spfengine.surveying.domain import DomainState, SurveyedDomain, surveying
from spfengine.surveying.listing import read_domain
from spfengine.surveying.time_limit import AsyncTimeLimited, SharedLoop, TimeLimited, unchanging, with_cache
from spfengine.surveying.workers import from_workers

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
    """Yield what the record of each domain means, one after the other, in their order.

    Args:
        domains: the domains. A text that is not a domain name is reported in its place, and does not end the survey.
            A domain that is given several times is surveyed as often.
        resolver: answers DNS questions; live DNS if not given.
        limits: limits on a check; `seconds` replaces its time limit.
        lint: whether each domain is linted too; without it a survey takes a fraction of the time.
        seconds: how long DNS may take for one domain; questions after that count as not answered. None for no limit.

    Raises:
        ArgumentError: a setting can't be used, or `domains` is not a list of domains.
        ResolverError: `resolver` does not follow the resolver protocol. What it raises itself is passed on.
    """
    domains = _checked_domains(domains)
    base = _checked_settings(resolver, seconds, 1)
    includes = SharedIncludes()
    return (_survey_one(_checked_domain(domain), base, limits, lint, seconds, includes) for domain in domains)


def asurvey(
    domains: Iterable[str] | AsyncIterable[str],
    *,
    resolver: "Resolver | AsyncResolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    lint: bool = True,
    seconds: float | None = 20.0,
    in_flight: int = 100,
) -> AsyncGenerator[SurveyedDomain, None]:
    """Yield what the record of each domain means, many at once, each as soon as it is known.

    The other arguments are those of `survey`. All domains share the cached answers, and each has one question in flight
    at a time, so that there are never more questions than domains. `domains` is read only as far as domains are in
    flight or wait for the caller, so that both ends may be streams.

    Args:
        domains: as for `survey`, or an asynchronous iterable.
        in_flight: how many domains may be in flight at once.
    """
    domains = domains if isinstance(domains, AsyncIterable) else _checked_domains(domains)
    return _many(domains, _checked_settings(resolver, seconds, in_flight), limits, lint, seconds, in_flight)


def _checked_domains(domains: Iterable[str]) -> Iterable[str]:
    if isinstance(domains, str | bytes) or not isinstance(domains, Iterable):
        raise ArgumentError(f'domains is a list of domains, such as ["example.com"], not {type(domains).__name__}')
    return domains


def _checked_domain(domain: str) -> str:
    if not isinstance(domain, str):
        raise ArgumentError(f"domains is a list of domains as text, and one of them is of type {type(domain).__name__}")
    return domain


def _checked_settings(resolver: Any, seconds: float | None, in_flight: int) -> Any:
    if seconds is not None and not seconds > 0:
        raise ArgumentError(f"seconds is a time above 0, or None, not {seconds!r}")
    if in_flight < 1:
        raise ArgumentError(f"in_flight is 1 or more, not {in_flight!r}")
    resolver = given_or_live(resolver)
    require_resolver(resolver)
    return with_cache(resolver)


def _survey_one(
    text: str, resolver: Any, limits: Limits, lint: bool, seconds: float | None, includes: SharedIncludes
) -> SurveyedDomain:
    domain, fault = read_domain(text)
    live = not unchanging(resolver)
    if fault is not None:
        return _no_domain(text, fault, live=live)
    steps = surveying(domain, limits, lint=lint, live=live, includes=includes)
    return drive(steps, TimeLimited(resolver, seconds), None)


def _no_domain(text: str, fault: str, *, live: bool) -> SurveyedDomain:
    return SurveyedDomain(text, DomainState.NO_DOMAIN, fault, live=live, asked=time())


async def _many(
    domains: Iterable[str] | AsyncIterable[str],
    resolver: Any,
    limits: Limits,
    lint: bool,
    seconds: float | None,
    in_flight: int,
) -> AsyncGenerator[SurveyedDomain, None]:
    from asyncio import Lock

    shared = SharedLoop(resolver)
    live = not unchanging(resolver)
    includes = SharedIncludes()
    taking = Lock()
    texts = _each(domains)

    async def work(put: Callable[[SurveyedDomain], Awaitable[None]]) -> None:
        """Survey one domain after the other until none is left."""
        while True:
            async with taking:
                text = await anext(texts, _END)
            if text is _END:
                break
            await put(await survey_one(_checked_domain(text)))

    async def survey_one(text: str) -> SurveyedDomain:
        await shared.turn()
        domain, fault = read_domain(text)
        if fault is not None:
            return _no_domain(text, fault, live=live)
        steps = surveying(domain, limits, lint=lint, live=live, includes=includes)
        return await adrive(steps, AsyncTimeLimited(shared, seconds), None)

    async with shared.watched(), aclosing(from_workers(work, in_flight, in_flight)) as surveyed:
        async for each in surveyed:
            yield each


async def _each(domains: Iterable[str] | AsyncIterable[str]) -> AsyncGenerator[str, None]:
    if isinstance(domains, AsyncIterable):
        async for text in domains:
            yield text
    else:
        for text in domains:
            yield text
