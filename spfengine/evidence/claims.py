"""What one header field claims about an SPF check: Received-SPF, or Authentication-Results.

Fields are read as their writers write them. A part that can't be read costs that part, and never the rest of the field:
Authentication-Results are read as a whole first, and then part by part.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header
from typing import Final

from spfengine.errors import HeaderError
from spfengine.evaluation.headers.authentication_results import (
    AuthenticationResults,
    MethodResult,
    parse_authentication_results,
)
from spfengine.evaluation.headers.fields import as_address
from spfengine.evaluation.headers.received_spf import ReceivedSPF, parse_received_spf
from spfengine.evidence.hops import MAX_FIELD
from spfengine.evidence.values import result_of

AUTHENTICATION_RESULTS: Final = "authentication-results"
RECEIVED_SPF: Final = "received-spf"
_CLIENT_PROPERTIES = ("smtp.remote-ip", "policy.iprev", "smtp.client-ip", "smtp.client_ip", "policy.client-ip")
_CLIENT_KEYS = ("client-ip", "client_ip", "remoteip")
_ADDRESSES = (*_CLIENT_PROPERTIES, "client-ip")
_OTHER_IDENTITIES = ("helo", "pra")

_writer_in_comment = re.compile(r"\s*([\w.-]+):\s").match
_sender_in_comment = re.compile(
    r"\b(?:domain of|record for) (?:transitioning |domain of )*(\"[^\"]{1,512}\"(?:@[^\s,;]+)?|[^\s\",;]+)"
    r"|([^\s@]{1,320}@[^\s@]{1,255}) does not designate permitted sender hosts"
).search
_address_in_comment = re.compile(r"\bsender IP is +([^\s,;()]{1,60})|\bdesignates? ([^\s,;()]{1,60})").search
_has_encoded_word = re.compile(r"=\?[^\s?]{1,60}\?[BbQq]\?").search
_NOBODY = "nobody"
_MAX_ENCODED_WORDS = 64
_ENCODED_FOLD = re.compile(r"(?<=\?=)\s+(?==\?)")
_begins_with_a_method = re.compile(r"(?:\([^()]{0,300}\)\s*)?[A-Za-z0-9_-]+\s*=").match
_AUTHSERV_ID = re.compile(r"\s*\"?([^\s;=\"()/]{1,255})\"?")
_SYNTAX = re.compile(r"\\.|[;\"()]")
_SPF_PART = re.compile(r"\s*spf\s*(?:/\s*\w+\s*)?=", re.IGNORECASE).match
_DMARC_PART = re.compile(r"\s*(?:dkim|dmarc)\s*(?:/\s*\w+\s*)?=", re.IGNORECASE).match
_STRAY = re.compile(r"(?<=\s)(?!\()[^\s=;()\"]+(?=\s|$)(?!\s*[=.])")
_RESULT_WORD = re.compile(r"^\s*\w+")
_KEY = re.compile(
    r"(?:^|[\s;(])(client-ip|envelope-from|helo|identity|receiver|sender)\s*=\s*(\"[^\"\\]{0,600}\"(?:@[^\s;]+)?|[^\s;()]*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SPFClaim:
    """What a header field says about an SPF check; None for what it does not say.

    Attributes:
        name: which field it is: one of the names above.
        writer: the receiver that wrote it.
        late: a name that comes after the results, where Microsoft writes the recipient's domain.
        ip: the client's address.
        unread_ip: what is written in place of the address, if it is none.
        sender: the sender as written; "" or "<>" is the null sender.
        helo: the HELO name.
        of_helo: whether the result is about HELO, or about another identity than MAIL FROM.
        result: the result.
        hint: a sender that is only in a comment.
    """

    name: str
    writer: str | None
    late: str | None
    ip: str | None
    unread_ip: str | None
    sender: str | None
    helo: str | None
    of_helo: bool
    result: str | None
    hint: str | None

    @property
    def is_about_no_client(self) -> bool:
        """Whether the writer says that there was no client, as Exchange Online does of mail that it sends itself."""
        return self.name == AUTHENTICATION_RESULTS and self.ip is None and self.unread_ip == ""


@dataclass(frozen=True, slots=True)
class ClientClaim:
    """A client's address that a field of Authentication-Results has for another method, such as iprev or arc."""

    writer: str | None
    ip: str


