"""Run tests in a copy of the checkout, each run in a process of its own that can't run for ever."""

import importlib
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import NoReturn

import pytest

from tests.mutation.mutants import REPOSITORY, Mutant, lines_of_statement, mutated

_CPU_SECONDS = 20
"""For one test. Those of every day take less than one, so that only an endless loop takes so long."""
_WAITING_SECONDS = 300
"""For one test that only waits."""
_BYTES = 4 << 30
_ALREADY_IMPORTED = ("hypothesis", "dns.message", "dns.resolver", "dns.zone", "click", "rich.console", "yaml", "jinja2")
"""What nearly all tests import, once for all runs."""
_ALREADY = "ignore::pytest.PytestAssertRewriteWarning"
"""The warning that hypothesis, a plugin of pytest, is already imported."""


def copy_to(folder: Path) -> Path:
    """Return a copy of the checkout in a folder."""
    ignored = ignore_patterns(".git", ".venv", "node_modules", "__pycache__", ".*_cache", ".coverage*")
    return Path(copytree(REPOSITORY, folder / f"checkout-{os.getpid()}", ignore=ignored))


class _Chosen:
    """A pytest plugin that runs only some of the tests, bounds each, and notes which of them fail."""

    def __init__(self, chosen: Collection[str] | None) -> None:
        self.chosen = chosen
        self.failed: list[str] = []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.chosen is not None:
            items[:] = [item for item in items if item.nodeid in self.chosen]

    def pytest_runtest_setup(self) -> None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + _CPU_SECONDS, hard))
        signal.alarm(_WAITING_SECONDS)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)


def run_tests(
    checkout: Path, files: Iterable[str], *options: str, chosen: Collection[str] | None = None, log: Path | None = None
) -> tuple[bool, str | None]:
    """Return whether the tests of some files pass in a checkout, and which of them fails first, if it is known.

    Args:
        chosen: the IDs of the tests to run; None for all.
        log: a file for the output.
    """
    for name in _ALREADY_IMPORTED:
        importlib.import_module(name)
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        arguments = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly", "-W", _ALREADY, *options, *files]
        _in_child(checkout, log, lambda: _run_pytest(arguments, _Chosen(chosen), writing))
    os.close(writing)
    _, status = os.waitpid(process, 0)
    with suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)  # what its tests started
    with os.fdopen(reading, "rb") as pipe:
        failed = pipe.read().decode()
    return os.waitstatus_to_exitcode(status) == 0, failed or None


def _run_pytest(arguments: list[str], plugin: _Chosen, writing: int) -> int:
    code = int(pytest.main(arguments, plugins=[plugin]))
    os.write(writing, "".join(plugin.failed[:1]).encode())
    return code


def _in_child(checkout: Path, log: Path | None, run: Callable[[], int]) -> NoReturn:
    code = 99
    try:
        os.setsid()
        output = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for stream in (1, 2):
            os.dup2(output, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for name in [name for name in sys.modules if name.partition(".")[0] in ("spfengine", "tests")]:
            del sys.modules[name]
        os.chdir(checkout)
        sys.path[:] = [str(checkout), *(entry for entry in sys.path if entry not in ("", str(REPOSITORY)))]
        os.environ.setdefault("SPFENGINE_SHARED", str(REPOSITORY.parent / "shared"))
        os.environ |= {"PYTHONPATH": str(checkout), "CI": "true", "HYPOTHESIS_PROFILE": "mutation"}
        code = run()
    except BaseException:  # noqa: BLE001  # this is a copy of the parent, whose handlers must not run
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


class Reached:
    """Which tests run each line of the modules of a package: for each line a number, with a bit for each test."""

    def __init__(self) -> None:
        self._tests: dict[str, int] = {}
        self._lines: dict[tuple[str, int], int] = {}

    def add(self, path: str, line: int, contexts: Iterable[str]) -> None:
        """Note the tests that run a line, by the names that pytest-cov gives their phases."""
        for context in filter(None, contexts):
            bit = 1 << self._tests.setdefault(context.rpartition("|")[0], len(self._tests))
            self._lines[path, line] = self._lines.get((path, line), 0) | bit

    def tests_of(self, mutant: Mutant) -> set[str]:
        """Return the tests that run the statement of a mutant."""
        bits = 0
        for line in lines_of_statement(mutant.path, mutant.line):
            bits |= self._lines.get((mutant.path, line), 0)
        return {test for test, index in self._tests.items() if bits >> index & 1}


def reached(checkout: Path, package: str, folders: Iterable[str]) -> Reached:
    """Return which tests run each line of the modules of a package."""
    from coverage import CoverageData

    data, settings = checkout / ".coverage-of-mutation", checkout / ".coverage-settings"
    settings.write_text(f"[run]\nsource = spfengine/{package}\ndata_file = {data}\n", encoding="utf-8")
    options = (f"--cov=spfengine/{package}", f"--cov-config={settings}", "--cov-context=test", "--cov-report=")
    log = checkout / "log"
    if not run_tests(checkout, folders, *options, log=log)[0]:
        raise SystemExit(f"the tests fail before anything is changed:\n{log.read_text(encoding='utf-8')[-3000:]}")
    data_file = CoverageData(str(data))
    data_file.read()
    found = Reached()
    for path in data_file.measured_files():
        for line, contexts in data_file.contexts_by_lineno(path).items():
            found.add(str(Path(path).relative_to(checkout)), line, contexts)
    return found


class Changed:
    """A context manager: a checkout with a mutant in it."""

    _writes = 0

    def __init__(self, checkout: Path, mutant: Mutant) -> None:
        self._path = checkout / mutant.path
        self._source = self._path.read_bytes()
        self._changed = mutated(mutant, self._source)

    def __enter__(self) -> None:
        self._write(self._changed)

    def __exit__(self, *_: object) -> None:
        self._write(self._source)

    def _write(self, source: bytes) -> None:
        """Write the module with a time of its own, from which Python sees that its bytecode is an older one's."""
        Changed._writes += 1
        self._path.write_bytes(source)
        os.utime(self._path, (Changed._writes, Changed._writes))
