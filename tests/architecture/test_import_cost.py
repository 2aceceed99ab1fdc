"""`import spfengine` loads no third party and no event loop; a third party is loaded when it is first used."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples import mostly_full

# spfengine loads a name when it is first used; these are the ones that every user needs.
ENGINE = "import spfengine; spfengine.check, spfengine.acheck, spfengine.parse, spfengine.diagnose, spfengine.Answer"


def loaded_by(repository: Path, code: str, *, site: bool = True) -> set[str]:
    """Return the top-level modules that running `code` in a new interpreter loads."""
    program = (
        f"import sys; sys.path.insert(0, {str(repository)!r}); before = set(sys.modules)\n"
        f"{code}\n"
        "new = sorted({name.partition('.')[0] for name in set(sys.modules) - before})\n"
        "import json; print(json.dumps(new))"
    )
    flags = ["-I"] if site else ["-I", "-S"]
    done = subprocess.run([sys.executable, *flags, "-c", program], capture_output=True, text=True, check=True, cwd="/")
    return set(json.loads(done.stdout))


def third_parties(names: set[str]) -> set[str]:
    return {name for name in names if name not in sys.stdlib_module_names} - {"spfengine"}


def test_import_needs_nothing_but_the_standard_library(repository: Path) -> None:
    """Run without site-packages, so that no third party can be there by chance."""
    assert third_parties(loaded_by(repository, ENGINE, site=False)) == set()


def test_import_loads_no_installed_third_party(repository: Path) -> None:
    assert third_parties(loaded_by(repository, ENGINE)) == set()


def test_the_pytest_plugin_does_not_load_the_engine(repository: Path) -> None:
    """Every run of pytest imports the plugin if the package is installed."""
    code = "import pytest; before = set(sys.modules)\nimport spfengine.testing.pytest_plugin as plugin\n"
    expected = "['spfengine', 'spfengine.testing', plugin.__name__]"
    loaded = f"{code}assert sorted(set(sys.modules) - before) == {expected}"
    assert "spfengine" in loaded_by(repository, loaded)


def test_import_loads_no_event_loop(repository: Path) -> None:
    assert "asyncio" not in loaded_by(repository, ENGINE, site=False)


def test_loaded_by_sees_what_is_loaded(repository: Path) -> None:
    assert {"spfengine", "asyncio"} <= loaded_by(repository, "import spfengine, asyncio")
    assert "dns" in loaded_by(repository, "import dns.name")


_ZONE = "z = spfengine.Zone({'x.example': {'TXT': 'v=spf1 a mx ip6:2001:db8::/32 -all'}}); "
_CHECK = "spfengine.check('192.0.2.1', 'a@x.example', resolver=z)"


@pytest.mark.parametrize(
    ("code", "third"),
    mostly_full(
        [
            (_CHECK, set()),
            (f"{_CHECK}.trace", set()),
            ("import asyncio; asyncio.run(spfengine.acheck('192.0.2.1', 'a@x.example', resolver=z))", set()),
            ("spfengine.check_record('192.0.2.1', 'a@x.example', 'v=spf1 -all', resolver=z)", set()),
            ("spfengine.identify('192.0.2.1', resolver=z)", set()),
            ("spfengine.parse('v=spf1 -all'); spfengine.diagnose('v=spf1 ipv4:1.2.3.4')", set()),
            ("spfengine.check('192.0.2.1', 'a@b\\u00fccher.example', resolver=z)", {"idna"}),
            ("spfengine.Zone.from_text('x.example. 60 IN A 192.0.2.1')", set()),
            ("import spfengine.cli.app", set()),
        ],
        2,
    ),
)
def test_a_third_party_is_loaded_when_it_is_used(repository: Path, code: str, third: set[str]) -> None:
    assert third_parties(loaded_by(repository, f"import spfengine; {_ZONE}{code}")) == third
