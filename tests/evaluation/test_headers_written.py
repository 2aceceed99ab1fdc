"""Writing Received-SPF and Authentication-Results, and reading back what was written."""

import email
import email.policy
import re

import pytest
from hypothesis import example, given, strategies as st

from spfengine.checks import check
from spfengine.errors import ArgumentError
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.headers import parse_authentication_results, parse_received_spf
from tests.evaluation.results import RESULTS, ZONE, checked, checked_helo, checked_sender

LONG_LABELS = ".".join(["label" * 10] * 4)


def unfolded(field: str) -> str:
    return field.replace("\r\n", "")


def received(result: CheckResult, *, utf8: bool = False) -> str:
    return result.received_spf("mx.example.net", utf8=utf8)


def authenticated(result: CheckResult, *, utf8: bool = False) -> str:
    return result.authentication_results("mx.example.net", utf8=utf8)


RECEIVED = {
    "none": "none (mx.example.net: no policy for 192.0.2.1 was found: none.example does not exist) "
    'receiver=mx.example.net; identity=mailfrom; client-ip=192.0.2.1; envelope-from="alice@none.example"; '
    "helo=mx.example.com; mechanism=default",
    "neutral": "neutral (mx.example.net: neutral.example neither permits nor denies 192.0.2.1) "
    'receiver=mx.example.net; identity=mailfrom; client-ip=192.0.2.1; envelope-from="alice@neutral.example"; '
    "helo=mx.example.com; mechanism=default",
    "pass": "pass (mx.example.net: pass.example designates 192.0.2.1 as permitted sender) "
    'receiver=mx.example.net; identity=mailfrom; client-ip=192.0.2.1; envelope-from="alice@pass.example"; '
    'helo=mx.example.com; mechanism="ip4:192.0.2.0/24"',
    "fail": "fail (mx.example.net: fail.example does not designate 192.0.2.1 as permitted sender) "
    'receiver=mx.example.net; identity=mailfrom; client-ip=192.0.2.1; envelope-from="alice@fail.example"; '
    "helo=mx.example.com; mechanism=-all",
    "softfail": "softfail (mx.example.net: softfail.example holds that 192.0.2.1 is probably not a permitted sender) "
    'receiver=mx.example.net; identity=mailfrom; client-ip=192.0.2.1; envelope-from="alice@softfail.example"; '
    "helo=mx.example.com; mechanism=~all",
}


@pytest.mark.parametrize("result", RECEIVED)
def test_received_spf_of_each_result(result: str) -> None:
    assert unfolded(received(checked(f"{result}.example"))) == f"Received-SPF: {RECEIVED[result]}"


@pytest.mark.parametrize(("result", "code"), [("temperror", "dns-servfail: "), ("permerror", "unknown-mechanism: ")])
def test_an_error_is_described_in_problem(result: str, code: str) -> None:
    """RFC 7208 §9.1: `problem` has the details about an error, if one was returned."""
    written = checked(f"{result}.example")
    assert written.problem is not None
    keys = parse_received_spf(received(written)).keys
    assert keys["problem"].startswith(code)
    assert keys["problem"] == f"{written.problem.code}: {written.problem.text}"
    assert keys["mechanism"] == "default"


AUTHENTICATED = {
    "none": 'spf=none (no policy for 192.0.2.1 was found) reason="domain-not-found: none.example does not exist" '
    "smtp.mailfrom=alice@none.example",
    "neutral": "spf=neutral (neutral.example neither permits nor denies 192.0.2.1) smtp.mailfrom=alice@neutral.example",
    "pass": "spf=pass (pass.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=alice@pass.example",
    "fail": "spf=fail (fail.example does not designate 192.0.2.1 as permitted sender) smtp.mailfrom=alice@fail.example",
}


@pytest.mark.parametrize("result", AUTHENTICATED)
def test_authentication_results_of_each_result(result: str) -> None:
    written = unfolded(authenticated(checked(f"{result}.example")))
    assert written == f"Authentication-Results: mx.example.net; {AUTHENTICATED[result]}"


def test_the_helo_identity_names_the_helo_and_no_sender() -> None:
    result = checked_helo("pass.example")
    keys = parse_received_spf(received(result)).keys
    assert (keys["identity"], keys["helo"]) == ("helo", "pass.example")
    assert "envelope-from" not in keys
    assert unfolded(authenticated(result)).endswith(" smtp.helo=pass.example")


def test_a_null_sender_is_written_as_it_was_checked() -> None:
    """RFC 7208 §2.4: the sender of a null reverse-path is postmaster at the HELO name."""
    result = checked_sender("<>", helo="pass.example")
    assert parse_received_spf(received(result)).keys["envelope-from"] == "postmaster@pass.example"
    assert authenticated(result).endswith("smtp.mailfrom=postmaster@pass.example")


