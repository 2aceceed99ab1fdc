"""Lint with drafts in place of records, and how the domains that exceed a limit get within it."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from spfengine.advice.limits.limits import limit_plan
from spfengine.advice.limits.plan import LimitPlan
from spfengine.linting.codes import LintCode
from spfengine.linting.finding import Finding
from spfengine.linting.lint import lint
from spfengine.resolvers.overlay import with_drafts
from spfengine.senders import Sender

if TYPE_CHECKING:
    from spfengine.answers import Resolver

OVER_LIMITS = (LintCode.OVER_LOOKUP_LIMIT, LintCode.OVER_VOID_LIMIT, LintCode.TOO_MANY_MX)
"""The codes of findings that a plan helps against."""


def lint_drafts(
    domain: str,
    record: str | tuple[str, ...] | None,
    others: Mapping[str, str],
    resolver: "Resolver",
    own: Iterable[str] = (),
    senders: Iterable[Sender] = (),
) -> "tuple[list[Finding], Resolver]":
    """Return the findings of a domain, and a resolver that answers as if the drafts were published.

    Args:
        record: the draft for the domain, or None. Strings are joined as in DNS.
        others: the drafts of other names.
        resolver, own, senders: as for `lint`.

    Raises:
        ZoneError: a draft can't be used.
    """
    drafted = with_drafts(resolver, others)
    findings = lint(domain, resolver=drafted, record=record, own=own, senders=senders)
    if record is None:
        return findings, drafted
    return findings, with_drafts(drafted, {domain: record if isinstance(record, str) else "".join(record)})


def plans_of(findings: Iterable[Finding], resolver: "Resolver", senders: Iterable[Sender] = ()) -> list[LimitPlan]:
    """Return the plans for the domains that exceed a limit."""
    over = dict.fromkeys([each.domain for each in findings if each.code in OVER_LIMITS and each.domain is not None])
    plans = [limit_plan(domain, senders, resolver=resolver) for domain in over]
    return [plan for plan in plans if plan is not None]
