"""Questions by DNS over HTTPS, sent by `fetch`; runs in Pyodide."""

import json

from spfengine import DoHResolver, Question, RRType, acheck


async def answers(octets: bytes) -> str:
    """Return what servers answer, as JSON.

    Args:
        octets: JSON, a list of [URL, seconds].
    """
    seen = []
    for url, seconds in json.loads(octets):
        reports: list[str] = []
        settings = {"timeout": seconds, "retries": 0, "lifetime": seconds}
        resolver = DoHResolver(url, **settings, unreachable=lambda *report, into=reports: into.append(report[1]))
        answer = await resolver.aresolve(Question("example.com", RRType.TXT))
        result = await acheck("192.0.2.2", "a@example.com", resolver=resolver)
        seen.append([answer.status, answer.texts(), answer.ttl, result.result, "".join(reports)])
    return json.dumps(seen)
