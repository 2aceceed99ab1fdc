"""The processor for octoDNS, run by octoDNS itself, with its YAML provider as source and target."""

import logging
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.optional import need

if TYPE_CHECKING or find_spec("octodns"):  # without it, the tests are collected all the same, and left out or fail
    from octodns.manager import Manager
    from octodns.processor.base import ProcessorException

    from spfengine.integrations.octodns import SpfException, SpfProcessor

need_octodns = pytest.fixture(autouse=True)(lambda: need("octodns"))

ZONE = """\
'':
  - type: MX
    value: {exchange: mail.example.com., preference: 10}
  - type: TXT
    values:
      - v=spf1 mx include:_spf.example.com -all
      - x\\; y
_spf:
  type: TXT
  value: v=spf1 ip4:192.0.2.0/24 -all
mail: {type: A, value: 198.51.100.25}
sub: {type: NS, value: ns.elsewhere.example.}
www: {type: CNAME, value: mail.example.com.}
"""
NAMES = "\n".join(f"h{number}: {{type: A, value: 192.0.2.{number}}}" for number in range(14)) + "\n"


pytestmark = pytest.mark.full


class Zones:
    """A folder with octoDNS's configuration, a source and a target."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("source", "target"):
            (folder / name).mkdir()
        self.write("source", ZONE)

    def write(self, provider: str, text: str) -> None:
        (self.folder / provider / "example.com.yaml").write_text(text, encoding="ascii")

    @property
    def published(self) -> str:
        return (self.folder / "target" / "example.com.yaml").read_text(encoding="ascii")

    def sync(self, zone: str = "", **settings: Any) -> int:
        """Publish the source at the target, as `octodns-sync --doit --force` does; return how many changes it made."""
        keys = "".join(f"\n    {key}: {value}" for key, value in settings.items())
        config = f"""\
providers:
  source: &yaml
    class: octodns.provider.yaml.YamlProvider
    directory: {self.folder}/source
    enforce_order: false
    escaped_semicolons: true
  target:
    <<: *yaml
    directory: {self.folder}/target
processors:
  spf:
    class: spfengine.integrations.octodns.SpfProcessor{keys}
zones:
  example.com.:
    sources: [source]
    processors: [spf]
    targets: [target]
    {zone}
