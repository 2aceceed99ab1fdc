"""What was read about senders, as text: from which files, what was not read, and what is not known."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from spfengine.evidence.evidence import Evidence, ReportedBy
from spfengine.senders import unknown_facts
from spfengine.text.lines import Line, line, note
from spfengine.visible import visible
from spfengine.wording import and_more, counted, listed

_MOST_UNREAD = 20
_MOST_RECEIVERS = 5
_MOST_REPAIRED = 5
_SHOWN_TAGS = ("p", "sp", "np", "testing")
_LAST = 253_402_300_799  # the last second of the year 9999
_FACTS = {"local-part": "sender's local part", "helo": "HELO name"}
_KINDS = {
    "dmarc-report": ("DMARC report", "DMARC reports"),
    "message": ("message file", "message files"),
    "bounce": ("bounce", "bounces"),
    "failure-report": ("failure report", "failure reports"),
    "log": ("mail log", "mail logs"),
    "csv": ("table", "tables"),
    "json": ("JSON file", "JSON files"),
}


def evidence_lines(evidence: Evidence | None, *, quiet: bool = False) -> Iterator[Line]:
    """Yield what was read, what was not, and what is not known about the senders; nothing if there is no evidence."""
    if evidence is None:
        return
    if not quiet:
        yield from _read(evidence)
    if evidence.left_out:
        yield line(
            f"there are more than {len(evidence.senders):,} different senders: "
            f"{counted(evidence.left_out, 'message')} of the others are left out",
            indent=2, hang=2,
        )  # fmt: skip
    if evidence.duplicates:
        reports = counted(evidence.duplicates, "DMARC report")
        yield note(f"given before (same reporter and Report-ID), so not counted: {reports}")
    if evidence.repaired and not quiet:
        yield from _repaired(evidence)
    if evidence.skipped:
        yield from _not_read(evidence)


def _repaired(evidence: Evidence) -> Iterator[Line]:
    yield note(f"read in spite of {counted(sum(entry.count for entry in evidence.repaired), 'fault')}:")
    yield from [note(str(entry), indent=4) for entry in evidence.repaired[:_MOST_REPAIRED]]
    more = and_more(len(evidence.repaired) - _MOST_REPAIRED, "kind")
    if more:
        yield note(f"… {more}; --json has them all", indent=4)


def _not_read(evidence: Evidence) -> Iterator[Line]:
    yield note(f"not read: {counted(evidence.skipped, 'row or part', 'rows or parts')}")
    yield from [note(str(unread), indent=4) for unread in evidence.unread[:_MOST_UNREAD]]
    rest = evidence.unread[_MOST_UNREAD:]
    if rest:
        rows = counted(sum(unread.count for unread in rest), "row")
        yield note(f"… {and_more(len(rest), 'kind')}, of {rows}", indent=4)


def _reported(evidence: Evidence) -> Iterator[Line]:
    """Yield who reported, when, and about which domains with which policies."""
    reports = [report for report in evidence.reports if not report.is_duplicate]
    reporters = Counter([visible(report.organisation or report.email, 60) for report in reports])
    names = [name if count == 1 else f"{name} ({count:,})" for name, count in reporters.most_common() if name]
    if names:
        yield note(f"reported by: {listed(names, _MOST_RECEIVERS)}{_period(reports)}")
    domains = list(dict.fromkeys([_with_policy(report) for report in reports if report.domain]))
    if domains:
        yield note(f"about: {listed(domains, _MOST_RECEIVERS)}")


def _period(reports: Iterable[ReportedBy]) -> str:
    """Return the days that reports are about, after a comma; "" if none has its period."""
    times = [time for report in reports for time in (report.begin, report.end) if time is not None]
    if not times:
        return ""
    first, last = _day(min(times)), _day(max(times))
    return f", {first}" if first == last else f", {first} to {last}"


def _with_policy(report: ReportedBy) -> str:
    tags = [f"{name}={visible(value, 20)}" for name, value in report.policy if name in _SHOWN_TAGS]
    name = visible(report.domain, 100)
    return f"{name} (DMARC policy {' '.join(tags)})" if tags else name


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(min(seconds, _LAST), UTC).date().isoformat()


def _read(evidence: Evidence) -> Iterator[Line]:
    files = [counted(source.files, *_KINDS[source.kind]) for source in evidence.sources]
    what = f"{counted(evidence.messages, 'message')}, {counted(len(evidence.senders), 'sender')}"
    yield note(f"read {', '.join(files) or 'nothing'}: {what}", indent=0)
    yield from _reported(evidence)
    if evidence.receivers:  # so that people see a name that is not their receiver's
        names = [f"{name} ({count:,})" for name, count in evidence.receivers]
        yield note(f"trusted header fields written by: {listed(names, _MOST_RECEIVERS)}")
    unknown = unknown_facts(evidence.senders)
    if unknown:
        facts = [f"the {_FACTS[fact]} of {counted(count, 'message')}" for fact, count in unknown.items()]
        yield note(f"not known: {', '.join(facts)}")
    for what, count in evidence.aside:
        yield note(f"left out: {what}: {count:,}")
