"""Compare the SPF of all names in two states of a repository: what a change to the files would do."""

from spfengine.planning.plan import Plan, PlannedName, Verdict
from spfengine.planning.trees import Tree

__all__ = ["Plan", "PlannedName", "Tree", "Verdict"]
