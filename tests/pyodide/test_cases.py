"""The engine in Pyodide, as a page in a browser runs it, has the verdicts that it has here: in all tables of cases."""

import pickle
from pathlib import Path

import pytest

from spfengine.testing.suites import Case
from tests.cases.conftest import table
from tests.hostile.test_records import INVALID
from tests.pyodide.conftest import run_in_pyodide
from tests.pyodide.verdicts import verdicts


@pytest.mark.full
def test_all_cases_have_the_same_verdicts(
    pyodide: Path, engine: Path, repository: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """ "all tables of cases … under Node with npm's pyodide in CI, equal to native in every field but what the clock
    decides". The time of each case is given, so that the clock decides nothing."""
    cases: list[Case] = []
    for suite in ("official", "semantics", "realworld"):
        found = table(suite, pytestconfig)
        cases += [] if isinstance(found, str) else found
    assert len(cases) > 1000
    arguments = [
        (case.zone, case.host, case.mailfrom, case.helo, case.limits, case.receiver, case.now) for case in cases
    ]
    pickled = pickle.dumps((arguments, [record for record, _ in INVALID]))
    (tmp_path / "cases.pickle").write_bytes(pickled)
    expression = "verdicts(open('/input', 'rb').read())"
    printed = run_in_pyodide(pyodide, engine, tmp_path / "cases.pickle", "verdicts.py", expression)
    ours, theirs = verdicts(pickled).split("\n"), printed.split("\n")
    names = [f"{case.suite}/{case.name}" for case in cases] + [f"record {number}" for number in range(len(INVALID))]
    differing = [
        f"{name}\n  here:    {here[:500]}\n  Pyodide: {there[:500]}"
        for name, here, there in zip(names, ours, theirs, strict=True)
        if here != there
    ]
    assert not differing, f"{len(differing)} of {len(names)} differ:\n" + "\n".join(differing[:10])
