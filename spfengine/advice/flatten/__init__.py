"""Flattening: networks in place of includes, with the proof that every client gets the same result."""

from spfengine.advice.flatten.flattening import FlatRecord, Flattening, KeptTerm, Proof, ReplacedTerm

__all__ = ["FlatRecord", "Flattening", "KeptTerm", "Proof", "ReplacedTerm"]
