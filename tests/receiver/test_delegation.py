"""From the attributes of a request to the action."""

import asyncio
from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given, strategies as st

from spfengine import Answer, ArgumentError, Question, Status, Zone, parse_authentication_results, parse_received_spf
from spfengine.receiver.delegation import DUNNO, Delegation
from spfengine.receiver.requests import MAX_REPLY, RequestReader, reply
from spfengine.receiver.rules import BOTH, Header, Refusal, Rules, checked_rules
from tests.receiver.requests import attributes, wire

ZONE = Zone(
    {
        "pass.example": {"TXT": "v=spf1 +all"},
        "softfail.example": {"TXT": "v=spf1 ~all"},
        "neutral.example": {"TXT": "v=spf1 ?all"},
        "fail.example": {"TXT": "v=spf1 -all exp=exp.fail.example"},
        "exp.fail.example": {"TXT": "%{i} is not ours"},
        "permerror.example": {"TXT": "v=spf1 al"},
        "temperror.example": {"*": Status.SERVFAIL},
    }
)


class Counting:
    """A zone that counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def resolve(self, question: Question, /) -> Answer:
        self.asked += 1
        return ZONE.resolve(question)


RULES = Rules("mx.example.net")


def action(rules: Rules = RULES, **changes: str) -> str:
    """The action for one request; the same in asyncio."""
    sync = Delegation(rules, ZONE).decide(attributes(**changes))
    assert asyncio.run(Delegation(rules, ZONE).adecide(attributes(**changes))) == sync
    assert reply(sync)
    return sync


@pytest.mark.parametrize("result", ["pass", "softfail", "neutral", "none", "permerror"])
def test_an_accepted_message_gets_a_header_field(result: str) -> None:
    reported = action(sender=f"alice@{result}.example")
    field = parse_received_spf(reported.removeprefix("PREPEND "))
    assert (field.result, field.client_ip, field.keys["receiver"]) == (result, "192.0.2.1", "mx.example.net")
    reported = action(replace(RULES, header=Header.AUTHENTICATION_RESULTS), sender=f"alice@{result}.example")
    results = parse_authentication_results(reported.removeprefix("PREPEND "))
    assert (results.authserv_id, results.spf[0].result) == ("mx.example.net", result)
    assert action(replace(RULES, header=Header.NONE), sender=f"alice@{result}.example") == DUNNO


def test_a_fail_is_refused_with_the_domains_explanation() -> None:
    assert action(sender="alice@fail.example") == (
        "550 5.7.23 SPF MAIL FROM check failed: fail.example does not permit 192.0.2.1 to send for it. "
        "The domain fail.example explains: 192.0.2.1 is not ours"
    )


@pytest.mark.parametrize(
    ("result", "refusal", "begins"),
    [
        ("fail", "reject", "550 5.7.23 "),
        ("fail", "defer", "451 4.7.23 "),
        ("fail", "accept", "PREPEND Received-SPF: fail "),
        ("temperror", "reject", "550 5.7.24 "),
        ("temperror", "defer", "451 4.7.24 "),
        ("temperror", "accept", "PREPEND Received-SPF: temperror "),
        ("permerror", "reject", "550 5.7.24 "),
        ("permerror", "defer", "451 4.7.24 "),
        ("permerror", "accept", "PREPEND Received-SPF: permerror "),
    ],
)
def test_the_rules_say_what_is_done(result: str, refusal: str, begins: str) -> None:
    rules = replace(RULES, **{result: Refusal(refusal)})  # type: ignore[arg-type]  # the field is one of three
    assert action(rules, sender=f"alice@{result}.example").startswith(begins)
    dry = action(replace(rules, dry_run=True), sender=f"alice@{result}.example")
    assert dry.startswith(f"PREPEND Received-SPF: {result} ")


def test_without_rules_fail_is_rejected_temperror_deferred_and_permerror_accepted() -> None:
    assert action(sender="alice@temperror.example").startswith("451 4.7.24 ")
    assert action(sender="alice@permerror.example").startswith("PREPEND ")


def test_the_null_sender_means_the_helo_name() -> None:
    assert action(sender="", helo_name="fail.example").startswith("550 5.7.23 ")


def test_helo_decides_where_it_is_checked() -> None:
    helo, both = replace(RULES, identity="helo"), replace(RULES, identity=BOTH)
    assert action(both, helo_name="fail.example").startswith("550 5.7.23 SPF HELO check failed")
    assert "identity=mailfrom" in action(both, helo_name="softfail.example")
    assert action(both, sender="a@fail.example", helo_name="pass.example").startswith("550 5.7.23 SPF MAIL FROM")
    assert "identity=helo" in action(helo, sender="a@fail.example", helo_name="pass.example")
    assert action(helo, sender="a@fail.example", helo_name="").startswith("550 5.7.23 SPF MAIL FROM")


def test_a_message_gets_one_evaluation_and_one_header_field() -> None:
    zone = Counting()
    delegation = Delegation(RULES, zone)
    assert delegation.decide(attributes(recipient="one@x.example")).startswith("PREPEND ")
    asked = zone.asked
    assert delegation.decide(attributes(recipient="two@x.example")) == DUNNO
    assert zone.asked == asked
    assert delegation.decide(attributes(instance="other")).startswith("PREPEND ")
    assert delegation.decide(attributes(sender="b@pass.example")).startswith("PREPEND "), "another message"


def test_every_recipient_of_a_refused_message_is_refused() -> None:
    delegation = Delegation(RULES, ZONE)
    first = delegation.decide(attributes(sender="a@fail.example"))
    assert delegation.decide(attributes(sender="a@fail.example", recipient="two@x.example")) == first
    assert first.startswith("550 ")


def test_without_an_instance_each_request_is_checked() -> None:
    delegation = Delegation(RULES, ZONE)
    assert [delegation.decide(attributes(instance=""))[:7] for _ in range(2)] == ["PREPEND", "PREPEND"]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spfengine.receiver.delegation._REMEMBERED", 3)
    delegation = Delegation(RULES, ZONE)
    for number in range(10):
        delegation.decide(attributes(instance=str(number)))
    again = [delegation.decide(attributes(instance=str(number))) == DUNNO for number in (9, 8, 7, 0)]
    assert again == [True, True, True, False]


@pytest.mark.parametrize(
    "changes",
    [
        {"request": "junk"},
        {"client_address": "unknown"},
        {"client_address": ""},
        {"client_address": "192.0.2.1\x00"},
        {"sasl_username": "alice", "sender": "a@fail.example"},
    ],
)
def test_where_there_is_nothing_to_check_postfix_decides(changes: dict[str, str]) -> None:
    assert action(RULES, **changes) == DUNNO


@pytest.mark.parametrize(
    ("ip", "skipped"),
    [
        ("192.0.2.1", True),
        ("192.0.2.255", True),
        ("192.0.3.0", False),
        ("::ffff:192.0.2.9", True),
        ("2001:db8::7", True),
        ("2001:db8::8", False),
    ],
)
def test_clients_of_skipped_networks_are_not_checked(ip: str, skipped: bool) -> None:
    rules = replace(RULES, skip=(ip_network("192.0.2.0/24"), ip_network("2001:db8::7")))
    reported = action(rules, client_address=ip, sender="a@fail.example")
    assert (reported == DUNNO) is skipped
    assert skipped or reported.startswith("550 5.7.23")


def test_a_request_of_nothing_is_answered() -> None:
    assert Delegation(RULES, ZONE).decide({}) == DUNNO


@pytest.mark.parametrize("header", list(Header))
@pytest.mark.parametrize("ip", ["192.0.2.1", "2001:db8:1111:2222:3333:4444:5555:6666"])
def test_a_header_field_that_is_too_long_is_short(header: Header, ip: str) -> None:
    long = "x" * 5000
    rules = replace(RULES, header=header)
    reported = action(rules, sender=f"{long}@softfail.example", helo_name=long, client_address=ip)
    assert len(reported) <= MAX_REPLY
    if header is Header.RECEIVED_SPF:
        field = parse_received_spf(reported.removeprefix("PREPEND "))
        assert (field.result, field.client_ip) == ("softfail", ip)
    elif header is Header.AUTHENTICATION_RESULTS:
        [spf] = parse_authentication_results(reported.removeprefix("PREPEND ")).spf
        assert (spf.result, spf.client_ip) == ("softfail", ip)


@given(
    st.text(st.characters(codec="utf-8"), max_size=80),
    st.text(st.characters(codec="utf-8"), max_size=80),
    st.sampled_from(["pass", "fail", "temperror", "permerror", "none"]),
    st.sampled_from(list(Header)),
    st.booleans(),
)
def test_hostile_text_never_leaves_its_line(sender: str, helo: str, domain: str, header: Header, dry: bool) -> None:
    log: list[str] = []
    delegation = Delegation(replace(RULES, header=header, dry_run=dry, identity=BOTH), ZONE, log.append)
    reported = delegation.decide(attributes(sender=f"{sender}@{domain}.example", helo_name=helo, instance=sender))
    assert reply(reported) == f"action={reported}\n\n".encode("ascii")
    assert all(line.isprintable() for line in log)


def test_octets_that_are_no_utf8_are_written_as_escapes() -> None:
    [returned] = RequestReader().feed(wire(sender="a\udcff\udcfe@softfail.example"))
    assert "\\\\xff" in Delegation(RULES, ZONE).decide(returned)


def test_whatever_is_noted_is_escaped() -> None:
    log: list[str] = []
    Delegation(RULES, ZONE, log.append).note("a\x1b[31m\nb")
    assert log == ["a\\x1b[31m\\x0ab"]


def test_the_log_has_each_decision() -> None:
    log: list[str] = []
    delegation = Delegation(RULES, ZONE, log.append)
    delegation.decide(attributes(sender="a@fail.example"))
    Delegation(replace(RULES, dry_run=True), ZONE, log.append).decide(attributes(sender="a@fail.example"))
    assert log[0] == (
        "reject: spf=fail by -all identity=mailfrom ip=192.0.2.1 sender=<a@fail.example> helo=mx.client.example "
        "instance=1234.abcd.0"
    )
    assert log[1] == f"would {log[0]}"


@pytest.mark.parametrize("name", ["", "mx example", "mx.example.net;x", "m\u00fcx.example", "x" * 300, "a\nb"])
def test_a_receiver_that_can_not_stand_in_header_fields_is_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match="host name"):
        checked_rules(Rules(name))
    assert checked_rules(RULES) is RULES
