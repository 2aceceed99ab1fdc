"""The known faults of pyspf 2.0.14: their names, the sections of RFC 7208 that decide, and how to recognise them.

A disagreement that no entry recognises fails the run, and so does an entry that recognises no disagreement.
"""

from collections.abc import Callable
from typing import NamedTuple

from spfengine.answers import Answer, Question, RRType
from spfengine.evaluation.check_result import CheckResult
from spfengine.names import fold
from spfengine.problems import ProblemCode
from tests.oracle.rival import Rival
from tests.properties.generate import Call

Asked = tuple[tuple[Question, Answer], ...]
"""Questions in the order in which they were asked, with their answers."""


class Disagreement(NamedTuple):
    """A check on which the two engines differ.

    Attributes:
        call: the arguments of the check.
        ours, theirs: the results.
        by_ours, by_theirs: the questions that each engine asked.
    """

    call: Call
    ours: CheckResult
    theirs: Rival
    by_ours: Asked
    by_theirs: Asked

    def is_for_names_in(self, question: Question, type: RRType) -> bool:
        """Whether a question is for the addresses of a name that an answer of this type holds."""
        names = []
        for other, answer in self.by_theirs:
            if other.type is type:
                names += [fold(record[1] if type is RRType.MX else record) for record in answer.records]
        return question.type in (RRType.A, RRType.AAAA) and fold(question.name) in names

    @property
    def theirs_is_void_limit(self) -> bool:
        """Whether pyspf ended at its limit of void lookups."""
        return self.theirs.result == "permerror" and "Void lookup limit" in self.theirs.text


class Fault(NamedTuple):
    """A fault of pyspf."""

    code: str
    section: str
    what: str
    recognises: Callable[[Disagreement], bool]


def _first_at(d: Disagreement) -> bool:
    return d.theirs.result == "none" and d.call.sender.count("@") > 1


def _final_dot(d: Disagreement) -> bool:
    return d.theirs.result == "none" and d.call.sender.endswith(".") and not d.by_theirs


def _trivial_recursion(d: Disagreement) -> bool:
    return d.theirs.result == "permerror" and "trivial recursion" in d.theirs.text


def _empty_domain(d: Disagreement) -> bool:
    return d.theirs.result == "permerror" and "empty domain" in d.theirs.text


def _ptr_failure(d: Disagreement) -> bool:
    if d.theirs.result != "temperror" and d.ours.explanation is None:
        return False
    return any(
        answer.is_failure and (question.type is RRType.PTR or d.is_for_names_in(question, RRType.PTR))
        for question, answer in d.by_theirs
    )


def _mx_order(d: Disagreement) -> bool:
    return (d.theirs.result == "temperror" or d.theirs_is_void_limit) and d.is_for_names_in(
        d.by_theirs[-1][0], RRType.MX
    )


def _names_of_client(d: Disagreement) -> bool:
    return d.theirs_is_void_limit and any(
        answer.is_void and (question.type is RRType.PTR or d.is_for_names_in(question, RRType.PTR))
        for question, answer in d.by_theirs
    )


def _macro_syntax(d: Disagreement) -> bool:
    codes = (ProblemCode.INVALID_MACRO, ProblemCode.MACRO_DIGITS_ZERO)
    return d.ours.problem is not None and d.ours.problem.code in codes


def _postmaster(d: Disagreement) -> bool:
    return d.ours.explanation is not None and "postmaster" in d.ours.explanation and "postmaster" not in d.theirs.text


FAULTS = (
    Fault("first-at", "2.4", "a sender is divided at its first @, inside a quoted local part too", _first_at),
    Fault("final-dot", "4.3", "a sender's domain with its final dot has no record", _final_dot),
    Fault(
        "trivial-recursion",
        "4.6.4",
        "an include of the own domain is permerror before it is reached",
        _trivial_recursion,
    ),
    Fault("empty-domain", "4.8", "a target-name that expands to nothing is permerror, not no match", _empty_domain),
    Fault("ptr-failure", "5.5", "a DNS failure inside ptr or %{p} is temperror, not no match", _ptr_failure),
    Fault("mx-order", "5.4", "the hosts of mx are asked in an order of its own, also those after a match", _mx_order),
    Fault(
        "names-of-client",
        "4.6.4",
        "all names of ptr are asked, %{p} also for terms that are not reached and in "
        "explanations, and each void among them counts",
        _names_of_client,
    ),
    Fault("macro-syntax", "7.1", "%{d2x} and %{d0} are read as macros", _macro_syntax),
    Fault("postmaster", "4.3", "%{s} of a sender without local part has no postmaster", _postmaster),
)


def explain(disagreement: Disagreement) -> Fault | None:
    """Return the fault of pyspf that explains a disagreement; None if there is none, so that we must fix ours."""
    return next((fault for fault in FAULTS if fault.recognises(disagreement)), None)