@dataclass(frozen=True, slots=True)
class DMARCClaim:
    """What a field of Authentication-Results says about DKIM and DMARC.

    Attributes:
        writer: the receiver that wrote it.
        dkim: (domain, result) of each signature; "" if it does not say the domain.
        dmarc: the result of DMARC, or None.
    """

    writer: str | None
    dkim: tuple[tuple[str, str], ...]
    dmarc: str | None


def dmarc_claim_in(value: str) -> DMARCClaim | None:
    """Return what a field of Authentication-Results says about DKIM and DMARC; None if nothing that can be read."""
    if len(value) > MAX_FIELD:
        return None
    text = _decoded(value)
    try:
        field = _read_in_parts(text, _DMARC_PART)
    except HeaderError:
        return None
    dkim = tuple([(_dkim_domain(method), method.result) for method in field.results if method.method == "dkim"])
    dmarc = next((method.result for method in field.results if method.method == "dmarc"), None)
    if not dkim and dmarc is None:
        return None
    is_named = _begins_with_a_method(text.lstrip()) is None and field.authserv_id != _NOBODY
    return DMARCClaim(field.authserv_id if is_named else None, dkim, dmarc)


def _dkim_domain(method: MethodResult) -> str:
    return (method.get("header.d") or method.get("header.i") or "").rpartition("@")[2]


def claim_in(name: str, value: str) -> "SPFClaim | ClientClaim | None":
    """Return what a field claims; None if it says nothing about SPF or the client.

    Raises:
        HeaderError: it can't be read.
    """
    if len(value) > MAX_FIELD:
        raise HeaderError(f"{name}: longer than {MAX_FIELD:,} characters")
    text = _decoded(value)
    try:
        return _claim_in(name, text)
    except HeaderError:
        if text == value:
            raise
        return _claim_in(name, value)


def _claim_in(name: str, value: str) -> "SPFClaim | ClientClaim | None":
    if name == RECEIVED_SPF:
        value = _RESULT_WORD.sub(_with_result, value, count=1)
        try:
            return _of_received_spf(parse_received_spf(value))
        except HeaderError:
            return _of_pieces(value)
    try:
        return _of_results(parse_authentication_results(value), value)
    except HeaderError:
        return _of_parts(value)


def _decoded(value: str) -> str:
    """Return a field with its encoded words (RFC 2047) decoded, as some writers encode the whole of it."""
    if not _has_encoded_word(value) or value.count("=?") > _MAX_ENCODED_WORDS:
        return value
    try:
        pieces = decode_header(_ENCODED_FOLD.sub("", value))
        text = "".join(
            piece if isinstance(piece, str) else piece.decode(charset or "latin-1", "replace")
            for piece, charset in pieces
        )
    except (LookupError, MessageError, ValueError):  # an unknown charset, or base64 that is none
        return value
    return re.sub(r"[\r\n]+[ \t]*", " ", text)


def _of_received_spf(field: ReceivedSPF) -> SPFClaim:
    writer = field.keys.get("receiver", "")
    if not writer or not writer[0].isalnum():
        match = _writer_in_comment(field.comment or "")
        writer = match[1] if match is not None else ""
    given = _first_given(*map(field.keys.get, _CLIENT_KEYS))
    ip = field.client_ip or as_address(given or "")
    return SPFClaim(
        RECEIVED_SPF,
        writer or None,
        None,
        ip,
        None if ip is not None else _unread(given, field.comment),
        field.keys.get("envelope-from", field.keys.get("sender")),
        field.keys.get("helo"),
        field.keys.get("identity", "").lower() in _OTHER_IDENTITIES,
        str(field.result),
        _hint(field.comment),
    )


def _with_result(word: re.Match[str]) -> str:
    """Return the word of today for a result in a word of old, such as "unknown"."""
    return result_of(word[0]) or word[0]


def _hint(comment: str | None) -> str | None:
    """Return the sender in a comment such as "domain of a@example.com designates …", without quotes around it."""
    match = _sender_in_comment(comment or "")
    if match is None:
        return None
    text = match[1] or match[2]
    if text[0] == text[-1] == '"':
        text = text[1:-1]
    text = text.rstrip(":.")
    return text if "." in text else None


def _unread(given: str | None, comment: str | None) -> str | None:
    """Return what is written in place of an address; "" if its place is empty, None if there is no place."""
    if given is not None:
        return given.strip()
    if (comment or "").rstrip().endswith("sender IP is"):
        return ""
    match = _address_in_comment(comment or "")
    text = "" if match is None else match[1] or match[2]
    return text if text and not text.isalpha() else None


