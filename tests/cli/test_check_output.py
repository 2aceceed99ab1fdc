"""What a person sees: the verdict first, then what decided it, and why nothing else did."""

import json
import re
import shlex
from collections.abc import Callable
from typing import Any

import pytest

from spfengine import Zone
from spfengine.testing.fake_dns import FakeDNS
from tests.cli.conftest import SEED, Call

Suite = Callable[[dict[str, Any]], str]

ZONEDATA: dict[str, Any] = {
    "outer.example": [{"TXT": "v=spf1 mx:none.example include:mid.example -all"}],
    "mid.example": [{"TXT": "v=spf1 exists:%{ir}.list.example include:inner.example ~all"}],
    "inner.example": [{"TXT": "v=spf1 ip4:203.0.113.0/24 ?all"}],
    "fail.example": [{"TXT": "v=spf1 -all exp=why.example"}],
    "why.example": [{"TXT": "%{i} is not one of %{d}'s servers"}],
    "unexplained.example": [{"TXT": "v=spf1 -all exp=none.example"}],
    "broken.example": [{"TXT": "v=spf1 ipv4:192.0.2.1 mx -al"}],
    "includes-broken.example": [{"TXT": "v=spf1 include:broken.example -all"}],
    "circle.example": [{"TXT": "v=spf1 include:circle.example -all"}],
    "two.example": [{"TXT": "v=spf1 a -all"}, {"TXT": "v=spf1 mx -all"}],
    "no-all.example": [{"TXT": "v=spf1 ip4:192.0.2.1"}],
    "many.example": [{"TXT": "v=spf1 " + " ".join(f"ip4:192.0.2.{n}" for n in range(60)) + " a mx:x.example -all"}],
    "dead.example": ["SERVFAIL"],
    "redirecting.example": [{"TXT": "v=spf1 redirect=inner.example"}],
    "cname.example": [{"TXT": "v=spf1 a:alias.example a:alias.example -all"}],
    "alias.example": [{"CNAME": "host.example"}],
    "host.example": [{"A": ["192.0.2.7", "192.0.2.8"]}],
}


def test_a_domain_that_can_not_be_looked_up_is_shown_with_the_characters_that_are_the_reason(call: Call) -> None:
    ended = call("check", "192.0.2.1", "a@b\u2013c\u2603.example", "--zone", SEED)
    assert ended.out.startswith(
        "NONE  no SPF record says whether 192.0.2.1 is allowed to send mail for b\u2013c\u2603."
    )
    assert "; it has \u2013 (en dash U+2013), \u2603 (snowman U+2603)" in ended.out
    document = json.loads(call("check", "192.0.2.1", "a@b\u2013c.example", "--zone", SEED, "--json").out)
    assert "en dash U+2013" in document["problem"]["text"]


def test_the_seed_story_says_softfail_what_decided_it_and_why_nothing_else_did(call: Call) -> None:
    ended = call("check", "23.83.218.24", "seed.example", "--zone", SEED)
    assert (ended.code, ended.err) == (2, "")
    lines = ended.out.splitlines()
    assert lines[0].startswith("SOFTFAIL  23.83.218.24 ")
    assert "seed.example" in lines[0]
    assert lines[1] == "  decided by ~all in the record of seed.example"
    assert "seed.example: v=spf1 +a +mx +ip4:150.95.55.137 +ip4:163.44.239.12 ~all" in lines
    rows = {row.split()[1]: row for row in lines if row[:3] in ("  ✗", "  ✓")}
    assert list(rows) == ["+a", "+mx", "+ip4:150.95.55.137", "+ip4:163.44.239.12", "~all"]
    assert "seed.example has A 203.0.113.80" in rows["+a"]
    assert "mx1.seed.example has A 163.44.239.12" in rows["+mx"]
    assert "23.83.218.24 is not 150.95.55.137" in rows["+ip4:150.95.55.137"]
    assert rows["~all"].startswith("  ✓")
    assert rows["~all"].endswith("softfail")
    assert "lookups 2/10, void lookups 0/2" in ended.out


