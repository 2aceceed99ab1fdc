"""Every public value can be compared, hashed, pickled and copied, and has a repr of one line under 200 characters."""

import copy
import pickle
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.public_values import examples

ROOT = Path(__file__).resolve().parent.parent.parent

# The repr of each example.
REPRS = {
    "Answer": (
        "Answer(status=<Status.NOERROR: 'NOERROR'>, type=<RRType.TXT: 'TXT'>, records=(b'v=spf1 a mx include:"
        "spf.example.net ip4:192.0.2.0/28 exis…, ttl=None, chain=(), strings=((b'v=spf1 a mx include:spf.e…)"
    ),
    "Question": "Question(name='example.com', type=<RRType.A: 'A'>)",
    "Record": (
        "Record(source='v=spf1 ip4:192.0.2.0/28 include:spf.example.net -all', terms=(IP4(qualifier='+', netw"
        "ork=3221225984, prefix=28, text='ip4…)"
    ),
    "Limits": (
        "Limits(lookups=20, voids=2, void_rule=<VoidRule.PER_TERM: 'per-term'>, names=10, seconds=20.0, count_p=False)"
    ),
    "Problem": (
        "Problem(code=<ProblemCode.UNKNOWN_MECHANISM: 'unknown-mechanism'>, text='ipv4 is not a mechanism', d"
        "omain='bad.example.com', span=(7, 21), section='4.6.1', hint='did you mean ip4:192.0.2.1?')"
    ),
    "CheckResult": "<CheckResult pass by 'ip4:192.0.2.0/28': 192.0.2.1 for example.com (mailfrom)>",
    "CheckResult, fail": "<CheckResult softfail by '~all': 203.0.113.9 for example.com (mailfrom)>",
    "CheckResult, permerror": "<CheckResult permerror (unknown-mechanism): 203.0.113.9 for bad.example.com (mailfrom)>",
    "Trace": "<Trace of example.com: pass>",
    "SMTPReply": (
        "SMTPReply(code=550, enhanced='5.7.24', text='SPF MAIL FROM check of bad.example.com failed, its policy c…)"
    ),
    "ReceivedSPF": (
        "ReceivedSPF(result=<Result.PASS: 'pass'>, comment='mx.example.org: a@example.com', keys={'client-ip'"
        ": '192.0.2.1', 'identity': 'mailfrom'})"
    ),
    "AuthenticationResults": (
        "AuthenticationResults(authserv_id='mx.example.org', results=(MethodResult(method='spf', result='pass"
        "', properties=(('smt…)"
    ),
    "Policy": "<Policy of example.com: 10 ranges>",
    "Outcome": (
        "Outcome(result=<Result.PASS: 'pass'>, problem=None, directive='ip4:192.0.2.0/28', record_domain='exa"
        "mple.com', path=(('example.com', 'ip4:192.0.2.0/28'),), lookups=3, void_lookups=1, depends_on=(),…)"
    ),
    "Change": (
        "Change(network=IPv4Network('0.0.0.0/1'), before=Outcome(result=None, problem=None, directive=None, r"
        "ecord_do…, after=Outcome(result=<Result.FAIL: 'fail'>, problem=None, directiv…)"
    ),
    "Budget": "<Budget: 4 lookups, 3 void lookups>",
    "IncludeTree": (
        "IncludeTree(domain='example.com', budget=<Budget: 4 lookups, 3 void lookups>, is_broken=False, is_ov"
        "er_limit=True)"
    ),
    "Sender": (
        "Sender(ip='192.0.2.1', sender='a@example.com', helo=None, count=3, label=None, reported=None, header"
        "_from=None)"
    ),
    "Simulation": "<Simulation of example.com: 83 changes, 2 senders>",
    "SenderChange": (
        "SenderChange(sender=Sender(ip='192.0.2.1', sender='a@example.com', helo=None, co…, before=Outcome(re"
        "sult=<Result.PASS: 'pass'>, problem=None, directiv…, after=Outcome(result=<Result.PASS: 'pass'>, …)"
    ),
    "Finding": "<Finding unknown-mechanism in bad.example.com: ipv4 is not a mechanism>",
    "Suggestion": (
        "Suggestion(domain='example.com', advice=<Advice.CHANGE: 'change'>, record='v=spf1 a include:spf.exam"
        "ple.net ip4:192.0.2.0/28 exists:%{…)"
    ),
    "Flattening": (
        "Flattening(domain='example.com', records=(FlatRecord(name='example.com', record='v=spf1 a mx ip4:198"
        ".…, is_equivalent=True)"
    ),
    "Identification": "Identification(ip='198.51.100.1', best=None)",
    "Provider": "Provider(name='MailChannels', include='relay.mailchannels.net', kind=<ProviderKind.RELAY: 'relay'>)",
    "Drift": (
        "Drift(before=Snapshot(taken=0, domains=('example.com',)), is_changed=True, is_worse=True, is_incomplete=False)"
    ),
    "Snapshot": "Snapshot(taken=0, domains=('example.com',))",
    "Evidence": "<Evidence: 5 senders, 77 messages (dmarc-report)>",
    "SurveyedDomain": "<SurveyedDomain example.com: over-limit, 4 lookups, 3 void>",
    "SurveyedDomain, faulty": "<SurveyedDomain bad.example.com: permerror, permerror for all, 0 lookups, 0 void>",
    "Summary": "<Summary: 3 domains, 2 with a record, 2 faulty>",
    "Totals": "<Totals: 2 rows, 4 messages of 1 domains>",
    "Alignment": (
        "Alignment(header_from='example.com', spf_domain='example.com', strict=True, relaxed=True, policy_str"
        "ict=None, why='the same domain')"
    ),
    "Recording": "<Recording: 4 answers>",
}
# These hold a mapping, so they have no hash, as in version 0.1.0.
UNHASHABLE = {
    "ReceivedSPF",
    "Budget",
    "IncludeTree",
    "Simulation",
    "Suggestion",
    "Flattening",
    "Drift",
    "SurveyedDomain",
    "SurveyedDomain, faulty",
}
# A tree of records that a check fills in: it equals only itself, as in version 0.1.0.
UNEQUAL = {"Trace"}


