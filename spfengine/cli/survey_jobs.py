"""A survey by several processes: each surveys a part of the domains, and this one writes all lines.

Each process is a `spfengine survey -` of its own: it reads domains as they come, and prints their lines. It gets the
next domain when it has printed the line of another one, so a slow domain does not delay the others, and the list
may be of any length. If this process is killed, the others see the end of their input, and end as well.
"""

import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from spfengine.cli import exits
from spfengine.cli.exits import CommandError
from spfengine.cli.survey_files import MAX_LINE
from spfengine.surveying.workers import from_workers
from spfengine.visible import visible

if TYPE_CHECKING:
    from asyncio.subprocess import Process

_AHEAD = 2  # domains that a process has, for each that it may have in flight


def survey_by_processes(
    domains: AsyncIterator[str], words: Sequence[str], jobs: int, in_flight: int
) -> AsyncGenerator[str, None]:
    """Yield the line of each domain, as soon as one of the processes has printed it.

    Args:
        domains: domain names, none of them twice.
        words: the options of `spfengine survey` for each process.
        jobs: how many processes there are.
        in_flight: how many domains each has in flight.

    Raises:
        CommandError: a process ended before its domains did.
    """
    from asyncio import Lock, create_task, gather

    taking = Lock()

    async def next_domain() -> str | None:
        async with taking:
            return await anext(domains, None)

    async def work(put: Callable[[str], Awaitable[None]]) -> None:
        part = await _Part.start(words, in_flight)
        feeding = create_task(part.feed(next_domain))
        try:
            while line := await part.line():
                await put(line)
            await feeding
        finally:
            feeding.cancel()
            await gather(feeding, return_exceptions=True)
            await part.stop()

    return from_workers(work, jobs, in_flight)


class _Part:
    """One of the processes."""

    def __init__(self, process: "Process", most: int) -> None:
        from asyncio import Semaphore

        self._process = process
        self._room = Semaphore(most)
        self._open = 0  # domains without a line

    @classmethod
    async def start(cls, words: Sequence[str], in_flight: int) -> "_Part":
        """Start a process."""
        from asyncio import create_subprocess_exec
        from asyncio.subprocess import PIPE

        command = [sys.executable, "-m", "spfengine", "survey", "-", "--in-flight", str(in_flight), *words]
        process = await create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=MAX_LINE,
            start_new_session=True,  # Ctrl-C reaches only this process, which ends the others
        )  # fmt: skip
        return cls(process, _AHEAD * in_flight)

    async def feed(self, next_domain: Any) -> None:
        """Give the process domains until none is left."""
        stdin = self._process.stdin
        assert stdin is not None, "it is a pipe"
        try:
            while True:
                await self._room.acquire()
                domain = await next_domain()
                if domain is None:
                    return
                self._open += 1
                stdin.write(f"{domain}\n".encode("ascii"))
                await stdin.drain()
        except OSError:  # the process has ended, which `line` reports
            return
        finally:
            stdin.close()

    async def line(self) -> str:
        """Return the next line; "" after the last one. Raises CommandError if the process ended before its domains."""
        stdout = self._process.stdout
        assert stdout is not None, "it is a pipe"
        octets = await stdout.readline()
        if octets.endswith(b"\n"):
            self._open -= 1
            self._room.release()
            return octets.decode("ascii")
        code = await self._process.wait()
        if self._open or code not in (0, exits.UNAVAILABLE, exits.DATA):  # DATA: it got no domain
            raise await self._failure(code)
        return ""

    async def stop(self) -> None:
        """End the process, if it has not ended."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _failure(self, code: int) -> CommandError:
        stderr = self._process.stderr
        assert stderr is not None, "it is a pipe"
        said = (await stderr.read()).decode("utf-8", "replace").strip().split("\n")[-1]
        why = visible(said.removeprefix("spfengine survey: "), 300) or f"exit code {code}"
        return CommandError(code if code > 0 else exits.UNAVAILABLE, f"a process of the survey ended early: {why}")
