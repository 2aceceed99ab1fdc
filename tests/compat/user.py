"""A package that uses pyspf, run with whatever `import spf` finds: python user.py PACKAGE SUITE.yml CONFIGURATION

It prints JSON: the file of the module that was found, and what the package said to each case. DNS is the case's zone,
by pyspf's hook.
"""

import contextlib
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import spf

from spfengine.answers import Question, RRType
from spfengine.compat.pyspf import TempError, lookup_result
from spfengine.resolvers.zone import Zone
from spfengine.testing.suites import Case, load_suite


def answer_from(zone: Zone) -> None:
    """Let the module ask a zone."""

    def lookup(name: str, qtype: str, tcpfallback: bool = True, timeout: float = 30) -> list[Any]:
        if qtype not in RRType.__members__:
            return []
        try:
            return lookup_result(name, qtype, zone.resolve(Question(name.removesuffix("."), RRType(qtype))))
        except TempError as error:
            raise spf.TempError(str(error)) from None

    spf.DNSLookup = lookup


def each(cases: list[Case]) -> Iterator[Case]:
    """Yield the cases, the zone of each in place."""
    for case in cases:
        answer_from(case.zone)
        yield case


def authheaders(cases: list[Case]) -> dict[str, str]:
    """The Authentication-Results field of a message from each client."""
    from authheaders import authenticate_message

    message = b"From: a@example.com\r\nTo: b@example.net\r\nSubject: test\r\n\r\nHello\r\n"
    options = {"spf": True, "dkim": False, "dmarc": False, "arc": False}
    return {
        case.name: authenticate_message(
            message, "mx.example.net", ip=case.host, mail_from=case.mailfrom, helo=case.helo, **options
        )
        for case in each(cases)
    }


def requests(cases: list[Case]) -> Iterator[bytes]:
    """The lines of requests to a policy server."""
    for number, case in enumerate(each(cases)):
        for line in ("request=smtpd_access_policy", f"client_address={case.host}", "client_name=unknown",
                     f"helo_name={case.helo}", f"sender={case.mailfrom}", "recipient=bob@example.net",
                     f"instance={number}", ""):  # fmt: skip
            yield f"{line}\n".encode()


def policyd_spf(cases: list[Case]) -> dict[str, str]:
    """The action of spf-engine's policy server for each client.

    Without a HELO name it raises an exception, with pyspf as well.
    """
    from spf_engine.policyd_spf import main

    sys.argv = ["policyd-spf", sys.argv[3]]
    cases = [case for case in cases if case.helo and "\n" not in case.helo + case.mailfrom]
    lines = requests(cases)
    stdin = SimpleNamespace(readline=lambda: next(lines, b""))
    sys.stdin = SimpleNamespace(buffer=stdin)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        main()
    return dict(zip([case.name for case in cases], said.getvalue().split("\n\n")[:-1], strict=True))


if __name__ == "__main__":
    cases = load_suite(Path(sys.argv[2]), "suite")
    answers = {"authheaders": authheaders, "policyd-spf": policyd_spf}[sys.argv[1]](cases)
    json.dump({"module": spf.__file__, "answers": answers}, sys.stdout)
