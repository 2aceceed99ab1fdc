"""Asking ahead: what every run asks, several at once where that is faster: each waits for DNS most of the time."""

import sys
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from spfengine.addresses import Family
from spfengine.advice.catalogue.catalogue import Catalogue
from spfengine.advice.identify.provider_networks import ReverseNames, inputs_of, reverse_names
from spfengine.answers import Answer, AsyncResolver, Question
from spfengine.drivers import adrive, drive
from spfengine.evaluation.limits import Limits
from spfengine.policy.policy import Policy, compiling

if TYPE_CHECKING:
    from spfengine.answers import Resolver

AT_ONCE = 16
"""Records, or addresses, that are asked about at once."""

_Key = TypeVar("_Key")
_T = TypeVar("_T")
_Steps = Callable[[], Generator[Question, Answer, _T]]


class Ahead(NamedTuple):
    """What was asked ahead.

    Attributes:
        policies: providers' policies, by include name.
        names: the names of addresses in reverse DNS.
    """

    policies: Mapping[str, Policy] = {}
    names: Mapping[tuple[Family, int], ReverseNames] = {}


def ask_ahead(
    addresses: Iterable[tuple[Family, int]], catalogue: Catalogue, limits: Limits, resolver: "Resolver"
) -> Ahead:
    """Return what can be asked ahead: nothing, where it is not known that threads may share `resolver`."""
    live = sys.modules.get("spfengine.resolvers.live")  # not loaded: then this is none of its resolvers
    if live is None or not isinstance(resolver, live.LiveResolver):
        return Ahead()
    from concurrent.futures import ThreadPoolExecutor

    def each(work: dict[_Key, _Steps[_T]]) -> dict[_Key, _T]:
        found = pool.map(lambda steps: drive(steps(), resolver, None), work.values())
        return dict(zip(work, found, strict=True))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Ahead(each(_compiling(catalogue, limits)), each(_naming(addresses)))


async def aask_ahead(
    addresses: Iterable[tuple[Family, int]],
    catalogue: Catalogue,
    limits: Limits,
    resolver: "Resolver | AsyncResolver",
) -> Ahead:
    """Return what can be asked ahead: nothing, where `resolver` has no asyncio form."""
    if not isinstance(resolver, AsyncResolver):
        return Ahead()
    import asyncio

    room = asyncio.Semaphore(AT_ONCE)

    async def one(steps: _Steps[Any]) -> Any:
        async with room:
            return await adrive(steps(), resolver, None)

    async def each(work: dict[_Key, _Steps[_T]]) -> dict[_Key, _T]:
        try:
            async with asyncio.TaskGroup() as tasks:
                running = {key: tasks.create_task(one(steps)) for key, steps in work.items()}
        except BaseExceptionGroup as group:  # what the resolver raised is passed on as it is
            raise group.exceptions[0] from None
        return {key: task.result() for key, task in running.items()}

    return Ahead(await each(_compiling(catalogue, limits)), await each(_naming(addresses)))


def _compiling(catalogue: Catalogue, limits: Limits) -> dict[str, _Steps[Policy]]:
    def steps(include: str) -> _Steps[Policy]:
        return lambda: compiling(inputs_of(include, limits))

    return {provider.include: steps(provider.include) for provider in catalogue.providers}


def _naming(addresses: Iterable[tuple[Family, int]]) -> dict[tuple[Family, int], _Steps[ReverseNames]]:
    def steps(address: tuple[Family, int]) -> _Steps[ReverseNames]:
        return lambda: reverse_names(*address)

    return {address: steps(address) for address in addresses}
