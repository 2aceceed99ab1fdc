"""What is public is what `spfengine.__all__` lists: names, codes and values are promises, and stand here as data."""

import ast
import inspect
import re
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import spfengine
from spfengine import errors

# Public API: a name or value is never taken away, nor given another meaning. New ones are added here too.
NAMES = """
    AddressError Alignment Answer ArgumentError AsyncResolver AuthenticationResults Budget Cache Catalogue
    CatalogueError Change CheckResult Checker DomainState Drift Effect Evidence Finding Flattening HeaderError
    Identification IncludeTree Limits LintCode LiveResolver Match MethodResult MissingExtraError Outcome Overlay Policy
    Problem ProblemCode Provider PublicSuffixes Question RDAP RRType ReceivedSPF Record RecordSyntaxError Recorder
    Recording RecordingError Resolver ResolverError Result SMTPReply SPFEngineError Sender SenderChange Severity
    Simulation Snapshot Status Suggestion SurveyedDomain Totals Trace VoidRule Zone ZoneError aalignment acheck
    acheck_both acheck_helo acheck_record adrift aflatten aidentify aidentify_many ainclude_tree alignment alint
    asimulate asnapshot asuggest asurvey check check_both check_helo check_record compare diagnose drift flatten forms
    identify identify_many include_tree lint lint_zone parse parse_authentication_results parse_received_spf
    read_evidence read_zone replay replay_files simulate snapshot suggest survey
""".split()

VALUES: dict[str, list[str]] = {
    "Result": "none neutral pass fail softfail temperror permerror".split(),
    "RRType": "TXT A AAAA MX PTR".split(),
    "Status": "NOERROR NXDOMAIN SERVFAIL REFUSED FORMERR TIMEOUT TRUNCATED LOOP".split(),
    "Effect": "newly-passing newly-failing changed still-failing unknown unchanged".split(),
    "Severity": "error warning info".split(),
    "DomainState": "no-domain none unknown over-limit permerror works".split(),
    "LintCode": """
        invalid-domain invalid-u-label domain-not-found no-record multiple-records look-alike type-spf not-spf
        invalid-character unknown-mechanism invalid-modifier-name qualified-modifier missing-term-name missing-argument
        unexpected-argument empty-domain-spec invalid-domain-spec address-as-domain-spec invalid-macro
        explanation-only-macro macro-digits-zero invalid-ip4-network invalid-ip6-network invalid-cidr-length
        unexpected-cidr-length duplicate-modifier mistyped-modifier unknown-modifier extra-spaces passes-everyone
        huge-network wide-network host-bits mapped-network neutral-all missing-all term-after-all redirect-ignored
        neutral-term ptr macro-p escaping-macro unreversed-macro duplicate-term unreachable-term redundant-term
        include-never-passes include-invalid-domain include-domain-not-found include-no-record redirect-invalid-domain
        redirect-domain-not-found redirect-no-record endless-loop invalid-target-name name-not-found no-addresses
        null-mx mx-is-address proxied-address over-lookup-limit near-lookup-limit over-void-limit
        over-void-limit-per-lookup
        voids-by-chance near-void-limit too-many-mx too-many-ip4 string-over-255 txt-over-512 txt-over-1232 dns-servfail
        dns-refused dns-formerr dns-timeout dns-truncated dns-cname-loop exp-invalid-domain exp-dns-error exp-no-record
        exp-multiple-records exp-empty exp-invalid-macro exp-non-ascii exp-control-character exp-too-long
    """.split(),
    "VoidRule": "per-term per-lookup dual-stack".split(),
    "ProblemCode": """
        invalid-domain invalid-u-label domain-not-found no-record include-invalid-domain include-domain-not-found
        include-no-record redirect-invalid-domain redirect-domain-not-found redirect-no-record
        redirect-non-ascii-local-part multiple-records
        not-spf invalid-character unknown-mechanism invalid-modifier-name qualified-modifier missing-term-name
        missing-argument unexpected-argument empty-domain-spec invalid-domain-spec address-as-domain-spec invalid-macro
        explanation-only-macro macro-digits-zero invalid-ip4-network invalid-ip6-network invalid-cidr-length
        unexpected-cidr-length duplicate-modifier
        too-many-lookups too-many-void-lookups too-many-mx time-limit
        dns-failure dns-servfail dns-refused dns-formerr dns-timeout dns-truncated dns-cname-loop
        exp-absent exp-invalid-domain exp-non-ascii-local-part exp-dns-error exp-no-record exp-multiple-records
        exp-invalid-macro exp-non-ascii exp-control-character exp-empty exp-too-long exp-time-limit
        dns-incomplete over-lookup-limit over-void-limit over-void-limit-per-lookup draft-broken draft-not-reached
        flatten-conditional flatten-alias flatten-too-large flatten-no-free-name flatten-not-equivalent
    """.split(),
}

