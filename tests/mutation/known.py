"""What is known of mutants: which survive for a reason (survivors.md), and what notices the sample (sample.json)."""

import json
from pathlib import Path

from tests.mutation.mutants import Change

SURVIVORS = Path(__file__).with_name("survivors.md")
SAMPLE = Path(__file__).with_name("sample.json")


def explained(text: str) -> set[Change]:
    """Return the changes in the `diff` blocks of survivors.md: a path, and lines with - and + under it."""
    found = set()
    path = before = ""
    is_block = False
    for line in text.splitlines():
        if line.startswith("```"):
            is_block = line == "```diff"
        elif is_block and line.startswith("- "):
            before = line[2:].strip()
        elif is_block and line.startswith("+ "):
            found.add(Change(path, before, line[2:].strip()))
        elif is_block:
            path = line.strip()
    return found


def first_to_notice() -> dict[Change, str]:
    """Return the test that notices each change of the sample, as of the last time that it was written."""
    rows = json.loads(SAMPLE.read_text(encoding="utf-8"))
    return {Change(row["path"], row["before"], row["after"]): row["noticed_by"] for row in rows}


def write_sample(noticed: dict[Change, str]) -> None:
    """Write the test that notices each change of the sample."""
    rows = [
        {"path": change.path, "before": change.before, "after": change.after, "noticed_by": test}
        for change, test in sorted(noticed.items(), key=lambda each: (each[0].path, each[0].before, each[0].after))
    ]
    SAMPLE.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
