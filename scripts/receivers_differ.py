"""Write docs/receivers-differ.md from the ledgers of receivers.

    python3 -m scripts.receivers_differ [--check]
    python3 -m scripts.receivers_differ --run [RECEIVER]...

`--check` writes nothing, and reports whether the page is up to date. With `--run`, `spfengine conformance` runs both
suites against the receivers (all, if none is named) and rewrites their ledgers. Known deviations keep their reason; new
ones say "not explained yet". This needs root, and what .ci/debian installs.
"""

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from spfengine.testing.conformance.run import LEFT_OUT, Ledger
from spfengine.testing.suites import Case, load_suite
from tests.receivers import driving
from tests.receivers.table import RECEIVERS, RULES, Receiver, Rule

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "receivers-differ.md"
_SUITES = {"semantics": "ours", "rfc7208-tests": "OpenSPF"}
_OTHER_TEXT = "other text"

_HEAD = """\
# Receivers differ

The same record does not mean the same everywhere. [`spfengine conformance`](how-to/test-any-mta.md) ran two suites
against real receivers, over DNS on loopback: [our own](conformance-cases.md) ({ours} cases), and that of openspf.org
for RFC 7208 ({theirs} cases). The tables list each case that at least one receiver answers differently from the suite.

{summary}

*Left out* counts cases that the receiver can't be asked, such as a sender that its SMTP server refuses.

- Exim uses libspf2, but with its own DNS code. *Lookup* is `${{lookup {{SENDER}} spf {{IP}}}}`, which has no HELO name;
  *SMTP* is a whole SMTP dialogue.
- libspf2 answers `(invalid)` for a record that it can't read. That is not a result of RFC 7208, and Exim continues as
  if there were no SPF record.
- rspamd reports symbols. The tables show the results that these symbols are named after. It has no explanations.
- Postfix does not check SPF itself: what it does depends on its policy server. Here that is Debian's, based on pyspf,
  and each case is a message sent to Postfix over SMTP with XCLIENT. With [our policy server](how-to/postfix.md),
  Postfix does what the suite says, except for values that it does not pass on (`tests/postfix/`).

In the tables, an empty cell means that the receiver answers as RFC 7208 requires, and **bold** means that it does not;
**nothing**: it gave no result; **varies**: the answer is not the same each time; *{other}*: the result is right, but
the text of the explanation is not; /: the case is left out. Cases marked ° are from the OpenSPF suite.
"""

_TAIL = """
## How this page is made

The receivers are those of Debian 12, and `.ci/debian` installs them. On every change, the tests in `tests/receivers/`
run every case, and fail if an answer differs from the ledgers in `tests/receivers/ledgers/`, even if it is right now.
To rewrite the ledgers and this page, as root:

<!-- not run: installs packages, and takes minutes -->
```sh
.ci/debian ~/debian
export SPFENGINE_EXIM=~/debian/usr/sbin/exim4
python3 -m scripts.receivers_differ --run     # writes the ledgers; then replace each "not explained yet" by the reason
python3 -m scripts.receivers_differ           # writes this page
```
"""


def rule_of(case: Case) -> Rule:
    """Return the rule that a case is about: the one with the longest section that the case's first section begins with.

    Raises:
        ValueError: if no rule has the section.
    """
    section = case.spec[0].split("/")[0]
    matches = [
        (len(prefix), rule)
        for rule in RULES
        for prefix in rule.sections
        if section == prefix or section.startswith((f"{prefix}.", f"{prefix} "))
    ]
    if not matches:
        raise ValueError(f"no rule for section {section} of the case {case.name}")
    return max(matches, key=lambda pair: pair[0])[1]


def cell(case: Case, ledger: Ledger) -> str:
    """Return the table cell for a receiver's answer to a case; "" if the answer is right."""
    entry = ledger.entries.get((case.suite, case.name))
    if entry is None:
        return ""
    if entry.got == LEFT_OUT:
        return "/"
    if entry.got is None:
        return "**varies**"
    return f"*{_OTHER_TEXT}*" if entry.got in case.results else f"**{entry.got}**"


def table(cases: Iterable[Case], ledgers: Sequence[Ledger]) -> list[str]:
    """Return the lines of a table with a row for each case and a column for each receiver."""
    lines = [
        _row(["case", "RFC 7208", *[receiver.title for receiver in RECEIVERS]]),
        _row(["---"] * (2 + len(ledgers))),
    ]
    for case in cases:
        mark = "" if case.suite == "semantics" else "°"
        lines.append(
            _row([f"`{case.name}`{mark}", " or ".join(case.results), *[cell(case, ledger) for ledger in ledgers]])
        )
    return lines


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def page(cases: Sequence[Case]) -> str:
    """Return the page."""
    ledgers = [receiver.ledger() for receiver in RECEIVERS]
    counts = Counter(case.suite for case in cases)
    ours, theirs = (counts[suite] for suite in _SUITES)
    parts = [_HEAD.format(ours=ours, theirs=theirs, summary="\n".join(_summary(cases, ledgers)), other=_OTHER_TEXT)]
    cells = {id(case): [cell(case, ledger) for ledger in ledgers] for case in cases}
    listed = [case for case in cases if any(text not in ("", "/") for text in cells[id(case)])]
    for rule in RULES:
        about = [case for case in listed if rule_of(case) is rule]
        differ = [case for case in about if any(text.startswith("**") for text in cells[id(case)])]
        texts = [case for case in about if case not in differ and f"*{_OTHER_TEXT}*" in cells[id(case)]]
        if not differ and not texts:
            continue
        parts.append(f"\n## {rule.title}\n\n{_where(rule)}\n\n{rule.owner}\n")
        if differ:
            parts.append("\n" + "\n".join(table(differ, ledgers)) + "\n")
        if texts:
            parts.append(f"\n{_only_texts(texts, ledgers)}\n")
    parts.append("\n## Why\n\nThe reasons for the differences, as far as the answers show them. We did not read the")
    parts.append(" receivers' source code.\n")
    for receiver, ledger in zip(RECEIVERS, ledgers, strict=True):
        reasons = Counter(entry.reason for entry in ledger.entries.values() if entry.got != LEFT_OUT)
        parts.append(f"\n### {receiver.title}\n\n| cases | what it does |\n|---|---|\n")
        parts += [_row([str(number), reason.replace("|", "\\|")]) + "\n" for reason, number in reasons.most_common()]
    return "".join([*parts, _TAIL])


def _where(rule: Rule) -> str:
    sections = [number if number.startswith("RFC") else f"RFC 7208 §{number}" for number in rule.sections]
    return ", ".join(sections) + "."


def _only_texts(cases: Sequence[Case], ledgers: Sequence[Ledger]) -> str:
    items = []
    for receiver, ledger in zip(RECEIVERS, ledgers, strict=True):
        names = [f"`{case.name}`" for case in cases if cell(case, ledger) == f"*{_OTHER_TEXT}*"]
        if names:
            items.append(f"- {receiver.title}: {', '.join(names)}.")
    return "In these cases, only the text of the explanation differs:\n\n" + "\n".join(items)


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
        print(f"{PAGE.relative_to(ROOT)} is not up to date: run python3 -m scripts.receivers_differ")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
