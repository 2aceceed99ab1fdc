"""The compat module compared with pyspf itself: the same calls give the same results, codes, texts and headers."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import spf as theirs

import spfengine.compat.pyspf as ours
from spfengine.answers import Question, RRType
from spfengine.compat.pyspf import lookup_result
from spfengine.errors import ArgumentError
from spfengine.resolvers.zone import Zone
from spfengine.testing import FakeDNS
from spfengine.testing.suites import load_suite
from tests.cases.official import official_suite

ZONE = Zone.from_openspf(
    {
        "x.example": [
            {"TXT": "v=spf1 ip4:192.0.2.1 +mx ~ip4:192.0.2.3 ?ip4:192.0.2.4 include:i.example -all"},
            {"MX": [10, "m.example"]},
        ],
        "m.example": [{"A": "192.0.2.5"}, {"AAAA": "2001:db8::5"}],
        "i.example": [{"TXT": "v=spf1 ip4:192.0.2.7 -all"}],
        "e.example": [{"TXT": "v=spf1 exp=t.example -all"}],
        "t.example": [{"TXT": "%{i} may not send for %{d}"}],
        "p.example": [{"TXT": "v=spf1 foo:bar -all"}],
        "n.example": [{"TXT": "v=spf1"}],
        "r.example": [{"TXT": "v=spf1 redirect=e.example"}],
        "late.example": ["TIMEOUT"],
    }
)
CALLS = [
    ("192.0.2.1", "alice@x.example", "h.example"),
    ("192.0.2.3", "alice@x.example", "h.example"),
    ("192.0.2.4", "alice@x.example", "h.example"),
    ("192.0.2.5", "alice@x.example", "h"),
    ("192.0.2.7", "x.example", "h.example"),
    ("192.0.2.9", "alice@x.example", "h.example"),
    ("2001:db8::5", "alice@x.example", "h.example"),
    ("192.0.2.9", "alice@e.example", "h.example"),
    ("192.0.2.9", "alice@r.example", "h.example"),
    ("192.0.2.9", '"a b"@n.example', "h.example"),
    ("192.0.2.9", "alice@p.example", "h.example"),
    ("192.0.2.9", "alice@late.example", "h.example"),
    ("192.0.2.9", "alice@none.example", "h.example"),
    ("192.0.2.9", "", "x.example"),
    ("192.0.2.9", "", "h"),
]


def hook(module: ModuleType, zone: Zone, patch: pytest.MonkeyPatch) -> None:
    """Let a module ask a zone."""

    def lookup(name: str, qtype: str, *_: Any, **__: Any) -> list[Any]:
        if qtype not in RRType.__members__:
            return []
        answer = zone.resolve(Question(name.removesuffix("."), RRType(qtype)))
        try:
            return lookup_result(name, qtype, answer)
        except ours.TempError as error:
            raise module.TempError(str(error)) from None

    patch.setattr(module, "DNSLookup", lookup)


@pytest.fixture(autouse=True)
def _both_ask_the_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    hook(theirs, ZONE, monkeypatch)
    hook(ours, ZONE, monkeypatch)


def is_error(result: str) -> bool:
    return result in ("permerror", "unknown", "temperror")


@pytest.mark.parametrize("call", CALLS)
def test_check2_and_check_give_what_pyspf_gives(call: tuple[str, str, str]) -> None:
    """Of an error the text is ours, in the same frame."""
    i, s, h = call
    for name in ("check2", "check"):
        got, wanted = getattr(ours, name)(i=i, s=s, h=h), getattr(theirs, name)(i=i, s=s, h=h)
        assert got[:-1] == wanted[:-1]
        if is_error(wanted[0]):
            assert got[-1].split(": ")[0] == wanted[-1].split(": ")[0]
        else:
            assert got[-1] == wanted[-1]


@pytest.mark.parametrize("call", CALLS)
def test_a_query_and_its_header_are_pyspfs(call: tuple[str, str, str]) -> None:
    i, s, h = call
    found = []
    for module in (ours, theirs):
        query = module.query(i, s, h, receiver="mx.test")
        result = query.check()[0]
        header = query.get_header(result, "mx.test", x_more="b c", none=None).replace('"2001:db8::5"', "2001:db8::5")
        attributes = (query.s, query.l, query.o, query.d, query.h, query.r, query.c, query.ident, query.mechanism)
        found.append((attributes, header, query.perm_error is None))
    mine, wanted = found
    assert (mine[0], mine[2]) == (wanted[0], wanted[2])
    if "PermError" not in wanted[1]:
        assert mine[1] == wanted[1]
    else:
        head = "PermError (mx.test: permanent error in processing domain of p.example: "
        assert mine[1].startswith(head)
        assert wanted[1].startswith(head)
        assert mine[1].split("; ")[-2:] == wanted[1].split("; ")[-2:]


def test_a_record_given_stands_for_the_domains() -> None:
    for module in (ours, theirs):
        query = module.query("192.0.2.9", "alice@x.example", "h.example")
        assert query.check("v=spf1 ~all") == ("softfail", 250, "domain owner discourages use of this host")
        guess = module.query("192.0.2.5", "alice@x.example", "h.example")
        guess.check()
        assert guess.best_guess() == ("pass", 250, "sender SPF authorized")


def test_what_is_no_address_is_a_permerror_of_the_caller() -> None:
    for module in (ours, theirs):
        with pytest.raises(module.PermError):
            module.query("bogus", "alice@x.example", "h.example")
    assert ours.check2("bogus", "alice@x.example", "h.example")[0] == "permerror"
    assert str(ours.PermError("m", "x")) == str(theirs.PermError("m", "x")) == "m: x"
    assert str(ours.TempError("m", "x")) == str(theirs.TempError("m", "x")) == "m: x"
    assert str(ours.TempError("m")) == str(theirs.TempError("m")) == "m"


def test_what_is_not_here_is_refused() -> None:
    with pytest.raises(ArgumentError, match="local policies"):
        ours.check2("192.0.2.1", "alice@x.example", "h.example", local="v=spf1 +all")
    query = ours.query("192.0.2.1", "alice@x.example", "h.example")
    with pytest.raises(ArgumentError, match="call check"):
        query.get_header("pass", header_type="authres")
    with pytest.raises(ArgumentError, match="header_type"):
        query.get_header("pass", header_type="dkim")
    query.check()
    assert query.get_header("pass", header_type="authres", aid="mx.test").startswith("mx.test; spf=pass ")


def test_a_header_is_one_safe_line_whatever_the_client_said() -> None:
    query = ours.query("192.0.2.1", "a\r\nX: y@x.exa\x1bmple", 'h")\r\n\x1b')
    header = query.get_header(query.check()[0], "mx.test", more="\r\n")
    assert header.isascii()
    assert header.isprintable()


def test_live_dns_is_asked_where_no_hook_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    from spfengine.resolvers.live import LiveResolver

    monkeypatch.undo()
    with FakeDNS(ZONE) as server:
        patient = LiveResolver(server.nameserver, timeout=30, lifetime=60)
        monkeypatch.setattr(ours, "default_resolver", lambda: patient)
        assert ours.check2("192.0.2.5", "alice@x.example", "h.example")[0] == "pass"
        assert ours.DNSLookup("x.example.", "MX") == [(("x.example.", "MX"), (10, "m.example"))]
        assert ours.DNSLookup("x.example", "SPF") == []
        hasty = LiveResolver(server.nameserver, timeout=0.2, retries=0)
        monkeypatch.setattr(ours, "default_resolver", lambda: hasty)
        with pytest.raises(ours.TempError):
            ours.DNSLookup("late.example", "TXT")


HOOKS: dict[str, list[Any]] = {
    "text": [(("x.example", "TXT"), "v=spf1 +all")],
    "octets": [(("x.example", "TXT"), b"v=spf1 +all")],
    "a list of strings": [(("x.example", "TXT"), ["v=spf1", " +all"])],
    "an alias with its records": [
        (("x.example", "CNAME"), "y.example."),
        (("y.example", "TXT"), (b"v=spf1 +all",)),
    ],
}


@pytest.mark.parametrize("records", HOOKS.values(), ids=HOOKS)
def test_each_form_of_a_hooks_records_is_read(records: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "DNSLookup", lambda *_: records)
    assert ours.check2("192.0.2.9", "x.example", "h.example")[0] == "pass"


def test_aliases_without_records_are_followed_and_loops_end(monkeypatch: pytest.MonkeyPatch) -> None:
    zone: dict[str, list[Any]] = {
        "x.example": [(("x.example", "CNAME"), "y.example")],
        "y.example": [(("y.example", "TXT"), (b"v=spf1 a:b.example ptr -all",))],
        "b.example": [(("b.example", "A"), b"\xc0\x00\x02\x01")],
        "1.2.0.192.in-addr.arpa": [(("1.2.0.192.in-addr.arpa", "PTR"), "b.example")],
        "l.example": [(("l.example", "CNAME"), "l.example")],
    }
    monkeypatch.setattr(ours, "DNSLookup", lambda name, *_: zone.get(name, []))
    assert ours.check2("192.0.2.1", "x.example", "h.example")[0] == "pass"
    assert ours.check2("192.0.2.2", "x.example", "h.example")[0] == "fail"
    assert ours.check2("192.0.2.1", "l.example", "h.example")[0] == "temperror"


def test_the_official_suite_has_the_results_that_pyspf_gives(tmp_path: Path) -> None:
    """If the suite does not allow pyspf's result, it allows ours."""
    faults = set()
    cases = load_suite(official_suite(tmp_path), "official")
    for case in cases:
        with pytest.MonkeyPatch.context() as patch:
            hook(theirs, case.zone, patch)
            hook(ours, case.zone, patch)
            mine = ours.query(case.host, case.mailfrom, case.helo).check()
            wanted = theirs.query(case.host, case.mailfrom, case.helo).check()
        assert mine[0] in case.results, case.id
        if wanted[0] not in case.results:
            faults.add(case.name)
        elif mine[:2] != wanted[:2]:
            assert len(case.results) > 1, case.id  # the suite allows both
        elif case.explanation is not None and mine[0] == "fail" and isinstance(case.explanation, str):
            assert mine[2] == (ours.EXPLANATIONS["fail"] if case.explanation == "DEFAULT" else case.explanation), (
                case.id
            )
    assert len(cases) > 190
    assert faults == {"ptr-cname-loop"}


