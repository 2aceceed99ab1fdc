"""Whose addresses pass: the service in the catalogue whose include an outcome went through."""

from functools import lru_cache

from spfengine.catalogue.catalogue import Catalogue
from spfengine.policy.outcome import Outcome
from spfengine.problems import Result
from spfengine.text.outcomes import outcome_text
from spfengine.visible import visible

_SHOWN = 160


def owner_of(outcome: Outcome) -> str:
    """Return the name of the service by whose record addresses pass, or ""."""
    if outcome.result is not Result.PASS:
        return ""  # the path of an error leads to its fault, and says nothing about whose an address is
    return _owner(tuple([domain for domain, _ in outcome.path[1:]]))


@lru_cache(maxsize=4096)
def _owner(domains: tuple[str, ...]) -> str:
    catalogue = Catalogue.load()
    found = (catalogue.by_include(domain) for domain in domains)
    return next((provider.name for provider in found if provider is not None), "")


def about_outcome(outcome: Outcome) -> str:
    """Return what decided, with the owner if the catalogue knows it."""
    owner = owner_of(outcome)
    why = visible(outcome_text(outcome), _SHOWN)
    return f"{owner}: {why}" if owner else why
