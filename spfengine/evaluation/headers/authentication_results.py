"""Writing the Authentication-Results header field (RFC 8601) for SPF, and reading it for every method."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spfengine.errors import ArgumentError
from spfengine.evaluation.headers.fields import (
    MAX_DOMAIN,
    FieldReader,
    address_in,
    as_address,
    comment,
    fold_lines,
    header_mailbox,
    header_value,
    in_words,
    is_token,
    problem_text,
    pvalue,
    quoted_string,
)
from spfengine.evaluation.session import HELO
from spfengine.visible import short_repr, visible

if TYPE_CHECKING:
    from spfengine.evaluation.check_result import CheckResult

FIELD = "Authentication-Results"
_is_keyword = re.compile(r"[A-Za-z0-9_-]+").fullmatch
_version = re.compile(r"[0-9]{1,9}").fullmatch


def authentication_results(result: "CheckResult", authserv_id: str, *, utf8: bool) -> str:
    r"""Return the Authentication-Results header field of a result, with its name, folded with CRLF, but without CRLF at
    its end (RFC 8601 §2.2).

    The identity is in `smtp.mailfrom` or `smtp.helo` (RFC 8601 §2.7.2), the reason for an error in `reason`, and the
    client's address in the comment. `parse_authentication_results` reads these back as they are in the result, if they
    are printable US-ASCII (or with `utf8` printable UTF-8) of up to 300 octets. Otherwise it reads back what could be
    written: other octets as `\xNN`, and text that would need more than 600 octets cut, with "...".

    Args:
        result: the result of a check.
        authserv_id: the name under which the receiver gives its results, such as its host name.
        utf8: whether to write characters outside US-ASCII as they are (RFC 6532) rather than escaped.

    Raises:
        ArgumentError: `authserv_id` is not a token (RFC 2045 §5.1), is longer than 255 octets, or is not US-ASCII.
    """
    pieces = [f"{FIELD}:", f"{_authserv_id(authserv_id, utf8)};", f"spf={result.result}", comment(in_words(result))]
    reason = problem_text(result, utf8=utf8)
    if reason is not None:
        pieces.append(f"reason={quoted_string(reason)}")
    if result.identity == HELO:
        pieces.append(f"smtp.helo={pvalue(header_value(result.helo, utf8=utf8))}")
    else:
        pieces.append(f"smtp.mailfrom={pvalue(header_mailbox(result.sender, utf8=utf8))}")
    return fold_lines(pieces)


def _authserv_id(given: object, utf8: bool) -> str:
    text = given if isinstance(given, str) else ""
    is_allowed = is_token(text) and text.isprintable() and (utf8 or text.isascii())
    if is_allowed and len(text.encode()) <= MAX_DOMAIN:
        return text
    hint = "" if utf8 or text.isascii() else " (its A-label form, or utf8=True)"
    raise ArgumentError(
        f"authserv_id must be a name like mx.example.net{hint}, of letters, digits and {'!#$%&*+-.^_`{|}~'!r}, "
        f"at most {MAX_DOMAIN} octets; it is {visible(str(given), 60)!r}"
    )


@dataclass(frozen=True, slots=True, repr=False)
class MethodResult:
    """The result of one method (RFC 8601 §2.2, resinfo).

    Attributes:
        method: "spf", "dkim", "dmarc" or another, in lower case.
        result: its result, in lower case; for spf one of `Result`, if the writer keeps the standard.
        reason: the text of `reason=`, or None.
        comment: the comments of this part, without their parentheses, joined by spaces; or None.
        properties: (name, value) in their order, the names in lower case, such as ("smtp.mailfrom", "example.com").
    """

    method: str
    result: str
    reason: str | None
    comment: str | None
    properties: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        return short_repr(self, ("method", "result", "properties"))

    def get(self, name: str) -> str | None:
        """Return the first value of a property, or None if it is absent."""
        return next((value for key, value in self.properties if key == name), None)

    @property
    def client_ip(self) -> str | None:
        """The client's address: that of a property for it, else the one that comment or reason names; or None."""
        for name in ("smtp.remote-ip", "policy.iprev", "client-ip"):
            value = self.get(name)
            if value is not None:
                return as_address(value)
        return address_in(self.reason if self.comment is None else self.comment)


