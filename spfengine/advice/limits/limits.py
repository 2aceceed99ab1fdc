"""`limit_plan`: how a record that needs too many lookups gets within the limits, proved for every address.

First goes what changes nothing: terms that others cover, or that match nobody. Then go the includes of services that
send with no MAIL FROM of the domain, unless a message given passed by them; the plan says which networks stop passing.
Then as few includes as possible are flattened. Each step is compiled and compared with the record before it.

That no message given passes by an include is no reason to take it out: they may be few, or of one day. For those who
know that they are all, there is a plan of its own (`LimitPlan.by_messages`).
"""

from collections.abc import Container, Generator, Iterable, Iterator
from dataclasses import replace
from itertools import combinations, islice
from typing import TYPE_CHECKING, TypeVar

from spfengine.addresses import V4, V6
from spfengine.advice.flatten.flatten import flattening
from spfengine.advice.flatten.flattening import FlatRecord, Flattening
from spfengine.advice.flatten.proof import without_limits
from spfengine.advice.flatten.splitting import NAMES, network_term, record_size
from spfengine.advice.limits.plan import LimitPlan, Need, PlanStep, StepKind
from spfengine.answers import Answer, Question, RRType, is_spf_octets
from spfengine.catalogue.catalogue import Catalogue
from spfengine.drivers import adrive, asking, drive, once
from spfengine.errors import ArgumentError
from spfengine.evaluation.check_host import select_record
from spfengine.evaluation.limits import DEFAULT_LIMITS, LIFTED, Limits, lifted
from spfengine.evaluation.mechanisms import LOOP_HINT
from spfengine.evaluation.session import Answers
from spfengine.evaluation.unanswered import hint_for, incompleteness, named_unknown, unanswered
from spfengine.linting.idle import idle_service, messages_by_term, passing_text, service_why
from spfengine.names import domain_fault, fold
from spfengine.policy.budget import Budget, budget
from spfengine.policy.include_tree import redirect_chain
from spfengine.policy.inputs import Inputs
from spfengine.policy.outcome import Outcome
from spfengine.policy.policy import Policy
from spfengine.policy.ranges import IPNetwork, Spans, networks_of, union
from spfengine.policy.reachability import Reason, evaluate_alone, reachability
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.record.model import MX, All, Directive, DomainDirective, Include, Record, Term, same_term
from spfengine.record.parser import parse
from spfengine.senders import Sender, sender_list
from spfengine.simulation.drafts import Drafted
from spfengine.simulation.simulation import change_is_worse
from spfengine.visible import visible
from spfengine.wording import counted, listed

if TYPE_CHECKING:
    from spfengine.answers import AsyncResolver, Resolver

_T = TypeVar("_T")
Steps = Generator[Question, Answer, _T]

MOST_LOOKUPS = 80
"""A plan is made for records that need at most this many lookups: each step takes time that grows with them."""
MOST_TERMS = 40
"""A plan is made for records that have at most this many terms that ask DNS."""
_MOST_FLATTENED = 8  # sets of includes that are tried
_MOST_COMBINED = 6  # includes of which every combination is looked at: those that cost most
_MOST_ALIKE = 3  # sets of the same size that are tried
_MOST_HOSTS = 200  # hosts of one mx that are written as networks
_MOST_LISTED = 3


