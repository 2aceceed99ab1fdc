"""The commands there are. The module of one is loaded only when it is called."""

from typing import Any

NAME = "spfengine"

COMMANDS = {
    "check": "Check whether a client may send mail for a domain, and show why.",
    "tree": "Show a record with everything that it leads to, and what that costs.",
    "simulate": "Show what a change to SPF records would do, before it is published.",
    "suggest": "Say which record a domain should have, so that its senders pass; with the proof.",
    "flatten": "Put networks in place of includes, and prove that nothing else changes.",
    "snapshot": "Keep what DNS says of domains now, to be told later what changed.",
    "drift": "Show what changed in DNS since a snapshot, for every address there is.",
    "lint": "Find what is wrong, risky or without effect in a domain's SPF.",
    "survey": "Say what the records of many domains come to: a line of JSON for each.",
    "networks": "List the networks that get a result, the fewest there can be.",
    "diff": "Compare two records for every address there is.",
    "identify": "Say whose an address is, and how that is known.",
    "spfquery": "Check clients as Mail::SPF's and libspf2's command does, with its exit codes.",
    "policyd": "Answer Postfix's policy requests: refuse a message, or add a header field to it.",
    "serve": "Serve zones by DNS on loopback, for tests of any program.",
    "run-with": "Run a program whose only DNS server is ours (Linux).",
    "export": "Write zones in the forms that others' test fixtures have.",
    "conformance": "Put cases of SPF to any implementation, over the wire, and compare.",
}
"""The commands, in the order in which help lists them, each with what it does; its module is `spfengine.cli.` and its
name.
"""


def load(name: str) -> Any:
    """Return a command: a `command_line.Command`, or one of click."""
    return __import__(f"spfengine.cli.{name.replace('-', '_')}", fromlist=["command"]).command
