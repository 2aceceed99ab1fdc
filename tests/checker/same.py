"""Compare two results in every field."""

import pickle

from spfengine import CheckResult


def all_of(result: CheckResult) -> dict[str, object]:
    """Return every field of a result, its trace, and the texts made from it."""
    return {
        **result.to_dict(),
        "raw": (result.domain, result.sender, result.helo, result.record_domain, result.path, result.problem),
        "repr": repr(result),
        "explanation_problem": result.explanation_problem,
        "trace": result.trace.to_dict(),
        "received_spf": result.received_spf(),
        "received_spf_elsewhere": result.received_spf("mx.elsewhere.example"),
        "authentication_results": result.authentication_results("mx.here.example"),
        "smtp_reply": result.smtp_reply(),
    }


def assert_same(found: CheckResult, expected: CheckResult) -> None:
    """Raise AssertionError unless two results are the same in every field."""
    assert found.result == expected.result
    assert found == expected
    assert hash(found) == hash(expected)
    assert all_of(found) == all_of(expected)
    assert pickle.loads(pickle.dumps(found)) == expected
