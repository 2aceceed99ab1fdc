"""A whole Postfix put to the test by `spfengine conformance`, once with our policy server and once with Debian's."""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import REPOSITORY, command, environment
from tests.debian import program
from tests.postfix.lab import Service, configure, needed

pytestmark = [pytest.mark.debian, pytest.mark.slow]

HERE = Path(__file__).parent
OURS = Service(
    25, "check_policy_service inet:127.0.0.1:10023",
    "{spfengine} policyd --listen 127.0.0.1:10023 --hostname mx.example --permerror reject",
)  # fmt: skip
THEIRS = Service(25, "check_policy_service unix:private/policyd-spf")
# The second service is for who asks without Postfix between.
MASTER = """
policyd-spf unix - n n - 0 spawn
  user=nobody argv={policyd-spf} {folder}/policyd-spf.conf
127.0.0.1:10024 inet n n n - 0 spawn
  user=nobody argv={policyd-spf} {folder}/policyd-spf.conf
"""
# HELO is for the null sender only, as in RFC 7208 §2.4. No address is skipped: loopback, if none is given.
CONFIGURATION = """
debugLevel = 0
HELO_reject = Null
Mail_From_reject = Fail
PermError_reject = True
TempError_Defer = True
Header_Type = SPF
Lookup_Time = 4
skip_addresses = 192.168.255.255/32
"""


@contextmanager
def daemon(service: Service, master: str = "") -> Iterator[tuple[Path, str]]:
    """A folder for Postfix, and the command that runs it there until it is ended."""
    with tempfile.TemporaryDirectory(prefix="spfengine-postfix-") as name:
        folder = Path(name)
        configure(folder, [service], master=master)
        (folder / "policyd-spf.conf").write_text(CONFIGURATION, "ascii")
        yield folder, shlex.join([sys.executable, "-m", "tests.postfix.inside", name])


def conformance(folder: Path, *arguments: str) -> dict[str, Any]:
    """The report of a run that has no fault."""
    done = subprocess.run(
        command("conformance", "--namespaces", "--format", "json", "--jobs", "16", *arguments),
        capture_output=True, text=True, timeout=300, check=False, cwd=REPOSITORY,
        env=environment(PATH=f"{os.environ['PATH']}:/usr/sbin:/sbin", SPFENGINE_POSTFIX=str(folder)),
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    wrong = [case for case in report["cases"] if case["standing"] in ("wrong", "stale")]
    assert not wrong, "\n".join([f"{case['case']}: {case['why']}" for case in wrong])
    assert done.returncode == 0
    return report


SMTP = ["--daemon-at", "127.0.0.1:25", "--adapter", "tests.postfix.adapter:check"]


def test_our_policy_server_behind_postfix() -> None:
    needed()
    with daemon(OURS) as (folder, words):
        report = conformance(folder, "--daemon", words, *SMTP, "--ledger", str(HERE / "ours.yml"))
    counts = Counter(case["standing"] for case in report["cases"])
    assert counts["right"] > 0.94 * len(report["cases"])
    assert counts["left-out"] < 50


def test_debians_policy_server_behind_postfix() -> None:
    """Issue: "Postfix with a policy server end to end over SMTP with XCLIENT", with a strict ledger."""
    needed()
    master = MASTER.replace("{policyd-spf}", program("policyd-spf"))
    ledger = str(HERE / "policyd-spf-python.yml")
    with daemon(THEIRS, master) as (folder, words):
        told = ["--ledger", ledger, "--default-explanation", "SPF fail - not authorized"]
        report = conformance(folder, "--daemon", words, *SMTP, *told)
    counts = Counter(case["standing"] for case in report["cases"])
    assert counts["right"] > 0.8 * len(report["cases"])


FEW = ["void-none", "void-third", "void-per-term-*", "dns-servfail-*", "ten-*"]


def test_debians_policy_server_says_the_same_without_postfix_between() -> None:
    """Issue: "or `--policy-server HOST:PORT` (Postfix policy delegation)". For each case a process is started."""
    needed()
    master = MASTER.replace("{policyd-spf}", program("policyd-spf"))
    chosen = [word for pattern in FEW for word in ("--case", pattern)]
    with daemon(THEIRS, master) as (folder, words):
        told = ["--ledger", str(HERE / "policyd-spf-python.yml"), *chosen]
        report = conformance(folder, "--daemon", words, "--policy-server", "127.0.0.1:10024", *told)
    assert len(report["cases"]) > 25
