"""The public names are those in `__all__` of spfengine and its packages; names, codes and values never go away."""

import ast
import inspect
import re
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import spfengine
from spfengine import errors

# Public API: never remove a name or value, and never change its meaning. Add new ones here.
NAMES = """
    AddressError Answer ArgumentError AsyncResolver Cache Catalogue CatalogueError CheckResult Checker DoHResolver
    HeaderError Limits LiveResolver MissingExtraError Overlay Policy Problem ProblemCode PublicSuffixes Question RDAP
    RRType Record RecordSyntaxError Recorder Recording RecordingError Resolver ResolverError Result SPFEngineError
    Sender Snapshot Status VoidRule Zone ZoneError aalignment acheck acheck_both acheck_helo acheck_record adrift
    aflatten aidentify aidentify_many ainclude_tree alignment alimit_plan alint asimulate asnapshot asuggest asurvey
    check check_both check_helo check_record compare diagnose drift find_records flatten forms identify identify_many
    include_tree limit_plan lint lint_zone parse parse_authentication_results parse_received_spf read_evidence
    read_zone render_html replay replay_files simulate snapshot suggest survey
""".split()

# A package has what its functions return, with the enumerations that you need to read it.
RETURNED = {
    "catalogue": "Provider",
    "advice.drift": "Drift",
    "advice.flatten": "Flattening",
    "advice.identify": "Identification Match",
    "advice.suggest": "Suggestion",
    "dmarc": "Alignment",
    "evaluation": "AuthenticationResults MethodResult ReceivedSPF SMTPReply Trace",
    "evidence": "Evidence",
    "linting": "Finding LintCode Severity",
    "policy": "Budget Change IncludeTree Outcome",
    "replaying": "Totals",
    "simulation": "Effect SenderChange Simulation",
    "surveying": "DomainState SurveyedDomain",
}
MOVED = {name: f"spfengine.{package}" for package, names in RETURNED.items() for name in names.split()}

VALUES: dict[str, list[str]] = {
    "Result": "none neutral pass fail softfail temperror permerror".split(),
    "RRType": "TXT A AAAA MX PTR".split(),
    "Status": "NOERROR NXDOMAIN SERVFAIL REFUSED FORMERR TIMEOUT TRUNCATED LOOP UNKNOWN".split(),
    "Effect": "newly-passing newly-failing changed still-failing unknown unchanged".split(),
    "Severity": "error warning info".split(),
    "DomainState": "no-domain none unknown over-limit permerror works".split(),
    "LintCode": """
        invalid-domain invalid-u-label domain-not-found no-record multiple-records look-alike type-spf cname-beside-data
        wildcard-gap not-spf invalid-character unknown-mechanism
        invalid-modifier-name qualified-modifier missing-term-name missing-argument
        unexpected-argument empty-domain-spec invalid-domain-spec address-as-domain-spec invalid-macro
        explanation-only-macro macro-digits-zero invalid-ip4-network invalid-ip6-network invalid-cidr-length
        unexpected-cidr-length duplicate-modifier mistyped-modifier unknown-modifier extra-spaces passes-everyone
        huge-network wide-network host-bits mapped-network neutral-all missing-all term-after-all redirect-ignored
        neutral-term ptr macro-p escaping-macro unreversed-macro duplicate-term unreachable-term redundant-term
        include-does-nothing
        include-never-passes include-invalid-domain include-domain-not-found include-no-record redirect-invalid-domain
        redirect-domain-not-found redirect-no-record endless-loop invalid-target-name name-not-found no-addresses
        null-mx mx-is-address proxied-address over-lookup-limit near-lookup-limit over-void-limit
        over-void-limit-per-lookup
        voids-by-chance near-void-limit too-many-mx too-many-ip4 string-over-255 txt-over-512 txt-over-1232 dns-servfail
        could-be-registered helo-without-record include-not-followed large-space misshapen-name missing-space
        rentable-network special-purpose-network split-over-records ttl
        dns-refused dns-formerr dns-timeout dns-truncated dns-cname-loop exp-invalid-domain exp-dns-error exp-no-record
        exp-multiple-records exp-empty exp-invalid-macro exp-non-ascii exp-control-character exp-too-long outside-zone
        work-limit
    """.split(),
    "VoidRule": "per-term per-lookup dual-stack".split(),
    "ProblemCode": """
        invalid-domain invalid-u-label domain-not-found no-record include-invalid-domain include-domain-not-found
        include-no-record redirect-invalid-domain redirect-domain-not-found redirect-no-record
        redirect-non-ascii-local-part multiple-records
        not-spf invalid-character unknown-mechanism invalid-modifier-name qualified-modifier missing-term-name
        missing-argument unexpected-argument empty-domain-spec invalid-domain-spec address-as-domain-spec invalid-macro
        explanation-only-macro macro-digits-zero invalid-ip4-network invalid-ip6-network invalid-cidr-length
        unexpected-cidr-length duplicate-modifier missing-space
        too-many-lookups too-many-void-lookups too-many-mx time-limit
        dns-failure dns-servfail dns-refused dns-formerr dns-timeout dns-truncated dns-cname-loop
        outside-zone helo-unknown work-limit
        exp-absent exp-invalid-domain exp-non-ascii-local-part exp-dns-error exp-no-record exp-multiple-records
        exp-invalid-macro exp-non-ascii exp-control-character exp-empty exp-too-long exp-time-limit
        exp-helo-unknown
        dns-incomplete over-lookup-limit over-void-limit over-void-limit-per-lookup draft-broken draft-not-reached
        flatten-conditional flatten-alias flatten-too-large flatten-no-free-name flatten-not-equivalent
    """.split(),
}