def test_a_client_that_does_not_pass_has_a_way_out_that_works(call: Call) -> None:
    *_, about, command = call("check", "23.83.218.24", "seed.example", "--zone", SEED).out.splitlines()
    assert about == "  if 23.83.218.24 sends your mail, see what to publish:"
    name, *arguments = shlex.split(command)
    assert name == "spfengine"
    assert call(*arguments).out.startswith("seed.example: publish this record\n")


@pytest.mark.parametrize(
    ("ip", "domain"),
    [("203.0.113.80", "seed.example"), ("192.0.2.1", "none.seed.example"), ("10.0.0.1", "seed.example")],
)
def test_no_other_way_out_is_named_for_a_pass_a_problem_and_what_has_a_hint(call: Call, ip: str, domain: str) -> None:
    assert "spfengine suggest" not in call("check", ip, domain, "--zone", SEED).out


def test_the_draft_of_the_seed_story_passes(call: Call) -> None:
    ended = call("check", "23.83.218.24", "seed.example", "--zone", SEED,
                 "--draft", "v=spf1 +a +mx include:relay.mailchannels.net ~all")  # fmt: skip
    assert ended.code == 0
    assert "decided by include:relay.mailchannels.net in the record of seed.example" in ended.out
    assert "with your draft for seed.example\n" in ended.out
    assert "lookups 3/10" in ended.out


@pytest.mark.parametrize(
    ("domain", "word"),
    [
        ("outer.example", "PASS"),
        ("fail.example", "FAIL"),
        ("mid.example", "PASS"),
        ("no-all.example", "NEUTRAL"),
        ("absent.example", "NONE"),
        ("broken.example", "PERMERROR"),
        ("dead.example", "TEMPERROR"),
    ],
)
def test_the_verdict_stands_first(call: Call, suite: Suite, domain: str, word: str) -> None:
    ended = call("check", "203.0.113.9", f"bob@{domain}", "--zone", suite(ZONEDATA))
    first = ended.out.splitlines()[0]
    assert first.startswith(f"{word}  ")
    assert "203.0.113.9" in first
    assert domain in first
    assert f"checked: MAIL FROM bob@{domain}\n" in ended.out


def test_the_way_through_includes_is_reported_down_to_what_matched(call: Call, suite: Suite) -> None:
    out = call("check", "203.0.113.9", "outer.example", "--zone", suite(ZONEDATA)).out
    way = "outer.example include:mid.example → mid.example include:inner.example → inner.example ip4:203.0.113.0/24"
    assert f"path: {way}\n" in out
    for domain in ("outer.example", "mid.example", "inner.example"):
        assert f"\n{domain}: v=spf1 " in out
    assert "9.113.0.203.list.example does not exist" in out


def test_an_include_that_did_not_match_is_reported_in_one_line(call: Call, suite: Suite) -> None:
    ended = call("check", "192.0.2.9", "outer.example", "--zone", suite(ZONEDATA))
    assert ended.code == 1
    assert "mid.example gives softfail, and only pass makes an include match" in ended.out
    assert "\nmid.example: " not in ended.out


def test_a_redirect_is_followed_in_view(call: Call, suite: Suite) -> None:
    out = call("check", "203.0.113.9", "redirecting.example", "--zone", suite(ZONEDATA)).out
    assert "→ redirect=inner.example" in out
    assert "\ninner.example: v=spf1 " in out


def test_an_explanation_is_marked_as_the_domains_own_words(call: Call, suite: Suite) -> None:
    out = call("check", "203.0.113.9", "fail.example", "--zone", suite(ZONEDATA)).out
    assert 'fail.example explains, in its own words:\n    "203.0.113.9 is not one of fail.example\'s servers"\n' in out


def test_a_missing_explanation_has_a_reason_where_one_was_promised(call: Call, suite: Suite) -> None:
    assert "no explanation: " in call("check", "::1", "unexplained.example", "--zone", suite(ZONEDATA)).out
    assert "explanation" not in call("check", "::1", "outer.example", "--zone", suite(ZONEDATA)).out


