"""The seed story and the published records, asked of a real DNS server: live DNS gives what a zone in memory gives."""

from collections.abc import Callable
from pathlib import Path

import pytest

import spfengine
from spfengine.resolvers.live import LiveResolver
from spfengine.resolvers.zone import Zone
from spfengine.testing.suites import Case, load_suite
from tests.cases.shared_suites import realworld_suite

pytestmark = pytest.mark.debian

SEED = "seed.example"
FIXED = "v=spf1 +a +mx include:relay.mailchannels.net ~all"


@pytest.fixture(scope="module")
def seed(real_dns: Callable[[Zone], str], repository: Path) -> LiveResolver:
    zone = Zone.from_file(repository / "examples" / "seed.zone")
    served = [rrset for rrset in zone.rrsets if rrset.type not in ("SOA", "NS")]  # it is served as the root zone
    return LiveResolver(real_dns(Zone.from_rrsets(zone.names, served)), timeout=5)


def test_the_seed_story_before(seed: LiveResolver) -> None:
    found = spfengine.check("23.83.218.24", f"alice@{SEED}", resolver=seed)
    assert (found.result, found.directive, found.lookups, found.void_lookups) == ("softfail", "~all", 2, 0)


def test_the_seed_story_after(seed: LiveResolver) -> None:
    found = spfengine.check_record("23.83.218.24", f"alice@{SEED}", FIXED, resolver=seed)
    assert (found.result, found.directive, found.lookups) == ("pass", "include:relay.mailchannels.net", 3)
    assert found.path[-1] == ("relay.mailchannels.net", "ip4:23.83.208.0/20")


def test_a_policy_of_a_real_server_is_that_of_the_zone(seed: LiveResolver, repository: Path) -> None:
    live = spfengine.Policy.compile(SEED, resolver=seed)
    zone = spfengine.Policy.compile(SEED, resolver=Zone.from_file(repository / "examples" / "seed.zone"))
    assert live == zone


PUBLISHED = realworld_suite()
CASES = [] if PUBLISHED is None else load_suite(PUBLISHED, "realworld")


@pytest.mark.skipif(PUBLISHED is None, reason="the shared folder with data/realworld.yml is absent")
def test_published_records_through_a_real_server(real_dns: Callable[[Zone], str]) -> None:
    scenarios = {id(case.scenario): case.scenario for case in CASES}
    resolvers = {key: LiveResolver(real_dns(scenario.zone), timeout=5) for key, scenario in scenarios.items()}
    wrong = [line for case in CASES for line in _differences(case, resolvers[id(case.scenario)])]
    assert CASES
    assert not wrong, "\n".join(wrong)


def _differences(case: Case, resolver: LiveResolver) -> list[str]:
    arguments = (case.host, case.mailfrom, case.helo)
    live = spfengine.check(*arguments, resolver=resolver)
    memory = spfengine.check(*arguments, resolver=case.scenario.zone)
    if live.to_dict() == memory.to_dict() and live.result in case.results:
        return []
    return [f"{case.name}: live {live!r}, in memory {memory!r}, expected {case.results}"]
