"""What `suggest` says is true of its case: without senders nothing is called the record to publish, each caveat names
the sender or term that it is about, and whatever it says passes, or stops nothing, does so by the interpreter.
"""

import re
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given, settings

import spfengine
from spfengine import Result, Sender, Status, Zone
from spfengine.advice.suggest import Advice, Caveat, CaveatCode, SenderStanding, Suggestion
from spfengine.catalogue import Catalogue
from tests.advice.test_suggest_proof import FREE, POINTS, Asked, D, _checked, _passing, _result, asked
from tests.examples import examples

CATALOGUE = Catalogue.load()
GOOGLE = {"_spf.google.com": {"TXT": "v=spf1 ip4:35.190.247.0/24 -all"}}
MICROSOFT = {"spf.protection.outlook.com": {"TXT": "v=spf1 ip4:40.92.0.0/15 -all"}}
GOOGLE_MX = [(1, "aspmx.l.google.com"), (5, "alt1.aspmx.l.google.com")]


def suggested(zone: dict[str, Any], *senders: str, domain: str = D, **more: Any) -> Suggestion:
    found = [Sender(ip, f"u@{domain}") for ip in senders]
    return spfengine.suggest(domain, found, resolver=Zone(zone), catalogue=CATALOGUE, **more)


def caveats(suggestion: Suggestion, code: CaveatCode) -> list[Caveat]:
    return [caveat for caveat in suggestion.caveats if caveat.code is code]


@pytest.mark.parametrize(
    ("mx", "records", "record", "term"),
    [
        (GOOGLE_MX, GOOGLE, "v=spf1 include:_spf.google.com ~all", "include:_spf.google.com"),
        ([(1, "SMTP.Google.com")], GOOGLE, "v=spf1 include:_spf.google.com ~all", "include:_spf.google.com"),
        ([(0, "d-example.mail.protection.outlook.com")], MICROSOFT,
         "v=spf1 include:spf.protection.outlook.com ~all", "include:spf.protection.outlook.com"),
        ([(0, "d-example.a-v1.mx.microsoft")], MICROSOFT,
         "v=spf1 include:spf.protection.outlook.com ~all", "include:spf.protection.outlook.com"),
        ([(10, "mail.d.example")], {"mail.d.example": {"A": "192.0.2.1"}}, "v=spf1 mx ~all", "mx"),
    ],
)  # fmt: skip
def test_without_senders_the_zone_makes_a_proposal_that_is_marked_as_one(
    mx: list[tuple[int, str]], records: dict[str, Any], record: str, term: str
) -> None:
    suggestion = suggested({D: {"MX": mx}, **records})
    assert (suggestion.advice, suggestion.record) == (Advice.NEEDS_SENDERS, None)
    assert suggestion.proposal is not None
    assert (suggestion.proposal.record, suggestion.proposal.doubts) == (record, ())
    [shown] = suggestion.proposal.terms
    assert shown.term == term
    assert "takes the mail of d.example (MX" in shown.why
    out = suggestion.render(width=None)
    assert out.startswith("d.example: there is no SPF record, and who sends is not known\n")
    assert "a proposal, by what the zone shows and not by who sends:\n" + record in out
    assert "publish this record" not in out
    assert "--senders FILE with DMARC reports" in out


def test_a_proposal_that_can_not_be_looked_up_says_so() -> None:
    proposal = suggested({D: {"MX": GOOGLE_MX}}).proposal
    assert proposal is not None
    assert proposal.doubts == (
        "_spf.google.com could not be looked up here, so include:_spf.google.com is not checked",
    )


@pytest.mark.parametrize(
    "zone",
    [
        {D: {"A": "192.0.2.1"}},
        {D: {"MX": [(0, ".")]}},
        {D: {"MX": [(10, "mx.stranger.example")]}, "mx.stranger.example": {"A": "192.0.2.1"}},
        {D: {"MX": [(10, "mx.d.example")]}},
    ],
)
def test_what_the_zone_does_not_show_is_not_proposed(zone: dict[str, Any]) -> None:
    suggestion = suggested(zone)
    assert (suggestion.advice, suggestion.record, suggestion.proposal) == (Advice.NEEDS_SENDERS, None, None)
    assert "~all" not in suggestion.render(width=None)


@pytest.mark.parametrize(
    "record",
    ["v=spf1 include:_spf.google.com -all", "v=spf1 redirect=_spf.google.com", "v=spf1 include:b.example -all"],
)
def test_what_the_record_reaches_already_is_not_proposed_again(record: str) -> None:
    more = {"b.example": {"TXT": "v=spf1 include:_spf.google.com -all"}}
    suggestion = suggested({D: {"TXT": record, "MX": GOOGLE_MX}, **GOOGLE, **more})
    assert (suggestion.advice, suggestion.proposal) == (Advice.KEEP, None)
    assert suggestion.render(width=None).startswith("d.example: keep the record; who sends is not known\n")


