"""How many clients and questions a server has at once: as many as there are file descriptors for."""

import resource
from dataclasses import dataclass

from spfengine.resolvers.slots import MOST_AHEAD

_MOST_CLIENTS = 1000
_MOST_DESCRIPTORS = 1 << 16
_OTHERS = 64  # the log, listening sockets, the event loop, scrapers of metrics, what libraries open


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a server has at once, at most.

    Each client has one check at a time, and each check one question of its own. So with as many slots as clients no
    own question ever waits.

    Attributes:
        clients: connections.
        questions: questions of DNS in flight.
    """

    clients: int
    questions: int


def bounds_for(descriptors: int) -> Bounds:
    """Return the bounds for a process that may have this many file descriptors."""
    usable = max(10, descriptors - _OTHERS)
    clients = min(_MOST_CLIENTS, usable * 2 // 5)
    return Bounds(clients, min(usable - clients, clients + MOST_AHEAD))


def own_bounds() -> Bounds:
    """Return the bounds for this process (RLIMIT_NOFILE, which `ulimit -n` shows)."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return bounds_for(_MOST_DESCRIPTORS if soft == resource.RLIM_INFINITY else min(soft, _MOST_DESCRIPTORS))
