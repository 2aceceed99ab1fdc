"""Everything that answers DNS questions: zones, drafts over a resolver, recordings, a cache, and live DNS."""

from typing import TYPE_CHECKING

from spfengine.resolvers.cache import Cache
from spfengine.resolvers.overlay import Drafts, Overlay
from spfengine.resolvers.recording import Recorder, Recording
from spfengine.resolvers.rrsets import RRset
from spfengine.resolvers.zone import Zone
from spfengine.resolvers.zone_files.files import read_zone

if TYPE_CHECKING:
    from spfengine.resolvers.doh import DoHResolver
    from spfengine.resolvers.live import LiveResolver

__all__ = [
    "Cache",
    "DoHResolver",
    "Drafts",
    "LiveResolver",
    "Overlay",
    "RRset",
    "Recorder",
    "Recording",
    "Zone",
    "read_zone",
]


def __getattr__(name: str) -> object:  # not at the top: they import dnspython, which only live DNS needs
    if name == "LiveResolver":
        from spfengine.resolvers.live import LiveResolver

        return LiveResolver
    if name == "DoHResolver":
        from spfengine.resolvers.doh import DoHResolver

        return DoHResolver
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
