"""The senders that a suggestion is about: whose record decides for them, and what it says now."""

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any, NamedTuple

from spfengine.advice.case import Case, Networks, Steps, session_of
from spfengine.names import fold
from spfengine.problems import Result
from spfengine.record.model import All, Directive
from spfengine.senders import Sender


class Asked(NamedTuple):
    """A sender, and what the record that stands there says of it.

    Attributes:
        sender: the sender.
        is_here: whether its MAIL FROM is of the domain, so that its record decides.
        is_wanted: whether whoever asks said that it is wanted.
        is_ignored: whether whoever asks said that it is not.
        before: its result; None where another domain's record decides.
        by: the term of the domain's own record that decides, as written; None for none.
        refusing: that term, where it says "-" of the sender in particular.
    """

    sender: Sender
    is_here: bool
    is_wanted: bool
    is_ignored: bool
    before: Result | None
    by: str | None
    refusing: Directive | None

    @property
    def is_failing(self) -> bool:
        """Whether something is to be done for it: it does not pass, and nobody said that it need not."""
        return self.is_here and not self.is_ignored and self.before not in (Result.PASS, Result.TEMPERROR, None)


def asking(case: Case, senders: Iterable[Sender]) -> Steps[list[Asked]]:
    """Return the senders with what the record that stands there says of each."""
    record = case.base.record
    explicit = {
        directive.text: directive
        for directive in (() if record is None else record.directives)
        if directive.qualifier == "-" and not isinstance(directive, All)
    }
    found: list[Asked] = []
    for sender in senders:
        here = fold(session_of(sender, case.inputs).domain) == fold(case.inputs.domain)
        wanted, ignored = (_is_in(sender.ip, networks) for networks in (case.told.want, case.told.ignore))
        before, by = None, None
        if here:
            before, outcome = yield from case.result(sender, case.before)
            by = top_term(outcome, case.inputs.domain)
        found.append(Asked(sender, here, wanted, ignored, before, by, explicit.get(by or "")))
    return found


def top_term(found: Any, domain: str) -> str | None:
    """Return the term of the domain's own record that an outcome, session or result comes from; None for none."""
    path = found.path
    if not path or fold(path[0][0]) != fold(domain):
        return None
    term = path[0][1]
    return term if isinstance(term, str) else str(term.text)


def _is_in(ip: str, networks: Networks) -> bool:
    address = ip_address(ip)
    return any(address in network for network in networks)
