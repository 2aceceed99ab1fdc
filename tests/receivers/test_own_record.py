"""`spfengine receivers`: what real receivers make of a record, and the reasons for what they do."""

import json
import os
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from spfengine import Policy, Zone, check
from spfengine.evaluation import LIMIT_PROFILES
from spfengine.evaluation.limit_profiles import limit_profile
from spfengine.policy.include_tree import include_tree
from spfengine.testing.fake_dns import FakeDNS
from spfengine.testing.receivers import KNOWN, choose_clients
from spfengine.testing.receivers.reasons import _DEVIATIONS, Answered, reason_of
from spfengine.testing.suites import Case
from tests.debian import program
from tests.properties import generate, strategies
from tests.receivers.driving import environment
from tests.receivers.table import RECEIVERS

UNICAST = [ip_network(text) for text in ("1.0.0.0/8", "8.0.0.0/8", "128.0.0.0/2", "192.0.0.0/3", "2000::/3")]
THREE_VOIDS = """\
$ORIGIN three.example.
@ 3600 IN SOA ns.three.example. hostmaster.three.example. 1 7200 3600 1209600 3600
@ 3600 IN TXT "v=spf1 a:n1.three.example a:n2.three.example a:n3.three.example ip4:192.0.2.0/24 -all"
"""
DRAFT = "v=spf1 +a +mx include:relay.mailchannels.net ~all"
_LEDGER_OF = {
    "libspf2": "libspf2",
    "exim": "exim-dialogue",
    "mail-spf": "mail-spf",
    "rspamd": "rspamd",
    "pyspf": "policyd-spf",
}


def test_every_reason_is_in_the_ledger_of_the_receiver() -> None:
    """So "Receivers differ" has it, and tests hold it against the real receiver."""
    ledgers = {receiver.key: {entry.reason for entry in receiver.ledger().entries.values()} for receiver in RECEIVERS}
    wrong = [
        (receiver, one.sentence)
        for one in _DEVIATIONS
        for receiver in one.receivers
        if one.sentence not in ledgers[_LEDGER_OF[receiver]]
    ]
    assert wrong == []


def _answered(case: Case, receiver: str, got: str) -> Answered:
    result = check(case.host, case.mailfrom, case.helo, resolver=case.zone)
    return Answered(receiver, result, got, include_tree(result.domain, resolver=case.zone), case.zone)


PAGE_REASONS = {
    ("libspf2", "void-third"): "Void lookups have no limit.",
    ("exim-dialogue", "many-mx-eleven"): "If there are more than ten MX records, the first ten are used.",
    (
        "libspf2",
        "large-record",
    ): "If a record has more than 64 ip4 terms, the answer is neutral, whatever the record says.",
    (
        "mail-spf",
        "void-per-term-repeated",
    ): "Void lookups are counted by query, including those of mx and ptr, not by term.",
    ("rspamd", "several-different"): "If there are several records, the first one found is used.",
}


def test_known_deviations_are_recognised(cases: list[Case]) -> None:
    """Most deviations in the ledgers have the ledger's reason; hardly any has another, which applies as well."""
    keys = {ledger: key for key, ledger in _LEDGER_OF.items()}
    found: dict[tuple[str, str], str | None] = {}
    wrong = []
    for receiver in RECEIVERS:
        if receiver.key not in keys:
            continue
        entries = receiver.ledger().entries
        for case in cases:
            entry = entries.get((case.suite, case.name))
            if entry is None or entry.got in (None, "left-out") or case.limits_given or entry.got in case.results:
                continue
            reason = found[receiver.key, case.name] = reason_of(_answered(case, keys[receiver.key], entry.got))
            if reason is not None and reason != entry.reason:
                wrong.append((receiver.key, case.name, entry.reason, reason))
    assert {key: found[key] for key in PAGE_REASONS} == PAGE_REASONS
    recognised = sum(reason is not None for reason in found.values())
    assert recognised > len(found) // 2
    assert len(wrong) < recognised / 20, wrong  # two deviations may lead to the same answer


@given(strategies.zones, strategies.chance)
def test_the_clients_show_every_outcome(zone: Zone, random: Any) -> None:
    """ "one client for each distinct outcome and boundary", among addresses that a client on the Internet can have."""
    policy = Policy.compile(random.choice(generate.DOMAINS), resolver=zone)
    clients, left_out = choose_clients([policy], 10_000)
    assert left_out == 0
    asked = {client.ip for client in clients}
    outcomes = {policy.check(ip) for ip in asked}
    for version in (4, 6):
        for first, last, outcome in policy.ranges(version):
            ends = [ip_address(end) if version == 4 else ip_address(end.to_bytes(16, "big")) for end in (first, last)]
            if all(any(end in network for network in UNICAST) for end in ends):
                assert outcome in outcomes
                assert {str(end) for end in ends} <= asked
    few, left_out = choose_clients([policy], 3)
    assert len(few) + left_out == len(clients)
    assert few == clients[:3]


