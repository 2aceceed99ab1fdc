"""An HTTP response of a server that a test runs."""

from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler


def respond(handler: BaseHTTPRequestHandler, status: int, fields: Mapping[str, str], body: bytes) -> None:
    """Send a response with these header fields and this body, whose length is added."""
    handler.send_response(status)
    for name, value in fields.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
