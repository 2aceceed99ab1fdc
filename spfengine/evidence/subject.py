"""The domain that evidence is about, if the caller names none."""

from collections.abc import Iterable

from spfengine.evidence.evidence import ReportedBy
from spfengine.names import domain_fault, fold, is_same_or_under
from spfengine.senders import Sender, domain_of


def domains_about(senders: Iterable[Sender], reports: Iterable[ReportedBy]) -> list[str]:
    """Return the domain of MAIL FROM that all senders share, or the domain that all reports are about, if that domain
    is not above the other. If there is no such domain, return those that the senders use.
    """
    domains: dict[str, str] = {}
    for sender in senders:
        name = domain_of(sender)
        if domain_fault(name) is None:
            domains.setdefault(fold(name), name)
    about = {fold(report.domain.removesuffix(".")) for report in reports}
    about = {name for name in about if domain_fault(name) is None and name.isascii()}
    is_above = len(about) == 1 and domains and not is_same_or_under(next(iter(domains)), next(iter(about)))
    if len(about) == 1 and (len(domains) != 1 or is_above):
        return list(about)
    return list(domains.values())
