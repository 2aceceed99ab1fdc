"""`identify`: compile the catalogue's records and identify a thousand addresses, all from memory.

The records are generated, since real ones are not kept here; in number and size they are like those of large services.
"""

from random import Random

from pytest_benchmark.fixture import BenchmarkFixture

import spfengine
from spfengine.advice.identify.identify import identifying
from spfengine.drivers import drive

ADDRESSES = 1000
_PER_RECORD = 25


def made_up(random: Random) -> spfengine.Zone:
    """Return a zone with a record for every provider of the catalogue: 3 to 200 networks in one or more records."""
    zone: dict[str, dict[str, str]] = {}
    for provider in spfengine.Catalogue.load().providers:
        networks = [_network(random) for _ in range(random.choice((3, 8, 20, 20, 60, 200)))]
        parts = [networks[start : start + _PER_RECORD] for start in range(0, len(networks), _PER_RECORD)]
        names = [f"i{number}.{provider.include}" for number in range(len(parts))]
        for name, part in zip(names, parts, strict=True):
            zone[name] = {"TXT": f"v=spf1 {' '.join(part)} -all"}
        zone[provider.include] = {"TXT": f"v=spf1 {' '.join(f'include:{name}' for name in names)} -all"}
    return spfengine.Zone(zone)


def _network(random: Random) -> str:
    if random.random() < 0.2:
        return f"ip6:2{random.randrange(4096):03x}:{random.randrange(65536):x}::/{random.choice((32, 36, 48))}"
    octets = (random.randrange(1, 224), random.randrange(256), random.randrange(256), 0)
    return f"ip4:{'.'.join(map(str, octets))}/{random.choice((16, 18, 20, 22, 24))}"


def _addresses(random: Random) -> list[str]:
    return [".".join(str(random.randrange(1, 224)) for _ in range(4)) for _ in range(ADDRESSES)]


def test_a_thousand_addresses(benchmark: BenchmarkFixture) -> None:
    """Each round compiles the records again; after the first one, their text is already parsed."""
    random = Random(7208)
    zone, ips = made_up(random), _addresses(random)
    catalogue = spfengine.Catalogue.load()
    identified = benchmark.pedantic(lambda: drive(identifying(ips, catalogue), zone, None), rounds=5, warmup_rounds=1)
    passing = [ip for ip, identification in identified.items() if identification.best is not None]
    assert len(identified) > ADDRESSES * 0.99
    for ip in passing[:10]:
        best = identified[ip].best
        assert best is not None
        assert best.provider is not None
        assert spfengine.check(ip, f"@{best.provider.include}", resolver=zone).result == "pass"


def test_the_records_alone(benchmark: BenchmarkFixture) -> None:
    """The same without any address, which is the first part of every run."""
    zone, catalogue = made_up(Random(7208)), spfengine.Catalogue.load()
    benchmark.pedantic(lambda: drive(identifying([], catalogue), zone, None), rounds=5, warmup_rounds=1)
