"""Compare macro expansion with a reference that follows the text of RFC 7208 §7 step by step."""

import pytest
from hypothesis import given, strategies as st

from spfengine.names import is_askable, truncate
from spfengine.record.macro import MAX_EXPLANATION, MacroString, parse_macro_string

LETTERS = "slodihpv"
UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def reference(text: str, values: dict[str, str]) -> str:
    """Expand a macro-string the way RFC 7208 §7.3 describes it."""
    expanded = ""
    index = 0
    while index < len(text):
        if text[index] != "%":
            expanded += text[index]
            index += 1
            continue
        if text[index + 1] == "%":  # RFC 7208 §7.1: a literal "%" is expressed by "%%"
            expanded += "%"
            index += 2
        elif text[index + 1] == "_":  # RFC 7208 §7.1: "%_" expands to a single " " space
            expanded += " "
            index += 2
        elif text[index + 1] == "-":  # RFC 7208 §7.1: "%-" expands to a URL-encoded space
            expanded += "%20"
            index += 2
        else:
            end = text.index("}", index)
            expanded += expand_one(text[index + 2 : end], values)
            index = end + 1
    return expanded


def expand_one(macro: str, values: dict[str, str]) -> str:
    letter, rest = macro[0], macro[1:]
    digits = ""
    while rest and rest[0] in "0123456789":
        digits, rest = digits + rest[0], rest[1:]
    reverse = rest[:1] in ("r", "R")
    delimiters = rest[1:] if reverse else rest
    # "the replacement value for a macro letter is split into parts", "By default, strings are split on "." (dots)",
    # "no special treatment is given to leading, trailing, or consecutive delimiters"
    parts = [""]
    for character in values[letter.lower()]:
        if character in (delimiters or "."):
            parts.append("")
        else:
            parts[-1] += character
    if reverse:  # "The "r" transformer indicates a reversal operation"
        parts.reverse()
    if digits:  # "the number of right-hand parts to use, after optional reversal"
        parts = parts[max(0, len(parts) - int(digits)) :]
    joined = ".".join(parts)  # "the parts are rejoined using "." and not the original splitting characters"
    if letter.isupper():  # "expand exactly as their lowercase equivalents, and are then URL escaped"
        joined = "".join(c if c in UNRESERVED else f"%{ord(c):02X}" for c in joined)
    return joined


macros = st.builds(
    lambda letter, digits, reverse, delimiters: f"%{{{letter}{digits}{reverse}{delimiters}}}",
    st.sampled_from(LETTERS + LETTERS.upper()),
    st.one_of(st.just(""), st.integers(1, 6).map(str), st.sampled_from(("01", "128", "1000000000", "9" * 60))),
    st.sampled_from(("", "r", "R")),
    st.text(alphabet=".-+,/_=", max_size=3),
)
literals = st.text(alphabet=st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="%"), max_size=8)
pieces = st.one_of(macros, literals, st.sampled_from(("%%", "%_", "%-", ".", "..")))
macro_strings = st.lists(pieces, max_size=6).map("".join)
values_of_letters = st.fixed_dictionaries(
    {letter: st.text(alphabet="ab.-+,/_=@%\xe9", max_size=12) for letter in LETTERS}
)
long_values = st.fixed_dictionaries(
    {
        letter: st.lists(st.sampled_from(("a", "bc", ".", "-", "x" * 62, "." * 3)), max_size=200).map("".join)
        for letter in LETTERS
    }
)


def parsed(text: str) -> MacroString:
    macro_string, problems = parse_macro_string(text)
    assert problems == []
    assert macro_string is not None
    return macro_string


@given(macro_strings, values_of_letters)
def test_expansion_agrees_with_the_rfc(text: str, values: dict[str, str]) -> None:
    """RFC 7208 §7.3."""
    assert parsed(text).expand_text(values.__getitem__) == reference(text, values)


@given(macro_strings, st.one_of(values_of_letters, long_values))
def test_a_target_name_is_the_expansion_truncated_to_253_characters(text: str, values: dict[str, str]) -> None:
    """RFC 7208 §7.3: "When the result of macro expansion is used in a domain name query, if the expanded domain name
    exceeds 253 characters [...], the left side is truncated to fit, by removing successive domain labels (and their
    following dots) until the total length does not exceed 253 characters."
    """
    name = parsed(text).expand_name(values.__getitem__)
    whole = cut(reference(text, values))
    assert name == whole or not (is_askable(name) or is_askable(whole))


def cut(name: str) -> str:
    """RFC 7208 §7.3: "removing successive domain labels (and their following dots) until the total length does not
    exceed 253 characters".
    """
    name = name.removesuffix(".")
    while len(name) > 253 and "." in name:
        name = name.partition(".")[2]
    return name


@pytest.mark.parametrize(
    "text",
    [
        "%{l}",
        "%{lr}",
        "%{L}",
        "%{Lr-}",
        "%{l}.",
        "%{l}.x",
        "%{lr}.x.",
        "y.%{l}",
        "y%{l3r}z",
        "%{l200}%{l2}",
        "%{l}%{lr}",
        "%{l.-}.%{d}",
    ],
)
@pytest.mark.parametrize(
    "shape", ["a.", "bc.", "abc-.", "x" * 31 + ".", "y" * 63 + ".", "z" * 64 + ".", "w" * 300 + ".", ".", "-", "a..b"]
)
def test_the_edge_of_253_octets(text: str, shape: str) -> None:
    """The same for every length around the limit, since expansion stops early for long names."""
    macro_string = parsed(text)
    for length in (0, 1, 40, *range(120, 132), *range(244, 262), 500, 511, 520):
        for lead in ("", "q", "q."):
            values = {"l": (lead + shape * length)[:length], "d": "d.example"}
            name, whole = macro_string.expand_name(values.__getitem__), cut(reference(text, values))
            assert name == whole or not (is_askable(name) or is_askable(whole))


@given(st.text(alphabet="abc.", max_size=600))
def test_a_name_is_truncated_label_by_label_from_the_left(name: str) -> None:
    """RFC 7208 §7.3: "removing successive domain labels (and their following dots)"."""
    expected = cut(name)
    assert truncate(name) == expected or not (is_askable(truncate(name)) or is_askable(expected))


@given(macro_strings)
def test_the_parts_of_a_macro_string_are_its_whole_text(text: str) -> None:
    """A macro-string keeps its text, and has letters exactly if it has a macro."""
    macro_string = parsed(text)
    assert str(macro_string) == text
    assert macro_string == parsed(text)
    assert text.endswith(macro_string.tail)
    assert ("%{" in text.replace("%%", "")) == bool(macro_string.letters)


@given(macro_strings, long_values)
def test_the_length_of_an_expansion_is_bounded(text: str, values: dict[str, str]) -> None:
    """An explanation is never longer than MAX_EXPLANATION, a target-name never longer than it needs to be."""
    expanded = parsed(text * 40).expand_text(values.__getitem__)
    assert expanded is None or len(expanded) <= MAX_EXPLANATION


@given(st.lists(st.one_of(literals, st.just("%%")), max_size=5).map("".join))
def test_a_target_without_macros_is_known_when_it_is_read(text: str) -> None:
    """`target` is the target-name if nothing must be expanded, and "" if no DNS question can have that name."""
    macro_string = parsed(text)
    name = truncate(reference(text, {}))
    assert macro_string.target == (name if is_askable(name) else "")
