"""What a fix may change, over generated zones.

"A fix of a finding that is no error changes no result but permerror, for any client and sender (but for findings whose
text says what changes, as mapped-network); a fix of an error keeps every term whose meaning is known."
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, strategies as st

import spfengine
from spfengine import Limits, Policy, Result, Zone
from spfengine.addresses import V4, V6, address_text
from spfengine.linting import Finding, Severity
from spfengine.linting.fixes import term_meant
from spfengine.record.model import All, Term, UnknownModifier, same_term
from spfengine.record.parser import parse_term, sound_terms
from tests.lint.test_fixes import published

DOMAIN = "x.example"

ZONE: dict[str, Any] = {
    DOMAIN: {"A": "203.0.113.9", "AAAA": "2001:db8::9", "MX": (10, "mx.x.example"), "SOA": "ns. root. 1 2 3 4 5"},
    "mx.x.example": {"A": "203.0.113.20", "AAAA": "2001:db8::20"},
    "a+b._spf.x.example": {"A": "127.0.0.2"},
    "alice._spf.x.example": {"A": "127.0.0.2"},
    "203.0.113.9._spf.x.example": {"A": "127.0.0.2"},
    "9.113.0.203.in-addr._spf.x.example": {"A": "127.0.0.2"},
    "203.0.113.9.in-addr._spf.x.example": {"A": "127.0.0.2"},
    "host.x.example": {"A": "203.0.113.21"},
    "a+b._inc.x.example": {"TXT": "v=spf1 ip4:203.0.113.0/26 -all"},
    "a%2Bb._inc.x.example": {"TXT": "v=spf1 ip4:203.0.113.64/26 -all"},
    "null.example": {"MX": (0, ".")},
    "failing.example": {"*": spfengine.Status.SERVFAIL},
    "broken.example": {"TXT": "v=spf1 ipv4:203.0.113.9 -all"},
    "r.x.example": {"TXT": "v=spf1 ip4:203.0.113.0/28 ~all"},
    "why.x.example": {"TXT": "not from %{i}"},
}

SENDERS = ["alice@x.example", "a+b@x.example", "A+B@X.Example", "o'neil/%@x.example", ""]
CLIENTS = """
    203.0.113.0 203.0.113.1 203.0.113.9 203.0.113.15 203.0.113.20 203.0.113.21 203.0.113.64 203.0.113.127 203.0.113.128
    203.0.113.255 192.0.2.1 2001:db8::9 2001:db8::20 2001:db8::1:1 2001:db9::1
