"""`spfengine survey`: what the records of many domains come to, as lines of JSON, and where it goes on after a stop."""

import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, nullcontext
from typing import Any

import click

from spfengine.answers import Answer, Question
from spfengine.cli import exits, options, sources
from spfengine.cli.bar import Bar
from spfengine.cli.exits import Failure
from spfengine.cli.screen import Screen
from spfengine.cli.survey_list import STDIN, ListFile, key_of
from spfengine.cli.survey_output import Document, OutFile, Stdout
from spfengine.cli.survey_view import Tally
from spfengine.resolvers.cache import Cache
from spfengine.surveying.domain import DomainState, SurveyedDomain
from spfengine.surveying.seen import Seen
from spfengine.surveying.survey import asurvey
from spfengine.surveying.time_limit import unchanging
from spfengine.visible import visible

_EPILOG = """\b
Examples:
  spfengine survey domains.txt > survey.jsonl
  spfengine survey domains.txt --output survey.jsonl --resume
  spfengine survey tranco.csv --no-lint --in-flight 300 --nameserver 127.0.0.1 -o survey.jsonl
  spfengine survey - --zone example.com.zone < domains.txt

FILE has a domain a line, or a table such as rank,domain; - is standard input. Empty lines and what stands behind # are
left out, a domain that is listed several times is asked for once, and a line that is no domain gets a line that says
why. The lines come in the order in which they are known.

With --output, a survey that was stopped, be it by kill -9, goes on with --resume: every domain gets one line. Without
it, a file that is there is never touched.

The exit code: 0 every domain has its line, 69 so it has, but DNS could not answer something for some. Otherwise: 64 the
command line can't be understood, 65 a file can't be understood, 66 a file can't be read, 73 OUT can't be written, or is
there already.
"""
_MOST_TOLD = 20


@click.command(epilog=_EPILOG)
@click.argument("file", metavar="FILE", type=options.Expected("a file with a domain a line, or - for standard input"))
@click.option("-o", "--output", metavar="OUT", help="Write the lines to this file, which must not be there.")
@click.option("--resume", is_flag=True, help="Go on with OUT, where it is there: ask for what it has no line of.")
@click.option(
    "--in-flight", metavar="N", type=click.IntRange(1, 500), default=100, show_default=True,
    help="How many domains may be under way at once, each with one question.",
)  # fmt: skip
@click.option("--no-lint", is_flag=True, help="Leave the findings of lint out: two to three times as fast.")
@click.option(
    "--timeout", metavar="S", type=options.Seconds(), default=20.0, show_default=True,
    help="Seconds that DNS may take for one domain; what is not known by then counts as not answered.",
)  # fmt: skip
@options.zone
@options.nameserver
def command(
    file: str,
    output: str | None,
    resume: bool,
    in_flight: int,
    no_lint: bool,
    timeout: float,
    zones: tuple[str, ...],
    nameservers: tuple[str, ...],
) -> int:
    """Say what the SPF record of each domain in FILE comes to: one line of JSON a domain, as soon as it is known."""
    if resume and output is None:
        raise click.UsageError("--resume goes on with a file; give --output OUT too")
    if file == STDIN and STDIN in zones:
        raise click.UsageError("only one file can be -, standard input")
    base = sources.base_resolver(zones, nameservers, timeout, cache=False, in_flight=in_flight)
    with ListFile(file) as listed:
        survey = _Survey(listed, base, lint=not no_lint, seconds=timeout, in_flight=in_flight)
        with nullcontext(Stdout()) if output is None else OutFile(output, resume=resume) as out:
            if isinstance(out, OutFile) and not out.is_empty:  # only with --resume
                survey.done = out.resume(listed.domains(), survey.fits, survey.tally.add)
            return survey.run(out, can_resume=output is not None)


class _Counting:
    """Counts the questions that go out."""

    def __init__(self, resolver: Any) -> None:
        self._resolver = resolver
        self.questions = 0

    async def aresolve(self, question: Question, /) -> Answer:
        """Return what is answered."""
        self.questions += 1
        answer: Answer = await self._resolver.aresolve(question)
        return answer


