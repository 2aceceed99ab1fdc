"""An SPF engine (RFC 7208): what a record means, and what a change to it would do, before it is published.

    >>> import spfengine
    >>> zone = spfengine.Zone({"example.com": {"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}})
    >>> str(spfengine.check("192.0.2.10", "alice@example.com", resolver=zone).result)
    'pass'

Every name is loaded when it is first used: whoever only has the package installed, and its plugin for pytest, pays
nothing for it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spfengine.advice.catalogue.catalogue import Catalogue
    from spfengine.advice.catalogue.provider import Provider
    from spfengine.advice.drift.drift import Drift, adrift, drift
    from spfengine.advice.drift.snapshot import Snapshot, asnapshot, snapshot
    from spfengine.advice.flatten.flatten import aflatten, flatten
    from spfengine.advice.flatten.flattening import Flattening
    from spfengine.advice.forms import forms
    from spfengine.advice.identify.identification import Identification, Match
    from spfengine.advice.identify.identify import aidentify, aidentify_many, identify, identify_many
    from spfengine.advice.rdap.client import RDAP
    from spfengine.advice.suggest.suggest import asuggest, suggest
    from spfengine.advice.suggest.suggestion import Suggestion
    from spfengine.answers import Answer, AsyncResolver, Question, Resolver, RRType, Status
    from spfengine.checker import Checker
    from spfengine.checks import (
        acheck,
        acheck_both,
        acheck_helo,
        acheck_record,
        check,
        check_both,
        check_helo,
        check_record,
    )
    from spfengine.dmarc.alignment import Alignment, aalignment, alignment
    from spfengine.dmarc.suffixes import PublicSuffixes
    from spfengine.errors import (
        AddressError,
        ArgumentError,
        CatalogueError,
        HeaderError,
        MissingExtraError,
        RecordingError,
        RecordSyntaxError,
        ResolverError,
        SPFEngineError,
        ZoneError,
    )
    from spfengine.evaluation.check_result import CheckResult
    from spfengine.evaluation.headers.authentication_results import (
        AuthenticationResults,
        MethodResult,
        parse_authentication_results,
    )
    from spfengine.evaluation.headers.received_spf import ReceivedSPF, parse_received_spf
    from spfengine.evaluation.headers.smtp_reply import SMTPReply
    from spfengine.evaluation.limits import Limits, VoidRule
    from spfengine.evaluation.trace import Trace
    from spfengine.evidence.evidence import Evidence
    from spfengine.evidence.reading import read_evidence
    from spfengine.linting.codes import LintCode, Severity
    from spfengine.linting.finding import Finding
    from spfengine.linting.lint import alint, lint, lint_zone
    from spfengine.policy.budget import Budget
    from spfengine.policy.diff import Change
    from spfengine.policy.include_tree import IncludeTree, ainclude_tree, include_tree
    from spfengine.policy.outcome import Outcome
    from spfengine.policy.policy import Policy
    from spfengine.problems import Problem, ProblemCode, Result
    from spfengine.record.model import Record
    from spfengine.record.parser import diagnose, parse
    from spfengine.replaying.replay import replay, replay_files
    from spfengine.replaying.totals import Totals
    from spfengine.resolvers.cache import Cache
    from spfengine.resolvers.live import LiveResolver
    from spfengine.resolvers.overlay import Overlay
    from spfengine.resolvers.recording import Recorder, Recording
    from spfengine.resolvers.zone import Zone
    from spfengine.resolvers.zone_files.files import read_zone
    from spfengine.senders import Sender
    from spfengine.simulation.simulate import asimulate, compare, simulate
    from spfengine.simulation.simulation import Effect, SenderChange, Simulation
    from spfengine.surveying.domain import DomainState, SurveyedDomain
    from spfengine.surveying.survey import asurvey, survey

__version__ = "0.1.0"

_LAZY = {
    "AddressError": "spfengine.errors",
    "Alignment": "spfengine.dmarc.alignment",
    "Answer": "spfengine.answers",
    "ArgumentError": "spfengine.errors",
    "AsyncResolver": "spfengine.answers",
    "AuthenticationResults": "spfengine.evaluation.headers.authentication_results",
    "Budget": "spfengine.policy.budget",
    "Cache": "spfengine.resolvers.cache",
    "Catalogue": "spfengine.advice.catalogue.catalogue",
    "CatalogueError": "spfengine.errors",
    "Change": "spfengine.policy.diff",
    "CheckResult": "spfengine.evaluation.check_result",
    "Checker": "spfengine.checker",
    "DomainState": "spfengine.surveying.domain",
    "Drift": "spfengine.advice.drift.drift",
    "Effect": "spfengine.simulation.simulation",
    "Evidence": "spfengine.evidence.evidence",
    "Finding": "spfengine.linting.finding",
    "Flattening": "spfengine.advice.flatten.flattening",
    "HeaderError": "spfengine.errors",
    "Identification": "spfengine.advice.identify.identification",
    "IncludeTree": "spfengine.policy.include_tree",
    "Limits": "spfengine.evaluation.limits",
    "LintCode": "spfengine.linting.codes",
    "LiveResolver": "spfengine.resolvers.live",
    "Match": "spfengine.advice.identify.identification",
    "MethodResult": "spfengine.evaluation.headers.authentication_results",
    "MissingExtraError": "spfengine.errors",
    "Outcome": "spfengine.policy.outcome",
    "Overlay": "spfengine.resolvers.overlay",
    "Policy": "spfengine.policy.policy",
    "Problem": "spfengine.problems",
    "ProblemCode": "spfengine.problems",
    "Provider": "spfengine.advice.catalogue.provider",
    "PublicSuffixes": "spfengine.dmarc.suffixes",
    "Question": "spfengine.answers",
    "RDAP": "spfengine.advice.rdap.client",
    "RRType": "spfengine.answers",
    "ReceivedSPF": "spfengine.evaluation.headers.received_spf",
    "Record": "spfengine.record.model",
    "RecordSyntaxError": "spfengine.errors",
    "Recorder": "spfengine.resolvers.recording",
    "Recording": "spfengine.resolvers.recording",
    "RecordingError": "spfengine.errors",
    "Resolver": "spfengine.answers",
    "ResolverError": "spfengine.errors",
    "Result": "spfengine.problems",
    "SMTPReply": "spfengine.evaluation.headers.smtp_reply",
    "SPFEngineError": "spfengine.errors",
    "Sender": "spfengine.senders",
    "SenderChange": "spfengine.simulation.simulation",
    "Severity": "spfengine.linting.codes",
    "Simulation": "spfengine.simulation.simulation",
    "Snapshot": "spfengine.advice.drift.snapshot",
    "Status": "spfengine.answers",
    "Suggestion": "spfengine.advice.suggest.suggestion",
    "SurveyedDomain": "spfengine.surveying.domain",
    "Totals": "spfengine.replaying.totals",
    "Trace": "spfengine.evaluation.trace",
    "VoidRule": "spfengine.evaluation.limits",
    "Zone": "spfengine.resolvers.zone",
    "ZoneError": "spfengine.errors",
    "aalignment": "spfengine.dmarc.alignment",
    "acheck": "spfengine.checks",
    "acheck_both": "spfengine.checks",
    "acheck_helo": "spfengine.checks",
    "acheck_record": "spfengine.checks",
    "adrift": "spfengine.advice.drift.drift",
    "aflatten": "spfengine.advice.flatten.flatten",
    "aidentify": "spfengine.advice.identify.identify",
    "aidentify_many": "spfengine.advice.identify.identify",
    "ainclude_tree": "spfengine.policy.include_tree",
    "alignment": "spfengine.dmarc.alignment",
    "alint": "spfengine.linting.lint",
    "asimulate": "spfengine.simulation.simulate",
    "asnapshot": "spfengine.advice.drift.snapshot",
    "asuggest": "spfengine.advice.suggest.suggest",
    "asurvey": "spfengine.surveying.survey",
    "check": "spfengine.checks",
    "check_both": "spfengine.checks",
    "check_helo": "spfengine.checks",
    "check_record": "spfengine.checks",
    "compare": "spfengine.simulation.simulate",
    "diagnose": "spfengine.record.parser",
    "drift": "spfengine.advice.drift.drift",
    "flatten": "spfengine.advice.flatten.flatten",
    "forms": "spfengine.advice.forms",
    "identify": "spfengine.advice.identify.identify",
    "identify_many": "spfengine.advice.identify.identify",
    "include_tree": "spfengine.policy.include_tree",
    "lint": "spfengine.linting.lint",
    "lint_zone": "spfengine.linting.lint",
    "parse": "spfengine.record.parser",
    "parse_authentication_results": "spfengine.evaluation.headers.authentication_results",
    "parse_received_spf": "spfengine.evaluation.headers.received_spf",
    "read_evidence": "spfengine.evidence.reading",
    "read_zone": "spfengine.resolvers.zone_files.files",
    "replay": "spfengine.replaying.replay",
    "replay_files": "spfengine.replaying.replay",
    "simulate": "spfengine.simulation.simulate",
    "snapshot": "spfengine.advice.drift.snapshot",
    "suggest": "spfengine.advice.suggest.suggest",
    "survey": "spfengine.surveying.survey",
}

__all__ = [
    "RDAP",
    "AddressError",
    "Alignment",
    "Answer",
    "ArgumentError",
    "AsyncResolver",
    "AuthenticationResults",
    "Budget",
    "Cache",
    "Catalogue",
    "CatalogueError",
    "Change",
    "CheckResult",
    "Checker",
    "DomainState",
    "Drift",
    "Effect",
    "Evidence",
    "Finding",
    "Flattening",
    "HeaderError",
    "Identification",
    "IncludeTree",
    "Limits",
    "LintCode",
    "LiveResolver",
    "Match",
    "MethodResult",
    "MissingExtraError",
    "Outcome",
    "Overlay",
    "Policy",
    "Problem",
    "ProblemCode",
    "Provider",
    "PublicSuffixes",
    "Question",
    "RRType",
    "ReceivedSPF",
    "Record",
    "RecordSyntaxError",
    "Recorder",
    "Recording",
    "RecordingError",
    "Resolver",
    "ResolverError",
    "Result",
    "SMTPReply",
    "SPFEngineError",
    "Sender",
    "SenderChange",
    "Severity",
    "Simulation",
    "Snapshot",
    "Status",
    "Suggestion",
    "SurveyedDomain",
    "Totals",
    "Trace",
    "VoidRule",
    "Zone",
    "ZoneError",
    "aalignment",
    "acheck",
    "acheck_both",
    "acheck_helo",
    "acheck_record",
    "adrift",
    "aflatten",
    "aidentify",
    "aidentify_many",
    "ainclude_tree",
    "alignment",
    "alint",
    "asimulate",
    "asnapshot",
    "asuggest",
    "asurvey",
    "check",
    "check_both",
    "check_helo",
    "check_record",
    "compare",
    "diagnose",
    "drift",
    "flatten",
    "forms",
    "identify",
    "identify_many",
    "include_tree",
    "lint",
    "lint_zone",
    "parse",
    "parse_authentication_results",
    "parse_received_spf",
    "read_evidence",
    "read_zone",
    "replay",
    "replay_files",
    "simulate",
    "snapshot",
    "suggest",
    "survey",
]


def __getattr__(name: str) -> Any:
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(module), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
