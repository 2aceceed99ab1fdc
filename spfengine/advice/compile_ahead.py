"""Compiling the providers' policies several at once, where that is faster: each waits for DNS most of the time."""

import sys
from typing import TYPE_CHECKING

from spfengine.advice.catalogue.catalogue import Catalogue
from spfengine.advice.catalogue.provider import Provider
from spfengine.advice.provider_networks import inputs_of
from spfengine.answers import AsyncResolver
from spfengine.drivers import adrive, drive
from spfengine.evaluation.limits import Limits
from spfengine.policy.policy import Policy, compiling

if TYPE_CHECKING:
    from spfengine.answers import Resolver

AT_ONCE = 16
"""Policies that are compiled at once."""


def compile_ahead(catalogue: Catalogue, limits: Limits, resolver: "Resolver") -> dict[str, Policy]:
    """Return the providers' policies by include name; none where it is not known that threads may share `resolver`."""
    live = sys.modules.get("spfengine.resolvers.live")  # not loaded: then this is none of its resolvers
    if live is None or not isinstance(resolver, live.LiveResolver):
        return {}
    from concurrent.futures import ThreadPoolExecutor

    def one(provider: Provider) -> Policy:
        return drive(compiling(inputs_of(provider, limits)), resolver, None)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        policies = list(pool.map(one, catalogue.providers))
    return {provider.include: policy for provider, policy in zip(catalogue.providers, policies, strict=True)}


async def acompile_ahead(
    catalogue: Catalogue, limits: Limits, resolver: "Resolver | AsyncResolver"
) -> dict[str, Policy]:
    """Return the providers' policies by include name; none where `resolver` has no asyncio form."""
    if not isinstance(resolver, AsyncResolver):
        return {}
    import asyncio

    room = asyncio.Semaphore(AT_ONCE)

    async def one(provider: Provider) -> Policy:
        async with room:
            return await adrive(compiling(inputs_of(provider, limits)), resolver, None)

    async with asyncio.TaskGroup() as tasks:
        running = {provider.include: tasks.create_task(one(provider)) for provider in catalogue.providers}
    return {include: task.result() for include, task in running.items()}
