"""`spfengine survey`: what the records of many domains mean, as lines of JSON; a survey that was stopped can go on."""

import json
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, nullcontext
from typing import TYPE_CHECKING, Any

import click

from spfengine.answers import Answer, Question
from spfengine.cli import exits, html as reports, options, sources
from spfengine.cli.exits import CommandError
from spfengine.cli.screen import Bar, Screen
from spfengine.cli.survey_files import (
    CompactSet,
    Document,
    ListFile,
    NoFile,
    OutFile,
    Stdout,
    is_parquet,
    key_of,
    lines_file,
)
from spfengine.cli.survey_jobs import survey_by_processes
from spfengine.cli.survey_summary import add_up, are_survey_results, print_summary
from spfengine.resolvers.cache import Cache
from spfengine.surveying.domain import DomainState
from spfengine.surveying.listing import read_domain
from spfengine.surveying.summary import Counting, SummaryRow
from spfengine.surveying.survey import asurvey
from spfengine.surveying.time_limit import unchanging
from spfengine.text.lines import Line, Row, Span, note, table
from spfengine.visible import visible
from spfengine.wording import counted

if TYPE_CHECKING:
    from spfengine.report.page import Page
    from spfengine.report.survey import SurveyRows

_EPILOG = f"""\b
Examples:
  spfengine survey domains.txt > survey.jsonl
  spfengine survey domains.txt --output survey.jsonl --resume
  spfengine survey tranco.csv --no-lint --in-flight 300 --nameserver 127.0.0.1 -o survey.jsonl
  spfengine survey - --zone example.com.zone < domains.txt
  spfengine survey domains.txt --output survey.jsonl --resume --summary
  spfengine survey --summary part-1.jsonl part-2.jsonl --csv

FILE has one domain per line, or is a table such as rank,domain; - is standard input. Empty lines and comments, which
begin with #, are skipped; a domain that is listed several times is asked for once; a line that is not a domain gets a
line that says why. The lines are written in the order in which they are known.

With --output, a survey that was stopped, even by kill -9, continues with --resume: every domain gets one line. Without
--resume, an existing file is never changed.

If OUT ends in .parquet, it is a Parquet file, written when every domain has its line; until then, the lines are in
OUT.jsonl, with which --resume continues. It needs pyarrow.

With --summary, the number of domains is printed for each kind of fault, as measurements of SPF count them. FILE may
then also be what earlier surveys wrote, one or more: their lines (JSON lines, or Parquet), or summaries (--json). They
add up.

The exit code: 0 every domain has its line, 69 every domain has its line, but DNS could not answer something for some.
{exits.OTHER_HELP}, 73 OUT can't be written, or exists already.
"""
_MOST_FAULTS = 20
_STATES = {
    DomainState.WORKS: ("pass", "✓", "work: every client gets pass, fail, softfail or neutral"),
    DomainState.OVER_LIMIT: ("permerror", "✗", "are over a limit: some clients get permerror"),
    DomainState.PERMERROR: ("permerror", "✗", "are broken: some clients get permerror"),
    DomainState.NONE: ("none", "·", "have no SPF record"),
    DomainState.UNKNOWN: ("temperror", "!", "are not known: DNS could not answer, or the files don't say"),
    DomainState.NO_DOMAIN: ("fault", "!", "are not domains"),
}
_ALL = {"fail": "-all", "softfail": "~all", "neutral": "?all", "pass": "+all"}


