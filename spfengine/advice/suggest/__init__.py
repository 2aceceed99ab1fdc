"""Suggestions: the smallest change to a record after which every wanted sender passes, with the proof."""

from spfengine.advice.suggest.suggestion import (
    Advice,
    Alternative,
    Caveat,
    CaveatCode,
    Limit,
    Proposal,
    Rejected,
    SenderAdvice,
    SenderStanding,
    Shortfall,
    Shown,
    Suggestion,
    TermAdvice,
)

__all__ = [
    "Advice",
    "Alternative",
    "Caveat",
    "CaveatCode",
    "Limit",
    "Proposal",
    "Rejected",
    "SenderAdvice",
    "SenderStanding",
    "Shortfall",
    "Shown",
    "Suggestion",
    "TermAdvice",
]