"""
        path = self.folder / "config.yaml"
        path.write_text(config, encoding="ascii")
        manager = Manager(str(path))
        changes: int = manager.sync(dry_run=False, force=True)
        return changes


@pytest.fixture
def zones(tmp_path: Path) -> Zones:
    return Zones(tmp_path)


def lines(records: Iterable[logging.LogRecord]) -> list[str]:
    return [record.getMessage() for record in records if record.name == "SpfProcessor[spf]"]


def test_a_plan_that_makes_spf_no_worse_is_published(zones: Zones) -> None:
    assert zones.sync() > 0
    assert "v=spf1 mx include:_spf.example.com -all" in zones.published
    zones.write("source", ZONE.replace("192.0.2.0/24", "192.0.2.0/23"))
    assert zones.sync() == 1
    assert zones.sync() == 0


def test_a_plan_that_makes_spf_worse_is_refused(zones: Zones) -> None:
    zones.sync()
    before = zones.published
    zones.write("source", ZONE.replace("192.0.2.0/24", "192.0.2.0/25"))
    with pytest.raises(SpfException, match=r"^example\.com: something gets worse for 2 names\n") as refused:
        zones.sync()
    assert "192.0.2.128/25" in str(refused.value)
    assert zones.published == before
    assert zones.sync(worse="warn") == 1


def test_a_host_that_moves_changes_the_record_that_names_it(zones: Zones) -> None:
    zones.sync()
    zones.write("source", ZONE.replace("198.51.100.25", "198.51.100.26"))
    with pytest.raises(SpfException, match=r"198\.51\.100\.25"):
        zones.sync()


def test_a_record_that_is_not_valid_is_refused(zones: Zones) -> None:
    zones.write("source", ZONE.replace("ip4:", "ipv4:"))
    with pytest.raises(SpfException, match=r"did you mean ip4:|ipv4 is not a mechanism") as refused:
        zones.sync()
    assert "[unknown-mechanism]" in str(refused.value)
    assert zones.sync(severity="none", worse="warn") > 0


@pytest.mark.parametrize(
    ("record", "count"),
    [
        ("v=spf1 a all", 1),
        ("v=spf1 a -all", 1),
        ("v=spf1 ip4:192.0.2.0/24 -all", 0),
        ("v=spf1 +a:h1.example.com ?mx ~include:_spf.example.com -all", 3),
        ("v=spf1 " + " ".join(f"+a:h{number}.example.com" for number in range(9)) + " -all", 9),
    ],
)
def test_lookups_are_counted_as_the_standard_has_it(
    record: str, count: int, zones: Zones, caplog: pytest.LogCaptureFixture
) -> None:
    """octodns-spf counts `a all` as 2, and each `+a:` as 0."""
    caplog.set_level(logging.INFO)
    zones.write("source", ZONE.replace("v=spf1 mx include:_spf.example.com -all", record) + NAMES)
    zones.sync(severity="none", worse="warn")
    assert f"example.com: {count} DNS lookup{'' if count == 1 else 's'}" in lines(caplog.records)


def test_a_record_over_the_limit_is_refused(zones: Zones) -> None:
    record = "v=spf1 " + " ".join(f"+a:h{number}.example.com" for number in range(12)) + " -all"
    zones.write("source", ZONE.replace("v=spf1 mx include:_spf.example.com -all", record) + NAMES)
    with pytest.raises(SpfException, match="over-lookup-limit"):
        zones.sync()


def test_what_is_outside_the_plan_is_not_known(zones: Zones, caplog: pytest.LogCaptureFixture) -> None:
    zones.sync()
    zones.write("source", ZONE.replace("mx include", "mx include:_spf.elsewhere.example include"))
    with pytest.raises(SpfException, match="not everything is known about 1 name"):
        zones.sync(unknown="refuse")
    caplog.set_level(logging.WARNING)
    assert zones.sync() == 1
    [warning] = [each for each in lines(caplog.records) if "not everything is known" in each]
    assert "set live: true to look up in DNS what the plan does not have" in warning


def test_senders_count(zones: Zones, tmp_path: Path) -> None:
    zones.sync()
    zones.write("source", ZONE.replace("mx include:_spf.example.com -all", "mx include:_spf.example.com ~all"))
    zones.sync()
    zones.write("source", ZONE)
    (tmp_path / "senders.csv").write_text("ip,sender,count\n203.0.113.9,a@example.com,3\n", encoding="ascii")
    with pytest.raises(SpfException, match="something gets worse for 1 name"):
        zones.sync(senders=f"[{tmp_path}/senders.csv]")
    assert zones.sync() == 1


def test_a_lenient_zone_is_not_refused(zones: Zones) -> None:
    zones.write("source", ZONE.replace("ip4:", "ipv4:"))
    assert zones.sync("lenient: true") > 0
    zones.write("source", ZONE)
    assert zones.sync(lenient="true") > 0


def test_codes_are_ignored(zones: Zones, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    zones.write("source", ZONE.replace("mx include", "ptr mx include"))
    zones.sync()
    assert any("[ptr]" in each for each in lines(caplog.records))
    caplog.clear()
    zones.sync(ignore="[ptr]")
    assert not any("[ptr]" in each for each in lines(caplog.records))
    with pytest.raises(SpfException, match=r"\[ptr\]"):
        zones.sync(severity="warning")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"severity": "fatal"}, "severity: 'fatal' can't be used; expected error, warning"),
        ({"worse": "no"}, "worse: 'no' can't be used; expected refuse, warn"),
        ({"unknown": True}, "unknown: True can't be used"),
        ({"ignore": ["nope"]}, "ignore: 'nope' can't be used; expected a code of"),
        ({"senders": ["/nonexistent"]}, "senders: "),
        ({"nameservers": ["x.example"]}, "nameservers: "),
        ({"nameservers": "x.example"}, "nameservers: nameserver 'x.example'"),
        ({"senders": "/nonexistent"}, "senders: .*'/nonexistent'"),
        ({"ignore": "nope"}, "ignore: 'nope' can't be used"),
        ({"ignore": [1]}, "ignore: .1. can't be used; expected a list of texts"),
        ({"senders": 7}, "senders: 7 can't be used; expected a list"),
        ({"live": "false"}, "live: 'false' can't be used; expected true or false"),
    ],
)
def test_settings_that_can_not_be_used_are_said(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ProcessorException, match=message.replace("(", r"\(")):
        SpfProcessor("spf", **settings)


def test_a_long_value_is_split_by_octodns(zones: Zones, caplog: pytest.LogCaptureFixture) -> None:
    record = " ".join(["v=spf1", *(f"ip4:192.0.2.{number}" for number in range(40)), "-all"])
    with caplog.at_level(logging.INFO):
        zones.write("source", f"'': {{type: TXT, value: '{record}'}}\n")
        assert zones.sync() > 0
    logged = "\n".join(lines(caplog.records))
    assert "0 DNS lookups" in logged
    assert not any(code in logged for code in ("string-over-255", "missing-space"))
