"""Compare drafts with what is published: what changes, for whom, and why."""

from spfengine.simulation.enforce import Prospect, Readiness
from spfengine.simulation.records import RecordChange, TermChange
from spfengine.simulation.simulation import Effect, SenderChange, Simulation

__all__ = ["Effect", "Prospect", "Readiness", "RecordChange", "SenderChange", "Simulation", "TermChange"]
