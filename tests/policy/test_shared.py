"""What is kept of the records that many domains include."""

import pytest

from spfengine import Answer, Limits, Question, RRType
from spfengine.policy import shared
from spfengine.policy.inputs import Inputs


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "MAX_OCTETS", 20_000)
    includes = shared.SharedIncludes()
    seen = []
    for number in range(200):
        answers = {
            Question("d.example", RRType.TXT): Answer.txt(f"v=spf1 include:s{number // 2}.example -all"),
            Question(f"s{number // 2}.example", RRType.TXT): Answer.txt("v=spf1 ip4:192.0.2.0/24 -all"),
        }
        includes.learn(Inputs("d.example", None, None, Limits(), None, 0.0), answers)
        seen.append(includes.octets)
    assert seen[0] == 0 < seen[1]  # the second domain that includes a record shows that it is shared
    assert 10_000 < max(seen) <= 20_000
