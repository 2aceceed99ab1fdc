"""Reading the Received-SPF and Authentication-Results of other software, and text that is neither."""

import re
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import example, given, strategies as st

from spfengine.errors import HeaderError
from spfengine.evaluation.headers import parse_authentication_results, parse_received_spf
from tests.counting import cpu_seconds_at_most
from tests.evaluation.header_samples import AUTHENTICATED, RECEIVED
from tests.examples import mostly_full


@pytest.mark.parametrize("case", RECEIVED)
def test_received_spf_of_other_software(case: str) -> None:
    text, expected = RECEIVED[case]
    read = parse_received_spf(text)
    assert (read.result, read.client_ip, read.keys) == expected


def test_nested_comments_are_kept() -> None:
    read = parse_received_spf(r"pass (a (b \(\) c) \\ d) (e)" + "\r\n (f\r\n g) key=v (not this)")
    assert read.comment == "a (b () c) \\ d e f g"
    assert parse_received_spf("(before) pass key=v").comment is None


@pytest.mark.parametrize(
    ("comment", "address"),
    [
        ("google.com: 192.0.2.24 is neither permitted nor denied by best guess record for domain of a@b", "192.0.2.24"),
        ("domain of a@example.com designates 2001:DB8::24 as permitted sender", "2001:db8::24"),
        ("sender IP is 192.0.2.24", "192.0.2.24"),
        ("sender IP is ", None),
        ("mx: client-ip=192.0.2.24; and 192.0.2.24.", "192.0.2.24"),
        ("domain of 203.0.113.1@example.com designates 192.0.2.24 as permitted sender", "192.0.2.24"),
        ("domain of a@[203.0.113.1] designates 192.0.2.24 as permitted sender", "192.0.2.24"),
        ('domain of "a 203.0.113.1 b"@example.com designates 192.0.2.24 as permitted sender', "192.0.2.24"),
        ("domain of a 203.0.113.1 b@example.com designates 192.0.2.24 as permitted sender", None),
        ("1.2.3 1.2.3.4.5 :: 999.1.1.1", "::"),
        ("bad add abc", None),
    ],
)
def test_the_address_in_a_comment_is_the_only_one(comment: str, address: str | None) -> None:
    assert parse_received_spf(f"pass ({comment})").client_ip == address
    assert parse_authentication_results(f"mx.example; spf=pass ({comment})").spf[0].client_ip == address


@pytest.mark.parametrize("text", ["\x00pass", "pass\x00", "\npass", "pass (a\x7f)", "pass\r(a)"])
def test_a_control_character_anywhere_is_refused(text: str) -> None:
    with pytest.raises(HeaderError, match="expected no control character"):
        parse_received_spf(text)
    with pytest.raises(HeaderError, match="expected no control character"):
        parse_authentication_results(text)


@pytest.mark.parametrize("length", [10, 300, 1000])
def test_a_field_may_end_anywhere(length: int) -> None:
    """Also after more characters than there are small integers."""
    assert parse_received_spf("pass client-ip=" + "x" * length).keys == {"client-ip": "x" * length}
    read = parse_authentication_results(f"{'x' * length}; spf=pass smtp.mailfrom={'y' * length}")
    assert read.spf[0].properties == (("smtp.mailfrom", "y" * length),)
    assert parse_authentication_results(f"{'x' * length}; none").results == ()


@pytest.mark.parametrize("rest", ["for b@example.net", "for b@example.net smtp.helo=h.example", "FOR b (x)"])
def test_a_recipient_after_a_property_is_passed_over(rest: str) -> None:
    (result,) = parse_authentication_results(f"mx.example; spf=pass smtp.mailfrom=a.example {rest}").spf
    expected = [("smtp.mailfrom", "a.example"), *[("smtp.helo", "h.example")] * ("helo" in rest)]
    assert list(result.properties) == expected


