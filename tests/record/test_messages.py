"""The sentence that says what a fault is, and what was probably meant."""

import pytest

from spfengine import diagnose
from spfengine.record.hints import meant
from spfengine.record.slips import with_a_labels

TEXTS = [
    ("v=spf1 include:a.example//64", "include takes no prefix length here: //64"),
    ("v=spf1 -", "a mechanism is missing after -"),
    ("v=spf1 -:x", "the name of a mechanism is missing"),
    ("v=spf1 /", "the name of a mechanism is missing"),
    ("v=spf1 \x80\x81", "2 characters outside US-ASCII are at offset 7: \\x80 (U+0080), \\x81 (U+0081)"),
    (
        "v=spf1 \x80\x81\x82",
        "3 characters outside US-ASCII are at offset 7: \\x80 (U+0080), \\x81 (U+0081), \\x82 (U+0082)",
    ),
    (
        "v=spf1 \x80\x81\x82\x83",
        "4 characters outside US-ASCII are at offset 7: \\x80 (U+0080), \\x81 (U+0081), \\x82 (U+0082)\u2026",
    ),
    ("v=spf1 a\xe9", "a character outside US-ASCII is at offset 8: \xe9 (latin small letter e with acute U+00E9)"),
    ("v=spf1 a\tb", "a TAB (\\x09) is at offset 8"),
    ("v=spf1 a\nb", "a line end (\\x0a) is at offset 8"),
    ("v=spf1 a\rb", "a line end (\\x0d) is at offset 8"),
    ("v=spf1 a\x00b", "a NUL (\\x00) is at offset 8"),
    ("v=spf1 a\x01b", "a control character (\\x01) is at offset 8"),
    ("v=spf1 a\x0bb", "a control character (\\x0b) is at offset 8"),
    ("v=spf1 a\x7fb", "a control character (\\x7f) is at offset 8"),
    ("v=spf1 a\x80b", "a character outside US-ASCII is at offset 8: \\x80 (U+0080)"),
    ("v=spf1 a:localhost", "localhost is a single label; a domain-spec has at least two, or ends in a macro"),
    ("v=spf1 a:a.example..", "a.example.. ends in a dot where a last label was expected"),
    ("v=spf1 a:.", ". ends in a dot where a last label was expected"),
    ("v=spf1 a:foo.123", "foo.123 can't be a domain name: its last label has digits only"),
    (
        "v=spf1 a:foo._tcp",
        "foo._tcp can't be a domain name: its last label may have letters, digits and inner hyphens only",
    ),
    ("v=spf1 a:a.", "a. is a single label; a domain-spec has at least two, or ends in a macro"),
    ("v=spf1 a:123", "123 is a single label; a domain-spec has at least two, or ends in a macro"),
    ("v=spf1 a:%{d}.", "%{d}. ends in a dot where a last label was expected"),
    ("v=spf1 include:a.example/24", "include takes no prefix length here: /24"),
    ("v=spf1 mx:a.example/24/64", "mx takes no prefix length here: /24"),
    ("v=spf1 include:192.0.2.1", "192.0.2.1 is an IP address, not a domain name"),
    ("v=spf1 include:2001:db8::1", "2001:db8::1 is an IP address, not a domain name"),
    ("v=spf1 a/", "a prefix length is missing after the slash"),
    ("v=spf1 a/024", "the prefix length 024 has a leading zero"),
    ("v=spf1 a/33", "the prefix length 33 is over 32"),
    ("v=spf1 a/00", "the prefix length 00 has a leading zero"),
    ("v=spf1 ip4:192.0.2.1/x", "'x' is not a prefix length"),
    ("v=spf1 ip4:192.0.2.1/0x", "'0x' is not a prefix length"),
    ("v=spf1 ip4:192.0.2.1/-1", "'-1' is not a prefix length"),
    ("v=spf1 ip4:192.0.2.1/1234567890", "the prefix length 1234567890 is over 32"),
    (
        "v=spf1 ip4:192.0.2.1/\u0663",
        "a character outside US-ASCII is at offset 21: \u0663 (arabic-indic digit three U+0663)",
    ),
    ("v=spf1 include:%{d", "%{ is not a macro"),
    ("v=spf1 exists:%{d).b}.c", "%{d).b} is not a macro"),
    ("v=spf1 exists:x%{d).b}.c", "%{d).b} is not a macro"),
    ("v=spf1 a:b%", "% is not a macro"),
    (
        "v=spf1 include:\xe9.example",
        "a character outside US-ASCII is at offset 15: \xe9 (latin small letter e with acute U+00E9)",
    ),
    (
        "v=spf1 -a:m\xfcller.example/24",
        "a character outside US-ASCII is at offset 11: \xfc (latin small letter u with diaeresis U+00FC)",
    ),
    (
        "v=spf1 exp=m\xfcller.example",
        "a character outside US-ASCII is at offset 12: \xfc (latin small letter u with diaeresis U+00FC)",
    ),
    (
        "v=spf1 ip4:m\xfcller.example",
        "a character outside US-ASCII is at offset 12: \xfc (latin small letter u with diaeresis U+00FC)",
    ),
    (
        "v=spf1 a:m\xfcller",
        "a character outside US-ASCII is at offset 10: \xfc (latin small letter u with diaeresis U+00FC)",
    ),
    (
        "v=spf1 a:m\xfcller.%{d}",
        "a character outside US-ASCII is at offset 10: \xfc (latin small letter u with diaeresis U+00FC)",
    ),
    (
        "v=spf1 a:m\xfcller.ex\u2013ample",
        "a character outside US-ASCII is at offset 10: \xfc (latin small letter u with diaeresis U+00FC)",
    ),
    ("v=spf1 a:b\u2013c.example", "a character outside US-ASCII is at offset 10: \u2013 (en dash U+2013)"),
    ("v=spf1 a:b\u2026", "a character outside US-ASCII is at offset 10: \u2026 (horizontal ellipsis U+2026)"),
    ("v=spf1 a:b\u200bc", "a character outside US-ASCII is at offset 10: \\u200b (zero width space U+200B)"),
]
HINTS = [
    (
        "v=spf1 mx a:m\u00fcller.example -all",
        "a record has internationalised names as A-labels; did you mean a:xn--mller-kva.example?",
    ),
    ("spf1", "put v= before it: did you mean v=spf1?"),
    ("SPF1 -all", "put v= before it: did you mean v=SPF1 -all?"),
    ("v=spf", "the only version of SPF is v=spf1"),
    ("v=spf3", "the only version of SPF is v=spf1"),
    ("spf3 all", "the only version of SPF is v=spf1"),
    ("vspf1", "a record begins with v=spf1 and a space"),
    ("v=spf1;-all", "put one space after v=spf1"),
    ("\u201cv=spf1 -all\u201d", "take out the quotes and everything else before v=spf1"),
    ('\\"v=spf1 -all\\"', "take out the quotes and everything else before v=spf1"),
    ('("v=spf1 -all")', "take out the quotes and everything else before v=spf1"),
    ("\tv=spf1 -all", "take out the space before v=spf1"),
    ("w=spf1 -all", "a record begins with v=spf1 and a space"),
    ("zzzzz", "a record begins with v=spf1 and a space"),
    ("v=spg1", "a record begins with v=spf1 and a space"),
    ("V=SPF1-all", "put one space after v=spf1"),
    ("v=spf1\xa0-all", "put one space after v=spf1"),
    ("spf2.0/mfrom", "the only version of SPF is v=spf1"),
    ("hello world this is long", "a record begins with v=spf1 and a space"),
    (
        "v=spf1 include:\xe9.example",
        "a record has internationalised names as A-labels; did you mean include:xn--9ca.example?",
    ),
    (
        "v=spf1 -a:m\xfcller.example/24",
        "a record has internationalised names as A-labels; did you mean -a:xn--mller-kva.example/24?",
    ),
    (
        "v=spf1 exp=m\xfcller.example",
        "a record has internationalised names as A-labels; did you mean exp=xn--mller-kva.example?",
    ),
    ("v=spf1 a:b\u2013c.example", "write a hyphen"),
    ("v=spf1 a:b\u2026", "write three full stops"),
    ("v=spf1 a:b\u200bc", "write the record again at this place: the character is invisible"),
    ("v=spf1 ip4:mail.example.com", "names go with a, mx or include; did you mean a:mail.example.com?"),
    ("v=spf1 ip4:192.0.2.256", "expected a network such as ip4:192.0.2.0/24"),
    ("v=spf1 ip4:25:mail.example.com", "expected a network such as ip4:192.0.2.0/24"),
    (f"v=spf1 ip4:{'x' * 60}.example.com", "expected a network such as ip4:192.0.2.0/24"),
]


