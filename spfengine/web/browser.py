"""The engine in a browser: the worker of the playground calls these functions, in Pyodide."""

import json
from collections.abc import Awaitable
from functools import cache

from spfengine.resolvers.doh import DoHResolver
from spfengine.web.answers import answer
from spfengine.web.rounds import answer_in_rounds

_DNS_SECONDS = 20.0


def respond(text: str, url: str | None = None) -> str | Awaitable[str]:
    """Return the answer to a request of the page, or what it can be awaited from; request and answer are JSON.

    Args:
        url: the server of DNS over HTTPS to ask; None: DNS is not asked.
    """
    document = json.loads(text)
    return json.dumps(answer(document, None)) if url is None else _respond_asking(document, url)


async def _respond_asking(document: object, url: str) -> str:
    return json.dumps(await answer_in_rounds(document, _resolver(url), _DNS_SECONDS))


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
            found = answer({**request, "task": task, "form": form}, None)
            assert "error" not in found, found["error"]
