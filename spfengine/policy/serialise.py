"""The JSON form of a policy, which `Policy.to_dict` writes, and `Policy.from_dict` reads without trusting it.

{"schema": "spfengine.policy/1",
 "domain", "local_part", "helo", "limits", "ttl": as in the policy; text of octets has one character for each octet,
 "dependencies": [{"domain", "term", "inputs"}, ...],
 "outcomes": [{"result", "problem", "directive", "record_domain", "path", "lookups", "void_lookups",
     "depends_on": [indices in "dependencies"],
     "tree": null or {"dependency": index, "branches": [[choice, index of an outcome before this one], ...]}}, ...],
 "ip4", "ip6": [[first address of a range, index in "outcomes"], ...]; a range ends where the next one begins}
"""

from spfengine.addresses import V4, V6, Family, address_text, parse_ip4, parse_ip6
from spfengine.errors import ArgumentError
from spfengine.evaluation.limits import Limits, VoidRule
from spfengine.json_reader import MAX_TEXT, Field
from spfengine.policy.compile import MAX_LEAVES, MAX_RANGES, MAX_TREE_DEPTH
from spfengine.policy.outcome import Branch, Choice, Dependency, Input, Outcome
from spfengine.policy.policy import Policy
from spfengine.policy.ranges import MAPPED_FIRST, MAPPED_LAST
from spfengine.problems import Problem, ProblemCode, Result

SCHEMA = "spfengine.policy/1"
"""The version of the JSON form; it changes if a key changes its meaning or is removed."""

MAX_OUTCOMES = 1 << 22
"""Outcomes of the longest table that is read."""


def to_dict(policy: Policy) -> dict[str, object]:
    """Return a policy as JSON-safe values: `Policy.to_dict`."""
    tables = _Tables()
    ranges = {
        family.version: [
            [address_text(family, first), tables.outcome(outcome)]
            for first, _, outcome in policy.ranges(family.version)
        ]
        for family in (V4, V6)
    }
    return {
        "schema": SCHEMA,
        "domain": policy.domain,
        "local_part": policy.local_part,
        "helo": policy.helo,
        "limits": {name: getattr(policy.limits, name) for name in Limits.fields}
        | {"void_rule": str(policy.limits.void_rule)},
        "ttl": policy.ttl,
        "dependencies": tables.dependencies,
        "outcomes": tables.outcomes,
        "ip4": ranges[4],
        "ip6": ranges[6],
    }


class _Tables:
    """Outcomes and dependencies, each written once, in the order in which they are first needed."""

    def __init__(self) -> None:
        self.dependencies: list[dict[str, object]] = []
        self.outcomes: list[dict[str, object]] = []
        self._indices: dict[Dependency | Outcome, int] = {}

    def dependency(self, dependency: Dependency) -> int:
        index = self._indices.get(dependency)
        if index is None:
            index = self._indices[dependency] = len(self.dependencies)
            inputs = [str(each) for each in dependency.inputs]
            self.dependencies.append({"domain": dependency.domain, "term": dependency.term, "inputs": inputs})
        return index

    def outcome(self, outcome: Outcome) -> int:
        index = self._indices.get(outcome)
        if index is None:
            tree = None
            rest = None if outcome.rest is None else self.outcome(outcome.rest)
            if outcome.tree is not None:
                branches = [[str(choice), self.outcome(below)] for choice, below in outcome.tree.branches]
                tree = {"dependency": self.dependency(outcome.tree.dependency), "branches": branches}
            written: dict[str, object] = {
                "result": None if outcome.result is None else str(outcome.result),
                "problem": None if outcome.problem is None else _problem_dict(outcome.problem),
                "directive": outcome.directive,
                "record_domain": outcome.record_domain,
                "path": [[domain, term] for domain, term in outcome.path],
                "lookups": outcome.lookups,
                "void_lookups": outcome.void_lookups,
                "depends_on": [self.dependency(each) for each in outcome.depends_on],
                "tree": tree,
                "rest": rest,
            }
            index = self._indices[outcome] = len(self.outcomes)
            self.outcomes.append(written)
        return index


def _problem_dict(problem: Problem) -> dict[str, object]:
    return problem.to_dict() | {"domain": problem.domain}  # as octets, not escaped for people


def from_dict(data: object) -> Policy:
    """Return the policy that these values describe: `Policy.from_dict`."""
    root = Field(data, "policy")
    schema = root["schema"]
    if schema.data != SCHEMA:
        schema.refuse(f'"{SCHEMA}"')
    dependencies = [_dependency(each) for each in root["dependencies"].items(MAX_OUTCOMES)]
    outcomes = _outcomes(root["outcomes"], dependencies)
    return Policy(
        root["domain"].octets(),
        root["local_part"].optional(Field.octets),
        root["helo"].optional(Field.octets),
        _limits(root["limits"]),
        _table(root["ip4"], V4, outcomes),
        _table(root["ip6"], V6, outcomes),
        {},
        root["ttl"].optional(Field.count),
    )


