"""The names that a, mx, ptr and exists are about: whether they exist, have the records needed, and can be queried."""

from collections.abc import Generator, Iterator
from dataclasses import replace

from spfengine.answers import Answer, Question, RRType, Status
from spfengine.evaluation.mechanisms import dns_failure_halt
from spfengine.linting.codes import LintCode
from spfengine.linting.finding import Finding, ReachedRecord
from spfengine.linting.fixes import Fix, with_term, without
from spfengine.linting.syntax import shows_intent
from spfengine.linting.walk import Walk
from spfengine.linting.zones import Facts
from spfengine.names import domain_fault, fold, is_askable
from spfengine.record.model import MX, A, Directive, DomainDirective, Exists, Include, Ptr, Record
from spfengine.visible import visible, visible_name

Findings = Generator[Question, Answer, list[Finding]]


def targets(walk: Walk) -> Findings:
    """Return what is wrong with the names that a, mx, ptr and exists are about, in all records."""
    findings: list[Finding] = []
    for reached in walk.records:
        for tree_term in reached.terms:
            term = tree_term.term
            if not isinstance(term, DomainDirective) or isinstance(term, Include):
                continue
            if len(tree_term.targets) == 1:  # %{v} makes another name for each family
                assert reached.record is not None, "a record that can't be read has no terms"
                findings += yield from _target(walk, reached, reached.record, term, tree_term.targets[0])
    return findings


def _target(walk: Walk, reached: ReachedRecord, record: Record, term: DomainDirective, name: str) -> Findings:
    if not is_askable(name):
        return [_invalid(reached, record, term, name)]
    if isinstance(term, Ptr):
        return []
    if isinstance(term, A):
        found = _addresses(walk, reached, record, term, name, *(yield from _both(walk, name)))
        return [*found, *_proxied(walk, reached, term, name)]
    if isinstance(term, Exists):
        return _addresses(walk, reached, record, term, name, (yield from walk.ask(name, RRType.A)))
    assert isinstance(term, MX), "no other mechanism leads to names"
    return (yield from _mx(walk, reached, record, term, name))


def _both(walk: Walk, name: str) -> Generator[Question, Answer, tuple[Answer, Answer]]:
    return (yield from walk.ask(name, RRType.A)), (yield from walk.ask(name, RRType.AAAA))


def _addresses(
    walk: Walk, reached: ReachedRecord, record: Record, term: Directive, name: str, *answers: Answer
) -> list[Finding]:
    """Return what is wrong with the addresses of a name: nothing if it has any."""
    failures = _failures(walk, reached, term, name, *answers)
    if any(answer.is_failure or answer.records for answer in answers):
        return failures
    return [_void(reached, record, term, name, answers[0], "A or AAAA" if len(answers) > 1 else "A")]


_TYPES = (RRType.A, RRType.AAAA)


def _void(reached: ReachedRecord, record: Record, term: Directive, name: str, answer: Answer, kinds: str) -> Finding:
    shown = visible(term.text, 60)
    hint = f"take {shown} out, or correct its name"
    if answer.status is Status.NXDOMAIN:
        code, text = LintCode.NAME_NOT_FOUND, f"{visible_name(name)} does not exist, so {shown} matches nobody"
    else:
        code, text = LintCode.NO_ADDRESSES, f"{visible_name(name)} has no {kinds} record, so {shown} matches nobody"
    return reached.finding(code, f"{text}: a void lookup for every client", term, hint, _without_void(record, term))


def _without_void(record: Record, term: Directive) -> Fix | None:
    """Return the record without a term, unless its name is another one for the senders of other domains."""
    spec = term.domain_spec if isinstance(term, DomainDirective) else None
    return without(record, [term]) if spec is None or "o" not in spec.letters else None


def _mx(walk: Walk, reached: ReachedRecord, record: Record, term: MX, name: str) -> Findings:
    answer = yield from walk.ask(name, RRType.MX)
    shown = visible(term.text, 60)
    if answer.is_failure:
        return _unknown(walk, reached, term, Question(name, RRType.MX), answer)
    if not answer.records:
        return [_void(reached, record, term, name, answer, "MX")]
    hosts = [exchange for _, exchange in answer.records]
    if len(hosts) > walk.inputs.limits.names:
        text = f"{visible_name(name)} has {len(hosts)} MX records, and {shown} may lead to {walk.inputs.limits.names}"
        hint = "name the networks of these hosts by ip4 and ip6 instead"
        return [reached.finding(LintCode.TOO_MANY_MX, f"{text}: receivers give permerror", term, hint)]
    if not any(hosts):
        text = f"{visible_name(name)} says that it takes no mail (null MX), so {shown} matches nobody"
        return [reached.finding(LintCode.NULL_MX, text, term, f"take {shown} out", without(record, [term]))]
    findings = []
    for host in dict.fromkeys(hosts):
        findings += (yield from _exchange(walk, reached, term, name, host)) if host else []
    return findings