def test_what_is_not_known_is_left_out() -> None:
    keys = parse_received_spf(checked("pass.example", helo="").received_spf()).keys
    assert set(keys) == {"identity", "client-ip", "envelope-from", "mechanism"}


def test_the_receiver_of_the_check_is_the_default() -> None:
    result = check("192.0.2.1", "alice@pass.example", resolver=ZONE, receiver="mx.example.org")
    assert parse_received_spf(result.received_spf()).keys["receiver"] == "mx.example.org"
    assert parse_received_spf(result.received_spf("mx.example.net")).keys["receiver"] == "mx.example.net"


@pytest.mark.parametrize(
    ("helo", "written"),
    [
        ("mx.example.com", "helo=mx.example.com"),
        ("x", "helo=x"),
        ("[192.0.2.1]", 'helo="[192.0.2.1]"'),
        ("mx.example.com.", 'helo="mx.example.com."'),
        ("a;b=c", 'helo="a;b=c"'),
        ('a"b\\c', r'helo="a\"b\\c"'),
        ("a b", 'helo="a b"'),
        (" a  b ", r'helo="\ a\ \ b\ "'),
        ("a(b(c", 'helo="a(b(c"'),
        ("a\r\nb\tc\0d", r'helo="a\\x0d\\x0ab\\x09c\\x00d"'),
    ],
)
def test_values_that_are_not_a_dot_atom_are_quoted(helo: str, written: str) -> None:
    assert f" {written}; " in unfolded(received(checked("pass.example", helo=helo)))


@pytest.mark.parametrize(
    ("sender", "written"),
    [
        ("a.b+c=d@pass.example", "a.b+c=d@pass.example"),
        ("a..b@pass.example", '"a..b@pass.example"'),
        ('"a b"@pass.example', r'"\"a b\"@pass.example"'),
        ("a;b@pass.example", '"a;b@pass.example"'),
        ("a@x_y.example", '"a@x_y.example"'),
        ("a@[192.0.2.1]", '"a@[192.0.2.1]"'),
    ],
)
def test_a_sender_is_unquoted_only_if_it_is_a_plain_mailbox(sender: str, written: str) -> None:
    """RFC 8601 §2.2: pvalue is a token, a quoted-string, a mailbox or a domain name."""
    assert authenticated(checked_sender(sender)).endswith(f"smtp.mailfrom={written}")


@pytest.mark.parametrize("helo", ["a  b " * 50, " " * 250, "a " * 120, "\\ " * 100])
def test_white_space_survives_folding(helo: str) -> None:
    field = received(checked("pass.example", helo=helo))
    assert is_one_field(field)
    assert parse_received_spf(field).keys["helo"] == helo


def test_a_domain_can_not_hide_the_client() -> None:
    """A domain name is untrusted, but it is only one word of the comment, so no address in it counts."""
    result = checked("x 203.0.113.1 designates 203.0.113.2 y.odd.example")
    assert result.result == "fail"
    assert parse_authentication_results(authenticated(result)).spf[0].client_ip == "192.0.2.1"


def test_a_domain_of_odd_octets_is_escaped_in_the_comment() -> None:
    result = checked('b\0(;\r\nX: y)"\\.odd.example')
    assert result.result == "fail"
    field = received(result)
    assert is_one_field(field)
    told = parse_received_spf(field).comment
    assert told is not None
    assert told.startswith('mx.example.net: b\\000(;\\013\\010X:\\032y)"\\.odd.example does not ')


@pytest.mark.parametrize("receiver", ["a(b", "a)b", "a\\b", 'a"b', "a\\", "a  b ", "a b " * 50])
def test_a_comment_is_read_back(receiver: str) -> None:
    told = parse_received_spf(checked("pass.example").received_spf(receiver)).comment
    assert told == f"{receiver}: pass.example designates 192.0.2.1 as permitted sender"


def test_a_truncated_problem_is_ascii() -> None:
    result = checked("several.example")
    assert result.problem is not None
    assert "…" in result.problem.text
    field = authenticated(result)
    assert is_one_field(field)
    shown = f"{result.problem.code}: {result.problem.text.replace('…', '...')}"
    assert parse_authentication_results(field).spf[0].reason == shown


def test_ipv6_addresses_are_quoted() -> None:
    assert 'client-ip="2001:db8::1";' in received(checked("pass.example", ip="2001:DB8::1"))


def test_lines_are_folded_at_78_characters() -> None:
    for result in RESULTS:
        for field in (received(checked(f"{result}.example")), authenticated(checked(f"{result}.example"))):
            assert max(map(len, field.split("\r\n"))) <= 78


