"""Implementations of SPF for conformance runs: ours, and bad ones."""

from spfengine import LiveResolver, check


def ours(ip: str, sender: str, helo: str, dns: str) -> tuple[str, str]:
    """Ours, over the network. It waits long, since only a few cases have a silent server, and machines may be busy."""
    resolver = LiveResolver(dns, timeout=5.0, retries=0, lifetime=30.0)
    result = check(ip, sender, helo, resolver=resolver)
    return str(result.result), result.explanation or "DEFAULT"


def always_pass(ip: str, sender: str, helo: str, dns: str) -> str:
    return "pass"


def without_explanation(ip: str, sender: str, helo: str, dns: str) -> tuple[str, str]:
    return ours(ip, sender, helo, dns)[0], "go away"


def raising(ip: str, sender: str, helo: str, dns: str) -> str:
    raise OSError("no\x1bluck")


def nonsense(ip: str, sender: str, helo: str, dns: str) -> object:
    return {"perhaps": 1}


def unable(ip: str, sender: str, helo: str, dns: str) -> tuple[None, str]:
    return None, "it can't"
