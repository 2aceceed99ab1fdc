"""The record of a DMARC aggregate report as a sender: which domain SPF was checked for, and how DMARC went.

What SPF does not need costs only itself if it can't be used: the domain of From, a HELO name, an `envelope_from` next
to a domain that SPF was checked for.
"""

from functools import lru_cache
from typing import NamedTuple

from spfengine.evidence.values import UnusableError, domain_of, helo_of, null_sender, result_of, sender_of
from spfengine.names import fold
from spfengine.senders import FORWARDING

Lost = tuple[str, str | None]
"""A field that can't be used: the reason, and its text."""
SPFResult = tuple[str, str, str]
"""An element spf of auth_results: domain, scope, result."""
DKIMResult = tuple[str, str]
"""An element dkim of auth_results: domain, result."""


class Facts(NamedTuple):
    """What a record says about its messages, apart from the address and the count: as in `Sender`.

    Attributes:
        lost: the fields that can't be used.
    """

    sender: str
    helo: str | None
    reported: str | None
    header_from: str | None
    dmarc_spf: str | None
    dmarc_dkim: str | None
    override: str | None
    lost: tuple[Lost, ...]


@lru_cache(4096)
def facts_of(
    envelope_from: str | None,
    header_from: str | None,
    spf: tuple[SPFResult, ...],
    dkim: tuple[DKIMResult, ...],
    evaluated_spf: str | None,
    evaluated_dkim: str | None,
    override: str | None,
) -> Facts:
    """Return what the elements of a record say. The same few combinations fill most reports, so they are kept.

    Args:
        envelope_from, header_from: of identifiers; None if there is no such element.
        spf, dkim: of auth_results.
        evaluated_spf, evaluated_dkim: of policy_evaluated; None if there is no such element.
        override: the type of a reason in policy_evaluated, or None.

    Raises:
        UnusableError: there is no domain that SPF was checked for.
    """
    lost: list[Lost] = []
    author = _domain(header_from, "header_from", lost)
    sender, helo, reported = _identity(envelope_from, spf, lost)
    word = (override or "").strip().lower()
    return Facts(
        sender,
        helo,
        reported,
        author,
        evaluated(evaluated_spf, [(domain, result) for domain, scope, result in spf if scope != "helo"], author),
        evaluated(evaluated_dkim, list(dkim), author),
        word if word in FORWARDING else None,
        tuple(lost),
    )


def _domain(text: str | None, name: str, lost: list[Lost]) -> str | None:
    """Return a domain that is not needed; None if there is none, or if it can't be used."""
    try:
        return domain_of(text) if text else None
    except UnusableError as error:
        lost.append((f"{name} is left out: {error.reason}", error.example))
        return None


def evaluated(word: str | None, results: list[tuple[str, str]], author: str | None) -> str | None:
    """Return whether SPF or DKIM was aligned with From, "pass" or "fail"; None if the report does not say it for sure.

    Args:
        word: of policy_evaluated. A "pass" that none of the results in auth_results has is not believed.
        results: (domain, result) of auth_results, from which it follows if policy_evaluated is missing.
        author: the domain of From.
    """
    passed = [fold(domain.removesuffix(".")) for domain, result in results if result.strip().lower() == "pass"]
    word = (word or "").strip().lower()
    if word == "fail" or (not word and not passed):
        return "fail" if word or results else None
    if word == "pass":
        return "pass" if passed or not results else None
    return "pass" if author is not None and author in passed else None


def _identity(
    envelope_from: str | None, spf: tuple[SPFResult, ...], lost: list[Lost]
) -> tuple[str, str | None, str | None]:
    """Return the sender, its HELO name if known, and the result that the report has for this sender.

    If the envelope's sender is given but empty, a result without scope is about HELO.
    """
    is_null = envelope_from is not None and envelope_from in ("", "<>")
    helo_scopes = ("helo", "") if is_null else ("helo",)
    helo, of_helo = _helo([result for result in spf if result[0] and result[1] in helo_scopes], lost)
    of_sender = _usable([result for result in spf if result[0] and result[1] not in helo_scopes], lost)
    envelope = None if envelope_from is None or is_null else _envelope(envelope_from, lost)
    if envelope is not None:
        return _of_envelope(envelope, helo, of_sender)
    if of_sender:
        return of_sender[0][0], helo, of_sender[0][1]
    if helo is None:
        raise UnusableError(*(lost[-1] if lost else ("it names no domain that SPF was checked for", None)))
    return null_sender(helo), helo, of_helo


def _helo(results: list[SPFResult], lost: list[Lost]) -> tuple[str | None, str | None]:
    """Return the first HELO name that can be used, and its result."""
    for domain, _, result in results:
        try:
            return helo_of(domain), result_of(result)
        except UnusableError as error:
            lost.append((f"a HELO name is left out: {error.reason}", error.example))
    return None, None


def _usable(results: list[SPFResult], lost: list[Lost]) -> list[tuple[str, str | None]]:
    """Return (sender, result) for the domains of MAIL FROM that can be used."""
    usable = []
    for domain, _, result in results:
        try:
            usable.append((sender_of(domain), result_of(result)))
        except UnusableError as error:
            lost.append((error.reason, error.example))
    return usable


def _envelope(text: str, lost: list[Lost]) -> str | None:
    try:
        return sender_of(text)
    except UnusableError as error:
        lost.append((f"envelope_from is left out: {error.reason}", error.example))
        return None


def _of_envelope(
    envelope: str, helo: str | None, results: list[tuple[str, str | None]]
) -> tuple[str, str | None, str | None]:
    """Return the envelope's sender with the result for its domain; the first result's domain if none is for it."""
    for sender, result in results:
        if sender.rpartition("@")[2] == envelope.rpartition("@")[2]:
            return envelope, helo, result
    if results:
        return results[0][0], helo, results[0][1]
    return envelope, helo, None
