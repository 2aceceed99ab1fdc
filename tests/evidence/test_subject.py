"""The domain that evidence is about, if the caller names none."""

import pytest

from spfengine import Sender
from spfengine.evidence.evidence import ReportedBy
from spfengine.evidence.subject import domains_about


@pytest.mark.parametrize(
    ("senders", "reports", "expected"),
    [
        (["u@a.example", "v@A.example"], [], ["a.example"]),
        (["u@a.example", "u@b.example"], [], ["a.example", "b.example"]),
        (["u@a.example", "u@b.example"], ["a.example"], ["a.example"]),
        (["u@a.example", "u@b.example"], ["a.example.", "A.example"], ["a.example"]),
        (["u@a.example", "u@b.example"], ["a.example", "b.example"], ["a.example", "b.example"]),
        (["u@mail.a.example"], ["a.example"], ["mail.a.example"]),
        (["u@other.example"], ["a.example"], ["a.example"]),
        (["u@a.example", "u@x..y"], [], ["a.example"]),  # no domain name
        (["u@x..y"], ["a.example"], ["a.example"]),
        (["u@a.example"], ["x..y", "\u00fc.example", ""], ["a.example"]),
        ([], ["a.example"], ["a.example"]),
        ([], [], []),
    ],
)
def test_the_domains_that_evidence_is_about(senders: list[str], reports: list[str], expected: list[str]) -> None:
    made = [ReportedBy("o", "e", "1", None, None, domain, (), is_duplicate=False, messages=1) for domain in reports]
    assert domains_about([Sender("192.0.2.1", sender) for sender in senders], made) == expected
