"""The zone of every provider in the shared folder compiles; and the table of their figures."""

import re
from pathlib import Path

import pytest

from scripts import policy_table
from spfengine import Zone
from spfengine.policy.policy import Policy
from tests.conftest import shared_folder


def data() -> list[Path]:
    folder = shared_folder()
    return [] if folder is None else sorted((folder / "data").glob("*.yml"))


@pytest.mark.skipif(not data(), reason="the shared folder with data/*.yml is absent; its records are not ours to keep")
def test_every_published_record_compiles() -> None:
    names = 0
    for zone in (zone for path in data() for zone in policy_table.zones(path) if zone.names):
        for name in policy_table.spf_names(zone):
            policy = Policy.compile(name, resolver=zone)
            for _, _, outcome in policy.ranges(4):  # no tree was cut: only a record of an unknown name is not followed
                is_cut = outcome.result is None and outcome.tree is None
                assert not is_cut or re.match(r"include:|redirect=", outcome.path[-1][1])
            assert Policy.from_dict(policy.to_dict()) == policy
            names += 1
    assert names > 500


def test_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "d.zone"
    path.write_text(
        '$ORIGIN d.example.\n$TTL 300\n'
        '@ TXT "v=spf1 ip4:192.0.2.0/24 ip4:192.0.3.0/24 ip6:2001:db8::/32 a:h.d.example -all"\n'
        'h A 198.51.100.1\n'
        'i TXT "v=spf1 exists:%{i}.e.example -all"\n'
        'bad TXT "v=spf1 ipv4:1"\n'
    )  # fmt: skip
    assert policy_table.main([str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| domain | IPv4 addresses | IPv6 addresses | networks | lookups | notes |"
    assert re.fullmatch(r"(\|-+:?)+\|", lines[1])
    assert lines[2] == "| d.example | 513 | about 2^96 | 3 | 1 |  |"
    assert lines[3] == "| i.d.example | 0 | 0 | 0 | 1 | conditional: client-address |"
    assert lines[4] == "| bad.d.example | 0 | 0 | 0 | 0 | permerror: unknown-mechanism |"
    assert policy_table.main([str(path), "d.example"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_a_name_is_shown_in_one_cell() -> None:
    zone = Zone({"a|b.example": {"TXT": "v=spf1 -all"}})
    (line,) = policy_table.table([policy_table.row("a|b.example", zone)]).splitlines()[2:]
    assert line.startswith("| a\\|b.example | 0 |")
