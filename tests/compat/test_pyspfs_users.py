"""Packages that use pyspf, unchanged: once with pyspf, once with our module standing in, on the same cases."""

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest

import spfengine.compat.stand_in
from spfengine.compat.pyspf import EXPLANATIONS
from spfengine.testing.suites import NOT_ASSERTED, SEMANTICS, Case, load_suite
from tests.cases.official import official_suite
from tests.cli.conftest import REPOSITORY, environment

FAULTS = {
    "void-not-in-the-text-of-exp": "4.6.4: it counts void lookups of an explanation",
    "ten-not-*": "4.6.4: it counts a redirect that is not used",
    "mx-order-of-the-answer mx-stops-at-the-match": "5.4: it asks for the hosts of mx in an order of its own",
    "ptr-* p-*": "5.5: a DNS failure inside ptr or %{p} is temperror, or takes the explanation away",
    "redirect-double-other-case case-redirect case-exp": "12: it knows names of modifiers in lower case only",
    "unknown-modifier-often": "6: it refuses an unknown modifier that occurs twice",
    "arg-escape-last": "12: it refuses an escape at the end of a domain-spec",
    "domain-one-label domain-numeric-last-label helo-one-label made-*": "4.3: it asks for names that are none",
    "domain-final-dot sender-final-dot sender-null-final-dot": "4.3: it finds no record for a name with its final dot",
    "cut-two-labels": "7.3: it cuts a long name otherwise",
    "odd-octets*": "7.3: it asks for other octets than those of the record",
    "escape-quotes sender-quoted-at sender-unquoted-at": "2.4: it divides a sender at its first @",
    "sender-no-local-part sender-no-at": "4.3: %{s} has no postmaster",
    "sender-null-brackets": "2.4: it takes <> for a sender",
    "digits-zero* macro-* only-zero-in-modifier": "7.1: it reads as macros what is not one",
    "h-a-label* intl-*": "RFC 8616: it converts no U-labels",
    "eai-*": "RFC 8616 §4: it expands a local part that is not ASCII",
    "exp-not-on-softfail": "6.2: it fetches an explanation for softfail too",
    "exp-tab exp-crlf exp-lf exp-nul exp-escape exp-delete exp-brought-in-* end-text-lf":
        "6.2: it passes on control characters and line ends, which can add lines to a header or a reply",
    "end-lf-in-an-argument": "4.5: it takes a line end for a space",
    "ptr-cname-loop": "5.5: a DNS failure inside ptr is temperror",
}  # fmt: skip
"""Cases of our suite, one of the official, on which pyspf 2.0.14 is wrong: the section of RFC 7208, and how."""

# The package chooses the receiver's name and the time; the text about an error is ours, in pyspf's frame.
_LEFT_OUT = {"escape-text-letters", "only-in-text", "only-t-whole-seconds", "r-given"}
_ERROR = re.compile(r"(SPF (?:Permanent|Temporary) Error: ).*?(\"? smtp\.|\. Please see |$)", re.DOTALL)
DEFAULT = EXPLANATIONS["fail"]
CONFIGURATION = """
debugLevel = 0
HELO_reject = Fail
Mail_From_reject = Fail
PermError_reject = True
TempError_Defer = True
Header_Type = SPF
skip_addresses = 192.168.255.255/32
"""


class Said(NamedTuple):
    """What a package said, by case: with pyspf, and with ours."""

    with_pyspf: dict[str, str]
    with_ours: dict[str, str]

    def differing(self) -> set[str]:
        """The cases on which it said another thing."""
        assert self.with_pyspf.keys() == self.with_ours.keys()
        return {
            case
            for case, text in self.with_pyspf.items()
            if _ERROR.sub(r"\1\2", text) != _ERROR.sub(r"\1\2", self.with_ours[case]) and case not in _LEFT_OUT
        }


Use = Callable[[str, Path], Said]


