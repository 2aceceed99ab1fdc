"""One file of each kind that people have, and all its senders: none is lost, none made up."""

from dataclasses import astuple
from pathlib import Path

import pytest

from spfengine.evidence.reading import read_evidence
from tests.evidence.files import EXAMPLES, SAMPLES

# file: its kind, and the senders (ip, sender, helo, count, label, reported, header_from)
TOLD: dict[str, tuple[str, list[tuple[object, ...]]]] = {
    "gmail": ("message", [
        ("23.83.218.24", "alice@seed.example", "cyan.ash.relay.mailchannels.net", 1, None, "softfail", "seed.example"),
    ]),
    "microsoft.eml": ("message", [
        ("192.0.2.24", "alice@example.com", "mail.example.com", 1, None, "fail", "example.com"),
    ]),
    "exim.eml": ("message", [
        ("2001:db8::24", "alice@example.com", "smtp.example.com", 1, None, "pass", "example.com"),
    ]),
    "rspamd.eml": ("message", [
        ("192.0.2.24", "alice@example.com", "mail.example.com", 1, None, "softfail", "example.com"),
    ]),
    "policyd-spf.eml": ("message", [
        ("192.0.2.24", "alice+news@example.com", "smtp.example.com", 1, None, "pass", "example.com"),
    ]),
    "received-only.eml": ("message", [
        ("192.0.2.24", "alice@example.com", "[192.168.7.7]", 1, None, None, "example.com"),
    ]),
    "google.xml": ("dmarc-report", [
        ("23.83.218.24", "@seed.example", None, 41, None, "softfail", "seed.example"),
        ("2001:db8::25", "@lists.example.net", None, 2, None, "pass", "seed.example"),
    ]),
    "microsoft.xml": ("dmarc-report", [
        ("23.83.209.25", "@seed.example", None, 7, None, "softfail", "seed.example"),
    ]),
    "yahoo.xml": ("dmarc-report", [
        ("163.44.239.12", "@seed.example", "jp77.mixhost.jp", 5, None, "pass", "seed.example"),
        ("163.44.239.12", "postmaster@jp77.mixhost.jp", "jp77.mixhost.jp", 1, None, "neutral", "seed.example"),
    ]),
    "dmarc-2.0.xml": ("dmarc-report", [
        ("203.0.113.80", "@bounces.seed.example", None, 12, None, "none", "seed.example"),
    ]),
    "prefixed.xml": ("dmarc-report", [("192.0.2.1", "@example.com", None, 3, None, "temperror", "example.com")]),
    "postfix.log": ("log", [
        ("192.0.2.24", "alice@example.com", "smtp.example.com", 1, None, "pass", None),
        ("2001:db8::77", "news@lists.example.net", None, 1, None, None, None),
        ("198.51.100.66", "x@example.org", "x", 1, None, "fail", None),
        ("192.0.2.24", '"al ice"@example.com', None, 1, None, None, None),
        ("192.0.2.25", "postmaster@bounce.example.com", "bounce.example.com", 1, None, "none", None),
    ]),
    "exim.log": ("log", [
        ("192.0.2.24", "alice@example.com", "smtp.example.com", 1, None, None, None),
        ("2001:db8::77", "news@lists.example.net", "lists.example.net", 1, None, None, None),
        ("192.0.2.24", "alice@example.com", "[192.0.2.24]", 1, None, None, None),
        ("192.0.2.25", "postmaster@bounce.example.com", "bounce.example.com", 1, None, None, None),
        ("198.51.100.66", "x@example.org", "x", 1, None, None, None),
        ("192.0.2.24", '"al ice"@example.com', "mail.example.com", 1, None, None, None),
    ]),
    "table.csv": ("csv", [
        ("192.0.2.24", "news@lists.example.net", "mail.example.com", 1200, "newsletter", "pass", "example.net"),
        ("2001:db8::77", "@shop.example", None, 3, "the shop, in Paris", "softfail", None),
        ("192.0.2.25", "postmaster@bounce.example.com", "bounce.example.com", 1, "bounces", None, None),
    ]),
}  # fmt: skip
# file: what the report or the receiver of the message says about DMARC (dmarc_spf, dmarc_dkim, override)
DMARC: dict[str, list[tuple[str | None, str | None, str | None]]] = {
    "google.xml": [("fail", "fail", None), ("fail", "pass", "local_policy")],
    "microsoft.xml": [("fail", "fail", None)],
    "yahoo.xml": [("pass", "fail", None), ("fail", "fail", None)],
    "dmarc-2.0.xml": [(None, "fail", None)],  # policy_evaluated says pass, but SPF gave none
    "prefixed.xml": [("fail", None, None)],
    "microsoft.eml": [("fail", "fail", None)],
    "rspamd.eml": [("fail", "fail", None)],
}
UNREAD = {"postfix.log": ["the log names no sender of a message (no from= with its queue id)"]}


def path_of(name: str) -> Path:
    return EXAMPLES / "seed-message.eml" if name == "gmail" else SAMPLES / name


@pytest.mark.parametrize("name", TOLD)
def test_the_senders_of_a_file(name: str) -> None:
    kind, senders = TOLD[name]
    evidence = read_evidence(path_of(name))
    fields = [tuple(getattr(item, field) for field in item.fields) for item in evidence.senders]
    assert [row[:7] for row in fields] == senders
    assert [row[7:] for row in fields] == DMARC.get(name, [(None, None, None)] * len(senders))
    messages = sum(sender.count for sender in evidence.senders)
    assert [astuple(source) for source in evidence.sources] == [(kind, 1, len(senders), messages)]
    assert evidence.messages == messages
    assert [item.reason for item in evidence.unread] == UNREAD.get(name, [])


def test_every_sample_is_in_the_table() -> None:
    assert {path.name for path in SAMPLES.iterdir()} | {"gmail"} == TOLD.keys()


@pytest.mark.parametrize("name", TOLD)
def test_the_name_of_a_file_says_nothing(name: str, tmp_path: Path) -> None:
    """The content decides of what kind a file is."""
    renamed = tmp_path / "download.pdf"
    renamed.write_bytes(path_of(name).read_bytes())
    assert read_evidence(renamed).senders == read_evidence(path_of(name)).senders


def test_what_is_not_known_is_marked() -> None:
    [mailchannels, _] = read_evidence(SAMPLES / "google.xml").senders
    assert mailchannels.unknown == ("local-part", "helo")
    [known] = read_evidence(path_of("gmail")).senders
    assert known.unknown == ()
    assert read_evidence(SAMPLES / "yahoo.xml").senders[0].unknown == ("local-part",)
    assert read_evidence(SAMPLES / "postfix.log").senders[1].unknown == ("helo",)
