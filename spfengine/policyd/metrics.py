"""What a server has done, in numbers, as text for Prometheus (its exposition format, version 0.0.4)."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping

from spfengine.receiver.decision import Decision

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.005, 0.02, 0.1, 0.5, 1.0, 5.0, 20.0)
_PREFIX = "spfengine_policyd_"


class Histogram:
    """Counts durations: for each bound of `_SECONDS`, how many were no longer."""

    def __init__(self) -> None:
        self._counts = [0] * (len(_SECONDS) + 1)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        """Count a duration."""
        self._counts[bisect_left(_SECONDS, seconds)] += 1
        self._sum += seconds

    def lines(self, name: str) -> list[str]:
        """Return the lines of a metric of this name."""
        lines = []
        total = 0
        for bound, count in zip((*_SECONDS, "+Inf"), self._counts, strict=True):
            total += count
            lines.append(f'{name}_bucket{{le="{bound}"}} {total}')
        return [*lines, f"{name}_sum {self._sum:.6f}", f"{name}_count {total}"]


class Metrics:
    """The numbers of one server.

    Attributes:
        gauges: functions that return the current number, by (name, help text).
    """

    def __init__(self) -> None:
        self._decisions: Counter[tuple[str, str, str]] = Counter()
        self._questions: Counter[str] = Counter()
        self._events: Counter[str] = Counter()
        self._check_seconds = Histogram()
        self._question_seconds = Histogram()
        self.gauges: Mapping[tuple[str, str], Callable[[], float]] = {}

    def decision(self, decision: Decision) -> None:
        """Count a decision."""
        result = decision.result
        self._decisions[str(decision.refusal), str(result.result), result.identity] += 1
        self._check_seconds.add(decision.seconds)

    def question(self, status: str, seconds: float) -> None:
        """Count a question that was asked of DNS."""
        self._questions[status] += 1
        self._question_seconds.add(seconds)

    def event(self, kind: str) -> None:
        """Count something else: a request, a client that is closed, a failure."""
        self._events[kind] += 1

    def text(self) -> str:
        """Return all of it. The values of labels are words of our own, so none needs escapes."""
        lines = _head("decisions_total", "counter", "Decisions about messages.")
        for (action, result, identity), count in sorted(self._decisions.items()):
            labels = f'action="{action}",result="{result}",identity="{identity}"'
            lines.append(f"{_PREFIX}decisions_total{{{labels}}} {count}")
        lines += _head("dns_questions_total", "counter", "Questions asked of DNS, by what became of them.")
        for status, count in sorted(self._questions.items()):
            lines.append(f'{_PREFIX}dns_questions_total{{status="{status}"}} {count}')
        lines += _head("events_total", "counter", "Requests, clients, and what went wrong with them.")
        for kind, count in sorted(self._events.items()):
            lines.append(f'{_PREFIX}events_total{{kind="{kind}"}} {count}')
        for (name, about), value in self.gauges.items():
            lines += [*_head(name, "gauge", about), f"{_PREFIX}{name} {value():g}"]
        for name, about, histogram in (
            ("check_seconds", "How long decisions took.", self._check_seconds),
            ("dns_question_seconds", "How long DNS took to answer.", self._question_seconds),
        ):
            lines += [*_head(name, "histogram", about), *histogram.lines(_PREFIX + name)]
        return "\n".join(lines) + "\n"


def _head(name: str, kind: str, about: str) -> list[str]:
    return [f"# HELP {_PREFIX}{name} {about}", f"# TYPE {_PREFIX}{name} {kind}"]