def _limits(value: Field) -> Limits:
    lookups, voids, names = [value[name].count() for name in ("lookups", "voids", "names")]
    rule = value["void_rule"].word(VoidRule)
    seconds = value["seconds"].optional(Field.number)
    count_p = value["count_p"].truth()
    try:
        return Limits(lookups, voids, rule, names, seconds, count_p)
    except ArgumentError as error:
        raise ArgumentError(f"{value.where}: {error}") from None


def _dependency(value: Field) -> Dependency:
    inputs = tuple([each.word(Input) for each in value["inputs"].items(len(Input))])
    return Dependency(value["domain"].octets(), value["term"].text(), inputs)


def _outcomes(value: Field, dependencies: list[Dependency]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    sizes: list[tuple[int, int]] = []  # leaves and depth of each tree
    for each in value.items(MAX_OUTCOMES):
        tree, size = None, (1, 0)
        if each["tree"].data is not None:
            tree, size = _branch(each["tree"], dependencies, outcomes, sizes)
        rest = None if _lacks(each, "rest") else each["rest"].optional(lambda one: one.index(len(sizes)))
        if rest is not None:
            size = sizes[rest][0], sizes[rest][1] + 1
            _refuse_large(each, *size)
        depends_on = tuple([dependencies[one.index(len(dependencies))] for one in each["depends_on"].items(MAX_TEXT)])
        result = each["result"].optional(lambda one: one.word(Result))
        if (result is None) != bool(depends_on):
            each["depends_on"].refuse("dependencies if, and only if, the result is null")
        _refuse_contradiction(each, has_result=result is not None, has_tree=tree is not None, has_rest=rest is not None)
        outcomes.append(
            Outcome(
                result,
                each["problem"].optional(_problem),
                each["directive"].optional(Field.text),
                each["record_domain"].optional(Field.octets),
                tuple([_step(one) for one in each["path"].items(MAX_TEXT)]),
                each["lookups"].count(),
                each["void_lookups"].count(),
                depends_on,
                tree,
                None if rest is None else outcomes[rest],
            )
        )
        sizes.append(size)
    return outcomes


def _refuse_contradiction(value: Field, *, has_result: bool, has_tree: bool, has_rest: bool) -> None:
    if has_result and (has_tree or has_rest):
        value["result"].refuse("null, since there is a tree or a rest")
    if has_tree and has_rest:
        value["rest"].refuse("null, since there is a tree")


def _branch(
    value: Field, dependencies: list[Dependency], outcomes: list[Outcome], sizes: list[tuple[int, int]]
) -> tuple[Branch, tuple[int, int]]:
    branches: dict[Choice, Outcome] = {}
    leaves = depth = 0
    for each in value["branches"].items(len(Choice)):
        written, index = each.pair()
        choice = written.word(Choice)
        if choice in branches:
            written.refuse("each choice once")
        below = index.index(len(outcomes))
        branches[choice] = outcomes[below]
        leaves += sizes[below][0]
        depth = max(depth, sizes[below][1] + 1)
    if not branches:
        value["branches"].refuse("at least one branch")
    _refuse_large(value, leaves, depth)
    dependency = dependencies[value["dependency"].index(len(dependencies))]
    return Branch(dependency, tuple(branches.items())), (leaves, depth)


def _lacks(value: Field, key: str) -> bool:
    """Whether an object has no such key, since an older version wrote it."""
    return isinstance(value.data, dict) and key not in value.data


def _refuse_large(value: Field, leaves: int, depth: int) -> None:
    if leaves > MAX_LEAVES or depth > MAX_TREE_DEPTH:
        value.refuse(f"a tree of at most {MAX_LEAVES} leaves, at most {MAX_TREE_DEPTH} deep")


def _step(value: Field) -> tuple[str, str]:
    domain, term = value.pair()
    return domain.octets(), term.text()


def _problem(value: Field) -> Problem:
    return Problem(
        value["code"].word(ProblemCode),
        value["text"].text(),
        value["domain"].optional(Field.octets),
        value["span"].optional(_span),
        value["section"].text(),
        value["hint"].optional(Field.text),
    )


def _span(value: Field) -> tuple[int, int]:
    start, end = value.pair()
    return start.count(), end.count()


def _table(value: Field, family: Family, outcomes: list[Outcome]) -> tuple[tuple[int, ...], tuple[Outcome, ...]]:
    starts: list[int] = []
    found: list[Outcome] = []
    parse = parse_ip4 if family is V4 else parse_ip6
    for each in value.items(MAX_RANGES + 1):
        written, index = each.pair()
        first = parse(written.text())
        if first is None:
            written.refuse(f"an IPv{family.version} address")
        if first <= starts[-1] if starts else first != 0:
            written.refuse("addresses in order, each once, the first of them 0")
        if family is V6 and MAPPED_FIRST <= first <= MAPPED_LAST:
            written.refuse("no address of ::ffff:0:0/96, in which there is no IPv6 client")
        starts.append(first)
        found.append(outcomes[index.index(len(outcomes))])
    if not starts:
        value.refuse("at least one range")
    return tuple(starts), tuple(found)
