"""Why a receiver differs from RFC 7208: the deviations that docs/receivers-differ.md is about, each with what shows it.

The sentences are those of the ledgers in tests/, which hold for the real receivers. A deviation is given as the reason
only if its signs are there: the record has what it is about, and the answer is what it would lead to. If several
would lead to the same answer, the first is given.
"""

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from spfengine.addresses import V4, V6
from spfengine.answers import Resolver
from spfengine.checks import check
from spfengine.evaluation.check_host import QUALIFIERS
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.limits import DEFAULT_LIMITS, LIFTED, Limits, VoidRule
from spfengine.policy.include_tree import IncludeTree
from spfengine.problems import ProblemCode, Result
from spfengine.record.model import IP4, IP6, All, HostDirective, Network, Ptr, Record, Redirect

NOTHING = "nothing"
"""The answer of a receiver that gave no result."""

_LIBSPF2 = ("libspf2", "exim")
_MOST_IP4 = 64
_C = ProblemCode
_SYNTAX = frozenset(
    {
        _C.INVALID_CHARACTER, _C.UNKNOWN_MECHANISM, _C.INVALID_MODIFIER_NAME, _C.QUALIFIED_MODIFIER,
        _C.MISSING_TERM_NAME, _C.MISSING_ARGUMENT, _C.UNEXPECTED_ARGUMENT, _C.EMPTY_DOMAIN_SPEC, _C.INVALID_DOMAIN_SPEC,
        _C.ADDRESS_AS_DOMAIN_SPEC, _C.INVALID_MACRO, _C.EXPLANATION_ONLY_MACRO, _C.MACRO_DIGITS_ZERO,
        _C.INVALID_IP4_NETWORK, _C.INVALID_IP6_NETWORK, _C.INVALID_CIDR_LENGTH, _C.UNEXPECTED_CIDR_LENGTH,
        _C.DUPLICATE_MODIFIER,
    }
)  # fmt: skip
_NO_INCLUDED_RECORD = frozenset({_C.INCLUDE_INVALID_DOMAIN, _C.INCLUDE_DOMAIN_NOT_FOUND, _C.INCLUDE_NO_RECORD})
_DOMAIN_SPEC = frozenset({_C.EMPTY_DOMAIN_SPEC, _C.INVALID_DOMAIN_SPEC, _C.ADDRESS_AS_DOMAIN_SPEC, _C.INVALID_MACRO})
_OTHER_FAILURES = frozenset({_C.DNS_FORMERR, _C.DNS_TRUNCATED, _C.DNS_CNAME_LOOP})
_FAILURES = _OTHER_FAILURES | {_C.DNS_SERVFAIL, _C.DNS_REFUSED, _C.DNS_TIMEOUT}


class Answered(NamedTuple):
    """An answer of a receiver that is not RFC 7208's.

    Attributes:
        receiver: the key of the receiver.
        expected: the result that RFC 7208 requires.
        got: the receiver's result, or "nothing".
        tree: the domain's record, and all that it leads to.
        resolver: what DNS answers.
    """

    receiver: str
    expected: CheckResult
    got: str
    tree: IncludeTree
    resolver: Resolver


