"""The engine in a browser: the worker of the playground calls these functions, in Pyodide."""

import json
from functools import cache

from spfengine.resolvers.doh import DoHResolver
from spfengine.web.answers import answer
from spfengine.web.rounds import answer_in_rounds

_DNS_SECONDS = 20.0


def respond(text: str) -> str:
    """Return the answer to a request of the page that asks no DNS; both are JSON."""
    return json.dumps(answer(json.loads(text), None))


async def respond_asking(text: str, url: str) -> str:
    """Return the answer to a request of the page that may ask DNS, over HTTPS.

    Args:
        url: the server to ask.
    """
    return json.dumps(await answer_in_rounds(json.loads(text), _resolver(url), _DNS_SECONDS))


@cache  # so that what was asked for one request is known for the next
def _resolver(url: str) -> DoHResolver:
    return DoHResolver(url)


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