def limit_plan(
    domain: str,
    senders: Iterable[Sender] = (),
    *,
    resolver: "Resolver | None" = None,
    catalogue: Catalogue | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> LimitPlan | None:
    """Return how the record of a domain gets within the limits of RFC 7208 §4.6.4; None if it is within them.

    Args:
        domain: the domain. Only its own record is changed.
        senders: who sends, as far as that is known. An include that a message of theirs passes by is never taken out.
        resolver: answers DNS questions; live DNS by default.
        catalogue: the known services; `Catalogue.load()` by default.
        limits: the limits of a check. There is no time limit.

    Raises:
        ArgumentError: the domain is not a domain name, or `senders` is not a list of Senders.
        ResolverError: `resolver` does not follow the resolver protocol. What it raises itself is passed on.
    """
    return drive(planning(domain, sender_list(senders), catalogue, limits), resolver, None)


async def alimit_plan(
    domain: str,
    senders: Iterable[Sender] = (),
    *,
    resolver: "Resolver | AsyncResolver | None" = None,
    catalogue: Catalogue | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> LimitPlan | None:
    """Async version of `limit_plan`."""
    return await adrive(planning(domain, sender_list(senders), catalogue, limits), resolver, None)


def planning(
    domain: str, senders: tuple[Sender, ...], catalogue: Catalogue | None, limits: Limits
) -> Steps[LimitPlan | None]:
    """Return what `limit_plan` returns; yields the Questions that need answers."""
    inputs = Inputs(domain, None, None, limits, None, 0.0)
    fault = domain_fault(inputs.domain)
    if fault is not None:
        raise ArgumentError(fault)
    known: Answers = {}
    answer = yield from once(asking(Question(inputs.domain, RRType.TXT)), known)
    record = select_record(answer)
    if not isinstance(record, Record):
        return None
    cost = yield from once(budget(inputs, {}), known)
    many_mx = yield from _many_mx(inputs, record, known)
    if not many_mx and _fits(cost, limits):
        return None
    plan = LimitPlan(inputs.domain, _need(cost, limits), Need(limits.lookups, limits.voids), record.source)
    refusal = _too_much(cost, record)
    if refusal is not None:
        return replace(plan, refusal=refusal)
    work = _Work(inputs, record, answer, known, catalogue or Catalogue.load(), senders)
    return (yield from work.planned(plan, cost, many_mx))


def _fits(cost: Budget, limits: Limits) -> bool:
    return cost.worst_lookups <= limits.lookups and cost.worst_voids(limits.void_rule) <= limits.voids


def _need(cost: Budget, limits: Limits) -> Need:
    return Need(cost.worst_lookups, cost.worst_voids(limits.void_rule))


def _is_less(need: Need, than: Need) -> bool:
    """Whether fewer lookups or void lookups are needed, and no more of the other."""
    is_no_more = need.lookups <= than.lookups and need.voids <= than.voids
    return is_no_more and (need.lookups < than.lookups or need.voids < than.voids)


def _too_much(cost: Budget, record: Record) -> Problem | None:
    """Return why no plan is made for a record, or None if one is."""
    if cost.endless:
        text = f"the records need more than {LIFTED} lookups, or form a loop: no plan is made for that"
        return Problem(ProblemCode.OVER_LOOKUP_LIMIT, text, None, None, "4.6.4", LOOP_HINT)
    terms = sum(term.costs_lookup for term in record.terms)
    if cost.worst_lookups > MOST_LOOKUPS or terms > MOST_TERMS:
        what = f"{cost.worst_lookups} lookups" if terms <= MOST_TERMS else f"{terms} terms that ask DNS"
        text = (
            f"the record has {what}, too many for a plan: one is made for at most {MOST_LOOKUPS} lookups and "
            f"{MOST_TERMS} terms"
        )
        hint = "first take out what you don't use"
        return Problem(ProblemCode.OVER_LOOKUP_LIMIT, text, None, None, "4.6.4", hint)
    return None


def _many_mx(inputs: Inputs, record: Record, known: Answers) -> Steps[list[MX]]:
    """Return the mx terms of a record that lead to more hosts than are allowed (RFC 7208 §4.6.4)."""
    found = []
    for term in _live(record):
        if isinstance(term, MX) and (term.domain_spec is None or term.domain_spec.target):
            target = inputs.domain if term.domain_spec is None else term.domain_spec.target or ""
            answer = yield from once(asking(Question(target, RRType.MX)), known)
            if len(answer.records) > inputs.limits.names:
                found.append(term)
    return found


def _live(record: Record) -> list[Directive]:
    """Return the directives before the first `all`."""
    directives = list(record.directives)
    last = next((index for index, term in enumerate(directives) if isinstance(term, All)), len(directives))
    return directives[:last]


class _Work:
    """A plan in the making.

    Attributes:
        record: the domain's own record as the steps so far have left it.
        cost, meant: what it costs, and what it means without limits.
        used, messages: messages that pass, or may pass, by each term, and by any.
    """

    def __init__(
        self,
        inputs: Inputs,
        record: Record,
        answer: Answer,
        known: Answers,
        catalogue: Catalogue,
        senders: tuple[Sender, ...],
    ) -> None:
        self.limits = inputs.limits
        self.inputs = inputs
        # With no limit on the hosts of mx, the record means what its owner meant by such a term.
        self.wide = inputs.with_limits(_many_names(inputs.limits))
        self.record = record
        self.siblings = tuple([strings for strings in answer.strings if not is_spf_octets(b"".join(strings))])
        self.known = known
        self.catalogue = catalogue
        self.senders = senders
        self.steps: list[PlanStep] = []

    def planned(self, plan: LimitPlan, cost: Budget, many_mx: list[MX]) -> Steps[LimitPlan]:
        """Return the plan with all its steps."""
        start = self.record
        self.cost = cost
        self.meant = yield from self._through(start, without_limits(self.wide))
        unknown = self._unknown()
        self._count_messages()
        yield from self._replace(many_mx, "it leads to more than {names} hosts, so that every check of it fails")
        yield from self._drop_ineffective()
        yield from self._replace_void()
        harmless = self.record, self.cost, self.meant, list(self.steps)
        yield from self._drop_unused()
        used = tuple([(term, count) for term, count in self.used.items() if term.lstrip("+").startswith("include:")])
        plan = replace(plan, used=used, unknown=unknown)
        known = self.record, self.cost, self.meant, list(self.steps)
        by_messages = None if unknown else (yield from self._by_messages(plan))
        self.record, self.cost, self.meant, self.steps = known
        end = replace((yield from self._finished(plan)), by_messages=by_messages)
        if end.stops and not unknown:
            self.record, self.cost, self.meant, self.steps = harmless
            alternative = yield from self._finished(plan)
            end = replace(end, alternative=alternative if alternative.is_complete else None)
        return end

    def _through(self, record: Record, steps: Steps[_T]) -> Steps[_T]:
        """Run steps as if a record were the domain's own."""
        draft = Drafted.record(self.inputs.domain, record.source, self.siblings)
        return (yield from once(draft.through(steps), self.known))

    def _unknown(self) -> str:
        """Return what could not be answered, in words; "" if nothing."""
        if not (_has_unknown(self.meant) or self.cost.incomplete):
            return ""
        failed = unanswered([self.meant.answers])
        if failed or self.meant.is_cut:
            return named_unknown(failed)
        return "what some terms lead to depends on the sender or client"

    def _count_messages(self) -> None:
        """Find out by which terms of the record messages of the senders pass."""
        counts, self.messages = messages_by_term(self.meant, self.senders)
        self.used = {term: count for (domain, term), count in counts.items() if domain == fold(self.inputs.domain)}

    @property
    def _is_over(self) -> bool:
        return not _fits(self.cost, self.limits)

    def _replace(self, terms: Iterable[Directive], why: str) -> Steps[None]:
        """Write the networks of terms in their place."""
        for term in terms:
            networks = yield from self._networks(term)
            if not networks:
                continue
            sign = term.text[:1] if term.text[:1] in "+-?~" else ""
            texts = [f"{sign}{network_term(network)}" for network in networks]
            yield from self._try(StepKind.REPLACE, term, texts, why.format(names=self.limits.names))

    def _networks(self, term: Directive) -> Steps[tuple[IPNetwork, ...]]:
        """Return the networks that a term matches alone; none if that is not known."""
        alone = yield from self._through(self.record, evaluate_alone(self.wide, self.inputs.domain, term, {}))
        return (*networks_of(V4, alone.spans[0]), *networks_of(V6, alone.spans[1]))

    def _drop_ineffective(self) -> Steps[None]:
        """Take out terms that change no client's result: others cover them, or they match nobody."""
        lifted_inputs = self.inputs.with_limits(lifted(self.limits))
        found = yield from self._through(self.record, reachability(lifted_inputs, {}, overlapping=False))
        own = fold(self.inputs.domain)
        reasons: list[tuple[Directive, str]] = [
            (each.directive, _why(each.by)) for each in found.covered if fold(each.domain) == own
        ]
        reasons += [
            (each.directive, _why(each.by))
            for each in found.unreachable
            if fold(each.domain) == own and each.reason is not Reason.AFTER_ALL
        ]
        # Lint names no term that is itself covered as the one that covers others. Here it may stay in their place.
        why = "others let the same clients pass"
        if not _has_unknown(self.meant):  # else a comparison does not show everything
            reasons += [(term, why) for term in _live(self.record) if term not in [each for each, _ in reasons]]
        for directive, why in reasons:
            if directive.costs_lookup:
                yield from self._try(StepKind.DROP, directive, [], why)

    def _replace_void(self) -> Steps[None]:
        """Write the networks of own a and mx terms in their place if they cause too many void lookups."""
        rule = self.limits.void_rule
        for term in _live(self.record):
            if self.cost.worst_voids(rule) <= self.limits.voids:
                return
            voids = {text for cost in self.cost.voids[rule].values() for _, text in cost.terms}
            if isinstance(term, DomainDirective) and not isinstance(term, Include) and term.text in voids:
                yield from self._replace([term], "it is a void lookup for clients of one IP version")

    def _drop_unused(self) -> Steps[None]:
        """Take out includes of services that send with no MAIL FROM of the domain, if a limit is exceeded."""
        if not self._is_over:
            return
        spent = self._spent({fold(self.inputs.domain)})
        for term in sorted(self._idle(), key=lambda term: -spent.get(term.text, 0)):
            provider = idle_service(self.inputs.domain, term, self.catalogue)
            if provider is not None:
                yield from self._try(StepKind.DROP_UNUSED, term, [], service_why(provider))

    def _by_messages(self, plan: LimitPlan) -> Steps[LimitPlan | None]:
        """Return the plan that also takes out includes that no message given passes by, as few as are enough; or None.

        Those that cost most go first.
        """
        if not self.used or not self._is_over:
            return None
        spent = self._spent({fold(self.inputs.domain)})
        includes = [term for term in _live(self.record) if isinstance(term, Include) and term.qualifier == "+"]
        idle = [term for term in includes if term.text not in self.used]
        for term in sorted(idle, key=lambda term: -spent.get(term.text, 0)):
            if self._is_over:
                yield from self._try(StepKind.DROP_UNUSED, term, [], self._why_unused(term))
        return (yield from self._finished(plan)) if _fits(self.cost, self.limits) else None

    def _idle(self) -> Iterator[Include]:
        for term in _live(self.record):
            if not isinstance(term, Include) or term.text in self.used:
                continue
            if idle_service(self.inputs.domain, term, self.catalogue) is not None:
                yield term

    def _spent(self, own: Container[str]) -> dict[str, int]:
        """Return how many lookups and void lookups each term of certain records costs, with all that it leads to."""
        spent: dict[str, int] = {}
        costs = [*self.cost.lookups.values()]
        if self.cost.worst_voids(self.limits.void_rule) > self.limits.voids:
            costs += self.cost.voids[self.limits.void_rule].values()
        for cost in costs:
            for term, count in cost.by_term(own).items():
                spent[term] = max(spent.get(term, 0), count)
        return spent

    def _try(self, kind: StepKind, directive: Directive, texts: list[str], why: str) -> Steps[None]:
        """Replace a directive by other terms, if that helps, and if it changes nothing else than the step says."""
        terms = [term for term in self.record.terms if same_term(term, directive)]
        if kind is StepKind.DROP and len(terms) > 1:
            terms = terms[1:]  # the first one covers them
        if not terms:
            return
        draft = self._with_terms_replaced(terms, texts)
        cost = yield from self._through(draft, budget(self.inputs, {}))
        before, after = _need(self.cost, self.limits), _need(cost, self.limits)
        if cost.endless or not _is_less(after, before):
            return
        meant = yield from self._through(draft, without_limits(self.wide))
        changes = self.meant.diff(meant)
        stops: tuple[IPNetwork, ...] = ()
        if kind is StepKind.DROP_UNUSED:
            stops = tuple([each.network for each in changes if change_is_worse(each.before, each.after)])
            if _has_unknown(self.meant):  # what others would pass is not known either
                stops = yield from self._networks(directive)
        elif changes or _unknown_spans(self.meant) != _unknown_spans(meant):
            return
        written = tuple(dict.fromkeys([term.text for term in terms]))
        self.steps.append(PlanStep(kind, written, why, before, after, draft.source, stops))
        self.record, self.cost, self.meant = draft, cost, meant

    def _with_terms_replaced(self, terms: list[Term], texts: list[str]) -> Record:
        """Return the record with other terms in place of the first of `terms`, and without the others."""
        body: list[str] = []
        for term in self.record.terms:
            if term is terms[0]:
                body += texts
            if not any(term is each for each in terms):
                body.append(term.text)
        return parse(" ".join([self.record.source[:6], *body]))

    def _finished(self, plan: LimitPlan) -> Steps[LimitPlan]:
        """Return the plan with the steps so far, and includes flattened if a limit is still exceeded."""
        records: tuple[FlatRecord, ...] = ()
        refusal: Problem | None = None
        if plan.unknown:
            refusal = self._incomplete(plan.unknown)
        elif self._is_over:
            flat = yield from self._flattened()
            records, refusal = flat.records, flat.refusal
        elif (fault := self._other_fault()) is not None:
            refusal = fault
        else:
            size = record_size(self.inputs.domain, self.record.source, self.siblings)
            records = (FlatRecord(self.inputs.domain, self.record.source, self.siblings, size),)
        unused = [(term.text, self._why_unused(term)) for term in self._unused_includes()]
        return replace(plan, steps=tuple(self.steps), records=records, refusal=refusal, unused=tuple(unused))

    def _other_fault(self) -> Problem | None:
        """Return the problem by which clients get permerror apart from the limits; None if nobody does."""
        outcomes = [outcome for version in (4, 6) for _, _, outcome in self.meant.ranges(version)]
        faults = [each.problem for each in outcomes if each.result is Result.PERMERROR and each.problem is not None]
        if not faults:
            return None
        first = faults[0]
        text = f"apart from the limits, clients get permerror, which has to be corrected first: {first.text}"
        return Problem(first.code, text, first.domain, None, first.section, first.hint)

    def _unused_includes(self) -> Iterator[Include]:
        flattened = {term for step in self.steps if step.kind is StepKind.FLATTEN for term in step.terms}
        idle = list(self._idle())
        for term in _live(self.record):
            if not isinstance(term, Include) or term.text in flattened:
                continue
            if term in idle or (self.used and term.text not in self.used):
                yield term

    def _why_unused(self, term: Include) -> str:
        provider = idle_service(self.inputs.domain, term, self.catalogue)
        if provider is not None:
            return service_why(provider)
        messages = passing_text(self.messages, " given")
        return f"of the {messages}, none passes by it; if these are all that you send, take it out"

    def _incomplete(self, unknown: str) -> Problem:
        """Return the problem that not everything is known."""
        failed = unanswered([self.meant.answers])
        text = f"{unknown}, so it is not known how much is needed in all, and nothing is said about flattening"
        if failed or self.meant.is_cut:
            section = "2.6.6" if failed else ""
            return Problem(incompleteness(failed), text, self.inputs.domain, None, section, hint_for(failed))
        hint = "take out includes with macros that depend on the sender"
        return Problem(ProblemCode.FLATTEN_CONDITIONAL, text, self.inputs.domain, None, "4.6.4", hint)

    def _flattened(self) -> Steps[Flattening]:
        """Return the flattening of the fewest includes that gets within the limits, with why it does not if none does.

        If only void lookups are left over, it is still a step.
        """
        result = Flattening(self.inputs.domain, self.record.source)
        for includes in islice((yield from self._sets()), _MOST_FLATTENED):
            steps = flattening(self.inputs.domain, includes or None, False, NAMES, None, self.limits)
            result = yield from self._through(self.record, steps)
            proof = result.proof
            if proof is None or proof.after_budget.worst_lookups > self.limits.lookups:
                continue
            before, after = _need(self.cost, self.limits), _need(proof.after_budget, self.limits)
            if after.voids > self.limits.voids and not (after.voids <= before.voids and after.lookups < before.lookups):
                continue
            terms = tuple(dict.fromkeys([term.term for term in result.replaced]))
            why = "with the fewest includes that are enough, the most expensive first"
            why = why if includes else "all that can be: no smaller set that was tried is enough"
            own = result.records[-1].record
            self.steps.append(PlanStep(StepKind.FLATTEN, terms, why, before, after, own, (), includes))
            return result if after.voids <= self.limits.voids else replace(result, refusal=self._void_refusal(after))
        refusal = result.refusal or self._void_refusal(_need(self.cost, self.limits))
        return Flattening(self.inputs.domain, self.record.source, refusal=refusal)

    def _void_refusal(self, need: Need) -> Problem:
        """Return the problem that nothing that was tried gets the record within the limits."""
        text, hint = (
            "no set of includes that was tried gets the record within the limits",
            "take out what you don't use",
        )
        code = ProblemCode.OVER_LOOKUP_LIMIT
        if need.lookups <= self.limits.lookups:
            text = f"up to {counted(need.voids, 'void lookup')} may be left, and {self.limits.voids} are allowed"
            hint = "take out terms whose names have no records, and terms with macros that you don't need"
            code = ProblemCode.OVER_VOID_LIMIT
        return Problem(code, text, None, None, "4.6.4", hint)

    def _sets(self) -> Steps[Iterator[tuple[str, ...]]]:
        """Return sets of includes to flatten: as few as can be enough first, and at last all (none are named).

        An include of a record that the domain redirects to needs the redirect flattened too.
        """
        chain = yield from self._through(self.record, redirect_chain(self.inputs.domain, {}))
        spent = self._spent({fold(domain) for domain, _ in chain})
        savings: dict[tuple[str, ...], int] = {}
        redirects: tuple[str, ...] = ()
        for _, record in chain:
            for term in _live(record):
                if isinstance(term, Include) and term.domain_spec.target and spent.get(term.text):
                    names = (*redirects, term.domain_spec.target)
                    savings.setdefault(names, spent[term.text] + len(redirects))
            if record.redirect is not None:
                redirects = (*redirects, record.redirect.value.target or "")
        return _sets(savings, self.cost.worst_lookups - self.limits.lookups)


def _sets(savings: dict[tuple[str, ...], int], excess: int) -> Iterator[tuple[str, ...]]:
    """Yield names of includes to flatten.

    Args:
        savings: the names that go together, each with the lookups that they cost.
        excess: how many lookups are to be saved.
    """
    ordered = sorted(savings, key=lambda names: -savings[names])
    for count in range(1, len(ordered) + 1):
        several = combinations(ordered[:_MOST_COMBINED], count) if count <= _MOST_COMBINED else [tuple(ordered[:count])]
        enough = [each for each in several if sum(savings[names] for names in each) >= excess]
        yield from [tuple(dict.fromkeys(name for names in each for name in names)) for each in enough[:_MOST_ALIKE]]
    yield ()


def _is_unknown(outcome: Outcome) -> bool:
    """Whether something was not answered, or only a check of one client can give the result."""
    return outcome.is_incomplete or (outcome.result is None and outcome.tree is None)


def _has_unknown(policy: Policy) -> bool:
    return any(_is_unknown(outcome) for version in (4, 6) for _, _, outcome in policy.ranges(version))


def _unknown_spans(policy: Policy) -> list[Spans]:
    """Return the addresses of IPv4 and of IPv6 whose results are not known."""
    return [
        union([(first, last) for first, last, outcome in policy.ranges(version) if _is_unknown(outcome)])
        for version in (4, 6)
    ]


def _why(by: tuple[Directive, ...]) -> str:
    if not by:
        return "it matches nobody"
    return f"{listed([visible(term.text, 60) for term in by], _MOST_LISTED)} lets the same clients pass"


def _many_names(limits: Limits) -> Limits:
    """Return limits under which mx may lead to many hosts."""
    return Limits(limits.lookups, limits.voids, limits.void_rule, max(limits.names, _MOST_HOSTS), None)
