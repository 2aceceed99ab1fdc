"""Writing and reading the Received-SPF header field (RFC 7208 §9.1, eid5436)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spfengine.evaluation.headers.fields import (
    FieldReader,
    address_in,
    as_address,
    comment,
    cut,
    dot_atom_or_quoted,
    fold_lines,
    header_mailbox,
    header_text,
    header_value,
    in_words,
    problem_text,
)
from spfengine.evaluation.session import MAILFROM
from spfengine.names import octets
from spfengine.problems import Result
from spfengine.visible import short_repr

if TYPE_CHECKING:
    from spfengine.evaluation.check_result import CheckResult

FIELD = "Received-SPF"
_RESULTS = frozenset(Result)
_MAX_WHY = 300  # octets of a problem's text in a comment


def received_spf(result: "CheckResult", receiver: str | None, *, utf8: bool) -> str:
    r"""Return the Received-SPF header field of a result, with its name, folded with CRLF, but without CRLF at its end.

    `parse_received_spf` reads every value back as it is in the result, if it is printable US-ASCII (or with `utf8`
    printable UTF-8) of up to 300 octets. Otherwise it reads back what could be written: other octets as `\xNN`, and
    text that would need more than 600 octets cut, with "..." (a sender in its local part).

    Args:
        result: the result of a check.
        receiver: the name of the receiving host, or None to leave it out.
        utf8: whether to write characters outside US-ASCII as they are (RFC 6532) rather than escaped.
    """
    return fold_lines(_pieces(result, receiver, utf8=utf8))


def received_spf_line(result: "CheckResult", receiver: str | None = None) -> str:
    """Return what `received_spf` returns, unfolded (RFC 5322 §2.2.3)."""
    return " ".join(_pieces(result, receiver, utf8=False))


def _pieces(result: "CheckResult", receiver: str | None, *, utf8: bool) -> list[str]:
    """Return the parts of the field that have a space or a fold between them."""
    keys: list[tuple[str, str]] = []
    if receiver:
        keys.append(("receiver", header_value(octets(receiver), utf8=utf8)))
    identity = result.identity
    keys.append(("identity", identity))
    keys.append(("client-ip", result.ip))
    if identity == MAILFROM:
        keys.append(("envelope-from", header_mailbox(result.sender, utf8=utf8)))
    if result.helo:
        keys.append(("helo", header_value(result.helo, utf8=utf8)))
    keys.append(("mechanism", header_value(result.directive or "default", utf8=utf8)))
    problem = problem_text(result, utf8=utf8)
    if problem is not None and result.result in (Result.TEMPERROR, Result.PERMERROR):
        keys.append(("problem", problem))
    pairs = [f"{key}={dot_atom_or_quoted(value)};" for key, value in keys]
    pairs[-1] = pairs[-1][:-1]
    about = comment(received_comment(result, receiver, utf8=utf8))
    return [f"{FIELD}:", str(result.result), about, *pairs]


def received_comment(result: "CheckResult", receiver: str | None = None, *, utf8: bool = False) -> str:
    """Return the comment of the Received-SPF header field of a result, without parentheses; see `received_spf`."""
    words = in_words(result)
    if result.result is Result.NONE and result.problem is not None:
        words += f": {cut(header_text(result.problem.text, utf8=utf8), _MAX_WHY)}"
    return f"{header_value(octets(receiver), utf8=utf8)}: {words}" if receiver else words


@dataclass(frozen=True, slots=True, repr=False)
class ReceivedSPF:
    """A Received-SPF header field as it was read. Trust only one that your own receiver added.

    Attributes:
        result: the result.
        comment: the comment after the result, without its parentheses; or None.
        keys: the values by key, in lower case; of a key that occurs twice, the first value. RFC 7208 §9.1 has
            "client-ip", "envelope-from", "helo", "identity", "mechanism", "problem" and "receiver"; writers add their
            own.
    """

    result: Result
    comment: str | None
    keys: dict[str, str]

    def __repr__(self) -> str:
        return short_repr(self, ("result", "comment", "keys"))

    @property
    def client_ip(self) -> str | None:
        """The client's address: of the key "client-ip", else the one that the comment names; or None."""
        if "client-ip" in self.keys:
            return as_address(self.keys["client-ip"])
        return address_in(self.comment)


def parse_received_spf(text: str) -> ReceivedSPF:
    """Read a Received-SPF header field, with or without its name, folded or not.

    It is lenient with what others write: letter case, comments anywhere, values that should be quoted, and pairs
    without ";" between them.

    Raises:
        HeaderError: it is not such a field; the message gives the offset, and what was expected there.
    """
    reader = FieldReader(FIELD, text)
    reader.skip()
    at = reader.at
    word = reader.word("a result such as pass or softfail")
    if word.lower() not in _RESULTS:
        raise reader.error(f"expected one of {', '.join(Result)}", at)
    reader.comments.clear()
    reader.skip()
    comments = reader.take_comments()
    keys: dict[str, str] = {}
    while not reader.ended():
        if not reader.accept(";"):
            key = reader.word("a key such as client-ip").lower()
            reader.skip()
            reader.expect("=", f"after the key {key[:40]}")
            reader.skip()
            keys.setdefault(key, reader.value())
        reader.skip()
    return ReceivedSPF(Result(word.lower()), comments, keys)
