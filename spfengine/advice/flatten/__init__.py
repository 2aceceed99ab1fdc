"""Flattening: networks in place of includes, with the proof that every client gets the same result."""
