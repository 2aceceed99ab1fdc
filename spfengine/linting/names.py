"""Where the terms of a record lead: names that do not exist, or have no such records, or can't be asked for."""

from collections.abc import Generator, Iterator

from spfengine.answers import Answer, Question, RRType, Status
from spfengine.evaluation.limits import LIFTED
from spfengine.evaluation.mechanisms import failed
from spfengine.linting.codes import LintCode
from spfengine.linting.finding import Finding, Held
from spfengine.linting.fixes import Fix, with_term, without
from spfengine.linting.syntax import shows_intent
from spfengine.linting.walk import Walk
from spfengine.linting.zones import Facts
from spfengine.names import domain_fault, fold, is_askable
from spfengine.record.model import MX, A, All, Directive, DomainDirective, Exists, Include, Ptr, Record
from spfengine.visible import visible, visible_name

Found = Generator[Question, Answer, list[Finding]]


def targets(walk: Walk) -> Found:
    """Return what is wrong with the names that a, mx, ptr and exists lead to, in all records; of as many terms as the
    limits are counted for.
    """
    findings: list[Finding] = []
    left = LIFTED
    for held in walk.held:
        for directive in [] if held.record is None else held.record.directives:
            if isinstance(directive, All) or not left:
                break
            if isinstance(directive, DomainDirective):
                left -= 1
                assert held.record is not None, "only records that could be read have directives"
                findings += yield from _target(walk, held, held.record, directive)
    return findings


def _target(walk: Walk, held: Held, record: Record, term: DomainDirective) -> Found:
    if isinstance(term, Include):
        return []  # the walk has followed it
    spec = term.domain_spec
    name = held.domain if spec is None else (yield from walk.expand(held, spec))
    if name is None:
        return []
    if not is_askable(name):
        return [_invalid(held, record, term, name)]
    if isinstance(term, Ptr):
        return []
    if isinstance(term, A):
        found = _addresses(held, record, term, name, *(yield from _both(walk, name)))
        return [*found, *_proxied(walk, held, term, name)]
    if isinstance(term, Exists):
        return _addresses(held, record, term, name, (yield from walk.ask(name, RRType.A)))
    assert isinstance(term, MX), "no other mechanism leads to names"
    return (yield from _mx(walk, held, record, term, name))


def _both(walk: Walk, name: str) -> Generator[Question, Answer, tuple[Answer, Answer]]:
    return (yield from walk.ask(name, RRType.A)), (yield from walk.ask(name, RRType.AAAA))


def _addresses(held: Held, record: Record, term: Directive, name: str, *answers: Answer) -> list[Finding]:
    """Return what is wrong with the addresses of a name: nothing, where it has any."""
    failures = [_unknown(held, term, name, kind, a) for kind, a in zip(_TYPES, answers, strict=False) if a.is_failure]
    if failures or any(answer.records for answer in answers):
        return failures
    return [_void(held, record, term, name, answers[0], "A or AAAA" if len(answers) > 1 else "A")]


_TYPES = (RRType.A, RRType.AAAA)


def _void(held: Held, record: Record, term: Directive, name: str, answer: Answer, kinds: str) -> Finding:
    shown = visible(term.text, 60)
    hint = f"take {shown} out, or correct its name"
    if answer.status is Status.NXDOMAIN:
        code, text = LintCode.NAME_NOT_FOUND, f"{visible_name(name)} does not exist, so {shown} matches nobody"
    else:
        code, text = LintCode.NO_ADDRESSES, f"{visible_name(name)} has no {kinds} record, so {shown} matches nobody"
    return held.finding(code, f"{text}: a void lookup for every client", term, hint, _without_void(record, term))


def _without_void(record: Record, term: Directive) -> Fix | None:
    """Return the record without a term, unless its name is another one for the senders of other domains."""
    spec = term.domain_spec if isinstance(term, DomainDirective) else None
    return without(record, [term]) if spec is None or "o" not in spec.letters else None


def _mx(walk: Walk, held: Held, record: Record, term: MX, name: str) -> Found:
    answer = yield from walk.ask(name, RRType.MX)
    shown = visible(term.text, 60)
    if answer.is_failure:
        return [_unknown(held, term, name, RRType.MX, answer)]
    if not answer.records:
        return [_void(held, record, term, name, answer, "MX")]
    hosts = [exchange for _, exchange in answer.records]
    if len(hosts) > walk.inputs.limits.names:
        text = f"{visible_name(name)} has {len(hosts)} MX records, and {shown} may lead to {walk.inputs.limits.names}"
        hint = "name the networks of these hosts by ip4 and ip6 instead"
        return [held.finding(LintCode.TOO_MANY_MX, f"{text}: receivers give permerror", term, hint)]
    if not any(hosts):
        text = f"{visible_name(name)} says that it takes no mail (null MX), so {shown} matches nobody"
        return [held.finding(LintCode.NULL_MX, text, term, f"take {shown} out", without(record, [term]))]
    findings = []
    for host in dict.fromkeys(hosts):
        findings += (yield from _exchange(walk, held, term, name, host)) if host else []
    return findings


