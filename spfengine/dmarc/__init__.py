"""Whether SPF is aligned with the header field From, as DMARC wants it (RFC 9989): `spfengine.alignment`."""

from spfengine.dmarc.alignment import Alignment
from spfengine.dmarc.suffixes import PublicSuffixes
from spfengine.dmarc.tree_walk import EffectivePolicy, PolicyRecord, TreeWalk

__all__ = [
    "Alignment",
    "EffectivePolicy",
    "PolicyRecord",
    "PublicSuffixes",
    "TreeWalk",
]
