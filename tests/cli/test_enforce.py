"""`spfengine simulate DOMAIN --enforce`: am I ready for -all? By the senders given, and no more than that."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Call

Suite = Callable[[dict[str, Any]], str]

ZONEDATA: dict[str, Any] = {
    "soft.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 ~ip4:203.0.113.9 ~all"}],
    "hard.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}],
    "open.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24"}],
    "neutral.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 ?ALL exp=why.example"}],
    "way.example": [{"TXT": "v=spf1 redirect=_spf.way.example"}],
    "_spf.way.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 ~all"}],
    "round.example": [{"TXT": "v=spf1 redirect=round.example"}],
    "none.example": [{"A": "192.0.2.1"}],
    "broken.example": [{"TXT": "v=spf1 foo ~all"}],
    "dead.example": ["SERVFAIL"],
    "half.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 include:dead.example ~all"}],
    "local.example": [{"TXT": "v=spf1 exists:%{l}.users.example ~all"}],
}


def enforce(call: Call, suite: Suite, domain: str, *senders: str, more: tuple[str, ...] = ()) -> Any:
    given = [part for sender in senders for part in ("--sender", sender)]
    return call("simulate", domain, "--enforce", "--zone", suite(ZONEDATA), *given, *more)


@pytest.mark.parametrize(
    ("domain", "senders", "code", "headline"),
    [
        ("soft.example", ["192.0.2.1"], 0, "ready for -all, by the senders given: the sender given passes"),
        ("soft.example", ["192.0.2.1", "192.0.2.2"], 0,
         "ready for -all, by the senders given: all 2 senders given pass"),
        ("soft.example", ["192.0.2.1", "198.51.100.1"], 1, "not ready for -all: 1 sender (1 message) would fail"),
        ("soft.example", ["203.0.113.9"], 0, "ready for -all, by the senders given: no sender given fails"),
        ("soft.example", ["198.51.100.1,bob@other.example"], 0,
         "ready for -all, by the senders given: no sender given fails"),
        ("soft.example", [], 69, "not known whether it is ready for -all: no sender is given"),
        ("hard.example", ["192.0.2.1"], 0, "it has -all already, and the sender given passes"),
        ("hard.example", ["198.51.100.1"], 1, "it has -all already, and 1 sender (1 message) fail"),
        ("hard.example", [], 69, "it has -all already, and who sends is not known, so nobody can say who fails"),
        ("open.example", ["198.51.100.1"], 1, "not ready for -all: 1 sender (1 message) would fail"),
        ("way.example", ["192.0.2.1"], 0, "ready for -all"),
        ("way.example", ["198.51.100.1"], 1, "not ready for -all"),
        ("local.example", ["198.51.100.1"], 69, "no sender given is known to fail, but not everything is known"),
        ("half.example", ["192.0.2.1"], 69, "no sender given is known to fail, but not everything is known"),
        ("none.example", ["192.0.2.1"], 2, "not ready for -all"),
        ("broken.example", ["192.0.2.1"], 2, "not ready for -all"),
        ("round.example", ["192.0.2.1"], 2, "not ready for -all"),
        ("dead.example", ["192.0.2.1"], 69, "not known whether it is ready for -all"),
    ],
)  # fmt: skip
def test_the_answer(call: Call, suite: Suite, domain: str, senders: list[str], code: int, headline: str) -> None:
    ended = enforce(call, suite, domain, *senders)
    assert ended.out.splitlines()[0].startswith(f"{domain}: {headline}")
    assert ended.code == code


def test_the_groups_and_what_the_rfc_warns_of(call: Call, suite: Suite) -> None:
    out = enforce(call, suite, "soft.example", "192.0.2.1", "198.51.100.1", "203.0.113.9").out
    assert "\n  would fail  1 source, 1 message\n    198.51.100.1  1  softfail → fail" in out
    assert "\n  not decided by -all  1 source, 1 message\n    203.0.113.9  1  softfail → softfail" in out
    assert "\n  pass  1 source, 1 message\n    192.0.2.1  1  pass → pass" in out
    assert "everything else: softfail → fail  by -all" in out
    assert "reject a message for its SPF fail before they look at DKIM and DMARC" in out
    assert "(RFC 9989 §7.1)" in out
    assert "spfengine suggest soft.example with the same senders" in out
    assert "whether DKIM carries 1 of them is not known" in out
    assert "to publish" not in out, "the domain is not ready"


@pytest.mark.parametrize(
    ("domain", "name", "record"),
    [
        ("soft.example", "soft.example", "v=spf1 ip4:192.0.2.0/24 ~ip4:203.0.113.9 -all"),
        ("open.example", "open.example", "v=spf1 ip4:192.0.2.0/24 -all"),
        ("neutral.example", "neutral.example", "v=spf1 ip4:192.0.2.0/24 -all exp=why.example"),
        ("way.example", "_spf.way.example", "v=spf1 ip4:192.0.2.0/24 -all"),
    ],
)
def test_the_record_with_all(call: Call, suite: Suite, domain: str, name: str, record: str) -> None:
    out = enforce(call, suite, domain, "192.0.2.1").out
    assert out.endswith(f"  to publish as TXT of {name}:\n{record}\n")


def test_json_and_csv(call: Call, suite: Suite) -> None:
    document = json.loads(enforce(call, suite, "soft.example", "192.0.2.1", "198.51.100.1", more=("--json",)).out)
    assert document["schema"] == "spfengine.simulation/1"
    told = document["enforce"]
    assert (told["ready"], told["enforced"], told["incomplete"]) == (False, False, False)
    assert [sender["ip"] for sender in told["senders"]["fails"]] == ["198.51.100.1"]
    assert [sender["ip"] for sender in told["senders"]["passes"]] == ["192.0.2.1"]
    nothing = json.loads(enforce(call, suite, "none.example", more=("--json",)).out)["enforce"]
    assert (nothing["ready"], nothing["record"]) == (False, None)
    assert "has no record that could end with -all" in nothing["obstacle"]
    rows = enforce(call, suite, "soft.example", "198.51.100.1", more=("--csv",)).out.splitlines()
    assert len(rows) == 2
    assert ",newly-failing," in rows[1]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--enforce"], "Missing argument 'DOMAIN': expected the domain that is to end with -all"),
        (["soft.example", "--enforce", "--draft", "v=spf1 -all"], "--enforce makes the draft itself"),
        (["soft.example", "--enforce", "--json", "--csv"], "expected one of --json and --csv"),
    ],
)
def test_mistakes(call: Call, suite: Suite, arguments: list[str], expected: str) -> None:
    ended = call("simulate", *arguments, "--zone", suite(ZONEDATA))
    assert (ended.code, ended.out) == (64, "")
    assert expected in ended.err


def test_long_lists_are_cut(call: Call, suite: Suite, tmp_path: Path) -> None:
    table = tmp_path / "senders.csv"
    table.write_text("ip,sender\n" + "".join(f"198.51.100.{n},@soft.example\n" for n in range(40)), encoding="ascii")
    out = enforce(call, suite, "soft.example", more=("--senders", str(table))).out
    assert "… and 30 sources, 30 messages more; --all lists them" in out
    out = enforce(call, suite, "soft.example", more=("--senders", str(table), "--all")).out
    assert out.count("softfail → fail  soft.example") == 40


def test_who_is_carried_by_dkim_and_what_is_known_of_the_others(call: Call, suite: Suite, tmp_path: Path) -> None:
    table = tmp_path / "senders.csv"
    rows = ("198.51.100.1,@soft.example,41,fail,pass", "192.0.2.1,@soft.example,7,pass,pass")
    failing = "198.51.100.2,@soft.example,3,fail,fail"
    for more, code, headline in (
        ((), 1, "not ready for -all: 1 sender (41 messages) is carried by DKIM alone"),
        ((failing,), 1, "not ready for -all: 1 sender (3 messages) would fail"),
    ):
        text = "\n".join(["ip,sender,count,dmarc_spf,dmarc_dkim", *rows, *more])
        table.write_text(text, encoding="ascii")
        ended = enforce(call, suite, "soft.example", more=("--senders", str(table)))
        assert ended.out.splitlines()[0] == f"soft.example: {headline}"
        assert ended.code == code
        assert "\n  carried by DKIM: SPF fails, DMARC passes  1 source, 41 messages\n    198.51.100.1  41" in ended.out
        assert "whether DKIM carries" not in ended.out, "the table says it"
        assert "(RFC 9989 §7.1)" in ended.out
    document = json.loads(enforce(call, suite, "soft.example", more=("--senders", str(table), "--json")).out)
    assert [each["ip"] for each in document["enforce"]["senders"]["carried-by-dkim"]] == ["198.51.100.1"]


def test_a_permerror_is_not_the_fault_of_all(call: Call, suite: Suite) -> None:
    """Over the limit, -all changes nothing: the record has to be corrected first."""
    names = {f"n{i}.example": [{"TXT": f"v=spf1 ip4:198.51.100.{i} -all"}] for i in range(11)}
    record = " ".join(f"include:{name}" for name in names)
    zone = suite({"many.example": [{"TXT": f"v=spf1 {record} ~all"}], **names})
    ended = call("simulate", "many.example", "--enforce", "--zone", zone, "--sender", "192.0.2.1")
    assert ended.code == 1
    assert "1 sender gets permerror, which a fault of the record gives and not -all" in ended.out
    assert "spfengine lint many.example" in ended.out
    assert "permerror, which" not in enforce(call, suite, "soft.example", "198.51.100.1").out