class _Signs:
    """What can be seen in an answer, in the record, and in checks with other limits."""

    def __init__(self, answered: Answered) -> None:
        self._answered = answered
        self.expected = answered.expected
        self.got = answered.got
        problem = answered.expected.problem
        self.code = None if problem is None else problem.code

    @cached_property
    def records(self) -> list[Record]:
        """All records that a receiver may read."""
        return [one.record for one in self._answered.tree.records if one.record is not None]

    def again(self, limits: Limits) -> CheckResult:
        """Check the same client with other limits."""
        expected = self.expected
        return check(expected.ip, expected.sender, expected.helo, resolver=self._answered.resolver, limits=limits)

    def has(self, kind: type, of: Callable[..., bool] = lambda _: True) -> bool:
        """Whether a record has a term of a kind."""
        return any(isinstance(term, kind) and of(term) for record in self.records for term in record.terms)

    @cached_property
    def is_plain(self) -> bool:
        """Whether no record has macros, and no name is one that some receivers can't ask for."""
        expected = self.expected
        texts = [record.source for record in self.records]
        return not any("%" in text for text in texts) and _is_plain_address(expected.sender)

    @cached_property
    def fails(self) -> bool:
        """Whether DNS could not answer something that a term of a record asks."""
        return any(asked.answer.is_failure for term in self._answered.tree.terms for asked in term.questions)

    @property
    def is_included(self) -> bool:
        """Whether the problem is that of an included record."""
        problem = self.expected.problem
        included = any("include:" in term.lower() for _, term in self.expected.path)
        return problem is not None and included and problem.domain != self.expected.domain

    def all_decides(self) -> bool:
        """Whether an `all` gave the result, or made an include match."""
        return self.is_plain and bool(self.expected.path) and self.expected.path[-1][1].lower() in ("all", "+all")

    def matches(self) -> Iterator[str]:
        """Yield the results of all terms that list the client's address, as if each were the first of its record."""
        client = ip_address(self.expected.ip)
        for record in self.records:
            for term in record.terms:
                if (
                    isinstance(term, IP4 if client.version == V4.version else IP6) and _holds(term, client)
                ) or isinstance(term, All):
                    yield str(QUALIFIERS[term.qualifier])


def _is_plain_address(sender: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9.-]+@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z][A-Za-z0-9-]*", sender) is not None


def _holds(term: Network, client: IPv4Address | IPv6Address) -> bool:
    unused = client.max_prefixlen - term.prefix
    return int(client) >> unused == term.network >> unused


_NO_VOID_LIMIT = Limits(voids=LIFTED, seconds=None)
_NO_LOOKUP_LIMIT = Limits(lookups=LIFTED, voids=LIFTED, seconds=None)
_EACH_VOID = Limits(void_rule=VoidRule.PER_LOOKUP, seconds=None)


def _voids_unlimited(signs: _Signs) -> bool:
    return signs.code is _C.TOO_MANY_VOID_LOOKUPS and signs.got == signs.again(_NO_VOID_LIMIT).result


def _each_void_counts(signs: _Signs) -> bool:
    problem = signs.again(_EACH_VOID).problem
    return signs.got == Result.PERMERROR and problem is not None and problem.code is _C.TOO_MANY_VOID_LOOKUPS


def _lookups_unlimited(signs: _Signs) -> bool:
    return signs.code is _C.TOO_MANY_LOOKUPS


def _mx_unlimited(signs: _Signs) -> bool:
    return signs.code is _C.TOO_MANY_MX


def _no_result_for_syntax(signs: _Signs) -> bool:
    return signs.got == NOTHING and signs.code in _SYNTAX


def _is_of_unknown_modifier(signs: _Signs) -> bool:
    name, equals, _ = (signs.expected.path[-1][1] if signs.expected.path else "").partition("=")
    return bool(equals) and ":" not in name and name.lower() not in ("redirect", "exp")


def _domain_spec_accepted(signs: _Signs) -> bool:
    return signs.got != NOTHING and signs.code in _DOMAIN_SPEC and not _is_of_unknown_modifier(signs)


def _modifier_accepted(signs: _Signs) -> bool:
    return signs.got != NOTHING and signs.code in _SYNTAX and _is_of_unknown_modifier(signs)


def _term_skipped(signs: _Signs) -> bool:
    return signs.code in _SYNTAX and not signs.is_included


def _include_without_match(signs: _Signs) -> bool:
    of_record = signs.code in _SYNTAX or signs.code is _C.MULTIPLE_RECORDS
    return signs.code in _NO_INCLUDED_RECORD or (of_record and signs.is_included)


def _redirect_before_other_terms(signs: _Signs) -> bool:
    moved = any(isinstance(term, Redirect) for record in signs.records for term in record.terms[:-1])
    return moved and signs.is_plain and signs.code is None


def _redirect_counts(signs: _Signs) -> bool:
    at_limit = signs.expected.lookups == DEFAULT_LIMITS.lookups
    return signs.got == Result.PERMERROR and signs.code is None and at_limit and signs.has(Redirect)


