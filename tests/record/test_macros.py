"""The examples of RFC 7208 §7.4, and the properties of a macro-string."""

import pytest

from spfengine.evaluation.session import Session
from spfengine.record.macro import MacroExpand, MacroString, parse_macro_string

SESSION = Session("192.0.2.3", "strong-bad@email.example.com", "mx.example.org", receiver=None, now=1234567890.9)
SESSION6 = Session("2001:db8::cb01", "strong-bad@email.example.com", "mx.example.org", receiver="mail.example.net")


def macro_string(text: str, *, explanation: bool = False) -> MacroString:
    parsed, problems = parse_macro_string(text, explanation=explanation)
    assert problems == []
    assert parsed is not None
    return parsed


def expand(session: Session, text: str, validated: str = "mx.example.org") -> str | None:
    parsed = macro_string(text, explanation=True)
    return parsed.expand_text(lambda letter: session.macro_value(letter, "email.example.com", validated))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d3}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l}", "strong-bad"),
        ("%{l-}", "strong.bad"),
        ("%{lr}", "strong-bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
        ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"),
        ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
        ("%{c} %{r} %{t} %{h} %{p}", "192.0.2.3 unknown 1234567890 mx.example.org mx.example.org"),
        ("%{S} %{H1} %%%_%-", "strong-bad%40email.example.com org % %20"),
        ("%{D2R} %{i01} %{i0003R}", "example.email 3 2.0.192"),
    ],
)
def test_the_examples(text: str, expected: str) -> None:
    assert expand(SESSION, text) == expected


def test_the_examples_for_ipv6() -> None:
    """RFC 7208 §7.4; in upper case, as the official suite expects it in text for people."""
    nibbles = "2.0.0.1.0.D.B.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.C.B.0.1"
    assert expand(SESSION6, "%{i}") == nibbles
    assert expand(SESSION6, "%{ir}.%{v}._spf.%{d2}") == nibbles[::-1] + ".ip6._spf.example.com"
    assert expand(SESSION6, "%{c} %{r}") == "2001:db8::cb01 mail.example.net"


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("a.example", "a.example"),
        ("a.example.", "a.example"),
        ("a..example", ""),
        (".a.example", ""),
        ("x" * 64 + ".example", ""),
        ("a%%b%_c%-.example", "a%b c%20.example"),
        ("x." * 150 + "example", ("x." * 150 + "example")[-253:]),
        ("%{d}", None),
    ],
)
def test_a_target_without_macros_is_known_without_expansion(text: str, target: str | None) -> None:
    assert macro_string(text).target == target


def test_what_a_macro_string_uses() -> None:
    assert macro_string("%{l}").uses_local_part
    assert macro_string("%{S1r}.x").uses_local_part
    assert not macro_string("%{o}%{d}%{i}%{v}%{h}%{p}").uses_local_part
    assert macro_string("%{D}.%{i}").letters == {"d", "i"}
    assert macro_string("%{D}.%{i}.tail").tail == ".tail"


def test_only_an_explanation_may_hold_spaces_and_c_r_t() -> None:
    assert macro_string("a b %{c}", explanation=True).letters == {"c"}
    for text in ("a b", "%{c}", "%{R}", "%{t1}"):
        parsed, problems = parse_macro_string(text)
        assert parsed is None
        assert len(problems) == 1


def test_macro_strings_are_values() -> None:
    assert macro_string("%{d2r-}.x") == macro_string("%{d2r-}.x")
    assert macro_string("%{d2}") != macro_string("%{d02}")
    (part,) = macro_string("%{D2r-}").parts
    assert repr(part) == "MacroExpand(letter='d', escaped=True, digits=2, reverse=True, delimiters='-')"
    assert hash(part) == hash(macro_string("%{D2r-}").parts[0])


@pytest.mark.parametrize(
    ("macro", "value", "expected"),
    [
        ("%{l}", "x" * 255, "x" * 255),
        ("%{l}", "y" + "x" * 255, "x" * 255),
        ("%{lr}", "x" * 255 + ".y", "x" * 255),
        ("%{lr}", "x" * 254 + ".y.z", "x" * 254 + ".y"),
        ("%{lr}", "x" * 300, "x" * 300),
        ("%{lr-}", "x" * 254 + ".y-z-", "x" * 254 + ".y"),
        ("%{lr-+}", "x" * 254 + "-y+z-", "x" * 254 + "-y"),
        ("%{lr-+}", "x" * 300, "x" * 300),
    ],
)
def test_of_a_long_value_only_what_a_name_can_hold_is_read(macro: str, value: str, expected: str) -> None:
    """The longest name, 253 octets, a final dot, and the dot at which longer ones are cut (RFC 7208 §7.3)."""
    (part,) = macro_string(macro).parts
    assert isinstance(part, MacroExpand)
    assert part.in_reach(value) == expected


def test_a_name_is_read_from_its_end() -> None:
    """What would be cut off is not asked for (RFC 7208 §7.3)."""
    asked: list[str] = []

    def value(letter: str) -> str:
        asked.append(letter)
        return "x" * 50

    tail = "." + "a." * 126 + "a"
    assert macro_string("%{l}%{d}" + tail).expand_name(value) == tail[1:]
    assert asked == ["d"]
    assert macro_string("%{l}%{d}" + tail[2:]).expand_name(value) == tail[3:]
    assert asked == ["d", "d"]


def test_an_explanation_is_bounded() -> None:
    """65,535 characters, and no more than 16 times as many are read for it."""
    assert macro_string("%{l}a", explanation=True).expand_text(lambda _: "x" * 65534) == "x" * 65534 + "a"
    assert macro_string("%{l}ab", explanation=True).expand_text(lambda _: "x" * 65534) is None
    long = "x." * 65535
    assert macro_string("%{l1}" * 8, explanation=True).expand_text(lambda _: long) == ""
    assert macro_string("%{l1}" * 9, explanation=True).expand_text(lambda _: long) is None


def test_as_many_parts_as_the_digits_say() -> None:
    value = ".".join("abcdefghijklmnop")
    for macro, expected in (("%{l10}", value[-19:]), ("%{l0000000000002}", "o.p"), ("%{l1234567890}", value)):
        (part,) = macro_string(macro).parts
        assert isinstance(part, MacroExpand)
        assert part.apply(value) == expected
    (part,) = macro_string("%{l999999999}").parts
    assert isinstance(part, MacroExpand)
    assert part.digits == 999999999
