"""A mail receiver's side: Postfix policy delegation, from requests to actions."""

from spfengine.receiver.decision import Decision
from spfengine.receiver.delegation import Client, Delegation
from spfengine.receiver.requests import RequestReader, reply
from spfengine.receiver.rules import Header, Refusal, Rules, checked_rules

__all__ = [
    "Client",
    "Decision",
    "Delegation",
    "Header",
    "Refusal",
    "RequestReader",
    "Rules",
    "checked_rules",
    "reply",
]
