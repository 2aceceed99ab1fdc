"""DMARC policy records (RFC 9989 §4.7), as far as alignment needs them."""

import re
from typing import NamedTuple

from spfengine.answers import Answer

_VERSION = re.compile(rb"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_MAX_OCTETS = 1 << 16  # no TXT record has more


class PolicyRecord(NamedTuple):
    """A DMARC policy record.

    Attributes:
        domain: whose record it is, without `_dmarc`.
        psd: "y" where the domain says that it is a public suffix, "n" where it says that it is an organisation's own,
            "u" where it does not say.
        strict: whether SPF has to be aligned strictly (`aspf=s`).
    """

    domain: str
    psd: str
    strict: bool


def select_policy_record(domain: str, answer: Answer) -> PolicyRecord | None:
    """Return the policy record among the TXT records at `_dmarc` of a domain.

    Records that do not begin with `v=DMARC1` are discarded; so are all, where several are left (RFC 9989 §4.10).
    """
    found = [octets for octets in answer.records if _VERSION.match(octets) and len(octets) < _MAX_OCTETS]
    if len(found) != 1:
        return None
    tags = _tags(found[0])
    psd = tags.get("psd", "u")
    return PolicyRecord(domain, psd if psd in ("y", "n") else "u", tags.get("aspf") == "s")


def _tags(octets: bytes) -> dict[str, str]:
    """Return the tags with their values, both in lower case; what is no tag is ignored, and of equal ones the first
    counts.
    """
    tags: dict[str, str] = {}
    for part in octets.decode("latin-1").split(";"):
        name, equals, value = part.partition("=")
        if equals:
            tags.setdefault(name.strip(" \t").lower(), value.strip(" \t").lower())
    return tags
