"""A process without file descriptors: DNS fails with a status, and checks give temperror instead of raising."""

import asyncio
import errno
import os
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from spfengine import CheckResult, LiveResolver, Question, RRType, Status, Zone, acheck, check
from spfengine.resolvers import datagrams, live
from spfengine.testing import FakeDNS
from tests.wire.conftest import Ask

ZONE = Zone(
    {
        "a.example": {"TXT": "v=spf1 include:b.example include:c.example include:d.example -all"},
        "b.example": {"TXT": "v=spf1 ip4:192.0.2.1 -all"},
        "c.example": {"TXT": "v=spf1 ip4:192.0.2.2 -all"},
        "d.example": {"TXT": "v=spf1 ip4:192.0.2.3 -all"},
        "big.example": {"TXT": ("x" * 250,) * 20},
    }
)


@contextmanager
def descriptors(left: int) -> Iterator[None]:
    """Leave the process this many file descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard), hard))
        while True:
            try:
                taken.append(os.dup(2))
            except OSError:
                break
        for _ in range(left):
            os.close(taken.pop())
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def by_asyncio(*arguments: Any, left: int, **settings: Any) -> CheckResult:
    async def run() -> CheckResult:  # the loop of the program is there already
        with descriptors(left):
            return await acheck(*arguments, **settings)

    return asyncio.run(run())


def by_threads(*arguments: Any, left: int, **settings: Any) -> CheckResult:
    with descriptors(left):
        return check(*arguments, **settings)


checks = pytest.mark.parametrize("way", [by_threads, by_asyncio], ids=["sync", "asyncio"])


@checks
def test_a_check_without_descriptors_is_temperror(way: Callable[..., CheckResult]) -> None:
    with FakeDNS(ZONE) as server:
        resolver = LiveResolver(server.nameserver)
        result = way("192.0.2.3", "x@a.example", left=0, resolver=resolver)
        assert result.result == "temperror"
        assert server.queries == []
        assert check("192.0.2.3", "x@a.example", resolver=resolver).result == "pass"  # nothing of it is remembered


@pytest.mark.parametrize("left", [1, 2, 3, 4, 22, 25])
def test_a_check_that_can_only_send_one_query_at_a_time_does_that(
    left: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """With fewer descriptors than an event loop and 20 queries take, there is no loop."""
    with FakeDNS(ZONE) as server:
        check("192.0.2.3", "x@a.example", resolver=LiveResolver(server.nameserver))  # the server loads what it needs
        result = by_threads("192.0.2.3", "x@a.example", left=left, resolver=LiveResolver(server.nameserver))
        assert result.result == "pass"
        assert (result.questions_ahead > 0) == (left == 25)
    assert capsys.readouterr().err == ""


@checks
def test_descriptors_that_run_out_during_a_check_are_temperror(
    way: Callable[..., CheckResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeDNS(ZONE) as server:
        refuse_sockets(monkeypatch, errno.EMFILE, after=1)
        result = way("192.0.2.3", "x@a.example", left=20, resolver=LiveResolver(server.nameserver))
        assert result.result == "temperror"
        assert len(server.queries) == 1


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE], ids=["EMFILE", "ENFILE"])
@pytest.mark.parametrize(("name", "sockets", "status"), [
    ("a.example", 0, Status.TIMEOUT), ("big.example", 1, Status.TRUNCATED)
], ids=["udp", "tcp"])  # fmt: skip
def test_a_question_without_descriptors_fails(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, number: int, name: str, sockets: int, status: Status
) -> None:
    with FakeDNS(ZONE) as server:
        resolver = LiveResolver(server.nameserver)
        refuse_sockets(monkeypatch, number, after=sockets)
        assert ask(resolver, name).status is status
        assert len(server.queries) == sockets
        monkeypatch.undo()
        assert resolver.resolve(Question(name, RRType.TXT)).records


def refuse_sockets(monkeypatch: pytest.MonkeyPatch, number: int, after: int) -> None:
    """Make the sockets of DNS queries fail after so many, as the kernel does: with EMFILE for the process's limit, and
    with ENFILE for the system's.
    """
    given = 0

    class Refused:
        def __getattr__(self, name: str) -> Any:
            return getattr(socket, name)

        def socket(self, *arguments: Any) -> socket.socket:
            nonlocal given
            given += 1
            if given > after:
                raise OSError(number, os.strerror(number))
            return socket.socket(*arguments)

    for module in (live, datagrams):
        monkeypatch.setattr(module, "socket", Refused())
