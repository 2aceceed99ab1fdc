"""What was decided about a message, as a line of the log."""

import json
from dataclasses import dataclass
from typing import Any

from spfengine.evaluation.check_result import CheckResult
from spfengine.receiver.rules import Refusal
from spfengine.visible import short_repr, visible

_SHOWN = 200
_SHOWN_INSTANCE = 60


@dataclass(frozen=True, slots=True, repr=False)
class Decision:
    """What was decided about a message, and why.

    Attributes:
        action: the action of the reply to Postfix.
        refusal: what the rules do with the result.
        dry_run: whether the message was accepted nevertheless.
        result: the result that decided.
        instance: Postfix's name for the message, or "".
        seconds: how long it took.
    """

    action: str
    refusal: Refusal
    dry_run: bool
    result: CheckResult
    instance: str
    seconds: float

    def __repr__(self) -> str:
        return short_repr(self, ("action", "refusal", "dry_run", "result", "instance"))

    @property
    def text(self) -> str:
        """One line for people; untrusted text in it is escaped."""
        result = self.result
        by = "" if result.directive is None else f" by {visible(result.directive, _SHOWN)}"
        why = "" if result.problem is None else f" ({visible(result.problem.text, _SHOWN)})"
        would = "would " if self.dry_run and self.refusal is not Refusal.ACCEPT else ""
        return (
            f"{would}{self.refusal}: spf={result.result}{by}{why} identity={result.identity} ip={result.ip} "
            f"sender=<{visible(result.sender, _SHOWN)}> helo={visible(result.helo, _SHOWN)} "
            f"instance={visible(self.instance, _SHOWN_INSTANCE)}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the same for programs, as JSON has it; the keys are those of docs/reference/json.md."""
        result, problem = self.result, self.result.problem
        return {
            "event": "decision",
            "action": str(self.refusal),
            "dry_run": self.dry_run,
            "result": str(result.result),
            "directive": None if result.directive is None else visible(result.directive, _SHOWN),
            "record_domain": None if result.record_domain is None else visible(result.record_domain, _SHOWN),
            "problem": None if problem is None else str(problem.code),
            "reason": None if problem is None else visible(problem.text, _SHOWN),
            "identity": result.identity,
            "ip": result.ip,
            "sender": visible(result.sender, _SHOWN),
            "helo": visible(result.helo, _SHOWN),
            "domain": visible(result.domain, _SHOWN),
            "instance": visible(self.instance, _SHOWN_INSTANCE),
            "questions": result.questions,
            "seconds": round(self.seconds, 6),
        }


def json_line(event: dict[str, Any]) -> str:
    """Return an event of the log as one line of JSON, in US-ASCII."""
    return json.dumps(event)