def test_an_include_of_the_record_is_not_proposed_again_if_what_is_known_ends_before_it() -> None:
    zone = {
        D: {"TXT": "v=spf1 mx include:_SPF.google.com ~all", "MX": GOOGLE_MX},
        "aspmx.l.google.com": {"*": Status.TIMEOUT},
    }
    suggestion = suggested({**zone, **GOOGLE})
    assert suggestion.proposal is None


@pytest.mark.parametrize(
    ("record", "options"),
    [
        ("v=spf1 ip4:192.0.2.1 ip4:192.0.2.0/24 -all", {}),
        ("v=spf1 ip4:192.0.2.1 -all", {"drop": ["ip4:192.0.2.1"]}),
        ("v=spf1 ip4:192.0.2.1 -all", {"add": ["ip4:192.0.2.9"]}),
        ("v=spf1 ipv4:192.0.2.1 -all", {}),
        ("v=spf1 ip4:192.0.2.1 -all", {"want": ["192.0.2.0/24"]}),
    ],
)
def test_without_senders_nothing_is_called_the_record_to_publish(record: str, options: dict[str, Any]) -> None:
    for senders in ([], [Sender("192.0.2.7", "u@elsewhere.example")]):
        zone = Zone({D: {"TXT": record}})
        suggestion = spfengine.suggest(D, senders, resolver=zone, catalogue=CATALOGUE, **options)
        assert not suggestion.knows_senders
        assert suggestion.to_dict()["serves_everyone"] is False
        out = suggestion.render(width=None)
        assert "publish this record" not in out
        assert "who sends is not known" in out.splitlines()[0]
        assert ("1 sender given has another MAIL FROM than d.example" in out) is bool(senders)


def test_yours_is_only_said_of_a_sender_that_may_be_somebody_elses() -> None:
    ip = "35.190.247.9"
    zone: dict[str, Any] = {D: {"TXT": "v=spf1 ip4:192.0.2.1 ~all"}, **GOOGLE}
    [caveat] = caveats(suggested(zone, ip), CaveatCode.YOURS)
    assert f"{ip} forwarded your mail" in caveat.text
    assert f"use --ignore {ip}" in caveat.text
    own_mx = {**zone, D: {**zone[D], "MX": GOOGLE_MX}}
    assert suggested(own_mx, ip).record == "v=spf1 ip4:192.0.2.1 include:_spf.google.com ~all"
    assert not caveats(suggested(own_mx, ip), CaveatCode.YOURS), "the service takes the domain's mail, so it is its own"
    assert not caveats(suggested(zone, ip, want=[ip]), CaveatCode.YOURS), "the caller wants it"
    assert not caveats(suggested(zone, ip, add=["include:_spf.google.com"]), CaveatCode.YOURS)


def test_unused_is_only_said_of_a_term_that_nothing_came_from() -> None:
    zone = {D: {"TXT": "v=spf1 a ip4:192.0.2.0/24 ip4:198.51.100.7 -all", "A": "192.0.2.1"}}
    [caveat] = caveats(suggested(zone, "192.0.2.1"), CaveatCode.UNUSED)
    assert caveat.text.startswith("ip4:198.51.100.7 is kept: no other term matches it")
    assert not caveats(suggested(zone, "192.0.2.1", keep=["ip4:198.51.100.7"]), CaveatCode.UNUSED)
    assert not caveats(suggested(zone, "192.0.2.1", keep_all=True), CaveatCode.UNUSED)
    assert not caveats(suggested(zone), CaveatCode.UNUSED), "who sends is not known"
    partly = {D: {"TXT": "v=spf1 a ip4:192.0.2.0/24 ip4:198.51.100.7 -all", "A": "192.0.2.1"}}
    found = caveats(suggested(partly, "198.51.100.7"), CaveatCode.UNUSED)
    assert [each.text.partition(" is kept: ")[2].partition(", so")[0] for each in found] == [
        "only a part of it is matched by a"
    ]


def test_stops_names_the_term_and_what_stops() -> None:
    zone = {D: {"TXT": "v=spf1 ip4:192.0.2.0/28 ip4:198.51.100.7 -all"}}
    suggestion = suggested(zone, "192.0.2.1", drop=["ip4:198.51.100.7"])
    assert [each.text for each in caveats(suggestion, CaveatCode.STOPS)] == [
        "mail from 198.51.100.7 stops passing, as you asked with --drop ip4:198.51.100.7"
    ]
    covered = {D: {"TXT": "v=spf1 ip4:198.51.100.0/24 ip4:198.51.100.7 -all"}}
    assert not caveats(suggested(covered, "198.51.100.1", drop=["ip4:198.51.100.7"]), CaveatCode.STOPS)
    softly = {D: {"TXT": "v=spf1 ~ip4:192.0.2.9 ip4:192.0.2.1 -all"}}
    dropped = suggested(softly, "192.0.2.9", drop=["~ip4:192.0.2.9"])
    assert not caveats(dropped, CaveatCode.STOPS), "softfail becomes fail, but nothing that passed stops"
    assert "some mail that passes now stops" not in dropped.render(width=None)


