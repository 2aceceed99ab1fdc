"""A mail receiver's side: Postfix policy delegation, from requests to actions."""

from typing import TYPE_CHECKING

from spfengine.lazy import lazy_names

if TYPE_CHECKING:
    from spfengine.receiver.delegation import (
        Client,
        Delegation,
        Header,
        Refusal,
        RequestReader,
        Rules,
        checked_rules,
        reply,
    )

__all__ = [
    "Client",
    "Delegation",
    "Header",
    "Refusal",
    "RequestReader",
    "Rules",
    "checked_rules",
    "reply",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Client": "spfengine.receiver.delegation",
        "Delegation": "spfengine.receiver.delegation",
        "Header": "spfengine.receiver.delegation",
        "Refusal": "spfengine.receiver.delegation",
        "RequestReader": "spfengine.receiver.delegation",
        "Rules": "spfengine.receiver.delegation",
        "checked_rules": "spfengine.receiver.delegation",
        "reply": "spfengine.receiver.delegation",
    },
)
