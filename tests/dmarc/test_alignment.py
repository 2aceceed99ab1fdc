"""Whether SPF is aligned with From: the tree walk of RFC 9989, lists of public suffixes, and what strangers publish."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

import spfengine
from spfengine import Question, RRType, Status, Zone
from spfengine.dmarc.tree_walk import MAX_QUESTIONS, select_policy_record, walk
from spfengine.drivers import drive

TXT = RRType.TXT


def zone(**records: Any) -> Zone:
    """DMARC records by domain, dots written as underscores."""
    return Zone({f"_dmarc.{name.replace('_', '.')}": {"TXT": text} for name, text in records.items()})


class Asked:
    def __init__(self, resolver: Any) -> None:
        self.resolver = resolver
        self.names: list[str] = []

    def resolve(self, question: Question) -> spfengine.Answer:
        assert question.type is TXT
        self.names.append(question.name)
        answer: spfengine.Answer = self.resolver.resolve(question)
        return answer


def organisation(domain: str, resolver: Any) -> str | None:
    return drive(walk(domain), resolver, None).organisational_domain


@pytest.mark.parametrize(
    ("domain", "asked"),
    [
        ("com", ["com"]),
        ("example.com", ["example.com", "com"]),
        ("a.mail.Example.com", ["a.mail.example.com", "mail.example.com", "example.com", "com"]),
        ("a.b.c.d.e.f.g", ["a.b.c.d.e.f.g", "b.c.d.e.f.g", "c.d.e.f.g", "d.e.f.g", "e.f.g", "f.g", "g"]),
        ("a.b.c.d.e.f.g.h", ["a.b.c.d.e.f.g.h", "b.c.d.e.f.g.h", "c.d.e.f.g.h", "d.e.f.g.h", "e.f.g.h", "f.g.h",
                             "g.h", "h"]),
        ("a.b.c.d.e.f.g.h.i.j.mail.example.com",
         ["a.b.c.d.e.f.g.h.i.j.mail.example.com", "g.h.i.j.mail.example.com", "h.i.j.mail.example.com",
          "i.j.mail.example.com", "j.mail.example.com", "mail.example.com", "example.com", "com"]),
    ],
)  # fmt: skip
def test_the_walk_asks_eight_names_at_most(domain: str, asked: list[str]) -> None:
    """RFC 9989 §4.10: of names with eight labels or more, those between the first and the one of seven are left out."""
    resolver = Asked(Zone({}))
    assert organisation(domain, resolver) == domain.lower()
    assert resolver.names == [f"_dmarc.{name}" for name in asked]


@pytest.mark.parametrize("first", ["y" * 64, ".".join(["z" * 60] * 4)])
def test_a_name_that_can_have_no_record_is_not_asked_for(first: str) -> None:
    resolver = Asked(Zone({}))
    assert organisation(f"{first}.example.com", resolver) == f"{first}.example.com"
    assert resolver.names[-2:] == ["_dmarc.example.com", "_dmarc.com"]
    assert max(map(len, resolver.names)) <= 253


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ({}, "a.mail.example.com"),
        ({"example_com": "v=DMARC1; p=none"}, "example.com"),
        ({"mail_example_com": "v=DMARC1;p=none", "example_com": "v=DMARC1"}, "example.com"),
        ({"a_mail_example_com": "v=DMARC1"}, "a.mail.example.com"),
        ({"mail_example_com": "v=DMARC1; psd=n", "example_com": "v=DMARC1"}, "mail.example.com"),
        ({"com": "v=DMARC1; psd=y"}, "example.com"),
        ({"example_com": "v=DMARC1; psd=y"}, "mail.example.com"),
        ({"example_com": "v=DMARC1; psd=y", "com": "v=DMARC1"}, "mail.example.com"),
        ({"a_mail_example_com": "v=DMARC1; psd=y"}, "a.mail.example.com"),
        ({"example_com": "v=DMARC1; PSD = N ; p=none", "com": "v=DMARC1"}, "example.com"),
        ({"example_com": "v=DMARC1; psd=maybe", "com": "v=DMARC1; psd=u"}, "com"),
        ({"example_com": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}, "a.mail.example.com"),
        ({"example_com": ["v=DMARC1; p=none", "other"]}, "example.com"),
        ({"example_com": "v=DMARC2; psd=n"}, "a.mail.example.com"),
        ({"example_com": "v=dmarc1; psd=n"}, "a.mail.example.com"),
        ({"example_com": "p=none; v=DMARC1"}, "a.mail.example.com"),
        ({"example_com": " v=DMARC1"}, "a.mail.example.com"),
        ({"example_com": "v=DMARC1x"}, "a.mail.example.com"),
        ({"example_com": "v = DMARC1 "}, "example.com"),
        ({"example_com": "v = DMARC1 ; p=none"}, "example.com"),
        ({"example_com": ("v=DM", "ARC1; p", "sd=n")}, "example.com"),
        ({"example_com": "v=DMARC1; psd=n; psd=y"}, "example.com"),
    ],
)
def test_the_organisational_domain(records: dict[str, Any], expected: str) -> None:
    assert organisation("a.mail.example.com", zone(**records)) == expected


def test_what_dns_could_not_answer_is_not_known() -> None:
    failing = Zone({"_dmarc.example.com": {"TXT": Status.TIMEOUT}, "_dmarc.com": {"TXT": "v=DMARC1"}})
    result = drive(walk("mail.example.com"), failing, None)
    assert result.organisational_domain is None
    assert result.failed == Question("_dmarc.example.com", TXT)
    message = spfengine.alignment("example.com", "mail.example.com", resolver=failing)
    assert (message.aligned, message.relaxed, message.strict) == (None, None, False)
    assert message.why == "DNS could not answer TXT _dmarc.example.com (TIMEOUT)"


@pytest.mark.parametrize(
    ("spf", "author", "records", "expected"),
    [
        (None, "example.com", {}, False),
        ("example.com", "example.com", {}, True),
        ("Example.COM.", "bob@example.com", {}, True),
        ("mail.example.com", "example.com", {}, False),
        ("mail.example.com", "example.com", {"example_com": "v=DMARC1; p=none"}, True),
        ("mail.example.com", "news.example.com", {"example_com": "v=DMARC1; p=none"}, True),
        ("mail.example.com", "example.com", {"example_com": "v=DMARC1; aspf=s"}, False),
        ("example.com", "example.com", {"example_com": "v=DMARC1; aspf=s"}, True),
        ("example.com", "news.example.com", {"example_com": "v=DMARC1; aspf=s"}, False),
        ("example.com", "news.example.com", {"example_com": "v=DMARC1; aspf=s", "news_example_com": "v=DMARC1"}, True),
        ("example.com", "news.example.com", {"example_com": "v=DMARC1", "news_example_com": "v=DMARC1; aspf=s"}, False),
        ("a.example", "b.example", {"example": "v=DMARC1; psd=y"}, False),
        ("a.example", "b.example", {"example": "v=DMARC1"}, True),
        ("m.a.example", "a.example", {"example": "v=DMARC1; psd=y"}, True),
        ("m.a.example", "a.example", {"example": "v=DMARC1; psd=y; aspf=s"}, False),
        ("example.org", "example.com", {}, False),
        ("b\u00fccher.example", "xn--bcher-kva.example", {}, True),
        ("example.com", "", {}, False),
        ("example.com", "<>", {}, False),
        ("example.com", "a..com", {}, False),
        ("example.com", "x" * 300 + ".com", {}, False),
        ("example.com", "com", {}, False),
        ("a..com", "example.com", {}, False),
        ("example.com", "\u202e\x1b[31m.com", {}, False),
    ],
)
def test_alignment(spf: str | None, author: str, records: dict[str, Any], expected: bool) -> None:
    result = spfengine.alignment(spf, author, resolver=zone(**records))
    assert result.aligned is expected
    assert result.why.isprintable()
    assert asyncio.run(spfengine.aalignment(spf, author, resolver=zone(**records))) == result
    assert result.to_dict()["aligned"] is expected


def test_equal_names_ask_nothing() -> None:
    resolver = Asked(Zone({}))
    assert spfengine.alignment("example.com", "example.com", resolver=resolver).strict
    assert resolver.names == []


@pytest.mark.parametrize("spf", [None, "example.org", "mail.example.com"])
def test_without_any_record_dmarc_does_not_apply(spf: str | None) -> None:
    """RFC 9989 §4.10.2: "No applicable DMARC Policy Record is discovered for the Author Domain. In this case, the DMARC
    mechanism does not apply to the message in question."
    """
    result = spfengine.alignment(spf, "example.com", resolver=zone(example_org="v=DMARC1; p=reject"))
    assert (result.aligned, result.applies, result.policy) == (False, False, None)
    assert result.why == "DMARC does not apply to mail from example.com: there is no DMARC record for it"


def test_names_without_anything_in_common_are_not_aligned_whatever_is_published() -> None:
    resolver = Asked(zone(example_org="v=DMARC1; p=none"))
    result = spfengine.alignment("example.com", "example.org", resolver=resolver)
    assert (result.aligned, result.applies, result.why) == (False, True, "the domains have nothing in common")
    assert resolver.names == ["_dmarc.example.org", "_dmarc.org"]  # the policy, and nothing about the other domain


POLICIES = {
    "p": ("example.com", {"example_com": "v=DMARC1; p=reject; sp=none"}, ("reject", "p", False, "example.com")),
    "p of a record above": (
        "a.example.com",
        {"example_com": "v=DMARC1; p=reject"},
        ("reject", "p", False, "example.com"),
    ),
    "sp": (
        "a.example.com",
        {"example_com": "v=DMARC1; p=reject; sp=quarantine"},
        ("quarantine", "sp", False, "example.com"),
    ),
    "np of a name that does not exist": (
        "b.example.com",
        {"example_com": "v=DMARC1; p=none; sp=none; np=reject"},
        ("reject", "np", False, "example.com"),
    ),
    "not np of one that does": (
        "a.example.com",
        {"example_com": "v=DMARC1; p=none; np=reject"},
        ("none", "p", False, "example.com"),
    ),
    "sp, without np": (
        "b.example.com",
        {"example_com": "v=DMARC1; p=none; sp=quarantine"},
        ("quarantine", "sp", False, "example.com"),
    ),
    "its own record": (
        "a.example.com",
        {"a_example_com": "v=DMARC1; p=none; sp=reject", "example_com": "v=DMARC1; p=reject"},
        ("none", "p", False, "a.example.com"),
    ),
    "tested": ("example.com", {"example_com": "v=DMARC1; p=reject; t=y"}, ("quarantine", "p", True, "example.com")),
    "tested quarantine": (
        "example.com",
        {"example_com": "v=DMARC1; p=quarantine; t=y"},
        ("none", "p", True, "example.com"),
    ),
    "of a public suffix": ("x.com", {"com": "v=DMARC1; psd=y; p=none; sp=reject"}, ("reject", "sp", False, "com")),
    "not valid, but with rua": (
        "example.com",
        {"example_com": "v=DMARC1; p=never; rua=mailto:a@b.example"},
        ("none", "p", False, "example.com"),
    ),
    "p missing, but with rua": (
        "a.example.com",
        {"example_com": "v=DMARC1; sp=reject; rua=mailto:a@b.example"},
        ("none", "p", False, "example.com"),
    ),
}


@pytest.mark.parametrize("case", POLICIES)
def test_the_policy_for_mail_that_is_not_aligned(case: str) -> None:
    """RFC 9989 §4.7, §4.10.1."""
    author, records, expected = POLICIES[case]
    published = {f"_dmarc.{name.replace('_', '.')}": {"TXT": text} for name, text in records.items()}
    resolver = Zone({**published, "a.example.com": {"A": ["192.0.2.1"]}})
    result = spfengine.alignment(None, author, resolver=resolver)
    assert result.policy is not None
    policy = result.policy
    assert (policy.applied, policy.tag, policy.testing, policy.domain) == expected
    assert result.applies is True
    assert asyncio.run(spfengine.aalignment(None, author, resolver=resolver)) == result


@pytest.mark.parametrize(
    "record", ["v=DMARC1", "v=DMARC1; p=never", "v=DMARC1; p=none; sp=x", "v=DMARC1; p=x; rua=none"]
)
def test_a_record_without_a_valid_policy_does_not_apply(record: str) -> None:
    result = spfengine.alignment(None, "example.com", resolver=zone(example_com=record))
    assert (result.applies, result.policy) == (False, None)
    assert "has no valid policy" in result.why


def test_a_policy_that_dns_could_not_answer_for_is_not_known() -> None:
    failing = Zone({"_dmarc.example.com": {"TXT": Status.TIMEOUT}})
    result = spfengine.alignment(None, "mail.example.com", resolver=failing)
    assert (result.aligned, result.applies, result.policy, result.why) == (False, None, None, "SPF did not pass")


def test_the_result_of_a_check_counts_with_pass_only() -> None:
    served = Zone({"x.example": {"TXT": "v=spf1 ip4:192.0.2.1 -all"}})
    passed = spfengine.check("192.0.2.1", "bob@x.example", resolver=served)
    failed = spfengine.check("192.0.2.2", "bob@x.example", resolver=served)
    null = spfengine.check("192.0.2.1", "", "x.example", resolver=served)
    assert spfengine.alignment(passed, "x.example", resolver=served).aligned is True
    assert spfengine.alignment(null, "x.example", resolver=served).aligned is True
    assert spfengine.alignment(failed, "x.example", resolver=served).aligned is False
    with pytest.raises(spfengine.ArgumentError, match="uses only the MAIL FROM identity"):
        spfengine.alignment(spfengine.check_helo("::1", "x.example", resolver=served), "x.example", resolver=served)


@pytest.mark.parametrize(
    ("spf", "author", "message"),
    [(1, "x.example", "spf must be a CheckResult"), ("x.example", None, "header_from must be text, not NoneType")],
)
def test_misuse(spf: Any, author: Any, message: str) -> None:
    with pytest.raises(spfengine.ArgumentError, match=message):
        spfengine.alignment(spf, author, resolver=Zone({}))


def test_live_dns_is_asked_where_no_resolver_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    served = zone(example_com="v=DMARC1")
    monkeypatch.setattr("spfengine.drivers.default_resolver", lambda: served)
    assert spfengine.alignment("mail.example.com", "example.com").aligned is True
    assert asyncio.run(spfengine.aalignment("mail.example.com", "example.com")).aligned is True


names = st.lists(st.sampled_from(["a", "b", "c", "com", "x" * 63]), min_size=1, max_size=30).map(".".join)
records = st.one_of(
    st.sampled_from([b"v=DMARC1", b"v=DMARC1;psd=n", b"v=DMARC1; psd=y;", b"v=DMARC1; aspf=s", b"v=DMARC1;" * 9000]),
    st.binary(max_size=60).map(lambda rest: b"v=DMARC1;" + rest),
    st.binary(max_size=60),
)


@given(names, st.lists(st.lists(records, max_size=3), min_size=9, max_size=9))
def test_whatever_is_published_the_walk_ends_in_the_domain_or_above_it(domain: str, published: list[Any]) -> None:
    asked: list[str] = []

    class Hostile:
        def resolve(self, question: Question) -> spfengine.Answer:
            asked.append(question.name)
            return spfengine.Answer.txt(*published[len(asked) % 9])

    result = drive(walk(domain), Hostile(), None)
    assert len(asked) <= MAX_QUESTIONS
    assert result.organisational_domain is not None
    assert f".{domain}".endswith(f".{result.organisational_domain}")
    assert result.strict in (True, False)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_two_names_are_aligned_or_not(spf: str, author: str) -> None:
    assert spfengine.alignment(spf, author, resolver=Zone({})).aligned in (True, False)


@given(st.binary(max_size=200))
def test_any_record_is_read(text: bytes) -> None:
    result = select_policy_record("x.example", spfengine.Answer.txt(b"v=DMARC1;" + text))
    assert result is not None
    assert result.psd in ("y", "n", "u")


LIST = "// a comment\n\ncom\nco.uk comment\n*.ck\n!www.ck\nuk\n\u4e2d\u56fd\n"


@pytest.mark.parametrize(
    ("spf", "author", "expected"),
    [
        ("a.example.com", "b.example.com", True),
        ("a.co.uk", "b.co.uk", False),
        ("m.a.co.uk", "A.CO.UK", True),
        ("x.a.ck", "y.a.ck", False),
        ("x.www.ck", "www.ck", True),
        ("com", "a.com", False),
        ("a.x.unknown", "b.x.unknown", True),
        ("a.x.xn--fiqs8s", "x.\u4e2d\u56fd", True),
    ],
)
def test_by_a_list_of_public_suffixes_nothing_is_asked(spf: str, author: str, expected: bool) -> None:
    resolver = Asked(zone(com="v=DMARC1"))
    suffixes = spfengine.PublicSuffixes(LIST)
    assert spfengine.alignment(spf, author, resolver=resolver, suffixes=suffixes).aligned is expected
    assert resolver.names == []


@given(names)
def test_an_organisational_domain_by_a_list_is_the_domain_or_above_it(domain: str) -> None:
    assert f".{domain}".endswith("." + spfengine.PublicSuffixes(LIST).organisational_domain(domain))


def test_a_list_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "public_suffix_list.dat"
    path.write_bytes(b"\xef\xbb\xbf" + LIST.encode())
    assert spfengine.PublicSuffixes.from_file(path).organisational_domain("a.b.co.uk") == "b.co.uk"
    with pytest.raises(FileNotFoundError):
        spfengine.PublicSuffixes.from_file(tmp_path / "none")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "this list of public suffixes has no rules"),
        (b"// only comments\n", "this list of public suffixes has no rules"),
        (b"com\n<html>\n", "line 2: '<html>' is not a rule"),
        (b"com\n\x1b[31m\n", r"line 2: '.x1b.31m' is not a rule"),
        (b"\xff", "UTF-8; octet 0 is not"),
        (b"a." * (9 << 20), "at most 16 MiB"),
        (("\u4e2d" * 70 + ".com\n").encode(), "this list of public suffixes can't be used"),
    ],
)
def test_a_file_that_is_no_list_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "list"
    path.write_bytes(data)
    with pytest.raises(spfengine.ArgumentError, match=message):
        spfengine.PublicSuffixes.from_file(path)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "publicsuffixlist", None)
    with pytest.raises(spfengine.MissingExtraError, match="pip install publicsuffixlist"):
        spfengine.PublicSuffixes(LIST)
