"""The DNS Tree Walk (RFC 9989 §4.10): from a domain up to its organisational domain, in at most eight questions."""

import re
from collections.abc import Generator
from typing import NamedTuple

from spfengine.answers import Answer, Question, RRType
from spfengine.names import MAX_LABEL, MAX_NAME, fold

# DMARC policy records (RFC 9989 §4.7), as far as alignment needs them.

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


MAX_QUESTIONS = 8
_PREFIX = "_dmarc."


class TreeWalk(NamedTuple):
    """What a walk came to.

    Attributes:
        domain: where it started.
        organisational_domain: the domain of the organisation; None where DNS could not answer.
        records: the policy records found, from the longest name to the shortest.
        failed: the question that DNS could not answer, or None.
    """

    domain: str
    organisational_domain: str | None
    records: tuple[PolicyRecord, ...]
    failed: Question | None

    @property
    def strict(self) -> bool | None:
        """Whether the domain's policy asks for strict alignment of SPF; None where that is not known.

        Its policy is its own record, else that of its organisational domain, else that of the public suffix above
        (RFC 9989 §4.10.1).
        """
        if self.failed is not None and not (self.records and self.records[0].domain == self.domain):
            return None
        wanted = (self.domain, self.organisational_domain)
        by_domain = {record.domain: record for record in self.records}
        found = next((by_domain[name] for name in wanted if name in by_domain), None)
        if found is None and self.records and self.records[-1].psd == "y":
            found = self.records[-1]
        return found is not None and found.strict


def walk(domain: str) -> Generator[Question, Answer, TreeWalk]:
    """Walk from a domain to the top-level domain, or to where a record says whose domain it is.

    Args:
        domain: a domain name, as a Session has it.
    """
    domain = fold(domain)
    records: list[PolicyRecord] = []
    for name in _targets(domain):
        if len(name) + len(_PREFIX) > MAX_NAME or not all(0 < len(label) <= MAX_LABEL for label in name.split(".")):
            continue  # there can't be such a record
        question = Question(_PREFIX + name, RRType.TXT)
        answer = yield question
        if answer.is_failure:
            return TreeWalk(domain, None, tuple(records), question)
        record = select_policy_record(name, answer)
        if record is not None:
            records.append(record)
            if record.psd != "u":
                break
    return TreeWalk(domain, _organisational_domain(domain, records), tuple(records), None)


def _targets(domain: str) -> list[str]:
    """Return the names whose records are looked for; of one with eight labels or more, those between are left out."""
    labels = domain.split(".")
    above = labels[1:][1 - MAX_QUESTIONS :]
    return [domain, *[".".join(above[place:]) for place in range(len(above))]]


def _organisational_domain(domain: str, records: list[PolicyRecord]) -> str:
    """Select the organisational domain (RFC 9989 §4.10.2)."""
    for record in records:
        if record.psd == "n":
            return record.domain
        if record.psd == "y":  # one label below it; a public suffix that sends mail itself is its own organisation
            labels = domain.split(".")
            return ".".join(labels[-len(record.domain.split(".")) - 1 :])
    return records[-1].domain if records else domain
