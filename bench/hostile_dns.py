"""A DNS server on loopback for load tests: it makes up records for any name, and is fast enough not to be what is
measured.

    python -m bench.hostile_dns [PORT [SECONDS]]

It answers after so many seconds, prints its port, and exits when stdin ends. Names under these domains have:

- `good.test`: a record with an include, whose record has an include; the second one lists 192.0.2.0/24.
- `bench.test`: a record with an include of `spf.bench.test`, which lists 192.0.2.0/24; `mx.bench.test` has one without.
- `silent.test`: ten includes of names that are never answered.
- `strings.test`: ten includes of names with a TXT record of 64,800 empty strings; `octets.test` the same with 32,000
  strings of one octet, `texts.test` with 5,000 TXT records, `hosts.test` ten `a` of names with 4,000 addresses.
- `hops.test`: ten `mx` with ten hosts each, all with another address.
- `slow.test`: ten includes of names that are answered after a second; `failing.test` the same with SERVFAIL, at once.
- `stalling.test`: ten includes of names whose answers need TCP, over which nothing comes.
- `wide.test`: ten includes of records with 3,500 `ip4` each.
- `deep.test`: an include of a name with an include, and so on.
- `macros.test`: ten `a` whose names are made of all that a message says.
- any other: NXDOMAIN.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import cast

_TTL = (300).to_bytes(4, "big")
_TXT, _A, _MX = 16, 1, 15
_UDP = 1232
_REPOSITORY = Path(__file__).parents[1]
_EMPTY = b"\0" * 64_800
_ONE = b"\1a" * 32_000
_TEXTS = [b"\0"] * 5_000
_TERMS = {"hosts": "a:", "hops": "mx:", "macros": "a:%{ir}.%{l1r+-}.%{h}.%{v}."}
_INCLUDES = {"silent", "strings", "octets", "texts", "slow", "failing", "stalling", "wide"}
_LATE = 1.0  # seconds
_STALLS = 60.0  # seconds
_HOSTS = [bytes([10, 0, number >> 8, number & 255]) for number in range(4_000)]
_SOA = b"\0\0\6\0\1" + _TTL + b"\0\x16\0\0" + (300).to_bytes(4, "big") * 5


class NoReplyError(Exception):
    """This question is not answered."""


class FailureError(Exception):
    """This question is answered with SERVFAIL."""


def records(name: str, rrtype: int) -> list[bytes]:
    """Return the data of the records of a name."""
    first, *_ = labels = name.lower().split(".")
    kind = labels[-2] if len(labels) > 2 else ""
    if rrtype == _TXT:
        return _texts(kind, first, name)
    if kind == "hosts" and rrtype == _A:
        return _HOSTS
    if kind == "hops" and rrtype == _MX:
        return [b"\0\1" + _name(f"m{number}.{name}") for number in range(10)]
    if kind in ("hops", "macros") and rrtype == _A:
        return [bytes([10, 0, 0, 1])]
    return []


def _texts(kind: str, first: str, name: str) -> list[bytes]:
    """Return the TXT records of a name, of which the first label is given."""
    if kind == "good":
        following = {"list": "", "spf": "list."}.get(first, "spf.")
        term = f"include:{following}{name}" if following else "ip4:192.0.2.0/24"
        return [_text(f"v=spf1 {term} -all")]
    if kind == "bench":
        return [_text(f"v=spf1 {'ip4:192.0.2.0/24' if first in ('spf', 'mx') else 'include:spf.bench.test'} -all")]
    if kind == "deep":
        return [_text(f"v=spf1 include:x.{name} -all")]
    if (kind in _INCLUDES or kind in _TERMS) and not first.startswith("x-"):
        term = _TERMS.get(kind, "include:")
        return [_text(" ".join(["v=spf1", *[f"{term}x-{number}.{name}" for number in range(10)], "-all"]))]
    if kind == "silent":
        raise NoReplyError
    if kind == "failing":
        raise FailureError
    return {"strings": [_EMPTY], "octets": [_ONE], "stalling": [_ONE], "texts": _TEXTS, "wide": [_wide()]}.get(kind, [])


@cache
def _wide() -> bytes:
    return _text(" ".join(["v=spf1", *[f"ip4:10.{n >> 8}.{n & 255}.1" for n in range(3_500)], "-all"]))


def reply(query: bytes, limit: int) -> bytes:
    """Return the reply to a query in at most `limit` octets. Raises NoReplyError."""
    at, labels = 12, []
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode("latin-1"))
        at += 1 + length
    rrtype = int.from_bytes(query[at + 1 : at + 3], "big")
    question = query[12 : at + 5]
    try:
        count, answer = _answer(".".join(labels), rrtype)
    except FailureError:
        return query[:2] + b"\x81\x82\0\1\0\0\0\0\0\0" + question
    size = 12 + len(question) + len(answer)
    flags = 0x8180 if count else 0x8183
    if size > limit:
        flags, count, answer = 0x8380, 0, b""
    negative = not count and size <= limit
    head = query[:2] + flags.to_bytes(2, "big") + b"\0\1" + count.to_bytes(2, "big") + bytes([0, negative, 0, 0])
    return head + question + answer + (_SOA if negative else b"")


def _answer(name: str, rrtype: int) -> tuple[int, bytes]:
    found = records(name, rrtype)
    if not found:
        return 0, b""
    if found is _HOSTS or found is _TEXTS:
        return len(found), _large(rrtype)
    return len(found), b"".join([_record(rrtype, each) for each in found])


@cache
def _large(rrtype: int) -> bytes:
    return b"".join([_record(rrtype, each) for each in (_HOSTS if rrtype == _A else _TEXTS)])


def _record(rrtype: int, data: bytes) -> bytes:
    return b"\xc0\x0c" + rrtype.to_bytes(2, "big") + b"\0\1" + _TTL + len(data).to_bytes(2, "big") + data


def _name(name: str) -> bytes:
    return b"".join([bytes([len(label)]) + label.encode("ascii") for label in name.split(".")]) + b"\0"


def _text(text: str) -> bytes:
    octets = text.encode("ascii")
    parts = [octets[at : at + 255] for at in range(0, len(octets), 255)]
    return b"".join([bytes([len(part)]) + part for part in parts])


def _is_included_by(kind: str, query: bytes) -> bool:
    """Whether a query is for a name that a record of this kind includes."""
    return b"\3x-" in query and bytes([len(kind)]) + kind.encode("ascii") in query


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, latency: float) -> None:
        self._latency = latency

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        with suppress(NoReplyError, IndexError):
            octets = reply(data, _UDP)
            late = _LATE if _is_included_by("slow", data) else self._latency
            if late:
                asyncio.get_running_loop().call_later(late, self._transport.sendto, octets, addr)
            else:
                self._transport.sendto(octets, addr)


async def _stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        size = int.from_bytes(await reader.readexactly(2), "big")
        query = await reader.readexactly(size)
        if _is_included_by("stalling", query):
            await asyncio.sleep(_STALLS)
        octets = reply(query, 65_535)
        writer.write(len(octets).to_bytes(2, "big") + octets)
        await writer.drain()
    except (NoReplyError, IndexError, EOFError, OSError, asyncio.CancelledError):
        pass  # the last one: the server ends
    finally:
        writer.close()


async def _serve(port: int, latency: float) -> None:
    server = await asyncio.start_server(_stream, "127.0.0.1", port, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Datagrams(latency), ("127.0.0.1", port))
    print(port, flush=True)
    await asyncio.to_thread(sys.stdin.read)


@contextmanager
def served(port: int = 0, latency: float = 0.0) -> Iterator[str]:
    """Run the server while the block runs; yields its address and port."""
    command = [sys.executable, "-m", "bench.hostile_dns", str(port), str(latency)]
    with subprocess.Popen(
        command, cwd=_REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as process:
        assert process.stdout is not None
        yield f"127.0.0.1:{int(process.stdout.readline())}"
        process.communicate()


if __name__ == "__main__":
    given = sys.argv[1:]
    asyncio.run(_serve(int(given[0]) if given else 0, float(given[1]) if len(given) > 1 else 0.0))
