r"""A record as people paste it: traces of its source are removed and listed; the record itself is not changed."""

import pytest
from hypothesis import given, strategies as st

from spfengine.resolvers.zone_files.pasted import MAX_CHARACTERS, Pasted, read_pasted

RECORD = "v=spf1 include:relay.example.net ~all"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (RECORD, ()),
        (f'"{RECORD}"', ("quotes",)),
        ('"v=spf1 include:relay" ".example.net ~all"', ("quotes and splits",)),
        ('"v=spf1 "\r\n   "include:relay.example.net ~all"', ("line breaks", "quotes and splits")),
        ('( "v=spf1 "\n "include:relay.example.net ~all" )', ("line breaks", "parentheses", "quotes and splits")),
        (f"\u201c{RECORD}\u201d", ("curly quotes", "quotes")),
        (f"\u201e{RECORD}\u201c", ("curly quotes", "quotes")),
        (f"'{RECORD}'", ("quotes",)),
        (f"\u2018{RECORD}\u2019", ("curly quotes", "quotes")),
        (f'\\"{RECORD}\\"', ("escaped quotes", "quotes")),
        (f'"{RECORD}', ("quotes",)),
        (f"  {RECORD} ", ("spaces around it",)),
        (f"{RECORD}\n", ("line breaks",)),
        ("v=spf1\ninclude:relay.example.net\n~all", ("line breaks",)),
        ("v=spf1 include:relay.example.net\u00a0~all", ("tabs and odd spaces",)),
        ("v=spf1\tinclude:relay.example.net ~all", ("tabs and odd spaces",)),
        (f"\ufeff{RECORD}\u200b", ("invisible characters",)),
        (f'example.com. 3600 IN TXT "{RECORD}"', ("the text before the record in a zone file", "quotes")),
        (f'TXT "{RECORD}"', ("the text before the record in a zone file", "quotes")),
        ('"v=spf1 include\\058relay.example.net ~all"', ("quotes",)),
    ],
)
def test_traces_of_the_source_are_removed_and_listed(text: str, cleaned: tuple[str, ...]) -> None:
    result = read_pasted(text)
    assert (result.text, result.cleaned) == (RECORD, cleaned)


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("v=spf1 mx \u2013all", "v=spf1 mx -all"),
        (r"v=DMARC1\; p=none", "v=DMARC1; p=none"),
        (r'"v=DMARC1\; p=none"', "v=DMARC1; p=none"),
        ('"v=spf1 mx" "include:x.example -all"', "v=spf1 mxinclude:x.example -all"),  # as DNS joins them
        ('v=spf1 "mx" -all', 'v=spf1 "mx" -all'),
        ("v=spf1 TXT v=spf1", "v=spf1 TXT v=spf1"),
        ('"\\300"', "\\300"),
        ('""', ""),
        ("'", "'"),
        ("", ""),
    ],
)
def test_nothing_is_guessed_of_the_record_itself(text: str, record: str) -> None:
    assert read_pasted(text).text == record


def test_the_owner_of_a_line_is_kept() -> None:
    assert read_pasted(f'_spf.example.com. IN TXT "{RECORD}"').owner == "_spf.example.com."
    assert read_pasted(f'300 TXT "{RECORD}"').owner is None
    assert read_pasted(RECORD).owner is None


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=80))
def test_the_text_of_a_clean_record_comes_back_as_it_is(rest: str) -> None:
    text = "v=spf1 " + rest.replace("\\;", "").rstrip(" ") + "."
    assert read_pasted(text) == Pasted(text, None, (), (text,))


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    result = read_pasted(text)
    assert (result.text != text) <= bool(result.cleaned)


def test_what_is_far_too_long_is_left_as_it_is() -> None:
    text = '"' * (MAX_CHARACTERS + 1)
    assert read_pasted(text) == Pasted(text, None, (), (text,))
