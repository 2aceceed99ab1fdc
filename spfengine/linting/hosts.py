"""The hosts of a domain that greet others by their name: whether that name has an SPF record (RFC 7208 §10.1.3)."""

from collections.abc import Generator, Iterator

from spfengine.answers import Answer, Question, RRType, spf_texts
from spfengine.dmarc.suffixes import registrable_domain
from spfengine.linting.codes import LintCode
from spfengine.linting.finding import Finding, ReachedRecord
from spfengine.linting.terms import live
from spfengine.linting.walk import Walk
from spfengine.names import domain_fault, fold
from spfengine.record.model import MX, A, Directive
from spfengine.visible import visible, visible_name

_MOST = 10  # hosts that are looked at


def helo_names(walk: Walk, *, has_apexes: bool) -> Generator[Question, Answer, list[Finding]]:
    """Return the hosts of a domain without an SPF record of their own, which they need if they send mail.

    A host is one that the domain's MX records name, or that a or mx of its own records lead to, if it is under a name
    that is its own. Nothing is reported if the record lets nobody pass.

    Args:
        walk: the records.
        has_apexes: whether it is known which names of a zone are its own. If not, only hosts of the same registered
            domain are: a zone that is the whole of DNS also has the hosts of services.
    """
    root = walk.root
    if root.record is None or (not live(root.record) and root.record.redirect is None):
        return []
    hosts: dict[str, tuple[str, str]] = {}
    for why, name in (yield from _named(walk)):
        is_own = any(own.cover(name) for own in walk.own[: None if has_apexes else 1])
        is_own = is_own or (
            not has_apexes and _site(name) == _site(root.domain or "") and any(own.cover(name) for own in walk.own)
        )
        if fold(name) != fold(root.domain or "") and is_own:
            hosts.setdefault(fold(name), (name, why))
    findings = []
    for name, why in list(hosts.values())[:_MOST]:
        answer = yield from walk.ask(name, RRType.TXT)
        if not answer.is_failure and not spf_texts(answer) and (yield from _has_addresses(walk, name)):
            findings.append(_without_record(root, name, why))
    return findings


def _has_addresses(walk: Walk, name: str) -> Generator[Question, Answer, bool]:
    """Return whether a name has addresses; those of IPv6 are asked for only if it has none of IPv4."""
    for kind in (RRType.A, RRType.AAAA):
        if (yield from walk.ask(name, kind)).records:
            return True
    return False


def _site(name: str) -> str:
    """Return the domain that was registered for a name."""
    return registrable_domain(name) or ".".join(fold(name).split(".")[-2:])


def _named(walk: Walk) -> Generator[Question, Answer, list[tuple[str, str]]]:
    """Return the hosts that a domain names, each with how: its MX records, then those of its terms."""
    domain = walk.inputs.domain
    why = f"an MX host of {visible_name(domain)}"
    found = [(why, host) for host in _exchanges((yield from walk.ask(domain, RRType.MX)))]
    for reached in walk.records:
        for tree_term in reached.terms if reached.own else ():
            term = tree_term.term
            if isinstance(term, A | MX) and term.qualifier == "+" and len(tree_term.targets) == 1:
                found += yield from _led_to(walk, term, tree_term.targets[0])
    return [(why, name) for why, name in found if domain_fault(name) is None]


def _led_to(walk: Walk, term: Directive, name: str) -> Generator[Question, Answer, list[tuple[str, str]]]:
    why = f"a host of {visible(term.text, 60)}"
    if isinstance(term, A):
        return [(why, name)]
    return [(why, host) for host in _exchanges((yield from walk.ask(name, RRType.MX)))]


def _exchanges(answer: Answer) -> Iterator[str]:
    return (exchange for _, exchange in answer.records if exchange)


def _without_record(root: ReachedRecord, name: str, why: str) -> Finding:
    shown = visible_name(name)
    text = f"{shown}, {why}, has no SPF record: if it sends mail, its HELO name gets none, and so does its bounce mail"
    hint = f'publish a TXT record for {shown}: "v=spf1 a -all", if it sends only from its own addresses'
    host = ReachedRecord(name, root.own, root.included)
    return host.finding(LintCode.HELO_WITHOUT_RECORD, text, None, hint)