def _prefix_zero(signs: _Signs) -> bool:
    return signs.has(HostDirective, lambda term: 0 in (term.ip4_prefix, term.ip6_prefix)) or signs.has(
        Network, lambda term: term.prefix == 0
    )


def _one_prefix_for_both(signs: _Signs) -> bool:
    two = signs.has(HostDirective, lambda term: (term.ip4_prefix, term.ip6_prefix) != (V4.bits, V6.bits))
    return signs.code is None and signs.is_plain and (two or _prefix_zero(signs))


def _many_ip4(signs: _Signs) -> bool:
    return signs.got == Result.NEUTRAL and any(
        sum(isinstance(term, IP4) for term in record.terms) > _MOST_IP4 for record in signs.records
    )


def _order_is_another(signs: _Signs) -> bool:
    return signs.code is None and signs.is_plain and not signs.fails and signs.got in signs.matches()


def _all_looked_up_first(signs: _Signs) -> bool:
    of_dns = signs.code is None or signs.code in _FAILURES
    return Result.TEMPERROR in (signs.got, signs.expected.result) and of_dns and signs.fails and signs.is_plain


def _other_failure(signs: _Signs) -> bool:
    return signs.code in _OTHER_FAILURES and bool(signs.expected.path)


def _ptr_fails(signs: _Signs) -> bool:
    return signs.got == Result.TEMPERROR and signs.code is None and signs.has(Ptr)


def _mapped_network(signs: _Signs) -> bool:
    client = ip_address(signs.expected.ip)
    if client.version != V4.version:
        return False
    mapped = IPv6Address(f"::ffff:{client}")
    return signs.has(IP6, lambda term: _holds(term, mapped))


class Deviation(NamedTuple):
    """A way in which receivers deviate from RFC 7208.

    Attributes:
        receivers: the keys of the receivers.
        sentence: what they do.
        shows: whether an answer shows that it is the reason.
    """

    receivers: tuple[str, ...]
    sentence: str
    shows: Callable[[_Signs], bool]


