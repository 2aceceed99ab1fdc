"""Everything that answers DNS questions: zones, drafts over a resolver, recordings, a cache, and live DNS.

Names are loaded when they are first used, so that zones need neither dnspython nor asyncio.
"""

from typing import TYPE_CHECKING

from spfengine.lazy import lazy_names

if TYPE_CHECKING:
    from spfengine.resolvers.cache import Cache
    from spfengine.resolvers.live import LiveResolver
    from spfengine.resolvers.overlay import Drafts, Overlay
    from spfengine.resolvers.recording import Recorder, Recording
    from spfengine.resolvers.rrsets import RRset
    from spfengine.resolvers.zone import Zone
    from spfengine.resolvers.zone_files.files import read_zone

__all__ = [
    "Cache",
    "Drafts",
    "LiveResolver",
    "Overlay",
    "RRset",
    "Recorder",
    "Recording",
    "Zone",
    "read_zone",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Cache": "spfengine.resolvers.cache",
        "Drafts": "spfengine.resolvers.overlay",
        "LiveResolver": "spfengine.resolvers.live",
        "Overlay": "spfengine.resolvers.overlay",
        "RRset": "spfengine.resolvers.rrsets",
        "Recorder": "spfengine.resolvers.recording",
        "Recording": "spfengine.resolvers.recording",
        "Zone": "spfengine.resolvers.zone",
        "read_zone": "spfengine.resolvers.zone_files.files",
    },
)
