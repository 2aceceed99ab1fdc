"""What the records of many domains mean, many at once: `spfengine.survey` and `spfengine.asurvey`.

The package is not called `survey`, since it would hide the function of that name.
"""

from spfengine.linting.codes import LintCode, Severity
from spfengine.surveying.domain import DomainState, SurveyedDomain
from spfengine.surveying.faults import RecordFault
from spfengine.surveying.summary import Summary, SummaryRow

__all__ = [
    "DomainState",
    "LintCode",
    "RecordFault",
    "Severity",
    "Summary",
    "SummaryRow",
    "SurveyedDomain",
]
