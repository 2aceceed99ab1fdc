"""Queries that every run makes, several at a time: a run spends most of its time waiting for DNS."""

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from spfengine.addresses import Family
from spfengine.advice.identify.provider_networks import inputs_of
from spfengine.advice.identify.reverse_dns import ReverseNames, reverse_names
from spfengine.answers import Answer, AsyncResolver, Question
from spfengine.catalogue.catalogue import Catalogue
from spfengine.drivers import adrive, drive
from spfengine.evaluation.limits import Limits
from spfengine.policy.policy import Policy, compiling

if TYPE_CHECKING:
    from spfengine.answers import Resolver

AT_ONCE = 16
"""How many records, or addresses, are looked up at the same time."""

_Key = TypeVar("_Key")
_T = TypeVar("_T")
_Steps = Callable[[], Generator[Question, Answer, _T]]


@dataclass(frozen=True, slots=True)
class Prefetched:
    """Results of the queries that were made concurrently.

    Attributes:
        policies: providers' policies, by include.
        names: the names of addresses in reverse DNS.
    """

    policies: Mapping[str, Policy] = field(default_factory=dict)
    names: Mapping[tuple[Family, int], ReverseNames] = field(default_factory=dict)


def prefetch(
    addresses: Iterable[tuple[Family, int]], catalogue: Catalogue, limits: Limits, resolver: "Resolver"
) -> Prefetched:
    """Compile all policies and look up all names concurrently.

    Nothing is prefetched unless the resolver is safe to share between threads (`LiveResolver.is_thread_safe`).
    """
    if not getattr(resolver, "is_thread_safe", False):
        return Prefetched()
    from concurrent.futures import ThreadPoolExecutor

    def run_all(work: dict[_Key, _Steps[_T]]) -> dict[_Key, _T]:
        results = pool.map(lambda steps: drive(steps(), resolver, None), work.values())
        return dict(zip(work, results, strict=True))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Prefetched(run_all(_compilations(catalogue, limits)), run_all(_name_lookups(addresses)))


async def aprefetch(
    addresses: Iterable[tuple[Family, int]],
    catalogue: Catalogue,
    limits: Limits,
    resolver: "Resolver | AsyncResolver",
) -> Prefetched:
    """Async version of `prefetch`, for any AsyncResolver."""
    if not isinstance(resolver, AsyncResolver):
        return Prefetched()
    import asyncio

    free = asyncio.Semaphore(AT_ONCE)

    async def run(steps: _Steps[Any]) -> Any:
        async with free:
            return await adrive(steps(), resolver, None)

    async def run_all(work: dict[_Key, _Steps[_T]]) -> dict[_Key, _T]:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {key: group.create_task(run(steps)) for key, steps in work.items()}
        except BaseExceptionGroup as errors:  # pass on what the resolver raised, not the group
            raise errors.exceptions[0] from None
        return {key: task.result() for key, task in tasks.items()}

    policies = await run_all(_compilations(catalogue, limits))
    return Prefetched(policies, await run_all(_name_lookups(addresses)))


def _compilations(catalogue: Catalogue, limits: Limits) -> dict[str, _Steps[Policy]]:
    def steps(include: str) -> _Steps[Policy]:
        return lambda: compiling(inputs_of(include, limits))

    return {provider.include: steps(provider.include) for provider in catalogue.providers}


def _name_lookups(addresses: Iterable[tuple[Family, int]]) -> dict[tuple[Family, int], _Steps[ReverseNames]]:
    def steps(address: tuple[Family, int]) -> _Steps[ReverseNames]:
        return lambda: reverse_names(*address)

    return {address: steps(address) for address in addresses}