def _exchange(walk: Walk, reached: ReachedRecord, term: MX, name: str, host: str) -> Findings:
    shown = f"the MX record {visible_name(host)} of {visible_name(name)}, which {visible(term.text, 60)} leads to,"
    if host[0] == "[" or host.rpartition(".")[2].isdigit():
        text = f"{shown} is an IP address; expected the name of a host"
        hint = "give the host a name with that address, and the MX record that name"
        return [reached.finding(LintCode.MX_IS_ADDRESS, text, term, hint)]
    hint = f"correct the MX record of {visible_name(name)}, or take it out"
    if not is_askable(host):
        text = f"{shown} is not a name that DNS can be asked for"
        return [reached.finding(LintCode.INVALID_TARGET_NAME, text, term, hint)]
    answers = yield from _both(walk, host)
    failures = _failures(walk, reached, term, host, *answers)
    if any(answer.is_failure or answer.records for answer in answers):
        return [*failures, *_proxied(walk, reached, term, host)]
    if answers[0].status is Status.NXDOMAIN:
        return [reached.finding(LintCode.NAME_NOT_FOUND, f"{shown} does not exist", term, hint)]
    return [reached.finding(LintCode.NO_ADDRESSES, f"{shown} has no A or AAAA record", term, hint)]


def _proxied(walk: Walk, reached: ReachedRecord, term: Directive, name: str) -> Iterator[Finding]:
    """Yield that the addresses which the zone's file has for a name are not those that DNS answers with."""
    if fold(name) in walk.proxied:
        shown = visible(term.text, 60)
        text = (
            f"{visible_name(name)}, which {shown} leads to, is behind a proxy: DNS has its addresses, not your host's"
        )
        hint = f"take {shown} out, and name the host that sends mail by ip4, ip6, or a name that is not proxied"
        yield reached.finding(LintCode.PROXIED_ADDRESS, text, term, hint)


def _failures(walk: Walk, reached: ReachedRecord, term: Directive, name: str, *answers: Answer) -> list[Finding]:
    """Return a finding for each question about the addresses of a name that DNS could not answer."""
    failures: list[Finding] = []
    for kind, answer in zip(_TYPES, answers, strict=False):
        if answer.is_failure:
            failures += _unknown(walk, reached, term, Question(name, kind), answer)
    return failures


def _unknown(walk: Walk, reached: ReachedRecord, term: Directive, question: Question, answer: Answer) -> list[Finding]:
    """Return the finding that DNS could not answer. That nobody was asked is noted, since it is said once per name."""
    if answer.is_unknown:
        walk.note_outside(reached, term, question, answer)
        return []
    problem = dns_failure_halt(question.name, question.type, answer).problem
    found = reached.of_problem(problem, term)
    return [replace(found, text=f"{found.text}; what {visible(term.text, 60)} does is not known")]


def _invalid(reached: ReachedRecord, record: Record, term: Directive, name: str) -> Finding:
    why = domain_fault(name) or f"{visible_name(name)} is not a domain name"
    shown = visible(term.text, 60)
    spec = term.domain_spec if isinstance(term, DomainDirective) else None
    text = f"{shown} never matches: {why}"
    hint = f"correct the name, or take {shown} out"
    fixed = None
    tidy = None if spec is None else _tidied(spec.text)
    if tidy is not None and spec is not None:
        fixed = with_term(record, term, term.text.replace(spec.text, tidy, 1))
        hint = f"did you mean {visible(tidy, 60)}?"
    return reached.finding(LintCode.INVALID_TARGET_NAME, text, term, hint, fixed)


def _tidied(name: str) -> str | None:
    """Return the name without its empty labels, if that makes it one that can be asked for."""
    tidy = ".".join([label for label in name.split(".") if label])
    return tidy if "%" not in tidy and tidy != name and domain_fault(tidy) is None else None


def without_record(walk: Walk, zone: Facts) -> Findings:
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
        return replace(finding, hint='publish what a TXT record of this name was meant to be: "v=spf1 …", in one')
    if fold(domain) in zone.type_spf:
        return replace(finding, hint="publish its record of type SPF as type TXT")
    if zone.leads_to(domain):
        hint = "other records include this one or redirect to it: publish the record that they expect"
        return replace(finding, hint=hint)
    if any(exchange for _, exchange in mail.records) or mail.is_failure:
        hint = 'publish one: "v=spf1 mx ~all" to begin with, and what else sends your mail before the ~all'
        return replace(finding, hint=hint)
    hint = "the domain takes no mail; if it sends none either, publish a record that says so"
    return replace(finding, hint=hint, fix=("v=spf1 -all",))


def unanswered(walk: Walk, findings: list[Finding]) -> Iterator[Finding]:
    """Yield the questions that DNS could not answer and that no finding mentions yet; note those nobody was asked."""
    said = " ".join([finding.text for finding in findings if finding.code.startswith("dns-")])
    root = walk.root
    for question, answer in walk.answers.items():
        if answer.is_unknown:
            walk.note_outside(root, None, question, answer)
        elif answer.is_failure:
            problem = dns_failure_halt(question.name, question.type, answer).problem
            if problem.text not in said:
                found = root.of_problem(problem)
                yield replace(found, text=f"{problem.text}; what it would decide is not known")
