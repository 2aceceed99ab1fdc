"""A change replayed against any number of senders, in parts that add up: `spfengine.replay` and `replay_files`.

The package is not called `replay`, since it would hide the function of that name.
"""

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
