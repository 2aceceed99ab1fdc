"""Point rivals at our DNS server on loopback, each in the way that it documents. None if one is not installed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from bench.workloads import Check

Ask = Callable[[Check], str]
AskInAsyncio = Callable[[Check], Awaitable[str]]


def pyspf_at(port: int) -> Ask | None:
    """Return pyspf. It uses dnspython if installed, else py3dns; the default server of both is set here."""
    try:
        import DNS
        import dns.resolver
        import spf
    except ImportError:
        return None
    DNS.defaults.update(server=["127.0.0.1"], port=port)
    dns.resolver.default_resolver = dns.resolver.Resolver(configure=False)
    dns.resolver.default_resolver.nameservers = ["127.0.0.1"]
    dns.resolver.default_resolver.port = port

    def ask(check: Check) -> str:
        return str(spf.query(i=check.ip, s=check.sender, h=check.helo).check()[0])

    return ask


def spftrace_at(port: int, *, prefetch: bool) -> AskInAsyncio | None:
    """Return spftrace, with a resolver that uses dnspython, which can be given a port."""
    try:
        import dns.asyncresolver
        import dns.resolver
        import spftrace
    except ImportError:
        return None

    class Loopback(spftrace.BaseResolver):
        def __init__(self) -> None:
            super().__init__()
            self._dns = dns.asyncresolver.Resolver(configure=False)
            self._dns.nameservers = ["127.0.0.1"]
            self._dns.port = port

        async def _lookup(self, name: str, rtype: str) -> tuple[str, list[str]]:
            try:
                answer = await self._dns.resolve(name, rtype, search=False)
            except dns.resolver.NXDOMAIN:
                return "NXDOMAIN", []
            except dns.resolver.NoAnswer:
                return "NOERROR", []
            return "NOERROR", [_text(rtype, record) for record in answer]

    resolver = Loopback()

    async def ask(check: Check) -> str:
        result = await spftrace.acheck(check.ip, check.sender, check.helo, resolver=resolver, prefetch=prefetch)
        return str(result.verdict)

    return ask


def _text(rtype: str, record: Any) -> str:
    if rtype == "TXT":
        return b"".join(record.strings).decode()
    return str(record.exchange if rtype == "MX" else record.address)


def blocking(ask: AskInAsyncio | None) -> Ask | None:
    """Return the same as a function that needs no event loop."""
    return None if ask is None else lambda check: asyncio.run(_awaited(ask, check))


async def _awaited(ask: AskInAsyncio, check: Check) -> str:
    return await ask(check)
