"""A pattern that is compiled late is the pattern."""

import re

from spfengine.patterns import late


def test_a_late_pattern_is_the_pattern() -> None:
    made, text = late(r"(a+)b", re.IGNORECASE), "xAAb ab"
    same = re.compile(r"(a+)b", re.IGNORECASE)
    for _ in range(2):
        assert made.findall(text) == same.findall(text)
        assert made.search(text, 1) is not None
        assert made.match(text) is None
        assert made.groups == same.groups


def test_it_is_compiled_when_it_is_used() -> None:
    unsound = late("(")
    try:
        unsound.match("x")
    except re.error as error:
        assert "unterminated" in str(error)
    else:
        raise AssertionError
