"""The include trees before and after a change. What the policies did not ask is asked only if resolvers are given."""

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

    Resolvers = tuple[Resolver, Resolver] | None


def trees_block(
    policies: tuple[Policy, Policy],
    budgets: tuple[Budget, Budget],
    resolvers: "Resolvers",
    own: tuple[str, ...] = (),
) -> Tree:
    """Return the trees before and after a change as one, with what changes marked.

    Args:
        policies, budgets: before and after.
        resolvers: what answers, before and after, what the policies did not ask, such as what is after the limit of
            lookups; None: nobody does.
        own: the admin's domains.
    """
    nobody = Unanswered(Status.UNKNOWN)
    before, after = [
        _tree(policy, need, resolver, own)
        for policy, need, resolver in zip(policies, budgets, resolvers or (nobody, nobody), strict=True)
    ]
    return tree_block(after, before)


def _tree(policy: Policy, need: Budget, resolver: "Resolver", own: tuple[str, ...]) -> IncludeTree:
    return drive(tree_with_budget(policy.inputs, dict(policy.answers), need, own), resolver, None)
