"""The engine in a browser: the worker of the playground calls `respond`, in Pyodide."""

import json

from spfengine.web.answers import answer


def respond(text: str) -> str:
    """Return the answer to a request of the page; both are JSON."""
    return json.dumps(answer(json.loads(text), None))


def rehearse() -> None:
    """Answer a request of each kind, so that all modules and templates are loaded: for a snapshot of the memory."""
    zone = {"name": "zone", "content": "JE9SSUdJTiBhLmV4YW1wbGUuCkAgVFhUICJ2PXNwZjEgbXggLWFsbCIK"}  # a.example
    request = {
        "zones": [zone],
        "domain": "a.example",
        "draft": "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 ~all",
        "client": {"ip": "192.0.2.1", "sender": "user@a.example"},
    }
    for task in ("read", "check", "publish", "change", "lint"):
        for form in ("view", "report"):
            found = json.loads(respond(json.dumps({**request, "task": task, "form": form})))
            assert "error" not in found, found["error"]