def test_the_authserv_id_may_come_again_after_a_result() -> None:
    """Microsoft's older form has it there, as the domain of the recipient."""
    read = parse_authentication_results("mx.example; spf=pass; mx.example; dkim=none")
    assert (read.authserv_id, [each.method for each in read.results]) == ("mx.example", ["spf", "dkim"])
    for text in ("mx.example; mx.example; spf=pass", "mx.example; spf=pass; other.example; dkim=none"):
        with pytest.raises(HeaderError, match="expected a method and its result"):
            parse_authentication_results(text)


def test_for_with_an_equals_sign_is_a_property() -> None:
    (result,) = parse_authentication_results("mx.example; spf=pass a.b=c for=d for.e=f").spf
    assert result.properties == (("a.b", "c"), ("for", "d"), ("for.e", "f"))
    with pytest.raises(HeaderError):
        parse_authentication_results("mx.example; spf=pass for b@example.net")


@pytest.mark.parametrize("case", AUTHENTICATED)
def test_authentication_results_of_other_software(case: str) -> None:
    text, authserv_id, results = AUTHENTICATED[case]
    read = parse_authentication_results(text)
    assert read.authserv_id == authserv_id
    assert list(read.results) == results
    assert read.spf == tuple(result for result in results if result.method == "spf")
    assert read.version == 1


@pytest.mark.parametrize(("case", "address"), [("RFC 7208 §9.2", "192.0.2.1"), ("amazon ses", "192.0.2.24"),
                                               ("microsoft", "192.0.2.24"), ("exim", None)])  # fmt: skip
def test_the_client_of_an_spf_result(case: str, address: str | None) -> None:
    assert parse_authentication_results(AUTHENTICATED[case][0]).spf[0].client_ip == address


def test_a_version_is_read() -> None:
    assert parse_authentication_results("mx.example 2; none").version == 2


BAD_RECEIVED = {
    "": "at offset 0: expected a result such as pass or softfail; found the end of the field",
    "Received-SPF:": "at offset 13: expected a result",
    "Received-SPF: maybe (x)": "at offset 14: expected one of none, neutral, pass",
    "Subject: hello": "at offset 0: expected one of none",
    "pass (a (b)": "at offset 5: the comment that begins here has no end",
    "pass (a\\": "at offset 5: the comment that begins here has no end",
    'pass helo="a': "at offset 10: the quoted string that begins here has no end",
    'pass helo="a\\"': "at offset 10: the quoted string that begins here has no end",
    "pass helo": "at offset 9: expected '=' after the key helo; found the end of the field",
    "pass helo a": "at offset 10: expected '=' after the key helo; found 'a'",
    "pass =a": "at offset 5: expected a key such as client-ip; found '=a'",
    "pass\r\nSubject: x": "at offset 5: expected no control character, nor a line end that folds nothing",
    "pass\r x": "at offset 4: expected no control character",
    "pass helo=a\0b": r"at offset 11: expected no control character, nor a line end that folds nothing; found '\\x00b'",
    "pass " + "x" * 65536: "at offset 65536: a field has no more than 65536 characters",
    "p\x1b[31m": "at offset 1",
    "pass )": "at offset 5: expected a key",
    "pass \u202e": r"at offset 5: expected a key such as client-ip; found '\\u202e'",
}


@pytest.mark.parametrize("text", BAD_RECEIVED)
def test_a_malformed_received_spf_is_refused_and_the_message_says_where(text: str) -> None:
    with pytest.raises(HeaderError) as caught:
        parse_received_spf(text)
    assert str(caught.value).startswith(f"Received-SPF, {BAD_RECEIVED[text]}")
    assert str(caught.value).isprintable()


