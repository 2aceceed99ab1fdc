"""`spfengine snapshot` and `spfengine drift`: what they write and show, for cron and CI."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import spfengine
from tests.cli.conftest import Call, terminal

Suite = Callable[[dict[str, Any]], str]

BEFORE: dict[str, Any] = {
    "example.com": [{"TXT": "v=spf1 include:_spf.relay.example -all"}],
    "_spf.relay.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/25 ~all"}],
    "quiet.example": [{"TXT": "v=spf1 mx -all"}, {"MX": [10, "mx.quiet.example"]}],
    "mx.quiet.example": [{"A": "203.0.113.1"}],
    "nothing.example": [{"A": "203.0.113.1"}],
    "broken.example": [{"TXT": "v=spf1 -al"}],
    "dead.example": ["SERVFAIL"],
}
MORE = {**BEFORE, "_spf.relay.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24 ~all"}]}
LESS = {**BEFORE, "_spf.relay.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 ~all"}]}
OTHERWISE = {**BEFORE, "_spf.relay.example": [{"TXT": "v=spf1 ip4:198.51.100.0/25 ip4:192.0.2.0/24 ~all"}]}
FAILING = {**BEFORE, "_spf.relay.example": ["TIMEOUT"]}
GONE = {**BEFORE, "_spf.relay.example": [{"A": "192.0.2.1"}]}
BOTH = {**LESS, "mx.quiet.example": ["TIMEOUT"]}


@pytest.fixture
def taken(call: Call, suite: Suite, tmp_path: Path) -> str:
    path = str(tmp_path / "taken.json")
    ended = call("snapshot", "example.com", "quiet.example", "-o", path, "--zone", suite(BEFORE))
    assert (ended.code, ended.out, ended.err) == (0, f"{path}: 2 domains, 6 answers\n", "")
    return path


def dated(text: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "NOW", text)


def test_an_unchanged_snapshot(call: Call, suite: Suite, taken: str) -> None:
    ended = call("drift", taken, "--zone", suite(BEFORE))
    assert (ended.code, ended.err) == (0, "")
    assert dated(ended.out) == (
        "example.com: nothing changed since NOW\nquiet.example: nothing changed since NOW\n"
    )  # fmt: skip
    assert call("drift", taken, "--zone", suite(BEFORE), "--quiet") == (0, "", "")


def test_what_got_worse_word_by_word(call: Call, suite: Suite, taken: str) -> None:
    ended = call("drift", taken, "--zone", suite(LESS), "--quiet")
    assert (ended.code, ended.err) == (1, "")
    assert (
        dated(ended.out)
        == """\
