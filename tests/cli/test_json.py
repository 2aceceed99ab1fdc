"""--json: one document, ASCII, the same keys always."""

import json
from collections.abc import Callable
from typing import Any

import spfengine
from spfengine.evidence import Evidence
from tests.cli.conftest import SEED, Call

Suite = Callable[[dict[str, Any]], str]

KEYS = {
    "schema", "result", "problem", "directive", "directive_span", "record_domain", "path", "explanation",
    "explanation_problem", "identity", "ip", "sender", "helo", "domain", "lookups", "void_lookups", "questions",
}  # fmt: skip


def test_it_is_the_results_own_document(call: Call) -> None:
    out = call("check", "23.83.218.24", "bob@seed.example", "--helo", "mx.example", "--zone", SEED, "--json").out
    zone = spfengine.Zone.from_file(SEED)
    expected = spfengine.check("23.83.218.24", "bob@seed.example", "mx.example", resolver=zone).to_dict()
    assert json.loads(out) == {**expected, "remarks": [], "plan": None}
    assert set(expected) == KEYS


def test_with_trace_it_has_the_trace_too(call: Call) -> None:
    document = json.loads(call("check", "23.83.218.24", "seed.example", "--zone", SEED, "--json", "--trace").out)
    assert set(document) == KEYS | {"remarks", "plan", "trace"}
    terms = document["trace"]["terms"]
    assert [term["outcome"] for term in terms] == ["no-match"] * 4 + ["match"]
    assert all(term["why"] for term in terms)
    assert terms[1]["questions"][0]["records"] == ["10 mx1.seed.example", "20 mx2.seed.example"]


def test_both_identities_are_two_documents_in_one(call: Call, suite: Suite) -> None:
    zone = suite({"a.example": [{"TXT": "v=spf1 -all"}], "b.example": [{"TXT": "v=spf1 ?all"}]})
    ended = call("check", "::1", "a.example", "--helo", "b.example", "--identity", "both", "--zone", zone, "--json")
    document = json.loads(ended.out)
    assert document["schema"] == "spfengine.check-both/1"
    assert set(document) == {"schema", "helo", "mailfrom", "plan"}
    assert (document["helo"]["result"], document["mailfrom"]["result"], ended.code) == ("neutral", "fail", 1)
    assert (document["helo"]["identity"], document["mailfrom"]["identity"]) == ("helo", "mailfrom")


def test_it_is_ascii_in_the_same_order_each_time(call: Call, suite: Suite) -> None:
    zone = suite({"x.example": [{"TXT": "v=spf1 \x1b[31m \u009b -all"}, {"TXT": "caf\u00e9"}]})
    arguments = (
        "check",
        "::1",
        "caf\u00e9@x.example",
        "--helo",
        "b\u00fccher.example",
        "--zone",
        zone,
        "--json",
        "--trace",
    )
    first = call(*arguments).out
    assert first.isascii()
    assert "\x1b" not in first
    assert first == call(*arguments).out
    document = json.loads(first)
    assert list(document)[:3] == ["schema", "result", "problem"]
    assert document["helo"] == "xn--bcher-kva.example"


def test_a_sender_has_the_same_keys_in_every_document() -> None:
    """And what is untrusted in it is escaped: DMARC reports and logs are written by others."""
    sender = spfengine.Sender("192.0.2.1", "b\x07b@seed.example", "h\x1b[2J", 3, "x", None, "seed.example")
    zone = spfengine.Zone.from_file(SEED)
    simulated = spfengine.simulate("seed.example", "v=spf1 -all", resolver=zone, senders=[sender])
    suggested = spfengine.suggest("seed.example", [sender], resolver=zone)
    evidence = Evidence(senders=(sender,), messages=3)
    expected = {
        "ip": "192.0.2.1", "sender": "b\\x07b@seed.example", "helo": "h\\x1b[2J", "count": 3, "label": "x",
        "reported": None, "header_from": "seed.example",
    }  # fmt: skip
    for document in (simulated.to_dict(), suggested.to_dict(), evidence.to_dict()):
        [written] = json.loads(json.dumps(document["senders"]))
        assert {key: written[key] for key in expected} == expected


def test_keys_that_got_another_name_are_kept_for_this_version(call: Call) -> None:
    arguments = ("suggest", "seed.example", "--zone", SEED, "--sender", "23.83.218.24", "--json")
    [sender] = json.loads(call(*arguments).out)["senders"]
    assert sender["disagrees"] is sender["differs"] is False
    assert sender["alignment"] is sender["aligned"] is None
