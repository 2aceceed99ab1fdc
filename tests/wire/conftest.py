"""What the tests over the wire share: one way to ask, through both forms of a live resolver."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from spfengine.answers import Answer, Question, RRType
from spfengine.resolvers.live import LiveResolver
from spfengine.resolvers.zone import Zone
from tests.wire.real_server import serve

Ask = Callable[..., Answer]


@pytest.fixture(params=["sync", "asyncio"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Ask a resolver for a name and type, in the form that the test's name says."""

    def ask_sync(resolver: LiveResolver, name: str, type: RRType = RRType.TXT) -> Answer:
        return resolver.resolve(Question(name, type))

    def ask_asyncio(resolver: LiveResolver, name: str, type: RRType = RRType.TXT) -> Answer:
        return asyncio.run(resolver.aresolve(Question(name, type)))

    return ask_sync if request.param == "sync" else ask_asyncio


@pytest.fixture(scope="module")
def real_dns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Zone], str]]:
    """Serve a Zone by a real DNS server until the module's end; returns its nameserver for LiveResolver."""
    with ExitStack() as servers:
        yield lambda zone: servers.enter_context(serve(zone, tmp_path_factory.mktemp("nsd")))
