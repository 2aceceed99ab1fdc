"""Whether the domain that SPF passed for is aligned with the header field From (RFC 9989 §4.4.2).

DKIM is not looked at: it may be aligned if SPF is not. What a receiver then does depends on the domain owner's policy
and its own.
"""

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spfengine.answers import Answer, Question, RRType, Status
from spfengine.dmarc.tree_walk import EffectivePolicy, TreeWalk, walk
from spfengine.drivers import adrive, drive
from spfengine.errors import ArgumentError
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.session import MAILFROM
from spfengine.evaluation.unanswered import named_unknown
from spfengine.names import domain_fault, fold, octets, to_a_labels
from spfengine.problems import Result
from spfengine.visible import short_repr, visible, visible_name

if TYPE_CHECKING:
    from spfengine.answers import AsyncResolver, Resolver
    from spfengine.dmarc.suffixes import PublicSuffixes


@dataclass(frozen=True, slots=True, repr=False)
class Alignment:
    """Whether SPF is aligned with From.

    Attributes:
        header_from: the domain of the header field From.
        spf_domain: the domain for which SPF passed; None if it did not pass.
        strict: whether the two are the same (strict alignment).
        relaxed: whether their organisational domains are the same (relaxed alignment); None if DNS could not answer,
            so that it is not known.
        policy_strict: whether the policy of `header_from` asks for strict alignment (`aspf=s`); None if it was not
            looked up (with a list of suffixes, or if it makes no difference), or if DNS could not answer.
        organisational_domains: those of `spf_domain` and `header_from`, if they were looked up.
        why: the reason, in words.
        applies: whether DMARC applies to mail with this From: False if there is no policy record for it (RFC 9989
            §4.10.2, §5.3.2). None if that was not looked up, or if DNS could not answer.
        policy: what the owner of `header_from` asks receivers to do with mail that fails DMARC; only if SPF is not
            aligned, or if DNS had to be asked for alignment, and DMARC applies.
    """

    header_from: str
    spf_domain: str | None
    strict: bool
    relaxed: bool | None
    policy_strict: bool | None = None
    organisational_domains: tuple[str, str] | None = None
    why: str = ""
    applies: bool | None = None
    policy: EffectivePolicy | None = None

    def __repr__(self) -> str:
        return short_repr(self, ("header_from", "spf_domain", "strict", "relaxed", "policy_strict", "why"))

    @property
    def aligned(self) -> bool | None:
        """Whether SPF is aligned in the mode that the domain's policy asks for, by default relaxed.

        None if DNS could not answer, so that it is not known.
        """
        if self.strict or self.relaxed is False:
            return self.strict
        if self.policy_strict:
            return False
        return self.relaxed

    def to_dict(self) -> dict[str, object]:
        """Return the alignment as JSON-safe values."""
        domains = self.organisational_domains
        return {
            "aligned": self.aligned,
            "strict": self.strict,
            "relaxed": self.relaxed,
            "policy_strict": self.policy_strict,
            "header_from": visible_name(self.header_from),
            "spf_domain": None if self.spf_domain is None else visible_name(self.spf_domain),
            "organisational_domains": None if domains is None else [visible_name(domain) for domain in domains],
            "why": self.why,
            "applies": self.applies,
            "policy": None if self.policy is None else self.policy.to_dict(),
        }


def alignment(
    spf: CheckResult | str | None,
    header_from: str,
    *,
    resolver: "Resolver | None" = None,
    suffixes: "PublicSuffixes | None" = None,
) -> Alignment:
    """Return whether SPF is aligned with the header field From (RFC 9989 §4.4.2). No DKIM, no enforcement.

    Args:
        spf: the result of a check of the MAIL FROM identity; or the domain for which SPF passed, or None if it did
            not pass.
        header_from: the domain of the header field From, or an address of it.
        resolver: answers DNS questions; live DNS if not given.
        suffixes: a list of public suffixes, for organisational domains as in RFC 7489; without it they are found by
            the DNS Tree Walk of RFC 9989.

    Raises:
        ArgumentError: an argument has the wrong type, or `spf` is the result of a check of HELO.
        ResolverError: `resolver` does not follow the resolver protocol. What it raises itself is passed on.
    """
    return drive(aligning(spf, header_from, suffixes), resolver, None)


async def aalignment(
    spf: CheckResult | str | None,
    header_from: str,
    *,
    resolver: "Resolver | AsyncResolver | None" = None,
    suffixes: "PublicSuffixes | None" = None,
) -> Alignment:
    """Async version of `alignment`."""
    return await adrive(aligning(spf, header_from, suffixes), resolver, None)


