"""Properties of every check, in any zone and with any session."""

import asyncio
from random import Random

from hypothesis import assume, given, strategies as st

from spfengine import Answer, CheckResult, Limits, Question, Result, acheck, check
from spfengine.resolvers.overlay import Overlay
from spfengine.resolvers.recording import Recorder, Recording
from spfengine.resolvers.zone import Zone
from tests.listening import Listening
from tests.properties import generate, strategies
from tests.properties.bounds import most_questions
from tests.properties.generate import Call, ZoneDict

NOW = 1_700_000_000.0


def outcome(result: CheckResult) -> tuple[object, ...]:
    """Return what a result says, without the case of names."""
    return (
        result.result,
        result.problem and (result.problem.code, result.problem.span),
        result.directive_span,
        (result.record_domain or "").lower(),
        result.path and tuple(domain.lower() for domain, _ in result.path),
        result.lookups,
        result.void_lookups,
        result.questions,
        (result.explanation or "").lower(),
        result.explanation_problem and result.explanation_problem.code,
    )


@given(strategies.zones, strategies.calls, strategies.limits)
def test_any_zone_and_session_give_a_result(zone: Zone, call: Call, limits: Limits) -> None:
    """Nothing in DNS or SMTP makes check() raise, and it asks at most `most_questions(limits)` questions."""
    listening = Listening(zone)
    result = check(*call, resolver=listening, limits=limits, now=NOW)
    assert isinstance(result.result, Result)
    assert len(listening.questions) <= most_questions(limits)
    assert result.questions == len(listening.questions)
    assert len({(q.name.lower(), q.type) for q in listening.questions}) == len(listening.questions)
    assert (result.problem is not None) == (result.result in ("none", "temperror", "permerror"))
    assert result.directive is None or result.problem is None
    assert (result.explanation is None) or (result.result == "fail" and result.explanation.isascii())
    assert result.lookups <= limits.lookups + 1


@given(strategies.zones, strategies.calls, strategies.limits)
def test_a_result_has_no_control_characters(zone: Zone, call: Call, limits: Limits) -> None:
    """SECURITY.md: untrusted text is escaped before anyone sees it."""
    result = check(*call, resolver=zone, limits=limits, now=NOW)

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)
        elif isinstance(value, str):
            assert value.isprintable(), value

    walk(result.to_dict())
    walk(result.trace.to_dict())
    assert repr(result).isprintable()


@given(strategies.zones, strategies.calls, strategies.limits)
def test_asyncio_and_replay_give_the_same(zone: Zone, call: Call, limits: Limits) -> None:
    """Both run the same `check_host`."""
    result = check(*call, resolver=zone, limits=limits, now=NOW)
    assert asyncio.run(acheck(*call, resolver=zone, limits=limits, now=NOW)) == result
    assert (result.trace.result, result.trace.problem) == (result.result, result.problem)


@given(strategies.zones, strategies.calls, strategies.limits)
def test_a_recording_gives_the_same(zone: Zone, call: Call, limits: Limits) -> None:
    """A check against a recording, written and read back, gives the same result, sync and in asyncio."""
    recorder = Recorder(zone)
    result = check(*call, resolver=recorder, limits=limits, now=NOW)
    recording = Recording.from_json(recorder.recording.to_json())
    assert check(*call, resolver=recording, limits=limits, now=NOW) == result
    assert asyncio.run(acheck(*call, resolver=recording, limits=limits, now=NOW)) == result


@given(strategies.zones, strategies.calls, strategies.limits)
def test_an_empty_overlay_changes_nothing(zone: Zone, call: Call, limits: Limits) -> None:
    drafted = check(*call, resolver=Overlay(zone, {}), limits=limits, now=NOW)
    assert drafted == check(*call, resolver=zone, limits=limits, now=NOW)


@given(strategies.zone_dicts, strategies.calls)
def test_a_draft_that_says_what_is_published_changes_nothing(zone: ZoneDict, call: Call) -> None:
    """A draft is an overlay: a resolver in front of another one."""
    published = Zone(zone)
    drafts = {name: by_type for name, by_type in zone.items() if not name.startswith("*")}
    drafted = check(*call, resolver=Overlay(published, drafts), now=NOW)
    assert drafted == check(*call, resolver=published, now=NOW)


@given(strategies.zones, strategies.calls)
def test_the_trace_has_the_questions_of_the_check(zone: Zone, call: Call) -> None:
    """The trace, which is made by replay, has every question of the check and no other."""
    result = check(*call, resolver=zone, now=NOW)
    asked = 0
    pending = [result.trace.root]
    while pending:
        record = pending.pop()
        asked += record.question is not None and not record.question.repeated
        for term in record.terms:
            asked += sum(not question.repeated for question in term.questions)
            assert term.why
            if term.record is not None:
                pending.append(term.record)
    assert asked == result.questions


@given(strategies.zone_dicts, strategies.calls, strategies.chance)
def test_the_case_of_names_and_mechanisms_is_irrelevant(zone: ZoneDict, call: Call, chance: Random) -> None:
    """RFC 7208 §4.6.1: "mechanism and modifier names are case-insensitive"; RFC 4343: so are domain names."""

    def recase(txt: object) -> object:
        if isinstance(txt, list):
            return [recase(text) for text in txt]
        if isinstance(txt, str) and txt.lower().startswith("v=spf1"):
            return generate.recased(chance, txt)
        return txt

    recased: ZoneDict = {
        generate.recased(chance, name): {
            kind: recase(records) if kind == "TXT" else records for kind, records in by_type.items()
        }
        for name, by_type in zone.items()
    }
    one = check(*call, resolver=Zone(zone), now=NOW)
    other = check(*call, resolver=Zone(recased), now=NOW)
    assert outcome(one) == outcome(other)


