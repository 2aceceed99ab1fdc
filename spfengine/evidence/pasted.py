"""Text that people copied out of a mail program: header fields in any state, Gmail's table, or the text of a bounce.

Such text is quoted, indented or double-spaced, its folded lines are no longer indented, and words are before and after
it. What it says is read as in a message; it is only found in another way.
"""

import html
import re
from collections.abc import Iterable
from itertools import pairwise

from spfengine.evaluation.headers.fields import as_address
from spfengine.evidence.bounces import is_refusal, names_client
from spfengine.evidence.hops import is_internal
from spfengine.evidence.messages import domain_of_from
from spfengine.evidence.mime import Fields
from spfengine.evidence.values import UnusableError, make_sender, result_of
from spfengine.senders import Sender

_TRACE = r"(?:received|received-spf|authentication-results)"
_BEFORE_FIELD = r"(?:[>|*\s]{0,40})"
_has_trace = re.compile(rf"^{_BEFORE_FIELD}{_TRACE}[ \t]*(?::|\t)", re.IGNORECASE | re.MULTILINE).search
_prefix = re.compile(
    rf"^({_BEFORE_FIELD})(?:{_TRACE}|return-path|delivered-to)[ \t]*(?::|\t)", re.IGNORECASE | re.MULTILINE
).search
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,80})[ \t]*:[ \t]*(.*)")
_TABBED = re.compile(rf"({_TRACE}|return-path|from|to|subject|date)[ \t]*\t[ \t]*(.*)", re.IGNORECASE)
_is_html = re.compile(r"\s*<(?:!doctype html|html)\b", re.IGNORECASE).match
_TAG = re.compile(r"<(?:/?[A-Za-z!][^<>@]{0,2000})>")
_BREAK = re.compile(r"<(?:br|/tr|/p|/div|/li|/h\d)\b[^<>]{0,200}>", re.IGNORECASE)
# Gmail's "Show original": "SPF:	SOFTFAIL with IP 192.0.2.24 Learn more", in the language of the user.
_TABLE_SPF = re.compile(
    r"^[>|*\s]{0,40}SPF[^\w\n]{0,20}\n?[^\w\n]{0,20}"
    r"(pass|softfail|hardfail|fail|neutral|none|temperror|permerror)\b[^\n]{0,80}?[\s\[(]([0-9A-Fa-f:.]{2,45})(?=[\s\])]|$)",
    re.IGNORECASE | re.MULTILINE,
)
_FROM_LABELS = "From|Von|De|Da|Van|Od|Från|Fra|Lähettäjä|Kimden|От|Від|差出人|发件人|寄件者|보낸사람|보낸 사람"
_TABLE_FROM = re.compile(
    rf"^[>|*\s]{{0,40}}(?:{_FROM_LABELS})\s{{0,9}}:?\s{{1,9}}([^\n]{{1,1000}})", re.IGNORECASE | re.MULTILINE
)
_MIME = re.compile(r"^(?:content-type|mime-version)[ \t]*:", re.IGNORECASE | re.MULTILINE).search
_ROWS = 20
_FEWEST_ROWS = 4
_MOST_ROWS = 5000
_OPERATOR = "google.com"

NO_MAIL_FROM = "senders whose domain is that of From, since the pasted table does not show MAIL FROM"


def looks_pasted(text: str) -> bool:
    """Whether text that begins like no file that is read has something in it that can be read."""
    text = _without_tags(text)
    return bool(_has_trace(text) or _TABLE_SPF.search(text)) or names_client(text) or is_refusal(text)


def is_broken_up(text: str) -> bool:
    """Whether text that begins with a header field is a table, or has empty lines between fields: not a message."""
    section = text.replace("\r\n", "\n").lstrip("\n").partition("\n\n")[0]
    if _is_double_spaced(text):
        return _has_trace(text) is not None
    if _has_trace(section) or _MIME(section):
        return False
    return _TABLE_SPF.search(text) is not None


def _is_double_spaced(text: str) -> bool:
    """Whether the first lines have an empty one after each."""
    rows = [bool(row.strip()) for row in text.split("\n", _ROWS)[:_ROWS]]
    return sum(rows) >= _FEWEST_ROWS and not any(row and after for row, after in pairwise(rows))


def fields_in(text: str) -> Fields:
    """Return the header fields in pasted text, in their order; none if none is about the way that the message took."""
    text = _without_tags(text)
    if _has_trace(text) is None:
        return []
    prefix = _prefix(text)
    quote = "" if prefix is None else prefix[1].rpartition("\n")[2]
    fields: list[tuple[str, list[str]]] = []
    for raw in text.split("\n")[:_MOST_ROWS]:
        row = (raw.removeprefix(quote) if quote else raw).rstrip("\r")
        if not row.strip():
            continue
        match = _FIELD.match(row) or _TABBED.match(row)
        if match is not None:
            fields.append((match[1].lower(), [match[2].strip()]))
        elif fields:
            fields[-1][1].append(row.strip())
    return [(name, " ".join(rows)) for name, rows in fields]


def _without_tags(text: str) -> str:
    """Return text as people see it, if it is that of a page or has a page's entities in it."""
    if _is_html(text):
        return html.unescape(_TAG.sub(" ", _BREAK.sub("\n", text)))
    return html.unescape(text) if "&lt;" in text and "<" not in text else text


def sender_of_table(text: str, receiver: str | None) -> Sender | None:
    """Return the sender in the table that Gmail shows above a message; None if this is no such table.

    The table has no MAIL FROM, so the domain of From takes its place.

    Raises:
        UnusableError: the table has no sender, or the caller trusts another receiver.
    """
    text = _without_tags(text)
    match = _TABLE_SPF.search(text)
    if match is None:
        return None
    ip = as_address(match[2].rstrip("."))
    if ip is None or is_internal(ip):
        raise UnusableError("the pasted table does not have the address of the client", match[0].strip())
    if receiver is not None and _OPERATOR not in receiver.lower():
        raise UnusableError("the pasted table is Gmail's, and not of the receiver that is trusted", receiver)
    header_from = next((domain for named in _TABLE_FROM.findall(text) if (domain := domain_of_from(named))), None)
    if header_from is None:
        raise UnusableError("the pasted table has no From; paste its other lines as well, or use Download original")
    return make_sender(ip, f"@{header_from}", reported=result_of(match[1]), header_from=header_from)


def pasted_text(lines: Iterable[tuple[int, bytes | None]], at_most: int) -> str:
    """Return the text of a file, as far as it is not too long."""
    rows: list[str] = []
    size = 0
    for _, line in lines:
        if line is None or size + len(line) > at_most:
            break
        size += len(line) + 1
        rows.append(line.decode("utf-8", "surrogateescape"))
    return "\n".join(rows).removeprefix("\ufeff")