def test_nothing_stops_as_requested_if_no_record_is_proposed() -> None:
    includes = " ".join(f"include:i{n}.example" for n in range(11))
    zone: dict[str, Any] = {D: {"TXT": f"v=spf1 {includes} -all"}}
    zone |= {f"i{n}.example": {"TXT": f"v=spf1 ip4:192.0.2.{n} -all"} for n in range(11)}
    suggestion = suggested(
        zone, "192.0.2.1", drop=["include:i1.example"], add=["ip4:203.0.113.1", "include:i1.example"]
    )
    assert suggestion.advice is not Advice.NONE_FITS or not caveats(suggestion, CaveatCode.STOPS)


def test_a_check_that_ends_at_a_limit_came_by_no_term_and_what_would_name_it_is_said() -> None:
    includes = " ".join(f"include:i{n}.example" for n in range(12))
    zone: dict[str, Any] = {D: {"TXT": f"v=spf1 {includes} -all"}}
    zone |= {f"i{n}.example": {"TXT": f"v=spf1 ip4:192.0.2.{n} -all"} for n in range(12)}
    suggestion = suggested(zone, "192.0.2.11", "192.0.2.99")
    named, unknown = suggestion.senders
    assert (named.before, named.by_before, named.beyond) == (
        Result.PERMERROR, None, ("include:i11.example", Result.PASS),
    )  # fmt: skip
    assert named.standing is SenderStanding.UNSERVED
    assert named.why == "include:i11.example names it, but the check ends at a limit before"
    assert unknown.beyond == ("-all", Result.FAIL)
    assert all(term.messages == 0 for term in suggestion.terms)
    out = suggestion.render(width=None)
    assert "192.0.2.11  permerror by no term (without the limit: pass by include:i11.example)" in out
    assert "1 message matched it" not in out
    assert not any("192.0.2.11" in each.text for each in caveats(suggestion, CaveatCode.UNNAMED))


@settings(max_examples=examples(60))
@given(asked(6))
def test_what_is_said_to_pass_passes_and_what_is_said_to_stop_nothing_stops_nothing(case: Asked) -> None:
    """Whatever `suggest` says passes, passes; whatever it says nothing stops, stops nothing: by the interpreter."""
    suggestion = case.suggestion()
    out = suggestion.render(width=None)
    if suggestion.record is None:
        assert "publish this record" not in out
        assert "still passes" not in out
        return
    before, after = _passing(case, case.record), _passing(case, suggestion.record)
    if "everything that passes now still passes" in out:
        assert before <= after
    headline = out.splitlines()[0]
    here = [each for each in suggestion.senders if each.standing is not SenderStanding.IGNORED]
    passing = [each for each in here if _result(case, suggestion.record, each.sender.ip) is Result.PASS]
    if "publish this record" in headline or "as it should be" in headline:
        assert here
        assert {each.standing for each in here} <= {
            SenderStanding.PASSING, SenderStanding.SERVED, SenderStanding.STOPPED,
        }  # fmt: skip
    counts = re.search(r"(\d+) of (\d+) senders pass with it, (\d+) now", out)
    if counts is not None:
        now = sum(_result(case, case.record, each.sender.ip) is Result.PASS for each in here)
        assert tuple(map(int, counts.groups())) == (len(passing), len(here), now)
    stops = caveats(suggestion, CaveatCode.STOPS)
    assert bool(before - after) <= bool(stops), "what stops is said"
    for caveat in stops:
        assert any(f"--drop {term.removeprefix('+')}" in caveat.text for term in case.drop)
    _assert_caveats_of_senders(case, suggestion)


def _assert_caveats_of_senders(case: Asked, suggestion: Suggestion) -> None:
    assert suggestion.record is not None
    standing = {each.sender.ip: each.standing for each in suggestion.senders}
    for caveat in caveats(suggestion, CaveatCode.YOURS):
        ips = [ip for ip in standing if re.search(rf"(?<![\d.:]){re.escape(ip)}(?![\d.:])", caveat.text)]
        assert ips
        assert all(standing[ip] is SenderStanding.SERVED and ip not in case.want for ip in ips)
    for caveat in caveats(suggestion, CaveatCode.UNUSED):
        term = caveat.text.split(" ", 1)[0]
        network = ip_network(term.removeprefix("+").partition(":")[2])
        assert not any(ip_address(ip) in network for ip in standing)
        without = suggestion.record.replace(f" {term}", "", 1)
        inside = [ip for ip in (*POINTS, str(network[0])) if ip_address(ip) in network]
        passes = [ip for ip in inside if _result(case, suggestion.record, ip) is Result.PASS]
        assert any(_result(case, without, ip) is not Result.PASS for ip in passes)
    for each in suggestion.senders:
        if each.beyond is not None:
            assert each.before is Result.PERMERROR
            assert each.by_before is None
            assert _checked(case.record, each.sender.ip, FREE)[0] is each.beyond[1]
