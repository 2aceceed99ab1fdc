"""Write docs/receivers-differ.md from the ledgers of receivers. `--check` only says whether it is up to date.

    python scripts/receivers_differ.py [--check]
    python scripts/receivers_differ.py --run [RECEIVER]...

With --run, `spfengine conformance` puts both suites to the receivers (all, if none is named) and writes their ledgers
anew; what had a reason keeps it, what is new says "not explained yet". It needs root, and what .ci/debian installs.
"""

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from spfengine.testing.conformance.run import LEFT_OUT, Ledger  # noqa: E402 - found by the line above
from spfengine.testing.suites import Case, load_suite  # noqa: E402 - as above
from tests.receivers import driving  # noqa: E402 - as above
from tests.receivers.table import RECEIVERS, RULES, Receiver, Rule  # noqa: E402 - as above

PAGE = ROOT / "docs" / "receivers-differ.md"
_SUITES = {"semantics": "ours", "rfc7208-tests": "OpenSPF"}
_OTHER_TEXT = "other text"

_HEAD = """\
# Receivers differ

The same record does not mean the same everywhere. [`spfengine conformance`](how-to/test-any-mta.md) has asked real
receivers about the cases of both suites, [our own](conformance-cases.md) ({ours} cases) and the one of openspf.org for
RFC 7208 ({theirs} cases), with DNS on loopback. This page lists each case that at least one receiver answers
differently from the suite.

{summary}

*Left out* are cases that the receiver can't be asked about, such as a sender that its SMTP refuses.

- Exim uses libspf2 with its own DNS code. *Lookup* is `${{lookup {{SENDER}} spf {{IP}}}}`, which has no HELO name;
  *SMTP* is a whole SMTP dialogue.
- libspf2 returns `(invalid)` for a record that it can't parse. That is not a result; Exim continues as if there were no
  policy.
- rspamd returns symbols; the tables show the results that they are named after. It has no explanations.
- Postfix does not check SPF itself: what it does depends on its policy server. Here it is Debian's, which uses pyspf,
  and each case is a message sent to Postfix over SMTP, with XCLIENT. With [ours](how-to/postfix.md) the results are as
  the suite says, except for what Postfix does not pass on (`tests/postfix/`).

In the tables, a cell is empty if the receiver answers as RFC 7208 requires, and **bold** if not: **nothing** means that
it gave no result, **varies** that its answer is not the same each time. *{other}* means that the result is right but
the text of the explanation is not, and / that the case is left out. Cases with ° are from the OpenSPF suite.
"""

_TAIL = """
## How this page is made

The receivers are those of Debian 12. `.ci/debian` installs them, and the tests in `tests/receivers/` run every case on
every change: an answer that differs from the ledgers in `tests/receivers/ledgers/` fails, even if it is better. To
make new ledgers and a new page, as root:

<!-- not run: installs packages, and takes minutes -->
```sh
.ci/debian ~/debian
export SPFENGINE_EXIM=~/debian/usr/sbin/exim4
python scripts/receivers_differ.py --run     # writes the ledgers; find reasons for what is not explained yet
python scripts/receivers_differ.py           # writes this page
```
"""


def rule_of(case: Case) -> Rule:
    """Return the rule that a case is about: the one whose section is the longest beginning of the case's first."""
    section = case.spec[0].split("/")[0]
    found = [
        (len(each), rule)
        for rule in RULES
        for each in rule.sections
        if section == each or section.startswith((f"{each}.", f"{each} "))
    ]
    if not found:
        raise ValueError(f"no rule for section {section} of the case {case.name}")
    return max(found, key=lambda pair: pair[0])[1]


def cell(case: Case, ledger: Ledger) -> str:
    """Return the cell for a receiver's answer to a case; "" if it is right."""
    entry = ledger.entries.get((case.suite, case.name))
    if entry is None:
        return ""
    if entry.got == LEFT_OUT:
        return "/"
    if entry.got is None:
        return "**varies**"
    return f"*{_OTHER_TEXT}*" if entry.got in case.results else f"**{entry.got}**"