@pytest.mark.parametrize("local_part", ["x" * 10240, '"' * 10240, "(" * 10240, "é" * 5120, "\0" * 10240, "\ud800" * 99])
@pytest.mark.parametrize("utf8", [False, True])
def test_fields_stay_short_whatever_is_in_them(local_part: str, utf8: bool) -> None:
    """RFC 7208 §9.1: the field MUST NOT be excessively long; RFC 5322 §2.1.1: no line over 998 characters."""
    result = checked("pass.example", local_part, helo=local_part)
    for field in (received(result, utf8=utf8), authenticated(result, utf8=utf8), result.received_spf(local_part)):
        assert len(field.encode()) < 3000
        assert max(len(line.encode()) for line in field.split("\r\n")) < 998
    sender = parse_received_spf(received(result, utf8=utf8)).keys["envelope-from"]
    assert re.fullmatch(r".{100,}\.\.\.@pass\.example", sender)


def test_a_sender_as_long_as_smtp_allows_is_not_cut() -> None:
    """RFC 5321 §4.5.3.1: 64 octets of local part, 255 of domain."""
    sender = "l" * 64 + "@" + LONG_LABELS[:253]
    result = checked_sender(sender, helo=LONG_LABELS[:255])
    assert parse_received_spf(received(result)).keys["envelope-from"] == sender
    assert parse_received_spf(received(result)).keys["helo"] == LONG_LABELS[:255]
    assert parse_authentication_results(authenticated(result)).spf[0].get("smtp.mailfrom") == sender


@pytest.mark.parametrize(("more", "is_cut"), [(0, False), (1, True)])
def test_a_sender_is_cut_only_if_it_is_longer_than_is_allowed(more: int, is_cut: bool) -> None:
    """600 octets, of which a quote that may need a backslash counts for two."""
    sender = '""' + "l" * (600 - 4 - len("@pass.example") + more) + "@pass.example"
    written = parse_received_spf(received(checked_sender(sender))).keys["envelope-from"]
    assert (written != sender) is is_cut
    assert written.endswith("...@pass.example") is is_cut


def test_a_long_directive_is_cut() -> None:
    mechanism = parse_received_spf(received(checked("exists.example"))).keys["mechanism"]
    assert re.fullmatch(r"-exists:%\{i\}\.(y\.){200,300}y?\.\.\.", mechanism)


def test_utf8_is_written_only_on_request() -> None:
    result = checked("pass.example", "jörg\u202e")
    assert received(result).isascii()
    assert parse_received_spf(received(result)).keys["envelope-from"] == r"j\xc3\xb6rg\xe2\x80\xae@pass.example"
    assert parse_received_spf(received(result, utf8=True)).keys["envelope-from"] == r"jörg\u202e@pass.example"
    assert "smtp.mailfrom=jörg@" in authenticated(checked("pass.example", "jörg"), utf8=True)


def test_the_receiver_of_the_field_may_be_any_text() -> None:
    result = checked("pass.example")
    assert parse_received_spf(result.received_spf("bücher.example", utf8=True)).keys["receiver"] == "bücher.example"
    assert parse_received_spf(result.received_spf("a\r\nX: y")).keys["receiver"] == r"a\x0d\x0aX: y"


@pytest.mark.parametrize(
    "authserv_id",
    ["", "a b", "a\r\nX: y", "a;b", "a@b", '"a"', "(a)", "a\0", "é.example", "x" * 256, "\ud800", "a=b", "a/b"],
)
def test_an_authserv_id_that_is_not_a_token_is_refused(authserv_id: str) -> None:
    with pytest.raises(ArgumentError, match="authserv_id must be a name like"):
        checked("pass.example").authentication_results(authserv_id)


def test_the_refusal_of_an_authserv_id_says_how_to_write_another_alphabet() -> None:
    with pytest.raises(ArgumentError, match=r"like mx\.example\.net \(its A-label form, or utf8=True\), of letters"):
        checked("pass.example").authentication_results("mx.\u00fc.example")
    for authserv_id, utf8 in (("mx example", False), ("mx example", True), ("mx \u00fc.example", True)):
        with pytest.raises(ArgumentError, match=r"like mx\.example\.net, of letters"):
            checked("pass.example").authentication_results(authserv_id, utf8=utf8)


@pytest.mark.parametrize("authserv_id", ["\u202e", "a\x80", "\ud800", "\xa0", "é" * 128])
def test_utf8_does_not_allow_every_character_in_an_authserv_id(authserv_id: str) -> None:
    with pytest.raises(ArgumentError):
        checked("pass.example").authentication_results(authserv_id, utf8=True)


