"""Work, measured by counting: the same on every machine, however busy it is."""

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import process_time
from types import FrameType
from typing import Any


def count_steps(run: Callable[[], object]) -> int:
    """Return how many bytecodes run and how many C functions are called in `run()`.

    Call what is measured once before, so that imports and other first-time work are not counted.
    """
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        count += event == "opcode"
        return trace

    def profile(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event == "c_call"

    before = sys.gettrace(), sys.getprofile()
    gc.disable()  # garbage of other tests must not be collected, and counted, here
    try:
        sys.setprofile(profile)
        sys.settrace(trace)
        run()
    finally:
        sys.settrace(before[0])
        sys.setprofile(before[1])
        gc.enable()
    return count


@contextmanager
def cpu_seconds_at_most(limit: float) -> Iterator[None]:
    """Raise AssertionError if the block takes this process more seconds of CPU time than `limit`.

    CPU time passes whether or not the machine is busy, but is not the same each time, so the limit is at least ten
    times what is needed. It catches work that grows with the square of its input, no less.
    """
    before = process_time()
    yield
    used = process_time() - before
    assert used < limit, f"{used:.1f} s of CPU time, expected at most {limit} s"
