"""The plan for a record over a limit: which steps it takes, what each brings, and what it says of the rest."""

import asyncio
import shlex
from random import Random
from typing import Any

import pytest
from hypothesis import event, given, settings, strategies as st

from spfengine import Limits, Overlay, Policy, Sender, Status, Zone, alimit_plan, check, limit_plan, lint
from spfengine.advice.drafted_lint import plans_of
from spfengine.advice.limits import LimitPlan, StepKind
from spfengine.cli.app import main
from spfengine.problems import ProblemCode, Result
from spfengine.text.limit_plan import limit_plan_lines
from spfengine.text.lines import plain
from tests.examples import examples

DOMAIN = "bakery.example"
DROP, UNUSED, REPLACE, FLATTEN = StepKind.DROP, StepKind.DROP_UNUSED, StepKind.REPLACE, StepKind.FLATTEN
GRID = {"sendgrid.net": {"TXT": "v=spf1 ip4:198.51.100.0/24 -all"}}


def services(count: int, start: int = 0) -> dict[str, Any]:
    """Records of one network each: s0.example, s1.example, …"""
    return {f"s{n}.example": {"TXT": f"v=spf1 ip4:10.0.{n}.0/24 -all"} for n in range(start, start + count)}


def includes(count: int) -> str:
    return " ".join(f"include:s{n}.example" for n in range(count))


def made(record: str, zone: dict[str, Any] | None = None, senders: tuple[Sender, ...] = ()) -> LimitPlan | None:
    return limit_plan(DOMAIN, senders, resolver=Zone({DOMAIN: {"TXT": record}, **services(14), **(zone or {})}))


def plan_of(record: str, zone: dict[str, Any] | None = None, senders: tuple[Sender, ...] = ()) -> LimitPlan:
    plan = made(record, zone, senders)
    assert plan is not None
    return plan


def text_of(plan: LimitPlan) -> str:
    return plain(limit_plan_lines(plan, None, ["--zone", "x.zone"]), None)


@pytest.mark.parametrize("record", [f"v=spf1 {includes(10)} -all", "v=spf1 -all", "no spf", "v=spf1 includ:x -all"])
def test_a_record_within_the_limits_or_that_is_none_needs_no_plan(record: str) -> None:
    assert made(record) is None


def test_a_service_that_uses_no_mail_from_of_the_domain_goes_first_and_what_stops_is_said() -> None:
    plan = plan_of(f"v=spf1 include:sendgrid.net {includes(10)} ~all", GRID)
    assert [(step.kind, step.terms) for step in plan.steps] == [(UNUSED, ("include:sendgrid.net",))]
    assert (plan.need.lookups, plan.after.lookups, plan.is_complete) == (11, 10, True)
    assert list(map(str, plan.stops)) == ["198.51.100.0/24"]
    assert plan.records[-1].record == f"v=spf1 {includes(10)} ~all"
    assert plan.alternative is not None
    assert not plan.alternative.stops
    assert [step.kind for step in plan.alternative.steps] == [FLATTEN]
    text = text_of(plan)
    assert "! stops passing, apart from the limits: 198.51.100.0/24 (1 network, 256 IPv4 addresses)" in text
    assert "nothing else passes less" in text
    assert "or, so that nothing at all stops passing: lookups 11 → 10 of 10" in text


def test_nothing_is_taken_out_that_a_message_passes_by() -> None:
    record = f"v=spf1 include:sendgrid.net {includes(10)} ~all"
    plan = plan_of(record, GRID, (Sender("198.51.100.7", f"a@{DOMAIN}", count=3),))
    assert [step.kind for step in plan.steps] == [FLATTEN]
    assert plan.used == (("include:sendgrid.net", 3),)
    assert not plan.stops
    assert "messages given can pass by include:sendgrid.net (3): none of these is taken out" in text_of(plan)


