"""How it is said what is not known, and what to do about it."""

import pytest

from spfengine.answers import Answer, Question, RRType, Status
from spfengine.evaluation.unanswered import hint_for, incompleteness, named_unknown, unanswered, why_unknown

TIMEOUT = {Question("a.example", RRType.TXT): Answer.failed(Status.TIMEOUT)}
OUTSIDE = {Question("b.example", RRType.A): Answer.failed(Status.UNKNOWN)}
ALIAS = {Question("c.example", RRType.A): Answer.failed(Status.UNKNOWN, ["d.example", "e.example"])}
AGAIN = {Question("B.example", RRType.MX): Answer.failed(Status.UNKNOWN)}
LIVE = "add --live to look up in DNS what the files do not have"
WORK = "the records take more work than is done for one domain"


@pytest.mark.parametrize(
    ("failed", "why", "named", "hint", "code"),
    [
        (
            TIMEOUT,
            "DNS could not answer",
            "DNS could not answer TXT a.example (TIMEOUT)",
            "try again later",
            "dns-incomplete",
        ),
        (OUTSIDE, "not in the files given", "b.example is not in the files given", LIVE, "outside-zone"),
        (OUTSIDE | AGAIN, "not in the files given", "B.example is not in the files given", LIVE, "outside-zone"),
        (
            OUTSIDE | ALIAS,
            "not in the files given",
            "b.example, e.example are not in the files given",
            LIVE,
            "outside-zone",
        ),
        (
            TIMEOUT | OUTSIDE,
            "DNS could not answer",
            "DNS could not answer TXT a.example (TIMEOUT), and b.example is not in the files given",
            f"{LIVE}; try again later",
            "dns-incomplete",
        ),
        ({}, WORK, WORK, "check single clients; use fewer terms and addresses", "work-limit"),
    ],
)
def test_what_is_not_known(failed: dict[Question, Answer], why: str, named: str, hint: str, code: str) -> None:
    found = why_unknown(failed), named_unknown(failed), hint_for(failed), incompleteness(failed)
    assert found == (why, named, hint, code)


def test_only_failures_are_unanswered() -> None:
    good = {Question("g.example", RRType.A): Answer.nodata(), Question("h.example", RRType.A): Answer.a("192.0.2.1")}
    assert unanswered([good | TIMEOUT, OUTSIDE]) == TIMEOUT | OUTSIDE
