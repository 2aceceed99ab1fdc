"""Trees of files for tests."""

from collections.abc import Mapping
from typing import Any

from spfengine.planning.plan import Plan, Verdict, plan
from spfengine.planning.trees import Tree

SOA = "@ 300 IN SOA ns hostmaster 1 2 3 4 5\n"


def tree(files: Mapping[str, str | bytes], name: str = "tree") -> Tree:
    """Return a tree of these files."""
    return Tree(name, {path: each.encode() if isinstance(each, str) else each for path, each in files.items()})


def planned(before: Mapping[str, str | bytes], after: Mapping[str, str | bytes], **arguments: Any) -> Plan:
    """Return the plan of a change between files."""
    return plan(tree(before, "before"), tree(after, "after"), **arguments)


def verdicts(found: Plan) -> dict[str, Verdict]:
    """Return the verdicts by label."""
    return {each.label: each.verdict for each in found.names}


def zone(lines: str, origin: str = "example.com") -> str:
    """Return a master file with an SOA record."""
    return f"$ORIGIN {origin}.\n{SOA}{lines}\n"
