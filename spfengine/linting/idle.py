"""Includes that do nothing: of services that use no MAIL FROM of the domain, and those that no message came through."""

from collections import Counter
from collections.abc import Generator, Iterable
from dataclasses import replace

from spfengine.answers import Answer, Question
from spfengine.catalogue.catalogue import Catalogue
from spfengine.catalogue.provider import Provider
from spfengine.dmarc.suffixes import registrable_domain
from spfengine.evaluation.limits import lifted
from spfengine.linting.codes import LintCode, Severity
from spfengine.linting.finding import Finding, ReachedRecord
from spfengine.linting.walk import Walk
from spfengine.names import fold
from spfengine.policy.outcome import Outcome
from spfengine.policy.policy import Policy, compiling
from spfengine.problems import Result
from spfengine.record.model import Include
from spfengine.senders import Sender, domain_of
from spfengine.visible import visible, visible_name
from spfengine.wording import counted

FEW = 10
"""Messages that pass. Fewer say nothing about who else sends."""
ENOUGH = 100
"""Messages that pass. In 5 % of the cases, none of this many is of a service that sends 3 % of the mail."""
_MOST_TERMS = 60  # of the records together; what decides for senders is not found out beyond


def idle_includes(
    walk: Walk, senders: tuple[Sender, ...], catalogue: Catalogue | None
) -> Generator[Question, Answer, list[Finding]]:
    """Return the includes of a domain that do nothing.

    Args:
        senders: who sends, as far as that is known.
        catalogue: the known services; those that come with the package by default.
    """
    own = [reached for reached in walk.records if reached.own and reached.record is not None]
    includes = [(reached, term) for reached in own for term in _includes(reached)]
    if not includes:
        return []
    used: Counter[tuple[str, str]] = Counter()
    messages = 0
    if senders and _terms_in(walk) <= _MOST_TERMS:
        policy = yield from compiling(walk.inputs.with_limits(lifted(walk.inputs.limits)))
        used, messages = messages_by_term(policy, senders)
    catalogue = catalogue or Catalogue.load()
    findings = []
    for reached, term in includes:
        if (fold(reached.domain or ""), term.text) in used:
            continue
        provider = idle_service(walk.inputs.domain, term, catalogue)
        if provider is not None and not _may_send(reached):
            findings.append(_of_service(reached, term, provider))
        elif used and not reached.path and messages >= FEW:
            findings.append(_of_senders(reached, term, messages))
    return findings


def _terms_in(walk: Walk) -> int:
    """Return how many terms the records have."""
    return sum(len(reached.record.terms) for reached in walk.records if reached.record is not None)


def _may_send(reached: ReachedRecord) -> bool:
    """Whether an included record is of a subdomain that a service may send with, such as news.a.example."""
    domain = reached.domain or ""
    registered = registrable_domain(domain)
    is_below = fold(domain) != registered if registered is not None else domain.count(".") > 1
    return bool(reached.path) and is_below and "_" not in domain


def _includes(reached: ReachedRecord) -> list[Include]:
    return [each.term for each in reached.terms if isinstance(each.term, Include) and each.unused is None]


def idle_service(domain: str, term: Include, catalogue: Catalogue) -> Provider | None:
    """Return the service of an include, if it sends with no MAIL FROM of a domain that people have addresses in.

    None for a subdomain: it may be the one that the service sends with.
    """
    provider = catalogue.by_include(term.domain_spec.target or "") if term.qualifier == "+" else None
    if provider is None or provider.apex_include_useful:
        return None
    registered = registrable_domain(domain)
    is_subdomain = fold(domain) != registered if registered is not None else domain.count(".") > 1
    return None if is_subdomain else provider


def messages_by_term(policy: Policy, senders: Iterable[Sender]) -> tuple[Counter[tuple[str, str]], int]:
    """Return how many messages each term lets pass, by (domain, folded, and term), and how many pass in all.

    A message that comes through an include counts for each term on the way. If its result depends on more than the
    address, it counts for each term that it may pass by.

    Args:
        policy: what the record means without limits.
        senders: who sends; those of other domains are left out.
    """
    used: Counter[tuple[str, str]] = Counter()
    messages = 0
    for sender in senders:
        if fold(domain_of(sender)) != fold(policy.domain):
            continue
        terms = _passing_terms(policy.check(sender.ip))
        messages += sender.count if terms else 0
        for domain, term in terms:
            used[fold(domain), term] += sender.count
    return used, messages


def _passing_terms(outcome: Outcome) -> dict[tuple[str, str], None]:
    """Return the terms that a client passes by, or may pass by: (domain, term)."""
    if not {Result.PASS, None} & outcome.results:
        return {}
    terms = dict.fromkeys([(each.domain, each.term) for each in outcome.depends_on])
    below = [outcome]
    seen = set()  # trees share their branches
    while below:
        each = below.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if each.result is Result.PASS or each.is_open:
            terms |= dict.fromkeys(each.path)
        below += [] if each.rest is None else [each.rest]
        below += [] if each.tree is None else [branch for _, branch in each.tree.branches]
    return terms


def service_why(provider: Provider) -> str:
    """Return why an include of a service does nothing, in words."""
    name = visible(provider.name, 60)
    return f"mail of {name} has a MAIL FROM of the service, or of a subdomain of yours: this record is not used for it"


def _of_service(reached: ReachedRecord, term: Include, provider: Provider) -> Finding:
    shown = visible(term.text, 60)
    text = f"{shown} does nothing, by the catalogue: {service_why(provider)}"
    domain = visible_name(reached.domain or "")
    hint = f"look at the Return-Path of a message that it sent for you: unless it ends in @{domain}, take {shown} out"
    return reached.finding(LintCode.INCLUDE_DOES_NOTHING, text, term, hint)


def passing_text(messages: int, given: str = "") -> str:
    """Return messages that pass as words, such as "3 messages that pass"."""
    return f"{counted(messages, 'message')}{given} that {'passes' if messages == 1 else 'pass'}"


def _of_senders(reached: ReachedRecord, term: Include, messages: int) -> Finding:
    shown = visible(term.text, 60)
    seen = counted(messages, "message")
    text = f"{shown} does nothing for the senders given: of the {seen} seen that pass, none passes by it"
    hint = f"if they are all that send for you, and of a month or more, take {shown} out"
    finding = reached.finding(LintCode.INCLUDE_DOES_NOTHING, text, term, hint)
    if messages >= ENOUGH:
        return finding
    hint = f"these are few messages: read reports of a month or more before you take {shown} out"
    return replace(finding, severity=Severity.INFO, hint=hint)