class _Survey:
    """One run.

    Attributes:
        done: what has a line already.
        tally: what all lines say, those of earlier runs included.
    """

    def __init__(self, listed: ListFile, base: Any, *, lint: bool, seconds: float, in_flight: int) -> None:
        self._list = listed
        self._lint = lint
        self._settings: dict[str, Any] = {"lint": lint, "seconds": seconds, "in_flight": in_flight}
        self._counting = None if unchanging(base) else _Counting(base)
        self._resolver = base if self._counting is None else Cache(self._counting)
        self._faults = 0
        self._begun = time.monotonic()
        self.done = Seen()
        self.tally = Tally()
        self._before = 0

    def fits(self, document: Document) -> str | None:
        """Return why a line was written with other options, or None."""
        if (document["lint"] is not None) != self._lint and document["state"] != DomainState.NO_DOMAIN:
            return "it was written with --no-lint" if self._lint else "it was written without --no-lint"
        if document["live"] != (self._counting is not None):
            return "it came from DNS, and now there is --zone" if document["live"] else "it came from --zone"
        return None

    def run(self, out: Stdout | OutFile, *, can_resume: bool) -> int:
        """Ask for all that has no line yet, tell what all came to, and return the exit code."""
        import asyncio

        self._before = self.tally.lines
        try:
            asyncio.run(self._ask(out))
        except KeyboardInterrupt:
            self._tell("stopped after", "; to go on, give the same command with --resume" if can_resume else "")
            raise
        if not self.tally.lines:
            raise Failure(exits.DATA, f"{self._list.shown} has no domain")
        self._tell("surveyed")
        if not self.tally.domains:
            raise Failure(exits.DATA, f"{self._list.shown} has no line that is a domain")
        return exits.UNAVAILABLE if self.tally.incomplete else 0

    async def _ask(self, out: Stdout | OutFile) -> None:
        shows = isinstance(out, OutFile) or not sys.stdout.isatty()  # else the lines themselves show how far it is
        with Bar("surveying", wanted=shows) as bar:
            async with aclosing(asurvey(self._wanted(), resolver=self._resolver, **self._settings)) as found:
                async for each in found:
                    self._take(each, out)
                    told = f"{self.tally.lines:,} domains"
                    bar.show(self._list.read, self._list.size, told)

    def _take(self, each: SurveyedDomain, out: Stdout | OutFile) -> None:
        document = each.to_dict()
        out.write(json.dumps(document) + "\n")
        self.tally.add(document)

    async def _wanted(self) -> AsyncIterator[str]:
        """Yield what the list holds and has no line yet, each once; faults are told on stderr."""
        async for listed in self._list:
            if not self.done.add(key_of(listed)):
                continue
            if listed.fault is not None:
                self._faults += 1
                if self._faults <= _MOST_TOLD:
                    _note(f"{self._list.shown}, line {listed.line}: {visible(listed.fault, 300)}")
                elif self._faults == _MOST_TOLD + 1:
                    _note(f"{self._list.shown}: more lines are no domains; their lines in the output say which")
            yield listed.text

    def _tell(self, what: str, more: str = "") -> None:
        """Tell on stderr what all came to."""
        if sys.stderr is None:
            return
        seconds = time.monotonic() - self._begun
        new = self.tally.lines - self._before
        told = f"{what} {_counted(self.tally.lines, 'domain')}"
        if self._before:
            told += f", {f'{self._before:,}' if new else 'all'} of them before" + (f"; {new:,} now" if new else "")
        told += f" in {seconds:,.1f} s, {new / seconds:,.0f} a second" if new else ""
        if new and self._counting is not None:
            told += f", with {_counted(self._counting.questions, 'question')} to DNS"
        screen = Screen(sys.stderr)
        screen.show([*self.tally.page(told + more, screen.width)])


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _note(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"spfengine survey: {text}\n")
