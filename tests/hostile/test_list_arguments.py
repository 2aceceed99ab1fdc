"""Text in place of a list, and a list of the wrong things, are refused with an error that names the argument."""

from collections.abc import Callable
from typing import Any

import pytest

import spfengine
from spfengine import ArgumentError, Policy, Sender, Zone

ZONE = Zone(
    {"a.example": {"TXT": "v=spf1 include:b.example -all"}, "b.example": {"TXT": "v=spf1 ip4:192.0.2.0/28 -all"}}
)
DRAFT = "v=spf1 -all"

# Each function, and its argument that is a list.
TAKES_A_LIST: dict[str, tuple[str, Callable[[Any], object]]] = {
    "simulate": ("senders", lambda given: spfengine.simulate("a.example", DRAFT, senders=given, resolver=ZONE)),
    "compare": ("senders", lambda given: spfengine.compare("a.example", ZONE, ZONE, senders=given)),
    "lint": ("own", lambda given: spfengine.lint("a.example", own=given, resolver=ZONE)),
    "include_tree": ("own", lambda given: spfengine.include_tree("a.example", own=given, resolver=ZONE)),
    "flatten": ("includes", lambda given: spfengine.flatten("a.example", includes=given, resolver=ZONE)),
    "suggest": ("senders", lambda given: spfengine.suggest("a.example", given, resolver=ZONE)),
    "suggest drop": ("drop", lambda given: spfengine.suggest("a.example", drop=given, resolver=ZONE)),
    "suggest keep": ("keep", lambda given: spfengine.suggest("a.example", keep=given, resolver=ZONE)),
    "suggest add": ("add", lambda given: spfengine.suggest("a.example", add=given, resolver=ZONE)),
    "suggest own": ("own", lambda given: spfengine.suggest("a.example", own=given, resolver=ZONE)),
    "suggest hosts": ("hosts", lambda given: spfengine.suggest("a.example", hosts=given, resolver=ZONE)),
    "survey": ("domains", lambda given: list(spfengine.survey(given, resolver=ZONE))),
    "replay": ("policies", lambda given: spfengine.replay([], given)),
}
OF_NUMBERS = {"replay": "policies"}  # the message of this one names no argument


@pytest.mark.parametrize("function", TAKES_A_LIST)
def test_text_is_not_a_list(function: str) -> None:
    argument, call = TAKES_A_LIST[function]
    with pytest.raises(ArgumentError, match=argument):
        call("b.example")


@pytest.mark.parametrize("function", TAKES_A_LIST)
def test_a_list_of_numbers_is_refused(function: str) -> None:
    argument, call = TAKES_A_LIST[function]
    with pytest.raises(ArgumentError, match=OF_NUMBERS.get(function, argument)):
        call([1])


@pytest.mark.parametrize("function", ["simulate", "compare", "suggest"])
def test_addresses_are_not_senders(function: str) -> None:
    _, call = TAKES_A_LIST[function]
    with pytest.raises(ArgumentError, match=r"senders\[0\]: expected a list of Sender objects, .*'192\.0\.2\.1'"):
        call(["192.0.2.1"])
    assert call([Sender("192.0.2.1", "u@a.example")])


def test_one_text_is_not_many_addresses() -> None:
    policy = Policy.compile("a.example", resolver=ZONE)
    with pytest.raises(ArgumentError, match=r'ips: expected a list of addresses, such as \["192\.0\.2\.1"\]'):
        policy.check_many("192.0.2.1")
    with pytest.raises(ArgumentError, match="ips: expected a list of addresses"):
        spfengine.identify_many("192.0.2.1", resolver=ZONE)
    assert [str(outcome.result) for outcome in policy.check_many(["192.0.2.1"])] == ["pass"]


@pytest.mark.parametrize("value", [None, 5])
def test_what_is_no_list_is_not_many_addresses(value: Any) -> None:
    with pytest.raises(ArgumentError, match=rf"ips: expected a list of addresses.*, not {value}"):
        Policy.compile("a.example", resolver=ZONE).check_many(value)


@pytest.mark.parametrize("value", [None, 5, ["zones"]])
def test_records_are_found_in_one_file_or_folder(value: Any) -> None:
    with pytest.raises(ArgumentError, match="path: expected a file or folder, not "):
        spfengine.find_records(value)


def test_a_name_server_is_text() -> None:
    """One may be given as text instead of a list."""
    with pytest.raises(ArgumentError, match=r"nameservers\[0\]: expected a list of addresses as text"):
        spfengine.LiveResolver(nameservers=[1])  # type: ignore[list-item]  # what a type checker refuses
    assert "192.0.2.1" in repr(spfengine.LiveResolver(nameservers="192.0.2.1"))
