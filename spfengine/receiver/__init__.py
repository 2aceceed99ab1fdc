"""A mail receiver's side: Postfix policy delegation, from requests to actions."""

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
