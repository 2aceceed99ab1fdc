"""What a call of the command loads, and what it says where something is not installed."""

import subprocess
import sys
from pathlib import Path

import pytest

from spfengine.cli import exits
from tests.cli.conftest import REPOSITORY, SEED, Ended, environment

ZONE = '{"zonedata": {"x.example": [{"TXT": "v=spf1 a -all"}, {"A": "192.0.2.1"}]}}'


def run(code: str, *arguments: str, **more: str) -> Ended:
    ended = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60,
                           env=environment(**more), cwd=REPOSITORY, check=False)  # fmt: skip
    return Ended(ended.returncode, ended.stdout, ended.stderr)


LOADED = """
import sys
from spfengine.cli.entry import main
code = main()
watched = {"rich", "dns", "asyncio", "yaml", "dataclasses", "idna", "json", "spfengine.policy"}
print(code, *sorted(watched & set(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize("form", [[], ["--trace"], ["--json"]])
def test_a_check_offline_through_a_pipe_loads_no_library_but_click(tmp_path: Path, form: list[str]) -> None:
    path = tmp_path / "zone.json"
    path.write_text(ZONE, encoding="ascii")
    ended = run(LOADED, "check", "192.0.2.1", "x.example", "--zone", str(path), *form)
    assert ended.err.split() == ["0", "json"]


def test_a_zone_file_needs_dnspython_but_neither_rich_nor_asyncio() -> None:
    ended = run(LOADED, "check", "192.0.2.1", "seed.example", "--zone", SEED)
    loaded = ended.err.split()
    assert loaded[0] == "2"
    assert "dns" in loaded
    assert not {"rich", "asyncio"} & set(loaded)


def test_help_loads_no_command() -> None:
    code = 'import sys; from spfengine.cli.entry import main; main(); print("spfengine.cli.check" in sys.modules)'
    assert run(code, "--help").out.endswith("False\n")


BLOCKED = """
import sys
for name in sys.argv.pop(1).split(","):
    sys.modules[name] = None
from spfengine.cli.entry import main
sys.exit(main())
"""


def test_without_click_one_line_says_what_to_install() -> None:
    ended = run(BLOCKED, "click", "check", "192.0.2.1", "x.example")
    assert (ended.code, ended.out) == (exits.UNAVAILABLE, "")
    assert ended.err.count("\n") == 1
    assert "spfengine[cli]" in ended.err


def test_without_rich_the_output_is_plain() -> None:
    ended = run(BLOCKED, "rich", "check", "192.0.2.1", "seed.example", "--zone", SEED, FORCE_COLOR="1")
    assert (ended.code, ended.err) == (2, "")
    assert ended.out.startswith("SOFTFAIL")


def test_a_module_of_ours_that_is_missing_is_not_hidden() -> None:
    ended = run(BLOCKED, "spfengine.cli.app", "check")
    assert ended.code == 1
    assert "ModuleNotFoundError" in ended.err


def test_ctrl_c_while_it_loads_is_quiet() -> None:
    code = """
import sys
class Interrupt:
    def find_spec(self, name, *rest):
        if name == "click":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
from spfengine.cli.entry import main
sys.exit(main())
"""
    assert run(code, "check") == (exits.INTERRUPTED, "", "")


def test_the_shell_is_given_completions() -> None:
    more = {"_SPFENGINE_COMPLETE": "bash_complete", "COMP_WORDS": "spfengine ch", "COMP_CWORD": "1"}
    ended = run("from spfengine.cli.entry import main; main()", **more)
    assert ended.out == "plain,check\n"
