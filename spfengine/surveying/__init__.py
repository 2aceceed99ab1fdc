"""What the records of many domains mean, many at once: `spfengine.survey` and `spfengine.asurvey`.

The package is not called `survey`, since it would hide the function of that name.
"""

from spfengine.linting.codes import LintCode, Severity
from spfengine.surveying.domain import DomainState, SurveyedDomain

__all__ = [
    "DomainState",
    "LintCode",
    "Severity",
    "SurveyedDomain",
]
