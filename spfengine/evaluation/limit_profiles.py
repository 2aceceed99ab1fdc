"""The limits of receivers that are not those of RFC 7208 §4.6.4.

Sources: our own runs are those of docs/receivers-differ.md (Debian 12). "Table 5" is that of "SPF Beyond the Standard",
USENIX Security 2024, a reading of source code. If a run and the table differ, the run counts. Table 5 does not say what
counts as a void lookup; then a term counts once.
"""

from typing import NamedTuple

from spfengine.errors import ArgumentError
from spfengine.evaluation.limits import LIFTED, Limits, VoidRule
from spfengine.visible import short_repr, visible

_TABLE = "Table 5"
_RUN = "our run"


class LimitProfile(NamedTuple):
    """The limits of a receiver.

    Attributes:
        name: its name on the command line.
        title: its name for people.
        limits: its limits; `LIFTED` if it has none.
        source: how that is known.
        remark: what else is known of its limits; "" if nothing.
    """

    name: str
    title: str
    limits: Limits
    source: str
    remark: str = ""

    def __repr__(self) -> str:
        return short_repr(self, ("name", "limits", "source"))


LIMIT_PROFILES = {
    profile.name: profile
    for profile in (
        LimitProfile("rfc", "RFC 7208", Limits(), "RFC 7208 §4.6.4"),
        LimitProfile(
            "pyspf", "pyspf", Limits(void_rule=VoidRule.PER_LOOKUP), f"{_RUN} of pyspf 2.0.14; {_TABLE} agrees",
            "Also called `policyd-spf`, which uses pyspf on Debian. Table 5 gives that one 20 lookups and 1 void.",
        ),
        LimitProfile(
            "mail-spf", "Mail::SPF", Limits(void_rule=VoidRule.PER_LOOKUP, names=LIFTED, seconds=None),
            f"{_RUN} of Mail::SPF 2.9.0",
            "Of more than ten MX hosts it uses the first ten. Table 5 is about an older module, Mail::SPF::Query.",
        ),
        LimitProfile(
            "libspf2", "libspf2 and Exim", Limits(voids=LIFTED, names=LIFTED, seconds=None),
            f"{_RUN} of libspf2 1.2.10",
            "Table 5 gives it 1 void lookup; our run finds no limit. It still evaluates an eleventh term.",
        ),
        LimitProfile(
            "rspamd", "rspamd", Limits(lookups=30, voids=LIFTED, names=LIFTED, seconds=None),
            f"lookups: {_TABLE}; void lookups: {_RUN} of rspamd 3.4",
            "Table 5 gives it 30 void lookups. Over the limit, the rest of the record is left out, without an error.",
        ),
        LimitProfile("milter-greylist", "milter-greylist", Limits(voids=10, seconds=None), _TABLE),
        LimitProfile("spfmilter", "spfmilter", Limits(), _TABLE),
        LimitProfile("mtpolicyd", "mtpolicyd", Limits(seconds=None), _TABLE),
        LimitProfile("iredapd", "iRedAPD 5.1", Limits(lookups=20, voids=20, seconds=None), _TABLE),
        LimitProfile("spamassassin", "SpamAssassin", Limits(lookups=20, voids=1, seconds=5.0), _TABLE),
    )
}  # fmt: skip
"""The profiles, by name."""
SAME_LIMITS = {"policyd-spf": "pyspf"}
"""Other names of profiles: receivers that use the software of another."""


def limit_profile(name: str) -> LimitProfile:
    """Return a profile. Raises ArgumentError if there is none of that name."""
    profile = LIMIT_PROFILES.get(SAME_LIMITS.get(name, name))
    if profile is None:
        known = ", ".join([*LIMIT_PROFILES, *SAME_LIMITS])
        raise ArgumentError(f"no profile of limits is called {visible(name, 40)!r}; expected one of {known}")
    return profile