""".split()

_QUALIFIERS = st.sampled_from(["", "", "", "+", "-", "?", "~"])
_MECHANISMS = st.sampled_from(
    """
    ip4:203.0.113.9 ip4:203.0.113.9 ip4:203.0.113.0/25 ip4:203.0.113.0/24 ip4:203.0.113.9/29 IP4:203.0.113.9/32
    ip4:203.0.113.128/25 ip6:2001:db8::/32 ip6:2001:db8::9 ip6:2001:DB8:0::9/128 ip6:::ffff:203.0.113.9 a A a/28 mx
    a:host.x.example a:HOST.x.example a:gone.example a:gone.x.example mx:null.example a:x..example ptr
    exists:%{l}._spf.x.example exists:%{L}._spf.x.example exists:%{i}._spf.x.example exists:%{ir}.%{v}._spf.x.example
    exists:%{i}.%{v}._spf.x.example exists:%{l}._spf.X.example exists:gone.x.example a:failing.example
    include:i.example include:i.example include:I.example include:i.x.example include:n.x.example include:broken.example
    include:%{l}._inc.x.example include:%{L}._inc.x.example include:gone.example
    """.split()
)
_MODIFIERS = st.sampled_from(
    """
    redirect=r.x.example redirect=R.x.example redirect=i.example redirect=%{l}._inc.x.example
    redirect=%{L}._inc.x.example exp=why.x.example foo=bar foo=Bar redirct=r.x.example ip4=203.0.113.9 v=spf1 all=x
    """.split()
)
_TYPOS = st.sampled_from(
    """
    ipv4:203.0.113.9 inlude:i.example -al mx: include: - ip4: a:203.0.113.9 mx, -all:x mx,a mx;-all any
    ip4:203.0.113.9,203.0.113.20 ip4:203.0.113.8-203.0.113.21 ip4:203.0.113.* ip4:203.0.113 203.0.113.0/255.255.255.0
    255.255.255.0 ip4:203.000.113.009 ip4:203.0.113.010 include:https://i.example include:@i.example a:@
    include:i.exampleinclude:i.x.example ip4:203.0.113.9include:i.example include:i.example,i.x.example
    include:i.example~all include:i.example-a:host.x.example redirect:r.x.example
    """.split()
)
_ALLS = st.sampled_from(["~all", "-all", "?all", "+all", "all", "-ALL"])
_TERMS = st.one_of(*[st.builds(str.__add__, _QUALIFIERS, _MECHANISMS)] * 8, _MODIFIERS, _ALLS)
_ENDS = st.sampled_from(["", "~all", "-all", "?all", "redirect=r.x.example"])


def _text(terms: list[str], end: str, space: str = " ") -> str:
    return space.join(["v=spf1", *terms, *([end] if end else [])])


def _in_two(text: str, at: int) -> tuple[str, ...]:
    """Return a text as two strings, cut at one of its spaces, which gets lost."""
    words = text.split()
    return tuple(filter(None, (" ".join(words[:at]), " ".join(words[at:]))))


_RECORDS = st.builds(_text, st.lists(_TERMS, max_size=6), _ENDS, st.sampled_from([" ", " ", " ", "  "]))
_OVERLAPPING = st.builds(
    str.__add__,
    _QUALIFIERS,
    st.sampled_from(
        "ip4:203.0.113.9 ip4:203.0.113.9 ip4:203.0.113.0/25 ip4:203.0.113.0/24 ip4:203.0.113.8/29 mx a a:gone.example "
        "include:i.example include:i.example include:i.x.example include:n.x.example exists:%{i}._spf.x.example "
        "a:host.x.example a:failing.example".split()
    ),
)
_MACROS = st.builds(
    str.__add__,
    _QUALIFIERS,
    st.sampled_from(
        "exists:%{l}._spf.x.example exists:%{L}._spf.x.example exists:%{l}._SPF.x.example exists:%{i}._spf.x.example "
        "include:%{l}._inc.x.example include:%{L}._inc.x.example ip4:203.0.113.9".split()
    ),
)
_SOUND_ENDS = st.sampled_from(
    ["", "~all", "-all", "-all", "?all", "redirect=r.x.example", "redirect=%{L}._inc.x.example"]
)
_OF_NETWORKS = st.builds(_text, st.lists(_OVERLAPPING, min_size=2, max_size=5), _SOUND_ENDS)
_OF_MACROS = st.builds(_text, st.lists(_MACROS, min_size=1, max_size=4), _SOUND_ENDS)
_INCLUDED = st.builds(
    _text,
    st.lists(st.sampled_from("ip4:203.0.113.0/25 ip4:203.0.113.9 -ip4:203.0.113.9 ?ip4:203.0.113.0/24 mx a".split())),
    st.sampled_from(["?all", "~all", "-all", ""]),
)
_MISTYPED = st.builds(_text, st.lists(st.one_of(_TERMS, _TERMS, _TYPOS), min_size=1, max_size=5), _ENDS)
_CUT = st.builds(_in_two, st.one_of(_RECORDS, _MISTYPED), st.integers(0, 8))
_UNQUOTED = st.builds(lambda text: tuple(text.split()), _RECORDS)
_TXT = st.one_of(
    *[st.builds(lambda text: [text], _RECORDS)] * 6,
    st.lists(_RECORDS, min_size=2, max_size=2),
    st.builds(lambda text: [text], _MISTYPED),
    st.builds(lambda strings: [strings], _UNQUOTED),
    st.builds(lambda strings: [strings], _CUT),
    st.builds(list, _CUT),
    st.builds(lambda text: [f'"{text}"'], _RECORDS),
    st.builds(lambda text, more: [text, f" {more}"], _RECORDS, _RECORDS),
)
_LIMITS = st.sampled_from([Limits(), Limits(), Limits(lookups=2), Limits(lookups=3, voids=1)])


class Drawn(NamedTuple):
    """A zone: the TXT records of the domain, and records that it may include."""

    txt: list[Any]
    other: str
    own: str
    nested: str
    limits: Limits = Limits()

    def zone(self) -> Zone:
        drawn: dict[str, Any] = {
            DOMAIN: {**ZONE[DOMAIN], "TXT": self.txt},
            "i.example": {"TXT": self.other},
            "i.x.example": {"TXT": self.own},
            "n.x.example": {"TXT": self.nested},
        }
        return Zone({**ZONE, **drawn})

    def findings(self) -> list[Finding]:
        return spfengine.lint(DOMAIN, resolver=self.zone(), limits=self.limits)


def _of(records: st.SearchStrategy[str]) -> st.SearchStrategy[Drawn]:
    """Return zones whose domain has one or two of these records, and includes records without a fault."""
    txt = st.one_of(*[records.map(lambda text: [text])] * 3, st.lists(records, min_size=2, max_size=2))
    return st.builds(Drawn, txt, _INCLUDED, _INCLUDED, _INCLUDED, _LIMITS)


_DRAWN = st.one_of(
    _of(_OF_NETWORKS), _of(_OF_NETWORKS), _of(_OF_MACROS), st.builds(Drawn, _TXT, _RECORDS, _RECORDS, _RECORDS, _LIMITS)
)


class Answered(NamedTuple):
    """What one client gets before and after a fix."""

    client: str
    sender: str
    before: spfengine.CheckResult
    after: spfengine.CheckResult

    def __str__(self) -> str:
        return f"{self.client} {self.sender}: {self.before.result} → {self.after.result}"


def _policy(zone: Zone, limits: Limits) -> Policy:
    return Policy.compile(DOMAIN, resolver=zone, limits=limits)


def _clients(*policies: Policy) -> list[str]:
    """Return chosen addresses, and those at which a range of a policy begins or ends."""
    found = dict.fromkeys(CLIENTS)
    for policy in policies:
        for family in (V4, V6):
            for first, last, _ in list(policy.ranges(family.version))[:8]:
                found[address_text(family, first)] = found[address_text(family, last)] = None
    return list(found)


def _changed(drawn: Drawn, fixed: Zone) -> Iterator[Answered]:
    """Yield the clients whose result a fix changes, but for those that get permerror before it."""
    zone, limits = drawn.zone(), drawn.limits
    before, after = _policy(zone, limits), _policy(fixed, limits)
    for client in _clients(before, after):
        for sender in SENDERS:
            old, new = [
                spfengine.check(client, sender, helo="mx.x.example" if sender else DOMAIN, resolver=each, limits=limits)
                for each in (zone, fixed)
            ]
            if old.result not in (new.result, Result.PERMERROR):
                yield Answered(client, sender, old, new)


def _is_void_before(drawn: Drawn, finding: Finding, answered: Answered) -> bool:
    """The domain has no record before."""
    return answered.before.result is Result.NONE


def _escapes(drawn: Drawn, finding: Finding, answered: Answered) -> bool:
    """Only a local part that holds what URLs can't have is expanded to something else."""
    return answered.sender not in ("", "alice@x.example")


