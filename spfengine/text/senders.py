"""Senders before and after a change: grouped by what happens to them, the most messages first."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from spfengine.dmarc.alignment import Alignment
from spfengine.policy.outcome import Input, Outcome
from spfengine.problems import ProblemCode
from spfengine.senders import Authentication, Sender, authenticated_messages, override_text
from spfengine.simulation.simulation import Effect, SenderChange
from spfengine.text.lines import UNKNOWN, WARNING, Line, Row, Span, deeper, line, note, table
from spfengine.text.outcomes import outcome_text
from spfengine.visible import visible, visible_name
from spfengine.wording import counted, listed

_MOST_SENDERS = 10  # of a group
_MOST_ADDRESSES = 5
GROUPS = {
    Effect.NEWLY_FAILING: ("newly failing", "fail"),
    Effect.UNKNOWN: ("not known", "unknown"),
    Effect.NEWLY_PASSING: ("newly passing", "pass"),
    Effect.CHANGED: ("another result, not passing", "strong"),
    Effect.STILL_FAILING: ("still failing", "softfail"),
    Effect.UNCHANGED: ("unchanged, passing", "strong"),
}
"""What a change does to senders: its name and style, the worst first."""
_AUTHENTICATED = {
    Authentication.SPF_AND_DKIM: "pass DMARC by SPF and DKIM",
    Authentication.DKIM_ALONE: "pass DMARC by DKIM alone",
    Authentication.SPF_ALONE: "pass DMARC by SPF alone",
    Authentication.FORWARDED: "fail DMARC, for which the receiver gave a reason such as forwarding",
    Authentication.UNAUTHENTICATED: "fail DMARC",
}
_OF_ONE = {
    Authentication.SPF_AND_DKIM: "passed DMARC by SPF and DKIM",
    Authentication.DKIM_ALONE: "passed DMARC by DKIM alone",
    Authentication.SPF_ALONE: "passed DMARC by SPF alone",
    Authentication.FORWARDED: "failed DMARC",
    Authentication.UNAUTHENTICATED: "failed DMARC",
}
# Which senders lose most if SPF fails; those of unknown authentication are in between.
_RANK = {Authentication.SPF_ALONE: 0, Authentication.SPF_AND_DKIM: 2, Authentication.DKIM_ALONE: 3,
         Authentication.FORWARDED: 3}  # fmt: skip
_UNKNOWN_INPUTS = {Input.HELO: "HELO name", Input.LOCAL_PART: "local part"}

NEEDS_HELO = "the result depends on the HELO name, which is not known"

_Describe = Callable[[SenderChange], list[Span]]


def disagreement_lines(changes: Iterable[SenderChange], width: int | None) -> Iterator[Line]:
    """Yield the senders for which the current record gives a different result than was reported, if there are any."""
    disagreeing = [change for change in changes if change.disagrees]
    if disagreeing:
        heading = Span("the current record gives a different result than was reported", "softfail")
        yield line()
        yield note(heading, Span(f"  {counted_senders(disagreeing)}", "quiet"))
        yield from deeper(_rows(disagreeing, width, reported_spans, deciding_before))
        why = "DNS has changed since then, a forwarder resent these, or the report is about another identity"
        yield line(Span(why, "quiet"), indent=6)


def by_effect(changes: Iterable[SenderChange]) -> dict[Effect, list[SenderChange]]:
    """Return senders by what happens to them, the worst first; a group may be empty."""
    groups: dict[Effect, list[SenderChange]] = {effect: [] for effect in GROUPS}
    for change in changes:
        groups[change.effect].append(change)
    return groups


def summary_line(changes: Sequence[SenderChange]) -> Line:
    """Return what happens to how many senders."""
    parts: list[str | Span] = []
    for effect, group in by_effect(changes).items():
        if group:
            name, style = GROUPS[effect]
            parts += ["; " if parts else ": ", Span(name, style), f" {len(group):,}"]
    return note(Span("senders", "strong"), Span(f"  {counted_senders(changes)}", "quiet"), *parts)


def sender_lines(changes: Sequence[SenderChange], width: int | None, *, everything: bool = False) -> Iterator[Line]:
    """Yield senders by what happens to them: all of them if `everything`, else as many as fit a screen."""
    most = len(changes) if everything else _MOST_SENDERS
    for effect, group in by_effect(changes).items():
        if group:
            name, style = GROUPS[effect]
            why = f": {_why_unknown(group)}" if effect is Effect.UNKNOWN else ""
            yield note(Span(f"{name}{why}", style), Span(f"  {counted_senders(group)}", "quiet"))
            if effect is Effect.NEWLY_FAILING:
                yield from failing_dmarc_lines(group)
            yield from _rows(group, width, result_spans, deciding_after, most)


def sender_rows(changes: Sequence[SenderChange], width: int | None, *, everything: bool = False) -> Iterator[Line]:
    """Yield senders, the most messages first: all of them if `everything`, else as many as fit a screen."""
    most = len(changes) if everything else _MOST_SENDERS
    yield from _rows(list(changes), width, result_spans, deciding_after, most)


def unknown_input_lines(changes: Iterable[SenderChange]) -> Iterator[Line]:
    """Yield which results depend on what is not known about the senders."""
    changes = list(changes)
    for what, name in _UNKNOWN_INPUTS.items():
        ips = [change.sender.ip for change in changes if what in change.rests_on]
        if ips:
            hint = "; give it as the column helo of a table" if what is Input.HELO else ""
            text = f"the {name} is not known, but the result of {listed(ips, _MOST_ADDRESSES)} depends on it{hint}"
            yield note(WARNING, text)


def authentication_lines(senders: Iterable[Sender]) -> Iterator[Line]:
    """Yield whether the mail of these senders passed DMARC, if reports say so."""
    messages = authenticated_messages(senders)
    if messages:
        parts = [f"{count:,} {_AUTHENTICATED[each]}" for each, count in messages.items()]
        yield note(f"of their messages, as receivers report, {', '.join(parts)}", indent=4)


def authentication_text(sender: Sender) -> str | None:
    """Return whether the mail of a sender passed DMARC by a report, in words; None if that is not known."""
    if sender.authentication is None:
        return None
    text = _OF_ONE[sender.authentication]
    return f"{text}; {override_text(sender)}" if sender.authentication is Authentication.FORWARDED else text


def policy_text(alignment: Alignment) -> str | None:
    """Return what DMARC asks for mail that is not aligned, in words; None if that is not known."""
    if alignment.applies is False:
        return "DMARC does not apply (no policy)"
    policy = alignment.policy
    if policy is None:
        return None
    name = visible_name(policy.domain)
    if policy.testing:
        return f"DMARC policy {policy.applied} ({policy.tag}={policy.published} of {name}, tested with t=y)"
    return f"DMARC policy {policy.applied} ({policy.tag} of {name})"


def failing_dmarc_lines(changes: Iterable[SenderChange]) -> Iterator[Line]:
    """Yield how much of the mail that newly fails SPF fails DMARC as well."""
    messages = authenticated_messages([change.sender for change in changes])
    alone = messages.get(Authentication.SPF_ALONE, 0)
    both = messages.get(Authentication.SPF_AND_DKIM, 0)
    if alone:
        yield note(WARNING, f"{counted(alone, 'message')} passed DMARC by SPF alone, and will fail it", indent=4)
    if both:
        yield note(f"{counted(both, 'message')} passed DMARC by DKIM as well, and still will", indent=4)


def deciding(outcome: Outcome) -> str:
    """Return what decides: the directive, or why there is none."""
    return outcome.directive or (str(outcome.problem.code) if outcome.problem is not None else "the default")


def senders_text(sources: int, messages: int) -> str:
    """Return how many sources and messages these are, in words."""
    return f"{counted(sources, 'source')}, {counted(messages, 'message')}"


def _rows(
    changes: list[SenderChange],
    width: int | None,
    results: _Describe,
    why: _Describe,
    most: int = _MOST_SENDERS,
) -> Iterator[Line]:
    ordered = by_loss(changes)
    first = [(change, results(change)) for change in ordered[:most]]
    digits = max(len(f"{change.sender.count:,}") for change, _ in first)
    column = max(len(_text(spans)) for _, spans in first)
    policies = [policy for change, _ in first if (policy := _policy(change)) is not None]
    is_shared = why is deciding_after and len(policies) > 1 and len(set(policies)) == 1
    rows = []
    for change, spans in first:
        count, gap = f"{change.sender.count:,}".rjust(digits), " " * (column - len(_text(spans)))
        right = (Span(f"{count}  "), *spans, Span(f"{gap}  {sender_name(change)}"), *why(change))
        if is_shared:
            right = tuple([span for span in right if span.text != f"  {policies[0]}"])
        rows.append(Row(Span(" "), Span(change.sender.ip), right))
    yield from table(rows, width, 2)
    if is_shared:
        yield note(Span(f"{policies[0]}, for those that are not aligned", "quiet"), indent=4)
    rest = ordered[most:]
    if rest:
        yield note(f"… and {counted_senders(rest)} more; --all lists them, --csv and --json have them", indent=4)


def by_loss(changes: Iterable[SenderChange]) -> list[SenderChange]:
    """Return senders, those first that lose most if SPF fails; of these the ones with the most messages first."""
    return sorted(changes, key=lambda change: (_rank(change.sender), -change.sender.count))


def _rank(sender: Sender) -> int:
    authentication = sender.authentication
    return 1 if authentication is None else _RANK.get(authentication, 1)


def counted_senders(changes: Sequence[SenderChange]) -> str:
    """Return how many sources and messages these are, in words."""
    return senders_text(len(changes), sum(change.sender.count for change in changes))


def _text(spans: Iterable[Span]) -> str:
    return "".join([span.text for span in spans])


def result_spans(change: SenderChange) -> list[Span]:
    """Return a sender's result before and after."""
    return [*_result(change.before), Span(" → "), *_result(change.after)]


