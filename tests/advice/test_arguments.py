"""Lists are lists: a string, or a list with something else in it, is refused with the name of the argument."""

import asyncio
from typing import Any

import pytest

import spfengine
from spfengine import ArgumentError, Sender, Zone
from spfengine.advice.forms import forms

ZONE = Zone({"example.com": {"TXT": "v=spf1 include:one.example -all"}, "one.example": {"TXT": "v=spf1 -all"}})
SENDER = Sender("192.0.2.1", "@example.com")

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("suggest", {"senders": "192.0.2.1"}, "senders: expected a list of Sender objects"),
    ("suggest", {"senders": SENDER}, "senders: expected a list of Sender objects"),
    ("suggest", {"senders": [SENDER, "192.0.2.1"]}, "senders[1]: expected a list of Sender objects"),
    ("suggest", {"senders": 7}, "senders: expected a list of Sender objects"),
    ("suggest", {"want": "192.0.2.1"}, "want: expected a list of addresses or networks"),
    ("suggest", {"ignore": "192.0.2.0/24"}, "ignore: expected a list of addresses or networks"),
    ("suggest", {"add": "mx"}, "add: expected a list of mechanisms"),
    ("suggest", {"add": [7]}, "add[0]: expected a list of mechanisms"),
    ("suggest", {"drop": "mx"}, "drop: expected a list of mechanisms"),
    ("suggest", {"drop": [None]}, "drop[0]: expected a list of mechanisms"),
    ("suggest", {"keep": b"mx"}, "keep: expected a list of mechanisms"),
    ("suggest", {"own": "example.net"}, "own: expected a list of domain names"),
    ("suggest", {"hosts": "mail.example.com"}, "hosts: expected a list of host names"),
    ("flatten", {"includes": "one.example"}, "includes: expected a list of names"),
    ("flatten", {"includes": ["one.example", 7]}, "includes[1]: expected a list of names"),
]


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(("verb", "options", "message"), REFUSED)
def test_a_string_or_a_list_of_something_else_is_refused(
    verb: str, options: dict[str, Any], message: str, is_async: bool
) -> None:
    def call() -> None:
        if is_async:
            asyncio.run(getattr(spfengine, f"a{verb}")("example.com", resolver=ZONE, **options))
        else:
            getattr(spfengine, verb)("example.com", resolver=ZONE, **options)

    with pytest.raises(ArgumentError) as caught:
        call()
    assert str(caught.value).startswith(message)


def test_the_message_shows_a_list_that_works() -> None:
    with pytest.raises(ArgumentError, match=r'such as \["include:relay\.example\.net"\], not \'mx\''):
        spfengine.suggest("example.com", resolver=ZONE, add="mx")


@pytest.mark.parametrize("ips", ["192.0.2.1", b"192.0.2.1", 7, None])
def test_identify_many_wants_a_list(ips: Any) -> None:
    with pytest.raises(ArgumentError, match="ips: expected a list of addresses"):
        spfengine.identify_many(ips, resolver=Zone({}))
    with pytest.raises(ArgumentError, match="ips: expected a list of addresses"):
        asyncio.run(spfengine.aidentify_many(ips, resolver=Zone({})))


def test_a_snapshot_may_be_of_one_domain_but_not_of_something_else() -> None:
    assert spfengine.snapshot("example.com", resolver=ZONE).domains == ("example.com",)
    for domains in (7, b"example.com"):
        with pytest.raises(ArgumentError, match="domains: expected a list of domain names"):
            spfengine.snapshot(domains, resolver=ZONE)  # type: ignore[arg-type]  # the mistake


def test_the_siblings_of_a_form_are_a_list() -> None:
    with pytest.raises(ArgumentError, match="siblings: expected a list of TXT records"):
        forms("example.com", "v=spf1 -all", siblings="google-site-verification=x")
    with pytest.raises(ArgumentError, match="a TXT record is text or bytes, not int"):
        forms("example.com", "v=spf1 -all", siblings=[7])  # type: ignore[list-item]  # the mistake