def _reaches_the_term(drawn: Drawn, finding: Finding, answered: Answered) -> bool:
    """A client that a term before the changed one decides for keeps its result."""
    if finding.path:
        return True  # what of an included record decides is no result of its own
    assert finding.source is not None
    assert finding.span is not None
    deciding = [term for term in sound_terms(finding.source) if term.text == answered.before.directive]
    return not deciding or deciding[0].span >= finding.span


SAYS_WHAT_CHANGES: dict[str, Callable[[Drawn, Finding, Answered], bool]] = {
    "look-alike": _is_void_before,
    "mapped-network": _reaches_the_term,
    "unreversed-macro": _reaches_the_term,
    "escaping-macro": _escapes,
    "invalid-target-name": _reaches_the_term,
    "mistyped-modifier": lambda drawn, finding, answered: True,
    "term-after-all": lambda drawn, finding, answered: bool(finding.path) or _by_all(answered),
}
"""By code: which results its fix may change, since its text says so. The fixes of all other codes change none."""


def _by_all(answered: Answered) -> bool:
    return str(answered.before.directive).lower().lstrip("+-?~") == "all"


def assert_changes_nothing_else(drawn: Drawn, finding: Finding) -> None:
    zone, fixed = drawn.zone(), published(drawn.zone(), finding)
    allowed = SAYS_WHAT_CHANGES.get(finding.code)
    said = f"{finding.render()}\n{drawn}"
    changed = list(_changed(drawn, fixed))
    unallowed = [str(each) for each in changed if allowed is None or not allowed(drawn, finding, each)]
    assert unallowed == [], said
    if allowed is None:  # and for every address, as far as it alone decides
        before, after = _policy(zone, drawn.limits), _policy(fixed, drawn.limits)
        if not before.equivalent(after):
            for change in before.diff(after):
                certain = change.before.result is not None and change.after.result is not None
                assert not certain or change.before.result is Result.PERMERROR, (said, change)