@pytest.mark.parametrize("domain", ["broken.example", "includes-broken.example"])
def test_every_fault_of_a_broken_record_is_shown_with_carets_under_it(call: Call, suite: Suite, domain: str) -> None:
    ended = call("check", "203.0.113.9", domain, "--zone", suite(ZONEDATA))
    assert ended.code == 4
    lines = ended.out.splitlines()
    places = [place for place, text in enumerate(lines) if set(text.strip()) == {"^"}]
    under = [lines[at - 1][lines[at].index("^") : lines[at].rindex("^") + 1] for at in places]
    assert under == ["ipv4:192.0.2.1", "-al"]
    assert "in the record of broken.example: ipv4 is not a mechanism (RFC 7208 §4.6.1) [unknown-mechanism]" in ended.out
    assert "hint: did you mean ip4:192.0.2.1?" in ended.out
    assert "hint: did you mean -all?" in ended.out


def test_a_problem_has_carets_under_the_term_that_led_there(call: Call, suite: Suite) -> None:
    out = call("check", "203.0.113.9", "circle.example", "--zone", suite(ZONEDATA)).out
    text, carets = re.findall(r"(    v=spf1 .*)\n( *\^+)\n", out)[0]
    assert text[carets.index("^") : carets.rindex("^") + 1] == "include:circle.example"
    assert "hint: " in out


def test_records_in_a_circle_are_reported_once(call: Call, suite: Suite) -> None:
    out = call("check", "203.0.113.9", "circle.example", "--zone", suite(ZONEDATA)).out
    assert out.count("\ncircle.example: v=spf1") == 1
    assert "path: circle.example include:circle.example → …\n" in out


def test_no_end_of_faults_is_reported(call: Call, suite: Suite) -> None:
    zone = suite({"x.example": [{"TXT": "v=spf1" + " al" * 9000}]})
    out = call("check", "8.8.8.8", "x.example", "--zone", zone).out
    assert out.count("hint: ") == 20
    assert "… and more of the kind" in out


def test_several_records_are_all_listed(call: Call, suite: Suite) -> None:
    out = call("check", "203.0.113.9", "two.example", "--zone", suite(ZONEDATA)).out
    assert "v=spf1 a -all; v=spf1 mx -all" in out


def test_the_default_result_says_that_it_is_one(call: Call, suite: Suite) -> None:
    out = call("check", "203.0.113.9", "no-all.example", "--zone", suite(ZONEDATA)).out
    assert "no term of the record of no-all.example matched" in out


def test_a_long_run_of_networks_takes_one_line(call: Call, suite: Suite) -> None:
    out = call("check", "203.0.113.9", "many.example", "--zone", suite(ZONEDATA)).out
    assert "ip4:192.0.2.0 … ip4:192.0.2.59  (60 terms) 203.0.113.9 is in none of these networks" in out
    assert len(out.splitlines()) < 15


def test_terms_that_were_not_reached_are_reported_together(call: Call, suite: Suite) -> None:
    out = call("check", "192.0.2.0", "many.example", "--zone", suite(ZONEDATA)).out
    assert re.search(r"· ip4:192.0.2.1 … -all +\(62 terms\) a term before it matched", out)


@pytest.mark.parametrize(
    ("drafts", "expected"),
    [
        (["v=spf1 -all"], "with your draft for no-all.example\n"),
        (["x.example=v=spf1 -all"], "with your draft for x.example: nothing asked for it, so it changes nothing\n"),
    ],
)
def test_drafts_are_named_and_those_that_change_nothing_too(
    call: Call, suite: Suite, drafts: list[str], expected: str
) -> None:
    options = [part for draft in drafts for part in ("--draft", draft)]
    assert expected in call("check", "203.0.113.9", "no-all.example", "--zone", suite(ZONEDATA), *options).out


def test_both_identities_are_two_verdicts(call: Call, suite: Suite) -> None:
    ended = call("check", "203.0.113.9", "no-all.example", "--helo", "fail.example", "--identity", "both",
                 "--zone", suite(ZONEDATA))  # fmt: skip
    assert re.findall(r"^([A-Z]{4,})  ", ended.out, re.MULTILINE) == ["FAIL", "NEUTRAL"]
    assert "checked: HELO fail.example\n" in ended.out
    assert "checked: MAIL FROM postmaster@no-all.example\n" in ended.out
    assert ended.code == 3


def test_a_null_sender_has_one_verdict_for_both_identities(call: Call, suite: Suite) -> None:
    ended = call("check", "203.0.113.9", "<>", "--helo", "fail.example", "--identity", "both",
                 "--zone", suite(ZONEDATA))  # fmt: skip
    assert re.findall(r"^([A-Z]{4,})  ", ended.out, re.MULTILINE) == ["FAIL"]
    assert "one check serves HELO and MAIL FROM" in ended.out


