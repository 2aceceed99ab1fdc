"""How the work of every verb grows with its input, in steps: four times the input never takes much over four times.

What would take sixteen times the steps fails here. Each case has a size in which what grows exceeds what does not.
"""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import spfengine
from spfengine import Policy, Sender, Zone
from spfengine.replaying.replay import replay
from spfengine.sources.finder import records_in
from spfengine.testing.suites import read_suite
from tests.counting import count_steps

MOST = 7.0
"""Times the steps that four times the input may take: four, and something for sorting. The square takes sixteen."""

Run = Callable[[], object]
MakeRun = Callable[[int], Run]
D = "d.example"


def networks(size: int) -> Zone:
    terms = " ".join(f"ip4:10.{number >> 8}.{number & 255}.0/25" for number in range(size))
    return Zone({D: {"TXT": f"v=spf1 {terms} -all"}})


def hosts(size: int) -> Zone:
    """One name with many addresses, none next to another."""
    addresses = [f"10.{number >> 7}.{2 * number & 255}.1" for number in range(size)]
    return Zone({D: {"TXT": "v=spf1 a:h.example -all"}, "h.example": {"A": addresses}})


def conditions(size: int) -> Zone:
    """Networks after a term that depends on the client, in each of two includes."""
    zone: dict[str, Any] = {D: {"TXT": "v=spf1 include:i0.example include:i1.example -all"}}
    for include in range(2):
        terms = " ".join(f"ip4:{10 + include}.{number >> 8}.{number & 255}.0/25" for number in range(size))
        zone[f"i{include}.example"] = {"TXT": f"v=spf1 exists:%{{i}}.x.example {terms} -all"}
    return Zone(zone)


def faults(size: int) -> Zone:
    return Zone({D: {"TXT": "v=spf1 " + "ipv4:192.0.2.1 " * size + "-all"}})


_NAMES = count()


def modifiers(size: int) -> Zone:
    """Modifiers that nobody knows, other ones each time, since what is found out about a word is kept."""
    return Zone({D: {"TXT": "v=spf1 " + " ".join(f"m{next(_NAMES):05}=x" for _ in range(size)) + " -all"}})


def repeated(size: int) -> Zone:
    """The same term again and again: what is a duplicate of what?"""
    return Zone({D: {"TXT": "v=spf1 " + "a:h.example " * size + "-all"}, "h.example": {"A": "192.0.2.1"}})


def includes(size: int) -> Zone:
    """More includes than are allowed, each of a record of its own."""
    zone: dict[str, Any] = {f"i{number}.example": {"TXT": f"v=spf1 ip4:10.0.{number}.0/24"} for number in range(size)}
    zone[D] = {"TXT": "v=spf1 " + " ".join(f"include:i{number}.example" for number in range(size)) + " -all"}
    return Zone(zone)


SHAPES: dict[str, tuple[Callable[[int], Zone], int]] = {
    "networks": (networks, 12),
    "hosts": (hosts, 12),
    "conditions": (conditions, 5),
    "faults": (faults, 12),
    "modifiers": (modifiers, 20),
    "repeated": (repeated, 12),
    "includes": (includes, 12),
}


def senders(size: int) -> list[Sender]:
    return [Sender(f"10.0.{number >> 8}.{number & 255}", f"@{D}", "h.example") for number in range(size)]


VERBS: dict[str, Callable[[Zone], object]] = {
    "check": lambda zone: spfengine.check("192.0.2.1", f"u@{D}", resolver=zone).trace.to_dict(),
    "lint": lambda zone: spfengine.lint(D, resolver=zone),
    "tree": lambda zone: spfengine.include_tree(D, resolver=zone).to_dict(),
    "simulate": lambda zone: spfengine.simulate(D, "v=spf1 ip4:192.0.2.0/24 -all", resolver=zone).to_dict(),
    "suggest": lambda zone: spfengine.suggest(D, senders(1), resolver=zone).to_dict(),
    "flatten": lambda zone: spfengine.flatten(D, resolver=zone).to_dict(),
    "diff": lambda zone: compiled(zone).diff(compiled(Zone({D: {"TXT": "v=spf1 ip4:10.0.0.0/9 -all"}}))),
    "drift": lambda zone: spfengine.drift(spfengine.snapshot([D], resolver=zone), resolver=zone).to_dict(),
    "networks": lambda zone: compiled(zone).networks("pass"),
    "reachability": lambda zone: compiled(zone).reachability(zone),
    "survey": lambda zone: [each.to_dict() for each in spfengine.survey([D], resolver=zone)],
    "plan of limits": lambda zone: spfengine.limit_plan(D, resolver=zone),
    "policy as JSON": lambda zone: Policy.from_dict(compiled(zone).to_dict()),
}