@pytest.mark.parametrize(("record", "text"), TEXTS)
def test_a_fault_is_described(record: str, text: str) -> None:
    assert diagnose(record)[0].text == text


@pytest.mark.parametrize(("record", "hint"), HINTS)
def test_a_hint_is_given(record: str, hint: str) -> None:
    assert diagnose(record)[0].hint == hint


@pytest.mark.parametrize(
    ("record", "end"),
    [
        ("v=spf1 exists:%{d" + "x" * 76 + "}.b", 94),
        ("v=spf1 exists:%{d" + "x" * 77 + "}.b", 16),  # the brace is too far away to belong to it
        ("v=spf1 exists:%(d" + "x" * 76 + ").b", 94),
        ("v=spf1 exists:%(d}.b", 16),
        ("v=spf1 exists:%{d).b}.c", 21),
        ("v=spf1 exists:%", 15),
    ],
)
def test_a_faulty_macro_ends_at_its_brace(record: str, end: int) -> None:
    assert diagnose(record)[0].span == (14, end)


def test_faults_are_in_order() -> None:
    spans = [
        problem.span for problem in diagnose("v=spf1 foo:x a\u00e9 bar:%{z}%{y} redirect=x redirect=y.example \x00")
    ]
    assert len(spans) == 6
    assert spans == sorted(spans, key=lambda span: span or (0, 0))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *dict.fromkeys(("al", "all", "alll", "ll", "lal", "any", "xall"), "all").items(),
        *dict.fromkeys(("exixts", "exsits", "esixts", "exissts", "exist"), "exists").items(),
        *dict.fromkeys(("ip", "ip5", "pi4", "i4p", "ip44", "IPV4", "Ipv4-"), "ip4").items(),
        *dict.fromkeys(("mxx", "xm", "mx.", "m", "mail"), "mx").items(),
        *dict.fromkeys(("incldue", "inculde", "nclude", "include-", "txt"), "include").items(),
        *dict.fromkeys(("redirct", "redierct", "rdirect", "rediretcs"), "redirect").items(),
        *dict.fromkeys(("ptrr", "prt", "tpr"), "ptr").items(),
        *dict.fromkeys(("exx", "exp1", "explain"), "exp").items(),
        *dict.fromkeys(("xxx", "aa", "abcdefghijkl", "explanations", "includeeeee", "", ".", "retcerid")).items(),
    ],
)
def test_what_a_wrong_name_means(name: str, expected: str | None) -> None:
    """One edit from a short name, two from a longer one; swapped letters are one edit."""
    assert meant(name) == expected


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("a:m\u00fcller.example", "a:xn--mller-kva.example"),
        ("+include:m\u00fcller.example/24", "+include:xn--mller-kva.example/24"),
        ("EXP=m\u00fcller.example", "EXP=xn--mller-kva.example"),
        ("a:b.example", None),
        ("a:m\u00fcller", None),  # a single label
        ("a:m\u00fcller\u2013x.example", None),
        ("ip4:m\u00fcller.example", None),
    ],
)
def test_u_labels_are_written_as_a_labels(term: str, expected: str | None) -> None:
    assert with_a_labels(term) == expected
