"""`--select` and `--ignore`: codes of findings, or how they begin."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import click

from spfengine.cli.options import Expected
from spfengine.linting.codes import LintCode
from spfengine.linting.finding import Finding
from spfengine.visible import visible


class CodesType(Expected):
    """CODE,...: each a code, or how codes begin, up to a hyphen."""

    name = "codes"

    def __init__(self) -> None:
        super().__init__("codes of findings, such as multiple-records,exp")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[LintCode]:
        """Return the codes that the text stands for."""
        if isinstance(value, frozenset):
            return value
        found: set[LintCode] = set()
        for word in str(value).split(","):
            text = word.strip().lower().rstrip("-*")
            codes = [code for code in LintCode if code == text or code.startswith(f"{text}-")]
            if not text or not codes:
                near = get_close_matches(text[:60], list(LintCode), 1, 0.5)
                told = f"did you mean {near[0]}?" if near else "the codes are listed in docs/reference/lint.md"
                self.fail(f"there is no code {visible(word.strip(), 60)!r}; {told}", param, ctx)
            found.update(codes)
        return frozenset(found)


def select(
    findings: Iterable[Finding], selected: Iterable[frozenset[LintCode]], ignored: Iterable[frozenset[LintCode]]
) -> list[Finding]:
    """Return the findings that are to be told; what is ignored is not, also where it is selected."""
    wanted: frozenset[LintCode] = frozenset().union(*selected) or frozenset(LintCode)
    unwanted: frozenset[LintCode] = frozenset().union(*ignored)
    return [finding for finding in findings if finding.code in wanted and finding.code not in unwanted]
