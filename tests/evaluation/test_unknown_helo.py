"""A HELO name that is not known is not an empty one: what depends on it is not known, everything else is as ever."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import spfengine
from spfengine import Checker, Policy, Sender, Zone, check, simulate, suggest
from spfengine.cli.check import command
from spfengine.errors import ArgumentError

VALIMAIL = "include:%{i}._ip.%{h}._ehlo.%{d}._spf.v.example"
NAME = "198.51.100.9._ip.mx.a.example._ehlo.a.example._spf.v.example"
ZONE = Zone({
    "a.example": {"TXT": f"v=spf1 ip4:192.0.2.1 {VALIMAIL} -all"},
    NAME: {"TXT": "v=spf1 +all"},
    "exists.example": {"TXT": "v=spf1 exists:%{h}.list.example ~all"},
    "redirect.example": {"TXT": "v=spf1 redirect=%{h2}.x.example"},
    "deep.example": {"TXT": "v=spf1 include:%{i}.deep.example -all"},
    "198.51.100.9.deep.example": {"TXT": "v=spf1 a:%{H} -all"},
    "exp.example": {"TXT": "v=spf1 -all exp=%{h}.exp.example"},
    "text.example": {"TXT": "v=spf1 -all exp=t.text.example"},
    "t.text.example": {"TXT": "go away, %{h}"},
})  # fmt: skip
CLIENT = "198.51.100.9"


@pytest.mark.parametrize("domain", ["a.example", "exists.example", "redirect.example", "deep.example"])
def test_a_result_that_needs_the_helo_name_is_not_known(domain: str) -> None:
    result = check(CLIENT, f"u@{domain}", resolver=ZONE)
    assert result.result == "temperror"
    assert result.problem is not None
    assert result.problem.code == "helo-unknown"
    assert "--helo" in (result.problem.hint or "")
    assert json.loads(json.dumps(result.to_dict()))["problem"]["code"] == "helo-unknown"
    assert asyncio.run(spfengine.acheck(CLIENT, f"u@{domain}", resolver=ZONE)) == result
    assert [term.outcome for term in result.trace.root.terms][-1] is not None


def test_a_path_without_the_helo_name_is_as_ever() -> None:
    assert check("192.0.2.1", "u@a.example", resolver=ZONE).result == "pass"


def test_a_name_that_is_given_is_used_even_if_it_is_empty() -> None:
    """RFC 7208 §7.2: the client gave it, so it is known."""
    assert check(CLIENT, "u@a.example", "mx.a.example", resolver=ZONE).result == "pass"
    empty = check(CLIENT, "u@a.example", "", resolver=ZONE)
    assert empty.problem is not None
    assert (empty.result, empty.problem.code) == ("permerror", "include-invalid-domain")


def test_the_domain_of_the_null_sender_is_that_of_helo() -> None:
    for sender in ("", "<>"):
        problem = check(CLIENT, sender, resolver=ZONE).problem
        assert problem is not None
        assert problem.code == "helo-unknown"
    assert check(CLIENT, "", "", resolver=ZONE).result == "none"
    assert check(CLIENT, "u@", resolver=ZONE).result == "none"


@pytest.mark.parametrize("domain", ["exp.example", "text.example"])
def test_a_fail_stays_a_fail_without_its_explanation(domain: str) -> None:
    result = check(CLIENT, f"u@{domain}", resolver=ZONE)
    assert (result.result, result.explanation) == ("fail", None)
    assert result.explanation_problem is not None
    assert result.explanation_problem.code == "exp-helo-unknown"


def test_a_checker_keeps_no_result_of_an_unknown_name() -> None:
    checker = Checker(ZONE, hot_after=0)
    for _ in range(3):
        assert checker.check(CLIENT, "u@text.example").explanation is None
        assert checker.check(CLIENT, "u@text.example", "mx.example").explanation == "go away, mx.example"
        assert checker.check(CLIENT, "u@a.example").result == "temperror"
        assert checker.check(CLIENT, "u@a.example", "mx.a.example").result == "pass"


def test_the_helo_identity_needs_a_name() -> None:
    with pytest.raises(ArgumentError, match="helo must be text"):
        spfengine.check_helo(CLIENT, None, resolver=ZONE)  # type: ignore[arg-type]  # the mistake under test


def test_a_policy_names_what_is_not_known() -> None:
    policy = Policy.compile("deep.example", resolver=ZONE)
    outcome = policy.check(CLIENT, resolver=ZONE)
    assert (outcome.result, outcome.is_unknown) == ("temperror", True)
    assert policy.check(CLIENT, resolver=ZONE, helo="mx.example").result == "fail"


def sender(helo: str | None = None) -> Sender:
    return Sender(CLIENT, "u@a.example", helo, reported="pass")


def test_simulate_says_what_is_not_known() -> None:
    simulation = simulate("a.example", f"v=spf1 {VALIMAIL} ~all", resolver=ZONE, senders=[sender()])
    [change] = simulation.senders
    assert (change.effect, change.rests_on, change.disagrees) == ("unknown", ("helo",), False)
    assert simulation.is_incomplete
    text = simulation.render(width=None)
    assert "has changed" not in text
    assert "HELO name" in text
    assert f"the HELO name is not known, but the result of {CLIENT} depends on it" in text
    [known] = simulate("a.example", "v=spf1 -all", resolver=ZONE, senders=[sender(helo="mx.a.example")]).senders
    assert known.effect == "newly-failing"
    [lost] = simulate("a.example", "v=spf1 -all", resolver=ZONE, senders=[sender()]).senders
    assert lost.effect == "unknown"  # it may have failed before as well


def test_suggest_says_what_is_not_known() -> None:
    suggestion = suggest("a.example", [sender()], resolver=ZONE)
    [advice] = suggestion.senders
    assert (advice.standing, advice.rests_on) == ("unknown", ("helo",))
    text = suggestion.render(width=None)
    assert "has changed" not in text
    assert "changed since" not in text
    assert "the record is as it should be" not in text
    assert "the result depends on the HELO name, which is not known" in text


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(command, arguments, standalone_mode=False)
    return done.return_value, done.output


def test_the_command_asks_for_the_name(tmp_path: Path) -> None:
    path = tmp_path / "zone.yml"
    path.write_text(
        f'zonedata:\n  a.example:\n    - TXT: "v=spf1 ip4:192.0.2.1 {VALIMAIL} -all"\n'
        f'  {NAME}:\n    - TXT: "v=spf1 +all"\n'
    )
    code, text = run(CLIENT, "u@a.example", "--zone", str(path))
    assert code == 69
    assert "the HELO name is not known, so it is not known whether" in text
    assert "--helo NAME" in text
    assert "correct its name" not in text
    code, text = run(CLIENT, "u@a.example", "--zone", str(path), "--json")
    assert (code, json.loads(text)["problem"]["code"]) == (69, "helo-unknown")
    code, text = run(CLIENT, "u@a.example", "--zone", str(path), "--helo", "mx.a.example")
    assert code == 0
    assert "checked: MAIL FROM u@a.example\n" in text  # and not HELO, whose own record was not looked up
    code, text = run("192.0.2.1", "u@a.example", "--zone", str(path))
    assert code == 0