def record_of(zone: ZoneDict, domain: str) -> str | None:
    """Return the record of a domain if the zone has it as a single text."""
    found = zone.get(domain, {}).get("TXT")
    return found if isinstance(found, str) and found.startswith("v=spf1") else None


@given(strategies.plain_zone_dicts, strategies.plain_calls, strategies.mechanisms)
def test_a_mechanism_after_the_matching_one_never_changes_the_result(
    zone: ZoneDict, call: Call, mechanism: str
) -> None:
    """RFC 7208 §4.6.2: "If it matches, processing ends and the qualifier value is returned as the result of that
    record".
    """
    before = check(*call, resolver=Zone(zone), now=NOW)
    assume(before.directive is not None)
    assert before.directive_span is not None
    assert before.record_domain is not None
    domain = before.record_domain.lower()
    record = record_of(zone, domain)
    assume(record is not None)
    assert record is not None
    end = before.directive_span[1]
    longer = f"{record[:end]} {mechanism}{record[end:]}"
    after = check(*call, resolver=Zone({**zone, domain: {**zone[domain], "TXT": longer}}), now=NOW)
    assert (after.directive, after.directive_span) == (before.directive, before.directive_span)
    assert outcome(after) == outcome(before)


@given(strategies.plain_zone_dicts, strategies.plain_calls, strategies.malformed_terms)
def test_a_malformed_term_always_gives_permerror(zone: ZoneDict, call: Call, malformed: str) -> None:
    """RFC 7208 §4.6: "if there are any syntax errors anywhere in the record, check_host() returns immediately with the
    result "permerror", without further interpretation or evaluation".
    """
    before = check(*call, resolver=Zone(zone), now=NOW)
    domain = before.domain.lower()
    record = record_of(zone, domain)
    assume(record is not None)
    faulty = {**zone, domain: {**zone[domain], "TXT": f"{record} {malformed}"}}
    after = check(*call, resolver=Zone(faulty), now=NOW)
    assert after.result == "permerror"
    assert after.problem is not None
    assert after.problem.domain == after.domain
    assert (after.lookups, after.void_lookups, after.questions) == (0, 0, 1)


@given(strategies.plain_zone_dicts, strategies.plain_calls, st.sampled_from(("moo=x", "moo=%{d}", "a.b-c_d=")))
def test_an_unknown_modifier_changes_nothing(zone: ZoneDict, call: Call, modifier: str) -> None:
    """RFC 7208 §6: "Unrecognized modifiers MUST be ignored no matter where, or how often, they appear in a record"."""
    before = check(*call, resolver=Zone(zone), now=NOW)
    domain = before.domain.lower()
    record = record_of(zone, domain)
    assume(record is not None)
    assert record is not None
    changed = {**zone, domain: {**zone[domain], "TXT": f"{record} {modifier} {modifier}"}}
    after = check(*call, resolver=Zone(changed), now=NOW)
    assert outcome(after) == outcome(before)


@given(strategies.zones, strategies.calls)
def test_an_include_matches_only_if_its_target_passes(zone: Zone, call: Call) -> None:
    """RFC 7208 §5.2: "Whether this mechanism matches, does not match, or returns an exception depends on the result of
    the recursive evaluation of check_host()": a record with only an include gives pass if its target does, the same
    error if that has one, permerror if that gives none, and otherwise neutral.
    """
    alone = check(call.ip, "u@b.example", call.helo, resolver=zone, now=NOW, limits=Limits(9, 2))
    outer = Zone({"outer.example": {"TXT": "v=spf1 include:b.example"}})

    class Both:
        def resolve(self, question: Question, /) -> Answer:
            return (outer if question.name == "outer.example" else zone).resolve(question)

    included = check(call.ip, "u@outer.example", call.helo, resolver=Both(), now=NOW, limits=Limits(10, 2))
    if uses_sender(zone):
        return
    if alone.result == "none":
        assert included.result == "permerror"
    elif alone.result in ("permerror", "temperror"):
        assert included.result == alone.result
    else:
        assert included.result == ("pass" if alone.result == "pass" else "neutral")
        assert included.lookups == alone.lookups + 1


def uses_sender(zone: Zone) -> bool:
    """Return whether any record has a macro for the sender, which differs between the two checks."""
    texts = [b"".join(strings) for rrset in zone.rrsets if rrset.type == "TXT" for strings in rrset.records]
    return any(letter in text.lower() for text in texts for letter in (b"%{s", b"%{o"))


@given(strategies.zones, strategies.calls)
def test_a_redirect_alone_gives_the_result_of_its_target(zone: Zone, call: Call) -> None:
    """RFC 7208 §6.1: "the result of this new evaluation of check_host() is then considered the result of the
    current evaluation with the exception that if no SPF record is found, or if the <target-name> is malformed, the
    result is a "permerror" rather than "none"".
    """
    alone = check(call.ip, "u@c.example", call.helo, resolver=zone, now=NOW, limits=Limits(9, 2))
    outer = Zone({"outer.example": {"TXT": "v=spf1 redirect=c.example"}})

    class Both:
        def resolve(self, question: Question, /) -> Answer:
            return (outer if question.name == "outer.example" else zone).resolve(question)

    redirected = check(call.ip, "u@outer.example", call.helo, resolver=Both(), now=NOW, limits=Limits(10, 2))
    if uses_sender(zone):
        return
    if alone.result == "none":
        assert redirected.result == "permerror"
    else:
        assert redirected.result == alone.result
        assert redirected.directive == alone.directive
        assert alone.problem is not None or redirected.record_domain == alone.record_domain
