"""Find what is wrong, risky or without effect in a domain's SPF, in words that a mail admin understands."""

from spfengine.linting.codes import LintCode, Severity
from spfengine.linting.finding import Finding

__all__ = ["Finding", "LintCode", "Severity"]
