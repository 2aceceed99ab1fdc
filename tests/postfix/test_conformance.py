"""Conformance runs of Postfix with our policy server, and of Debian's policy server without Postfix.

Debian's with Postfix is one of tests/receivers/.
"""

import json
import os
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import REPOSITORY, command, environment
from tests.debian import program
from tests.postfix.daemon import POLICY_PORT
from tests.postfix.lab import needed

pytestmark = [pytest.mark.debian, pytest.mark.full]

HERE = Path(__file__).parent
SMTP = ["--daemon-at", "127.0.0.1:25", "--adapter", "tests.postfix.adapter:check"]


def conformance(kind: str, *arguments: str) -> Counter[str]:
    """Run the cases with Postfix and a policy server; return the number of each standing. A run with faults fails."""
    daemon = shlex.join([sys.executable, "-m", "tests.postfix.daemon", kind])
    done = subprocess.run(
        command("conformance", "--namespaces", "--format", "json", "--jobs", "16", "--daemon", daemon, *arguments),
        capture_output=True, text=True, timeout=300, check=False, cwd=REPOSITORY,
        env=environment(PATH=f"{os.environ['PATH']}:/usr/sbin:/sbin"),
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    wrong = [case for case in report["cases"] if case["standing"] in ("wrong", "stale")]
    assert not wrong, "\n".join([f"{case['case']}: {case['why']}" for case in wrong])
    assert done.returncode == 0
    return Counter(case["standing"] for case in report["cases"])


def test_postfix_with_our_policy_server() -> None:
    needed()
    counts = conformance("ours", *SMTP, "--ledger", str(HERE / "ours.yml"))
    assert counts["right"] > 0.94 * counts.total()
    assert counts["left-out"] < 0.05 * counts.total()


FEW = ["void-none", "void-third", "void-per-term-*", "dns-servfail-*", "ten-*"]


def test_debians_policy_server_says_the_same_without_postfix() -> None:
    """Issue: "or `--policy-server HOST:PORT` (Postfix policy delegation)". For each case a process is started."""
    needed()
    program("policyd-spf")
    ledger = REPOSITORY / "tests" / "receivers" / "ledgers" / "policyd-spf.yml"
    chosen = [word for pattern in FEW for word in ("--case", pattern)]
    place = f"127.0.0.1:{POLICY_PORT}"
    counts = conformance("policyd-spf", "--policy-server", place, "--ledger", str(ledger), *chosen)
    assert counts.total() > 25
