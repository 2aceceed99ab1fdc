"""Whose an address is, as far as SPF records, reverse DNS and the address registries show."""

from spfengine.advice.identify.identification import How, Identification, Match, Missing

__all__ = ["How", "Identification", "Match", "Missing"]
