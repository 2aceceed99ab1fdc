"""What single header fields say: a hop of Received, and a claim about SPF."""

import pytest

from spfengine.evidence.claims import ClientClaim, SPFClaim, claim_in
from spfengine.evidence.hops import Hop, hop_of_writer, hops_of

BY = "by mx.example.net with ESMTP"


@pytest.mark.parametrize(
    ("value", "ip", "helo", "name"),
    [
        (f"from mail.example (HELO h.example) (192.0.2.1) {BY}", "192.0.2.1", "h.example", "mail.example"),  # qmail
        (f"from unknown (HELO h.example) (192.0.2.1) {BY}", "192.0.2.1", "h.example", ""),
        (f"from 192.0.2.1 (HELO h.example) (192.0.2.1) {BY}", "192.0.2.1", "h.example", ""),
        (f"from h.example (mail.example [192.0.2.1]) {BY}", "192.0.2.1", "h.example", "mail.example"),  # Postfix
        (f"from h.example (mail.example. [192.0.2.1]) {BY}", "192.0.2.1", "h.example", "mail.example"),
        (f"from h.example (mail.example [192.0.2.1] (may be forged)) {BY}", "192.0.2.1", "h.example", ""),  # sendmail
        (f"from h.example (unknown [192.0.2.1]) {BY}", "192.0.2.1", "h.example", ""),
        (f"from h.example ([192.0.2.1]) {BY}", "192.0.2.1", "h.example", None),
        (f"from h.example ([IPv6:2001:db8::1%eth0]) {BY}", "2001:db8::1", "h.example", None),
        (f"from [192.0.2.1] (helo=h.example) {BY}", "192.0.2.1", "h.example", None),  # Exim
        (f"from 192.0.2.1 {BY}", "192.0.2.1", "", None),
        (f'from a (ident="192.0.2.9" helo=b.example) (192.0.2.8) {BY}', "192.0.2.8", "b.example", None),
        (f"from h.example (EHLO e.example) (198.51.100.7) {BY}", "198.51.100.7", "e.example", None),
        (f"from h.example (xx.xx.2.1) {BY}", None, "h.example", None),
        (BY, None, "", None),
    ],
)
def test_the_client_of_a_hop(value: str, ip: str | None, helo: str, name: str | None) -> None:
    (hop,) = hops_of([("subject", "x"), ("received", value)])
    assert (hop.at, hop.ip, hop.helo, hop.name, hop.by) == (1, ip, helo, name, "mx.example.net")
    assert hop.client == (helo if name is None else name)


@pytest.mark.parametrize(
    ("value", "envelope", "redacted", "local", "submission", "inside"),
    [
        ("from h ([192.0.2.1]) by m with esmtp (Exim 4.96) (envelope-from <a@b.example>)", "a@b.example", 0, 0, 0, 0),
        ("from h ([192.0.2.1]) by m with esmtp\r\n envelope-from <c@d.example>", "c@d.example", 0, 0, 0, 0),
        ("from h ([192.0.2.1]) by m with esmtp (envelope-from <>)", "", 0, 0, 0, 0),
        ("from h (h [192.0.2.x]) by m", None, 1, 0, 0, 0),
        ("from h (xx.xx.2.1) by m", None, 1, 0, 0, 0),
        ("from h by m", None, 0, 0, 0, 1),
        ("from h ([10.1.2.3]) by m", None, 0, 0, 0, 1),
        ("from h ([192.0.2.1]) by m with LMTP", None, 0, 1, 0, 1),
        ("from h ([192.0.2.1]) by m with HTTP", None, 0, 1, 0, 1),
        ("from h ([192.0.2.1]) by m with POP3", None, 0, 1, 0, 1),
        ("from h ([192.0.2.1]) by m with ESMTPSA", None, 0, 0, 1, 0),
        ("from h ([192.0.2.1]) (Authenticated sender: u) by m with ESMTPS", None, 0, 0, 1, 0),
        ("from h ([192.0.2.1]) by m with ESMTPS", None, 0, 0, 0, 0),
    ],
)
def test_how_a_hop_was_made(
    value: str, envelope: str | None, redacted: int, local: int, submission: int, inside: int
) -> None:
    (hop,) = hops_of([("received", value)])
    found = hop.is_redacted, hop.is_local, hop.is_submission, hop.is_inside
    assert hop.envelope == envelope
    assert found == (bool(redacted), bool(local), bool(submission), bool(inside))


