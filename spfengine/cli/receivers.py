"""`spfengine receivers`: what the receivers on this machine make of a domain's record."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from typing import TYPE_CHECKING

import click

from spfengine.answers import Answer, Question, Resolver, RRType, spf_texts
from spfengine.checks import check
from spfengine.cli import exits, options, serving, sources
from spfengine.cli.exits import CommandError
from spfengine.cli.options import Draft, drafts_by_name
from spfengine.cli.screen import Bar, Screen, write_json
from spfengine.evaluation.limits import LIFTED, Limits
from spfengine.evaluation.unanswered import hint_for, named_unknown, unanswered
from spfengine.policy.include_tree import include_tree
from spfengine.policy.policy import Policy
from spfengine.problems import Result
from spfengine.record.parser import diagnose, sound_terms
from spfengine.resolvers.asking import ask
from spfengine.resolvers.overlay import with_drafts
from spfengine.resolvers.recording import Recorder
from spfengine.text.lines import FAULT, Line, Row, Span, line, note, table
from spfengine.visible import visible, visible_name
from spfengine.wording import and_more, counted

if TYPE_CHECKING:
    from spfengine.testing.fake_dns import FakeDNS
    from spfengine.testing.receivers import Client, Comparison, Difference, Receiver

_EPILOG = f"""\b
Examples:
  spfengine receivers example.com
  spfengine receivers example.com --zone example.com.zone --draft "v=spf1 mx include:relay.example.net -all"
  spfengine receivers example.com --receiver libspf2 --receiver exim --json

The receivers run in namespaces (Linux) whose only DNS server is spfengine's, so nothing leaves this machine. Exim and
rspamd need root.

