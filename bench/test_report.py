"""Reports in HTML, next to the text that shows as much: the seed story, and 10,000 senders.

    .venv/bin/python -m pytest bench/test_report.py

The size of each report is printed with `-s`, in octets.
"""

from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import spfengine
from spfengine.simulation import Simulation

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
DRAFT = "v=spf1 +a +mx include:relay.mailchannels.net ~all"


def simulation_of(senders: int) -> Simulation:
    """Return a simulation in which half of the senders begin to pass."""
    relay = [f"23.83.{208 + number // 256 % 16}.{number % 256}" for number in range(senders // 2)]
    others = [f"198.18.{number // 256}.{number % 256}" for number in range(senders - len(relay))]
    given = [spfengine.Sender(ip, "@seed.example", None, count) for count, ip in enumerate([*relay, *others], 1)]
    zone = spfengine.Zone.from_file(EXAMPLES / "seed.zone")
    return spfengine.simulate("seed.example", DRAFT, resolver=zone, senders=given)


@pytest.fixture(params=[1, 10_000], ids=["one sender", "10,000 senders"])
def simulation(request: pytest.FixtureRequest) -> Simulation:
    return simulation_of(request.param)


def test_text(benchmark: BenchmarkFixture, simulation: Simulation) -> None:
    benchmark(lambda: simulation.render(everything=True))


def test_html(benchmark: BenchmarkFixture, simulation: Simulation) -> None:
    html = benchmark(simulation.render_html)
    print(f"\n{len(html.encode()):,} octets")


def test_html_of_the_suggestion(benchmark: BenchmarkFixture) -> None:
    senders = spfengine.read_evidence([EXAMPLES / "seed-message.eml"]).senders
    zone = spfengine.Zone.from_file(EXAMPLES / "seed.zone")
    html = benchmark(spfengine.suggest("seed.example", senders, resolver=zone).render_html)
    print(f"\n{len(html.encode()):,} octets")