@dataclass(frozen=True, slots=True, repr=False)
class AuthenticationResults:
    """An Authentication-Results header field as it was read. Trust only one that your own receiver added.

    Attributes:
        authserv_id: the name under which the results are given; None if the writer gives none, as Microsoft does.
        version: the version of the field's syntax; 1 if it is not given.
        results: the results of the methods, in order; empty for "none".
    """

    authserv_id: str | None
    version: int
    results: tuple[MethodResult, ...]

    def __repr__(self) -> str:
        return short_repr(self, ("authserv_id", "results"))

    @property
    def spf(self) -> tuple[MethodResult, ...]:
        """The results of method "spf"."""
        return tuple([result for result in self.results if result.method == "spf"])


def parse_authentication_results(text: str) -> AuthenticationResults:
    """Read an Authentication-Results header field, with or without its name, folded or not.

    It is lenient with what others write: an absent authserv-id, or one that comes late or more than once, values that
    should be quoted, properties without a type, a recipient ("for b@example.net"), and parts that are empty.

    Raises:
        HeaderError: it is not such a field; the message gives the offset, and what was expected there.
    """
    reader = FieldReader(FIELD, text)
    authserv_id: str | None = None
    version = 1
    results: list[MethodResult] = []
    said_none = False
    reader.skip()
    while _begin_part(reader):
        start = reader.at
        name = reader.lead()
        reader.skip()
        if _is_method(reader, name):
            results.append(_method_result(reader, name.lower()))
        elif authserv_id is None and name:
            authserv_id = name
            version = _version_of(reader)
        elif authserv_id is not None and name.lower() == "none":
            said_none = True
        else:
            _pass_recipient(reader, name, authserv_id if results else None, start)
        _end_part(reader)
    if not (results or said_none):
        raise reader.error("expected a method and its result, such as spf=pass, or none")
    return AuthenticationResults(authserv_id, version, tuple(results))


def _is_method(reader: FieldReader, name: str) -> bool:
    """Whether a name that was just read is a method, so that its result comes next."""
    return bool(_is_keyword(name) and reader.at_any("=/"))


def _pass_recipient(reader: FieldReader, name: str, recipient: str | None, start: int) -> None:
    """Pass the recipient's domain, which Microsoft's older form repeats. Raises HeaderError if it is not that."""
    if not name or name != recipient:
        raise reader.error("expected a method and its result, such as spf=pass", start)


def _begin_part(reader: FieldReader) -> bool:
    """Pass empty parts, and return whether there is another part."""
    while reader.accept(";"):
        reader.comments.clear()
        reader.skip()
    return not reader.ended()


def _version_of(reader: FieldReader) -> int:
    """Read the version that may follow the authserv-id."""
    given = reader.bare()
    if given and not _version(given):
        raise reader.error("expected ';' or a version after the authserv-id", reader.at - len(given))
    return int(given or 1)


def _end_part(reader: FieldReader) -> None:
    reader.skip()
    if not (reader.ended() or reader.at_any(";")):
        raise reader.error("expected ';'")


def _method_result(reader: FieldReader, method: str) -> MethodResult:
    """Read what follows the name of a method."""
    if reader.accept("/"):
        reader.skip()
        reader.word("the version of the method")
        reader.skip()
    reader.expect("=", f"after the method {method[:40]}")
    reader.skip()
    result = reader.bare()
    if not result:
        raise reader.error("expected a result such as pass")
    if _is_keyword(result):
        result = result.lower()
    reason: str | None = None
    properties: list[tuple[str, str]] = []
    reader.skip()
    while not reader.ended() and not reader.at_any(";"):
        found = _property(reader, after_another=bool(properties))
        if found is not None and found[0] == "reason" and reason is None:
            reason = found[1]
        elif found is not None:
            properties.append(found)
        reader.skip()
    return MethodResult(method, result, reason, reader.take_comments(), tuple(properties))


def _property(reader: FieldReader, *, after_another: bool) -> tuple[str, str] | None:
    """Read a property: return its name and value, or None for a recipient ("for b@example.net") after another one."""
    name = reader.word("a property such as smtp.mailfrom").lower()
    reader.skip()
    if name == "for" and after_another and not reader.at_any(".="):
        reader.bare()
        return None
    if reader.accept("."):
        reader.skip()
        name += "." + reader.word("the name of a property").lower()
        reader.skip()
    elif name.endswith("."):
        name += reader.word("the name of a property").lower()
        reader.skip()
    reader.expect("=", f"after the property {name[:40]}")
    reader.skip()
    return name, reader.value()