@pytest.mark.parametrize(
    "question",
    [("x.example", "TXT"), ("x.example.", "MX"), ("m.example", "A"), ("m.example", "SPF"), ("none.example", "A")],
)
def test_a_query_asks_dns(question: tuple[str, str]) -> None:
    assert ours.query(None, None, None).dns(*question) == theirs.query(None, None, None).dns(*question)


def test_a_failure_of_dns_is_raised() -> None:
    with pytest.raises(ours.TempError):
        ours.query(None, None, None).dns("late.example", "TXT")


def test_a_query_without_a_client_cannot_check() -> None:
    with pytest.raises(ArgumentError, match="no client"):
        ours.query(None, None, None).check()


@pytest.mark.parametrize("call", CALLS)
def test_a_default_explanation_takes_the_place_of_pyspfs(call: tuple[str, str, str]) -> None:
    results = []
    for module in (theirs, ours):
        query = module.query(*call)
        query.set_default_explanation("not from us")
        results.append(query.check())
    expected, found = results
    assert found[:2] == expected[:2]
    assert is_error(found[0]) or found == expected


def test_a_warning_about_ambiguity_can_be_caught() -> None:
    assert str(ours.AmbiguityWarning("unclear", "a")) == str(theirs.AmbiguityWarning("unclear", "a"))