def table(cases: Iterable[Case], ledgers: Sequence[Ledger]) -> list[str]:
    """Return the lines of a table: a case a row, a receiver a column."""
    lines = [
        _row(["case", "RFC 7208", *[receiver.title for receiver in RECEIVERS]]),
        _row(["---"] * (2 + len(ledgers))),
    ]
    for case in cases:
        mark = "" if case.suite == "semantics" else "°"
        lines.append(_row([f"`{case.name}`{mark}", " or ".join(case.results), *[cell(case, each) for each in ledgers]]))
    return lines


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def page(cases: Sequence[Case]) -> str:
    """Return the page."""
    ledgers = [receiver.ledger() for receiver in RECEIVERS]
    counts = Counter(case.suite for case in cases)
    ours, theirs = (counts[suite] for suite in _SUITES)
    parts = [_HEAD.format(ours=ours, theirs=theirs, summary="\n".join(_summary(cases, ledgers)), other=_OTHER_TEXT)]
    cells = {id(case): [cell(case, each) for each in ledgers] for case in cases}
    different = [case for case in cases if any(each not in ("", "/") for each in cells[id(case)])]
    for rule in RULES:
        about = [case for case in different if rule_of(case) is rule]
        differ = [case for case in about if any(each.startswith("**") for each in cells[id(case)])]
        texts = [case for case in about if case not in differ and f"*{_OTHER_TEXT}*" in cells[id(case)]]
        if not differ and not texts:
            continue
        parts.append(f"\n## {rule.title}\n\n{_where(rule)}\n\n{rule.owner}\n")
        if differ:
            parts.append("\n" + "\n".join(table(differ, ledgers)) + "\n")
        if texts:
            parts.append(f"\n{_only_texts(texts, ledgers)}\n")
    parts.append("\n## Why\n\nThe reasons for the differences, as far as the answers show them; the receivers' sources")
    parts.append(" were not read.\n")
    for receiver, ledger in zip(RECEIVERS, ledgers, strict=True):
        reasons = Counter(entry.reason for entry in ledger.entries.values() if entry.got != LEFT_OUT)
        parts.append(f"\n### {receiver.title}\n\n| cases | what it does |\n|---|---|\n")
        parts += [_row([str(number), reason.replace("|", "\\|")]) + "\n" for reason, number in reasons.most_common()]
    return "".join([*parts, _TAIL])


def _where(rule: Rule) -> str:
    sections = [each if each.startswith("RFC") else f"RFC 7208 §{each}" for each in rule.sections]
    return ", ".join(sections) + "."


def _only_texts(cases: Sequence[Case], ledgers: Sequence[Ledger]) -> str:
    lines = []
    for receiver, ledger in zip(RECEIVERS, ledgers, strict=True):
        names = [f"`{case.name}`" for case in cases if cell(case, ledger) == f"*{_OTHER_TEXT}*"]
        if names:
            lines.append(f"{receiver.title}: {', '.join(names)}.")
    return "Only the text of the explanation differs here:\n\n" + "\n".join([f"- {line}" for line in lines])


def _summary(cases: Sequence[Case], ledgers: Sequence[Ledger]) -> list[str]:
    lines = [_row(["receiver", "cases", "as RFC 7208 says", "another result", "only another text", "left out"])]
    lines.append(_row(["---"] * 6))
    for receiver, ledger in zip(RECEIVERS, ledgers, strict=True):
        kinds = Counter({"": "right", "/": "left", f"*{_OTHER_TEXT}*": "text"}.get(cell(case, ledger), "other")
                        for case in cases)  # fmt: skip
        numbers = [len(cases), *[kinds[kind] for kind in ("right", "other", "text", "left")]]
        lines.append(_row([receiver.title, *map(str, numbers)]))
    return lines


def _run(receivers: Iterable[Receiver], suites: Sequence[Path]) -> int:
    for receiver in receivers:
        path = receiver.ledger_path()
        with tempfile.TemporaryDirectory() as folder:
            known = ["--ledger", str(path)] if path.exists() else []
            written = Path(folder) / "ledger.yml"
            done = driving.conformance(
                receiver, suites, Path(folder), *known, "--write-ledger", str(written), "--name", receiver.title
            )
            print(done.stdout.splitlines()[-1] if done.stdout else done.stderr)
            if done.returncode > 1:
                return done.returncode
            text = written.read_text("utf-8")
            for name in receiver.unsteady:
                text = re.sub(rf'^( +"{re.escape(name)}"): .*', r"\1: null", text, flags=re.MULTILINE)
            path.write_text(text, "utf-8")
    return 0


def main(arguments: list[str]) -> int:
    """Write the page, check it, or run the receivers; return the exit code."""
    try:
        suites = driving.suites(Path(tempfile.gettempdir()) / "spfengine-official-suite")
    except driving.UnavailableError as error:
        print(error)
        return 69
    known = {receiver.key: receiver for receiver in RECEIVERS}
    if arguments[:1] == ["--run"] and set(arguments[1:]) <= set(known):
        return _run([known[name] for name in arguments[1:]] or RECEIVERS, suites)
    if arguments not in ([], ["--check"]):
        print(__doc__)
        return 64
    wanted = page([case for path in suites for case in load_suite(path, path.stem)])
    if not arguments:
        PAGE.write_text(wanted, "utf-8")
    elif not PAGE.is_file() or PAGE.read_text("utf-8") != wanted:
        print(f"{PAGE.relative_to(ROOT)} is not up to date: run python scripts/receivers_differ.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
