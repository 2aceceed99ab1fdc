"""Bounces: what the texts in which receivers refuse a message say about its SPF.

Such a text is in a delivery report (RFC 3464), in the log line of the server that sent the message, or pasted. The
client that it names is the server that the receiver saw, and the sender is the one whose record it checked.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from spfengine.evaluation.headers.fields import as_address
from spfengine.evidence.hops import DOCUMENTS, is_internal, is_redacted
from spfengine.evidence.values import UnusableError, helo_of, make_sender, null_sender, result_of, sender_of
from spfengine.senders import Sender

KIND = "bounce"
MAX_TEXT = 1 << 16
"""Characters of a text that are looked at."""

# Any of these says that a text is about SPF. RFC 7372 §3.2 has the codes 7.23 and 7.24; 7.26 means that SPF and DKIM
# failed; Gmail writes 7.27 for SPF alone, Microsoft 7.515 for mail that does not authenticate.
_IS_ABOUT_SPF = re.compile(
    r"(?<![\w.])SPF(?![\w.])|Sender Policy Framework|\b[45]\.7\.(?:2[3467]|515)\b|\bspf\s*=|open-?spf\.", re.IGNORECASE
)
_CODE = re.compile(r"(?:\\[rn])+|(?<![\d.])[245]\d\d[ #-]*[245]\.\d{1,3}\.\d{1,3}(?=[\s:])|(?<=[\s])[45]\d\d-(?=\s)")
_REPLY = re.compile(r"(?<![\d.])[45]\d\d[ #-]+\S|\b[45]\.7\.\d{1,3}\b")
_SPACE = re.compile(r"\s+")
_ADDRESS = r"\[?(?:IPv6:)?([0-9A-Fa-f:.]{2,45})\]?(?=[\s,;)\]=\"'<>]|$)"
# Hosts that the text names as those that refused, whose address is not the client's.
_IN_BRACKETS = r"(?:\[[^\]\s]{2,60}\]|\([0-9A-Fa-f:.]{2,45}\))"
_RECEIVER = re.compile(
    rf"\b(?:host|server|to|with|by|MTA|Remote-MTA:? ?dns;) ?[\w.-]{{1,255}} ?{_IN_BRACKETS}"
    rf"|\brelay=\S{{1,300}}|\bH=\S{{1,300}}(?: {_IN_BRACKETS})?|\bConnected to \S{{2,60}}|\(\S{{2,60}}, the server"
    r"|\S{2,60} (?:failed after I sent|does not like recipient)",
    re.IGNORECASE,
)
_DOMAIN = r"<?([^\s\[\]<>()\"',;:]{1,320}?)>?"
_CLIENTS = [
    re.compile(rf"\bwith (?:the )?ip:? ?{_ADDRESS}", re.IGNORECASE),
    re.compile(rf"{_ADDRESS} (?:is|was) not (?:allowed|permitted|authori[sz]ed|designated|listed)", re.IGNORECASE),
    re.compile(rf"\b(?:(?:client|remote|source|sender|sending|your)[- ])?ip(?: address)?[:= ]{{1,3}}{_ADDRESS}",
               re.IGNORECASE),
    re.compile(rf"\bdesignates? {_ADDRESS}", re.IGNORECASE),
]  # fmt: skip
_SENDERS = [
    re.compile(r"\bSPF (?:check )?(?:for )?\[([^\]\s]{1,320})\]", re.IGNORECASE),
    re.compile(rf"\bMAIL FROM domain \[?{_DOMAIN}\]?(?=[\s'\"]|$)", re.IGNORECASE),
    re.compile(rf"\bsend(?:ing)? (?:e?-?mails?|messages?) (?:from|for|on behalf of) (?:domain )?{_DOMAIN}"
               r"(?=[\s.,;)'\"]|$)",
               re.IGNORECASE),
    re.compile(rf"\bsending domain \[?{_DOMAIN}\]?(?=[\s,;'\"]|$)", re.IGNORECASE),
    re.compile(rf"\bdomain of (?:transitioning )?{_DOMAIN}(?=[\s,;)'\"]|$)", re.IGNORECASE),
    re.compile(rf"\b(?:MAIL ?FROM|envelope-from|sender|domain)[:= ]{{1,3}}{_DOMAIN}(?=[\s,;)'\"]|$)", re.IGNORECASE),
]  # fmt: skip
_ANY_ADDRESS = re.compile(
    r"(?<![\w.:-])\[?((?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{1,4}(?:::?[0-9A-Fa-f]{0,4}){2,7})\]?(?![\w:-])"
)
_WHY = re.compile(r"https?://[^\s?\"<>]{0,200}\?([^\s\"<>)]{1,1000})", re.IGNORECASE)
_HARD = re.compile(r"hard ?fail policy", re.IGNORECASE)
_FAIL_CODE = re.compile(r"\b5\.7\.23\b")
_RESULT = re.compile(
    r"\bSPF\s*(?:check |result |status |validation )?(?:[:=(-]|is|returned)?\s*\"?"
    r"(pass|hardfail|fail|softfail|neutral|none|temperror|permerror)\b",
    re.IGNORECASE,
)
_PASSED = re.compile(r"with ip: ?\[[^\]]{1,60}\] ?= ?pass", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a text says in which a receiver refuses a message because of SPF; None for what it does not say.

    Attributes:
        ip: the address of the client that the receiver saw, in its usual form.
        sender: the sender, or its domain, as written.
        helo: the HELO name, if SPF was checked for that.
        reported: the SPF result.
    """

    ip: str | None
    sender: str | None
    helo: str | None
    reported: str | None


