"""DMARC policy records, and the DNS Tree Walk that finds them (RFC 9989 §4.10).

The walk goes from a domain up to its organisational domain, in at most eight questions. Of a policy record
(RFC 9989 §4.7) only what alignment needs is read.
"""

import re
from collections.abc import Generator
from dataclasses import dataclass

from spfengine.answers import Answer, Question, RRType, Status
from spfengine.names import MAX_LABEL, MAX_NAME, fold
from spfengine.visible import short_repr

_VERSION = re.compile(rb"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_MAX_OCTETS = 1 << 16  # no TXT record has more

MAX_QUESTIONS = 8
_PREFIX = "_dmarc."


@dataclass(frozen=True, slots=True)
class PolicyRecord:
    """A DMARC policy record.

    Attributes:
        domain: the domain that has the record, without `_dmarc`.
        psd: "y" if the record says that the domain is a public suffix, "n" if it says that the domain is an
            organisation's own, "u" if it does not say.
        strict: whether SPF must be aligned strictly (`aspf=s`).
    """

    domain: str
    psd: str
    strict: bool


def select_policy_record(domain: str, answer: Answer) -> PolicyRecord | None:
    """Return the policy record among the TXT records at `_dmarc` of a domain.

    Records that do not begin with `v=DMARC1` are discarded; if several are left, so are they (RFC 9989 §4.10).
    """
    records = [octets for octets in answer.records if _VERSION.match(octets) and len(octets) < _MAX_OCTETS]
    if len(records) != 1:
        return None
    tags = _tags(records[0])
    psd = tags.get("psd", "u")
    return PolicyRecord(domain, psd if psd in ("y", "n") else "u", tags.get("aspf") == "s")


def _tags(octets: bytes) -> dict[str, str]:
    """Return the tags with their values, both in lower case. Other text is ignored; of equal tags the first counts."""
    tags: dict[str, str] = {}
    for part in octets.decode("latin-1").split(";"):
        name, equals, value = part.partition("=")
        if equals:
            tags.setdefault(name.strip(" \t").lower(), value.strip(" \t").lower())
    return tags


@dataclass(frozen=True, slots=True, repr=False)
class TreeWalk:
    """The result of a walk.

    Attributes:
        domain: where it started.
        organisational_domain: the domain of the organisation; None if a question was not answered.
        records: the policy records found, from the longest name to the shortest.
        failed: the question that was not answered, or None.
        status: how it failed, or None.
    """

    domain: str
    organisational_domain: str | None
    records: tuple[PolicyRecord, ...]
    failed: Question | None
    status: Status | None = None

    @property
    def strict(self) -> bool | None:
        """Whether the domain's policy asks for strict alignment of SPF; None if that is not known."""
        if self.failed is not None and not (self.records and self.records[0].domain == self.domain):
            return None
        policy = self._policy()
        return policy is not None and policy.strict

    def _policy(self) -> PolicyRecord | None:
        """Return the domain's own record, else that of its organisational domain, else that of the public suffix above
        (RFC 9989 §4.10.1).
        """
        by_domain = {record.domain: record for record in self.records}
        for name in (self.domain, self.organisational_domain):
            if name in by_domain:
                return by_domain[name]
        return self.records[-1] if self.records and self.records[-1].psd == "y" else None

    def __repr__(self) -> str:
        return short_repr(self, ("domain", "organisational_domain", "records", "failed"))


def walk(domain: str) -> Generator[Question, Answer, TreeWalk]:
    """Walk from a domain up to the top-level domain, or to a record that says whose domain it is.

    Args:
        domain: a domain name, as a Session has it.
    """
    domain = fold(domain)
    records: list[PolicyRecord] = []
    for name in _targets(domain):
        if len(name) + len(_PREFIX) > MAX_NAME or not all(0 < len(label) <= MAX_LABEL for label in name.split(".")):
            continue  # such a name can't exist
        question = Question(_PREFIX + name, RRType.TXT)
        answer = yield question
        if answer.is_failure:
            return TreeWalk(domain, None, tuple(records), question, answer.status)
        record = select_policy_record(name, answer)
        if record is not None:
            records.append(record)
            if record.psd != "u":
                break
    return TreeWalk(domain, _organisational_domain(domain, records), tuple(records), None)


def _targets(domain: str) -> list[str]:
    """Return the names to ask for; if there are more than eight, those after the domain itself are left out."""
    labels = domain.split(".")
    above = labels[1:][1 - MAX_QUESTIONS :]
    return [domain, *[".".join(above[start:]) for start in range(len(above))]]


def _organisational_domain(domain: str, records: list[PolicyRecord]) -> str:
    """Select the organisational domain (RFC 9989 §4.10.2)."""
    for record in records:
        if record.psd == "n":
            return record.domain
        if record.psd == "y":  # one label below; a public suffix that sends mail itself is its own organisation
            labels = domain.split(".")
            return ".".join(labels[-len(record.domain.split(".")) - 1 :])
    return records[-1].domain if records else domain
