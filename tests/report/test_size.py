"""How large a report is, and how much work it is."""

import spfengine
from spfengine.simulation import Simulation
from tests.counting import count_steps
from tests.report.dom import Page
from tests.report.samples import KINDS, NOW, SEED


def test_the_reports_of_the_seed_story_are_small() -> None:
    assert len(KINDS["suggest"]().encode()) < 60_000
    assert len(KINDS["simulate"]().encode()) < 60_000


def simulation_of(senders: int) -> Simulation:
    known = (None, "softfail", "seed.example", "fail", "pass")  # label, reported, From, aligned by SPF and DKIM
    ips = [f"198.18.{number // 256}.{number % 256}" for number in range(senders)]
    given = [spfengine.Sender(ip, "@seed.example", None, count, *known) for count, ip in enumerate(ips, 1)]
    zone = spfengine.Zone.from_file(SEED)
    return spfengine.simulate("seed.example", "v=spf1 a -all", resolver=zone, senders=given)


def test_a_report_is_less_than_twice_the_work_of_the_same_text() -> None:
    simulation = simulation_of(500)
    simulation.render_html(now=NOW)  # templates are compiled once
    text = count_steps(lambda: simulation.render(everything=True))
    assert count_steps(lambda: simulation.render_html(now=NOW)) < 2 * text


def test_many_senders_are_folded() -> None:
    """What is shown at once does not grow with the senders, and the file grows by a line for each."""
    few, many = (simulation_of(count).render_html(now=NOW) for count in (100, 2000))
    assert len(Page(many).outside) < 1.2 * len(Page(few).outside)
    assert len(many) - len(few) < 1900 * 400