@click.command(epilog=_EPILOG)
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True,
    type=options.FileName("a file with one domain per line, or - for standard input"),
)  # fmt: skip
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    help="Write the lines to this file, which must not exist; as Parquet if its name says so.",
)
@click.option("--resume", is_flag=True, help="Continue OUT, if it exists: ask for the domains that have no line.")
@click.option(
    "--in-flight", metavar="N", type=click.IntRange(1, 500), default=100, show_default=True,
    help="How many domains are asked for at once, each with one DNS query.",
)  # fmt: skip
@click.option(
    "--jobs", metavar="N", type=click.IntRange(1, 256), default=1, show_default=True,
    help="How many processes survey the domains; they share --in-flight, and each keeps its own DNS answers.",
)  # fmt: skip
@click.option("--no-lint", is_flag=True, help="Leave out the findings of lint: two to three times as fast.")
@click.option(
    "--timeout", metavar="S", type=options.Seconds(), default=options.SECONDS, show_default=True,
    help="Seconds that DNS may take for one domain; what is not known by then counts as not answered.",
)  # fmt: skip
@click.option(
    "--summary", "summarised", is_flag=True,
    help="Print a summary in place of the lines. FILE may then also be what earlier surveys wrote, one or more.",
)  # fmt: skip
@click.option(
    "--top", metavar="N", type=click.IntRange(0), default=10, show_default=True,
    help="With --summary: how many of the domains by which most records break are printed as text or CSV.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="With --summary: print one JSON document instead of text.")
@click.option("--csv", "as_csv", is_flag=True, help="With --summary: print a table (CSV) instead of text.")
@options.zone
@options.live
@options.nameserver
@reports.option
def command(
    files: tuple[str, ...],
    output: str | None,
    resume: bool,
    in_flight: int,
    jobs: int,
    no_lint: bool,
    timeout: float,
    summarised: bool,
    top: int,
    as_json: bool,
    as_csv: bool,
    zones: tuple[str, ...],
    live: bool,
    nameservers: tuple[str, ...],
    html: str | None,
) -> int:
    """Say what the SPF record of each domain in FILE means: one line of JSON per domain, as soon as it is known."""
    if resume and output is None:
        raise click.UsageError("--resume continues a file; give --output OUT too")
    options.only_one_format(as_json, as_csv)
    if (as_json or as_csv) and not summarised:
        raise click.UsageError("--json and --csv are formats of --summary; the lines are JSON already")
    if summarised and output is None and are_survey_results(files):
        return _summarise(files, top, html, as_json=as_json, as_csv=as_csv)
    if len(files) > 1:
        raise click.UsageError("expected one list of domains; only with --summary several files that surveys wrote")
    [file] = files
    if file == sources.STDIN:
        sources.only_one_stdin(file, *zones)
    base = sources.base_resolver(zones, live, nameservers, timeout, cache=False, in_flight=in_flight)
    words = None if jobs == 1 else _words(no_lint, timeout, zones, live, nameservers)
    with ListFile(file) as listed:
        survey = _Survey(listed, base, lint=not no_lint, seconds=timeout, in_flight=in_flight)
        if words is not None:
            survey.divide(words, jobs)
        if html is not None:
            survey.keep_rows()
        lines: Stdout | NoFile = NoFile() if summarised else Stdout()
        file_of_lines = _file_of_lines(output, resume=resume)
        with nullcontext(lines) if file_of_lines is None else OutFile(file_of_lines, resume=resume) as out:
            if isinstance(out, OutFile) and not out.is_empty:  # only with --resume
                survey.done = out.resume(listed.domains(), survey.fits, survey.count)
            code = survey.run(out, can_resume=output is not None)
        if output is not None and file_of_lines != output:
            from spfengine.cli.survey_parquet import finish

            finish(output)
        if html is not None:
            reports.write_report(survey.page(), html)
        if summarised:
            print_summary(survey.counting.summary(), top, as_json=as_json, as_csv=as_csv)
        return code


def _file_of_lines(output: str | None, *, resume: bool) -> str | None:
    """Return the file for the lines: OUT, or one next to it, from which OUT is made at the end."""
    if output is None or not is_parquet(output):
        return output
    from spfengine.cli.survey_parquet import prepare

    prepare(output, resume=resume)
    return lines_file(output)


def _summarise(files: tuple[str, ...], top: int, html: str | None, *, as_json: bool, as_csv: bool) -> int:
    """Print the summary of what earlier surveys wrote."""
    if html is not None:
        raise click.UsageError("--html is a report on a survey that is made now; expected a list of domains")
    summary = add_up(files)
    print_summary(summary, top, as_json=as_json, as_csv=as_csv)
    return exits.UNAVAILABLE if summary[SummaryRow.INCOMPLETE] else 0


def _words(
    no_lint: bool, timeout: float, zones: tuple[str, ...], live: bool, nameservers: tuple[str, ...]
) -> list[str]:
    """Return the options with which other processes survey as this one does."""
    if any(sources.file_of(zone) == sources.STDIN for zone in zones):
        raise click.UsageError("with --jobs, each process reads the files of --zone, so none can be standard input")
    words = [f"--timeout={timeout}"]
    words += [f"--zone={zone}" for zone in zones]
    words += options.server_words(nameservers)
    words += ["--no-lint"] * no_lint + ["--live"] * live
    seconds = options.dns_seconds()
    return words if seconds is None else [*words, f"--dns-timeout={seconds}"]


class _Counting:
    """Counts the DNS queries that are sent."""

    def __init__(self, resolver: Any) -> None:
        self._resolver = resolver
        self.queries = 0

    async def aresolve(self, question: Question, /) -> Answer:
        """Return the answer."""
        self.queries += 1
        answer: Answer = await self._resolver.aresolve(question)
        return answer


class _Survey:
    """One run.

    Attributes:
        done: the domains that have a line already.
        tally: the counts of all lines, those of earlier runs included.
        counting: what the summary counts, of the same lines.
    """

    def __init__(self, listed: ListFile, base: Any, *, lint: bool, seconds: float, in_flight: int) -> None:
        self._list = listed
        self._lint = lint
        self._settings: dict[str, Any] = {"lint": lint, "seconds": seconds, "in_flight": in_flight}
        self._counting = None if unchanging(base) else _Counting(base)
        self._resolver = base if self._counting is None else Cache(self._counting)
        self._faults = 0
        self._begun = time.monotonic()
        self.done = CompactSet()
        self.tally = Tally()
        self.counting = Counting()
        self._rows: SurveyRows | None = None
        self._before = 0
        self._parts: tuple[list[str], int] | None = None

    def divide(self, words: list[str], jobs: int) -> None:
        """Divide the domains among this many processes, each with these options."""
        self._parts = words, jobs

    def keep_rows(self) -> None:
        """Keep what a report needs of each line."""
        from spfengine.report.survey import SurveyRows

        self._rows = SurveyRows()

    def count(self, document: Document) -> None:
        """Count a line, of this run or of an earlier one."""
        self.tally.add(document)
        self.counting.add(document)
        if self._rows is not None:
            self._rows.add(document)

    def page(self) -> "Page":
        """Return the report on the lines so far."""
        assert self._rows is not None, "keep_rows was called before"
        return self._rows.page(self._list.printable)

    def fits(self, document: Document) -> str | None:
        """Return why a line was written with other options, or None."""
        if (document["lint"] is not None) != self._lint and document["state"] != DomainState.NO_DOMAIN:
            return "it was written with --no-lint" if self._lint else "it was written without --no-lint"
        if document["live"] != (self._counting is not None):
            return "it came from DNS, and now there is --zone" if document["live"] else "it came from --zone"
        return None

    def run(self, out: Stdout | NoFile | OutFile, *, can_resume: bool) -> int:
        """Ask for all domains that have no line yet, print a summary, and return the exit code."""
        import asyncio

        self._before = self.tally.lines
        try:
            asyncio.run(self._ask(out))
        except KeyboardInterrupt:
            self._summarise("stopped after", "; to go on, give the same command with --resume" if can_resume else "")
            raise
        if not self.tally.lines:
            raise CommandError(exits.DATA, f"{self._list.printable} has no domain")
        self._summarise("surveyed")
        if not self.tally.domains:
            raise CommandError(exits.DATA, f"{self._list.printable} has no line that is a domain")
        return exits.UNAVAILABLE if self.tally.incomplete else 0

    async def _ask(self, out: Stdout | NoFile | OutFile) -> None:
        wanted = not isinstance(out, Stdout) or not sys.stdout.isatty()  # else the lines themselves show the progress
        with Bar("surveying", wanted=wanted) as bar:
            async with aclosing(self._lines(out)) as lines:
                async for line, document in lines:
                    out.write(line)
                    self.count(document)
                    bar.show(self._list.read, self._list.size, f"{self.tally.lines:,} domains")

    async def _lines(self, out: Stdout | NoFile | OutFile) -> AsyncGenerator[tuple[str, Document], None]:
        """Yield the lines, each with what it says."""
        if self._parts is None:
            async with aclosing(asurvey(self._wanted(), resolver=self._resolver, **self._settings)) as surveyed:
                async for domain in surveyed:
                    document = domain.to_dict()
                    yield json.dumps(document) + "\n", document
            return
        words, jobs = self._parts
        in_flight = -(-self._settings["in_flight"] // jobs)
        async with aclosing(survey_by_processes(self._valid(out), words, jobs, in_flight)) as lines:
            async for line in lines:
                yield line, json.loads(line)

    async def _valid(self, out: Stdout | NoFile | OutFile) -> AsyncIterator[str]:
        """Yield the wanted domains; write the lines of texts that are not domain names, for which nothing is asked."""
        async for text in self._wanted():
            domain, fault = read_domain(text)
            if fault is None:
                yield domain
                continue
            async for surveyed in asurvey([text], resolver=self._resolver):
                document = surveyed.to_dict()
                out.write(json.dumps(document) + "\n")
                self.count(document)

    async def _wanted(self) -> AsyncIterator[str]:
        """Yield the domains of the list that have no line yet, each once; report faults on stderr."""
        async for entry in self._list:
            if not self.done.add(key_of(entry)):
                continue
            if entry.fault is not None:
                self._faults += 1
                if self._faults <= _MOST_FAULTS:
                    _report(f"{self._list.printable}, line {entry.line}: {visible(entry.fault, 300)}")
                elif self._faults == _MOST_FAULTS + 1:
                    _report(f"{self._list.printable}: more lines are not domains; their lines in the output say which")
            yield entry.text

    def _summarise(self, what: str, more: str = "") -> None:
        """Print the counts to stderr."""
        if sys.stderr is None:
            return
        seconds = time.monotonic() - self._begun
        new = self.tally.lines - self._before
        heading = f"{what} {counted(self.tally.lines, 'domain')}"
        if self._before:
            heading += f", {f'{self._before:,}' if new else 'all'} of them before" + (f"; {new:,} now" if new else "")
        heading += f" in {seconds:,.1f} s, {new / seconds:,.0f} a second" if new else ""
        if new and self._counting is not None and self._parts is None:  # each process has counted its own queries
            heading += f", with {counted(self._counting.queries, 'DNS query', 'DNS queries')}"
        screen = Screen(sys.stderr)
        screen.show(self.tally.summary(heading + more, screen.width))


class Tally:
    """The lines of a survey, counted.

    Attributes:
        lines: how many there are.
        incomplete: domains for which DNS could not answer something.
    """

    def __init__(self) -> None:
        self.lines = 0
        self.incomplete = 0
        self._states: Counter[str] = Counter()
        self._all: Counter[str] = Counter()

    def add(self, document: Document) -> None:
        """Count a line."""
        self.lines += 1
        self.incomplete += document["incomplete"]
        self._states[document["state"]] += 1
        if document["state"] == DomainState.WORKS:
            self._all[_ALL.get(document["all"], "no all")] += 1

    @property
    def domains(self) -> int:
        """How many domains there are."""
        return self.lines - self._states[DomainState.NO_DOMAIN]

    def summary(self, heading: str, width: int | None) -> Iterator[Line]:
        """Yield the counts."""
        yield note(heading, indent=0)
        rows = []
        column = len(f"{max(self._states.values(), default=0):,}")
        for state, (style, mark, words) in _STATES.items():
            count = self._states[state]
            if count:
                share = f"{count / self.lines:.0%}" if count * 200 >= self.lines else "<1%"
                more = f" ({self._endings()})" if state is DomainState.WORKS else ""
                rows.append(Row(Span(mark, style), Span(f"{count:>{column},} {share:>4}"), (Span(words + more),)))
        yield from table(rows, width)

    def _endings(self) -> str:
        return ", ".join(f"{ending} {count:,}" for ending, count in self._all.most_common())


def _report(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"spfengine survey: {text}\n")