def bounce_in(text: str) -> Bounce | None:
    """Return what a text says about the SPF of a message that was refused; None if it says nothing about SPF.

    Args:
        text: a reply of a server, a delivery report, or a log line with such a reply (`status=bounced (host … said:
            …)`). The hosts that refused are left aside; so is everything after 65,536 characters.
    """
    text = text[:MAX_TEXT]
    if not _IS_ABOUT_SPF.search(text):
        return None
    plain = _SPACE.sub(" ", _CODE.sub(" ", text))
    reported = _reported(text, plain)
    why = _why(plain)
    if why is not None:
        return Bounce(why.ip, why.sender, why.helo, why.reported or reported)
    said = _RECEIVER.sub(" ", plain)
    return Bounce(_client(said), _sender(said), None, reported)


def is_refusal(text: str) -> bool:
    """Whether a text has the reply of a server that refuses a message because of SPF: a code, and words about SPF."""
    return _REPLY.search(text[:MAX_TEXT]) is not None and _IS_ABOUT_SPF.search(text[:MAX_TEXT]) is not None


def names_client(text: str) -> bool:
    """Whether a text names the client that a receiver saw."""
    bounce = bounce_in(text)
    return bounce is not None and bounce.ip is not None


def sender_of_bounce(text: str, mail_from: str | None = None, header_from: str | None = None) -> Sender | None:
    """Return the sender of the message that was refused; None if the text says nothing about SPF.

    Args:
        text: see `bounce_in`.
        mail_from: the sender as far as it is known elsewhere, such as from the log line with the same queue id.
        header_from: the domain of From, if it is known.

    Raises:
        UnusableError: the text does not name the client, or nobody names the sender.
    """
    bounce = bounce_in(text)
    if bounce is None:
        return None
    if bounce.ip is None:
        raise UnusableError(
            "the bounce does not say which address the receiver saw; look up your server's public address"
        )
    helo = helo_of(bounce.helo)
    address = _sender_address(bounce.sender, mail_from, helo)
    if is_redacted(bounce.ip, address.rpartition("@")[2], header_from):
        raise UnusableError(
            f"the bounce has an address for documentation ({DOCUMENTS}) in place of the real one", bounce.ip
        )
    return make_sender(bounce.ip, address, helo, reported=bounce.reported, header_from=header_from)


def _sender_address(named: str | None, known: str | None, helo: str | None) -> str:
    if named is None and known is None:
        if helo is None:
            raise UnusableError("the bounce does not say for which sender SPF was checked")
        return null_sender(helo)
    address = sender_of(named) if named is not None else sender_of(known or "")
    if address[0] == "@" and known is not None:
        try:
            full = sender_of(known)
        except UnusableError:
            return address
        return full if full.endswith(address) else address
    return address


def _client(text: str) -> str | None:
    """Return the client's address: where a text is known to have it, else the only one in the text."""
    for pattern in _CLIENTS:
        for match in pattern.finditer(text):
            ip = as_address(match[1].rstrip("."))
            if ip is not None and not is_internal(ip):
                return ip
    found = {ip for text in _ANY_ADDRESS.findall(text) if (ip := as_address(text)) is not None and not is_internal(ip)}
    return found.pop() if len(found) == 1 else None


def _sender(text: str) -> str | None:
    for pattern in _SENDERS:
        for match in pattern.finditer(text):
            named = match[1].strip(".'\"")
            try:
                domain = sender_of(named).rpartition("@")[2]
            except UnusableError:
                continue
            if "." in domain and as_address(domain) is None:
                return named
    return None


def _why(text: str) -> Bounce | None:
    """Return what is in the address of a page that explains the result, as policyd-spf and Exim give one."""
    for match in _WHY.finditer(text):
        query = match[1].replace("&amp;", "&").replace(";", "&")
        try:
            pairs = {key.lower(): value for key, value in parse_qsl(query, max_num_fields=20)}
        except ValueError:
            continue
        ip = as_address(pairs.get("ip", pairs.get("v", "")).strip("[]"))
        identity = pairs.get("id", pairs.get("identity", pairs.get("sender")))
        if ip is None or identity is None:
            continue
        if pairs.get("s", pairs.get("scope", "mfrom")).lower() == "helo":
            return Bounce(ip, None, identity.rpartition("@")[2], None)
        return Bounce(ip, identity, None, None)
    return None


def _reported(text: str, plain: str) -> str | None:
    """Return the result, if the text says it in a word of SPF, or in a code that means one (RFC 7372 §3.2)."""
    if _PASSED.search(plain):
        return "pass"
    match = _RESULT.search(plain)
    if match is not None:
        return result_of(match[1])
    return "fail" if _HARD.search(plain) or _FAIL_CODE.search(text) else None