def test_the_void_rule_is_named_where_it_is_not_the_default(call: Call, suite: Suite) -> None:
    arguments = ("check", "203.0.113.9", "outer.example", "--zone", suite(ZONEDATA))
    assert "void lookups 2/2," in call(*arguments).out
    assert "void lookups 2/2 (per-lookup)," in call(*arguments, "--void-rule", "per-lookup").out


def test_the_trace_shows_questions_answers_expansions_and_repeats(call: Call, suite: Suite) -> None:
    zone = suite(ZONEDATA)
    out = call("check", "203.0.113.9", "outer.example", "--zone", zone, "--trace").out
    assert (
        "├─ ✗ mx:none.example  no match: none.example does not exist\n│  └─ MX none.example → NXDOMAIN  (void)" in out
    )
    assert "%{ir}.list.example → 9.113.0.203.list.example" in out
    assert "inner.example: v=spf1 ip4:203.0.113.0/24 ?all" in out
    assert "· ?all  not evaluated: a term before it matched" in out
    out = call("check", "203.0.113.9", "cname.example", "--zone", zone, "--trace").out
    assert "A alias.example → 192.0.2.7, 192.0.2.8  (CNAME to host.example)" in out
    assert "A alias.example → 192.0.2.7, 192.0.2.8  (CNAME to host.example, asked before)" in out
    out = call("check", "23.83.218.24", "seed.example", "--zone", SEED, "--trace").out
    assert "MX seed.example → 10 mx1.seed.example, 20 mx2.seed.example  (TTL 3600)" in out
    out = call("check", "203.0.113.9", "includes-broken.example", "--zone", zone, "--trace").out
    assert "! include:broken.example  the check ended here" in out
    assert "TXT broken.example → v=spf1 ipv4:192.0.2.1 mx -al" in out
    out = call("check", "203.0.113.9", "fail.example", "--zone", zone, "--trace").out
    assert "exp=why.example" in out
    assert "TXT why.example → %{i} is not one of %{d}'s servers" in out


def test_the_receiver_reaches_the_explanation(call: Call, suite: Suite) -> None:
    zone = suite({"x.example": [{"TXT": "v=spf1 -all exp=e.example"}], "e.example": [{"TXT": "says %{r}"}]})
    assert '"says unknown"' in call("check", "::1", "x.example", "--zone", zone).out
    assert '"says mx.here.example"' in call("check", "::1", "x.example", "--zone", zone, "--receiver",
                                            "mx.here.example").out  # fmt: skip


def test_help_has_examples_and_the_exit_codes(call: Call) -> None:
    ended = call("check", "--help")
    assert ended.code == 0
    assert "spfengine check 192.0.2.1 alice@example.com" in ended.out
    assert "0 pass, 1 fail, 2 softfail, 3 neutral, 4 permerror, 5 temperror, 6 none" in " ".join(ended.out.split())
    assert re.search(r"^  check +Check whether", call("--help").out, re.MULTILINE)


def test_version_is_the_packages(call: Call) -> None:
    import spfengine

    assert call("--version") == (0, f"spfengine, version {spfengine.__version__}\n", "")


def test_what_was_asked_ahead_for_nothing_is_reported(call: Call) -> None:
    record = "v=spf1 a include:one.example include:two.example -all"
    zone = Zone({"a.example": {"TXT": record, "A": "192.0.2.1"}, "one.example": {"TXT": "v=spf1 -all"}})
    with FakeDNS(zone) as server:
        out = call("check", "192.0.2.1", "a.example", "--nameserver", server.nameserver, "--timeout", "60").out
    assert "DNS queries 2 (2 more sent ahead, not needed)" in " ".join(out.split())