def test_every_profile_of_limits_has_a_source() -> None:
    assert {"rfc", "pyspf", "mail-spf", "libspf2", "rspamd", "spamassassin"} <= set(LIMIT_PROFILES)
    assert all(profile.source for profile in LIMIT_PROFILES.values())
    assert limit_profile("policyd-spf") == LIMIT_PROFILES["pyspf"]


def test_the_page_shows_every_profile(repository: Path) -> None:
    page = (repository / "docs" / "how-to" / "ask-real-receivers.md").read_text(encoding="utf-8")
    for profile in LIMIT_PROFILES.values():
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{profile.name}` |")]
        assert f"| {profile.limits.lookups} |" in row
        assert profile.remark in row
        assert profile.source.removeprefix("RFC 7208 ") in row


def test_the_container_file_brings_what_debian_has(repository: Path) -> None:
    """Its steps are those of `.ci/debian`, which CI runs; no container engine is needed to know that they work."""
    lines = (repository / "examples" / "receivers" / "Containerfile").read_text(encoding="utf-8").splitlines()
    assert any(line.startswith("RUN ") and line.endswith(".ci/debian /opt/debian") for line in lines)
    packages = (repository / ".ci" / "debian").read_text(encoding="utf-8")
    for receiver in KNOWN:
        if receiver.package.startswith("Debian: "):
            assert receiver.package.removeprefix("Debian: ") in packages
        else:
            assert any(receiver.package.removeprefix("pip: ") in line for line in lines)


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    for name in ("spfquery.libspf2", "exim4", "spfquery.mail-spf-perl", "rspamd"):
        program(name)  # skips the test if it is missing; in CI, it fails
    if os.geteuid() != 0:
        pytest.skip("Exim and rspamd change their user, which only root can do")
    return receivers(*arguments)


def receivers(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `spfengine receivers`; skip the test if the kernel makes no namespaces."""
    command = [sys.executable, "-m", "spfengine", "receivers", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment())
    if done.returncode == 69 and "the system refuses" in done.stderr:
        if os.environ.get("CI") == "true" and os.environ.get("SPFENGINE_NO_NAMESPACES") != "1":
            pytest.fail(f"CI must be able to make namespaces: {done.stderr}")
        pytest.skip(f"the kernel makes no namespaces here: {done.stderr.strip()}")
    return done


def differences(done: "subprocess.CompletedProcess[str]") -> dict[str, set[tuple[str, str, str | None]]]:
    document = json.loads(done.stdout)
    assert document["not_installed"] == []
    return {
        one["receiver"]: {(found["expected"], found["got"], found["reason"]) for found in one["differences"]}
        for one in document["receivers"]
    }


EACH_VOID = "Void lookups are counted by query, including those of mx and ptr, not by term."
PYSPF_EACH_VOID = (
    "pyspf counts each void lookup, including those for the names of ptr and the hosts of mx; RFC 7208 §4.6.4 counts "
    "terms."
)
NO_LIMIT = "Void lookups have no limit."
NOTHING: set[tuple[str, str, str | None]] = set()
SEED = {
    "libspf2": NOTHING,
    "exim": NOTHING,
    "mail-spf": {("softfail", "permerror", EACH_VOID)},
    "rspamd": NOTHING,
    "pyspf": {("softfail", "permerror", PYSPF_EACH_VOID)},
}
VOIDS = {("permerror", "pass", NO_LIMIT), ("permerror", "fail", NO_LIMIT)}


@pytest.mark.full
def test_a_receiver_that_is_a_module_of_python_needs_no_server(repository: Path) -> None:
    arguments = ("seed.example", "--zone", str(repository / "examples" / "seed.zone"), "--receiver", "pyspf")
    done = receivers(*arguments, "--json")
    assert differences(done) == {"pyspf": SEED["pyspf"]}
    done = receivers(*arguments, "--all")
    assert done.returncode == 1
    assert done.stdout.startswith("1 of 1 receivers differ from RFC 7208 for seed.example\n")
    assert "more left out (--clients)" in receivers(*arguments, "--clients", "4").stdout
    done = receivers(*arguments, "--draft", "v=spf1 ip4:192.0.2.1 -all")
    assert (done.returncode, done.stdout.splitlines()[0]) == (
        0,
        "no receiver of 1 differs from RFC 7208 for seed.example",
    )


@pytest.mark.full
@pytest.mark.debian
@pytest.mark.parametrize("time", [1, 2])
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("seed.example", "--zone", "examples/seed.zone"), SEED),
        (("seed.example", "--zone", "examples/seed.zone", "--draft", DRAFT), SEED),
        (("three.example", "--zone", "{three}"),
         {"libspf2": VOIDS, "exim": VOIDS, "rspamd": VOIDS, "mail-spf": NOTHING, "pyspf": NOTHING}),
    ],
    ids=["seed", "seed-draft", "three-voids"],
)  # fmt: skip
def test_the_known_differences_and_nothing_else(
    arguments: tuple[str, ...], expected: dict[str, Any], time: int, tmp_path: Path, repository: Path
) -> None:
    """ "on the seed's two records and on a record with three voids shows the known differences, and nothing else, twice
    in a row"."""
    (tmp_path / "three.zone").write_text(THREE_VOIDS, encoding="utf-8")
    words = [word.replace("{three}", str(tmp_path / "three.zone")) for word in arguments]
    words = [str(repository / word) if word.startswith("examples/") else word for word in words]
    done = run(*words, "--json")
    assert differences(done) == expected, (time, done.stderr)
    assert done.returncode == 1


@pytest.mark.full
@pytest.mark.debian
def test_the_answer_comes_first_and_each_difference_has_its_reason(repository: Path) -> None:
    done = run("seed.example", "--zone", str(repository / "examples" / "seed.zone"))
    assert done.stdout.startswith("2 of 5 receivers differ from RFC 7208 for seed.example\n")
    text = " ".join(done.stdout.split())  # however wide the terminal is
    assert EACH_VOID in text
    assert "please report it" not in text
    done = run("seed.example", "--zone", str(repository / "examples" / "seed.zone"), "--receiver", "libspf2")
    assert (done.returncode, done.stdout.splitlines()[0]) == (
        0,
        "no receiver of 1 differs from RFC 7208 for seed.example",
    )


@pytest.mark.full
@pytest.mark.debian
def test_what_is_not_known_is_not_called_the_same(tmp_path: Path) -> None:
    """The record includes a name outside the zone, of which the zone says nothing."""
    zone = tmp_path / "part.example.zone"
    zone.write_text(THREE_VOIDS.replace("three", "part").replace("a:n1.part.", "include:_spf.other."), encoding="utf-8")
    done = run("part.example", "--zone", str(zone), "--receiver", "mail-spf")
    assert done.stdout.splitlines()[0] == (
        "no receiver of 1 is known to differ from RFC 7208 for part.example, but not everything is known"
    )
    assert "_spf.other.example is not in the files given" in " ".join(done.stderr.split())
    assert "hint: add --live" in done.stderr
    done = run("part.example", "--zone", str(zone), "--receiver", "mail-spf", "--json")
    assert "_spf.other.example" in json.loads(done.stdout)["unknown"]
    assert done.returncode == 69


@pytest.mark.full
@pytest.mark.debian
@pytest.mark.parametrize(
    "records", [["v=spf1 foo a:v4.two.example -all"], ["v=spf1 a:v4.two.example -all", "v=spf1 -all"]]
)
def test_a_receiver_that_reads_what_rfc_7208_does_not_gets_its_answers(records: list[str], tmp_path: Path) -> None:
    """RFC 7208 asks for no name of a record with a fault, or of one of several; rspamd does."""
    lines = ["$ORIGIN two.example.", "@ 3600 SOA ns h 1 2 3 4 5", "v4 A 192.0.2.77"]
    zone = tmp_path / "two.example.zone"
    zone.write_text("\n".join([*lines, *[f'@ TXT "{record}"' for record in records], ""]), encoding="ascii")
    done = run("two.example", "--zone", str(zone), "--receiver", "rspamd", "--json")
    (rspamd,) = json.loads(done.stdout)["receivers"]
    got = {found["client"]: found["got"] for found in rspamd["differences"]}
    assert got.pop("192.0.2.77") == "pass"
    assert set(got.values()) == {"fail"}


@pytest.mark.full
@pytest.mark.debian
def test_names_of_faulty_included_records_are_asked_of_dns_as_well(tmp_path: Path) -> None:
    """With --live or --nameserver, all that any receiver may ask for is asked before it runs, and then served."""
    lines = [
        '@ TXT "v=spf1 include:faulty.in.example include:two.in.example exists:%{i}.x.in.example -all"',
        'faulty TXT "v=spf1 a:v4.in.example foo:bar mx:in.example -all"',
        'two TXT "v=spf1 a:one.in.example -all"',
        'two TXT "v=spf1 a:other.in.example -all"',
        "@ MX 10 m",
        "v4 A 198.51.100.1",
        "m A 198.51.100.2",
        "one A 198.51.100.3",
        "other A 198.51.100.4",
    ]
    zone = tmp_path / "in.example.zone"
    zone.write_text("\n".join(["$ORIGIN in.example.", "@ 3600 SOA ns h 1 2 3 4 5", *lines, ""]), encoding="ascii")
    from_zone = run("in.example", "--zone", str(zone), "--json")
    with FakeDNS(Zone.from_file(zone)) as server:
        from_dns = run("in.example", "--nameserver", server.nameserver, "--json")
    assert json.loads(from_dns.stdout)["receivers"] == json.loads(from_zone.stdout)["receivers"]
    found = differences(from_dns)
    assert "temperror" not in {got for one in found.values() for _, got, _ in one}
    (rspamd,) = [one for one in json.loads(from_dns.stdout)["receivers"] if one["receiver"] == "rspamd"]
    got = {each["client"]: each["got"] for each in rspamd["differences"]}
    assert {got[f"198.51.100.{n}"] for n in (1, 2)} == {"pass"}