def _of_results(field: AuthenticationResults, value: str) -> "SPFClaim | ClientClaim | None":
    is_late = _begins_with_a_method(value.lstrip()) is not None
    writer = None if is_late or field.authserv_id == _NOBODY else field.authserv_id
    client = _client(field)
    if not field.spf:
        return None if client is None else ClientClaim(writer, client)
    spf = next((method for method in field.spf if method.get("smtp.mailfrom") is not None), field.spf[0])
    flat = {method.method: method.result for method in field.results if method.method in ("envelope-from", "helo")}
    sender = _first_given(
        spf.get("smtp.mailfrom"), spf.get("smtp.mail"), spf.get("envelope-from"), flat.get("envelope-from")
    )
    helos = [_helo(method.get("smtp.helo")) for method in field.spf] + [_helo(flat.get("helo"))]
    ip = next((method.client_ip for method in [spf, *field.spf] if method.client_ip is not None), client)
    return SPFClaim(
        AUTHENTICATION_RESULTS,
        writer,
        field.authserv_id if is_late and field.authserv_id != _NOBODY else None,
        ip,
        None if ip is not None else _unread(_first_given(*map(spf.get, _ADDRESSES)), spf.comment),
        sender,
        next((helo for helo in helos if helo), None),
        sender is None and any(helos),
        result_of(spf.result),
        _hint(spf.comment),
    )  # fmt: skip


def _first_given(*values: str | None) -> str | None:
    return next((value for value in values if value is not None), None)


def _helo(text: str | None) -> str | None:
    """Return the name in smtp.helo, which some writers give as the address postmaster@name."""
    return None if text is None else text.rpartition("@")[2]


def _client(field: AuthenticationResults) -> str | None:
    """Return the client's address that another method was run on; None if there is none."""
    given = [method.get(name) for method in field.results for name in _CLIENT_PROPERTIES]
    return next((ip for text in given if text and (ip := as_address(text)) is not None), None)


def _of_parts(value: str) -> SPFClaim:
    """Return what the readable parts of a field say that can't be read as a whole.

    Raises:
        HeaderError: no part about SPF can be read.
    """
    claim = _of_results(_read_in_parts(value, _SPF_PART), value)
    if not isinstance(claim, SPFClaim):
        raise HeaderError("Authentication-Results: no part about SPF can be read")
    return claim


def _read_in_parts(value: str, is_wanted: Callable[[str], object]) -> AuthenticationResults:
    """Return the parts of a field that are wanted and can be read. Raises HeaderError if its writer can't be."""
    text = re.sub(r"[\t\r\n]+", " ", value).strip()
    lead = _AUTHSERV_ID.match(text)
    name = _NOBODY if lead is None or _begins_with_a_method(text) else lead[1]
    readable = []
    for part in _parts(text):
        if not is_wanted(part):
            continue
        for attempt in (part, _STRAY.sub(" ", part), part.partition("(")[0]):
            try:
                parse_authentication_results(f"{name}; {attempt}")
            except HeaderError:
                continue
            readable.append(attempt)
            break
    return parse_authentication_results("; ".join([name, *readable]))


def _parts(text: str) -> list[str]:
    """Return the parts between semicolons outside quotes and comments; between all semicolons if these have no end."""
    parts: list[str] = []
    start = depth = 0
    is_quoted = False
    for match in _SYNTAX.finditer(text):
        match match[0]:
            case '"':
                is_quoted = not is_quoted
            case "(" | ")" if not is_quoted:
                depth += 1 if match[0] == "(" else -1
            case ";" if not is_quoted and depth <= 0:
                parts.append(text[start : match.start()])
                start = match.end()
    return text.split(";") if is_quoted or depth > 0 else [*parts, text[start:]]


def _of_pieces(value: str) -> SPFClaim:
    """Return what can be made out in a Received-SPF that can't be read as a whole: its result, and its known keys.

    Raises:
        HeaderError: it does not begin with a result.
    """
    text = re.sub(r"[\t\r\n]+", " ", value)
    word = _RESULT_WORD.search(text)
    pairs = [f"{key}={given}" for key, given in _KEY.findall(text)]
    return _of_received_spf(parse_received_spf("; ".join([f"{word[0] if word else ''} ", *pairs])))