example.com: something got worse since NOW: pass → fail for 128 IPv4 addresses

  _spf.relay.example: the SPF record changed  (outside example.com: its owner's)
    - ip4:198.51.100.0/25

  pass → fail  1 network, 128 IPv4 addresses
      198.51.100.0/25  by -all; until then by include:_spf.relay.example → ip4:198.51.100.0/25
  everything else keeps its result

quiet.example: nothing changed since NOW
"""
    )


@pytest.mark.parametrize(
    ("now", "options", "code", "expected"),
    [
        (MORE, [], 1, "example.com: changed since"),
        (MORE, ["--only-worse"], 0, "fail → pass"),
        (LESS, ["--only-worse"], 1, "pass → fail"),
        (OTHERWISE, [], 0, "example.com: no result changed since"),
        (FAILING, [], 69, "DNS could not answer TXT _spf.relay.example (TIMEOUT)"),
        (FAILING, ["--only-worse", "--quiet"], 69, "no result is known to have changed"),
        (GONE, [], 1, "_spf.relay.example: the SPF record is gone"),
        (BOTH, [], 1, "DNS could not answer A mx.quiet.example (TIMEOUT)"),
    ],
)
def test_exit_codes(
    call: Call, suite: Suite, taken: str, now: dict[str, Any], options: list[str], code: int, expected: str
) -> None:
    ended = call("drift", taken, "--zone", suite(now), *options)
    assert expected in ended.out
    assert (ended.code, ended.err) == (code, "")


@pytest.mark.parametrize("now", [MORE, OTHERWISE])
def test_nothing_is_shown_where_quiet_and_the_exit_code_is_0(
    call: Call, suite: Suite, taken: str, now: dict[str, Any]
) -> None:
    assert call("drift", taken, "--zone", suite(now), "-q", "--only-worse") == (0, "", "")


def test_update_tells_each_change_once(call: Call, suite: Suite, taken: str) -> None:
    assert call("drift", taken, "--zone", suite(MORE), "--update", "-q").code == 1
    assert call("drift", taken, "--zone", suite(MORE), "--update", "-q") == (0, "", "")
    assert call("drift", taken, "--zone", suite(BEFORE)).code == 1
    assert spfengine.Snapshot.load(taken).domains == ("example.com", "quiet.example")


def test_update_never_takes_what_dns_could_not_answer(call: Call, suite: Suite, taken: str) -> None:
    before = Path(taken).read_bytes()
    assert call("drift", taken, "--zone", suite(FAILING), "--update").code == 69
    assert call("drift", taken, "--zone", suite(BOTH), "--update").code == 1
    assert Path(taken).read_bytes() == before


def test_csv_has_each_network_that_changed(call: Call, suite: Suite, taken: str) -> None:
    ended = call("drift", taken, "--zone", suite(LESS), "--csv")
    assert (ended.code, ended.err) == (1, "")
    (row,) = csv.DictReader(ended.out.splitlines())
    assert row == {
        "domain": "example.com",
        "network": "198.51.100.0/25",
        "before": "pass",
        "after": "fail",
        "worse": "yes",
        "by_before": "by include:_spf.relay.example → ip4:198.51.100.0/25",
        "by_after": "by -all",
    }
    same = call("drift", taken, "--zone", suite(BEFORE), "--csv")
    assert (same.code, len(same.out.splitlines())) == (0, 1)
    assert call("drift", taken, "--zone", suite(BEFORE), "--csv", "--json").code == 64


def test_json_is_the_drifts_own(call: Call, suite: Suite, taken: str) -> None:
    document = json.loads(call("drift", taken, "--zone", suite(LESS), "--json").out)
    found = spfengine.drift(spfengine.Snapshot.load(taken), resolver=spfengine.Zone.from_openspf(LESS)).to_dict()
    assert document | {"now": ""} == found | {"now": ""}


@pytest.mark.parametrize(
    ("domains", "code", "expected"),
    [
        (["nothing.example"], 2, "nothing.example: every client gets none"),
        (["broken.example"], 2, "every client gets permerror"),
        (["dead.example"], 69, "DNS could not answer TXT dead.example (SERVFAIL)"),
        (["example.com", "dead.example"], 69, "nothing is written"),
        (["example.com", "localhost"], 64, "single label"),
        ([], 64, "Missing argument 'DOMAIN...'"),
    ],
)
def test_no_snapshot_is_written_of_what_gives_no_result(
    call: Call, suite: Suite, tmp_path: Path, domains: list[str], code: int, expected: str
) -> None:
    path = tmp_path / "no.json"
    ended = call("snapshot", *domains, "-o", str(path), "--zone", suite(BEFORE))
    assert expected in ended.err
    assert (ended.code, ended.out, ended.err.count("\n")) == (code, "", 1)
    assert not path.exists()


def test_files_that_cannot_be_written_or_read(call: Call, suite: Suite, tmp_path: Path) -> None:
    zone = suite(BEFORE)
    ended = call("snapshot", "example.com", "-o", str(tmp_path / "no" / "x.json"), "--zone", zone)
    assert (ended.code, ended.err.count("\n")) == (73, 1)
    assert call("drift", str(tmp_path / "none.json"), "--zone", zone).code == 66
    edited = tmp_path / "edited.json"
    edited.write_text('{"schema": "x\x1b[31m"}', encoding="ascii")
    ended = call("drift", str(edited), "--zone", zone)
    assert ended.code == 65
    assert "\x1b" not in ended.err
    edited.write_text('{"schema": "x"}', encoding="ascii")
    ended = call("drift", str(edited), "--zone", zone)
    assert (ended.code, ended.out) == (65, "")
    assert f"{edited}: a snapshot is a JSON object" in ended.err


@pytest.mark.full
def test_it_fits_narrow_terminals(suite: Suite, taken: str) -> None:
    ended = terminal("drift", taken, "--zone", suite(LESS), columns=50)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", ended.out)
    assert ended.code == 1
    assert [row for row in plain.splitlines() if len(row) > 50] == []


def test_many_names_and_terms_are_cut_and_the_rest_is_counted(call: Call, suite: Suite, tmp_path: Path) -> None:
    def zone(first: int) -> dict[str, Any]:
        terms = " ".join(f"ip4:10.{first}.{n}.0/24" for n in range(0, 160, 2))
        hosts = " ".join(f"mx:m{n}.big.example" for n in range(5))
        records: dict[str, Any] = {"big.example": [{"TXT": f"v=spf1 {terms} {hosts} -all"}]}
        for n in range(5):
            records[f"m{n}.big.example"] = [{"MX": [10, f"h{n}{host}.big.example"]} for host in range(10)]
        return (
            records
            | {f"h{n}.big.example": [{"A": f"192.0.2.{first + n}"}] for n in range(10, 50)}
            | {f"h0{n}.big.example": [{"A": f"192.0.2.{first + n}"}] for n in range(10)}
        )

    path = str(tmp_path / "big.json")
    assert call("snapshot", "big.example", "-o", path, "--zone", suite(zone(1))).code == 0
    out = call("drift", path, "--zone", suite(zone(101))).out
    assert "… and 100 more; --json has them all" in out
    assert "… and 11 more names; --json has them all" in out
    assert len(out) < 20_000


def test_what_is_newly_led_to_and_what_rests_on_more(call: Call, suite: Suite, taken: str) -> None:
    relay = "v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/25 include:new.example include:none.example exists:%{i}.x.example"
    now = {**BEFORE, "_spf.relay.example": [{"TXT": relay}], "new.example": [{"TXT": "v=spf1 ptr -all"}]}
    out = call("drift", taken, "--zone", suite(now)).out
    assert "\n  new.example: newly used  (outside example.com: its owner's)\n    + ptr\n    + -all\n" in out
    assert "\n  none.example: newly used; the name does not exist" in out
    assert "\n  some results depend on more than the address: ptr in the record of new.example (client-names)\n" in out
    assert "\n  lookups 1 → 4 of 10\n" in out
    away = {**BEFORE, "example.com": [{"TXT": "v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/25 -all"}]}
    away["mx.quiet.example"] = [{"AAAA": "2001:db8::1"}]
    out = call("drift", taken, "--zone", suite(away)).out
    assert "\n  _spf.relay.example: no longer used  (outside example.com: its owner's)\n" in out
    assert "\n  mx.quiet.example: the A records are gone; there is none\n" in out
    assert "\n  mx.quiet.example: the AAAA records changed\n    - there is none\n    + 2001:db8::1\n" in out
