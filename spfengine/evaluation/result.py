"""The results of check_host()."""

from enum import StrEnum


class Result(StrEnum):
    """The results of check_host() (RFC 7208 §2.6). Receivers treat neutral exactly as none (RFC 7208 §8.2)."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"
