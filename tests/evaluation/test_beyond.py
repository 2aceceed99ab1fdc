"""What a check that exceeded a limit would have found without it."""

import pytest

from spfengine import Limits, Zone, check
from spfengine.drivers import drive
from spfengine.evaluation.beyond import beyond_limit, is_over_limit, raised
from spfengine.evaluation.session import Session


def beyond(record: str, limits: Limits | None = None) -> tuple[str | None, str | None]:
    """Return the result of a check, and the one without the limits if there is one."""
    zone = Zone({"d.example": {"TXT": record, "A": "192.0.2.1"}, "e.example": {"TXT": "no"}})
    session = Session("192.0.2.1", "u@d.example", "h.example", limits=limits or Limits())
    result = check("192.0.2.1", "u@d.example", "h.example", resolver=zone, limits=session.limits)
    session.problem = result.problem
    session.result = result.result
    found = drive(beyond_limit(session), zone)
    assert found is None or (found.explanation, found.explanation_problem) == (None, None)
    return str(result.result), None if found is None else str(found.result)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=spf1 " + "exists:gone.example " * 3 + "a -all", ("permerror", "pass")),
        ("v=spf1 " + "a:d.example/32 " * 3 + "-all", ("pass", None)),
        ("v=spf1 " + "exists:e.d.example " * 12 + "-all exp=e.example", ("permerror", "fail")),
        ("v=spf1 foo", ("permerror", None)),
        ("v=spf1 " + "exists:gone.example " * 3 + "include:gone.example -all", ("permerror", None)),
        ("v=spf1 include:d.example -all", ("permerror", None)),
        ("v=spf1 -all", ("fail", None)),
    ],
)
def test_only_a_limit_of_lookups_is_lifted(record: str, expected: tuple[str, str | None]) -> None:
    assert beyond(record) == expected


def test_higher_limits_stay() -> None:
    assert (raised(Limits()).lookups, raised(Limits()).voids) == (100, 100)
    own = raised(Limits(200, 7, "dual-stack", 5, 3.0, count_p=True))
    assert own == Limits(200, 100, "dual-stack", 5, 3.0, count_p=True)
    assert not is_over_limit(None)
