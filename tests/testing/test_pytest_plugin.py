"""The pytest plugin as its users meet it: fixtures, the marker, and what a failing test shows."""

import tomllib
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import spfengine.testing.pytest_plugin as plugin
from tests.testing.inner import run_inner

ZONE = """
import pytest
import spfengine

pytestmark = pytest.mark.spf_zone({"x.example": {"TXT": "v=spf1 a:%{d}.y.example ip4:192.0.2.1 -all"}})
"""


def run(pytester: pytest.Pytester, text: str, *options: str) -> pytest.RunResult:
    pytester.makepyfile(ZONE + text)
    return run_inner(pytester, *options)


def test_it_is_installed_as_a_plugin(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module: ModuleType = import_module(project["entry-points"]["pytest11"]["spfengine"])
    assert module is plugin


def test_the_zone_of_the_marker_answers_checks_and_the_server(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
def test_in_memory(spf_check):
    assert spf_check("192.0.2.1", "alice@x.example").result == "pass"
    assert spf_check.helo("192.0.2.2", "x.example").identity == "helo"
    assert spf_check.assert_result("fail", "192.0.2.2", "alice@x.example").directive == "-all"

def test_over_the_wire(spf_dns, spf_check):
    resolver = spfengine.LiveResolver(spf_dns.nameserver)
    assert spf_check("192.0.2.1", "alice@x.example", resolver=resolver).result == "pass"
    spf_dns.assert_asked("X.example.", "TXT", times=1)
    spf_dns.assert_asked("x.example.y.example")
    spf_dns.assert_not_asked("x.example", "MX")

def test_fault(spf_dns):
    spf_dns.add_fault(spfengine.testing.Fault("x.example", "TXT", "servfail"))
    resolver = spfengine.LiveResolver(spf_dns.nameserver)
    assert spfengine.check("192.0.2.1", "alice@x.example", resolver=resolver).result == "temperror"
""",
    )
    done.assert_outcomes(passed=3)


@pytest.mark.full
def test_the_nearest_marker_counts(pytester: pytest.Pytester) -> None:
    pytester.makefile(".zone", local='x.example. 60 IN TXT "v=spf1 ?all"\n')
    pytester.makefile(".json", suite='{"zonedata": {"x.example": [{"TXT": "v=spf1 ~all"}]}}')
    done = run(
        pytester,
        """
class Always:
    def resolve(self, question):
        return spfengine.Answer.txt("v=spf1 +all")

def result(spf_check):
    return spf_check("2001:db8::1", "x.example").result

def test_module(spf_check):
    assert result(spf_check) == "fail"

@pytest.mark.spf_zone("local.zone")
def test_master_file(spf_check):
    assert result(spf_check) == "neutral"

@pytest.mark.spf_zone("suite.json")
def test_openspf(spf_check):
    assert result(spf_check) == "softfail"

@pytest.mark.spf_zone(Always())
def test_resolver(spf_check):
    assert result(spf_check) == "pass"

@pytest.mark.spf_zone()
def test_empty(spf_zone, spf_check):
    assert spf_zone.names == ()
    assert result(spf_check) == "none"
""",
    )
    done.assert_outcomes(passed=5)


@pytest.mark.full
def test_a_fixture_of_the_users_own_takes_the_markers_place(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
@pytest.fixture
def spf_zone():
    return spfengine.Zone({"x.example": {"TXT": "v=spf1 +all"}})

def test_own(spf_check, spf_dns):
    assert spf_check("192.0.2.9", "x.example").result == "pass"
    assert spf_dns.zone is spf_check.resolver
""",
    )
    done.assert_outcomes(passed=1)


@pytest.mark.full
def test_a_failing_test_shows_traces_and_queries(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        r"""
def test_fails(spf_dns, spf_check):
    resolver = spfengine.LiveResolver(spf_dns.nameserver)
    assert spf_check("192.0.2.9", "\x1b[31m@x.example", resolver=resolver).result == "pass"

def test_helper(spf_check):
    spf_check.assert_result("pass", "192.0.2.9", "nobody.example")
""",
    )
    done.assert_outcomes(failed=2)
    done.stdout.fnmatch_lines(
        [
            "*spf_check: why each result came about*",
            r"fail for \x1b[[]31m@x.example from 192.0.2.9",
            "  x.example: v=spf1 a:%{d}.y.example ip4:192.0.2.1 -all",
            "    a:%{d}.y.example  no-match: *",
            "      A x.example.y.example → NXDOMAIN",
            "    ip4:192.0.2.1  no-match: *",
            "    -all  match: *",
            "*spf_dns: queries*",
            "  x.example TXT over udp",
            "  x.example.y.example A over udp",
            "E *AssertionError: expected pass, got none for postmaster@nobody.example from *(domain-not-found: *",
        ]
    )
    assert "\x1b[31m" not in done.stdout.str()


@pytest.mark.full
def test_a_passing_test_shows_nothing(pytester: pytest.Pytester) -> None:
    done = run(pytester, 'def test_it(spf_check):\n    spf_check("192.0.2.9", "x.example")\n', "-rA")
    done.assert_outcomes(passed=1)
    assert "spf_check:" not in done.stdout.str()


@pytest.mark.full
def test_an_unexpected_query_fails_the_test(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
def test_it(spf_dns):
    spf_dns.expect(("x.example", "TXT"))
    spfengine.check("192.0.2.1", "x.example", resolver=spfengine.LiveResolver(spf_dns.nameserver))
""",
    )
    assert done.ret == 1
    done.stdout.fnmatch_lines(["E *1 queries that nobody expected:", "E *x.example.y.example A over udp"])


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("spf_zone({}, {})", "ArgumentError: the marker spf_zone takes one argument"),
        ("spf_zone(zone={})", "ArgumentError: the marker spf_zone takes one argument"),
        ("spf_zone(42)", "ResolverError: "),
        ("spf_zone({'x': 3})", "ZoneError: "),
        ("spf_zone('none.zone')", "FileNotFoundError: "),
    ],
)
@pytest.mark.full
def test_a_marker_that_cannot_be_used_is_an_error(pytester: pytest.Pytester, marker: str, message: str) -> None:
    done = run(pytester, f"@pytest.mark.{marker}\ndef test_it(spf_zone):\n    pass\n")
    done.assert_outcomes(errors=1)
    assert message in done.stdout.str()


@pytest.mark.full
def test_it_works_under_xdist(pytester: pytest.Pytester) -> None:
    """Each worker has its own servers: eight tests in two processes, each sees its own queries only."""
    pytest.importorskip("xdist", reason="pytest-xdist is not installed: nothing to run under")
    pytester.makepyfile(
        ZONE
        + """
@pytest.mark.parametrize("number", range(8))
def test_it(spf_dns, number):
    resolver = spfengine.LiveResolver(spf_dns.nameserver)
    resolver.resolve(spfengine.Question(f"n{number}.example", spfengine.RRType.TXT))
    assert [query.name for query in spf_dns.queries] == [f"n{number}.example"]
    assert number != 5
"""
    )
    done = run_inner(pytester, "-p", "xdist", "-n", "2")
    done.assert_outcomes(passed=7, failed=1)
    done.stdout.fnmatch_lines(["*spf_dns: queries*", "  n5.example TXT over udp"])
