"""Everything that answers DNS questions: zones, drafts over a resolver, recordings, a cache, and live DNS."""

from typing import TYPE_CHECKING

from spfengine.resolvers.cache import Cache
from spfengine.resolvers.overlay import Drafts, Overlay
from spfengine.resolvers.recording import Recorder, Recording
from spfengine.resolvers.rrsets import RRset
from spfengine.resolvers.zone import Zone
from spfengine.resolvers.zone_files.files import read_zone

if TYPE_CHECKING:
    from spfengine.resolvers.live import LiveResolver

__all__ = ["Cache", "Drafts", "LiveResolver", "Overlay", "RRset", "Recorder", "Recording", "Zone", "read_zone"]


def __getattr__(name: str) -> object:
    if name == "LiveResolver":  # not at the top: it imports dnspython, which only live DNS needs
        from spfengine.resolvers.live import LiveResolver

        return LiveResolver
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
