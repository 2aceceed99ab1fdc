"""A missing module is a reason to skip, but a failure in CI."""

import pytest

from tests.optional import need


@pytest.mark.parametrize(("ci", "raised"), [(None, pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_a_missing_module_skips_the_test_but_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch, ci: str | None, raised: type[BaseException]
) -> None:
    monkeypatch.delenv("CI", raising=False)
    if ci is not None:
        monkeypatch.setenv("CI", ci)
    with pytest.raises(raised, match="no_such_module is not installed: the extra `full` has it"):
        need("no_such_module")
    need("json")