def _result(outcome: Outcome) -> list[Span]:
    result = str(outcome.result)
    return [UNKNOWN if outcome.is_unknown else Span(result, result)]


def reported_spans(change: SenderChange) -> list[Span]:
    """Return what was reported of a sender, and what its result is now."""
    now = str(change.before.result)
    return [Span(f"{visible(change.sender.reported or '', 20)} was reported, now "), Span(now, now)]


def sender_name(change: SenderChange) -> str:
    """Return what people call a sender: its label, or what it sends from."""
    sender = change.sender
    return visible(sender.label or sender.sender.removeprefix("@") or "<>", 60)


def deciding_before(change: SenderChange) -> list[Span]:
    """Return what decides now."""
    return [Span(f"  by {visible(deciding(change.before), 60)}", "quiet")]


def deciding_after(change: SenderChange) -> list[Span]:
    """Return what decides after the change, and whether SPF is aligned with From before and after it."""
    spans = [Span(f"  {_by(change)}", "quiet")]
    if change.aligned_before is not None and change.aligned_after is not None:
        before, after = _aligned(change.aligned_before), _aligned(change.aligned_after)
        name = visible_name(change.aligned_after.header_from)
        spans.append(Span(f"  From: {name} {before if before == after else f'{before} → {after}'}", "quiet"))
        policy = _policy(change)
        spans += [] if policy is None else [Span(f"  {policy}", "quiet")]
    authentication = authentication_text(change.sender)
    return spans if authentication is None else [*spans, Span(f"  {authentication}", "quiet")]