def test_only_received_fields_are_hops() -> None:
    fields = [("received", "from a by b"), ("received-spf", "pass"), ("received", "from c by d")]
    assert [(hop.at, hop.helo, hop.by) for hop in hops_of(fields)] == [(0, "a", "b"), (2, "c", "d")]
    assert isinstance(hops_of(fields)[0], Hop)
    assert hops_of([]) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("pass client-ip=192.0.2.1", {"ip": "192.0.2.1"}),
        ("pass remoteip=192.0.2.1", {"ip": "192.0.2.1"}),
        ("pass client_ip=192.0.2.1;", {"ip": "192.0.2.1"}),
        ("pass remoteip=x", {"unread_ip": "x"}),
        ("pass client-ip=x; remoteip=192.0.2.1", {"unread_ip": "x"}),
        ("pass receiver=m.example; envelope-from=a@b; helo=h", {"writer": "m.example", "sender": "a@b", "helo": "h"}),
        ("pass sender=c@d identity=helo", {"sender": "c@d", "of_helo": True}),
        ("pass identity=mailfrom", {"of_helo": False}),
        ("pass identity=PRA", {"of_helo": True}),
        (
            "pass (m.example: domain of a@b.example designates 192.0.2.1 as permitted sender)",
            {"writer": "m.example", "ip": "192.0.2.1", "hint": "a@b.example"},
        ),
    ],
)
def test_what_received_spf_claims(value: str, expected: dict[str, object]) -> None:
    claim = claim_in("received-spf", value)
    assert isinstance(claim, SPFClaim)
    assert (claim.name, claim.result) == ("received-spf", "pass")
    assert {key: getattr(claim, key) for key in expected} == expected


ENCODED = "=?utf-8?q?mx=2Eexample=3B_spf=3Dpass_smtp=2Emailfrom=3Da=40b=2Eexample?="


PARTLY = "mx.example; =?utf-8?q?spf=3Dpass?= smtp.mailfrom=a@b.example"


@pytest.mark.parametrize("value", ["mx.example; spf=pass smtp.mailfrom=a@b.example", ENCODED, PARTLY])
def test_what_authentication_results_claims(value: str) -> None:
    claim = claim_in("authentication-results", value)
    assert isinstance(claim, SPFClaim)
    assert (claim.writer, claim.sender, claim.result) == ("mx.example", "a@b.example", "pass")


def test_other_methods_claim_the_client_at_most() -> None:
    assert claim_in("authentication-results", "mx; dkim=pass header.d=x") is None
    found = claim_in("authentication-results", "mx; iprev=pass policy.iprev=192.0.2.1")
    assert found == ClientClaim("mx", "192.0.2.1")


def _hop_of_writer(writer: str | None, *fields: str, at: int = 1) -> str | None:
    """Return the client of the hop that a writer of the field at this place wrote, out of these Received fields."""
    given = [("received", value) for value in fields]
    given.insert(at, ("authentication-results", "x"))
    hop = hop_of_writer(hops_of(given), at, at, writer)
    return None if hop is None else hop.ip


@pytest.mark.parametrize(("host", "ip"), [("mx.google.com", "192.0.2.1"), ("mx.example.net", "198.51.100.2")])
def test_of_two_hops_of_a_writer_it_is_the_one_on_the_side_where_the_writer_writes(host: str, ip: str) -> None:
    """Google writes what it found below its own Received field, and most others write above theirs."""
    above = f"from a.example (a.example [192.0.2.1]) by {host} with ESMTP"
    below = f"from b.example (b.example [198.51.100.2]) by {host} with ESMTP"
    assert _hop_of_writer(host, above, below) == ip


@pytest.mark.parametrize("writer", [None, "mx.example.net"])
def test_a_hop_of_a_host_that_nothing_connects_with_the_writer_is_not_taken(writer: str | None) -> None:
    above = "from a.example (a.example [192.0.2.1]) by in.example.org with ESMTP"
    below = "from b.example (b.example [198.51.100.2]) by other.example.com with ESMTP"
    assert _hop_of_writer(writer, above, below) is None


def test_a_field_without_a_host_connects_nobody_with_a_writer() -> None:
    above = "from a.example (a.example [192.0.2.1]) by in.example.org with ESMTP"
    below = "from b.example (b.example [198.51.100.2]) with ESMTP"
    assert _hop_of_writer("mx.example.net", above, below) is None


@pytest.mark.parametrize(
    ("value", "writer"),
    [
        ("spf=pass smtp.mailfrom=a@b.example; dkim=pass (", None),
        ("; spf=pass smtp.mailfrom=a@b.example; dkim=pass (", None),
        ("(x); spf=pass smtp.mailfrom=a@b.example; dkim=pass (", None),
        ("mx.example; spf=pass smtp.mailfrom=a@b.example; dkim=pass (", "mx.example"),
    ],
)
def test_of_a_field_that_can_not_be_read_as_a_whole_the_writer_is_who_it_names(value: str, writer: str | None) -> None:
    claim = claim_in("authentication-results", value)
    assert isinstance(claim, SPFClaim)
    assert (claim.writer, claim.sender, claim.result) == (writer, "a@b.example", "pass")
