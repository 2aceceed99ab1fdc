"""The system's DNS servers: those of /etc/resolv.conf, or on Windows those that dnspython reads from the registry."""

import sys

from spfengine.errors import ArgumentError
from spfengine.visible import visible

PATH = "/etc/resolv.conf"
LOCAL_HOST = ("127.0.0.1", "::1")
"""The servers of a file without `nameserver` lines: the name server on this machine (resolver(5))."""
_MAX_SIZE = 1 << 20


def read_nameservers() -> list[str]:
    """Return the addresses in the system's settings as they are written there; they may be invalid.

    Raises:
        ArgumentError: the settings can't be read.
    """
    if sys.platform == "win32":  # pragma: no cover - the tests run on Linux
        return _registry_nameservers()
    try:
        with open(PATH, encoding="utf-8", errors="replace") as file:
            text = file.read(_MAX_SIZE)
    except OSError as error:
        raise unusable(str(error)) from error
    return parse(text)


def parse(text: str) -> list[str]:
    """Return the addresses in the `nameserver` lines of a resolv.conf, or the local host's if it has no such line."""
    words = [line.split() for line in text.splitlines() if not line.startswith(("#", ";"))]
    addresses = [" ".join(line[1:2]) for line in words if line and line[0] == "nameserver"]
    return addresses or list(LOCAL_HOST)


def unusable(reason: str) -> ArgumentError:
    """Return the error that the system's settings give no server."""
    return ArgumentError(
        f"the system's DNS servers can't be read ({visible(reason, 200)}); "
        "give them, like LiveResolver(nameservers=['192.0.2.53'])"
    )


def _registry_nameservers() -> list[str]:  # pragma: no cover - the tests run on Linux
    import dns.exception
    import dns.resolver  # slow to import, and not needed elsewhere

    try:
        return [str(server) for server in dns.resolver.Resolver().nameservers]
    except (dns.exception.DNSException, ValueError, OSError) as error:
        raise unusable(str(error)) from error