_NETWORK = {
    "firma.de": [{"TXT": "v=spf1 mx -all"}, {"MX": [10, "mx.firma.de"]}],
    "mx.firma.de": [{"A": "5.9.1.2"}],
    "shop.firma.de": [{"A": "5.9.1.3"}],
    "halves.de": [{"TXT": "v=spf1 ip4:5.9.1.2 include:shop.ha"}, {"TXT": "lves.de -all"}],
    "joined.de": [{"TXT": ["v=spf1 ip4:5.9.1.2", "ip4:5.9.1.3 -all"]}],
    "version.de": [{"TXT": ["v=spf1", "ip4:5.9.1.2 -all"]}],
    "alike.de": [{"TXT": "spf1 ip4:5.9.1.2 -all"}],
    "gone.de": [{"TXT": "v=spf1 include:_spf.nobody.com -all"}],
    "to.de": [{"TXT": "v=spf1 redirect=_spf.nobody.com"}],
    "mixed.de": [{"TXT": "v=spf1 include:shop.firma.de -all"}],
    "swapped.de": [{"TXT": "v=spf1 a:firma.de -all"}],
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.f.4.0.1.0.a.2.ip6.arpa": [{"PTR": "mx.firma.de"}],
}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["192.168.1.7", "firma.de"], "special-purpose-client", "a private address (192.168.0.0/16, RFC 1918)"),
        (["127.0.0.1", "firma.de"], "special-purpose-client", "the mail server itself"),
        (["203.0.113.9", "firma.de"], "special-purpose-client", "an address for documentation only"),
        (
            ["2a01:4f8::2", "firma.de", "--helo", "MX.firma.de"],
            "host-without-aaaa",
            "publish mx.firma.de AAAA 2a01:4f8::2",
        ),
        (["2a01:4f8::1", "firma.de"], "host-without-aaaa", "is by reverse DNS mx.firma.de"),
        (["5.9.1.3", "shop.firma.de"], "parent-has-record", '"v=spf1 redirect=firma.de"'),
        (["5.9.1.3", "shop.firma.de"], "parent-has-record", 'or "v=spf1 a -all" if it sends only from its own'),
        (["5.9.1.9", "halves.de"], "split-over-records", "that is: v=spf1 ip4:5.9.1.2 include:shop.halves.de -all"),
        (["5.9.1.9", "joined.de"], "missing-space", "that is: v=spf1 ip4:5.9.1.2 ip4:5.9.1.3 -all"),
        (["5.9.1.9", "version.de"], "missing-space", "that is: v=spf1 ip4:5.9.1.2 -all"),
        (["5.9.1.9", "alike.de"], "look-alike", "that is: v=spf1 ip4:5.9.1.2 -all"),
        (["5.9.1.9", "gone.de"], "could-be-registered", "anybody who registers it can send as gone.de"),
        (["5.9.1.9", "to.de"], "could-be-registered", "nobody.com does not exist"),
        (["5.9.1.9", "mixed.de"], "other-mechanism", "did you mean a:shop.firma.de?"),
        (["5.9.1.9", "swapped.de"], "other-mechanism", "did you mean include:firma.de?"),
    ],
)
def test_what_explains_a_result_is_said(call: Call, suite: Suite, arguments: list[str], code: str, words: str) -> None:
    zone = suite(_NETWORK)
    ended = call("check", *arguments, "--zone", zone)
    assert words in ended.out
    [note] = json.loads(call("check", *arguments, "--zone", zone, "--json").out)["remarks"]
    assert note["code"] == code
    assert words in f"{note['text']} {note['hint']}"


@pytest.mark.parametrize("arguments", [["5.9.1.2", "firma.de"], ["2a01:4f8::3", "firma.de", "--helo", "other.example"]])
def test_nothing_is_said_of_a_client_that_nothing_explains(call: Call, suite: Suite, arguments: list[str]) -> None:
    assert json.loads(call("check", *arguments, "--zone", suite(_NETWORK), "--json").out)["remarks"] == []


def test_an_example_with_addresses_for_documentation_is_left_alone(call: Call, suite: Suite) -> None:
    zone = suite({"x.example": [{"TXT": "v=spf1 ip4:192.0.2.1 -all"}]})
    assert json.loads(call("check", "192.0.2.1", "x.example", "--zone", zone, "--json").out)["remarks"] == []


def test_a_local_part_outside_ascii_is_shown_as_it_is(call: Call, suite: Suite) -> None:
    out = call("check", "5.9.1.2", "j\u00f6@firma.de", "--zone", suite(_NETWORK)).out
    assert "MAIL FROM j\u00f6@firma.de" in out
