"""The record ready to paste: every form is read back by our own readers as the record that it was made of."""

import json
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from spfengine.advice.forms import FORMS, forms
from spfengine.answers import Question, RRType, Status
from spfengine.errors import ArgumentError, ZoneError
from spfengine.resolvers.zone import Zone

NAME = "example.com"
LONG = "v=spf1 " + "ip4:192.0.2.1 " * 40 + "-all"
octets = st.text(st.characters(max_codepoint=255), max_size=40)
hostile = st.lists(
    st.one_of(octets, st.sampled_from(['"', "\\", ";", '" "', "\\;", "\\034", "'", " ", "\n", "“", "x" * 255]))
)
records = hostile.map(lambda parts: "".join(part for part in parts if part != "“"))


def strings_of(answer: Any) -> list[bytes]:
    assert answer.status is Status.NOERROR
    return list(answer.records)


def asked(zone: Any, name: str = NAME) -> Any:
    return zone.resolve(Question(name, RRType.TXT))


@given(records)
@example("")
@example(LONG)
@example("é" * 300)
def test_a_line_of_a_zone_file_is_read_back(record: str) -> None:
    for ttl in (None, 3600):
        answer = asked(Zone.from_text(forms(NAME, record, ttl)["bind"]))
        assert strings_of(answer) == [record.encode("latin-1")]
        assert answer.ttl == ttl
        assert all(len(string) <= 255 for string in answer.strings[0])


def test_what_an_admin_sees() -> None:
    made = forms("Example.com.", "v=spf1 mx -all", 300, siblings=["other; text"])
    assert tuple(made) == FORMS
    assert made["cpanel"] == "v=spf1 mx -all"
    assert made["cpanel-split"] == '"v=spf1 mx -all"'
    assert made["bind"] == 'Example.com. 300 IN TXT "v=spf1 mx -all"'
    assert json.loads(made["route53"]) == {
        "Changes": [
            {
                "Action": "UPSERT",
                "ResourceRecordSet": {
                    "Name": "Example.com.",
                    "Type": "TXT",
                    "TTL": 300,
                    "ResourceRecords": [{"Value": '"v=spf1 mx -all"'}, {"Value": '"other; text"'}],
                },
            }
        ]
    }
    assert made["octodns"].splitlines() == [
        "# in the zone Example.com.",
        "'':",
        "- type: TXT",
        "  ttl: 300",
        "  values:",
        "  - 'v=spf1 mx -all'",
        r"  - 'other\; text'",
    ]


def test_strings_end_after_a_space() -> None:
    """A person can read such strings; and who forgets the space between them sees it at once."""
    first, second = forms(NAME, LONG)["cpanel-split"].split('" "')[:2]
    assert first.endswith("ip4:192.0.2.1 ")
    assert second.startswith("ip4:")


def test_what_replaces_the_rrset_says_so_where_siblings_are_not_known() -> None:
    unknown, alone = forms(NAME, "v=spf1 -all"), forms(NAME, "v=spf1 -all", siblings=())
    for form in ("route53", "octodns"):
        assert "replaces every TXT record of the name" in unknown[form]
        assert "replaces" not in alone[form]


def test_octodns_has_a_name_under_its_zone() -> None:
    assert "'_spf.mail':" in forms("_spf.mail.Example.com", "v=spf1 -all", zone="example.com")["octodns"]
    with pytest.raises(ArgumentError, match=r"badexample\.com is not in the zone example\.com"):
        forms("badexample.com", "v=spf1 -all", zone="example.com")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("a..b", "v=spf1 -all"), ZoneError, "name: 'a..b' can't be used"),
        ((NAME, 1), ArgumentError, "a TXT record is text or bytes, not int"),
        ((NAME, "x" * 65300), ArgumentError, "at most 65535 octets; this one would have 65557"),
        ((NAME, "x", -1), ZoneError, "ttl: '-1' can't be used; expected seconds"),
        ((NAME, "x", True), ZoneError, "ttl: 'true' can't be used"),
    ],
)
def test_what_no_record_can_be_is_refused(arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        forms(*arguments)
