"""The real receivers that are tested, and the rules of RFC 7208 by which their deviations are grouped.

scripts/receivers_differ.py makes docs/receivers-differ.md of this and of the ledgers.
"""

import shlex
import sys
from pathlib import Path
from typing import NamedTuple

from spfengine.testing.conformance.run import Ledger, read_ledger

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples" / "receivers"
"""The folder of the adapters and configurations, in which the runs are started."""
VARIABLES = {"RES_OPTIONS": "timeout:1 attempts:3"}
"""A receiver gives up on a silent server after 3 seconds (glibc) or 7 (Net::DNS doubles the timeout), instead of 10 and
more. A reply to any of its three queries counts, so on a busy machine a late reply is not taken for silence."""


class Receiver(NamedTuple):
    """A receiver.

    Attributes:
        key: the name of its ledger.
        title: its name in the page, with its version.
        programs: what it needs, as tests/debian.py knows them.
        version: the command that prints the version, and what it must print.
        options: of `spfengine conformance`, without those for suites, ledger and report.
        parts: the number of tests that share its cases.
        root: whether only root can run it.
        unsteady: cases whose answer varies.
    """

    key: str
    title: str
    programs: tuple[str, ...]
    version: tuple[tuple[str, ...], str]
    options: tuple[str, ...]
    parts: int = 1
    root: bool = False
    unsteady: tuple[str, ...] = ()

    def ledger_path(self) -> Path:
        """Return the path of its ledger."""
        return Path(__file__).with_name("ledgers") / f"{self.key}.yml"

    def ledger(self) -> Ledger:
        """Return its known deviations."""
        return read_ledger(self.ledger_path().read_text("utf-8"), self.key)


RECEIVERS = (
    Receiver(
        "libspf2", "libspf2 1.2.10", ("spfquery.libspf2",),
        (("spfquery.libspf2", "-version"), "library version: 1.2.10\n"),
        ("--jobs", "16", "--explanation-line", "2", "--explanation-within", "--default-explanation", "DEFAULT",
         "--command", ("spfquery.libspf2 -ip={ip} -sender={sender} -helo={helo} -name={receiver} "
                       "-default-explanation=DEFAULT")),
    ),
    Receiver(
        "exim-lookup", "Exim 4.96, lookup", ("exim4",), (("exim4", "-C", "/dev/null", "-bV"), "Exim version 4.96 "),
        ("--jobs", "16", "--adapter", "exim:lookup"), root=True,
    ),
    Receiver(
        "exim-dialogue", "Exim 4.96, SMTP", ("exim4",), (("exim4", "-C", "/dev/null", "-bV"), "Exim version 4.96 "),
        ("--jobs", "16", "--adapter", "exim:dialogue",
         "--default-explanation", "Please see http://www.open-spf.org/Why"), root=True,
    ),
    Receiver(
        "mail-spf", "Mail::SPF 2.9.0", ("spfquery.mail-spf-perl",),
        (("perl", "-MMail::SPF", "-e", "print Mail::SPF->VERSION"), "v2.009"),
        ("--jobs", "4", "--explanation-line", "2", "--default-explanation", "DEFAULT",
         "--command", ("spfquery.mail-spf-perl --scope mfrom --identity {identity} --ip {ip} --helo-identity {helo} "
                       "--hostname {receiver} --default-explanation DEFAULT")), parts=4,
    ),
    Receiver(
        "rspamd", "rspamd 3.4", ("rspamd",), (("rspamd", "--version"), "version 3.4\n"),
        ("--jobs", "16", "--adapter", "rspamd:check", "--daemon-at", "127.0.0.1:11333",
         "--daemon", "rspamd -f -i -c rspamd.conf --var DIR={DIR} --var DNS={dns}"), root=True,
        unsteady=("cidr-a-v6-129",),
    ),
    Receiver(
        "policyd-spf", "Postfix 3.7, policyd-spf 3.0", ("postfix", "policyd-spf"),
        (("dpkg-query", "-W", "-f", "${Package} ${Version}\n", "postfix-policyd-spf-python"), "-python 3.0.4-"),
        ("--jobs", "16", "--adapter", "tests.postfix.adapter:check", "--daemon-at", "127.0.0.1:25",
         "--daemon", f"{shlex.quote(sys.executable)} -m tests.postfix.daemon policyd-spf",
         "--default-explanation", "SPF fail - not authorized"), root=True,
    ),
)  # fmt: skip


class Rule(NamedTuple):
    """Rules of RFC 7208 that belong together.

    Attributes:
        sections: their sections, with subsections that no other rule names.
        title: in a few words.
        owner: what the differences mean for the owner of a domain.
    """

    sections: tuple[str, ...]
    title: str
    owner: str


RULES = (
    Rule(("4.6.4",), "Limits",
         "Stay below ten terms that ask DNS, ten MX records and two names that lead nowhere: one receiver refuses your "
         "mail above a limit, and the next has no limit at all, so that you won't notice when you test with that one."),
    Rule(("3.4",), "Large records",
         "Keep every record below 65 ip4 terms: Exim, and whatever else asks libspf2, is silently neutral above it, so "
         "a flattened record protects nothing there. Spread it over several includes."),
    Rule(("3", "3.1", "4.5"), "Which text is the record",
         "Publish exactly one record for a name, in plain ASCII, that begins with `v=spf1` and one space: anything "
         "near to it is a record for some and none for others."),
    Rule(("3.3",), "Records of several strings",
         "Keep the first string of a record longer than its version: Exim finds no record that is split within it."),
    Rule(("4.6", "4.6.1", "12", "5", "5.6"), "Syntax",
         "Lint a record before you publish it: with one wrong character it is a permanent error for some receivers, no "
         "policy at all for Exim, and rspamd goes by the rest of it."),
    Rule(("4.6.2", "4.6.3", "4.7", "5.1", "6", "6.1"), "Order of the terms, all and redirect",
         "Put `all` last and only there, never with redirect, and nothing after either; don't publish `+all`, which "
         "rspamd does not honour."),
    Rule(("4.4",), "DNS failures",
         "A DNS server of yours that answers with errors, or with aliases in a circle, costs mail at some receivers "
         "and lets it through at others: nothing in the record helps."),
    Rule(("5.2",), "include",
         "Check that everything you include still has a record: to rspamd a lost one is no match, others refuse all of "
         "your mail."),
    Rule(("5.3", "5.4", "5.7"), "a, mx and exists",
         "Give addresses with prefix lengths from 1 on, and name hosts, not addresses, in MX records."),
    Rule(("5.5",), "ptr", "Don't use ptr: its result depends on the receiver, and on other people's DNS."),
    Rule(("6.2",), "Explanations",
         "Keep the text of an explanation short and plain; Exim never shows it, and libspf2 spoils texts with spaces."),
    Rule(("7", "7.1", "7.2", "7.3", "7.4", "4.8"), "Macros and the names that they make",
         "Use no macros but `%{i}`, `%{d}` and `%{v}` without digits: all others differ, above all `%{p}` and those of "
         "a sender or HELO name, whose characters anybody can choose."),
    Rule(("2", "4.3", "A"), "Which domain is checked",
         "Send with full, ordinary names in HELO and MAIL FROM, and publish a record for the HELO name too."),
    Rule(("RFC 8616",), "Names and addresses beyond ASCII",
         "Publish records at the A-label (`xn--…`) of an international domain, and write A-labels in records; local "
         "parts beyond ASCII are not checked by all."),
)  # fmt: skip
