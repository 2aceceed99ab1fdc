"""A change replayed against any number of senders, in parts that add up: `spfengine.replay` and `replay_files`.

The package is not called `replay`, since it would hide the function of that name.
"""

from typing import TYPE_CHECKING

from spfengine.lazy import lazy_names

if TYPE_CHECKING:
    from spfengine.policy.outcome import Input
    from spfengine.replaying.totals import ReplayedSender, Total, Totals
    from spfengine.simulation.simulation import Effect

__all__ = [
    "Effect",
    "Input",
    "ReplayedSender",
    "Total",
    "Totals",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Effect": "spfengine.simulation.simulation",
        "Input": "spfengine.policy.outcome",
        "ReplayedSender": "spfengine.replaying.totals",
        "Total": "spfengine.replaying.totals",
        "Totals": "spfengine.replaying.totals",
    },
)