def test_nothing_is_taken_out_that_a_message_passes_by_unless_a_conditional_term_decides_before() -> None:
    zone = {"sf.example": {"TXT": "v=spf1 exists:%{i}.mta.sf.example -all"}}
    senders = (Sender("10.0.3.1", f"a@{DOMAIN}", count=5), Sender("192.0.2.1", f"a@{DOMAIN}", count=2))
    plan = plan_of(f"v=spf1 include:sf.example {includes(11)} ~all", zone, senders)
    assert dict(plan.used) == {"include:sf.example": 7, "include:s3.example": 5}
    assert plan.by_messages is not None
    assert not {"include:sf.example", "include:s3.example"} & {t for step in plan.by_messages.steps for t in step.terms}
    assert "of the 7 messages given that pass, none passes by it" in dict(plan.unused)["include:s5.example"]


def test_messages_that_fail_show_no_include_to_be_unused() -> None:
    plan = plan_of(f"v=spf1 {includes(11)} ~all", None, (Sender("192.0.2.1", f"a@{DOMAIN}", count=5),))
    assert (plan.used, plan.unused, plan.by_messages) == ((), (), None)


def test_messages_of_another_domain_show_nothing() -> None:
    record = f"v=spf1 include:sendgrid.net {includes(10)} ~all"
    plan = plan_of(record, GRID, (Sender("198.51.100.7", "a@other.example", count=3),))
    assert [step.kind for step in plan.steps] == [UNUSED]


def test_an_include_without_a_message_is_named_and_kept() -> None:
    plan = plan_of(f"v=spf1 {includes(11)} ~all", None, (Sender("10.0.0.1", f"a@{DOMAIN}", count=5),))
    unused = dict(plan.unused)
    assert "include:s0.example" not in unused
    assert "of the 5 messages given that pass, none passes by it" in unused["include:s5.example"]
    assert not plan.stops


def test_who_knows_that_no_other_message_is_sent_can_do_without_flattening() -> None:
    plan = plan_of(f"v=spf1 {includes(12)} ~all", None, (Sender("10.0.0.1", f"a@{DOMAIN}", count=5),))
    assert [step.kind for step in plan.steps] == [FLATTEN]
    other = plan.by_messages
    assert other is not None
    assert other.is_complete
    assert [step.kind for step in other.steps] == [UNUSED] * 2
    assert all(step.stops and "of the 5 messages given" in step.why for step in other.steps)
    assert "include:s0.example" not in {term for step in other.steps for term in step.terms}
    assert "or, only if the messages given show all that you send" in text_of(plan)
    assert plan.to_dict()["by_messages"] == other.to_dict()


def test_without_messages_no_include_is_idle_for_lack_of_them() -> None:
    assert plan_of(f"v=spf1 {includes(12)} ~all", None).by_messages is None


def test_a_subdomain_may_be_the_one_that_the_service_sends_with() -> None:
    zone = {"em.bakery.example": {"TXT": f"v=spf1 include:sendgrid.net {includes(10)} ~all"}, **services(10), **GRID}
    plan = limit_plan("em.bakery.example", resolver=Zone(zone))
    assert plan is not None
    assert [step.kind for step in plan.steps] == [FLATTEN]


@pytest.mark.parametrize(
    ("record", "dropped"),
    [
        (f"v=spf1 ip4:10.0.3.0/24 {includes(11)} -all", "include:s3.example"),
        (f"v=spf1 {includes(11)} ip4:10.0.3.0/24 -all", "include:s3.example"),
        (f"v=spf1 {includes(10)} include:s4.example -all", "include:s4.example"),
        (f"v=spf1 {includes(10)} include:nobody.example -all", "include:nobody.example"),
    ],
)
def test_what_others_cover_or_what_matches_nobody_goes_without_a_change(record: str, dropped: str) -> None:
    plan = plan_of(record, {"nobody.example": {"TXT": "v=spf1 -all"}})
    assert [(step.kind, step.terms) for step in plan.steps] == [(DROP, (dropped,))]
    assert not plan.stops
    before, after = policies(record, plan)
    assert before.diff(after) == []


