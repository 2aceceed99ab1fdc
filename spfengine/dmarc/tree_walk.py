"""DMARC policy records, and the DNS Tree Walk that finds them (RFC 9989 §4.10).

The walk goes from a domain up to its organisational domain, in at most eight questions. Of a policy record
(RFC 9989 §4.7) only what alignment and its consequence need is read.
"""

import re
from collections.abc import Generator
from dataclasses import dataclass, replace

from spfengine.answers import Answer, Question, RRType, Status
from spfengine.names import MAX_LABEL, MAX_NAME, fold
from spfengine.visible import short_repr, visible_name

_VERSION = re.compile(rb"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_MAX_OCTETS = 1 << 16  # no TXT record has more

MAX_QUESTIONS = 8
_PREFIX = "_dmarc."
_LOWER = {"none": "none", "quarantine": "none", "reject": "quarantine"}  # one level below
_is_address = re.compile(r"(?:.*,)?\s*[a-z][a-z0-9+.-]*:[^\s,]").match


@dataclass(frozen=True, slots=True)
class PolicyRecord:
    """A DMARC policy record.

    Attributes:
        domain: the domain that has the record, without `_dmarc`.
        psd: "y" if the record says that the domain is a public suffix, "n" if it says that the domain is an
            organisation's own, "u" if it does not say.
        strict: whether SPF must be aligned strictly (`aspf=s`).
        p, sp, np: the policies of these tags, "none", "quarantine" or "reject"; None without one. If a tag is not
            valid, or `p` is missing, all are None, which means "none".
        testing: whether the policy is only tested (`t=y`).
        applies: whether receivers apply DMARC by it: they don't if a tag of a policy is not valid, or `p` is missing,
            and there is no `rua` (RFC 9989 §4.10.1).
    """

    domain: str
    psd: str
    strict: bool
    p: str | None = None
    sp: str | None = None
    np: str | None = None
    testing: bool = False
    applies: bool = True

    def __repr__(self) -> str:
        return short_repr(self, ("domain", "p", "sp", "np", "strict", "testing"))

    def policy_for(self, author: str, *, exists: bool) -> "EffectivePolicy":
        """Return the policy for mail from a domain, by its own record or by one above it (RFC 9989 §4.10.1).

        Args:
            author: the domain of From.
            exists: whether that domain exists; only a record with `np` needs to know.
        """
        tags = [("p", self.p)]
        if author != self.domain:
            tags = [*([] if exists else [("np", self.np)]), ("sp", self.sp), *tags]
        tag, policy = next(((tag, policy) for tag, policy in tags if policy), ("p", "none"))
        return EffectivePolicy(policy, tag, self.testing, self.domain)


@dataclass(frozen=True, slots=True)
class EffectivePolicy:
    """What the owner of a domain asks receivers to do with mail that fails DMARC.

    Attributes:
        published: the policy of the record, "none", "quarantine" or "reject".
        tag: the tag that it is from: "p", "sp" or "np".
        testing: whether it is only tested (`t=y`).
        domain: the domain that has the record, without `_dmarc`.
    """

    published: str
    tag: str
    testing: bool
    domain: str

    def __repr__(self) -> str:
        return short_repr(self, ("published", "tag", "testing", "domain"))

    @property
    def applied(self) -> str:
        """The policy to be applied: one level lower while it is tested (RFC 9989 §4.7)."""
        return _LOWER[self.published] if self.testing else self.published

    def to_dict(self) -> dict[str, object]:
        """Return the policy as JSON-safe values."""
        return {
            "applied": self.applied,
            "published": self.published,
            "tag": self.tag,
            "testing": self.testing,
            "domain": visible_name(self.domain),
        }


def select_policy_record(domain: str, answer: Answer) -> PolicyRecord | None:
    """Return the policy record among the TXT records at `_dmarc` of a domain.

    Records that do not begin with `v=DMARC1` are discarded; if several are left, so are they (RFC 9989 §4.10).
    """
    records = [octets for octets in answer.records if _VERSION.match(octets) and len(octets) < _MAX_OCTETS]
    if len(records) != 1:
        return None
    tags = _tags(records[0])
    psd = tags.get("psd", "u")
    p, sp, np = [tags[name] if tags.get(name) in _LOWER else None for name in ("p", "sp", "np")]
    is_valid = p is not None and all(tags.get(name, "none") in _LOWER for name in ("sp", "np"))
    record = PolicyRecord(
        domain, psd if psd in ("y", "n") else "u", tags.get("aspf") == "s", testing=tags.get("t") == "y"
    )
    if is_valid:
        return replace(record, p=p, sp=sp, np=np)
    return replace(record, applies=_is_address(tags.get("rua", "")) is not None)


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
        policy = self.policy
        return policy is not None and policy.strict

    @property
    def policy(self) -> PolicyRecord | None:
        """The domain's own record, else that of its organisational domain, else that of the public suffix above
        (RFC 9989 §4.10.1); None without any.
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
