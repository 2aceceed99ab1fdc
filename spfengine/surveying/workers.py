"""Tasks that run at the same time, and pass all their results to one caller."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeVar

_T = TypeVar("_T")
_END: Any = object()


async def from_workers(
    work: Callable[[Callable[[_T], Awaitable[None]]], Awaitable[None]], workers: int, ahead: int
) -> AsyncGenerator[_T, None]:
    """Yield the results of tasks that run at the same time, in the order in which they come.

    An exception of one task is raised to the caller. All tasks are cancelled after it, and if the caller stops early.

    Args:
        work: what each task does; it is given the function that takes a result.
        workers: how many tasks there are.
        ahead: how many results may wait for the caller before the tasks do.
    """
    from asyncio import Queue, create_task, gather

    results: Queue[Any] = Queue(ahead)

    async def run() -> None:
        try:
            await work(results.put)
        except Exception as error:  # noqa: BLE001 - it is raised to the caller that iterates
            await results.put(error)
        else:
            await results.put(_END)

    tasks = [create_task(run()) for _ in range(workers)]
    left = workers
    try:
        while left:
            result = await results.get()
            if result is _END:
                left -= 1
            elif isinstance(result, Exception):
                raise result
            else:
                yield result
    finally:
        for task in tasks:
            task.cancel()
        await gather(*tasks, return_exceptions=True)
