"""What the tests of `spfengine survey` share: a zone, and how lines are read."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

from tests.cli.conftest import command, environment

Suite = Callable[[dict[str, Any]], str]
Document = dict[str, Any]

ZONE: dict[str, Any] = {
    "fail.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}],
    "soft.example": [{"TXT": "v=spf1 include:fail.example ~all"}],
    "broken.example": [{"TXT": "v=spf1 -al"}],
    "none.example": [{"A": "192.0.2.1"}],
    "circle.example": [{"TXT": "v=spf1 include:circle.example -all"}],
}
DEAD = {**ZONE, "dead.example": ["SERVFAIL"]}


def lines_of(text: str) -> list[Document]:
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def timeless(documents: list[Document]) -> list[Document]:
    without = [{**each, "asked": "", "seconds": 0} for each in documents]
    return sorted(without, key=lambda each: str(each["domain"]))


def fed(*arguments: str) -> "subprocess.Popen[bytes]":
    """A survey of what comes on its standard input, while it comes."""
    pipe = subprocess.PIPE
    words = command("survey", "-", *arguments)
    return subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, env=environment(), bufsize=0)
