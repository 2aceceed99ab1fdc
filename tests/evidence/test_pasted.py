"""Text that people copied out of a mail program, and files in which they saved a message in another form."""

from collections.abc import Callable
from html import escape
from pathlib import Path

import pytest

from tests.counting import cpu_seconds_at_most
from tests.evidence.files import EXAMPLES, faults, read_bytes
from tests.evidence.providers import FROM, READ

IP = "23.83.218.24"
TABLE = f"""\
Original Message
Message ID\t<20260803171539.1f2e@seed.example>
Created at:\tMon, Aug 3, 2026 at 5:15 PM (Delivered after 3 seconds)
From:\tAlice <alice@seed.example> Using PHPMailer 6.0
To:\tbob@gmail.example
Subject:\tThe invoice for July
SPF:\tSOFTFAIL with IP {IP} Learn more
DKIM:\t'FAIL' with domain seed.example Learn more
DMARC:\t'FAIL' Learn more
"""
TABLES = {
    "as copied": TABLE,
    "from its second line on": TABLE.partition("\n")[2],
    "from the line From on": TABLE[TABLE.index("From:") :],
    "a line for each cell": TABLE.replace("\t", "\n"),
    "with spaces for tabs": TABLE.replace("\t", "    "),
    "quoted": "".join(f"> {row}\n" for row in TABLE.splitlines()),
    "after other words": f"Hello,\n\nthis is what Gmail says:\n\n{TABLE}",
    "with the result in quotes": TABLE.replace("SOFTFAIL with", "'SOFTFAIL' with"),
    "Windows line ends": TABLE.replace("\n", "\r\n"),
    "in German": (
        "Originalnachricht\nNachrichten-ID\t<20260803171539.1f2e@seed.example>\nErstellt am:\t3. August 2026 um 17:15\n"
        "Von:\tAlice <alice@seed.example>\nAn:\tbob@gmail.example\nBetreff:\tDie Rechnung\n"
        f"SPF:\tSOFTFAIL mit IP-Adresse {IP} Weitere Informationen\n"
    ),
    "in UTF-16, as Notepad saves it": TABLE,
}


@pytest.mark.parametrize("case", TABLES)
def test_the_table_that_gmail_shows(tmp_path: Path, case: str) -> None:
    evidence = read_bytes(tmp_path, TABLES[case].encode("utf-16" if "UTF-16" in case else "utf-8"))
    [sender] = evidence.senders
    assert (sender.ip, sender.sender, sender.reported, sender.header_from, sender.helo) == (
        IP, "@seed.example", "softfail", "seed.example", None,
    )  # fmt: skip
    assert dict(evidence.aside) == {
        "senders whose domain is that of From, since the pasted table does not show MAIL FROM": 1
    }


def test_a_table_without_what_is_needed(tmp_path: Path) -> None:
    without_from = TABLE.replace("From:", "Xrom:")
    assert faults(read_bytes(tmp_path, without_from.encode())) == [
        "FILE: the pasted table has no From; paste its other lines as well, or use Download original"
    ]
    redacted = TABLE.replace(IP, "23.83.x.x")
    assert read_bytes(tmp_path, redacted.encode()).senders == ()
    assert read_bytes(tmp_path, TABLE.encode(), receiver="mx.example.net").senders == ()
    assert len(read_bytes(tmp_path, TABLE.encode(), receiver="mx.google.com").senders) == 1


def test_the_header_below_the_table_says_more(tmp_path: Path) -> None:
    """The page of "Show original" has both; people copy all of it."""
    message = (EXAMPLES / "seed-message.eml").read_text()
    evidence = read_bytes(tmp_path, f"{TABLE}\nDownload original\n\n{message}".encode())
    [sender] = evidence.senders
    assert (sender.ip, sender.sender, sender.helo) == (IP, "alice@seed.example", "cyan.ash.relay.mailchannels.net")
    assert evidence.receivers == (("google.com", 1),)
    assert evidence.aside == ()


def unfolded(text: str) -> str:
    return "".join(row.lstrip(" \t") for row in text.splitlines(keepends=True))


BLOCKS: dict[str, Callable[[str], str]] = {
    "no body": lambda text: text.rstrip("\n"),
    "an empty line after each": lambda text: text.replace("\n", "\n\n"),
    "an empty line after each, and no indentation": lambda text: unfolded(text).replace("\n", "\n\n"),
    "no indentation": unfolded,
    "quoted": lambda text: "".join(f"> {row}\n" for row in text.splitlines()),
    "indented as code": lambda text: "".join(f"    {row}\n" for row in text.splitlines()),
    "in a fence, after words": lambda text: f"These are the headers:\n\n```\n{text}```\nThanks!\n",
    "a page": lambda text: f"<!DOCTYPE html><html><body><pre>{escape(text)}</pre></body></html>",
    "in UTF-16": lambda text: text,
    "Apple Mail's .emlx": lambda text: f"{len(text)}      \n{text}\n<?xml version='1.0'?>\n",
    "Windows line ends": lambda text: text.replace("\n", "\r\n"),
}  # fmt: skip
PROVIDERS = ("Gmail", "Exchange Online", "Yahoo", "iCloud", "Proton", "Zimbra, with policyd-spf", "Exim")


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("form", BLOCKS)
def test_pasted_header_fields(tmp_path: Path, form: str, provider: str) -> None:
    fields, found = READ[provider]
    text = BLOCKS[form](fields + FROM)
    evidence = read_bytes(tmp_path, text.encode("utf-16" if form == "in UTF-16" else "utf-8"))
    assert [(item.ip, item.sender, item.helo, item.reported) for item in evidence.senders] == [found], faults(evidence)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
         "it is an Outlook file (.msg); save as .eml, or paste its Internet headers"),
        (b"!BDN" + bytes(600), "it is an Outlook data file; save the messages as .eml"),
        (b'x\x9f>"' + bytes(600), "it is winmail.dat of Outlook; save the message as .eml"),
        (b"%PDF-1.7\n", "it is a PDF; save the message as .eml"),
        (b"\x89PNG\r\n\x1a\n", "it is a picture; paste the text"),
        (b"\xff\xd8\xff\xe0", "it is a picture; paste the text"),
    ],
)  # fmt: skip
def test_a_message_saved_in_another_form(tmp_path: Path, content: bytes, reason: str) -> None:
    evidence = read_bytes(tmp_path, content)
    assert [unread.reason for unread in evidence.unread] == [reason]


def test_a_pasted_refusal_without_the_client_says_what_is_missing(tmp_path: Path) -> None:
    """Microsoft's 5.7.515 names the domain only."""
    text = "550 5.7.515 Access denied, sending domain SEED.EXAMPLE doesn't meet the required level. Spf= Fail"
    evidence = read_bytes(tmp_path, text.encode())
    assert evidence.senders == ()
    [unread] = evidence.unread
    assert "does not say which address the receiver saw" in unread.reason


def test_words_are_no_message(tmp_path: Path) -> None:
    for text in (
        "SPF is a way to say who may send mail.",
        "Dear all,\nSPF passes now.\n",
        "Notes: SPF\n\nnothing more",
    ):
        assert read_bytes(tmp_path, text.encode()).senders == ()


@pytest.mark.parametrize(
    "piece", ["SPF", "SPF: pass ", "> ", "Received:\n", "From: ", "\n", " ", "<", "&lt;", "=?x?q?", "|*"]
)
def test_pasted_text_without_end_takes_linear_time(tmp_path: Path, piece: str) -> None:
    with cpu_seconds_at_most(30):
        read_bytes(tmp_path, ("Hello there\nReceived: x\nSPF: " + piece * 200_000).encode())