@cache
def values() -> dict[str, Any]:
    return examples(ROOT / "examples")


# Their fields are numbers, enumerations and short words, so the generated repr is short.
SHORT = {"Client", "Attested", "Bounds", "Need", "Region", "Shortfall", "SourceKind"}


def public_classes() -> Iterator[tuple[str, type]]:
    for path in sorted((ROOT / "spfengine").rglob("__init__.py")):
        name = ".".join(path.parent.relative_to(ROOT).parts)
        if name == "spfengine.integrations":  # needs the programs that its modules are for
            continue
        module = import_module(name)
        members = [(each, getattr(module, each)) for each in getattr(module, "__all__", ())]
        yield from [(each, member) for each, member in members if isinstance(member, type)]


def has_generated_repr(kind: type) -> bool:
    """Whether `dataclass` or `NamedTuple` made the repr, with all of each field, however long that is."""
    is_named_tuple = (
        issubclass(kind, tuple) and "__repr__" in vars(kind) and kind.__repr__.__module__ != kind.__module__
    )
    return is_named_tuple or hasattr(kind.__repr__, "__wrapped__")


def test_only_short_values_have_a_generated_repr() -> None:
    found = {name for name, kind in public_classes() if has_generated_repr(kind)}
    assert found == SHORT


def test_there_is_a_repr_for_each_value() -> None:
    assert list(values()) == list(REPRS)


@pytest.mark.parametrize("name", REPRS)
def test_the_repr_is_one_short_line(name: str) -> None:
    printable = repr(values()[name])
    assert printable == REPRS[name]
    assert len(printable) < 200
    assert printable.isprintable()


@pytest.mark.parametrize("name", REPRS)
def test_a_pickle_or_copy_is_an_equal_value(name: str) -> None:
    value = values()[name]
    for other in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
        assert type(other) is type(value)
        assert repr(other) == repr(value)
        if name not in UNEQUAL:
            assert other == value


@pytest.mark.parametrize("name", REPRS)
def test_equal_values_have_one_hash(name: str) -> None:
    value = values()[name]
    if name in UNHASHABLE:
        with pytest.raises(TypeError, match="unhashable"):
            hash(value)
    else:
        assert hash(pickle.loads(pickle.dumps(value))) == hash(value) or name in UNEQUAL


@pytest.mark.parametrize("name", REPRS)
def test_a_value_equals_no_value_of_another_kind(name: str) -> None:
    assert values()[name] != repr(values()[name])
    for other, different in values().items():
        assert (values()[name] == different) is (other == name)
