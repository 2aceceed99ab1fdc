"""What the zone suggests about who sends, if no sender is known: mail probably leaves through the hosts that take it.

That is a proposal, not a proof: a domain may send from elsewhere, and may not send at all.
"""

from spfengine.addresses import V4, V6, address_text
from spfengine.advice.suggest.draft import check_draft, draft_text, last_slot
from spfengine.advice.suggest.reasons import limits_text
from spfengine.advice.suggest.request import Situation, Steps
from spfengine.advice.suggest.suggestion import Proposal, Shown
from spfengine.answers import Question, RRType, spf_texts
from spfengine.catalogue.catalogue import Catalogue
from spfengine.catalogue.provider import Provider
from spfengine.drivers import asking
from spfengine.linting.names import parent_with_record
from spfengine.names import domain_fault, fold, is_same_or_under
from spfengine.problems import Result
from spfengine.record.model import MX, Include, Record
from spfengine.visible import visible, visible_name

_MOST_HOSTS = 20


def mx_providers(situation: Situation, catalogue: Catalogue) -> Steps[dict[str, Provider]]:
    """Return the services that take the domain's mail, each with the name of its host in an MX record."""
    hosts = yield from _mx_hosts(situation)
    found = {host: catalogue.by_mx(host) for host in hosts}
    return {host: provider for host, provider in found.items() if provider is not None}


def proposing(situation: Situation, catalogue: Catalogue, record: Record) -> Steps[Proposal | None]:
    """Return the record that the zone suggests: with the includes of the services in the domain's MX, and with `mx` if
    its own hosts take the mail; None if that adds nothing.

    Args:
        record: the record that these terms are added to.
    """
    parent = (yield from situation.once(parent_with_record(situation.inputs.domain))) if situation.base.is_new else None
    if parent is not None:
        return _of_parent(situation.inputs.domain, parent)
    hosts = yield from _mx_hosts(situation)
    providers = yield from mx_providers(situation, catalogue)
    shown = tuple((yield from _shown(hosts, providers, situation)))
    if not shown:
        return None
    text = draft_text(record, (), [each.term for each in shown], last_slot(record))
    doubts = []
    for each in shown:
        name = each.term.partition("include:")[2]
        if not name:
            continue
        answer = yield from situation.once(asking(Question(name, RRType.TXT)))
        if not spf_texts(answer):
            doubts.append(f"{visible_name(name)} could not be looked up here, so {each.term} is not checked")
    if not doubts:
        check = yield from check_draft(situation, text, (), (), situation.request.max_size)
        doubts = [limits_text(shortfall) for shortfall in check.shortfalls]
    return Proposal(text, shown, tuple(doubts))


def _of_parent(domain: str, parent: str) -> Proposal | None:
    """Return the redirect to the record of a domain above, which does not apply to its subdomains."""
    term = f"redirect={parent}"
    name = visible_name(domain)
    why = (
        f"the record of {visible_name(parent)} does not apply to {name}; with this one it does, which is right if the "
        f'same servers send for {name}. If nobody does, publish "v=spf1 -all"'
    )
    return Proposal(f"v=spf1 {term}", (Shown(term, why),), ())


def _shown(hosts: list[str], providers: dict[str, Provider], situation: Situation) -> Steps[list[Shown]]:
    """Return the terms that the MX records suggest, and that the record does not have or reach yet."""
    domain = visible_name(situation.inputs.domain)
    shown: dict[str, Shown] = {}
    for host, provider in providers.items():
        term = f"include:{provider.include}"
        reached = Question(fold(provider.include), RRType.TXT) in situation.before.answers
        if not reached and not _includes(situation.record, provider.include):
            whose = f"{visible(provider.name, 60)} takes the mail of {domain} (MX {visible_name(host)})"
            shown.setdefault(term, Shown(term, f"{whose}, so it probably sends its mail too"))
    if any(isinstance(term, MX) and term.domain_spec is None for term in situation.record.directives):
        return list(shown.values())
    for host in hosts:
        if host not in providers and any(is_same_or_under(host, name) for name in situation.own):
            lacking = yield from _has_address_that_does_not_pass(situation, host)
            if lacking:
                whose = f"{visible_name(host)} takes the mail of {domain} (MX)"
                shown.setdefault("mx", Shown("mx", f"{whose}, so it probably sends its mail too"))
    return list(shown.values())


def _includes(record: Record, name: str) -> bool:
    """Whether a record includes a name itself, though what is known may end before that."""
    targets = [term.domain_spec.target for term in record.directives if isinstance(term, Include)]
    return any(fold(target) == fold(name) for target in targets if target)


def _has_address_that_does_not_pass(situation: Situation, host: str) -> Steps[bool]:
    for family in (V4, V6):
        type = RRType.A if family is V4 else RRType.AAAA
        answer = yield from situation.once(asking(Question(host, type)))
        for address in answer.records:
            if situation.before.check(address_text(family, address)).result is not Result.PASS:
                return True
    return False


def _mx_hosts(situation: Situation) -> Steps[list[str]]:
    """Return the hosts of the domain's MX records, the preferred ones first; not those that DNS can't be asked for."""
    answer = yield from situation.once(asking(Question(situation.inputs.domain, RRType.MX)))
    hosts = dict.fromkeys([host for _, host in sorted(answer.records)])
    return [host for host in hosts if domain_fault(host) is None][:_MOST_HOSTS]