def public(name: str) -> Any:
    """Return the object with this public name, from spfengine or from the package that it moved to."""
    return getattr(import_module(MOVED.get(name, "spfengine")), name)


def test_the_public_names_are_the_listed_ones() -> None:
    assert sorted(spfengine.__all__) == sorted(NAMES)
    assert len(set(spfengine.__all__)) == len(spfengine.__all__)


def test_all_is_the_namespace() -> None:
    """Every public name is listed, and every listed name exists; modules don't count."""
    for name in spfengine.__all__:
        getattr(spfengine, name)
    namespace = {name for name, value in vars(spfengine).items() if not isinstance(value, ModuleType)}
    assert {name for name in namespace if not name.startswith("_")} - {"TYPE_CHECKING"} == set(spfengine.__all__)
    assert dir(spfengine) == sorted(spfengine.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"spfengine.*no_such_name"):
        _ = getattr(spfengine, "no_such_name")  # noqa: B009 - a type checker refuses the name too


def test_the_type_checker_sees_the_same_names(repository: Path) -> None:
    """The imports under TYPE_CHECKING and the table of names are the same."""
    tree = ast.parse((repository / "spfengine" / "__init__.py").read_text(encoding="utf-8"))
    under = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    imported = {
        alias.asname: node.module
        for block in under
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert imported == vars(spfengine)["_MODULE_OF"]


@pytest.mark.parametrize("name", sorted(MOVED))
def test_a_moved_name_still_works_with_a_warning(name: str) -> None:
    with pytest.warns(DeprecationWarning, match=rf"spfengine\.{name} is now {MOVED[name]}\.{name}"):
        found = getattr(spfengine, name)
    assert found is public(name)
    assert name in import_module(MOVED[name]).__all__


@pytest.mark.parametrize("name", sorted(VALUES))
def test_the_values_of_an_enumeration_are_the_listed_ones(name: str) -> None:
    """Users' scripts compare with these values, so none may disappear."""
    enumeration = public(name)
    assert issubclass(enumeration, StrEnum)
    assert sorted(enumeration) == sorted(VALUES[name])


def test_every_public_enumeration_is_listed() -> None:
    classes = [name for name in [*NAMES, *MOVED] if inspect.isclass(public(name))]
    assert {name for name in classes if issubclass(public(name), StrEnum)} == VALUES.keys()


@pytest.mark.parametrize("name", sorted([*NAMES, *MOVED]))
def test_every_public_name_has_a_docstring(name: str) -> None:
    thing = public(name)
    assert (thing.__doc__ or "").strip(), f"{name} has no docstring"
    if not inspect.isclass(thing):
        return
    assert thing.__doc__ != getattr(thing.__base__, "__doc__", None), f"{name} has its base's docstring"
    for member, value in vars(thing).items():
        inner = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        if not member.startswith("_") and (inspect.isfunction(inner) or isinstance(inner, property)):
            described = (inner.__doc__ or "").strip() or f"    {member}: " in str(thing.__doc__)
            assert described, f"{name}.{member} has no docstring"


BY_PLACE = {"check": "helo", "check_record": "helo", "forms": "ttl", "limit_plan": "senders", "suggest": "senders"}
BY_PLACE |= {f"a{name}": option for name, option in BY_PLACE.items() if name != "forms"} | {"read_zone": "origin"}


def test_options_are_given_by_name_and_everything_else_may_be() -> None:
    """The order of options is no promise, apart from these."""
    for name in [*NAMES, *MOVED]:
        if not inspect.isfunction(public(name)):
            continue
        parameters = inspect.signature(public(name)).parameters.values()
        assert not [each.name for each in parameters if each.kind is each.POSITIONAL_ONLY], name
        optional = [each for each in parameters if each.default is not each.empty]
        by_place = [each.name for each in optional if each.kind is each.POSITIONAL_OR_KEYWORD]
        assert by_place == ([BY_PLACE[name]] if name in BY_PLACE else []), name


@pytest.mark.parametrize("name", sorted(name for name in NAMES if name.endswith("Error")))
def test_every_exception_is_an_spfengine_error_and_is_in_the_tree(name: str) -> None:
    exception = getattr(spfengine, name)
    assert issubclass(exception, spfengine.SPFEngineError)
    assert exception.__module__ == "spfengine.errors"
    assert name in (errors.__doc__ or "")


def test_the_reference_has_every_public_name_and_value(repository: Path) -> None:
    pages = (repository / "docs" / "reference").rglob("*.md")
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    missing = [name for name in [*NAMES, *MOVED] if not re.search(rf"`(?:await )?(?:spfengine\.)?{name}[`(]", text)]
    missing += [value for values in VALUES.values() for value in values if f"`{value}`" not in text]
    assert not missing, f"docs/reference/ does not have {', '.join(missing)}"
