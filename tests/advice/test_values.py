"""What advice returns are values: equal by their fields, hashable, copied and pickled, and shown in one short line."""

import copy
import dataclasses
import pickle
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

import spfengine
from spfengine import Limits, Sender, Zone, catalogue as catalogue_face
from spfengine.advice import (
    drift as drift_face,
    flatten as flatten_face,
    identify as identify_face,
    suggest as suggest_face,
)
from tests.advice.providers import catalogue

FACES = (catalogue_face, drift_face, flatten_face, identify_face, suggest_face)
LONG = "x" * 60
RECORD = f"v=spf1 ip4:192.0.2.1 ip4:192.0.2.8 include:spf.a.example exists:%{{i}}.{LONG}.example {LONG}=y ~all"
NETWORKS = " ".join(f"ip4:198.51.{n}.0/25" for n in range(40))
DATA: dict[str, Any] = {
    "example.com": {"TXT": RECORD, "A": "192.0.2.1"},
    "flat.example": {"TXT": "v=spf1 include:spf.a.example include:asks.example -all"},
    "asks.example": {"TXT": "v=spf1 exists:%{i}.x.example -all"},
    "spf.a.example": {"TXT": f"v=spf1 {NETWORKS} -all"},
    "spf.b.example": {"TXT": "v=spf1 ip4:203.0.113.0/24 -all"},
    "mailed.example": {"MX": [(10, "mx.mailed.example")]},
    "mx.mailed.example": {"A": "192.0.2.7"},
}


@cache
def values() -> dict[str, Any]:
    """Return values of each public class of the advice packages, by the name of the class."""
    zone, providers = Zone(DATA), catalogue("spf.a.example", "spf.b.example", "none.example")
    senders = [Sender(ip, "@example.com", reported="pass") for ip in ("203.0.113.9", "192.0.2.1", "192.0.2.99")]
    options: dict[str, Any] = {"resolver": zone, "catalogue": providers, "now": 1.0}
    taken = spfengine.snapshot(["example.com", "flat.example"], resolver=zone, now=1.0)
    later = Zone({**DATA, "spf.a.example": {"TXT": "v=spf1 ip4:198.51.0.0/24 -all"}})
    roots = [
        spfengine.suggest("example.com", senders, add=["include:spf.b.example"], **options),
        spfengine.suggest("example.com", senders, limits=Limits(lookups=0), **options),
        spfengine.suggest("example.com", senders, **options),
        spfengine.suggest("mailed.example", **options),
        spfengine.flatten("flat.example", resolver=zone),
        spfengine.drift(taken, resolver=later, now=2.0),
        spfengine.identify("198.51.0.1", resolver=zone, catalogue=providers),
        providers,
        providers.by_name("out.spf.a.example") or catalogue_face.Suffix("a.example", ()),
    ]
    found: dict[str, Any] = {}
    for value in _parts(roots):
        found.setdefault(type(value).__name__, value)
    return found


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _parts(item)
    elif dataclasses.is_dataclass(value):
        if type(value).__module__.startswith(("spfengine.advice.", "spfengine.catalogue.")):
            yield value
        for field in dataclasses.fields(value):
            yield from _parts(getattr(value, field.name))


CLASSES = sorted(
    name for face in FACES for name in face.__all__ if dataclasses.is_dataclass(getattr(face, name))
)  # fmt: skip

UNHASHABLE = {"DomainDrift", "Drift", "Flattening", "Proof", "Suggestion"}
"""They contain a Budget, which has dictionaries."""


@pytest.mark.parametrize("name", CLASSES)
def test_a_value_is_equal_to_its_copies(name: str) -> None:
    value = values()[name]
    for other in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
        assert other == value
        if name not in UNHASHABLE:
            assert hash(other) == hash(value)
    assert value != object()


@pytest.mark.parametrize("name", CLASSES)
def test_a_value_is_shown_in_one_short_line(name: str) -> None:
    text = repr(values()[name])
    assert name in text
    assert len(text) < 200
    assert text.isprintable()


@pytest.mark.parametrize("name", CLASSES)
def test_a_value_can_not_be_changed(name: str) -> None:
    value = values()[name]
    field = dataclasses.fields(value)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, field, None)
    with pytest.raises(TypeError):
        iter(value)


def test_json_forms_hold_records_and_terms_whole() -> None:
    """Elsewhere, what is shown of a text is cut."""
    name = ".".join(["x" * 60] * 4)
    record = f"v=spf1 {'x' * 400}=y include:{name} {' '.join(f'a:a{n}.example' for n in range(10))} -all"
    data = {"long.example": {"TXT": record}, name: {"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}}
    hosts = {f"a{n}.example": {"A": f"203.0.113.{n}", "AAAA": f"2001:db8::{n}"} for n in range(10)}
    zone = Zone({**data, **hosts})
    options: dict[str, Any] = {"resolver": zone, "catalogue": catalogue("spf.a.example")}
    found: Any = spfengine.flatten("long.example", resolver=zone).to_dict()
    assert (found["before"], found["replaced"][0]["term"]) == (record, f"include:{name}")
    assert spfengine.suggest("long.example", **options).to_dict()["published"] == [record]
    plan = spfengine.limit_plan("long.example", [Sender("192.0.2.1", "@long.example")], **options)
    assert plan is not None
    document: Any = plan.to_dict()
    assert document["before"] == record
    assert len(document["steps"][0]["record"]) > 500
    assert document["used"] == [{"term": f"include:{name}", "messages": 1}]
    taken = spfengine.snapshot(["long.example"], resolver=zone, now=1.0)
    changed = record.replace(f"include:{name}", f"include:{name} a:{name}")
    later: Any = spfengine.drift(taken, resolver=Zone({**data, **hosts, "long.example": {"TXT": changed}})).to_dict()
    [change] = [each for each in later["domains"][0]["answers"] if each["type"] == "TXT"]
    assert (change["before"], change["after"]) == ([record], [changed])
    assert [each["term"] for each in change["terms"] if each["sign"] == "+"] == [f"a:{name}"]


def test_fields_keep_their_names_and_order() -> None:
    """The fields of the largest values, as scripts and pickles know them."""
    fields = {name: [field.name for field in dataclasses.fields(values()[name])] for name in ("Suggestion", "Provider")}
    assert fields["Suggestion"] == [
        "domain", "advice", "record", "published", "standing", "terms", "senders", "simulation", "size_before",
        "size_after", "max_size", "shortfalls", "closest", "alternative", "rejected", "caveats", "findings", "faults",
        "refusal", "siblings", "drafts", "is_smallest", "proposal",
    ]  # fmt: skip
    assert fields["Provider"] == [
        "name", "include", "kind", "attested", "shared", "apex_include_useful", "reverse_dns", "reverse_dns_unverified",
        "note", "lockdown", "superseded_by", "customer_include", "mx",
    ]  # fmt: skip


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.__name__)
def test_a_package_offers_what_it_lists(face: Any) -> None:
    for name in face.__all__:
        assert getattr(face, name).__module__.startswith(f"{face.__name__}.")
