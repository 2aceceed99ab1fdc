"""The JSON form of a simulation whose outcomes are trees: shared branches are written once."""

import json
from typing import Any

import pytest

import spfengine
from spfengine.simulation.simulation import Simulation


def simulated(conditions: int, networks: int = 4) -> Simulation:
    """Take out networks that follow conditional terms, with another network between any two of these."""
    kept = " ".join(f"?exists:%{{l}}.x{number}.example ip4:10.255.{number}.0/24" for number in range(conditions))
    removed = " ".join(f"ip4:10.0.{2 * number}.0/24" for number in range(networks))
    zone = spfengine.Zone({"a.example": {"TXT": f"v=spf1 {kept} {removed} -all"}})
    return spfengine.simulate("a.example", f"v=spf1 {kept} -all", resolver=zone)


def expanded(outcome: Any, rows: Any) -> Any:
    """Return an outcome with the rows that its tree refers to written out, as `Outcome.to_dict` does."""
    if outcome["tree"] is None:
        return outcome
    return {
        **outcome,
        "tree": [{**branch, "outcome": expanded(rows[branch["outcome"]], rows)} for branch in outcome["tree"]],
    }


def test_trees_refer_to_rows_before_them() -> None:
    simulation = simulated(3)
    written: Any = json.loads(json.dumps(simulation.to_dict()))
    rows = written["outcomes"]
    assert len(written["changes"]) == len(simulation.changes) > 0
    for number, row in enumerate(rows):
        assert all(0 <= branch["outcome"] < number for branch in row["tree"] or ())
    assert len({json.dumps(row) for row in rows}) == len(rows)
    for change, document in zip(simulation.changes, written["changes"], strict=True):
        assert change.before.tree is not None
        assert expanded(document["before"], rows) == change.before.to_dict()
        assert expanded(document["after"], rows) == change.after.to_dict()


def test_without_conditions_there_are_no_rows() -> None:
    simulation = simulated(0)
    written: Any = simulation.to_dict()
    assert written["outcomes"] == []
    assert [change["before"] for change in written["changes"]] == [
        change.before.to_dict() for change in simulation.changes
    ]


@pytest.mark.full
def test_the_document_grows_with_the_conditions_and_the_networks() -> None:
    """A tree of ten conditions has thousands of leaves, but few different branches; each network has such a tree."""
    rows = {}
    for conditions in (5, 10):
        written: Any = simulated(conditions).to_dict()
        rows[conditions] = len(written["outcomes"])
    assert rows[10] <= 2 * 1.5 * rows[5]
    sizes = [len(json.dumps(simulated(5, networks).to_dict())) for networks in (4, 16)]
    assert sizes[1] <= 4 * 1.1 * sizes[0]