@pytest.fixture
def use(tmp_path: Path) -> Use:
    """Run a package on a suite, once with each module."""
    configuration = tmp_path / "policyd-spf.conf"
    configuration.write_text(CONFIGURATION, "ascii")

    def run(package: str, suite: Path, first: str) -> tuple[str, dict[str, str]]:
        path = os.pathsep.join([first, str(REPOSITORY)] if first else [str(REPOSITORY)])
        done = subprocess.run(
            [sys.executable, Path(__file__).with_name("user.py"), package, suite, configuration],
            capture_output=True, text=True, timeout=300, check=False, env=environment(PYTHONPATH=path), cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        output = json.loads(done.stdout)
        return output["module"], output["answers"]

    def both(package: str, suite: Path) -> Said:
        [folder] = spfengine.compat.stand_in.__path__
        theirs, with_pyspf = run(package, suite, "")
        ours, with_ours = run(package, suite, folder)
        assert Path(theirs).name == "spf.py"
        assert Path(ours) == REPOSITORY / "spfengine" / "compat" / "pyspf.py"
        return Said(with_pyspf, with_ours)

    return both


def is_right(field: str, case: Case) -> bool:
    """Whether an Authentication-Results field says what the suite wants; a softfail has no explanation."""
    result = field.partition("spf=")[2].partition(" ")[0]
    if result not in case.results or case.explanation is NOT_ASSERTED or result == "softfail":
        return result in case.results and result != "softfail"
    return (case.explanation if isinstance(case.explanation, str) else DEFAULT) in field


@pytest.mark.parametrize("package", ["authheaders", "policyd-spf"])
def test_on_the_official_suite_a_package_says_what_it_says_with_pyspf(use: Use, package: str, tmp_path: Path) -> None:
    said = use(package, official_suite(tmp_path))
    assert len(said.with_ours) > 190
    assert said.differing() == {"ptr-cname-loop"}


@pytest.mark.parametrize("package", ["authheaders", "policyd-spf"])
@pytest.mark.full
def test_on_our_suite_it_says_another_thing_only_where_pyspf_is_wrong(use: Use, package: str) -> None:
    """Issue: "with the same results as with pyspf but where pyspf is in the ledger of faults"."""
    said = use(package, SEMANTICS)
    assert len(said.with_ours) > 900
    differing = said.differing()
    known = [word for pattern in FAULTS for word in pattern.split()]
    assert {case for case in differing if not any(fnmatchcase(case, word) for word in known)} == set()
    if package == "authheaders":
        cases = {case.name: case for case in load_suite(SEMANTICS, "semantics")}
        assert [case for case in differing if is_right(said.with_pyspf[case], cases[case])] == []
    never = [word for word in known if word != "ptr-cname-loop" and not any(fnmatchcase(c, word) for c in differing)]
    assert set(never) <= ({"exp-not-on-softfail", "sender-null-brackets"} if package == "policyd-spf" else set())


@pytest.mark.full
def test_no_line_end_of_a_stranger_reaches_a_reply(use: Use) -> None:
    """With pyspf, an explanation can end the line of a policy server's reply; with ours, never."""
    said = use("policyd-spf", SEMANTICS)
    assert "\n" in said.with_pyspf["exp-crlf"]
    assert not [case for case, text in said.with_ours.items() if "\n" in text or "\r" in text]


def test_the_names_that_these_packages_ask_for() -> None:
    import spf as theirs

    import spfengine.compat.pyspf as ours

    assert ours.__version__ == theirs.__version__
    for sender, helo in [("a@b.example", "h"), ("b.example", "h"), ("", "h.example"), ("@x.example", "h")]:
        assert ours.split_email(sender, helo) == theirs.split_email(sender, helo)
    assert ours.split_email('"a@b"@c.example', "h") == ('"a@b"', "c.example")
    for names in ["a.X.example", "y.example"], ["x.example"], ["ax.example"], []:
        assert ours.domainmatch(names, "x.EXAMPLE") == theirs.domainmatch(names, "x.EXAMPLE")


def test_what_stands_in_is_our_module() -> None:
    import spfengine.compat.pyspf as ours

    assert importlib.import_module("spfengine.compat.stand_in.spf") is ours


def test_queries_can_share_what_dns_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    import spfengine.compat.pyspf as ours

    asked = []

    def lookup(name: str, qtype: str, tcpfallback: bool = True, timeout: float = 30) -> list[object]:
        asked.append(name)
        return [((name, qtype), (b"v=spf1 -all",))]

    monkeypatch.setattr(ours, "DNSLookup", lookup)
    first = ours.query("192.0.2.1", "", "X.example")
    second = ours.query("192.0.2.1", "alice@x.example", "h.example")
    second.cache = first.cache
    assert first.check()[0] == second.check()[0] == "fail"
    assert asked == ["X.example"]
