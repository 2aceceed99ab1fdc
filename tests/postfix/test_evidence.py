"""The log of a real Postfix and the messages in its mailbox are evidence."""

from pathlib import Path

import pytest

from spfengine import read_evidence
from tests.postfix.conftest import SPAWN
from tests.postfix.lab import Lab

pytestmark = pytest.mark.debian

CLIENTS = [("23.83.218.24", "log-a@seed.example"), ("2001:db8::77", "log-b@soft.example")]


def test_its_log_has_clients_and_senders(lab: Lab, tmp_path: Path) -> None:
    for ip, sender in CLIENTS:
        for _ in range(2):
            assert lab.send(ip, sender, port=SPAWN).replies[-1][0] == 250
    log = tmp_path / "log"
    log.write_text(lab.log(), encoding="utf-8")
    evidence = read_evidence(log)
    senders = [(each.ip, each.sender, each.count) for each in evidence.senders if each.sender.startswith("log-")]
    assert sorted(senders) == sorted((*client, 2) for client in CLIENTS)
    assert not [each for each in evidence.unread if "can't be read" in each.reason]


def test_its_messages_have_what_the_policy_server_saw(lab: Lab, tmp_path: Path) -> None:
    sent = lab.send("23.83.218.24", "alice@seed.example", "mx.client.example", port=SPAWN)
    path = tmp_path / "message"
    path.write_bytes(sent.delivered)
    for receiver in (None, "mx.example.net"):
        [sender] = read_evidence(path, receiver=receiver).senders
        assert (sender.ip, sender.sender, sender.helo) == ("23.83.218.24", "alice@seed.example", "mx.client.example")
        assert sender.reported == "softfail"
