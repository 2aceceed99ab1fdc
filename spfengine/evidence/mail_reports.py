"""Messages that report about another message: bounces (RFC 3464), and failure reports (RFC 6591, RFC 9991).

The sender that they report is the one of that other message. The reporter's own mail is never counted.
"""

import html
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final, TypeVar

from spfengine.errors import HeaderError
from spfengine.evaluation.headers.fields import as_address
from spfengine.evidence.bounces import KIND as BOUNCE, is_refusal, names_client, sender_of_bounce
from spfengine.evidence.bounds import Bounds
from spfengine.evidence.claims import AUTHENTICATION_RESULTS, SPFClaim, claim_in
from spfengine.evidence.hops import DOCUMENTS, hops_of, is_internal, is_redacted
from spfengine.evidence.messages import header_from_of, one
from spfengine.evidence.mime import Attachment, Fields, header_section
from spfengine.evidence.values import UnusableError, count_of, helo_of, make_sender, null_sender, sender_of
from spfengine.senders import Sender

FAILURE: Final = "failure-report"
FEEDBACK: Final = "message/feedback-report"
STATUS: Final = ("message/delivery-status", "message/global-delivery-status")
ORIGINAL: Final = (
    "message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/global-headers",
)  # fmt: skip
PLAIN: Final = ("text/plain", "text/html")
TEXTS: Final = (FEEDBACK, *STATUS, *ORIGINAL, *PLAIN)
"""Parts that are read of such messages."""

_is_report = re.compile(r"\s*multipart/report\b", re.IGNORECASE).match
_from_daemon = re.compile(r"mailer-daemon|mail delivery (?:sub)?system|postmaster@|mailerdaemon", re.IGNORECASE).search
_TO = ("x-original-to", "delivered-to", "envelope-to", "to")
_MOST_GROUPS = 100
_TAG = re.compile(r"<[^<>]{0,2000}>")
_COMMENT = re.compile(r"\([^()]{0,2000}\)")  # RFC 5965 §3.5 allows one before and after each value
_ADDRESS_LITERAL = re.compile(r"\[(?:IPv6:)?([^\[\]]+)\]", re.IGNORECASE)


def may_report(fields: Fields) -> bool:
    """Whether a message may be such a report, by its own header fields."""
    named = dict(reversed(fields))
    if _is_report(named.get("content-type", "")) or "x-failed-recipients" in named:
        return True
    sent_by = named.get("from", "")[:1000]
    return named.get("return-path", "x").strip() in ("", "<>") or _from_daemon(sent_by) is not None


def sender_of_report(fields: Fields, parts: Sequence[Attachment], bounds: Bounds) -> "tuple[str, Sender | None] | None":
    """Return the kind of report and the sender of the message that it is about; None if the message is no such report.

    The sender is None if a bounce has nothing to do with SPF.

    Args:
        fields: the header fields of the message.
        parts: its parts of the types that are read.
        bounds: bounds on what is read.

    Raises:
        UnusableError: the report does not name the client or the sender.
    """
    texts = [(part.type, part.content.decode("utf-8", "replace")) for part in parts]
    original = _section(texts, ORIGINAL, bounds)
    if any(name == FEEDBACK for name, _ in texts):
        return FAILURE, _of_feedback(_section(texts, (FEEDBACK,), bounds), original)
    replies = [reply for name, text in texts if name in STATUS for reply in _diagnostics(text, bounds)]
    replies += [_without_tags(name, text) for name, text in texts if name in PLAIN]
    refusals = [reply for reply in replies if is_refusal(reply)]
    if not refusals:
        return (BOUNCE, None) if any(name in STATUS for name, _ in texts) else None
    reply = next((reply for reply in refusals if names_client(reply)), refusals[0])
    return BOUNCE, sender_of_bounce(reply, _mail_from(fields, original), header_from_of(original))


def _section(texts: Sequence[tuple[str, str]], types: Sequence[str], bounds: Bounds) -> Fields:
    """Return the fields of the first part of one of these types."""
    text = next((text for name, text in texts if name in types), "")
    return header_section(_lines(text), bounds)


def _lines(text: str) -> Iterator[bytes]:
    """Yield the lines of a part, without empty ones at its beginning."""
    yield from (line.rstrip("\r").encode() for line in text.lstrip("\r\n").split("\n"))


def _diagnostics(text: str, bounds: Bounds) -> Iterator[str]:
    """Yield the replies of receivers in a delivery report, which has a group of fields for each recipient."""
    for group in text.replace("\r\n", "\n").split("\n\n")[:_MOST_GROUPS]:
        for name, value in header_section(_lines(group), bounds):
            if name == "diagnostic-code":
                yield value


def _without_tags(name: str, text: str) -> str:
    return html.unescape(_TAG.sub(" ", text)) if name == "text/html" else text


def _mail_from(fields: Fields, original: Fields) -> str | None:
    """Return the sender of the message that bounced, to which the bounce is sent (RFC 5321 §3.6.3)."""
    for name, given in [("return-path", original), *[(name, fields) for name in _TO]]:
        text = one(given, name) or ""
        try:
            address = sender_of(text.rpartition("<")[2].partition(">")[0])
        except UnusableError:
            continue
        if address[0] != "@":
            return address
    return None


def _of_feedback(feedback: Fields, original: Fields) -> Sender:
    """Return the sender that a failure report is about (RFC 6591 §3.1, RFC 5965 §3.2)."""
    given = one(feedback, "source-ip") or ""
    ip = as_address(_ADDRESS_LITERAL.sub(r"\1", _COMMENT.sub(" ", given).strip()))
    if ip is None or is_internal(ip):
        raise UnusableError("the failure report has no address of the client (Source-IP)", given or None)
    claim = _claim(feedback)
    header_from = header_from_of(original)
    helo = None if claim is None else _readable(helo_of, claim.helo)
    helo = helo or _readable(helo_of, next((hop.helo for hop in hops_of(original) if hop.ip == ip), None))
    mail_from = one(feedback, "original-mail-from")
    sent_by = (
        None if mail_from is None else _COMMENT.sub(" ", mail_from),
        None if claim is None else claim.sender,
        one(original, "return-path"),
    )
    if sent_by[0] is not None and sent_by[0].strip() in ("", "<>"):
        address: str | None = null_sender(helo)
    else:
        address = next((address for text in sent_by if (address := _readable(sender_of, text)) is not None), None)
    if address is None:
        raise UnusableError("the failure report does not say for which sender SPF was checked (Original-Mail-From)")
    if is_redacted(ip, address.rpartition("@")[2], header_from):
        raise UnusableError(
            f"the failure report has an address for documentation ({DOCUMENTS}) in place of the real one", ip
        )
    reported = None if claim is None or claim.of_helo else claim.result
    count = _readable(count_of, one(feedback, "incidents")) or 1
    return make_sender(ip, address, helo, count, reported=reported, header_from=header_from)


def _claim(feedback: Fields) -> SPFClaim | None:
    for name, value in feedback:
        if name == AUTHENTICATION_RESULTS:
            with suppress(HeaderError):
                claim = claim_in(name, value)
                if isinstance(claim, SPFClaim):
                    return claim
    return None


_Read = TypeVar("_Read")


def _readable(read: Callable[[str], _Read | None], text: str | None) -> _Read | None:
    """Return a value that is only used if it can be read."""
    try:
        return read(text.strip()) if text and text.strip() else None
    except UnusableError:
        return None