The exit code: 0 all receivers answer as RFC 7208 requires, 1 one does not; 69 none is installed, one can't be asked,
DNS could not answer something, or the system refuses the namespaces. {exits.OTHER_HELP}.
"""
_KEYS = ("libspf2", "exim", "mail-spf", "rspamd", "pyspf")
_MOST_READINGS = 4  # of a name's several records that are read one by one
_SHOWN = 3  # clients of one kind of difference


@click.command(epilog=_EPILOG)
@click.argument("domain", type=options.Domain())
@click.option(
    "--receiver", "keys", type=click.Choice(_KEYS), multiple=True, help="Ask only this one; may be given several times."
)
@click.option("--sender", metavar="ADDRESS", help="The sender; postmaster at DOMAIN by default.")
@click.option("--helo", metavar="NAME", help="The HELO name; DOMAIN by default.")
@click.option(
    "--clients", "most", type=click.IntRange(1, 10_000), default=60, show_default=True, metavar="N",
    help="How many clients to ask about, at most.",
)  # fmt: skip
@options.answers
@options.everything
@options.as_json
def command(
    domain: str,
    keys: tuple[str, ...],
    sender: str | None,
    helo: str | None,
    most: int,
    zones: tuple[str, ...],
    live: bool,
    drafts: tuple[Draft, ...],
    nameservers: tuple[str, ...],
    everything: bool,
    as_json: bool,
) -> int:
    """Ask the mail software on this machine what it makes of the record of DOMAIN, and show where it differs from RFC
    7208, and why: libspf2, Exim, Mail::SPF, rspamd and pyspf, as far as they are installed.

    The clients to ask about are chosen from the record: one for each outcome, and both ends of each range of addresses.
    """
    from spfengine.testing import receivers

    base = with_drafts(sources.base_resolver(zones, live, nameservers), drafts_by_name(drafts, domain))
    sender = sender or f"postmaster@{domain}"
    if sender.rpartition("@")[2].lower() != domain.lower():
        raise click.BadParameter(f"expected an address at {visible_name(domain)}", param_hint="'--sender'")
    installed, missing = _receivers(keys)
    recorder, policy, others = _recorded(domain, base)
    clients, left_out = receivers.choose_clients([policy, *others], most)
    _record_checks(recorder, clients, sender, helo or domain)
    answers = base if zones and not live and not nameservers else recorder.recording
    comparisons = _ask(installed, clients, sender, helo or domain, answers)
    if as_json:
        write_json(
            receivers.document(
                visible_name(domain), visible(sender), comparisons, missing, left_out, unknown=_unknown(policy)
            )
        )
    else:
        is_known = not policy.incomplete
        lines = _lines(domain, comparisons, missing, len(clients), left_out, is_known=is_known, everything=everything)
        Screen().show(lines)
        _say_unknown(policy)
    if any(one.differences for one in comparisons):
        return 1
    return exits.UNAVAILABLE if policy.incomplete else 0


def _receivers(keys: tuple[str, ...]) -> "tuple[list[Receiver], list[Receiver]]":
    """Return the receivers that are wanted and installed, and those that are not installed. Raises CommandError."""
    from spfengine.testing import receivers

    wanted = [one for one in receivers.KNOWN if not keys or one.key in keys]
    installed = [one for one in wanted if receivers.is_installed(one)]
    missing = [one for one in wanted if one not in installed]
    if not installed:
        names = "; ".join(f"{one.title} ({one.package})" for one in missing)
        raise CommandError(exits.UNAVAILABLE, f"none of these receivers is installed here: {names}")
    return installed, missing


def _ask(
    installed: "Sequence[Receiver]", clients: "Sequence[Client]", sender: str, helo: str, answers: Resolver
) -> "list[Comparison]":
    """Ask each receiver about each client. Raises CommandError."""
    from spfengine.testing import receivers
    from spfengine.testing.conformance.implementations import DaemonError

    comparisons: list[Comparison] = []
    with ExitStack() as stack:
        server = _serve(stack, answers)
        with Bar("", in_octets=False) as bar:
            for number, one in enumerate(installed):
                bar.show(number, len(installed), f"asking {one.title}")
                try:
                    compared = receivers.ask_receiver(
                        one, clients, sender=sender, helo=helo, resolver=answers, dns=server.nameserver
                    )
                except DaemonError as error:
                    raise CommandError(exits.UNAVAILABLE, f"{one.title}: {error}") from error
                comparisons.append(compared)
    return comparisons


def _recorded(domain: str, base: Resolver) -> tuple[Recorder, Policy, list[Policy]]:
    """Return what keeps the answers of DNS, what these mean, and what they mean to other receivers.

    In the namespaces, no other DNS can be reached, so all that a receiver may ask for has to be kept before. Some
    receivers have no limits.
    """
    recorder = Recorder(base)
    policy = Policy.compile(domain, resolver=recorder)
    limits = Limits(LIFTED, LIFTED, names=LIFTED, seconds=None)
    include_tree(domain, resolver=recorder)
    reading = _AsOthersRead(recorder)
    others = [Policy.compile(domain, resolver=each, limits=limits) for each in (recorder, reading)]
    more = [_AsOthersRead(recorder, number) for number in range(1, min(reading.most, _MOST_READINGS))]
    others += [Policy.compile(domain, resolver=each, limits=limits) for each in more]
    return recorder, policy, others


def _record_checks(recorder: Recorder, clients: "Sequence[Client]", sender: str, helo: str) -> None:
    """Keep what is asked for each client: names that depend on it, such as those of `exists:%{i}.example.com`."""
    for resolver in (recorder, _AsOthersRead(recorder)):
        for client in clients:
            check(client.ip, sender, helo, resolver=resolver, limits=Limits(LIFTED, LIFTED, names=LIFTED, seconds=None))


class _AsOthersRead:
    """A resolver with records as receivers read them that use one of several, or skip faults: RFC 7208 does neither.

    Args:
        below: what answers.
        number: which one of several records is used, from 0 on.

    Attributes:
        most: how many records of one name there were, at most.
    """

    def __init__(self, below: Resolver, number: int = 0) -> None:
        self.most = 1
        self._below = below
        self._number = number

    def resolve(self, question: Question, /) -> Answer:
        """Return the answer, with one record that has no fault."""
        answer = ask(self._below, question)
        texts = [text.decode("latin-1") for text in spf_texts(answer)] if question.type is RRType.TXT else []
        self.most = max(self.most, len(texts))
        if not texts or (len(texts) == 1 and not diagnose(texts[0])):
            return answer
        text = texts[self._number % len(texts)]
        usable = " ".join(["v=spf1", *[term.text for term in sound_terms(text)]]).encode("latin-1")
        return Answer.txt(usable, ttl=answer.ttl)


def _serve(stack: ExitStack, answers: Resolver) -> "FakeDNS":
    """Move into namespaces, and start the DNS server there."""
    if sys.platform != "linux":
        raise CommandError(exits.UNAVAILABLE, "this needs Linux's namespaces")
    from spfengine.testing import isolation
    from spfengine.testing.fake_dns import FakeDNS

    server = FakeDNS(answers, isolation.NAMESERVER, 53)
    try:
        isolation.enter_namespaces()
        isolation.adopt_orphans()
        stack.callback(isolation.end_descendants)
        server.start()
    except OSError as error:
        raise serving.no_namespaces(error) from error
    stack.callback(server.stop)
    return server


def _unknown(policy: Policy) -> str:
    """Return what DNS did not answer, so that the receivers got no answer to it either; "" if nothing is missing."""
    return named_unknown(unanswered([policy.answers])) if policy.incomplete else ""


def _say_unknown(policy: Policy) -> None:
    if policy.incomplete:
        text = f"{_unknown(policy)}; what that decides is not known, and the receivers got no answer to it either"
        hint = hint_for(unanswered([policy.answers]))
        Screen(sys.stderr).show([note(FAULT, text), note(Span("hint: ", "strong"), hint, indent=4)])


def _lines(
    domain: str,
    comparisons: "Sequence[Comparison]",
    missing: "Sequence[Receiver]",
    clients: int,
    left_out: int,
    *,
    is_known: bool,
    everything: bool,
) -> Iterator[Line]:
    differing = [one for one in comparisons if one.differences]
    if differing:
        answer = f"{len(differing)} of {len(comparisons)} receivers differ from RFC 7208"
    else:
        differs = "differs" if is_known else "is known to differ"
        answer = f"no receiver of {len(comparisons)} {differs} from RFC 7208"
    but = "" if is_known else ", but not everything is known"
    yield line(Span(f"{answer} for {visible_name(domain)}{but}", "strong"))
    more = f", {left_out} more left out (--clients)" if left_out else ""
    yield note(f"{counted(clients, 'client')}: one for each outcome, and both ends of each range of addresses{more}")
    yield Line()
    yield from table([_row(one) for one in comparisons], None)
    for one in differing:
        yield from _differences(one, everything=everything)
    if missing:
        yield Line()
        yield note("not installed here: " + "; ".join(f"{one.title} ({one.package})" for one in missing))


def _row(one: "Comparison") -> Row:
    title = f"{one.receiver.title} {one.version}".strip()
    parts = [Span(f"{len(one.differences)} of {one.asked} differ", "fail" if one.differences else "pass")]
    parts += [Span(f"; {number} not asked: {why}", "quiet") for why, number in one.left_out.items()]
    return Row(Span("✗", "fail") if one.differences else Span("✓", "pass"), Span(title, "term"), tuple(parts))


def _differences(one: "Comparison", *, everything: bool) -> Iterator[Line]:
    def kind(difference: "Difference") -> tuple[str, str, str]:
        return difference.expected, difference.got, difference.reason or ""

    yield Line()
    yield line(Span(f"{one.receiver.title} {one.version}".strip(), "strong"))
    for (expected, got, reason), group in groupby(sorted(one.differences, key=kind), kind):
        found = list(group)
        yield note(
            Span(expected, expected), " by RFC 7208, ", Span(got, got if got in set(Result) else "fault"), " here"
        )
        shown = found if everything else found[:_SHOWN]
        for difference in shown:
            yield note(_client(difference), indent=4)
        if len(found) > len(shown):
            yield note(f"… {and_more(len(found) - len(shown), 'client')}; --all lists all", indent=4)
        yield note(reason or "The reason for this difference is not known: please report it.", indent=4)


def _client(difference: "Difference") -> str:
    client = difference.client
    return client.ip if client.first == client.last else f"{client.ip} ({client.range_text})"
