"""The names that a, mx, ptr and exists are about: whether they exist, have the records needed, and can be queried."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace

from spfengine.addresses import V4, V6, address_text
from spfengine.answers import Answer, Question, RRType, Status, spf_texts
from spfengine.catalogue.catalogue import Catalogue
from spfengine.dmarc.suffixes import domain_around, registrable_domain
from spfengine.drivers import once
from spfengine.evaluation.mechanisms import dns_failure_halt
from spfengine.linting.codes import LintCode, Severity
from spfengine.linting.finding import Finding, ReachedRecord
from spfengine.linting.fixes import Fix, with_term, without
from spfengine.linting.syntax import shows_intent
from spfengine.linting.terms import is_example
from spfengine.linting.walk import Walk
from spfengine.linting.zones import Facts
from spfengine.names import domain_fault, fold, is_askable, is_same_or_under
from spfengine.policy.include_tree import TreeTerm
from spfengine.policy.outcome import Input
from spfengine.record.macro import MacroString
from spfengine.record.model import MX, A, Directive, DomainDirective, Exists, Include, Ptr, Record, Redirect, Term
from spfengine.senders import Sender, domain_of
from spfengine.special_purpose import special_purpose_of
from spfengine.visible import visible, visible_name
from spfengine.wording import sentence_list

Findings = Generator[Question, Answer, list[Finding]]
_MOST_TERMS = 3  # that lead to the same domain
_MOST_PARENTS = 10  # domains above one that are asked for a record


def targets(walk: Walk) -> Findings:
    """Return what is wrong with the names that terms are about, in all records."""
    findings: list[Finding] = []
    for reached in walk.records:
        for tree_term in reached.terms:
            term = tree_term.term
            if isinstance(term, Include | Redirect):
                findings += yield from _record_target(walk, reached, tree_term)
            elif isinstance(term, DomainDirective) and len(tree_term.targets) == 1:  # %{v}: one for each family
                assert reached.record is not None, "a record that can't be read has no terms"
                findings += yield from _target(walk, reached, reached.record, term, tree_term.targets[0])
            elif isinstance(term, DomainDirective):
                findings += yield from _registrable_tail(walk, reached, term, term.domain_spec)
    return list(_once_per_domain(findings))


def _once_per_domain(findings: list[Finding]) -> Iterator[Finding]:
    """Yield findings; those about terms of a record that lead to one domain, which anybody could register, as one."""
    same: dict[tuple[str | None, str], list[Finding]] = {}
    for finding in findings:
        if finding.code is LintCode.COULD_BE_REGISTERED:
            domain = finding.text.partition(" leads to ")[2].partition(",")[0]
            same.setdefault((finding.domain, domain), []).append(finding)
    first = {id(group[0]): group for group in same.values()}
    for finding in findings:
        if finding.code is not LintCode.COULD_BE_REGISTERED:
            yield finding
        elif id(finding) in first:
            yield _with_all_terms(first[id(finding)])


def _with_all_terms(findings: list[Finding]) -> Finding:
    """Return the first of the findings about one domain, with the terms of all."""
    first = findings[0]
    spans = tuple(dict.fromkeys([each.span for each in findings if each.span is not None]))
    source = first.source or ""
    others = [visible(source[start:end], 60) for start, end in spans[1:]]
    if not others:
        return first
    lead = "lead" if len(others) > 1 else "leads"
    return replace(first, text=f"{first.text}; {sentence_list(others, _MOST_TERMS)} {lead} there as well", spans=spans)


def _record_target(walk: Walk, reached: ReachedRecord, tree_term: TreeTerm) -> Findings:
    """Return what is wrong with the name of an include or redirect, besides what the walk found."""
    term = tree_term.term
    assert isinstance(term, Include | Redirect), "no other term leads to a record"
    if len(tree_term.targets) == 1:
        answer = yield from walk.ask(tree_term.targets[0], RRType.TXT)
        if answer.status is not Status.NXDOMAIN:
            return []
        return (yield from _registrable(walk, reached, term, tree_term.targets[0]))
    findings: list[Finding] = []
    if not tree_term.targets and reached.own and tree_term.inputs:
        facts = " and ".join([_FACTS[fact] for fact in tree_term.inputs])
        text = (
            f"{visible(term.text, 60)} was not followed: its name depends on {facts}, so the records that it leads to, "
            "their lookups and their faults are not known"
        )
        hint = "check a sender that it is for: spfengine check IP SENDER"
        findings.append(reached.finding(LintCode.INCLUDE_NOT_FOLLOWED, text, term, hint))
    spec = term.domain_spec if isinstance(term, Include) else term.value
    return [*findings, *(yield from _registrable_tail(walk, reached, term, spec))]


_FACTS = {
    Input.CLIENT_ADDRESS: "the client's address",
    Input.CLIENT_NAMES: "the client's names",
    Input.LOCAL_PART: "the local part of the sender",
    Input.HELO: "the HELO name",
}


def _registrable_tail(walk: Walk, reached: ReachedRecord, term: Term, spec: MacroString | None) -> Findings:
    """Return that anybody can register the domain that a name with macros ends in."""
    tail = "" if spec is None or not spec.letters else spec.tail.rstrip(".")
    domain = registrable_domain(tail.lstrip(".")) if tail[:1] == "." else None
    if domain is None or not is_askable(tail[1:]):
        return []
    return (yield from _registrable(walk, reached, term, tail[1:]))


def _registrable(walk: Walk, reached: ReachedRecord, term: Term, name: str) -> Findings:
    """Return that a name does not exist because its domain does not, so that anybody can register it."""
    domain = registrable_domain(name)
    if domain is None:
        return []
    answer = yield from walk.ask(domain, RRType.TXT)
    if answer.is_unknown:
        walk.note_outside(reached, term, Question(domain, RRType.TXT), answer)
    if answer.status is not Status.NXDOMAIN:
        return []
    shown = visible(term.text, 60)
    text = f"{shown} leads to {visible_name(domain)}, which does not exist: anybody who registers it can send as you"
    if not reached.own:
        text = f"{text}, and as everybody else who includes this record"
    if isinstance(term, Include | Redirect):
        text = f"{text}; until then receivers give permerror"
    elif isinstance(term, DomainDirective):
        text = f"{text}; until then it is a void lookup for every client"
    hint = f"take {shown} out, or correct its name; if the domain was yours, register it again"
    return [reached.finding(LintCode.COULD_BE_REGISTERED, text, term, hint)]


def _target(walk: Walk, reached: ReachedRecord, record: Record, term: DomainDirective, name: str) -> Findings:
    if not is_askable(name):
        return [_invalid(reached, record, term, name)]
    if isinstance(term, Ptr):
        return []
    if isinstance(term, A):
        found = yield from _addresses(walk, reached, record, term, name, *(yield from _both(walk, name)))
        return [*found, *_proxied(walk, reached, term, name), *_special(walk, reached, term, name)]
    if isinstance(term, Exists):
        answer = yield from walk.ask(name, RRType.A)
        return (yield from _addresses(walk, reached, record, term, name, answer))
    assert isinstance(term, MX), "no other mechanism leads to names"
    return (yield from _mx(walk, reached, record, term, name))


def _both(walk: Walk, name: str) -> Generator[Question, Answer, tuple[Answer, Answer]]:
    return (yield from walk.ask(name, RRType.A)), (yield from walk.ask(name, RRType.AAAA))


def _addresses(
    walk: Walk, reached: ReachedRecord, record: Record, term: Directive, name: str, *answers: Answer
) -> Findings:
    """Return what is wrong with the addresses of a name: nothing if it has any."""
    failures = _failures(walk, reached, term, name, *answers)
    if any(answer.is_failure or answer.records for answer in answers):
        return failures
    return (yield from _void(walk, reached, record, term, name, answers[0], "A or AAAA" if len(answers) > 1 else "A"))


_TYPES = (RRType.A, RRType.AAAA)


def _void(
    walk: Walk, reached: ReachedRecord, record: Record, term: Directive, name: str, answer: Answer, kinds: str
) -> Findings:
    shown = visible(term.text, 60)
    hint = f"take {shown} out, or correct its name"
    fixed = _without_void(record, term)
    if answer.status is Status.NXDOMAIN:
        registrable = yield from _registrable(walk, reached, term, name)
        if registrable:
            return registrable
        code, text = LintCode.NAME_NOT_FOUND, f"{visible_name(name)} does not exist, so {shown} matches nobody"
    else:
        code, text = LintCode.NO_ADDRESSES, f"{visible_name(name)} has no {kinds} record, so {shown} matches nobody"
        meant = yield from _meant_instead(walk, reached, term, name)
        if meant is not None:
            hint, fixed = meant, None
    return [reached.finding(code, f"{text}: a void lookup for every client", term, hint, fixed)]


def _meant_instead(
    walk: Walk, reached: ReachedRecord, term: Directive, name: str
) -> Generator[Question, Answer, str | None]:
    """Return the mechanism that was probably meant in place of a, mx or include, with its reason; or None.

    What a name has says which: addresses (a), MX records (mx) or an SPF record (include).
    """
    sign = term.text[0] if term.text[0] in "+-?~" else ""
    if not isinstance(term, A | MX | Include):
        return None
    if not isinstance(term, A) and any(answer.records for answer in (yield from _both(walk, name))):
        argument = "" if isinstance(term, MX) and term.domain_spec is None else f":{visible(name, 60)}"
        return f"{visible_name(name)} has addresses; did you mean {sign}a{argument}?"
    above = (reached.domain, *(domain for domain, _ in reached.path))
    is_other = isinstance(term, A | MX) and fold(name) not in {fold(domain or "") for domain in above}  # no loop
    if is_other and spf_texts((yield from walk.ask(name, RRType.TXT))):
        return f"{visible_name(name)} has an SPF record; did you mean {sign}include:{visible(name, 60)}?"
    if not isinstance(term, MX) and (yield from walk.ask(name, RRType.MX)).records:
        return f"{visible_name(name)} has MX records; did you mean {sign}mx:{visible(name, 60)}?"
    return None


def _special(walk: Walk, reached: ReachedRecord, term: Directive, name: str) -> Iterator[Finding]:
    """Yield that the addresses of a name are such as no client on the Internet has."""
    if not reached.own:
        return
    for family, kind in ((V4, RRType.A), (V6, RRType.AAAA)):
        for value in walk.answers[Question(name, kind).key].records:
            entry = special_purpose_of(family, value)
            if entry is not None and not is_example(entry, reached.domain):
                text = (
                    f"{visible(term.text, 60)} leads to {visible_name(name)}, whose address "
                    f"{address_text(family, value)} is {entry.described}: {entry.means}"
                )
                hint = "name the public address that your mail leaves from"
                yield reached.finding(LintCode.SPECIAL_PURPOSE_NETWORK, text, term, hint)
                return


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
        return (yield from _void(walk, reached, record, term, name, answer, "MX"))
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
    if _is_address(host):
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
        return [*failures, *_proxied(walk, reached, term, host), *_special(walk, reached, term, host)]
    if answers[0].status is Status.NXDOMAIN:
        registrable = yield from _registrable(walk, reached, term, host)
        return registrable or [reached.finding(LintCode.NAME_NOT_FOUND, f"{shown} does not exist", term, hint)]
    return [reached.finding(LintCode.NO_ADDRESSES, f"{shown} has no A or AAAA record", term, hint)]


def _is_address(name: str) -> bool:
    """Whether the name of a host is an IP address, perhaps in brackets."""
    return name[:1] == "[" or name.rpartition(".")[2].isdigit()


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
    """Return the finding that DNS could not answer. If nobody was asked, note that: it is reported once per name."""
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


def without_record(walk: Walk, zone: Facts, senders: Iterable[Sender], catalogue: Catalogue | None) -> Findings:
    """Return what the walk found; if the domain has no record, with one to begin with.

    A domain without a record is an error only if something shows that it sends mail.

    Args:
        senders: who sends, as far as that is known.
        catalogue: the known services; those that come with the package by default.
    """
    findings = list(walk.findings)
    for index, finding in enumerate(findings):
        if finding.code is LintCode.NO_RECORD:
            first = yield from _first_record(walk, finding, zone, catalogue)
            findings[index] = replace(first, severity=_severity_without_record(walk, zone, senders))
        elif finding.code is LintCode.INCLUDE_NO_RECORD:
            findings[index] = yield from _other_mechanism(walk, finding)
    return findings


def _severity_without_record(walk: Walk, zone: Facts, senders: Iterable[Sender]) -> Severity:
    domain = walk.inputs.domain
    texts = [octets.decode("latin-1") for octets in walk.answers[Question(domain, RRType.TXT).key].records]
    sends = zone.shows_sending(domain, texts) or any(fold(domain_of(each)) == fold(domain) for each in senders)
    return Severity.ERROR if sends else Severity.WARNING


def _other_mechanism(walk: Walk, finding: Finding) -> Generator[Question, Answer, Finding]:
    """Return the finding of an include without a record, with the mechanism that was probably meant."""
    reached = next((each for each in walk.records if each.domain == finding.domain), None)
    if reached is None:
        return finding
    for tree_term in reached.terms:
        term = tree_term.term
        if isinstance(term, Include) and term.span == finding.span and len(tree_term.targets) == 1:
            meant = yield from _meant_instead(walk, reached, term, tree_term.targets[0])
            return finding if meant is None else replace(finding, hint=meant)
    return finding


def _first_record(
    walk: Walk, finding: Finding, zone: Facts, catalogue: Catalogue | None
) -> Generator[Question, Answer, Finding]:
    """Return the finding of a domain without a record, with what to publish.

    `-all` is offered as a fix only if the domain can't get mail, so that nobody sends from it either, and if nothing
    shows that a record with senders was meant.
    """
    domain = walk.inputs.domain
    mail = yield from walk.ask(domain, RRType.MX)
    parent = yield from once(parent_with_record(domain), walk.answers)
    if parent is not None:
        text = f"{finding.text}; the record of {visible_name(parent)} does not apply to its subdomains"
        finding = replace(finding, text=text)
    if shows_intent((yield from walk.ask(domain, RRType.TXT))):
        return replace(
            finding, hint='publish what a TXT record of this name was meant to be; it must begin with "v=spf1 "'
        )
    if fold(domain) in zone.type_spf:
        return replace(finding, hint="publish its record of type SPF as type TXT")
    if zone.leads_to(domain):
        hint = "other records include this one or redirect to it: publish the record that they expect"
        return replace(finding, hint=hint)
    takes_mail = any(exchange for _, exchange in mail.records) or mail.is_failure
    is_null = bool(mail.records) and not takes_mail
    if parent is not None and not is_null:
        return replace(finding, hint=advice_for_subdomain(parent))
    if not is_null and not takes_mail:
        takes_mail = any(answer.records or answer.is_failure for answer in (yield from _both(walk, domain)))
    if takes_mail:
        return replace(finding, hint=_hint_for_first(domain, mail, catalogue or Catalogue.load()))
    hint = "the domain takes no mail; if it sends none either, publish a record that says so"
    return replace(finding, hint=hint, fix=("v=spf1 -all",))


def _hint_for_first(domain: str, mail: Answer, catalogue: Catalogue) -> str:
    """Return what to publish at a domain that takes mail: with mx only if its own hosts take it."""
    hosts = [host for _, host in sorted(mail.records) if host]
    home = registrable_domain(domain) or domain
    found = next((provider for provider in map(catalogue.by_mx, hosts) if provider is not None), None)
    if found is not None:
        term, why = f"include:{found.include}", f", since {visible(found.name, 60)} takes its mail (MX)"
    elif not hosts or any(is_same_or_under(host, home) for host in hosts):
        term, why = "mx", ""
    else:
        return (
            "publish a record with the include that the service of its MX records names, and with what else sends your "
            'mail, then ~all; or "v=spf1 -all" if it sends none'
        )
    return (
        f'publish "v=spf1 {term} ~all" to begin with{why}, and what else sends your mail before the ~all; '
        'or "v=spf1 -all" if it sends none'
    )


def parent_with_record(domain: str) -> Generator[Question, Answer, str | None]:
    """Return the nearest domain above a domain that has an SPF record and the same owner, or None."""
    owned = domain_around(domain)
    name = domain
    for _ in range(_MOST_PARENTS):
        if fold(name) == owned or not is_same_or_under(name, owned):
            break
        name = name.partition(".")[2]
        if is_askable(name) and spf_texts((yield Question(name, RRType.TXT))):
            return name
    return None


def advice_for_subdomain(parent: str) -> str:
    """Return what to publish for a subdomain without a record, if a domain above it has one."""
    same = f'"v=spf1 redirect={visible_name(parent)}" if the same servers send for it'
    return f'publish {same}, or "v=spf1 -all" if nobody does'


def unanswered(walk: Walk, findings: list[Finding]) -> Iterator[Finding]:
    """Yield the questions that DNS could not answer and that no finding mentions yet; note those nobody was asked."""
    said = " ".join([finding.text for finding in findings if finding.code.startswith("dns-")])
    root = walk.root
    for question, answer in walk.answers.items():
        if answer.is_unknown and _is_address(question.name):
            continue  # an MX record with an address in place of a name, which has a finding of its own
        if answer.is_unknown:
            walk.note_outside(root, None, question, answer)
        elif answer.is_failure:
            problem = dns_failure_halt(question.name, question.type, answer).problem
            if problem.text not in said:
                found = root.of_problem(problem)
                yield replace(found, text=f"{problem.text}; what it would decide is not known")
