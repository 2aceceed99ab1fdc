"""The most DNS questions that a check may ask."""

from spfengine.evaluation.limits import Limits, VoidRule


def most_questions(limits: Limits) -> int:
    """Return the most DNS questions that a check under these limits asks, each question once.

    - 1 for the TXT records of the checked domain;
    - 1 + names for each of the `lookups` terms: its own question, and for mx the addresses of `names` hosts;
    - 1 + names for ptr and `%{p}` together: the PTR records, and the addresses of `names` names;
    - 1 for the explanation.

    With the limits of RFC 7208 §4.6.4 that is 1 + 10 * 11 = 111, plus 11 for one `%{p}`, plus 1 for exp. Under the
    dual-stack rule a question for addresses may need a second one in the other family.
    """
    families = 2 if limits.void_rule is VoidRule.DUAL_STACK else 1
    hosts = families * limits.names
    term = max(1 + hosts, families)
    return 1 + limits.lookups * term + (1 + hosts) + 1
