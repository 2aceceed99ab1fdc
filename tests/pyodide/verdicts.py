"""The verdicts of all cases as JSON. The same code runs here and in Pyodide, which has no other module of the tests."""

import json
import pickle
from typing import Any

from spfengine import ArgumentError, Policy, check, diagnose

NOW = 1_700_000_000.0
"""The time of cases that do not say theirs."""


def verdicts(pickled: bytes) -> str:
    """Return everything that is known of each check, policy and record, as lines of JSON."""
    checks, records = pickle.loads(pickled)
    lines = [json.dumps(_check(*arguments), sort_keys=True) for arguments in checks]
    lines += [json.dumps([str(problem) for problem in diagnose(record)], sort_keys=True) for record in records]
    return "\n".join(lines)


def _check(zone: Any, ip: str, sender: str, helo: str, limits: Any, receiver: str | None, now: float | None) -> Any:
    result = check(ip, sender, helo, resolver=zone, limits=limits, receiver=receiver, now=NOW if now is None else now)
    document = [result.to_dict(), result.trace.to_dict()]
    try:
        policy = Policy.compile(result.domain, resolver=zone, sender=sender, helo=helo, limits=limits, now=NOW)
    except ArgumentError as error:  # a sender whose domain is none that can be checked
        return document, str(error)
    ranges = [(version, *found) for version in (4, 6) for found in policy.ranges(version)]
    return document, [[version, first, last, str(outcome.result)] for version, first, last, outcome in ranges]
