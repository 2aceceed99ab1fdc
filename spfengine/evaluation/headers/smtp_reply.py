"""The SMTP reply of a receiver that refuses a message (RFC 7208 §8.4, §8.6, §8.7; RFC 7372 §3.2)."""

from typing import TYPE_CHECKING, NamedTuple

from spfengine.evaluation.headers.fields import header_domain, header_text
from spfengine.evaluation.session import HELO
from spfengine.problems import Result
from spfengine.visible import short_repr

if TYPE_CHECKING:
    from spfengine.evaluation.check_result import CheckResult

_MAX_LINE = 512  # RFC 5321 §4.5.3.1.5: octets of a reply line, its codes and CRLF included
_MAX_TEXT = _MAX_LINE - len("550 5.7.23 \r\n")
_MAX_DOMAIN = 120  # two of them and an explanation fit into one line


class SMTPReply(NamedTuple):
    """An SMTP reply of one line: `f"{code} {enhanced} {text}"` and CRLF are at most 512 octets.

    Attributes:
        code: the reply code.
        enhanced: the enhanced status code (RFC 7372 §3.2).
        text: one line of printable US-ASCII.
    """

    code: int
    enhanced: str
    text: str

    def __repr__(self) -> str:
        return short_repr(self, self._fields)


def smtp_reply(result: "CheckResult") -> SMTPReply | None:
    """Return the reply that refuses a client for this result, or None if the result is no reason to refuse.

    The explanation of a domain is marked as such, because it is untrusted text (RFC 7208 §8.4, §11.5).
    """
    identity = "HELO" if result.identity == HELO else "MAIL FROM"
    domain = header_domain(result.domain, _MAX_DOMAIN)
    match result.result:
        case Result.FAIL:
            text = f"SPF {identity} check failed: {domain} does not permit {result.ip} to send for it."
            if result.explanation is not None:
                explains = header_domain(result.record_domain or result.domain, _MAX_DOMAIN)
                text += f" The domain {explains} explains: {result.explanation}"
            return SMTPReply(550, "5.7.23", _one_line(text))
        case Result.TEMPERROR:
            text = f"SPF {identity} check of {domain} could not be completed, try again later"
            return SMTPReply(451, "4.7.24", _one_line(text + _because(result)))
        case Result.PERMERROR:
            text = f"SPF {identity} check of {domain} failed, its policy can not be interpreted"
            return SMTPReply(550, "5.7.24", _one_line(text + _because(result)))
        case _:
            return None


def _because(result: "CheckResult") -> str:
    return "" if result.problem is None else f": {result.problem.text}"


def _one_line(text: str) -> str:
    text = header_text(text)
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 3] + "..."
