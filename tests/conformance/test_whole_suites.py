"""Our own engine, tested as other implementations are: with every case of the suites, over the network."""

import contextlib
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from spfengine import Answer, Question
from spfengine.testing import FakeDNS
from spfengine.testing.conformance.answers import WORDS
from spfengine.testing.conformance.implementations import Command, Function, Implementation, PolicyServer
from spfengine.testing.conformance.run import FAULTS, CaseStanding, Ledger, read_ledger, run
from spfengine.testing.suites import SEMANTICS, Case, load_suite
from tests.cases.conftest import table
from tests.cli.conftest import command, environment

pytestmark = pytest.mark.cases

LEDGER = Path(__file__).with_name("policyd.yml")
SPFQUERY = (
    f"{shlex.quote(sys.executable)} -m spfengine spfquery --ip {{ip}} --sender={{sender}} --helo={{helo}} "
    "--nameserver {dns} --hostname {receiver} --default-explanation DEFAULT"
)


class _Nothing:
    def resolve(self, question: Question, /) -> Answer:
        return Answer.nxdomain()


@pytest.fixture(scope="module")
def server() -> Iterator[FakeDNS]:
    with FakeDNS(_Nothing()) as running:
        yield running


@pytest.fixture(scope="module")
def policyd(server: FakeDNS) -> Iterator[PolicyServer]:
    process = subprocess.Popen(
        command("policyd", "--listen", "127.0.0.1:0", "--nameserver", server.nameserver, "--hostname", "mx.example",
                "--identity", "mailfrom", "--strict-private"),
        stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    assert process.stderr is not None
    port = int(process.stderr.readline().rpartition(b":")[2])
    drain = subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)
    process.stderr.close()
    try:
        yield PolicyServer(("127.0.0.1", port))
    finally:
        process.terminate()
        assert process.wait(300) == 0
        drain.wait(300)


@pytest.fixture(scope="module", params=[pytest.param("semantics", marks=pytest.mark.full), "official"])
def cases(request: pytest.FixtureRequest) -> list[Case]:
    cases = table(request.param, request.config)
    assert not isinstance(cases, str), cases
    return cases


def take(
    cases: list[Case], implementation: Implementation, server: FakeDNS, ledger: Ledger | None = None,
    default_explanation: str | None = "DEFAULT",
) -> int:  # fmt: skip
    """Check that all answers are as suite and ledger say; return the number of cases that were not left out."""
    asked = 0
    wrong = []
    for result in run(cases, implementation, server, ledger, jobs=8, default_explanation=default_explanation):
        asked += result.standing is not CaseStanding.LEFT_OUT
        if result.standing in FAULTS:
            wrong.append(f"{result.case.id}: {result.why}; it said: {result.raw}")
    assert not wrong, "\n".join(wrong)
    return asked


@pytest.mark.full
def test_our_policy_server(cases: list[Case], policyd: PolicyServer, server: FakeDNS) -> None:
    ledger = read_ledger(LEDGER.read_text("utf-8"))
    assert ledger.without_case(cases) == []
    assert take(cases, policyd, server, ledger, default_explanation=None) > 0.95 * len(cases)


@pytest.mark.full
def test_our_engine_as_a_function(cases: list[Case], server: FakeDNS) -> None:
    assert take(cases, Function("tests.conformance.implementations:ours"), server) > 0.95 * len(cases)


@pytest.mark.full
def test_our_spfquery(cases: list[Case], server: FakeDNS) -> None:
    """One case of each scenario, since each starts a process."""
    of_scenario = {id(case.scenario): case for case in cases if "timeout" not in case.name}
    few = list(of_scenario.values())
    assert take(few, Command(SPFQUERY, WORDS, explanation_line=2), server) > 0.8 * len(few)


def test_a_run_sees_what_is_wrong(server: FakeDNS) -> None:
    """Otherwise the tests above could not fail."""
    cases = load_suite(SEMANTICS, "semantics")[:40]
    with pytest.raises(AssertionError, match="expected permerror, got pass"):
        take(cases, Function("tests.conformance.implementations:always_pass"), server)


def test_the_policy_server_goes_on_while_a_case_breaks_off(policyd: PolicyServer, server: FakeDNS) -> None:
    case = load_suite(SEMANTICS, "semantics")[0]
    server.zone = case.zone
    address = policyd._address
    assert isinstance(address, tuple)
    for _ in range(20):
        with contextlib.suppress(OSError), socket.create_connection(address, 5) as client:
            client.sendall(policyd.request(case).encode()[:-1])
    assert policyd.ask(case, server.nameserver).result in case.results