def _policy(change: SenderChange) -> str | None:
    """Return what DMARC asks for a sender, if it is not aligned or if DMARC does not apply to it."""
    if change.aligned_before is None or change.aligned_after is None:
        return None
    known = change.aligned_before if change.aligned_after.aligned else change.aligned_after
    return None if change.aligned_after.aligned and known.applies is not False else policy_text(known)


def _by(change: SenderChange) -> str:
    problem = change.after.problem
    if problem is not None and change.after.is_unknown:
        return "the HELO name is not known" if change.after.needs_helo else visible(problem.text, 120)
    if change.beyond is None:
        return f"by {visible(deciding(change.after), 60)}"
    would = outcome_text(change.beyond)
    return f"by no term: {deciding(change.after)} (without the limit: {change.beyond.result} {would})"


def _aligned(alignment: Alignment) -> str:
    if alignment.aligned is None:
        return "alignment not known"
    if alignment.aligned:
        return "aligned" if alignment.strict else "aligned (relaxed)"
    return "not aligned (DMARC asks for strict)" if alignment.relaxed else "not aligned"


def _why_unknown(changes: list[SenderChange]) -> str:
    """Return why the results of these senders are not known, in words."""
    by_helo = [change.needs_helo for change in changes]
    if all(by_helo):
        return NEEDS_HELO
    problems = [outcome.problem for change in changes for outcome in (change.before, change.after)]
    is_outside = any(each is not None and each.code is ProblemCode.OUTSIDE_ZONE for each in problems)
    why = "they depend on names that are not in the files given" if is_outside else "DNS could not answer"
    return f"{why}, or {NEEDS_HELO}" if any(by_helo) else why
