"""An example of every public value, made the way a user makes it."""

from importlib import import_module
from pathlib import Path
from typing import Any

import spfengine
from spfengine import Zone

RECORDS: dict[Any, Any] = {
    "example.com": {
        "TXT": "v=spf1 a mx include:spf.example.net ip4:192.0.2.0/28 exists:%{i}.x.example.com ~all",
        "A": "192.0.2.80",
    },
    "mail.example.com": {"A": "192.0.2.25"},
    "spf.example.net": {"TXT": "v=spf1 ip4:198.51.100.0/24 ip6:2001:db8::/32 -all"},
    "bad.example.com": {"TXT": "v=spf1 ipv4:192.0.2.1 -all"},
    "_dmarc.example.com": {"TXT": "v=DMARC1; p=none"},
}
DRAFT = "v=spf1 ip4:192.0.2.0/28 include:spf.example.net -all"
HEADER = "Received-SPF: pass (mx.example.org: a@example.com) client-ip=192.0.2.1; identity=mailfrom"
RESULTS = "Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=a@example.com"


def examples(examples_folder: Path) -> dict[str, Any]:
    """Return examples of the public values, by the name of their class; more than one of a class are told apart."""
    zone = Zone(RECORDS)
    options: dict[str, Any] = {"resolver": zone, "now": 0}
    passed = spfengine.check("192.0.2.1", "a@example.com", **options)
    failed = spfengine.check("203.0.113.9", "a@example.com", **options)
    broken = spfengine.check("203.0.113.9", "a@bad.example.com", **options)
    policy = spfengine.Policy.compile("example.com", resolver=zone)
    after = spfengine.Policy.compile("example.com", resolver=spfengine.Overlay(zone, {"example.com": {"TXT": DRAFT}}))
    senders = [spfengine.Sender("192.0.2.1", "a@example.com", count=3), spfengine.Sender("192.0.2.80", "@example.com")]
    simulation = spfengine.simulate("example.com", DRAFT, senders=senders, resolver=zone)
    suggestion = spfengine.suggest("example.com", [spfengine.Sender("203.0.113.9", "a@example.com")], resolver=zone)
    findings = spfengine.lint("bad.example.com", resolver=zone)
    tree = spfengine.include_tree("example.com", resolver=zone)
    recorder = spfengine.Recorder(zone)
    spfengine.check("192.0.2.1", "a@example.com", resolver=recorder, now=0)
    before = spfengine.snapshot("example.com", resolver=zone, now=0)
    later = spfengine.Overlay(zone, {"example.com": {"TXT": DRAFT}})
    evidence = spfengine.read_evidence(examples_folder / "seed-report.xml")
    surveyed = list(spfengine.survey(["example.com", "bad.example.com", "no.example.com"], resolver=zone))
    replay = import_module("spfengine.replaying.replay").replay
    totals = replay(senders, [(policy, after)])
    values: dict[str, Any] = {
        "Answer": zone.resolve(spfengine.Question("example.com", spfengine.RRType.TXT)),
        "Question": spfengine.Question("example.com", spfengine.RRType.A),
        "Record": spfengine.parse(DRAFT),
        "Limits": spfengine.Limits(lookups=20),
        "Problem": broken.problem,
        "CheckResult": passed,
        "CheckResult, fail": failed,
        "CheckResult, permerror": broken,
        "Trace": passed.trace,
        "SMTPReply": broken.smtp_reply(),
        "ReceivedSPF": spfengine.parse_received_spf(HEADER),
        "AuthenticationResults": spfengine.parse_authentication_results(RESULTS),
        "Policy": policy,
        "Outcome": policy.check("192.0.2.1"),
        "Change": policy.diff(after)[0],
        "Budget": policy.budget(),
        "IncludeTree": tree,
        "Sender": senders[0],
        "Simulation": simulation,
        "SenderChange": simulation.senders[0],
        "Finding": findings[0],
        "Suggestion": suggestion,
        "Flattening": spfengine.flatten("example.com", resolver=zone),
        "Identification": spfengine.identify("198.51.100.1", resolver=zone),
        "Provider": spfengine.Catalogue.load().providers[0],
        "Drift": spfengine.drift(before, resolver=later, now=0),
        "Snapshot": before,
        "Evidence": evidence,
        "SurveyedDomain": surveyed[0],
        "SurveyedDomain, faulty": surveyed[1],
        "Summary": import_module("spfengine.surveying").Summary.of(surveyed),
        "Totals": totals,
        "Alignment": spfengine.alignment(passed, "example.com", resolver=zone),
        "Recording": recorder.recording,
    }
    return values
