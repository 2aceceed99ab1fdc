"""The DNS Tree Walk (RFC 9989 §4.10): from a domain up to its organisational domain, in at most eight questions."""

from collections.abc import Generator
from typing import NamedTuple

from spfengine.answers import Answer, Question, RRType
from spfengine.dmarc.policy_record import PolicyRecord, select_policy_record
from spfengine.names import MAX_LABEL, MAX_NAME, fold

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