# What the module itself works with.
_TOOLS = {"Any", "TYPE_CHECKING", "import_module"}


def test_the_names_are_those_that_are_promised() -> None:
    assert sorted(spfengine.__all__) == sorted(NAMES)
    assert len(set(spfengine.__all__)) == len(spfengine.__all__)


def test_all_is_the_namespace() -> None:
    """Whatever has a public name in the package is listed, and the other way round; folders and modules apart."""
    for name in spfengine.__all__:
        getattr(spfengine, name)
    namespace = {name for name, value in vars(spfengine).items() if not isinstance(value, ModuleType)}
    assert {name for name in namespace if not name.startswith("_")} - _TOOLS == set(spfengine.__all__)
    assert dir(spfengine) == sorted(spfengine.__all__)


def test_another_name_is_refused_by_its_name() -> None:
    with pytest.raises(AttributeError, match=r"spfengine.*no_such_name"):
        spfengine.no_such_name  # noqa: B018 - the look-up is what is tested


def test_what_is_loaded_late_is_told_to_the_type_checker(repository: Path) -> None:
    """The imports under TYPE_CHECKING and the table of late names say the same."""
    tree = ast.parse((repository / "spfengine" / "__init__.py").read_text(encoding="utf-8"))
    under = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    told = {
        alias.asname or alias.name: node.module
        for block in under
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert told == spfengine._LAZY
    for name, module in spfengine._LAZY.items():
        assert getattr(spfengine, name) is getattr(import_module(module), name)


@pytest.mark.parametrize("name", sorted(VALUES))
def test_values_of_enumerations_are_those_that_are_promised(name: str) -> None:
    """Scripts compare with these texts: one that goes, or a new one that stands nowhere, is seen here."""
    enumeration = getattr(spfengine, name)
    assert issubclass(enumeration, StrEnum)
    assert sorted(enumeration) == sorted(VALUES[name])


def test_every_public_enumeration_is_listed() -> None:
    found = {name for name in spfengine.__all__ if inspect.isclass(getattr(spfengine, name))}
    assert {name for name in found if issubclass(getattr(spfengine, name), StrEnum)} == VALUES.keys()


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_public_name_says_what_it_is(name: str) -> None:
    public = getattr(spfengine, name)
    assert (public.__doc__ or "").strip(), f"{name} has no docstring"
    if not inspect.isclass(public):
        return
    assert public.__doc__ != public.__base__.__doc__, f"{name} has its base's docstring"
    for member, value in vars(public).items():
        inner = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        if not member.startswith("_") and (inspect.isfunction(inner) or isinstance(inner, property)):
            told = (inner.__doc__ or "").strip() or f"    {member}: " in str(public.__doc__)
            assert told, f"{name}.{member} has no docstring"


@pytest.mark.parametrize("name", sorted(name for name in NAMES if name.endswith("Error")))
def test_every_exception_has_one_root_and_stands_in_the_tree(name: str) -> None:
    exception = getattr(spfengine, name)
    assert issubclass(exception, spfengine.SPFEngineError)
    assert exception.__module__ == "spfengine.errors"
    assert name in (errors.__doc__ or "")


def test_the_reference_has_every_public_name_and_value(repository: Path) -> None:
    pages = (repository / "docs" / "reference").rglob("*.md")
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    missing = [name for name in NAMES if not re.search(rf"`(?:await )?(?:spfengine\.)?{name}[`(]", text)]
    missing += [value for values in VALUES.values() for value in values if f"`{value}`" not in text]
    assert not missing, f"docs/reference/ says nothing of {', '.join(missing)}"
