"""An SPF engine (RFC 7208): what a record means, and what a change to it would do, before it is published.

    >>> import spfengine
    >>> zone = spfengine.Zone({"example.com": {"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}})
    >>> str(spfengine.check("192.0.2.10", "alice@example.com", resolver=zone).result)
    'pass'

Here are the functions, what they take, and the exceptions that they raise. What a function returns, with the
enumerations that you need to read it, is in the package of that function:
`from spfengine.simulation import Simulation, Effect`.

Each name is imported when it is first used, so a program loads only what it needs.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spfengine.advice.drift.drift import adrift as adrift, drift as drift
    from spfengine.advice.drift.snapshot import Snapshot as Snapshot, asnapshot as asnapshot, snapshot as snapshot
    from spfengine.advice.flatten.flatten import aflatten as aflatten, flatten as flatten
    from spfengine.advice.forms import forms as forms
    from spfengine.advice.identify.identify import (
        aidentify as aidentify,
        aidentify_many as aidentify_many,
        identify as identify,
        identify_many as identify_many,
    )
    from spfengine.advice.limits.limits import alimit_plan as alimit_plan, limit_plan as limit_plan
    from spfengine.advice.rdap.client import RDAP as RDAP
    from spfengine.advice.suggest.suggest import asuggest as asuggest, suggest as suggest
    from spfengine.answers import (
        Answer as Answer,
        AsyncResolver as AsyncResolver,
        Question as Question,
        Resolver as Resolver,
        RRType as RRType,
        Status as Status,
    )
    from spfengine.catalogue.catalogue import Catalogue as Catalogue
    from spfengine.checker import Checker as Checker
    from spfengine.checks import (
        acheck as acheck,
        acheck_both as acheck_both,
        acheck_helo as acheck_helo,
        acheck_record as acheck_record,
        check as check,
        check_both as check_both,
        check_helo as check_helo,
        check_record as check_record,
    )
    from spfengine.dmarc.alignment import aalignment as aalignment, alignment as alignment
    from spfengine.dmarc.suffixes import PublicSuffixes as PublicSuffixes
    from spfengine.errors import (
        AddressError as AddressError,
        ArgumentError as ArgumentError,
        CatalogueError as CatalogueError,
        HeaderError as HeaderError,
        MissingExtraError as MissingExtraError,
        RecordingError as RecordingError,
        RecordSyntaxError as RecordSyntaxError,
        ResolverError as ResolverError,
        SPFEngineError as SPFEngineError,
        ZoneError as ZoneError,
    )
    from spfengine.evaluation.check_result import CheckResult as CheckResult
    from spfengine.evaluation.headers.authentication_results import (
        parse_authentication_results as parse_authentication_results,
    )
    from spfengine.evaluation.headers.received_spf import parse_received_spf as parse_received_spf
    from spfengine.evaluation.limits import Limits as Limits, VoidRule as VoidRule
    from spfengine.evidence.reading import read_evidence as read_evidence
    from spfengine.linting.lint import alint as alint, lint as lint, lint_zone as lint_zone
    from spfengine.policy.include_tree import ainclude_tree as ainclude_tree, include_tree as include_tree
    from spfengine.policy.policy import Policy as Policy
    from spfengine.problems import Problem as Problem, ProblemCode as ProblemCode, Result as Result
    from spfengine.record.model import Record as Record
    from spfengine.record.parser import diagnose as diagnose, parse as parse
    from spfengine.replaying.replay import replay as replay, replay_files as replay_files
    from spfengine.report.render import render_html as render_html
    from spfengine.resolvers.cache import Cache as Cache
    from spfengine.resolvers.doh import DoHResolver as DoHResolver
    from spfengine.resolvers.live import LiveResolver as LiveResolver
    from spfengine.resolvers.overlay import Overlay as Overlay
    from spfengine.resolvers.recording import Recorder as Recorder, Recording as Recording
    from spfengine.resolvers.zone import Zone as Zone
    from spfengine.resolvers.zone_files.files import read_zone as read_zone
    from spfengine.senders import Sender as Sender
    from spfengine.simulation.simulate import asimulate as asimulate, compare as compare, simulate as simulate
    from spfengine.sources.finder import find_records as find_records
    from spfengine.surveying.survey import asurvey as asurvey, survey as survey

__version__ = "1.0.0rc1"

_MODULES = {
    "spfengine.catalogue.catalogue": ["Catalogue"],
    "spfengine.advice.drift.drift": ["adrift", "drift"],
    "spfengine.advice.drift.snapshot": ["Snapshot", "asnapshot", "snapshot"],
    "spfengine.advice.flatten.flatten": ["aflatten", "flatten"],
    "spfengine.advice.forms": ["forms"],
    "spfengine.advice.identify.identify": ["aidentify", "aidentify_many", "identify", "identify_many"],
    "spfengine.advice.limits.limits": ["alimit_plan", "limit_plan"],
    "spfengine.advice.rdap.client": ["RDAP"],
    "spfengine.advice.suggest.suggest": ["asuggest", "suggest"],
    "spfengine.answers": ["Answer", "AsyncResolver", "Question", "RRType", "Resolver", "Status"],
    "spfengine.checker": ["Checker"],
    "spfengine.checks": [
        "acheck",
        "acheck_both",
        "acheck_helo",
        "acheck_record",
        "check",
        "check_both",
        "check_helo",
        "check_record",
    ],
    "spfengine.dmarc.alignment": ["aalignment", "alignment"],
    "spfengine.dmarc.suffixes": ["PublicSuffixes"],
    "spfengine.errors": [
        "AddressError",
        "ArgumentError",
        "CatalogueError",
        "HeaderError",
        "MissingExtraError",
        "RecordSyntaxError",
        "RecordingError",
        "ResolverError",
        "SPFEngineError",
        "ZoneError",
    ],
    "spfengine.evaluation.check_result": ["CheckResult"],
    "spfengine.evaluation.headers.authentication_results": ["parse_authentication_results"],
    "spfengine.evaluation.headers.received_spf": ["parse_received_spf"],
    "spfengine.evaluation.limits": ["Limits", "VoidRule"],
    "spfengine.evidence.reading": ["read_evidence"],
    "spfengine.linting.lint": ["alint", "lint", "lint_zone"],
    "spfengine.policy.include_tree": ["ainclude_tree", "include_tree"],
    "spfengine.policy.policy": ["Policy"],
    "spfengine.problems": ["Problem", "ProblemCode", "Result"],
    "spfengine.record.model": ["Record"],
    "spfengine.record.parser": ["diagnose", "parse"],
    "spfengine.replaying.replay": ["replay", "replay_files"],
    "spfengine.report.render": ["render_html"],
    "spfengine.resolvers.cache": ["Cache"],
    "spfengine.resolvers.doh": ["DoHResolver"],
    "spfengine.resolvers.live": ["LiveResolver"],
    "spfengine.resolvers.overlay": ["Overlay"],
    "spfengine.resolvers.recording": ["Recorder", "Recording"],
    "spfengine.resolvers.zone": ["Zone"],
    "spfengine.resolvers.zone_files.files": ["read_zone"],
    "spfengine.senders": ["Sender"],
    "spfengine.simulation.simulate": ["asimulate", "compare", "simulate"],
    "spfengine.sources.finder": ["find_records"],
    "spfengine.surveying.survey": ["asurvey", "survey"],
}

# Names that were here in version 0.1.0. They still work, with a DeprecationWarning, until 2.0.0.
_MOVED = {
    "spfengine.catalogue": ["Provider"],
    "spfengine.advice.drift": ["Drift"],
    "spfengine.advice.flatten": ["Flattening"],
    "spfengine.advice.identify": ["Identification", "Match"],
    "spfengine.advice.suggest": ["Suggestion"],
    "spfengine.dmarc": ["Alignment"],
    "spfengine.evaluation": ["AuthenticationResults", "MethodResult", "ReceivedSPF", "SMTPReply", "Trace"],
    "spfengine.evidence": ["Evidence"],
    "spfengine.linting": ["Finding", "LintCode", "Severity"],
    "spfengine.policy": ["Budget", "Change", "IncludeTree", "Outcome"],
    "spfengine.replaying": ["Totals"],
    "spfengine.simulation": ["Effect", "SenderChange", "Simulation"],
    "spfengine.surveying": ["DomainState", "SurveyedDomain"],
}

_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}
_MOVED_TO = {name: package for package, names in _MOVED.items() for name in names}

__all__ = list(_MODULE_OF)

if not TYPE_CHECKING:  # so that type checkers report a name that is not here

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name in _MOVED_TO:
            from warnings import warn

            package = _MOVED_TO[name]
            warn(f"spfengine.{name} is now {package}.{name}", DeprecationWarning, stacklevel=2)
            return getattr(import_module(package), name)
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_MODULE_OF[name]), name)
        return value


def __dir__() -> list[str]:
    return __all__
