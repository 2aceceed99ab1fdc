"""Whether SPF is aligned with the header field From, as DMARC wants it (RFC 9989): `spfengine.alignment`."""

from typing import TYPE_CHECKING

from spfengine.lazy import lazy_names

if TYPE_CHECKING:
    from spfengine.dmarc.alignment import Alignment
    from spfengine.dmarc.suffixes import PublicSuffixes
    from spfengine.dmarc.tree_walk import PolicyRecord, TreeWalk

__all__ = [
    "Alignment",
    "PolicyRecord",
    "PublicSuffixes",
    "TreeWalk",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Alignment": "spfengine.dmarc.alignment",
        "PolicyRecord": "spfengine.dmarc.tree_walk",
        "PublicSuffixes": "spfengine.dmarc.suffixes",
        "TreeWalk": "spfengine.dmarc.tree_walk",
    },
)
