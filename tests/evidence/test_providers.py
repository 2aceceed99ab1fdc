"""What is read of messages as providers and mail servers write them: the client that the believed writer saw."""

from pathlib import Path

import pytest

from tests.evidence.files import faults, read_bytes
from tests.evidence.providers import FROM, READ, REFUSED


def text_of(fields: str, line_end: str = "\n") -> bytes:
    return (fields + FROM + "\nHello\n").replace("\n", line_end).encode()


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("case", READ)
def test_the_client_is_the_one_that_the_believed_writer_saw(tmp_path: Path, case: str, line_end: str) -> None:
    fields, found = READ[case]
    evidence = read_bytes(tmp_path, text_of(fields, line_end))
    assert [(item.ip, item.sender, item.helo, item.reported) for item in evidence.senders] == [found], faults(evidence)
    assert evidence.unread == ()


@pytest.mark.parametrize("case", REFUSED)
def test_a_message_that_does_not_say_it_is_refused(tmp_path: Path, case: str) -> None:
    fields, reason = REFUSED[case]
    evidence = read_bytes(tmp_path, text_of(fields))
    assert evidence.senders == ()
    assert faults(evidence) == [f"FILE: {reason}"]


FORGED = """\
Received-SPF: pass (forged.example: domain of ceo@forged.example designates 198.51.100.66 as permitted sender) client-ip=198.51.100.66; envelope-from=ceo@forged.example; helo=forged.example; receiver={0}
Authentication-Results: {0}; spf=pass (domain of ceo@forged.example designates 198.51.100.66 as permitted sender) smtp.mailfrom=ceo@forged.example smtp.helo=forged.example
Received: from forged.example (forged.example [198.51.100.66]) by {0} (Postfix) with ESMTPS id FFFF
"""  # noqa: E501 - as a forger writes it
# Left out: receivers that write no field about SPF, of which the topmost one may be forged, as the module says; and
# messages without a Received field, below which a sender's fields could be.
RECEIVERS = [
    case for case, (fields, found) in READ.items() if found[3] is not None and " by " in fields.replace("\n", " ")
]


@pytest.mark.parametrize(
    "name", ["mx.google.com", "spf.icloud.com", "mail.protonmail.ch", "mx.example.net", "x.example"]
)
@pytest.mark.parametrize("case", RECEIVERS)
def test_what_the_messages_own_writer_put_below_changes_nothing(tmp_path: Path, case: str, name: str) -> None:
    """RFC 8601 §7.1: the fields that a sender forges are below those of the receiver."""
    fields, found = READ[case]
    evidence = read_bytes(tmp_path, text_of(fields + FORGED.format(name)))
    assert [(item.ip, item.sender, item.helo, item.reported) for item in evidence.senders] == [found]


def test_a_forger_who_takes_the_name_of_a_receiver_that_writes_only_received_is_not_believed(tmp_path: Path) -> None:
    fields, found = READ["Exim"]
    for name in ("mx.example.net", "MX.EXAMPLE.NET"):
        evidence = read_bytes(tmp_path, text_of(fields + FORGED.format(name)))
        assert [(item.ip, item.sender, item.helo, item.reported) for item in evidence.senders] == [found]
