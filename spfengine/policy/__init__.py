"""What a record means for every address, compiled once and then queried and compared as often as you like."""

from spfengine.policy.budget import Budget, Cost
from spfengine.policy.columns import RESULT_CODES
from spfengine.policy.diff import Change
from spfengine.policy.include_tree import IncludeTree, TreeRecord, TreeTerm
from spfengine.policy.outcome import Branch, Choice, Dependency, Input, Outcome
from spfengine.policy.policy import Policy
from spfengine.policy.reachability import Covered, Overlap, Reachability, Reason, Unreachable

__all__ = [
    "RESULT_CODES",
    "Branch",
    "Budget",
    "Change",
    "Choice",
    "Cost",
    "Covered",
    "Dependency",
    "IncludeTree",
    "Input",
    "Outcome",
    "Overlap",
    "Policy",
    "Reachability",
    "Reason",
    "TreeRecord",
    "TreeTerm",
    "Unreachable",
]