def policies(record: str, plan: LimitPlan, zone: dict[str, Any] | None = None) -> tuple[Policy, Policy]:
    """Return what the record would mean without limits, and what the plan's means with them."""
    base = Zone({DOMAIN: {"TXT": record}, **services(14), "nobody.example": {"TXT": "v=spf1 -all"}, **(zone or {})})
    drafts = {each.name: {"TXT": each.record} for each in plan.records}
    wide = Limits(250, 250, names=200)
    return Policy.compile(DOMAIN, resolver=base, limits=wide), Policy.compile(DOMAIN, resolver=Overlay(base, drafts))


def test_as_few_includes_as_possible_are_flattened() -> None:
    zone: dict[str, Any] = {
        "big.example": {"TXT": "v=spf1 include:s11.example include:s12.example include:s13.example -all"},
        "small.example": {"TXT": "v=spf1 include:s10.example -all"},
    }
    record = f"v=spf1 include:small.example {includes(7)} include:big.example -all"
    plan = plan_of(record, zone)
    assert [(step.kind, step.includes) for step in plan.steps] == [(FLATTEN, ("big.example",))]
    assert (plan.need.lookups, plan.after.lookups) == (13, 9)
    before, after = policies(record, plan, zone)
    assert before.equivalent(after)


def test_the_includes_of_a_record_that_is_redirected_to_are_flattened_too() -> None:
    zone = {"_spf.bakery.example": {"TXT": f"v=spf1 {includes(11)} -all"}}
    plan = plan_of("v=spf1 redirect=_spf.bakery.example", zone)
    assert plan.steps[0].includes[0] == "_spf.bakery.example"
    assert len(plan.steps[0].includes) == 2
    assert (plan.need.lookups, plan.after.lookups) == (12, 10)


def test_more_than_ten_hosts_of_mx_become_their_networks() -> None:
    zone: dict[str, Any] = {f"m{n}.bakery.example": {"A": f"192.0.2.{n}", "AAAA": f"2001:db8::{n}"} for n in range(11)}
    zone[DOMAIN] = {"TXT": "v=spf1 mx -all", "MX": [(10, name) for name in zone]}
    plan = limit_plan(DOMAIN, resolver=Zone(zone))
    assert plan is not None
    assert [(step.kind, step.terms) for step in plan.steps] == [(REPLACE, ("mx",))]
    after = Overlay(Zone(zone), {DOMAIN: {"TXT": plan.records[-1].record}})
    for n in range(11):
        for ip in (f"192.0.2.{n}", f"2001:db8::{n}"):
            assert check(ip, DOMAIN, resolver=Zone(zone)).result is Result.PERMERROR
            assert check(ip, DOMAIN, resolver=after).result is Result.PASS
    assert check("192.0.2.11", DOMAIN, resolver=after).result is Result.FAIL


def test_void_lookups_go_by_the_terms_that_cause_them() -> None:
    gone = "v=spf1 a:n1.bakery.example a:n2.bakery.example a:n3.bakery.example ip4:192.0.2.1 -all"
    plan = plan_of(gone)
    assert {step.kind for step in plan.steps} == {DROP}
    assert (plan.need.voids, plan.is_complete) == (3, True)
    hosts = {f"n{n}.bakery.example": {"A": f"192.0.2.{n}"} for n in (1, 2, 3)}
    plan = plan_of(gone.replace(" ip4:192.0.2.1", ""), hosts)  # void for IPv6 clients only
    assert [(step.kind, step.after.voids) for step in plan.steps] == [(REPLACE, 2)]
    assert plan.steps[0].record.startswith("v=spf1 ip4:192.0.2.1 a:n2.")


def test_void_lookups_by_chance_are_not_said_to_be_gone() -> None:
    macros = "exists:%{i}.x.example exists:%{i}.y.example exists:%{i}.z.example"
    plan = plan_of(f"v=spf1 {includes(9)} {macros} -all")
    assert plan.after.lookups <= 10
    assert not plan.is_complete
    assert plan.refusal is not None
    assert plan.refusal.code is ProblemCode.OVER_VOID_LIMIT
    assert "these steps help, but are not shown to be enough" in text_of(plan)
    assert "proved" not in text_of(plan)


