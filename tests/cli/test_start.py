"""What a call of the command loads."""

import subprocess
import sys
from pathlib import Path

import pytest

from spfengine.cli.commands import COMMANDS
from tests.cli.conftest import REPOSITORY, SEED, Ended, environment

ZONE = '{"zonedata": {"x.example": [{"TXT": "v=spf1 a -all"}, {"A": "192.0.2.1"}]}}'


def run(code: str, *arguments: str, **more: str) -> Ended:
    ended = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=300,
                           env=environment(**more), cwd=REPOSITORY, check=False)  # fmt: skip
    return Ended(ended.returncode, ended.stdout, ended.stderr)


LOADED = """
import sys
from spfengine.cli.entry import main
code = main()
watched = {"rich", "dns", "asyncio", "yaml", "idna", "json", "spfengine.policy", "click"}
print(code, *sorted(watched & set(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize("form", [[], ["--trace"], ["--json"]])
def test_a_check_offline_through_a_pipe_loads_no_library(tmp_path: Path, form: list[str]) -> None:
    path = tmp_path / "zone.json"
    path.write_text(ZONE, encoding="ascii")
    ended = run(LOADED, "check", "192.0.2.1", "x.example", "--zone", str(path), *form)
    assert ended.err.split() == ["0", "json"]


def test_a_zone_file_needs_neither_dnspython_nor_rich_nor_asyncio() -> None:
    ended = run(LOADED, "check", "192.0.2.1", "seed.example", "--zone", SEED)
    loaded = ended.err.split()
    assert loaded[0] == "2"
    assert not {"dns", "rich", "asyncio"} & set(loaded)


def test_help_loads_no_command() -> None:
    code = 'import sys; from spfengine.cli.entry import main; main(); print("spfengine.cli.check" in sys.modules)'
    assert run(code, "--help").out.endswith("False\n")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("spfengine ch", ["check"]),
        ("spfengine check --ide", ["--identity"]),
        ("spfengine x ", list(COMMANDS)),
    ],
)
def test_the_shell_is_given_completions(typed: str, offered: list[str]) -> None:
    words = typed.split(" ")
    more = {"_SPFENGINE_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)}
    ended = run("from spfengine.cli.entry import main; main()", **more)
    assert ended.err == ""
    assert [line.partition(",")[2] for line in ended.out.splitlines() if line != "plain,"] == offered