def _exchange(walk: Walk, held: Held, term: MX, name: str, host: str) -> Found:
    shown = f"the MX record {visible_name(host)} of {visible_name(name)}, which {visible(term.text, 60)} leads to,"
    if host[0] == "[" or host.rpartition(".")[2].isdigit():
        text = f"{shown} is an IP address; expected the name of a host"
        hint = "give the host a name with that address, and the MX record that name"
        return [held.finding(LintCode.MX_IS_ADDRESS, text, term, hint)]
    hint = f"correct the MX record of {visible_name(name)}, or take it out"
    if not is_askable(host):
        return [held.finding(LintCode.INVALID_TARGET_NAME, f"{shown} is no name that can be asked for", term, hint)]
    answers = yield from _both(walk, host)
    failures = [_unknown(held, term, host, kind, a) for kind, a in zip(_TYPES, answers, strict=True) if a.is_failure]
    if failures or any(answer.records for answer in answers):
        return [*failures, *_proxied(walk, held, term, host)]
    if answers[0].status is Status.NXDOMAIN:
        return [held.finding(LintCode.NAME_NOT_FOUND, f"{shown} does not exist", term, hint)]
    return [held.finding(LintCode.NO_ADDRESSES, f"{shown} has no A or AAAA record", term, hint)]


def _proxied(walk: Walk, held: Held, term: Directive, name: str) -> Iterator[Finding]:
    """Yield that the addresses which the zone's file has for a name are not those that DNS answers with."""
    if fold(name) in walk.proxied:
        shown = visible(term.text, 60)
        text = (
            f"{visible_name(name)}, which {shown} leads to, is behind a proxy: DNS has its addresses, not your host's"
        )
        hint = f"take {shown} out, and name the host that sends mail by ip4, ip6, or a name that is not proxied"
        yield held.finding(LintCode.PROXIED_ADDRESS, text, term, hint)


def _unknown(held: Held, term: Directive, name: str, kind: RRType, answer: Answer) -> Finding:
    problem = failed(name, kind, answer).problem
    found = held.of_problem(problem, term)
    return found.with_fields(text=f"{found.text}; what {visible(term.text, 60)} does is not known")


def _invalid(held: Held, record: Record, term: Directive, name: str) -> Finding:
    why = domain_fault(name) or f"{visible_name(name)} is no domain name"
    shown = visible(term.text, 60)
    spec = term.domain_spec if isinstance(term, DomainDirective) else None
    text = f"{shown} never matches: {why}"
    hint = f"correct the name, or take {shown} out"
    fixed = None
    tidy = None if spec is None else _tidied(spec.text)
    if tidy is not None and spec is not None:
        fixed = with_term(record, term, term.text.replace(spec.text, tidy, 1))
        hint = f"did you mean {visible(tidy, 60)}?"
    return held.finding(LintCode.INVALID_TARGET_NAME, text, term, hint, fixed)


def _tidied(name: str) -> str | None:
    """Return the name without its empty labels, if that makes it one that can be asked for."""
    tidy = ".".join([label for label in name.split(".") if label])
    return tidy if "%" not in tidy and tidy != name and domain_fault(tidy) is None else None


def without_record(walk: Walk, zone: Facts) -> Found:
    """Return what the walk found; if the domain has no record, with one to begin with."""
    findings = list(walk.findings)
    for index, finding in enumerate(findings):
        if finding.code is LintCode.NO_RECORD:
            findings[index] = yield from _first_record(walk, finding, zone)
    return findings


def _first_record(walk: Walk, finding: Finding, zone: Facts) -> Generator[Question, Answer, Finding]:
    """Return the finding of a domain without a record, with what to publish.

    `-all` is offered only to a domain that takes no mail, and if nothing shows that a record with senders was meant.
    """
    domain = walk.inputs.domain
    mail = yield from walk.ask(domain, RRType.MX)
    if shows_intent((yield from walk.ask(domain, RRType.TXT))):
        return finding.with_fields(hint='publish what a TXT record of this name was meant to be: "v=spf1 …", in one')
    if fold(domain) in zone.type_spf:
        return finding.with_fields(hint="publish its record of type SPF as type TXT")
    if zone.leads_to(domain):
        hint = "other records include this one or redirect to it: publish the record that they expect"
        return finding.with_fields(hint=hint)
    if any(exchange for _, exchange in mail.records) or mail.is_failure:
        hint = 'publish one: "v=spf1 mx ~all" to begin with, and what else sends your mail before the ~all'
        return finding.with_fields(hint=hint)
    hint = "the domain takes no mail; if it sends none either, publish a record that says so"
    return finding.with_fields(hint=hint, fix=("v=spf1 -all",))


def unanswered(walk: Walk, told: list[Finding]) -> Iterator[Finding]:
    """Yield the questions that DNS could not answer and that no finding tells of yet."""
    said = " ".join([finding.text for finding in told if finding.code.startswith("dns-")])
    root = walk.held[0]
    for (name, kind), answer in walk.answers.items():
        if answer.is_failure:
            problem = failed(name, kind, answer).problem
            if problem.text not in said:
                found = root.of_problem(problem)
                yield found.with_fields(text=f"{problem.text}; what it would decide is not known")
