"""What the page is answered: a request as JSON values → an answer as JSON values, with the HTML of reports in it."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from spfengine.advice.identify.identify import identify_many
from spfengine.advice.limits.limits import limit_plan
from spfengine.advice.suggest.suggest import suggest
from spfengine.answers import Resolver
from spfengine.catalogue.catalogue import Catalogue
from spfengine.checks import check
from spfengine.drivers import drive
from spfengine.errors import SPFEngineError
from spfengine.evidence.bounds import Bounds
from spfengine.evidence.reading import evidence_in
from spfengine.evidence.subject import domains_about
from spfengine.linting.client import noting
from spfengine.linting.lint import lint
from spfengine.names import fold, is_same_or_under
from spfengine.report.check import check_page
from spfengine.report.html import page_html, view_html
from spfengine.report.lint import lint_page
from spfengine.report.page import Page, Section, prose, text
from spfengine.report.simulate import simulation_page
from spfengine.report.suggest import suggestion_page
from spfengine.resolvers.overlay import Overlay
from spfengine.resolvers.zone import NOTES, Zone
from spfengine.resolvers.zone_files import files as zone_files
from spfengine.resolvers.zone_files.pasted import read_pasted
from spfengine.senders import Sender, concerns, domain_of, sender_dict
from spfengine.simulation.simulate import simulate
from spfengine.text.evidence import evidence_lines
from spfengine.text.identify import identify_lines
from spfengine.text.limit_plan import limit_plan_lines
from spfengine.text.lines import Span, line
from spfengine.visible import visible, visible_name
from spfengine.web.requests import Client, File, Form, Request, Task, read_request
from spfengine.web.wording import LIVE_HINT_OF_PAGE, of_page
from spfengine.wording import counted, listed

if TYPE_CHECKING:
    from spfengine.resolvers.recording import Recording

    Layers = Sequence[Zone | Recording]

Answer = Mapping[str, object]
"""An answer as JSON values."""

BOUNDS = Bounds(senders=10_000, unpacked=256 << 20, members=1_000, held=16 << 20)
"""Bounds on what is read of the files of a request."""
_KEPT_ZONES = 4  # while a draft is edited, each request has the same zones
_MOST_DOMAINS = 5
_LONGEST_ANSWER = 1_000
_LONGEST_FILE_NAME = 100


class _RefusedError(Exception):
    """A part of a request that can't be used.

    Attributes:
        field: the part: "evidence", "zones", "domain", "client", "draft" or "".
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def answer(document: object, live: Callable[[], Resolver] | None, now: float | None = None) -> Answer:
    """Return the answer to a request of the page.

    It has the key "error" with a message if the request can't be used, and then "field" with the part that is wrong
    ("" if it is none). Every answer can be given to anybody who can read the request.

    Args:
        document: the request, as JSON values (see `read_request`).
        live: returns what asks DNS; None if nothing does.
        now: the time that a report names, in seconds since the epoch; the clock's by default.
    """
    try:
        request = read_request(document)
        with _blaming("zones"):
            layers = [_zone(file, request.domain) for file in request.zones]
        return _ANSWERS[request.task](_Asked(request, layers, live, now))
    except _RefusedError as error:
        return {"error": of_page(str(error)), "field": error.field}
    except SPFEngineError as error:
        return {"error": of_page(str(error)), "field": str(error).partition(":")[0].partition("[")[0]}


@contextmanager
def _blaming(field: str) -> Iterator[None]:
    """Say which part of a request is at fault."""
    try:
        yield
    except SPFEngineError as error:
        raise _RefusedError(field, str(error)) from error


@lru_cache(_KEPT_ZONES)
def _zone(file: File, domain: str) -> "Zone | Recording":
    """Return the zone or recording in a file; names that nothing completes belong to the domain of the request."""
    try:
        return _read(file, None)
    except SPFEngineError as error:
        if domain:
            with suppress(SPFEngineError):
                zone = _read(file, domain)
                if isinstance(zone, Zone):
                    zone.memo[NOTES] = (f"{file.name}: its names belong to {visible_name(domain)}, the domain given",)
                return zone
        raise _RefusedError("zones", f"{file.name}: {error}") from error


