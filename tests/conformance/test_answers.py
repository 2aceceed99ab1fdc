"""Results are read from what implementations say."""

import pytest

from spfengine import ArgumentError
from spfengine.testing.conformance.answers import EXITS, WORDS, from_action, from_exit_code, from_output, read_map


@pytest.mark.parametrize(
    ("output", "result"),
    [
        ("pass\n", "pass"),
        ("PASS\n", "pass"),
        ("  softfail (because)", "softfail"),
        ("'fail': why", "fail"),
        ("neutral,", "neutral"),
        ("StartError\nContext: Failed\nEndError\nnone\n", "none"),
        ("error\n", "temperror"),
        ("unknown\n", "permerror"),
        ("R_SPF_ALLOW (-0.20)", "pass"),
        ("R_SPF_DNSFAIL", "temperror"),
        ("passed\n", None),
        ("the result is pass\n", None),
        ("", None),
        ("\x00\x1b\n", None),
    ],
)
def test_the_first_word_of_a_line_is_the_result(output: str, result: str | None) -> None:
    seen = from_output(output, WORDS, None)
    assert seen.result == result
    assert seen.explanation is None
    assert seen.raw.isprintable()
    assert bool(seen.note) == (result is None)


def test_the_explanation_is_counted_from_the_result() -> None:
    output = "StartError\nfail\nnot ours\ncomment\n"
    assert from_output(output, WORDS, 2).explanation == "not ours"
    assert from_output(output, WORDS, 9).explanation == ""


def test_exit_codes() -> None:
    assert from_exit_code(6, "", EXITS).result == "none"
    assert from_exit_code(2, "", {"2": "pass"}).result == "pass"
    seen = from_exit_code(77, "x\x1b", EXITS)
    assert (seen.result, seen.raw) == (None, "x\\x1b")
    assert "77" in seen.note


@pytest.mark.parametrize(
    ("action", "result"),
    [
        ("PREPEND Received-SPF: softfail (x) receiver=mx.example", "softfail"),
        ("prepend received-spf: Pass", "pass"),
        ("PREPEND Authentication-Results: mx.example; spf=none smtp.mailfrom=x", "none"),
        ("PREPEND Authentication-Results: mx.example; spf=hardfail", "fail"),
        ("550 5.7.23 go away", "fail"),
        ("REJECT 5.7.23 go away", "fail"),
        ("REJECT go away", "fail"),
        ("550 5.7.24 broken", "permerror"),
        ("451 4.7.24 later", "temperror"),
        ("DEFER_IF_PERMIT SPF-Result=x", "temperror"),
        ("450 4.7.23 fails, but later", "fail"),
        ("PREPEND Received-SPF: perhaps", None),
        ("PREPEND Authentication-Results: mx.example; dkim=pass", None),
        ("PREPEND X-SPF: pass", None),
        ("DUNNO", None),
        ("OK", None),
        ("", None),
    ],
)
def test_actions(action: str, result: str | None) -> None:
    seen = from_action(action)
    assert seen.result == result
    assert bool(seen.note) == (result is None)


def test_words_are_added() -> None:
    assert read_map(("Ham=pass", "7=permerror")) == {"ham": "pass", "7": "permerror"}
    for text in "pass", "x=", "x=perhaps", "=pass":
        with pytest.raises(ArgumentError, match="WORD=RESULT"):
            read_map((text,))