@given(_DRAWN)
@example(Drawn(["v=spf1 exists:%{L}._spf.x.example exists:%{l}._spf.x.example -all"], "v=spf1", "v=spf1", "v=spf1"))
@example(
    Drawn(
        ["v=spf1 ip4:203.0.113.9 -ip4:203.0.113.9 include:i.example ~all"],
        "v=spf1 ip4:203.0.113.0/25 ?all",
        "v=spf1",
        "v=spf1",
    )
)
def test_a_fix_of_what_is_no_error_changes_no_result_but_permerror(drawn: Drawn) -> None:
    """But for findings whose text says what changes, as mapped-network."""
    for finding in drawn.findings():
        if finding.fix is not None and finding.severity is not Severity.ERROR:
            assert_changes_nothing_else(drawn, finding)


def _known_terms(finding: Finding, drawn: Drawn, uncertain: set[tuple[object, object]]) -> Iterator[Term]:
    """Yield the terms that the fix of an error has to keep: all that have no fault, but for the term at fault.

    Args:
        uncertain: the (record, span) of the terms that can't be what was meant, though they are valid.
    """
    texts = [finding.source] if finding.source is not None else [str(text) for text in drawn.txt]
    start, end = finding.span or (0, 0)
    at_fault = None if finding.source is None else parse_term(finding.source[start:end])
    for text in texts:
        for term in sound_terms(text):
            torn = text[: term.span[0]].rstrip(" ")[-2:] in (" +", " -", " ?", " ~")
            is_other = isinstance(term, UnknownModifier) and term_meant(term) is not None  # corrected as well
            is_certain = (finding.source, term.span) not in uncertain and not is_other
            if is_certain and not (torn or (at_fault is not None and same_term(term, at_fault))):
                yield term


@given(_DRAWN)
@example(
    Drawn(
        ["v=spf1 a redirect=%{L}._inc.x.example", "v=spf1 mx redirect=%{l}._inc.x.example"],
        "v=spf1", "v=spf1", "v=spf1",
    )
)  # fmt: skip
@example(Drawn(["v=spf1 ip4:192.0.2.1 -all", "v=spf1 -ip4:192.0.2.1 ~all"], "v=spf1", "v=spf1", "v=spf1"))
@example(Drawn(["v=spf1 mx: a:host.x.example -all"], "v=spf1", "v=spf1", "v=spf1"))
@example(Drawn(["v=spf1 ipv4:203.0.113.9 include:i.exampleinclude:i.x.example"], "v=spf1", "v=spf1", "v=spf1"))
@example(Drawn(["v=spf1 mx include:i.exa", "mple a:host.x.example -all"], "v=spf1", "v=spf1", "v=spf1"))
def test_a_fix_of_an_error_keeps_every_term_whose_meaning_is_known(drawn: Drawn) -> None:
    findings = drawn.findings()
    uncertain: set[tuple[object, object]] = {
        (each.source, each.span) for each in findings if each.code in ("missing-space", "misshapen-name")
    }
    for finding in findings:
        if finding.fix is None or finding.severity is not Severity.ERROR or finding.path:
            continue
        kept = sound_terms("".join(finding.fix))
        for term in _known_terms(finding, drawn, uncertain):
            is_merged = finding.code == "multiple-records" and isinstance(term, All)
            assert any(same_term(term, other, qualifier=not is_merged) for other in kept), (term, finding.render())


@given(_DRAWN)
@example(Drawn(["v=spf1 mx"], "v=spf1", "v=spf1", "v=spf1"))
@example(Drawn(["v=spf1 mx any"], "v=spf1", "v=spf1", "v=spf1"))
def test_no_fix_has_an_all_that_nobody_wrote(drawn: Drawn) -> None:
    """A fix never turns a policy into -all or ~all that nobody asked for."""
    texts = [text if isinstance(text, str) else "".join(text) for text in drawn.txt]
    written = " ".join([*texts, drawn.other, drawn.own, drawn.nested]).lower()
    for finding in drawn.findings():
        for term in sound_terms("".join(finding.fix or ())):
            if isinstance(term, All) and finding.code != "no-record":
                begin = term.text.lower()[:-1]
                assert begin in written or (term.qualifier == "+" and "al" in written), finding.render()


@pytest.mark.parametrize("code", SAYS_WHAT_CHANGES)
def test_codes_that_say_what_changes_are_no_errors(code: str) -> None:
    from spfengine.linting.codes import ABOUT, LintCode

    assert ABOUT[LintCode(code)].severity is not Severity.ERROR
