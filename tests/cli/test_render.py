"""`render()` returns what the command prints through a pipe, but for lines that only the command can know."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import spfengine
from spfengine.policy.include_tree import include_tree
from tests.cli.conftest import SEED, Call

Suite = Callable[[dict[str, Any]], str]

DRAFT = "v=spf1 ip4:203.0.113.0/24 include:relay.mailchannels.net ~all"
NESTED: dict[str, Any] = {
    "flat.example": [{"TXT": "v=spf1 include:a.example -all"}],
    "a.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}],
}


@pytest.fixture
def seed() -> spfengine.Zone:
    return spfengine.Zone.from_file(SEED)


@pytest.fixture(params=[None, 40, 80], ids=["not wrapped", "40 columns", "80 columns"])
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int | None:
    """The width of `render()`; the command has the same."""
    columns: int | None = request.param
    if columns is not None:
        monkeypatch.setenv("COLUMNS", str(columns))
    return columns


def test_a_trace(call: Call, seed: spfengine.Zone, width: int | None) -> None:
    """Before it the command prints the result, after it the counts."""
    ended = call("check", "23.83.218.24", "seed.example", "--zone", SEED, "--trace")
    text = spfengine.check("23.83.218.24", "seed.example", resolver=seed).trace.render(width=width)
    before, _, after = ended.out.partition(f"\n\n{text}\n\n")
    assert before.startswith("SOFTFAIL")
    assert after.startswith("  lookups ")
    assert text.startswith("seed.example")


def test_an_include_tree(call: Call, seed: spfengine.Zone, width: int | None) -> None:
    text = include_tree("seed.example", resolver=seed).render(width=width)
    assert call("tree", "seed.example", "--zone", SEED).out == f"{text}\n"


def test_a_finding(call: Call, width: int | None) -> None:
    """After the findings the command prints how many there are; a name with several findings is printed once."""
    record = "v=spf1 ip4:23.83.208.1 +all"
    [finding] = spfengine.lint(None, record=record)
    ended = call("lint", "--record", record)
    assert ended.out == f"{finding.render(width=width)}\n\n1 error\n"
    assert "^^^^" in ended.out


def test_a_simulation(call: Call, seed: spfengine.Zone, width: int | None) -> None:
    simulation = spfengine.simulate("seed.example", DRAFT, resolver=seed)
    arguments = ("simulate", "seed.example", "--zone", SEED, "--draft", DRAFT)
    assert call(*arguments).out == f"{simulation.render(width=width)}\n"
    bind = simulation.render(width=width, own=["mailchannels.net"], formats=["bind"])
    assert call(*arguments, "--paste", "bind").out == f"{simulation.render(width=width, formats=['bind'])}\n"
    assert "outside" not in bind


def test_a_suggestion(call: Call, seed: spfengine.Zone, width: int | None) -> None:
    senders = [spfengine.Sender("23.83.218.24", "@seed.example")]
    suggestion = spfengine.suggest("seed.example", senders, resolver=seed)
    arguments = ("suggest", "seed.example", "--zone", SEED, "--sender", "23.83.218.24")
    assert call(*arguments).out == f"{suggestion.render(width=width)}\n"
    assert call(*arguments, "--form", "bind").out == f"{suggestion.render(width=width, formats=['bind'])}\n"


def test_a_flattening(call: Call, suite: Suite, width: int | None) -> None:
    flattening = spfengine.flatten("flat.example", resolver=spfengine.Zone(_zone(NESTED)))
    arguments = ("flatten", "flat.example", "--zone", suite(NESTED))
    assert call(*arguments).out == f"{flattening.render(width=width)}\n"
    assert call(*arguments, "--form", "bind").out == f"{flattening.render(width=width, form='bind')}\n"


def test_a_plan_to_get_within_the_limits(call: Call, suite: Suite, width: int | None) -> None:
    """The commands in it lack the options that name the zone file."""
    services = {f"s{n}.example": [{"TXT": f"v=spf1 ip4:192.0.2.{n} -all"}] for n in range(11)}
    includes = " ".join(f"include:{name}" for name in services)
    zonedata = services | {"many.example": [{"TXT": f"v=spf1 {includes} -all"}]}
    plan = spfengine.limit_plan("many.example", resolver=spfengine.Zone(_zone(zonedata)))
    assert plan is not None
    path = suite(zonedata)
    printed = call("tree", "many.example", "--zone", path).out
    text = plan.render(width=width)
    assert text.startswith("plan for many.example: ")
    of_commands = [text for text in printed.splitlines() if path in text]
    assert of_commands
    for shown in of_commands:
        printed = printed.replace(shown, shown.replace(f" --zone {path}", ""))
    assert printed.endswith(f"\n\n{text}\n")


def test_a_drift(call: Call, suite: Suite, tmp_path: Path, width: int | None) -> None:
    path = tmp_path / "snapshot.json"
    spfengine.snapshot(["a.example"], resolver=spfengine.Zone(_zone(NESTED))).save(path)
    changed = {**NESTED, "a.example": [{"TXT": "v=spf1 ip4:192.0.2.0/25 -all"}]}
    drift = spfengine.drift(spfengine.Snapshot.load(path), resolver=spfengine.Zone(_zone(changed)))
    assert call("drift", str(path), "--zone", suite(changed)).out == f"{drift.render(width=width)}\n"


def _zone(zonedata: dict[str, Any]) -> dict[str, Any]:
    return {name: rows[0] for name, rows in zonedata.items()}


def test_lines_are_wrapped_at_80_columns_if_no_width_is_given(seed: spfengine.Zone) -> None:
    simulation = spfengine.simulate("seed.example", DRAFT, resolver=seed)
    assert simulation.render() == simulation.render(width=80) != simulation.render(width=None)
    assert "\x1b" not in simulation.render()
