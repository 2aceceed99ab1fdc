"""Trees of domains whose policies are known: what a result has no answer for is asked only if a resolver is given."""

from typing import TYPE_CHECKING

from spfengine.answers import Status
from spfengine.drivers import drive
from spfengine.policy.budget import Budget
from spfengine.policy.include_tree import IncludeTree, tree_with_budget
from spfengine.policy.policy import Policy
from spfengine.report.nodes import tree_block
from spfengine.report.page import Tree
from spfengine.resolvers.asking import Unanswered

if TYPE_CHECKING:
    from spfengine.answers import Resolver


def tree_of(policy: Policy, need: Budget, resolver: "Resolver | None", own: tuple[str, ...] = ()) -> IncludeTree:
    """Return the tree of a policy's domain.

    Args:
        need: its budget.
        resolver: answers what the policy did not ask, such as what is after the limit of lookups; None: it is not asked.
        own: the admin's domains.
    """
    answers = dict(policy.answers)
    asked = Unanswered(Status.UNKNOWN) if resolver is None else resolver
    return drive(tree_with_budget(policy.inputs, answers, need, own), asked, None)


def trees_block(
    policies: tuple[Policy, Policy],
    budgets: tuple[Budget, Budget],
    resolver: "Resolver | None",
    own: tuple[str, ...] = (),
) -> Tree:
    """Return the trees before and after a change as one, with what changes marked."""
    before, after = [
        tree_of(policy, need, resolver, own) for policy, need in zip(policies, budgets, strict=True)
    ]
    return tree_block(after, before)
