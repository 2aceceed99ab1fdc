"""Check SPF with rspamd over HTTP: the adapter `spfengine.testing.receivers.rspamd:check`; uses rspamd.conf."""

import http.client
import json

_ADDRESS = ("127.0.0.1", 11333)
_MESSAGE = b"From: nobody@receiver.example\r\nSubject: a message\r\n\r\nIts text.\r\n"


def check(ip: str, sender: str, helo: str, dns: str) -> tuple[str | None, str] | str:  # noqa: ARG001 - an adapter's signature
    """Return the symbol of the SPF module, such as R_SPF_ALLOW."""
    if set(sender + helo) & set("\0\r\n"):
        return None, "a header field of HTTP is one line"
    headers: dict[str, str | bytes] = {"IP": ip, "From": (sender or "<>").encode(), "Helo": helo.encode()}
    connection = http.client.HTTPConnection(*_ADDRESS, timeout=60)
    try:
        connection.request("POST", "/checkv2", _MESSAGE, headers)
        symbols = json.loads(connection.getresponse().read())["symbols"]
    finally:
        connection.close()
    return next((name for name in symbols if name.startswith("R_SPF_")), "no symbol of SPF")
