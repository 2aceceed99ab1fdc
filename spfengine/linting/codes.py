"""The codes of findings: how much each matters, and what it says in one line."""

from dataclasses import dataclass
from enum import StrEnum

from spfengine.problems import ProblemCode


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """SPF does not work as written: receivers give permerror or none, or anybody passes."""
    WARNING = "warning"
    """It works, but hardly as meant; or it will not for long; or what it says could not be found out."""
    INFO = "info"
    """Good to know; nothing goes wrong by it."""


class LintCode(StrEnum):
    """Stable codes of findings. They are public API: a code is never renamed, nor given another meaning.

    A finding that is a problem of a check as well has the code of its `ProblemCode`.
    """

    # Which record
    INVALID_DOMAIN = ProblemCode.INVALID_DOMAIN.value
    INVALID_U_LABEL = ProblemCode.INVALID_U_LABEL.value
    DOMAIN_NOT_FOUND = ProblemCode.DOMAIN_NOT_FOUND.value
    NO_RECORD = ProblemCode.NO_RECORD.value
    MULTIPLE_RECORDS = ProblemCode.MULTIPLE_RECORDS.value
    LOOK_ALIKE = "look-alike"
    SPLIT_OVER_RECORDS = "split-over-records"
    TYPE_SPF = "type-spf"
    CNAME_BESIDE_DATA = "cname-beside-data"
    WILDCARD_GAP = "wildcard-gap"

    # The text of the record
    NOT_SPF = ProblemCode.NOT_SPF.value
    INVALID_CHARACTER = ProblemCode.INVALID_CHARACTER.value
    UNKNOWN_MECHANISM = ProblemCode.UNKNOWN_MECHANISM.value
    INVALID_MODIFIER_NAME = ProblemCode.INVALID_MODIFIER_NAME.value
    QUALIFIED_MODIFIER = ProblemCode.QUALIFIED_MODIFIER.value
    MISSING_TERM_NAME = ProblemCode.MISSING_TERM_NAME.value
    MISSING_ARGUMENT = ProblemCode.MISSING_ARGUMENT.value
    UNEXPECTED_ARGUMENT = ProblemCode.UNEXPECTED_ARGUMENT.value
    EMPTY_DOMAIN_SPEC = ProblemCode.EMPTY_DOMAIN_SPEC.value
    INVALID_DOMAIN_SPEC = ProblemCode.INVALID_DOMAIN_SPEC.value
    ADDRESS_AS_DOMAIN_SPEC = ProblemCode.ADDRESS_AS_DOMAIN_SPEC.value
    INVALID_MACRO = ProblemCode.INVALID_MACRO.value
    EXPLANATION_ONLY_MACRO = ProblemCode.EXPLANATION_ONLY_MACRO.value
    MACRO_DIGITS_ZERO = ProblemCode.MACRO_DIGITS_ZERO.value
    INVALID_IP4_NETWORK = ProblemCode.INVALID_IP4_NETWORK.value
    INVALID_IP6_NETWORK = ProblemCode.INVALID_IP6_NETWORK.value
    INVALID_CIDR_LENGTH = ProblemCode.INVALID_CIDR_LENGTH.value
    UNEXPECTED_CIDR_LENGTH = ProblemCode.UNEXPECTED_CIDR_LENGTH.value
    DUPLICATE_MODIFIER = ProblemCode.DUPLICATE_MODIFIER.value
    MISTYPED_MODIFIER = "mistyped-modifier"
    UNKNOWN_MODIFIER = "unknown-modifier"
    EXTRA_SPACES = "extra-spaces"
    MISSING_SPACE = ProblemCode.MISSING_SPACE.value
    MISSHAPEN_NAME = "misshapen-name"

    # What the record says
    PASSES_EVERYONE = "passes-everyone"
    HUGE_NETWORK = "huge-network"
    WIDE_NETWORK = "wide-network"
    HOST_BITS = "host-bits"
    MAPPED_NETWORK = "mapped-network"
    NEUTRAL_ALL = "neutral-all"
    MISSING_ALL = "missing-all"
    TERM_AFTER_ALL = "term-after-all"
    REDIRECT_IGNORED = "redirect-ignored"
    NEUTRAL_TERM = "neutral-term"
    PTR = "ptr"
    MACRO_P = "macro-p"
    ESCAPING_MACRO = "escaping-macro"
    UNREVERSED_MACRO = "unreversed-macro"
    DUPLICATE_TERM = "duplicate-term"
    UNREACHABLE_TERM = "unreachable-term"
    REDUNDANT_TERM = "redundant-term"
    INCLUDE_NEVER_PASSES = "include-never-passes"
    INCLUDE_DOES_NOTHING = "include-does-nothing"

    # The names in its terms
    INCLUDE_INVALID_DOMAIN = ProblemCode.INCLUDE_INVALID_DOMAIN.value
    INCLUDE_DOMAIN_NOT_FOUND = ProblemCode.INCLUDE_DOMAIN_NOT_FOUND.value
    INCLUDE_NO_RECORD = ProblemCode.INCLUDE_NO_RECORD.value
    REDIRECT_INVALID_DOMAIN = ProblemCode.REDIRECT_INVALID_DOMAIN.value
    REDIRECT_DOMAIN_NOT_FOUND = ProblemCode.REDIRECT_DOMAIN_NOT_FOUND.value
    REDIRECT_NO_RECORD = ProblemCode.REDIRECT_NO_RECORD.value
    ENDLESS_LOOP = "endless-loop"
    INVALID_TARGET_NAME = "invalid-target-name"
    NAME_NOT_FOUND = "name-not-found"
    NO_ADDRESSES = "no-addresses"
    NULL_MX = "null-mx"
    MX_IS_ADDRESS = "mx-is-address"
    PROXIED_ADDRESS = "proxied-address"
    COULD_BE_REGISTERED = "could-be-registered"
    INCLUDE_NOT_FOLLOWED = "include-not-followed"
    HELO_WITHOUT_RECORD = "helo-without-record"

    # Limits of RFC 7208 §4.6.4, and of receivers
    OVER_LOOKUP_LIMIT = ProblemCode.OVER_LOOKUP_LIMIT.value
    NEAR_LOOKUP_LIMIT = "near-lookup-limit"
    OVER_VOID_LIMIT = ProblemCode.OVER_VOID_LIMIT.value
    OVER_VOID_LIMIT_PER_LOOKUP = ProblemCode.OVER_VOID_LIMIT_PER_LOOKUP.value
    VOIDS_BY_CHANCE = "voids-by-chance"
    NEAR_VOID_LIMIT = "near-void-limit"
    TOO_MANY_MX = ProblemCode.TOO_MANY_MX.value
    TOO_MANY_IP4 = "too-many-ip4"

    # Who else passes
    LARGE_SPACE = "large-space"
    RENTABLE_NETWORK = "rentable-network"
    SPECIAL_PURPOSE_NETWORK = "special-purpose-network"

    # Sizes
    STRING_OVER_255 = "string-over-255"
    TXT_OVER_512 = "txt-over-512"
    TXT_OVER_1232 = "txt-over-1232"
    TTL = "ttl"

    # DNS could not answer: unknown, not wrong
    DNS_SERVFAIL = ProblemCode.DNS_SERVFAIL.value
    DNS_REFUSED = ProblemCode.DNS_REFUSED.value
    DNS_FORMERR = ProblemCode.DNS_FORMERR.value
    DNS_TIMEOUT = ProblemCode.DNS_TIMEOUT.value
    DNS_TRUNCATED = ProblemCode.DNS_TRUNCATED.value
    DNS_CNAME_LOOP = ProblemCode.DNS_CNAME_LOOP.value

    # Nobody was asked: unknown, too
    OUTSIDE_ZONE = ProblemCode.OUTSIDE_ZONE.value

    # A bound was met: unknown, too
    WORK_LIMIT = ProblemCode.WORK_LIMIT.value

    # The explanation
    EXP_INVALID_DOMAIN = ProblemCode.EXP_INVALID_DOMAIN.value
    EXP_DNS_ERROR = ProblemCode.EXP_DNS_ERROR.value
    EXP_NO_RECORD = ProblemCode.EXP_NO_RECORD.value
    EXP_MULTIPLE_RECORDS = ProblemCode.EXP_MULTIPLE_RECORDS.value
    EXP_EMPTY = ProblemCode.EXP_EMPTY.value
    EXP_INVALID_MACRO = ProblemCode.EXP_INVALID_MACRO.value
    EXP_NON_ASCII = ProblemCode.EXP_NON_ASCII.value
    EXP_CONTROL_CHARACTER = ProblemCode.EXP_CONTROL_CHARACTER.value
    EXP_TOO_LONG = ProblemCode.EXP_TOO_LONG.value


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a code.

    Attributes:
        severity: how much its findings matter.
        summary: what it says, in one line.
        section: the section of RFC 7208 that decides, or "".
    """

    severity: Severity
    summary: str
    section: str = ""


_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
_C = LintCode

ABOUT: dict[LintCode, About] = {
    _C.INVALID_DOMAIN: About(_ERROR, "the domain can't be checked: it is not a domain name", "4.3"),
    _C.INVALID_U_LABEL: About(_ERROR, "the domain is not a name that IDNA2008 allows", "4.3"),
    _C.DOMAIN_NOT_FOUND: About(_ERROR, "the domain does not exist", "4.3"),
    _C.NO_RECORD: About(_WARNING, "the domain has no SPF record", "4.5"),
    _C.MULTIPLE_RECORDS: About(_ERROR, "a name has several SPF records", "4.5"),
    _C.LOOK_ALIKE: About(_WARNING, "a TXT record looks like SPF but is not, so receivers ignore it", "4.5"),
    _C.SPLIT_OVER_RECORDS: About(_ERROR, "the second half of the record is a TXT record of its own", "3.3"),
    _C.TYPE_SPF: About(_WARNING, "a record of type SPF, which nobody asks for", "3.1"),
    _C.CNAME_BESIDE_DATA: About(_ERROR, "a name has a CNAME record and other data"),
    _C.WILDCARD_GAP: About(_INFO, "a wildcard's SPF record does not cover names that exist", "3.5"),
    _C.NOT_SPF: About(_ERROR, "the text is not an SPF record", "4.5"),
    _C.INVALID_CHARACTER: About(_ERROR, "a character that no record may hold", "4.6.1"),
    _C.UNKNOWN_MECHANISM: About(_ERROR, "no mechanism has this name", "4.6.1"),
    _C.INVALID_MODIFIER_NAME: About(_ERROR, "no modifier can have this name", "12"),
    _C.QUALIFIED_MODIFIER: About(_ERROR, "a modifier with a qualifier", "12"),
    _C.MISSING_TERM_NAME: About(_ERROR, "a term without the name of a mechanism", "4.6.1"),
    _C.MISSING_ARGUMENT: About(_ERROR, "a mechanism without what must follow it", "12"),
    _C.UNEXPECTED_ARGUMENT: About(_ERROR, "an argument that the mechanism can't have", "5.1"),
    _C.EMPTY_DOMAIN_SPEC: About(_ERROR, "a domain is missing after a colon or equals sign", "12"),
    _C.INVALID_DOMAIN_SPEC: About(_ERROR, "a domain is expected, and this can't be one", "12"),
    _C.ADDRESS_AS_DOMAIN_SPEC: About(_ERROR, "an IP address in place of a domain", "12"),
    _C.INVALID_MACRO: About(_ERROR, "a percent sign that begins no macro", "7.1"),
    _C.EXPLANATION_ONLY_MACRO: About(_ERROR, "a macro that only the text of an explanation may have", "7.2"),
    _C.MACRO_DIGITS_ZERO: About(_ERROR, "a macro that would keep zero parts", "7.1"),
    _C.INVALID_IP4_NETWORK: About(_ERROR, "ip4 with something that is not an IPv4 address", "5.6"),
    _C.INVALID_IP6_NETWORK: About(_ERROR, "ip6 with something that is not an IPv6 address", "5.6"),
    _C.INVALID_CIDR_LENGTH: About(_ERROR, "a prefix length that is not possible", "12"),
    _C.UNEXPECTED_CIDR_LENGTH: About(_ERROR, "a prefix length that the mechanism can't have", "12"),
    _C.DUPLICATE_MODIFIER: About(_ERROR, "the record has redirect= or exp= twice", "6"),
    _C.MISTYPED_MODIFIER: About(_WARNING, "a modifier that was meant to be another term, and is ignored", "6"),
    _C.UNKNOWN_MODIFIER: About(_INFO, "a modifier that nothing knows, and that is ignored", "6"),
    _C.EXTRA_SPACES: About(_INFO, "more spaces than are needed", "12"),
    _C.MISSING_SPACE: About(_ERROR, "terms are read as one, because there is no space between them", "3.3"),
    _C.MISSHAPEN_NAME: About(_ERROR, "a term has more than the name of a domain or host: https://, @", "4.8"),
    _C.PASSES_EVERYONE: About(_ERROR, "a term lets everybody pass", "5.1"),
    _C.HUGE_NETWORK: About(_WARNING, "a term passes a network of IPv4 /8, IPv6 /16, or wider", "11.4"),
    _C.WIDE_NETWORK: About(_INFO, "a term passes a network of IPv4 /16, IPv6 /32, or wider", "11.4"),
    _C.HOST_BITS: About(_INFO, "an ip4 or ip6 network that does not begin where it says", "5.6"),
    _C.MAPPED_NETWORK: About(_WARNING, "ip6 with IPv4-mapped addresses, which no IPv6 client has", "5"),
    _C.NEUTRAL_ALL: About(_WARNING, "?all: a client that no term matches is treated as if there were no SPF", "8.2"),
    _C.MISSING_ALL: About(_WARNING, "neither all nor redirect at the end", "4.7"),
    _C.TERM_AFTER_ALL: About(_WARNING, "a mechanism after all, which is never evaluated", "5.1"),
    _C.REDIRECT_IGNORED: About(_WARNING, "redirect in a record with all, which is ignored", "6.1"),
    _C.NEUTRAL_TERM: About(_INFO, "a term with ?: a client that it matches is treated as if there were no SPF", "8.2"),
    _C.PTR: About(_WARNING, "ptr should not be published: slow, and unreliable", "5.5"),
    _C.MACRO_P: About(_WARNING, "%{p} should not be published: slow, and unreliable", "7.2"),
    _C.ESCAPING_MACRO: About(_INFO, "an upper-case macro in a domain: what it expands to is URL-escaped", "7.3"),
    _C.UNREVERSED_MACRO: About(_INFO, "%{i} without r next to %{v}, which names in reverse order go with", "7.4"),
    _C.DUPLICATE_TERM: About(_INFO, "the record has a term twice", ""),
    _C.UNREACHABLE_TERM: About(_WARNING, "a term never decides: terms before it say otherwise", "4.6.2"),
    _C.REDUNDANT_TERM: About(_INFO, "a term says only what others say", ""),
    _C.INCLUDE_NEVER_PASSES: About(
        _WARNING, "an include whose record lets nobody pass, so that it never matches", "5.2"
    ),
    _C.INCLUDE_DOES_NOTHING: About(_WARNING, "an include that no mail of the domain needs, as far as is known", "5.2"),
    _C.INCLUDE_INVALID_DOMAIN: About(_ERROR, "an include of what can't be a domain", "5.2"),
    _C.INCLUDE_DOMAIN_NOT_FOUND: About(_ERROR, "an include of a domain that does not exist", "5.2"),
    _C.INCLUDE_NO_RECORD: About(_ERROR, "an include of a domain that has no SPF record", "5.2"),
    _C.REDIRECT_INVALID_DOMAIN: About(_ERROR, "a redirect to what can't be a domain", "6.1"),
    _C.REDIRECT_DOMAIN_NOT_FOUND: About(_ERROR, "a redirect to a domain that does not exist", "6.1"),
    _C.REDIRECT_NO_RECORD: About(_ERROR, "a redirect to a domain that has no SPF record", "6.1"),
    _C.ENDLESS_LOOP: About(_ERROR, "records include or redirect to each other in a loop", "4.6.4"),
    _C.INVALID_TARGET_NAME: About(_WARNING, "a term's name can't be queried in DNS, so it never matches", "4.8"),
    _C.NAME_NOT_FOUND: About(_WARNING, "a name that does not exist", "4.6.4"),
    _C.NO_ADDRESSES: About(_WARNING, "a name without the records that the term asks for", "4.6.4"),
    _C.NULL_MX: About(_WARNING, "mx of a domain that takes no mail", "5.4"),
    _C.MX_IS_ADDRESS: About(_WARNING, "an MX record with an IP address in place of a name", "5.4"),
    _C.PROXIED_ADDRESS: About(_WARNING, "a or mx leads to a name whose addresses a proxy hides", "5.3"),
    _C.COULD_BE_REGISTERED: About(_ERROR, "a name whose domain anybody can register, and then send as you", "11.4"),
    _C.INCLUDE_NOT_FOLLOWED: About(_INFO, "an include or redirect whose name depends on the sender", "5.2"),
    _C.HELO_WITHOUT_RECORD: About(_INFO, "a host of the domain has no SPF record for its HELO name", "10.1.3"),
    _C.OVER_LOOKUP_LIMIT: About(_ERROR, "more terms that ask DNS than are allowed", "4.6.4"),
    _C.NEAR_LOOKUP_LIMIT: About(_WARNING, "nearly as many terms that ask DNS as are allowed", "4.6.4"),
    _C.OVER_VOID_LIMIT: About(_ERROR, "more void lookups than are allowed", "4.6.4"),
    _C.OVER_VOID_LIMIT_PER_LOOKUP: About(_WARNING, "more void lookups than allowed, if each is counted", "4.6.4"),
    _C.VOIDS_BY_CHANCE: About(_WARNING, "terms with macros may together be more void lookups than allowed", "4.6.4"),
    _C.NEAR_VOID_LIMIT: About(_INFO, "as many void lookups as are allowed", "4.6.4"),
    _C.TOO_MANY_MX: About(_ERROR, "mx of a name with more MX records than are allowed", "4.6.4"),
    _C.TOO_MANY_IP4: About(_WARNING, "more ip4 terms in a record than some receivers read", ""),
    _C.LARGE_SPACE: About(_INFO, "the record lets more than 100,000 IPv4 addresses pass", "11.4"),
    _C.RENTABLE_NETWORK: About(_WARNING, "a term passes networks in which anybody can rent an address", "11.4"),
    _C.SPECIAL_PURPOSE_NETWORK: About(_WARNING, "a term with addresses that no client on the Internet has", "5.6"),
    _C.STRING_OVER_255: About(_WARNING, "a string of a TXT record has more than 255 octets", "3.3"),
    _C.TXT_OVER_512: About(_INFO, "the TXT records of the name need a DNS answer over 512 octets", "3.4"),
    _C.TXT_OVER_1232: About(_WARNING, "the TXT records of the name need a DNS answer over 1232 octets", "3.4"),
    _C.TTL: About(_INFO, "resolvers keep the record for less than five minutes, or more than a day", ""),
    _C.DNS_SERVFAIL: About(_WARNING, "unknown: a DNS server failed", "2.6.6"),
    _C.DNS_REFUSED: About(_WARNING, "unknown: a DNS server refused to answer", "2.6.6"),
    _C.DNS_FORMERR: About(_WARNING, "unknown: a DNS server did not understand the question", "2.6.6"),
    _C.DNS_TIMEOUT: About(_WARNING, "unknown: no DNS server answered", "2.6.6"),
    _C.DNS_TRUNCATED: About(_WARNING, "unknown: an answer was cut off", "2.6.6"),
    _C.DNS_CNAME_LOOP: About(_WARNING, "unknown: CNAME records form a loop", "2.6.6"),
    _C.OUTSIDE_ZONE: About(_WARNING, "unknown: a name that is not in the files given", "2.6.6"),
    _C.WORK_LIMIT: About(_WARNING, "unknown: the records take more work than is done for one domain", ""),
    _C.EXP_INVALID_DOMAIN: About(_WARNING, "exp= with what can't be a domain", "6.2"),
    _C.EXP_DNS_ERROR: About(_WARNING, "unknown: DNS could not answer for the explanation", "6.2"),
    _C.EXP_NO_RECORD: About(_WARNING, "exp= leads to a name without TXT record", "6.2"),
    _C.EXP_MULTIPLE_RECORDS: About(_WARNING, "exp= leads to a name with several TXT records", "6.2"),
    _C.EXP_EMPTY: About(_WARNING, "the explanation is empty", "6.2"),
    _C.EXP_INVALID_MACRO: About(_WARNING, "the explanation has a faulty macro", "6.2"),
    _C.EXP_NON_ASCII: About(_WARNING, "the explanation has characters outside US-ASCII", "6.2"),
    _C.EXP_CONTROL_CHARACTER: About(_WARNING, "the explanation has control characters", "6.2"),
    _C.EXP_TOO_LONG: About(_WARNING, "the explanation is too long", "6.2"),
}

DNS_CODES = frozenset(
    {
        _C.DNS_SERVFAIL,
        _C.DNS_REFUSED,
        _C.DNS_FORMERR,
        _C.DNS_TIMEOUT,
        _C.DNS_TRUNCATED,
        _C.DNS_CNAME_LOOP,
        _C.OUTSIDE_ZONE,
        _C.WORK_LIMIT,
        _C.EXP_DNS_ERROR,
    }
)
"""The codes that say that something is not known, because it was not answered, or takes too much work."""
