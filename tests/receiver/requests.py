"""Requests as Postfix sends them."""

ATTRIBUTES = {
    "request": "smtpd_access_policy",
    "protocol_state": "RCPT",
    "protocol_name": "ESMTP",
    "helo_name": "mx.client.example",
    "queue_id": "",
    "sender": "alice@pass.example",
    "recipient": "bob@mx.example.net",
    "recipient_count": "0",
    "client_address": "192.0.2.1",
    "client_name": "unknown",
    "reverse_client_name": "unknown",
    "instance": "1234.abcd.0",
    "sasl_method": "",
    "sasl_username": "",
    "size": "0",
}


def attributes(**changes: str) -> dict[str, str]:
    return {**ATTRIBUTES, **changes}


def wire(**changes: str) -> bytes:
    lines = "".join([f"{name}={value}\n" for name, value in attributes(**changes).items()])
    return f"{lines}\n".encode("utf-8", "surrogateescape")