_LIMIT_CUTS_OFF = (
    "The limit of ten terms is not that of RFC 7208: a deeper or longer chain is cut off without an error, and a match "
    "before that still counts."
)
_DEVIATIONS = (
    Deviation(
        _LIBSPF2,
        "If a record has more than 64 ip4 terms, the answer is neutral, whatever the record says.",
        _many_ip4,
    ),
    Deviation((*_LIBSPF2, "rspamd"), "Void lookups have no limit.", _voids_unlimited),
    Deviation(
        ("mail-spf",),
        "Void lookups are counted by query, including those of mx and ptr, not by term.",
        _each_void_counts,
    ),
    Deviation(
        ("pyspf",),
        "pyspf counts each void lookup, including those for the names of ptr and the hosts of mx; RFC 7208 §4.6.4 "
        "counts terms.",
        _each_void_counts,
    ),
    Deviation(
        _LIBSPF2,
        "An eleventh term that asks DNS is still evaluated: if it matches, that is the result. Only the next term is "
        "permerror.",
        _lookups_unlimited,
    ),
    Deviation(("rspamd",), _LIMIT_CUTS_OFF, _lookups_unlimited),
    Deviation((*_LIBSPF2, "mail-spf"), "If there are more than ten MX records, the first ten are used.", _mx_unlimited),
    Deviation(("rspamd",), "If there are more than ten MX or PTR records, all are used.", _mx_unlimited),
    Deviation(
        _LIBSPF2,
        'For a record with a syntax error libspf2 answers "(invalid)", which is not a result of RFC 7208: then neither '
        "spfquery nor Exim has a result.",
        _no_result_for_syntax,
    ),
    Deviation(
        _LIBSPF2,
        'For a record that libspf2 cannot compile it answers "(invalid)", which is not a result of RFC 7208: then '
        "neither spfquery nor Exim has a result. A prefix length of 0 is such a record.",
        lambda signs: signs.got == NOTHING and signs.code is None and _prefix_zero(signs),
    ),
    Deviation(_LIBSPF2, "A repeated modifier is accepted.", lambda signs: signs.code is _C.DUPLICATE_MODIFIER),
    Deviation(
        _LIBSPF2,
        "The syntax of a domain-spec is hardly checked: it accepts an empty one, a single label, digits, invalid last "
        "labels, and a percent sign that does not begin a macro.",
        _domain_spec_accepted,
    ),
    Deviation(_LIBSPF2, "The value of a modifier is hardly checked before it is used.", _modifier_accepted),
    Deviation(
        ("rspamd",),
        "An include whose target has no record, or a record with an error, does not match.",
        _include_without_match,
    ),
    Deviation(("rspamd",), "Terms that cannot be parsed are skipped; the rest of the record is used.", _term_skipped),
    Deviation(
        ("rspamd",),
        "If there are several records, the first one found is used.",
        lambda signs: signs.code is _C.MULTIPLE_RECORDS,
    ),
    Deviation(
        ("rspamd",),
        "A record whose terms have no addresses (no mechanism, or names without any) is permerror, not neutral.",
        lambda signs: (signs.expected.result, signs.got) == (Result.NEUTRAL, Result.PERMERROR),
    ),
    Deviation(
        ("rspamd",),
        "The mechanism +all matches nothing, so a client that only +all would match does not pass; a record with no "
        "other term is permerror.",
        _Signs.all_decides,
    ),
    Deviation(
        ("rspamd",),
        "A prefix length of 0 matches nothing, and one length applies to both families: a/16 means /16 for IPv6 "
        "addresses too.",
        _one_prefix_for_both,
    ),
    Deviation(
        _LIBSPF2,
        "The modifier redirect is evaluated in its position, like a mechanism, although a later mechanism may match, "
        "and it counts even if it is not used.",
        _redirect_before_other_terms,
    ),
    Deviation(("mail-spf",), "A redirect counts as one of the ten terms even if it is not used.", _redirect_counts),
    Deviation(
        ("pyspf",),
        "pyspf counts a redirect when it parses the record, used or not; RFC 7208 §4.6.4 counts what is evaluated.",
        _redirect_counts,
    ),
    Deviation(
        ("rspamd",),
        "A failure other than SERVFAIL, REFUSED or a timeout (an answer truncated even over TCP, a CNAME loop) is "
        "treated as no records.",
        _other_failure,
    ),
    Deviation(
        ("rspamd",),
        "All terms are looked up before any is compared, so a failing one is temperror even after the match, or is "
        "skipped before it.",
        _all_looked_up_first,
    ),
    Deviation(
        ("rspamd",),
        "Terms are not compared in the order of the record: a longer prefix, or a mechanism after all, can decide; "
        "redirect is evaluated in its position.",
        _order_is_another,
    ),
    Deviation(
        _LIBSPF2,
        "A failure other than SERVFAIL, REFUSED or a timeout (FORMERR, an answer truncated even over TCP, a CNAME "
        "loop) is treated as no records.",
        _other_failure,
    ),
    Deviation(_LIBSPF2, "A DNS failure under ptr is temperror.", _ptr_fails),
    Deviation(("mail-spf",), "A DNS failure of the PTR query is temperror.", _ptr_fails),
    Deviation(
        ("pyspf",),
        "An unanswered query inside ptr is temperror in pyspf; RFC 7208 §5.5 says that ptr then does not match.",
        _ptr_fails,
    ),
    Deviation(
        ("mail-spf",),
        "An ip6 network that contains the mapped address of an IPv4 client matches it.",
        _mapped_network,
    ),
)
"""The deviations that matter to a published record; the first that shows is the reason."""


def reason_of(answered: Answered) -> str | None:
    """Return why a receiver's answer differs from what RFC 7208 requires; None if that is not known."""
    signs = _Signs(answered)
    known = (one for one in _DEVIATIONS if answered.receiver in one.receivers)
    return next((one.sentence for one in known if one.shows(signs)), None)