def compiled(zone: Zone) -> Policy:
    return Policy.compile(D, resolver=zone)


def growth(make: MakeRun, size: int) -> float:
    """Return how many times the steps four times the input takes. Making the input is not counted."""
    make(1)()  # so that first-time work is counted in neither; of a small input, since answers and words are kept
    few, many = make(size), make(4 * size)
    return count_steps(many) / count_steps(few)


MEANING = ("networks", "hosts")
"""The shapes for verbs that compile policies, and compare or write them."""
CASES = [
    (verb, shape)
    for verb in VERBS
    for shape in (SHAPES if verb in ("check", "lint", "simulate", "survey") else MEANING)
]


@pytest.mark.full
@pytest.mark.parametrize(("verb", "shape"), CASES)
def test_a_verb_grows_with_the_records(verb: str, shape: str) -> None:
    make, size = SHAPES[shape]

    def run(count: int) -> Run:
        zone = make(count)
        return lambda: VERBS[verb](zone)

    assert growth(run, size) <= MOST


@pytest.mark.full
def test_flatten_grows_with_the_terms_that_stay() -> None:
    def run(count: int) -> Run:
        zone = networks(count)
        return lambda: spfengine.flatten(D, resolver=zone)

    assert growth(run, 250) <= 5


@pytest.mark.full
@pytest.mark.parametrize(("shape", "size"), [("hosts", 150), ("networks", 150)])
def test_simulate_grows_with_what_a_draft_removes(shape: str, size: int) -> None:
    """Many addresses keep their result: what a removed term matched is not looked through again for each of them."""

    def run(count: int) -> Run:
        zone = SHAPES[shape][0](count)
        return lambda: spfengine.simulate(D, "v=spf1 ip4:10.0.0.0/9 -all", resolver=zone).to_dict()

    assert growth(run, size) <= 5


def with_senders(verb: Callable[[list[Sender], Zone], object]) -> MakeRun:
    zone = networks(20)

    def run(size: int) -> Run:
        given = senders(size)
        return lambda: verb(given, zone)

    return run


def replaying(given: list[Sender], zone: Zone) -> object:
    before = compiled(zone)
    after = Policy.compile(D, resolver=Zone({D: {"TXT": "v=spf1 -all"}}))
    return replay(given, [(before, after)]).to_dict()


def report(size: int) -> bytes:
    rows = b"".join(
        b"<record><row><source_ip>10.0.%d.%d</source_ip><count>1</count></row><identifiers><header_from>d.example"
        b"</header_from></identifiers><auth_results><spf><domain>d.example</domain><result>pass</result></spf>"
        b"</auth_results></record>" % (number >> 8, number & 255)
        for number in range(size)
    )
    return b'<?xml version="1.0"?><feedback><report_metadata/>' + rows + b"</feedback>"