def _read(file: File, origin: str | None) -> "Zone | Recording":
    if "." in file.name:
        return zone_files.read_named(file.content, file.name, origin)
    return zone_files.read_octets(file.content, origin)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request with what answers it.

    Attributes:
        request: the request.
        layers: its zones, read.
        live: returns what asks DNS, or None.
        now: the time of reports, or None.
    """

    request: Request
    layers: "Layers"
    live: Callable[[], Resolver] | None
    now: float | None

    def resolver(self) -> Resolver:
        """Return what answers questions: the zones, DNS, or zones over DNS."""
        live = self.live if self.request.is_live else None
        if self.request.is_live and live is None:
            raise _RefusedError("zones", "DNS can't be asked here; paste or drop a zone export")
        if self.layers:
            return zone_files.lay_together(self.layers, None if live is None else live())
        if live is None:
            raise _RefusedError("zones", "there are no records to look at: paste or drop a zone export, or choose DNS")
        return live()

    def senders(self) -> tuple[Sender, ...]:
        """Return the senders of the request."""
        if not self.request.senders:
            return ()
        rows = [{**row, "sender": row.get("sender") or "<>"} for row in self.request.senders if isinstance(row, dict)]
        content = json.dumps(rows).encode()
        return evidence_in([("senders", content)], bounds=BOUNDS).senders

    def domain(self) -> str:
        """Return the domain of the request, or the one that its senders use."""
        return self.request.domain or _only(domains_about(self.senders(), ()))

    def own(self, domain: str) -> tuple[str, ...]:
        """Return the zones of the request that hold a domain: the admin can edit all of them."""
        return tuple([name for name in zone_files.own_domains(self.layers) if is_same_or_under(domain, name)])

    def shown(self, page: Page, **more: object) -> Answer:
        """Return the answer that shows a page."""
        task = self.request.task
        notes = [line(note) for layer in self.layers if isinstance(layer, Zone) for note in layer.notes]
        assumed = Section("notes", "What had to be assumed", tuple(prose(notes)))
        page = of_page(replace(page, sections=(*page.sections, assumed)))
        if self.request.form is Form.REPORT:
            return {"report": page_html(page, self.now), "name": f"{_file_name(page.subject)}-{task}.html"}
        said = "".join([span.text for span in page.answer])
        return {
            "view": view_html(page, f"{task}-"),
            "answer": visible(said, _LONGEST_ANSWER),
            "style": page.style,
            **more,
        }


def _file_name(text: str) -> str:
    """Return the beginning of a text without what some systems do not allow in the name of a file."""
    return "".join([each if each.isalnum() or each in "-." else "-" for each in text[:_LONGEST_FILE_NAME]])


def _only(domains: Sequence[str]) -> str:
    if len(domains) == 1:
        return domains[0]
    if not domains:
        raise _RefusedError("domain", "give the domain that the mail is from")
    names = listed([visible_name(name) for name in domains], _MOST_DOMAINS)
    raise _RefusedError("domain", f"the senders use several domains ({names}); give the one to look at")


def _senders_of(asked: _Asked) -> Answer:
    """Answer who sends: the senders, the domain that they are about, and what was read."""
    request = asked.request
    files = [(file.name, file.content) for file in request.evidence]
    evidence = evidence_in(files, domain=request.domain or None, bounds=BOUNDS)
    lines = list(evidence_lines(evidence))
    if files and not evidence.senders:
        reasons = "; ".join([visible(each.reason, 200) for each in evidence.unread[:3]])
        raise _RefusedError("evidence", f"no sender was found{f': {reasons}' if reasons else ''}")
    domains = [request.domain] if request.domain else domains_about(evidence.senders, evidence.reports)
    said = text(Span(f"{counted(len(evidence.senders), 'sender')}, {counted(evidence.messages, 'message')}"))
    section = Section("evidence", "How the senders are known", tuple(prose(lines)))
    page = Page("Who sends", "senders", said, "", (), (section,))
    senders = [sender_dict(sender) for sender in evidence.senders]
    return asked.shown(page, senders=senders, domains=[visible_name(name) for name in domains])


def _check(asked: _Asked) -> Answer:
    """Answer who a client is, and why it has its result."""
    client = asked.request.client or _first(asked.senders())
    resolver, catalogue = asked.resolver(), Catalogue.load()
    with _blaming("client"):
        result = check(client.ip, client.sender, client.helo, resolver=resolver)
    identified = list(identify_many([client.ip], resolver=resolver, catalogue=catalogue).values())
    page = check_page([result], notes=[drive(noting(result), resolver)])
    who = Section("who", "Who the client is", tuple(prose(identify_lines(identified, catalogue, LIVE_HINT_OF_PAGE))))
    return asked.shown(replace(page, sections=(who, *page.sections)), result=str(result.result))


def _first(senders: Sequence[Sender]) -> Client:
    if not senders:
        raise _RefusedError("client", "give the address of the client, such as 192.0.2.1")
    return Client(senders[0].ip, senders[0].sender, senders[0].helo)


def _publish(asked: _Asked) -> Answer:
    """Answer which record to publish."""
    domain, senders, resolver = asked.domain(), asked.senders(), asked.resolver()
    own = asked.own(domain)
    hosts = zone_files.hosts_at(asked.layers, [sender.ip for sender in senders])
    suggestion = suggest(domain, senders, resolver=resolver, own=own, hosts=hosts)
    plan = limit_plan(domain, senders, resolver=resolver) if suggestion.is_over_limit else None
    lines = [] if plan is None else list(limit_plan_lines(plan, None, ()))
    after = resolver if suggestion.record is None else _drafted(resolver, domain, suggestion.record)
    page = suggestion_page(suggestion, own, (), (resolver, after), lines)
    published = suggestion.published[0] if len(suggestion.published) == 1 else ""
    return asked.shown(page, record=suggestion.record or "", published=published, domain=domain)


def _drafted(resolver: Resolver, domain: str, record: str) -> Resolver:
    return Overlay(resolver, {domain: {"TXT": record}})


def _change(asked: _Asked) -> Answer:
    """Answer what a draft changes."""
    domain, resolver = asked.domain(), asked.resolver()
    record = _draft(asked.request)
    senders = [sender for sender in asked.senders() if concerns(sender, fold(domain_of(sender)), domain)]
    own = asked.own(domain)
    with _blaming("draft"):
        simulation = simulate(domain, record, resolver=resolver, senders=senders)
        page = simulation_page(simulation, own, (), (resolver, _drafted(resolver, domain, record)))
    return asked.shown(page, record=visible(record, len(record)))


def _draft(request: Request) -> str:
    record = read_pasted(request.draft.strip()).text
    if not record:
        raise _RefusedError("draft", "write the record to try, such as v=spf1 mx -all")
    return record


def _lint(asked: _Asked) -> Answer:
    """Answer what is wrong with a draft, or with the records of the domain."""
    request = asked.request
    if not request.domain and not request.senders:
        record = _draft(request)
        return asked.shown(lint_page(None, lint(None, record=record), alone=record))
    domain, resolver = asked.domain(), asked.resolver()
    draft = _draft(request) if request.draft.strip() else None
    findings = lint(domain, resolver=resolver, record=draft, senders=asked.senders())
    return asked.shown(lint_page(domain, findings))


_ANSWERS: Mapping[Task, Callable[[_Asked], Answer]] = {
    Task.READ: _senders_of,
    Task.CHECK: _check,
    Task.PUBLISH: _publish,
    Task.CHANGE: _change,
    Task.LINT: _lint,
}
