"""The SMTP reply of a receiver that refuses a message because of its result."""

import pytest
from hypothesis import given, strategies as st

from tests.evaluation.results import RESULTS, checked, checked_helo


@pytest.mark.parametrize(
    ("result", "code", "enhanced"),
    [("fail", 550, "5.7.23"), ("temperror", 451, "4.7.24"), ("permerror", 550, "5.7.24")],
)
def test_codes(result: str, code: int, enhanced: str) -> None:
    """RFC 7372 §3.2; RFC 7208 §8.4, §8.6, §8.7."""
    reply = checked(f"{result}.example").smtp_reply()
    assert reply is not None
    assert reply[:2] == (reply.code, reply.enhanced) == (code, enhanced)


@pytest.mark.parametrize("result", ["none", "neutral", "pass", "softfail"])
def test_other_results_are_no_reason_to_refuse(result: str) -> None:
    assert checked(f"{result}.example").smtp_reply() is None


@pytest.mark.parametrize(
    ("domain", "text"),
    [
        ("fail.example", "SPF MAIL FROM check failed: fail.example does not permit 192.0.2.1 to send for it."),
        (
            "explained.example",
            (
                "SPF MAIL FROM check failed: explained.example does not permit 192.0.2.1 to send for it. The domain"
                " explained.example explains: See http://explained.example/?s=alice%40explained.example (or ask)"
            ),
        ),
        (
            "redirected.example",
            (
                "SPF MAIL FROM check failed: redirected.example does not permit 192.0.2.1 to send for it. The domain"
                " explained.example explains: See http://explained.example/?s=alice%40redirected.example (or ask)"
            ),
        ),
        (
            "temperror.example",
            "SPF MAIL FROM check of temperror.example could not be completed, try again later: ",
        ),
        (
            "permerror.example",
            "SPF MAIL FROM check of permerror.example failed, its policy can not be interpreted: ",
        ),
    ],
)
def test_texts(domain: str, text: str) -> None:
    """RFC 7208 §8.4: the reply should make it clear that the text comes from the sender's domain."""
    result = checked(domain)
    reply = result.smtp_reply()
    assert reply is not None
    assert reply.text == text + (result.problem.text if result.problem else "")


def test_the_identity_is_named() -> None:
    reply = checked_helo("fail.example").smtp_reply()
    assert reply is not None
    assert reply.text == "SPF HELO check failed: fail.example does not permit 192.0.2.1 to send for it."


def test_a_long_explanation_is_cut() -> None:
    """RFC 5321 §4.5.3.1.5: a reply line has at most 512 octets, code and CRLF included."""
    reply = checked("verbose.example").smtp_reply()
    assert reply is not None
    assert len(f"{reply.code} {reply.enhanced} {reply.text}\r\n") == 512
    assert reply.text.endswith("words w...")


def test_long_domains_leave_space_for_the_explanation() -> None:
    domain = ".".join(["label" * 10] * 4) + ".odd.example"
    reply = checked(domain).smtp_reply()
    assert reply is not None
    assert " explains: See http://explained.example/" in reply.text


def test_text_from_dns_is_escaped() -> None:
    for domain in ("several.example", "b\x00.odd.example"):
        reply = checked(domain).smtp_reply()
        assert reply is not None
        assert reply.text.isascii()
        assert reply.text.isprintable()


@given(
    domain=st.sampled_from([f"{result}.example" for result in RESULTS]) | st.text(max_size=300),
    local_part=st.text(max_size=300),
)
def test_a_reply_is_one_line_of_ascii(domain: str, local_part: str) -> None:
    for result in (checked(domain, local_part), checked("explained.example", local_part), checked_helo(domain)):
        reply = result.smtp_reply()
        if reply is not None:
            assert len(f"{reply.code} {reply.enhanced} {reply.text}\r\n") <= 512
            assert reply.text.isascii()
            assert reply.text.isprintable()
