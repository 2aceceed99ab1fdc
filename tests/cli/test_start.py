"""How the command starts: which libraries a call loads, and that the shell can complete it."""

import subprocess
import sys

import pytest

from spfengine.cli.commands import COMMANDS
from tests.cli.conftest import REPOSITORY, SEED, Ended, environment
from tests.examples import mostly_full

LOADED = """
import sys
from spfengine.cli.app import main
code = main()
watched = {"rich", "dns", "asyncio", "spfengine.cli.check"}
print(code, *sorted(watched & set(sys.modules)), file=sys.stderr)
"""


def run(code: str, *arguments: str, **more: str) -> Ended:
    ended = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=300,
                           env=environment(**more), cwd=REPOSITORY, check=False)  # fmt: skip
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.parametrize("form", mostly_full([[], ["--trace"], ["--json"]]))
def test_a_check_of_a_zone_file_loads_no_library_but_click(form: list[str]) -> None:
    ended = run(LOADED, "check", "192.0.2.1", "seed.example", "--zone", SEED, *form)
    assert ended.err.split() == ["2", "spfengine.cli.check"]


def test_help_loads_no_command() -> None:
    assert run(LOADED, "--help").err.split() == ["0"]


def test_the_environment_gives_no_options() -> None:
    """click can read options from variables; it is not asked to."""
    names = ("ZONE", "SPFENGINE_ZONE", "SPFENGINE_CHECK_ZONE", "SPFENGINE_CHECK_JSON")
    ended = run(LOADED, "check", "192.0.2.1", "seed.example", "--zone", SEED, **dict.fromkeys(names, "x.zone"))
    assert ended.out.startswith("SOFTFAIL")


@pytest.mark.parametrize(
    ("typed", "offered"),
    mostly_full(
        [
            ("spfengine ch", ["check"]),
            ("spfengine check --ide", ["--identity"]),
            ("spfengine x ", list(COMMANDS)),
        ]
    ),
)
def test_the_shell_is_given_completions(typed: str, offered: list[str]) -> None:
    words = typed.split(" ")
    more = {"_SPFENGINE_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)}
    ended = run("from spfengine.cli.app import main; main()", **more)
    assert ended.err == ""
    assert [line.partition(",")[2] for line in ended.out.splitlines() if line != "plain,"] == offered