def zipped(size: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(size):
            archive.writestr(f"{number}.xml", report(1))
    return file.getvalue()


def members(size: int) -> bytes:
    """A gzip file of one-octet members inside an XML comment."""
    inside = gzip.compress(b"x", mtime=0) * size
    return gzip.compress(b"<feedback><!--", mtime=0) + inside + gzip.compress(b"--></feedback>", mtime=0)


def lines(line: str) -> Callable[[int], bytes]:
    return lambda size: "".join(line.replace("NUMBER", str(number % 250)) + "\n" for number in range(size)).encode()


EVIDENCE: dict[str, tuple[str, Callable[[int], bytes], int]] = {
    "report": ("r.xml", report, 40),
    "archive": ("r.zip", zipped, 8),
    "gzip members": ("r.xml.gz", members, 500),
    "table": ("t.csv", lines("10.0.0.NUMBER,u@d.example,h.example,1"), 60),
    "log": (
        "mail.log",
        lines("Aug  3 10:15:01 mx postfix/smtpd[1]: NOQUEUE: client=h.example[10.0.0.NUMBER], sasl=x"),
        60,
    ),
    "message": ("m.eml", lambda size: b"From: u@d.example\n" + b"Received: from x\n" * size + b"\nHello\n", 60),
    "mailbox": ("m.mbox", lambda size: b"From u\nFrom: u@d.example\nSubject: x\n\nHello\n\n" * size, 40),
    "JSON": ("t.json", lambda size: json.dumps([{"ip": "10.0.0.1", "sender": "u@d.example"}] * size).encode(), 60),
}


def of_a_file(name: str, make: Callable[[int], bytes], read: Callable[[Path], object], folder: Path) -> MakeRun:
    """Return what reads a file of a size; the file has this name, and a folder of its own."""

    def run(size: int) -> Run:
        path = folder / str(size) / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(make(size))
        return lambda: read(path)

    return run


@pytest.mark.full
@pytest.mark.parametrize("kind", EVIDENCE)
def test_reading_evidence_grows_with_the_file(kind: str, tmp_path: Path) -> None:
    name, make, size = EVIDENCE[kind]
    assert growth(of_a_file(name, make, spfengine.read_evidence, tmp_path), size) <= MOST


def octodns(size: int) -> bytes:
    return b"---\n" + b"".join(b"n%d:\n  type: TXT\n  value: v=spf1 -all\n" % number for number in range(size))


def suite_json(size: int) -> bytes:
    return json.dumps({"zonedata": {f"n{number}.example": [{"TXT": "v=spf1 -all"}] for number in range(size)}}).encode()


def route53(size: int) -> bytes:
    sets = [
        {"Name": f"n{number}.example.", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"v=spf1 -all"'}]}
        for number in range(size)
    ]
    return json.dumps({"ResourceRecordSets": sets}).encode()


ZONES: dict[str, tuple[str, Callable[[int], bytes], int]] = {
    "master file": ("z.db", lines('nNUMBER 60 IN TXT "v=spf1 -all"'), 40),
    "master file, one RRset": ("z.db", lambda size: b"".join(b"n A 10.0.0.%d\n" % (n % 250) for n in range(size)), 40),
    "octoDNS": ("d.example.yaml", octodns, 20),
    "suite": ("z.json", suite_json, 40),
    "Route 53": ("r.json", route53, 40),
}


@pytest.mark.full
@pytest.mark.parametrize("form", ZONES)
def test_reading_a_zone_grows_with_the_file(form: str, tmp_path: Path) -> None:
    name, make, size = ZONES[form]
    origin = None if name.endswith("json") else D
    assert growth(of_a_file(name, make, lambda path: spfengine.read_zone(path, origin), tmp_path), size) <= MOST


def suite(size: int, name: str = "t{number}") -> str:
    """A suite of so many tests; without a number in their name, they all have the same."""
    tests = "".join(
        f"  {name.format(number=number)}: {{spec: '4', helo: h, host: 10.0.0.1, mailfrom: u@d.example, result: pass}}\n"
        for number in range(size)
    )
    return f"description: x\ntests:\n{tests}zonedata: {{d.example: [{{TXT: v=spf1 +all}}]}}\n"


def lint_zone(size: int) -> Run:
    zone = Zone({f"n{number}.example": {"TXT": "v=spf1 mx -all", "MX": "10 mx.example"} for number in range(size)})
    return lambda: spfengine.lint_zone(zone)


OTHERS: dict[str, tuple[MakeRun, int]] = {
    "check_many": (with_senders(lambda given, zone: compiled(zone).check_many([each.ip for each in given])), 200),
    "replay": (with_senders(replaying), 60),
    "simulate, senders": (
        with_senders(lambda given, zone: spfengine.simulate(D, "v=spf1 -all", resolver=zone, senders=given).to_dict()),
        60,
    ),
    "suggest, senders": (
        with_senders(lambda given, zone: spfengine.suggest(D, given, resolver=zone).to_dict()),
        20,
    ),
    "lint of a zone": (lint_zone, 10),
    "conformance suite": (lambda size: lambda: read_suite(suite(size), "s"), 20),
    "conformance suite, one name": (lambda size: lambda: read_suite(suite(size, "t"), "s"), 400),
    "source file": (
        lambda size: lambda: records_in("a.py", 'x = "v=spf1 ip4:192.0.2.1 -all"\n' * size),
        20,
    ),
    "parse": (lambda size: lambda: spfengine.parse("v=spf1 " + "a:h.example " * size), 200),
    "diagnose": (lambda size: lambda: spfengine.diagnose("v=spf1 " + "al:h " * size), 100),
}  # fmt: skip


@pytest.mark.full
@pytest.mark.parametrize("what", OTHERS)
def test_the_others_grow_with_their_input(what: str) -> None:
    make, size = OTHERS[what]
    assert growth(make, size) <= MOST