HOSTILE: dict[str, tuple[str, dict[str, Any], str]] = {
    "loop": (f"v=spf1 include:{DOMAIN} -all", {}, "form a loop"),
    "many": (f"v=spf1 {includes(100)} -all", services(100), "too many for a plan"),
    "one term too many": (
        f"v=spf1 {includes(41)} -all",
        services(41),
        "has 41 terms that ask DNS, too many for a plan",
    ),
    "one lookup too many": (
        f"v=spf1 {includes(9)} -all",
        {f"s{n}.example": {"TXT": f"v=spf1 {' '.join(f'a:h{m}.example' for m in range(8))} -all"} for n in range(9)},
        "has 81 lookups, too many for a plan",
    ),
    "wide": (
        f"v=spf1 {includes(30)} -all",
        {f"s{n}.example": {"TXT": f"v=spf1 {' '.join(f'a:h{m}.example' for m in range(30))} -all"} for n in range(30)},
        "no plan is made",
    ),
    "broken": (f"v=spf1 {includes(11)} include:gone.example -all", {}, "gone.example does not exist"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_can_not_be_planned_is_said_with_why(name: str) -> None:
    record, zone, why = HOSTILE[name]
    plan = plan_of(record, zone)
    assert not plan.is_complete
    assert not plan.records
    assert plan.refusal is not None
    assert why in plan.refusal.text
    assert plan.refusal.hint
    assert why in text_of(plan)


def test_nothing_is_claimed_of_what_is_not_known() -> None:
    zone = {"dead.example": {"TXT": Status.SERVFAIL}, **GRID}
    plan = plan_of(f"v=spf1 {includes(11)} include:sendgrid.net include:dead.example -all", zone)
    assert "dead.example" in plan.unknown
    assert not plan.is_complete
    assert plan.refusal is not None
    assert plan.refusal.code is ProblemCode.DNS_INCOMPLETE
    text = text_of(plan)
    assert "at least" in text
    assert "proved" not in text
    assert [(step.kind, step.terms, len(step.stops)) for step in plan.steps] == [(UNUSED, ("include:sendgrid.net",), 1)]


def test_an_include_that_depends_on_the_sender_is_said_to() -> None:
    plan = plan_of(f"v=spf1 {includes(11)} include:%{{l}}.users.example -all")
    assert "depends on the sender" in plan.unknown
    assert not plan.is_complete
    assert "proved" not in text_of(plan)


def test_a_name_is_one_word_of_the_command_whatever_is_in_it() -> None:
    name = "$(id);'`.example"
    record = f"v=spf1 {includes(9)} include:{name} -all"
    tree = {"TXT": "v=spf1 include:s10.example ip4:192.0.2.0/24 -all"}
    plan = plan_of(record, {name: tree})
    [line] = [line.strip() for line in text_of(plan).splitlines() if line.strip().startswith("spfengine flatten")]
    words = shlex.split(line)
    assert words == ["spfengine", "flatten", DOMAIN, "--include", name, "--draft", record, "--zone", "x.zone"]


def test_async_is_the_same() -> None:
    zone = Zone({DOMAIN: {"TXT": f"v=spf1 {includes(12)} -all"}, **services(12)})
    assert asyncio.run(alimit_plan(DOMAIN, resolver=zone)) == limit_plan(DOMAIN, resolver=zone)


COMMANDS = (["lint", DOMAIN], ["check", "192.0.2.1", DOMAIN], ["tree", DOMAIN], ["suggest", DOMAIN])
ZONE = "examples/bakery.zone"


@pytest.mark.full
def test_four_commands_show_the_same_plan(capsys: pytest.CaptureFixture[str]) -> None:
    shown = set()
    for command in COMMANDS:
        main([*command, "--zone", ZONE])
        out = capsys.readouterr().out
        shown.add(out[out.index("plan for bakery.example: within the limits in 2 steps: lookups 11 → 9 of 10") :])
    assert len(shown) == 1


def test_the_line_that_flattens_works_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    main(["tree", DOMAIN, "--zone", ZONE])
    lines = capsys.readouterr().out.splitlines()
    [line] = [line.strip() for line in lines if line.strip().startswith("spfengine flatten")]
    assert main(shlex.split(line)[1:]) == 0
    assert "flattened" in capsys.readouterr().out


PARTS = (
    "include:sendgrid.net",
    "include:tree.example",
    "include:nobody.example",
    "ip4:10.0.2.0/24",
    "a:gone.example",
    "a:v4.example",
    "-include:s5.example",
    "?include:s6.example",
    "mx:v4.example",
    "-ip4:10.0.4.128/25",
    "exists:%{i}.list.example",
    "include:%{l}.users.example",
)


@given(st.integers(0, 1 << 32))
@settings(max_examples=examples(25))
def test_following_the_plan_nobody_passes_less_unless_it_says_so(seed: int) -> None:
    """Issue 14, section 2: "a plan that is proved: … what each step brings (12 → 8), and that nothing passes less"."""
    chance = Random(seed)
    terms = [f"include:s{n}.example" for n in chance.sample(range(14), chance.randrange(5, 13))]
    terms += chance.choices(PARTS, k=chance.randrange(1, 5))
    chance.shuffle(terms)
    record = " ".join(["v=spf1", *terms, chance.choice(("-all", "~all", "?all", "redirect=s13.example"))])
    zone: dict[str, Any] = {
        "tree.example": {"TXT": "v=spf1 include:s1.example include:s12.example ip4:10.9.0.0/16 -all"},
        "v4.example": {"A": "10.0.7.9", "MX": [(10, "v4.example")]},
        **GRID,
    }
    plan = made(record, zone | {"nobody.example": {"TXT": "v=spf1 -all"}})
    event("no plan needed" if plan is None else "complete" if plan.is_complete else "refused")
    if plan is None or not plan.is_complete:
        return
    meant, after = policies(record, plan, zone)
    needed = after.budget()
    assert needed.worst_lookups == plan.after.lookups <= 10
    assert needed.worst_voids() <= 2
    lost = [change.network for change in meant.diff(after) if change.before.result is Result.PASS]
    for network in lost:
        assert any(network.version == each.version and network.subnet_of(each) for each in plan.stops), network  # type: ignore[arg-type]  # the versions are equal
    drafts = {each.name: {"TXT": each.record} for each in plan.records}
    now = Zone({DOMAIN: {"TXT": record}, **services(14), "nobody.example": {"TXT": "v=spf1 -all"}, **zone})
    for _ in range(20):
        ip = f"10.{chance.choice((0, 0, 0, 9))}.{chance.randrange(14)}.{chance.randrange(256)}"
        if check(ip, DOMAIN, resolver=now).result is Result.PASS:
            assert check(ip, DOMAIN, resolver=Overlay(now, drafts)).result is Result.PASS
    for first, second in zip(plan.steps, plan.steps[1:], strict=False):
        assert first.after == second.before


def test_a_record_with_another_error_is_not_to_be_published() -> None:
    zone = Zone(
        {
            "d.example": {"TXT": "v=spf1 a:o1.d.example a:o2.d.example a:o3.d.example include:host.d.example -all"},
            "host.d.example": {"A": "192.0.2.1"},
        }
    )
    plan = limit_plan("d.example", resolver=zone)
    assert plan is not None
    assert not plan.is_complete
    assert plan.records == ()
    assert plan.refusal is not None
    assert plan.refusal.code == "include-no-record"
    assert "apart from the limits, clients get permerror" in plan.refusal.text
    assert "to publish" not in plan.render()


def test_plans_are_made_for_the_domains_of_findings_about_limits() -> None:
    zone = Zone({DOMAIN: {"TXT": f"v=spf1 {includes(11)} -all"}, "b.example": {"TXT": "v=spf1 ~all"}, **services(14)})
    findings = [*lint(DOMAIN, resolver=zone), *lint("b.example", resolver=zone)]
    [plan] = plans_of([*findings, *findings], zone)
    assert plan.domain == DOMAIN
    assert plans_of(lint("b.example", resolver=zone), zone) == []
