"""The receivers under test, how to run each, and the rules of RFC 7208 by which docs/receivers-differ.md groups them.

scripts/receivers_differ.py writes that page from this table and the ledgers.
"""

import shlex
import sys
from pathlib import Path
from typing import NamedTuple

from spfengine.testing.conformance.run import Ledger, read_ledger

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "spfengine" / "testing" / "receivers"
"""The folder of configurations, and the working directory of the runs."""
VARIABLES = {"RES_OPTIONS": "timeout:1 attempts:3"}
"""Short timeouts: by default, each unanswered query takes 10 seconds. The last of three attempts waits for 4 seconds:
on a loaded machine, an answer that comes late is not taken for none."""


class Receiver(NamedTuple):
    """A receiver.

    Attributes:
        key: the name of its ledger.
        title: its name and version on the page.
        programs: the programs that it needs, by their names in tests/debian.py.
        version: the command that prints the version, and the text that must be in its output.
        options: options of `spfengine conformance`, in addition to suites, ledger and report.
        parts: the number of tests to split its cases into, so that no test takes long.
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
        ("--jobs", "16", "--adapter", "spfengine.testing.receivers.exim:lookup"), root=True,
    ),
    Receiver(
        "exim-dialogue", "Exim 4.96, SMTP", ("exim4",), (("exim4", "-C", "/dev/null", "-bV"), "Exim version 4.96 "),
        ("--jobs", "16", "--adapter", "spfengine.testing.receivers.exim:dialogue",
         "--default-explanation", "Please see http://www.open-spf.org/Why"), root=True,
        unsteady=("invalid-macro-char",),
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
        ("--jobs", "16", "--adapter", "spfengine.testing.receivers.rspamd:check", "--daemon-at", "127.0.0.1:11333",
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
    """Related rules of RFC 7208.

    Attributes:
        sections: their sections, including subsections that no other rule names.
        title: a heading.
        owner: what a domain owner should do, given that receivers differ here.
    """

    sections: tuple[str, ...]
    title: str
    owner: str


RULES = (
    Rule(("4.6.4",), "Limits",
         "Stay below ten terms that ask DNS, ten MX records and two names without records: some receivers refuse your "
         "mail above a limit, others have no limit, and if you test with one of those you won't notice."),
    Rule(("3.4",), "Large records",
         "Keep every record below 65 ip4 terms: above that, Exim and everything else that uses libspf2 silently give "
         "neutral, so a flattened record protects nothing. Spread the terms over several includes."),
    Rule(("3", "3.1", "4.5"), "Which text is the record",
         "Publish exactly one record for a name, in plain ASCII, that begins with `v=spf1` and one space: some "
         "receivers accept a text that comes close, others don't."),
    Rule(("3.3",), "Records of several strings",
         "Keep the version in the first string of the record: Exim does not find a record whose version is split."),
    Rule(("4.6", "4.6.1", "12", "5", "5.6"), "Syntax",
         "Lint a record before you publish it: with one wrong character, some receivers report a permanent error, Exim "
         "sees no policy at all, and rspamd uses the rest of the record."),
    Rule(("4.6.2", "4.6.3", "4.7", "5.1", "6", "6.1"), "Order of the terms, all and redirect",
         "End the record with either `all` or redirect, never both, and put nothing after it; don't publish `+all`, "
         "which rspamd ignores."),
    Rule(("4.4",), "DNS failures",
         "If your DNS server answers with errors or with a CNAME loop, some receivers refuse mail and others let it "
         "through; no change to the record helps."),
    Rule(("5.2",), "include",
         "Check that everything you include still has a record: for rspamd a missing one is no match, others refuse "
         "all your mail."),
    Rule(("5.3", "5.4", "5.7"), "a, mx and exists",
         "Use prefix lengths of 1 or more, and put host names, not addresses, in MX records."),
    Rule(("5.5",), "ptr", "Don't use ptr: its result depends on the receiver, and on DNS that others control."),
    Rule(("6.2",), "Explanations",
         "Keep the text of an explanation short and plain; Exim never shows it, and libspf2 garbles spaces."),
    Rule(("7", "7.1", "7.2", "7.3", "7.4", "4.8"), "Macros and the names that they make",
         "Use no macros but `%{i}`, `%{d}` and `%{v}`, without digits: receivers differ on all others, above all on "
         "`%{p}` and on macros of the sender or HELO name, whose characters an attacker chooses."),
    Rule(("2", "4.3", "A"), "Which domain is checked",
         "Use full, ordinary domain names in HELO and MAIL FROM, and publish a record for the HELO name too."),
    Rule(("RFC 8616",), "Names and addresses beyond ASCII",
         "Publish records at the A-label (`xn--…`) of an internationalised domain, and write A-labels in records; not "
         "every receiver checks local parts that are not ASCII."),
)  # fmt: skip
