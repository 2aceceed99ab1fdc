"""What the records of many domains mean, many at once: `spfengine.survey` and `spfengine.asurvey`.

The package is not called `survey`, since it would hide the function of that name.
"""

from typing import TYPE_CHECKING

from spfengine.lazy import lazy_names

if TYPE_CHECKING:
    from spfengine.linting.codes import LintCode, Severity
    from spfengine.surveying.domain import DomainState, SurveyedDomain

__all__ = [
    "DomainState",
    "LintCode",
    "Severity",
    "SurveyedDomain",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "DomainState": "spfengine.surveying.domain",
        "LintCode": "spfengine.linting.codes",
        "Severity": "spfengine.linting.codes",
        "SurveyedDomain": "spfengine.surveying.domain",
    },
)