def aligning(
    spf: CheckResult | str | None, header_from: str, suffixes: "PublicSuffixes | None" = None
) -> Generator[Question, Answer, Alignment]:
    """Return the alignment. Yields the Questions that need answers, if the two names alone do not decide."""
    author = _domain(header_from, "header_from")
    passed = _passed(spf)
    fault = domain_fault(author)
    if passed is not None and fold(passed) == fold(author) and fault is None:
        return Alignment(author, passed, True, True, why="the same domain")
    if fault is not None:
        why = "SPF did not pass" if passed is None else f"the domain of From can't be used: {fault}"
        return Alignment(author, passed, False, False, why=why)
    if suffixes is not None:
        return _by_suffixes(passed, author, suffixes)
    of_author = yield from walk(author)
    of_passed = (yield from walk(passed)) if passed is not None and _may_be_related(passed, author) else None
    compared = _compared(author, passed, of_author, of_passed)
    return (yield from _with_policy(compared, of_author))


def _may_be_related(passed: str, author: str) -> bool:
    """Whether two domains have something in common."""
    return fold(passed).rpartition(".")[2] == fold(author).rpartition(".")[2] and domain_fault(passed) is None


def _without_walk(author: str, passed: str | None) -> Alignment:
    """Return the alignment of two domains that can't be aligned, whatever is published."""
    why = "SPF did not pass" if passed is None else "the domains have nothing in common"
    return Alignment(author, passed, False, False, why=why)


def _by_suffixes(passed: str | None, author: str, suffixes: "PublicSuffixes") -> Alignment:
    """Return the alignment by a list of public suffixes; policies are not looked up."""
    if passed is None or not _may_be_related(passed, author):
        return _without_walk(author, passed)
    own = suffixes.organisational_domain(passed), suffixes.organisational_domain(author)
    return Alignment(author, passed, False, own[0] == own[1], None, own, _relation(own, "the list of public suffixes"))


def _compared(author: str, passed: str | None, of_author: TreeWalk, of_passed: TreeWalk | None) -> Alignment:
    if passed is None or of_passed is None:
        return _without_walk(author, passed)
    walked = of_passed if of_author.failed is None else of_author
    first, second = of_passed.organisational_domain, of_author.organisational_domain
    if first is None or second is None:
        assert walked.failed is not None, "an organisational domain is unknown only if a question was not answered"
        why = named_unknown({walked.failed: Answer.failed(walked.status or Status.SERVFAIL)})
        return Alignment(author, passed, False, None, of_author.strict, None, why)
    own = first, second
    return Alignment(author, passed, False, first == second, of_author.strict, own, _relation(own, "DNS"))


def _with_policy(alignment: Alignment, of_author: TreeWalk) -> Generator[Question, Answer, Alignment]:
    """Return an alignment with what DMARC asks for if it is missing (RFC 9989 §4.10.1, §5.3.2)."""
    record = of_author.policy
    author = fold(alignment.header_from)
    if of_author.failed is not None and (record is None or record.domain != author):
        return alignment
    if record is None or not record.applies:
        name = visible_name(alignment.header_from)
        what = "there is no DMARC record for it" if record is None else "its DMARC record has no valid policy"
        return replace(alignment, why=f"DMARC does not apply to mail from {name}: {what}", applies=False)
    exists = True
    if record.np not in (None, record.sp or record.p) and record.domain != author:
        question = Question(author, RRType.TXT)
        answer = yield question
        if answer.is_failure:
            return replace(alignment, applies=True)
        exists = answer.status is not Status.NXDOMAIN
    return replace(alignment, applies=True, policy=record.policy_for(author, exists=exists))


def _relation(own: tuple[str, str], source: str) -> str:
    """Return whether two organisational domains are the same, in words."""
    names = [visible_name(name) for name in own]
    if own[0] == own[1]:
        return f"both belong to {names[0]}, by {source}"
    return f"{names[0]} and {names[1]} are two organisations, by {source}"


def _domain(text: object, what: str) -> str:
    """Return the domain of an address, or the domain given, as a Session has it."""
    if not isinstance(text, str):
        raise ArgumentError(f"{what} must be text, not {type(text).__name__}")
    domain = text.strip(" <>").rpartition("@")[2]
    name = domain if domain.isascii() else to_a_labels(domain) or octets(domain)
    return name.removesuffix(".")


def _passed(spf: object) -> str | None:
    """Return the domain for which SPF passed."""
    if spf is None or isinstance(spf, str):
        return None if spf is None else _domain(spf, "spf")
    if not isinstance(spf, CheckResult):
        raise ArgumentError(f"spf must be a CheckResult, a domain, or None, not {visible(type(spf).__name__, 40)}")
    if spf.identity != MAILFROM:
        raise ArgumentError("DMARC uses only the MAIL FROM identity, and this is the result of a check of HELO")
    return spf.domain if spf.result is Result.PASS else None