BAD_AUTHENTICATED = {
    "": "at offset 0: expected a method and its result, such as spf=pass, or none",
    "Authentication-Results: mx.example;": "at offset 35: expected a method and its result, such as spf=pass, or none",
    "none": "at offset 4: expected a method and its result, such as spf=pass, or none",
    "mx.example spf=pass": "at offset 11: expected ';' or a version after the authserv-id; found 'spf=pass'",
    "mx.example 1234567890; none": "at offset 11: expected ';' or a version",
    "mx.example 1 2; none": "at offset 13: expected ';'; found '2; none'",
    "mx.example; spf": "at offset 12: expected a method and its result, such as spf=pass; found 'spf'",
    "mx.example; spf=": "at offset 16: expected a result such as pass; found the end of the field",
    "mx.example; spf/=pass": "at offset 16: expected the version of the method; found '=pass'",
    "mx.example; spf/1 pass": "at offset 18: expected '=' after the method spf; found 'pass'",
    "mx.example; spf=pass smtp": "at offset 25: expected '=' after the property smtp; found the end of the field",
    "mx.example; spf=pass smtp.=a": "at offset 26: expected the name of a property; found '=a'",
    "mx.example; spf=pass smtp . =a": "at offset 28: expected the name of a property; found '=a'",
    "mx.example; spf=pass =a": "at offset 21: expected a property such as smtp.mailfrom; found '=a'",
    "mx.example; none spf=pass": "at offset 17: expected ';'; found 'spf=pass'",
    "=pass": "at offset 0: expected a method and its result, such as spf=pass; found '=pass'",
    '"spf x"=pass': "at offset 7: expected ';' or a version after the authserv-id; found '=pass'",
    'mx.example; "spf x"=pass': "at offset 12: expected a method and its result, such as spf=pass; found '\"spf x",
    "mx.example; spf=pass (": "at offset 21: the comment that begins here has no end",
    'mx.example; spf=pass reason="': "at offset 28: the quoted string that begins here has no end",
    "mx.example; spf=pass\nX: y": "at offset 20: expected no control character",
}  # fmt: skip


@pytest.mark.parametrize("text", BAD_AUTHENTICATED)
def test_malformed_authentication_results_are_refused_and_the_message_says_where(text: str) -> None:
    with pytest.raises(HeaderError) as caught:
        parse_authentication_results(text)
    assert str(caught.value).startswith(f"Authentication-Results, {BAD_AUTHENTICATED[text]}")


FIELDS = st.text() | st.text(alphabet='pas=spf;. ("\\)\r\n\t/1@no\0é', max_size=80).map(lambda text: "pass " + text)


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (tuple, dict)):
        for part in [*value, *(value.values() if isinstance(value, dict) else ())]:
            yield from strings(part)


@given(text=FIELDS)
@example(text="pass \\")
@example(text='pass a="\\\r\n b"')
@example(text="pass (\\\r\n )")
def test_any_text_is_read_or_raises_header_error(text: str) -> None:
    """The readers raise nothing but HeaderError, and return nothing that can break a line."""
    for read in (parse_received_spf, parse_authentication_results):
        for field in (text, f"mx.example; spf={text}"):
            with suppress(HeaderError):
                assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", "".join(strings(read(field))))


@given(text=FIELDS)
def test_a_refusal_is_safe_to_show(text: str) -> None:
    with pytest.raises(HeaderError, match=r", at offset [0-9]+: .*; found ") as caught:
        parse_received_spf("pass = " + text)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "piece",
    mostly_full(
        ["(", "()", "(\\", '"', '\\"', "a=", "a=b ", "a=b;", "a.", ";", " ", "\r\n ", "/", '=""', 'a=""@', "(()",
         "1.1 "],
        3,
    ),
)  # fmt: skip
@pytest.mark.parametrize(
    "lead", ["pass ", "pass (", 'pass a="', "mx; spf=pass ", "mx; spf=pass (", 'mx; spf=pass a.b="']
)
def test_the_longest_field_is_read_in_linear_time(lead: str, piece: str) -> None:
    """Deep nesting and long runs cause no recursion, and take time in proportion to the length."""
    text = (lead + piece * 65536)[:65536]
    for read in (parse_received_spf, parse_authentication_results):
        with cpu_seconds_at_most(20), suppress(HeaderError):
            read(text)