def test_an_authserv_id_may_be_any_token() -> None:
    for authserv_id in ("mx.example.net", "x", "mx_1", "x" * 255):
        field = checked("pass.example").authentication_results(authserv_id)
        assert parse_authentication_results(field).authserv_id == authserv_id
    field = checked("pass.example").authentication_results("bücher.example", utf8=True)
    assert parse_authentication_results(field).authserv_id == "bücher.example"


def as_written(text: str) -> str:
    """Return a text as it is read back from US-ASCII: printable characters, and the octets of all others escaped."""
    try:
        octets = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        octets = text.encode("utf-8", "surrogatepass")
    return "".join(chr(octet) if 0x20 <= octet < 0x7F else f"\\x{octet:02x}" for octet in octets)


DOMAINS = st.sampled_from([f"{result}.example" for result in RESULTS]) | st.text(max_size=40)
ODD = st.text(max_size=40) | st.text(alphabet=' ()"\\;=@<>.:\r\n\t\0é\u2028\ud800\udcff', max_size=60)
ADDRESSES = st.ip_addresses().map(str)


def is_one_field(field: str, *, utf8: bool = False) -> bool:
    """Return whether a text is exactly one header field: folded lines of printable characters, none of them blank."""
    first, *others = field.split("\r\n")
    lines = [first, *[line[1:] for line in others]]
    return (
        all(line[0] == " " for line in others)
        and all(line.strip() and line.isprintable() and (utf8 or line.isascii()) for line in lines)
        and not any(line.endswith("\\") for line in lines)  # RFC 5322 §3.2.1: a line is not folded within a quoted-pair
        and all(len(line.encode()) <= 997 for line in lines)
    )


@given(local_part=ODD, domain=DOMAINS, helo=ODD, ip=ADDRESSES, utf8=st.booleans())
@example(local_part="a", domain="6.6.6.6", helo="6.6.6.6", ip="192.0.2.1", utf8=False)
@example(local_part="…", domain="a b.c d", helo="…", ip="192.0.2.1", utf8=True)
def test_what_was_written_is_read_back(local_part: str, domain: str, helo: str, ip: str, utf8: bool) -> None:
    """RFC 7208 §9.1: "SPF verifiers SHOULD give enough information so that the SPF results can be verified"."""
    result = checked_sender(f"{local_part}@{domain}", helo, ip)
    field = received(result, utf8=utf8)
    assert is_one_field(field, utf8=utf8)
    read = parse_received_spf(field)
    assert (read.result, read.client_ip, read.keys["client-ip"]) == (result.result, result.ip, result.ip)
    assert read.keys["receiver"] == "mx.example.net"
    assert read.keys["mechanism"] == (result.directive or "default")
    assert read.keys["identity"] == result.identity == "mailfrom"

    field = authenticated(result, utf8=utf8)
    assert is_one_field(field, utf8=utf8)
    (spf,) = parse_authentication_results(field).results
    assert (spf.method, spf.result, spf.client_ip) == ("spf", result.result, result.ip)
    assert (spf.reason is None) == (result.problem is None)
    assert spf.get("smtp.mailfrom") == read.keys["envelope-from"]

    sender = result.sender.encode("latin-1")
    if not utf8:
        assert read.keys["envelope-from"] == as_written(sender.decode("utf-8", "surrogateescape"))
        assert read.keys.get("helo", "") == as_written(result.helo.encode("latin-1").decode("utf-8", "surrogateescape"))
    elif local_part.isprintable() and "\ud800" not in local_part and domain.isascii() and domain.isprintable():
        assert read.keys["envelope-from"] == sender.decode("utf-8")


@given(helo=ODD)
def test_what_was_written_of_a_helo_is_read_back(helo: str) -> None:
    result = checked_helo(helo)
    shown = as_written(result.helo.encode("latin-1").decode("utf-8", "surrogateescape"))
    assert parse_received_spf(received(result)).keys.get("helo", "") == shown
    assert parse_authentication_results(authenticated(result)).spf[0].get("smtp.helo") == shown


@given(local_part=ODD, helo=ODD, utf8=st.booleans())
def test_no_input_adds_a_header_to_a_message(local_part: str, helo: str, utf8: bool) -> None:
    """RFC 7208 §9.1, §11.5: a sender can't inject data. Python's own parser sees two fields and a body."""
    result = checked("permerror.example", local_part, helo)
    message = f"{received(result, utf8=utf8)}\r\n{authenticated(result, utf8=utf8)}\r\n\r\nbody"
    parsed = email.message_from_string(message, policy=email.policy.compat32)
    assert parsed.keys() == ["Received-SPF", "Authentication-Results"]
    assert parsed.get_payload() == "body"
    assert not parsed.defects
